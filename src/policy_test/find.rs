//! Which files are tests: of those that are found, the ones whose `kind` says so, whatever their names.

use std::path::PathBuf;

use super::read::is_test;
use crate::diagnostic::FileError;
use crate::linter::decode_text;
use crate::sources::{self, Source};

/// A test file.
#[derive(Debug, Clone)]
pub struct TestText {
    /// Where it is.
    pub path: PathBuf,
    /// How reports name it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The files to run.
#[derive(Debug, Default)]
pub struct Found {
    /// The test files.
    pub files: Vec<TestText>,
    /// What could not be read.
    pub errors: Vec<FileError>,
    /// What was left out on the way, for people.
    pub notes: Vec<String>,
}

/// Finds the test files below `paths`: a file that is named is one, whatever is in it; in a folder those are, at any depth,
/// whose `kind` is `PolicyTest`, as git sees the folder.
pub fn find(paths: &[PathBuf]) -> Found {
    let sources::Found { sources, errors, notes } = sources::find(paths);
    let mut found = Found { files: Vec::new(), errors, notes };
    for source in sources {
        let Source::File { path, name, within } = &source else { continue };
        match source.bytes() {
            Err(error) => found.errors.push(error),
            Ok(bytes) => {
                let (text, _) = decode_text(&bytes);
                if within.is_none() || is_test(&text) {
                    found.files.push(TestText {
                        path: path.clone(),
                        name: name.clone(),
                        text: text.into_owned(),
                    });
                }
            }
        }
    }
    found
}
