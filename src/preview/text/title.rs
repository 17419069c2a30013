//! What objects are called.

use crate::preview::model::Identity;
use jobguard_text::plain;

/// The name of an object as people say it.
pub(super) fn title(identity: &Identity) -> String {
    let name = match &identity.namespace {
        Some(namespace) => format!("{} {namespace}/{}", identity.kind, identity.name),
        None => format!("{} {}", identity.kind, identity.name),
    };
    plain(&format!("{name} ({})", identity.place))
}
