//! Answers recorded from real API servers: where they are, and that none is missing.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder of files with one recorded answer a line.
pub(crate) struct Recordings {
    /// The environment variable that names another folder.
    variable: &'static str,
    /// The repository's own folder.
    folder: &'static str,
    /// How many records each file of the repository's own folder has at least.
    least: &'static [(&'static str, usize)],
}

/// What `tests/conformance/README.md` explains.
pub(crate) const CONFORMANCE: Recordings = Recordings {
    variable: "CONFORMANCE_DIR",
    folder: "tests/conformance",
    least: &[
        ("admission-reviews.jsonl", 27),
        ("apply-server-side.jsonl", 80),
        ("apply.jsonl", 120),
        ("children.jsonl", 200),
        ("combined.jsonl", 827),
        ("cron.jsonl", 1983),
        ("cronjob.jsonl", 373),
        ("job.jsonl", 1034),
        ("podtemplate.jsonl", 355),
        ("update.jsonl", 156),
        ("yaml.jsonl", 307),
    ],
};

/// What the same README explains of several versions.
pub(crate) const CONFORMANCE_VERSIONS: Recordings = Recordings {
    variable: "CONFORMANCE_VERSIONS_DIR",
    folder: "tests/conformance/versions",
    least: &[("children.jsonl", 50), ("create.jsonl", 1_306), ("update.jsonl", 169)],
};

impl Recordings {
    /// The folder that somebody has named, which may hold some of the files only.
    fn named(&self) -> Option<PathBuf> {
        let folder = std::env::var_os(self.variable).map(PathBuf::from)?;
        assert!(folder.is_dir(), "{} names no folder: {}", self.variable, folder.display());
        Some(folder)
    }

    /// Whether the repository's own are read.
    pub(crate) fn are_own(&self) -> bool {
        self.named().is_none()
    }

    /// The text of a file; none where a folder has been named that does not have it.
    ///
    /// # Panics
    /// If the file is absent from the repository's own folder, or has fewer records there than it should: a suite must
    /// not pass because there was nothing to run.
    pub(crate) fn find(&self, file: &str) -> Option<String> {
        if let Some(folder) = self.named() {
            let path = folder.join(file);
            return path.exists().then(|| read(&path));
        }
        let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder).join(file));
        let records = text.lines().filter(|line| !line.trim().is_empty()).count();
        let least = self.least.iter().find(|(name, _)| *name == file);
        let (_, least) = least.unwrap_or_else(|| panic!("how many records has {file} at least?"));
        assert!(records >= *least, "{}/{file} has {records} records, not {least}", self.folder);
        Some(text)
    }

    /// The same, and prints where a file is absent.
    pub(crate) fn find_or_report(&self, file: &str) -> Option<String> {
        let text = self.find(file);
        if text.is_none() {
            // Written past the test harness, which keeps to itself what a test prints that passes.
            let _ = writeln!(std::io::stderr().lock(), "{} has no {file}", self.variable);
        }
        text
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
