//! TLS: where the certificate comes from, and what is spoken with it.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// The largest certificate or key file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// How long a certificate made in memory is valid.
const SELF_SIGNED_VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How far the clocks of client and server may be apart for a certificate made a moment ago.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Where the server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// Made in memory for `localhost` and the loopback addresses, trusted by nobody: for trying things out.
    SelfSigned,
    /// PEM files, as in a Secret of type `kubernetes.io/tls`.
    Files {
        /// The certificate, then the intermediate ones.
        cert: PathBuf,
        /// Its private key: PKCS #8, PKCS #1 or SEC1.
        key: PathBuf,
    },
}

/// Why there is no usable certificate. No variant carries key material.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is far larger than certificates and keys are.
    #[error("{} is larger than 1 MiB, so it is no certificate or key", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The certificate file holds no certificate.
    #[error(
        "{} holds no certificate: it must have a section `-----BEGIN CERTIFICATE-----` (PEM){hint}", path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// A guess at what happened.
        hint: &'static str,
    },
    /// The key file holds no key.
    #[error("{} holds no private key: it must have a section `-----BEGIN PRIVATE KEY-----` (PEM){hint}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// A guess at what happened.
        hint: &'static str,
    },
    /// A section cannot be decoded.
    #[error("{} is damaged: a PEM section is cut off or is not base64", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A certificate is no X.509 certificate.
    #[error("the first certificate in {} cannot be read as X.509", path.display())]
    NotX509 {
        /// The file.
        path: PathBuf,
    },
    /// The key is of a kind that is not supported.
    #[error("the key in {} cannot be used: it is damaged, or neither RSA of 2048 bits or more, ECDSA P-256 or P-384, nor Ed25519", path.display())]
    UnsupportedKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key are not a pair.
    #[error(
        "the key in {} is not the key of the first certificate in {}; the server's own certificate comes first, then the intermediate ones",
        key.display(),
        cert.display()
    )]
    Mismatch {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// No certificate could be made in memory.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The TLS library does not agree with itself.
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}

/// The TLS setup of a listener. Every connection takes the one that stands when it begins.
#[derive(Debug)]
pub(crate) struct Tls {
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Loads or makes the certificate for a server that listens on `address`.
    pub(crate) fn new(certificate: &Certificate, address: IpAddr) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let identity = match certificate {
            Certificate::SelfSigned => self_signed(address, &provider)?,
            Certificate::Files { cert, key } => from_files(cert, key, &provider)?,
        };
        Ok(Self { config: ArcSwap::from_pointee(server_config(identity, provider)?) })
    }

    /// What turns the next connection into a TLS stream.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }
}

fn server_config(identity: CertifiedKey, provider: Arc<CryptoProvider>) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    // The API server talks HTTP/1.1 to webhooks.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn self_signed(address: IpAddr, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let address = address.to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "jobguard");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    params.not_before = now.checked_sub(CLOCK_SKEW).unwrap_or(now).into();
    params.not_after = now.checked_add(SELF_SIGNED_VALIDITY).unwrap_or(now).into();
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok(CertifiedKey::from_der(vec![certificate.der().clone()], key, provider)?)
}

fn from_files(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(cert, &read(cert)?)?;
    let key_der = private_key(key, &read(key)?)?;
    if chain.first().is_none_or(|first| ParsedCertificate::try_from(first).is_err()) {
        return Err(TlsError::NotX509 { path: cert.to_owned() });
    }
    let signing_key = provider
        .key_provider
        .load_private_key(key_der)
        .map_err(|_| TlsError::UnsupportedKey { path: key.to_owned() })?;
    let identity = CertifiedKey::new(chain, signing_key);
    identity.keys_match().map_err(|_| TlsError::Mismatch { cert: cert.to_owned(), key: key.to_owned() })?;
    Ok(identity)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
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
    match PrivateKeyDer::pem_slice_iter(pem).next() {
        Some(Ok(key)) => Ok(key),
        Some(Err(_)) => Err(TlsError::Damaged { path: path.to_owned() }),
        None => {
            let hint = if contains(pem, b"BEGIN ENCRYPTED PRIVATE KEY-----")
                || contains(pem, b"Proc-Type: 4,ENCRYPTED")
            {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::Ipv4Addr;

    use super::*;

    struct Pair {
        cert: String,
        key: String,
    }

    fn pair() -> Pair {
        let key = KeyPair::generate().unwrap();
        let cert =
            CertificateParams::new(vec!["jobguard.test".to_owned()]).unwrap().self_signed(&key).unwrap();
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }

    fn load(cert: &str, key: &str) -> Result<Tls, String> {
        let folder = tempfile::tempdir().unwrap();
        let certificate =
            Certificate::Files { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
        fs::write(folder.path().join("tls.crt"), cert).unwrap();
        fs::write(folder.path().join("tls.key"), key).unwrap();
        let loaded = Tls::new(&certificate, Ipv4Addr::LOCALHOST.into());
        let prefix = format!("{}/", folder.path().display());
        loaded.map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn speaks_http_1_with_a_certificate_made_in_memory() {
        let tls = Tls::new(&Certificate::SelfSigned, Ipv4Addr::new(192, 0, 2, 1).into()).unwrap();
        assert_eq!(tls.config.load().alpn_protocols, [b"http/1.1".to_vec()]);
    }

    #[test]
    fn loads_a_chain_and_its_key() {
        let (own, other) = (pair(), pair());
        load(&own.cert, &own.key).unwrap();
        load(&format!("{}{}", own.cert, other.cert), &own.key).unwrap();
        // Both in one file, as some tools write them.
        let both = format!("{}{}", own.key, own.cert);
        load(&both, &both).unwrap();
    }

    #[test]
    fn says_which_file_is_wrong_and_what_to_do() {
        let (own, other) = (pair(), pair());
        let fails = |cert: &str, key: &str| load(cert, key).unwrap_err();
        insta::assert_snapshot!(fails("", &own.key), @"tls.crt holds no certificate: it must have a section `-----BEGIN CERTIFICATE-----` (PEM)");
        insta::assert_snapshot!(fails(&own.key, &own.cert), @"tls.crt holds no certificate: it must have a section `-----BEGIN CERTIFICATE-----` (PEM); it holds a private key: are the two files swapped?");
        insta::assert_snapshot!(fails(&own.cert, &own.cert), @"tls.key holds no private key: it must have a section `-----BEGIN PRIVATE KEY-----` (PEM); it holds a certificate: are the two files swapped?");
        insta::assert_snapshot!(fails(&own.cert, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), @"tls.key holds no private key: it must have a section `-----BEGIN PRIVATE KEY-----` (PEM); the key is encrypted: decrypt it first, with `openssl pkey`");
        insta::assert_snapshot!(fails(&own.cert, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), @"the key in tls.key cannot be used: it is damaged, or neither RSA of 2048 bits or more, ECDSA P-256 or P-384, nor Ed25519");
        insta::assert_snapshot!(fails(&own.cert, &other.key), @"the key in tls.key is not the key of the first certificate in tls.crt; the server's own certificate comes first, then the intermediate ones");
        insta::assert_snapshot!(fails(&format!("{}{}", other.cert, own.cert), &own.key), @"the key in tls.key is not the key of the first certificate in tls.crt; the server's own certificate comes first, then the intermediate ones");
        insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &own.key), @"the first certificate in tls.crt cannot be read as X.509");
        insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", &own.key), @"tls.crt is damaged: a PEM section is cut off or is not base64");
        insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\nAAAA", &own.key), @"tls.crt is damaged: a PEM section is cut off or is not base64");
        insta::assert_snapshot!(fails(&" ".repeat((1 << 20) + 1), &own.key), @"tls.crt is larger than 1 MiB, so it is no certificate or key");
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = Certificate::Files { cert: "no/such.crt".into(), key: "no/such.key".into() };
        let error = Tls::new(&missing, Ipv4Addr::LOCALHOST.into()).unwrap_err();
        assert!(error.to_string().starts_with("cannot read no/such.crt: "), "{error}");
    }

    #[test]
    fn errors_never_show_the_key() {
        let own = pair();
        let secret: Vec<&str> = own.key.lines().filter(|line| !line.starts_with('-')).collect();
        for error in [load(&own.key, &own.key), load("", &own.key), load(&pair().cert, &own.key)] {
            let error = error.unwrap_err();
            assert!(secret.iter().all(|line| !error.contains(line)), "{error}");
        }
    }
}
