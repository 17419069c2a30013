//! A first test file: what comes out today, to be changed into what should.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::actual::Actual;
use super::judge::{TestFile, Way, judge};
use super::model::{Input, Select, Spanned};
use super::{read, yaml};
use crate::linter::decode_text;
use crate::policy::Policy;
use crate::policy::reader::Fault;
use jobguard_manifest::{self as manifest, LineIndex, Span};
use jobguard_text::plain;

/// What to write a test file from.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The manifest, relative to the folder of the test file.
    pub manifest: &'a str,
    /// Where the test file is to be: a path in its folder.
    pub test: &'a Path,
    /// The policy, as the test file is to name it; none to have it found.
    pub policy_name: Option<&'a str>,
    /// The policy.
    pub policy: &'a Policy,
    /// When schedules are judged.
    pub now: Timestamp,
}

/// A first test file.
#[derive(Debug)]
pub struct First {
    /// Its text.
    pub text: String,
    /// What of the manifest is in no case, and why: one sentence each, which the text holds as well.
    pub left_out: Vec<String>,
}

/// A test file about each Job and CronJob of a manifest.
///
/// # Errors
/// When the manifest cannot be read, or there is none in it.
pub fn first(plan: Plan<'_>) -> Result<First, String> {
    let Plan { manifest, test, policy_name, now, .. } = plan;
    let file = TestFile { path: test, name: "", text: "" };
    let named = Spanned { value: manifest.to_owned(), span: Span::default(), path: String::new() };
    let source = super::judge::read(file, &named).map_err(|fault| fault.message)?;
    let bytes = source.bytes().map_err(|error| error.message)?;
    let Objects { found, mut left_out } = objects(&decode_text(&bytes).0);
    let mut names = HashSet::new();
    let mut cases = String::new();
    for object in &found {
        let written = object.inputs(manifest, &found, left_out.is_empty());
        let mut why = String::new();
        let judged = written.into_iter().find_map(|input| match judged(plan, &input) {
            Ok(actual) => Some((input, actual)),
            Err(wrong) => {
                why = wrong;
                None
            }
        });
        let Some((input, actual)) = judged else {
            left_out.push((object.line, format!("{}: {why}", object.title())));
            continue;
        };
        let title = object.title();
        let numbered = (2..=found.len()).map(|number| format!("{title} ({number})"));
        let name = std::iter::once(title.clone()).chain(numbered).find(|name| !names.contains(name));
        // There are as many names as objects, so that one is left.
        let name = name.unwrap_or(title);
        names.insert(name.clone());
        let _ = write!(cases, "  - name: {}\n{input}", yaml::string(&name));
        expect(&actual, &mut cases);
    }
    if found.is_empty() {
        // Without objects there is one case, which says why.
        let input = format!("    file: {}\n", yaml::string(manifest));
        let actual = judged(plan, &input)?;
        let _ = write!(cases, "  - name: {}\n{input}", yaml::string(manifest));
        expect(&actual, &mut cases);
        left_out.clear();
    }
    left_out.sort();
    let left_out: Vec<String> = left_out
        .into_iter()
        .map(|(line, why)| plain(&format!("left out: {manifest}:{line}: {why}")))
        .collect();
    if cases.is_empty() {
        return Err(left_out.join("; "));
    }
    let mut text =
        "# What jobguard says today. Change it into what it should say; `jobguard policy test` compares.\n"
            .to_owned();
    for note in &left_out {
        let _ = writeln!(text, "# {note}");
    }
    let _ = write!(text, "{HEAD}");
    if let Some(name) = policy_name {
        let _ = writeln!(text, "  policy: {}", yaml::string(name));
    }
    let _ = write!(text, "  now: {now}\n  cases:\n{cases}");
    Ok(First { text, left_out })
}

/// How a test file begins.
const HEAD: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n";

/// What comes out of a case with this input, read as what is written will be read.
fn judged(plan: Plan<'_>, input: &str) -> Result<Actual, String> {
    let Plan { test, policy, now, .. } = plan;
    let text = format!("{HEAD}  cases:\n  - name: a\n{input}    expect: {{allowed: true}}\n");
    let read = read::read("", &text);
    let wrong = |fault: &Fault| fault.message.clone();
    let case = read.suites.first().and_then(|suite| suite.cases.first());
    if let Some(error) = read.errors.first() {
        return Err(error.message.clone());
    }
    match case.map(|case| (&case.input, &case.faults[..])) {
        Some((Some(Input::Manifest(written)), [])) => {
            let file = TestFile { path: test, name: "", text: &text };
            judge(written, file, Way { policy, now, with_defaults: false }).map_err(|fault| wrong(&fault))
        }
        Some((_, [fault, ..])) => Err(wrong(fault)),
        _ => Err("it cannot be written into a test".to_owned()),
    }
}

/// A Job or a CronJob of a manifest.
struct Object {
    line: usize,
    kind: String,
    namespace: Option<String>,
    name: Option<String>,
    prefix: Option<String>,
    value: Value,
}

/// What is in a manifest.
#[derive(Default)]
struct Objects {
    found: Vec<Object>,
    /// What cannot be read: the line, and why.
    left_out: Vec<(usize, String)>,
}

fn objects(text: &str) -> Objects {
    let lines = LineIndex::new(text);
    let mut objects = Objects::default();
    manifest::read_each(text, |document| {
        let tree = match &document.content {
            Ok(tree) => tree,
            Err(error) => {
                let line = lines.position(error.span.start).line;
                return objects.left_out.push((line, format!("it cannot be read: {}", error.message)));
            }
        };
        for object in manifest::objects(tree) {
            let mut value = tree.to_value(object.node);
            if let (Some(implied), Some(map)) = (&object.implied, value.as_object_mut()) {
                map.insert("apiVersion".to_owned(), implied.api_version.clone().into());
                map.insert("kind".to_owned(), implied.kind.clone().into());
            }
            let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let Some(kind) = text("/kind").filter(|kind| matches!(kind.as_str(), "Job" | "CronJob")) else {
                continue;
            };
            objects.found.push(Object {
                line: lines.position(tree[object.node].span.start).line,
                kind,
                namespace: text("/metadata/namespace"),
                name: text("/metadata/name"),
                prefix: text("/metadata/generateName"),
                value,
            });
        }
    });
    objects
}

impl Object {
    /// By what `select` chooses it; none where it has no name that can be written so.
    fn select(&self) -> Option<Select> {
        let (kind, namespace, name) = (self.kind.clone(), self.namespace.clone(), self.name.clone()?);
        let select = Select { kind, namespace, name };
        (Select::parse(&spelt(&select)).as_ref() == Some(&select)).then_some(select)
    }

    /// What people call it.
    fn title(&self) -> String {
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let name = self.name.clone().or_else(|| self.prefix.as_ref().map(|prefix| format!("{prefix}*")));
        format!("{}/{namespace}{}", self.kind, name.as_deref().unwrap_or("(no name)"))
    }

    /// The ways of writing what a case judges, the best first, among `all` the objects of the file.
    fn inputs(&self, manifest: &str, all: &[Self], is_whole: bool) -> Vec<String> {
        let file = format!("    file: {}\n", yaml::string(manifest));
        let mut inputs = Vec::new();
        let is_it = |select: &Select| {
            let names = |object: &&Self| {
                select.names(&object.kind, object.namespace.as_deref(), object.name.as_deref())
            };
            all.iter().filter(names).count() == 1
        };
        if let Some(select) = self.select().filter(is_it) {
            inputs.push(format!("{file}    select: {}\n", yaml::string(&spelt(&select))));
        } else if all.len() == 1 && is_whole {
            inputs.push(file);
        }
        // What cannot be chosen is written here.
        inputs.push(format!("    object: {}\n", yaml::value(&self.value)));
        inputs
    }
}

/// As `select` is written.
fn spelt(select: &Select) -> String {
    match &select.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", select.kind, select.name),
        None => format!("{}/{}", select.kind, select.name),
    }
}

fn expect(actual: &Actual, out: &mut String) {
    let _ = writeln!(out, "    expect:\n      allowed: {}", actual.allowed);
    match actual.findings.is_empty() {
        true => out.push_str("      findings: []\n"),
        false => {
            out.push_str("      findings:\n");
            for finding in &actual.findings {
                let _ = writeln!(out, "      # {}", plain(&finding.message));
                let _ = writeln!(out, "      {}", yaml::finding(finding));
            }
        }
    }
    let mut patched = actual.patched().peekable();
    if patched.peek().is_some() {
        out.push_str("      patched:\n");
        for (path, value) in patched {
            let _ = writeln!(out, "        {}: {}", yaml::string(path), yaml::value(value));
        }
    }
}
