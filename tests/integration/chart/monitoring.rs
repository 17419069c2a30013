//! Alerts and dashboard: the metrics they speak of, and what Prometheus itself makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::helm::{CHART, Helm};
use super::{objects, of_kind};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Every expression of the dashboard, as Grafana would send it.
fn dashboard() -> Vec<String> {
    let text = read(&format!("{CHART}/files/dashboard.json"));
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| {
            let expression = target["expr"].as_str().unwrap();
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            // What the legend shows must be left by the aggregation.
            for piece in legend.split("{{").skip(1) {
                let label = piece.split("}}").next().unwrap();
                assert!(grouped(expression).contains(&label), "{legend}: {expression}");
            }
            let filled = [("$namespace", "jobguard"), ("$__rate_interval", "5m"), ("$__range", "1h")];
            filled.iter().fold(expression.to_owned(), |text, (from, to)| text.replace(from, to))
        })
        .collect()
}

/// The labels in all `by (...)` of an expression.
fn grouped(expression: &str) -> Vec<&str> {
    let lists = expression.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap());
    lists.flat_map(|list| list.split(',').map(str::trim)).collect()
}

/// Metrics and the labels they have, from their documentation, which the server's tests hold to what it shows.
fn documented() -> BTreeMap<String, Vec<String>> {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let text = read("docs/metrics.md");
    let rows = text.lines().filter(|line| line.starts_with("| `jobguard_"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1);
        (quoted(cells.next().unwrap()).remove(0), quoted(cells.next().unwrap()))
    })
    .collect()
}

/// The names of our metrics in a text.
fn named(text: &str) -> Vec<String> {
    let pieces = text.match_indices("jobguard_").map(|(at, _)| &text[at..]);
    pieces
        .map(|piece| {
            let name: String = piece.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            name.trim_end_matches("_bucket").to_owned()
        })
        .collect()
}

#[test]
fn metrics_are_those_of_the_server() {
    let known = documented();
    let mut count = 0;
    let alerts = ["alerts", "audit-alerts"].map(|file| read(&format!("{CHART}/files/{file}.yaml"))).concat();
    for name in named(&alerts) {
        assert!(known.contains_key(&name), "{name} is no metric");
        count += 1;
    }
    for expression in dashboard() {
        for name in named(&expression) {
            let labels = known.get(&name).unwrap_or_else(|| panic!("{name} is no metric"));
            count += 1;
            for label in grouped(&expression) {
                assert!(label == "le" || labels.iter().any(|known| known == label), "{label}: {expression}");
            }
        }
    }
    assert!(count > 20);
}

/// Runs `promtool` on the rules, if there is one: they parse, and fire when they should.
#[test]
fn alerts_fire_when_they_should() {
    let Some(helm) = Helm::find() else { return };
    if Command::new("promtool").arg("--version").output().is_err() {
        let _ =
            writeln!(std::io::stderr(), "skipped: there is no promtool; Debian's package prometheus has it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let promtool = |arguments: &[&str]| {
        let output = Command::new("promtool").args(arguments).current_dir(folder.path()).output().unwrap();
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success(), "{said}");
    };
    // `guard` is where the chart is installed for its tests.
    for case in ["cert-manager", "everything"] {
        let objects = objects(&helm.template(case, &[]));
        let rules = &of_kind(&objects, "PrometheusRule")[0]["spec"];
        fs::write(folder.path().join("rules.json"), rules.to_string()).unwrap();
        promtool(&["check", "rules", "rules.json"]);
    }
    let own =
        objects(&helm.template("default", &["--set", "prometheusRule.enabled=true,audit.enabled=true"]));
    let rules = &of_kind(&own, "PrometheusRule")[0]["spec"];
    fs::write(folder.path().join("rules.json"), rules.to_string()).unwrap();
    fs::write(folder.path().join("tests.yaml"), read("tests/chart/alerts.test.yaml")).unwrap();
    promtool(&["test", "rules", "tests.yaml"]);
    let tested = read("tests/chart/alerts.test.yaml");
    for rule in rules["groups"][0]["rules"].as_array().unwrap() {
        let name = rule["alert"].as_str().unwrap();
        assert!(tested.contains(&format!("alertname: {name}\n")), "{name} is not tested");
    }

    let expressions = dashboard();
    let records: Vec<Value> = (1..)
        .zip(&expressions)
        .map(|(number, expression)| json!({"record": format!("panel:{number}"), "expr": expression}))
        .collect();
    let group = json!({"groups": [{"name": "dashboard", "rules": records}]});
    fs::write(folder.path().join("dashboard.json"), group.to_string()).unwrap();
    promtool(&["check", "rules", "dashboard.json"]);
}
