//! TLS: where the certificate comes from, how it is renewed, and what is spoken with it.
//!
//! Files change below a running server (a Secret's mount swaps a symlink), so they are read again from time to time
//! and compared by content. What cannot be used is reported, and the last good pair stays.

mod clients;
mod error;
mod files;
mod identity;
#[cfg(test)]
mod tests;
mod x509;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, version};
use rustls_pki_types::PrivateKeyDer;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub use clients::ClientAuth;
use clients::Verifier;
pub(crate) use clients::{Authorities, Peer};
pub use error::TlsError;
pub(crate) use identity::Identity;
#[cfg(feature = "cluster")]
pub(crate) use x509::facts;

use crate::server::reload_result::ReloadResult;

/// How long a certificate made in memory is valid.
const SELF_SIGNED_VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How far the clocks of client and server may be apart for a certificate made a moment ago.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// How often reading files that do not match is retried before it is an error, and how long to wait in between: they
/// may be in the middle of being replaced.
const RELOAD_RETRIES: (u32, Duration) = (4, Duration::from_millis(50));

/// Where the server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// Made in memory for `localhost` and the loopback addresses, trusted by no client: for trying things out.
    SelfSigned,
    /// PEM files, as in a Secret of type `kubernetes.io/tls`.
    Files {
        /// The certificate, then the intermediate ones.
        cert: PathBuf,
        /// Its private key: PKCS #8, PKCS #1 or SEC1.
        key: PathBuf,
    },
    /// Installed later by a certificate manager: until then every handshake fails.
    Managed,
}

/// What stands at one moment. Every connection takes the one that stands when it begins.
#[derive(Debug)]
struct Now {
    config: Arc<ServerConfig>,
    identity: Option<Identity>,
}

/// The TLS setup of a listener.
#[derive(Debug)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    certificate: Certificate,
    clients: Option<ClientAuth>,
    address: IpAddr,
    now: ArcSwap<Now>,
    /// What checks the certificates of clients, for the connections that there are already.
    verifier: watch::Sender<Verifier>,
    /// What was read last, good or bad, and whether it was good.
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    contents: Option<Contents>,
    failed: bool,
}

/// The contents of all files.
#[derive(PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Vec<u8>,
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There is a private key in it.
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}

impl Tls {
    /// Loads or makes the certificate for a server that listens on `address`, and the authorities of its clients.
    pub(crate) fn new(
        certificate: Certificate,
        clients: Option<ClientAuth>,
        address: IpAddr,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let empty = Now {
            config: server_config(Only { key: None, until: i64::MAX }, None, &provider)?,
            identity: None,
        };
        let tls = Self {
            provider,
            certificate,
            clients,
            address,
            now: ArcSwap::from_pointee(empty),
            verifier: watch::Sender::new(None),
            seen: Mutex::default(),
        };
        match tls.reload(Timestamp::now()) {
            ReloadResult::Failed(error) => Err(error),
            ReloadResult::Loaded | ReloadResult::Unchanged | ReloadResult::StillFailing => Ok(tls),
        }
    }

    /// What turns the next connection into a TLS stream.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.now.load().config))
    }

    /// The authorities of clients, from now on. To be taken before [`Self::acceptor`].
    pub(crate) fn authorities(&self) -> Authorities {
        Authorities(self.verifier.subscribe())
    }

    /// Who is at the other end of a connection.
    pub(crate) fn peer(&self, connection: &rustls::ServerConnection) -> Peer {
        clients::peer(self.clients.as_ref(), connection.peer_certificates())
    }

    /// When the certificate expires, in seconds since 1970; none while there is none.
    pub(crate) fn expiry(&self) -> Option<i64> {
        self.now.load().identity.as_ref().map(|identity| identity.not_after)
    }

    /// Whether a certificate manager installs the certificate.
    pub(crate) fn is_managed(&self) -> bool {
        self.certificate == Certificate::Managed
    }

    /// Why no client would accept the certificate at `now`.
    pub(crate) fn problem(&self, now: Timestamp) -> Option<String> {
        let state = self.now.load();
        let Some(identity) = &state.identity else {
            return Some("there is no certificate yet that API servers trust".to_owned());
        };
        let time = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        if now.as_second() > identity.not_after {
            return Some(format!("the certificate expired at {}", time(identity.not_after)));
        }
        (now.as_second() < identity.not_before)
            .then(|| format!("the certificate is not valid before {}", time(identity.not_before)))
    }

    /// Reads the files again, if they changed. What cannot be used leaves everything as it was. Blocks.
    pub(crate) fn reload(&self, now: Timestamp) -> ReloadResult<TlsError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut retries = 0;
        let error = loop {
            let contents = match self.read() {
                Ok(contents) => contents,
                Err(error) => break error,
            };
            let due = self.certificate == Certificate::SelfSigned && self.is_due(now);
            if !due && seen.contents.as_ref() == Some(&contents) {
                return if seen.failed { ReloadResult::StillFailing } else { ReloadResult::Unchanged };
            }
            match self.load(&contents, now) {
                Ok(()) => {
                    *seen = Seen { contents: Some(contents), failed: false };
                    return ReloadResult::Loaded;
                }
                Err(TlsError::Mismatch { .. }) if retries < RELOAD_RETRIES.0 => {
                    retries += 1;
                    std::thread::sleep(RELOAD_RETRIES.1);
                }
                Err(error) => {
                    *seen = Seen { contents: Some(contents), failed: true };
                    return ReloadResult::Failed(error);
                }
            }
        };
        // Not readable: reported once, until something can be read again.
        let again = seen.failed && seen.contents.is_none();
        *seen = Seen { contents: None, failed: true };
        if again { ReloadResult::StillFailing } else { ReloadResult::Failed(error) }
    }

    /// Serves `identity` from the next connection on; refuses every handshake where there is none.
    #[cfg(feature = "cluster")]
    pub(crate) fn install(&self, identity: Option<Identity>) -> Result<(), TlsError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let roots = match (&self.clients, &seen.contents) {
            (Some(clients), Some(contents)) => Some(files::authorities(&clients.ca, &contents.client_ca)?),
            _ => None,
        };
        self.swap(identity, roots)
    }

    fn read(&self) -> Result<Contents, TlsError> {
        let (cert, key) = match &self.certificate {
            Certificate::Files { cert, key } => (files::read(cert)?, files::read(key)?),
            Certificate::SelfSigned | Certificate::Managed => (Vec::new(), Vec::new()),
        };
        let client_ca = match &self.clients {
            Some(clients) => files::read(&clients.ca)?,
            None => Vec::new(),
        };
        Ok(Contents { cert, key, client_ca })
    }

    fn load(&self, contents: &Contents, now: Timestamp) -> Result<(), TlsError> {
        let identity = match &self.certificate {
            Certificate::SelfSigned => Some(self_signed(self.address, &self.provider)?),
            Certificate::Files { cert, key } => {
                let pair = files::pair((cert, &contents.cert), (key, &contents.key), &self.provider)?;
                let expired = |not_after: i64| not_after < now.as_second();
                if expired(pair.not_after) && self.expiry().is_some_and(|current| !expired(current)) {
                    let expired = Timestamp::from_second(pair.not_after).unwrap_or(Timestamp::MIN);
                    return Err(TlsError::Expired { path: cert.clone(), expired });
                }
                Some(pair)
            }
            Certificate::Managed => self.now.load().identity.clone(),
        };
        let roots = match &self.clients {
            Some(clients) => Some(files::authorities(&clients.ca, &contents.client_ca)?),
            None => None,
        };
        self.swap(identity, roots)
    }

    fn swap(&self, identity: Option<Identity>, roots: Option<RootCertStore>) -> Result<(), TlsError> {
        let key = identity.as_ref().map(|identity| Arc::clone(&identity.key));
        // A certificate manager never installs one that has expired. Files are what an operator wants served: an
        // expired certificate shows clients more than a failed handshake.
        let until = match (&self.certificate, &identity) {
            (Certificate::Managed, Some(identity)) => identity.not_after,
            _ => i64::MAX,
        };
        let verifier = match (&self.clients, roots) {
            (Some(clients), Some(roots)) => Some(self.verifier(clients, roots)?),
            _ => None,
        };
        // With a configuration, sessions that clients could resume go as well: no client is let in by an old handshake.
        let config = server_config(Only { key, until }, verifier.clone(), &self.provider)?;
        self.now.store(Arc::new(Now { config, identity }));
        self.verifier.send_replace(verifier);
        Ok(())
    }

    fn verifier(
        &self,
        clients: &ClientAuth,
        roots: RootCertStore,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        // Probes come without a certificate; the path decides whether one is needed.
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| TlsError::ClientCa { path: clients.ca.clone(), problem: error.to_string() })
    }

    /// Whether a certificate made here is in the last third of its life.
    fn is_due(&self, now: Timestamp) -> bool {
        self.now.load().identity.as_ref().is_none_or(|identity| {
            let life = identity.not_after.saturating_sub(identity.not_before);
            now.as_second() > identity.not_after.saturating_sub(life / 3)
        })
    }
}

/// Gives every client the same certificate, or none.
#[derive(Debug)]
struct Only {
    key: Option<Arc<CertifiedKey>>,
    /// When to give none any more, in seconds since 1970.
    until: i64,
}

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.key.clone().filter(|_| self.until == i64::MAX || Timestamp::now().as_second() <= self.until)
    }
}

fn server_config(
    only: Only,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_client_cert_verifier(verifier.unwrap_or_else(|| Arc::new(NoClientAuth)))
        .with_cert_resolver(Arc::new(only));
    // The API server talks HTTP/1.1 to webhooks.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn self_signed(address: IpAddr, provider: &CryptoProvider) -> Result<Identity, TlsError> {
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
    let (not_before, not_after) = (params.not_before.unix_timestamp(), params.not_after.unix_timestamp());
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = CertifiedKey::from_der(vec![certificate.der().clone()], key, provider)?;
    Ok(Identity { key: Arc::new(key), not_before, not_after })
}
