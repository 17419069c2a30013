//! What NOTES.txt says, which `helm template` leaves out: rendered as a template of a copy of the chart.

use std::fs;
use std::path::Path;

use crate::helm::{CHART, Helm};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn overrides_that_match_nothing_are_named() {
    let Some(helm) = Helm::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("jobguard");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(CHART), &chart);
    fs::rename(chart.join("templates/NOTES.txt"), chart.join("notes.txt")).unwrap();
    let shown = "kind: Notes\napiVersion: v1\ntext: |\n{{ tpl (.Files.Get \"notes.txt\") . | indent 2 }}\n";
    fs::write(chart.join("templates/shown.yaml"), shown).unwrap();
    let notes = |matching: &str, watched: bool| {
        let values = folder.path().join("values.yaml");
        let text = format!(
            "policy: {{inline: {{overrides: [{{match: {{{matching}}}, rules: {{'*': info}}}}]}}}}\nwatch: {{namespaces: {watched}}}\n"
        );
        fs::write(&values, text).unwrap();
        let (chart, values) = (chart.to_str().unwrap(), values.to_str().unwrap());
        let arguments = ["template", "x", chart, "--values", values, "--show-only", "templates/shown.yaml"];
        let output = helm.run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    const WARNING: &str = "matches by namespaceLabels, which match nothing while watch.namespaces is false";
    assert!(notes("namespaceLabels: {env: dev}", false).contains(WARNING));
    assert!(!notes("namespaceLabels: {env: dev}", true).contains(WARNING));
    assert!(!notes("namespaces: [dev]", false).contains(WARNING));
}
