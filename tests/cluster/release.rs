//! A release as people have it: installed by Helm, served by what its Deployment starts, with the rights of its service
//! account, asked through its Service; tested, upgraded, switched off in an emergency, and gone.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use tempfile::TempDir;

use super::control_plane::{ControlPlane, free_port};
use super::helm::{CHART, Helm};
use super::replica::{NAME, Replica};
use super::services::Services;

/// What `helm test` would run.
struct Ask {
    folder: TempDir,
}

impl Ask {
    /// Brings in what the test's Pod needs, as Helm does before it.
    fn prepare(plane: &ControlPlane, hooks: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for document in hooks.split("\n---\n") {
            let object = jobguard::manifest::read(document).remove(0).content.unwrap();
            let object = object.to_value(object.root());
            if object["kind"] == "Pod" {
                let container = &object["spec"]["containers"][0];
                assert_eq!(container["command"], serde_json::json!(["sh", "/test/ask.sh"]));
                continue;
            }
            let applied = plane.kubectl(&["apply", "-f", "-"], document);
            assert!(applied.ok, "{}", applied.stderr);
            if let Some(script) = object["data"]["ask.sh"].as_str() {
                // The paths that a kubelet would mount, and less patience.
                let script = script
                    .replace("/var/run/secrets/kubernetes.io/serviceaccount", &at(""))
                    .replace("@/test/", &format!("@{}", at("")))
                    .replace("-lt 30", "-lt 3");
                fs::write(at("ask.sh"), script).unwrap();
                fs::write(at("job.yaml"), object["data"]["job.yaml"].as_str().unwrap()).unwrap();
            }
        }
        fs::copy(plane.authority(), at("ca.crt")).unwrap();
        fs::write(at("token"), plane.token_of("guard", &format!("{NAME}-test"))).unwrap();
        // Where a cluster's DNS would lead.
        let place = format!("connect-to = \"kubernetes.default.svc:443:127.0.0.1:{}\"\n", plane.port());
        fs::write(at(".curlrc"), place).unwrap();
        Self { folder }
    }

    fn run(&self) -> (bool, String) {
        let output = Command::new("sh")
            .arg(self.folder.path().join("ask.sh"))
            .env("CURL_HOME", self.folder.path())
            .envs([("NAMESPACE", "default"), ("EXPECT", "job/work-queue-completions")])
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), said.concat())
    }
}

#[test]
fn installed_tested_switched_off_and_gone() {
    let services = Services::start();
    let (Some(plane), Some(helm)) = (ControlPlane::start_with(&services.arguments()), Helm::find()) else {
        return;
    };
    if Command::new("curl").arg("--version").output().is_err() {
        let _ = std::io::stderr().write_all(b"skipped: there is no curl\n");
        return;
    }
    let kubeconfig = plane.kubeconfig();
    let helm = |arguments: &[&str]| {
        let mut all = vec!["--kubeconfig", kubeconfig.to_str().unwrap(), "--namespace", "guard"];
        all.extend(arguments);
        let output = helm.run(&all);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let create = |namespace: &str| {
        let said = plane
            .kubectl(&["create", "--dry-run=server", "--namespace", namespace, "-f", "-"], super::WORK_QUEUE);
        if said.ok { said.stderr } else { format!("refused: {}", said.stderr) }
    };
    let warned = || create("default").contains("Warning: ") && create("default").contains("only one Pod");

    // Installed. Its Pod says that it is ready when it is trusted.
    let ports = [free_port(), free_port()];
    let values = format!("bindAddress=127.0.0.1,ports.webhook={},ports.metrics={}", ports[0], ports[1]);
    let notes = helm(&["install", "rel", CHART, "--create-namespace", "--set", &values]);
    let replica = Replica::start(&plane);
    services.lead_to(&[replica.port]);
    plane.until("the webhook is asked", warned);

    // The line that NOTES.txt gives people to try.
    let (_, command) = notes.split_once("\n  echo '").unwrap();
    let (command, _) = command.split_once("\n\n").unwrap();
    let path = std::env::var("PATH").unwrap();
    let tried = Command::new("sh")
        .args(["-euc", &format!("echo '{command}")])
        .env("KUBECONFIG", &kubeconfig)
        .env("PATH", format!("{}:{path}", plane.kubectl_folder().display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tried.stderr);
    assert!(tried.status.success() && said.contains("job/work-queue-completions"), "{said}");
    let ask = Ask::prepare(&plane, &helm(&["get", "hooks", "rel"]));
    let (ok, said) = ask.run();
    assert!(ok && said.contains("jobguard answers"), "{said}");

    // What it wrote itself is no drift, and it may do nothing more.
    let rendered = helm(&["get", "manifest", "rel"]);
    let diff = plane.kubectl(&["diff", "--server-side", "--field-manager=helm", "-f", "-"], &rendered);
    assert!(diff.ok && diff.stdout.is_empty(), "{}{}", diff.stdout, diff.stderr);
    let account = format!("--as=system:serviceaccount:guard:{NAME}");
    for (right, granted) in [
        (["get", "secrets/rel-jobguard-ca"], true),
        (["update", "validatingwebhookconfigurations/rel-jobguard"], true),
        (["watch", "validatingwebhookconfigurations/rel-jobguard"], true),
        (["get", "secrets/another"], false),
        (["list", "secrets"], false),
        (["create", "secrets"], false),
        (["update", "validatingwebhookconfigurations/another"], false),
        (["delete", "validatingwebhookconfigurations/rel-jobguard"], false),
        (["list", "services"], false),
        (["create", "jobs"], false),
    ] {
        let mut arguments = vec!["auth", "can-i", "--namespace", "guard", &account];
        arguments.extend(right);
        assert_eq!(plane.kubectl(&arguments, "").stdout.trim() == "yes", granted, "{right:?}");
    }

    // Nobody answers, and nobody is stopped; the test says so.
    let held =
        super::WORK_QUEUE.replace("name: queue-for-one", "name: held\n  finalizers: [example.com/held]");
    assert!(plane.kubectl(&["create", "-f", "-"], &held).ok);
    drop(replica);
    assert_eq!(create("default"), "");
    let (ok, said) = ask.run();
    assert!(
        !ok && said.contains("HTTP/2 201") && said.contains("nothing of job/work-queue-completions"),
        "{said}"
    );

    // Nobody answers, and everybody is stopped, but for what must go on.
    helm(&["upgrade", "rel", CHART, "--reset-then-reuse-values", "--set", "validating.failurePolicy=Fail"]);
    plane.until("Jobs are refused", || create("default").contains("failed calling webhook"));
    assert_eq!(create("kube-system"), "");
    assert_eq!(create("guard"), "");
    assert!(plane.kubectl(&["delete", "--wait=false", "job", "held"], "").ok);
    let released = plane.kubectl(
        &[
            "patch",
            "job",
            "held",
            "--type=json",
            "-p",
            r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#,
        ],
        "",
    );
    assert!(released.ok, "{}", released.stderr);

    // The emergency exit, and back.
    let configurations = "validatingwebhookconfiguration,mutatingwebhookconfiguration";
    assert!(plane.kubectl(&["delete", configurations, NAME], "").ok);
    plane.until("nobody is asked", || create("default").is_empty());
    helm(&["upgrade", "rel", CHART, "--reset-then-reuse-values"]);
    plane.until("Jobs are refused again", || create("default").contains("failed calling webhook"));
    let replica = Replica::start(&plane);
    plane.until("the webhook is asked again", warned);
    assert!(ask.run().0);

    // Gone, while it could still refuse; and here again.
    drop(replica);
    helm(&["uninstall", "rel"]);
    assert_eq!(plane.kubectl(&["get", configurations, "-o", "name"], "").stdout, "");
    plane.until("nobody is asked any more", || create("default").is_empty());
    helm(&["install", "rel", CHART, "--set", &values]);
    let _replica = Replica::start(&plane);
    plane.until("the new release is asked", warned);
    assert!(ask.run().0);
}
