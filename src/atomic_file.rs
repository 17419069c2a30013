//! Replacing a file's content in one step: readers see the old content or the new, never half of it.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How many symbolic links may lead to a file, one behind the other.
const MAX_LINKS: usize = 40;

/// Makes `content` the content of the file at `path`, which need not be there yet. The content is written beside the
/// file, flushed, and put in its place at once. Permissions stay, and so do owner and group as far as we may set them; a new
/// file gets what the process's umask leaves. Of a symbolic link the file behind it is replaced. What is no regular file
/// (a pipe, `/dev/stderr`) is written to as it is.
///
/// # Errors
///
/// The file is read-only or a folder, its folder is not there or cannot be written, or the disk is full. Then the file is
/// as it was, and nothing is left beside it.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    put(&behind_links(path)?, content)
}

/// As [`write`], of the file at exactly this path, which has no links in it. Where there is one after all, it is
/// the link that is replaced.
///
/// # Errors
///
/// As those of [`write`]; and a link has been put in the way of the file's folder.
pub(crate) fn write_exactly(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if fs::canonicalize(folder)? != folder || !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("something else is in its place now"));
    }
    put(path, content)
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let old = match fs::metadata(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(old) = &old {
        if old.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        if !old.is_file() {
            return File::options().write(true).open(path)?.write_all(content);
        }
        // The folder would let us; the file's owner would not.
        if old.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut draft = tempfile::Builder::new();
    draft.prefix(".jobguard-").suffix(".tmp");
    if old.is_none() {
        new_file_permissions(&mut draft);
    }
    let mut draft = draft.tempfile_in(folder)?;
    if let Some(old) = &old {
        keep_owner(draft.as_file(), old);
        draft.as_file().set_permissions(old.permissions())?;
    }
    draft.write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// The file that is meant: behind every link, whether it is there or not.
pub(crate) fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // Standard error may be a pipe, whose name in /proc leads nowhere; the link itself can be opened.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(path);
        }
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many symbolic links lead from one to the next"))
}

/// As any program makes a file: everybody may read and write it whom the umask lets. Temporary files are for their
/// owner alone otherwise.
#[cfg(unix)]
fn new_file_permissions(draft: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    draft.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn new_file_permissions(_: &mut tempfile::Builder<'_, '_>) {}

/// Gives the new file the owner and group of the old one, as far as we may.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let Ok(new) = file.metadata() else { return };
    if new.uid() != old.uid() || new.gid() != old.gid() {
        // A process that may write here without being the owner cannot do this, and becomes the owner.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// Makes the new name safe, too. The content is in place already: a file system that cannot flush a folder, or a folder
/// that may be written and not read, is no failure.
#[cfg(unix)]
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaced_and_nothing_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        for content in ["new", "newer", ""] {
            write(&file, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["a"]);
        assert!(write(folder.path(), b"new").is_err());
        assert!(write(&folder.path().join("none/a"), b"new").is_err());
        assert!(write(&file.join("a"), b"new").is_err());
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_new_files_heed_the_umask() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o7777;
        let (plain, new) = (folder.path().join("plain"), folder.path().join("new"));
        File::create(&plain).unwrap();
        write(&new, b"new").unwrap();
        assert_eq!(mode(&new), mode(&plain));
        for wanted in [0o640, 0o600, 0o755] {
            fs::set_permissions(&new, fs::Permissions::from_mode(wanted)).unwrap();
            write(&new, b"newer").unwrap();
            assert_eq!(mode(&new), wanted);
        }
        fs::set_permissions(&new, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(write(&new, b"no").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read_to_string(&new).unwrap(), "newer");
        assert_eq!(names(folder.path()), ["new", "plain"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let (first, second) = (folder.path().join("first"), inner.join("second"));
        symlink("inner/second", &first).unwrap();
        symlink("../file", &second).unwrap();
        // Behind the links there is nothing yet, and then something.
        for content in ["new", "newer"] {
            write(&first, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), content);
            assert!(fs::symlink_metadata(&first).unwrap().is_symlink());
            assert!(fs::symlink_metadata(&second).unwrap().is_symlink());
        }
        assert_eq!(names(folder.path()), ["file", "first", "inner"]);
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(write(&folder.path().join("loop"), b"new").is_err());
        symlink("/dev/null", folder.path().join("null")).unwrap();
        write(&folder.path().join("null"), b"new").unwrap();
        write(Path::new("/dev/null"), b"new").unwrap();
    }
}
