//! What is compared: recorded reviews are separated from the other texts, in whichever form they were kept, and what cannot
//! be read is reported with its line. Nothing is skipped silently: a diff that leaves something out would say "no difference".

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::FileError;
use crate::linter::decode_text;
use crate::sources::Source;
use jobguard_manifest::{self as manifest, LineIndex};

/// What could not be read, or not be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputError {
    /// The file.
    pub file: String,
    /// The line; 0 where it is the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

impl From<FileError> for InputError {
    fn from(FileError { name, message }: FileError) -> Self {
        Self { file: name, line: 0, message }
    }
}

/// A review that was kept.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) file: String,
    /// The line that it begins on.
    pub(super) line: usize,
    /// Its number in the file, from 1; 0 where it is alone.
    #[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "only the webhook answers reviews"))]
    pub(super) number: usize,
    #[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "only the webhook answers reviews"))]
    pub(super) review: Value,
}

#[cfg(not(feature = "serve"))]
impl Recorded {
    /// Why it is not judged.
    pub(super) fn refuse(self) -> InputError {
        let message = "this jobguard was built without the webhook, which answers reviews".to_owned();
        InputError { file: self.file, line: self.line, message }
    }
}

/// The sources that were named explicitly, rather than found in a folder.
pub(super) fn named(sources: &[Source]) -> Vec<String> {
    let is_named = |source: &&Source| match source {
        Source::File { within, .. } => within.is_none(),
        Source::Text { .. } => true,
        Source::Open { .. } | Source::Unrendered(_) => false,
    };
    sources.iter().filter(is_named).map(|source| source.name().to_owned()).collect()
}

/// Takes the reviews out of `sources`: a file that holds nothing else is taken away.
pub(super) fn take(sources: &mut Vec<Source>, errors: &mut Vec<InputError>) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    sources.retain(|source| {
        // What cannot be read is reported with the manifests.
        let Ok(bytes) = source.bytes() else { return true };
        let (text, _) = decode_text(&bytes);
        // Folders hold JSON of other programs, which the linter passes over as well.
        let is_found_json =
            matches!(source, Source::File { within: Some(_), .. } if source.name().ends_with(".json"));
        if is_found_json && !text.contains("apiVersion") {
            return true;
        }
        let taken = of_text(&text);
        let error = |(line, message)| InputError { file: source.name().to_owned(), line, message };
        errors.extend(taken.errors.into_iter().map(error));
        let count = taken.reviews.len();
        for (index, (line, review)) in taken.reviews.into_iter().enumerate() {
            let number = if count > 1 { index + 1 } else { 0 };
            recorded.push(Recorded { file: source.name().to_owned(), line, number, review });
        }
        !taken.is_only_reviews
    });
    recorded
}

/// What is in a text.
#[derive(Debug, Default)]
struct Taken {
    /// The reviews, each with its line.
    reviews: Vec<(usize, Value)>,
    /// What is wrong, and on which line.
    errors: Vec<(usize, String)>,
    /// Whether there is nothing in it for the linter.
    is_only_reviews: bool,
}

/// A value of a text, or why there is none, with the line that it begins on.
type Part = (usize, Result<Value, String>);

fn of_text(text: &str) -> Taken {
    if !text.contains(KIND) {
        return Taken { errors: syntax_errors(text), ..Taken::default() };
    }
    let whole = parts(text);
    let is_broken = |(_, part): &Part| !matches!(part, Ok(Value::Object(_) | Value::Array(_)));
    let parts = match whole.iter().any(is_broken) {
        // Of JSON one a line, a line that cannot be read hides no other.
        true => lines(text).unwrap_or(whole),
        false => whole,
    };
    let mut taken = Taken::default();
    let (mut manifests, mut strange) = (0, Vec::new());
    for (line, part) in parts {
        let mut items = Vec::new();
        match part {
            Ok(value) => sort(value, MAX_DEPTH, &mut items),
            Err(message) => taken.errors.push((line, message)),
        }
        for item in items {
            match item {
                Item::Review(review) if review.get("request").is_some_and(Value::is_object) => {
                    taken.reviews.push((line, review));
                }
                Item::Review(_) => {
                    let message = "the AdmissionReview has no request: record what the API server sends";
                    taken.errors.push((line, message.to_owned()));
                }
                Item::Manifest => manifests += 1,
                Item::Strange => {
                    strange.push((line, "this is neither an AdmissionReview nor a manifest".to_owned()));
                }
            }
        }
    }
    // Where there are no reviews it is for the linter to say.
    taken.is_only_reviews = manifests == 0 && !(taken.reviews.is_empty() && taken.errors.is_empty());
    if taken.is_only_reviews {
        taken.errors.append(&mut strange);
        taken.errors.sort_by_key(|(line, _)| *line);
    }
    taken
}

const KIND: &str = "AdmissionReview";

/// How deep lists within lists are followed.
const MAX_DEPTH: usize = 16;

/// What a value is.
enum Item {
    Review(Value),
    /// An object for the linter.
    Manifest,
    Strange,
}

/// Sorts a value: one item, or those of a list. What keeps a review with what came with it, such as the path of the
/// request, has it as `review`.
fn sort(mut value: Value, depth: usize, items: &mut Vec<Item>) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let has_kind = !kind.is_empty();
    if kind == KIND {
        return items.push(Item::Review(value));
    }
    if depth == 0 {
        return items.push(Item::Strange);
    }
    let mut each = |values: Vec<Value>, implied: bool| {
        for mut value in values {
            if let Some(item) = value.as_object_mut().filter(|item| implied && !item.contains_key("kind")) {
                item.insert("kind".to_owned(), KIND.into());
            }
            sort(value, depth - 1, items);
        }
    };
    match &mut value {
        Value::Array(values) => each(std::mem::take(values), false),
        Value::Object(map) => match (map.remove("items"), map.remove("review")) {
            (Some(Value::Array(values)), _) if kind.ends_with("List") => {
                each(values, kind.strip_suffix("List") == Some(KIND));
            }
            (_, Some(review @ Value::Object(_))) if !has_kind => sort(review, depth - 1, items),
            _ if has_kind || map.contains_key("apiVersion") => items.push(Item::Manifest),
            _ => items.push(Item::Strange),
        },
        _ => items.push(Item::Strange),
    }
}

/// What of a text is no YAML and no JSON.
fn syntax_errors(text: &str) -> Vec<(usize, String)> {
    let mut errors = Vec::new();
    manifest::read_each(text, |document| {
        if let Err(error) = document.content {
            errors.push((error.span.start, error.message));
        }
    });
    if errors.is_empty() {
        return errors;
    }
    let index = LineIndex::new(text);
    errors.into_iter().map(|(start, message)| (index.position(start).line, message)).collect()
}

/// The values of a text: YAML, or JSON.
fn parts(text: &str) -> Vec<Part> {
    let index = LineIndex::new(text);
    if text.trim_start().starts_with(['{', '[']) {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut parts = Vec::new();
        loop {
            let rest = &text[stream.byte_offset()..];
            let start = text.len() - rest.trim_start().len();
            match stream.next() {
                Some(Ok(value)) => parts.push((index.position(start).line, Ok(value))),
                Some(Err(_)) => break,
                None => return parts,
            }
        }
    }
    let mut parts = Vec::new();
    manifest::read_each(text, |document| {
        parts.push(match document.content {
            Ok(tree) => {
                let root = tree.root();
                (index.position(tree[root].span.start).line, Ok(tree.to_value(root)))
            }
            Err(error) => (index.position(error.span.start).line, Err(error.message)),
        });
    });
    parts
}

/// The values of a text of JSON one a line; none if it is no such text, that is, if no line is a review by itself.
fn lines(text: &str) -> Option<Vec<Part>> {
    let mut has_review = false;
    let mut parts: Vec<Part> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line == "---" || line.starts_with('#') {
            continue;
        }
        let part = match serde_json::from_str::<Value>(line) {
            Ok(value) => {
                has_review = has_review || holds_review(&value);
                Ok(value)
            }
            Err(error) => Err(format!("the line is not JSON: {}", without_place(&error.to_string()))),
        };
        parts.push((index + 1, part));
    }
    has_review.then_some(parts)
}

/// The place in a line is the column alone.
fn without_place(message: &str) -> String {
    message.replace(" at line 1 column ", " at column ")
}

fn holds_review(value: &Value) -> bool {
    let mut items = Vec::new();
    sort(value.clone(), MAX_DEPTH, &mut items);
    items.iter().any(|item| matches!(item, Item::Review(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(name: &str) -> String {
        format!("{{\"kind\":\"AdmissionReview\",\"request\":{{\"name\":\"{name}\"}}}}")
    }

    /// The lines of the reviews, those of the errors, and whether the linter has nothing to look at.
    fn taken(text: &str) -> (Vec<usize>, Vec<usize>, bool) {
        let taken = of_text(text);
        let lines = |errors: &[(usize, String)]| errors.iter().map(|(line, _)| *line).collect();
        (taken.reviews.iter().map(|(line, _)| *line).collect(), lines(&taken.errors), taken.is_only_reviews)
    }

    #[test]
    fn reviews_in_each_form() {
        let (a, b) = (review("a"), review("b"));
        let of = |text: String| taken(&text);
        assert_eq!(of(a.clone()), (vec![1], vec![], true));
        assert_eq!(of(format!("{a}\n\n{b}\n")), (vec![1, 3], vec![], true));
        assert_eq!(of(format!("[\n{a},\n{b}]")), (vec![1, 1], vec![], true));
        assert_eq!(of(format!("{{\"kind\":\"List\",\"items\":[{a},{b}]}}")), (vec![1, 1], vec![], true));
        assert_eq!(
            of("kind: AdmissionReviewList\nitems:\n- {request: {}}\n".to_owned()),
            (vec![1], vec![], true)
        );
        assert_eq!(of(format!("{{\"path\":\"/x\",\"review\":{a}}}\n{b}")), (vec![1, 2], vec![], true));
        assert_eq!(of(format!("---\n{a}\n---\nkind: Job\napiVersion: batch/v1\n")), (vec![2], vec![], false));
    }

    #[test]
    fn what_cannot_be_read_hides_nothing() {
        let (a, b) = (review("a"), review("b"));
        let of = |text: String| taken(&text);
        assert_eq!(of(format!("{a}\ngarbage\n{b}")), (vec![1, 3], vec![2], true));
        assert_eq!(of(format!("garbage\n{a}\n{b}")), (vec![2, 3], vec![1], true));
        assert_eq!(of(format!("{a}\n{}\n{b}", &b[..20])), (vec![1, 3], vec![2], true));
        assert_eq!(of(format!("{a}\n[1]\n{{}}\n")), (vec![1], vec![2, 3], true));
        assert_eq!(of("{\"kind\":\"AdmissionReview\",\n\"request\":{".to_owned()).0, Vec::<usize>::new());
        assert_eq!(of("{\"kind\":\"AdmissionReview\",\n\"request\":{".to_owned()).1.len(), 1);
        assert_eq!(of("{\"kind\":\"AdmissionReview\"}".to_owned()), (vec![], vec![1], true));
        assert_eq!(of("kind: Job\n---\na: [\n".to_owned()).1.len(), 1);
        // Where there is no review, what is no manifest either is the linter's.
        assert_eq!(of("kind: ConfigMap\ndata: {a: AdmissionReview}\n".to_owned()), (vec![], vec![], false));
    }
}
