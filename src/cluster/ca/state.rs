//! What to do about certificates, decided from what is seen: no clock, no randomness and no API server in here.
//!
//! A certificate authority stands in a Secret that all replicas share. Each replica signs a short-lived certificate for
//! itself with the *current* authority, and serves it once the `caBundle` of every webhook holds that authority, and not
//! before. In the last third of the current authority's life a *next* one is made; it is published in every `caBundle`,
//! and only when all API servers must have heard of it does it become the current one. An authority stays published until
//! it expires. So whatever order replicas act in, and whichever of their writes are lost, no certificate is served that a
//! `caBundle` does not verify.

use std::collections::{BTreeMap, BTreeSet};

/// SHA-256 of a certificate.
pub(super) type Id = [u8; 32];

/// How many authorities a `caBundle` may hold; the ones in use are always among them.
const MAX_BUNDLE: usize = 32;

/// How long things last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// An authority.
    pub(super) authority: i64,
    /// A replica's certificate.
    pub(super) leaf: i64,
    /// How far clocks may be apart: both begin to be valid that long before they are made, and an authority stays
    /// published that long after its end.
    pub(super) skew: i64,
    /// How long an API server may take to hear of a new `caBundle`.
    pub(super) settle: i64,
}

/// An authority. Times are seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Authority {
    /// Its certificate.
    pub(super) id: Id,
    /// Valid from here on.
    pub(super) not_before: i64,
    /// Valid until here.
    pub(super) not_after: i64,
}

impl Authority {
    fn is_valid(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// Whether its last third has begun.
    fn is_due(&self, now: i64) -> bool {
        now >= self.not_after.saturating_sub(self.not_after.saturating_sub(self.not_before) / 3)
    }
}

/// A replica's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Who signed it.
    pub(super) issuer: Id,
    /// Valid from here on.
    pub(super) not_before: i64,
    /// When it was made.
    pub(super) made: i64,
    /// Valid until here.
    pub(super) not_after: i64,
    /// The hosts it names.
    pub(super) names: BTreeSet<String>,
}

impl Leaf {
    fn is_due(&self, now: i64) -> bool {
        now >= self.not_after.saturating_sub(self.not_after.saturating_sub(self.made) / 3)
    }
}

/// What the Secret holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorities {
    /// Signs.
    pub(super) current: Authority,
    /// Will sign.
    pub(super) next: Option<Authority>,
    /// Have signed.
    pub(super) previous: Vec<Authority>,
}

impl Authorities {
    fn all(&self) -> impl Iterator<Item = &Authority> {
        [&self.current].into_iter().chain(&self.next).chain(&self.previous)
    }
}

/// What is seen of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    /// What the Secret holds; none where there is no Secret, or nothing in it that could be used.
    pub(super) authorities: Option<Authorities>,
    /// The `caBundle` of every webhook of the configurations; none where a configuration is not there, or has no
    /// webhook.
    pub(super) bundles: Option<Vec<BTreeSet<Authority>>>,
    /// The hosts that API servers will ask for.
    pub(super) names: BTreeSet<String>,
}

/// What a replica remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Replica {
    /// The certificate that is served.
    pub(super) serving: Option<Leaf>,
    /// The newest one, served or not.
    pub(super) newest: Option<Leaf>,
    /// Since when each authority was seen in every `caBundle`, by the steady clock.
    published: BTreeMap<Id, i64>,
}

/// The time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// Seconds since 1970, as this machine believes.
    pub(super) wall: i64,
    /// Seconds since some moment, never set back or forth.
    pub(super) steady: i64,
}

/// What to do. Each is safe whatever became of the others; a write that meets another version of its object must fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Serve nothing any more.
    Withdraw,
    /// Put a new authority into the Secret, as the current one.
    Found,
    /// Put a new authority into the Secret, as the next one.
    Prepare,
    /// Make the next authority the current one.
    Promote,
    /// Make the `caBundle` of this webhook hold these.
    Publish {
        /// Which one, counted over all configurations.
        webhook: usize,
        /// Exactly these.
        bundle: BTreeSet<Authority>,
    },
    /// Sign a new certificate with the current authority.
    Sign,
    /// Serve the newest certificate.
    Serve,
}

impl Replica {
    /// What to do, given what was just seen.
    pub(super) fn decide(&mut self, view: &View, clock: Clock, terms: &Terms) -> Vec<Action> {
        self.observe(view, clock.steady);
        let now = clock.wall;
        let mut actions = Vec::new();
        let served = self.serving.as_ref().is_some_and(|leaf| is_verified(leaf, view, now));
        if self.serving.is_some() && !served {
            actions.push(Action::Withdraw);
        }
        let Some(authorities) = &view.authorities else {
            actions.push(Action::Found);
            return actions;
        };
        actions.extend(self.succession(authorities, clock, terms));
        for (webhook, live) in view.bundles.iter().flatten().enumerate() {
            let bundle = wanted(live, authorities, now.saturating_sub(terms.skew));
            if bundle != *live {
                actions.push(Action::Publish { webhook, bundle });
            }
        }
        let current = authorities.current;
        let stale = self
            .newest
            .as_ref()
            .is_none_or(|leaf| leaf.issuer != current.id || leaf.names != view.names || leaf.is_due(now));
        if stale && view.bundles.is_some() && current.is_valid(now) {
            actions.push(Action::Sign);
        } else if let Some(newest) = &self.newest {
            // Where there is a choice, an authority is used only once every API server must have heard of it.
            let heard = self.is_settled(&newest.issuer, clock.steady, terms);
            if self.serving.as_ref() != Some(newest) && is_verified(newest, view, now) && (!served || heard) {
                actions.push(Action::Serve);
            }
        }
        actions
    }

    /// Whether a certificate would be served that has reached its end, though nothing can be seen.
    pub(super) fn has_expired(&self, now: i64) -> bool {
        self.serving.as_ref().is_some_and(|leaf| now > leaf.not_after)
    }

    /// Who follows the current authority, and when.
    fn succession(&self, authorities: &Authorities, clock: Clock, terms: &Terms) -> Option<Action> {
        let Authorities { current, next, .. } = authorities;
        match next {
            Some(next) if next.not_after > clock.wall => {
                let published = self.published.contains_key(&next.id);
                let heard = self.is_settled(&next.id, clock.steady, terms);
                // Nothing that the current one signed is of use any more: there is nothing to wait for.
                let orphaned = published && current.not_after < clock.wall;
                (heard || orphaned).then_some(Action::Promote)
            }
            _ => current.is_due(clock.wall).then_some(Action::Prepare),
        }
    }

    fn is_settled(&self, authority: &Id, steady: i64, terms: &Terms) -> bool {
        self.published.get(authority).is_some_and(|since| steady.saturating_sub(*since) >= terms.settle)
    }

    fn observe(&mut self, view: &View, steady: i64) {
        let mut everywhere: Option<BTreeSet<Id>> = None;
        for bundle in view.bundles.iter().flatten() {
            let ids: BTreeSet<Id> = bundle.iter().map(|authority| authority.id).collect();
            everywhere = Some(match everywhere {
                Some(before) => before.intersection(&ids).copied().collect(),
                None => ids,
            });
        }
        let everywhere = everywhere.unwrap_or_default();
        self.published.retain(|id, _| everywhere.contains(id));
        for id in everywhere {
            self.published.entry(id).or_insert(steady);
        }
    }
}

/// Whether every `caBundle` verifies a certificate, and it names every host.
fn is_verified(leaf: &Leaf, view: &View, now: i64) -> bool {
    let Some(bundles) = &view.bundles else { return false };
    (leaf.not_before..=leaf.not_after).contains(&now)
        && view.names.is_subset(&leaf.names)
        && bundles.iter().all(|bundle| {
            bundle.iter().any(|authority| authority.id == leaf.issuer && authority.is_valid(now))
        })
}

/// What a `caBundle` should hold: what it does, and what the Secret does, without what expired before `end`.
fn wanted(live: &BTreeSet<Authority>, authorities: &Authorities, end: i64) -> BTreeSet<Authority> {
    let alive = |authority: &&Authority| authority.not_after >= end;
    let mut bundle: BTreeSet<Authority> = authorities.all().filter(alive).copied().collect();
    // Those of others, the youngest first.
    let mut others: Vec<Authority> = live.iter().filter(alive).copied().collect();
    others.sort_by_key(|authority| std::cmp::Reverse(authority.not_after));
    for authority in others {
        if bundle.len() < MAX_BUNDLE {
            bundle.insert(authority);
        }
    }
    bundle
}
