//! Certificates as they are loaded, changed and refused.

use std::fs;
use std::net::Ipv4Addr;

use rcgen::{CertificateParams, KeyPair};

use super::*;

struct Pair {
    cert: String,
    key: String,
}

fn pair() -> Pair {
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["jobguard.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    Pair { cert: cert.pem(), key: key.serialize_pem() }
}

fn load(cert: &str, key: &str) -> Result<Tls, String> {
    let folder = tempfile::tempdir().unwrap();
    let certificate =
        Certificate::Files { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
    fs::write(folder.path().join("tls.crt"), cert).unwrap();
    fs::write(folder.path().join("tls.key"), key).unwrap();
    let loaded = Tls::new(certificate, None, Ipv4Addr::LOCALHOST.into());
    let prefix = format!("{}/", folder.path().display());
    loaded.map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn speaks_http_1_with_a_certificate_made_in_memory() {
    let tls = Tls::new(Certificate::SelfSigned, None, Ipv4Addr::new(192, 0, 2, 1).into()).unwrap();
    assert_eq!(tls.now.load().config.alpn_protocols, [b"http/1.1".to_vec()]);
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
    insta::assert_snapshot!(fails(&own.cert, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n"), @"tls.key holds no private key: it must have a section `-----BEGIN PRIVATE KEY-----` (PEM); the key is encrypted: decrypt it first, with `openssl pkey`");
    insta::assert_snapshot!(fails(&own.cert, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), @"the key in tls.key cannot be used: it is damaged, or neither RSA of 2048 bits or more, ECDSA P-256 or P-384, nor Ed25519");
    insta::assert_snapshot!(fails(&own.cert, &other.key), @"the key in tls.key is not the key of the first certificate in tls.crt; the server's own certificate comes first, then the intermediate ones");
    insta::assert_snapshot!(fails(&format!("{}{}", other.cert, own.cert), &own.key), @"the key in tls.key is not the key of the first certificate in tls.crt; the server's own certificate comes first, then the intermediate ones");
    insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &own.key), @"the first certificate in tls.crt cannot be read as X.509 version 3, which TLS servers need (a certificate without any extension, such as subjectAltName, is of version 1)");
    insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", &own.key), @"tls.crt is damaged: a PEM section is cut off or is not base64");
    insta::assert_snapshot!(fails("-----BEGIN CERTIFICATE-----\nAAAA", &own.key), @"tls.crt is damaged: a PEM section is cut off or is not base64");
    insta::assert_snapshot!(fails(&" ".repeat((1 << 20) + 1), &own.key), @"tls.crt is larger than 1 MiB, too large for a certificate or key");
}

#[test]
fn a_missing_file_is_named() {
    let missing = Certificate::Files { cert: "no/such.crt".into(), key: "no/such.key".into() };
    let error = Tls::new(missing, None, Ipv4Addr::LOCALHOST.into()).unwrap_err();
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

/// A certificate for localhost, valid between two days of 2026.
fn valid(from: u8, to: u8) -> Pair {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 1, from);
    params.not_after = rcgen::date_time_ymd(2026, 1, to);
    Pair { cert: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn day(day: u8) -> Timestamp {
    format!("2026-01-{day:02}T12:00:00Z").parse().unwrap()
}

#[test]
fn files_are_read_again_and_the_last_good_pair_stays() {
    let folder = tempfile::tempdir().unwrap();
    let write = |pair: &Pair| {
        fs::write(folder.path().join("tls.crt"), &pair.cert).unwrap();
        fs::write(folder.path().join("tls.key"), &pair.key).unwrap();
    };
    let (first, second, other) = (valid(1, 10), valid(5, 20), valid(1, 3));
    write(&first);
    let files =
        Certificate::Files { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
    let tls = Tls::new(files, None, Ipv4Addr::LOCALHOST.into()).unwrap();
    let expiry = tls.expiry();
    assert!(matches!(tls.reload(day(6)), ReloadResult::Unchanged));
    assert_eq!(tls.problem(day(6)), None);
    assert_eq!(tls.problem(day(12)).unwrap(), "the certificate expired at 2026-01-10T00:00:00Z");

    // Half of a new pair: what is in use stays, and is reported once.
    fs::write(folder.path().join("tls.crt"), &second.cert).unwrap();
    assert!(matches!(tls.reload(day(6)), ReloadResult::Failed(TlsError::Mismatch { .. })));
    assert!(matches!(tls.reload(day(6)), ReloadResult::StillFailing));
    assert_eq!(tls.expiry(), expiry);
    write(&second);
    assert!(matches!(tls.reload(day(6)), ReloadResult::Loaded));
    assert!(tls.expiry() > expiry);

    // One that has expired does not replace one that has not.
    write(&other);
    assert!(matches!(tls.reload(day(6)), ReloadResult::Failed(TlsError::Expired { .. })));
    fs::remove_file(folder.path().join("tls.key")).unwrap();
    assert!(matches!(tls.reload(day(6)), ReloadResult::Failed(TlsError::Read { .. })));
    assert!(matches!(tls.reload(day(6)), ReloadResult::StillFailing));
    write(&second);
    assert!(matches!(tls.reload(day(6)), ReloadResult::Loaded));
    assert_eq!(tls.problem(day(6)), None);
    assert!(tls.problem(day(1)).unwrap().contains("not valid before"));
}

#[test]
fn client_authorities_are_read_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    let clients = || Some(ClientAuth { ca: ca.clone(), names: Vec::new() });
    let new = || Tls::new(Certificate::SelfSigned, clients(), Ipv4Addr::LOCALHOST.into());
    assert!(matches!(new(), Err(TlsError::Read { .. })));
    fs::write(&ca, valid(1, 9).cert).unwrap();
    let tls = new().unwrap();
    let now = Timestamp::now();
    assert!(matches!(tls.reload(now), ReloadResult::Unchanged));
    fs::write(&ca, "nothing").unwrap();
    assert!(matches!(tls.reload(now), ReloadResult::Failed(TlsError::NoCertificate { .. })));
    fs::write(&ca, valid(1, 9).cert).unwrap();
    assert!(matches!(tls.reload(now), ReloadResult::Loaded));
}
