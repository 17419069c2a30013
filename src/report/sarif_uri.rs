//! How SARIF names files, and how it knows a finding again.

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, fnv1a};

/// `file` as a URI reference: relative to where the linter ran, or absolute with a scheme.
pub(super) fn file_uri(file: &str) -> String {
    let file = file.replace('\\', if cfg!(windows) { "/" } else { "\\" });
    let drive = file.as_bytes().get(1) == Some(&b':') && cfg!(windows);
    let prefix = match file.starts_with('/') {
        true => "file://",
        false if drive => "file:///",
        false => "",
    };
    let mut uri = String::from(prefix);
    for (position, byte) in file.bytes().enumerate() {
        // `:` would make the first part of a relative path a scheme.
        let kept = byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~' | b'+' | b'@' | b'=' | b',')
            || (drive && position == 1);
        if kept {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// What stays the same about a finding when lines come and go above it: the rule, the object and the field. A
/// finding on no object is known by its file.
pub(super) fn fingerprint(diagnostic: &Diagnostic) -> String {
    let owner = match &diagnostic.object {
        Some(object) => object.qualified(),
        None => diagnostic.file.to_string(),
    };
    let cause = diagnostic.cause.map_or("", jobguard_apiserver::Cause::as_str);
    fnv1a(&[diagnostic.rule.id(), &owner, &diagnostic.path.to_string(), cause].join("\0"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn uris() {
        assert_eq!(file_uri("jobs/a b.yaml"), "jobs/a%20b.yaml");
        assert_eq!(file_uri("<stdin>"), "%3Cstdin%3E");
        assert_eq!(file_uri("/etc/100%.yaml"), "file:///etc/100%25.yaml");
        assert_eq!(file_uri("a:b?c#d.yaml"), "a%3Ab%3Fc%23d.yaml");
        assert_eq!(file_uri("../ä\u{1b}\n.yaml"), "../%C3%A4%1B%0A.yaml");
    }

    #[test]
    fn a_finding_is_known_again_on_another_line() {
        let report = fixture::report();
        let mut moved = report.diagnostics[0].clone();
        moved.region.line += 40;
        moved.message.push_str(" today");
        assert_eq!(fingerprint(&moved), fingerprint(&report.diagnostics[0]));
        assert_ne!(fingerprint(&moved), fingerprint(&report.diagnostics[1]));
        // Published values must not change: results would all be new.
        assert_eq!(fingerprint(&moved), "cc7a823cf2658bde");
    }
}
