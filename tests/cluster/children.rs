//! A CronJob and the Jobs that a real controller makes from it.

use std::fs;
use std::path::Path;

use super::control_plane::{ControlPlane, Said, Webhook};

/// A policy under which no Job may have more than three Pods at a time.
fn policy(controller_jobs: &str) -> String {
    format!(
        r#"
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {{name: children}}
spec:
  controllerJobs: {controller_jobs}
  suppressions: {{levels: [deny, warn, info]}}
  rules:
    job/max-parallelism: {{level: deny, max: 3}}
  overrides:
  - match: {{kinds: [CronJob], names: [named]}}
    rules: {{job/max-parallelism: "off"}}
  - match: {{labels: {{tier: gold}}}}
    rules: {{job/no-deadline: deny}}
"#
    )
}

/// A CronJob of fifty Pods at a time, every minute.
fn cron_job(name: &str, annotation: &str, labels: &str) -> String {
    format!(
        r#"
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  annotations: {{{annotation}}}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    metadata: {{labels: {{{labels}}}}}
    spec:
      parallelism: 50
      completions: 50
      template:
        spec:
          restartPolicy: Never
          containers: [{{name: main, image: "busybox:1.36"}}]
"#
    )
}

fn get(plane: &ControlPlane, arguments: &[&str]) -> String {
    let said = plane.kubectl(&[&["get"], arguments].concat(), "");
    assert!(said.ok, "{}", said.stderr);
    said.stdout
}

/// The owners of all Jobs, by name.
fn owners(plane: &ControlPlane) -> String {
    get(plane, &["jobs", "-o", "jsonpath={range .items[*]}{.metadata.ownerReferences[0].name} {end}"])
}

fn launch(plane: &ControlPlane, file: &Path) -> Webhook {
    let kubeconfig = plane.kubeconfig();
    let arguments = ["--watch-cron-jobs", "--reload-every", "1s"];
    Webhook::launch(file.to_str().unwrap(), &arguments, Some(&kubeconfig))
}

#[test]
fn a_cron_jobs_exemptions_reach_its_jobs() {
    let Some(plane) = ControlPlane::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    fs::write(&file, policy("enforce")).unwrap();
    let apply = |text: &str| plane.kubectl(&["apply", "-f", "-"], text);

    // Stored before anybody asked.
    assert!(apply(&cron_job("old", "", "")).ok);
    let webhook = launch(&plane, &file);
    plane.register(&webhook);

    // What is let through by its annotation, and what by an override; what is not.
    let annotated = cron_job("annotated", "jobguard.dev/ignore: job/max-parallelism", "");
    for text in [&annotated, &cron_job("named", "", "")] {
        let applied = apply(text);
        assert!(applied.ok, "{}", applied.stderr);
    }
    assert!(!apply(&cron_job("other", "", "")).ok);
    let path = r"jsonpath={.spec.jobTemplate.metadata.annotations.jobguard\.dev/ignore}";
    assert_eq!(get(&plane, &["cronjob", "annotated", "-o", path]), "job/max-parallelism");
    // Nobody who looks for differences sees one.
    let diff = plane.kubectl(&["diff", "-f", "-"], &annotated);
    assert!(diff.ok && diff.stdout.is_empty(), "{}{}", diff.stdout, diff.stderr);

    // The label that an override asks for stands in the template alone.
    let gold = apply(&cron_job("gold", "jobguard.dev/ignore: job/max-parallelism", "tier: gold"));
    assert!(!gold.ok && gold.stderr.contains("job/no-deadline"), "{}", gold.stderr);

    let Some(_manager) = plane.controller_manager(&["cronjob-controller"]) else { return };
    let made = |name: &str| owners(&plane).split(' ').any(|owner| owner == name);
    plane.until("the exempted CronJobs run", || made("annotated") && made("named"));
    let events = [
        "events",
        "--field-selector=involvedObject.name=old,reason=FailedCreate",
        "-o",
        "jsonpath={.items[*].message}",
    ];
    plane.until("the other one is refused, and says so", || {
        get(&plane, &events).contains("job/max-parallelism")
    });
    assert!(!made("old"));

    // An owner that somebody else writes into a Job exempts nothing that is not the owner's.
    let jobs = get(&plane, &["jobs", "-o", "name"]);
    let job = jobs.lines().find(|name| name.starts_with("job.batch/named-")).unwrap();
    let owner = get(&plane, &[job, "-o", "jsonpath={.metadata.ownerReferences}"]);
    let fake = cron_job("x", "", "").replace("parallelism: 50", "parallelism: 51");
    let (_, template) = fake.split_once("    spec:\n").unwrap();
    let fake = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: fake, ownerReferences: {owner}}}\nspec:\n{template}"
    );
    let refused = apply(&fake);
    assert!(!refused.ok && refused.stderr.contains("job/max-parallelism"), "{}", refused.stderr);

    // By hand it runs where it would run by itself.
    let by_hand = |name: &str, from: &str| -> Said {
        plane.kubectl(&["create", "job", name, &format!("--from=cronjob/{from}")], "")
    };
    let exempted = by_hand("by-hand-1", "named");
    assert!(exempted.ok, "{}", exempted.stderr);
    let exempted = by_hand("by-hand-2", "annotated");
    assert!(exempted.ok, "{}", exempted.stderr);
    assert!(!by_hand("by-hand-3", "old").ok);

    fs::write(&file, policy("warn")).unwrap();
    plane.until("the old one runs by hand once its runs are only warned about", || {
        let said = by_hand("by-hand-4", "old");
        assert!(!said.ok || said.stderr.contains("would be denied"), "{}", said.stderr);
        said.ok
    });
    plane.until("and by itself", || made("old"));
    // Something else than its run is no run, whatever it says of itself.
    let text = plane
        .kubectl(&["create", "job", "by-hand-5", "--from=cronjob/old", "--dry-run=client", "-o", "yaml"], "")
        .stdout;
    assert!(text.contains("parallelism: 50"), "{text}");
    let other = apply(&text.replace("parallelism: 50", "parallelism: 51"));
    assert!(!other.ok && other.stderr.contains("job/max-parallelism"), "{}", other.stderr);

    // Once mended it needs no annotation, and its Jobs have none left.
    let mended = r#"{"metadata":{"annotations":{"jobguard.dev/ignore":null}},"spec":{"jobTemplate":{"spec":{"parallelism":1}}}}"#;
    let mended = plane.kubectl(&["patch", "cronjob", "annotated", "--type=merge", "-p", mended], "");
    assert!(mended.ok, "{}", mended.stderr);
    assert_eq!(get(&plane, &["cronjob", "annotated", "-o", path]), "");
}
