//! Every format over names and contents that want to be more than text.

use std::io;

use super::*;
use crate::diagnostic::{ObjectId, Report};
use jobguard_manifest::FieldPath;

/// Each wants to break out of some format.
const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{7f}\u{0}",
    "\u{202e}lmay\u{2066}\u{200b}\u{2028}\u{e0041}",
    "x\n::error::pwned\r\n::add-mask::x",
    "a,line=1,b:c::d%0A::error::e%",
    "\"quotes' & <tags> ]]> <!-- --> &amp; \\",
    "[click](http://example.com) {0} `code` | cell",
    "\u{fffe}\u{fdd0}\u{b}\u{c}",
    "##[error]x ##vso[task.setvariable]y ##teamcity[message]z",
    "::add-mask::x",
    "  ::stop-commands::x",
    "travis_fold:start:x",
];

pub(super) fn reports() -> impl Iterator<Item = Report> {
    HOSTILE.iter().map(|hostile| {
        let mut report = fixture::report();
        let id = ObjectId {
            api_version: (*hostile).into(),
            kind: "Job".into(),
            namespace: Some((*hostile).into()),
            name: Some((*hostile).into()),
        };
        for object in &mut report.listed {
            object.file = format!("{hostile}.yaml").into();
            object.id = id.clone().into();
        }
        for diagnostic in &mut report.diagnostics {
            diagnostic.file = format!("{hostile}.yaml").into();
            diagnostic.message = format!("is {hostile}");
            diagnostic.help = Some(format!("not {hostile}"));
            diagnostic.object = Some(id.clone().into());
            diagnostic.path = FieldPath::root().field("metadata").key((*hostile).to_owned());
            for related in &mut diagnostic.related {
                related.message = (*hostile).into();
                related.in_excerpt = Some(0..1);
            }
            if let Some(excerpt) = &mut diagnostic.excerpt {
                excerpt.text = format!("a: 1\nb: {hostile}\n");
                excerpt.place = 0..4;
            }
        }
        fixture::with_suppressed(report, hostile, hostile)
    })
}

fn text(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    write_text(run.report, Style { statistics: true, verbose: true, ..Style::default() }, out)
}

#[test]
fn no_format_lets_anything_steer() {
    for report in reports() {
        for (name, write) in [
            ("text", text as fn(&Run<'_>, &mut dyn io::Write) -> io::Result<()>),
            ("json", write_json),
            ("sarif", write_sarif),
            ("github", write_github),
            ("junit", write_junit),
            ("html", write_html),
            ("markdown", write_markdown),
            ("concise", write_concise),
            ("gitlab", write_gitlab),
            ("rdjson", write_rdjson),
            ("checkstyle", write_checkstyle),
        ] {
            let output = fixture::render(&report, write);
            let steering = output.chars().find(|c| *c != '\n' && jobguard_text::is_steering(*c));
            assert_eq!(steering, None, "{name}: {output:?}");
            for line in output.lines() {
                let is_ours = ["::error file=", "::warning file=", "::notice file="];
                let is_ours = name == "github" && is_ours.iter().any(|command| line.starts_with(command));
                let line_start = line.trim_start();
                assert!(is_ours || !line_start.starts_with("::"), "{name}: {line}");
                assert!(!line_start.starts_with("travis_"), "{name}: {line}");
                for command in ["##[", "##vso[", "##teamcity["] {
                    assert!(!line.contains(command), "{name}: {line}");
                }
            }
        }
    }
}

#[test]
fn json_and_sarif_say_what_was_there() {
    for report in reports() {
        let json: serde_json::Value = serde_json::from_str(&fixture::render(&report, write_json)).unwrap();
        assert_eq!(json["findings"][0]["file"], &*report.diagnostics[0].file);
        assert_eq!(json["findings"][0]["message"], report.diagnostics[0].message.as_str());
        let sarif: serde_json::Value = serde_json::from_str(&fixture::render(&report, write_sarif)).unwrap();
        let result = &sarif["runs"][0]["results"][0];
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~+@=,%".contains(c);
        assert!(uri.chars().all(allowed), "{uri}");
        assert!(!result["message"]["text"].as_str().unwrap().contains("]("));
    }
}

#[test]
fn a_workflow_command_stays_one() {
    for report in reports() {
        let output = fixture::render(&report, write_github);
        assert_eq!(output.lines().count(), report.diagnostics.len() + 1, "{output}");
        for line in output.lines() {
            let rest = line.strip_prefix("::").unwrap();
            let (command, _) = rest.split_once("::").unwrap();
            let (name, properties) = command.split_once(' ').unwrap();
            assert!(["error", "warning", "notice"].contains(&name), "{line}");
            let keys: Vec<&str> =
                properties.split(',').map(|property| property.split('=').next().unwrap()).collect();
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            assert!(keys.iter().all(|key| known.contains(key)), "{line}");
            assert!(keys.iter().filter(|key| **key == "line").count() <= 1, "{line}");
        }
    }
}

#[test]
fn junit_reads_back() {
    for report in reports() {
        let output = fixture::render(&report, write_junit);
        let read = quick_junit::Report::deserialize_from_str(&output).unwrap();
        let cases: usize = read.test_suites.iter().map(|suite| suite.test_cases.len()).sum();
        assert!(cases >= 3, "{output}");
    }
}
