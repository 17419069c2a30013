//! The commands about policies: which policy each finds, and what it says of rules and exceptions of the policy's own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use serde_json::{Value, json};

use crate::outputs::sarif_schema;
use crate::support::policy_folder::{folder, run, run_with};

const BASE: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: base}
spec:
  customRules:
  - id: acme/owner
    level: deny
    expression: has(object.metadata.labels) &&
      'owner' in object.metadata.labels
    message: the object has no owner
  - {id: acme/few-pods, expression: job.podsAtOnce <= 20, match: {namespaces: [etl]}}
";

const TEAM: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: team}
spec:
  extends: base.yaml
  customRules:
  - id: acme/few-pods
    level: info
    expression: job.podsAtOnce <= 10
  rules: {acme/owner: warn}
";

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: load, namespace: etl}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: 'example.com/load:1.0'}]
";

#[test]
fn show_names_the_place_of_a_rule() {
    let target = folder(&[("base.yaml", BASE), ("jobguard.yaml", TEAM)]);
    let (text, errors, _) = run(target.path(), &["policy", "show"]);
    for line in [
        "  acme/owner                         jobguard.yaml:10, instead of deny (base.yaml:6)\n",
        "  acme/few-pods                      jobguard.yaml:7, instead of warn (base.yaml:11)\n",
    ] {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&text).contains(&squeezed(line)), "{line}{text}{errors}");
    }
    let (text, _, _) =
        run(target.path(), &["policy", "show", "--for", "Job/etl/load", "--rule", "acme/owner"]);
    assert!(
        text.contains("expression: has(object.metadata.labels) && 'owner' in object.metadata.labels"),
        "{text}"
    );
    let (json, _, _) = run(target.path(), &["policy", "show", "-f", "json"]);
    let rules = serde_json::from_str::<Value>(&json).unwrap()["rules"].clone();
    assert_eq!(rules["acme/few-pods"]["level"]["origin"], json!({"file": "jobguard.yaml", "line": 7}));
    let level = &rules["acme/owner"]["level"];
    assert_eq!(level["overridden"][0]["origin"], json!({"file": "base.yaml", "line": 6}), "{level}");
    let own = &rules["acme/few-pods"]["customRule"];
    assert_eq!((&own["expression"], &own["line"]), (&json!("job.podsAtOnce <= 10"), &json!(7)), "{own}");
    assert_eq!(rules["job/no-deadline"].get("customRule"), None);
}

#[test]
fn diff_compares_rules_of_the_policies_own() {
    let next = TEAM
        .replace("<= 10\n", "<= 5\n    message: too many\n    match: {kinds: [Job]}\n")
        .replace("level: info", "level: warn")
        .replace(
            "  rules:",
            "  - {id: acme/new, level: deny, expression: 'true', match: {namespaces: [etl]}}\n  rules:",
        );
    let target = folder(&[
        ("base.yaml", BASE),
        ("jobguard.yaml", TEAM),
        ("next.yaml", &next),
        ("other-base.yaml", &BASE.replace("the object has no owner", "nobody owns it")),
        ("other.yaml", &TEAM.replace("base.yaml", "other-base.yaml")),
    ]);
    let (text, _, code) = run(target.path(), &["policy", "diff", "jobguard.yaml", "next.yaml"]);
    assert_eq!(
        text,
        "jobguard.yaml -> next.yaml

rules
  acme/few-pods  info -> warn

customRules
  acme/few-pods match
    + kinds: [Job]
  acme/few-pods expression
    - job.podsAtOnce <= 10
    + job.podsAtOnce <= 5
  acme/few-pods message
    + too many
  acme/new
    + deny for namespaces: [etl]: true
"
    );
    assert_eq!(code, 1);
    // Of a file that is extended, too, and by no other name than the rule's.
    let (text, _, code) = run(target.path(), &["policy", "diff", "jobguard.yaml", "other.yaml"]);
    assert!(
        code == 1
            && text.ends_with(
                "customRules\n  acme/owner message\n    - the object has no owner\n    + nobody owns it\n"
            ),
        "{text}"
    );
    let (text, _, code) = run(target.path(), &["policy", "diff", "base.yaml", "recommended"]);
    assert!(
        code == 1 && text.contains("  acme/owner\n    - deny: has(object.metadata.labels) && "),
        "{text}"
    );
    // In JSON and in files, which are not those that are read.
    let (text, _, code) = run(
        target.path(),
        &["policy", "diff", "jobguard.yaml", "next.yaml", "-o", "json:diff.json", "--output=diff.txt"],
    );
    assert_eq!((text.as_str(), code), ("", 1));
    let json: Value =
        serde_json::from_str(&fs::read_to_string(target.path().join("diff.json")).unwrap()).unwrap();
    let sections: Vec<&str> =
        json["settings"].as_array().unwrap().iter().map(|one| one["section"].as_str().unwrap()).collect();
    assert_eq!(sections, ["rules", "customRules", "customRules", "customRules", "customRules"]);
    assert!(fs::read_to_string(target.path().join("diff.txt")).unwrap().contains("+ too many"));
    let (_, errors, code) =
        run(target.path(), &["policy", "diff", "jobguard.yaml", "next.yaml", "-o", "base.yaml"]);
    assert!(code == 2 && errors.contains("this file is read"), "{errors}");
    assert_eq!(fs::read_to_string(target.path().join("base.yaml")).unwrap(), BASE);
}

#[test]
fn rules_are_shown_as_the_policy_has_them() {
    let target = folder(&[("base.yaml", BASE), ("team.yaml", TEAM)]);
    let (text, _, _) = run(target.path(), &["rules", "--policy", "team.yaml"]);
    let own = text.split("\nrules of policy team").nth(1).unwrap();
    assert!(own.contains("  level  finds\n"), "{text}");
    assert!(own.contains("acme/owner") && own.contains("  warn   the object has no owner\n"), "{own}");
    assert!(
        own.contains("base.yaml:6: has(object.metadata.labels) && 'owner' in object.metadata.labels\n"),
        "{own}"
    );
    assert!(!text.split("\nrules of policy").next().unwrap().contains("acme/"), "{text}");
    let (text, _, _) = run(target.path(), &["rules", "acme/few-pods", "--policy", "team.yaml"]);
    assert!(text.contains("info, a rule of the policy's own: team.yaml:7\n"), "{text}");
    assert!(text.contains("\nExpression\n  job.podsAtOnce <= 10\n") && !text.contains("baseline:"), "{text}");
    let (text, _, _) = run(target.path(), &["rules", "acme/few-pods", "--policy", "base.yaml"]);
    assert!(text.contains("\nFor: namespaces: [etl]\n"), "{text}");
    let (text, _, _) =
        run(target.path(), &["rules", "acme/few-pods", "--policy", "base.yaml", "-f", "markdown"]);
    assert!(text.contains("`warn`, `base.yaml:11`:\n\n```cel\njob.podsAtOnce <= 20\n```\n"), "{text}");
    assert!(!text.contains("recommended") && !text.contains("## What") && !text.contains("\n\n\n"), "{text}");
    let (text, _, _) = run(target.path(), &["rules", "--policy", "team.yaml", "-f", "markdown"]);
    assert!(
        text.contains(
            "| acme/few-pods | what does not satisfy job.podsAtOnce <= 10 | info | team.yaml:7 |\n"
        ),
        "{text}"
    );
    let (text, _, _) = run(target.path(), &["rules", "acme/owner", "--policy", "team.yaml", "-f", "json"]);
    let rule = &serde_json::from_str::<Value>(&text).unwrap()[0];
    assert_eq!((&rule["levels"], &rule["level"]), (&Value::Null, &json!("warn")), "{rule}");
    assert_eq!((&rule["customRule"]["file"], &rule["customRule"]["line"]), (&json!("base.yaml"), &json!(6)));
    let job = JOB.replace("etl}", "etl, annotations: {jobguard.dev/ignore: acme/owner}}");
    fs::write(target.path().join("job.yaml"), job).unwrap();
    let (text, _, _) = run(target.path(), &["lint", "job.yaml"]);
    assert!(
        text.contains("which is not a rule") && text.contains("use that policy: `--policy FILE`"),
        "{text}"
    );
}

/// Each command finds the policy as `lint` does: by its argument, `--policy`, the environment, or the folder.
#[test]
fn policies_are_found_in_one_way() {
    let target = folder(&[("jobguard.yaml", TEAM), ("base.yaml", BASE), ("jobs/job.yaml", JOB)]);
    let below = target.path().join("jobs");
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "kind": {"group": "batch", "version": "v1", "kind": "Job"}, "name": "load",
        "namespace": "etl", "userInfo": {"username": "anna"}, "object": {
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "load", "namespace": "etl", "uid": "u", "creationTimestamp": "2027-01-01T00:00:00Z"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b:1"}]}}},
        }, "oldObject": null,
    }});
    fs::write(below.join("review.json"), review.to_string()).unwrap();
    let commands: &[(&[&str], &str, &str)] = &[
        (&["policy", "check"], "policy team", "policy base"),
        (&["policy", "show", "--rule", "acme/owner"], "policy team:", "policy base:"),
        (&["policy", "diff", "recommended"], "-> ../jobguard.yaml", "-> ../base.yaml"),
        #[cfg(feature = "serve")]
        (&["review", "--validate", "review.json"], "warnings", "\"allowed\": false"),
    ];
    for &(command, found, named) in commands {
        let say = |more: &[&str], environment| {
            let all: Vec<&str> = command.iter().chain(more).copied().collect();
            let (text, errors, _) = run_with(&below, &all, environment);
            format!("{text}{errors}")
        };
        let found = if command.contains(&"diff") { "jobguard.yaml\n" } else { found };
        assert!(say(&[], None).contains(found), "{command:?}: {}", say(&[], None));
        for said in [
            say(&["--policy", "../base.yaml"], None),
            say(&["-p", "../base.yaml"], None),
            say(&[], Some("../base.yaml")),
            say(&["-p", "../base.yaml"], Some("strict")),
        ] {
            assert!(said.contains(named), "{command:?}: {said}");
        }
    }
    // What follows the first policy is a path then.
    let (text, _, code) = run(&below, &["policy", "diff", "recommended", "job.yaml", "-p", "../base.yaml"]);
    assert!(code == 1 && text.contains("+ error acme/owner"), "{text}");
    let (_, errors, code) = run(target.path(), &["policy", "diff", "recommended", "jobs"]);
    assert!(code == 2 && errors.contains("jobs is a folder, not a policy"), "{errors}");
    let (_, errors, code) = run(&below, &["policy", "show", "strict", "-p", "baseline"]);
    assert!(code == 2 && errors.contains("cannot be used with"), "{errors}");
}

/// A review is answered as on a day that is given.
#[cfg(feature = "serve")]
#[test]
fn a_review_has_its_time() {
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: dated}\nspec:\n  rules: {'*': off, job/no-deadline: deny}\n  \
                  exceptions:\n  - {rules: [job/no-deadline], match: {names: [pi]}, reason: slow, until: 2027-01-31}\n";
    let review = include_str!("../../examples/review.json").replace("Always", "Never");
    let target = folder(&[("jobguard.yaml", policy), ("review.json", &review)]);
    let allowed = |now: &str| {
        let (text, errors, _) = run(target.path(), &["review", "--validate", "review.json", "--now", now]);
        let answer: Value = serde_json::from_str(&text).expect(&errors);
        answer["response"]["allowed"].as_bool().unwrap()
    };
    assert_eq!((allowed("2027-01-31"), allowed("2027-02-01")), (true, false));
}

/// What no object of the input is excepted by is said, as far as it can be known.
#[test]
fn exceptions_that_match_nothing() {
    let exception = |name: &str, rule: &str, matching: &str, more: &str| {
        format!("  - {{name: {name}, rules: ['{rule}'], match: {{{matching}}}, reason: agreed{more}}}\n")
    };
    let policy = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: p}}\nspec:\n  rules: {{job/no-deadline: deny}}\n  exceptions:\n{}{}{}{}{}{}{}",
        exception("used", "job/no-deadline", "namespaces: [etl]", ""),
        exception("shadowed", "job/*", "names: [load]", ", until: 2027-06-30"),
        exception("elsewhere", "job/no-deadline", "namespaces: [other]", ""),
        exception("corrected", "pod/privileged", "namespaces: [etl]", ""),
        exception("over", "job/no-deadline", "namespaces: [other]", ", until: 2020-01-01"),
        exception("labelled", "job/no-deadline", "namespaceLabels: {a: b}", ""),
        exception("sent", "job/no-deadline", "users: [anna]", ""),
    );
    let target = folder(&[("jobguard.yaml", &policy), ("jobs/job.yaml", JOB), ("none/other.yaml", "a: 1\n")]);
    let list = |path: &str| {
        let (text, errors, code) =
            run(target.path(), &["policy", "exceptions", path, "--now", "2027-01-01", "-f", "json"]);
        assert_eq!(code, 0, "{errors}");
        let json: Value = serde_json::from_str(&text).unwrap();
        let all = json["exceptions"].as_array().unwrap().iter();
        let mut all: Vec<(String, Value)> =
            all.map(|one| (one["exception"].as_str().unwrap().to_owned(), one["unused"].clone())).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all.into_iter().map(|(name, unused)| format!("{name} {unused}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        list("jobs"),
        "corrected true, elsewhere true, labelled null, over null, sent null, shadowed false, used false"
    );
    assert!(!list("none").contains("true"), "{}", list("none"));
    let (text, _, _) = run(target.path(), &["policy", "exceptions", "jobs", "--now", "2027-01-01"]);
    assert_eq!(text.matches("matches nothing that was read").count(), 2, "{text}");
    assert!(text.ends_with(", 2 matching nothing\n"), "{text}");
}

/// SARIF has what is suppressed where that is asked for, as the standard says.
#[test]
fn sarif_suppressions() {
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec:\n  rules: {'*': off, job/no-deadline: deny, pod/image-tag: warn}\n  \
                  exceptions:\n  - {name: slow, rules: [job/no-deadline], match: {names: [load]}, reason: agreed, until: 2099-01-31}\n";
    let job = JOB
        .replace("etl}", "etl, annotations: {jobguard.dev/ignore: 'pod/image-tag (soon)'}}")
        .replace("load:1.0", "load:latest");
    let target = folder(&[("jobguard.yaml", policy), ("job.yaml", &job)]);
    let results = |more: &[&str]| {
        let all: Vec<&str> = ["lint", "job.yaml", "-f", "sarif"].iter().chain(more).copied().collect();
        let (text, errors, code) = run(target.path(), &all);
        assert_eq!(code, 0, "{errors}");
        let log: Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> = sarif_schema().iter_errors(&log).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    assert!(results(&[]).is_empty());
    let all = results(&["--sarif-suppressions"]);
    let of = |rule: &str| all.iter().find(|result| result["ruleId"] == rule).unwrap()["suppressions"].clone();
    assert_eq!(all.len(), 2);
    assert_eq!(
        of("pod/image-tag"),
        json!([{"kind": "inSource", "status": "accepted", "justification": "soon"}])
    );
    assert_eq!(
        of("job/no-deadline"),
        json!([{
            "kind": "external", "status": "accepted", "justification": "agreed",
            "location": {"physicalLocation": {
                "artifactLocation": {"uri": "jobguard.yaml"}, "region": {"startLine": 7, "startColumn": 5},
            }},
            "properties": {"exception": "slow", "until": "2099-01-31"},
        }])
    );
    assert!(results(&["--sarif-suppressions", "--level", "error"]).len() == 1);
}

/// A recorded review whose parts contradict one another is a mistake of the case, and so is what contradicts it beside it.
#[cfg(feature = "serve")]
#[test]
fn a_recorded_review_contradicts_nothing() {
    let review = include_str!("../../examples/review.json");
    let test = |labels: &str| {
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n  cases:\n  - name: a\n    review: {{file: review.json{labels}}}\n    \
             expect: {{allowed: true}}\n"
        )
    };
    let say = |review: &str, labels: &str| {
        let target = folder(&[("review.json", review), ("a_test.yaml", &test(labels))]);
        let (text, errors, code) = run(target.path(), &["policy", "test"]);
        (format!("{text}{errors}"), code)
    };
    assert_eq!(say(review, "").1, 0, "{}", say(review, "").0);
    assert_eq!(say(review, ", namespaceLabels: {kubernetes.io/metadata.name: default}").1, 0);
    let (said, code) = say(review, ", namespaceLabels: {kubernetes.io/metadata.name: prod}");
    assert!(code == 2 && said.contains("the recorded review is of the namespace \"default\""), "{said}");
    for (from, to, why) in [
        (
            "\"namespace\": \"default\",\n    \"userInfo\"",
            "\"namespace\": \"etl\",\n    \"userInfo\"",
            "its namespace is \"etl\"",
        ),
        ("\"CREATE\"", "\"DELETE\"", "its operation is DELETE, and it has an object"),
        ("\"CREATE\"", "\"UPDATE\"", "its operation is UPDATE, and it has no oldObject"),
        ("\"name\": \"pi\",\n    \"namespace\"", "\"name\": \"e\",\n    \"namespace\"", "its name is \"e\""),
    ] {
        let (said, code) = say(&review.replace(from, to), "");
        assert!(code == 2 && said.contains(why) && said.contains("a_test.yaml:6"), "{why}: {said}");
    }
}
