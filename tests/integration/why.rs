//! `jobguard why`: each bundle of `tests/why/` is a situation, whose reason the file is named after, and `*.not.yaml` one that
//! looks near and has another cause. `*.txt` is what people read of it.
//!
//! `JOBGUARD_BLESS=1 cargo test --test integration why::` writes the texts; then read them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::Command;
use jiff::Timestamp;
use jobguard::live::why::bundle::{Collected, read, write};
use jobguard::live::why::{
    Answer, Certainty, Known, TargetRef, TextStyle, answer, write_html, write_json, write_markdown,
    write_text,
};
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use proptest::prelude::*;
use serde_json::Value;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| load::preset(Preset::Strict, registry().catalog()).unwrap());

/// A bundle, and what is asked about it in its first line.
struct Case {
    name: String,
    path: PathBuf,
    text: String,
    target: TargetRef,
    now: Timestamp,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    files.into_iter().map(Case::of).collect()
});

impl Case {
    fn of(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let asked = text.lines().next().unwrap().strip_prefix("# jobguard why ").unwrap();
        let (target, now) = asked.split_once(" --now ").unwrap();
        let (target, now) = (target.parse().unwrap(), now.parse().unwrap());
        Self { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), path, text, target, now }
    }

    fn answer(&self) -> Answer {
        answer_on(&self.text, &self.target, Some(self.now)).unwrap()
    }
}

fn answer_on(text: &str, target: &TargetRef, now: Option<Timestamp>) -> Result<Answer, String> {
    let mut known = Known::about(target);
    let bundle = read(text, |kind, object| known.add(kind, &object)).map_err(|error| error.to_string())?;
    bundle.read.iter().for_each(|kind| known.was_read(*kind));
    answer(&known, target, None, now, &POLICY).map_err(|error| error.to_string())
}

fn ids(answer: &Answer) -> Vec<&'static str> {
    answer.reasons.iter().map(|reason| reason.id).collect()
}

fn text_of(answer: &Answer) -> String {
    let mut out = Vec::new();
    write_text(answer, TextStyle { color: false, width: 100 }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_reason_is_told_and_its_counterpart_is_not() {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in CASES.iter() {
        reasons.insert(&case.name, ids(&case.answer()));
    }
    let mut wrong = Vec::new();
    for (name, found) in reasons.iter().filter(|(name, _)| !name.ends_with(".not")) {
        let Some(id) = found.iter().filter(|id| name.starts_with(**id)).max_by_key(|id| id.len()) else {
            wrong.push(format!("{name}: {found:?}"));
            continue;
        };
        let other = format!("{name}.not");
        match reasons.get(other.as_str()) {
            None => wrong.push(format!("{other} is not there")),
            Some(found) if found.contains(id) => wrong.push(format!("{other}: {found:?}")),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_people_read() {
    let mut wrong = Vec::new();
    for case in CASES.iter() {
        let text = text_of(&case.answer());
        let path = case.path.with_extension("txt");
        if std::env::var_os("JOBGUARD_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(case.name.as_str());
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100 || !line.trim().contains(' ')), "{text}");
    }
    assert!(wrong.is_empty(), "JOBGUARD_BLESS=1 writes what comes out, which has changed: {wrong:?}");
}

#[test]
fn each_reason_that_is_certain_has_evidence_and_each_problem_a_change() {
    for case in CASES.iter() {
        let answer = case.answer();
        assert!(!answer.reasons.is_empty() && !answer.summary.is_empty(), "{}", case.name);
        for reason in &answer.reasons {
            assert!(!reason.evidence.is_empty(), "{}: {}", case.name, reason.id);
            assert!(!reason.text.ends_with('.'), "{}: {}", case.name, reason.text);
        }
        let (problems, others): (Vec<_>, Vec<_>) =
            answer.reasons.iter().partition(|reason| reason.change.is_some());
        let order: Vec<Certainty> = problems.iter().map(|reason| reason.certainty).collect();
        assert!(order.is_sorted(), "{}: {order:?}", case.name);
        let order: Vec<bool> = others.iter().map(|reason| reason.certainty == Certainty::Possible).collect();
        assert!(order.is_sorted(), "{}: guesses are not last: {order:?}", case.name);
        assert!(answer.reasons.iter().is_sorted_by_key(|reason| reason.change.is_none()), "{}", case.name);
    }
}

/// The bundle that is written of a bundle.
fn rewritten(case: &Case) -> String {
    let (mut known, mut collected) = (Known::about(&case.target), Collected::default());
    read(&case.text, |kind, object| {
        known.add(kind, &object);
        collected.add(kind, &object);
    })
    .unwrap();
    let mut out = Vec::new();
    write(&collected, &known, (&case.target, None), case.now, &mut out).unwrap().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_bundle_that_is_written_tells_the_same() {
    for case in CASES.iter() {
        let text = rewritten(case);
        assert_eq!(text, rewritten(case));
        let again = answer_on(&text, &case.target, Some(case.now)).unwrap();
        assert_eq!(ids(&again), ids(&case.answer()), "{}", case.name);
        assert!(!text.contains("elsewhere") && !text.contains("\"other\""), "{text}");
    }
}

/// Everything that is written of an answer, of which nothing steers a terminal.
fn write_all(answer: &Answer) {
    let mut out = Vec::new();
    write_text(answer, TextStyle { color: false, width: 80 }, &mut out).unwrap();
    write_markdown(answer, &mut out).unwrap();
    write_html(answer, &mut out).unwrap();
    write_json(answer, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let steers =
        |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}';
    assert!(!text.contains(steers), "{text:?}");
}

/// A change of a value somewhere in an object.
fn mutate(value: &mut Value, path: &[u8], with: &Value) {
    let Some((step, rest)) = path.split_first() else {
        *value = with.clone();
        return;
    };
    let step = usize::from(*step);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(step % map.len()).unwrap().clone();
            match (rest.is_empty(), with.is_null()) {
                (true, true) => drop(map.remove(&key)),
                _ => mutate(&mut map[&key], rest, with),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let length = list.len();
            mutate(&mut list[step % length], rest, with);
        }
        other => *other = with.clone(),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::from(i64::MAX)),
        Just(Value::from(i64::MIN)),
        Just(Value::from(-1)),
        Just(Value::from(0)),
        Just(Value::from("\u{1b}[31m\u{202e}x\u{200b}<script>")),
        Just(Value::from("")),
        Just(Value::from("9999-12-30T22:00:00Z")),
        Just(Value::from("-009999-01-02T01:59:59Z")),
        Just(Value::from("@every 1s")),
        Just(Value::from("* * * * *")),
        Just(Value::from("True")),
        Just(Value::from("Forbid")),
        Just(Value::from("Failed")),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!([{ "name": "main" }])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_panics(
        number in 0_usize..1_000,
        changes in prop::collection::vec((prop::collection::vec(0_u8..12, 2..9), any_value()), 1..6),
        now in prop_oneof![Just(None), Just(Some(Timestamp::MAX)), Just(Some(Timestamp::MIN)), Just(Some(Timestamp::UNIX_EPOCH))],
    ) {
        let case = &CASES[number % CASES.len()];
        let documents = jobguard::manifest::read(&case.text);
        let tree = documents[0].content.as_ref().unwrap();
        let mut list = tree.to_value(tree.root());
        for (path, with) in &changes {
            let items = list["items"].as_array_mut().unwrap();
            let at = usize::from(path[0]) % items.len();
            mutate(&mut items[at], &path[1..], with);
        }
        if let Ok(answer) = answer_on(&list.to_string(), &case.target, now.or(Some(case.now)).filter(|_| number % 3 > 0)) {
            write_all(&answer);
        }
    }

    #[test]
    fn nothing_panics_on_damaged_texts(number in 0_usize..1_000, from in 0_usize..6_000, length in 0_usize..200, with in "[ -:{}\\[\\]\"a\n]{0,4}") {
        let case = &CASES[number % CASES.len()];
        let mut bytes = case.text.clone().into_bytes();
        let from = from % bytes.len();
        let until = (from + length).min(bytes.len());
        bytes.splice(from..until, with.into_bytes());
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(answer) = answer_on(&text, &case.target, Some(case.now)) {
            write_all(&answer);
        }
    }
}

/// The program in the repository's folder: standard output, standard error, exit status.
fn why(arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .env_remove("COLUMNS")
        .env("KUBECONFIG", "no/such/kubeconfig")
        .arg("why")
        .args(arguments);
    let output = command.write_stdin(input).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn formats_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (html, markdown) = (format!("html:{}", path("a.html")), format!("markdown:{}", path("a.md")));
    let bundle = "tests/why/cron-blocked.yaml";
    let (out, err, status) =
        why(&["cj/nightly", "--bundle", bundle, "-o", "json", "-o", &html, "-o", &markdown], "");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["reasons"][0]["id"], "cron-blocked");
    // The newest time in the bundle, and so it is said.
    assert_eq!((&json["now"], &json["nowIsNewestKnown"]), (&"2027-03-10T11:50:00Z".into(), &true.into()));
    let html = fs::read_to_string(path("a.html")).unwrap();
    assert!(
        html.contains("<svg") && html.contains("script-src 'none'") && !html.contains("<script"),
        "{html}"
    );
    assert!(
        fs::read_to_string(path("a.md"))
            .unwrap()
            .starts_with("## CronJob nightly has not started the run that is due; an earlier")
    );

    // The same on standard input; and what is written of it answers the same.
    let text = fs::read_to_string(bundle).unwrap();
    let written = path("bundle.json");
    let (from_stdin, _, status) =
        why(&["nightly", "--bundle", "-", "-f", "json", "--write-bundle", &written], &text);
    assert_eq!((from_stdin, status), (out, Some(0)));
    let (out, err, status) = why(&["cronjob/nightly", "--bundle", &written, "-n", "shop"], "");
    assert!(err.is_empty() && status == Some(0) && out.contains("[cron-blocked]"), "{out}{err}");
}

#[test]
fn the_line_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("nightly.yaml");
    fs::write(
        &manifest,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nightly}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly\nspec:\n  suspend: true\n",
    )
    .unwrap();
    let arguments = ["cj/nightly", "--bundle", "tests/why/cron-suspended.yaml", "--manifest"];
    let (out, err, status) = why(&[&arguments[..], &[manifest.to_str().unwrap()]].concat(), "");
    assert!(err.is_empty() && status == Some(0), "{err}");
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        joined.contains("spec.suspend of CronJob nightly,") && joined.contains("nightly.yaml:10:3"),
        "{out}"
    );
    let (_, err, status) = why(&[&arguments[..], &["tests/why/job-complete.yaml"]].concat(), "");
    assert!(err.contains("CronJob nightly is not in what it names") && status == Some(0), "{err}");
}

#[test]
fn what_cannot_be_answered() {
    let suspended = "tests/why/cron-suspended.yaml";
    let (out, err, status) = why(&["cj/nightl", "--bundle", suspended], "");
    assert_eq!((out.as_str(), status), ("", Some(2)));
    assert!(err.contains("there is no CronJob nightl in what was read; is it cronjob/nightly?"), "{err}");
    let (_, err, status) = why(&["nightly", "-n", "other", "--bundle", suspended], "");
    assert!(err.contains("is it cronjob/nightly in namespace shop") && status == Some(2), "{err}");
    let two = fs::read_to_string(suspended).unwrap().replace("namespace: shop", "namespace: two")
        + "---\n"
        + &fs::read_to_string(suspended).unwrap();
    let (_, err, status) = why(&["nightly", "--bundle", "-"], &two);
    assert!(
        err.contains("cronjob/nightly in namespace two, cronjob/nightly in namespace shop")
            && status == Some(2),
        "{err}"
    );
    for (arguments, part) in [
        (&["pod/x", "--bundle", suspended][..], "name a CronJob or a Job"),
        (&["cj/x", "--bundle", "no/such/file"], "cannot read --bundle no/such/file"),
        (&["cj/x", "--bundle", "Cargo.toml"], "there is no Kubernetes object in it"),
        (&["cj/x"], "kubeconfig"),
        (&["cronjob", "nightly", "--bundle", suspended], "error: write cronjob/nightly\n"),
        (&["nightly", "weekly", "--bundle", suspended], "error: name one object: cronjob/NAME or job/NAME\n"),
        (&["cj/nightly", "x", "y", "--bundle", suspended], "error: name one object"),
        #[cfg(feature = "cluster")]
        (&["cj/nightly", "--bundle", suspended, "--context", "x"], "cannot be used with"),
        // A name that is not alike is not named.
        (
            &["job/ttl", "--bundle", "tests/why/job-complete.yaml"],
            "there is no Job ttl in what was read. It may have been",
        ),
        (
            &["job/migrat", "--bundle", "tests/why/job-complete.yaml"],
            "is it job/migrate? It may have been there before",
        ),
        (&["cj/ttl", "--bundle", suspended], "there is no CronJob ttl in what was read\n"),
    ] {
        let (out, err, status) = why(arguments, "");
        assert!(out.is_empty() && status == Some(2) && err.contains(part), "{arguments:?}: {err}");
    }
}

/// What a cluster has once, a bundle may have twice: as it was, and as it was later.
#[test]
fn the_last_of_an_object_counts() {
    let (was, is) = ("tests/why/cron-suspended.yaml", "tests/why/cron-suspended.not.yaml");
    let (was, is) = (fs::read_to_string(was).unwrap(), fs::read_to_string(is).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("bundle.json").display().to_string();
    for (first, last, is_suspended) in [(&was, &is, false), (&is, &was, true), (&was, &was, true)] {
        let text = format!("{first}---\n{last}");
        let (out, err, status) = why(&["cj/nightly", "--bundle", "-", "--write-bundle", &written], &text);
        assert!(err.is_empty() && status == Some(0), "{err}");
        assert_eq!(out.contains("[cron-suspended]"), is_suspended, "{out}");
        let (out, ..) = why(&["cj/nightly", "--bundle", &written], "");
        assert_eq!(out.contains("[cron-suspended]"), is_suspended, "{out}");
        assert_eq!(
            fs::read_to_string(&written)
                .unwrap()
                .matches("\"creationTimestamp\": \"2027-03-01T09:00:00Z\"")
                .count(),
            1
        );
    }
}

#[test]
fn a_bundle_in_utf_16() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.yaml");
    let text = fs::read_to_string("tests/why/cron-suspended.yaml").unwrap();
    for (mark, bytes_of) in
        [([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]), ([0xfe, 0xff], u16::to_be_bytes)]
    {
        let bytes = text.encode_utf16().flat_map(bytes_of);
        fs::write(&path, mark.into_iter().chain(bytes).collect::<Vec<u8>>()).unwrap();
        let (out, err, status) = why(&["cj/nightly", "--bundle", path.to_str().unwrap()], "");
        assert!(out.is_empty() && status == Some(2) && err.contains("it is UTF-16"), "{err}");
    }
    // A mark at the beginning of UTF-8 is none of it.
    fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let (out, err, status) = why(&["cj/nightly", "--bundle", path.to_str().unwrap()], "");
    assert!(out.contains("[cron-suspended]") && status == Some(0), "{err}");
}

/// Of a Job that is gone, events may tell.
#[test]
fn a_job_that_was_there() {
    let text = fs::read_to_string("tests/why/cron-suspended.yaml").unwrap();
    let event = "---\napiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: shop}\ninvolvedObject: {kind: Job, name: ttl}\n\
                 reason: Completed\nlastTimestamp: \"2027-03-10T11:00:00Z\"\n";
    let (_, err, status) = why(&["job/ttl", "--bundle", "-"], &format!("{text}{event}"));
    assert_eq!(status, Some(2));
    assert!(
        err.contains("There was a Job of that name (event Completed at 2027-03-10 11:00 UTC): a Job that has ended is removed by"),
        "{err}"
    );
}

#[test]
fn missing_rights_are_told() {
    let header = "apiVersion: jobguard.dev/v1alpha1\nkind: WhyBundle\nwrittenAt: \"2027-03-10T12:00:00Z\"\n\
                  unread: {Event: no right to list events in namespace shop}\n---\n";
    let text = format!("{header}{}", fs::read_to_string("tests/why/cron-controller-away.yaml").unwrap());
    let (out, err, status) = why(&["cj/nightly", "--bundle", "-"], &text);
    assert!(err.is_empty() && status == Some(0), "{err}");
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        joined.contains(
            "Events could not be read (no right to list events in namespace shop), so it is not known"
        ),
        "{out}"
    );
    assert!(!joined.contains("the newest time that the objects tell of"), "{out}");
}

/// Who may only list CronJobs, or no Pods, is told what is known, and that the rest is not.
#[test]
fn what_was_not_read_is_not_known() {
    let header = |unread: &str| {
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: WhyBundle\nwrittenAt: \"2027-03-10T12:00:00Z\"\nunread: {{{unread}}}\n---\n"
        )
    };
    let text = fs::read_to_string("tests/why/cron-blocked.yaml").unwrap();
    let (cron_job, rest) = text.split_once("\n- apiVersion: batch/v1\n  kind: Job\n").unwrap();
    let alone = format!(
        "{}{cron_job}\nkind: List\n",
        header("Job: no right to list jobs.batch, Pod: no right to list pods")
    );
    let (out, err, status) = why(&["cj/nightly", "--bundle", "-"], &alone);
    assert!(err.is_empty() && status == Some(0), "{err}");
    assert!(out.contains("not known: no Jobs were read") && !out.contains("no Job:"), "{out}");
    assert!(out.contains("Jobs could not be read (no right to list jobs.batch)"), "{out}");

    let (jobs, _) = rest.split_once("\n- apiVersion: v1\n  kind: Pod\n").unwrap();
    let without_pods = format!(
        "{}{cron_job}\n- apiVersion: batch/v1\n  kind: Job\n{jobs}\nkind: List\n",
        header("Pod: no right to list pods")
    );
    let (out, err, status) = why(&["job/nightly-30076020", "--bundle", "-"], &without_pods);
    assert!(err.is_empty() && status == Some(0), "{err}");
    assert!(
        out.starts_with("Job nightly-30076020 has 1 Pod active by its own status; its Pods are not known\n"),
        "{out}"
    );
    assert!(!out.contains("is running") && out.contains("?     due 2027-03-09 03:00 UTC"), "{out}");
    // With its Pods, it is.
    let (out, ..) = why(&["job/nightly-30076020", "--bundle", "tests/why/cron-blocked.yaml"], "");
    assert!(out.starts_with("Job nightly-30076020 is running\n") && !out.contains("?  "), "{out}");
}

/// What fifty thousand Pods, and as many events, of other Jobs cost: time that grows with their number and no faster.
#[test]
fn fifty_thousand_pods() {
    let case = CASES.iter().find(|case| case.name == "pod-unschedulable").unwrap();
    let documents = jobguard::manifest::read(&case.text);
    let tree = documents[0].content.as_ref().unwrap();
    let list = tree.to_value(tree.root());
    let mut items = list["items"].as_array().unwrap().clone();
    let (pod, event) = (items[1].clone(), items[2].clone());
    for number in 0..50_000 {
        let mut pod = pod.clone();
        pod["metadata"]["name"] = format!("migrate-{number}").into();
        pod["metadata"]["uid"] = format!("p{number}").into();
        let mut event = event.clone();
        event["involvedObject"]["name"] = pod["metadata"]["name"].clone();
        items.push(pod);
        items.push(event);
    }
    let text = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string();
    let answer = answer_on(&text, &case.target, Some(case.now)).unwrap();
    assert_eq!(answer.reasons[0].id, "pod-unschedulable");
    assert!(answer.runs[0].tries.len() < 20 && answer.reasons[0].evidence.len() < 20);
}

/// Each command of the page that needs no cluster prints what stands below it.
#[test]
fn the_page_shows_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/why.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, rest) = page.split_once("```console\n$ jobguard why ").unwrap();
    let (block, after) = rest.split_once("\n```\n").unwrap();
    let command = block.lines().next().unwrap();
    let (out, err, status) = why(&command.split(' ').collect::<Vec<_>>(), "");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let written = format!("{begin}```console\n$ jobguard why {command}\n{}\n```\n{after}", out.trim_end());
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        fs::write(&path, &written).unwrap();
        return;
    }
    assert_eq!(written, page, "JOBGUARD_BLESS=1 writes what is printed");
}

/// The page's table names each reason that can be told, and no other.
#[test]
fn the_page_names_every_reason() {
    // Of refusals, the table names the beginning: what refused follows.
    let is_refusal = |id: &str| ["job-refused-", "pods-refused-"].iter().any(|begin| id.starts_with(begin));
    let told: BTreeSet<&str> =
        CASES.iter().flat_map(|case| ids(&case.answer())).filter(|id| !is_refusal(id)).collect();
    let page = fs::read_to_string("docs/why.md").unwrap();
    let (_, table) = page.split_once("| id | |\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(1);
    let named: BTreeSet<&str> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|id| !is_refusal(id))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    // Reasons that no bundle tells of are in the sources none the less.
    let mut sources = String::new();
    for file in fs::read_dir("src/live/why").unwrap() {
        let path = file.unwrap().path();
        // Rules go with beginnings of ids.
        if path.is_file() && !path.ends_with("findings.rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let missing: Vec<&&str> = told.difference(&named).collect();
    let unknown: Vec<&&str> = named.iter().filter(|id| !sources.contains(&format!("\"{id}\""))).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
    // What is made as a reason in the sources is in the table, too, whether or not a bundle tells of it.
    let made = sources.split("Reason::new(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let unnamed: Vec<&str> = made
        .filter_map(|rest| rest.split('"').next())
        .filter(|id| !named.contains(id) && !is_refusal(id))
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

/// The manifest of the kubectl plugin, as a release writes it.
#[cfg(unix)]
#[test]
fn the_manifest_for_krew() {
    let folder = tempfile::tempdir().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let targets = [
        "x86_64-unknown-linux-musl",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    ];
    for (number, target) in targets.iter().enumerate() {
        let file = format!("jobguard-v{version}-{target}.tar.gz");
        let sum = number.to_string().repeat(64);
        fs::write(folder.path().join(format!("{file}.sha256")), format!("{sum}  {file}\n")).unwrap();
    }
    let render = || {
        let mut command = Command::new("sh");
        command.args(["deploy/krew/render", version]).arg(folder.path());
        command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    };
    let output = render();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = jobguard::manifest::read(&text);
    let tree = documents[0].content.as_ref().unwrap();
    let manifest = tree.to_value(tree.root());
    assert_eq!(manifest["spec"]["version"], format!("v{version}"));
    let platforms = manifest["spec"]["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), targets.len());
    for (number, (platform, target)) in platforms.iter().zip(targets).enumerate() {
        assert_eq!(platform["sha256"], number.to_string().repeat(64));
        assert!(
            platform["uri"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/v{version}/jobguard-v{version}-{target}.tar.gz"))
        );
        assert_eq!(platform["bin"], "jobguard");
    }
    // The targets are those that the release builds.
    let workflow = fs::read_to_string(".github/workflows/release.yaml").unwrap();
    for target in targets {
        assert!(workflow.contains(&format!("target: {target},")), "{target}");
    }
    // Without a checksum there is no manifest.
    fs::remove_file(folder.path().join(format!("jobguard-v{version}-{}.tar.gz.sha256", targets[2]))).unwrap();
    assert!(!render().status.success());
}

/// What completes names in a shell is silent, and quick, where there is no cluster; and the scripts ask for it.
#[cfg(feature = "cluster")]
#[test]
fn completion_is_silent() {
    for words in [&["why", "cronjob/"][..], &["why", "-n", "shop", "job/x"], &["lint", "x"], &[]] {
        let mut command = Command::cargo_bin("jobguard").unwrap();
        let started = std::time::Instant::now();
        let output =
            command.arg("__complete").args(words).env("KUBECONFIG", "no/such/kubeconfig").output().unwrap();
        assert!(
            output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::cargo_bin("jobguard").unwrap().args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("__complete"), "{shell}");
    }
    let output = Command::cargo_bin("jobguard").unwrap().arg("--help").output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("__complete"));
}

/// By the names that kubectl calls it, it is the same program, and what completes its arguments.
#[cfg(all(feature = "cluster", unix))]
#[test]
fn a_plugin_of_kubectl() {
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin("jobguard");
    let run = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        std::os::unix::fs::symlink(&program, &path).unwrap();
        let mut command = Command::new(path);
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("KUBECONFIG", "no/such/kubeconfig")
            .args(arguments);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let out =
        run("kubectl-jobguard", &["why", "cronjob/nightly", "--bundle", "tests/why/cron-suspended.yaml"]);
    assert!(out.contains("[cron-suspended]"), "{out}");
    assert_eq!(run("kubectl_complete-jobguard", &["why", "cronjob/"]), ":4\n");
}
