//! Why there is no usable certificate.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;

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
    #[error("{} is larger than 1 MiB, too large for a certificate or key", path.display())]
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
    #[error(
        "the first certificate in {} cannot be read as X.509 version 3, which TLS servers need (a certificate without any \
         extension, such as subjectAltName, is of version 1)",
        path.display()
    )]
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
    /// The file of client authorities holds something that is no certificate.
    #[error("a certificate in {} cannot be used to check clients: {problem}", path.display())]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A pair that has expired came in place of one that has not.
    #[error("the certificate in {} expired at {expired}, and the one in use has not", path.display())]
    Expired {
        /// The certificate file.
        path: PathBuf,
        /// When it expired.
        expired: Timestamp,
    },
    /// No certificate could be made in memory.
    #[error("cannot make a certificate: {0}")]
    Generate(rcgen::Error),
    /// The TLS library does not agree with itself.
    #[error("cannot set up TLS: {0}")]
    Setup(rustls::Error),
}

// The messages have them: as sources too, they would be printed twice.
impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self::Generate(error)
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Setup(error)
    }
}
