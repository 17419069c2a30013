//! What differs, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::engine::Severity;
use crate::policy_diff::effect::{Effect, Effects, FindingChange};
use crate::policy_diff::settings::Change;
use jobguard_text::{plain, plural};

/// The settings that differ.
pub fn settings(names: (&str, &str), changes: &[Change]) -> String {
    let (before, after) = (plain(names.0), plain(names.1));
    if changes.is_empty() {
        return format!("{before} and {after} set the same\n");
    }
    let mut out = format!("{before} -> {after}\n");
    for section in ["settings", "rules", "customRules", "defaults", "overrides", "exceptions"] {
        let of_section: Vec<&Change> = changes.iter().filter(|change| change.section == section).collect();
        if of_section.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", if section == "defaults" { "fills in" } else { section });
        if matches!(section, "customRules" | "overrides" | "exceptions") {
            for change in of_section {
                let _ = writeln!(out, "  {}", plain(&change.key));
                for (sign, says) in [('-', &change.before), ('+', &change.after)] {
                    if let Some(says) = says {
                        let _ = writeln!(out, "    {sign} {}", plain(says));
                    }
                }
            }
            continue;
        }
        let width = of_section.iter().map(|change| change.key.chars().count()).max().unwrap_or_default();
        for change in of_section {
            let of =
                |value: &Option<String>| value.as_ref().map_or_else(|| "none".to_owned(), |text| plain(text));
            let _ = writeln!(
                out,
                "  {:width$}  {} -> {}",
                plain(&change.key),
                of(&change.before),
                of(&change.after)
            );
        }
    }
    out
}

/// What the change does to objects.
pub fn effects(names: (&str, &str), effects: &Effects) -> String {
    let (before, after) = (plain(names.0), plain(names.1));
    let objects = format!("{} in {}", plural(effects.objects, "object"), plural(effects.files, "file"));
    if effects.changed.is_empty() {
        return format!("{before} -> {after}: nothing changes for {objects}\n");
    }
    let mut out = format!("{before} -> {after}\n");
    for effect in &effects.changed {
        write_effect(effect, &mut out);
    }
    by_rule(effects, &mut out);
    let count =
        |is_such: &dyn Fn(&Effect) -> bool| effects.changed.iter().filter(|effect| is_such(effect)).count();
    let refused = count(&|effect| effect.allowed == (true, false));
    let admitted = count(&|effect| effect.allowed == (false, true));
    let filled = count(&|effect| !effect.filled.is_empty());
    let mut parts = vec![format!("{} of {objects} changed", effects.changed.len())];
    parts.extend((refused > 0).then(|| format!("{refused} newly refused")));
    parts.extend((admitted > 0).then(|| format!("{admitted} newly admitted")));
    parts.extend((filled > 0).then(|| format!("{filled} filled in differently")));
    let _ = writeln!(out, "\n{}", parts.join(", "));
    out
}

fn write_effect(effect: &Effect, out: &mut String) {
    let file = plain(&effect.file);
    let _ = match (effect.object.as_str(), effect.line) {
        ("", _) => writeln!(out, "\n{file}"),
        (object, 0) => writeln!(out, "\n{file}: {}", plain(object)),
        (object, line) => writeln!(out, "\n{file}:{line}: {}", plain(object)),
    };
    match effect.allowed {
        (true, false) => out.push_str("  ! refused, was admitted\n"),
        (false, true) => out.push_str("  ! admitted, was refused\n"),
        _ => {}
    }
    for finding in &effect.findings {
        let FindingChange { rule, path, message, before, after } = finding;
        let level = match (before, after) {
            (None, Some(after)) => format!("+ {after}"),
            (Some(before), None) => format!("- {before}"),
            (Some(before), Some(after)) => format!("~ {before} -> {after}"),
            (None, None) => continue,
        };
        let at = if path.is_empty() { String::new() } else { format!(" at {}", plain(path)) };
        let _ = writeln!(out, "  {level} {rule}{at}: {}", plain(message));
    }
    for field in &effect.filled {
        let of = |value: &Value| match value {
            Value::String(text) => plain(text),
            other => plain(&other.to_string()),
        };
        let path = plain(&field.path);
        let _ = match (&field.before, &field.after) {
            (None, Some(after)) => writeln!(out, "  + fills in {path}: {}", of(after)),
            (Some(before), None) => writeln!(out, "  - fills in {path}: {}", of(before)),
            (Some(before), Some(after)) => {
                writeln!(out, "  ~ fills in {path}: {} -> {}", of(before), of(after))
            }
            (None, None) => continue,
        };
    }
}

/// A table: how many findings of each rule come, go, and change their level.
fn by_rule(effects: &Effects, out: &mut String) {
    let mut rules: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in effects.changed.iter().flat_map(|effect| &effect.findings) {
        let column = column(finding.before, finding.after);
        rules.entry(finding.rule).or_default()[column] += 1;
    }
    if rules.is_empty() {
        return;
    }
    let width = rules.keys().map(|rule| rule.len()).max().unwrap_or_default();
    let _ = writeln!(out, "\n{:width$}  appear  vanish  raised  lowered", "rule");
    for (rule, [appear, vanish, raised, lowered]) in rules {
        let cell = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        let line = format!(
            "{rule:width$}  {:>6}  {:>6}  {:>6}  {:>7}",
            cell(appear),
            cell(vanish),
            cell(raised),
            cell(lowered)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn column(before: Option<Severity>, after: Option<Severity>) -> usize {
    match (before, after) {
        (None, _) => 0,
        (_, None) => 1,
        (Some(before), Some(after)) if after > before => 2,
        _ => 3,
    }
}
