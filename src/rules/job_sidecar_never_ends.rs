//! `job/sidecar-never-ends`

use jobguard_apiserver::Gate;

use super::levels;
use crate::command::{NeverEnds, may_be_ended};
use crate::engine::{
    Check, ContainerPart, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

/// A container beside the work that goes on when that is done.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/sidecar-never-ends",
        summary: "a sidecar in a regular container keeps the Job from completing",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "images",
            summary: "More images whose containers never end by themselves: the last parts of their paths, such as \
                      acme/log-shipper, or all of a path behind =.",
            kind: OptionKind::Strings { default: &[] },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::NeverCompletes],
        what: "A container under `containers` that never ends by itself, beside others that may: a proxy (Cloud SQL Auth \
               Proxy, Envoy, Istio, Linkerd, PgBouncer ...), a log shipper or another agent (Fluent Bit, Fluentd, \
               Filebeat, Vector, Promtail, the OpenTelemetry Collector ...), a server that the work needs (PostgreSQL, \
               Redis, Selenium, the Docker daemon ...), or one whose command cannot end, such as `tail -f`, \
               `sleep infinity` or a `while true` without an exit. The option `images` adds to the list of known \
               images. \
               Under `initContainers`, where it keeps the containers after it from starting, it is reported too.\n\n\
               Nothing is reported if something may end it: another container calls `/quitquitquit` or a similar \
               end point \
               or is wrapped by `linkerd-await`, scuttle or kubexit, the containers share their processes \
               (`shareProcessNamespace`), the proxy's own flags allow for it (`--quitquitquit`), or a loop \
               checks for a file and exits.",
        why: "A Pod succeeds when each of its containers has ended, so the Job never completes, although its work is done. \
              It runs until its `activeDeadlineSeconds`, and then fails. Runs of a CronJob pile up, or, with \
              `concurrencyPolicy: Forbid`, the first one blocks all others.\n\n\
              A native sidecar (Kubernetes 1.29 and later, stable in 1.33) is an init container with `restartPolicy: \
              Always`: it starts before the others, runs beside them, and is stopped when they have ended.",
        examples: &[
            Example::bad(
                "the proxy outlives the work",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 1
  activeDeadlineSeconds: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: migrate
        image: example.com/shop:1.0
        args: ["migrate"]
      - name: sql-proxy
        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1
        args: ["--port=5432", "acme:europe-west1:shop"]
"#,
            ),
            Example::good(
                "a native sidecar",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 1
  activeDeadlineSeconds: 3600
  template:
    spec:
      restartPolicy: Never
      initContainers:
      - name: sql-proxy
        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1
        args: ["--port=5432", "acme:europe-west1:shop"]
        restartPolicy: Always
      containers:
      - name: migrate
        image: example.com/shop:1.0
        args: ["migrate"]
"#,
            ),
            Example::bad(
                "your own log shipper",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
spec:
  schedule: "15 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/report:1.0
            volumeMounts: [{name: logs, mountPath: /logs}]
          - name: logs
            image: busybox:1.36
            command: ["sh", "-c", "tail -F /logs/report.log"]
            volumeMounts: [{name: logs, mountPath: /logs}]
          volumes:
          - name: logs
            emptyDir: {}
"#,
            ),
            Example::good(
                "a log shipper that checks whether the work is done",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
spec:
  schedule: "15 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/report:1.0
            volumeMounts: [{name: logs, mountPath: /logs}]
          - name: logs
            image: busybox:1.36
            command: ["sh", "-c", "tail -F /logs/report.log & until test -f /logs/done; do sleep 1; done"]
            volumeMounts: [{name: logs, mountPath: /logs}]
          volumes:
          - name: logs
            emptyDir: {}
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase",
            "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let listed = || context.strings("images");
    let has_sidecars = context.server().on(Gate::SidecarContainers);
    let parts = || job.containers().filter(|part| !part.is_sidecar());
    // A plain container that is alone is the work itself.
    if parts().nth(1).is_none() && parts().all(|part| !part.is_init()) {
        return;
    }
    let judged = parts().map(|part| {
        // A rule of its own is about those that are restarted for ever.
        let why = if part.restarts_forever() { None } else { NeverEnds::of(part.container, listed()) };
        (part, why)
    });
    let (init, plain): (Vec<_>, Vec<_>) = judged.partition(|(part, _)| part.is_init());
    for (part, why) in init.iter().filter_map(|(part, why)| Some((part, why.as_ref()?))) {
        let report = sink.report(
            place(part, why),
            format!("{}: as a plain init container it keeps those after it from starting", why.reason()),
        );
        if has_sidecars {
            report
                .help("set restartPolicy: Always of this init container, which makes it a native sidecar")
                .fix(into_sidecar(part));
        } else {
            report.help("an init container must end before the next one starts: let its command end");
        }
    }
    // Where no container ends, it is the work itself that does not.
    if plain.iter().all(|(_, why)| why.is_some()) || may_be_ended(job.template()) {
        return;
    }
    let piles_up = object.cron().is_some_and(|cron| cron.allows_overlap());
    let effect = if piles_up {
        "as a plain container it keeps each run from completing, and the runs pile up"
    } else {
        "as a plain container it keeps the Job from completing"
    };
    let never_end = || plain.iter().filter_map(|(part, why)| Some((part, why.as_ref()?)));
    // They keep their order only if they move at once.
    let moved: Vec<&ContainerPart<'_>> = never_end()
        .map(|(part, _)| part)
        .filter(|part| has_sidecars && part.container.restart_policy.is_none())
        .take(MAX_MOVED)
        .collect();
    for (part, why) in never_end() {
        let report =
            sink.report(place(part, why), format!("{}: {effect}", why.reason())).help(remedy(has_sidecars));
        if moved.iter().any(|other| other.index == part.index) {
            report.fix(move_to_init(
                &moved,
                job.path("template.spec.containers"),
                job.path("template.spec.initContainers"),
            ));
        }
    }
}

/// How many containers are moved at once, at most.
const MAX_MOVED: usize = 32;

/// What to do about a plain container that never ends.
fn remedy(has_sidecars: bool) -> &'static str {
    if has_sidecars {
        "move the container to initContainers and set its restartPolicy: Always: a native sidecar is stopped when the \
         others have ended"
    } else {
        "let the work end it: by its end point for that (/quitquitquit, say), by a file that both look at, or by a signal \
         with shareProcessNamespace: true; native sidecars need Kubernetes 1.29"
    }
}

/// What shows that a container never ends.
fn place(part: &ContainerPart<'_>, why: &NeverEnds<'_>) -> FieldPath {
    why.word().map_or_else(|| part.path("image"), |word| part.path_of_word(word))
}

/// At the end of the init containers they start, as they do now, when those before them have ended.
fn move_to_init(moved: &[&ContainerPart<'_>], list: FieldPath, to: FieldPath) -> Fix {
    let with = vec![("restartPolicy".to_owned(), "Always".into())];
    let indices = moved.iter().map(|part| part.index).collect();
    let title = match moved {
        [_] => "move the container to initContainers with restartPolicy: Always",
        _ => "move the containers that never end to initContainers with restartPolicy: Always",
    };
    Fix::new(Safety::Unsafe, title, Edit::Transfer { list, indices, to, with })
}

fn into_sidecar(part: &ContainerPart<'_>) -> Fix {
    let path = part.path("restartPolicy");
    let edit = match part.container.restart_policy {
        Some(_) => Edit::Set { path, value: "Always".into() },
        None => Edit::Insert { path, value: "Always".into() },
    };
    Fix::new(Safety::Unsafe, "set restartPolicy to Always", edit)
}
