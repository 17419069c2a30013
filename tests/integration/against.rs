//! Manifests judged as changes of what is stored: `kubectl apply`, `kubectl replace`, and the tools that replace a Job.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use jobguard::diagnostic::Diagnostic;
use jobguard::engine::Severity;
use jobguard::lint::{Change, OldObjects};
use jobguard::linter::Linter;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;

const UID: &str = "da42e94b-f8a9-48c3-aad9-f37f435a7d79";

fn source(text: &str) -> [Source; 1] {
    [Source::Text { name: "<stdin>".to_owned(), bytes: text.into() }]
}

fn preset(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

fn diagnostics(policy: &Policy, change: Change, old: &str, new: &str) -> Vec<Diagnostic> {
    let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let old = OldObjects::read(&source(old), &crate::support::server()).unwrap().with_change(change);
    let linter = Linter { against: Some(&old), ..Linter::new(policy, now) };
    linter.lint(&source(new)).report.diagnostics
}

/// What the API server would say of a change, as `severity rule path`.
fn said(change: Change, old: &str, new: &str) -> Vec<String> {
    let line = |found: &Diagnostic| format!("{} {} {}", found.severity, found.rule.id(), found.path);
    let found = diagnostics(&preset(Preset::Baseline), change, old, new);
    found.iter().filter(|found| found.rule.id().starts_with("api/")).map(line).collect()
}

fn applied(old: &str, new: &str) -> Vec<String> {
    said(Change::Apply, old, new)
}

/// A manifest with these annotations, fields of the spec, and containers.
fn manifest(annotations: &[(&str, &str)], spec: &str, containers: &str) -> String {
    let mut text = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n".to_owned();
    if !annotations.is_empty() {
        text += "  annotations:\n";
    }
    for (name, value) in annotations {
        text += &format!("    {name}: \"{value}\"\n");
    }
    text + &format!(
        "spec:\n  {spec}\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{containers}]\n"
    )
}

fn of_image(annotations: &[(&str, &str)], image: &str) -> String {
    manifest(annotations, "backoffLimit: 3", &format!("{{name: main, image: \"{image}\"}}"))
}

/// A Job as an API server has stored it, with more of its metadata, of its spec, and of its containers.
fn live(metadata: &str, spec: &str, containers: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, namespace: default, uid: {UID}, resourceVersion: \"7\", \
         creationTimestamp: \"2026-01-01T00:00:00Z\"{metadata}}}\nspec:\n  backoffLimit: 3\n  completionMode: NonIndexed\n  \
         completions: 1\n  parallelism: 1\n  {spec}\n  selector: {{matchLabels: {{batch.kubernetes.io/controller-uid: {UID}}}}}\n  \
         template:\n    metadata: {{labels: {{batch.kubernetes.io/controller-uid: {UID}, controller-uid: {UID}, job-name: migrate, \
         batch.kubernetes.io/job-name: migrate}}}}\n    spec:\n      restartPolicy: Never\n      containers: [{containers}]\n"
    )
}

const MAIN: &str = "{name: main, image: \"app:1\", imagePullPolicy: IfNotPresent}";
const TEMPLATE: &str = "error api/immutable spec.template";

#[test]
fn what_was_never_written_stays_as_it_is_stored() {
    let with = |spec: &str| manifest(&[], spec, "{name: main, image: \"app:1\"}");
    for old in [with("backoffLimit: 3"), live("", "suspend: false", MAIN)] {
        assert_eq!(applied(&old, &with("parallelism: 2")), [""; 0]);
        assert_eq!(applied(&old, &with("suspend: true")), [""; 0]);
        // Written now, with another value than the stored one.
        assert_eq!(applied(&old, &with("completions: 3")), ["error api/immutable spec.completions"]);
        assert_eq!(
            applied(&old, &with("completionMode: Indexed")),
            ["error api/immutable spec.completionMode"]
        );
    }
}

#[test]
fn what_was_applied_and_is_written_no_longer_is_removed() {
    let with = |spec: &str| manifest(&[], spec, "{name: main, image: \"app:1\"}");
    let completions = ["error api/immutable spec.completions"];
    // What stands in the old manifest was applied.
    let old = with("completions: 3\n  parallelism: 3");
    assert_eq!(applied(&old, &with("parallelism: 3")), completions);
    // Of a stored object the annotation says.
    let last = |spec: &str| {
        let json = format!(
            "{{\\\"apiVersion\\\":\\\"batch/v1\\\",\\\"kind\\\":\\\"Job\\\",\\\"spec\\\":{{{spec}}}}}"
        );
        let metadata =
            format!(", annotations: {{kubectl.kubernetes.io/last-applied-configuration: \"{json}\"}}");
        live(&metadata, "suspend: false", MAIN)
    };
    assert_eq!(applied(&last("\\\"completions\\\":1"), &with("parallelism: 2")), completions);
    assert_eq!(applied(&last("\\\"backoffLimit\\\":3"), &with("parallelism: 2")), [""; 0]);
    // Or the managed fields, if the server did it.
    let managed = |operation: &str, field: &str| {
        let metadata = format!(
            ", managedFields: [{{manager: kubectl, operation: {operation}, apiVersion: batch/v1, fieldsType: FieldsV1, \
             fieldsV1: {{\"f:spec\": {{\"f:{field}\": {{}}}}}}}}]"
        );
        live(&metadata, "suspend: false", MAIN)
    };
    assert_eq!(applied(&managed("Apply", "completions"), &with("parallelism: 2")), completions);
    assert_eq!(applied(&managed("Apply", "backoffLimit"), &with("parallelism: 2")), [""; 0]);
    assert_eq!(applied(&managed("Update", "completions"), &with("parallelism: 2")), [""; 0]);
}

#[test]
fn labels_that_the_server_has_made_are_not_taken_away() {
    let old = live("", "suspend: true", MAIN);
    let labels = |labels: &str| {
        of_image(&[], "app:1").replace(
            "  template:\n",
            &format!("  suspend: true\n  template:\n    metadata: {{labels: {{{labels}}}}}\n"),
        )
    };
    assert_eq!(applied(&old, &labels("team: a")), [""; 0]);
    // Taken into the manifest and changed, or applied once and left out.
    assert_eq!(
        applied(&old, &labels("job-name: other")),
        ["error api/selector spec.template.metadata.labels[job-name]"]
    );
    let applied_once = live(
        ", annotations: {kubectl.kubernetes.io/last-applied-configuration: \
         '{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"job-name\":\"migrate\"}}}}}'}",
        "suspend: true",
        MAIN,
    );
    assert_eq!(
        applied(&applied_once, &labels("team: a")),
        ["error api/selector spec.template.metadata.labels[job-name]"]
    );
    // A running Job keeps its template.
    let running = live("", "suspend: false", MAIN);
    assert_eq!(applied(&running, &labels("team: a").replace("  suspend: true\n", "")), [TEMPLATE]);
}

#[test]
fn a_put_keeps_nothing() {
    let old = live("", "suspend: false", MAIN);
    let said = said(Change::Replace, &old, &of_image(&[], "app:1"));
    assert!(said.contains(&"error api/selector spec.selector".to_owned()), "{said:?}");
    // The same with what is stored.
    assert_eq!(self::said(Change::Replace, &old, &old), [""; 0]);
    // Where nothing is made by the server, a PUT is as good as an apply.
    let cron_job = |spec: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec:\n  schedule: \"0 3 * * *\"\n  {spec}\n  jobTemplate: \
             {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: \"b:1\"}}]}}}}}}}}\n"
        )
    };
    let (old, new) = (cron_job("timeZone: Etc/UTC"), cron_job("suspend: true"));
    for change in [Change::Apply, Change::Replace] {
        assert_eq!(self::said(change, &old, &new), [""; 0]);
    }
}

#[test]
fn a_finding_is_where_the_manifest_has_its_container() {
    let injected = "{name: injected, image: \"proxy:1\", imagePullPolicy: IfNotPresent}";
    let old = live("", "suspend: false", &format!("{injected}, {MAIN}"));
    let new = manifest(
        &[],
        "backoffLimit: 3",
        "\n      {name: main, image: \"app:1\", imagePullPolicy: IfNotPresent, ports: [{containerPort: 99999}]}",
    );
    let found = diagnostics(&preset(Preset::Baseline), Change::Apply, &old, &new);
    let port = found.iter().find(|found| found.rule.id() == "api/containers").unwrap();
    assert_eq!(port.path.to_string(), "spec.template.spec.containers[1].ports[0].containerPort");
    let line = new.lines().nth(port.region.line - 1).unwrap();
    assert!(line.get(port.region.column - 1..).unwrap().starts_with("99999"), "{line}");
}

#[test]
fn no_error_where_the_tool_replaces_the_job() {
    for annotations in [
        &[("helm.sh/hook", "pre-upgrade")][..],
        &[
            ("helm.sh/hook", "pre-upgrade"),
            ("helm.sh/hook-delete-policy", "before-hook-creation,hook-succeeded"),
        ],
        &[("argocd.argoproj.io/hook", "PreSync")],
        &[
            ("argocd.argoproj.io/hook", "Sync"),
            ("argocd.argoproj.io/hook-delete-policy", "BeforeHookCreation"),
        ],
    ] {
        assert_eq!(
            applied(&of_image(annotations, "app:1"), &of_image(annotations, "app:2")),
            [""; 0],
            "{annotations:?}"
        );
    }
    for annotation in [
        ("argocd.argoproj.io/sync-options", "Force=true, Replace=true"),
        ("kustomize.toolkit.fluxcd.io/force", "enabled"),
        ("kapp.k14s.io/update-strategy", "fallback-on-replace"),
    ] {
        let of = |image| of_image(&[annotation], image);
        assert_eq!(
            applied(&of("app:1"), &of("app:2")),
            ["info api/immutable spec.template"],
            "{annotation:?}"
        );
        // What may be changed in place says nothing.
        assert_eq!(applied(&of("app:1"), &of("app:1")), [""; 0]);
        // A PUT by hand has no tool.
        assert!(said(Change::Replace, &of("app:1"), &of("app:2")).contains(&TEMPLATE.to_owned()));
        // The new Job is judged as a new one.
        let broken = of("app:2").replace("Never", "Always");
        let errors = diagnostics(&preset(Preset::Baseline), Change::Apply, &of("app:1"), &broken);
        assert!(
            errors
                .iter()
                .any(|found| found.rule.id() == "api/restart-policy" && found.severity == Severity::Error)
        );
    }
}

/// Helm creates its hooks and never changes one: what is in the way is `deploy/failed-hook-stays`' to say.
#[test]
fn no_error_where_nothing_is_changed() {
    let hook = [("helm.sh/hook", "pre-upgrade"), ("helm.sh/hook-delete-policy", "hook-succeeded")];
    let nothing: [&str; 0] = [];
    assert_eq!(applied(&of_image(&hook, "app:1"), &of_image(&hook, "app:2")), nothing);
}

#[test]
fn an_error_where_it_does_not() {
    for annotations in [
        &[][..],
        &[("argocd.argoproj.io/hook", "Sync"), ("argocd.argoproj.io/hook-delete-policy", "HookFailed")],
        &[("argocd.argoproj.io/sync-options", "Replace=true")],
        &[("argocd.argoproj.io/sync-options", "Force=true")],
        &[("kustomize.toolkit.fluxcd.io/force", "disabled")],
    ] {
        assert_eq!(
            applied(&of_image(annotations, "app:1"), &of_image(annotations, "app:2")),
            [TEMPLATE],
            "{annotations:?}"
        );
    }
}

#[test]
fn a_stored_quantity_is_the_one_that_was_written() {
    let of = |memory: &str| {
        let container =
            format!("{{name: main, image: \"app:1\", resources: {{limits: {{memory: {memory}}}}}}}");
        manifest(&[], "backoffLimit: 3", &container)
    };
    for same in ["1000000000000000000", "1E", "1000P"] {
        let errors = applied(&of("1000000000000000000"), &of(same));
        assert!(!errors.contains(&TEMPLATE.to_owned()), "{same}: {errors:?}");
    }
    assert!(applied(&of("1E"), &of("2E")).contains(&TEMPLATE.to_owned()));
}
