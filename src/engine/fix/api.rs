//! Fixes of what the API server refuses.

use k8s_openapi::api::core::v1::Container;

use super::schedule::correct;
use super::{Fix, Safety};
use crate::deploy_tool::remedy_for_fixed_fields;
use crate::engine::Object;
use crate::policy::Defaults;
use jobguard_apiserver::{Cause, FieldError, Suggestion, Topic, Workload};
use jobguard_cron::{ZoneErrorKind, load_zone};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, Segment};

/// The fix of a fault that decoding has found.
pub(in crate::engine) fn of_error(error: &FieldError) -> Option<Fix> {
    let Suggestion { edit, certain } = error.suggestion.as_ref()?;
    let title = match edit {
        Edit::RenameKey { path, to } => format!("rename {} to {to}", name_of(path)),
        Edit::Move { from, to } => format!("move {} to {to}", name_of(from)),
        Edit::Quote { path } => format!("put {} in quotes", name_of(path)),
        // The value may be secret.
        Edit::Set { path, .. } => format!("write {} as the type it must have", name_of(path)),
        // Decoding suggests no others.
        Edit::Insert { .. } | Edit::Remove { .. } | Edit::Reorder { .. } | Edit::Text(_) => return None,
    };
    Some(Fix::new(safe_if(*certain), title, edit.clone()))
}

/// The fix of a fault in an object that could be decoded. `defaults` are the policy's.
pub(in crate::engine) fn of_object(error: &FieldError, object: &Object, defaults: &Defaults) -> Option<Fix> {
    match error.topic {
        Topic::RestartPolicy => restart_policy(error, object, defaults),
        Topic::Schedule => schedule(error, object),
        Topic::TimeZone => time_zone(error, object),
        Topic::PodFailurePolicy => exit_codes(error, object),
        Topic::ConcurrencyPolicy => concurrency_policy(error, object),
        _ => None,
    }
}

/// What to do about a fault in an object that could be decoded, where the object shows more than the fault alone.
pub(in crate::engine) fn help_of_object(error: &FieldError, object: &Object) -> Option<&'static str> {
    if let (Topic::Immutable, None, Workload::Job(job)) = (error.topic, &error.help, object.workload()) {
        return Some(remedy_for_fixed_fields(&job.metadata));
    }
    let is_missing = error.topic == Topic::RestartPolicy && error.cause == Cause::Required;
    let job = object.job().filter(|_| is_missing)?;
    job.containers().any(|part| part.restarts_forever()).then_some(
        "set restartPolicy: Never or OnFailure here, and Always only for a native sidecar under initContainers: the \
         Job cannot complete beside a plain container with Always",
    )
}

fn safe_if(certain: bool) -> Safety {
    if certain { Safety::Safe } else { Safety::Unsafe }
}

fn name_of(path: &FieldPath) -> String {
    match path.segments().last() {
        Some(Segment::Field(name) | Segment::Key(name)) => name.to_string(),
        _ => path.to_string(),
    }
}

fn restart_policy(error: &FieldError, object: &Object, defaults: &Defaults) -> Option<Fix> {
    const POLICIES: [&str; 2] = ["Never", "OnFailure"];
    let job = object.job()?;
    let pod = job.pod()?;
    // Beside a container that always restarts, no value lets the Job complete.
    if job.containers().any(|part| part.restarts_forever()) {
        return None;
    }
    let set = |safety, value: &str| {
        Fix::set(safety, format!("set restartPolicy to {value}"), error.path.clone(), value)
    };
    if error.cause != Cause::Required {
        // Not a value of the field, or not beside a podFailurePolicy.
        let written = pod.restart_policy.as_deref().unwrap_or_default();
        let meant = POLICIES.into_iter().find(|policy| policy.eq_ignore_ascii_case(written));
        let meant = if job.spec.pod_failure_policy.is_some() { Some("Never") } else { meant };
        return meant.filter(|meant| *meant != written).map(|meant| set(Safety::Unsafe, meant));
    }
    if job.spec.pod_failure_policy.is_some() {
        let safety = safe_if(defaults.restart_policy.is_some());
        return Some(set(safety, "Never"));
    }
    // The author's choice, though made for a container, comes before the policy's default.
    let own = |container: &Container| {
        let policy = container.restart_policy.clone()?;
        POLICIES.contains(&policy.as_str()).then_some(policy)
    };
    let chosen: Vec<String> = pod.containers.iter().filter_map(own).collect();
    if let Some(first) = chosen.first() {
        if chosen.iter().any(|policy| policy != first) {
            return None;
        }
        return match pod.containers.as_slice() {
            // Alone in its Pod, and without rules that ask for a policy beside them, it may as well be the Pod's.
            [only] if only.restart_policy_rules.is_none() => {
                let from = error.path.parent()?.field("containers").index(0).field("restartPolicy");
                let edit = Edit::Move { from, to: error.path.clone() };
                Some(Fix::new(Safety::Unsafe, "move restartPolicy from the container to the Pod", edit))
            }
            _ => Some(set(Safety::Unsafe, first)),
        };
    }
    Some(match defaults.restart_policy {
        Some(policy) => set(Safety::Safe, policy.as_str()),
        None => set(Safety::Unsafe, "Never"),
    })
}

fn schedule(error: &FieldError, object: &Object) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let corrected = correct(&cron_job.spec.schedule)?;
    let set = Edit::Set { path: error.path.clone(), value: corrected.schedule.clone().into() };
    let mut title = format!("write the schedule as {:?}", corrected.schedule);
    let mut edits = vec![set];
    if let Some(zone) = corrected.zone {
        match cron_job.spec.time_zone.as_deref() {
            None => {
                title = format!("{title} and set timeZone to {zone}");
                let path = error.path.parent()?.field("timeZone");
                edits.push(Edit::Insert { path, value: zone.into() });
            }
            Some(same) if *same == zone => {}
            // Two zones, and no way to know which one is meant.
            Some(_) => return None,
        }
    }
    Some(Fix { safety: corrected.safety, title, edits })
}

fn time_zone(error: &FieldError, object: &Object) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let unknown = load_zone(cron_job.spec.time_zone.as_deref()?).err()?;
    let zone = unknown.suggestion?;
    let safety = match unknown.kind {
        ZoneErrorKind::Case => Safety::Safe,
        ZoneErrorKind::Unknown | ZoneErrorKind::Windows => Safety::Unsafe,
        // A place stands for more than an offset or an abbreviation says.
        _ => return None,
    };
    Some(Fix::set(safety, format!("set timeZone to {zone}"), error.path.clone(), zone))
}

/// The most exit codes that a rule may list.
const MAX_EXIT_CODES: usize = 255;

/// Exit codes must be in order and each there once; which there are does not change.
fn exit_codes(error: &FieldError, object: &Object) -> Option<Fix> {
    let segments = error.path.segments();
    let list =
        segments.iter().rposition(|segment| matches!(segment, Segment::Field(name) if name == "values"))?;
    let rule = segments.iter().find_map(|segment| match segment {
        Segment::Index(index) => Some(*index),
        _ => None,
    })?;
    let policy = object.job()?.spec.pod_failure_policy.as_ref()?;
    let codes = policy.rules.get(rule)?.on_exit_codes.as_ref()?;
    // Each fault has the whole order in its fix. More codes than the API server takes are not put in order anyway.
    if codes.values.len() > MAX_EXIT_CODES {
        return None;
    }
    let at = match segments.get(list + 1) {
        Some(Segment::Index(index)) => Some(*index),
        _ => None,
    };
    let is_zero = |index: usize| codes.operator == "In" && codes.values.get(index) == Some(&0);
    let without_zero = error.cause == Cause::Invalid && at.is_some_and(is_zero);
    let mut order: Vec<usize> =
        (0..codes.values.len()).filter(|index| !(without_zero && is_zero(*index))).collect();
    order.sort_by_key(|index| codes.values[*index]);
    order.dedup_by_key(|index| codes.values[*index]);
    if order.is_empty() || order.iter().copied().eq(0..codes.values.len()) {
        return None;
    }
    let path = error.path.segments()[..=list].iter().cloned().fold(FieldPath::root(), |mut path, segment| {
        path.push(segment);
        path
    });
    let (safety, title) = if without_zero {
        (Safety::Unsafe, "leave out exit code 0")
    } else {
        (Safety::Safe, "put the exit codes in order, each once")
    };
    Some(Fix::new(safety, title, Edit::Reorder { path, order }))
}

fn concurrency_policy(error: &FieldError, object: &Object) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let written = cron_job.spec.concurrency_policy.as_deref()?;
    let meant =
        ["Allow", "Forbid", "Replace"].into_iter().find(|policy| policy.eq_ignore_ascii_case(written))?;
    let title = format!("set concurrencyPolicy to {meant}");
    Some(Fix::set(Safety::Unsafe, title, error.path.clone(), meant))
}
