//! Names of namespaces on the command line.

use jobguard_apiserver::names;

/// Parses the name of a namespace. An empty text is none, as in an environment variable that is set and empty.
///
/// # Errors
///
/// What is wrong with the name.
pub(crate) fn parse_namespace(text: &str) -> Result<String, String> {
    match names::dns_label(text).first() {
        Some(problem) if !text.is_empty() => Err(format!("it {problem}")),
        _ => Ok(text.to_owned()),
    }
}
