//! What a policy's own rules say, what is wrong with them, and where.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use crate::policy::load::{self, Source};
use crate::policy::testing::CATALOG;
use crate::policy::{Level, OnError, Policy, PolicyErrors, Subject};
use jobguard_apiserver::Kind;

fn load(spec: &str) -> Result<Policy, PolicyErrors> {
    let text =
        format!("apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: p\nspec:\n{spec}");
    load::read(&Source { name: "p.yaml".to_owned(), text }, CATALOG, &load::no_files)
}

/// What is wrong, each with its line and column.
fn faults(spec: &str) -> Vec<String> {
    let errors = load(spec).unwrap_err().to_string();
    errors.lines().map(str::to_owned).collect()
}

const OWNER: &str = r"
  customRules:
  - id: acme/owner-label
    level: deny
    expression: has(object.metadata.labels) && 'owner' in object.metadata.labels
    message: the object has no owner
    path: metadata.labels[owner]
    help: add the label
    docs: https://wiki.acme.example/owner
    onError: warn
";

#[test]
fn own_rules_are_rules_of_the_catalog() {
    let policy = load(OWNER).unwrap();
    let [rule] = policy.own().rules() else { panic!("{:?}", policy.own()) };
    assert_eq!(
        (rule.id.as_str(), rule.level, rule.on_error),
        ("acme/owner-label", Level::Deny, OnError::Warn)
    );
    assert_eq!(rule.path.as_deref(), Some("metadata.labels[owner]"));
    assert_eq!(policy.base().rules.len(), CATALOG.len() + 1);
    assert_eq!(policy.base().rules[CATALOG.len()].level, Level::Deny);
    // Read again, nothing is added.
    let again = load(OWNER).unwrap();
    assert!(std::ptr::eq(policy.own().declarations().unwrap(), again.own().declarations().unwrap()));
    assert_eq!(policy.own(), again.own());
    let spec = &policy.own().declarations().unwrap().declarations()[0].spec;
    assert_eq!(
        (spec.id, spec.summary, spec.category()),
        ("acme/owner-label", "the object has no owner", "acme")
    );
    assert_eq!(policy.own().declared_by(spec), Some(rule));
    assert!(rule.beyond_kubernetes().is_empty());
}

#[test]
fn levels_can_be_set_like_those_of_any_rule() {
    let level = |more: &str| load(&format!("{OWNER}{more}")).unwrap().base().rules[CATALOG.len()].level;
    assert_eq!(level("  rules: {acme/owner-label: info}\n"), Level::Info);
    // More specific than a wildcard of the same file.
    assert_eq!(level("  rules: {acme/*: off, '*': warn}\n"), Level::Deny);
    let policy = load(&format!(
        "{OWNER}  overrides:\n  - match: {{names: [a]}}\n    rules: {{acme/owner-label: off}}\n"
    ))
    .unwrap();
    let level = |name| policy.settings_for(&Subject::new(Kind::Job, name)).rules[CATALOG.len()].level;
    assert_eq!((level("a"), level("b")), (Level::Off, Level::Deny));
    let wrong = faults(&format!("{OWNER}  rules: {{acme/owner-labl: info}}\n"));
    assert!(
        wrong[0].contains("unknown rule \"acme/owner-labl\"")
            && wrong[0].contains("did you mean acme/owner-label?"),
        "{wrong:?}"
    );
}

#[test]
fn extended_policies_hand_down_their_rules() {
    let loader = |_: &str, _: &str| {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: base\nspec:{OWNER}"
        );
        Ok(Source { name: "base.yaml".to_owned(), text })
    };
    let read = |spec: &str| {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: p\nspec:\n  extends: base.yaml\n{spec}"
        );
        load::read(&Source { name: "p.yaml".to_owned(), text }, CATALOG, &loader).unwrap()
    };
    let level = |rules: &str| read(&format!("  rules: {{{rules}}}\n")).base().rules[CATALOG.len()].level;
    assert_eq!(
        (level("acme/owner-label: info"), level("acme/*: off"), level("'*': warn")),
        (Level::Info, Level::Off, Level::Warn)
    );
    let policy = read(
        "  customRules:\n  - {id: acme/owner-label, expression: 'true'}\n  - {id: acme/a, expression: 'true'}\n",
    );
    let ids: Vec<(&str, &str)> =
        policy.own().rules().iter().map(|rule| (rule.id.as_str(), rule.expression.as_str())).collect();
    assert_eq!(ids, [("acme/a", "true"), ("acme/owner-label", "true")]);
    assert_eq!(policy.base().rules[CATALOG.len() + 1].level, Level::Warn);
}

/// A chain of files: what the first extends, and so on, as `base0.yaml`, `base1.yaml` ...
fn chain(specs: &[&str]) -> Policy {
    let text = |index: usize| {
        let extends =
            if index + 1 < specs.len() { format!("  extends: base{index}.yaml\n") } else { String::new() };
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: p{index}\nspec:\n{extends}{}",
            specs[index]
        )
    };
    let loader = |_: &str, path: &str| {
        let index: usize = path.trim_start_matches("base").trim_end_matches(".yaml").parse().unwrap();
        Ok(Source { name: path.to_owned(), text: text(index + 1) })
    };
    load::read(&Source { name: "p.yaml".to_owned(), text: text(0) }, CATALOG, &loader).unwrap()
}

const BASE: &str = "  customRules: [{id: acme/a, level: warn, expression: 'true'}]\n";

/// A redefinition with a level sets it, whatever the files in between say.
#[test]
fn a_new_definition_with_a_level_holds() {
    let anew = |level: &str| format!("  customRules: [{{id: acme/a, {level}expression: 'false'}}]\n");
    let off = "  rules: {acme/a: off}\n";
    let level = |specs: &[&str]| chain(specs).base().rules[CATALOG.len()].level;
    let (deny, plain) = (anew("level: deny, "), anew(""));
    assert_eq!(level(&[&deny, off, BASE]), Level::Deny);
    assert_eq!(level(&[&deny, "  rules: {acme/*: info}\n", BASE]), Level::Deny);
    assert_eq!(level(&["  mode: warn\n", &deny, off, BASE]), Level::Deny);
    // What comes behind it counts as ever.
    assert_eq!(level(&[off, &deny, BASE]), Level::Off);
    assert_eq!(level(&["  rules: {'*': info}\n", &deny, off, BASE]), Level::Info);
    assert_eq!(level(&[&format!("{deny}  rules: {{acme/a: info}}\n"), off, BASE]), Level::Info);
    // Without a level, what is said of the rule stays; where nothing is, it is at `warn`.
    assert_eq!(level(&[&plain, off, BASE]), Level::Off);
    assert_eq!(level(&[&plain, "  rules: {acme/a: info}\n", BASE]), Level::Info);
    assert_eq!(level(&[&plain, &deny, BASE]), Level::Warn);
    // A wildcard of a file below the first definition is not about it.
    assert_eq!(level(&[&deny, "  rules: {'*': info}\n"]), Level::Deny);
    let notes = |specs: &[&str]| chain(specs).notes().join("\n");
    let note = "spec.customRules: acme/a is redefined without a level and stays off, as an extended file sets it; \
                give it a level";
    assert_eq!(notes(&[&plain, off, BASE]), note);
    assert_eq!(notes(&[&deny, &plain, off, BASE]), "");
    assert_eq!(notes(&[&plain, BASE]), "");
}

/// Overrides of the files below go on applying, as to any rule; where that lowers the new definition's level, there is a note.
#[test]
fn overrides_of_extended_files_are_noted() {
    let anew = "  customRules: [{id: acme/a, level: deny, expression: 'false'}]\n";
    let off = "  overrides: [{match: {names: [x]}, rules: {acme/a: off}}]\n";
    let policy = chain(&[anew, off, BASE]);
    let level = |name| policy.settings_for(&Subject::new(Kind::Job, name)).rules[CATALOG.len()].level;
    assert_eq!((level("x"), level("y")), (Level::Off, Level::Deny));
    assert_eq!(
        policy.notes(),
        [
            "policy p1, spec.overrides[0].rules: `acme/a: off` still holds for the objects that the override matches, although \
          acme/a is redefined at deny; an override in the file that redefines it takes precedence"
        ]
    );
    for quiet in [&[off, anew, BASE][..], &[&format!("{anew}{off}"), BASE], &[off, BASE]] {
        assert!(chain(quiet).notes().is_empty(), "{quiet:?}");
    }
}

#[test]
fn every_fault_has_its_place() {
    for (rule, place, message) in [
        ("{expression: 'true'}", "7:5", "spec.customRules[0]: id is missing"),
        ("{id: acme/a}", "7:5", "spec.customRules[0]: expression is missing"),
        ("{id: acme, expression: 'true'}", "7:10", "\"acme\" is not a valid id"),
        ("{id: Acme/a, expression: 'true'}", "7:10", "\"Acme/a\" is not a valid id"),
        (
            "{id: cron/mine, expression: 'true'}",
            "7:10",
            "the category \"cron\" is built in (choose one of your own: acme/mine",
        ),
        ("{id: acme/a, expresion: 'true', expression: 'true'}", "7:18", "did you mean expression?"),
        (
            "{id: acme/a, expression: objekt.a == 1}",
            "7:30",
            "unknown variable `objekt` (did you mean object?)",
        ),
        (
            "{id: acme/a, expression: \"object.a == 'x' && objekt.a == 1\"}",
            "7:50",
            "unknown variable `objekt`",
        ),
        (
            "{id: acme/a, expression: 'true', messageExpression: \"'a' +\"}",
            "7:63",
            "the expression ends too early",
        ),
        (
            "{id: acme/a, expression: 'true', path: spec.paralelism}",
            "7:44",
            "\"spec.paralelism\": a Job has no field `paralelism` in spec (did you mean parallelism?)",
        ),
        (
            "{id: acme/a, expression: 'true', path: job.podsAtOnce}",
            "7:44",
            "is not a field path (write a field of the manifest",
        ),
        ("{id: acme/a, expression: 'true', path: job}", "7:44", "\"job\" is not a field path"),
        ("{id: acme/a, expression: 'true', path: job.nonsense}", "7:44", "is not a field path"),
        (
            "{id: acme/a, expression: 'true', path: spec.schedule, match: {kinds: [Job]}}",
            "7:44",
            "a Job has no field `schedule` in spec",
        ),
        (
            "{id: acme/a, expression: 'true', path: spec.parallelism, match: {kinds: [CronJob]}}",
            "7:44",
            "(of the Job that it makes, write job.spec",
        ),
        (
            "{id: acme/a, expression: 'true', path: job.spec.template.spec.containers.image}",
            "7:44",
            "is a list (write job.spec.template.spec.containers[0])",
        ),
        (
            "{id: acme/a, expression: 'true', path: spec.parallelism.a}",
            "7:44",
            "spec.parallelism has no fields",
        ),
        (
            "{id: acme/a, expression: schedule.firesAt == 1}",
            "7:39",
            "`schedule.firesAt` is a function (write schedule.firesAt(…))",
        ),
        (
            "{id: acme/a, expression: schedule.firesAt('25:99')}",
            "7:47",
            "firesAt takes a time of day from '00:00' to '23:59'",
        ),
        ("{id: acme/a, expression: schedule.firesAt('2:30')}", "7:47", "firesAt takes a time of day"),
        ("{id: acme/a, expression: schedule.firesAt('24:00')}", "7:47", "firesAt takes a time of day"),
        (
            "{id: acme/a, expression: schedule.firesAt(3)}",
            "7:47",
            "`schedule.firesAt` takes string or timestamp, not int",
        ),
        (
            "{id: acme/a, expression: schedule.firesAt()}",
            "7:39",
            "`schedule.firesAt` takes 1 argument, not 0",
        ),
        ("{id: acme/a, expression: job == null}", "7:34", "`job` is never null"),
        ("{id: acme/a, expression: job.podsAtOnce == null}", "7:45", "an int is never null"),
        (
            "{id: acme/a, expression: \"job.worstCase > '1h'\"}",
            "7:45",
            "`>` does not take duration and string",
        ),
        (
            "{id: acme/a, expression: authorizer.group('') != null}",
            "7:30",
            "`authorizer` is not known here (only a ValidatingAdmissionPolicy",
        ),
        ("{id: acme/a, expression: 'true', messageExpression: '1'}", "7:57", "must be a string, not an int"),
        ("{id: acme/a, expression: '1 + 2 == 3 ? 1 : 2'}", "7:30", "must be true or false, not an int"),
        (
            "{id: acme/a, expression: 'true', messageExpression: 'true'}",
            "7:57",
            "must be a string, not a bool",
        ),
        ("{id: acme/a, expression: 'true', path: 'spec..a'}", "7:44", "\"spec..a\" is not a field path"),
        ("{id: acme/a, expression: 'true', path: 'status.a'}", "7:44", "is not a field path"),
        ("{id: acme/a, expression: 'true', path: 'spec.a[*]'}", "7:44", "is not a field path"),
        ("{id: acme/a, expression: 'true', docs: wiki}", "7:44", "\"wiki\" is not a link"),
        ("{id: acme/a, expression: 'true', level: error}", "7:45", "must be deny, warn, info or off"),
        ("{id: acme/a, expression: 'true', onError: ignore}", "7:47", "must be deny or warn"),
        ("{id: acme/a, expression: 'true', match: {kinds: [Pod]}}", "7:54", "must be Job or CronJob"),
        (
            "{id: acme/a, expression: namespaceObject.spec.x == 1}",
            "7:46",
            "`namespaceObject.spec` is not known here",
        ),
        ("{id: acme/a, expression: schedule.firesat('02:00')}", "7:39", "did you mean firesAt?"),
    ] {
        let faults = faults(&format!("  customRules:\n  - {rule}\n"));
        assert!(faults[0].starts_with(&format!("p.yaml:{place}: ")), "{rule}: {faults:?}");
        assert!(faults[0].contains(message), "{rule}: {faults:?}");
    }
    // In a block, to the line and column.
    for header in ["|", "|-", ">-", ">"] {
        let block = format!(
            "  customRules:\n  - id: acme/a\n    expression: {header}\n      object.a == 1 &&\n        objekt.b == 2\n"
        );
        assert!(faults(&block)[0].starts_with("p.yaml:10:9: "), "{header}: {:?}", faults(&block));
    }
    // With escapes.
    let escaped =
        "  customRules:\n  - id: acme/a\n    expression: \"object.a == \\\"x\\\" && objekt.b == 2\"\n";
    assert!(faults(escaped)[0].starts_with("p.yaml:8:39: "), "{:?}", faults(escaped));
    let twice =
        "  customRules:\n  - {id: acme/a, expression: 'true'}\n  - {id: acme/a, expression: 'true'}\n";
    assert!(faults(twice)[0].contains("given above already"), "{:?}", faults(twice));
    let many: String = (0..101).map(|n| format!("  - {{id: acme/a{n}, expression: 'true'}}\n")).collect();
    assert!(faults(&format!("  customRules:\n{many}"))[0].contains("more than 100 rules"));
}

#[test]
fn a_rule_tells_what_kubernetes_does_not_know() {
    let policy = load(
        "  customRules:\n  - id: acme/a\n    expression: schedule == null || schedule.firesAt('02:00') || job.worstCase < duration('1h')\n    messageExpression: string(job.podsAtOnce)\n",
    )
    .unwrap();
    let [rule] = policy.own().rules() else { panic!() };
    assert_eq!(rule.beyond_kubernetes(), ["job.podsAtOnce", "job.worstCase", "schedule"]);
}

#[test]
fn a_rule_that_needs_namespaces_is_noted() {
    let policy = load("  customRules:\n  - {id: acme/a, expression: 'namespaceObject != null'}\n  - {id: acme/b, expression: 'true'}\n").unwrap();
    let [note] = policy.notes() else { panic!("{:?}", policy.notes()) };
    assert!(note.starts_with("spec.customRules: acme/a asks for the labels of namespaces"), "{note}");
    assert!(policy.asks_for_namespace_labels());
}

#[test]
fn a_rule_is_about_the_object_itself() {
    let policy =
        load("  customRules:\n  - {id: acme/a, expression: 'true', match: {kinds: [Job], names: ['a*']}}\n")
            .unwrap();
    let rule = &policy.own().rules()[0];
    assert!(rule.is_about(&Subject::new(Kind::Job, "ab")));
    assert!(!rule.is_about(&Subject::new(Kind::Job, "b")));
    // Unlike an override, which looks at the Job that the CronJob makes.
    assert!(!rule.is_about(&Subject::new(Kind::CronJob, "a")));
}

/// Expressions that API servers take or refuse, as they were asked: we say the same of each.
#[test]
fn expressions_are_refused_that_api_servers_refuse() {
    let mut wrong = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for (number, line) in include_str!("../../../tests/own-rules/expressions.txt").lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (verdict, rest) = line.split_once(' ').unwrap();
        let (expression, message) = rest.split_once(" => ").unwrap_or((rest, ""));
        let quoted = serde_json::to_string(expression).unwrap();
        let loaded = load(&format!("  customRules:\n  - {{id: acme/a, expression: {quoted}}}\n"));
        let is_accepted = matches!(verdict, "accepted" | "newest");
        match loaded {
            Ok(_) if is_accepted => accepted += 1,
            Err(errors) if !is_accepted && !message.is_empty() && errors.to_string().contains(message) => {
                refused += 1;
            }
            Ok(_) => wrong.push(format!("{}: {expression}: is accepted", number + 1)),
            Err(errors) => wrong.push(format!("{}: {expression}: {errors}", number + 1)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted >= 60 && refused >= 120, "{accepted} {refused}");
}
