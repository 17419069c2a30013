//! Reads test files: every mistake with its place, and whatever cases are without one.

use std::collections::HashSet;

use super::model::{API_VERSION, KIND, Suite};
use super::read_case;
use super::scalar::{start, text, time};
use crate::policy::PolicyError;
use crate::policy::reader::{Fault, Reader, Value, quoted};
use jobguard_manifest::{self as manifest, At, LineIndex, NodeKind, Span, Tree};
use jobguard_text::nearest;

/// What a test file holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its documents.
    pub(super) suites: Vec<Suite>,
    /// What is wrong with it, in the order of the text.
    pub(super) errors: Vec<PolicyError>,
}

/// Whether a text that was found in a folder is a test file: it says so, or cannot be read and mentions it.
pub(super) fn is_test(text: &str) -> bool {
    if !text.contains(KIND) && !text.contains(group(API_VERSION)) {
        return false;
    }
    let mut found = false;
    manifest::read_each(text, |document| {
        found |= match &document.content {
            Ok(tree) => is_meant(tree),
            Err(_) => text.contains(KIND) && text.contains(group(API_VERSION)),
        };
    });
    found
}

/// Whether a document is meant to be a test: a slip in one of `apiVersion` and `kind` does not make it another object.
fn is_meant(tree: &Tree<'_>) -> bool {
    let of = |key| tree.get(tree.root(), key).and_then(|value| tree.str(value));
    let is_ours = |version: &str| nearest(group(version), [group(API_VERSION)]).is_some();
    match (of("apiVersion"), of("kind")) {
        (Some(version), Some(kind)) if is_ours(version) => nearest(kind, [KIND]).is_some(),
        (None, Some(kind)) => kind == KIND,
        _ => false,
    }
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Reads the test file `name`.
pub(super) fn read(name: &str, text: &str) -> Read {
    let mut read = Read::default();
    let mut faults = Vec::new();
    let mut count = 0;
    manifest::read_each(text, |document| {
        count += 1;
        match &document.content {
            Err(error) => faults.push(Fault {
                span: error.span,
                path: String::new(),
                message: error.message.clone(),
                help: error.help.clone(),
            }),
            Ok(tree) => {
                let mut reader = Reader::new(tree, text);
                read.suites.extend(suite(&mut reader));
                faults.extend(reader.finish());
            }
        }
    });
    if count == 0 {
        let help = Some(format!("a test file starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`"));
        let message = "the file holds no test".to_owned();
        faults.push(Fault { span: Span::default(), path: String::new(), message, help });
    }
    let lines = LineIndex::new(text);
    read.errors.extend(faults.into_iter().map(|fault| PolicyError::new(name, &lines, fault)));
    read
}

fn suite(reader: &mut Reader<'_>) -> Option<Suite> {
    let (root, at) = (reader.root(), At::root());
    if !matches!(reader.kind(root), NodeKind::Map(_)) {
        let help = format!("a test starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`");
        reader.fault(start(root.span), &at, "this is not a test of policies", Some(help));
        return None;
    }
    let entries = reader.object(root, &at, &["apiVersion", "kind", "metadata", "spec"]);
    for (key, wanted) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let here = at.field(key);
        match entries.iter().find(|entry| entry.key == key) {
            Some(entry) => drop(reader.word(reader.value(entry), &here, &[(wanted, ())])),
            None => {
                let help = Some(format!("write {wanted}"));
                reader.fault(start(root.span), &at, format!("{key} is missing"), help);
            }
        }
    }
    if let Some(entry) = entries.iter().find(|entry| entry.key == "metadata") {
        let here = at.field("metadata");
        for entry in reader.object(reader.value(entry), &here, &["name"]) {
            let _ = reader.string(reader.value(entry), &here.field("name"));
        }
    }
    match entries.iter().find(|entry| entry.key == "spec") {
        Some(entry) => {
            let section = reader.value(entry);
            let (suite, faults) = reader.apart(|reader| spec(reader, section, &at.field("spec")));
            let is_wrong = !faults.is_empty();
            reader.add(faults);
            Some(Suite { is_wrong, ..suite })
        }
        None => {
            reader.fault(
                start(root.span),
                &at,
                "spec is missing",
                Some("list the cases in spec.cases".to_owned()),
            );
            None
        }
    }
}

fn spec(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Suite {
    let mut suite = Suite::default();
    let mut has_cases = false;
    for entry in reader.object(section, at, &["policy", "now", "cases"]) {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "policy" => suite.policy = text(reader, value, &here),
            "now" => suite.now = time(reader, value, &here),
            _ => {
                let items = reader.list(value, &here);
                has_cases = !items.is_empty();
                for (index, item) in items.into_iter().enumerate() {
                    suite.cases.push(read_case::read(reader, item, &here.index(index)));
                }
            }
        }
    }
    if !has_cases && matches!(reader.kind(section), NodeKind::Map(_) | NodeKind::Null) {
        let help = "list them in spec.cases, each with a name, an object and what to expect";
        reader.fault(start(section.span), at, "there are no cases", Some(help.to_owned()));
    }
    let mut names = HashSet::new();
    for case in suite.cases.iter_mut().filter(|case| !names.insert(case.name.value.clone())) {
        let help = "give each case a name of its own, by which reports identify it";
        case.faults.push(Fault {
            span: case.name.span,
            path: case.name.path.clone(),
            message: format!("there is another case of the name {}", quoted(&case.name.value)),
            help: Some(help.to_owned()),
        });
    }
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_ours(text: &str) -> bool {
        is_test(text)
    }

    #[test]
    fn tests_are_known_by_their_kind() {
        for ours in [
            "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTests\n",
            "apiVersion: jobgard.dev/v1alpha1\nkind: PolicyTest\n",
            "kind: PolicyTest\nspec: {}\n",
            "a: 1\n---\napiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec: [\n",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "suite: x\ntests: []\n",
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: PolicyTest}\n",
            "apiVersion: example.com/v1\nkind: PolicyTest\n",
            "apiVersion: batch/v1\nkind: Job\nmetadata: {annotations: {jobguard.dev/ignore: x}}\n",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }

    proptest! {
        /// Any test file is read, or its mistakes are reported.
        #[test]
        fn nothing_panics(pieces in proptest::collection::vec(0..16usize, 0..24)) {
            const PIECES: [&str; 16] = [
                "apiVersion: jobguard.dev/v1alpha1\n", "kind: PolicyTest\n", "spec:\n", "  cases:\n", "  - name: a\n",
                "    object: {a: 1}\n", "    file: x\n", "    review: {operation: UPDATE, object: {file: 3}}\n",
                "    expect: {findings: [{}, 1, cron/overlap], patched: {a: {b: [1, {c: null}]}}}\n", "    expect: []\n",
                "    select: a/b/c/d\n", "  now: 2027-02-31\n", "---\n", "    now: &a [*a]\n", "  policy: ''\n", "\u{feff}- {\n",
            ];
            let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
            let read = read("a.yaml", &text);
            prop_assert!(!read.suites.is_empty() || !read.errors.is_empty());
            is_test(&text);
        }
    }
}
