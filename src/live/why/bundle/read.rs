//! Reads a bundle, object by object: a namespace of fifty thousand Pods is never in memory as a whole but for its text.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::HEADER;
use crate::live::why::known::Kind;
use crate::live::why::value::{get, text, time};
use jobguard_manifest::{NodeKind, objects, read_each};

/// From what size on a document is taken apart before it is read, in bytes.
const LARGE: usize = 256 << 10;

/// How deep lists within lists are followed.
const MAX_LISTS: usize = 4;

/// How many documents that cannot be read are named.
const MAX_NOTES: usize = 5;

/// What a bundle tells beside its objects.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// How many objects it has, of whatever kind.
    pub objects: usize,
    /// When it was written, where it says so.
    pub written: Option<Timestamp>,
    /// What could not be read when it was written, and why.
    pub unread: Vec<(Kind, String)>,
    /// What was asked for when it was written.
    pub read: Vec<Kind>,
    /// What is wrong with parts of it.
    pub notes: Vec<String>,
}

/// Why a bundle cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing of it is an object.
    #[error("there is no Kubernetes object in it{because}")]
    Empty {
        /// What is wrong with the first part that cannot be read.
        because: String,
    },
}

/// Reads a text, and hands over each object of a kind that answers rest on.
///
/// # Errors
///
/// If there is no object in the text.
pub fn read(text: &str, mut each: impl FnMut(Kind, Value)) -> Result<Bundle, ReadError> {
    let mut reading = Reading { bundle: Bundle::default(), each: &mut each, unreadable: 0 };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().starts_with(['{', '[']) {
        true => reading.json(text),
        false => reading.yaml(text),
    }
    let Reading { mut bundle, unreadable, .. } = reading;
    if bundle.objects == 0 && bundle.written.is_none() {
        let because = bundle.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        return Err(ReadError::Empty { because });
    }
    if unreadable > MAX_NOTES {
        bundle.notes.push(format!("{} more parts cannot be read", unreadable - MAX_NOTES));
    }
    Ok(bundle)
}

struct Reading<'e> {
    bundle: Bundle,
    each: &'e mut dyn FnMut(Kind, Value),
    unreadable: usize,
}

/// A list, or any other object.
#[derive(Deserialize)]
struct List<'t> {
    #[serde(borrow)]
    items: Option<&'t RawValue>,
}

impl Reading<'_> {
    fn note(&mut self, note: String) {
        self.unreadable += 1;
        if self.unreadable <= MAX_NOTES {
            self.bundle.notes.push(note);
        }
    }

    fn json(&mut self, text: &str) {
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            match value {
                Ok(value) => self.json_value(value.get(), MAX_LISTS),
                Err(error) => return self.note(format!("line {}: it is not JSON", error.line())),
            }
        }
    }

    fn json_value(&mut self, text: &str, lists: usize) {
        let items = match text.trim_start().starts_with('[') {
            true => Some(text),
            false => serde_json::from_str::<List<'_>>(text).ok().and_then(|list| Some(list.items?.get())),
        };
        let items =
            items.filter(|_| lists > 0).and_then(|items| serde_json::from_str::<Vec<&RawValue>>(items).ok());
        match items {
            Some(items) => items.into_iter().for_each(|item| self.json_value(item.get(), lists - 1)),
            None => match serde_json::from_str(text) {
                Ok(value) => self.object(value),
                Err(error) => self.note(format!("an object cannot be read: {}", error_kind(&error))),
            },
        }
    }

    fn yaml(&mut self, text: &str) {
        if text.len() < LARGE {
            return self.documents(text);
        }
        for document in documents(text) {
            match items(document) {
                Some(items) => items.into_iter().for_each(|item| self.documents(item)),
                None => self.documents(document),
            }
        }
    }

    /// Reads documents as kubectl reads them.
    fn documents(&mut self, text: &str) {
        read_each(text, |document| match &document.content {
            Ok(tree) => {
                // An item that was taken out of its list is a list of one.
                if let NodeKind::Seq(items) = &tree[tree.root()].kind {
                    return items.iter().for_each(|item| self.object(tree.to_value(*item)));
                }
                for object in objects(tree) {
                    self.object(tree.to_value(object.node));
                }
            }
            Err(error) => self.note(error.to_string()),
        });
    }

    fn object(&mut self, value: Value) {
        let Some(kind) = text(&value, "kind") else { return };
        if kind == HEADER {
            return self.header(&value);
        }
        self.bundle.objects += 1;
        let group = text(&value, "apiVersion").unwrap_or_default();
        let is_known = matches!(group, "v1" | "batch/v1" | "batch/v1beta1" | "events.k8s.io/v1");
        if let Some(kind) = Kind::named(kind).filter(|_| is_known) {
            (self.each)(kind, value);
        }
    }

    fn header(&mut self, value: &Value) {
        self.bundle.written = time(value, "writtenAt");
        let unread = get(value, "unread").and_then(Value::as_object).into_iter().flatten();
        self.bundle
            .unread
            .extend(unread.filter_map(|(kind, why)| Some((Kind::named(kind)?, why.as_str()?.to_owned()))));
        let read = get(value, "read").and_then(Value::as_array).into_iter().flatten();
        self.bundle.read.extend(read.filter_map(|kind| Kind::named(kind.as_str()?)));
    }
}

/// What is wrong, without the text itself.
fn error_kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it is not JSON",
    }
}

/// The documents of a text.
fn documents(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let separators = text.match_indices("\n---").map(|(at, _)| at + 1);
    starts.extend(separators.filter(|at| {
        text.get(at + 3..).is_none_or(|rest| rest.is_empty() || rest.starts_with(['\n', '\r', ' ']))
    }));
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// The items of a list as kubectl prints it: each begins with a dash at the beginning of a line. None of anything else.
fn items(document: &str) -> Option<Vec<&str>> {
    let begin = document.find("\nitems:")?;
    let head = &document[..begin];
    let is_head = |line: &str| {
        line.is_empty() || line.starts_with("---") || line.starts_with("apiVersion:") || line.starts_with('#')
    };
    if !head.lines().all(is_head) {
        return None;
    }
    let first = begin + document[begin..].find("\n- ")? + 1;
    let mut starts = vec![first];
    starts.extend(document[first..].match_indices("\n- ").map(|(at, _)| first + at + 1));
    // What stands at the beginning of a line and is no item belongs to the list.
    let last = *starts.last()?;
    let end = document[last..]
        .match_indices('\n')
        .map(|(at, _)| last + at + 1)
        .find(|at| document[*at..].starts_with(|c: char| c.is_ascii_alphabetic()))
        .unwrap_or(document.len());
    let ends = starts.iter().skip(1).copied().chain([end]);
    Some(starts.iter().zip(ends).map(|(start, end)| &document[*start..end]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, Bundle) {
        let mut names = Vec::new();
        let bundle = read(text, |kind, value| {
            names.push(format!("{}/{}", kind.as_str(), text_of(&value)));
        });
        (names, bundle.unwrap())
    }

    fn text_of(value: &Value) -> String {
        text(value, "metadata.name").unwrap_or_default().to_owned()
    }

    const LIST: &str = r#"apiVersion: v1
items:
- apiVersion: batch/v1
  kind: Job
  metadata:
    name: a
    annotations:
      x: |
        - b
- apiVersion: v1
  kind: Secret
  metadata:
    name: s
- apiVersion: v1
  kind: Pod
  metadata:
    name: p
kind: List
metadata:
  resourceVersion: ""
"#;

    #[test]
    fn as_kubectl_prints_it() {
        let (found, bundle) = names(LIST);
        assert_eq!(found, ["Job/a", "Pod/p"]);
        assert_eq!(bundle.objects, 3);
        let two = format!("{LIST}---\n{LIST}");
        assert_eq!(names(&two).0.len(), 4);
        let json = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}},{"apiVersion":"v1","kind":"PodList","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q"}}]}]}"#;
        assert_eq!(names(json).0, ["Pod/p", "Pod/q"]);
    }

    #[test]
    fn large_lists_are_taken_apart() {
        let parts = items(LIST).unwrap();
        assert_eq!(parts.len(), 3);
        assert!(parts[2].ends_with("name: p\n"), "{:?}", parts[2]);
        let pods: String = (0..4_000)
            .map(|n| {
                format!(
                    "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: p{n}\n    \
                     namespace: a-namespace-with-a-name\n"
                )
            })
            .collect();
        let large = format!(
            "apiVersion: v1\nitems:\n{pods}kind: List\nmetadata:\n  resourceVersion: \"\"\n---\n{LIST}"
        );
        assert!(large.len() > LARGE);
        let (found, bundle) = names(&large);
        assert_eq!((found.len(), bundle.objects), (4_002, 4_003));
    }

    #[test]
    fn what_is_no_bundle() {
        let error = read("a: [", |_, _| ()).unwrap_err();
        assert!(error.to_string().starts_with("there is no Kubernetes object in it: "), "{error}");
        assert!(read("", |_, _| ()).is_err());
        assert!(read("[1, 2]", |_, _| ()).is_err());
    }
}
