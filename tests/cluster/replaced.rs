//! What others do to the objects that replicas write into: deleted in an emergency, replaced by an upgrade, revoked. Whoever
//! creates Jobs meanwhile hardly notices, under `failurePolicy: Fail` too.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;

use super::control_plane::ControlPlane;
use super::helm::{CHART, Helm};
use super::replica::{NAME, Replica};
use super::services::Services;

const CONFIGURATIONS: &str = "validatingwebhookconfiguration,mutatingwebhookconfiguration";
const EMPTY_BUNDLE: &str = r#"[{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": ""}]"#;

/// What came of creating Jobs, one after the other.
#[derive(Debug, Default)]
struct Tally {
    created: usize,
    refused: usize,
    /// Why the first one was refused.
    why: String,
    /// From the first refusal of a series to the next success, added up.
    lost: Duration,
}

impl Tally {
    fn add(&mut self, answer: Result<(), String>, failing: &mut Option<Instant>, asked: Instant) {
        match answer {
            Ok(()) => {
                self.created += 1;
                self.lost += failing.take().map_or(Duration::ZERO, |since| since.elapsed());
            }
            Err(error) => {
                failing.get_or_insert(asked);
                self.refused += 1;
                if self.why.is_empty() {
                    self.why = error;
                }
            }
        }
    }

    /// For whoever reads the test's log.
    fn print(&self, what: &str) {
        let Self { created, refused, why, lost } = self;
        let _ = writeln!(std::io::stderr(), "{what}: {created} created, {refused} refused in {lost:?} {why}");
    }
}

/// Creates Jobs, as dry runs, while `work` goes on and a moment longer. They lack a restartPolicy if `is_mutated`: the
/// mutating webhook has to answer, too.
fn meanwhile(kubeconfig: &Path, is_mutated: bool, work: impl FnOnce()) -> Tally {
    let over = AtomicBool::new(false);
    let begun = AtomicBool::new(false);
    thread::scope(|scope| {
        let creating = scope.spawn(|| create(kubeconfig, is_mutated, &begun, &over));
        while !begun.load(Ordering::Relaxed) && !creating.is_finished() {
            thread::sleep(Duration::from_millis(5));
        }
        work();
        thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::Relaxed);
        creating.join().unwrap()
    })
}

fn create(kubeconfig: &Path, is_mutated: bool, begun: &AtomicBool, over: &AtomicBool) -> Tally {
    let pod = match is_mutated {
        true => json!({"containers": [{"name": "main", "image": "busybox:1.36"}]}),
        false => json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}),
    };
    let job = json!({"metadata": {"generateName": "x-"}, "spec": {"template": {"spec": pod}}});
    let job: Job = serde_json::from_value(job).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let file = Kubeconfig::read_from(kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        let jobs: Api<Job> = Api::namespaced(Client::try_from(config).unwrap(), "default");
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let (mut tally, mut failing) = (Tally::default(), None);
        while !over.load(Ordering::Relaxed) || failing.is_some() && tally.lost < Duration::from_secs(60) {
            let asked = Instant::now();
            let answer = jobs.create(&params, &job).await;
            let answer = answer.map(drop).map_err(|error| match error {
                kube::Error::Api(status) => status.message,
                other => other.to_string(),
            });
            tally.add(answer, &mut failing, asked);
            begun.store(tally.created > 0, Ordering::Relaxed);
            if failing.is_some_and(|since: Instant| since.elapsed() > Duration::from_secs(60)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tally
    })
}

/// A release with two replicas, of which the webhooks may refuse.
struct Release {
    plane: ControlPlane,
    helm: Helm,
    services: Services,
    replicas: Vec<Replica>,
}

impl Release {
    fn install(more: &[&str]) -> Option<Self> {
        let services = Services::start();
        let (Some(plane), Some(helm)) = (ControlPlane::start_with(&services.arguments()), Helm::find())
        else {
            return None;
        };
        let mut release = Self { plane, helm, services, replicas: Vec::new() };
        let values = "bindAddress=127.0.0.1,validating.failurePolicy=Fail";
        release.helm(&["install", "rel", CHART, "--create-namespace", "--set", values]);
        release.replicas = (0..2).map(|_| Replica::another(&release.plane, more)).collect();
        release.services.lead_to(&release.replicas.iter().map(|replica| replica.port).collect::<Vec<_>>());
        release.plane.until("the replicas are ready", || release.replicas.iter().all(Replica::is_ready));
        let works = || {
            release
                .plane
                .kubectl(&["create", "--dry-run=server", "-f", "-"], super::WITHOUT_RESTART_POLICY)
                .ok
        };
        release.plane.until("the webhooks are asked", works);
        Some(release)
    }

    fn helm(&self, arguments: &[&str]) -> String {
        let kubeconfig = self.plane.kubeconfig();
        let mut all = vec!["--kubeconfig", kubeconfig.to_str().unwrap(), "--namespace", "guard"];
        all.extend(arguments);
        let output = self.helm.run(&all);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let said = self.plane.kubectl(arguments, input);
        assert!(said.ok, "{arguments:?}: {}\n{}", said.stderr, self.logs());
        said.stdout
    }

    /// The authority that signs, and what the configurations trust.
    fn authority(&self) -> (String, [String; 2]) {
        let secret = ["get", "-n", "guard", "secret", "rel-jobguard-ca", "-o", "jsonpath={.data.ca\\.crt}"];
        let bundle = |kind: &str| {
            let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
            self.kubectl(&["get", kind, NAME, "-o", path], "")
        };
        (
            self.kubectl(&secret, ""),
            ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"].map(bundle),
        )
    }

    fn meanwhile(&self, is_mutated: bool, work: impl FnOnce()) -> Tally {
        meanwhile(&self.plane.kubeconfig(), is_mutated, work)
    }

    fn logs(&self) -> String {
        self.replicas.iter().map(Replica::log).collect::<Vec<_>>().join("\n\n")
    }
}

#[test]
fn a_replaced_release_keeps_its_authority_and_its_service() {
    let Some(release) = Release::install(&[]) else { return };
    let before = release.authority();
    assert!(!before.0.is_empty() && before.1.iter().all(|bundle| *bundle == before.0));
    // A machine that is busy is given time. It took seven seconds when changes were noticed by chance.
    let check_within = |limit: Duration, what: &str, tally: &Tally| {
        tally.print(what);
        assert!(tally.created > 0 && tally.lost < limit, "{what}: {tally:?}\n{}", release.logs());
        release.plane.until("everything is as it was", || release.authority() == before);
    };
    let check = |what: &str, tally: &Tally| check_within(Duration::from_secs(3), what, tally);

    let manifest = release.helm(&["get", "manifest", "rel"]);
    let upgrade = ["upgrade", "rel", CHART, "--reset-then-reuse-values"];
    let tally = release.meanwhile(true, || drop(release.helm(&upgrade)));
    check("helm upgrade", &tally);
    assert!(tally.refused == 0, "{tally:?}");
    let tally = release.meanwhile(true, || drop(release.helm(&[&upgrade[..], &["--force"]].concat())));
    check("helm upgrade --force", &tally);
    let tally = release.meanwhile(true, || drop(release.kubectl(&["replace", "-f", "-"], &manifest)));
    check("kubectl replace", &tally);
    let tally = release.meanwhile(true, || drop(release.helm(&["rollback", "rel", "1", "--force"])));
    check("helm rollback --force", &tally);
    // Once and again, as a tool does that fights over it: each time takes as long as a single one does.
    let tally = release.meanwhile(true, || {
        for _ in 0..5 {
            release.kubectl(&["patch", CONFIGURATIONS, NAME, "--type=json", "-p", EMPTY_BUNDLE], "");
        }
    });
    check_within(Duration::from_secs(6), "emptied five times", &tally);

    // Nothing was withdrawn, and nothing was made anew.
    assert!(release.replicas.iter().all(Replica::is_ready));
    let logs = release.logs();
    assert!(!logs.contains("serving none"), "{logs}");
    assert_eq!(logs.matches("made a certificate authority").count(), 1, "{logs}");
    assert_eq!(logs.matches("serving a new certificate").count(), 2, "{logs}");
    assert!(logs.contains("put the certificate authority back"), "{logs}");
    assert!(!logs.contains("cannot watch"), "{logs}");
}

#[test]
fn configurations_are_deleted_in_an_emergency() {
    let Some(release) = Release::install(&[]) else { return };
    let delete = |kind: &str| drop(release.kubectl(&["delete", kind, NAME], ""));
    let bundles = |kinds: &[&str]| {
        let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
        kinds.iter().all(|kind| !release.kubectl(&["get", kind, NAME, "-o", path], "").is_empty())
    };
    let back = || drop(release.helm(&["upgrade", "rel", CHART, "--reset-then-reuse-values"]));
    let kinds = ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
    let long = Duration::from_secs(12);

    // One of the two: the other one is answered as before, for longer than replicas take to look at the cluster.
    let tally = release.meanwhile(true, || {
        delete(kinds[1]);
        thread::sleep(long);
    });
    tally.print("without the validating one");
    assert!(tally.created > 0 && tally.refused == 0, "{tally:?}\n{}", release.logs());
    let tally = release.meanwhile(true, || {
        back();
        release.plane.until("it is trusted again", || bundles(&kinds));
    });
    tally.print("the validating one is back");
    assert!(tally.lost < Duration::from_secs(3), "{tally:?}\n{}", release.logs());

    let tally = release.meanwhile(false, || {
        delete(kinds[0]);
        thread::sleep(long);
    });
    tally.print("without the mutating one");
    assert!(tally.created > 0 && tally.refused == 0, "{tally:?}\n{}", release.logs());
    back();
    release.plane.until("it is trusted again", || bundles(&kinds));

    // Both, for as long. Replicas stay ready, and one that starts gets ready.
    let another = release.replicas.len();
    let tally = release.meanwhile(false, || {
        delete(CONFIGURATIONS);
        let started = Replica::another(&release.plane, &[]);
        thread::sleep(long);
        assert!(release.replicas.iter().all(Replica::is_ready), "{}", release.logs());
        assert!(started.is_ready(), "{}", started.log());
    });
    tally.print("without both");
    assert!(tally.created > 0 && tally.refused == 0, "{tally:?}\n{}", release.logs());
    let tally = release.meanwhile(false, || {
        back();
        release.plane.until("both are trusted again", || bundles(&kinds));
    });
    tally.print("both are back");
    assert!(tally.lost < Duration::from_secs(3), "{tally:?}\n{}", release.logs());
    let asked =
        release.plane.kubectl(&["create", "--dry-run=server", "-f", "-"], super::WITHOUT_RESTART_POLICY);
    assert!(asked.ok, "{}", asked.stderr);
    let logs = release.logs();
    assert!(!logs.contains("serving none"), "{logs}");
    assert_eq!(logs.matches("serving a new certificate").count(), another, "{logs}");
}

/// The way to be rid of an authority whose key has leaked, as certs/README.md describes it.
#[test]
fn a_leaked_authority_is_revoked() {
    let Some(release) =
        Release::install(&["--ca-settle", "3s", "--ca-lifetime", "1h", "--certificate-lifetime", "10m"])
    else {
        return;
    };
    let (leaked, _) = release.authority();
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/README.md")).unwrap();
    let (_, section) = readme.split_once("## When a key has leaked").unwrap();
    let mut commands = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let run = |commands: &str| {
        let commands = commands
            .replace("-n jobguard", "-n guard")
            .replace("jobguard-ca", "rel-jobguard-ca")
            .replace("configuration jobguard ", &format!("configuration {NAME} "));
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-euc", &commands])
            .env("KUBECONFIG", release.plane.kubeconfig())
            .env("PATH", format!("{}:{path}", release.plane.kubectl_folder().display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{commands}{}", String::from_utf8_lossy(&output.stderr));
    };

    // Another one is made, and takes over without a gap.
    let tally = release.meanwhile(true, || {
        run(commands.next().unwrap());
        let serves = || release.logs().matches("serving a new certificate").count() == 4;
        release.plane.until("both replicas serve by another authority", serves);
    });
    tally.print("another authority");
    assert!(tally.created > 0 && tally.refused == 0, "{tally:?}\n{}", release.logs());
    let (current, trusted) = release.authority();
    assert_ne!(current, leaked);
    assert_ne!(trusted[0], current, "the leaked one is trusted until somebody takes it out");

    // The old one is taken out.
    let tally = release.meanwhile(true, || run(commands.next().unwrap()));
    tally.print("revoked");
    assert!(tally.lost < Duration::from_secs(3), "{tally:?}\n{}", release.logs());
    release.plane.until("the new one alone is trusted", || {
        let (current, trusted) = release.authority();
        trusted.iter().all(|bundle| *bundle == current)
    });
    // And it stays away, whatever becomes of the Secret.
    let empty = r#"[{"op": "remove", "path": "/data"}]"#;
    release.kubectl(&["patch", "-n", "guard", "secret", "rel-jobguard-ca", "--type=json", "-p", empty], "");
    release.plane.until("the Secret has its authority back", || release.authority().0 == current);
    let (_, trusted) = release.authority();
    assert!(trusted.iter().all(|bundle| *bundle == current));
    let works =
        release.plane.kubectl(&["create", "--dry-run=server", "-f", "-"], super::WITHOUT_RESTART_POLICY);
    assert!(works.ok, "{}", works.stderr);
}
