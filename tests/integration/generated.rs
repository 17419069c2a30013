//! Files that are made from the rules' declarations, and from what is known of Kubernetes, are as those are.
//! `JOBGUARD_BLESS=1 cargo test --test integration generated::` writes them anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use jobguard::docs::{self, symptoms, versions};
use jobguard::policy::{Preset, preset, schema};
use jobguard::rules::registry;
use serde_json::{Map, Value, json};

fn hold(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == content,
        "{file} is out of date: JOBGUARD_BLESS=1 cargo test --test integration generated::"
    );
}

#[test]
fn policies_agree_with_the_declarations() {
    for each in Preset::ALL {
        hold(&format!("policies/{each}.yaml"), &preset::render(each, registry().catalog()));
    }
}

#[test]
fn the_page_of_symptoms_agrees_with_the_declarations() {
    hold("docs/symptoms.md", &symptoms::page());
}

#[test]
fn the_schema_agrees_with_the_declarations() {
    let schema = serde_json::to_string_pretty(&schema::generate(registry().catalog())).unwrap() + "\n";
    hold("policies/schema.json", &schema);
}

#[test]
fn the_pictures_agree_with_the_examples() {
    for (example, picture) in [("fleet.yaml", "fleet.svg"), ("migration.yaml", "migration.svg")] {
        let output = assert_cmd::Command::cargo_bin("jobguard")
            .unwrap()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("JOBGUARD_POLICY")
            .args([
                "preview",
                &format!("docs/pictures/{example}"),
                "--from",
                "2027-03-22",
                "--zone",
                "Europe/Berlin",
            ])
            .args(["--format", "svg"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        hold(&format!("docs/pictures/{picture}"), &String::from_utf8(output.stdout).unwrap());
    }
}

/// Names in the policy's schema, below a name of their own.
fn below(schema: Value) -> Value {
    match schema {
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| match value.as_str().filter(|_| key == "$ref") {
                Some(name) => (key, name.replace("#/definitions/", "#/definitions/policy.").into()),
                None => (key, below(value)),
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(below).collect::<Vec<_>>().into(),
        other => other,
    }
}

/// The schema of the chart's values is written by hand, but for what a policy may hold.
#[test]
fn the_chart_s_schema_holds_the_policy_s() {
    const FILE: &str = "charts/jobguard/values.schema.json";
    let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
    let mut values: Value = serde_json::from_str(&committed).unwrap();
    let mut policy = schema::generate(registry().catalog());
    let definitions = values["definitions"].as_object_mut().unwrap();
    definitions.retain(|name, _| !name.starts_with("policy."));
    for (name, definition) in policy["definitions"].as_object().unwrap() {
        definitions.insert(format!("policy.{name}"), below(definition.clone()));
    }
    let mut spec = below(policy["properties"]["spec"].take());
    spec["description"] = json!("The spec of a JobPolicy.");
    spec["type"] = json!("object");
    // No other file lies beside the one that the chart makes.
    spec["properties"]["extends"] =
        json!({"description": "Instead of policy.preset.", "enum": Preset::ALL.map(Preset::as_str)});
    values["properties"]["policy"]["properties"]["inline"] = spec;
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    serde::Serialize::serialize(&values, &mut serde_json::Serializer::with_formatter(&mut text, format))
        .unwrap();
    hold(FILE, &(String::from_utf8(text).unwrap() + "\n"));
}

#[test]
fn the_rules_pages_agree_with_the_declarations() {
    let pages = docs::pages();
    for (path, page) in &pages {
        hold(&format!("docs/rules/{path}"), page);
    }
    // A page that is left of a rule that is gone.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    for category in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        if !category.file_type().unwrap().is_dir() {
            continue;
        }
        for page in std::fs::read_dir(category.path()).unwrap().map(Result::unwrap) {
            let path = page.path();
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            if !pages.contains_key(&name) && std::env::var_os("JOBGUARD_BLESS").is_some() {
                std::fs::remove_file(&path).unwrap();
            }
            assert!(pages.contains_key(&name) || !path.exists(), "docs/rules/{name}: there is no such rule");
        }
    }
}

#[test]
fn the_page_of_versions_agrees_with_the_tables() {
    hold("docs/versions.md", &versions::page());
}
