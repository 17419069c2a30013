//! The file of a baseline: JSON with an entry a line, in a fixed order, so that Git shows a change as the lines that it is and
//! two branches rarely meet in one.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::entries::{Baseline, Entry};
use super::merged::with_commas;
use crate::diagnostic::Fingerprint;
use crate::report::escape_json;
use crate::rules;

/// The version of the format.
const SCHEMA_VERSION: u64 = 1;

/// What distinguishes a baseline from other JSON, manifests included.
const KIND: &str = "JobguardBaseline";

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// How many entries there are at most.
const MAX_ENTRIES: usize = 500_000;

/// What is said of what has not the fields of an entry.
const NO_ENTRY: &str = "not an entry: it needs a rule, and a count of 1 or more";

/// Why a text is not a baseline that can be used. None of it quotes the text, which may be any file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Something else, a manifest perhaps.
    #[error("not a baseline: name a file that --write-baseline has written")]
    NotABaseline,
    /// Written by a later version of the program.
    #[error(
        "schemaVersion {0} is newer than this jobguard knows, which is {SCHEMA_VERSION}: use a newer jobguard"
    )]
    Newer(u64),
    /// It has conflict markers of an unfinished merge.
    #[error(
        "line {line} is a conflict marker of Git: keep the lines of both sides, or write the file anew with --write-baseline"
    )]
    Conflict {
        /// From 1.
        line: usize,
    },
    /// Not JSON.
    #[error("line {line}, column {column}: invalid JSON; write the file anew with --write-baseline")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON, but not what it should be.
    #[error("line {line}: {what}; write the file anew with --write-baseline")]
    Entry {
        /// From 1.
        line: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// More entries than are read.
    #[error("it has more than {MAX_ENTRIES} entries: lint in parts, with a baseline each")]
    TooMany,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    kind: Value,
    #[serde(default)]
    schema_version: Value,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    path: String,
    rule: String,
    count: u32,
}

/// Whether a text is a baseline, though perhaps a damaged one or of another version: whether it may be written over.
pub fn is_baseline(text: &str) -> bool {
    match serde_json::from_str::<Header>(text) {
        Ok(header) => header.kind == KIND,
        // What is not JSON to its end may be so after a merge: the kind is in front.
        Err(error) if error.is_data() => false,
        Err(_) => {
            text.lines().take(4).any(|line| line.trim_start().starts_with(&format!("\"kind\": \"{KIND}\"")))
        }
    }
}

/// Reads a baseline.
///
/// # Errors
///
/// It is none, of a later version, or damaged.
pub fn read(text: &str) -> Result<Baseline, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !is_baseline(text) {
        return Err(ReadError::NotABaseline);
    }
    // Only a text that is not JSON costs a second look.
    let merged = serde_json::from_str::<Header>(text).err().filter(|error| !error.is_data());
    let merged = merged.map(|_| with_commas(text));
    let text = merged.as_deref().unwrap_or(text);
    let header: Header = serde_json::from_str(text).map_err(|error| unreadable(text, &error))?;
    match header.schema_version.as_u64() {
        Some(SCHEMA_VERSION) => {}
        Some(version) if version > SCHEMA_VERSION => return Err(ReadError::Newer(version)),
        _ => return Err(ReadError::Entry { line: 1, what: "no schemaVersion that is known" }),
    }
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| unreadable(text, &error))?;
    if document.findings.len() > MAX_ENTRIES {
        return Err(ReadError::TooMany);
    }
    let mut baseline = Baseline::default();
    let (mut line, mut counted) = (1, 0);
    for raw in document.findings {
        // A raw value is borrowed from the text.
        let start = raw.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
        line += text.get(counted..start).map_or(0, |between| between.matches('\n').count());
        counted = start;
        let entry = Line::read(raw.get()).map_err(|what| ReadError::Entry { line, what })?;
        let (fingerprint, count) = entry.into_parts();
        let known = baseline.entries.entry(fingerprint).or_insert(Entry { count, line });
        // After a merge that kept both sides. Each side has counted all that it saw: the sum would excuse too much.
        if count > known.count {
            *known = Entry { count, line };
        }
    }
    Ok(baseline)
}

fn unreadable(text: &str, error: &serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    let at = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| at.starts_with(marker)) {
        return ReadError::Conflict { line };
    }
    match error.is_data() {
        true => ReadError::Entry { line, what: "no list of findings" },
        false => ReadError::Syntax { line, column },
    }
}

impl Line {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that quote nothing of it.
    fn read(text: &str) -> Result<Self, &'static str> {
        let entry: Self = match serde_json::from_str(text) {
            Ok(entry) => entry,
            // The library reports it in no other way. The rest of its message quotes the text.
            Err(error) if error.to_string().starts_with("duplicate field") => {
                return Err("not an entry: it has a field twice");
            }
            Err(_) => return Err(NO_ENTRY),
        };
        match (entry.count, &entry.file, [&entry.kind, &entry.namespace, &entry.name]) {
            (0, ..) => Err(NO_ENTRY),
            // A finding about no object is known by its file, and any other by its object.
            (_, Some(_), object) if object.iter().any(|part| part.is_some()) => {
                Err("not an entry: it is of a file or of an object, not of both")
            }
            _ => Ok(entry),
        }
    }

    fn into_parts(self) -> (Fingerprint, usize) {
        let Self { file, kind, namespace, name, path, rule, count } = self;
        // A rule that has been renamed since has the same findings.
        let registry = rules::registry();
        let rule = registry.get(&rule).map_or(rule, |rule| rule.id().to_owned());
        let kind = kind.unwrap_or_default();
        (Fingerprint { file, kind, namespace, name, path, rule }, count as usize)
    }

    fn of(fingerprint: &Fingerprint, entry: Entry) -> Self {
        let Fingerprint { file, kind, namespace, name, path, rule } = fingerprint.clone();
        let kind = Some(kind).filter(|kind| !kind.is_empty());
        Self {
            file,
            kind,
            namespace,
            name,
            path,
            rule,
            count: u32::try_from(entry.count).unwrap_or(u32::MAX),
        }
    }
}

impl Baseline {
    /// The text of its file, which has a newline at its end.
    ///
    /// # Errors
    ///
    /// There are more entries than are read.
    pub fn to_text(&self) -> Result<String, ReadError> {
        if self.entries.len() > MAX_ENTRIES {
            return Err(ReadError::TooMany);
        }
        let mut text =
            format!("{{\n  \"kind\": \"{KIND}\",\n  \"schemaVersion\": {SCHEMA_VERSION},\n  \"findings\": [");
        for (position, (fingerprint, entry)) in self.entries().enumerate() {
            text.push_str(if position == 0 { "\n    " } else { ",\n    " });
            text.push_str(&one_line(&Line::of(fingerprint, entry)));
        }
        // On a line of its own even where nothing is in front of it: two branches that add the first entries add lines.
        text.push_str("\n  ]\n}\n");
        Ok(escape_json(text))
    }
}

/// JSON on one line, with a space after commas and colons.
fn one_line(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    // Strings and numbers can be written, and a Vec takes them.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "{written:?}");
    String::from_utf8(out).unwrap_or_default()
}

struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(rule: &str) -> Fingerprint {
        Fingerprint {
            kind: "Job".into(),
            name: Some("a".into()),
            rule: rule.into(),
            ..Fingerprint::default()
        }
    }

    fn sample() -> Baseline {
        let mut baseline = Baseline::default();
        let of_file = Fingerprint {
            file: Some("b\u{202e}.yaml".into()),
            rule: "api/syntax".into(),
            ..Fingerprint::default()
        };
        let in_list = Fingerprint {
            namespace: Some("team \"x\"".into()),
            path: "spec.containers[name=main].image".into(),
            ..one("pod/image-tag")
        };
        for (fingerprint, count) in [(of_file, 1), (in_list, 3), (one("job/no-deadline"), 1)] {
            baseline.entries.insert(fingerprint, Entry { count, line: 0 });
        }
        baseline
    }

    #[test]
    fn what_is_written_is_read() {
        let text = sample().to_text().unwrap();
        insta::assert_snapshot!(text);
        let read = read(&text).unwrap();
        let counts = |baseline: &Baseline| {
            baseline.entries().map(|(of, entry)| (of.clone(), entry.count)).collect::<Vec<_>>()
        };
        assert_eq!(counts(&read), counts(&sample()));
        assert_eq!(read.entries().map(|(_, entry)| entry.line).collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(read.to_text().unwrap(), text);
        assert_eq!(super::read(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap(), read);
        let empty = Baseline::default().to_text().unwrap();
        assert_eq!(super::read(&empty).unwrap(), Baseline::default());
        assert_eq!(empty.lines().count(), 6, "{empty}");
    }

    #[test]
    fn what_is_no_baseline() {
        for text in [
            "",
            "apiVersion: batch/v1\nkind: Job\n",
            "[]",
            "{}",
            "{\"kind\": \"Job\"}",
            "null",
            "{\"a\": \"\\\"kind\\\": \\\"JobguardBaseline\\\"\"",
        ] {
            assert!(!is_baseline(text), "{text}");
            assert_eq!(read(text), Err(ReadError::NotABaseline), "{text}");
        }
    }

    #[test]
    fn faults_have_a_line_and_quote_nothing() {
        let text = sample().to_text().unwrap();
        let faulty = |from: &str, to: &str| {
            let text = text.replacen(from, to, 1);
            assert!(is_baseline(&text), "{text}");
            read(&text).unwrap_err().to_string()
        };
        for (from, to, expected) in [
            (
                "\"schemaVersion\": 1",
                "\"schemaVersion\": 2",
                "schemaVersion 2 is newer than this jobguard knows, which is 1: use a newer jobguard",
            ),
            (
                "\"schemaVersion\": 1,",
                "",
                "line 1: no schemaVersion that is known; write the file anew with --write-baseline",
            ),
            (
                "\"count\": 3",
                "\"count\": 0",
                "line 6: not an entry: it needs a rule, and a count of 1 or more; write the file anew with --write-baseline",
            ),
            (
                "\"count\": 3",
                "\"count\": \"secret\"",
                "line 6: not an entry: it needs a rule, and a count of 1 or more; write the file anew with --write-baseline",
            ),
            (
                "\"findings\": [",
                "\"findings\": {}, \"a\": [",
                "line 4: no list of findings; write the file anew with --write-baseline",
            ),
            (
                "\"count\": 3",
                "\"count\": 3, \"count\": 3",
                "line 6: not an entry: it has a field twice; write the file anew with --write-baseline",
            ),
            (
                "\"count\": 3",
                "\"count\": 3, \"file\": \"a.yaml\"",
                "line 6: not an entry: it is of a file or of an object, not of both; write the file anew with --write-baseline",
            ),
            ("\n  ]", "\n", "line 9, column 1: invalid JSON; write the file anew with --write-baseline"),
            (
                "    {\"kind\"",
                "<<<<<<< ours\n    {\"kind\"",
                "line 5 is a conflict marker of Git: keep the lines of both sides, or write the file anew with --write-baseline",
            ),
        ] {
            assert_eq!(faulty(from, to), expected);
        }
    }

    #[test]
    fn both_sides_of_a_merge_may_stay() {
        let line = |count| {
            format!(
                "{{\"kind\": \"Job\", \"name\": \"a\", \"rule\": \"job/no-deadline\", \"count\": {count}}}"
            )
        };
        let text = format!(
            "{{\"kind\": \"{KIND}\", \"schemaVersion\": 1, \"findings\": [{},\n{},\n{}]}}",
            line(2),
            line(3),
            line(1)
        );
        let baseline = read(&text).unwrap();
        assert_eq!(
            baseline.entries().collect::<Vec<_>>(),
            [(&one("job/no-deadline"), Entry { count: 3, line: 2 })]
        );
    }

    #[test]
    fn a_rule_may_have_been_renamed() {
        let renamed = rules::registry()
            .rules()
            .iter()
            .find_map(|rule| Some((rule.spec.renamed_from.first()?, rule.id())));
        let (before, now) = renamed.unwrap();
        let text = format!(
            "{{\"kind\": \"{KIND}\", \"schemaVersion\": 1, \"findings\": [{{\"rule\": \"{before}\", \"count\": 1}}, \
             {{\"rule\": \"of/later\", \"count\": 1}}]}}"
        );
        let rules = read(&text).unwrap();
        assert_eq!(rules.entries().map(|(of, _)| of.rule.as_str()).collect::<Vec<_>>(), [now, "of/later"]);
    }
}
