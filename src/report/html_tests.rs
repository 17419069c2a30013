//! What the page promises, whatever is in the manifests.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::diagnostic::{Report, Versions};
use crate::engine::Severity;
use jobguard_apiserver::KubernetesVersion;

fn page(report: &Report) -> String {
    fixture::render(report, write_html)
}

/// What stands in `<name ...>`, and in its element, of each element of a name.
fn blocks<'a>(page: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(open.as_str()) {
        let (attributes, after) = after.split_once('>').unwrap();
        let (inside, after) = after.split_once(close.as_str()).unwrap();
        found.push((attributes, inside));
        rest = after;
    }
    found
}

/// What a page shows, without the look and the script, which are files of their own.
fn body(page: &str) -> &str {
    let body = page.split_once("<body>").unwrap().1;
    body.rsplit_once("<script>").map_or(body, |(body, _)| body)
}

/// A report of many findings, of which the lines are long.
fn many(count: usize) -> Report {
    let mut report = fixture::report();
    let pattern = report.diagnostics.clone();
    report.diagnostics = (0..count)
        .map(|number| {
            let mut finding = pattern[number % pattern.len()].clone();
            finding.file = format!("jobs/{:04}.yaml", number / 4).into();
            finding.region.line += number % 4;
            finding.message = format!("{} ({number})", finding.message);
            finding
        })
        .collect();
    report.sort();
    report
}

#[test]
fn what_is_shown() {
    let mut report = fixture::report();
    let version = |minor: u8| format!("1.{minor}").parse::<KubernetesVersion>().unwrap();
    report.diagnostics[0].versions = Some(Versions { these: vec![version(33), version(34)], all: false });
    insta::assert_snapshot!(body(&page(&report)).replace("><", ">\n<"));
}

#[test]
fn the_policy_names_what_is_there() {
    let mut empty = fixture::report();
    empty.diagnostics.clear();
    for (report, scripts) in [(fixture::report(), 1), (many(50), 1), (empty, 0)] {
        let page = page(&report);
        let hash = |block: &str| {
            format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(block)))
        };
        let found = blocks(&page, "script");
        assert_eq!(found.len(), scripts);
        let script = found.first().map_or("'none'".to_owned(), |(_, script)| hash(script));
        let styles = blocks(&page, "style");
        let [("", style)] = styles.as_slice() else { panic!("{}", styles.len()) };
        let policy = format!("default-src 'none'; style-src {}; script-src {script};", hash(style));
        assert!(page.contains(&policy), "{}", &page[..600]);
        assert!(!page.contains("unsafe-inline"));
    }
}

#[test]
fn no_tag_is_anybody_else_s() {
    for report in hostile_tests::reports() {
        let page = page(&report);
        for tag in body(&page).split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{tag}");
            assert!(!["img", "iframe", "object", "link", "form", "script", "tags"].contains(&name), "{tag}");
            // Attributes by their names: what is in quotes is text.
            let bare: String = tag.split('"').step_by(2).collect();
            for attribute in bare.split(' ').skip(1) {
                let attribute = attribute.trim_end_matches('=');
                assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src", "{tag}");
            }
            if let Some((_, target)) = tag.split_once("href=\"") {
                assert!(target.starts_with(env!("CARGO_PKG_REPOSITORY")), "{tag}");
            }
        }
    }
}

#[test]
fn many_findings_stay_a_few_megabytes() {
    let few = page(&many(40));
    assert!(!few.contains("left-out"), "{few}");
    let page = page(&many(5_000));
    assert!(page.len() < 6_500_000 && page.len() > 3_000_000, "{} bytes", page.len());
    let findings = page.matches("<details data-l=").count();
    assert_eq!(findings, 5_000, "each has a row");
}

#[test]
fn the_most_severe_have_room_first() {
    let page = page(&many(40_000));
    assert!(page.len() < 6_500_000, "{} bytes", page.len());
    let count = |level: Severity| page.matches(&format!("<details data-l=\"{level}\"")).count();
    let shown = count(Severity::Error) + count(Severity::Warning) + count(Severity::Info);
    assert!(count(Severity::Error) > 1_000 && count(Severity::Info) == 0, "{shown}");
    assert!(page.contains(&format!("The {} least severe findings of 40000 are left out:", 40_000 - shown)));
}

#[test]
fn nothing_found_is_a_sentence() {
    let mut report = fixture::report();
    report.diagnostics.clear();
    let without = page(&report);
    assert!(without.contains("Nothing was found: everything is as it should be."), "{without}");
    assert!(without.contains("2 objects without findings"));
    report.objects = 0;
    report.listed.clear();
    assert!(page(&report).contains("There are no Jobs and no CronJobs in what was read"));
}

#[test]
fn nothing_in_script_or_look_comes_from_elsewhere() {
    let page = page(&fixture::report());
    for (_, block) in blocks(&page, "script").into_iter().chain(blocks(&page, "style")) {
        for word in ["url(", "@import", "innerHTML", "eval(", "Function(", "fetch("] {
            assert!(!block.contains(word), "{word}");
        }
    }
}

/// Writes files to look at into the folder that this names.
#[test]
fn to_look_at() {
    let Some(folder) = std::env::var_os("JOBGUARD_LOOK") else { return };
    let folder = std::path::PathBuf::from(folder);
    let hostile = hostile_tests::reports().nth(5).unwrap();
    let mut empty = fixture::report();
    empty.diagnostics.clear();
    for (name, report) in
        [("small", fixture::report()), ("many", many(5_000)), ("hostile", hostile), ("empty", empty)]
    {
        std::fs::write(folder.join(format!("{name}.html")), page(&report)).unwrap();
        std::fs::write(folder.join(format!("{name}.md")), fixture::render(&report, write_markdown)).unwrap();
    }
}
