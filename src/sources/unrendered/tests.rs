use std::fs;
use std::path::{Path, PathBuf};

use super::super::find::find;
use super::*;

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n";

/// A repository with these files, each with a text of its own or that of a Job.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if text.is_empty() { JOB } else { text }).unwrap();
    }
    folder
}

/// The files that are judged of those below `paths`, and the remarks: both with names below the folder.
fn found(folder: &Path, paths: &[&str]) -> (Vec<String>, Vec<Unrendered>) {
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
    let (mut judged, mut remarks) = (Vec::new(), Vec::new());
    let begin = format!("{}/", folder.display());
    for source in find(&paths).sources {
        match source {
            Source::Unrendered(unrendered) => remarks.push(Unrendered {
                name: unrendered.name.replace(&begin, ""),
                message: unrendered.message.replace(&begin, "").replace(&*folder.to_string_lossy(), "."),
            }),
            other => judged.push(other.name().replace(&begin, "")),
        }
    }
    (judged, remarks)
}

#[test]
fn a_chart_with_all_that_it_may_have() {
    let folder = repository(&[
        ("app/Chart.yaml", "name: app"),
        ("app/values.yaml", ""),
        ("app/values-prod.yaml", ""),
        ("app/production.yml", ""),
        ("app/ci/one-values.yaml", ""),
        ("app/templates/job.yaml", ""),
        ("app/templates/tests/job.yaml", ""),
        ("app/crds/job.yaml", ""),
        ("app/files/job.yaml", ""),
        ("app/charts/sub/Chart.yaml", "name: sub"),
        ("app/charts/sub/values.yaml", ""),
        ("app/charts/sub/templates/job.yaml", ""),
        ("job.yaml", ""),
        ("templates/job.yaml", ""),
        ("ci/job.yaml", ""),
    ]);
    let (judged, remarks) = found(folder.path(), &["."]);
    let judged: Vec<&str> = judged.iter().map(|name| name.trim_start_matches("./")).collect();
    assert_eq!(
        judged,
        ["app/crds/job.yaml", "app/files/job.yaml", "ci/job.yaml", "job.yaml", "templates/job.yaml"]
    );
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert!(remarks[0].message.starts_with("10 files of this chart are not checked"), "{remarks:?}");
    // The same by name, one by one.
    for name in [
        "values.yaml",
        "production.yml",
        "templates/tests/job.yaml",
        "charts/sub/templates/job.yaml",
        "ci/one-values.yaml",
    ] {
        let (judged, remarks) = found(folder.path(), &[&format!("app/{name}")]);
        assert_eq!((judged.len(), remarks.len()), (0, 1), "{name}");
        assert_eq!(remarks[0].name, "app/Chart.yaml", "{name}");
        assert!(remarks[0].message.ends_with("helm template app | jobguard lint -"), "{name}: {remarks:?}");
        assert!(remarks[0].message.starts_with("1 file of this chart is not checked"), "{name}: {remarks:?}");
    }
    assert_eq!(found(folder.path(), &["app/crds/job.yaml", "templates/job.yaml"]).0.len(), 2);
}

#[test]
fn a_chart_without_jobs_is_passed_over_in_silence() {
    let folder = repository(&[
        ("app/Chart.yaml", "name: app"),
        ("app/values.yaml", "kind: Deployment"),
        ("app/templates/deployment.yaml", "kind: Deployment"),
    ]);
    let (judged, remarks) = found(folder.path(), &["."]);
    assert_eq!((judged.len(), remarks.len()), (0, 0));
}

#[test]
fn all_that_a_kustomization_names() {
    let kustomization = "resources: [job.yaml, sub/job.yaml]\npatches:\n- path: patch.yaml\n  target: {kind: Job}\n- patch: |-\n    - op: remove\n      path: /spec\n\
        patchesStrategicMerge:\n- merge.yaml\n- |-\n  apiVersion: batch/v1\n  kind: Job\npatchesJson6902:\n- path: json.yaml\n  target: {kind: Job}\n\
        configurations: [names.yaml]\nreplacements: [{path: replace.yaml}]\ntransformers: [transform.yaml]\nvalidators: [valid.yaml]\ngenerators: [generate.yaml]\n\
        helmCharts: [{name: a, valuesFile: values.yaml, additionalValuesFiles: [more.yaml]}]\nconfigMapGenerator: [{name: a, files: [job.yaml=data.yaml, plain.yaml]}]\n\
        secretGenerator: [{name: b, envs: [secret.yaml]}]\nopenapi: {path: api.json}\n";
    let names = [
        "patch.yaml",
        "merge.yaml",
        "json.yaml",
        "names.yaml",
        "replace.yaml",
        "valid.yaml",
        "generate.yaml",
        "values.yaml",
        "more.yaml",
        "data.yaml",
        "plain.yaml",
        "secret.yaml",
        "api.json",
        "named-by-transformer.yaml",
    ];
    for file in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let mut files = vec![
            ("o/job.yaml", ""),
            ("o/sub/job.yaml", ""),
            ("o/transform.yaml", "kind: PatchTransformer\npath: named-by-transformer.yaml\n"),
        ];
        let own = format!("o/{file}");
        files.push((&own, kustomization));
        let all: Vec<String> = names.iter().map(|name| format!("o/{name}")).collect();
        files.extend(all.iter().map(|name| (name.as_str(), "")));
        let folder = repository(&files);
        let (judged, remarks) = found(folder.path(), &["o"]);
        let judged: Vec<&String> = judged.iter().filter(|name| !name.contains("kustomization")).collect();
        assert_eq!(judged, ["o/job.yaml", "o/sub/job.yaml"], "{file}");
        assert_eq!(remarks.len(), 1, "{file}: {remarks:?}");
        assert_eq!(remarks[0].name, format!("o/{file}"));
        assert!(
            remarks[0].message.ends_with("kubectl kustomize --enable-helm o | jobguard lint -"),
            "{remarks:?}"
        );
        for name in &all {
            let (judged, remarks) = found(folder.path(), &[name]);
            assert_eq!((judged.len(), remarks.len()), (0, 1), "{name}");
        }
    }
}

#[test]
fn how_each_kustomization_is_built() {
    let folder = repository(&[
        ("a b/kustomization.yaml", "patches: [{path: p.yaml}]"),
        ("a b/p.yaml", ""),
        ("out/kustomization.yaml", "patches: [{path: ../shared/p.yaml}]"),
        ("shared/p.yaml", ""),
        ("component/kustomization.yaml", "kind: Component\npatches: [{path: p.yaml}]"),
        ("component/p.yaml", ""),
        ("base/kustomization.yaml", "resources: [job.yaml]"),
        ("base/job.yaml", ""),
    ]);
    let (judged, remarks) = found(folder.path(), &["a b", "base", "component", "out", "shared"]);
    assert_eq!(judged.iter().filter(|name| !name.contains("kustomization")).count(), 1, "{judged:?}");
    let helps: Vec<&str> = remarks.iter().map(|remark| remark.message.as_str()).collect();
    let quoted = format!("'{}'", folder.path().join("a b").display())
        .replace(&format!("{}/", folder.path().display()), "");
    assert_eq!(helps.len(), 3, "{helps:?}");
    assert!(helps[0].ends_with(&format!("kubectl kustomize {quoted} | jobguard lint -")), "{helps:?}");
    assert!(helps[1].contains("uses this component"), "{helps:?}");
    assert!(helps[2].contains("--load-restrictor LoadRestrictionsNone out |"), "{helps:?}");
}

#[test]
fn a_kustomization_that_cannot_be_read() {
    let folder = repository(&[
        ("o/kustomization.yaml", "patches: [{path: {{ patch }}}\n"),
        ("o/patches/p.yaml", ""),
        ("o/job.yaml", ""),
        ("job.yaml", ""),
    ]);
    let (judged, remarks) = found(folder.path(), &["job.yaml", "o"]);
    assert_eq!(judged, ["job.yaml", "o/kustomization.yaml"]);
    assert!(remarks.len() == 1 && remarks[0].message.contains("cannot be read"), "{remarks:?}");
}

#[test]
fn nothing_above_the_repository_counts() {
    let folder = repository(&[
        ("repo/values.yaml", ""),
        ("repo/templates/job.yaml", ""),
        ("Chart.yaml", "name: a"),
        ("kustomization.yaml", "patches: [{path: repo/values.yaml}]"),
    ]);
    let files = ["repo/values.yaml", "repo/templates/job.yaml"];
    assert_eq!(found(folder.path(), &files).0.len(), 1, "without a repository of its own");
    fs::create_dir(folder.path().join("repo/.git")).unwrap();
    assert_eq!(found(folder.path(), &files).0.len(), 2);
}

#[test]
#[cfg(unix)]
fn links_count_by_both_of_their_ends() {
    use std::os::unix::fs::symlink;
    let folder = repository(&[("app/Chart.yaml", "name: a"), ("app/values.yaml", ""), ("jobs/job.yaml", "")]);
    let at = |name: &str| folder.path().join(name);
    symlink("../app/values.yaml", at("jobs/link.yaml")).unwrap();
    symlink("../jobs/job.yaml", at("app/link.yaml")).unwrap();
    symlink("app", at("chart")).unwrap();
    let (judged, remarks) = found(folder.path(), &["."]);
    assert_eq!((judged.len(), remarks.len()), (1, 1), "{judged:?}");
    let (judged, remarks) = found(folder.path(), &["jobs/link.yaml", "chart/values.yaml"]);
    assert_eq!((judged.len(), remarks.len()), (0, 1), "{judged:?}");
    // A chart that leads out of the repository is none.
    fs::remove_file(at("app/Chart.yaml")).unwrap();
    symlink("/etc/hostname", at("app/Chart.yaml")).unwrap();
    assert_eq!(found(folder.path(), &["app/values.yaml"]).0.len(), 1);
}

#[test]
fn folders_as_a_shell_takes_them() {
    for (folder, expected) in [
        ("", "."),
        ("a/b-c_d.e", "a/b-c_d.e"),
        ("a b", "'a b'"),
        ("a'b", r"'a'\''b'"),
        ("-x", "'./-x'"),
        ("$(id)", "'$(id)'"),
    ] {
        assert_eq!(quoted(Path::new(folder)), expected);
    }
}

#[test]
fn kustomizations_beside_no_manifest_and_transformers_written_inline() {
    let folder = repository(&[
        ("a/overlay/Kustomization", "patches: [{path: ../patches/p.yaml}]"),
        ("a/patches/p.yaml", ""),
        ("b/kustomization.yaml", "transformers:\n- |-\n  kind: PatchTransformer\n  path: p.yaml\n"),
        ("b/p.yaml", ""),
        ("c/kustomization.yaml", "generators:\n- |-\n  kind: ConfigMapGenerator\n  files: [data.yaml]\n"),
        ("c/data.yaml", ""),
        ("d/kustomization.yaml", "transformers: [tr]\nresources: [job.yaml]"),
        ("d/job.yaml", ""),
        ("d/tr/kustomization.yaml", "resources: [patch.yaml]"),
        ("d/tr/patch.yaml", "kind: PatchTransformer\npath: tr/p.yaml"),
        ("d/tr/p.yaml", ""),
    ]);
    let (judged, remarks) = found(folder.path(), &["."]);
    let judged: Vec<_> = judged.iter().filter(|name| !name.contains("kustomization")).collect();
    assert_eq!(judged, ["./d/job.yaml", "./d/tr/patch.yaml"]);
    assert_eq!(remarks.len(), 4, "{remarks:?}");
}
