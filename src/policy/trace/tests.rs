//! What a trace says is what holds.

use serde_json::Value;

use super::*;
use crate::policy::testing::CATALOG;
use crate::policy::{Owner, Policy};
use jobguard_apiserver::Kind;
use proptest::prelude::*;

const BASE: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: base}
spec:
  extends: strict
  mode: warn
  rules:
    cron/frequency: {max: 9}
  overrides:
  - match: {kinds: [Job]}
    rules: {job/deadline: deny}
";

const TOP: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: top}
spec:
  extends: base.yaml
  rules:
    cron/*: warn
    job/deadline: off
    cron/frequency:
      loud: true
  defaults:
    timeZone: Etc/UTC
    labels: {a: x}
    ttlSecondsAfterFinished: null
  overrides:
  - match: {namespaces: [dev-*]}
    rules: {'*': info, cron/time-zone: 'off'}
    defaults: {labels: null, restartPolicy: OnFailure}
  - match: {names: [nightly]}
    rules: {cron/frequency: {level: deny, max: 2}}
";

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

fn loader(_: &str, path: &str) -> Result<Source, String> {
    Ok(source(path, BASE))
}

fn traced(text: &str, subject: Option<&Subject<'_>>) -> Trace {
    read(&source("top.yaml", text), CATALOG, &loader, subject).unwrap()
}

/// Holds a trace against what the policy itself says.
fn hold(trace: &Trace, policy: &Policy, subject: Option<&Subject<'_>>) {
    assert_eq!(trace.policy, *policy);
    let views = subject.map(|subject| policy.views(subject));
    let settings = views.as_ref().map_or(policy.base(), |views| &views.own);
    for (index, (rule, setting)) in trace.rules.iter().zip(&settings.rules).enumerate() {
        assert_eq!(rule.level(), setting.level, "{} {subject:?}", rule.spec.id);
        let options: Vec<_> =
            rule.options.iter().map(|(name, steps)| (*name, steps.last().unwrap().value.clone())).collect();
        let mut set: Vec<_> = setting.options.iter().map(|(name, value)| (name, value.clone())).collect();
        let mut options = options;
        options.sort_by_key(|(name, _)| *name);
        set.sort_by_key(|(name, _)| *name);
        assert_eq!(options, set, "{}", rule.spec.id);
        let beside = views.as_ref().and_then(|views| views.beside(index, false)).map(|other| other.level);
        let stricter = beside.filter(|level| *level > setting.level);
        assert_eq!(
            rule.beside.as_ref().map(|steps| steps.last().unwrap().value),
            stricter,
            "{}",
            rule.spec.id
        );
        for step in &rule.level {
            assert_ne!(step.origin, Origin::BuiltIn, "{}", rule.spec.id);
        }
    }
    let filled: Vec<(String, Value)> = (trace.defaults.iter())
        .filter(|each| !each.value().is_null())
        .map(|each| (each.key.clone(), each.value().clone()))
        .collect();
    let wanted: Vec<(String, Value)> =
        defaults::entries(&settings.defaults).into_iter().map(|(key, (_, value))| (key, value)).collect();
    assert_eq!(filled, wanted);
    for each in &trace.defaults {
        assert!(each.steps.iter().all(|step| step.origin != Origin::BuiltIn), "{}", each.key);
    }
}

#[test]
fn a_trace_is_what_holds() {
    let policy = load::read(&source("top.yaml", TOP), CATALOG, &loader).unwrap();
    hold(&traced(TOP, None), &policy, None);
    let claimed = Owner { group: "batch", kind: "CronJob", name: "nightly", labels: None, in_doubt: true };
    for subject in [
        Subject::new(Kind::CronJob, "nightly"),
        Subject::new(Kind::Job, "nightly"),
        Subject { namespace: Some("dev-a"), ..Subject::new(Kind::CronJob, "nightly") },
        Subject { namespace: Some("dev-a"), ..Subject::new(Kind::Job, "other") },
        Subject { owner: Some(claimed), ..Subject::new(Kind::Job, "other") },
        Subject { owner: Some(Owner { in_doubt: false, ..claimed }), ..Subject::new(Kind::Job, "other") },
    ] {
        hold(&traced(TOP, Some(&subject)), &policy, Some(&subject));
    }
    #[cfg(feature = "own-rules")]
    for subject in [None, Some(Subject::new(Kind::CronJob, "nightly"))] {
        let policy = load::read(&source("top.yaml", OWN), CATALOG, &own_loader).unwrap();
        let traced = read(&source("top.yaml", OWN), CATALOG, &own_loader, subject.as_ref()).unwrap();
        hold(&traced, &policy, subject.as_ref());
    }
    for each in Preset::ALL {
        let policy = load::preset(each, CATALOG).unwrap();
        hold(&preset(each, CATALOG, None).unwrap(), &policy, None);
    }
}

fn origin_of<T: PartialEq + Clone>(steps: &[Step<T>]) -> String {
    let place = |origin: &Origin| match origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Preset(preset) => preset.to_string(),
        Origin::File { file, line, key, of_override } => {
            format!(
                "{file}:{line}{}{}",
                key.as_deref().unwrap_or(""),
                of_override.map_or(String::new(), |n| format!("#{n}"))
            )
        }
    };
    steps.iter().map(|step| place(&step.origin)).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_place_is_named() {
    let subject = Subject { namespace: Some("dev-a"), ..Subject::new(Kind::CronJob, "nightly") };
    let trace = traced(TOP, Some(&subject));
    let of = |id: &str| trace.rules.iter().find(|rule| rule.spec.id == id).unwrap();
    assert_eq!(
        origin_of(&of("cron/frequency").level),
        "strict top.yaml:7cron/* top.yaml:17*#1 top.yaml:20#2"
    );
    assert_eq!(origin_of(&of("cron/time-zone").level), "strict top.yaml:7cron/* top.yaml:17#1");
    assert_eq!(origin_of(&of("job/deadline").level), "strict top.yaml:8");
    assert_eq!(
        origin_of(of("job/deadline").beside.as_deref().unwrap()),
        "strict top.yaml:8 base.yaml:11#1 top.yaml:17*#1"
    );
    let options: Vec<String> = of("cron/frequency")
        .options
        .iter()
        .map(|(name, steps)| format!("{name} {}", origin_of(steps)))
        .collect();
    assert_eq!(options, ["max base.yaml:8 top.yaml:20#2", "loud top.yaml:10"]);
    let default = |key: &str| origin_of(&trace.defaults.iter().find(|each| each.key == key).unwrap().steps);
    assert_eq!(default("timeZone"), "top.yaml:12");
    assert_eq!(default("labels[a]"), "top.yaml:13 top.yaml:18#1");
    assert_eq!(default("ttlSecondsAfterFinished"), "strict top.yaml:14");
    assert_eq!(default("restartPolicy"), "strict top.yaml:18#1");
    let general = |key: &str| origin_of(&trace.general.iter().find(|each| each.key == key).unwrap().steps);
    assert_eq!(general("mode"), "base.yaml:6");
    assert_eq!(general("suppressions.levels"), "strict");
    assert_eq!(general("onTimeout"), "built in");
    assert_eq!(trace.files, ["top.yaml", "base.yaml", "strict"]);
    let matched: Vec<Matched> = trace.overrides.iter().filter_map(|item| item.matches).collect();
    assert_eq!(matched, [Matched::Template, Matched::Own, Matched::Own]);
}

#[cfg(feature = "own-rules")]
const OWN_BASE: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: base}
spec:
  customRules:
  - id: acme/a
    level: info
    expression: 'true'
  - {id: acme/b, expression: 'true'}
  rules: {acme/b: off}
  overrides:
  - match: {names: [nightly]}
    rules: {acme/a: off}
";

#[cfg(feature = "own-rules")]
const OWN: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: top}
spec:
  extends: base.yaml
  customRules:
  - {id: acme/c, expression: 'true'}
  - {id: acme/b, level: deny, expression: 'false'}
  rules:
    acme/*: info
";

#[cfg(feature = "own-rules")]
fn own_loader(_: &str, path: &str) -> Result<Source, String> {
    Ok(source(path, OWN_BASE))
}

/// A rule of a policy's own comes from where it is defined, in whichever file of the chain.
#[cfg(feature = "own-rules")]
#[test]
fn own_rules_come_from_where_they_are_defined() {
    let subject = Subject::new(Kind::CronJob, "nightly");
    let origins = |id: &str, subject: Option<&Subject<'_>>| {
        let trace = read(&source("top.yaml", OWN), CATALOG, &own_loader, subject).unwrap();
        let rule = trace.rules.iter().find(|rule| rule.spec.id == id).unwrap();
        origin_of(&rule.level)
    };
    assert_eq!(origins("acme/a", None), "base.yaml:6 top.yaml:10acme/*");
    assert_eq!(origins("acme/a", Some(&subject)), "base.yaml:6 top.yaml:10acme/* base.yaml:13#1");
    assert_eq!(origins("acme/b", None), "base.yaml:9 base.yaml:10 top.yaml:8");
    assert_eq!(origins("acme/c", None), "top.yaml:7");
    // A definition without a level leaves the one that there is, which comes from where it is said.
    let text = OWN.replace("level: deny, ", "");
    let trace = read(&source("top.yaml", &text), CATALOG, &own_loader, None).unwrap();
    let rule = trace.rules.iter().find(|rule| rule.spec.id == "acme/b").unwrap();
    assert_eq!(origin_of(&rule.level), "base.yaml:9 base.yaml:10");
}

proptest! {
    /// Any rules in any order of overrides: the trace follows what the policy does.
    #[test]
    fn a_trace_follows_any_overrides(picks in proptest::collection::vec((0..6usize, 0..4usize, 0..4usize), 0..6)) {
        const MATCHES: [&str; 4] = ["kinds: [Job]", "namespaces: [a]", "names: ['n*']", "ownerKinds: [CronJob]"];
        const RULES: [&str; 6] =
            ["'*'", "cron/*", "job/*", "cron/frequency", "cron/time-zone", "job/deadline"];
        const LEVELS: [&str; 4] = ["deny", "warn", "info", "off"];
        let mut text = String::from(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: t}\nspec:\n  overrides:\n",
        );
        for (rule, level, matching) in &picks {
            text += &format!("  - match: {{{}}}\n    rules: {{{}: {}}}\n", MATCHES[*matching], RULES[*rule], LEVELS[*level]);
        }
        let policy = load::read(&source("top.yaml", &text), CATALOG, &loader).unwrap();
        let owner = Owner { group: "batch", kind: "CronJob", name: "x", labels: None, in_doubt: true };
        for subject in [
            Subject { namespace: Some("a"), ..Subject::new(Kind::CronJob, "n") },
            Subject { owner: Some(owner), ..Subject::new(Kind::Job, "n") },
        ] {
            hold(&traced(&text, Some(&subject)), &policy, Some(&subject));
        }
    }
}
