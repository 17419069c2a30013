//! Adding a version: sources that know one more field and one more gate than the newest version change the data in
//! nothing else, and both get into the tables.

#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use xtask::kubernetes::Data;
use xtask::version::Minor;

/// The newest types of the data as Go, with what is to be added to JobSpec.
fn types(data: &Data, package: &str, added: &str) -> String {
    let mut text = format!(
        "package {package}\n\nimport (\n\
         \t\"k8s.io/apimachinery/pkg/api/resource\"\n\
         \tmetav1 \"k8s.io/apimachinery/pkg/apis/meta/v1\"\n\
         \t\"k8s.io/apimachinery/pkg/types\"\n\
         \t\"k8s.io/apimachinery/pkg/util/intstr\"\n\
         \t\"k8s.io/api/scheduling/v1alpha3\"\n)\n"
    );
    let prefix = format!("{package}.");
    let write = |go: &str| {
        let leaves = ["v1.Time", "v1.MicroTime", "v1.FieldsV1"].iter();
        let go = leaves.fold(go.to_owned(), |go, leaf| go.replace(leaf, &format!("meta{leaf}")));
        go.replace("metav1.", "\0").replace(&prefix, "").replace('\0', "metav1.")
    };
    for (name, ty) in &data.fields.names {
        if let Some(name) = name.strip_prefix(&prefix) {
            writeln!(text, "\ntype {name} {}", write(ty)).unwrap();
        }
    }
    for (name, fields) in &data.fields.types {
        let Some(name) = name.strip_prefix(&prefix) else { continue };
        writeln!(text, "\ntype {name} struct {{").unwrap();
        for (at, (json, field)) in fields.iter().filter(|(_, field)| field.until.is_none()).enumerate() {
            let gates = field.gates.iter();
            let comment: String = gates.map(|gate| format!("\t// +featureGate={gate}\n")).collect();
            writeln!(text, "{comment}\tField{at} {} `json:\"{json},omitempty\"`", write(&field.go)).unwrap();
        }
        if name == "JobSpec" {
            text.push_str(added);
        }
        text.push_str("}\n");
    }
    text
}

/// The newest states of the gates as a list in Go, with what is to be added. The gate `changed` is beta and on.
fn list(data: &Data, changed: &str, added: &str) -> String {
    let mut text =
        String::from("package features\n\nvar a = map[featuregate.Feature]featuregate.FeatureSpec{\n");
    for name in data.gates.gates.keys() {
        let Some(Some(state)) = data.gates.states(name).unwrap().pop() else { continue };
        if name == changed {
            writeln!(text, "\tpkg.{name}: {{Default: true, PreRelease: featuregate.Beta}},").unwrap();
            continue;
        }
        let stage = match state.to_string() {
            text if text.contains("GA") => "GA",
            text if text.contains("Alpha") => "Alpha",
            text if text.contains("Beta") => "Beta",
            _ => "Deprecated",
        };
        writeln!(
            text,
            "\tpkg.{name}: {{Default: {}, PreRelease: featuregate.{stage}, LockToDefault: {}}},",
            state.on, state.locked
        )
        .unwrap();
    }
    text + added + "}\n"
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_new_version_changes_what_is_new() {
    let mut data = Data::load().unwrap();
    let newest = *data.fields.versions.keys().next_back().unwrap();
    let next = Minor(newest.0 + 1);
    let root = tempfile::tempdir().unwrap();
    let field = "\t// +featureGate=MadeUp\n\tMadeUp *string `json:\"madeUp,omitempty\"`\n";
    write(root.path(), "staging/src/k8s.io/api/batch/v1/types.go", &types(&data, "v1", field));
    write(root.path(), "staging/src/k8s.io/api/scheduling/v1alpha3/types.go", &types(&data, "v1alpha3", ""));
    let gate = "\tMadeUp: {Default: false, PreRelease: featuregate.Alpha},\n";
    // An alpha gate that is off, and in the next version is on.
    let changed = "GRPCContainerProbeTLS";
    write(root.path(), "pkg/features/kube_features.go", &list(&data, changed, gate));
    let before = data.files().unwrap();
    data.merge(next, root.path()).unwrap();
    let after = data.files().unwrap();
    // A version is a matter of data, and of the tables that follow from it: no other file has anything of it.
    let names: Vec<_> = after.iter().map(|(name, _)| *name).collect();
    let is_table = |name: &&&str| name.starts_with("crates/apiserver/src/tables/");
    let is_data = |name: &&&str| name.starts_with("xtask/data/");
    assert_eq!(
        (names.iter().filter(is_table).count(), names.iter().filter(is_data).count()),
        (3, 2),
        "{names:?}"
    );
    assert_eq!(names.len(), 5, "{names:?}");

    let added = |name: &str| -> Vec<String> {
        let text = |files: &[(&'static str, String)]| {
            files.iter().find(|(found, _)| found.ends_with(name)).unwrap().1.clone()
        };
        let (before, after) = (text(&before), text(&after));
        let old: Vec<_> = before.lines().collect();
        after.lines().filter(|line| !old.contains(line)).map(|line| line.trim().to_owned()).collect()
    };
    // The line of the version that was the newest gets a comma.
    assert_eq!(
        added("fields.json")[1..],
        [
            format!("\"{next}\": \"sources\""),
            format!("\"madeUp\": {{\"go\": \"*string\", \"since\": \"{next}\", \"gates\": [\"MadeUp\"]}},"),
        ]
    );
    let gates = added("gates.json");
    assert!(gates.contains(&format!("\"MadeUp\": {{\"{next}\": \"off Alpha\"}},")), "{gates:#?}");
    let expected =
        format!("Field::new(\"madeUp\", Shape::Str).pointer().since({}).gates(&[Gate::MadeUp]),", next.0);
    assert_eq!(added("fields.rs"), [expected]);
    let gates = added("gates.rs");
    assert!(gates.contains(&format!("pub(crate) const NEWEST_MINOR: u8 = {};", next.0)));
    assert!(gates.contains(&"MadeUp,".to_owned()), "{gates:#?}");
    let states = added("states.rs");
    let on = format!("({}, BETA_ON)", next.0);
    assert!(states.iter().any(|line| line.contains(&on)), "{states:#?}");
    // The rows of the new gate and of the one that has changed, and of no other.
    let rows: Vec<_> =
        states.iter().filter(|line| line.starts_with("GateInfo::new") || line.starts_with('(')).collect();
    assert!(rows.len() <= 3, "{rows:#?}");
    assert!(
        states.contains(&format!("GateInfo::new(Gate::MadeUp, \"MadeUp\", &[({}, ALPHA_OFF)]),", next.0))
    );
}
