//! What overrides, exceptions and own rules of a policy match, in CEL.

use super::owner;
use super::text::{cel_string, regex};
use crate::policy::Match;
use jobguard_apiserver::Kind;

/// Whether an override may match the object: one that it may match is left to the webhook.
pub(super) fn covers(matching: &Match) -> String {
    conditions(matching, false)
}

/// Whether an own rule is about the object itself, for certain.
pub(super) fn is_about(matching: &Match) -> String {
    conditions(matching, true)
}

fn conditions(matching: &Match, is_certain: bool) -> String {
    let mut all = Vec::new();
    if let Some(kinds) = &matching.kinds {
        let of_cron_job = !is_certain && kinds.contains(&Kind::CronJob) && !kinds.contains(&Kind::Job);
        let kinds: Vec<_> = kinds.iter().map(|kind| cel_string(kind.as_str())).collect();
        let is = format!("request.kind.kind in [{}]", kinds.join(", "));
        all.push(if of_cron_job { format!("({is} || {})", owner::OF_CRON_JOB) } else { is });
    }
    let any = |text: &str, patterns: &[String]| {
        let each: Vec<_> =
            patterns.iter().map(|p| format!("{text}.matches({})", cel_string(&regex(p)))).collect();
        if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" || ")) }
    };
    if let Some(namespaces) = &matching.namespaces {
        all.push(any("request.namespace", namespaces));
    }
    if let Some(names) = &matching.names {
        let name = "(has(object.metadata.name) && object.metadata.name != '' ? object.metadata.name : \
                    has(object.metadata.generateName) ? object.metadata.generateName : '')";
        all.push(format!("({} || {})", any(name, names), owner::is_named(names)));
    }
    if let Some(kinds) = &matching.owner_kinds {
        all.push(owner::is_of_kind(kinds));
    }
    if let Some(users) = &matching.users {
        all.push(any("request.userInfo.username", users));
    }
    let have = |wanted: &[(String, String)], labels: &str| {
        let mut each = vec![format!("has({labels})")];
        each.extend(wanted.iter().map(|(key, pattern)| {
            let (key, pattern) = (cel_string(key), cel_string(&regex(pattern)));
            format!("{key} in {labels} && {labels}[{key}].matches({pattern})")
        }));
        each.join(" && ")
    };
    if let Some(wanted) = &matching.labels {
        // The labels of its CronJob may match as well, and are not known here.
        let own = have(wanted, "object.metadata.labels");
        all.push(if is_certain { own } else { format!("({} || {own})", owner::OF_CRON_JOB) });
    }
    if let Some(wanted) = &matching.namespace_labels {
        all.push(have(wanted, "namespaceObject.metadata.labels"));
    }
    if all.is_empty() { "true".to_owned() } else { all.join(" && ") }
}
