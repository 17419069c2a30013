//! Every rule's examples do what they say: on the bad ones the rule speaks, on the good ones it does not. So do the
//! manifests in `tests/rules/<category>/<name>/`, and what people read about the bad ones is pinned beside them.
//!
//! | file | |
//! | --- | --- |
//! | `bad*.yaml`, `good*.yaml` | the rule speaks; it does not |
//! | `bad-x.snap` | what people read about `bad-x.yaml` |
//! | `bad-x.old.yaml` | what is stored, given as `--against`: for what can only be wrong with a change |
//! | `bad-x.policy.yaml` | the policy, instead of `strict` |
//! | `fixed-x.yaml` | what `--fix` makes of `bad-x.yaml`, where the rule's findings have a safe fix |
//! | `fixed-x.unsafe.yaml` | what `--unsafe-fixes` makes of it, where they have an unsafe one |
//!
//! `INSTA_UPDATE=always JOBGUARD_BLESS=1 cargo test --test integration rules::` writes the reports and the fixed manifests;
//! then read them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::diagnostic::{Diagnostic, Replacement, Report};
use jobguard::engine::{Check, Rule, Safety};
use jobguard::lint::OldObjects;
use jobguard::linter::{Fixed, Linter};
use jobguard::manifest;
use jobguard::policy::{Policy, Preset, load};
use jobguard::report::{Style, write_text};
use jobguard::rules::registry;
use jobguard::sources::Source;

use crate::support::fix::{Piece, apply, comments, values_elsewhere};

fn strict() -> Policy {
    load::preset(Preset::Strict, registry().catalog()).unwrap()
}

fn linter<'a>(policy: &'a Policy, against: Option<&'a OldObjects>) -> Linter<'a> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Linter { against, with_changes: true, ..Linter::new(policy, now) }
}

fn source(name: &str, text: &str) -> Source {
    Source::Text { name: name.into(), bytes: text.into() }
}

fn lint(manifest: &str) -> Report {
    linter(&strict(), None).lint(&[source("example.yaml", manifest)]).report
}

#[test]
fn examples_do_what_they_say() {
    for rule in registry().rules() {
        for example in rule.docs.examples {
            let report = lint(example.manifest);
            let spoke = report.diagnostics.iter().any(|diagnostic| diagnostic.rule.id() == rule.id());
            assert_eq!(spoke, example.bad, "{}: {}: {:?}", rule.id(), example.title, report.diagnostics);
        }
    }
}

#[test]
fn good_examples_are_good_to_the_api_server() {
    for rule in registry().rules() {
        for example in rule.docs.examples.iter().filter(|example| !example.bad) {
            let report = lint(example.manifest);
            let refused: Vec<_> = report
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.rule.spec.category() == "api")
                .collect();
            assert!(refused.is_empty(), "{}: {}: {refused:?}", rule.id(), example.title);
        }
    }
}

/// What is in a folder, ordered by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// A manifest of a rule, and what it is judged with.
struct Case {
    rule: &'static Rule,
    folder: PathBuf,
    /// `bad-x` or `good-x`.
    stem: String,
    text: String,
    policy: Policy,
    old: Option<OldObjects>,
}

impl Case {
    fn new(rule: &'static Rule, folder: &Path, stem: &str) -> Self {
        let beside =
            |ending: &str| Some(folder.join(format!("{stem}.{ending}"))).filter(|file| file.is_file());
        let policy = beside("policy.yaml")
            .map_or_else(strict, |file| load::read_file(&file, registry().catalog()).unwrap());
        let old = beside("old.yaml").map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            OldObjects::read(&[source("old.yaml", &text)], &policy.server).unwrap()
        });
        let text = std::fs::read_to_string(folder.join(format!("{stem}.yaml"))).unwrap();
        Self { rule, folder: folder.to_owned(), stem: stem.to_owned(), text, policy, old }
    }

    fn is_bad(&self) -> bool {
        self.stem.starts_with("bad")
    }

    fn linter(&self) -> Linter<'_> {
        linter(&self.policy, self.old.as_ref())
    }

    fn lint(&self, text: &str) -> Report {
        self.linter().lint(&[source(&format!("{}.yaml", self.stem), text)]).report
    }

    fn fix(&self, text: &str, allowed: Safety) -> Fixed {
        self.linter().fix(&[source("fixed.yaml", text)], allowed, &|| {})
    }

    /// Whether the rule speaks.
    fn is_about(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.rule.id() == self.rule.id()
    }

    /// What can be fixed up to `allowed`.
    fn fixable(&self, text: &str, allowed: Safety) -> Vec<Diagnostic> {
        let mut found = self.lint(text).diagnostics;
        found.retain(|found| found.fix.is_some_and(|safety| safety <= allowed));
        found
    }

    /// The file of what `--fix` or `--unsafe-fixes` makes of it.
    fn fixed_file(&self, allowed: Safety) -> PathBuf {
        let stem = self.stem.replacen("bad", "fixed", 1);
        self.folder.join(match allowed {
            Safety::Safe => format!("{stem}.yaml"),
            _ => format!("{stem}.unsafe.yaml"),
        })
    }
}

/// The manifests of every rule, and all other files there are.
fn cases() -> (Vec<Case>, BTreeSet<PathBuf>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let (mut cases, mut others) = (Vec::new(), BTreeSet::new());
    for category in entries(&folder) {
        for folder in entries(&category) {
            let id = format!("{}/{}", file_name(&category), file_name(&folder));
            let rule = registry().get(&id).unwrap_or_else(|| panic!("{} is for no rule", folder.display()));
            for file in entries(&folder) {
                let stem = file_name(&file).strip_suffix(".yaml").filter(|stem| !stem.contains('.'));
                match stem.filter(|stem| stem.starts_with("bad") || stem.starts_with("good")) {
                    Some(stem) => cases.push(Case::new(rule, &folder, stem)),
                    None => drop(others.insert(file)),
                }
            }
        }
    }
    (cases, others)
}

#[test]
fn every_rule_has_bad_and_good_manifests() {
    let (cases, _) = cases();
    let mut missing = Vec::new();
    for rule in registry().rules() {
        for bad in [true, false] {
            let has = cases.iter().any(|case| case.rule.id() == rule.id() && case.is_bad() == bad);
            let kind = if bad { "bad" } else { "good" };
            if !has {
                missing.push(format!("{}/{kind}.yaml", rule.id()));
            }
        }
    }
    assert!(missing.is_empty(), "in tests/rules there is no {missing:?}");
}

#[test]
fn manifests_do_what_their_names_say() {
    let mut wrong = Vec::new();
    for case in cases().0 {
        let mut report = case.lint(&case.text);
        report.diagnostics.retain(|diagnostic| case.is_about(diagnostic));
        if report.diagnostics.is_empty() == case.is_bad() {
            wrong.push((format!("{}/{}.yaml", case.rule.id(), case.stem), report.diagnostics));
            continue;
        }
        if !case.is_bad() {
            continue;
        }
        let mut text = Vec::new();
        write_text(&report, Style { width: 120, verbose: true, ..Style::default() }, &mut text).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&case.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(case.stem.as_str(), String::from_utf8(text).unwrap()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is stored, and a policy of its own, stand beside a manifest only where the rule speaks because of them.
#[test]
fn what_stands_beside_a_manifest_is_needed() {
    for case in cases().0.into_iter().filter(Case::is_bad) {
        let beside = |ending: &str| case.folder.join(format!("{}.{ending}.yaml", case.stem)).is_file();
        let alone = Case { policy: strict(), old: None, ..Case::new(case.rule, &case.folder, &case.stem) };
        let findings = |case: &Case| -> Vec<(String, Option<Safety>)> {
            let report = case.lint(&case.text);
            let own = report.diagnostics.into_iter().filter(|found| case.is_about(found));
            own.map(|found| (found.message, found.fix)).collect()
        };
        if beside("old") || beside("policy") {
            assert_ne!(findings(&case), findings(&alone), "{}/{}", case.rule.id(), case.stem);
        }
    }
}

#[test]
fn no_file_is_there_for_nothing() {
    let (cases, others) = cases();
    let mut known = BTreeSet::new();
    for case in &cases {
        let beside = |ending: &str| case.folder.join(format!("{}.{ending}", case.stem));
        known.extend([beside("old.yaml"), beside("policy.yaml")]);
        if case.is_bad() {
            known.insert(beside("snap"));
            known.extend([Safety::Safe, Safety::Unsafe].map(|allowed| case.fixed_file(allowed)));
        }
    }
    let unknown: Vec<&PathBuf> = others.difference(&known).collect();
    assert!(unknown.is_empty(), "no test reads {unknown:?}");
}

fn hold(file: &Path, content: &str) {
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        std::fs::write(file, content).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert!(expected == content, "{} is not what comes out:\n{content}", file.display());
}

/// Where a rule's findings can be fixed, a manifest stands beside the bad one that says what becomes of it: byte for
/// byte, and with Windows line ends too.
#[test]
fn what_can_be_mended_becomes_what_stands_beside_it() {
    for case in cases().0.iter().filter(|case| case.is_bad()) {
        for allowed in [Safety::Safe, Safety::Unsafe] {
            let name = format!("{}/{} {allowed:?}", case.rule.id(), case.stem);
            let fixable = case.fixable(&case.text, allowed);
            // The manifest is about this rule: what comes out is the work of its fixes alone.
            assert!(fixable.iter().all(|found| case.is_about(found)), "{name}: {fixable:#?}");
            let file = case.fixed_file(allowed);
            if !fixable.iter().any(|found| found.fix == Some(allowed)) {
                assert!(!file.exists(), "nothing becomes {}", file.display());
                continue;
            }
            let fixed = case.fix(&case.text, allowed).texts;
            let [fixed] = &fixed[..] else { panic!("{name}: nothing is fixed") };
            hold(&file, &fixed.after);
            is_fixed(case, &name, allowed, &fixed.after);
            let touched = |text| values_elsewhere(text, &fixed.touched);
            for (before, after) in touched(&case.text).into_iter().zip(touched(&fixed.after)) {
                assert!(before.is_none() || before == after, "{name}: {before:?} {after:?}");
            }
            // Windows line ends stay, and make no difference.
            let windows = case.fix(&case.text.replace('\n', "\r\n"), allowed).texts;
            assert_eq!(windows[0].after, fixed.after.replace('\n', "\r\n"), "{name}");
            // All of it is the replacements that are offered one by one: no byte beside them changes. What only helps
            // together with changes of other objects is not offered.
            if !matches!(case.rule.check, Check::Input(_)) {
                assert_eq!(replaced(case, allowed), fixed.after, "{name}");
            }
        }
    }
}

/// What holds for a manifest after its fixes.
fn is_fixed(case: &Case, name: &str, allowed: Safety, after: &str) {
    assert_eq!(comments(&case.text), comments(after), "{name}");
    for document in manifest::read(after) {
        assert!(document.content.is_ok(), "{name}: {document:?}");
    }
    assert!(case.fix(after, allowed).texts.is_empty(), "{name}: a second run changes more");
    let key = |found: &Diagnostic| (found.object.clone(), found.path.clone(), found.message.clone());
    let left: Vec<_> =
        case.lint(after).diagnostics.iter().filter(|found| case.is_about(found)).map(key).collect();
    for found in case.fixable(&case.text, allowed) {
        assert!(!left.contains(&key(&found)), "{name}: still there: {found:?}");
    }
}

/// The manifest with the offered changes applied by line and column, until none is left.
fn replaced(case: &Case, allowed: Safety) -> String {
    let mut text = case.text.clone();
    loop {
        let mut pieces: Vec<Piece> = Vec::new();
        for found in case.fixable(&text, allowed) {
            let change = found.change.unwrap_or_else(|| panic!("{}: not offered", found.message));
            let change: Vec<Piece> = change
                .replacements
                .into_iter()
                .map(|Replacement { region, with, .. }| {
                    ((region.line, region.column), (region.end_line, region.end_column), with)
                })
                .collect();
            // What is in the way of another is made afterwards; two findings may have the same answer.
            let meet = |(a, b, _): &Piece, (c, d, _): &Piece| a < d && c < b;
            if !change.iter().any(|one| pieces.iter().any(|other| meet(one, other))) {
                pieces.extend(change);
            }
        }
        if pieces.is_empty() {
            return text;
        }
        text = apply(&text, &pieces);
    }
}

/// Every rule that offers a fix, on whatever manifest of ours, does so on one of its own too.
#[test]
fn every_rule_with_a_fix_shows_it() {
    let mut shown: BTreeMap<&str, BTreeSet<Safety>> = BTreeMap::new();
    for case in cases().0 {
        for found in case.fixable(&case.text, Safety::Unsafe) {
            if case.is_about(&found) {
                shown.entry(case.rule.id()).or_default().extend(found.fix);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = ["fixes", "manifests/bad"].into_iter().flat_map(|folder| entries(&root.join(folder)));
    let files = files.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap());
    let examples = registry().rules().iter().flat_map(|rule| rule.docs.examples);
    for text in files.chain(examples.map(|example| example.manifest.to_owned())) {
        for found in lint(&text).diagnostics {
            let Some(safety) = found.fix else { continue };
            let id = found.rule.id();
            assert!(
                shown.get(id).is_some_and(|of_rule| of_rule.contains(&safety)),
                "{id} has a fix that is {safety:?}, and no manifest in tests/rules/{id} shows one"
            );
        }
    }
    let lines = shown.iter().map(|(id, safeties)| {
        let safeties: Vec<&str> = safeties.iter().filter_map(|safety| safety.as_str()).collect();
        format!("{id}: {}\n", safeties.join(", "))
    });
    insta::assert_snapshot!(lines.collect::<String>(), @"
    api/concurrency-policy: safe
    api/containers: safe
    api/pod-failure-policy: safe, unsafe
    api/removed-version: safe, unsafe
    api/restart-policy: safe, unsafe
    api/schedule: safe, unsafe
    api/syntax: safe
    api/time-zone: safe, unsafe
    api/type: safe, unsafe
    api/unknown-field: safe, unsafe
    cron/collision: unsafe
    cron/host-zone: unsafe
    deploy/annotation-name: safe
    deploy/failed-hook-stays: unsafe
    deploy/hook-delete-policy: safe
    deploy/hook-log-policy: safe
    deploy/hook-name: safe
    deploy/hook-weight: safe
    deploy/misplaced-metadata: safe, unsafe
    deploy/replace-without-force: unsafe
    deploy/sync-option: safe
    job/child-rejected: safe
    job/disruption-ignored-late: unsafe
    job/max-backoff: unsafe
    job/max-completions: unsafe
    job/max-parallelism: unsafe
    job/sidecar-never-ends: unsafe
    manifest/no-jobs: safe, unsafe
    pod/command-in-one-string: safe, unsafe
    pod/script-not-executable: safe
    pod/shell-arguments-ignored: unsafe
    suppression/not-allowed: unsafe
    suppression/syntax: unsafe
    suppression/unknown-rule: unsafe
    suppression/unused: unsafe
    ");
}

/// A CronJob, or with no schedule a Job, with these lines in its spec, its Pods' spec and its container.
fn written(schedule: &str, spec: &str, pod: &str, container: &str) -> String {
    let lines = |text: &str, indent: usize| -> String {
        text.lines().map(|line| format!("{:indent$}{line}\n", "")).collect()
    };
    let (head, deep) = if schedule.is_empty() {
        ("apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n".to_owned(), 2)
    } else {
        let head = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n";
        (format!("{head}{}  jobTemplate:\n    spec:\n", lines(schedule, 2)), 6)
    };
    let template = "template:\n  spec:\n    restartPolicy: Never\n";
    let main = "    containers:\n    - name: main\n      image: example.com/app:1.0\n";
    let template = format!("{template}{}{main}{}", lines(pod, 4), lines(container, 6));
    format!("{head}{}{}", lines(spec, deep), lines(&template, deep))
}

/// What a rule is about does not depend on how it is written: the same rules speak, about the same fields.
#[test]
fn equivalent_forms_are_judged_alike() {
    let twins = |kind: &str, forms: &[&str], write: &dyn Fn(&str) -> String| {
        let judged = |form: &&str| -> Vec<(String, String)> {
            let found = lint(&write(form)).diagnostics.into_iter();
            let mut all: Vec<_> =
                found.map(|found| (found.rule.id().to_owned(), found.path.to_string())).collect();
            // Where they stand in the text is another matter.
            all.sort();
            all
        };
        let first = judged(&forms[0]);
        for form in forms {
            assert!(
                judged(form).iter().all(|(id, _)| !id.starts_with("api/")),
                "{kind}: {form:?}: {:?}",
                judged(form)
            );
            assert_eq!(judged(form), first, "{kind}: {form:?} and {:?}", forms[0]);
        }
        assert!(!first.is_empty(), "{kind}: nothing is reported about {:?}", forms[0]);
    };
    let schedule = |text: &str| written(&format!("schedule: {text:?}"), "", "", "");
    let minutes = ["* * * * *", "*/1 * * * *", "0-59 * * * *", "0/1 * * * *", "? */1 ? 1-12 ?", "*\t* * * *"];
    twins("every minute", &minutes, &schedule);
    twins(
        "every hour",
        &["@hourly", "0 * * * *", "0 0-23 * * *", "0 0/1 * * ?", "00 */1 * JAN-DEC *"],
        &schedule,
    );
    twins(
        "every day",
        &["@daily", "@midnight", "0 0 * * *", "0 0 ? * ?", "0 0 */1 * *", "0 0 1-31 * *"],
        &schedule,
    );
    twins("every week", &["@weekly", "0 0 * * 0", "0 0 * * sun", "0 0 ? */1 SUN"], &schedule);
    twins(
        "every 40 minutes",
        &["*/40 * * * *", "0/40 * * * *", "0-59/40 * * * *", "?/40 * * * *"],
        &schedule,
    );
    twins("never", &["0 0 30 2 *", "0 0 30 FEB *", "0 0 30,31 2 ?", "0 0 30/1 2 *"], &schedule);
    let zone = |zone: &str| written(&format!("schedule: 0 2 * * *\ntimeZone: {zone}"), "", "", "");
    twins("no summer time", &["Etc/UTC", "UTC", "GMT", "Zulu", "Etc/Universal", "Etc/GMT+0"], &zone);
    twins("summer time", &["America/New_York", "US/Eastern"], &zone);
    let cron_job = |spec: &str| written(&format!("schedule: 0 2 * * *\n{spec}"), "", "", "");
    let said =
        ["", "suspend: false", "concurrencyPolicy: Allow", "failedJobsHistoryLimit: 1", "suspend: null"];
    twins("a CronJob's defaults", &said, &cron_job);

    let job = |spec: &str| written("", spec, "", "");
    let said = [
        "",
        "parallelism: 1",
        "parallelism: null",
        "completions: 1",
        "completionMode: NonIndexed",
        "suspend: false",
        "backoffLimit: 6",
        "podReplacementPolicy: TerminatingOrFailed",
        "manualSelector: false",
        "activeDeadlineSeconds: 9223372036854775807",
        "activeDeadlineSeconds: 315360000",
        "activeDeadlineSeconds: null",
        "ttlSecondsAfterFinished: 2147483647",
    ];
    twins("a Job's defaults", &said, &job);
    let template = |spec: &str| written("schedule: 0 2 * * *", spec, "", "");
    twins("no Pod at all", &["completions: 0", "completions: 0\nparallelism: 1"], &template);
    let pod = |pod: &str| written("", "", pod, "");
    let said = [
        "",
        "dnsPolicy: ClusterFirst",
        "subdomain: \"\"",
        "serviceAccount: default",
        "serviceAccountName: \"\"",
        "automountServiceAccountToken: true",
        "initContainers: []",
        "terminationGracePeriodSeconds: 30",
        "securityContext: {windowsOptions: {hostProcess: false}}",
        "enableServiceLinks: true",
        "resources: {requests: {cpu: 0, memory: 0Mi}}",
    ];
    twins("a Pod's defaults", &said, &pod);
    let container = |container: &str| written("", "", "", container);
    let said = [
        "",
        "resources: {}",
        "resources: {requests: {cpu: \"0\"}}",
        "resources: {limits: {memory: 0}}",
        "resources: {requests: {cpu: 0m, memory: 0.0Gi}, limits: {cpu: 1, memory: 1Gi}}",
        "ports: []",
        "securityContext: {privileged: false}",
        "imagePullPolicy: IfNotPresent",
    ];
    twins("a container's defaults", &said, &container);
    let image = |image: &str| container("").replace("example.com/app:1.0", image);
    let latest = [
        "app",
        "app:latest",
        "library/app",
        "docker.io/app",
        "docker.io/library/app:latest",
        "index.docker.io/app",
        "example.com/app",
        "example.com:5000/team/app:latest",
        "localhost/app",
        "a_b.c/app",
        "Registry/app",
    ];
    twins("tomorrow's image", &latest, &image);
    let digest = "sha256:abababababababababababababababababababababababababababababababab";
    let fixed = [
        "app:1",
        &format!("app@{digest}"),
        &format!("app:latest@{digest}"),
        "a_b.c/app:1",
        "localhost:80/app:1",
    ];
    twins("today's image", &fixed, &image);
}
