//! Client certificates: which clients may send reviews.

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;

use super::x509::facts;

/// Checks the certificates of clients; none where they need none.
pub(super) type Verifier = Option<Arc<dyn ClientCertVerifier>>;

/// Which clients may send reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuth {
    /// PEM file of the authorities that sign their certificates.
    pub ca: PathBuf,
    /// Their names, as common name or DNS name in the certificate; any name where the list is empty.
    pub names: Vec<String>,
}

/// Whether a client is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// May send reviews.
    Trusted,
    /// Has shown no certificate, though it would have to.
    Unknown,
    /// Has a good certificate, but in another name.
    OtherName,
}

/// Says who is at the other end, from the certificates that the handshake has verified.
pub(super) fn peer(clients: Option<&ClientAuth>, shown: Option<&[CertificateDer<'_>]>) -> Peer {
    let Some(clients) = clients else { return Peer::Trusted };
    let Some(certificate) = shown.and_then(<[_]>::first) else { return Peer::Unknown };
    if clients.names.is_empty() {
        return Peer::Trusted;
    }
    let names = facts(certificate).map(|facts| facts.names).unwrap_or_default();
    if names.iter().any(|name| clients.names.contains(name)) { Peer::Trusted } else { Peer::OtherName }
}

/// The authorities of client certificates, as they change.
#[derive(Debug)]
pub(crate) struct Authorities(pub(super) watch::Receiver<Verifier>);

impl Authorities {
    /// Waits until a client that presented these certificates in its handshake is no longer trusted: its authority was
    /// replaced, or the certificate has expired by then. Never ends for a client that presented none.
    pub(crate) async fn revoked(mut self, shown: Option<Vec<CertificateDer<'static>>>) {
        let shown = shown.unwrap_or_default();
        let Some((certificate, intermediates)) = shown.split_first() else { return pending().await };
        while self.0.changed().await.is_ok() {
            let verifier = self.0.borrow_and_update().clone();
            let Some(verifier) = verifier else { continue };
            if verifier.verify_client_cert(certificate, intermediates, UnixTime::now()).is_err() {
                return;
            }
        }
        // The listener is gone, and with it everything that could change.
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn names_count_where_there_are_any() {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["apiserver".to_owned()]).unwrap().self_signed(&key).unwrap();
        let shown = [certificate.der().clone()];
        let auth = |names: &[&str]| ClientAuth {
            ca: PathBuf::new(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(peer(None, None), Peer::Trusted);
        assert_eq!(peer(Some(&auth(&[])), None), Peer::Unknown);
        assert_eq!(peer(Some(&auth(&[])), Some(&shown)), Peer::Trusted);
        assert_eq!(peer(Some(&auth(&["a", "apiserver"])), Some(&shown)), Peer::Trusted);
        assert_eq!(peer(Some(&auth(&["api"])), Some(&shown)), Peer::OtherName);
    }
}
