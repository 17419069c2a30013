//! The certificate that a server shows.

use std::sync::Arc;

use rustls::sign::CertifiedKey;

/// A certificate with its key, ready to be served.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The chain and the key.
    pub(crate) key: Arc<CertifiedKey>,
    /// Valid from here on, in seconds since 1970.
    pub(crate) not_before: i64,
    /// Valid until here, in seconds since 1970.
    pub(crate) not_after: i64,
}
