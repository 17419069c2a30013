//! One text to lint.

use std::borrow::Cow;
use std::path::PathBuf;

use super::read::read;
use crate::confined::Root;
use crate::diagnostic::FileError;

/// A text to lint, or a file to take it from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// How reports name it.
        name: String,
        /// The folder that it was found in and must still lie in; none where the user named the file itself.
        within: Option<Root>,
    },
    /// A text at hand, such as standard input.
    Text {
        /// How reports name it.
        name: String,
        /// The text as it came.
        bytes: Vec<u8>,
    },
    /// A file as an editor has it open. That somebody looks at it makes it no more a manifest than that it lies in a folder.
    Open {
        /// How reports name it.
        name: String,
        /// The text of the editor.
        bytes: Vec<u8>,
    },
    /// A chart or a kustomization, instead of its files that are no manifests by themselves.
    Unrendered(Unrendered),
}

impl Source {
    /// How reports name it.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Text { name, .. } | Self::Open { name, .. } => name,
            Self::Unrendered(unrendered) => unrendered.name(),
        }
    }

    /// What there is to read.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, FileError> {
        match self {
            Self::File { path, name, within } => read(path, name, within.as_ref()).map(Cow::Owned),
            Self::Text { bytes, .. } | Self::Open { bytes, .. } => Ok(Cow::Borrowed(bytes)),
            Self::Unrendered(_) => Ok(Cow::Borrowed(&[])),
        }
    }
}

/// A chart or a kustomization, some of whose files are not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrendered {
    /// How reports name the file that makes it one.
    pub(super) name: String,
    pub(super) message: String,
}

impl Unrendered {
    /// How reports name the file that makes it one: its `Chart.yaml` or `kustomization.yaml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// That its files are not judged, and how to judge what is rendered from them.
    pub fn message(&self) -> &str {
        &self.message
    }
}
