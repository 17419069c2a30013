//! How certificates are managed.

use super::lifetimes::Lifetimes;

/// How certificates are managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfManaged {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The Secret that holds the authority.
    pub secret: String,
    /// The MutatingWebhookConfiguration and the ValidatingWebhookConfiguration, by name; none where there is none.
    pub mutating: Option<String>,
    /// See `mutating`.
    pub validating: Option<String>,
    /// How long certificates last.
    pub lifetimes: Lifetimes,
}
