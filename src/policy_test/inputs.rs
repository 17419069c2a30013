//! What is read when tests are run, so that nothing of it is written over.

use std::path::PathBuf;

use super::find::TestText;
use super::judge::{TestFile, path_of};
use super::model::{Input, Written};
use super::read;
use super::run::{Options, PolicySource, policy_of};
use crate::policy::load;

/// The files that are read when `files` are run: these, what their cases name, the policies and what those extend.
pub fn inputs(files: &[TestText], options: &Options) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut policies: Vec<PolicySource> = options.policy.iter().cloned().collect();
    for TestText { path, name, text } in files {
        paths.push(path.clone());
        let test = TestFile { path, name, text };
        for suite in read::read(name, text).suites {
            policies.extend(policy_of(&suite, path, options));
            for case in &suite.cases {
                let (written, recorded) = match &case.input {
                    Some(Input::Manifest(written)) => (vec![written], None),
                    Some(Input::Review(review)) => {
                        (review.object.iter().chain(&review.old_object).collect(), review.recorded.as_ref())
                    }
                    None => (Vec::new(), None),
                };
                let named = written.into_iter().filter_map(|written| match written {
                    Written::File { path, .. } => Some(path),
                    Written::Here(..) => None,
                });
                paths.extend(named.chain(recorded).map(|named| path_of(test, named)));
            }
        }
    }
    policies.sort();
    policies.dedup();
    for policy in policies {
        match policy {
            PolicySource::Preset(_) => {}
            PolicySource::Named(path) | PolicySource::Found(path) => paths.extend(load::files(&path)),
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
