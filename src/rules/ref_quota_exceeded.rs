//! `ref/quota-exceeded`

use super::{levels, quotas};
use crate::engine::{
    Check, Demand, Docs, Example, JobPart, NeighbourKind, Object, Question, QuotaFacts, Rule, RuleContext,
    Severity, Sink, Symptom, amount_text,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::{Kind, Workload, quantity_in_milli};
use jobguard_manifest::FieldPath;

/// Pods that do not fit into what their namespace may use.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/quota-exceeded",
        summary: "a ResourceQuota is too small for a Job's Pods",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A single Pod of the Job requests more than a ResourceQuota of its namespace allows in total, \
               calculated like the API server does (the sum of containers and sidecars, or the largest init \
               container, plus the Pod's overhead; defaults of LimitRanges are applied first), or a quota on \
               `count/jobs.batch` or `count/cronjobs.batch` leaves no room for the object. If the quota allows \
               only some of the Pods that `parallelism` asks for, this is an info. Also reported is a CronJob \
               whose history fills `count/jobs.batch`. What others in the namespace use is not known, and comes \
               on top.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-resource-quotas`.",
        why: "A Pod that does not fit is never created, and the Job waits for it until its deadline, or forever \
              if it has none. If only some fit, the others are created later, and the Job takes longer than \
              `parallelism` suggests; Pods that wait for all of their peers wait forever.",
        examples: &[
            Example::bad(
                "one Pod is too large",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.memory: "4Gi"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        resources:
          requests:
            cpu: 1
            memory: 8Gi
"#,
            ),
            Example::bad(
                "only two of four at once",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.cpu: "4"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 8
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        resources:
          requests:
            cpu: 2
            memory: 1Gi
"#,
            ),
            Example::good(
                "it fits",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.cpu: "4"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 8
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        resources:
          requests:
            cpu: 500m
            memory: 1Gi
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/policy/resource-quotas/"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// A thousandth of one, as amounts are counted.
const ONE: i128 = 1_000;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let kind = NeighbourKind::ResourceQuota;
    let Some(known) = context.known(kind, Question::Within(object.namespace())) else { return };
    for (neighbour, quota, severest) in quotas::near(object, known, context) {
        if let Some((path, message)) = too_few_objects(object, quota) {
            sink.report(path, format!("the ResourceQuota {:?} {message}", neighbour.name))
                .help("raise the quota, or keep fewer of them")
                .about(neighbour.name.clone())
                .at_most(severest);
        }
    }
    let Some(pod) = job.pod() else { return };
    let Some(defaults) = quotas::defaults(object, context) else { return };
    let Some(mut demand) = Demand::of_pod(pod, &defaults) else { return };
    // Scopes go by the class of the Pod, to which an overhead adds nothing.
    let counting: Vec<_> = quotas::counting((object, pod), &demand, known, context).collect();
    if demand.add_overhead(pod).is_none() {
        return;
    }
    for (neighbour, quota, severest) in counting {
        // Of several resources, one Pod too large says more than many Pods.
        let over = quota.hard.iter().filter_map(|(resource, hard)| over(resource, hard, &demand, &job));
        let Some(Over { resource, hard, of_one, fitting, peak }) = over.min_by_key(|over| over.fitting)
        else {
            continue;
        };
        let (name, most) = (&neighbour.name, amount_text(hard));
        if fitting == 0 {
            sink.report(
                job.path("template.spec"),
                format!(
                    "one Pod {}, and the ResourceQuota {name:?} allows only {most} in total: no Pod is created",
                    asks(resource, of_one)
                ),
            )
            .help("request less, or raise the quota")
            .about(name.clone())
            .at_most(severest);
        } else {
            sink.report(
                job.path("parallelism"),
                format!(
                    "{peak} Pods at once {}, and the ResourceQuota {name:?} allows only {most}: at most \
                     {fitting} run at once",
                    ask(resource, of_one.saturating_mul(peak))
                ),
            )
            .help(match job.replicas {
                ..=1 => format!("set parallelism to {fitting} at most, request less, or raise the quota"),
                replicas => {
                    format!(
                        "{replicas} such Jobs run at once: lower replicas or parallelism, request less, or \
                             raise the quota"
                    )
                }
            })
            .about(name.clone())
            .at_most(severest.min(Severity::Info));
        }
    }
}

/// What one Pod asks for, in words.
fn asks(resource: &str, amount: i128) -> String {
    match resource {
        "pods" | "count/pods" => format!("counts for {resource}"),
        _ => format!("requests {} of {resource}", amount_text(amount)),
    }
}

/// What several Pods ask for, in words.
fn ask(resource: &str, amount: i128) -> String {
    match resource {
        "pods" | "count/pods" => format!("count for {resource}"),
        _ => format!("request {} of {resource}", amount_text(amount)),
    }
}

/// A resource of which a quota allows less than the Job's Pods ask for.
struct Over<'a> {
    resource: &'a str,
    hard: i128,
    of_one: i128,
    /// How many Pods fit.
    fitting: i128,
    /// How many Pods there would be.
    peak: i128,
}

fn over<'a>(resource: &'a str, hard: &str, demand: &Demand<'_>, job: &JobPart<'_>) -> Option<Over<'a>> {
    let hard = quantity_in_milli(hard)?;
    let of_one = match resource {
        "pods" | "count/pods" => ONE,
        "cpu" | "memory" | "ephemeral-storage" => *demand.requests.get(resource)?,
        _ => match (resource.strip_prefix("requests."), resource.strip_prefix("limits.")) {
            (Some(resource), _) => *demand.requests.get(resource)?,
            (_, Some(resource)) => *demand.limits.get(resource)?,
            _ => return None,
        },
    };
    let peak = job.peak_pods();
    let fitting = if of_one > 0 { hard.max(0) / of_one } else { i128::MAX };
    (fitting < peak).then_some(Over { resource, hard, of_one, fitting, peak })
}

/// What a quota on the number of objects forbids: the field at fault, and the end of a sentence.
fn too_few_objects(object: &Object, quota: &QuotaFacts) -> Option<(FieldPath, String)> {
    // Scopes are about Pods.
    if !quota.scopes.is_empty() || !quota.scope_expressions.is_empty() {
        return None;
    }
    let most = |resource: &str| quantity_in_milli(quota.hard.get(resource)?);
    let metadata = FieldPath::root().field("metadata").field("name");
    let own = match object.kind() {
        Kind::Job => ("count/jobs.batch", "Jobs"),
        Kind::CronJob => ("count/cronjobs.batch", "CronJobs"),
    };
    if most(own.0).is_some_and(|most| most < ONE) {
        return Some((metadata, format!("allows no {} at all ({})", own.1, own.0)));
    }
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let most = most("count/jobs.batch")?;
    let kept = cron_job.spec.successful_jobs_history_limit.unwrap_or(3).max(0);
    let is_removed = object.job().is_some_and(|job| job.spec.ttl_seconds_after_finished.is_some());
    if most < ONE {
        return Some((metadata, "allows no Jobs at all (count/jobs.batch), so no run is created".to_owned()));
    }
    (!is_removed && most < (i128::from(kept) + 1) * ONE).then(|| {
        (
            FieldPath::root().field("spec").field("successfulJobsHistoryLimit"),
            format!(
                "allows {} Jobs in total (count/jobs.batch), and the {kept} successful Jobs that are kept leave \
                 no room for the next run",
                amount_text(most)
            ),
        )
    })
}
