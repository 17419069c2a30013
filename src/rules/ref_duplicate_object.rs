//! `ref/duplicate-object`

use std::collections::{HashMap, HashSet};

use super::everywhere;
use crate::engine::{
    Check, Docs, Example, Fact, InputCheck, InputSink, Object, Rule, RuleContext, Seen, Severity, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Kind;
use jobguard_manifest::FieldPath;

/// The same object twice.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/duplicate-object",
        summary: "the same object is defined twice in the input",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect, Symptom::Refused],
        what: "Two manifests in the input have the same kind, namespace and name. Only the linter can find this, \
               because it needs all manifests at once; the webhook skips the rule.\n\n\
               Manifests without a namespace go to whichever namespace they are applied to. If two of them are \
               in different folders (one for each cluster, for example) they may be different objects, and this \
               is only an info. Objects with `generateName` get a new name each time.",
        why: "If both are applied, the second overwrites the first: one of the two CronJobs, usually a copy \
              whose name was not changed, never runs. For a Job the API server refuses the second one, if its \
              Pod template differs.",
        examples: &[
            Example::bad(
                "a copy that kept its name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 4 * * *"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
            Example::good(
                "each has its own name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: weekly-backup
spec:
  schedule: "15 4 * * 0"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/weekly-backup:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"],
    },
    check: Check::Input(InputCheck { keep, judge }),
    precedence: &[],
    cel: None,
};

/// The longest name that an object can have, in characters; more is not shown.
const NAME: usize = 253;

/// What makes an object the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Identity {
    kind: Kind,
    namespace: Option<String>,
    name: String,
}

fn keep(object: &Object, _: &RuleContext<'_>) -> Option<Fact> {
    let metadata = object.metadata();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if given(&metadata.generate_name).is_some() {
        return None;
    }
    let namespace = given(&metadata.namespace);
    Some(Box::new(Identity { kind: object.kind(), namespace, name: given(&metadata.name)? }))
}

fn judge(seen: &[Seen<'_>], sink: &mut InputSink<'_>) {
    let identified = || seen.iter().filter_map(|seen| Some((seen, seen.fact::<Identity>()?)));
    // Nearly all stand there once, and are not looked at again.
    let mut once = HashSet::with_capacity(seen.len());
    let again: HashSet<&Identity> =
        identified().map(|(_, identity)| identity).filter(|identity| !once.insert(*identity)).collect();
    drop(once);
    let mut anywhere: HashMap<&Identity, &Seen<'_>> = HashMap::new();
    let mut beside: HashMap<(&Identity, &str), &Seen<'_>> = HashMap::new();
    for (seen, identity) in identified().filter(|(_, identity)| again.contains(identity)) {
        let here = (identity, folder(seen.file()));
        let neighbour = beside.get(&here).copied();
        // A namesake in the same folder is applied with it; one elsewhere only perhaps.
        let certain = identity.namespace.is_some() || neighbour.is_some();
        if let Some(first) = neighbour.or(anywhere.get(identity).copied()) {
            let kind = identity.kind.as_str();
            let name: String = identity.name.chars().take(NAME).collect();
            let place = match &identity.namespace {
                Some(namespace) => {
                    format!(" in namespace {}", namespace.chars().take(NAME).collect::<String>())
                }
                None => String::new(),
            };
            let if_together = if certain { "" } else { ", if both go to the same namespace" };
            let reported = sink.report(
                seen,
                FieldPath::root().field("metadata").field("name"),
                format!(
                    "{kind} {name}{place} is already defined at {}:{}{if_together}",
                    first.file(),
                    first.line()
                ),
            );
            if let Some(reported) = reported {
                let reported = if certain { reported } else { reported.at_most(Severity::Info) };
                reported.help(
                    "give it another name or namespace, or remove one of the two: if both are applied, \
                               one is lost",
                );
            }
        }
        beside.entry(here).or_insert(seen);
        anywhere.entry(identity).or_insert(seen);
    }
}

/// The folder of a file.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}
