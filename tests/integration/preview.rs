//! `jobguard preview`: what people and programs read of it, and that its times are the controller's.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use assert_cmd::Command;
use jiff::tz::TimeZone;
use jobguard::cron::Schedule;
use serde_json::{Value, json};

const CLOCKS: &str = "tests/manifests/preview/clocks.yaml";

/// The program in the repository's folder, with a plain terminal: standard output, standard error, exit status.
fn preview(arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("JOBGUARD_POLICY")
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .arg("preview")
        .args(arguments);
    let output = command.write_stdin(input).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

fn shown(arguments: &[&str]) -> String {
    let (out, err, status) = preview(arguments, "");
    assert_eq!((err.as_str(), status), ("", Some(0)), "{arguments:?}");
    out
}

fn json_of(arguments: &[&str], input: &str) -> Value {
    let (out, err, status) = preview(&[arguments, &["--format", "json"]].concat(), input);
    assert_eq!((err.as_str(), status), ("", Some(0)), "{arguments:?}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn text() {
    let all = ["--from", "2027-03-26T12:00:00Z", "--zone", "America/New_York"];
    let unicode = shown(&[&[CLOCKS][..], &all].concat());
    assert!(unicode.lines().all(|line| line.chars().count() <= 80), "{unicode}");
    insta::assert_snapshot!("text", unicode);
    let fleet = shown(&[&["docs/pictures/fleet.yaml"][..], &all].concat());
    assert!(fleet.lines().all(|line| line.chars().count() <= 80), "{fleet}");
    insta::assert_snapshot!("fleet", fleet);
    let ascii = shown(&[&[CLOCKS, "--ascii"][..], &all].concat());
    assert!(ascii.is_ascii());
    assert_eq!(ascii.lines().count(), unicode.lines().count());
}

#[test]
fn json() {
    let value = json_of(&[CLOCKS, "--from", "2027-03-27", "--for", "2d", "--runs", "2"], "");
    // A level over time has a number for each hour.
    let text = serde_json::to_string_pretty(&value).unwrap();
    let numbers = regex::Regex::new(r"\[\s*\d+(,\s*\d+)*\s*\]").unwrap();
    let text = numbers.replace_all(&text, |found: &regex::Captures<'_>| {
        found[0].split_whitespace().collect::<Vec<_>>().join(" ").replace("[ ", "[").replace(" ]", "]")
    });
    insta::assert_snapshot!("json", text);
}

#[test]
fn what_if() {
    let all = ["--from", "2027-03-27", "--what-if", "exit=3"];
    insta::assert_snapshot!("what_if", shown(&[&[CLOCKS][..], &all].concat()));
}

/// The schema as it is, but that no object may have a field which it does not name: what is written must not have more than is
/// documented, though readers must expect that it may come to.
fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                fields.values_mut().for_each(close);
                if fields.get("properties").is_some_and(Value::is_object) && fields.get("type").is_some() {
                    fields.insert("additionalProperties".to_owned(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

#[test]
fn json_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/preview.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&closed(schema)).unwrap();
    for arguments in [
        &[CLOCKS, "--from", "2027-03-27", "--what-if", "exit=3", "--what-if", "hang,try=2"][..],
        &["docs/pictures/fleet.yaml", "--from", "2027-03-22", "--zone", "Europe/Berlin"],
        &["tests/corpus", "--from", "2027-03-22"],
        &["tests/cases", "--from", "2027-03-22", "--what-if", "disruption"],
    ] {
        let (out, _, _) = preview(&[arguments, &["--format", "json"]].concat(), "");
        let value: Value = serde_json::from_str(&out).unwrap();
        let errors: Vec<String> = (validator.iter_errors(&value).take(5))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
        let count = |field: &str| value[field].as_array().unwrap().len();
        assert!(count("cronJobs") + count("jobs") > 0);
    }
}

/// Whether the time zone's clock goes otherwise than when the times were recorded: governments have decided so since.
fn has_changed_since(schedule: &str, zone: &str, from: &str) -> bool {
    let Some((name, data)) = recorded_tzdb::get(zone) else { return false };
    let then = TimeZone::tzif(name, data).unwrap();
    let today = jobguard::cron::load_zone(zone).unwrap();
    let (schedule, from) = (Schedule::parse(schedule).unwrap(), from.parse().unwrap());
    !schedule.upcoming(from, &then).take(6).eq(schedule.upcoming(from, &today).take(6))
}

#[test]
fn times_are_the_controllers() {
    /// A CronJob for each schedule, by the moment after which it is asked.
    type Asked = BTreeMap<String, (String, Vec<(String, Vec<String>)>)>;
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/cron.jsonl"))
        .unwrap();
    let mut asked = Asked::new();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let (schedule, zone) = (vector["schedule"].as_str().unwrap(), vector["timeZone"].as_str().unwrap());
        // A zone in the schedule is refused, and where there is no next time there is nothing to show.
        if vector["valid"] != json!(true)
            || schedule.contains("TZ=")
            || vector["next"].as_array().unwrap().is_empty()
        {
            continue;
        }
        if has_changed_since(schedule, zone, vector["from"].as_str().unwrap()) {
            continue;
        }
        let (manifests, expected) = asked.entry(vector["from"].as_str().unwrap().to_owned()).or_default();
        let number = expected.len();
        let cron_job = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": format!("n{number}")},
            "spec": {"schedule": schedule, "timeZone": zone, "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]
            }}}}}
        });
        writeln!(manifests, "---\n{cron_job}").unwrap();
        let next = vector["next"].as_array().unwrap().iter().map(|time| time.as_str().unwrap().to_owned());
        expected.push((format!("{schedule} in {zone}"), next.collect()));
    }
    let mut compared = 0;
    for (from, (manifests, expected)) in asked {
        let value = json_of(&["-", "--from", &from, "--for", "40d", "--runs", "6"], &manifests);
        let until = value["window"]["until"].as_str().unwrap();
        let cron_jobs = value["cronJobs"].as_array().unwrap();
        assert_eq!(cron_jobs.len(), expected.len());
        for (cron_job, (schedule, next)) in cron_jobs.iter().zip(expected) {
            let runs: Vec<&str> =
                cron_job["runs"].as_array().unwrap().iter().map(|run| run["utc"].as_str().unwrap()).collect();
            let next: Vec<&str> = next.iter().map(String::as_str).filter(|time| *time <= until).collect();
            assert_eq!(runs, next, "{schedule} after {from}: {}", cron_job["problem"]);
            assert_eq!(
                cron_job["runCount"].as_u64().unwrap() > 6,
                next.len() == 6 && cron_job["runCount"] != json!(6)
            );
            compared += next.len();
        }
    }
    assert!(compared > 4_000, "{compared}");
}

#[test]
fn calendar() {
    let out = shown(&["docs/pictures/fleet.yaml", "--from", "2027-03-22", "--format", "ics"]);
    assert!(out.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let events = out.matches("BEGIN:VEVENT").count();
    assert_eq!(events, out.matches("END:VEVENT").count());
    let value = json_of(&["docs/pictures/fleet.yaml", "--from", "2027-03-22"], "");
    assert_eq!(json!(events), value["fleet"]["runs"]);
}

#[test]
fn what_cannot_be_shown() {
    for (arguments, input, message) in [
        (&["--zone", "Mars/Olympus"][..], "", "error: --zone: "),
        (&["--for", "5"], "", "give a duration such as 7d, 2w or 36h"),
        (&["--for", "2y"], "", "give a duration such as 7d, 2w or 36h"),
        (&["--for", "400d"], "", "must be from 1 minute to 366 days"),
        (&["--from", "tomorrow"], "", "give a time such as"),
        (&["--what-if", "explode"], "", "exit=CODE"),
        (&["--expected-runtime", "soon"], "", "--expected-runtime"),
        (&["-o", "week.doc"], "", "its name does not tell the format"),
        (&["-"], "", "error: <stdin>: it is empty"),
        (&["-"], "kind: [", "error: <stdin>:1: "),
        (&["no-such-folder"], "", "error: no-such-folder: "),
    ] {
        let (_, err, status) = preview(arguments, input);
        assert_eq!(status, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

#[test]
fn a_broken_document_hides_no_other() {
    let input = "kind: [\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: there}\nspec: {template: {spec: {restartPolicy: \
                 Never, containers: [{name: main, image: a}]}}}\n";
    let (out, err, status) = preview(&["-", "--from", "2027-03-22"], input);
    assert!(out.contains("Job there (<stdin>:3)"), "{out}");
    assert!(err.starts_with("error: <stdin>:1: "), "{err}");
    assert_eq!(status, Some(2));
}

#[test]
fn nothing_to_show() {
    let (out, err, status) =
        preview(&["-", "--from", "2027-03-22", "--zone", "UTC"], "apiVersion: v1\nkind: ConfigMap\n");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    assert_eq!(out, "Mon 2027-03-22 00:00 to Mon 2027-03-29 00:00, UTC\nNo Jobs or CronJobs\n");
}

#[test]
fn the_same_in_every_run() {
    let arguments = ["docs/pictures/fleet.yaml", "--from", "2027-03-22", "--format", "json"];
    assert_eq!(shown(&arguments), shown(&arguments));
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let page = include_str!("../../docs/preview.md");
    let mut count = 0;
    for block in page.split("\n```text\n$ jobguard preview ").skip(1) {
        let (command, rest) = block.split_once('\n').unwrap();
        let expected = rest.split("\n```").next().unwrap();
        let arguments: Vec<&str> = command.split(' ').collect();
        assert_eq!(shown(&arguments).trim_end(), expected, "{command}");
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn what_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    let link = folder.path().join("b.html");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/migration.yaml"), &file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let before = std::fs::read(&file).unwrap();
    let file = file.to_str().unwrap();
    for output in [file, link.to_str().unwrap(), &format!("{}/./a.yaml", folder.path().display())] {
        let (_, err, status) = preview(&[file, "--format", "json", "-o", output], "");
        assert_eq!(status, Some(2), "{output}: {err}");
        assert!(err.contains("is read; name another one"), "{err}");
    }
    let output = Command::cargo_bin("jobguard")
        .unwrap()
        .args(["lint", file, "-o", &format!("json:{file}")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(file).unwrap(), before);
}
