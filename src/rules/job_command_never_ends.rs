//! `job/command-never-ends`

use super::{job_no_deadline, levels};
use crate::command::NeverEnds;
use crate::engine::{Check, Docs, Example, Object, Precedence, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A Job whose work has no end.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/command-never-ends",
        summary: "the command never ends, so the Job never completes",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NeverCompletes],
        what: "A Job none of whose containers ends by itself: the command is `tail -f`, `sleep infinity` or a \
               loop without an exit, or the image is that of a server and no other command is given. A Job with \
               `activeDeadlineSeconds` is not reported: it is taken for a Pod that is meant to be used \
               interactively for some time.",
        why: "A Job completes when its Pods have ended. This one never does, and holds its CPU and memory until \
              somebody deletes it. Work that goes on forever belongs in a Deployment.",
        examples: &[
            Example::bad(
                "sleeps forever",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: toolbox
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: toolbox
        image: busybox:1.36
        command: ["sh", "-c", "tail -f /dev/null"]
"#,
            ),
            Example::good(
                "for an hour",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: toolbox
spec:
  backoffLimit: 1
  activeDeadlineSeconds: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: toolbox
        image: busybox:1.36
        command: ["sh", "-c", "tail -f /dev/null"]
"#,
            ),
            Example::good(
                "sleeps only if the work fails, for debugging",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: import
        image: example.com/import:1.0
        command: ["sh", "-c", "/app/import || sleep infinity"]
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverRules(&[&job_no_deadline::RULE])],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    if job.spec.active_deadline_seconds.is_some() || job.pod_deadline().is_some() {
        return;
    }
    let plain = || job.containers().filter(|part| !part.is_init());
    let Some(first) = plain().next() else { return };
    let mut all = plain().map(|part| {
        if part.restarts_forever() { None } else { NeverEnds::of(part.container, std::iter::empty()) }
    });
    let Some(Some(why)) = all.next() else { return };
    if all.any(|why| why.is_none()) {
        return;
    }
    let (path, what) = match why.word() {
        Some(word) => (first.path_of_word(word), "command"),
        None => (first.path("image"), "container"),
    };
    let message = format!("this {what} never ends ({}), so the Job never completes", why.reason());
    sink.report(path, message).help(
        "make the command exit when its work is done; set activeDeadlineSeconds if it should run for a limited \
         time, or use a Deployment",
    );
}
