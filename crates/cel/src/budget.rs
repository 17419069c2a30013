//! What an evaluation may cost: counted, not timed, so that the same expression ends the same way everywhere.

use crate::EvalError;

/// How many bytes of text that is read or made count as one step.
const BYTES: usize = 16;

/// After how many steps it is asked again whether anybody still waits.
const CHECKED: u64 = 4_096;

/// The steps that are left.
pub struct Budget<'c> {
    most: u64,
    left: u64,
    /// Asks whether the result is of no use any more.
    cancelled: Option<&'c dyn Fn() -> bool>,
    next_check: u64,
}

impl<'c> Budget<'c> {
    /// So many steps.
    pub fn new(steps: u64) -> Self {
        Self { most: steps, left: steps, cancelled: None, next_check: 0 }
    }

    /// The same, and none at all once `cancelled` says so.
    #[must_use]
    pub fn or_until(self, cancelled: &'c dyn Fn() -> bool) -> Self {
        let next_check = self.left.saturating_sub(CHECKED);
        Self { cancelled: Some(cancelled), next_check, ..self }
    }

    /// The steps that have been taken.
    pub fn spent(&self) -> u64 {
        self.most - self.left
    }

    /// The steps that are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes `steps` of the budget.
    pub(crate) fn take(&mut self, steps: u64) -> Result<(), EvalError> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(EvalError::TooExpensive(self.most));
            }
        }
        if let Some(cancelled) = self.cancelled
            && self.left <= self.next_check
        {
            self.next_check = self.left.saturating_sub(CHECKED);
            if cancelled() {
                return Err(EvalError::Cancelled);
            }
        }
        Ok(())
    }

    /// Takes a step for each of `count` elements.
    pub(crate) fn take_elements(&mut self, count: usize) -> Result<(), EvalError> {
        self.take(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Takes what reading or making `bytes` of text costs.
    pub(crate) fn take_bytes(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.take_elements(bytes / BYTES)
    }
}

impl std::fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("most", &self.most).field("left", &self.left).finish_non_exhaustive()
    }
}
