//! Fixes, in terms of fields. The linter turns them into changes of the text; the webhook has no text to change.

use jobguard_apiserver::{Cause, FieldError, Suggestion};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, Segment};

/// Whether a fix is applied without review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// Only this can be meant: `--fix` applies it.
    Safe,
    /// Probably what is meant, or the usual choice: `--unsafe-fixes` applies it, and its result is to be reviewed.
    Unsafe,
    /// A hint that is never applied: the choice is the author's.
    Shown,
}

impl Safety {
    /// Safe if it is certain that only this can be meant.
    pub const fn safe_if(certain: bool) -> Self {
        if certain { Self::Safe } else { Self::Unsafe }
    }

    /// The word used in every output; none for a fix that is only shown.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Safe => Some("safe"),
            Self::Unsafe => Some("unsafe"),
            Self::Shown => None,
        }
    }
}

/// A correction of what a finding is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Whether it is applied without review.
    pub safety: Safety,
    /// What it does, in the imperative: `set restartPolicy to Never`.
    pub title: String,
    /// The changes, all of them or none.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that only shows what could be done.
    pub fn shown(title: impl Into<String>) -> Self {
        Self { safety: Safety::Shown, title: title.into(), edits: Vec::new() }
    }

    /// A fix of one change.
    pub fn new(safety: Safety, title: impl Into<String>, edit: Edit) -> Self {
        Self { safety, title: title.into(), edits: vec![edit] }
    }

    /// A fix that gives a field a value.
    pub fn set(
        safety: Safety,
        title: impl Into<String>,
        path: FieldPath,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        Self::new(safety, title, Edit::Set { path, value: value.into() })
    }

    /// The fields that have a value afterwards which they did not have before.
    pub(crate) fn targets(&self) -> impl Iterator<Item = FieldPath> + '_ {
        self.edits.iter().filter_map(Edit::target)
    }
}

/// The fix of a fault that decoding has found.
pub(super) fn of_error(error: &FieldError) -> Option<Fix> {
    let Suggestion { edit, certain } = error.suggestion.as_ref()?;
    let title = match edit {
        Edit::RenameKey { path, to } => format!("rename {} to {to}", name_of(path)),
        Edit::Move { from, to } => format!("move {} to {to}", name_of(from)),
        Edit::Quote { path } => format!("put {} in quotes", name_of(path)),
        // One of those that the field knows.
        Edit::Set { path, value: serde_json::Value::String(value) } if error.cause == Cause::NotSupported => {
            format!("set {} to {value}", name_of(path))
        }
        // The value may be secret.
        Edit::Set { path, .. } => format!("write {} as the type it must have", name_of(path)),
        // Decoding suggests no others.
        Edit::Insert { .. }
        | Edit::Remove { .. }
        | Edit::MoveEntries { .. }
        | Edit::Reorder { .. }
        | Edit::Transfer { .. }
        | Edit::Text(_) => return None,
    };
    Some(Fix::new(Safety::safe_if(*certain), title, edit.clone()))
}

fn name_of(path: &FieldPath) -> String {
    match path.segments().last() {
        Some(Segment::Field(name) | Segment::Key(name)) => name.to_string(),
        _ => path.to_string(),
    }
}
