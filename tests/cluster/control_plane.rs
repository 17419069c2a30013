//! etcd, kube-apiserver and jobguard on loopback ports, for the time of a test.

#![cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "for tests that need it"))]

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use tempfile::TempDir;

const TOKEN: &str = "only-for-this-test";
/// The controller manager's.
const MANAGER_TOKEN: &str = "only-for-controllers";

/// A running API server.
pub(crate) struct ControlPlane {
    folder: TempDir,
    kubectl: PathBuf,
    port: u16,
    children: Vec<Child>,
    /// How the API server was started, to start it again.
    start: (PathBuf, Vec<String>),
}

/// A running webhook.
pub(crate) struct Webhook {
    child: Child,
    pub(crate) address: String,
    pub(crate) certificate: String,
    log: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

/// What kubectl said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Both configurations, each asking at an address.
pub(crate) fn configurations(mutating: &str, validating: &str, bundle: Option<&str>) -> String {
    let bundle = bundle.map(|bundle| format!("caBundle: {bundle}")).unwrap_or_default();
    let one = |kind: &str, path: &str, address: &str, more: &str| {
        format!(
            r#"---
apiVersion: admissionregistration.k8s.io/v1
kind: {kind}
metadata:
  name: jobguard
webhooks:
- name: check.jobguard.dev
  clientConfig:
    url: https://{address}/{path}
    {bundle}
  rules:
  - apiGroups: [batch]
    apiVersions: [v1]
    resources: [jobs, cronjobs]
    operations: [CREATE, UPDATE]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 10
  admissionReviewVersions: [v1]
  {more}
"#
        )
    };
    one("MutatingWebhookConfiguration", "mutate", mutating, "reinvocationPolicy: IfNeeded")
        + &one("ValidatingWebhookConfiguration", "validate", validating, "")
}

impl ControlPlane {
    /// Starts a control plane, or prints why there is none.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with more arguments for the API server.
    pub(crate) fn start_with(more: &[String]) -> Option<Self> {
        let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) else {
            return skip("KUBEBUILDER_ASSETS is not set");
        };
        let program = |name: &str| assets.join(name).is_file().then(|| assets.join(name));
        let Some(apiserver) = program("kube-apiserver") else {
            return skip("KUBEBUILDER_ASSETS has no kube-apiserver");
        };
        let Some(etcd) = program("etcd").or_else(|| on_path("etcd")) else {
            return skip("KUBEBUILDER_ASSETS has no etcd");
        };
        let Some(kubectl) = program("kubectl").or_else(|| on_path("kubectl")) else {
            return skip("there is no kubectl in KUBEBUILDER_ASSETS or on the PATH");
        };
        let folder = tempfile::tempdir().unwrap();
        let (etcd_port, peer_port, port) = (free_port(), free_port(), free_port());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let key = rcgen::KeyPair::generate().unwrap();
        fs::write(path("sa.key"), key.serialize_pem()).unwrap();
        fs::write(path("sa.pub"), key.public_key_pem()).unwrap();
        fs::write(
            path("tokens.csv"),
            format!(
                "{TOKEN},admin,admin,system:masters\n{MANAGER_TOKEN},system:kube-controller-manager,manager\n"
            ),
        )
        .unwrap();

        let client = format!("http://127.0.0.1:{etcd_port}");
        let peer = format!("http://127.0.0.1:{peer_port}");
        let etcd = spawn(
            &etcd,
            &[
                format!("--data-dir={}", path("etcd")),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
                "--unsafe-no-fsync".to_owned(),
            ],
            &folder.path().join("etcd.log"),
        );
        let mut arguments = vec![
            format!("--etcd-servers={client}"),
            format!("--cert-dir={}", path("certs")),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", path("sa.pub")),
            format!("--service-account-signing-key-file={}", path("sa.key")),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            // Rules, not the API server, are to speak of privileged containers.
            "--allow-privileged=true".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        arguments.extend_from_slice(more);
        let running = spawn(&apiserver, &arguments, &folder.path().join("apiserver.log"));
        let plane =
            Self { folder, kubectl, port, children: vec![running, etcd], start: (apiserver, arguments) };
        plane.wait(&["get", "--raw=/readyz"]);
        plane.wait(&["get", "namespace", "default"]);
        Some(plane)
    }

    /// Puts `webhook` in front of Jobs and CronJobs, and waits until it is asked.
    pub(crate) fn register(&self, webhook: &Webhook) {
        let bundle = base64::engine::general_purpose::STANDARD.encode(&webhook.certificate);
        let manifests = configurations(&webhook.address, &webhook.address, Some(&bundle));
        let applied = self.kubectl(&["apply", "-f", "-"], &manifests);
        assert!(applied.ok, "{}", applied.stderr);
        // The API server takes a moment to notice the configuration: a Job that only the webhook mends tells.
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.kubectl(&["create", "--dry-run=server", "-f", "-"], super::WITHOUT_RESTART_POLICY).ok {
            assert!(Instant::now() < deadline, "the API server never asked the webhook\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs these controllers until the control plane ends; or returns false where there is no kube-controller-manager.
    #[cfg(unix)]
    pub(crate) fn run_controllers(&mut self, names: &str) -> bool {
        let program = self.start.0.with_file_name("kube-controller-manager");
        if !program.is_file() {
            return skip::<()>("KUBEBUILDER_ASSETS has no kube-controller-manager").is_some();
        }
        let arguments = [
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--controllers={names}"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        self.children.push(spawn(&program, &arguments, &self.folder.path().join("controllers.log")));
        true
    }

    /// Ends the API server; [`Self::restart`] starts it again.
    pub(crate) fn stop(&mut self) {
        let _ = self.children[0].kill();
        let _ = self.children[0].wait();
    }

    /// Starts an API server that was stopped.
    pub(crate) fn restart(&mut self) {
        let (program, arguments) = &self.start;
        self.children[0] = spawn(program, arguments, &self.folder.path().join("apiserver-again.log"));
        self.wait(&["get", "--raw=/readyz"]);
    }

    /// A kubeconfig for programs that talk to the API server, as an administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        let file = self.folder.path().join("kubeconfig");
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{{"name": "test", "context": {{"cluster": "test", "user": "test"}}}}],
            "clusters": [{{"name": "test", "cluster":
                {{"server": "https://127.0.0.1:{}", "insecure-skip-tls-verify": true}}}}],
            "users": [{{"name": "test", "user": {{"token": "{TOKEN}"}}}}]}}"#,
            self.port
        );
        fs::write(&file, text).unwrap();
        file
    }

    /// Starts these controllers, each with the service account that it has in a cluster, or prints why not. They end
    /// with what is returned.
    #[cfg(unix)]
    pub(crate) fn controller_manager(&self, controllers: &[&str]) -> Option<Process> {
        let program = self.start.0.with_file_name("kube-controller-manager");
        if !program.is_file() {
            return skip("KUBEBUILDER_ASSETS has no kube-controller-manager");
        }
        let file = fs::read_to_string(self.kubeconfig()).unwrap().replace(TOKEN, MANAGER_TOKEN);
        let kubeconfig = self.folder.path().join("manager.kubeconfig");
        fs::write(&kubeconfig, file).unwrap();
        let arguments = [
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--controllers={}", controllers.join(",")),
            "--use-service-account-credentials=true".to_owned(),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", free_port()),
            format!("--cert-dir={}", self.folder.path().join("manager-certs").display()),
        ];
        let child = spawn(&program, &arguments, &self.folder.path().join("controller-manager.log"));
        Some(Process(child))
    }

    /// A kubeconfig for what runs as this service account: with its rights alone, and no blind trust.
    #[cfg(unix)]
    pub(crate) fn kubeconfig_of(&self, namespace: &str, account: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{account}.kubeconfig"));
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{{"name": "test", "context": {{"cluster": "test", "user": "test", "namespace": "{namespace}"}}}}],
            "clusters": [{{"name": "test", "cluster":
                {{"server": "https://127.0.0.1:{}", "certificate-authority": "{}"}}}}],
            "users": [{{"name": "test", "user": {{"token": "{}"}}}}]}}"#,
            self.port,
            self.authority().display(),
            self.token_of(namespace, account)
        );
        fs::write(&file, text).unwrap();
        file
    }

    /// A token of this service account, as its Pods get one.
    #[cfg(unix)]
    pub(crate) fn token_of(&self, namespace: &str, account: &str) -> String {
        let said = self.kubectl(&["create", "token", "--namespace", namespace, account], "");
        assert!(said.ok, "{}", said.stderr);
        said.stdout.trim().to_owned()
    }

    /// The file with the certificate that the API server shows.
    #[cfg(unix)]
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("certs/apiserver.crt")
    }

    /// The port on 127.0.0.1 that the API server listens on.
    #[cfg(unix)]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder that kubectl is in.
    #[cfg(unix)]
    pub(crate) fn kubectl_folder(&self) -> &Path {
        self.kubectl.parent().unwrap()
    }

    /// Tries until it holds.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !holds() {
            assert!(Instant::now() < deadline, "never: {what}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs kubectl as an administrator, with `input` on its standard input.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> Said {
        let place = [
            &format!("--server=https://127.0.0.1:{}", self.port),
            "--insecure-skip-tls-verify",
            &format!("--token={TOKEN}"),
            "--kubeconfig=/dev/null",
        ];
        self.run_kubectl(&place, arguments, input)
    }

    /// Runs kubectl with this kubeconfig, and so with the rights of whom it is for.
    #[cfg(unix)]
    pub(crate) fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Said {
        self.run_kubectl(&[&format!("--kubeconfig={}", kubeconfig.display())], arguments, input)
    }

    fn run_kubectl(&self, place: &[&str], arguments: &[&str], input: &str) -> Said {
        let mut child = Command::new(&self.kubectl)
            .args(place)
            .arg(format!("--cache-dir={}", self.folder.path().join("cache").display()))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Said {
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn wait(&self, arguments: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.kubectl(arguments, "").ok {
            assert!(Instant::now() < deadline, "the API server does not come up\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// The last words of the programs, for a failure's message.
    fn logs(&self) -> String {
        ["etcd.log", "apiserver.log", "controller-manager.log"]
            .map(|name| {
                let log = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
                let lines: Vec<&str> = log.lines().rev().take(15).collect();
                format!("{name}:\n{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
            })
            .concat()
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Webhook {
    /// Starts `jobguard serve` with these arguments, and access to the cluster.
    pub(crate) fn in_cluster(plane: &ControlPlane, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .arg("serve")
            .args(arguments)
            .env("KUBECONFIG", plane.kubeconfig())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (address, log) = listen(&mut child);
        Self { child, address, certificate: String::new(), log, _folder: tempfile::tempdir().unwrap() }
    }

    /// Starts `jobguard serve` with a certificate of its own.
    pub(crate) fn start(policy: &str) -> Self {
        Self::launch(policy, &[], None)
    }

    /// The same with these arguments, and access to the cluster.
    pub(crate) fn launch(policy: &str, arguments: &[&str], kubeconfig: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (cert, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        fs::write(&cert, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .args(["serve", "--listen", "127.0.0.1:0", "--policy", policy])
            .args(arguments)
            .envs(kubeconfig.map(|file| ("KUBECONFIG", file)))
            .arg("--tls-cert")
            .arg(&cert)
            .arg("--tls-key")
            .arg(&key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (address, log) = listen(&mut child);
        Self { child, address, certificate: made.cert.pem(), log, _folder: folder }
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }
}

/// A program that ends with this.
#[cfg(unix)]
pub(crate) struct Process(Child);

#[cfg(unix)]
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that `jobguard serve` says it listens on, and all that it says.
fn listen(child: &mut Child) -> (String, Arc<Mutex<Vec<String>>>) {
    let (found, waiting) = std::sync::mpsc::channel();
    let log = Arc::new(Mutex::new(Vec::new()));
    let streams: [Box<dyn std::io::Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for stream in streams {
        let (found, log) = (found.clone(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("127.0.0.1:") {
                    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    let _ = found.send(format!("127.0.0.1:{port}"));
                }
                log.lock().unwrap().push(line);
            }
        });
    }
    let address =
        waiting.recv_timeout(Duration::from_secs(30)).expect("jobguard serve says where it listens");
    (address, log)
}

fn spawn(program: &Path, arguments: &[String], log: &Path) -> Child {
    let log = fs::File::create(log).unwrap();
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn skip<T>(reason: &str) -> Option<T> {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    None
}
