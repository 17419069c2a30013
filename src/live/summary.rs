//! The summary of an audit, in a ConfigMap: `jobguard audit --summary-config-map`. `jobguard serve` shows it as metrics.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cluster::{
    AuditSummary, MAX_COUNTS, NamespaceCount, ObjectName, ReadError, Reader, Resource, RuleCount,
    SUMMARY_KEY, Written,
};
use crate::diagnostic::{Diagnostic, FileError, Report};
use crate::engine::Severity;
use jiff::Timestamp;
use jobguard_apiserver::KubernetesVersion;
use jobguard_text::plain_within;

/// How many namespaces are listed, those with the most errors.
const NAMESPACES: usize = 100;

/// How many sentences are listed, and how long they are, in characters.
const SENTENCES: usize = 10;
const SENTENCE: usize = 300;

/// How often a ConfigMap is written that somebody else writes to.
const ATTEMPTS: usize = 3;

/// What an audit came to, in few words.
pub fn summarise(
    (report, errors): (&Report, &[FileError]),
    (policy, versions): (&str, &[KubernetesVersion]),
    now: Timestamp,
) -> AuditSummary {
    let mut by_rule: BTreeMap<(&str, Severity), u64> = BTreeMap::new();
    let mut by_namespace: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        *by_rule.entry((diagnostic.rule.id(), diagnostic.severity)).or_default() += 1;
        let position = Severity::ALL.iter().position(|severity| *severity == diagnostic.severity);
        if let (Some(namespace), Some(position)) = (namespace(diagnostic), position) {
            by_namespace.entry(namespace).or_default()[position] += 1;
        }
    }
    let namespaces_with_findings = by_namespace.len() as u64;
    let mut namespaces: Vec<NamespaceCount> = by_namespace
        .into_iter()
        .map(|(namespace, [error, warning, info])| NamespaceCount {
            namespace: plain_within(namespace, SENTENCE),
            error,
            warning,
            info,
        })
        .collect();
    // Stable: equal ones stay in the order of their names.
    namespaces.sort_by_key(|one| std::cmp::Reverse((one.error, one.warning, one.info)));
    namespaces.truncate(NAMESPACES);
    let bounded = |sentences: Vec<String>| -> Vec<String> {
        sentences.iter().take(SENTENCES).map(|one| plain_within(one, SENTENCE)).collect()
    };
    let count = |((rule, severity), count): ((&str, Severity), u64)| RuleCount {
        rule: rule.to_owned(),
        level: severity.as_str().to_owned(),
        count,
    };
    let known = report.baseline.as_ref().map_or(0, |compared| compared.known.len());
    AuditSummary {
        schema_version: 1,
        time: whole_seconds(now).to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        policy: plain_within(policy, SENTENCE),
        kubernetes: versions.iter().map(ToString::to_string).collect(),
        objects: report.objects as u64,
        skipped: (report.suppressed.len() + known) as u64,
        findings: by_rule.into_iter().take(MAX_COUNTS).map(count).collect(),
        namespaces,
        namespaces_with_findings,
        errors: errors.len() as u64,
        error_messages: bounded(errors.iter().map(ToString::to_string).collect()),
        gaps: bounded(report.gaps.clone()),
    }
}

fn namespace(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic.object.as_ref()?.namespace.as_deref()
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Writes the summary into a ConfigMap, which is made where there is none. What else it holds stays.
///
/// # Errors
///
/// The API server cannot be reached, or does not accept the credentials. That it refuses is an error that is returned as
/// a value, like a missing right.
pub async fn write_summary(
    reader: &Reader,
    to: &ObjectName,
    summary: &AuditSummary,
) -> Result<Option<FileError>, ReadError> {
    let resource = Resource::known("", "v1", "ConfigMap", "configmaps");
    let writer = reader.writer();
    let place = (to.namespace.as_str(), to.name.as_str());
    let data = json!({SUMMARY_KEY: summary.to_json()});
    let error = |message| {
        let name = format!("ConfigMap {}/{}", to.namespace, to.name);
        Ok(Some(FileError { name, message }))
    };
    for _ in 0..ATTEMPTS {
        let merged = writer.merge(&resource, place, &json!({"data": data})).await?;
        let written = match merged {
            Written::Missing => {
                let object = json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": to.name,
                        "namespace": to.namespace,
                        "labels": {"app.kubernetes.io/managed-by": "jobguard"},
                    },
                    "data": data,
                });
                writer.create(&resource, place, &object).await?
            }
            merged => merged,
        };
        match written {
            Written::Done => return Ok(None),
            // Made or deleted meanwhile.
            Written::Conflict | Written::Missing => {}
            Written::NamespaceGone => return error(format!("there is no namespace {}", to.namespace)),
            Written::Forbidden(right) => return error(format!("missing right: {right}")),
            Written::NotServed => return error("the API server does not serve ConfigMaps".to_owned()),
            Written::Refused(sentence) => return error(sentence),
        }
    }
    error("it is written to by somebody else".to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;
    use crate::live::fake_api::{FakeApi, Refusal};

    const PATH: &str = "/api/v1/namespaces/ns/configmaps";

    #[tokio::test]
    async fn it_is_merged_into_what_is_there_or_made() {
        let api = FakeApi::default();
        let reader = api.reader().await;
        let to = ObjectName { namespace: "ns".to_owned(), name: "a".to_owned() };
        let summary = AuditSummary { schema_version: 1, objects: 7, ..AuditSummary::default() };
        let write =
            async || write_summary(&reader, &to, &summary).await.unwrap().map(|error| error.to_string());
        assert_eq!(write().await, None);
        assert_eq!(api.writes(), [format!("PATCH {PATH}/a"), format!("POST {PATH}")]);
        let kept = json!({"metadata": {"labels": {"x": "y"}}, "data": {"other": "z", SUMMARY_KEY: "old"}});
        json_patch::merge(api.cluster().objects.get_mut(&format!("{PATH}/a")).unwrap(), &kept);
        assert_eq!(write().await, None);
        assert_eq!(api.writes(), [format!("PATCH {PATH}/a")]);
        let there = api.cluster().objects[&format!("{PATH}/a")].clone();
        assert_eq!(
            there["metadata"]["labels"],
            json!({"app.kubernetes.io/managed-by": "jobguard", "x": "y"})
        );
        assert_eq!(there["data"], json!({"other": "z", SUMMARY_KEY: summary.to_json()}));

        let (of, code) = ((Method::PATCH, PATH), 403);
        let message = "configmaps \"a\" is forbidden: User \"x\" cannot patch resource \"configmaps\"";
        api.cluster().refusals = vec![Refusal { of, code, message, times: None }];
        let missing = "ConfigMap ns/a: missing right: patch configmaps a in namespace ns";
        assert_eq!(write().await.as_deref(), Some(missing));
    }

    #[test]
    fn it_is_bounded() {
        let error = |number: usize| FileError { name: number.to_string(), message: "x".repeat(10_000) };
        let errors: Vec<FileError> = (0..1_000).map(error).collect();
        let gaps = (0..1_000).map(|number| format!("{number}{}", "y".repeat(10_000))).collect();
        let report = Report { objects: 3, gaps, ..Report::default() };
        let now = "2026-11-28T06:00:00.5Z".parse().unwrap();
        let summary = summarise((&report, &errors), ("strict", &[KubernetesVersion::NEWEST]), now);
        assert_eq!(
            (summary.objects, summary.errors, summary.time.as_str()),
            (3, 1_000, "2026-11-28T06:00:00Z")
        );
        let text = summary.to_json();
        assert!(text.len() < 10_000, "{}", text.len());
        assert!(crate::server::ShownSummary::read(Some(&text)).is_ok());
    }
}
