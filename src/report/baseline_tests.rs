//! How every format shows a report that has been compared with a baseline.

use super::{FORMATS, Run, Style, fixture};
use crate::diagnostic::{Compared, Fingerprint, Gone, Report};
use crate::engine::Severity;

/// The report of the other tests: its warning is known, an entry is gone, and another is of no object of the input.
fn report() -> Report {
    let mut report = fixture::report();
    let known = vec![report.diagnostics.remove(0)];
    let gone = |name: &str, line, is_in_input| Gone {
        fingerprint: Fingerprint {
            kind: "Job".into(),
            name: Some(name.into()),
            path: "spec.containers[name=main].image".into(),
            rule: "pod/image-tag".into(),
            ..Fingerprint::default()
        },
        count: 2,
        line,
        is_in_input,
    };
    let gone = vec![gone("resize", 7, true), gone("other", 8, false)];
    report.baseline = Some(Compared { file: "ci/base line.json".into(), known, gone });
    report
}

fn render(report: &Report, name: &str) -> String {
    let format = FORMATS.iter().find(|format| format.name == name).unwrap();
    fixture::render(report, |run, out| format.write(run, Style { width: 110, ..Style::default() }, out))
}

#[test]
fn only_what_is_new_is_shown() {
    let report = report();
    for name in ["text", "json", "github", "junit", "markdown"] {
        insta::assert_snapshot!(format!("baseline_{name}"), render(&report, name));
    }
    for (name, text) in FORMATS.map(|format| (format.name, render(&report, format.name))) {
        assert!(text.contains("restartPolicy is missing"), "{name}");
        let is_for_comparing = ["json", "sarif"].contains(&name);
        assert_eq!(text.contains("at most 2 Pods ever run at once"), is_for_comparing, "{name}");
    }
    let page = render(&report, "html");
    assert!(page.contains("1 finding is in the baseline ci/base line.json and not shown; 1 entry is gone"));
}

#[test]
fn sarif_has_the_states() {
    let log: serde_json::Value = serde_json::from_str(&render(&report(), "sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let states: Vec<_> = results.iter().map(|result| result["baselineState"].as_str().unwrap()).collect();
    assert_eq!(states, ["unchanged", "new", "new", "absent", "absent"]);
    insta::assert_snapshot!("baseline_sarif_absent", serde_json::to_string_pretty(&results[3]).unwrap());
}

#[test]
fn nothing_new() {
    let mut report = report();
    let compared = report.baseline.as_mut().unwrap();
    compared.known.append(&mut report.diagnostics);
    compared.gone.clear();
    assert_eq!(report.found(), 3);
    assert_eq!(
        render(&report, "text"),
        "Checked 2 objects in 2 files: no new findings\n3 findings are in the baseline ci/base line.json and not shown\n"
    );
    for name in ["markdown", "html"] {
        let text = render(&report, name);
        assert!(text.contains("no new findings") && !text.contains("as it should be"), "{name}: {text}");
        // The object is not one without findings.
        assert!(!text.contains("1 objects without findings"), "{name}");
    }
    assert_eq!(render(&report, "github").lines().count(), 1, "only the file that could not be read");
    let report_of = |report: &Report| Run::of(report).report.worst();
    assert_eq!(report_of(&report), None::<Severity>);
}
