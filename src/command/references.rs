//! `$(NAME)`, by which Kubernetes puts the value of a variable into another, or into a command line.

/// The names in parentheses of a text, as Kubernetes reads them: `$$` is a dollar that means nothing more.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('$')?;
            rest = after;
            if let Some(after) = after.strip_prefix('$') {
                rest = after;
            } else if let Some(inner) = after.strip_prefix('(') {
                let (name, after) = inner.split_once(')')?;
                rest = after;
                return Some(name);
            }
        }
    })
}

/// Whether a variable may be one that tells of a Service: those of the namespace have `X_SERVICE_HOST`, `X_PORT` and more.
pub fn may_be_of_service(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_kubernetes_reads_them() {
        for (text, names) in [
            ("", &[][..]),
            ("$(A)", &["A"]),
            ("x$(A)$(B)y", &["A", "B"]),
            ("$$(A) $$$(B)", &["B"]),
            ("$A ${A} $ (A) $(A", &[]),
            ("$(date +%F)", &["date +%F"]),
            ("$", &[]),
        ] {
            assert_eq!(references(text).collect::<Vec<_>>(), names, "{text}");
        }
    }

    #[test]
    fn variables_of_services() {
        for name in ["DB_SERVICE_HOST", "DB_SERVICE_PORT_HTTP", "DB_PORT", "DB_PORT_5432_TCP_ADDR"] {
            assert!(may_be_of_service(name), "{name}");
        }
        for name in ["PORT", "DB_HOST", "SERVICE_HOST", "SUPPORT"] {
            assert!(!may_be_of_service(name), "{name}");
        }
    }
}
