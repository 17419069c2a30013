//! Certificates that replicas make for themselves, in front of a real API server.

use std::collections::{HashSet, VecDeque};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use super::WITHOUT_RESTART_POLICY;
use super::control_plane::{ControlPlane, Said, Webhook, configurations, free_port};

const BUNDLE: &str = "jsonpath={.webhooks[0].clientConfig.caBundle}";

/// Two replicas that manage their certificates, each on a port of its own, and their addresses.
fn replicas(plane: &ControlPlane, more: &[&str]) -> ([String; 2], [Webhook; 2]) {
    let addresses = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let replicas = addresses.each_ref().map(|address| {
        let mut arguments = vec!["--listen", address, "--self-managed", "--namespace", "kube-system"];
        arguments.extend(more);
        Webhook::in_cluster(plane, &arguments)
    });
    (addresses, replicas)
}

/// The authority that signs.
fn secret(plane: &ControlPlane) -> Said {
    let path = "jsonpath={.data.ca\\.crt}";
    plane.kubectl(&["get", "-n", "kube-system", "secret", "jobguard-ca", "-o", path], "")
}

fn bundle(plane: &ControlPlane, kind: &str) -> String {
    plane.kubectl(&["get", kind, "jobguard", "-o", BUNDLE], "").stdout
}

#[test]
fn replicas_share_an_authority_and_are_trusted() {
    let Some(plane) = ControlPlane::start() else { return };
    // The replicas race for the Secret, before there is anything to publish in.
    let (addresses, _replicas) = replicas(&plane, &[]);
    let secret = || secret(&plane);
    plane.until("the Secret is there", || secret().ok);
    let manifests = configurations(&addresses[0], &addresses[1], None);
    let applied = plane.kubectl(&["apply", "-f", "-"], &manifests);
    assert!(applied.ok, "{}", applied.stderr);
    let works = || plane.kubectl(&["create", "--dry-run=server", "-f", "-"], WITHOUT_RESTART_POLICY).ok;
    plane.until("both replicas are trusted", works);
    let bundle = |kind: &str| bundle(&plane, kind);
    assert_eq!(bundle("mutatingwebhookconfiguration"), secret().stdout);
    assert_eq!(bundle("validatingwebhookconfiguration"), secret().stdout);

    // Whoever applies the configurations again takes the bundles away; they come back.
    let emptied = plane.kubectl(
        &[
            "patch",
            "validatingwebhookconfiguration",
            "jobguard",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]"#,
        ],
        "",
    );
    assert!(emptied.ok, "{}", emptied.stderr);
    plane.until("the bundle is back", || bundle("validatingwebhookconfiguration") == secret().stdout);
    plane.until("both replicas are trusted again", works);

    // A new authority takes over without a gap: the old one is trusted while anybody uses it.
    let first = secret().stdout;
    let deleted = plane.kubectl(&["delete", "-n", "kube-system", "secret", "jobguard-ca"], "");
    assert!(deleted.ok, "{}", deleted.stderr);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(works(), "an API server is refused while the authority changes");
        let now = bundle("mutatingwebhookconfiguration");
        if secret().ok && secret().stdout != first && now != first && !now.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "no new authority");
    }
    assert!(works());
}

/// The certificates of a `caBundle` or of the Secret.
fn certificates(base64: &str) -> Vec<CertificateDer<'static>> {
    let pem = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    CertificateDer::pem_slice_iter(&pem).map(Result::unwrap).collect()
}

/// When a certificate expires, in seconds since 1970.
fn expiry(certificate: &CertificateDer<'_>) -> i64 {
    x509_parser::parse_x509_certificate(certificate).unwrap().1.validity().not_after.timestamp()
}

fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// Meets a replica as an API server does that trusts `roots`, on a new connection. Returns its certificate.
fn meet(address: &str, roots: &[CertificateDer<'static>]) -> Result<CertificateDer<'static>, String> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    while client.is_handshaking() {
        client.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(client.peer_certificates().unwrap()[0].clone().into_owned())
}

/// One authority after the other, within a minute what takes years otherwise: whoever asks notices nothing.
#[test]
fn authorities_follow_each_other_and_nothing_fails() {
    const RENEWALS: usize = 2;
    const SETTLE: Duration = Duration::from_secs(3);
    const LATE: Duration = Duration::from_secs(2);
    let Some(plane) = ControlPlane::start() else { return };
    let short = ["--ca-lifetime", "30s", "--certificate-lifetime", "12s", "--ca-settle", "3s"];
    let (addresses, replicas) = replicas(&plane, &short);
    let manifests = configurations(&addresses[0], &addresses[1], None);
    assert!(plane.kubectl(&["apply", "-f", "-"], &manifests).ok);
    let ask = || plane.kubectl(&["apply", "--dry-run=server", "-f", "-"], WITHOUT_RESTART_POLICY);
    plane.until("both replicas are trusted", || ask().ok);

    let begin = Instant::now();
    let (over, asked, met) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let failed = |what: String| failures.lock().unwrap().push(format!("after {:?}: {what}", begin.elapsed()));
    // Authorities that signed, and certificates that were shown, in the order seen.
    let mut signers = Vec::new();
    let shown = Mutex::new([HashSet::new(), HashSet::new()]);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let said = ask();
                asked.fetch_add(1, Ordering::Relaxed);
                if !said.ok {
                    failed(said.stderr);
                }
            }
        });
        // API servers keep connections, and hear of a new caBundle at once. Here is one that makes a new connection
        // each time, and hears late.
        scope.spawn(|| {
            let mut heard = VecDeque::new();
            while !over.load(Ordering::Relaxed) {
                let roots = certificates(&bundle(&plane, "validatingwebhookconfiguration"));
                heard.push_back((Instant::now(), roots));
                while heard.get(1).is_some_and(|(read, _)| read.elapsed() > LATE) {
                    heard.pop_front();
                }
                let (read, roots) = &heard[0];
                for (address, shown) in addresses.iter().zip(shown.lock().unwrap().iter_mut()) {
                    let leaf = meet(address, roots);
                    // On a busy machine, too late to count.
                    if read.elapsed() > SETTLE {
                        continue;
                    }
                    met.fetch_add(1, Ordering::Relaxed);
                    match leaf {
                        Ok(leaf) => drop(shown.insert(leaf)),
                        Err(error) => failed(format!("{address}: {error}")),
                    }
                }
            }
        });
        while signers.len() <= RENEWALS && begin.elapsed() < Duration::from_secs(150) {
            let now = secret(&plane).stdout;
            if signers.last() != Some(&now) {
                signers.push(now);
            }
            thread::sleep(Duration::from_millis(500));
        }
        // The newest must have taken over in both replicas, too.
        thread::sleep(Duration::from_secs(5));
        over.store(true, Ordering::Relaxed);
    });
    let logs = || replicas.each_ref().map(Webhook::log).join("\n\n");
    let failures = failures.into_inner().unwrap();
    let (asked, met) = (asked.into_inner(), met.into_inner());
    assert!(failures.is_empty(), "{} of {asked} and {met}: {failures:#?}\n{}", failures.len(), logs());
    assert!(asked >= 20 && met >= 20, "{asked} requests, {met} connections");

    assert_eq!(signers.len(), RENEWALS + 1, "the authority changed too rarely\n{}", logs());
    let signers: HashSet<_> = signers.iter().map(|signer| certificates(signer)[0].clone()).collect();
    assert_eq!(signers.len(), RENEWALS + 1, "each is another one");
    let shown = shown.into_inner().unwrap();
    for shown in &shown {
        assert!(
            shown.len() > RENEWALS + 1,
            "{} certificates in {:?}\n{}",
            shown.len(),
            begin.elapsed(),
            logs()
        );
    }
    // What is trusted now: all that sign, and nobody whose time is over.
    for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
        let trusted = || certificates(&bundle(&plane, kind));
        plane.until("only valid authorities are trusted", || {
            trusted().iter().all(|authority| expiry(authority) >= now())
        });
        assert!(trusted().contains(&certificates(&secret(&plane).stdout)[0]));
        for address in &addresses {
            let leaf = meet(address, &trusted()).unwrap();
            assert!(expiry(&leaf) >= now());
        }
    }
    assert!(ask().ok);
    let _ = writeln!(
        std::io::stderr(),
        "{asked} requests and {met} connections in {:?}: {RENEWALS} renewals, {} and {} certificates",
        begin.elapsed(),
        shown[0].len(),
        shown[1].len()
    );
}
