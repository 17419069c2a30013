//! What to do about certificates, decided from what is seen: no clock, no randomness and no API server in here.
//!
//! A certificate authority stands in a Secret that all replicas share. Each replica signs a short-lived certificate for
//! itself with the *current* authority, and serves it once the `caBundle` of every webhook that exists holds that authority,
//! and not before. In the last third of the current authority's life a *next* one is made; it is published in every
//! `caBundle`, and only when all API servers must have heard of it does it become the current one. An authority stays
//! published until it expires. So whatever order replicas act in, and whichever of their writes are lost, no certificate is
//! served that a `caBundle` does not verify.
//!
//! Others write these objects, too. A configuration that is deleted sends no reviews, and changes nothing for the other one. A
//! `caBundle` that is replaced is filled again; until then no certificate would be any better, so the one that is served
//! stays, for a grace period. A Secret that is emptied gets back what it held.

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
    /// How long a certificate is served that a `caBundle` ceased to verify, while that is being repaired.
    pub(super) grace: i64,
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
    fn is_valid(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

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
    /// Whether the Secret was emptied: `authorities` is what it held before.
    pub(super) is_emptied: bool,
    /// The `caBundle` of every webhook of the configurations that exist.
    pub(super) bundles: Vec<BTreeSet<Authority>>,
    /// Whether a configuration does not exist, or has no webhook.
    pub(super) is_incomplete: bool,
    /// The hosts that API servers ask for.
    pub(super) names: BTreeSet<String>,
    /// The host that they will probably ask for, once a configuration exists.
    pub(super) expected_name: Option<String>,
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
    /// Since when a `caBundle` does not verify what is served, by the steady clock.
    unverified: Option<i64>,
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
    /// Put back into the Secret what it held.
    Restore,
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
    Sign {
        /// The hosts it names.
        names: BTreeSet<String>,
    },
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
        self.unverified = match &self.serving {
            Some(_) if !served => self.unverified.or(Some(clock.steady)),
            _ => None,
        };
        let overdue = |since: i64| clock.steady.saturating_sub(since) >= terms.grace;
        if self.serving.as_ref().is_some_and(|leaf| !leaf.is_valid(now))
            || self.unverified.is_some_and(overdue)
        {
            actions.push(Action::Withdraw);
        }
        let Some(authorities) = &view.authorities else {
            actions.push(Action::Found);
            return actions;
        };
        if view.is_emptied {
            actions.push(Action::Restore);
        }
        // Before what takes longer: this is what API servers wait for.
        for (webhook, live) in view.bundles.iter().enumerate() {
            let bundle = wanted(live, authorities, now, terms);
            if bundle != *live {
                actions.push(Action::Publish { webhook, bundle });
            }
        }
        actions.extend(self.succession(authorities, view, clock, terms));
        let current = authorities.current;
        let names = self.names(view);
        let stale = self.newest.as_ref().is_none_or(|leaf| {
            // One that ends with its authority is not renewed: another would end then, too.
            let renewable = leaf.not_after < current.not_after;
            leaf.issuer != current.id || leaf.names != names || leaf.is_due(now) && renewable
        });
        if stale && !names.is_empty() && current.is_valid(now) {
            actions.push(Action::Sign { names });
        } else if let Some(newest) = &self.newest {
            // Where there is a choice, an authority is used only once every API server must have heard of it.
            let same = self.serving.as_ref().is_some_and(|leaf| leaf.issuer == newest.issuer);
            let free = !served || same || self.is_settled(&newest.issuer, clock.steady, terms);
            if self.serving.as_ref() != Some(newest) && is_verified(newest, view, now) && free {
                actions.push(Action::Serve);
            }
        }
        actions
    }

    /// Whether a certificate is served that a `caBundle` does not verify, as far as was last seen.
    pub(super) fn is_unverified(&self) -> bool {
        self.unverified.is_some()
    }

    /// The hosts that a certificate must name. While a configuration is away, those it asked for are kept.
    fn names(&self, view: &View) -> BTreeSet<String> {
        let mut names = view.names.clone();
        if view.is_incomplete {
            names.extend(self.newest.iter().flat_map(|leaf| leaf.names.iter().cloned()));
        }
        if names.is_empty() {
            names.extend(view.expected_name.clone());
        }
        names
    }

    /// Whether a certificate would be served that has reached its end, though nothing can be seen.
    pub(super) fn has_expired(&self, now: i64) -> bool {
        self.serving.as_ref().is_some_and(|leaf| now > leaf.not_after)
    }

    /// Who follows the current authority, and when.
    fn succession(
        &self,
        authorities: &Authorities,
        view: &View,
        clock: Clock,
        terms: &Terms,
    ) -> Option<Action> {
        let Authorities { current, next, .. } = authorities;
        match next {
            Some(next) if next.not_after > clock.wall => {
                let published = self.published.contains_key(&next.id);
                let heard = self.is_settled(&next.id, clock.steady, terms);
                // Nothing that the current one signed is of use any more: there is nothing to wait for.
                let orphaned = published && current.not_after < clock.wall;
                // Nor is there where no configuration sends reviews.
                (heard || orphaned || view.bundles.is_empty()).then_some(Action::Promote)
            }
            _ => current.is_due(clock.wall).then_some(Action::Prepare),
        }
    }

    fn is_settled(&self, authority: &Id, steady: i64, terms: &Terms) -> bool {
        self.published.get(authority).is_some_and(|since| steady.saturating_sub(*since) >= terms.settle)
    }

    fn observe(&mut self, view: &View, steady: i64) {
        let mut everywhere: Option<BTreeSet<Id>> = None;
        for bundle in &view.bundles {
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

/// Whether every `caBundle` that exists verifies a certificate, and it names every host.
fn is_verified(leaf: &Leaf, view: &View, now: i64) -> bool {
    leaf.is_valid(now)
        && view.names.is_subset(&leaf.names)
        && view.bundles.iter().all(|bundle| {
            bundle.iter().any(|authority| authority.id == leaf.issuer && authority.is_valid(now))
        })
}

/// What a `caBundle` should hold: what it does, and what the Secret does. What has expired stays for as long as clocks may be
/// apart, and is not put in again: replicas whose clocks differ would undo each other's writes.
fn wanted(
    live: &BTreeSet<Authority>,
    authorities: &Authorities,
    now: i64,
    terms: &Terms,
) -> BTreeSet<Authority> {
    let end = now.saturating_sub(terms.skew);
    let alive = |authority: &&Authority| authority.not_after >= end;
    let of_ours =
        |authority: &&Authority| authority.not_after >= now || alive(authority) && live.contains(authority);
    let mut bundle: BTreeSet<Authority> = authorities.all().filter(of_ours).copied().collect();
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
