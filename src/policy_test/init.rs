//! A first test file: what comes out today, to be changed into what should.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::actual::Actual;
use super::judge::{TestFile, Way, judge, workloads};
use super::model::{API_VERSION, KIND, Select, Spanned, Written};
use super::yaml;
use crate::linter::decode_text;
use crate::policy::Policy;
use crate::policy::reader::Fault;
use crate::sources::Source;
use jobguard_manifest::{self as manifest, Span};
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

/// The text of a test file about each Job and CronJob of a manifest.
///
/// # Errors
/// When the manifest cannot be read, or there is none in it.
pub fn text(plan: Plan<'_>) -> Result<String, String> {
    let Plan { manifest, test, policy_name, policy, now } = plan;
    let file = TestFile { path: test, name: "", text: "" };
    let path = |select| Written::File {
        path: Spanned { value: manifest.to_owned(), span: Span::default(), path: String::new() },
        select,
    };
    let wrong = |fault: Fault| fault.message;
    let Written::File { path: named, .. } = path(None) else { return Ok(String::new()) };
    let source = super::judge::read(file, &named).map_err(wrong)?;
    let selects = selects(&source);
    let mut out = format!(
        "# What jobguard says today. Change it into what it should say; `jobguard policy test` compares.\n\
         apiVersion: {API_VERSION}\nkind: {KIND}\nspec:\n"
    );
    if let Some(name) = policy_name {
        let _ = writeln!(out, "  policy: {}", yaml::string(name));
    }
    let _ = writeln!(out, "  now: {now}\n  cases:");
    // Without objects there is one case, which says why.
    let single = [None];
    let selects: &[Option<Select>] = if selects.is_empty() { &single } else { &selects };
    for select in selects {
        let written =
            path(select.clone().map(|value| Spanned { value, span: Span::default(), path: String::new() }));
        let actual = judge(&written, file, Way { policy, now, with_defaults: false }).map_err(wrong)?;
        let name = select.as_ref().map_or_else(|| manifest.to_owned(), spelt);
        let _ = writeln!(out, "  - name: {}\n    file: {}", yaml::string(&name), yaml::string(manifest));
        if let Some(select) = select {
            let _ = writeln!(out, "    select: {}", yaml::string(&spelt(select)));
        }
        expect(&actual, &mut out);
    }
    Ok(out)
}

/// As `select` is written.
fn spelt(select: &Select) -> String {
    match &select.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", select.kind, select.name),
        None => format!("{}/{}", select.kind, select.name),
    }
}

/// The objects of a manifest; one that is alone in it need not be chosen.
fn selects(source: &Source) -> Vec<Option<Select>> {
    let Ok(bytes) = source.bytes() else { return Vec::new() };
    let (text, _) = decode_text(&bytes);
    let mut selects = Vec::new();
    manifest::read_each(&text, |document| {
        let Ok(tree) = &document.content else { return };
        for (node, kind) in workloads(tree) {
            let metadata = tree.get(node, "metadata");
            let of =
                |key| metadata.and_then(|metadata| tree.str(tree.get(metadata, key)?)).map(str::to_owned);
            let named = |name| Select { kind: kind.as_str().to_owned(), namespace: of("namespace"), name };
            selects.push(of("name").map(named));
        }
    });
    selects
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
