//! `api/syntax`

use super::ALWAYS;
use super::api_removed_version::{no_kind_of_batch, without_kind};
use crate::engine::{Check, Docs, Example, Finding, Fix, Rule, Safety, Severity, Symptom};
use crate::policy::RuleSpec;
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, SyntaxError};

/// The text is not readable YAML or JSON.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/syntax",
        summary: "the text is not valid YAML or JSON",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "`kubectl` cannot parse the document: an unclosed quote, a tab in the indentation, a schedule such \
               as `*/5 * * * *` or `@daily` without quotes, a template that was not rendered. Also reported is a \
               document that can be parsed but is not an object that `kubectl` would send: in a file with Jobs \
               or CronJobs, a document that is a string, a list or a number, or a `List` of them without \
               `apiVersion`. The finding is at the place where parsing fails; other documents of the same file \
               are still checked.",
        why: "Nothing in the document reaches the cluster, and the line number in `kubectl`'s error message is \
              often wrong for the file.",
        examples: &[
            Example::bad(
                "an unquoted schedule starts with `*`, which YAML takes for an alias",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: */5 * * * *
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the schedule in quotes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://yaml.org/spec/1.2.2/#alias-nodes",
            "https://yaml.org/spec/1.2.2/#53-indicator-characters",
        ],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};

fn finding(message: impl Into<String>, help: Option<String>) -> Finding {
    let mut finding = RULE.finding(Severity::Error, FieldPath::root(), message);
    finding.help = help;
    finding
}

/// Of a document that cannot be read. `repair` says how certain it is that what would repair it is meant; none where that
/// is not to be offered.
pub fn unreadable(error: &SyntaxError, repair: Option<Safety>) -> Finding {
    let mut finding = finding(error.message.clone(), error.help.clone());
    finding.fix = repair
        .zip(error.repair.clone())
        .map(|(safety, edit)| Fix::new(safety, "put the schedule in quotes", Edit::Text(edit)));
    finding
}

/// Why the bytes of a file are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// They are UTF-16.
    Utf16,
    /// They are no UTF-8.
    NotUtf8,
}

impl Encoding {
    /// The finding about it.
    pub fn finding(self) -> Finding {
        let (message, help) = match self {
            Self::Utf16 => {
                ("the file is UTF-16, which is not read reliably by Kubernetes tools", "save it as UTF-8")
            }
            Self::NotUtf8 => ("the text is not UTF-8 here", "save the file as UTF-8"),
        };
        finding(message, Some(help.to_owned()))
    }
}

/// What can be read, and is no object that kubectl would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoObject<'a> {
    /// A document that is a value of this kind, in words.
    Value(&'static str),
    /// A document without a kind.
    WithoutKind,
    /// A document that is a list of objects, and no `List`.
    Objects,
    /// JSON behind something else, which as YAML is one text.
    JsonInText,
    /// A list whose items are no list.
    Items,
    /// An item of a list.
    Item(usize, NoItem),
    /// A list of this kind without an `apiVersion`.
    ListWithoutVersion(&'a str),
    /// A list without a kind.
    ListWithoutKind,
    /// An object of the batch group with a kind that this has not.
    KindNotOfBatch(&'a str),
    /// An object of this version of the batch group without a kind.
    BatchWithoutKind(&'a str),
}

/// What is wrong with an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoItem {
    /// It is a value of this kind, in words.
    Value(&'static str),
    /// It is nothing.
    Null,
    /// It has no kind.
    WithoutKind,
}

impl NoObject<'_> {
    /// The finding about it.
    pub fn finding(self) -> Finding {
        let (message, help) = match self {
            Self::Value(what) => (
                format!("kubectl fails at this document: it is {what}, not an object"),
                "remove it, or write it as a comment",
            ),
            Self::WithoutKind => (
                "kubectl fails at this document: it has no kind".to_owned(),
                "add its apiVersion and kind, or remove it",
            ),
            Self::Objects => (
                "kubectl fails at this document: it is a list of objects, and a document holds one"
                    .to_owned(),
                "write each object as a document of its own, or all as the items of one object with apiVersion: \
                 v1 and kind: List",
            ),
            Self::JsonInText => (
                "kubectl reads this document as one string, not an object: JSON has no comments".to_owned(),
                "remove the text before the object",
            ),
            Self::Items => (
                "kubectl fails at this list: its items are not a list".to_owned(),
                "write `- ` before each of the items",
            ),
            Self::Item(position, what) => {
                let what = match what {
                    NoItem::Value(what) => format!("it is {what}, not an object"),
                    NoItem::Null => "it is null, not an object".to_owned(),
                    NoItem::WithoutKind => "it has no kind".to_owned(),
                };
                (
                    format!("kubectl fails at items[{position}] of this list: {what}"),
                    "remove the item, or complete it",
                )
            }
            Self::ListWithoutVersion(kind) => (
                format!("the {kind} has no apiVersion, and kubectl refuses it"),
                if kind == "List" { "add apiVersion: v1" } else { "add its apiVersion" },
            ),
            Self::ListWithoutKind => (
                "the list of objects has no kind, and kubectl refuses it".to_owned(),
                "add apiVersion: v1 and kind: List",
            ),
            Self::KindNotOfBatch(kind) => (
                no_kind_of_batch(kind),
                "write kind: Job or kind: CronJob, or the apiVersion that has this kind",
            ),
            Self::BatchWithoutKind(api_version) => {
                (without_kind(api_version), "add kind: Job or kind: CronJob")
            }
        };
        finding(message, Some(help.to_owned()))
    }
}
