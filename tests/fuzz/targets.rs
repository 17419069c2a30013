//! What must hold for any input: shared by the fuzz targets and by a short run on every test of the program.

#[path = "../integration/support/fix.rs"]
#[allow(clippy::duplicate_mod, reason = "the targets of cargo-fuzz are programs of their own")]
mod fix_support;

use std::sync::LazyLock;

use fix_support::values_elsewhere;
use jiff::Timestamp;
use jobguard::cron::{Schedule, load_zone};
use jobguard::engine::Safety;
use jobguard::linter::Linter;
use jobguard::manifest;
use jobguard::policy::load::{self, Source};
use jobguard::policy::{Policy, Preset};
use jobguard::rules::registry;
use jobguard::server::{Admission, Endpoint};
use jobguard::sources::Source as Text;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| load::preset(Preset::Strict, registry().catalog()).expect("built in"));
static ADMISSION: LazyLock<Admission> = LazyLock::new(|| Admission::new(POLICY.clone()));

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("in range")
}

/// Any bytes are a manifest, or have a fault with a place; and whatever can be read is judged.
pub(crate) fn manifest(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        for document in manifest::read(text) {
            assert!(text.get(document.span.start..document.span.end).is_some(), "a span beside the text");
            match &document.content {
                Ok(tree) => assert!(tree[tree.root()].span.end <= text.len(), "a node beside the text"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    let source = Text::Text { name: "fuzz.yaml".to_owned(), bytes: data.to_vec() };
    let linter = Linter { with_defaults: true, ..Linter::new(&POLICY, now()) };
    let _ = linter.lint(&[source]);
}

/// Whatever is fixed converges, loses no document, and has the values that it had but in the fields that the fixes
/// are about; and what is offered one by one stands within the text.
pub(crate) fn fix(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let linter = Linter { with_changes: true, ..Linter::new(&POLICY, now()) };
    let source = |text: &str| Text::Text { name: "fuzz.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let lines = manifest::LineIndex::new(text).line_count();
    for found in linter.lint(&[source(text)]).report.diagnostics {
        for replacement in found.change.into_iter().flat_map(|change| change.replacements) {
            assert!(replacement.region.end_line <= lines, "{replacement:?} is beside the text");
        }
    }
    let linter = Linter { with_changes: false, ..linter };
    for allowed in [Safety::Safe, Safety::Unsafe] {
        let mended = linter.fix(&[source(text)], allowed, &|| {}).texts;
        let Some(mended) = mended.into_iter().next() else { continue };
        assert!(linter.fix(&[source(&mended.after)], allowed, &|| {}).texts.is_empty(), "{}", mended.after);
        let (old, new) = (manifest::read(text), manifest::read(&mended.after));
        assert_eq!(old.len(), new.len(), "a document is lost: {}", mended.after);
        assert!(old.iter().zip(&new).all(|(old, new)| old.content.is_err() || new.content.is_ok()));
        let old = values_elsewhere(text, &mended.touched);
        let new = values_elsewhere(&mended.after, &mended.touched);
        for (old, new) in old.iter().zip(&new) {
            assert!(old.is_none() || old == new, "{:?}: {}", mended.touched, mended.after);
        }
    }
}

/// Any text is a schedule, or has a fault within it; and the times of a schedule go forward.
pub(crate) fn cron(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Schedule::parse_tolerating_tz(text) {
        Ok((zone, schedule)) => {
            let zone = load_zone(zone.unwrap_or("Etc/UTC")).or_else(|_| load_zone("Etc/UTC"));
            let zone = zone.expect("UTC is always there");
            let mut last = now();
            for _ in 0..3 {
                let Some(next) = schedule.next_after(last, &zone) else { break };
                assert!(next > last, "time goes back");
                last = next;
            }
        }
        Err(error) => assert!(!error.problem().is_empty()),
    }
}

/// Any body is answered, or refused in words. An answer has a uid, and only /validate says no.
pub(crate) fn review(data: &[u8]) {
    for endpoint in [Endpoint::Validate, Endpoint::Mutate] {
        match ADMISSION.answer(endpoint, data, now()) {
            Ok(answer) => {
                let answer = serde_json::to_value(&answer).expect("an answer is JSON");
                let response = &answer["response"];
                assert!(response["uid"].as_str().is_some_and(|uid| !uid.is_empty()), "no uid: {answer}");
                assert!(
                    endpoint == Endpoint::Validate || response["allowed"] == true,
                    "/mutate says no: {answer}"
                );
                assert_eq!(response["allowed"] == true, response["status"].is_null(), "{answer}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Any text is a policy, or has faults with places.
pub(crate) fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source { name: "fuzz.yaml".to_owned(), text: text.to_owned() };
    if let Err(errors) = load::read(&source, registry().catalog(), &load::no_files) {
        for error in &errors {
            assert!(error.line >= 1 && error.column >= 1, "{error}");
            assert!(text.get(error.span.start..error.span.end).is_some(), "{error}: a span beside the text");
        }
    }
}
