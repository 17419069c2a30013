//! Discovery of the policy file that applies if none is named.

use std::path::{Path, PathBuf};

use jobguard_manifest as manifest;
use jobguard_text::nearest;

use super::document::{API_VERSION, KIND};
use super::load;

/// The file name that [`discover`] looks for.
pub const FILE_NAME: &str = "jobguard.yaml";

/// The policy file for `start`, a file or a folder: `jobguard.yaml` there or in the nearest parent that has
/// one. A file of that name with objects of other kinds, such as the manifests that install jobguard, is skipped. The search
/// ends at the root of a git repository, so that a verdict does not depend on files outside it. Whether a file may be read,
/// and is a policy without faults, is for [`load::read_found`] to say.
pub fn discover(start: &Path) -> Option<PathBuf> {
    let start =
        std::path::absolute(if start.as_os_str().is_empty() { Path::new(".") } else { start }).ok()?;
    for folder in start.ancestors() {
        let candidate = folder.join(FILE_NAME);
        if candidate.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir())
            && !holds_another_object(&candidate)
        {
            return Some(candidate);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Whether a file certainly holds an object that is not meant to be a policy. What cannot be read may be one with faults.
pub(crate) fn holds_another_object(path: &Path) -> bool {
    load::text_of_found(path).is_some_and(|text| is_another_object(&text))
}

pub(crate) fn is_another_object(text: &str) -> bool {
    let mut first = None;
    manifest::read_each(text, |document| {
        if first.is_none() {
            first = Some(document.content.is_ok_and(|tree| {
                let of = |key| tree.get(tree.root(), key).and_then(|value| tree.str(value));
                let kind = of("kind");
                let is_kind = kind.is_some_and(|kind| nearest(kind, [KIND]).is_some());
                let is_version = of("apiVersion").is_some_and(|version| group(version) == group(API_VERSION));
                let is_map = matches!(tree[tree.root()].kind, manifest::NodeKind::Map(_));
                // A slip in one of the two does not make it another object.
                is_map && !is_kind && !(is_version && kind.is_none())
            }));
        }
    });
    first.unwrap_or_default()
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_other_kinds() {
        for another in [
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: jobguard}\n---\nkind: JobPolicy\n",
            "# Installs jobguard.\n---\napiVersion: apps/v1\nkind: Deployment\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: Report\n",
            "rules: {cron/*: off}\n",
            "apiVersion: v1\nspec: {}\n",
            "{\"kind\": \"List\", \"apiVersion\": \"v1\"}",
        ] {
            assert!(is_another_object(another), "{another}");
        }
        for policy in [
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: jobpolicy\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolcy\n",
            "apiVersion: jobguard.dev/v1\nspec: {}\n",
            "apiVersion: jobgard.dev/v1alpha1\nkind: JobPolicy\n",
            "kind: JobPolicy\n",
            // With errors of their own, which are reported.
            "",
            "some words",
            "kind: [\n",
        ] {
            assert!(!is_another_object(policy), "{policy}");
        }
    }
}
