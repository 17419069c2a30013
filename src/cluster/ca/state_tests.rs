//! Replicas that race, with clocks that are apart and writes that get lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::state::{Action, Authorities, Authority, Clock, Id, Leaf, Replica, Terms, View};

const TERMS: Terms = Terms { authority: 3000, leaf: 300, skew: 100, settle: 60 };

fn host() -> BTreeSet<String> {
    ["jobguard.jobguard.svc".to_owned()].into()
}

/// The objects of a cluster, each with its version.
#[derive(Debug, Clone, Default)]
struct Cluster {
    secret: (u64, Option<Authorities>),
    bundles: Vec<(u64, BTreeSet<Authority>)>,
    made: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    Good,
    /// Writes do not arrive.
    Lost,
    /// Writes arrive, nobody hears of it, and the plan ends there.
    Unheard,
}

#[derive(Debug, Default)]
struct Member {
    replica: Replica,
    skew: i64,
    /// What it saw last.
    seen: Option<Cluster>,
}

impl Cluster {
    fn new() -> Self {
        Self { bundles: vec![Default::default(); 2], ..Self::default() }
    }

    fn view(&self) -> View {
        View {
            authorities: self.secret.1.clone(),
            bundles: Some(self.bundles.iter().map(|(_, bundle)| bundle.clone()).collect()),
            names: host(),
        }
    }

    fn authority(&mut self, now: i64) -> Authority {
        self.made += 1;
        let mut id = Id::default();
        id[0] = self.made;
        Authority { id, not_before: now - TERMS.skew, not_after: now + TERMS.authority }
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
        let actions = self.replica.decide(&seen.view(), Clock { wall: now, steady: time }, &TERMS);
        for action in &actions {
            let secret = |cluster: &mut Cluster, new: Authorities| {
                if network != Network::Lost && cluster.secret.0 == seen.secret.0 {
                    cluster.secret = (seen.secret.0 + 1, Some(new));
                }
                network != Network::Unheard
            };
            let old = seen.secret.1.clone();
            let goes_on = match action {
                Action::Withdraw => {
                    self.replica.serving = None;
                    true
                }
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
                    let (version, live) = &mut cluster.bundles[*webhook];
                    if network != Network::Lost && *version == seen.bundles[*webhook].0 {
                        *version += 1;
                        live.clone_from(bundle);
                    }
                    network != Network::Unheard
                }
                Action::Sign => {
                    let issuer = old.unwrap().current;
                    self.replica.newest = Some(Leaf {
                        issuer: issuer.id,
                        not_before: now - TERMS.skew,
                        made: now,
                        not_after: (now + TERMS.leaf).min(issuer.not_after),
                        names: host(),
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

    /// Whether what it serves is verified by what stands in the cluster at the true time.
    fn is_safe(&self, cluster: &Cluster, time: i64) -> bool {
        self.replica.serving.as_ref().is_none_or(|leaf| {
            // Nobody is shown a certificate that its owner knows to be over.
            time + self.skew > leaf.not_after
                || leaf.not_before <= time
                    && cluster
                        .bundles
                        .iter()
                        .all(|(_, bundle)| bundle.iter().any(|one| one.id == leaf.issuer))
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
        let view = cluster.view();
        let mut copy = all[0].replica.clone();
        seen.extend(copy.decide(&view, Clock { wall: 1000, steady: 1000 }, &TERMS).iter().map(|action| {
            match action {
                Action::Publish { webhook, .. } => format!("publish {webhook}"),
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
    assert_eq!(cluster.secret.0, 1, "the second write fails");
    settle(&mut cluster, &mut all, 1000);
    let issuers: BTreeSet<Id> =
        all.iter().map(|member| member.replica.serving.as_ref().unwrap().issuer).collect();
    assert_eq!(issuers.len(), 1);
}

#[test]
fn nothing_is_served_before_every_webhook_verifies_it() {
    let mut cluster = Cluster::new();
    let current = cluster.authority(1000);
    cluster.secret.1 = Some(Authorities { current, next: None, previous: Vec::new() });
    let mut member = Member::default();
    // The second configuration is not there yet.
    let view = View { bundles: None, ..cluster.view() };
    let clock = Clock { wall: 1000, steady: 1000 };
    assert_eq!(member.replica.decide(&view, clock, &TERMS), []);
    cluster.bundles[0].1.insert(current);
    member.look(&cluster);
    member.act(&mut cluster, 1000, Network::Lost);
    for _ in 0..5 {
        member.look(&cluster);
        member.act(&mut cluster, 1000, Network::Lost);
        assert_eq!(member.replica.serving, None);
    }
}

#[test]
fn a_bundle_that_somebody_empties_is_filled_again() {
    let (mut cluster, mut all) = (Cluster::new(), members(1));
    settle(&mut cluster, &mut all, 1000);
    let before = cluster.bundles[1].1.clone();
    cluster.bundles[1] = (99, BTreeSet::new());
    all[0].look(&cluster);
    all[0].act(&mut cluster, 1000, Network::Good);
    assert_eq!(all[0].replica.serving, None, "withdrawn at once");
    settle(&mut cluster, &mut all, 1000);
    assert!(all[0].replica.serving.is_some());
    assert_eq!(cluster.bundles[1].1, before);
}

#[test]
fn a_lost_secret_is_made_anew_and_nothing_served_is_withdrawn() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    settle(&mut cluster, &mut all, 1000);
    let old = all[0].replica.serving.clone().unwrap().issuer;
    cluster.secret = (77, None);
    settle(&mut cluster, &mut all, 1010);
    // The new one is in the bundles, and the old one still is; it serves until all API servers have heard.
    assert_eq!(all[0].replica.serving.as_ref().unwrap().issuer, old);
    assert_eq!(cluster.bundles[0].1.len(), 2);
    settle(&mut cluster, &mut all, 1010 + TERMS.settle);
    assert_ne!(all[0].replica.serving.as_ref().unwrap().issuer, old);
}

/// An authority whose key has leaked: its Secret is emptied, then every `caBundle` is replaced by the new one alone.
#[test]
fn an_authority_that_is_revoked_does_not_come_back() {
    let (mut cluster, mut all) = (Cluster::new(), members(3));
    settle(&mut cluster, &mut all, 1000);
    let leaked = cluster.secret.1.clone().unwrap().current.id;
    cluster.secret = (77, None);
    settle(&mut cluster, &mut all, 1010);
    let new = cluster.secret.1.clone().unwrap().current;
    assert_ne!(new.id, leaked);
    // One after the other, while the replicas look on.
    for webhook in 0..2 {
        cluster.bundles[webhook] = (100, [new].into());
        settle(&mut cluster, &mut all, 1011);
    }
    for time in (1011..4000).step_by(50) {
        settle(&mut cluster, &mut all, time);
        let trusted = cluster.bundles.iter().flat_map(|(_, bundle)| bundle).any(|one| one.id == leaked);
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
    let first = cluster.secret.1.clone().unwrap().current.id;
    let mut events = BTreeMap::new();
    for time in (0..4000).step_by(20) {
        settle(&mut cluster, &mut all, time);
        let secret = cluster.secret.1.as_ref().unwrap();
        let bundle = &cluster.bundles[0].1;
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

/// Twenty authorities, one after the other. Whoever hears of a `caBundle` as late as is allowed for verifies what is served
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
            let leaf = member.replica.serving.as_ref().expect("somebody serves nothing");
            assert!((leaf.not_before..=leaf.not_after).contains(&time), "at {time}");
            for (_, bundle) in &heard[0].1 {
                let trusted = bundle.iter().any(|one| one.id == leaf.issuer && time <= one.not_after);
                assert!(trusted, "at {time}");
            }
            signers.insert(leaf.issuer);
        }
        assert!(cluster.bundles[0].1.len() <= 3, "at {time}");
    }
    assert!(signers.len() >= 20, "{}", signers.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens in whatever order, nothing is served that is not verified; and once the network is good again,
    /// everybody serves.
    #[test]
    fn never_serves_what_is_not_verified(
        skews in proptest::collection::vec(-49i64..50, 1..4),
        events in proptest::collection::vec((0usize..4, 0u8..8, 0i64..90), 1..250),
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
                _ if pause == 0 => cluster.secret = (cluster.secret.0 + 1, None),
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
        }
    }
}
