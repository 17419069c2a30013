//! Policy files from text to settings: what they say, what is wrong with them, and where.

use std::borrow::Cow;
use std::collections::BTreeMap;

use insta::assert_snapshot;
use jobguard::apiserver::Kind;
use jobguard::policy::discover;
use jobguard::policy::load::{self, Source};
use jobguard::policy::{
    ControllerJobs, Existing, Level, Mode, OnTimeout, OptionKind, OptionSpec, Owner, Policy, PolicyErrors,
    Preset, PresetLevels, RuleSpec, Settings, Subject, preset, schema,
};
use proptest::prelude::*;

/// The catalog that the unit tests use.
#[path = "../../src/policy/testing.rs"]
mod catalog;

use catalog::CATALOG;

/// The presets' rules, which the built-in files must agree with, are those of the real catalog. Here `extends`
/// leads to files.
fn read(text: &str, others: &[(&str, &str)]) -> Result<Policy, PolicyErrors> {
    let source = Source { name: "jobguard.yaml".to_owned(), text: text.to_owned() };
    let mut files: BTreeMap<String, String> =
        others.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    files.insert(source.name.clone(), source.text.clone());
    load::read(&source, CATALOG, &|_, path| match files.get(path) {
        Some(text) => Ok(Source { name: path.to_owned(), text: text.clone() }),
        None => Err("no such file".to_owned()),
    })
}

fn policy(spec: &str) -> String {
    format!("apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: test\nspec:\n{spec}")
}

fn errors(text: &str) -> String {
    match read(text, &[]) {
        Ok(_) => "no errors".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

fn levels_of(settings: &Settings) -> String {
    CATALOG
        .iter()
        .zip(&settings.rules)
        .map(|(spec, setting)| format!("{}={} ", spec.id, setting.level))
        .collect()
}

fn subject<'a>(namespace: &'a str, name: &'a str) -> Subject<'a> {
    Subject { namespace: Some(namespace), ..Subject::new(Kind::Job, name) }
}

#[test]
fn the_smallest_policy_is_recommended() {
    let small = read(&policy("  {}\n"), &[]).unwrap();
    assert_eq!(small.name, "test");
    assert_eq!((small.mode, small.controller_jobs), (Mode::Enforce, ControllerJobs::Warn));
    assert_eq!(small.on_timeout, OnTimeout::Allow);
    assert!(!small.asks_for_namespace_labels());
    assert!(!small.suppressions.cover(Level::Deny) && small.suppressions.cover(Level::Warn));
    assert_eq!((small.existing, small.existing_deny_from), (Existing::Warn, None));
    assert_snapshot!(levels_of(small.base()), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=info job/deadline=warn");
    assert_eq!(small.base(), load::preset(Preset::Recommended, CATALOG).unwrap().base());
}

#[test]
fn presets_have_the_levels_that_rules_declare() {
    for preset in Preset::ALL {
        let policy = load::preset(preset, CATALOG).unwrap();
        assert_eq!(policy.name, preset.as_str());
        for (spec, setting) in CATALOG.iter().zip(&policy.base().rules) {
            assert_eq!(setting.level, preset.level(spec), "{preset} {}", spec.id);
        }
    }
    assert!(load::preset(Preset::Baseline, CATALOG).unwrap().base().defaults == Default::default());
    assert!(!load::preset(Preset::Strict, CATALOG).unwrap().suppressions.cover(Level::Deny));
}

#[test]
fn a_rendered_preset_says_the_same_when_copied() {
    for preset in Preset::ALL {
        let copy = read(&preset::render(preset, CATALOG), &[]).unwrap();
        let original = load::preset(preset, CATALOG).unwrap();
        assert_eq!(copy.base(), original.base());
        assert_eq!(copy.suppressions, original.suppressions);
    }
    assert_snapshot!(preset::render(Preset::Baseline, CATALOG), @"
    # baseline: refuses what can never be intended, and fills in nothing. A start for clusters whose
    # manifests have not been reviewed yet.
    # As `jobguard policy show baseline` prints it; a copy is yours to change.
    apiVersion: jobguard.dev/v1alpha1
    kind: JobPolicy
    metadata:
      name: baseline
    spec:
      mode: enforce
      controllerJobs: warn
      # The annotation jobguard.dev/ignore silences rules of these levels. What is denied cannot be waved through by the
      # object itself.
      suppressions:
        allow: true
        levels: [warn, info]
      # Nothing is filled in, also where this file is copied and kept without `extends`.
      defaults:
        restartPolicy: null
      # The API server's own verdict (api/*) is always an error and cannot be set.
      rules:
        # Runs follow each other too closely
        cron/frequency: off
        # No time zone is given
        cron/time-zone: off
        # Nothing ends a Job that hangs
        job/deadline: off
    ");
}

/// What becomes at noon of the day of faults that the stored object has already.
fn existing_on(policy: &Policy, day: &str) -> Option<Existing> {
    Some(policy.existing_at(format!("{day}T12:00:00Z").parse().ok()?))
}

#[test]
fn what_stands_already_is_warned_about_until_a_day() {
    let dated = read(&policy("  existing: warn\n  existingDenyFrom: 2027-03-01\n"), &[]).unwrap();
    assert_eq!(existing_on(&dated, "2027-02-28"), Some(Existing::Warn));
    assert_eq!(existing_on(&dated, "2027-03-01"), Some(Existing::Deny));
    // The day begins in UTC.
    assert_eq!(dated.existing_at("2027-02-28T23:59:59Z".parse().unwrap()), Existing::Warn);
    assert_eq!(dated.existing_at("2027-03-01T00:00:00Z".parse().unwrap()), Existing::Deny);
    let quoted = read(&policy("  existingDenyFrom: \"2027-03-01\"\n"), &[]).unwrap();
    assert_eq!(quoted.existing_deny_from, dated.existing_deny_from);
    let denying = read(&policy("  existing: deny\n"), &[]).unwrap();
    assert_eq!(existing_on(&denying, "2026-01-01"), Some(Existing::Deny));
}

#[test]
fn what_stands_already_is_inherited() {
    let over = |base: &str, spec: &str| {
        let (base, text) = (policy(base), policy(&format!("  extends: base.yaml\n{spec}")));
        let read = read(&text, &[("base.yaml", &base)]).unwrap();
        (read.existing, read.existing_deny_from.map(|date| date.to_string()))
    };
    let day = || Some("2027-03-01".to_owned());
    const DATED: &str = "  existingDenyFrom: 2027-03-01\n";
    assert_eq!(over(DATED, ""), (Existing::Warn, day()));
    assert_eq!(over("  existing: deny\n", ""), (Existing::Deny, None));
    // What is said anew holds alone.
    assert_eq!(over(DATED, "  existing: warn\n"), (Existing::Warn, None));
    assert_eq!(over(DATED, "  existing: deny\n"), (Existing::Deny, None));
    assert_eq!(over(DATED, "  existingDenyFrom: null\n"), (Existing::Warn, None));
    assert_eq!(over("  existing: deny\n", DATED), (Existing::Warn, day()));
}

#[test]
fn what_is_wrong_with_what_stands_already() {
    assert_snapshot!(errors(&policy("  existing: allow\n  existingDenyFrom: 2027-02-30\n")), @r#"
    jobguard.yaml:6:13: spec.existing: must be warn or deny, not "allow"
    jobguard.yaml:7:21: spec.existingDenyFrom: "2027-02-30" is no date (write a day that there is as YYYY-MM-DD, such as 2027-01-31)
    "#);
    assert_snapshot!(errors(&policy("  existing: deny\n  existingDenyFrom: 2027-03-01\n")), @"jobguard.yaml:7:3: spec.existingDenyFrom: has no effect beside existing: deny (remove it, or write existing: warn for what holds until that day)");
    assert_snapshot!(errors(&policy("  existingDenyFrom: 20270301\n")), @"jobguard.yaml:6:21: spec.existingDenyFrom: must be a string, not the number 20270301 (put it in quotes to make it a string)");
    assert_snapshot!(errors(&policy("  existingDenyFrom: 2027-3-1\n  existingFrom: x\n")), @r#"
    jobguard.yaml:6:21: spec.existingDenyFrom: "2027-3-1" is no date (write a day that there is as YYYY-MM-DD, such as 2027-01-31)
    jobguard.yaml:7:3: spec: unknown key "existingFrom" (did you mean existing?)
    "#);
}

#[test]
fn everything_can_be_said() {
    let text = policy(
        "  extends: strict
  mode: audit
  controllerJobs: skip
  controllers: ['system:serviceaccount:jobset-system:*']
  onTimeout: deny
  suppressions: {allow: true, levels: [info]}
  defaults:
    restartPolicy: OnFailure
    activeDeadlineSeconds: 3600
    ttlSecondsAfterFinished: null
    startingDeadlineSeconds: 300
    timeZone: Europe/Berlin
    spreadMinutes: true
    labels: {team: a}
    annotations: {example.com/note: 'any: thing'}
    template:
      labels: {team: a}
      annotations: {sidecar.istio.io/inject: 'false'}
    podFailurePolicy: {ignoreDisruptions: false}
  rules:
    job/*: info
    '*': off
    cron/frequency:
      level: warn
      max: 7
      loud: yes
      atLeast: 1h30m
      except: [b, c]
",
    );
    let policy = read(&text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((policy.mode, policy.controller_jobs), (Mode::Audit, ControllerJobs::Skip));
    assert_eq!(policy.on_timeout, OnTimeout::Deny);
    assert!(policy.names_controller("system:serviceaccount:jobset-system:jobset-controller-manager"));
    assert!(!policy.names_controller("system:serviceaccount:jobset-systems:x"));
    assert_eq!(policy.suppressions.levels, [Level::Info]);
    assert_snapshot!(levels_of(policy.base()), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=off job/deadline=info");
    let frequency = &policy.base().rules[1];
    assert_eq!(frequency.int(CATALOG[1], "max"), 7);
    assert_eq!(frequency.int(CATALOG[1], "atLeast"), 5400);
    assert!(frequency.bool(CATALOG[1], "loud"));
    assert_eq!(frequency.strings(CATALOG[1], "except").collect::<Vec<_>>(), ["b", "c"]);
    let defaults = &policy.base().defaults;
    assert_eq!(defaults.ttl_seconds_after_finished, None);
    assert_eq!(defaults.active_deadline_seconds, Some(3600));
    assert_eq!(defaults.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(defaults.template_annotations["sidecar.istio.io/inject"], "false");
    assert!(!defaults.ignore_disruptions);
    assert!(defaults.spread_minutes);
}

#[test]
fn minutes_are_spread_where_a_policy_says_so() {
    for (base, over, expected) in [
        ("{}", "{labels: {a: b}}", [false, false]),
        ("{spreadMinutes: true}", "{labels: {a: b}}", [true, true]),
        ("{spreadMinutes: true}", "{spreadMinutes: false}", [true, false]),
        ("{spreadMinutes: true}", "{spreadMinutes: null}", [true, false]),
        ("{spreadMinutes: false}", "{spreadMinutes: true}", [false, true]),
    ] {
        let text = policy(&format!(
            "  defaults: {base}\n  overrides:\n  - match: {{kinds: [CronJob]}}\n    defaults: {over}\n"
        ));
        let policy = read(&text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(
            [
                policy.base().defaults.spread_minutes,
                policy.settings_for(&Subject::new(Kind::CronJob, "x")).defaults.spread_minutes
            ],
            expected,
            "{text}"
        );
    }
}

#[test]
fn the_more_specific_wins_in_any_order() {
    let one = read(&policy("  rules: {'*': deny, cron/*: info, cron/frequency: off}\n"), &[]).unwrap();
    let other = read(&policy("  rules: {cron/frequency: off, cron/*: info, '*': deny}\n"), &[]).unwrap();
    assert_eq!(one.base(), other.base());
    assert_snapshot!(levels_of(one.base()), @"api/restart-policy=deny cron/frequency=off cron/time-zone=info job/deadline=deny");
    // Options alone leave the level to the wildcard.
    let options = read(&policy("  rules: {cron/*: off, cron/frequency: {max: 9}}\n"), &[]).unwrap();
    assert_eq!(options.base().rules[1].level, Level::Off);
    assert_eq!(options.base().rules[1].int(CATALOG[1], "max"), 9);
}

#[test]
fn a_wildcard_switches_nothing_on() {
    // `baseline` has all of them off, `recommended` the API server's verdict and three more on.
    let level_of = |policy: &Policy, index: usize| policy.base().rules[index].level;
    for wildcard in ["'*': deny", "cron/*: deny, job/*: deny", "cron/*: {level: deny}, '*': info"] {
        let quiet = read(&policy(&format!("  extends: baseline\n  rules: {{{wildcard}}}\n")), &[]).unwrap();
        let levels: Vec<_> = (1..=3).map(|index| level_of(&quiet, index)).collect();
        assert_eq!(levels, [Level::Off; 3], "{wildcard}");
    }
    // A rule's own name does, with a level; options alone leave it to the wildcard, and so off.
    let own = read(
        &policy(
            "  extends: baseline\n  rules: {'*': deny, cron/time-zone: info, cron/frequency: {max: 9}}\n",
        ),
        &[],
    )
    .unwrap();
    assert_snapshot!(levels_of(own.base()), @"api/restart-policy=deny cron/frequency=off cron/time-zone=info job/deadline=off");
    assert_eq!(own.base().rules[1].int(CATALOG[1], "max"), 9);

    // What is extended decides, not the built-in policy beneath it.
    let org = policy("  extends: baseline\n  rules: {cron/time-zone: warn}\n");
    let team = policy("  extends: org.yaml\n  rules: {cron/*: deny}\n");
    let both = read(&team, &[("org.yaml", &org)]).unwrap();
    assert_eq!((level_of(&both, 1), level_of(&both, 2)), (Level::Off, Level::Deny));
    let org = policy("  rules: {cron/time-zone: off}\n");
    let both = read(&team, &[("org.yaml", &org)]).unwrap();
    assert_eq!((level_of(&both, 1), level_of(&both, 2)), (Level::Deny, Level::Off));
}

#[test]
fn a_wildcard_of_an_override_switches_nothing_on() {
    let text = policy(
        "  rules: {cron/time-zone: off}
  overrides:
  - match: {namespaces: [dev-*]}
    rules: {'*': info}
  - match: {namespaces: [dev-a]}
    rules: {cron/time-zone: warn, job/deadline: off}
  - match: {names: [strict-*]}
    rules: {'*': deny}
",
    );
    let policy = read(&text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let levels = |namespace, name| levels_of(&policy.settings_for(&subject(namespace, name)));
    assert_snapshot!(levels("prod", "x"), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=off job/deadline=warn");
    assert_snapshot!(levels("dev-b", "x"), @"api/restart-policy=deny cron/frequency=info cron/time-zone=off job/deadline=info");
    assert_snapshot!(levels("prod", "strict-x"), @"api/restart-policy=deny cron/frequency=deny cron/time-zone=off job/deadline=deny");
    // On and off as the overrides before it leave them.
    assert_snapshot!(levels("dev-a", "strict-x"), @"api/restart-policy=deny cron/frequency=deny cron/time-zone=deny job/deadline=off");
}

#[test]
fn what_has_no_effect_is_noted() {
    let org = policy("  extends: baseline\n  rules: {job/*: warn}\n").replace("name: test", "name: org");
    let team = policy(
        "  extends: org.yaml
  rules: {cron/frequency: warn, cron/*: deny, '*': off}
  overrides:
  - match: {namespaces: [dev-*]}
    rules: {'*': info}
  - match: {namespaceLabels: {env: dev}}
    rules: {cron/*: off}
",
    );
    let noted = read(&team, &[("org.yaml", &org)]).unwrap();
    assert_eq!(
        noted.notes(),
        [
            "policy org, spec.rules: `job/*: warn` switches on nothing that is off: job/deadline; a rule's own \
             name switches it on",
            "spec.rules: `cron/*: deny` switches on nothing that is off: cron/time-zone; a rule's own name \
             switches it on",
            "spec.overrides[0].rules: `*: info` switches on nothing that is off: cron/time-zone, job/deadline; \
             a rule's own name switches it on",
            "spec.overrides: `namespaceLabels` match nothing unless the server watches namespaces: `jobguard serve \
             --watch-namespaces`, chart value `watch.namespaces`; offline they never match",
        ]
    );
    // Where everything has its effect there is nothing to note.
    let all_on = policy(
        "  extends: strict\n  rules: {cron/*: warn, '*': deny}\n  overrides: [{match: {names: [x]}, rules: {'*': info}}]\n",
    );
    assert_eq!(read(&all_on, &[]).unwrap().notes(), [""; 0]);
    let named =
        policy("  extends: baseline\n  rules: {cron/*: warn, cron/frequency: warn, cron/time-zone: info}\n");
    assert_eq!(read(&named, &[]).unwrap().notes(), [""; 0]);
}

#[test]
fn overrides_apply_in_order() {
    let text = policy(
        "  overrides:
  - match: {namespaces: [dev-*]}
    rules: {job/*: info, cron/frequency: {max: 50}}
  - match: {namespaces: [dev-a], names: ['load-*']}
    rules: {job/deadline: off}
    defaults: {restartPolicy: null}
",
    );
    let policy = read(&text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(
        matches!(policy.settings_for(&subject("prod", "x")), Cow::Borrowed(base) if base == policy.base())
    );
    let one = policy.settings_for(&subject("dev-b", "load-1"));
    assert!(matches!(one, Cow::Borrowed(_)));
    assert_snapshot!(levels_of(&one), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=info job/deadline=info");
    let both = policy.settings_for(&subject("dev-a", "load-1"));
    assert_snapshot!(levels_of(&both), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=info job/deadline=off");
    assert_eq!(both.rules[1].int(CATALOG[1], "max"), 50);
    assert_eq!(both.defaults.restart_policy, None);
}

/// Settings of the Job that a CronJob makes, and of the CronJob's template, under these overrides.
fn family(overrides: &str, in_doubt: bool) -> (Policy, [String; 3]) {
    let text = policy(&format!("  overrides:\n{overrides}"));
    let policy = read(&text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let labels = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    let cron_job = Subject {
        namespace: Some("prod"),
        template_labels: Some(&labels),
        ..Subject::new(Kind::CronJob, "nightly")
    };
    let owner = Owner { group: "batch", kind: "CronJob", name: "nightly", labels: None, in_doubt };
    let job = Subject {
        namespace: Some("prod"),
        labels: Some(&labels),
        owner: Some(owner),
        ..Subject::new(Kind::Job, "nightly-29384756")
    };
    let deadline = |settings: &Settings| settings.rules[3].level.to_string();
    let views = policy.views(&cron_job);
    let beside = views.beside(3, false).map_or("nothing".to_owned(), |setting| setting.level.to_string());
    let all = [deadline(&views.own), beside, deadline(&policy.settings_for(&job))];
    (policy, all)
}

#[test]
fn a_cron_job_and_its_jobs_share_overrides() {
    let of = |overrides: &str| family(overrides, false).1;
    // Of the CronJob, beside it for the Job in it, of its Jobs.
    assert_eq!(
        of("  - {match: {names: [nightly]}, rules: {job/deadline: off}}\n"),
        ["off", "nothing", "off"]
    );
    assert_eq!(
        of("  - {match: {kinds: [CronJob]}, rules: {job/deadline: off}}\n"),
        ["off", "nothing", "off"]
    );
    assert_eq!(of("  - {match: {kinds: [Job]}, rules: {job/deadline: deny}}\n"), ["warn", "deny", "deny"]);
    assert_eq!(
        of("  - {match: {labels: {tier: gold}}, rules: {job/deadline: deny}}\n"),
        ["warn", "deny", "deny"]
    );
    assert_eq!(of("  - {match: {kinds: [Job]}, rules: {job/deadline: off}}\n"), ["warn", "nothing", "off"]);
    // In their order, the later ones over the earlier ones.
    let jobs = "  - {match: {kinds: [Job]}, rules: {job/deadline: deny}}\n";
    let nightly = "  - {match: {names: [nightly]}, rules: {job/deadline: info}}\n";
    assert_eq!(of(&format!("{jobs}{nightly}")), ["info", "nothing", "info"]);
    assert_eq!(of(&format!("{nightly}{jobs}")), ["info", "deny", "deny"]);
    // An owner in doubt is none.
    assert_eq!(family(nightly, true).1[2], "warn");
    // Nothing is copied where one override speaks.
    let (policy, _) = family(jobs, false);
    let one = policy.settings_for(&subject("prod", "x"));
    assert!(matches!(one, Cow::Borrowed(_)));
}

proptest! {
    /// Whatever is said of a CronJob's template is at least what is said of its Jobs, so that no CronJob is let through
    /// whose Jobs are refused.
    #[test]
    fn a_template_is_judged_no_milder_than_its_jobs(
        items in proptest::collection::vec((0usize..7, 0usize..4), 1..5)
    ) {
        let matching = ["kinds: [Job]", "kinds: [CronJob]", "names: [nightly]", "names: ['nightly-*']",
            "labels: {tier: gold}", "ownerKinds: [CronJob]", "kinds: [CronJob], labels: {tier: gold}"];
        let levels = ["off", "info", "warn", "deny"];
        let mut overrides = String::new();
        for (at, level) in items {
            overrides.push_str(&format!(
                "  - {{match: {{{}}}, rules: {{job/deadline: {}}}}}\n", matching[at], levels[level]));
        }
        let (_, [own, beside, job]) = family(&overrides, false);
        let level = |text: &str| levels.iter().position(|level| *level == text).unwrap_or(0);
        prop_assert!(level(&own).max(level(&beside)) >= level(&job), "{overrides} {own} {beside} {job}");
    }
}

#[test]
fn files_extend_files() {
    let base = policy(
        "  extends: baseline\n  mode: warn\n  defaults: {labels: {a: x, b: w}}\n  rules: {job/deadline: info, cron/frequency: {max: 3}}\n",
    );
    let text = policy(
        "  extends: base.yaml\n  defaults: {labels: {a: null, c: z}}\n  rules: {cron/frequency: {level: warn}}\n",
    );
    let policy = read(&text, &[("base.yaml", &base)]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(policy.mode, Mode::Warn);
    assert_snapshot!(levels_of(policy.base()), @"api/restart-policy=deny cron/frequency=warn cron/time-zone=off job/deadline=info");
    assert_eq!(policy.base().rules[1].int(CATALOG[1], "max"), 3);
    let labels: Vec<_> = policy.base().defaults.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(labels, ["b=w", "c=z"]);
}

#[test]
fn what_cannot_be_extended() {
    let circle = policy("  extends: b.yaml\n");
    let back = policy("  extends: jobguard.yaml\n");
    assert_snapshot!(read(&circle, &[("b.yaml", &back)]).unwrap_err(), @"b.yaml:6:12: spec.extends: jobguard.yaml extends itself, by way of b.yaml");
    let deep: Vec<(String, String)> =
        (0..20).map(|n| (format!("{n}.yaml"), policy(&format!("  extends: {}.yaml\n", n + 1)))).collect();
    let deep: Vec<(&str, &str)> = deep.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_snapshot!(read(&policy("  extends: 0.yaml\n"), &deep).unwrap_err(), @"6.yaml:6:12: spec.extends: more than 8 files extend one another");
    assert_snapshot!(errors(&policy("  extends: recomended\n")), @r#"jobguard.yaml:6:12: spec.extends: cannot read "recomended": no such file (did you mean recommended?)"#);
    let broken = policy("  mode: on\n");
    assert_snapshot!(read(&policy("  extends: b.yaml\n  mode: of\n"), &[("b.yaml", &broken)]).unwrap_err(), @r#"
    jobguard.yaml:7:9: spec.mode: must be enforce, warn or audit, not "of"
    b.yaml:6:9: spec.mode: must be enforce, warn or audit, not the boolean true
    "#);
    let alone = Source { name: "policy.yaml".to_owned(), text: policy("  extends: /etc/passwd\n") };
    assert_snapshot!(load::read(&alone, CATALOG, &load::no_files).unwrap_err(), @r#"policy.yaml:6:12: spec.extends: cannot read "/etc/passwd": other files are not read here (built in are baseline, recommended or strict)"#);
}

#[test]
fn all_faults_at_once_with_their_places() {
    let text = "apiVersion: jobguard.dev/v1
kind: JobPolicy
metadata: {name: Test}
sepc: {}
spec:
  mode: enforced
  controllerJobs: true
  suppressions: {levels: [off]}
  rules:
    cron/frequenzy: warn
    cron/frequency: {level: wran, max: 100, loud: 1, atLeast: 2d, ecxept: [], except: x}
    crom/*: off
    '*': {level: off, max: 3}
    cron/t*: off
    api/restart-policy: off
    job/deadline: true
    time-zone: info
";
    assert_snapshot!(errors(text), @r#"
    jobguard.yaml:1:13: apiVersion: must be jobguard.dev/v1alpha1, not "jobguard.dev/v1"
    jobguard.yaml:3:18: metadata.name: "Test" is not a valid name (use lower-case letters, digits, '-' and '.')
    jobguard.yaml:4:1: unknown key "sepc" (did you mean spec?)
    jobguard.yaml:6:9: spec.mode: must be enforce, warn or audit, not "enforced" (did you mean enforce?)
    jobguard.yaml:7:19: spec.controllerJobs: must be warn, enforce or skip, not the boolean true
    jobguard.yaml:8:27: spec.suppressions.levels[0]: must be deny, warn or info, not the boolean false
    jobguard.yaml:10:5: spec.rules: unknown rule "cron/frequenzy" (did you mean cron/frequency?)
    jobguard.yaml:11:29: spec.rules.cron/frequency.level: must be deny, warn, info or off, not "wran" (did you mean warn?)
    jobguard.yaml:11:40: spec.rules.cron/frequency.max: must be from 1 to 60
    jobguard.yaml:11:51: spec.rules.cron/frequency.loud: must be true or false, not the number 1
    jobguard.yaml:11:63: spec.rules.cron/frequency.atLeast: "2d" has a unit that durations do not have: use h, m and s; a day is 24h
    jobguard.yaml:11:67: spec.rules.cron/frequency: cron/frequency has no option "ecxept" (did you mean except?)
    jobguard.yaml:11:87: spec.rules.cron/frequency.except: must be a list, not the string "x"
    jobguard.yaml:12:5: spec.rules: no rules of category "crom" (did you mean cron?)
    jobguard.yaml:13:23: spec.rules.*: a wildcard takes a level only, not "max" (set options under the rule's own id)
    jobguard.yaml:14:5: spec.rules: unknown wildcard "cron/t*" (the wildcards are category/* and *)
    jobguard.yaml:15:5: spec.rules: "api/restart-policy" cannot be set: the API server decides this (what the API server refuses, drops or warns about does not depend on a policy; remove the line)
    jobguard.yaml:16:19: spec.rules.job/deadline: must be deny, warn, info or off, not the boolean true
    jobguard.yaml:17:5: spec.rules: unknown rule "time-zone" (did you mean cron/time-zone?)
    "#);
}

#[test]
fn faults_in_defaults() {
    let text = policy(
        "  defaults:
    restartPolicy: Always
    activeDeadlineSeconds: 5m
    ttlSecondsAfterFinished: -1
    startingDeadlineSeconds: 5
    timeZone: europe/berlin
    spreadMinutes: 1
    schedule: '@daily'
    suspend: true
    parallelism: 1
    backoffLimit: 3
    activeDeadlineSecond: 3
    labels: {team: -a, 'a b': x, job-name: x, n: 1}
    annotations: {jobguard.dev/ignore: '*', batch.kubernetes.io/x: y}
    template: {labels: [], name: x}
    podFailurePolicy: {ignoreDisruptions: maybe}
",
    );
    assert_snapshot!(errors(&text), @r#"
    jobguard.yaml:7:20: spec.defaults.restartPolicy: must be Never or OnFailure, not "Always"
    jobguard.yaml:8:28: spec.defaults.activeDeadlineSeconds: must be a whole number, not the string "5m" (write the number alone: 300)
    jobguard.yaml:9:30: spec.defaults.ttlSecondsAfterFinished: must be from 0 to 2147483647
    jobguard.yaml:10:30: spec.defaults.startingDeadlineSeconds: must be 10 or more (the controller looks every 10 seconds, so that runs with a shorter deadline may never start)
    jobguard.yaml:11:15: spec.defaults.timeZone: there is no time zone `europe/berlin`: upper and lower case matter (did you mean `Europe/Berlin`?)
    jobguard.yaml:12:20: spec.defaults.spreadMinutes: must be true or false, not the number 1
    jobguard.yaml:13:5: spec.defaults: schedule cannot be filled in by a policy (when a CronJob runs is its owner's to decide; spreadMinutes gives a minute to descriptors such as @daily, which name none)
    jobguard.yaml:14:5: spec.defaults: suspend cannot be filled in by a policy (only the owner of the work decides whether it runs)
    jobguard.yaml:15:5: spec.defaults: parallelism cannot be filled in by a policy (the number of Pods at work is part of what the Job does)
    jobguard.yaml:16:5: spec.defaults: backoffLimit cannot be filled in by a policy (the API server sets its own default before any webhook is called, and that cannot be distinguished from a chosen value)
    jobguard.yaml:17:5: spec.defaults: unknown key "activeDeadlineSecond" (did you mean activeDeadlineSeconds?)
    jobguard.yaml:18:20: spec.defaults.labels[team]: a label's value must be letters, digits, '-', '_' and '.', with a letter or digit at both ends
    jobguard.yaml:18:24: spec.defaults.labels[a b]: not a valid key: its name part must be letters, digits, '-', '_' and '.', with a letter or digit at both ends
    jobguard.yaml:18:34: spec.defaults.labels[job-name]: this key cannot be filled in by a policy (the API server sets it)
    jobguard.yaml:18:50: spec.defaults.labels[false]: must be a string, not the number 1 (put it in quotes to make it a string)
    jobguard.yaml:19:19: spec.defaults.annotations[jobguard.dev/ignore]: this key cannot be filled in by a policy (turn rules off under rules or overrides)
    jobguard.yaml:19:45: spec.defaults.annotations[batch.kubernetes.io/x]: this key cannot be filled in by a policy (the Job and CronJob controllers set it)
    jobguard.yaml:20:24: spec.defaults.template.labels: must be an object, not a list
    jobguard.yaml:20:28: spec.defaults.template: unknown key "name" (known here: labels, annotations)
    jobguard.yaml:21:43: spec.defaults.podFailurePolicy.ignoreDisruptions: must be true or false, not the string "maybe"
    "#);
}

#[test]
fn faults_in_overrides() {
    let text = policy(
        "  overrides:
  - rules: {job/deadline: off}
  - match: {}
    rules: {job/deadline: off}
  - match: {namespaces: [Prod, a_b], names: [], kinds: [Pod]}
    rules: {job/deadline: off}
  - match: {names: [a]}
  - match: {labels: {team: 3}, namespaceLabels: {}}
    mode: audit
  - nothing
  - match: {ownerKinds: [Job Set, ''], users: [], ownerKind: JobSet}
    rules: {job/deadline: off}
",
    );
    assert_snapshot!(errors(&text), @r#"
    jobguard.yaml:7:5: spec.overrides[0]: match is missing (say which objects it is for, by namespaces, names, labels, namespaceLabels, kinds, ownerKinds or users)
    jobguard.yaml:8:12: spec.overrides[1].match: has no condition (what is for every object belongs in spec.rules and spec.defaults)
    jobguard.yaml:10:26: spec.overrides[2].match.namespaces[0]: "Prod" matches no name (names have lower-case letters, digits, '-' and '.'; `*` and `?` are wildcards)
    jobguard.yaml:10:32: spec.overrides[2].match.namespaces[1]: "a_b" matches no name (names have lower-case letters, digits, '-' and '.'; `*` and `?` are wildcards)
    jobguard.yaml:10:45: spec.overrides[2].match.names: is empty (an empty list matches no object; leave the key out to match all)
    jobguard.yaml:10:57: spec.overrides[2].match.kinds[0]: must be Job or CronJob, not "Pod"
    jobguard.yaml:12:5: spec.overrides[3]: this override changes nothing (add rules or defaults)
    jobguard.yaml:13:28: spec.overrides[4].match.labels[team]: must be a string, not the number 3 (put it in quotes to make it a string)
    jobguard.yaml:13:49: spec.overrides[4].match.namespaceLabels: is empty (leave the key out to match all)
    jobguard.yaml:14:5: spec.overrides[4]: unknown key "mode" (known here: match, rules, defaults)
    jobguard.yaml:15:5: spec.overrides[5]: must be an object, not the string "nothing"
    jobguard.yaml:16:26: spec.overrides[6].match.ownerKinds[0]: "Job Set" matches no kind (write a kind, such as JobSet, or a kind and its group, such as JobSet.jobset.x-k8s.io; `*` and `?` are wildcards)
    jobguard.yaml:16:35: spec.overrides[6].match.ownerKinds[1]: "" matches no kind (write a kind, such as JobSet, or a kind and its group, such as JobSet.jobset.x-k8s.io; `*` and `?` are wildcards)
    jobguard.yaml:16:47: spec.overrides[6].match.users: is empty (an empty list matches no object; leave the key out to match all)
    jobguard.yaml:16:51: spec.overrides[6].match: unknown key "ownerKind" (did you mean ownerKinds?)
    "#);
}

#[test]
fn controllers_are_named_and_taken_back() {
    let base = policy("  controllers: ['a*']\n");
    let of = |spec: &str| {
        read(&policy(&format!("  extends: base.yaml\n{spec}")), &[("base.yaml", &base)]).unwrap()
    };
    assert!(of("").names_controller("ab"));
    assert!(!of("  controllers: []\n").names_controller("ab"));
    assert!(
        of("  controllers: [b]\n").names_controller("b")
            && !of("  controllers: [b]\n").names_controller("ab")
    );
    assert_snapshot!(errors(&policy("  controllers: ['', 3]\n")), @r#"
    jobguard.yaml:6:17: spec.controllers[0]: "" matches no user (write a user's name, such as system:serviceaccount:NAMESPACE:NAME; `*` and `?` are wildcards)
    jobguard.yaml:6:21: spec.controllers[1]: must be a string, not the number 3 (put it in quotes to make it a string)
    "#);
}

#[test]
fn no_policy_at_all() {
    assert_snapshot!(errors(""), @"jobguard.yaml:1:1: holds no policy");
    assert_snapshot!(errors("- a\n"), @"jobguard.yaml:1:1: this is not a policy (a policy starts with `apiVersion: jobguard.dev/v1alpha1` and `kind: JobPolicy`)");
    assert_snapshot!(errors("kind: Job\n"), @r#"
    jobguard.yaml:1:1: apiVersion is missing (write jobguard.dev/v1alpha1)
    jobguard.yaml:1:1: metadata.name is missing
    jobguard.yaml:1:1: spec is missing
    jobguard.yaml:1:7: kind: must be JobPolicy, not "Job"
    "#);
    assert_snapshot!(errors(&format!("{}---\nmore: here\n", policy("  {}\n"))), @"jobguard.yaml:8:1: a second document begins here (a file holds one policy)");
    assert_snapshot!(errors("kind: [\n"), @"jobguard.yaml:1:7: the `[` opened here is never closed (add the \
                                            closing `]`, or put the value in quotes if it is a string)");
}

#[test]
fn keys_given_twice() {
    assert_snapshot!(errors(&policy("  mode: warn\n  rules: {job/deadline: off}\n  mode: audit\n")), @r#"jobguard.yaml:6:3: spec: the key "mode" is given again below (keep one of them)"#);
    // A merge key is meant to be overridden.
    let merged = policy(
        "  overrides:\n  - match: {names: [a]}\n    rules: &r {job/deadline: off}\n  - match: {names: [b]}\n    rules: {<<: *r, job/deadline: info}\n",
    );
    assert_eq!(errors(&merged), "no errors");
}

#[test]
fn json_is_read_too() {
    let text = r#"{"apiVersion":"jobguard.dev/v1alpha1","kind":"JobPolicy","metadata":{"name":"a"},"spec":{"mode":"warm"}}"#;
    assert_snapshot!(errors(text), @r#"jobguard.yaml:1:97: spec.mode: must be enforce, warn or audit, not "warm" (did you mean warn?)"#);
}

#[test]
fn files_are_found_upwards_within_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("repo/charts/x");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(folder.path().join("jobguard.yaml"), "").unwrap();
    assert_eq!(discover::discover(&inner), Some(folder.path().join("jobguard.yaml")));
    std::fs::create_dir(folder.path().join("repo/.git")).unwrap();
    assert_eq!(discover::discover(&inner), None);
    std::fs::write(folder.path().join("repo/jobguard.yaml"), "").unwrap();
    let found = Some(folder.path().join("repo/jobguard.yaml"));
    assert_eq!(discover::discover(&inner), found);
    assert_eq!(discover::discover(&inner.join("values.yaml")), found);
}

#[test]
fn files_are_read_relative_to_one_another() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("team")).unwrap();
    std::fs::write(folder.path().join("org.yaml"), policy("  extends: ./team/none.yaml\n")).unwrap();
    let path = folder.path().join("team/jobguard.yaml");
    std::fs::write(&path, policy("  extends: ../org.yaml\n")).unwrap();
    let errors = load::read_file(&path, CATALOG).unwrap_err();
    assert_eq!(errors.len(), 1);
    let error = errors.iter().next().unwrap();
    assert!(error.file.ends_with("org.yaml"), "{error}");
    assert_eq!((error.line, error.column), (6, 12));
    std::fs::write(folder.path().join("team/none.yaml"), policy("  extends: strict\n")).unwrap();
    assert!(load::read_file(&path, CATALOG).is_ok());
    assert!(load::read_file(&folder.path().join("absent.yaml"), CATALOG).is_err());
}

#[test]
fn the_schema_knows_rules_and_options() {
    let schema = schema::generate(CATALOG);
    let rules = &schema["definitions"]["rules"]["properties"];
    let names: Vec<_> = rules.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["*", "cron/*", "cron/frequency", "cron/time-zone", "job/*", "job/deadline"]);
    let max = &rules["cron/frequency"]["then"]["properties"]["max"];
    assert_eq!((max["minimum"].as_i64(), max["maximum"].as_i64()), (Some(1), Some(60)));
}

proptest! {
    #[test]
    fn never_panics(text in "[a-z*/:{}\\[\\], \n-]{0,80}") {
        let _ = read(&policy(&text), &[]);
        let _ = read(&text, &[]);
    }

    #[test]
    fn every_fault_has_a_place_in_its_file(line in 0usize..25, junk in "[a-zA-Z0-9é*: {}'-]{0,12}") {
        let mut text = preset::render(Preset::Strict, CATALOG);
        let at = text.match_indices('\n').nth(line).map_or(text.len(), |(at, _)| at);
        text.insert_str(at, &junk);
        if let Err(errors) = read(&text, &[]) {
            for error in &errors {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
                prop_assert!(text.is_char_boundary(error.span.start));
            }
        }
    }
}
