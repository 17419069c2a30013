//! What reading one object may take: its list items and map entries, counted before anything is made of them, and how
//! deep it is nested.
//!
//! The items of a list such as `kind: List` are objects of their own, each with its own account. Where an account is
//! overdrawn, what was built of the object is dropped, and the rest is only looked over, for the object's kind: large
//! objects that are not asked for are nothing to complain of.

use std::fmt;

use crate::limits::{Exceeded, Limits};

use super::tree::Span;

/// How large the objects may be that are read.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    /// What one of them may hold.
    pub limits: Limits,
    /// Whether objects of this `apiVersion` and `kind` are asked for. Others are left out of the tree where they are
    /// too large.
    pub is_asked_for: &'a (dyn Fn(Option<&str>, Option<&str>) -> bool + Sync),
}

impl fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An object that is too large to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// What it exceeds.
    pub exceeded: Exceeded,
    /// Its `apiVersion`, or that of the list around it.
    pub api_version: Option<String>,
    /// Its `kind`, or that of the list around it.
    pub kind: Option<String>,
}

/// How many elements a document may hold, in objects that may hold as many as one may each.
const DOCUMENT: usize = 1_000;

/// An item of a list that holds fewer elements is no object, but an element of the list.
const FEWEST: usize = 3;

/// How deep lists within lists are followed, as in [`super::objects`].
const MAX_LISTS: usize = 16;

/// The longest `kind` or `apiVersion` that is kept, in bytes.
const LONGEST_TYPE: usize = 100;

/// How much a builder held when an object began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) nodes: usize,
    pub(super) items: usize,
    pub(super) entries: usize,
}

/// What a level of nesting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// An object with an account of its own.
    Object,
    /// The `items` of a list, and whether the list says of what kind they are.
    Items(bool),
    Other,
}

#[derive(Debug)]
struct Account {
    level: usize,
    spent: usize,
    api_version: Option<String>,
    kind: Option<String>,
    marks: Marks,
}

#[derive(Debug)]
struct Overdrawn {
    exceeded: Exceeded,
    /// Where that happened.
    span: Span,
    /// The level of the object whose account it is.
    level: usize,
    api_version: Option<String>,
    kind: Option<String>,
}

/// The accounts of the objects that are being read.
#[derive(Debug)]
pub(super) struct Budget<'w> {
    within: Option<&'w Within<'w>>,
    levels: Vec<Role>,
    accounts: Vec<Account>,
    /// The elements of all objects so far.
    total: usize,
    over: Option<Overdrawn>,
    /// Whether the value that has just ended was an object with an account of its own.
    is_settled: bool,
}

impl<'w> Budget<'w> {
    /// No bound where there is none given.
    pub(super) fn new(within: Option<&'w Within<'w>>) -> Self {
        let levels = Vec::with_capacity(if within.is_some() { 16 } else { 0 });
        Self { within, levels, accounts: Vec::new(), total: 0, over: None, is_settled: false }
    }

    /// Whether what is read is only looked over.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// The level of the object whose account is overdrawn, and what was held when it began.
    pub(super) fn dropped(&self) -> (usize, Marks) {
        let level = self.over.as_ref().map_or(0, |over| over.level);
        let account = self.accounts.iter().find(|account| account.level == level);
        (level, account.map(|account| account.marks).unwrap_or_default())
    }

    /// A list or map begins, as the value of `key` or as an item.
    pub(super) fn open(&mut self, map: bool, key: Option<&str>, marks: Marks, span: Span) {
        let Some(within) = self.within else { return };
        let role = match self.levels.last() {
            None | Some(Role::Items(_)) if map => Role::Object,
            Some(Role::Object) if !map && key == Some("items") && self.accounts.len() <= MAX_LISTS => {
                match self.accounts.last().and_then(|list| list.kind.as_deref()) {
                    // `List` alone leaves it to the items.
                    Some(kind) if kind.ends_with("List") => Role::Items(kind != "List"),
                    Some(_) => Role::Other,
                    None => Role::Items(false),
                }
            }
            _ => Role::Other,
        };
        let level = self.levels.len();
        self.levels.push(role);
        if role == Role::Object || level == 0 {
            self.accounts.push(Account { level, spent: 0, api_version: None, kind: None, marks });
        }
        let begins = self.accounts.last().map_or(0, |account| account.level);
        if level + 1 - begins > within.limits.max_depth {
            self.exceed(Exceeded::Depth(within.limits.max_depth), span, begins);
        }
    }

    /// Items or entries are added to the list or map at hand.
    pub(super) fn add(&mut self, elements: usize, span: Span) {
        let (Some(within), None) = (self.within, &self.over) else { return };
        if std::mem::take(&mut self.is_settled) {
            return;
        }
        let most = within.limits.max_elements;
        self.total = self.total.saturating_add(elements);
        let Some(account) = self.accounts.last_mut() else { return };
        account.spent = account.spent.saturating_add(elements);
        let level = account.level;
        if account.spent > most {
            self.exceed(Exceeded::Elements(most), span, level);
        } else if self.total > most.saturating_mul(DOCUMENT) {
            self.exceed(Exceeded::Elements(most.saturating_mul(DOCUMENT)), span, 0);
        }
    }

    /// The value of `key` is the text `value`.
    pub(super) fn note(&mut self, key: &str, value: &str) {
        if self.levels.last() != Some(&Role::Object) {
            return;
        }
        let Some(account) = self.accounts.last_mut() else { return };
        let place = match key {
            "kind" => &mut account.kind,
            "apiVersion" => &mut account.api_version,
            _ => return,
        };
        *place = value.get(..value.len().min(LONGEST_TYPE)).map(str::to_owned);
    }

    /// The list or map at hand ends. Says whether something was dropped that is not asked for, so that reading goes on
    /// from here.
    pub(super) fn close(&mut self, span: Span) -> bool {
        let Some(within) = self.within else { return false };
        self.levels.pop();
        let level = self.levels.len();
        if self.accounts.last().is_none_or(|account| account.level != level) {
            return false;
        }
        let Some(account) = self.accounts.pop() else { return false };
        let is_item = level > 0;
        if let Some(over) = &mut self.over {
            if over.level == level {
                let (api_version, kind) = (account.api_version.as_deref(), account.kind.as_deref());
                let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
                if is_item && kind.is_some() && !is_list && !(within.is_asked_for)(api_version, kind) {
                    self.over = None;
                    self.is_settled = true;
                    return true;
                }
            }
            if over.level >= level && over.kind.is_none() {
                over.kind = account.kind;
                over.api_version = over.api_version.take().or(account.api_version);
            }
            return false;
        }
        if is_item {
            let says_kind = account.kind.is_some() || self.levels.last() == Some(&Role::Items(true));
            if account.spent < FEWEST || !says_kind {
                self.add(account.spent + 1, span);
            }
            self.is_settled = true;
        }
        false
    }

    /// Gives up the whole document: it asks for what was dropped.
    pub(super) fn give_up(&mut self, span: Span) {
        let most = self.within.map_or(0, |within| within.limits.max_elements);
        self.exceed(Exceeded::Elements(most), span, 0);
    }

    /// Where reading ended, and why, if it did.
    pub(super) fn finish(self) -> Option<(Span, TooLarge)> {
        let Overdrawn { exceeded, span, api_version, kind, .. } = self.over?;
        Some((span, TooLarge { exceeded, api_version, kind }))
    }

    fn exceed(&mut self, exceeded: Exceeded, span: Span, level: usize) {
        if self.over.is_none() {
            self.over = Some(Overdrawn { exceeded, span, level, api_version: None, kind: None });
        }
    }
}
