//! An authority, and a folder of certificates as a kubelet mounts a Secret.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) struct Pki {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    root_pem: String,
    generation: AtomicU32,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let (root, root_pem) = (certificate.der().clone(), certificate.pem());
        let folder = tempfile::tempdir().unwrap();
        let pki =
            Self { folder, issuer: Issuer::new(params, key), root, root_pem, generation: AtomicU32::new(0) };
        fs::write(pki.ca(), &pki.root_pem).unwrap();
        for file in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(file), pki.path(file)).unwrap();
        }
        pki.rotate();
        pki
    }

    /// The same, beginning with a certificate that is there already.
    pub(crate) fn with_files(certificate: &Path, key: &Path) -> Self {
        let pki = Self::new();
        fs::copy(certificate, pki.path("..0").join("tls.crt")).unwrap();
        fs::copy(key, pki.path("..0").join("tls.key")).unwrap();
        pki
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("tls.crt")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path("tls.key")
    }

    /// The authority itself, as a file.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("ca.crt")
    }

    fn signed(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A new certificate in a new folder, and one swap of a symbolic link. Returns it.
    pub(crate) fn rotate(&self) -> CertificateDer<'static> {
        let (certificate, key) = self.signed("localhost");
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let name = format!("..{generation}");
        fs::create_dir(self.path(&name)).unwrap();
        fs::write(self.path(&name).join("tls.crt"), certificate.pem()).unwrap();
        fs::write(self.path(&name).join("tls.key"), key.serialize_pem()).unwrap();
        symlink(&name, self.path("..new")).unwrap();
        fs::rename(self.path("..new"), self.path("..data")).unwrap();
        certificate.der().clone()
    }

    /// What a client trusts and, where it has a name, shows.
    pub(crate) fn client(&self, named: bool) -> Arc<ClientConfig> {
        self.client_named(named.then_some("apiserver"))
    }

    pub(crate) fn client_named(&self, name: Option<&str>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match name {
            Some(name) => {
                let (certificate, key) = self.signed(name);
                let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
                config.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
            None => config.with_no_client_auth(),
        })
    }
}
