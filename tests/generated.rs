//! Files that are made from the rules' declarations are as the declarations are. `JOBGUARD_BLESS=1 cargo test` writes
//! them anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use jobguard::engine::registry;
use jobguard::policy::{Preset, preset, schema};

fn hold(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        std::fs::write(&path, content).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == content, "{file} is out of date: JOBGUARD_BLESS=1 cargo test --test generated");
}

#[test]
fn policies_agree_with_the_declarations() {
    for each in Preset::ALL {
        hold(&format!("policies/{each}.yaml"), &preset::render(each, registry().catalog()));
    }
}

#[test]
fn the_schema_agrees_with_the_declarations() {
    let schema = serde_json::to_string_pretty(&schema::generate(registry().catalog())).unwrap() + "\n";
    hold("policies/schema.json", &schema);
}
