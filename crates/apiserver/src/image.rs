//! Image references: which tag an image has, as far as defaults depend on it.

/// The tag of an image without tag and digest.
const LATEST: &str = "latest";
const DEFAULT_DOMAIN: &str = "docker.io";

/// The tag that decides `imagePullPolicy`: `latest` where neither tag nor digest is given; none where there is a
/// digest alone, or where the text is no image reference.
///
/// The grammar is that of the OCI distribution project: `[domain[:port]/]path[:tag][@digest]`, where a first
/// component is a domain if it has a dot, a colon or an upper-case letter, or is `localhost`. One that looks like a
/// domain and cannot be one (`a_b.c/app`) is part of the path.
pub fn effective_tag(image: &str) -> Option<&str> {
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return None;
    }
    let (domain, rest) = match image.split_once('/') {
        Some((first, rest)) if is_domain_like(first) && is_domain(first) => (first, rest),
        Some((first, _)) if is_domain_like(first) => ("", image),
        _ => (DEFAULT_DOMAIN, image),
    };
    let (named, digest) = match rest.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match named.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (named, None),
    };
    let library = usize::from(domain == DEFAULT_DOMAIN || domain == "index.docker.io") * "library/".len();
    let length = path.len() + if path.contains('/') { 0 } else { library };
    let valid = path.split('/').all(is_path_component)
        && length <= 255
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !valid {
        return None;
    }
    match (tag, digest) {
        (Some(tag), _) => Some(tag),
        (None, Some(_)) => None,
        (None, None) => Some(LATEST),
    }
}

fn is_domain_like(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.chars().any(|c| c.to_lowercase().ne([c]))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = if let Some(inner) = domain.strip_prefix('[') {
        let Some((address, port)) = inner.split_once(']') else { return false };
        if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
            return false;
        }
        return port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
    } else {
        match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        }
    };
    host.split('.').all(|part| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    }) && port.is_none_or(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Lower-case letters and digits, joined by one dot, one or two underscores, or any number of dashes.
fn is_path_component(part: &str) -> bool {
    let is_atom = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    if !bytes.first().is_some_and(is_atom) || !bytes.last().is_some_and(is_atom) {
        return false;
    }
    bytes
        .chunk_by(|a, b| is_atom(a) == is_atom(b))
        .all(|run| is_atom(&run[0]) || matches!(run, b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(is_lower_hex)
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let digest = format!("busybox@sha256:{}", "a".repeat(64));
        let both = format!("busybox:1@sha256:{}", "a".repeat(64));
        for (image, tag) in [
            ("busybox", Some("latest")),
            ("busybox:1.36", Some("1.36")),
            ("docker.io/library/busybox", Some("latest")),
            ("registry.example.com:5000/team/app", Some("latest")),
            ("registry.example.com:5000/team/app:v2", Some("v2")),
            ("localhost/app", Some("latest")),
            ("[::1]:5000/app", Some("latest")),
            ("Upper/app", Some("latest")),
            ("a__b/c--d.e", Some("latest")),
            ("a_b.c/app", Some("latest")),
            ("a__b.c/app:1", Some("1")),
            ("a_b.c/d/app:latest", Some("latest")),
            ("index.docker.io/busybox:latest", Some("latest")),
            ("localhost:5000/app", Some("latest")),
            ("localhost/app:1", Some("1")),
            ("busybox:80", Some("80")),
            ("a_b:5000/app", None),
            ("A_b.c/app", None),
            ("a.b/App", None),
            ("a-.b/app", None),
            (&digest, None),
            (&both, Some("1")),
            ("", None),
            (" busybox", None),
            ("Busybox", None),
            ("busybox:", None),
            ("a..b", None),
            ("a___b", None),
            ("busybox@sha256:abc", None),
            ("{{ image }}", None),
        ] {
            assert_eq!(effective_tag(image), tag, "{image}");
        }
        assert_eq!(effective_tag(&"a".repeat(64)), None);
        assert_eq!(effective_tag(&"a".repeat(248)), None);
        assert_eq!(effective_tag(&"a".repeat(247)), Some("latest"));
        assert_eq!(effective_tag(&format!("a_b.c/{}", "a".repeat(250))), None);
        assert_eq!(effective_tag(&format!("a_b.c/{}", "a".repeat(249))), Some("latest"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(image in "\\PC{0,40}") {
            let _ = effective_tag(&image);
        }
    }
}
