//! `job/peer-dns`

use k8s_openapi::api::core::v1::PodSpec;

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Host names that the Pods' own resolver does not know.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/peer-dns",
        summary: "Pods with a subdomain do not use the cluster's DNS",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network],
        what: "Pods with a `subdomain`, and a DNS configuration without the cluster's DNS: `dnsPolicy: Default` \
               (the node's resolver), `dnsPolicy: None` unless its `dnsConfig.searches` has a domain of Services \
               (`NAMESPACE.svc.DOMAIN`), and `hostNetwork: true` with `dnsPolicy: ClusterFirst`, which then \
               behaves like `Default`.",
        why: "The names that Pods get from a `subdomain` (`JOB-0.SUBDOMAIN`) are short names that exist only in \
              the cluster's DNS. With another resolver they do not resolve, and the Pods cannot find each other.",
        examples: &[
            Example::bad(
                "the node's resolver",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      dnsPolicy: Default
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "the host's network",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      hostNetwork: true
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the cluster's DNS, as by default",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the cluster's DNS on the host's network",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy",
            "https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "has(JOB.template.spec.subdomain) && JOB.template.spec.subdomain != '' && \
         (has(JOB.template.spec.dnsPolicy) && JOB.template.spec.dnsPolicy == 'Default' || \
         has(JOB.template.spec.dnsPolicy) && JOB.template.spec.dnsPolicy == 'None' && \
         !(has(JOB.template.spec.dnsConfig) && has(JOB.template.spec.dnsConfig.searches) && \
         JOB.template.spec.dnsConfig.searches.exists(domain, domain.matches('^[^.]*[.]svc([.]|$)'))) || \
         (!has(JOB.template.spec.dnsPolicy) || JOB.template.spec.dnsPolicy == 'ClusterFirst') && \
         has(JOB.template.spec.hostNetwork) && JOB.template.spec.hostNetwork)",
    )),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (Some(subdomain), Some(pod)) = (job.subdomain(), job.pod()) else { return };
    let on_host = pod.host_network == Some(true);
    let (reason, help) = match pod.dns_policy.as_deref() {
        Some("Default") => ("dnsPolicy Default asks the node's resolver", cluster_dns(on_host)),
        Some("None") if searches_services(pod) => return,
        Some("None") => {
            ("dnsPolicy None asks only the servers in dnsConfig, for full names", cluster_dns(on_host))
        }
        Some("ClusterFirst") | None if on_host => {
            ("with hostNetwork, ClusterFirst asks the node's resolver", cluster_dns(on_host))
        }
        _ => return,
    };
    sink.report(
        job.path("template.spec.dnsPolicy"),
        format!(
            "{reason}, so the short names that the Pods get from the subdomain {subdomain:?} do not resolve"
        ),
    )
    .help(help)
    .related(job.path("template.spec.subdomain"), "the Pods' names end with this");
}

fn cluster_dns(on_host: bool) -> &'static str {
    if on_host {
        "set dnsPolicy: ClusterFirstWithHostNet"
    } else {
        "remove dnsPolicy, or set it to ClusterFirst"
    }
}

/// Whether short names are looked up among the Services: a search domain such as `team.svc.cluster.local`.
fn searches_services(pod: &PodSpec) -> bool {
    let searches = pod.dns_config.as_ref().and_then(|config| config.searches.as_deref()).unwrap_or_default();
    searches.iter().any(|domain| domain.split('.').nth(1) == Some("svc"))
}
