//! Walks Kubernetes' API types from Job and CronJob down, in a checkout of its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::explained;
use crate::golang::{self, GoFile, GoType};

/// Where the walk starts.
pub const ROOTS: [(&str, &str); 2] = [("k8s.io/api/batch/v1", "Job"), ("k8s.io/api/batch/v1", "CronJob")];

/// Types that are read as a whole: nothing below them is a field.
pub const LEAVES: [&str; 5] =
    ["intstr.IntOrString", "resource.Quantity", "v1.FieldsV1", "v1.MicroTime", "v1.Time"];

/// Types of Go itself.
pub const BASIC: [&str; 4] = ["bool", "int32", "int64", "string"];

/// Text types that stand in files which the walk does not read.
const TEXTS: [&str; 1] = ["types.UID"];

/// What one version has.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Fields of each struct: by the struct's name (`v1.JobSpec`), then by the field's.
    pub types: BTreeMap<String, BTreeMap<String, SourceField>>,
    /// What types are that are neither structs nor Go's own: `v1.RestartPolicy` is `string`.
    pub names: BTreeMap<String, String>,
}

/// A field in one version.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceField {
    /// Its Go type, with the package of each name: `*v1.RestartPolicy`.
    pub go: String,
    /// The gates that its comment names.
    pub gates: BTreeSet<String>,
}

/// Reads the types of the checkout in `root`; `is_gate` knows the names of feature gates.
///
/// # Errors
/// A file that is missing or cannot be read, or a type that the data cannot express.
pub fn read(root: &Path, is_gate: &dyn Fn(&str) -> bool) -> Result<Snapshot> {
    let mut walk = Walk {
        root: root.join("staging/src"),
        is_gate,
        files: BTreeMap::new(),
        paths: BTreeMap::new(),
        snapshot: Snapshot::default(),
    };
    for (path, name) in ROOTS {
        walk.visit(path, name)?;
    }
    Ok(walk.snapshot)
}

struct Walk<'g> {
    root: PathBuf,
    is_gate: &'g dyn Fn(&str) -> bool,
    files: BTreeMap<String, GoFile>,
    /// The package of each type that has been visited.
    paths: BTreeMap<String, String>,
    snapshot: Snapshot,
}

impl Walk<'_> {
    /// Takes in a type and all it is made of.
    fn visit(&mut self, path: &str, name: &str) -> Result<()> {
        let qualified = qualified(path, name);
        if LEAVES.contains(&qualified.as_str()) {
            return Ok(());
        }
        if let Some(other) = self.paths.insert(qualified.clone(), path.to_owned()) {
            ensure!(other == path, "{qualified} is a type of {path} and of {other}");
            return Ok(());
        }
        if TEXTS.contains(&qualified.as_str()) {
            self.snapshot.names.insert(qualified, "string".to_owned());
            return Ok(());
        }
        self.load(path)?;
        let Some(ty) = self.files.get(path).and_then(|file| file.types.get(name)) else {
            bail!("{path} has no type {name}");
        };
        match ty.clone() {
            GoType::Named(ty) => {
                let ty = self.expression(path, &ty).with_context(|| format!("at the type {qualified}"))?;
                self.snapshot.names.insert(qualified, ty);
            }
            GoType::Struct(fields) => {
                let mut found = BTreeMap::new();
                self.take_fields(path, fields, &mut found)
                    .with_context(|| format!("at the type {qualified}"))?;
                self.snapshot.types.insert(qualified, found);
            }
        }
        Ok(())
    }

    /// Takes in fields; those of embedded structs stand among them.
    fn take_fields(
        &mut self,
        path: &str,
        fields: Vec<golang::GoField>,
        found: &mut BTreeMap<String, SourceField>,
    ) -> Result<()> {
        for field in fields {
            let Some(json) = field.json else {
                let (path, name) = self.resolve(path, &field.ty)?;
                self.load(&path)?;
                match self.files.get(&path).and_then(|file| file.types.get(&name)) {
                    Some(GoType::Struct(fields)) => {
                        let fields = fields.clone();
                        self.take_fields(&path, fields, found)?;
                    }
                    _ => bail!("the embedded {} is not a struct", field.ty),
                }
                continue;
            };
            let go = self.expression(path, &field.ty).with_context(|| format!("at the field {json}"))?;
            let gates = self.gates(&field.comment).with_context(|| format!("at the field {json}"))?;
            let twice = found.insert(json.clone(), SourceField { go, gates });
            ensure!(twice.is_none(), "the field {json} stands there twice");
        }
        Ok(())
    }

    /// A type expression with the packages of its names; what it names is visited.
    fn expression(&mut self, path: &str, ty: &str) -> Result<String> {
        for prefix in ["*", "[]"] {
            if let Some(inner) = ty.strip_prefix(prefix) {
                return Ok(format!("{prefix}{}", self.expression(path, inner)?));
            }
        }
        if let Some((key, value)) = ty.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            return Ok(format!("map[{}]{}", self.expression(path, key)?, self.expression(path, value)?));
        }
        if BASIC.contains(&ty) {
            return Ok(ty.to_owned());
        }
        let (path, name) = self.resolve(path, ty)?;
        self.visit(&path, &name)?;
        Ok(qualified(&path, &name))
    }

    /// The package and the name of a type, as a file writes it.
    fn resolve(&mut self, path: &str, ty: &str) -> Result<(String, String)> {
        let Some((package, name)) = ty.split_once('.') else {
            ensure!(ty.starts_with(char::is_uppercase), "the type `{ty}` cannot be expressed");
            return Ok((path.to_owned(), ty.to_owned()));
        };
        self.load(path)?;
        let import = self.files.get(path).and_then(|file| file.imports.get(package));
        let import = import.with_context(|| format!("{path} imports nothing as `{package}`"))?;
        Ok((import.clone(), name.to_owned()))
    }

    fn load(&mut self, path: &str) -> Result<()> {
        if !self.files.contains_key(path) {
            let file = self.root.join(path).join("types.go");
            let text =
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let parsed = golang::parse(&text).with_context(|| format!("in {}", file.display()))?;
            self.files.insert(path.to_owned(), parsed);
        }
        Ok(())
    }

    /// The gates that a comment names: in a line of its own (`+featureGate=Name`), or in words (`the Name feature`,
    /// `the feature gate Name`).
    fn gates(&self, comment: &str) -> Result<BTreeSet<String>> {
        let mut gates = BTreeSet::new();
        for line in comment.lines() {
            if let Some(rest) = line.strip_prefix("+featureGate=") {
                // Another marker may follow on the line.
                let name = rest.split_whitespace().next().unwrap_or_default();
                let name = explained::gate_alias(name).unwrap_or(name);
                ensure!((self.is_gate)(name), "no list has the gate {name} of the comment");
                gates.insert(name.to_owned());
            }
        }
        let words: Vec<_> = comment
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .collect();
        for (at, word) in words.iter().enumerate() {
            let after = words.get(at + 1).is_some_and(|next| next.starts_with("feature"));
            let before = at >= 2 && words[at - 2..at] == ["feature", "gate"];
            if (after || before) && (self.is_gate)(word) {
                gates.insert((*word).to_owned());
            }
        }
        Ok(gates)
    }
}

/// A type's name as Go prints it: with the last part of its package's path.
fn qualified(path: &str, name: &str) -> String {
    format!("{}.{name}", path.rsplit('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str = r#"package v1
import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)
type Mode string
type Lists map[Mode]metav1.Time
type Job struct {
	metav1.TypeMeta `json:",inline"`
	// Kept.
	// +featureGate=Keeping +optional
	Owner types.UID `json:"owner"`
	// Needs the ModeGate feature gate, or the feature gate `Other`, but no Unknown feature.
	Mode *Mode `json:"mode"`
	Lists Lists `json:"lists"`
	Jobs []Job `json:"jobs"`
}
type CronJob struct {
	Job map[string]Job `json:"job"`
}
"#;
    const META: &str = "package v1\ntype TypeMeta struct {\n\tKind string `json:\"kind\"`\n}\n";

    fn snapshot(batch: &str) -> Result<Snapshot> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [("k8s.io/api/batch/v1", batch), ("k8s.io/apimachinery/pkg/apis/meta/v1", META)] {
            let folder = root.path().join("staging/src").join(path);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("types.go"), text).unwrap();
        }
        read(root.path(), &|name| ["Keeping", "ModeGate", "Other"].contains(&name))
    }

    #[test]
    fn walks_the_types() {
        let found = snapshot(BATCH).unwrap();
        let job: Vec<_> =
            found.types["v1.Job"].iter().map(|(name, f)| (name.as_str(), f.go.as_str())).collect();
        assert_eq!(
            job,
            [
                ("jobs", "[]v1.Job"),
                ("kind", "string"),
                ("lists", "v1.Lists"),
                ("mode", "*v1.Mode"),
                ("owner", "types.UID"),
            ]
        );
        assert_eq!(found.types["v1.CronJob"]["job"].go, "map[string]v1.Job");
        assert_eq!(found.names["v1.Mode"], "string");
        assert_eq!(found.names["v1.Lists"], "map[v1.Mode]v1.Time");
        assert_eq!(found.names["types.UID"], "string");
        let gates = |field: &str| found.types["v1.Job"][field].gates.iter().cloned().collect::<Vec<_>>();
        assert_eq!(gates("owner"), ["Keeping"]);
        assert_eq!(gates("mode"), ["ModeGate", "Other"]);
    }

    #[test]
    fn refuses_what_the_data_cannot_express() {
        for (bad, message) in [
            (BATCH.replace("featureGate=Keeping", "featureGate=Gone"), "no list has the gate Gone"),
            (BATCH.replace("Jobs []Job", "Jobs []uint16"), "the type `uint16`"),
            (BATCH.replace("*Mode", "*Gone"), "has no type Gone"),
            (BATCH.replace("*Mode", "*gone.Gone"), "imports nothing as `gone`"),
            (BATCH.replace("json:\"owner\"", "json:\"kind\""), "twice"),
        ] {
            let error = format!("{:#}", snapshot(&bad).unwrap_err());
            assert!(error.contains(message), "{error}");
        }
    }
}
