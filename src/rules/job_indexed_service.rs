//! `job/indexed-service`

use std::collections::BTreeMap;

use super::levels;
use crate::engine::{
    Check, Docs, Example, JobPart, Known, NeighbourKind, NeighbourSource, Object, Rule, RuleContext,
    ServiceFacts, Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::{CONTROLLER_UID_LABELS, JOB_NAME_LABELS};

/// Pods of an Indexed Job that cannot find each other.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/indexed-service",
        summary: "an Indexed Job's subdomain needs a headless Service that selects its Pods",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network],
        what: "An Indexed Job whose Pods have a `subdomain`, so that they can reach each other by name \
               (`JOB-0.SUBDOMAIN`). This needs a Service of that name in the same namespace, headless \
               (`clusterIP: None`), whose selector matches the Job's Pods: by their own labels, or by `job-name` \
               or `batch.kubernetes.io/job-name` with the Job's name (which Pods of a Job with `manualSelector: \
               true` do not get).\n\n\
               The linter looks at the manifests it is given; if there is no Service at all among them, this is \
               only an info. The webhook looks in the cluster, if it is configured to watch Services.",
        why: "Without the Service the names do not resolve. Each Pod waits for peers that it cannot find, until \
              the deadline ends the Job.",
        examples: &[
            Example::bad(
                "the Service has a cluster IP",
                r#"apiVersion: v1
kind: Service
metadata:
  name: ring
spec:
  selector:
    job-name: train
---
apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: train
        image: example.com/train:7
"#,
            ),
            Example::bad(
                "no Service in the input",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: train
        image: example.com/train:7
"#,
            ),
            Example::good(
                "headless, and selects the Job's Pods",
                r#"apiVersion: v1
kind: Service
metadata:
  name: ring
spec:
  clusterIP: None
  selector:
    job-name: train
---
apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: train
        image: example.com/train:7
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/",
            "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// From which age on knowledge of the cluster is called old, in seconds. A watch that breaks and stands again within
/// that time has missed next to nothing.
const OLD_SECONDS: i64 = 60;
/// The label whose value is each Pod's index.
const INDEX_LABEL: &str = "batch.kubernetes.io/job-completion-index";

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(JobPart::is_indexed) else { return };
    if object.maker().is_some_and(|maker| maker.makes_service) {
        return;
    }
    let Some(subdomain) = job.pod().and_then(|pod| pod.subdomain.as_deref()).filter(|name| !name.is_empty())
    else {
        return;
    };
    let Some(services) = context.neighbours(NeighbourKind::Service) else { return };
    let path = job.path("template.spec.subdomain");
    let remedy = format!(
        "add a Service named {subdomain} with clusterIP: None and the selector {}",
        selector(object, &job)
    );
    let Some(Known { source, index, lost, .. }) = services.known() else {
        sink.report(
            path,
            format!(
                "the Pods reach each other only through a headless Service named {subdomain:?}, and there is \
                     no Service in the input"
            ),
        )
        .help(format!("make sure that it exists, or lint its manifest too: {remedy}"))
        .at_most(Severity::Info);
        return;
    };
    // What may have changed since is no reason to refuse anything.
    let old = lost
        .map(|lost| context.now().as_second().saturating_sub(lost.as_second()))
        .filter(|age| *age >= OLD_SECONDS);
    let severest = if old.is_some() { Severity::Warning } else { Severity::Error };
    let as_of = match old {
        Some(age) => format!(" (as of {} minutes ago)", age / 60),
        None => String::new(),
    };
    let candidates: Vec<&ServiceFacts> =
        index.find(subdomain, object.namespace()).filter_map(|neighbour| neighbour.facts.service()).collect();
    if candidates.is_empty() {
        let place = match (source, object.namespace()) {
            (NeighbourSource::Input, None) => "among the files given".to_owned(),
            (NeighbourSource::Input, Some(namespace)) => {
                format!("for namespace {namespace} among the files given")
            }
            (NeighbourSource::Cluster, namespace) => {
                format!("in namespace {}", namespace.unwrap_or("default"))
            }
        };
        sink.report(
            path,
            format!("there is no Service named {subdomain:?} {place}, so the Pods cannot find each other by name{as_of}"),
        )
        .help(remedy)
        .at_most(severest);
        return;
    }
    // The same name may stand in several files, one for each environment: one that serves is enough.
    let faults: Vec<Fault> =
        candidates.iter().filter_map(|service| fault(subdomain, service, object, &job)).collect();
    if faults.len() < candidates.len() {
        return;
    }
    if let Some(fault) = faults.into_iter().next() {
        sink.report(path, format!("the Service {subdomain:?} {}{as_of}", fault.message))
            .help(fault.help)
            .at_most(severest);
    }
}

struct Fault {
    message: String,
    help: String,
}

/// Why `service` does not give the Job's Pods their names.
fn fault(name: &str, service: &ServiceFacts, object: &Object, job: &JobPart<'_>) -> Option<Fault> {
    let wanted = selector(object, job);
    if service.external {
        return Some(Fault {
            message: "has type ExternalName, an alias for another host: it selects no Pods".to_owned(),
            help: format!("add another Service, with clusterIP: None and the selector {wanted}"),
        });
    }
    if !service.headless {
        return Some(Fault {
            message: "has a cluster IP, so the Pods get no DNS names of their own".to_owned(),
            help: format!("set clusterIP: None in the Service {name}"),
        });
    }
    if service.selector.is_empty() {
        return Some(Fault {
            message: "has no selector, so it finds none of the Job's Pods".to_owned(),
            help: format!("give it the selector {wanted}"),
        });
    }
    let nothing = BTreeMap::new();
    let labels = job.template().metadata.as_ref().and_then(|meta| meta.labels.as_ref()).unwrap_or(&nothing);
    service.selector.labels.iter().find_map(|(key, value)| {
        let mismatch =
            |message: String| Some(Fault { message, help: format!("give it the selector {wanted}") });
        if JOB_NAME_LABELS.contains(&key.as_str()) && !has_own_selector(job) {
            match fixed_name(object, job) {
                Some(name) if name == value => None,
                Some(name) => mismatch(format!("selects {key}: {value}, but the Job is named {name}")),
                None => mismatch(format!("selects {key}: {value}, but each Job has a different name")),
            }
        } else if CONTROLLER_UID_LABELS.contains(&key.as_str()) && !has_own_selector(job) {
            mismatch(format!("selects {key}, which is different for every Job"))
        } else if key == INDEX_LABEL {
            mismatch(format!("selects {key}: {value}, which is one Pod only"))
        } else {
            match labels.get(key) {
                Some(found) if found == value => None,
                Some(found) => mismatch(format!(
                    "selects {key}: {value}, but the Pod template's label is {key}: {found}"
                )),
                None => {
                    mismatch(format!("selects {key}: {value}, a label that the Pod template does not have"))
                }
            }
        }
    })
}

/// Whether the API server leaves the Pods' labels as they are, and adds none of its own.
fn has_own_selector(job: &JobPart<'_>) -> bool {
    job.spec.manual_selector == Some(true)
}

/// The Job's name, if it can be known: a CronJob's Jobs, and generated names, each have their own.
fn fixed_name<'a>(object: &'a Object, job: &JobPart<'_>) -> Option<&'a str> {
    let metadata = object.metadata();
    let name = metadata.name.as_deref().filter(|name| !name.is_empty())?;
    let prefix = metadata.generate_name.as_deref().filter(|prefix| !prefix.is_empty());
    let generated = prefix.is_some_and(|prefix| name.starts_with(prefix));
    (!job.of_cron_job && !generated).then_some(name)
}

/// A selector that would match the Job's Pods, as text.
fn selector(object: &Object, job: &JobPart<'_>) -> String {
    match fixed_name(object, job).filter(|_| !has_own_selector(job)) {
        Some(name) => format!("job-name: {name}"),
        None => match job.template().metadata.as_ref().and_then(|meta| meta.labels.as_ref()?.iter().next()) {
            Some((key, value)) => format!("{key}: {value}"),
            None => "app: NAME, with the same label in the Pod template".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::{CronJob, Job};
    use serde_json::json;

    use super::*;
    use crate::engine::Selector;
    use jobguard_apiserver::Workload;

    fn service(selector: &[(&str, &str)]) -> ServiceFacts {
        ServiceFacts {
            headless: true,
            external: false,
            named_ports: false,
            selector: Selector {
                labels: selector.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                ..Selector::default()
            },
        }
    }

    fn job() -> Object {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"name": "train"},
            "spec": {"template": {"metadata": {"labels": {"app": "train"}}}}
        }))
        .unwrap();
        Object::prepared(Workload::Job(Box::new(job)))
    }

    fn message(service: &ServiceFacts, object: &Object) -> Option<String> {
        fault("ring", service, object, &object.job().unwrap()).map(|fault| fault.message)
    }

    #[test]
    fn selectors() {
        let job = job();
        assert_eq!(message(&service(&[("job-name", "train")]), &job), None);
        assert_eq!(
            message(&service(&[("batch.kubernetes.io/job-name", "train"), ("app", "train")]), &job),
            None
        );
        for (selector, words) in [
            (&[][..], "no selector"),
            (&[("job-name", "tarin")], "the Job is named train"),
            (&[("app", "other")], "the Pod template's label is app: train"),
            (&[("tier", "x")], "does not have"),
            (&[("controller-uid", "x")], "different for every Job"),
            (&[("batch.kubernetes.io/job-completion-index", "0")], "one Pod only"),
        ] {
            let said = message(&service(selector), &job).unwrap();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_job_with_a_selector_of_its_own_adds_no_labels() {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"name": "train"},
            "spec": {"manualSelector": true, "template": {"metadata": {"labels": {"app": "train"}}}}
        }))
        .unwrap();
        let object = Object::prepared(Workload::Job(Box::new(job)));
        assert_eq!(message(&service(&[("app", "train")]), &object), None);
        let said = message(&service(&[("job-name", "train")]), &object).unwrap();
        assert!(said.contains("does not have"), "{said}");
    }

    #[test]
    fn another_host_has_no_pods() {
        let external = ServiceFacts { external: true, ..service(&[("job-name", "train")]) };
        assert!(message(&external, &job()).unwrap().contains("ExternalName"));
    }

    #[test]
    fn a_cron_jobs_jobs_have_no_fixed_name() {
        let cron_job: CronJob = serde_json::from_value(json!({
            "metadata": {"name": "train"},
            "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {}}}}
        }))
        .unwrap();
        let object = Object::prepared(Workload::CronJob(Box::new(cron_job)));
        assert!(
            message(&service(&[("job-name", "train")]), &object).unwrap().contains("has a different name")
        );
    }
}
