//! Files and their URIs.

use std::path::{Component, Path, PathBuf, Prefix};
use std::str::FromStr as _;

use lsp_types::Uri;

/// The file that a URI names; none where it names something else, such as a text that was never saved.
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.split(['?', '#']).next()?;
    let slash = rest.find('/')?;
    let (host, path) = rest.split_at(slash);
    let path = decoded(path)?;
    if cfg!(windows) {
        let drive = path.strip_prefix('/').filter(|path| path.as_bytes().get(1) == Some(&b':'));
        return Some(match drive {
            Some(path) => PathBuf::from(path),
            None => PathBuf::from(format!("//{host}{path}")),
        });
    }
    (host.is_empty() || host == "localhost").then(|| PathBuf::from(path))
}

/// The URI of a file by its absolute path; none where it cannot be written as one.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = String::from("file://");
    for component in path.components() {
        match component {
            Component::Prefix(prefix) => match prefix.kind() {
                Prefix::Disk(drive) | Prefix::VerbatimDisk(drive) => {
                    text.push('/');
                    text.push(char::from(drive));
                    text.push(':');
                }
                _ => return None,
            },
            Component::RootDir => {}
            Component::CurDir | Component::ParentDir => return None,
            Component::Normal(part) => {
                text.push('/');
                encode(part.to_str()?, &mut text);
            }
        }
    }
    Uri::from_str(&text).ok()
}

/// The last part of a URI, for texts that are no files.
pub(super) fn name_of(uri: &str) -> &str {
    uri.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(uri)
}

fn encode(part: &str, text: &mut String) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    let path = String::from_utf8(bytes).ok()?;
    (!path.contains('\0')).then_some(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for path in ["/a/b.yaml", "/a b/ü#?%.yaml", "/x/c:d/[e].json"] {
            let uri = uri_of(Path::new(path)).unwrap();
            assert_eq!(path_of(uri.as_str()).as_deref(), Some(Path::new(path)), "{uri:?}");
        }
        assert_eq!(path_of("file:///a/b%2Eyaml").as_deref(), Some(Path::new("/a/b.yaml")));
        assert_eq!(path_of("file://localhost/a").as_deref(), Some(Path::new("/a")));
    }

    #[test]
    fn what_is_no_file() {
        for uri in
            ["untitled:Untitled-1", "file:///a%2", "file:///a%00", "file://host/a", "git:/a", "", "file:"]
        {
            assert_eq!(path_of(uri), None, "{uri}");
        }
        assert_eq!(name_of("untitled:Untitled-1"), "Untitled-1");
    }
}
