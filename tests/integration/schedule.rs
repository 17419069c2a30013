//! `jobguard schedule`: when a schedule runs, and what is said of what is none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::recordings::CONFORMANCE;

/// What is printed on standard output and on standard error, and the exit status.
fn schedule(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::cargo_bin("jobguard")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .arg("schedule")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn shown(arguments: &[&str]) -> String {
    let mut all = vec!["--from", "2027-01-01T06:30:00Z", "--next", "3"];
    all.extend(arguments);
    let (stdout, stderr, status) = schedule(&all);
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    format!("jobguard schedule {}\n{stdout}{stderr}[{}]\n", arguments.join(" "), status.unwrap())
}

#[test]
fn as_text() {
    let runs: &[&[&str]] = &[
        &["30 2 * * 1-5"],
        &["30 2 * * *", "--zone", "Europe/Berlin", "--reader", "Asia/Kolkata"],
        &["0 0 * * *", "--zone", "Africa/Cairo"],
        &["0 * * * *", "--zone", "Europe/Berlin"],
        &["*/10 2 * * *", "--zone", "Europe/Berlin"],
        &["@every 90s", "--zone", "Europe/Berlin", "--reader", "Asia/Tokyo"],
        &["0", "0", "13", "*", "5"],
        &["0 0 */2 * MON"],
        &["*/40 9-17 * * *"],
        &["0 0 30 2 *"],
        &["0 0 29 2 *"],
        &["0 0 31 * *"],
        &["0 0 L * *"],
        &["0 0 * * 5#2"],
        &["0 0 12 ? * MON-FRI"],
        &["0 0 12 ? * 2", "--zone", "Europe/Berlin"],
        &["0 0 2 13 * FRI"],
        &["0 0 12 ? * MON 2028"],
        &["*/10 * * * * *"],
        &["cron(0 10 ? * 2-6 *)"],
        &["rate(5 minutes)"],
        &["CRON_TZ=Europe/Berlin 0 5 * * *"],
        &["Mon..Fri 02:30"],
        &["0 5 * * 7 root /usr/bin/backup"],
        &["H 3 * * *"],
        &["@reboot"],
        &["0 0 * * 1-7"],
        &["0 25 * * *"],
        &["", "--zone", "UTC"],
        &["every", "other", "day"],
        &["Cargo.toml", "README.md", "src", "tests", "Cargo.toml", "README.md", "src", "tests"],
        &[
            "0 0 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,1,2,3 * *",
        ],
        &["\u{1b}[31m0 \u{202e}0 * * *"],
    ];
    insta::assert_snapshot!(runs.iter().map(|arguments| shown(arguments)).collect::<Vec<_>>().join("\n"));
}

#[test]
fn as_json() {
    for (name, arguments, status) in [
        ("accepted", ["30 2 * * *", "--zone", "Europe/Berlin", "--reader", "Asia/Tokyo"].as_slice(), 0),
        ("refused", ["0 0 12 ? * 2"].as_slice(), 1),
        ("suggested", ["Mon..Fri 02:30"].as_slice(), 1),
    ] {
        let mut all = vec!["--from", "2027-01-01", "--next", "2", "--format", "json"];
        all.extend(arguments);
        let (stdout, stderr, code) = schedule(&all);
        assert_eq!((stderr.as_str(), code), ("", Some(status)));
        insta::assert_snapshot!(format!("json_{name}"), stdout);
    }
}

#[test]
fn what_cannot_be_asked() {
    for (arguments, part) in [
        (["@daily", "--zone", "Europe/Berln"], "did you mean `Europe/Berlin`?"),
        (["@daily", "--reader", "UTC+2"], "`UTC+2` is an offset from UTC, not a time zone"),
        (["@daily", "--next", "0"], "1..=1000"),
        (["@daily", "--next", "1001"], "1..=1000"),
        (["@daily", "--from", "soon"], "give a time such as 2027-03-28T00:00:00Z, or a date"),
    ] {
        let (stdout, stderr, status) = schedule(&arguments);
        assert_eq!((stdout.as_str(), status), ("", Some(2)), "{arguments:?}");
        assert!(stderr.contains(part), "{stderr}");
    }
}

#[test]
fn a_time_or_a_day() {
    let from = |time: &str| schedule(&["0 3 * * *", "--from", time]).0;
    assert_eq!(from("2027-03-28"), from("2027-03-28T00:00:00Z"));
    assert_eq!(from("2027-03-28"), from("2027-03-28T02:00:00+02:00"));
    // The present is the default, and has next runs.
    assert_eq!(
        schedule(&["@daily", "--next", "2"]).0.lines().filter(|line| line.contains(" 00:00  ")).count(),
        2
    );
}

#[test]
fn colours_only_where_they_are_wanted() {
    let (plain, _, _) = schedule(&["0 0 13 * 5", "--from", "2027-01-01"]);
    let (coloured, _, _) = schedule(&["0 0 13 * 5", "--from", "2027-01-01", "--color", "always"]);
    assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[1m"));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

/// The fire times are those that the controller's own library has been recorded with.
#[test]
fn the_times_are_the_recorded_ones() {
    let Some(vectors) = CONFORMANCE.find("cron.jsonl") else { return };
    // The clocks of the others have been decided about since.
    let zones = ["UTC", "Asia/Shanghai", "Asia/Kolkata", "Europe/London", "America/New_York"];
    let mut compared = [0, 0];
    for line in vectors.lines().step_by(19) {
        let vector: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| vector[key].as_str().unwrap();
        // The recorded parser takes a prefix, the API server does not.
        if !zones.contains(&text("timeZone")) || text("schedule").contains("TZ=") {
            continue;
        }
        let arguments =
            ["--zone", text("timeZone"), "--from", text("from"), "--next", "6", "--format", "json", "--"];
        let (stdout, _, status) = schedule(&[arguments.as_slice(), &[text("schedule")]].concat());
        let found: Value = serde_json::from_str(&stdout).unwrap();
        let runs: Vec<&Value> = found["runs"].as_array().unwrap().iter().map(|run| &run["utc"]).collect();
        assert_eq!(
            (&found["accepted"], runs),
            (&vector["valid"], vector["next"].as_array().unwrap().iter().collect()),
            "{line}"
        );
        assert_eq!(status, Some(i32::from(vector["valid"] == false)));
        compared[usize::from(vector["valid"] == true)] += 1;
    }
    assert!(!CONFORMANCE.are_own() || compared[0] >= 3 && compared[1] >= 30, "{compared:?}");
}

/// Each command of the documentation prints what stands below it.
#[test]
fn the_documentation_shows_what_is_printed() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schedule.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("\n```console\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for block in blocks {
        let (command, expected) = block.split_once('\n').unwrap();
        let command = command.strip_prefix("$ jobguard schedule ").unwrap();
        // What stands between quotation marks is one argument.
        let arguments: Vec<&str> = command
            .split('\'')
            .enumerate()
            .flat_map(|(number, piece)| match number % 2 {
                0 => piece.split_whitespace().collect(),
                _ => vec![piece],
            })
            .collect();
        let (stdout, _, _) = schedule(&arguments);
        assert_eq!(stdout.trim_end(), expected, "{command}");
    }
}
