//! Certificates and keys in PEM files, as in a Secret of type `kubernetes.io/tls`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::error::TlsError;
use super::identity::Identity;
use super::x509::facts;

/// The largest certificate or key file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A pair of certificate chain and key from the contents of two files.
pub(super) fn pair(
    (cert, cert_pem): (&Path, &[u8]),
    (key, key_pem): (&Path, &[u8]),
    provider: &CryptoProvider,
) -> Result<Identity, TlsError> {
    let chain = certificates(cert, cert_pem)?;
    let key_der = private_key(key, key_pem)?;
    let not_x509 = || TlsError::NotX509 { path: cert.to_owned() };
    let first = chain.first().ok_or_else(not_x509)?;
    let facts = facts(first).filter(|_| ParsedCertificate::try_from(first).is_ok()).ok_or_else(not_x509)?;
    let signing_key = provider
        .key_provider
        .load_private_key(key_der)
        .map_err(|_| TlsError::UnsupportedKey { path: key.to_owned() })?;
    let identity = CertifiedKey::new(chain, signing_key);
    identity.keys_match().map_err(|_| TlsError::Mismatch { cert: cert.to_owned(), key: key.to_owned() })?;
    Ok(Identity { key: Arc::new(identity), not_before: facts.not_before, not_after: facts.not_after })
}

/// The authorities of client certificates, from the contents of a file.
pub(super) fn authorities(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::ClientCa { path: path.to_owned(), problem: error.to_string() })?;
    }
    Ok(roots)
}

/// A file's contents.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |error| TlsError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(TlsError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::Damaged { path: path.to_owned() })?;
    if chain.is_empty() {
        let hint = if contains(pem, b"PRIVATE KEY-----") {
            "; it holds a private key: are the two files swapped?"
        } else {
            ""
        };
        return Err(TlsError::NoCertificate { path: path.to_owned(), hint });
    }
    Ok(chain)
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // The older of the two forms names the cipher within the section, which is then no base64.
    let encrypted =
        contains(pem, b"BEGIN ENCRYPTED PRIVATE KEY-----") || contains(pem, b"Proc-Type: 4,ENCRYPTED");
    match PrivateKeyDer::pem_slice_iter(pem).next() {
        Some(Ok(key)) => Ok(key),
        Some(Err(_)) if !encrypted => Err(TlsError::Damaged { path: path.to_owned() }),
        Some(Err(_)) | None => {
            let hint = if encrypted {
                "; the key is encrypted: decrypt it first, with `openssl pkey`"
            } else if contains(pem, b"BEGIN CERTIFICATE-----") {
                "; it holds a certificate: are the two files swapped?"
            } else {
                ""
            };
            Err(TlsError::NoKey { path: path.to_owned(), hint })
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
