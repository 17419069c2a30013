//! What NOTES.txt says, which `helm template` leaves out: rendered as a template of a copy of the chart.

use std::fs;
use std::path::Path;

use super::helm::{CHART, Helm};

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

/// The notes of an installation with these values, as YAML.
fn notes(helm: &Helm, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("jobguard");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(CHART), &chart);
    fs::rename(chart.join("templates/NOTES.txt"), chart.join("notes.txt")).unwrap();
    let shown = "kind: Notes\napiVersion: v1\ntext: |\n{{ tpl (.Files.Get \"notes.txt\") . | indent 2 }}\n";
    fs::write(chart.join("templates/shown.yaml"), shown).unwrap();
    let values = folder.path().join("values.yaml");
    fs::write(&values, text).unwrap();
    let (chart, values) = (chart.to_str().unwrap(), values.to_str().unwrap());
    let arguments =
        ["template", "x", chart, "-n", "guard", "--values", values, "--show-only", "templates/shown.yaml"];
    let output = helm.run(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn overrides_that_match_nothing_are_named() {
    let Some(helm) = Helm::find() else { return };
    let notes = |matching: &str, watched: bool| {
        let overrides = format!("{{overrides: [{{match: {{{matching}}}, rules: {{'*': info}}}}]}}");
        notes(&helm, &format!("policy: {{inline: {overrides}}}\nwatch: {{namespaces: {watched}}}\n"))
    };
    const WARNING: &str = "matches by namespaceLabels, which match nothing while watch.namespaces is false";
    assert!(notes("namespaceLabels: {env: dev}", false).contains(WARNING));
    assert!(!notes("namespaceLabels: {env: dev}", true).contains(WARNING));
    assert!(!notes("namespaces: [dev]", false).contains(WARNING));
}

#[test]
fn what_shows_nothing_is_not_proposed() {
    let Some(helm) = Helm::find() else { return };
    let usual = notes(&helm, "");
    assert!(usual.contains("helm test x -n guard") && !usual.contains("test.namespace"), "{usual}");
    for (values, why) in [
        ("policy: {inline: {mode: audit}}", "The policy only audits"),
        ("validating: {enabled: false}", "nothing is refused or warned about"),
    ] {
        let said = notes(&helm, values);
        assert!(said.contains(why) && !said.contains("helm test"), "{said}");
    }
    for values in
        ["excludeNamespaces: [default]", "test: {namespace: kube-system}", "test: {namespace: guard}"]
    {
        let said = notes(&helm, values);
        assert!(said.contains("WARNING: test.namespace is"), "{values}: {said}");
    }
    let said = notes(&helm, "replicaCount: 0\nvalidating: {failurePolicy: Fail}");
    assert!(said.contains("replicas: 0. Until there is one, Jobs are refused."), "{said}");
}
