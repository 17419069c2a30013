//! The program in a folder of its own, for tests of commands about policies.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Runs the program in a folder: what it says on standard output and on standard error, and its exit status.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], policy: Option<&str>) -> (String, String, i32) {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command.current_dir(folder).env_remove("JOBGUARD_POLICY").env_remove("COLUMNS").env("NO_COLOR", "1");
    command.args(arguments);
    if let Some(policy) = policy {
        command.env("JOBGUARD_POLICY", policy);
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// The same by the policy that is found.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    run_with(folder, arguments, None)
}

/// A folder with these files, the root of a repository, so that nothing around it is looked at.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}
