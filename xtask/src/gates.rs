//! The state of each feature gate in each version: `xtask/data/gates.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::version::Minor;

/// How far a feature has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Off unless somebody switches it on.
    Alpha,
    /// Usually on.
    Beta,
    /// Done.
    Ga,
    /// On its way out.
    Deprecated,
}

/// A gate in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Its default.
    pub on: bool,
    /// Its stage.
    pub stage: Stage,
    /// Whether nobody may set it otherwise.
    pub locked: bool,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Alpha => "Alpha",
            Stage::Beta => "Beta",
            Stage::Ga => "GA",
            Stage::Deprecated => "Deprecated",
        };
        let locked = if self.locked { " locked" } else { "" };
        write!(f, "{} {stage}{locked}", if self.on { "on" } else { "off" })
    }
}

impl FromStr for State {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let (on, stage, locked) = match words[..] {
            [on, stage] => (on, stage, false),
            [on, stage, "locked"] => (on, stage, true),
            _ => bail!("`{text}` is not a state"),
        };
        let on = match on {
            "on" => true,
            "off" => false,
            _ => bail!("`{text}` is neither on nor off"),
        };
        let stage = match stage {
            "Alpha" => Stage::Alpha,
            "Beta" => Stage::Beta,
            "GA" => Stage::Ga,
            "Deprecated" => Stage::Deprecated,
            _ => bail!("`{stage}` is not a stage"),
        };
        Ok(Self { on, stage, locked })
    }
}

/// A gate's history: what it is from each version on, until the next one that is named. The text is a state or
/// `absent`, and a remark where it does not come from a source: `on GA locked; documented, the lock is assumed`.
pub type History = BTreeMap<Minor, String>;

/// What the data says.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// Where the knowledge of each version comes from.
    pub versions: BTreeMap<Minor, String>,
    /// The gates of the lists that sources have.
    pub gates: BTreeMap<String, History>,
    /// Gates that the API server has from lists elsewhere: libraries register them by code of their own.
    pub elsewhere: BTreeMap<String, History>,
}

const ABSENT: &str = "absent";

/// A history's text for a version.
fn text_at(history: Option<&History>, minor: Minor) -> &str {
    history.and_then(|history| history.range(..=minor).next_back()).map_or(ABSENT, |(_, text)| text.as_str())
}

/// A history's state in a version.
fn state_at(history: Option<&History>, minor: Minor) -> Result<Option<State>> {
    match text_at(history, minor).split("; ").next() {
        None | Some(ABSENT) => Ok(None),
        Some(state) => state.parse().map(Some),
    }
}

impl Gates {
    /// Reads the data.
    ///
    /// # Errors
    /// Text that is not the data's JSON, or a state that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let gates: Self = serde_json::from_str(text).context("cannot read the data of the gates")?;
        for name in gates.names() {
            gates.states(name).with_context(|| format!("at the gate {name}"))?;
        }
        Ok(gates)
    }

    /// All gates, sorted.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.gates.keys().chain(self.elsewhere.keys()).map(String::as_str).collect()
    }

    /// A gate's state in each version.
    ///
    /// # Errors
    /// A state that is none.
    pub fn states(&self, name: &str) -> Result<Vec<Option<State>>> {
        self.versions
            .keys()
            .map(|minor| {
                let listed = state_at(self.gates.get(name), *minor)?;
                Ok(listed.or(state_at(self.elsewhere.get(name), *minor)?))
            })
            .collect()
    }

    /// Takes over what a source has: it is right about its version.
    ///
    /// # Errors
    /// A version that is not the next one, nor one that is known.
    pub fn merge(&mut self, minor: Minor, source: &BTreeMap<String, State>) -> Result<()> {
        let newest = self.versions.keys().next_back();
        ensure!(
            newest.is_none_or(|newest| minor.0 <= newest.0 + 1),
            "{minor} does not follow what is known; add the versions in order"
        );
        self.versions.insert(minor, "sources".to_owned());
        let names: BTreeSet<_> = self.gates.keys().chain(source.keys()).cloned().collect();
        for name in names {
            let old = self.gates.get(&name);
            let mut history = History::new();
            let mut last = ABSENT.to_owned();
            for version in self.versions.keys() {
                let text = if *version == minor {
                    source.get(&name).map_or_else(|| ABSENT.to_owned(), State::to_string)
                } else {
                    text_at(old, *version).to_owned()
                };
                if text != last {
                    history.insert(*version, text.clone());
                }
                last = text;
            }
            if history.is_empty() {
                self.gates.remove(&name);
            } else {
                self.gates.insert(name, history);
            }
        }
        Ok(())
    }

    /// The data as text: a gate a line, in order.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("{\n");
        section(&mut text, "versions", self.versions.iter().map(|(k, v)| (k.to_string(), json(v))));
        text.push_str(",\n");
        for (title, gates) in [("gates", &self.gates), ("elsewhere", &self.elsewhere)] {
            section(&mut text, title, gates.iter().map(|(name, history)| (name.clone(), one_line(history))));
            text.push_str(if title == "gates" { ",\n" } else { "\n}\n" });
        }
        text
    }
}

/// An object of the data's outermost level.
pub(crate) fn section(text: &mut String, title: &str, entries: impl Iterator<Item = (String, String)>) {
    let lines: Vec<_> = entries.map(|(key, value)| format!("  {}: {value}", json(&key))).collect();
    // Writing to a String does not fail.
    let _ = if lines.is_empty() {
        write!(text, " {}: {{}}", json(title))
    } else {
        write!(text, " {}: {{\n{}\n }}", json(title), lines.join(",\n"))
    };
}

/// A history on one line.
fn one_line(history: &History) -> String {
    let parts: Vec<_> = history
        .iter()
        .map(|(minor, state)| format!("{}: {}", json(&minor.to_string()), json(state)))
        .collect();
    format!("{{{}}}", parts.join(", "))
}

/// A text in JSON.
pub(crate) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(entries: &[(&str, &str)]) -> BTreeMap<String, State> {
        entries.iter().map(|(name, state)| ((*name).to_owned(), state.parse().unwrap())).collect()
    }

    #[test]
    fn states_are_read_as_written() {
        for text in ["on Beta", "off Alpha", "on GA locked", "off Deprecated locked"] {
            assert_eq!(text.parse::<State>().unwrap().to_string(), text);
        }
        for bad in ["", "on", "maybe Beta", "on Gamma", "on GA unlocked", "on GA locked twice"] {
            assert!(bad.parse::<State>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_changes_are_kept() {
        let mut gates = Gates::default();
        gates.merge(Minor(29), &source(&[("A", "off Alpha"), ("B", "on GA")])).unwrap();
        gates.merge(Minor(30), &source(&[("A", "off Alpha"), ("C", "on Beta")])).unwrap();
        gates.merge(Minor(31), &source(&[("A", "on Beta"), ("C", "on Beta")])).unwrap();
        let text = gates.to_text();
        assert_eq!(
            text,
            r#"{
 "versions": {
  "1.29": "sources",
  "1.30": "sources",
  "1.31": "sources"
 },
 "gates": {
  "A": {"1.29": "off Alpha", "1.31": "on Beta"},
  "B": {"1.29": "on GA", "1.30": "absent"},
  "C": {"1.30": "on Beta"}
 },
 "elsewhere": {}
}
"#
        );
        assert_eq!(Gates::parse(&text).unwrap(), gates);
        assert_eq!(
            gates.states("C").unwrap(),
            [None, Some("on Beta".parse().unwrap()), Some("on Beta".parse().unwrap())]
        );
    }

    #[test]
    fn a_source_replaces_what_was_assumed_of_its_version_alone() {
        let mut gates = Gates::parse(
            r#"{"versions": {"1.30": "sources", "1.31": "assumed", "1.32": "assumed"},
                "gates": {"A": {"1.30": "off Alpha"}, "B": {"1.31": "on GA locked; documented"}},
                "elsewhere": {"E": {"1.30": "on Beta; documented"}}}"#,
        )
        .unwrap();
        gates.merge(Minor(31), &source(&[("A", "on Beta")])).unwrap();
        assert!(
            gates.to_text().contains(r#""A": {"1.30": "off Alpha", "1.31": "on Beta", "1.32": "off Alpha"}"#)
        );
        assert!(gates.to_text().contains(r#""B": {"1.32": "on GA locked; documented"}"#));
        assert_eq!(gates.states("E").unwrap(), [Some("on Beta".parse().unwrap()); 3]);
        assert!(gates.merge(Minor(34), &source(&[])).is_err());
    }

    #[test]
    fn refuses_a_state_that_is_none() {
        let text = r#"{"versions": {"1.30": "x"}, "gates": {"A": {"1.30": "on"}}, "elsewhere": {}}"#;
        assert!(format!("{:#}", Gates::parse(text).unwrap_err()).contains("at the gate A"));
    }
}
