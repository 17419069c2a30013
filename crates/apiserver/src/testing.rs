//! What the tests of this crate share.

use serde_json::Value;

use super::{Kind, KubernetesVersion, Prepared, Server, Workload};
use jobguard_manifest::Tree;

/// The server whose answers are known best.
pub(crate) fn server() -> Server {
    Server::of(KubernetesVersion::NEWEST_COMPARED)
}

/// A decoded object.
pub(crate) fn written(kind: Kind, object: &Value) -> Workload {
    let tree = Tree::from_value(object);
    let decoded = server().decode(&tree, tree.root(), kind);
    decoded.workload.unwrap_or_else(|| panic!("{:?}", decoded.complaints))
}

/// An object on its way to be created, just before validation.
pub(crate) fn prepared(kind: Kind, object: &Value) -> Prepared {
    server().created(written(kind, object)).prepare_for_create()
}
