//! Reports in a cluster of the size of a test.

use std::sync::Arc;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::build::Found;
use super::keep::{NoApi, keep};
use super::model::Api;
use super::tally::{Kept, Mode};
use crate::cluster::Reader;
use crate::diagnostic::{Compared, Diagnostic, ObjectId, Region, Report, SuppressedDiagnostic};
use crate::engine::{Severity, Suppressed, SuppressedBy};
use crate::live::fake_api::{FakeApi, Refusal};
use crate::live::judge::JudgedInCluster;
use crate::rules::registry;

const OPEN_REPORTS: (&str, &str) = ("/apis/openreports.io/v1alpha1", "reports");
const POLICY_REPORT: (&str, &str) = ("/apis/wgpolicyk8s.io/v1alpha2", "policyreports");

fn at(day: i8) -> Timestamp {
    format!("2026-11-{day:02}T06:00:00Z").parse().unwrap()
}

fn object(namespace: &str, name: &str) -> JudgedInCluster {
    let id = ObjectId {
        api_version: "batch/v1".to_owned(),
        kind: "CronJob".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
    };
    JudgedInCluster { id: Arc::new(id), uid: format!("uid-{namespace}-{name}") }
}

fn finding(object: &JudgedInCluster, rule: &str, severity: Severity, message: &str) -> Diagnostic {
    Diagnostic {
        rule: registry().rules().iter().find(|one| one.id() == rule).unwrap(),
        severity,
        message: message.to_owned(),
        help: Some("do something".to_owned()),
        fix: None,
        change: None,
        file: Arc::from("cluster:dev"),
        template: None,
        region: Region::NONE,
        object: Some(Arc::clone(&object.id)),
        path: jobguard_manifest::FieldPath::default().field("spec").field("schedule"),
        named_path: None,
        cause: None,
        related: Vec::new(),
        excerpt: None,
        versions: None,
    }
}

/// What was found of objects `a/one` (an error and a warning), `b/two` (an info) and `b/three` (nothing).
struct Case {
    judged: Vec<JudgedInCluster>,
    report: Report,
    passed: bool,
    mode: Mode,
}

impl Case {
    fn new() -> Self {
        let judged = vec![object("a", "one"), object("b", "two"), object("b", "three")];
        let diagnostics = vec![
            finding(&judged[0], "cron/overlap", Severity::Warning, "it overlaps"),
            finding(&judged[0], "api/schedule", Severity::Error, "it is \u{202e}wrong"),
            finding(&judged[1], "cron/deadline-missing", Severity::Info, "there is none"),
        ];
        let report = Report { diagnostics, ..Report::default() };
        Self { judged, report, passed: false, mode: Mode::Write }
    }

    async fn keep(&self, reader: &Reader, api: Api, now: Timestamp) -> Kept {
        let found = Found {
            report: &self.report,
            judged: &self.judged,
            policy: "recommended",
            least: Severity::Info,
            passed: self.passed,
        };
        keep(reader, &found, (api, self.mode, now)).await.unwrap()
    }
}

fn path(namespace: &str, name: &str) -> String {
    format!("{}/namespaces/{namespace}/reports/jobguard-cronjob-uid-{namespace}-{name}", OPEN_REPORTS.0)
}

fn sentences(kept: &Kept) -> Vec<&str> {
    kept.errors.iter().map(|error| error.message.as_str()).collect()
}

#[tokio::test]
async fn a_report_says_what_was_found_and_whose_it_is() {
    let api = FakeApi::serving(&[OPEN_REPORTS, POLICY_REPORT]);
    let reader = api.reader().await;
    let kept = Case::new().keep(&reader, Api::OpenReports, at(1)).await;
    assert!(kept.errors.is_empty());
    assert_eq!(
        kept.sentence,
        "reports (openreports.io/v1alpha1 Report): 2 created, 0 changed, 0 deleted; 0 as they were"
    );
    let mut report = api.cluster().objects[&path("a", "one")].clone();
    for field in ["uid", "resourceVersion"] {
        report["metadata"].as_object_mut().unwrap().remove(field);
    }
    let docs = |rule: &str| format!("{}/blob/main/docs/rules/{rule}.md", env!("CARGO_PKG_REPOSITORY"));
    let timestamp = json!({"seconds": at(1).as_second(), "nanos": 0});
    assert_eq!(
        report,
        json!({
            "apiVersion": "openreports.io/v1alpha1",
            "kind": "Report",
            "metadata": {
                "name": "jobguard-cronjob-uid-a-one",
                "namespace": "a",
                "labels": {"app.kubernetes.io/managed-by": "jobguard"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "one", "uid": "uid-a-one"}],
            },
            "source": "jobguard",
            "scope": {"apiVersion": "batch/v1", "kind": "CronJob", "namespace": "a", "name": "one", "uid": "uid-a-one"},
            "summary": {"pass": 0, "fail": 1, "warn": 1, "error": 0, "skip": 0},
            "results": [
                {
                    "policy": "recommended", "rule": "api/schedule", "category": "api", "severity": "high",
                    "result": "fail", "scored": true, "message": "it is \u{fffd}wrong", "timestamp": timestamp,
                    "properties": {
                        "level": "error", "path": "spec.schedule", "help": "do something", "docs": docs("api/schedule"),
                    },
                },
                {
                    "policy": "recommended", "rule": "cron/overlap", "category": "cron", "severity": "medium",
                    "result": "warn", "scored": false, "message": "it overlaps", "timestamp": timestamp,
                    "properties": {
                        "level": "warning", "path": "spec.schedule", "help": "do something", "docs": docs("cron/overlap"),
                    },
                },
            ],
        })
    );
}

#[tokio::test]
async fn what_has_not_changed_is_not_written() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(api.writes().len(), 2);
    // Others may add labels.
    let theirs = json!({"metadata": {"labels": {"team": "x"}, "annotations": {"y": "z"}}});
    json_patch::merge(api.cluster().objects.get_mut(&path("a", "one")).unwrap(), &theirs);
    let kept = case.keep(&reader, Api::OpenReports, at(2)).await;
    assert!(
        kept.sentence.ends_with(": 0 created, 0 changed, 0 deleted; 2 as they were"),
        "{}",
        kept.sentence
    );
    assert_eq!(api.writes(), [""; 0]);

    case.report.diagnostics[0].message = "it overlaps more".to_owned();
    let kept = case.keep(&reader, Api::OpenReports, at(3)).await;
    assert!(kept.sentence.contains(": 0 created, 1 changed, 0 deleted; 1 as"), "{}", kept.sentence);
    assert_eq!(api.writes(), [format!("PATCH {}", path("a", "one"))]);
    let report = api.cluster().objects[&path("a", "one")].clone();
    let times: Vec<&Value> =
        report["results"].as_array().unwrap().iter().map(|one| &one["timestamp"]["seconds"]).collect();
    // What is the same was found first on the first day.
    assert_eq!(times, [at(1).as_second(), at(3).as_second()]);
    assert_eq!(
        (&report["metadata"]["labels"]["team"], &report["metadata"]["annotations"]["y"]),
        (&json!("x"), &json!("z"))
    );

    // What somebody has changed is put right, and what cannot be read is written anew.
    for change in
        [json!({"summary": {"fail": 0}}), json!({"results": [{"policy": 1}]}), json!({"results": null})]
    {
        json_patch::merge(api.cluster().objects.get_mut(&path("a", "one")).unwrap(), &change);
        case.keep(&reader, Api::OpenReports, at(4)).await;
        assert_eq!(api.writes(), [format!("PATCH {}", path("a", "one"))], "{change}");
        assert_eq!(api.cluster().objects[&path("a", "one")]["summary"], report["summary"]);
    }
}

#[tokio::test]
async fn what_is_stale_is_deleted_and_what_is_not_known_stays() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.keep(&reader, Api::OpenReports, at(1)).await;
    let put = |name: &str, change: Value| {
        let mut report = api.cluster().objects[&path("a", "one")].clone();
        report["metadata"]["name"] = json!(name);
        report["metadata"]["uid"] = json!(format!("of-{name}"));
        json_patch::merge(&mut report, &change);
        let place = format!("{}/namespaces/a/reports/{name}", OPEN_REPORTS.0);
        api.cluster().objects.insert(place.clone(), report);
        place
    };
    // Of an object that was not judged this time; of one that is gone without it; and somebody else's.
    let unseen = put("jobguard-job-unseen", json!({}));
    let orphan = put("jobguard-job-orphan", json!({"metadata": {"ownerReferences": null}}));
    let foreign = put("other", json!({"metadata": {"ownerReferences": null}}));
    case.report.diagnostics.retain(|one| one.severity == Severity::Info);
    api.writes();
    let kept = case.keep(&reader, Api::OpenReports, at(2)).await;
    assert!(kept.sentence.contains(": 0 created, 0 changed, 2 deleted; 1 as"), "{}", kept.sentence);
    let mut writes = api.writes();
    writes.sort_unstable();
    assert_eq!(writes, [format!("DELETE {}", path("a", "one")), format!("DELETE {orphan}")]);
    assert!(api.cluster().objects.contains_key(&unseen) && api.cluster().objects.contains_key(&foreign));
}

#[tokio::test]
async fn what_does_not_count_is_skipped_and_what_is_clean_passes_where_asked() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.passed = true;
    let why = Suppressed { by: SuppressedBy::Annotation, reason: Some("we know".into()), until: None };
    let diagnostic = case.report.diagnostics.remove(0);
    case.report.suppressed = vec![SuppressedDiagnostic { diagnostic, why: Arc::new(why) }];
    let known = case.report.diagnostics.remove(0);
    case.report.baseline = Some(Compared { known: vec![known], ..Compared::default() });
    case.report.diagnostics[0] = Diagnostic {
        rule: registry().rules().iter().find(|one| one.id() == "manifest/too-large").unwrap(),
        ..case.report.diagnostics[0].clone()
    };
    case.keep(&reader, Api::OpenReports, at(1)).await;
    let report = |namespace, name| api.cluster().objects[&path(namespace, name)].clone();
    let skipped = report("a", "one");
    assert_eq!(skipped["summary"], json!({"pass": 0, "fail": 0, "warn": 0, "error": 0, "skip": 2}));
    assert_eq!(skipped["results"][0]["properties"]["skipped"], "baseline");
    assert_eq!(skipped["results"][1]["properties"]["skipped"], "annotation: we know");
    assert_eq!(skipped["results"][1]["result"], "skip");
    assert_eq!(report("b", "two")["results"][0]["result"], "error");
    let passed = report("b", "three");
    assert_eq!(passed["summary"], json!({"pass": 1, "fail": 0, "warn": 0, "error": 0, "skip": 0}));
    assert_eq!(passed["results"][0]["result"], "pass");
    // Without the wish, what is clean has none.
    case.passed = false;
    api.writes();
    case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(api.writes(), [format!("DELETE {}", path("b", "three"))]);
}

#[tokio::test]
async fn others_may_write_meanwhile() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    let refuse = |method: Method, code: u16, times: Option<usize>| {
        let (of, message) = ((method, OPEN_REPORTS.0), "not now");
        api.cluster().refusals = vec![Refusal { of, code, message, times }];
    };
    // Busy, then not any more.
    refuse(Method::POST, 429, Some(3));
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert!(kept.errors.is_empty() && kept.sentence.contains(": 2 created"), "{kept:?}");
    // Somebody has taken the label away: the report is not listed, and is there all the same.
    let unlabelled = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
    json_patch::merge(api.cluster().objects.get_mut(&path("a", "one")).unwrap(), &unlabelled);
    let kept = case.keep(&reader, Api::OpenReports, at(2)).await;
    assert!(kept.sentence.contains(": 0 created, 1 changed, 0 deleted; 1 as"), "{}", kept.sentence);
    // It was changed between the list and the write.
    case.report.diagnostics[0].message = "it overlaps more".to_owned();
    refuse(Method::PATCH, 409, Some(1));
    let kept = case.keep(&reader, Api::OpenReports, at(3)).await;
    assert!(kept.errors.is_empty() && kept.sentence.contains(": 0 created, 1 changed"), "{kept:?}");
    // Somebody writes all the time.
    case.report.diagnostics[0].message = "it overlaps less".to_owned();
    refuse(Method::PATCH, 409, None);
    let kept = case.keep(&reader, Api::OpenReports, at(4)).await;
    assert_eq!(
        sentences(&kept),
        ["report jobguard-cronjob-uid-a-one in namespace a is written to by somebody else"]
    );
    // It was deleted between the list and the write.
    refuse(Method::PATCH, 404, Some(1));
    let place = path("a", "one");
    let kept = case.keep(&reader, Api::OpenReports, at(4)).await;
    assert!(kept.errors.is_empty(), "{kept:?}");
    assert!(api.cluster().objects.contains_key(&place));
    // Its namespace goes.
    refuse(Method::POST, 403, None);
    api.cluster().refusals[0].message = "namespace a is being terminated";
    api.cluster().objects.clear();
    let kept = case.keep(&reader, Api::OpenReports, at(5)).await;
    assert!(kept.errors.is_empty() && kept.sentence.contains(": 0 created"), "{kept:?}");
}

#[tokio::test]
async fn missing_rights_are_a_sentence_each() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.judged.extend((0..40).map(|number| object("a", &number.to_string())));
    for object in &case.judged[3..] {
        case.report.diagnostics.push(finding(object, "cron/overlap", Severity::Warning, "it overlaps"));
    }
    let of = (Method::POST, "/apis/openreports.io/v1alpha1/namespaces/a/");
    let message =
        "reports.openreports.io is forbidden: User \"x\" cannot create resource \"reports\" in API group";
    api.cluster().refusals = vec![Refusal { of, code: 403, message, times: None }];
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(sentences(&kept), ["missing right: create reports.openreports.io in namespace a"]);
    // Those that were under way with the first, and no more.
    let tried = api.writes().iter().filter(|write| write.contains("/namespaces/a/")).count();
    assert!((1..=8).contains(&tried), "{tried}");
    assert!(api.cluster().objects.contains_key(&path("b", "two")));

    // A quota is no right.
    api.cluster().refusals[0].message = "exceeded quota: few, requested: count/reports.openreports.io=1";
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(kept.errors.len(), 11);
    assert!(kept.errors[0].message.contains("exceeded quota: few"), "{kept:?}");
    assert_eq!(kept.errors[10].message, "31 more reports that could not be written");

    let of = (Method::GET, OPEN_REPORTS.0);
    api.cluster().refusals = vec![Refusal { of, code: 403, message: "cannot list", times: None }];
    api.writes();
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(sentences(&kept), ["missing right: list reports.openreports.io in all namespaces"]);
    assert_eq!(api.writes(), [""; 0]);
}

#[tokio::test]
async fn nothing_goes_on_without_hope() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.judged = (0..400).map(|number| object("a", &number.to_string())).collect();
    let of = |object| finding(object, "cron/overlap", Severity::Warning, "it overlaps");
    case.report.diagnostics = case.judged.iter().map(of).collect();
    api.cluster().refusals = vec![Refusal { of: (Method::POST, "/"), code: 422, message: "no", times: None }];
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert_eq!(kept.errors.last().unwrap().message, "390 more reports that could not be written");
    assert!((100..=108).contains(&api.writes().len()));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    case.keep(&reader, Api::OpenReports, at(1)).await;
    case.report.diagnostics.remove(2);
    case.report.diagnostics[0].message.push('!');
    case.report.diagnostics.push(finding(&case.judged[2], "cron/overlap", Severity::Warning, "it overlaps"));
    case.mode = Mode::DryRun;
    api.writes();
    let kept = case.keep(&reader, Api::OpenReports, at(2)).await;
    assert!(
        kept.sentence.ends_with(": would be 1 created, 1 changed, 1 deleted; 0 as they were"),
        "{}",
        kept.sentence
    );
    assert_eq!(api.writes(), [""; 0]);
}

#[tokio::test]
async fn the_other_api_has_the_source_in_results() {
    let api = FakeApi::serving(&[POLICY_REPORT]);
    let reader = api.reader().await;
    let found = Api::find(&reader, None).await.unwrap();
    assert_eq!(found, Api::PolicyReport);
    let case = Case::new();
    case.keep(&reader, found, at(1)).await;
    let place = format!("{}/namespaces/a/policyreports/jobguard-cronjob-uid-a-one", POLICY_REPORT.0);
    let report = api.cluster().objects[&place].clone();
    assert_eq!((&report["kind"], &report["source"]), (&json!("PolicyReport"), &Value::Null));
    assert_eq!(report["results"][0]["source"], "jobguard");
    api.writes();
    case.keep(&reader, found, at(2)).await;
    assert_eq!(api.writes(), [""; 0]);
}

#[tokio::test]
async fn which_api_there_is() {
    let both = FakeApi::serving(&[OPEN_REPORTS, POLICY_REPORT]).reader().await;
    assert_eq!(Api::find(&both, None).await.unwrap(), Api::OpenReports);
    assert_eq!(Api::find(&both, Some(Api::PolicyReport)).await.unwrap(), Api::PolicyReport);
    let none = FakeApi::default().reader().await;
    let said = |error: NoApi| error.to_string();
    let error = said(Api::find(&none, None).await.unwrap_err());
    assert!(
        error.contains("does not serve an API for reports; install the CRD (https://openreports.io)"),
        "{error}"
    );
    let error = said(Api::find(&none, Some(Api::PolicyReport)).await.unwrap_err());
    assert!(
        error.contains("policyreports.wgpolicyk8s.io v1alpha2") && error.contains("wg-policy"),
        "{error}"
    );
}

#[tokio::test]
async fn reports_are_bounded() {
    let api = FakeApi::serving(&[OPEN_REPORTS]);
    let reader = api.reader().await;
    let mut case = Case::new();
    let odd = JudgedInCluster { uid: format!("{}/../\u{e9}", "U".repeat(300)), ..object("b", "odd") };
    for number in 0..1_000 {
        let message = format!("{number} {}", "\u{1f600}".repeat(5_000));
        case.report.diagnostics.push(finding(&odd, "cron/overlap", Severity::Warning, &message));
        let message = format!("{number} is wrong");
        case.report.diagnostics.push(finding(&case.judged[0], "api/schedule", Severity::Error, &message));
    }
    case.judged.push(odd);
    let kept = case.keep(&reader, Api::OpenReports, at(1)).await;
    assert!(kept.errors.is_empty());
    let objects = api.cluster().objects.clone();
    let (_, large) = objects.iter().find(|(place, _)| place.contains("cronjob-uuu")).unwrap();
    let (bytes, name) = (large.to_string().len(), large["metadata"]["name"].as_str().unwrap());
    assert!((200_000..300_000).contains(&bytes), "{bytes}");
    assert!(name.len() < 128 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
    let many = &objects[&path("a", "one")];
    assert_eq!((&many["summary"]["fail"], &many["summary"]["warn"]), (&json!(1_001), &json!(1)));
    let results = many["results"].as_array().unwrap();
    assert_eq!(results.len(), 201);
    assert!(
        results[200]["message"].as_str().unwrap().starts_with("802 more results left out"),
        "{}",
        results[200]
    );
    // As bounded as it is, it is the same in the next run.
    api.writes();
    case.keep(&reader, Api::OpenReports, at(2)).await;
    assert_eq!(api.writes(), [""; 0]);
}
