//! The linter's `--against --replace` on the recorded updates of every version: refused where the server refuses, and for
//! the same causes.

use std::collections::BTreeSet;

use jobguard::apiserver::{KubernetesVersion, Server};
use jobguard::engine::Severity;
use jobguard::lint::{Change, OldObjects};
use jobguard::linter::Linter;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::Value;

/// A vector of op `update`, on the server whose answers the vectors are that name no version.
pub(crate) fn replaced(vector: &Value) -> Result<(), String> {
    replaced_on(&Server::of(KubernetesVersion::NEWEST_COMPARED), vector)
}

pub(crate) fn replaced_on(server: &Server, vector: &Value) -> Result<(), String> {
    let mut policy =
        load::preset(Preset::Baseline, registry().catalog()).map_err(|error| error.to_string())?;
    policy.aim(vec![server.version()], Default::default());
    let old =
        OldObjects::read(&[source("old.json", &vector["old"])], server).map_err(|error| error.to_string())?;
    let old = old.with_change(Change::Replace);
    let now = "2026-06-01T12:00:00Z".parse().map_err(|error| format!("{error}"))?;
    let linter = Linter { against: Some(&old), ..Linter::new(&policy, now) };
    let report = linter.lint(&[source("new.json", &vector["object"])]).report;
    let ours: BTreeSet<String> = (report.diagnostics.iter())
        .filter(|found| found.severity == Severity::Error && !is_left_out(found.rule.id()))
        .filter_map(|found| Some(format!("{} {}", found.path, found.cause?.as_str())))
        .collect();
    if vector["accepted"] == true && !ours.is_empty() {
        return Err(format!("the server accepts it, we refuse {ours:?}"));
    }
    // What a dropped field leaves behind may be refused: then its finding says so, in place of the server's own objection.
    let says_refused = report.diagnostics.iter().any(|found| {
        found.rule.id() == "api/field-dropped" && found.message.ends_with("which the API server refuses")
    });
    if vector["accepted"] == false && ours.is_empty() && !says_refused {
        return Err("the server refuses it, we do not".to_owned());
    }
    // What only follows from another cause is folded into it, so there may be fewer of ours.
    let theirs: BTreeSet<String> = (vector["causes"].as_array().into_iter().flatten())
        .map(|cause| format!("{} {}", cause[0].as_str().unwrap_or(""), cause[1].as_str().unwrap_or("")))
        .collect();
    match ours.difference(&theirs).next() {
        Some(invented) if vector["reason"] != "ServerPanic" => {
            Err(format!("invented: {invented}; theirs {theirs:?}"))
        }
        _ => Ok(()),
    }
}

/// What a server that is not strict leaves out without refusing anything.
fn is_left_out(rule: &str) -> bool {
    matches!(rule, "api/field-dropped" | "api/unknown-field" | "api/duplicate-key")
}

fn source(name: &str, object: &Value) -> Source {
    Source::Text { name: name.to_owned(), bytes: object.to_string().into_bytes() }
}
