//! For tests: policies by their text, and what is exported as objects.

use crate::policy::{Policy, load};
use crate::rules::registry;
use jobguard_manifest as manifest;

/// How a policy's text begins.
pub(super) const HEAD: &str =
    "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: t}\nspec:\n";

/// The policy with this `spec`, each line indented by two.
pub(super) fn policy(spec: &str) -> Policy {
    let source = load::Source { name: "t".to_owned(), text: format!("{HEAD}{spec}") };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// The documents of a text in YAML.
pub(super) fn objects(text: &str) -> Vec<serde_json::Value> {
    let documents = manifest::read(text).into_iter().map(|document| {
        let tree = document.content.unwrap();
        tree.to_value(tree.root())
    });
    documents.filter(|value| !value.is_null()).collect()
}
