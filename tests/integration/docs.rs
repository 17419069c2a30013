//! What the documentation says can be done: policies to copy, names of rules, links.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use jobguard::rules::registry;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Pages that people wrote; those of the rules are made from their declarations.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = Vec::new();
    for place in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        ".github",
        "docs",
        "certs",
        "examples",
        "tests/conformance/README.md",
    ] {
        for entry in ignore::Walk::new(root().join(place)).map(Result::unwrap) {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "md")
                && !path.starts_with(root().join("docs/rules"))
            {
                pages.push((path.to_owned(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(pages.len() > 10);
    pages
}

/// The code blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let pieces = page.split(&format!("\n```{language}\n") as &str).skip(1).collect::<Vec<_>>();
    pieces.into_iter().map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn policies_are_usable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobguard.yaml");
    let keys = ["rules:", "defaults:", "overrides:", "suppressions:", "extends:", "mode:"];
    let mut count = 0;
    for (path, page) in pages() {
        for block in blocks(&page, "yaml") {
            let policy = if block.contains("kind: JobPolicy") {
                block.to_owned()
            } else if keys.iter().any(|key| block.starts_with(key)) {
                let head =
                    "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: docs}\nspec:\n";
                block.lines().fold(head.to_owned(), |all, line| format!("{all}  {line}\n"))
            } else {
                continue;
            };
            fs::write(&file, &policy).unwrap();
            let output = Command::cargo_bin("jobguard")
                .unwrap()
                .args(["policy", "check"])
                .arg(&file)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}:\n{policy}\n{said}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn rules_that_are_named_exist() {
    let known: Vec<&str> = registry().rules().iter().map(|rule| rule.id()).collect();
    let categories: Vec<&str> = known.iter().map(|id| id.split('/').next().unwrap()).collect();
    let mut count = 0;
    for (path, page) in pages() {
        let words = page.split(|c: char| !(c.is_ascii_alphanumeric() || "/-*._".contains(c)));
        for word in words {
            let word = word.trim_end_matches('.');
            let Some((category, name)) = word.split_once('/') else { continue };
            // Not paths and files.
            if !categories.contains(&category) || name.contains(['/', '.']) || name.is_empty() {
                continue;
            }
            // `deploy/` is also a folder of ours, and kubectl's short name for Deployments.
            if root().join(word).exists() || word == "deploy/jobguard" {
                continue;
            }
            // Only the changelog calls rules by their former names.
            let is_former = || path.ends_with("CHANGELOG.md") && registry().get(word).is_some();
            let is_known = name == "*" || name == "NAME" || known.contains(&word) || is_former();
            assert!(is_known, "{}: there is no rule {word}", path.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// How GitHub names a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for (path, page) in pages() {
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") {
                continue;
            }
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            if !wanted.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let found = text.lines().any(|line| line.starts_with('#') && anchor(line) == wanted);
                assert!(found, "{}: {link}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

/// Each command of the guide that needs no cluster prints what stands below it, with the files that stand above it. A block
/// of YAML whose first line is a comment with a path is that file.
#[test]
fn the_rollout_guide_shows_what_is_printed() {
    let path = root().join("docs/rollout.md");
    let page = fs::read_to_string(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut commands, mut written) = (0, String::new());
    for (number, piece) in page.split("\n```").enumerate() {
        written.push_str(if number == 0 { "" } else { "\n```" });
        if let Some((name, content)) = piece.strip_prefix("yaml\n# ").and_then(|rest| rest.split_once('\n')) {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            // With its first line, as it is copied.
            fs::write(file, format!("# {name}\n{content}")).unwrap();
        }
        let Some(block) = piece.strip_prefix("console\n$ jobguard ") else {
            written.push_str(piece);
            continue;
        };
        let (command, _) = block.split_once('\n').unwrap_or((block, ""));
        let output = Command::cargo_bin("jobguard")
            .unwrap()
            .args(command.split_whitespace())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        written.push_str(&format!("console\n$ jobguard {command}\n{}", printed.trim_end()));
        commands += 1;
    }
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        fs::write(&path, &written).unwrap();
        return;
    }
    assert!(commands >= 7, "{commands}");
    assert_eq!(written, page, "JOBGUARD_BLESS=1 writes what is printed");
}

/// The version in Cargo.toml has a section of its own or, before its release, entries under "Unreleased"; and changes are
/// sorted as Keep a Changelog sorts them.
#[test]
fn the_changelog_speaks_of_this_version() {
    const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    let page = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let section = |name: &str| {
        let rest = page.split(&format!("\n## [{name}]") as &str).nth(1)?;
        rest.split("\n## ").next()
    };
    let text = section(env!("CARGO_PKG_VERSION")).or_else(|| section("Unreleased")).unwrap_or_default();
    assert!(text.contains("\n- "), "CHANGELOG.md says nothing of {}", env!("CARGO_PKG_VERSION"));
    for kind in page.lines().filter_map(|line| line.strip_prefix("### ")) {
        assert!(KINDS.contains(&kind), "{kind}");
    }
}
