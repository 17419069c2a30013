//! `docs/versions.md`: what differs between Kubernetes versions for Jobs and CronJobs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jobguard_apiserver::{
    Change, FieldDifference, Gate, KubernetesVersion, State, Treatment, deciding_gates, field_differences,
    ranges,
};

/// The page.
pub fn page() -> String {
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    let mut text = format!(
        "# Kubernetes versions\n\n\
         jobguard gives the verdict of the API server of Kubernetes {oldest} to {newest}. This page lists what differs between them for \
         Jobs and CronJobs. It is generated from the tables that the program itself uses.\n\n{}\n{HOW_TO_ASK}\n",
        compared()
    );
    text.push_str(FIELDS);
    text.push_str("\n| field | known | dropped | in effect | feature gates |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    let differences = field_differences();
    differences.iter().for_each(|difference| text.push_str(&field(difference)));
    text.push_str(GATES);
    text.push_str("\n| feature gate | decides | by default |\n| --- | --- | --- |\n");
    for (gate, decides) in deciding_gates() {
        let decides = if decides.is_empty() { fields_of(gate, &differences) } else { decides.to_owned() };
        let _ = writeln!(text, "| `{gate}` | {decides} | {} |", states(gate));
    }
    text.push_str(CHANGES);
    text.push_str("\n| since | what changed |\n| --- | --- |\n");
    for change in Change::ALL {
        let _ = writeln!(text, "| 1.{} | {} |", change.since(), change.summary());
    }
    text
}

const HOW_TO_ASK: &str = "\
## How to ask for a version

```sh
jobguard lint jobs/ --kubernetes-version 1.31             # as a cluster of 1.31 would answer
jobguard lint jobs/ --kubernetes-version 1.31,1.34-1.37   # several: before an upgrade, or for many clusters
jobguard lint jobs/ --kubernetes-version 1.34 --feature-gates PodCertificateRequest=true
```

With several versions each finding names those that it applies to, unless it applies to all. `--feature-gates` accepts the same values as the API
server's own flag, `AllAlpha` and `AllBeta` included, and is for clusters that set gates differently from the defaults of their version. In a
[policy](policy.md#spec) use `kubernetesVersion` and `featureGates`.
";

const FIELDS: &str = "\
## Fields

A field that a version does not know is an error ([`api/unknown-field`](rules/api/unknown-field.md)); `kubectl` reports it, while for clients that do not request strict
validation the API server ignores the field and warns. A field that it drops is silently accepted and has no effect
([`api/field-dropped`](rules/api/field-dropped.md)). The table is about versions with their default feature gates.

Paths are those of a Job; a CronJob has the same fields below `spec.jobTemplate`, and keeps those of the Job's own `spec`: only the Jobs that it
creates lose them. Rows for `containers` apply to `initContainers` too, unless these have their own row. Fields below a listed field are treated in
the same way.
";

const GATES: &str = "
## Feature gates

A locked gate cannot be set to another value. A version that is not listed does not have the gate: not yet, or no longer, because its feature has
become permanent.
";

const CHANGES: &str = "
## Changes without a feature gate
";

/// Which versions were compared with a real server.
fn compared() -> String {
    let (compared, others): (Vec<_>, Vec<_>) =
        KubernetesVersion::all().partition(|version| version.is_compared());
    let mut text = format!(
        "{} were compared with real servers: thousands of objects were sent to an API server of each, and jobguard gives the same verdict, field by field.",
        words(&ranges(&compared))
    );
    if !others.is_empty() {
        let follows = if others.len() == 1 { "follows its" } else { "follow their" };
        let has = if others.len() == 1 { "has" } else { "have" };
        let _ = write!(
            text,
            " {} {follows} published types and feature gates, and {has} not been compared with a server.",
            words(&ranges(&others))
        );
    }
    let _ = writeln!(text, " The default is {}.", KubernetesVersion::default());
    text
}

fn field(difference: &FieldDifference) -> String {
    let paths: Vec<String> = difference.paths.iter().map(|path| format!("`{path}`")).collect();
    let gates: Vec<String> = difference.gates.iter().map(|gate| format!("`{gate}`")).collect();
    let unknown = difference.versions(Treatment::Unknown);
    let known: Vec<_> = KubernetesVersion::all().filter(|version| !unknown.contains(version)).collect();
    let [mut dropped, refused, kept] = [Treatment::Dropped, Treatment::Refused, Treatment::Kept]
        .map(|treatment| span(&difference.versions(treatment)));
    if !refused.is_empty() {
        let _ = write!(dropped, "; refused {refused}");
    }
    format!("| {} | {} | {dropped} | {kept} | {} |\n", paths.join("<br>"), span(&known), gates.join(", "))
}

/// What a gate decides that has fields of its own: `whether hostUsers is kept`, with what they are in, unless that is a
/// spec.
fn fields_of(gate: Gate, differences: &[FieldDifference]) -> String {
    let of_gate = differences.iter().filter(|difference| difference.gates.contains(&gate));
    let names: BTreeSet<&str> =
        of_gate.flat_map(|difference| &difference.paths).map(|path| tail(path)).collect();
    let are = if names.len() == 1 { "is" } else { "are" };
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    format!("whether {} {are} kept", names.join(", "))
}

fn tail(path: &str) -> &str {
    let Some((parents, name)) = path.rsplit_once('.') else { return path };
    match parents.rsplit('.').next() {
        Some("spec") | None => name,
        Some(parent) => &path[path.len() - name.len() - 1 - parent.len()..],
    }
}

/// Versions in a cell: `since 1.30`, `1.31-1.34`, `all`.
fn span(versions: &[KubernetesVersion]) -> String {
    let runs = ranges(versions);
    match (versions.first(), versions.last(), runs.len()) {
        (Some(first), Some(last), 1) if *last == KubernetesVersion::NEWEST => {
            if *first == KubernetesVersion::OLDEST { "all".to_owned() } else { format!("since {first}") }
        }
        _ => words(&runs),
    }
}

fn words(runs: &[String]) -> String {
    runs.iter().map(|run| run.replace('-', " to ")).collect::<Vec<_>>().join(", ")
}

/// A gate by version: `1.30 to 1.31 alpha, off; since 1.32 beta, on`.
fn states(gate: Gate) -> String {
    let all: Vec<(KubernetesVersion, Option<State>)> =
        KubernetesVersion::all().map(|version| (version, gate.state(version.minor()))).collect();
    let runs = all.chunk_by(|a, b| a.1 == b.1).filter_map(|run| {
        let state = run[0].1?;
        let versions: Vec<_> = run.iter().map(|(version, _)| *version).collect();
        let on = if state.on { "on" } else { "off" };
        let locked = if state.locked { ", locked" } else { "" };
        Some(format!("{}: {}, {on}{locked}", span(&versions), state.stage))
    });
    runs.collect::<Vec<_>>().join("<br>")
}
