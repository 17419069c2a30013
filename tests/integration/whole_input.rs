//! Rules about the input as a whole: across files, by each object's own settings, and not in the webhook.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use jiff::Timestamp;
use jobguard::apiserver::Kind;
use jobguard::diagnostic::Report;
use jobguard::engine::{Author, Context, Input, Neighbours, Object, Safety, check};
use jobguard::linter::Linter;
use jobguard::manifest;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;

fn preset(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

fn policy(spec: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec:\n{spec}"
    );
    let source = load::Source { name: "policy.yaml".into(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// What the rules named say about the files: severity, rule, place and message.
fn lint(policy: &Policy, rules: &[&str], files: &[(&str, String)]) -> Vec<String> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter::new(policy, now);
    let sources: Vec<Source> = files
        .iter()
        .map(|(name, text)| Source::Text { name: (*name).into(), bytes: text.clone().into() })
        .collect();
    let outcome = linter.lint(&sources);
    assert_eq!(outcome.report.files, files.len());
    let wanted = outcome.report.diagnostics.iter().filter(|found| rules.contains(&found.rule.id()));
    wanted
        .map(|found| {
            format!(
                "{} {} {}:{} {}",
                found.severity,
                found.rule.id(),
                found.file,
                found.region.line,
                found.message
            )
        })
        .collect()
}

/// What is said to be fixable must be what `--fix` does, and that looks at each text alone.
#[test]
fn no_fix_is_offered_that_needs_the_other_files() {
    let policy = preset(Preset::Strict);
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter::new(&policy, now);
    for (ignored, has_fix) in [("ref/duplicate-object", false), ("cron/never-fires", true)] {
        let metadata = format!("name: a, annotations: {{jobguard.dev/ignore: {ignored}}}");
        let bytes = cron_job(&metadata, "0 2 * * *").into();
        let report = linter.lint(&[Source::Text { name: "a.yaml".into(), bytes }]).report;
        let unused: Vec<_> =
            report.diagnostics.iter().filter(|found| found.rule.id() == "suppression/unused").collect();
        assert_eq!(unused.len(), 1, "{ignored}");
        assert_eq!(unused[0].fix.is_some(), has_fix, "{ignored}");
    }
}

fn cron_job(metadata: &str, schedule: &str) -> String {
    format!(
        r#"apiVersion: batch/v1
kind: CronJob
metadata: {{{metadata}}}
spec:
  schedule: "{schedule}"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{{name: main, image: "example.com/main:1"}}]
"#
    )
}

const DUPLICATE: &[&str] = &["ref/duplicate-object"];
const NOTHING: [&str; 0] = [];

#[test]
fn duplicates_across_files() {
    let daily = |metadata: &str| cron_job(metadata, "0 3 * * *");
    let found = |files: &[(&str, String)]| lint(&preset(Preset::Baseline), DUPLICATE, files);
    assert_eq!(
        found(&[
            ("app/a.yaml", daily("name: x")),
            ("app/b.yaml", daily("name: y") + "---\n" + &daily("name: x"))
        ]),
        ["error ref/duplicate-object app/b.yaml:16 CronJob x is already defined at app/a.yaml:3"]
    );
    // One manifest for each cluster, say: not certainly the same object.
    assert_eq!(
        found(&[("dev/a.yaml", daily("name: x")), ("prod/a.yaml", daily("name: x"))]),
        [
            "info ref/duplicate-object prod/a.yaml:3 CronJob x is already defined at dev/a.yaml:3, if both go to the same \
             namespace"
        ]
    );
    assert_eq!(
        found(&[
            ("dev/a.yaml", daily("name: x, namespace: batch")),
            ("prod/a.yaml", daily("name: x, namespace: batch")),
            ("prod/b.yaml", daily("name: x, namespace: etl"))
        ]),
        [
            "error ref/duplicate-object prod/a.yaml:3 CronJob x in namespace batch is already defined at dev/a.yaml:3"
        ]
    );
    // Each is compared with what stands beside it first.
    assert_eq!(
        found(&[
            ("dev/a.yaml", daily("name: x")),
            ("prod/a.yaml", daily("name: x")),
            ("prod/b.yaml", daily("name: x")),
        ])[1],
        "error ref/duplicate-object prod/b.yaml:3 CronJob x is already defined at prod/a.yaml:3"
    );
    // The same group: an old version of the API is the same object still.
    let old = daily("name: x").replace("batch/v1", "batch/v1beta1");
    assert_eq!(found(&[("a.yaml", old), ("b.yaml", daily("name: x"))]).len(), 1);
    assert_eq!(found(&[("a.yaml", daily("generateName: x")), ("b.yaml", daily("generateName: x"))]), NOTHING);
}

/// Files with one CronJob each, `metadata` and schedule by number.
fn files(count: usize, one: impl Fn(usize) -> (String, &'static str)) -> Vec<(String, String)> {
    (0..count)
        .map(|number| {
            let (metadata, schedule) = one(number);
            (format!("{number:02}.yaml"), cron_job(&metadata, schedule))
        })
        .collect()
}

/// What unsafe fixes make of the files: the schedules, what is left of the rule, and whether it was promised.
fn spread(policy: &Policy, files: &[(String, String)]) -> (Vec<String>, usize, Vec<Option<Safety>>) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter::new(policy, now);
    let sources = |files: &[(String, String)]| -> Vec<Source> {
        let source =
            |(name, text): &(String, String)| Source::Text { name: name.clone(), bytes: text.clone().into() };
        files.iter().map(source).collect()
    };
    let collisions = |report: &Report| -> Vec<Option<Safety>> {
        let found = report.diagnostics.iter().filter(|found| found.rule.id() == "cron/collision");
        found.map(|found| found.fix).collect()
    };
    let promised = collisions(&linter.lint(&sources(files)).report);
    let fixed = linter.fix(&sources(files), Safety::Safe, &|| {});
    assert!(fixed.texts.is_empty(), "{:?}", fixed.texts);
    let fixed = linter.fix(&sources(files), Safety::Unsafe, &|| {});
    let mut after = files.to_vec();
    for text in &fixed.texts {
        assert_eq!(text.before, files[text.source].1);
        after[text.source].1.clone_from(&text.after);
    }
    let found: usize = fixed.texts.iter().map(|text| text.findings).sum();
    assert_eq!(found > 0, !fixed.texts.is_empty());
    let again = linter.fix(&sources(&after), Safety::Unsafe, &|| {});
    assert!(again.texts.is_empty(), "a second run changes more: {:?}", again.texts);
    let schedules = after.iter().map(|(_, text)| {
        let line = text.lines().find(|line| line.contains("schedule:")).unwrap();
        line.trim().trim_start_matches("schedule: ").trim_matches('"').to_owned()
    });
    (schedules.collect(), collisions(&fixed.outcome.report).len(), promised)
}

#[test]
fn a_crowd_over_many_files_is_spread() {
    let policy = preset(Preset::Strict);
    let files = files(11, |number| (format!("name: report-{number:02}, namespace: batch"), "0 2 * * *"));
    let (schedules, left, promised) = spread(&policy, &files);
    assert_eq!(&schedules[1..3], ["57 2 * * *", "12 2 * * *"]);
    assert!(schedules.iter().all(|schedule| schedule.ends_with(" 2 * * *") && !schedule.starts_with("0 ")));
    assert_eq!((left, promised), (0, vec![Some(Safety::Unsafe)]));
}

/// Too many for an hour: no longer all in one minute, and more than the policy lets pass in several.
#[test]
fn what_makes_a_crowd_smaller_is_done_and_not_promised() {
    let policy = policy("  rules: {cron/collision: {level: warn, max: 1}}\n");
    let files = files(40, |number| (format!("name: report-{number}, namespace: batch"), "@hourly"));
    let (schedules, left, promised) = spread(&policy, &files);
    assert!(schedules.iter().all(|schedule| schedule.ends_with(" * * * *")));
    assert!(left > 1);
    assert_eq!(promised, [None]);
}

#[test]
fn only_round_minutes_of_named_cron_jobs_are_moved() {
    let policy = preset(Preset::Strict);
    let named = |number: usize| format!("name: report-{number:02}, namespace: batch");
    // Somebody chose the minute.
    let chosen = files(11, |number| (named(number), "30 2 * * *"));
    let (schedules, left, promised) = spread(&policy, &chosen);
    assert!(schedules.iter().all(|schedule| schedule == "30 2 * * *"));
    assert_eq!((left, promised), (1, vec![None]));
    // Nobody knows the names yet.
    let generated = files(11, |_| ("generateName: report-, namespace: batch".to_owned(), "0 2 * * *"));
    assert_eq!(spread(&policy, &generated).1, 1);
    // A mixture: those that can be moved are, which is enough.
    let mixed = files(12, |number| (named(number), if number < 6 { "0 2 * * *" } else { "0,30 2 * * *" }));
    let (schedules, left, promised) = spread(&policy, &mixed);
    assert_eq!(schedules[1], "57 2 * * *");
    assert!(schedules[6..].iter().all(|schedule| schedule == "0,30 2 * * *"));
    assert_eq!((left, promised), (0, vec![Some(Safety::Unsafe)]));
}

#[test]
fn an_annotation_keeps_a_cron_job_where_it_is() {
    let policy = preset(Preset::Strict);
    let ignored = |which: usize| {
        move |number: usize| {
            let annotation = "annotations: {jobguard.dev/ignore: cron/collision}";
            let metadata = format!("name: report-{number:02}, namespace: batch");
            (if number == which { format!("{metadata}, {annotation}") } else { metadata }, "0 2 * * *")
        }
    };
    let (schedules, left, promised) = spread(&policy, &files(12, ignored(5)));
    assert_eq!((schedules[5].as_str(), schedules[1].as_str()), ("0 2 * * *", "57 2 * * *"));
    assert_eq!((left, promised), (0, vec![Some(Safety::Unsafe)]));
    // That the first ignores it silences it for none of the others.
    let (schedules, left, promised) = spread(&policy, &files(12, ignored(0)));
    assert_eq!((schedules[0].as_str(), schedules[1].as_str()), ("0 2 * * *", "57 2 * * *"));
    assert_eq!((left, promised), (0, vec![Some(Safety::Unsafe)]));
}

/// The same CronJob in two files.
fn twice(namespace: &str) -> [(&'static str, String); 2] {
    let manifest = cron_job(&format!("name: x, namespace: {namespace}"), "0 3 * * *");
    [("a.yaml", manifest.clone()), ("b.yaml", manifest)]
}

#[test]
fn the_level_is_that_of_the_object_it_is_about() {
    let policy = policy(
        "  overrides:\n  - match: {namespaces: [dev]}\n    rules: {ref/duplicate-object: off}\n  - match: {namespaces: [etl]}\n    rules: {ref/duplicate-object: warn}\n",
    );
    assert_eq!(lint(&policy, DUPLICATE, &twice("dev")), NOTHING);
    assert!(lint(&policy, DUPLICATE, &twice("etl"))[0].starts_with("warning "));
    assert!(lint(&policy, DUPLICATE, &twice("batch"))[0].starts_with("error "));
}

#[test]
fn an_override_alone_may_turn_a_rule_on() {
    let policy = policy(
        "  rules: {ref/duplicate-object: off}\n  overrides:\n  - match: {namespaces: [etl]}\n    rules: {ref/duplicate-object: warn}\n",
    );
    assert_eq!(lint(&policy, DUPLICATE, &twice("dev")), NOTHING);
    assert!(lint(&policy, DUPLICATE, &twice("etl"))[0].starts_with("warning "));
}

#[test]
fn the_annotation_of_the_object_it_is_about_counts() {
    let policy = policy("  suppressions: {levels: [deny]}\n");
    let rules = &["ref/duplicate-object", "suppression/unused", "suppression/not-allowed"];
    let plain = cron_job("name: x", "0 3 * * *");
    let ignoring = cron_job("name: x, annotations: {jobguard.dev/ignore: ref/duplicate-object}", "0 3 * * *");
    let files = |first: &String, second: &String| [("a.yaml", first.clone()), ("b.yaml", second.clone())];
    assert_eq!(lint(&policy, rules, &files(&plain, &ignoring)), NOTHING);
    // The finding is about the second, so that on the first the annotation ignores nothing.
    let found = lint(&policy, rules, &files(&ignoring, &plain));
    assert!(found[0].starts_with("info suppression/unused a.yaml"), "{found:?}");
    assert!(found[1].starts_with("error ref/duplicate-object b.yaml"), "{found:?}");
    assert_eq!(found.len(), 2);
    // Strict does not let an annotation ignore what is denied.
    let found = lint(&preset(Preset::Strict), rules, &files(&plain, &ignoring));
    assert!(found.iter().any(|line| line.contains("suppression/not-allowed b.yaml")), "{found:?}");
}

#[test]
fn who_sees_one_object_alone_passes_these_rules_over() {
    let policy = preset(Preset::Strict);
    let manifest = cron_job(
        "name: x, annotations: {jobguard.dev/ignore: 'ref/duplicate-object, cron/never-fires'}",
        "0 3 * * *",
    );
    let documents = manifest::read(&manifest);
    let tree = documents[0].content.as_ref().unwrap();
    let server = crate::support::server();
    let workload = server.decode(tree, tree.root(), Kind::CronJob).workload.unwrap();
    let object = Object::created(&server, workload, |_| false);
    let context = Context {
        registry: registry(),
        policy: &policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    };
    let verdict = check(&object, &context);
    assert!(verdict.kept.is_empty() && !verdict.incomplete);
    // What is passed over may be found elsewhere: only the other name is unused.
    let unused: Vec<&str> = verdict
        .findings
        .iter()
        .filter(|finding| finding.rule.id() == "suppression/unused")
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(unused, ["the annotation ignores cron/never-fires, which finds nothing here"]);
}

fn crowd(count: usize, schedule: &str) -> String {
    (0..count).fold(String::new(), |mut out, number| {
        write!(out, "---\n{}", cron_job(&format!("name: crowd-{number}"), schedule)).unwrap();
        out
    })
}

#[test]
fn crowds_across_files() {
    let policy = preset(Preset::Strict);
    let rules = &["cron/collision"];
    let files =
        [("a.yaml", crowd(6, "0 2 * * *")), ("b.yaml", crowd(5, "0 */2 * * *").replace("crowd", "other"))];
    assert_eq!(
        lint(&policy, rules, &files),
        [
            "warning cron/collision a.yaml:6 11 CronJobs fire in the same minute, 2026-01-01 02:00 Etc/UTC: this one, \
             crowd-1, crowd-2, crowd-3 and 7 more"
        ]
    );
    let fewer = "  extends: strict\n  rules: {cron/collision: {max: 5}}\n";
    // Those of the fullest minute have been named; the rest are too few.
    assert_eq!(lint(&self::policy(fewer), rules, &files).len(), 1);
    let off_for_some =
        "  extends: strict\n  overrides:\n  - match: {names: [crowd-*]}\n    rules: {cron/collision: off}\n";
    assert_eq!(lint(&self::policy(off_for_some), rules, &files), NOTHING);
    let suspended = crowd(11, "0 2 * * *").replace("  timeZone", "  suspend: true\n  timeZone");
    assert_eq!(lint(&policy, rules, &[("a.yaml", suspended)]), NOTHING);
}

#[test]
fn the_order_of_findings_is_the_same_in_every_run() {
    let files: Vec<(String, String)> = (0..40)
        .map(|number| {
            (
                format!("{number:02}.yaml"),
                crowd(3, "0 * * * *").replace("crowd", &format!("c{}", number % 20)),
            )
        })
        .collect();
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let rules = &["cron/collision", "ref/duplicate-object"];
    let first = lint(&preset(Preset::Strict), rules, &files);
    assert_eq!(first.len(), 61);
    for _ in 0..3 {
        assert_eq!(lint(&preset(Preset::Strict), rules, &files), first);
    }
}

/// Objects beside a Job count wherever they are in the input, and a Job's own namespace tells which of them do.
#[test]
fn objects_of_other_files_are_known() {
    let policy = preset(Preset::Recommended);
    let job = |namespace: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a{namespace}}}\nspec: {{template: {{metadata: {{labels: {{app: x}}}}, \
             spec: {{restartPolicy: Never, containers: [{{name: a, image: 'a:1'}}]}}}}}}\n"
        )
    };
    let other = |api: &str, namespace: &str, spec: &str| {
        format!("apiVersion: {api}\nmetadata: {{name: team{namespace}}}\nspec: {spec}\n")
    };
    let budget = |namespace| {
        other(
            "policy/v1\nkind: PodDisruptionBudget",
            namespace,
            "{maxUnavailable: 1, selector: {matchLabels: {app: x}}}",
        )
    };
    let quota = |namespace| other("v1\nkind: ResourceQuota", namespace, "{hard: {cpu: 1}}");
    let in_a = ", namespace: a";
    for (of_job, of_others, said) in [
        // Together in a namespace, wherever they stand.
        (("one/job.yaml", in_a), ("two/all.yaml", in_a), Some("warning")),
        (("one/job.yaml", in_a), ("one/all.yaml", ", namespace: b"), None),
        // Applied together.
        (("one/job.yaml", ""), ("one/all.yaml", ""), Some("warning")),
        (("one/job.yaml", ""), ("two/all.yaml", ""), None),
        (("one/job.yaml", ""), ("one/all.yaml", in_a), Some("info")),
        (("one/job.yaml", ""), ("two/all.yaml", in_a), None),
    ] {
        let rules = ["ref/disruption-budget", "ref/quota-needs-resources"];
        let others = format!("{}---\n{}", budget(of_others.1), quota(of_others.1));
        let files = [(of_job.0, job(of_job.1)), (of_others.0, others)];
        let found = lint(&policy, &rules, &files);
        let expected = said.map_or(0, |_| rules.len());
        assert_eq!(found.len(), expected, "{of_job:?} {of_others:?}: {found:?}");
        assert!(found.iter().all(|one| one.starts_with(said.unwrap_or_default())), "{found:?}");
    }
}

/// That something is missing is not said where it may be in what is not read.
#[test]
fn nothing_is_missed_where_not_all_is_read() {
    let policy = preset(Preset::Recommended);
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {restartPolicy: Never, \
               containers: [{name: a, image: 'a:1', envFrom: [{configMapRef: {name: settings}}]}]}}}\n";
    let others = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: completely-different}\n";
    let missed = |more: &str| {
        let files = [
            ("a/job.yaml", job.to_owned()),
            ("a/others.yaml", others.to_owned()),
            ("b/more.yaml", more.to_owned()),
        ];
        lint(&policy, &["ref/missing-object"], &files).len()
    };
    assert_eq!(missed("kind: Nothing\n"), 1);
    for more in [
        "a: [\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
    ] {
        assert_eq!(missed(more), 0, "{more}");
    }
}
