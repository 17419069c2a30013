//! The engine's verdict on one object, prepared as a cluster would prepare it.

use super::changed::Changed;
use super::options::Options;
use crate::engine::{self, Context, Object, TextFacts, Verdict, check, check_stored};
use crate::mutate;
use crate::policy::Defaults;
use jobguard_apiserver::{Server, Workload};
use serde_json::Value;

/// The policy's defaults for an object, where they are to be filled in.
fn defaults_of(options: &Options<'_>, written: &Workload, context: &Context<'_>) -> Option<Defaults> {
    options.with_defaults.then(|| {
        context.policy.settings_for(&engine::subject(written, context.namespace_labels)).defaults.clone()
    })
}

/// The verdict on an object that an API server has stored, as it is.
pub(super) fn lint_stored_object(
    options: &Options<'_>,
    mut stored: Workload,
    text: TextFacts,
    context: &Context<'_>,
) -> Verdict {
    let defaults = defaults_of(options, &stored, context);
    let server = &context.policy.server;
    server.apply_defaults(&mut stored);
    let old = Object::prepared(stored.clone());
    let object = filled(server, stored, &old, defaults.as_ref());
    check_stored(&old, &object.with_text(text), context)
}

/// An object that an API server has stored, with what `defaults` fill in.
pub(super) fn stored_object(server: &Server, mut stored: Workload, defaults: Option<&Defaults>) -> Object {
    server.apply_defaults(&mut stored);
    let old = Object::prepared(stored.clone());
    filled(server, stored, &old, defaults)
}

fn filled(server: &Server, stored: Workload, old: &Object, defaults: Option<&Defaults>) -> Object {
    Object::updated(server, stored, old, |workload| {
        defaults.is_some_and(|defaults| !mutate::fill_update(workload, old.workload(), defaults).is_empty())
    })
}

/// The verdict on one object, whose JSON is `json`, as written or as a cluster with the webhook would see it.
pub(super) fn lint_object(
    options: &Options<'_>,
    json: impl FnOnce() -> Value,
    written: Workload,
    text: TextFacts,
    context: &Context<'_>,
) -> Verdict {
    let defaults = defaults_of(options, &written, context);
    let stored = options.against.and_then(|against| Some((against.find_stored(&written)?, against.change())));
    if let Some((stored, change)) = stored {
        let change = Changed { stored, change, defaults: defaults.as_ref(), context };
        return change.lint(json, written, text);
    }
    let object = Object::created(&context.policy.server, written, |workload| {
        defaults.as_ref().is_some_and(|defaults| !mutate::fill(workload, defaults).is_empty())
    });
    check(&object.with_text(text), context)
}
