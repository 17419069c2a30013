//! Reading and replacing regular files of a checkout, confined to one folder.
//!
//! The links, pipes and names in a checkout are untrusted input. None of them may make this program read, block on or write
//! anything outside of the folder that it was asked to lint.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A folder that nothing is read outside of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(Arc<Place>);

#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The folder as it was named: paths in it begin so.
    named: PathBuf,
    /// Its path without links.
    real: PathBuf,
}

/// Why a file is neither read nor written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its real place is outside of the folder.
    #[error("it lies outside of {0}")]
    Outside(String),
    /// Its real place is in git's own folder, which may hold credentials.
    #[error("it lies in .git, which is left alone")]
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
    /// There is no such folder, or it cannot be read.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Ok(Self(Arc::new(Place { named: folder.to_owned(), real: fs::canonicalize(folder)? })))
    }

    /// Its path, without links.
    pub(crate) fn path(&self) -> &Path {
        &self.0.real
    }

    /// The git repository that `folder` lies in: the innermost one.
    pub(crate) fn of_repository(folder: &Path) -> Option<Self> {
        let folder = Self::new(folder).ok()?;
        let repository =
            folder.path().ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
        Self::new(repository).ok()
    }

    /// Where the regular file at `path` really is, below this folder.
    ///
    /// # Errors
    ///
    /// Why it may not be read.
    pub(crate) fn resolve(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let real = fs::canonicalize(path)?;
        let below = real
            .strip_prefix(self.path())
            .map_err(|_| Refusal::Outside(self.path().display().to_string()))?;
        if below.components().any(is_git) {
            return Err(Refusal::Git);
        }
        // Checked before it is opened: opening a device may have side effects.
        if !fs::symlink_metadata(&real)?.is_file() {
            return Err(Refusal::Irregular);
        }
        Ok(real)
    }

    /// Opens the regular file at `path` for reading.
    ///
    /// # Errors
    ///
    /// Why it may not be read.
    pub(crate) fn open(&self, path: &Path) -> Result<File, Refusal> {
        regular(open_real(self.path(), &self.resolve(path)?)?).map(|(file, _)| file)
    }

    /// As [`open`](Self::open), with the file's length in bytes. `path` was found by a walk, which has seen that it is a
    /// regular file or a link: it is not looked at once more before it is opened.
    ///
    /// # Errors
    ///
    /// Why it may not be read.
    pub(crate) fn open_found(&self, path: &Path) -> Result<(File, u64), Refusal> {
        match self.open_at_once(path) {
            Some(file) => regular(file),
            None => regular(open_real(self.path(), &self.resolve(path)?)?),
        }
    }

    /// Opens the regular file at `path`, as nearly all are: in this folder by its name, with no link on the way. The
    /// kernel sees to that in one step, where a look at each part of the path takes longer than to read a manifest. None
    /// where the file has to be looked for, or the kernel cannot do so.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn open_at_once(&self, path: &Path) -> Option<File> {
        use rustix::fs::{CWD, Mode, ResolveFlags, openat2};
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        // Byte by byte: to take a path apart takes as long as to open it.
        let named = self.0.named.as_os_str().as_bytes();
        let below = path.as_os_str().as_bytes().strip_prefix(named)?;
        let below = below.strip_prefix(b"/").or_else(|| named.ends_with(b"/").then_some(below))?;
        let is_plain =
            |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git");
        if !below.split(|byte| *byte == b'/').all(is_plain) {
            return None;
        }
        let real = self.path().join(OsStr::from_bytes(below));
        openat2(CWD, &real, READ, Mode::empty(), ResolveFlags::NO_SYMLINKS).ok().map(File::from)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn open_at_once(&self, _: &Path) -> Option<File> {
        None
    }

    /// Makes `content` the content of the regular file at `path`, in one step. Links that lead to it stay.
    ///
    /// # Errors
    ///
    /// Why it may not be written, or could not be.
    pub(crate) fn replace(&self, path: &Path, content: &[u8]) -> Result<(), Refusal> {
        let real = self.resolve(path)?;
        Ok(crate::atomic_file::write_exactly(&real, content)?)
    }
}

/// Whether a report may be written to `path`. A path in the current folder, or in the repository that it lies in, must
/// stay there: no link of the checkout may lead the report out of it. Any other path is the user's own choice.
///
/// # Errors
///
/// A link leads out of the checkout, or cannot be resolved.
#[cfg(feature = "cli")]
pub(crate) fn may_write(path: &Path) -> Result<(), Refusal> {
    let here = std::env::current_dir()?;
    let root = match Root::of_repository(&here) {
        Some(repository) => repository,
        None => Root::new(&here)?,
    };
    let root = root.path();
    if !without_dots(&fs::canonicalize(here)?.join(path)).starts_with(root) {
        return Ok(());
    }
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let target = if is_link { crate::atomic_file::behind_links(path)? } else { path.to_owned() };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder)?;
    let outside = || Refusal::Outside(root.display().to_string());
    let below = folder.strip_prefix(root).map_err(|_| outside())?;
    if below.components().any(is_git)
        || target.file_name().is_some_and(|name| name.eq_ignore_ascii_case(".git"))
    {
        return Err(Refusal::Git);
    }
    // A link to a device or a pipe is not followed above.
    if is_link && fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(outside());
    }
    Ok(())
}

fn is_git(part: Component<'_>) -> bool {
    part.as_os_str().eq_ignore_ascii_case(".git")
}

/// An absolute path with `.` and `..` taken out, as it reads.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// An open file and its length in bytes, if it is a regular file.
fn regular(file: File) -> Result<(File, u64), Refusal> {
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(Refusal::Irregular) }
}

/// Opens a regular file that the user or the operator named, through any links.
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
    regular(open_real(root, &real)?).map(|(file, _)| file)
}

/// How files are opened: neither through a link nor waiting for the other end of a pipe.
#[cfg(unix)]
const READ: rustix::fs::OFlags = {
    use rustix::fs::OFlags;
    OFlags::RDONLY
        .union(OFlags::NOFOLLOW)
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOCTTY)
        .union(OFlags::CLOEXEC)
};

/// Opens `real`, a path without links below `root`, one folder at a time: a link that was placed there in the meantime is
/// not followed, and opening a pipe does not block.
#[cfg(unix)]
fn open_real(root: &Path, real: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    // Passing through a folder takes no permission to list it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const PASS: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const PASS: OFlags = OFlags::RDONLY;
    let folder = PASS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let below = real.strip_prefix(root).map_err(io::Error::other)?;
    let mut at = open(root, folder, Mode::empty())?;
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_some() { folder } else { READ };
        at = openat(&at, part.as_os_str(), flags, Mode::empty())?;
    }
    Ok(File::from(at))
}

#[cfg(not(unix))]
fn open_real(_: &Path, real: &Path) -> io::Result<File> {
    File::open(real)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_lies_in_the_folder_is_opened_and_nothing_else() {
        let outer = tempfile::tempdir().unwrap();
        let at = |name: &str| outer.path().join(name);
        for name in ["real/a", "real/.git", "real2"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["real/a/x.yaml", "real/.git/config", "real2/x.yaml"] {
            fs::write(at(name), name).unwrap();
        }
        symlink(at("real"), at("named")).unwrap();
        symlink(at("real2/x.yaml"), at("real/out.yaml")).unwrap();
        symlink(at("real2"), at("real/out")).unwrap();
        symlink("a/x.yaml", at("real/in.yaml")).unwrap();
        for folder in ["real", "real/", "named", "named/"] {
            let root = Root::new(&at(folder)).unwrap();
            let open = |name: &str| {
                let path = PathBuf::from(format!("{}/{name}", at(folder).display()));
                let read = |mut file: File| {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    text
                };
                let one = root.open(&path).map(read);
                let other = root.open_found(&path).map(|(file, _)| read(file));
                assert_eq!(format!("{one:?}"), format!("{other:?}"));
                other
            };
            for name in ["a/x.yaml", "in.yaml", "a/../a/x.yaml", "./a//x.yaml"] {
                assert_eq!(open(name).unwrap(), "real/a/x.yaml", "{folder} {name}");
            }
            for name in ["out.yaml", "out/x.yaml", "../real2/x.yaml"] {
                assert!(matches!(open(name), Err(Refusal::Outside(_))), "{folder} {name}");
            }
            assert!(matches!(open(".git/config"), Err(Refusal::Git)), "{folder}");
            assert!(matches!(open("a"), Err(Refusal::Irregular)), "{folder}");
            assert!(matches!(open("none.yaml"), Err(Refusal::Io(_))), "{folder}");
            let beside = PathBuf::from(format!("{}2/x.yaml", at(folder).display()));
            assert!(root.open(&beside).is_err() && root.open_found(&beside).is_err(), "{folder}");
        }
    }
}
