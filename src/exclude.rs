//! Paths that are left out by globs, with the semantics of `.gitignore`.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Globs, and the folder that they are relative to.
#[derive(Debug, Clone)]
pub struct Excludes {
    /// Without links.
    folder: PathBuf,
    globs: Gitignore,
    /// Who says so, for people.
    by: String,
}

impl Excludes {
    /// Paths below `folder` that one of `globs` matches, the last one that does having the last word (`!` takes back).
    /// `by` names who leaves them out.
    ///
    /// # Errors
    ///
    /// A glob that is none ([`check`]), or a folder that cannot be looked at.
    pub fn new(folder: &Path, globs: &[String], by: impl Into<String>) -> Result<Self, String> {
        let by = by.into();
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = std::fs::canonicalize(here).map_err(|error| format!("{by}: {error}"))?;
        let mut builder = builder();
        for glob in globs {
            check(glob).map_err(|why| format!("{by} {glob:?}: {why}"))?;
            builder.add_line(None, glob).map_err(|error| format!("{by} {glob:?}: {error}"))?;
        }
        let globs = builder.build().map_err(|error| format!("{by}: {error}"))?;
        Ok(Self { folder, globs, by })
    }

    /// Who says so.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Whether `path`, which is absolute and passes through no link, is left out: it, or a folder that it lies in. As
    /// in git, what lies in a folder that is left out cannot be taken back.
    ///
    /// One match for each folder on the way.
    pub fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.folder) else { return false };
        let mut so_far = PathBuf::new();
        let mut parts = below.components().peekable();
        while let Some(part) = parts.next() {
            so_far.push(part);
            if self.globs.matched(&so_far, parts.peek().is_some() || is_folder).is_ignore() {
                return true;
            }
        }
        false
    }
}

/// Whether `glob` is one.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(glob: &str) -> Result<(), String> {
    if glob.trim().is_empty() || glob.starts_with('#') {
        return Err("matches nothing".to_owned());
    }
    if glob.contains(char::is_control) {
        return Err("has a control character".to_owned());
    }
    if glob.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("has . or .. in it, which matches nothing; write /x for ./x".to_owned());
    }
    builder().add_line(None, glob).map_err(|error| match error {
        // The glob is named beside it.
        ignore::Error::Glob { err, .. } => err,
        other => other.to_string(),
    })?;
    Ok(())
}

/// A class that is never closed matches nothing that anybody means, though git takes it.
fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(globs: &[&str], path: &str, is_folder: bool) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let excludes = Excludes::new(folder.path(), &globs, "test").unwrap();
        excludes.leave_out(&std::fs::canonicalize(folder.path()).unwrap().join(path), is_folder)
    }

    #[test]
    fn what_matches_nothing_is_refused() {
        for glob in ["", " ", "#a", "./a", "../a", "a/../b", "a/.", ".."] {
            assert!(check(glob).is_err(), "{glob}");
        }
        for glob in ["/a", "a/", ".github/", "a..b", "...", "!/a"] {
            assert_eq!(check(glob), Ok(()), "{glob}");
        }
    }

    #[test]
    fn globs_are_those_of_gitignore() {
        for (globs, path) in [
            (&["*.gen.yaml"] as &[&str], "a/b/x.gen.yaml"),
            (&["/a"], "a/b/x.yaml"),
            (&["a/"], "b/a/x.yaml"),
            (&["a/**/x.yaml"], "a/b/c/x.yaml"),
            (&["a/b"], "a/b/x.yaml"),
            (&["x.yaml", "!/keep/x.yaml"], "x.yaml"),
            // As in git: the folder is left out, and with it what lies in it.
            (&["a/", "!a/x.yaml"], "a/x.yaml"),
        ] {
            assert!(left_out(globs, path, false), "{globs:?} {path}");
        }
        for (globs, path) in [
            (&["/a"] as &[&str], "b/a/x.yaml"),
            (&["a/b"], "c/a/b/x.yaml"),
            (&["x.yaml", "!/keep/x.yaml"], "keep/x.yaml"),
            (&["x.yaml/"], "x.yaml"),
            (&["X.yaml"], "x.yaml"),
        ] {
            assert!(!left_out(globs, path, false), "{globs:?} {path}");
        }
        assert!(left_out(&["a/"], "a", true) && !left_out(&["a/"], "a", false));
        assert!(!left_out(&["*"], "", true) && !left_out(&["*"], "/elsewhere.yaml", false));
    }

    #[test]
    fn what_is_no_glob() {
        for glob in ["", "  ", "# a comment", "a\nb", "a[z-b]", "{a", "[", "a/[b"] {
            assert!(check(glob).is_err(), "{glob:?}");
        }
        for glob in ["a", "!a", "**/a/*.yaml", "\\#a"] {
            assert!(check(glob).is_ok(), "{glob:?}");
        }
    }
}
