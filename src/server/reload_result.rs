//! What came of reading files again that were loaded before.

/// What came of reading files again.
#[derive(Debug)]
pub(crate) enum ReloadResult<E> {
    /// The contents are the same, and in use.
    Unchanged,
    /// The contents are new, and in use from now on.
    Loaded,
    /// The contents are new and cannot be used: what was in use stays.
    Failed(E),
    /// The contents are those that could not be used before.
    StillFailing,
}

impl<E> ReloadResult<E> {
    /// Without the error.
    pub(crate) fn map<F>(self, change: impl FnOnce(E) -> F) -> ReloadResult<F> {
        match self {
            Self::Unchanged => ReloadResult::Unchanged,
            Self::Loaded => ReloadResult::Loaded,
            Self::Failed(error) => ReloadResult::Failed(change(error)),
            Self::StillFailing => ReloadResult::StillFailing,
        }
    }
}
