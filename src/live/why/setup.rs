//! Why a kubelet cannot set a container up: in its own words, and those of the runtime.

/// Why an image cannot be pulled, and what to do.
pub(super) fn image_words(reason: &str, message: &str, image: &str) -> (&'static str, &'static str) {
    let lower = without_names(message, image).to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let has_code = |code: &str| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code);
    if reason == "InvalidImageName" {
        return ("its name is not valid", "Correct the image's name");
    }
    if reason == "ErrImageNeverPull" {
        return (
            "imagePullPolicy is Never, and the node does not have it",
            "Set imagePullPolicy: IfNotPresent, or load the image onto the nodes",
        );
    }
    if has(&["toomanyrequests", "too many requests", "rate limit"]) {
        (
            "the registry allows no more pulls for now",
            "Pull with an account (imagePullSecrets), or from a mirror",
        )
    } else if has(&["x509", "certificate"]) {
        (
            "the registry cannot be reached safely: its certificate is not trusted by the node",
            "Let the nodes trust the registry's authority",
        )
    } else if has(&[
        "no such host",
        "i/o timeout",
        "connection refused",
        "connection reset",
        "network is unreachable",
        "deadline exceeded",
        "no route to host",
        "tls handshake",
        "server misbehaving",
    ]) {
        (
            "the registry cannot be reached from the node",
            "See to the node's network, its DNS, or the registry's name in the image",
        )
    } else if has(&["insufficient_scope", "pull access denied"]) || has_code("401") || has_code("403") {
        NO_ACCESS
    } else if has(&["manifest unknown", "not found", "notfound", "no such manifest", "name unknown"]) {
        ("there is no such image or tag", "Correct the image's name or tag, or push it")
    } else if has(&["unauthorized", "authentication required", "access denied", "denied:", "forbidden"]) {
        NO_ACCESS
    } else if has(&["no match for platform", "exec format"]) {
        (
            "it has no variant for the node's platform",
            "Push it for that platform, or choose nodes by nodeSelector",
        )
    } else {
        (
            "see what the node says",
            "See that the image exists, and that the node can reach it and may pull it",
        )
    }
}

/// What is said where a registry refuses.
const NO_ACCESS: (&str, &str) = (
    "the registry refuses access: there are no credentials, or wrong ones, or no such image",
    "Name a Secret in imagePullSecrets that may pull it, and see that the image exists",
);

/// A message without what is quoted in it, and without the names and addresses of images, whose parts may look like an error.
fn without_names(message: &str, image: &str) -> String {
    let message = if image.is_empty() { message.to_owned() } else { message.replace(image, " ") };
    let plain: String = message.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let is_name = |word: &str| word.contains('/') && !word.contains("i/o");
    plain.split_whitespace().filter(|word| !is_name(word)).collect::<Vec<_>>().join(" ")
}

/// Why a container cannot be set up, and what to do.
pub(super) fn config_words(message: &str) -> (String, String, &'static str) {
    let quoted = |after: &str| message.split_once(after).and_then(|(_, rest)| Some(rest.split_once('"')?.0));
    if let Some(name) = quoted("configmap \"").filter(|_| message.contains("not found")) {
        return (
            format!("ConfigMap {name} is not there"),
            "Create the ConfigMap, correct its name, or set optional: true".to_owned(),
            "env",
        );
    }
    if let Some(name) = quoted("secret \"").filter(|_| message.contains("not found")) {
        return (
            format!("Secret {name} is not there"),
            "Create the Secret, correct its name, or set optional: true".to_owned(),
            "env",
        );
    }
    if message.contains("couldn't find key ") {
        return (
            "a ConfigMap or Secret lacks the key that an env variable takes".to_owned(),
            "Add the key, correct its name, or set optional: true".to_owned(),
            "env",
        );
    }
    if let Some((why, change)) = user_words(message) {
        return (why.to_owned(), change.to_owned(), "securityContext");
    }
    if message.contains("subPath") {
        return (
            "the subPath of a volume mount cannot be used".to_owned(),
            "See that subPath names something within the volume that the node can read, or, with subPathExpr, that its \
             variables are set"
                .to_owned(),
            "volumeMounts",
        );
    }
    (message.to_owned(), "Correct what the message names".to_owned(), "")
}

/// Why the kubelet does not let a container run as its user, and what to do.
fn user_words(message: &str) -> Option<(&'static str, &'static str)> {
    if message.contains("has non-numeric user") {
        return Some((
            "runAsNonRoot asks for a user other than root, and the image names its user, so the kubelet cannot tell",
            "Set securityContext.runAsUser to the number of the image's user",
        ));
    }
    if message.contains("runAsUser breaks non-root policy") {
        return Some((
            "securityContext.runAsUser is 0, which is root, and runAsNonRoot forbids it",
            "Set securityContext.runAsUser to a user other than 0",
        ));
    }
    (message.contains("runAsNonRoot") || message.contains("non-root")).then_some((
        "the image runs as root, and securityContext.runAsNonRoot forbids it",
        "Set securityContext.runAsUser to a user of the image other than 0",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_an_image_is_not_pulled() {
        let why = |message: &str| image_words("ErrImagePull", message, "r.example.com/app:2403").0;
        let begin = r#"failed to resolve reference "r.example.com/app:2403": "#;
        for (message, part) in [
            (
                r#"failed to do request: Head "https://r.example.com/v2/app/manifests/2403": dial tcp 10.0.0.5:443: connect: connection refused"#,
                "reached from",
            ),
            (
                r#"Head "https://r.example.com/v2/not found/403": dial tcp: lookup r.example.com: no such host"#,
                "reached from",
            ),
            ("dial tcp 10.0.0.5:443: i/o timeout", "reached from"),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "certificate",
            ),
            (
                "unexpected status from HEAD request to https://r.example.com/v2/app/manifests/2403: 403 Forbidden",
                "refuses access",
            ),
            (
                "pull access denied, repository does not exist: insufficient_scope: authorization failed",
                "refuses access",
            ),
            ("r.example.com/app:2403: not found", "no such image"),
            ("429 Too Many Requests", "no more pulls"),
            ("something else", "see what the node says"),
        ] {
            assert!(why(&format!("{begin}{message}")).contains(part), "{message}: {}", why(message));
        }
        assert_eq!(
            image_words("ErrImagePull", "pulling notfound:401", "notfound:401").0,
            "see what the node says"
        );
    }
}
