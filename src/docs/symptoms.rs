//! The rules by what people see.

use std::fmt::Write as _;

use super::rule_page::sentence;
use crate::engine::{Rule, Symptom};
use crate::rules::registry;

/// The page `docs/symptoms.md`.
pub fn page() -> String {
    let mut text = "# Symptoms\n\n\
        If something went wrong and you do not know the rule's name, look up what you see here. Each rule links \
        to its page, with the reason, the remedy and examples. `jobguard lint` finds these problems in your \
        manifests; rules that are `off` in `recommended` are on with `--policy strict`.\n\n"
        .to_owned();
    for symptom in Symptom::ALL {
        let _ = writeln!(text, "- [{}](#{})", symptom.title(), anchor(symptom.title()));
    }
    for symptom in Symptom::ALL {
        let _ = write!(text, "\n## {}\n\n", symptom.title());
        for rule in registry().rules().iter().filter(|rule| rule.docs.symptoms.contains(&symptom)) {
            text.push_str(&line(rule));
        }
    }
    text
}

fn line(rule: &Rule) -> String {
    let id = rule.id();
    format!("- {} [`{id}`](rules/{id}.md)\n", sentence(rule.spec.summary))
}

/// The anchor that a Markdown renderer makes of a heading, as GitHub does.
fn anchor(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            other => (other.is_alphanumeric() || other == '-').then_some(other),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_and_every_symptom_is_on_the_page() {
        for rule in registry().rules() {
            assert!(!rule.docs.symptoms.is_empty(), "{} has no symptom", rule.id());
        }
        for symptom in Symptom::ALL {
            let has_rules = registry().rules().iter().any(|rule| rule.docs.symptoms.contains(&symptom));
            assert!(has_rules, "{}", symptom.title());
        }
    }

    #[test]
    fn anchors() {
        assert_eq!(anchor("\"field is immutable\": I cannot"), "field-is-immutable-i-cannot");
    }
}
