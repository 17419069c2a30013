//! A list, page by page: the text of each is one piece of memory, and its objects are slices of it.

use std::ops::Range;

use axum::http::{self, StatusCode};
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Answer, Selection};
use super::call::{Calls, Cause, ReadError, Reply};
use crate::cluster::resource::{MissingRight, Resource};

/// A list that is being read.
pub struct Pages<'a> {
    calls: &'a Calls,
    resource: Resource,
    selection: Selection,
    limit: u32,
    next: Next,
    /// Whether it was continued after it had expired.
    inconsistent: bool,
    /// Whether it ended before its end.
    cut_off: bool,
}

enum Next {
    First,
    Token(String),
    Nothing,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    text: String,
    objects: Vec<Range<usize>>,
}

impl Page {
    /// The objects, as the API server wrote them. In a list it leaves out their `apiVersion` and `kind`.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &str> {
        self.objects.iter().map(|range| &self.text[range.clone()])
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    metadata: ListMetadata,
    // Go writes a list without objects as null, too.
    #[serde(default, borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListMetadata {
    r#continue: Option<String>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(calls: &'a Calls, resource: Resource, selection: Selection) -> Self {
        Self { calls, resource, selection, limit: 1, next: Next::First, inconsistent: false, cut_off: false }
    }

    /// Lists so many objects at a time.
    pub(super) fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// The resource.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Whether the list expired on the way (410) and was continued as it was later on: objects that changed in between may
    /// be missing or stand there twice.
    pub fn is_inconsistent(&self) -> bool {
        self.inconsistent
    }

    /// Whether the list expired on the way and could not be continued: the rest of it is missing.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    fn what(&self) -> String {
        self.right().to_string()
    }

    fn right(&self) -> MissingRight {
        let namespace = self.selection.namespace.clone().filter(|_| self.resource.namespaced);
        MissingRight { verb: "list", resource: self.resource.clone(), namespace, name: None }
    }

    /// The next page; none at the end.
    ///
    /// # Errors
    ///
    /// The API server cannot be reached, or answers in no way that is known.
    pub async fn next(&mut self) -> Result<Option<Answer<Page>>, ReadError> {
        loop {
            let token = match &self.next {
                Next::First => None,
                Next::Token(token) => Some(token.as_str()),
                Next::Nothing => return Ok(None),
            };
            let request = request_for(&self.resource, &self.selection, (self.limit, token));
            let request = request.map_err(|cause| ReadError::new(self.what(), cause))?;
            let reply = match self.calls.send(request, &|| self.what()).await {
                // Large objects come a few at a time.
                Err(ReadError { cause: Cause::TooLarge, .. }) if self.limit > 1 => {
                    self.limit = (self.limit / 8).max(1);
                    continue;
                }
                reply => reply?,
            };
            let refusal = match reply {
                Reply::Body(text) => {
                    return self.page(text).map(|page| Some(Answer::Given(page)));
                }
                Reply::Refused(refusal) => refusal,
            };
            match (refusal.code, &self.next) {
                (StatusCode::GONE, Next::Token(_)) => match refusal.token {
                    Some(token) => {
                        self.inconsistent = true;
                        self.next = Next::Token(token);
                    }
                    None => {
                        self.cut_off = true;
                        self.next = Next::Nothing;
                    }
                },
                (StatusCode::FORBIDDEN, _) => {
                    self.next = Next::Nothing;
                    return Ok(Some(Answer::Forbidden(self.right())));
                }
                (StatusCode::NOT_FOUND, _) => {
                    self.next = Next::Nothing;
                    return Ok(Some(Answer::NotServed(self.resource.clone())));
                }
                _ => return Err(refusal.into_error(self.what())),
            }
        }
    }

    fn page(&mut self, text: Vec<u8>) -> Result<Page, ReadError> {
        let no_text = |_| ReadError::new(self.what(), Cause::Unreadable("it is not UTF-8".to_owned()));
        let text = String::from_utf8(text).map_err(no_text)?;
        let list: List<'_> =
            serde_json::from_str(&text).map_err(|error| ReadError::unreadable(self.what(), &error))?;
        // Each is a part of the text, by where it begins.
        let range = |object: &&RawValue| {
            let start = object.get().as_ptr() as usize - text.as_ptr() as usize;
            start..start + object.get().len()
        };
        let objects: Vec<Range<usize>> = list.items.iter().flatten().map(range).collect();
        self.next = match list.metadata.r#continue.filter(|token| !token.is_empty()) {
            // The same page again, and so without end.
            Some(token) if matches!(&self.next, Next::Token(before) if *before == token) => {
                let cause =
                    Cause::Unreadable("its pages do not end: the same one is named as the next".to_owned());
                return Err(ReadError::new(self.what(), cause));
            }
            Some(token) => Next::Token(token),
            None => Next::Nothing,
        };
        Ok(Page { text, objects })
    }
}

/// The request for a page of a list.
fn request_for(
    resource: &Resource,
    selection: &Selection,
    (limit, token): (u32, Option<&str>),
) -> Result<http::Request<Vec<u8>>, Cause> {
    let parameters = ListParams {
        label_selector: selection.labels.clone(),
        field_selector: selection.fields.clone(),
        limit: Some(limit),
        continue_token: token.map(str::to_owned),
        ..ListParams::default()
    };
    let path = Request::new(resource.path(selection.namespace.as_deref()));
    let request = match resource.is_metadata_only() {
        true => path.list_metadata(&parameters),
        false => path.list(&parameters),
    };
    Ok(request?)
}
