//! What stands in pipelines: rendered charts, the GitHub Action's scripts, and the versions named everywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::helm::Helm;
use super::{jobguard, objects};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What Helm says of a manifest's origin is passed on.
#[test]
fn findings_name_their_template() {
    let rendered = "---\n# Source: shop/templates/cron.yaml\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: a\n";
    let (ok, said) = jobguard(&["lint", "-"], rendered);
    assert!(!ok && said.contains("rendered from template shop/templates/cron.yaml"), "{said}");
    let (_, said) = jobguard(&["lint", "-", "--format", "json"], rendered);
    let report: Value = serde_json::from_str(&said).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["template"], "shop/templates/cron.yaml");
    assert!(finding["line"].as_u64().unwrap() >= 3, "{finding}");
}

/// A chart as others write them: CronJobs from a loop, a hook, a subchart.
#[test]
fn the_chart_of_a_stranger_is_linted() {
    let Some(helm) = Helm::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    write("values.yaml", "crons:\n  report: 0 3 * * *\n  sync: 0 0 3 * * *\n  clean: 0 3 30 2 *\n");
    write(
        "templates/crons.yaml",
        "{{- range $name, $schedule := .Values.crons }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ $.Release.Name }}-{{ $name }}
spec:
  schedule: {{ $schedule | quote }}
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - {name: main, image: example/shop:1}
{{- end }}
",
    );
    let job = "apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  template:
    spec:
      restartPolicy: Always
      containers:
        - {name: main, image: example/shop:1}
";
    write("templates/migrate.yaml", job);
    write(
        "templates/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: 80}]}\n",
    );
    write("charts/bill/Chart.yaml", "apiVersion: v2\nname: bill\nversion: 1.0.0\n");
    write("charts/bill/templates/job.yaml", job);

    let rendered = helm.run(&["template", "one", folder.path().to_str().unwrap()]);
    assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
    let rendered = String::from_utf8(rendered.stdout).unwrap();
    let (ok, said) = jobguard(&["lint", "-", "--policy", "baseline", "--format", "json"], &rendered);
    assert!(!ok);
    let report: Value = serde_json::from_str(&said).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<(String, String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (text(&finding["template"]), text(&finding["object"]["name"]), text(&finding["rule"])))
        .collect();
    found.sort();
    let expected = [
        ("shop/charts/bill/templates/job.yaml", "one-bill", "api/restart-policy"),
        ("shop/templates/crons.yaml", "one-clean", "cron/never-fires"),
        ("shop/templates/crons.yaml", "one-sync", "api/schedule"),
        ("shop/templates/migrate.yaml", "one-shop", "api/restart-policy"),
    ]
    .map(|(template, name, rule)| (template.to_owned(), name.to_owned(), rule.to_owned()));
    assert_eq!(found, expected, "{said}");
}

/// The script of one of the action's steps.
#[cfg(unix)]
fn script(name: &str) -> String {
    let action = objects(&fs::read_to_string(root().join("action.yml")).unwrap()).remove(0);
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap();
    step["run"].as_str().unwrap().to_owned()
}

/// `PATH` with these folders first.
#[cfg(unix)]
fn path_with(folders: &[&Path]) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let folders = folders.iter().map(PathBuf::from).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap()
}

/// The script that the GitHub Action lints with, run on a repository of our own.
#[cfg(unix)]
#[test]
fn the_action_lints() {
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin("jobguard");
    let output = folder.path().join("output");
    let run = |place: &Path, inputs: &[(&str, &str)]| {
        let _ = fs::remove_file(&output);
        let helm = Helm::find().map(|helm| helm.folder().to_owned());
        let mut folders = vec![program.parent().unwrap()];
        folders.extend(helm.as_deref());
        let done = Command::new("bash")
            .args(["-c", &script("Lint")])
            .current_dir(place)
            .env("PATH", path_with(&folders))
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_OUTPUT", &output)
            .envs([("PATHS", ""), ("CHARTS", ""), ("KUSTOMIZATIONS", ""), ("POLICY", "recommended")])
            .env("FAIL_ON", "error")
            .envs(inputs.iter().copied())
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (done.status.code(), said)
    };
    let (status, said) =
        run(root(), &[("PATHS", "examples/nightly-report.yaml\nexamples/queue-workers.yaml\n")]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("::error file=examples/nightly-report.yaml,line="), "{said}");
    let sarif = fs::read(folder.path().join("jobguard.sarif")).unwrap();
    assert!(serde_json::from_slice::<Value>(&sarif).unwrap()["runs"][0]["results"].is_array());
    assert!(fs::read_to_string(&output).unwrap().starts_with("sarif-file="));
    assert_eq!(run(root(), &[("PATHS", "examples/nightly-report.yaml"), ("FAIL_ON", "never")]).0, Some(0));
    assert_eq!(run(root(), &[("PATHS", "no-such-file.yaml"), ("FAIL_ON", "never")]).0, Some(2));
    assert_eq!(run(root(), &[("PATHS", ".."), ("FAIL_ON", "sometimes")]).0, Some(2));
    // An earlier run's file is not uploaded as this one's.
    assert!(!output.exists());
    assert_eq!(run(root(), &[]).0, Some(0));
    // Globs, one a line, whatever a shell would make of them.
    let exclude = |globs: &str| run(root(), &[("PATHS", "examples/nightly-report.yaml"), ("EXCLUDE", globs)]);
    assert_eq!(exclude("/examples/nightly-*\n$(exit 3)").0, Some(0));
    assert_eq!(exclude("/nightly-*\n*.yml").0, Some(1));

    // Names that a shell could take for more than names.
    let place = tempfile::tempdir().unwrap();
    let hostile = "a b; touch pwned; $(touch pwned) `touch pwned` '*.yaml";
    fs::copy(root().join("examples/nightly-report.yaml"), place.path().join(hostile)).unwrap();
    fs::copy(root().join("examples/nightly-report.yaml"), place.path().join("-x.yaml")).unwrap();
    let (status, said) = run(place.path(), &[("PATHS", &format!("{hostile}\n-x.yaml"))]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("touch pwned") && said.contains("file=-x.yaml"), "{said}");
    let (status, said) = run(
        place.path(),
        &[("CHARTS", "no-chart; touch pwned\n$(touch pwned) *"), ("KUSTOMIZATIONS", "`touch pwned`; x")],
    );
    assert_eq!(status, Some(2), "{said}");
    assert!(!place.path().join("pwned").exists());

    if Helm::find().is_some() {
        let chart = root().join(super::CHART);
        let (status, said) = run(
            place.path(),
            &[("CHARTS", &format!("{} --set replicaCount=3 --namespace jobs", chart.display()))],
        );
        assert_eq!(status, Some(0), "{said}");
    }
}

/// Writes a program. The file is a copy that another process makes: one that is open for writing here, while another
/// test starts a process, is open in that process too for a moment, and cannot be executed ("Text file busy").
#[cfg(unix)]
fn write_program(path: &Path, text: &str) {
    let source = path.with_extension("source");
    fs::write(&source, text).unwrap();
    let copied = Command::new("install").args(["-m", "755"]).args([source.as_path(), path]).status();
    assert!(copied.unwrap().success());
}

/// What is foreign text in the log of the action is not taken for a command: Helm's output, and that of the linter.
#[cfg(unix)]
#[test]
fn the_action_takes_no_commands_from_others() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["bin", "checkout", "checkout/.git", "checkout/chart", "checkout/shared"] {
        fs::create_dir(at(name)).unwrap();
    }
    let program = |name: &str, text: &str| write_program(&at("bin").join(name), text);
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: \"::error::x\"}\nspec: {\"##[x]\": 1}\n";
    program(
        "helm",
        &format!("#!/bin/sh\nprintf '::error::pwned\\n::add-mask::x' >&2\ncat <<'END'\n{job}END\n"),
    );
    program("kubectl", "#!/bin/sh\nprintf 'no newline ::x\\n::set-output name=a::b' >&2\nexit 1\n");
    fs::write(at("checkout/::error::pwned.yaml"), job).unwrap();
    let run = || {
        let program = assert_cmd::cargo::cargo_bin("jobguard");
        let done = Command::new("bash")
            .args(["-c", &script("Lint")])
            .current_dir(at("checkout"))
            .env("PATH", path_with(&[&at("bin"), program.parent().unwrap()]))
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_OUTPUT", at("output"))
            .envs([("PATHS", ".\n::error::gone.yaml"), ("CHARTS", "chart"), ("KUSTOMIZATIONS", "base")])
            .envs([("POLICY", "recommended"), ("FAIL_ON", "error")])
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(2));
        String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap()
    };
    // As the runner reads it.
    let mut words = Vec::new();
    let log = run();
    let mut stopped: Option<String> = None;
    for line in log.lines() {
        match &stopped {
            Some(word) => stopped = (line.trim() != format!("::{word}::")).then(|| word.clone()),
            None if line.starts_with("::stop-commands::") => {
                words.push(line.replace("::stop-commands::", ""));
                stopped = words.last().cloned();
            }
            None => {
                let known =
                    ["::group::", "::endgroup::", "::error file=", "::warning file=", "::notice file="];
                let is_command = line.trim_start().starts_with("::");
                assert!(!is_command || known.iter().any(|known| line.starts_with(known)), "{line}\n{log}");
                assert!(!line.contains("##["), "{line}\n{log}");
            }
        }
    }
    assert!(stopped.is_none() && log.contains("::add-mask::x"), "{log}");
    words.extend(run().lines().filter_map(|line| line.strip_prefix("::stop-commands::").map(str::to_owned)));
    let count = words.len();
    words.sort();
    words.dedup();
    assert!(words.len() == count && count >= 6 && words.iter().all(|word| word.len() == 32), "{words:?}");

    // Helm follows links: a chart with one that leads away is not rendered.
    fs::write(at("secret"), "x").unwrap();
    symlink("../shared", at("checkout/chart/templates")).unwrap();
    assert!(log.contains("error[") && run().contains("error[api/unknown-field]"), "{log}");
    for target in [at("secret"), "../.git/config".into(), "../../secret".into()] {
        let link = at("checkout/chart/values.yaml");
        symlink(target, &link).unwrap();
        let log = run();
        assert!(log.contains("a link in chart leads out of the checkout"), "{log}");
        assert!(!log.contains("error[api/unknown-field]"), "{log}");
        fs::remove_file(link).unwrap();
    }
}

/// pre-commit puts the names of changed files behind the hook's arguments.
#[test]
fn a_hook_takes_no_file_for_an_option() {
    let hooks = objects(&fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let job = fs::read_to_string(root().join("examples/nightly-report.yaml")).unwrap();
    fs::write(folder.path().join("--fail-on=never"), job).unwrap();
    for hook in hooks.iter().flat_map(|hooks| hooks.as_array().unwrap()) {
        let entry = hook["entry"].as_str().unwrap().strip_prefix("jobguard ").unwrap();
        let own = hook["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
        let done = assert_cmd::Command::cargo_bin("jobguard")
            .unwrap()
            .current_dir(folder.path())
            .args(entry.split(' ').chain(own).chain(["--fail-on=never"]))
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// Among the names are those of templates, values and patches.
#[test]
fn a_hook_passes_over_what_is_no_manifest() {
    let hooks = objects(&fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let job = fs::read_to_string(root().join("examples/nightly-report.yaml")).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("app/Chart.yaml", "name: app\n");
    write("overlay/kustomization.yaml", "patches: [{path: patches/job.yaml}]\n");
    write(
        "jobguard.yaml",
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec: {exclude: [gen/]}\n",
    );
    let names = ["app/values.yaml", "app/templates/job.yaml", "overlay/patches/job.yaml", "gen/job.yaml"];
    names.iter().for_each(|name| write(name, &job));
    write("templates/job.yaml", &job);
    for hook in hooks.iter().flat_map(|hooks| hooks.as_array().unwrap()) {
        assert!(hook.get("exclude").is_none(), "what is no manifest is known by what stands around it");
        let run = |names: &[&str]| {
            let mut command = assert_cmd::Command::cargo_bin("jobguard").unwrap();
            command.current_dir(folder.path()).env_remove("JOBGUARD_POLICY").args(["lint", "--"]).args(names);
            command.output().unwrap().status.code()
        };
        assert_eq!(run(&names), Some(0));
        assert_eq!(run(&["templates/job.yaml"]), Some(1));
    }
}

/// The script that fetches the program: what has not the right checksum is not unpacked.
#[cfg(unix)]
#[test]
fn the_action_installs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("bin")).unwrap();
    fs::create_dir(at("release")).unwrap();
    fs::write(at("release/jobguard"), "#!/bin/sh\necho it is me\n").unwrap();
    // Instead of the network: the last part of the address is the name of a file.
    let curl = "#!/bin/bash\nset -eu\nwhile [ $# -gt 1 ]; do if [ \"$1\" = --output ]; then out=$2; fi; shift; done\n\
                echo \"$1\" >>\"$ASKED\"\ncp \"$RELEASE/${1##*/}\" \"$out\"\n";
    write_program(&at("bin/curl"), curl);
    // Instead of GitHub's own: takes what is attested from a file.
    let gh = "#!/bin/bash\nset -eu\nprintf '%s\\n' \"$*\" >>\"$VERIFIED\"\n\
              [ \"$(sha256sum <\"$3\")\" = \"$(cat \"$ATTESTED\")\" ]\n";
    write_program(&at("bin/gh"), gh);
    let file = "jobguard-v1.2.3-x86_64-unknown-linux-musl.tar.gz";
    let pack = format!(
        "chmod +x jobguard && tar -czf {file} jobguard && sha256sum {file} >{file}.sha256 && sha256sum <{file} >../attested"
    );
    let packed = Command::new("bash").args(["-c", &pack]).current_dir(at("release")).status().unwrap();
    assert!(packed.success());
    let run_with = |version: &str, system: &str, verify: &str| {
        let _ = fs::remove_file(at("asked"));
        let _ = fs::remove_file(at("verified"));
        let done = Command::new("bash")
            .args(["-c", &script("Install jobguard")])
            .env("PATH", path_with(&[&at("bin")]))
            .envs([("RUNNER_OS", system), ("RUNNER_ARCH", "X64"), ("VERSION", version)])
            .env("RUNNER_TEMP", at("runner temp"))
            .env("GITHUB_PATH", at("path"))
            .env("VERIFY", verify)
            .envs([("ASKED", at("asked")), ("RELEASE", at("release"))])
            .envs([("VERIFIED", at("verified")), ("ATTESTED", at("attested"))])
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (done.status.success(), said)
    };
    let run = |version: &str, system: &str| run_with(version, system, "true");
    for version in ["v1.2.3", "1.2.3"] {
        let (ok, said) = run(version, "Linux");
        assert!(ok, "{said}");
        let asked = fs::read_to_string(at("asked")).unwrap();
        let address = format!("https://github.com/jobguard/jobguard/releases/download/v1.2.3/{file}");
        assert_eq!(asked.lines().next(), Some(address.as_str()));
        let added = fs::read_to_string(at("path")).unwrap();
        let program = Path::new(added.lines().last().unwrap()).join("jobguard");
        assert!(Command::new(program).output().unwrap().stdout.starts_with(b"it is me"));
        let verified = fs::read_to_string(at("verified")).unwrap();
        assert!(
            verified.starts_with(&format!("attestation verify {file} --repo jobguard/jobguard")),
            "{verified}"
        );
        assert!(verified.contains("--source-ref refs/tags/v1.2.3 "), "{verified}");
    }
    assert!(run("v1.2.3", "Windows").1.contains("::error::there is no jobguard for Windows on X64"));
    assert!(!run("v9.9.9", "Linux").0);
    let _ = fs::remove_dir_all(at("runner temp"));
    fs::write(at("release").join(file), "something else").unwrap();
    let (ok, said) = run("v1.2.3", "Linux");
    assert!(!ok && said.contains("FAILED"), "{said}");
    assert!(!at("runner temp/jobguard-v1.2.3/jobguard").exists());
    // With a checksum of its own beside it, what the workflow did not build is still not unpacked.
    let sum = format!("sha256sum {file} >{file}.sha256");
    assert!(Command::new("bash").args(["-c", &sum]).current_dir(at("release")).status().unwrap().success());
    assert!(!run("v1.2.3", "Linux").0);
    assert!(!at("runner temp/jobguard-v1.2.3/jobguard").exists());
    // Only where somebody says so is it not asked for.
    fs::remove_file(at("attested")).unwrap();
    assert!(!run_with("v1.2.3", "Linux", "").0);
    run_with("v1.2.3", "Linux", "false");
    assert!(!at("verified").exists());
}

/// Whoever copies a line from the documentation gets the version that it is about.
#[test]
fn one_version_is_named_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let mut count = 0;
    let folders = ["action.yml", "docs", "examples/ci", "deploy", "charts/jobguard/Chart.yaml", "README.md"];
    for entry in folders.iter().flat_map(|folder| ignore::Walk::new(root().join(folder))) {
        let entry = entry.unwrap();
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        let markers = [
            "jobguard/jobguard@v",
            "rev: v",
            "default: v",
            "such as v",
            "JOBGUARD_VERSION: v",
            "?ref=v",
            "--version ",
            "jobguard/jobguard:",
            "targetRevision: ",
            "\nversion: ",
            "appVersion: ",
        ];
        for (marker, found) in
            markers.iter().flat_map(|marker| text.split(marker).skip(1).map(move |rest| (marker, rest)))
        {
            let named: String = found.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            assert_eq!(named, version, "{}: {marker}", entry.path().display());
            count += 1;
        }
    }
    assert!(count >= 10, "{count}");
}
