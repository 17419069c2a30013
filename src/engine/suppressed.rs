//! What there is to know of a finding that does not count.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::policy::Place;

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// What says so.
    pub by: SuppressedBy,
    /// Why, in its author's words.
    pub reason: Option<Arc<str>>,
    /// The last day, in UTC, on which it is so; none where there is no end.
    pub until: Option<Date>,
}

/// What says that a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuppressedBy {
    /// The object's annotation.
    Annotation,
    /// An exception of the policy.
    Exception {
        /// Its name, or its field.
        id: String,
        /// Where it is written.
        place: Place,
    },
}

impl SuppressedBy {
    /// For programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Annotation => "annotation",
            Self::Exception { .. } => "exception",
        }
    }
}

/// `exception NAME until 2027-01-31: REASON`, as far as it is known.
impl fmt::Display for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.by.as_str())?;
        if let SuppressedBy::Exception { id, .. } = &self.by {
            write!(f, " {id}")?;
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}
