//! A policy as `ValidatingAdmissionPolicy`: the part of it that an API server can judge by itself, with no webhook to ask.
//!
//! What is written is never stricter than the webhook with the same policy: what is stored already, and as bad, is not
//! refused (unless the policy says so), annotations that suppress a rule count, and objects that an override matches are left to the webhook, as are
//! those of an exception for its rules. What ends on a day counts beyond that day, until the policy is exported again: CEL has no
//! calendar.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::binding::write_binding;
use super::covers::covers;
use super::text::{cel_string, named, one_line};
use super::validation::Expressed;
use super::{annotation, api_version, owner};
use crate::engine::{Check, Registry};
use crate::policy::{ControllerJobs, Exception, Level, Mode, OwnRule, Policy, Suppressions};
use jobguard_apiserver::KubernetesVersion;

/// The rules of `policy` that CEL can say, as manifests in YAML: a `ValidatingAdmissionPolicy` with its binding for what
/// is denied, and another for what is warned of. Comments name the rules that CEL cannot say. `registry` holds the rules that
/// the policy was loaded with; objects in `excluded_namespaces` are not judged. What had ended by `today` does not count.
pub fn validating(
    policy: &Policy,
    registry: &Registry,
    excluded_namespaces: &[String],
    today: Date,
) -> String {
    let mut out = head(policy, registry, today);
    for group in Group::ALL {
        let rules: Vec<_> = expressed(policy, registry)
            .filter(|rule| !rule.is_own() && group.level == rule.level() && group.has(rule))
            .collect();
        if !rules.is_empty() {
            write_policy(&mut out, policy, &group, &rules, excluded_namespaces, today);
        }
    }
    // Each in a policy of its own: a server that refuses one has the others nevertheless.
    for level in [Level::Deny, Level::Warn] {
        for rule in expressed(policy, registry).filter(|rule| rule.is_own() && rule.level() == level) {
            // A dot, since categories and names may have dashes.
            let name = format!("jobguard.{}", rule.id().replace('/', "."));
            let group = Group { name: &name, level, is_strict: rule.is_strict() };
            write_policy(&mut out, policy, &group, &[rule], excluded_namespaces, today);
        }
    }
    out
}

/// Rules that go into one policy, since the same becomes of what they find, and of an expression without a value.
struct Group<'n> {
    name: &'n str,
    level: Level,
    /// Whether an expression without a value refuses the object.
    is_strict: bool,
}

impl Group<'static> {
    const ALL: [Self; 3] = [
        Self { name: "jobguard-deny", level: Level::Deny, is_strict: true },
        Self { name: "jobguard-deny-lenient", level: Level::Deny, is_strict: false },
        Self { name: "jobguard-warn", level: Level::Warn, is_strict: false },
    ];

    /// Whether a rule of the same level is in the group.
    fn has(&self, rule: &Expressed<'_>) -> bool {
        self.level != Level::Deny || rule.is_strict() == self.is_strict
    }
}

/// The rules that have a form in CEL.
fn expressed<'a>(policy: &'a Policy, registry: &'a Registry) -> impl Iterator<Item = Expressed<'a>> {
    let all = registry.rules().iter().zip(&policy.base().rules);
    all.filter_map(|(rule, setting)| Expressed::of(rule, setting, policy))
}

/// The comments that come first.
fn head(policy: &Policy, registry: &Registry, today: Date) -> String {
    let served = api_version::of_validating(policy.server.version());
    let mut out = format!(
        "# The part of the policy {} that an API server can judge by itself, in CEL. Written by `jobguard policy export`.\n\
         # What is stored already is not refused unless it gets worse or the policy says so, and the annotation\n\
         # jobguard.dev/ignore counts where the policy says so.\n",
        one_line(&policy.name)
    );
    out.push_str(&served.comment("ValidatingAdmissionPolicy"));
    if let Some(date) = policy.existing_deny_from {
        let _ = writeln!(
            out,
            "# From {date} on the policy denies what is stored already too. CEL has no calendar: write `existing: deny` then, and export again."
        );
    }
    if policy.has_overrides() {
        out.push_str("# Objects that an override of the policy is about are left to the webhook.\n");
    }
    if policy.suppressions.allow {
        let _ = writeln!(
            out,
            "# Entries of the annotation that ended before {} (until=) do not count. CEL has no calendar: those that end\n\
             # later count until this is exported again.",
            annotation::cut_off(today)
        );
    }
    let mut exceptions: Vec<_> = in_force(policy, today).collect();
    exceptions.sort_by_key(|exception| (exception.until.is_none(), exception.until));
    if !exceptions.is_empty() {
        out.push_str("# Objects that an exception of the policy is about are left to the webhook, as far as its rules go. CEL has\n\
                      # no calendar: export again when one has ended.\n");
    }
    for Exception { id, rules, until, .. } in exceptions {
        let until = until.map_or_else(|| "no end".to_owned(), |day| format!("until {day}"));
        let _ = writeln!(out, "#   {} ({}): {until}", one_line(id), rules.join(", "));
    }
    let unsaid: Vec<_> = registry
        .rules()
        .iter()
        .zip(&policy.base().rules)
        .filter(|(rule, setting)| {
            rule.spec.is_settable()
                && matches!(setting.level, Level::Deny | Level::Warn)
                && !matches!(rule.check, Check::Suppression(_))
                && Expressed::of(rule, setting, policy).is_none()
        })
        .collect();
    out.push_str("#\n# Not expressed in CEL; checked by the webhook and the linter only:\n");
    for (rule, setting) in unsaid {
        let why = match policy.own().declared_by(&rule.spec) {
            Some(own) => beyond(own, policy.server.version()),
            None => rule.spec.summary.to_owned(),
        };
        let _ = writeln!(out, "#   {} ({}): {}", rule.id(), setting.level.as_str(), one_line(&why));
    }
    for level in [Level::Deny, Level::Warn] {
        for rule in expressed(policy, registry).filter(|rule| rule.level() == level) {
            if let Some(rest) = rule.rest(policy) {
                let _ = writeln!(out, "#   {} ({}), in part: {rest}", rule.id(), level.as_str());
            }
        }
    }
    out.push_str(
        "#   info: rules that only remind\n\
         #   api/*: what the API server itself refuses; and of the Jobs of a CronJob, what it would refuse at each run\n\
         #   defaults: what the policy fills in\n",
    );
    out
}

/// What an own rule makes use of that API servers of a version do not have.
fn beyond(own: &OwnRule, version: KubernetesVersion) -> String {
    let unknown = own.beyond_kubernetes();
    if !unknown.is_empty() {
        return format!("it makes use of {}", unknown.join(", "));
    }
    let newer = own.newer_than(version.minor());
    let newer: Vec<_> = newer.iter().map(|(name, since)| format!("{name} (1.{since})")).collect();
    format!("Kubernetes {version} does not have {}", newer.join(", "))
}

/// The exceptions that count on a day.
fn in_force(policy: &Policy, today: Date) -> impl Iterator<Item = &Exception> {
    policy.exceptions().iter().filter(move |exception| exception.state(today).counts())
}

fn write_policy(
    out: &mut String,
    policy: &Policy,
    group: &Group<'_>,
    rules: &[Expressed<'_>],
    excluded_namespaces: &[String],
    today: Date,
) {
    let Group { name, level, is_strict } = *group;
    let denies = level == Level::Deny && policy.mode == Mode::Enforce;
    let action = match policy.mode {
        Mode::Audit => "Audit",
        Mode::Enforce if denies => "Deny",
        Mode::Enforce | Mode::Warn => "Warn",
    };
    let api_version = api_version::of_validating(policy.server.version()).full();
    let _ = write!(
        out,
        "---\n\
         apiVersion: {api_version}\n\
         kind: ValidatingAdmissionPolicy\n\
         metadata:\n  name: {name}\n  labels:\n    app.kubernetes.io/part-of: jobguard\n\
         spec:\n  failurePolicy: {}\n  matchConstraints:\n    matchPolicy: Equivalent\n    resourceRules:\n\
         \x20     - apiGroups: [batch]\n        apiVersions: [v1]\n        resources: [cronjobs, jobs]\n\
         \x20       operations: [CREATE, UPDATE]\n  matchConditions:\n",
        if denies && is_strict { "Fail" } else { "Ignore" },
    );
    named(
        out,
        "not-being-deleted",
        "request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp)",
    );
    if policy.controller_jobs == ControllerJobs::Skip
        || policy.controller_jobs == ControllerJobs::Warn && denies
    {
        let owners = owner::proven(policy);
        named(out, "not-of-a-controller", &format!("!(request.kind.kind == 'Job' && size({owners}) > 0)"));
    }
    let mut variables = String::new();
    // Own rules speak of the API server's variables alone.
    let is_built_in = rules.iter().any(|rule| !rule.is_own());
    if is_built_in {
        write_objects(&mut variables);
    }
    let ignores = policy.suppressions.cover(level);
    if ignores {
        let old = is_built_in.then_some(("oldIgnored", "variables.oldObject"));
        for (name, object) in [("ignored", "object")].into_iter().chain(old) {
            named(&mut variables, name, &ignored(object, today));
        }
    }
    let overridden = policy.has_overrides();
    // Of each exception that is about one of the rules: its number, and what it is about.
    let exceptions: Vec<(usize, &Exception)> = (0..)
        .zip(in_force(policy, today))
        .filter(|(_, exception)| rules.iter().any(|rule| exception.names(rule.id())))
        .collect();
    if overridden || !exceptions.is_empty() || rules.iter().any(Expressed::asks_for_owners) {
        named(&mut variables, "owners", &owner::proven(policy));
    }
    for (number, exception) in &exceptions {
        named(&mut variables, &format!("excepted{number}"), &covers(&exception.matching));
    }
    if overridden {
        let all: Vec<_> = policy.matches().map(|matching| format!("({})", covers(matching))).collect();
        named(&mut variables, "overridden", &all.join(" || "));
    }
    if !variables.is_empty() {
        out.push_str("  variables:\n");
        out.push_str(&variables);
    }
    out.push_str("  validations:\n");
    for rule in rules {
        // Whatever lets an object pass, before the rule itself is asked.
        let mut passes = Vec::new();
        if overridden {
            passes.push("variables.overridden".to_owned());
        }
        let excepted = exceptions.iter().filter(|(_, exception)| exception.names(rule.id()));
        passes.extend(excepted.map(|(number, _)| format!("variables.excepted{number}")));
        let ignored = cel_string(&annotation::ignoring(rule.spec(), policy.suppressions.categories));
        if ignores {
            passes.push(format!("variables.ignored.exists(entry, entry.matches({ignored}))"));
        }
        let stood = format!("!variables.oldIgnored.exists(entry, entry.matches({ignored}))");
        rule.write(out, policy, &passes, ignores.then_some(stood.as_str()));
    }
    write_binding(
        out,
        &api_version,
        "ValidatingAdmissionPolicyBinding",
        name,
        Some(action),
        excluded_namespaces,
    );
}

/// The variables that the expressions of built-in rules speak of.
fn write_objects(out: &mut String) {
    // One expression for two kinds has no type that the API server could check it against.
    let kind = "request.kind.kind == 'CronJob'";
    let spec = |object: &str| format!("{kind} ? dyn({object}).spec.jobTemplate.spec : dyn({object}).spec");
    named(out, "cron", kind);
    named(out, "object", "dyn(object)");
    named(out, "job", &spec("object"));
    named(out, "oldObject", "request.operation == 'UPDATE' ? dyn(oldObject) : dyn(object)");
    named(
        out,
        "oldJob",
        &format!("request.operation == 'UPDATE' ? ({}) : ({})", spec("oldObject"), spec("object")),
    );
}

/// The entries of an object's annotation that suppress findings, without those that had ended by `today`.
fn ignored(object: &str, today: Date) -> String {
    let annotations = format!("{object}.metadata.annotations");
    format!(
        "has({annotations}) && 'jobguard.dev/ignore' in {annotations} && \
         size({annotations}['jobguard.dev/ignore']) <= {} ? \
         {annotations}['jobguard.dev/ignore'].findAll({}).filter(entry, !entry.matches({})) : []",
        Suppressions::MAX_ANNOTATION_BYTES,
        cel_string(annotation::ENTRY),
        cel_string(&annotation::ended(annotation::cut_off(today))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{objects, policy};
    use super::*;
    use crate::policy::{Preset, load};
    use crate::rules::registry;

    const TODAY: Date = jiff::civil::date(2026, 11, 28);

    fn exported(text: &str) -> (String, Vec<serde_json::Value>) {
        let policy = policy(text);
        let text = validating(&policy, registry(), &["kube-system".to_owned()], TODAY);
        let objects = objects(&text);
        (text, objects)
    }

    #[test]
    fn levels_become_actions() {
        let actions = |mode: &str| {
            let (_, objects) = exported(&format!(
                "  extends: baseline\n  mode: {mode}\n  rules:\n    job/no-deadline: deny\n    job/max-parallelism: {{level: warn, max: 7}}\n"
            ));
            assert_eq!(objects.len(), 4);
            let text = serde_json::to_string(&objects[2]).unwrap();
            assert!(text.contains("> 7") && text.contains("(max 7)"), "{text}");
            [1, 3].map(|at| objects[at]["spec"]["validationActions"][0].as_str().unwrap().to_owned())
        };
        assert_eq!(actions("enforce"), ["Deny", "Warn"]);
        assert_eq!(actions("warn"), ["Warn", "Warn"]);
        assert_eq!(actions("audit"), ["Audit", "Audit"]);
    }

    #[test]
    fn what_is_stored_excuses_what_is_no_worse() {
        let expression = |spec: &str| {
            let (text, objects) = exported(&format!(
                "  extends: baseline\n{spec}  rules:\n    '*': off\n    job/max-completions: {{level: deny, max: 7}}\n"
            ));
            (text, objects[0]["spec"]["validations"][0]["expression"].as_str().unwrap().to_owned())
        };
        let finds =
            |job: &str| format!("has(variables.{job}.completions) && variables.{job}.completions > 7");
        let (text, holds) = expression("");
        assert!(!text.contains("write `existing: deny`"));
        assert_eq!(
            holds,
            format!(
                "!({}) || (request.operation == 'UPDATE' && ({}) && \
                 (variables.job.completions) <= (variables.oldJob.completions))",
                finds("job"),
                finds("oldJob")
            )
        );
        let (_, holds) = expression("  existing: deny\n");
        assert_eq!(holds, format!("!({})", finds("job")));
        let (text, _) = expression("  existingDenyFrom: 2027-03-01\n");
        assert!(text.contains("# From 2027-03-01 on"), "{text}");
        // What the annotation suppressed in the stored object excuses nothing.
        let (_, holds) = expression("  suppressions: {levels: [deny]}\n");
        assert!(holds.contains(" && !variables.oldIgnored.exists(entry, entry.matches('^"), "{holds}");
        let (_, holds) = expression("  suppressions: {allow: false, levels: [deny]}\n");
        assert!(!holds.contains("gnored"), "{holds}");
    }

    #[test]
    fn what_cannot_be_said_is_named() {
        let catalog = registry().catalog();
        let policy = load::preset(Preset::Strict, catalog).unwrap();
        let text = validating(&policy, registry(), &[], TODAY);
        assert!(text.contains("#   cron/never-fires (deny): "), "{text}");
        assert!(!text.contains("#   job/no-deadline"), "{text}");
        assert!(text.contains("#   job/max-backoff (deny), in part: "), "{text}");
        assert!(!text.contains("namespaceSelector"));
    }

    #[test]
    fn overrides_leave_it_to_the_webhook() {
        let (text, objects) = exported(
            "  overrides:\n  - match: {kinds: [Job], namespaces: [\"dev-*\"], names: [\"a.b?\"], labels: {tier: \"its*\"}, namespaceLabels: {env: dev}}\n    rules: {\"*\": warn}\n",
        );
        let variables = objects[0]["spec"]["variables"].as_array().unwrap();
        let overridden = variables.iter().find(|variable| variable["name"] == "overridden").unwrap();
        assert_eq!(
            overridden["expression"].as_str().unwrap(),
            "(request.kind.kind in ['Job'] && (request.namespace.matches('(?s)^dev\\\\-.*$')) && (((has(object.metadata.name) \
             && object.metadata.name != '' ? object.metadata.name : has(object.metadata.generateName) ? \
             object.metadata.generateName : '').matches('(?s)^a\\\\.b.$')) || variables.owners.exists(owner, \
             (owner.name.matches('(?s)^a\\\\.b.$')))) && (variables.owners.exists(owner, owner.kind == \
             'CronJob' && owner.apiVersion.startsWith('batch/')) || has(object.metadata.labels) && 'tier' in \
             object.metadata.labels && object.metadata.labels['tier'].matches('(?s)^its.*$')) && \
             has(namespaceObject.metadata.labels) && 'env' in namespaceObject.metadata.labels && \
             namespaceObject.metadata.labels['env'].matches('(?s)^dev$'))"
        );
        assert!(text.contains("left to the webhook"));
    }

    #[test]
    fn exceptions_leave_their_rules_to_the_webhook() {
        let (text, objects) = exported(
            "  rules: {job/max-completions: warn, job/max-parallelism: warn}\n  exceptions:\n  - {name: etl, rules: [job/max-completions], \
             match: {namespaces: [etl]}, reason: moving, until: 2026-11-28}\n  - {rules: [job/*], match: \
             {namespaces: [old]}, reason: gone, until: 2026-11-27}\n",
        );
        let of = |list: &str, field: &str, wanted: &str| {
            let all = objects.iter().flat_map(|object| object["spec"][list].as_array().into_iter().flatten());
            let found = all.into_iter().find(|each| each[field].as_str().unwrap().starts_with(wanted));
            found.map(|found| found["expression"].as_str().unwrap().to_owned())
        };
        assert_eq!(of("variables", "name", "excepted0").unwrap(), "(request.namespace.matches('(?s)^etl$'))");
        assert_eq!(of("variables", "name", "excepted1"), None);
        assert!(
            of("validations", "message", "job/max-completions")
                .unwrap()
                .starts_with("variables.excepted0 || ")
        );
        assert!(!of("validations", "message", "job/max-parallelism").unwrap().contains("excepted"));
        assert!(
            text.contains("#   etl (job/max-completions): until 2026-11-28\n")
                && !text.contains("exceptions[1]"),
            "{text}"
        );
        assert!(text.contains("ended before 2026-11-01 (until=)"), "{text}");
    }

    #[test]
    fn owners_count_by_the_word_of_a_controller() {
        let (text, objects) = exported(
            "  rules: {job/no-deadline: deny}\n  controllers: [\"system:serviceaccount:jobset-system:*\"]\n  overrides:\n  - match: \
             {kinds: [CronJob], ownerKinds: [JobSet, \"Job*.acme.com\"], users: [anna]}\n    rules: {\"*\": warn}\n",
        );
        let expression = |list: &str, name: &str| {
            let all = objects[0]["spec"][list].as_array().unwrap();
            all.iter().find(|each| each["name"] == name).unwrap()["expression"].as_str().unwrap().to_owned()
        };
        let owners = expression("variables", "owners");
        assert!(
            owners
                .contains("username.matches('(?s)^system\\\\:serviceaccount\\\\:jobset\\\\-system\\\\:.*$')"),
            "{owners}"
        );
        assert!(expression("matchConditions", "not-of-a-controller").contains(&owners), "{text}");
        assert_eq!(
            expression("variables", "overridden"),
            "((request.kind.kind in ['CronJob'] || variables.owners.exists(owner, owner.kind == 'CronJob' && \
             owner.apiVersion.startsWith('batch/'))) && variables.owners.exists(owner, \
             (owner.kind.matches('(?s)^JobSet$')) || (owner.kind.matches('(?s)^Job.*$') && \
             (owner.apiVersion.contains('/') ? owner.apiVersion.split('/')[0] : '').matches('(?s)^acme\\\\.com$'))) && \
             (request.userInfo.username.matches('(?s)^anna$')))"
        );
    }
}
