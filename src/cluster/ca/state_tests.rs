//! Replicas that race, with clocks that are apart and writes that get lost.

mod configurations;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::state::{Action, Authorities, Authority, Clock, Id, Leaf, Replica, Terms, View};

const TERMS: Terms = Terms { authority: 3000, leaf: 300, skew: 100, settle: 60, grace: 10 };

fn host() -> BTreeSet<String> {
    ["jobguard.jobguard.svc".to_owned()].into()
}

/// The objects of a cluster, each with its version.
#[derive(Debug, Clone, Default)]
struct Cluster {
    secret: Secret,
    /// Of a configuration each; none where it was deleted.
    bundles: Vec<Option<Bundle>>,
    made: u8,
    /// How often others wrote.
    others: u64,
}

#[derive(Debug, Clone, Default)]
struct Secret {
    version: u64,
    /// Another one after it was deleted.
    uid: u64,
    held: Option<Authorities>,
}

#[derive(Debug, Clone, Default)]
struct Bundle {
    version: u64,
    live: BTreeSet<Authority>,
    /// When others wrote it last, counted by what others do.
    replaced: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    Good,
    /// Writes do not arrive.
    Lost,
    /// Writes arrive, their responses are lost, and the plan ends there.
    Unheard,
}

#[derive(Debug, Default)]
struct Member {
    replica: Replica,
    skew: i64,
    /// What it saw last, and not acted on yet.
    seen: Option<Cluster>,
    /// What others had done by then that it acted on last.
    acted_on: u64,
    /// How long what it serves was seen not to be verified.
    unverified: Option<(i64, i64)>,
    /// What the Secret held, and which one that was.
    remembered: Option<(u64, Authorities)>,
}

impl Cluster {
    fn new() -> Self {
        Self { bundles: vec![Some(Bundle::default()); 2], ..Self::default() }
    }

    fn view(&self, remembered: Option<&(u64, Authorities)>) -> View {
        let known = remembered.filter(|(uid, _)| *uid == self.secret.uid && self.secret.held.is_none());
        let is_incomplete = self.bundles.iter().any(Option::is_none);
        View {
            authorities: self.secret.held.clone().or(known.map(|(_, held)| held.clone())),
            is_emptied: known.is_some(),
            bundles: self.bundles.iter().flatten().map(|bundle| bundle.live.clone()).collect(),
            is_incomplete,
            names: if self.bundles.iter().any(Option::is_some) { host() } else { BTreeSet::new() },
            expected_name: host().pop_first(),
        }
    }

    fn authority(&mut self, now: i64) -> Authority {
        self.made += 1;
        let mut id = Id::default();
        id[0] = self.made;
        Authority { id, not_before: now - TERMS.skew, not_after: now + TERMS.authority }
    }

    /// The Secret is deleted, and made again by those who made it first.
    fn lose_secret(&mut self) {
        self.others += 1;
        self.secret = Secret { version: 1000 + self.others, uid: self.others, held: None };
    }

    /// Another writer replaces the Secret by one without data.
    fn empty_secret(&mut self) {
        self.secret.version += 1;
        self.secret.held = None;
    }

    /// A configuration is replaced, or made, with an empty `caBundle`.
    fn replace(&mut self, which: usize) {
        self.others += 1;
        self.bundles[which] =
            Some(Bundle { version: 1000 * self.others, live: BTreeSet::new(), replaced: self.others });
    }

    fn delete(&mut self, which: usize) {
        self.others += 1;
        self.bundles[which] = None;
    }

    /// What the `caBundle` of this configuration holds.
    fn live(&self, which: usize) -> &BTreeSet<Authority> {
        &self.bundles[which].as_ref().unwrap().live
    }
}

impl Member {
    fn look(&mut self, cluster: &Cluster) {
        self.seen = Some(cluster.clone());
    }

    /// Acts on what was seen, which may be old. Returns whether anything was done.
    fn act(&mut self, cluster: &mut Cluster, time: i64, network: Network) -> bool {
        let Some(seen) = self.seen.take() else { return false };
        let now = time + self.skew;
        let view = seen.view(self.remembered.as_ref());
        if !view.is_emptied {
            self.remembered = seen.secret.held.clone().map(|held| (seen.secret.uid, held));
        }
        self.acted_on = seen.others;
        let verified =
            |leaf: &Leaf| view.bundles.iter().all(|live| live.iter().any(|one| one.id == leaf.issuer));
        self.unverified = match &self.replica.serving {
            Some(leaf) if !verified(leaf) => Some((self.unverified.map_or(time, |(since, _)| since), time)),
            _ => None,
        };
        let actions = self.replica.decide(&view, Clock { wall: now, steady: time }, &TERMS);
        for action in &actions {
            let secret = |cluster: &mut Cluster, new: Authorities| {
                if network != Network::Lost && cluster.secret.version == seen.secret.version {
                    cluster.secret.version += 1;
                    cluster.secret.held = Some(new);
                }
                network != Network::Unheard
            };
            let old = view.authorities.clone();
            let goes_on = match action {
                Action::Withdraw => {
                    self.replica.serving = None;
                    true
                }
                Action::Restore => secret(cluster, old.unwrap()),
                Action::Found => {
                    let current = cluster.authority(now);
                    secret(cluster, Authorities { current, next: None, previous: Vec::new() })
                }
                Action::Prepare => {
                    let next = Some(cluster.authority(now));
                    secret(cluster, Authorities { next, ..old.unwrap() })
                }
                Action::Promote => {
                    let Authorities { current, next, mut previous } = old.unwrap();
                    previous.push(current);
                    secret(cluster, Authorities { current: next.unwrap(), next: None, previous })
                }
                Action::Publish { webhook, bundle } => {
                    // Counted over those that it saw.
                    let mut existing =
                        seen.bundles.iter().enumerate().filter_map(|(at, one)| Some((at, one.as_ref()?)));
                    let (at, read) = existing.nth(*webhook).unwrap();
                    if let Some(there) =
                        cluster.bundles[at].as_mut().filter(|there| there.version == read.version)
                        && network != Network::Lost
                    {
                        there.version += 1;
                        there.live.clone_from(bundle);
                    }
                    network != Network::Unheard
                }
                Action::Sign { names } => {
                    let issuer = old.unwrap().current;
                    self.replica.newest = Some(Leaf {
                        issuer: issuer.id,
                        not_before: now - TERMS.skew,
                        made: now,
                        not_after: (now + TERMS.leaf).min(issuer.not_after),
                        names: names.clone(),
                    });
                    true
                }
                Action::Serve => {
                    self.replica.serving.clone_from(&self.replica.newest);
                    true
                }
            };
            // The driver ends a plan at a write that fails. Nothing may depend on that, so here it goes on.
            if !goes_on {
                break;
            }
        }
        !actions.is_empty()
    }

    /// Whether what it serves is verified by what stands in the cluster at the true time; where others have replaced a
    /// `caBundle`, once that was seen and a little later.
    fn is_safe(&self, cluster: &Cluster, time: i64) -> bool {
        self.replica.serving.as_ref().is_none_or(|leaf| {
            let repaired = self.unverified.is_some_and(|(since, seen)| seen - since < TERMS.grace);
            // No client is shown a certificate that has expired.
            time + self.skew > leaf.not_after
                || leaf.not_before <= time
                    && cluster.bundles.iter().flatten().all(|bundle| {
                        bundle.live.iter().any(|one| one.id == leaf.issuer)
                            || bundle.replaced > self.acted_on
                            || repaired
                    })
        })
    }
}

/// Everybody looks and acts until nothing is left to do.
fn settle(cluster: &mut Cluster, members: &mut [Member], time: i64) {
    for _ in 0..40 {
        let mut done = true;
        for member in members.iter_mut() {
            member.look(cluster);
            done &= !member.act(cluster, time, Network::Good);
        }
        if done {
            return;
        }
    }
    panic!("never at rest");
}

fn members(count: usize) -> Vec<Member> {
    (0..count).map(|_| Member::default()).collect()
}

#[test]
fn the_first_replica_founds_an_authority_and_serves() {
    let (mut cluster, mut all) = (Cluster::new(), members(1));
    let mut seen = Vec::new();
    for _ in 0..5 {
        let view = cluster.view(None);
        let mut copy = all[0].replica.clone();
        seen.extend(copy.decide(&view, Clock { wall: 1000, steady: 1000 }, &TERMS).iter().map(|action| {
            match action {
                Action::Publish { webhook, .. } => format!("publish {webhook}"),
                Action::Sign { .. } => "sign".to_owned(),
                other => format!("{other:?}").to_lowercase(),
            }
        }));
        all[0].look(&cluster);
        all[0].act(&mut cluster, 1000, Network::Good);
    }
    assert_eq!(seen, ["found", "publish 0", "publish 1", "sign", "serve"]);
}

#[test]
fn of_two_that_race_one_founds_and_both_serve() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    all.iter_mut().for_each(|member| member.look(&cluster));
    for member in &mut all {
        member.act(&mut cluster, 1000, Network::Good);
    }
    assert_eq!(cluster.secret.version, 1, "the second write fails");
    settle(&mut cluster, &mut all, 1000);
    let issuers: BTreeSet<Id> =
        all.iter().map(|member| member.replica.serving.as_ref().unwrap().issuer).collect();
    assert_eq!(issuers.len(), 1);
}

#[test]
fn an_emptied_secret_gets_its_authority_back() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    settle(&mut cluster, &mut all, 1000);
    settle(&mut cluster, &mut all, 1001);
    let before = (cluster.secret.held.clone(), cluster.live(0).clone());
    let served: Vec<_> = all.iter().map(|member| member.replica.serving.clone()).collect();
    // As `helm upgrade --force` does it.
    cluster.empty_secret();
    cluster.replace(0);
    cluster.replace(1);
    settle(&mut cluster, &mut all, 1002);
    assert_eq!((cluster.secret.held.clone(), cluster.live(0).clone()), before);
    assert_eq!(all.iter().map(|member| member.replica.serving.clone()).collect::<Vec<_>>(), served);
    assert_eq!(cluster.made, 1);
}

#[test]
fn a_lost_secret_is_made_anew_and_nothing_served_is_withdrawn() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    settle(&mut cluster, &mut all, 1000);
    let old = all[0].replica.serving.clone().unwrap().issuer;
    cluster.lose_secret();
    settle(&mut cluster, &mut all, 1010);
    // The new one is in the bundles, and the old one still is; it serves until all API servers have heard.
    assert_eq!(all[0].replica.serving.as_ref().unwrap().issuer, old);
    assert_eq!(cluster.live(0).len(), 2);
    settle(&mut cluster, &mut all, 1010 + TERMS.settle);
    assert_ne!(all[0].replica.serving.as_ref().unwrap().issuer, old);
    // An operator who wants to be rid of the old one empties the bundles: nothing brings it back.
    cluster.replace(0);
    cluster.replace(1);
    cluster.empty_secret();
    settle(&mut cluster, &mut all, 1011 + TERMS.settle);
    let trusted: Vec<Id> = cluster.live(0).iter().map(|one| one.id).collect();
    assert_eq!(trusted, [all[0].replica.serving.as_ref().unwrap().issuer]);
    assert_ne!(trusted[0], old);
}

/// An authority whose key has leaked: its Secret is deleted, then every `caBundle` is replaced by the new one alone.
#[test]
fn an_authority_that_is_revoked_does_not_come_back() {
    let (mut cluster, mut all) = (Cluster::new(), members(3));
    settle(&mut cluster, &mut all, 1000);
    let leaked = cluster.secret.held.clone().unwrap().current.id;
    cluster.lose_secret();
    settle(&mut cluster, &mut all, 1010);
    let new = cluster.secret.held.clone().unwrap().current;
    assert_ne!(new.id, leaked);
    // One after the other, while the replicas look on.
    for webhook in 0..2 {
        cluster.replace(webhook);
        cluster.bundles[webhook].as_mut().unwrap().live.insert(new);
        settle(&mut cluster, &mut all, 1011);
    }
    for time in (1011..4000).step_by(50) {
        settle(&mut cluster, &mut all, time);
        let trusted =
            cluster.bundles.iter().flatten().flat_map(|bundle| &bundle.live).any(|one| one.id == leaked);
        assert!(!trusted, "trusted again at {time}");
        // Served again at once: there is nothing better to wait for.
        let served = |member: &Member| member.replica.serving.as_ref().map(|leaf| leaf.issuer != leaked);
        assert!(all.iter().all(|member| served(member) == Some(true)), "at {time}");
    }
}

#[test]
fn an_authority_is_published_before_it_signs_and_until_it_expires() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    settle(&mut cluster, &mut all, 0);
    let first = cluster.secret.held.clone().unwrap().current.id;
    let mut events = BTreeMap::new();
    for time in (0..4000).step_by(20) {
        settle(&mut cluster, &mut all, time);
        let secret = cluster.secret.held.as_ref().unwrap();
        let bundle = cluster.live(0);
        let serves_second = all[0].replica.serving.as_ref().unwrap().issuer != first;
        let happened = [
            ("next made", secret.next.is_some()),
            ("next published", bundle.len() == 2),
            ("promoted", secret.current.id != first),
            ("serves by the second", serves_second),
            ("first expired", !bundle.iter().any(|one| one.id == first)),
        ];
        for (what, _) in happened.iter().filter(|(_, yes)| *yes) {
            events.entry(*what).or_insert(time);
        }
    }
    // Its life is 3100 seconds, the first 100 of them before it was made: two thirds are over at 1967.
    let at = |what| events[what];
    assert_eq!((at("next made"), at("next published")), (1980, 1980));
    assert_eq!((at("promoted"), at("serves by the second")), (2040, 2040));
    assert_eq!(at("first expired"), 3120);
}

/// Twenty authorities, one after the other. A client that learns of a `caBundle` as late as is allowed for verifies what is served
/// all the same, and there is always something served.
#[test]
fn renewals_are_never_noticed() {
    const STEP: i64 = 7;
    let (mut cluster, mut all) = (Cluster::new(), members(3));
    settle(&mut cluster, &mut all, 0);
    let mut heard = VecDeque::new();
    let mut signers = BTreeSet::new();
    for step in 0..6200 {
        let time = step * STEP;
        // One at a time looks and acts, so that the others know less.
        let who = usize::try_from(step).unwrap() % all.len();
        all[who].look(&cluster);
        all[who].act(&mut cluster, time, Network::Good);
        heard.push_back((time, cluster.bundles.clone()));
        while heard.front().is_some_and(|(then, _)| time - then > TERMS.settle - STEP) {
            heard.pop_front();
        }
        for member in &all {
            let leaf = member.replica.serving.as_ref().expect("one of them serves nothing");
            assert!((leaf.not_before..=leaf.not_after).contains(&time), "at {time}");
            for bundle in heard[0].1.iter().flatten() {
                let trusted = bundle.live.iter().any(|one| one.id == leaf.issuer && time <= one.not_after);
                assert!(trusted, "at {time}");
            }
            signers.insert(leaf.issuer);
        }
        assert!(cluster.live(0).len() <= 3, "at {time}");
    }
    assert!(signers.len() >= 20, "{}", signers.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever happens in whatever order, nothing is served that is not verified; and once the network is good again,
    /// everybody serves.
    #[test]
    fn never_serves_what_is_not_verified(
        skews in proptest::collection::vec(-49i64..50, 1..4),
        events in proptest::collection::vec((0usize..4, 0u8..10, 0i64..90), 1..250),
    ) {
        let mut cluster = Cluster::new();
        let mut all = members(skews.len());
        for (member, skew) in all.iter_mut().zip(&skews) {
            member.skew = *skew;
        }
        let mut time = 10_000;
        for (who, what, pause) in events {
            let who = who % all.len();
            match what {
                0..=2 => all[who].look(&cluster),
                3 | 4 => drop(all[who].act(&mut cluster, time, Network::Good)),
                5 => drop(all[who].act(&mut cluster, time, Network::Lost)),
                6 => drop(all[who].act(&mut cluster, time, Network::Unheard)),
                7 if pause < 3 => cluster.lose_secret(),
                7 if pause < 9 => cluster.empty_secret(),
                // A configuration is replaced or deleted; one that was deleted comes back.
                8 if pause < 10 => cluster.replace(who % 2),
                8 if pause < 20 => cluster.delete(who % 2),
                _ => time += pause,
            }
            for member in &all {
                prop_assert!(member.is_safe(&cluster, time), "{:?} of {:?}", member, cluster);
            }
        }
        for _ in 0..3 {
            settle(&mut cluster, &mut all, time);
            time += TERMS.settle;
        }
        for member in &all {
            prop_assert!(member.replica.serving.is_some());
            prop_assert!(!member.replica.is_unverified());
        }
    }
}
