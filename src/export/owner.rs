//! The owner of an object, in CEL. As for the webhook, an owner reference counts where a controller has written it.

use super::text::{cel_string, regex};
use crate::policy::Policy;

/// The controllers that the object belongs to, by the word of one: a list of one at most.
pub(super) fn proven(policy: &Policy) -> String {
    let mut users = vec![
        "request.userInfo.username in ['system:serviceaccount:kube-system:cronjob-controller', \
         'system:kube-controller-manager']"
            .to_owned(),
    ];
    let named =
        |pattern: &String| format!("request.userInfo.username.matches({})", cel_string(&regex(pattern)));
    users.extend(policy.controllers.iter().map(named));
    format!(
        "({}) && has(object.metadata.ownerReferences) ? object.metadata.ownerReferences.filter(owner, \
         has(owner.controller) && owner.controller) : []",
        users.join(" || ")
    )
}

/// Whether the object is a CronJob's.
pub(super) const OF_CRON_JOB: &str =
    "variables.owners.exists(owner, owner.kind == 'CronJob' && owner.apiVersion.startsWith('batch/'))";

/// Whether the object's owner is named so.
pub(super) fn is_named(patterns: &[String]) -> String {
    exists(patterns, |pattern| format!("owner.name.matches({})", cel_string(&regex(pattern))))
}

/// Whether the object's owner is of one of these kinds.
pub(super) fn is_of_kind(patterns: &[String]) -> String {
    exists(patterns, |pattern| match pattern.split_once('.') {
        Some((kind, group)) => format!(
            "owner.kind.matches({}) && (owner.apiVersion.contains('/') ? owner.apiVersion.split('/')[0] : \
             '').matches({})",
            cel_string(&regex(kind)),
            cel_string(&regex(group))
        ),
        None => format!("owner.kind.matches({})", cel_string(&regex(pattern))),
    })
}

fn exists(patterns: &[String], each: impl Fn(&str) -> String) -> String {
    let all: Vec<_> = patterns.iter().map(|pattern| format!("({})", each(pattern))).collect();
    format!("variables.owners.exists(owner, {})", all.join(" || "))
}
