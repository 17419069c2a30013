//! Who may do what in the workflows: builds have no rights, and what has rights builds nothing.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::objects;

/// What runs code of others, with whatever rights its job has.
const BUILDS: [&str; 7] = [
    "cargo build",
    "cargo auditable",
    "cargo install",
    "cargo test",
    "cargo package",
    "docker buildx build",
    ".ci/run",
];

fn workflow(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows").join(name);
    objects(&fs::read_to_string(path).unwrap()).remove(0)
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().unwrap().iter()
}

/// The scripts of a job without their comments, and the actions that it uses.
fn code(job: &Value) -> String {
    let text = steps(job).flat_map(|step| [&step["run"], &step["uses"]]).filter_map(Value::as_str);
    let lines = text.flat_map(str::lines).filter(|line| !line.trim_start().starts_with('#'));
    lines.fold(String::new(), |code, line| code + line + "\n")
}

fn writes(permissions: &Value) -> bool {
    permissions.as_str().is_some_and(|all| all != "read-all")
        || permissions.as_object().is_some_and(|each| each.values().any(|right| right == "write"))
}

#[test]
fn builds_have_no_rights_and_rights_wait_for_the_environment() {
    let release = workflow("release.yaml");
    assert!(!writes(&release["permissions"]));
    let (mut builds, mut rights) = (0, 0);
    for (name, job) in release["jobs"].as_object().unwrap() {
        let code = code(job);
        let is_build = BUILDS.iter().any(|build| code.contains(build));
        if writes(&job["permissions"]) {
            assert_eq!(job["environment"], "release", "{name}");
            assert!(!is_build, "{name} builds, and has rights: {}", job["permissions"]);
            rights += 1;
        }
        assert!(is_build || writes(&job["permissions"]), "{name} does neither");
        builds += usize::from(is_build);
        // One thing each: what signs does not push, and what publishes the crate neither.
        let kinds =
            ["cosign sign", "skopeo copy", "cargo publish", "gh release create", "attest-build-provenance"];
        assert!(kinds.iter().filter(|kind| code.contains(*kind)).count() <= 1, "{name}");
        assert!(!code.contains("cargo publish") || code.contains("--no-verify"), "{name}");
        // Every checkout leaves no token behind.
        for step in
            steps(job).filter(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/checkout@")))
        {
            assert_eq!(step["with"]["persist-credentials"], false, "{name}");
        }
        // A cache is written by other runs, of pull requests too.
        assert!(!code.contains("cache"), "{name}");
    }
    assert!(builds >= 3 && rights >= 5, "{builds} {rights}");
}

/// Formatting, lints and binaries change with the version of Rust, so it is the same everywhere.
#[test]
fn one_rust_checks_and_builds() {
    let rust = |name| workflow(name)["env"]["RUST"].as_str().unwrap().to_owned();
    let version = rust("ci.yaml");
    assert_eq!(version, rust("release.yaml"));
    let (minor, _) = version.rsplit_once('.').unwrap();
    let dockerfile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).unwrap();
    assert!(dockerfile.contains(&format!("/rust:{minor}-alpine AS build")), "{version}");
    // Nothing compiles with what happens to be on the runner.
    for name in ["ci.yaml", "release.yaml"] {
        for (job, definition) in workflow(name)["jobs"].as_object().unwrap() {
            let code = code(definition);
            let compiles = code.contains("cargo ") || code.contains(".ci/run");
            assert!(!compiles || code.contains("rustup default"), "{name}: {job}");
        }
    }
}

/// A tag can be moved to other code; a commit cannot.
#[test]
fn actions_are_named_by_commit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in [".github/workflows/ci.yaml", ".github/workflows/release.yaml", "action.yml"] {
        for line in fs::read_to_string(root.join(file)).unwrap().lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let (_, version) = action.split_once('@').unwrap();
            let (commit, comment) = version.split_once(" # v").unwrap_or((version, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && comment.starts_with(|c: char| c.is_ascii_digit()), "{file}: {line}");
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}
