//! `pod/script-not-executable`

use super::levels;
use crate::command::{CommandLine, Kind, MountedFile, SetBy, Volumes, Word, programs_run};
use crate::engine::{Check, Docs, Example, Fix, JobPart, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A script that nobody may execute.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/script-not-executable",
        summary: "a script from a ConfigMap is run directly, and is not executable",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Command],
        what: "A command that is a file of a ConfigMap or a Secret, in a volume (`configMap`, `secret`, `projected`; mounted as a \
               whole or by `subPath`) that gives its files no execute permission: `defaultMode` is 0644 where nothing is \
               said. So is one that a script behind `sh -c` runs in any case. A shell or another interpreter that is given \
               the file (`sh /scripts/backup.sh`) only reads it.",
        why: "The container cannot be started: `permission denied`, for root too. Each retry fails in the same \
              way. `chmod` is no help, since such a volume is read-only.",
        examples: &[
            Example::bad(
                "mode 0644",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backup
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: scripts
        configMap:
          name: backup-scripts
      containers:
      - name: backup
        image: example.com/tools:7
        command: ["/scripts/backup.sh"]
        volumeMounts:
        - name: scripts
          mountPath: /scripts
"#,
            ),
            Example::good(
                "mode 0755",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backup
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: scripts
        configMap:
          name: backup-scripts
          defaultMode: 0755
      containers:
      - name: backup
        image: example.com/tools:7
        command: ["/scripts/backup.sh"]
        volumeMounts:
        - name: scripts
          mountPath: /scripts
"#,
            ),
            Example::good(
                "read by a shell",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backup
spec:
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: scripts
        configMap:
          name: backup-scripts
      containers:
      - name: backup
        image: example.com/tools:7
        command: ["sh", "/scripts/backup.sh"]
        volumeMounts:
        - name: scripts
          mountPath: /scripts
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/",
            "https://kubernetes.io/docs/concepts/storage/volumes/#configmap",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The permissions to execute, of whomever.
const EXECUTE: i32 = 0o111;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(pod) = job.pod().filter(|pod| pod.volumes.as_ref().is_some_and(|volumes| !volumes.is_empty()))
    else {
        return;
    };
    let volumes = Volumes::of(pod);
    for part in job.containers() {
        if part.container.volume_mounts.as_ref().is_none_or(Vec::is_empty) {
            continue;
        }
        let line = CommandLine::of(part.container);
        let run = files_run(&line).into_iter().find_map(|(word, path)| {
            let file = volumes.file(part.container, &path)?;
            (file.mode & EXECUTE == 0).then_some((word, file))
        });
        let Some((word, file)) = run else { continue };
        let (path, fix) = mode_of(&job, &file);
        let report = sink
            .report(
                part.path_of_word(word),
                format!(
                    "this is a file of a {} whose mode is {:04o}, so it cannot be executed: permission denied",
                    file.kind, file.mode
                ),
            )
            .help("set defaultMode: 0755 of the volume (mode, where its item has one), or have the script read by its \
                   interpreter, as in sh /scripts/backup.sh")
            .related(path, "the file's mode comes from here");
        if let Some(fix) = fix {
            report.fix(fix);
        }
    }
}

/// The files that a command line runs in any case, each with the word that names it.
fn files_run<'a>(line: &CommandLine<'a>) -> Vec<(Word<'a>, String)> {
    let Some(invocation) = line.invocation() else { return Vec::new() };
    match invocation.kind {
        Kind::Program => {
            line.word(invocation.program).map(|word| (word, word.text.to_owned())).into_iter().collect()
        }
        Kind::Script { script, .. } => line.word(script).map_or_else(Vec::new, |word| {
            programs_run(word.text).into_iter().map(|program| (word, program)).collect()
        }),
        Kind::NoScript | Kind::File { .. } | Kind::Input => Vec::new(),
    }
}

/// Where a file gets its mode from, and what makes it executable.
fn mode_of(job: &JobPart<'_>, file: &MountedFile) -> (FieldPath, Option<Fix>) {
    let volume = job.path("template.spec.volumes").index(file.volume);
    let source = match (file.kind, file.is_projected) {
        (_, true) => volume.field("projected"),
        ("Secret", _) => volume.field("secret"),
        _ => volume.field("configMap"),
    };
    let path = match file.set_by {
        SetBy::Volume => source.field("defaultMode"),
        SetBy::Item(item) => source.field("items").index(item).field("mode"),
        SetBy::ItemOfSource(at, item) => {
            let of = if file.kind == "Secret" { "secret" } else { "configMap" };
            source.field("sources").index(at).field(of).field("items").index(item).field("mode")
        }
    };
    // An execute bit for each read bit.
    let mode = file.mode | (file.mode & 0o444) >> 2;
    let title = format!("set the mode to {mode:04o}, which is {mode} in base ten");
    let fix = (mode & EXECUTE != 0).then(|| Fix::set(Safety::Safe, title, path.clone(), mode));
    (path, fix)
}
