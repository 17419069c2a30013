//! Webhook configurations that are not there, are deleted or are emptied.

use super::*;

#[test]
fn nothing_is_served_before_every_webhook_verifies_it() {
    let mut cluster = Cluster::new();
    let current = cluster.authority(1000);
    cluster.secret.held = Some(Authorities { current, next: None, previous: Vec::new() });
    cluster.bundles[0].as_mut().unwrap().live.insert(current);
    let mut member = Member::default();
    for _ in 0..5 {
        member.look(&cluster);
        member.act(&mut cluster, 1000, Network::Lost);
        assert_eq!(member.replica.serving, None);
    }
    settle(&mut cluster, std::slice::from_mut(&mut member), 1000);
    assert!(member.replica.serving.is_some());
}

/// The one that exists is asked by; the other one is trusted as soon as it is there.
#[test]
fn a_configuration_that_does_not_exist_is_not_waited_for() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    cluster.delete(1);
    settle(&mut cluster, &mut all, 1000);
    let served: Vec<_> = all.iter().map(|member| member.replica.serving.clone().unwrap()).collect();
    assert_eq!(cluster.live(0).len(), 1);
    cluster.replace(1);
    settle(&mut cluster, &mut all, 1001);
    assert_eq!(cluster.live(1), cluster.live(0));
    for (member, before) in all.iter().zip(served) {
        assert_eq!(member.replica.serving, Some(before), "nothing about it has changed");
    }
}

/// One of them, both of them: what is served stays, is renewed, and is verified at once by those that come back.
#[test]
fn deleted_configurations_take_no_certificate_along() {
    for gone in [&[0][..], &[1], &[0, 1]] {
        let (mut cluster, mut all) = (Cluster::new(), members(2));
        settle(&mut cluster, &mut all, 1000);
        let issuer = all[0].replica.serving.clone().unwrap().issuer;
        gone.iter().for_each(|which| cluster.delete(*which));
        for time in (1000..1000 + 3 * TERMS.leaf).step_by(5) {
            settle(&mut cluster, &mut all, time);
            for member in &all {
                let leaf = member.replica.serving.as_ref().unwrap_or_else(|| panic!("{gone:?} at {time}"));
                assert!((leaf.not_before..=leaf.not_after).contains(&time), "{gone:?} at {time}");
                assert_eq!((leaf.issuer, &leaf.names), (issuer, &host()), "{gone:?} at {time}");
            }
        }
        let time = 1000 + 3 * TERMS.leaf;
        gone.iter().for_each(|which| cluster.replace(*which));
        // One round of one replica.
        all[0].look(&cluster);
        all[0].act(&mut cluster, time, Network::Good);
        for member in &all {
            let leaf = member.replica.serving.as_ref().unwrap();
            assert!(
                (0..2).all(|which| cluster.live(which).iter().any(|one| one.id == leaf.issuer)),
                "{gone:?}"
            );
        }
    }
}

/// However long everything is switched off, replicas are ready for when it is switched on again.
#[test]
fn authorities_follow_each_other_without_configurations() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    settle(&mut cluster, &mut all, 0);
    cluster.delete(0);
    cluster.delete(1);
    for time in (0..3 * TERMS.authority).step_by(20) {
        settle(&mut cluster, &mut all, time);
        for member in &all {
            let leaf = member.replica.serving.as_ref().unwrap_or_else(|| panic!("nothing at {time}"));
            assert!((leaf.not_before..=leaf.not_after).contains(&time), "at {time}");
        }
    }
    assert!(cluster.made >= 4, "{}", cluster.made);
    cluster.replace(0);
    cluster.replace(1);
    let before = all[0].replica.serving.clone();
    settle(&mut cluster, &mut all, 3 * TERMS.authority);
    assert_eq!(all[0].replica.serving, before);
}

/// Where clocks differ, one replica takes out what has expired, and no other one puts it in again.
#[test]
fn expired_authorities_are_not_fought_over() {
    let (mut cluster, mut all) = (Cluster::new(), members(2));
    (all[0].skew, all[1].skew) = (45, -45);
    for time in (0..2 * TERMS.authority).step_by(5) {
        // This panics where it never comes to rest.
        settle(&mut cluster, &mut all, time);
    }
    assert!(cluster.live(0).len() <= 2);
}

/// A replica that starts while everything is switched off has a certificate for when it is switched on again.
#[test]
fn a_replica_starts_without_configurations() {
    let (mut cluster, mut all) = (Cluster::new(), members(1));
    cluster.delete(0);
    cluster.delete(1);
    settle(&mut cluster, &mut all, 1000);
    let leaf = all[0].replica.serving.clone().unwrap();
    assert_eq!(leaf.names, host());
    cluster.replace(0);
    settle(&mut cluster, &mut all, 1000);
    assert_eq!(all[0].replica.serving.as_ref(), Some(&leaf));
    // Where another host is asked for than was expected, there is another certificate.
    let view = View { names: ["other.test".to_owned()].into(), ..cluster.view(None) };
    let actions = all[0].replica.decide(&view, Clock { wall: 1001, steady: 1001 }, &TERMS);
    let names: BTreeSet<String> = ["jobguard.jobguard.svc".to_owned(), "other.test".to_owned()].into();
    assert_eq!(actions, [Action::Sign { names }], "and the one that is away may come back");
    // Where the host is unknown, there is none.
    let view = View { names: BTreeSet::new(), expected_name: None, ..cluster.view(None) };
    let actions = Replica::default().decide(&view, Clock { wall: 1001, steady: 1001 }, &TERMS);
    assert_eq!(actions, []);
}

#[test]
fn an_emptied_bundle_is_filled_again() {
    let (mut cluster, mut all) = (Cluster::new(), members(1));
    settle(&mut cluster, &mut all, 1000);
    let before = (cluster.live(1).clone(), all[0].replica.serving.clone());
    cluster.replace(1);
    all[0].look(&cluster);
    all[0].act(&mut cluster, 1000, Network::Good);
    // In one round, and API servers that ask the other webhook notice nothing.
    assert_eq!((cluster.live(1).clone(), all[0].replica.serving.clone()), before);
}

#[test]
fn a_bundle_that_cannot_be_filled_again_ends_the_service() {
    let (mut cluster, mut all) = (Cluster::new(), members(1));
    settle(&mut cluster, &mut all, 1000);
    cluster.replace(1);
    for time in 1000..1000 + TERMS.grace {
        all[0].look(&cluster);
        all[0].act(&mut cluster, time, Network::Lost);
        assert!(all[0].replica.serving.is_some() && all[0].replica.is_unverified(), "at {time}");
    }
    all[0].look(&cluster);
    all[0].act(&mut cluster, 1000 + TERMS.grace, Network::Lost);
    assert_eq!(all[0].replica.serving, None);
    settle(&mut cluster, &mut all, 1000 + TERMS.grace);
    assert!(all[0].replica.serving.is_some() && !all[0].replica.is_unverified());
}
