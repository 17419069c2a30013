//! Reading and replacing what a checkout brings along: regular files that lie in one folder.
//!
//! Whoever wrote the checkout chose its links, pipes and names. None of them may make this program read, wait for or
//! write anything outside of the folder that somebody asked it to look at.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A folder that nothing is read outside of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(Arc<Path>);

/// Why a file is left alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its real place is outside of the folder.
    #[error("a link leads out of {0}; what lies outside is not read")]
    Outside(String),
    /// Its real place is where git keeps its own files, credentials among them.
    #[error("a link leads into .git, which is not read")]
    Git,
    /// A pipe, a device, a socket or a folder.
    #[error("it is not a regular file")]
    Irregular,
    /// It is not there, or cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Root {
    /// The folder at `folder`, wherever links lead to it.
    ///
    /// # Errors
    ///
    /// There is no such folder, or it cannot be looked at.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Ok(Self(fs::canonicalize(folder)?.into()))
    }

    /// The git repository that `folder` lies in: the nearest one upwards.
    pub(crate) fn of_repository(folder: &Path) -> Option<Self> {
        let Self(folder) = Self::new(folder).ok()?;
        let repository = folder.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
        Some(Self(repository.into()))
    }

    /// Where the regular file at `path` really is, below this folder.
    ///
    /// # Errors
    ///
    /// Why it is none that may be read.
    pub(crate) fn resolve(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let real = fs::canonicalize(path)?;
        let below = real.strip_prefix(&self.0).map_err(|_| Refusal::Outside(self.0.display().to_string()))?;
        let is_git = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
        if below.components().any(is_git) {
            return Err(Refusal::Git);
        }
        // Asked before it is opened: opening a device may do something already.
        if !fs::symlink_metadata(&real)?.is_file() {
            return Err(Refusal::Irregular);
        }
        Ok(real)
    }

    /// Opens the regular file at `path` for reading.
    ///
    /// # Errors
    ///
    /// Why it is none that may be read.
    pub(crate) fn open(&self, path: &Path) -> Result<File, Refusal> {
        let real = self.resolve(path)?;
        let file = open_real(&self.0, &real)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(Refusal::Irregular) }
    }

    /// Makes `content` the content of the regular file at `path`, in one step. Links that lead to it stay.
    ///
    /// # Errors
    ///
    /// Why it is none that may be written, or why it could not be.
    pub(crate) fn replace(&self, path: &Path, content: &[u8]) -> Result<(), Refusal> {
        let real = self.resolve(path)?;
        Ok(crate::replace::replace_exactly(&real, content)?)
    }
}

/// Opens a regular file that the user or the operator named. It may be reached by any links.
///
/// # Errors
///
/// It is not a regular file, is not there or cannot be read.
pub(crate) fn open_regular(path: &Path) -> Result<File, Refusal> {
    let real = fs::canonicalize(path)?;
    if !fs::symlink_metadata(&real)?.is_file() {
        return Err(Refusal::Irregular);
    }
    let root = real.ancestors().last().unwrap_or(Path::new("/"));
    let file = open_real(root, &real)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(Refusal::Irregular) }
}

/// Opens what lies at `real`, a path without links below `root`, one folder at a time: a link that has been put in
/// its way meanwhile is not followed, and a pipe is not waited for.
#[cfg(unix)]
fn open_real(root: &Path, real: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    // Passing through a folder takes no permission to list it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const PASS: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const PASS: OFlags = OFlags::RDONLY;
    let folder = PASS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let below = real.strip_prefix(root).map_err(io::Error::other)?;
    let mut at = open(root, folder, Mode::empty())?;
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_some() { folder } else { read };
        at = openat(&at, part.as_os_str(), flags, Mode::empty())?;
    }
    Ok(File::from(at))
}

#[cfg(not(unix))]
fn open_real(_: &Path, real: &Path) -> io::Result<File> {
    File::open(real)
}
