//! What a test file says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::engine::Severity;
use crate::policy::reader::Fault;
use jobguard_manifest::{FieldPath, Segment, Span};

/// `apiVersion` of a test file.
pub(super) use crate::policy::document::API_VERSION;
/// `kind` of a test file.
pub const KIND: &str = "PolicyTest";

/// One document of a test file.
#[derive(Debug, Clone, Default)]
pub(super) struct Suite {
    /// `spec.policy`, and where it stands.
    pub(super) policy: Option<Spanned<String>>,
    /// When schedules are judged; the time of the run where it does not say.
    pub(super) now: Option<Timestamp>,
    pub(super) cases: Vec<Case>,
    /// Whether something is wrong with what holds for all cases, so that none of them is what was meant.
    pub(super) is_wrong: bool,
}

/// A value, and where it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) span: Span,
    /// Its field in the document.
    pub(super) path: String,
}

/// A case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Its name; its field in the document where it has none.
    pub(super) name: Spanned<String>,
    pub(super) is_named: bool,
    /// None only where that is a fault.
    pub(super) input: Option<Input>,
    /// Whether the policy's defaults are filled in before the rules look.
    pub(super) with_defaults: Option<bool>,
    pub(super) now: Option<Timestamp>,
    /// None only where that is a fault.
    pub(super) expected: Option<Expected>,
    /// What is wrong with it. It is not run then, since what comes out would not be about what was meant.
    pub(super) faults: Vec<Fault>,
}

/// What is judged.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// A manifest, as the linter judges it.
    Manifest(Written),
    /// A request, as the webhook judges it.
    Review(Box<Review>),
}

/// Where an object is written.
#[derive(Debug, Clone)]
pub(super) enum Written {
    /// In the test file: where, and what.
    Here(Span, Value),
    /// In another file: which of its objects, if there are several.
    File { path: Spanned<String>, select: Option<Spanned<Select>> },
}

/// `Kind/name` or `Kind/namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Select {
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Select {
    /// Reads the written form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let (kind, second, third) = (parts.next()?, parts.next()?, parts.next());
        let (namespace, name) = match third {
            Some(name) => (Some(second), name),
            None => (None, second),
        };
        let is_complete = parts.next().is_none() && !kind.is_empty() && !name.is_empty();
        is_complete.then_some(Self { kind, namespace, name })
    }

    /// Whether it names this object.
    pub(super) fn names(&self, kind: &str, namespace: Option<&str>, name: Option<&str>) -> bool {
        let same_namespace = || self.namespace.as_deref().is_none_or(|wanted| namespace == Some(wanted));
        self.kind == kind && name == Some(&self.name) && same_namespace()
    }
}

/// A request, as far as a test says what it is.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "only the webhook answers reviews"))]
pub(super) struct Review {
    /// Where it stands.
    pub(super) span: Span,
    pub(super) path: String,
    /// A recorded AdmissionReview, instead of the fields below.
    pub(super) recorded: Option<Spanned<String>>,
    pub(super) operation: &'static str,
    pub(super) object: Option<Written>,
    pub(super) old_object: Option<Written>,
    pub(super) namespace: Option<Spanned<String>>,
    pub(super) user: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) dry_run: bool,
    pub(super) namespace_labels: Option<BTreeMap<String, String>>,
}

/// What must come out. What is not said is not compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    pub(super) allowed: Option<bool>,
    pub(super) findings: Option<Vec<ExpectedFinding>>,
    /// Findings that must not be there.
    pub(super) absent: Vec<ExpectedFinding>,
    /// The fields that are filled in, with their values.
    pub(super) patched: Option<Vec<(Field, Value)>>,
    /// Whether other findings and other patched fields are passed over.
    pub(super) others_too: bool,
}

/// A finding as a test names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedFinding {
    /// The rule's id; as long as the policy is not known, whichever of its names is written.
    pub(super) rule: String,
    /// Where that is written.
    pub(super) place: Span,
    /// And its field in the document.
    pub(super) field: String,
    pub(super) path: Option<Field>,
    pub(super) severity: Option<Severity>,
    /// A part of the message.
    pub(super) message: Option<String>,
}

/// A field, in whichever way its path is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    steps: Vec<String>,
    pub(super) text: String,
}

impl From<&FieldPath> for Field {
    fn from(path: &FieldPath) -> Self {
        let step = |segment: &Segment| match segment {
            Segment::Field(name) | Segment::Key(name) => name.to_string(),
            Segment::Index(index) => index.to_string(),
        };
        Self { steps: path.segments().iter().map(step).collect(), text: path.to_string() }
    }
}

impl Field {
    /// Reads the written form.
    pub(super) fn parse(text: &str) -> Self {
        (&FieldPath::parse(text)).into()
    }

    /// Whether both are the same field.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_same_in_each_spelling() {
        let labels = FieldPath::root().field("metadata").field("labels").key("app");
        assert!(Field::from(&labels).is(&Field::parse("metadata.labels.app")));
        assert!(Field::from(&labels).is(&Field::parse("metadata.labels[app]")));
        assert!(!Field::from(&labels).is(&Field::parse("metadata.labels")));
        assert!(Field::parse("a.b[0]").is(&Field::parse("a.b.0")));
    }

    #[test]
    fn objects_by_name() {
        let select = Select::parse("CronJob/nightly").unwrap();
        assert!(select.names("CronJob", Some("batch"), Some("nightly")));
        assert!(!select.names("Job", None, Some("nightly")));
        let select = Select::parse("CronJob/batch/nightly").unwrap();
        assert!(select.names("CronJob", Some("batch"), Some("nightly")));
        assert!(!select.names("CronJob", None, Some("nightly")));
        for wrong in ["", "CronJob", "CronJob/", "/nightly", "a/b/c/d"] {
            assert_eq!(Select::parse(wrong), None, "{wrong}");
        }
    }
}
