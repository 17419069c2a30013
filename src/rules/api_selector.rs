//! `api/selector`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Finding, Precedence, Related, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::{CONTROLLER_UID_LABELS, JOB_NAME_LABELS, Topic};
use jobguard_manifest::Segment;

/// Selector is set by hand, or does not match the Pod template.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/selector",
        summary: "selector is set by hand, or does not match the Pod template",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "The API server generates a Job's `selector`. To set your own, also set `manualSelector: true`, \
               and give the Pod template labels that match it.",
        why: "The API server refuses the object. With `manualSelector: true` it accepts a selector that is not \
              unique, and then two Jobs count each other's Pods as their own.",
        examples: &[
            Example::bad(
                "a selector set by hand",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  selector:
    matchLabels:
      app: nightly
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "no selector: the API server generates it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Selector)),
    precedence: &[Precedence::Merges(name_once)],
    cel: None,
};

/// How many labels are shown beside the finding that stands for all.
const SHOWN: usize = 4;

/// A selector and labels that are copied from another Job are one mistake: keeps one of these findings, that of the
/// selector where there is one, with the others beside it, and returns those.
fn name_once(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let is_selector = |finding: &Finding| {
        matches!(finding.path.segments(), [Segment::Field(spec), Segment::Field(selector)]
            if spec == "spec" && selector == "selector")
    };
    let is_own_label = |finding: &Finding| {
        matches!(finding.path.segments().last(), Some(Segment::Key(key))
            if JOB_NAME_LABELS.contains(&key.as_ref()) || CONTROLLER_UID_LABELS.contains(&key.as_ref()))
    };
    let is_copied =
        |finding: &Finding| finding.rule == &RULE && (is_selector(finding) || is_own_label(finding));
    let candidates = findings.iter().filter(|finding| is_copied(finding));
    // What refuses stands for what only warns.
    let Some(main) = candidates.max_by_key(|finding| (finding.severity, is_selector(finding))) else {
        return Vec::new();
    };
    let main = main.path.clone();
    let (copied, mut kept): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(|finding| is_copied(finding) && finding.path != main);
    if let Some(main) = kept.iter_mut().find(|finding| is_copied(finding)) {
        main.related.extend(
            copied
                .iter()
                .take(SHOWN)
                .map(|finding| Related { path: finding.path.clone(), message: "this label too".to_owned() }),
        );
    }
    *findings = kept;
    copied
}
