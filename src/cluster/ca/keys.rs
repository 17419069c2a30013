//! Authorities and certificates: made, read and verified.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use ring::digest::{SHA256, digest};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use thiserror::Error;

use super::state::{Authority, Id, Leaf, Terms};
use crate::server::{TlsError, certificate_facts};

/// What goes wrong with certificates. No variant carries key material.
#[derive(Debug, Error)]
pub(super) enum CaError {
    /// The API server.
    #[error("{0}")]
    Api(#[from] kube::Error),
    /// The API server takes its time.
    #[error("the API server does not answer")]
    Slow,
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The TLS library.
    #[error("cannot use a certificate made here: {0}")]
    Rustls(#[from] rustls::Error),
    /// The TLS setup.
    #[error("{0}")]
    Tls(TlsError),
    /// A certificate made a moment ago cannot be read.
    #[error("a certificate made here cannot be read")]
    Unreadable,
    /// A `caBundle` that ought to verify the certificate does not.
    #[error("a caBundle does not verify the certificate: {0}")]
    NotVerified(String),
    /// A webhook's URL names no host.
    #[error("{0:?} is not a host that a certificate could name")]
    Host(String),
    /// The Secret changed while it was in use.
    #[error("the Secret has no authority")]
    NoAuthority,
}

/// An authority with its key.
#[derive(Debug)]
pub(super) struct NewAuthority {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A replica's certificate with its key.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) leaf: Leaf,
    pub(super) key: Arc<CertifiedKey>,
}

fn time(seconds: i64) -> std::time::SystemTime {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    std::time::SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(std::time::SystemTime::UNIX_EPOCH)
}

/// Makes an authority.
pub(super) fn authority(now: i64, terms: &Terms) -> Result<NewAuthority, CaError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    // A name of its own, so that a certificate's issuer is found among many.
    let id: String =
        digest(&SHA256, key.public_key_raw()).as_ref()[..6].iter().map(|b| format!("{b:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("jobguard authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = time(now.saturating_sub(terms.skew)).into();
    params.not_after = time(now.saturating_add(terms.authority)).into();
    let certificate = params.self_signed(&key)?;
    Ok(NewAuthority { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Signs a certificate for `names` by the authority in PEM.
pub(super) fn sign(
    (certificate, key): (&str, &str),
    names: &BTreeSet<String>,
    now: i64,
    terms: &Terms,
) -> Result<Signed, CaError> {
    let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
    let authorities = read(certificate.as_bytes());
    let (_, authority) = authorities.first().ok_or(CaError::Unreadable)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "jobguard");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let not_before = now.saturating_sub(terms.skew);
    let not_after = now.saturating_add(terms.leaf).min(authority.not_after);
    params.not_before = time(not_before).into();
    params.not_after = time(not_after).into();
    let signed = params.signed_by(&key, &issuer)?;
    let provider = rustls::crypto::ring::default_provider();
    let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = CertifiedKey::from_der(vec![signed.der().clone()], der, &provider)?;
    let leaf = Leaf { issuer: authority.id, not_before, made: now, not_after, names: names.clone() };
    Ok(Signed { leaf, key: Arc::new(key) })
}

/// The authorities in PEM, each with its certificate; what is no authority is left out.
pub(super) fn read(pem: &[u8]) -> Vec<(CertificateDer<'static>, Authority)> {
    let authority = |certificate: CertificateDer<'static>| {
        let facts = certificate_facts(&certificate).filter(|facts| facts.is_ca)?;
        let authority =
            Authority { id: id(&certificate), not_before: facts.not_before, not_after: facts.not_after };
        Some((certificate, authority))
    };
    CertificateDer::pem_slice_iter(pem).map_while(Result::ok).filter_map(authority).collect()
}

/// Whether this is a certificate and its key.
pub(super) fn is_pair(certificate: &str, key: &str) -> bool {
    let Ok(key) = KeyPair::from_pem(key) else { return false };
    let Ok(certificate) = CertificateDer::from_pem_slice(certificate.as_bytes()) else { return false };
    let provider = rustls::crypto::ring::default_provider();
    let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    CertifiedKey::from_der(vec![certificate], der, &provider).is_ok_and(|pair| pair.keys_match().is_ok())
}

fn id(certificate: &CertificateDer<'_>) -> Id {
    let mut id = Id::default();
    id.copy_from_slice(digest(&SHA256, certificate).as_ref());
    id
}

/// Asks the TLS library whether a client that trusts `bundle` would accept the certificate, for every host it names.
pub(super) fn verify(signed: &Signed, bundle: &[u8]) -> Result<(), CaError> {
    let refuse = |problem: &dyn std::fmt::Display| CaError::NotVerified(problem.to_string());
    let mut roots = RootCertStore::empty();
    for (certificate, _) in read(bundle) {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| refuse(&error))?;
    let certificate = signed.key.end_entity_cert()?;
    for name in &signed.leaf.names {
        let name = match name.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => ServerName::try_from(name.as_str()).map_err(|_| CaError::Host(name.clone()))?,
        };
        verifier
            .verify_server_cert(certificate, &[], &name, &[], UnixTime::now())
            .map_err(|error| refuse(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::Lifetimes;
    use super::*;

    #[test]
    fn a_bundle_verifies_what_its_authority_signed_and_nothing_else() {
        let now = Timestamp::now().as_second();
        let terms = Lifetimes::default().terms();
        let (own, other) = (authority(now, &terms).unwrap(), authority(now, &terms).unwrap());
        let names: BTreeSet<String> = ["jobguard.jobguard.svc".to_owned(), "127.0.0.1".to_owned()].into();
        let signed = sign((&own.certificate, &own.key), &names, now, &terms).unwrap();
        assert_eq!(signed.leaf.issuer, read(own.certificate.as_bytes())[0].1.id);
        assert_eq!(signed.leaf.not_after, now + terms.leaf);
        verify(&signed, own.certificate.as_bytes()).unwrap();
        verify(&signed, format!("{}{}", other.certificate, own.certificate).as_bytes()).unwrap();
        assert!(matches!(verify(&signed, other.certificate.as_bytes()), Err(CaError::NotVerified(_))));
        assert!(verify(&signed, b"").is_err());
        assert!(is_pair(&own.certificate, &own.key) && !is_pair(&own.certificate, &other.key));
        // A certificate that expired, or is another's, is no authority.
        let late = sign((&own.certificate, &own.key), &names, now - 2 * terms.leaf, &terms).unwrap();
        assert!(verify(&late, own.certificate.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_authority_is_left_out() {
        let now = Timestamp::now().as_second();
        let own = authority(now, &Lifetimes::default().terms()).unwrap();
        let leaf = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap().cert.pem();
        assert_eq!(read(format!("{leaf}{}", own.certificate).as_bytes()).len(), 1);
        assert_eq!(read(b"garbage"), []);
    }
}
