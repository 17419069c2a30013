//! Files that are made from the rules' declarations are as the declarations are. `JOBGUARD_BLESS=1 cargo test` writes
//! them anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use jobguard::cli::docs;
use jobguard::engine::registry;
use jobguard::policy::{Preset, preset, schema};

fn hold(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
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
