//! A policy's defaults as `MutatingAdmissionPolicy`: what `/mutate` fills in, filled in by the API server itself.
//!
//! What is written fills in what [`mutate::fill`](crate::mutate::fill) and [`fill_update`](crate::mutate::fill_update) fill in, field by field in
//! the same order, and nothing where these fill in nothing. What CEL cannot say is named in a comment.

use std::fmt::Write as _;

use super::api_version::{ApiVersion, NotServed, of_mutating};
use super::binding::write_binding;
use super::covers::covers;
use super::mutation::{Map, add, all, cel_value, unless_not};
use super::text::{cel_string, named, one_line};
use super::{deploy_tool, owner};
use crate::engine::ANNOTATION;
use crate::mutate::{self, SCHEDULED};
use crate::policy::{ControllerJobs, Defaults, Mode, Policy};
use jobguard_apiserver::Kind;

/// The policy's defaults, as manifests in YAML: a `MutatingAdmissionPolicy` with its binding for CronJobs, and another for Jobs. Objects in
/// `excluded_namespaces` are left as they are, as are those that an override with other defaults matches.
///
/// # Errors
/// Where the policy has defaults, and API servers of its (oldest) version have no such kind.
pub fn mutating(policy: &Policy, excluded_namespaces: &[String]) -> Result<String, NotServed> {
    let mut out = format!(
        "# What the policy {} fills in, for API servers to fill in by themselves. Written by `jobguard policy export`.\n",
        one_line(&policy.name)
    );
    if policy.mode == Mode::Audit {
        out.push_str("# Nothing: under `mode: audit` nothing is filled in.\n");
        return Ok(out);
    }
    let kinds: Vec<_> =
        [Kind::CronJob, Kind::Job].map(|kind| (kind, mutations(policy, kind))).into_iter().collect();
    if kinds.iter().all(|(_, all)| all.is_empty()) {
        out.push_str("# Nothing: the policy has no defaults that CEL can express.\n");
        out.push_str(&left_out(policy));
        return Ok(out);
    }
    let served = of_mutating(policy.server.version())?;
    out.push_str(&served.comment("MutatingAdmissionPolicy"));
    out.push_str(&left_out(policy));
    for (kind, mutations) in kinds.iter().filter(|(_, all)| !all.is_empty()) {
        write_policy(&mut out, policy, served, *kind, mutations, excluded_namespaces);
    }
    Ok(out)
}

/// The comments about what the webhook fills in, and these policies do not.
fn left_out(policy: &Policy) -> String {
    let mut out = String::new();
    if policy.base().defaults.spread_minutes {
        out.push_str(
            "# Not expressed in CEL; filled in by the webhook and `jobguard lint --fix` only:\n\
             #   spreadMinutes: CEL has no hash function to take a minute from\n",
        );
    }
    if policy.matches_with_defaults().next().is_some() {
        out.push_str(
            "# Objects that an override with defaults of its own is about are left to the webhook.\n",
        );
    }
    if policy.controller_jobs == ControllerJobs::Enforce {
        out.push_str("# A Job that is made by hand from a CronJob is given defaults like any other Job.\n");
    }
    out
}

/// A default: what it is about, and the expression.
struct Mutation {
    about: String,
    expression: String,
}

/// Where the parts of a kind stand.
struct Places {
    kind: Kind,
    /// The Job's spec, or that of a CronJob's Job template: as an expression below the object, and as a JSON Pointer.
    job: &'static str,
    job_pointer: &'static str,
}

impl Places {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Job => Self { kind, job: "spec", job_pointer: "/spec" },
            Kind::CronJob => {
                Self { kind, job: "spec.jobTemplate.spec", job_pointer: "/spec/jobTemplate/spec" }
            }
        }
    }

    /// The Job's spec of the object.
    fn spec(&self) -> String {
        format!("object.{}", self.job)
    }

    /// When a field may be filled in: in a new object, in a CronJob whose spec changes, and in a Job that has it stored.
    fn may(&self, stored: &str) -> String {
        match self.kind {
            Kind::Job => format!("request.operation == 'CREATE' || ({stored})"),
            Kind::CronJob => "request.operation == 'CREATE' || object.spec != oldObject.spec".to_owned(),
        }
    }

    /// A field that is absent, and may be filled in.
    fn field(&self, parent: &str, pointer: &str, name: &str, value: &str, more: &[String]) -> Mutation {
        let mut conditions = vec![format!("!has(object.{parent}.{name})")];
        conditions.extend_from_slice(more);
        let stored = format!("has(oldObject.{parent}.{name}) && oldObject.{parent}.{name} == {value}");
        conditions.push(self.may(&stored));
        Mutation {
            about: format!("{parent}.{name}"),
            expression: unless_not(&conditions, &add(&format!("{pointer}/{name}"), value)),
        }
    }
}

/// The defaults of a kind, in the order in which they are filled in.
fn mutations(policy: &Policy, kind: Kind) -> Vec<Mutation> {
    let defaults = &policy.base().defaults;
    let places = Places::of(kind);
    let mut out = Vec::new();
    // Before any label is filled in: what deploys the Job shows in its labels.
    if let (Kind::Job, Some(seconds)) = (kind, defaults.ttl_seconds_after_finished) {
        let more = [
            "!has(object.metadata.ownerReferences) || size(object.metadata.ownerReferences) == 0".to_owned(),
            "!variables.deployed".to_owned(),
        ];
        out.push(places.field("spec", "/spec", "ttlSecondsAfterFinished", &seconds.to_string(), &more));
    }
    for (field, entries) in [("labels", &defaults.labels), ("annotations", &defaults.annotations)] {
        let map = Map { metadata: "object.metadata", pointer: "/metadata", field };
        let old = Map { metadata: "oldObject.metadata", ..map };
        for (key, value) in entries {
            let stored = |kind| match kind {
                Kind::Job => format!("request.operation == 'CREATE' || {}", old.has_value(key, value)),
                Kind::CronJob => "true".to_owned(),
            };
            out.push(entry(map, key, value, vec![stored(kind)]));
        }
    }
    if kind == Kind::CronJob {
        if let Some(seconds) = defaults.starting_deadline_seconds {
            let value = seconds.to_string();
            out.push(places.field("spec", "/spec", "startingDeadlineSeconds", &value, &[]));
        }
        if let Some(zone) = &defaults.time_zone {
            // A schedule that brings its own zone cannot have this field beside it.
            let own = "!object.spec.schedule.contains('TZ')".to_owned();
            out.push(places.field("spec", "/spec", "timeZone", &cel_string(zone), &[own]));
        }
    }
    of_job_spec(&mut out, &places, defaults);
    if kind == Kind::CronJob && policy.suppressions.allow {
        out.push(inherited());
    }
    out
}

/// What is filled in in the Job's spec.
fn of_job_spec(out: &mut Vec<Mutation>, places: &Places, defaults: &Defaults) {
    let (job, pointer, spec) = (places.job, places.job_pointer, places.spec());
    if let Some(seconds) = defaults.active_deadline_seconds {
        out.push(places.field(job, pointer, "activeDeadlineSeconds", &seconds.to_string(), &[]));
    }
    if let Some(wanted) = defaults.restart_policy {
        let pod = format!("{spec}.template.spec");
        // A podFailurePolicy can stand beside Never only.
        let value = format!("(has({spec}.podFailurePolicy) ? 'Never' : {})", cel_string(wanted.as_str()));
        let conditions = [
            format!("!has({pod}.restartPolicy) || {pod}.restartPolicy in ['', 'Always']"),
            format!(
                "!has({pod}.containers) || {pod}.containers == null || !{pod}.containers.exists(container, \
                 has(container.restartPolicy) && container.restartPolicy == 'Always')"
            ),
            places.may(&format!(
                "has(oldObject.{job}.template.spec.restartPolicy) && oldObject.{job}.template.spec.restartPolicy == {value}"
            )),
        ];
        out.push(Mutation {
            about: format!("{job}.template.spec.restartPolicy"),
            expression: unless_not(
                &conditions,
                &add(&format!("{pointer}/template/spec/restartPolicy"), &value),
            ),
        });
    }
    let metadata = format!("{spec}.template.metadata");
    let old_metadata = format!("oldObject.{job}.template.metadata");
    let map_pointer = format!("{pointer}/template/metadata");
    for (field, entries) in
        [("labels", &defaults.template_labels), ("annotations", &defaults.template_annotations)]
    {
        let map = Map { metadata: &metadata, pointer: &map_pointer, field };
        let old = Map { metadata: &old_metadata, ..map };
        for (key, value) in entries {
            let mut conditions = vec![places.may(&old.has_value(key, value))];
            if field == "labels" {
                // A selector that the user wrote may require that a label be absent.
                conditions.push(format!(
                    "!has({spec}.selector) || !has({spec}.selector.matchExpressions) || \
                     !{spec}.selector.matchExpressions.exists(each, each.key == {})",
                    cel_string(key)
                ));
            }
            out.push(entry(map, key, value, conditions));
        }
    }
    if let Some(value) = mutate::ignored_disruptions(defaults) {
        let replacement = format!("{spec}.podReplacementPolicy");
        let more = [
            format!(
                "has({spec}.template.spec.restartPolicy) && {spec}.template.spec.restartPolicy == 'Never'"
            ),
            match places.kind {
                Kind::Job => format!("has({replacement}) && {replacement} == 'Failed'"),
                Kind::CronJob => format!("!has({replacement}) || {replacement} == 'Failed'"),
            },
        ];
        out.push(places.field(job, pointer, "podFailurePolicy", &cel_value(&value), &more));
    }
}

/// A label or an annotation that is absent.
fn entry(map: Map<'_>, key: &str, value: &str, more: Vec<String>) -> Mutation {
    let mut conditions = vec![format!("!({})", map.has(key))];
    conditions.extend(more.into_iter().filter(|each| each != "true"));
    if map.field == "annotations" {
        conditions.push(map.fits(&(key.len() + value.len()).to_string(), None));
    }
    let place = map.metadata.trim_start_matches("object.");
    Mutation {
        about: format!("{place}.{}[{}]", map.field, one_line(key)),
        expression: unless_not(&conditions, &map.put(key, &cel_string(value))),
    }
}

/// A CronJob's annotation that suppresses rules, for its Jobs, as [`mutate::inherit_annotation`] has it.
fn inherited() -> Mutation {
    let own = Map { metadata: "object.metadata", pointer: "/metadata", field: "annotations" };
    let there = Map {
        metadata: "object.spec.jobTemplate.metadata",
        pointer: "/spec/jobTemplate/metadata",
        field: "annotations",
    };
    let old_own = Map { metadata: "oldObject.metadata", ..own };
    let old_there = Map { metadata: "oldObject.spec.jobTemplate.metadata", ..there };
    let key = cel_string(ANNOTATION);
    let value = |map: Map<'_>| format!("{}.annotations[{key}]", map.metadata);
    // It came from the CronJob: the stored template has what the stored CronJob had, and still does.
    let came = format!(
        "request.operation == 'UPDATE' && {} && {} && {} == {} && {} == {}",
        old_own.has(ANNOTATION),
        old_there.has(ANNOTATION),
        value(old_own),
        value(old_there),
        value(old_there),
        value(there)
    );
    let may = format!("!({}) || ({came})", there.has(ANNOTATION));
    let same = format!("({}) && {} == {}", there.has(ANNOTATION), value(own), value(there));
    let size = format!("{} + size(bytes({}))", SCHEDULED + ANNOTATION.len(), value(own));
    let put = [own.has(ANNOTATION), format!("!({same})"), may.clone(), there.fits(&size, Some(ANNOTATION))];
    let remove = [format!("!({})", own.has(ANNOTATION)), there.has(ANNOTATION), came];
    let path = format!("'/spec/jobTemplate/metadata/annotations/' + jsonpatch.escapeKey({key})");
    Mutation {
        about: format!("spec.jobTemplate.metadata.annotations[{ANNOTATION}], as the CronJob has it"),
        expression: format!(
            "{} ? {} : {} ? [JSONPatch{{op: \"remove\", path: {path}}}] : []",
            all(&put),
            there.put(ANNOTATION, &value(own)),
            all(&remove),
        ),
    }
}

fn write_policy(
    out: &mut String,
    policy: &Policy,
    served: ApiVersion,
    kind: Kind,
    mutations: &[Mutation],
    excluded_namespaces: &[String],
) {
    // Asked again, it would take the annotation that it has put into the Job template for a change of the spec.
    let (resource, name, again) = match kind {
        Kind::Job => ("jobs", "jobguard-defaults-jobs", "IfNeeded"),
        Kind::CronJob => ("cronjobs", "jobguard-defaults-cronjobs", "Never"),
    };
    let api_version = served.full();
    let _ = write!(
        out,
        "---\n\
         apiVersion: {api_version}\n\
         kind: MutatingAdmissionPolicy\n\
         metadata:\n  name: {name}\n  labels:\n    app.kubernetes.io/part-of: jobguard\n\
         spec:\n  failurePolicy: Ignore\n  reinvocationPolicy: {again}\n  matchConstraints:\n    matchPolicy: Equivalent\n    \
         resourceRules:\n\
         \x20     - apiGroups: [batch]\n        apiVersions: [v1]\n        resources: [{resource}]\n\
         \x20       operations: [CREATE, UPDATE]\n  matchConditions:\n",
    );
    named(
        out,
        "not-being-deleted",
        "!has(object.metadata.deletionTimestamp) && (request.operation != 'UPDATE' || \
         !has(oldObject.metadata.deletionTimestamp))",
    );
    let owners = owner::proven(policy);
    if kind == Kind::Job && policy.controller_jobs != ControllerJobs::Enforce {
        named(out, "not-of-a-controller", &format!("size({owners}) == 0"));
    }
    let overridden: Vec<_> =
        policy.matches_with_defaults().map(|matching| format!("({})", covers(matching))).collect();
    let needs_tool = mutations.iter().any(|each| each.expression.contains("variables.deployed"));
    if needs_tool || !overridden.is_empty() {
        out.push_str("  variables:\n");
    }
    if needs_tool {
        named(out, "keys", deploy_tool::KEYS);
        named(out, "deployed", &deploy_tool::is_deployed());
    }
    if !overridden.is_empty() {
        named(out, "owners", &owners);
        named(out, "overridden", &overridden.join(" || "));
    }
    out.push_str("  mutations:\n");
    for Mutation { about, expression } in mutations {
        let expression = match overridden.is_empty() {
            true => expression.clone(),
            false => format!("variables.overridden ? [] : {expression}"),
        };
        let _ = write!(
            out,
            "    # {about}\n    - patchType: JSONPatch\n      jsonPatch:\n        expression: >-\n          {expression}\n"
        );
    }
    write_binding(out, &api_version, "MutatingAdmissionPolicyBinding", name, None, excluded_namespaces);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{objects, policy};
    use super::*;

    const DEFAULTS: &str = "  defaults:
    restartPolicy: OnFailure
    activeDeadlineSeconds: 3600
    ttlSecondsAfterFinished: 600
    startingDeadlineSeconds: 200
    timeZone: Europe/Berlin
    spreadMinutes: true
    labels: {\"acme.com/team-x\": a}
    annotations: {note: \"it's\"}
    template: {labels: {in: b}, annotations: {of: c}}
    podFailurePolicy: {ignoreDisruptions: true}
";

    fn paths(object: &serde_json::Value) -> Vec<String> {
        let mutations = object["spec"]["mutations"].as_array().unwrap();
        mutations
            .iter()
            .map(|each| each["jsonPatch"]["expression"].as_str().unwrap())
            .map(|text| text.rsplit("path: '").next().unwrap().split('\'').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn each_default_is_a_mutation() {
        let text = mutating(&policy(DEFAULTS), &["kube-system".to_owned()]).unwrap();
        let objects = objects(&text);
        let [cron_jobs, binding, jobs, _] = &objects[..] else { panic!("{text}") };
        assert_eq!(cron_jobs["apiVersion"], "admissionregistration.k8s.io/v1");
        assert_eq!(binding["spec"]["policyName"], cron_jobs["metadata"]["name"]);
        assert_eq!(
            paths(cron_jobs),
            [
                "/metadata/labels/",
                "/metadata/annotations/",
                "/spec/startingDeadlineSeconds",
                "/spec/timeZone",
                "/spec/jobTemplate/spec/activeDeadlineSeconds",
                "/spec/jobTemplate/spec/template/spec/restartPolicy",
                "/spec/jobTemplate/spec/template/metadata/labels/",
                "/spec/jobTemplate/spec/template/metadata/annotations/",
                "/spec/jobTemplate/spec/podFailurePolicy",
                "/spec/jobTemplate/metadata/annotations/",
            ]
        );
        assert_eq!(
            paths(jobs),
            [
                "/spec/ttlSecondsAfterFinished",
                "/metadata/labels/",
                "/metadata/annotations/",
                "/spec/activeDeadlineSeconds",
                "/spec/template/spec/restartPolicy",
                "/spec/template/metadata/labels/",
                "/spec/template/metadata/annotations/",
                "/spec/podFailurePolicy",
            ]
        );
        assert!(text.contains("spreadMinutes: CEL has no hash function"), "{text}");
        assert!(text.contains("jsonpatch.escapeKey('acme.com/team-x')"), "{text}");
        assert!(text.contains(r"'it\'s'"), "{text}");
    }

    #[test]
    fn what_is_asked_of_the_webhook_alone_is_said() {
        let overridden = format!(
            "{DEFAULTS}  overrides:\n  - match: {{namespaces: [a]}}\n    defaults: {{activeDeadlineSeconds: 5}}\n  \
             - match: {{namespaces: [b]}}\n    rules: {{\"*\": warn}}\n"
        );
        let text = mutating(&policy(&overridden), &[]).unwrap();
        assert!(text.contains("left to the webhook"), "{text}");
        let variables = &objects(&text)[0]["spec"]["variables"];
        let of_override =
            variables.as_array().unwrap().iter().find(|one| one["name"] == "overridden").unwrap();
        let expression = of_override["expression"].as_str().unwrap();
        assert!(expression.contains("^a$") && !expression.contains("^b$"), "{expression}");
        assert!(text.contains("variables.overridden ? [] : "));

        let text = mutating(&policy("  mode: audit\n"), &[]).unwrap();
        assert!(objects(&text).is_empty() && text.contains("nothing is filled in"), "{text}");
        let none = "  defaults: {restartPolicy: null}\n  suppressions: {allow: false}\n";
        let text = mutating(&policy(none), &[]).unwrap();
        assert!(objects(&text).is_empty() && text.contains("no defaults"), "{text}");
    }

    #[test]
    fn versions_without_the_kind_are_named() {
        let at = |version: &str| mutating(&policy(&format!("  kubernetesVersion: \"{version}\"\n")), &[]);
        assert!(at("1.31,1.36").unwrap_err().to_string().contains("1.32"));
        let text = at("1.33").unwrap();
        assert!(text.contains("--runtime-config=admissionregistration.k8s.io/v1alpha1=true"), "{text}");
        assert_eq!(objects(&text)[0]["apiVersion"], "admissionregistration.k8s.io/v1alpha1");
    }
}
