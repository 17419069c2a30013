//! Every field below a Job and a CronJob in each version: `xtask/data/fields.json`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::explained;
use crate::gates::{json, section};
use crate::sources::Snapshot;
use crate::version::Minor;

/// What the data says.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Where the knowledge of each version comes from.
    pub versions: BTreeMap<Minor, String>,
    /// What types are that are neither structs nor Go's own: `v1.RestartPolicy` is `string`.
    pub names: BTreeMap<String, String>,
    /// Fields of each struct: by the struct's name (`v1.JobSpec`), then by the field's.
    pub types: BTreeMap<String, BTreeMap<String, Field>>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its Go type, with the package of each name: `*v1.RestartPolicy`.
    pub go: String,
    /// The first version that has it.
    pub since: Minor,
    /// The last version that has it, unless the newest has it.
    #[serde(default)]
    pub until: Option<Minor>,
    /// The gates that its comment names in any version, sorted.
    #[serde(default)]
    pub gates: Vec<String>,
}

impl Fields {
    /// Reads the data.
    ///
    /// # Errors
    /// Text that is not the data's JSON.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("cannot read the data of the fields")
    }

    /// The newest version.
    fn newest(&self) -> Option<Minor> {
        self.versions.keys().next_back().copied()
    }

    /// The versions that have a field.
    fn known_in(&self, field: &Field) -> BTreeSet<Minor> {
        let Some(newest) = self.newest() else { return BTreeSet::new() };
        self.versions.range(field.since..=field.until.unwrap_or(newest)).map(|(minor, _)| *minor).collect()
    }

    /// Takes over what a source has: it is right about its version.
    ///
    /// # Errors
    /// A version that is not the next one, nor one that is known; a field that is known, then not, then known again; a
    /// type that differs between versions and has not been [explained](explained::TYPE_CHANGES).
    pub fn merge(&mut self, minor: Minor, source: &Snapshot) -> Result<()> {
        ensure!(
            self.newest().is_none_or(|newest| minor.0 <= newest.0 + 1),
            "{minor} does not follow what is known; add the versions in order"
        );
        let mut known: BTreeMap<(String, String), BTreeSet<Minor>> = BTreeMap::new();
        for (ty, fields) in &self.types {
            for (name, field) in fields {
                let mut versions = self.known_in(field);
                versions.remove(&minor);
                known.insert((ty.clone(), name.clone()), versions);
            }
        }
        self.versions.insert(minor, "sources".to_owned());
        self.merge_names(minor, source)?;
        for (ty, fields) in &source.types {
            let target = self.types.entry(ty.clone()).or_default();
            for (name, field) in fields {
                let versions = known.entry((ty.clone(), name.clone())).or_default();
                let is_newest = versions.last().is_none_or(|newest| minor > *newest);
                versions.insert(minor);
                let found = target.entry(name.clone()).or_insert_with(|| Field {
                    go: field.go.clone(),
                    since: minor,
                    until: None,
                    gates: Vec::new(),
                });
                if found.go != field.go {
                    ensure!(
                        explained::is_known_change(ty, name, &found.go, &field.go),
                        "{ty}.{name} is {} in {minor} and {} elsewhere; explain it in explained.rs",
                        field.go,
                        found.go
                    );
                    if is_newest {
                        found.go.clone_from(&field.go);
                    }
                }
                let gates: BTreeSet<_> = found.gates.iter().chain(&field.gates).cloned().collect();
                found.gates = gates.into_iter().collect();
            }
        }
        self.set_versions(&known)
    }

    fn merge_names(&mut self, minor: Minor, source: &Snapshot) -> Result<()> {
        for (name, ty) in &source.names {
            let found = self.names.entry(name.clone()).or_insert_with(|| ty.clone());
            ensure!(found == ty, "{name} is {ty} in {minor} and {found} elsewhere");
        }
        Ok(())
    }

    /// Writes the versions of each field, and drops those that no version has.
    fn set_versions(&mut self, known: &BTreeMap<(String, String), BTreeSet<Minor>>) -> Result<()> {
        let newest = self.newest();
        for ((ty, name), versions) in known {
            let Some(fields) = self.types.get_mut(ty) else { continue };
            let (Some(first), Some(last)) = (versions.first(), versions.last()) else {
                fields.remove(name);
                continue;
            };
            let between = self.versions.range(*first..=*last).count();
            ensure!(between == versions.len(), "{ty}.{name} is known in {first} and {last}, not in between");
            if let Some(field) = fields.get_mut(name) {
                field.since = *first;
                field.until = (Some(*last) != newest).then_some(*last);
            }
        }
        Ok(())
    }

    /// Whether nothing is named that the data does not have.
    ///
    /// # Errors
    /// The first name that is missing.
    pub fn check(&self, is_gate: &dyn Fn(&str) -> bool) -> Result<()> {
        for (ty, fields) in &self.types {
            for (name, field) in fields {
                let place = || format!("at {ty}.{name}");
                if let Some(gate) = field.gates.iter().find(|gate| !is_gate(gate)) {
                    bail!("no list has the gate {gate} {}", place());
                }
                let known = self.known_in(field);
                ensure!(
                    known.contains(&field.since) && field.until.is_none_or(|until| known.contains(&until)),
                    "the versions are not known {}",
                    place()
                );
            }
        }
        Ok(())
    }

    /// The data as text: a field a line, in order.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("{\n");
        section(&mut text, "versions", self.versions.iter().map(|(k, v)| (k.to_string(), json(v))));
        text.push_str(",\n");
        section(&mut text, "names", self.names.iter().map(|(k, v)| (k.clone(), json(v))));
        text.push_str(",\n");
        section(&mut text, "types", self.types.iter().map(|(name, fields)| (name.clone(), lines(fields))));
        text.push_str("\n}\n");
        text
    }
}

/// A type's fields, one a line.
fn lines(fields: &BTreeMap<String, Field>) -> String {
    let lines: Vec<_> =
        fields.iter().map(|(name, field)| format!("   {}: {}", json(name), one_line(field))).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) }
}

fn one_line(field: &Field) -> String {
    let mut parts = vec![format!(r#""go": {}, "since": "{}""#, json(&field.go), field.since)];
    parts.extend(field.until.map(|until| format!(r#""until": "{until}""#)));
    if !field.gates.is_empty() {
        let gates: Vec<_> = field.gates.iter().map(|gate| json(gate)).collect();
        parts.push(format!(r#""gates": [{}]"#, gates.join(", ")));
    }
    format!("{{{}}}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::SourceField;

    /// A field's name, its type and its gates.
    type Named<'t> = (&'t str, &'t str, &'t str);

    fn source(fields: &[Named<'_>]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.names.insert("v1.Mode".to_owned(), "string".to_owned());
        for (name, go, gate) in fields {
            let gates = gate.split(' ').filter(|gate| !gate.is_empty()).map(str::to_owned).collect();
            let field = SourceField { go: (*go).to_owned(), gates };
            snapshot.types.entry("v1.Job".to_owned()).or_default().insert((*name).to_owned(), field);
        }
        snapshot
    }

    fn merged(sources: &[(u8, &[Named<'_>])]) -> Result<Fields> {
        let mut fields = Fields::default();
        for (minor, found) in sources {
            fields.merge(Minor(*minor), &source(found))?;
        }
        Ok(fields)
    }

    #[test]
    fn knows_since_when_and_until_when() {
        let fields = merged(&[
            (29, &[("a", "string", ""), ("b", "*v1.Mode", "Modes")]),
            (30, &[("a", "string", ""), ("b", "*v1.Mode", ""), ("c", "[]int32", "")]),
            (31, &[("a", "string", "New"), ("c", "[]int32", "")]),
        ])
        .unwrap();
        let text = fields.to_text();
        assert_eq!(
            text,
            r#"{
 "versions": {
  "1.29": "sources",
  "1.30": "sources",
  "1.31": "sources"
 },
 "names": {
  "v1.Mode": "string"
 },
 "types": {
  "v1.Job": {
   "a": {"go": "string", "since": "1.29", "gates": ["New"]},
   "b": {"go": "*v1.Mode", "since": "1.29", "until": "1.30", "gates": ["Modes"]},
   "c": {"go": "[]int32", "since": "1.30"}
  }
 }
}
"#
        );
        assert_eq!(Fields::parse(&text).unwrap(), fields);
        assert!(fields.check(&|gate| gate == "New").is_err());
        fields.check(&|_| true).unwrap();
    }

    #[test]
    fn a_source_is_right_about_its_version_alone() {
        let mut fields = merged(&[(29, &[("a", "string", "")]), (30, &[("a", "string", "")])]).unwrap();
        fields.merge(Minor(30), &source(&[("b", "string", "")])).unwrap();
        assert_eq!(fields.types["v1.Job"]["a"].until, Some(Minor(29)));
        assert_eq!(fields.types["v1.Job"]["b"].since, Minor(30));
        fields.merge(Minor(30), &source(&[("a", "string", "")])).unwrap();
        assert_eq!(fields.types["v1.Job"].len(), 1);
        assert_eq!(fields.types["v1.Job"]["a"].until, None);
    }

    #[test]
    fn refuses_what_nobody_has_explained() {
        let error = |sources: &[(u8, &[Named<'_>])]| merged(sources).unwrap_err().to_string();
        let a: &[_] = &[("a", "string", "")];
        assert!(
            error(&[(29, a), (30, &[("a", "*string", "")])])
                .contains("v1.Job.a is *string in 1.30 and string")
        );
        assert!(error(&[(29, a), (30, &[]), (31, a)]).contains("not in between"));
        assert!(error(&[(29, a), (31, a)]).contains("does not follow"));
    }
}
