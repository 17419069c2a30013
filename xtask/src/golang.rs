//! Reads the type declarations of a Go file: as much of Go as the API's types are written in.
//!
//! The sources are formatted by gofmt, so a declaration starts at the left margin and a field takes one line.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// A Go file's imports and types.
#[derive(Debug, Default)]
pub struct GoFile {
    /// The path of each imported package, by the name that the file uses for it.
    pub imports: BTreeMap<String, String>,
    /// Each type's declaration, by name.
    pub types: BTreeMap<String, GoType>,
}

/// What a type is declared as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoType {
    /// A struct with these fields, in the order of the source.
    Struct(Vec<GoField>),
    /// Another type under a new name: `string`, `map[ResourceName]resource.Quantity`.
    Named(String),
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoField {
    /// Its name in JSON; none where the fields of its type stand in the struct itself.
    pub json: Option<String>,
    /// Its type, as written.
    pub ty: String,
    /// The comment above it, without the slashes.
    pub comment: String,
}

/// Reads a Go file.
///
/// # Errors
/// A line in a struct that is not a field, or a struct without an end.
pub fn parse(text: &str) -> Result<GoFile> {
    let mut file = GoFile::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "import (" {
            for line in lines.by_ref().take_while(|line| *line != ")") {
                file.imports.extend(import(line));
            }
        } else if let Some(single) = line.strip_prefix("import ") {
            file.imports.extend(import(single));
        } else if let Some(declaration) = line.strip_prefix("type ") {
            let Some((name, ty)) = declaration.split_once(' ') else { continue };
            // A generic type, or a group of types: the API has none.
            if !is_identifier(name) {
                continue;
            }
            let ty = without_comment(ty);
            let ty = match ty {
                "struct {" => {
                    GoType::Struct(fields(&mut lines).with_context(|| format!("in the type {name}"))?)
                }
                "struct{}" | "struct {}" => GoType::Struct(Vec::new()),
                _ if ty.ends_with('{') => continue,
                _ => GoType::Named(ty.trim_start_matches("= ").to_owned()),
            };
            file.types.insert(name.to_owned(), ty);
        }
    }
    Ok(file)
}

/// The name and the path of an imported package.
fn import(line: &str) -> Option<(String, String)> {
    let (alias, rest) = line.trim().split_once('"')?;
    let path = rest.split('"').next()?;
    let name = match alias.trim() {
        "" => path.rsplit('/').next()?,
        alias => alias,
    };
    Some((name.to_owned(), path.to_owned()))
}

/// The fields of a struct, up to its closing brace.
fn fields<'t>(lines: &mut impl Iterator<Item = &'t str>) -> Result<Vec<GoField>> {
    let mut fields = Vec::new();
    let mut comment = String::new();
    let mut in_block = false;
    for line in lines {
        if line == "}" {
            return Ok(fields);
        }
        let line = line.trim();
        if in_block || line.starts_with("/*") {
            in_block = !line.ends_with("*/");
        } else if let Some(text) = line.strip_prefix("//") {
            comment.push_str(text.trim());
            comment.push('\n');
        } else if line.is_empty() {
            // A comment that a blank line sets apart is not about the next field.
            comment.clear();
        } else {
            fields.extend(field(line, std::mem::take(&mut comment))?);
        }
    }
    bail!("the struct has no end")
}

/// A field, unless JSON leaves it out.
fn field(line: &str, comment: String) -> Result<Option<GoField>> {
    let tag =
        line.split_once("json:\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(tag, _)| tag);
    let (name, options) = tag.split_once(',').unwrap_or((tag, ""));
    let declared = line.split('`').next().unwrap_or_default();
    let mut words = without_comment(declared).split_whitespace();
    let (go_name, ty) = match (words.next(), words.next(), words.next()) {
        (Some(name), Some(ty), None) => (Some(name), ty),
        // An embedded field has a type alone.
        (Some(ty), None, None) => (None, ty),
        _ => bail!("`{line}` is not a field"),
    };
    let is_inline = options.split(',').any(|option| option == "inline");
    let json = match (name, go_name) {
        ("-", _) => return Ok(None),
        ("", None) => None,
        ("", Some(_)) if is_inline => None,
        // Without a name for JSON, Go's own is that.
        ("", Some(go_name)) => Some(go_name.to_owned()),
        (name, _) => Some(name.to_owned()),
    };
    Ok(Some(GoField { json, ty: ty.to_owned(), comment }))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A line up to a comment at its end.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"package v1

import (
	"k8s.io/apimachinery/pkg/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Restart says when.
type Restart string

type List map[Name]resource.Quantity // by name

type Empty struct {
}

type (
	Ignored string
)

type Thing struct {
	metav1.TypeMeta `json:",inline"`
	// About something else.

	// What it is.
	// +optional
	// +featureGate=Things
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`
	Restart *Restart `json:"restart,omitempty"` // a remark
	/*
		Secret says nothing.
	*/
	Secret string `json:"-"`
	/* Some. */
	IDs []types.UID `json:"ids"`
	Plain string // as it is
	Sized int64 `json:",omitempty"`
}
"#;

    #[test]
    fn reads_imports_and_types() {
        let file = parse(SAMPLE).unwrap();
        assert_eq!(file.imports["types"], "k8s.io/apimachinery/pkg/types");
        assert_eq!(file.imports["metav1"], "k8s.io/apimachinery/pkg/apis/meta/v1");
        assert_eq!(file.types["Restart"], GoType::Named("string".into()));
        assert_eq!(file.types["List"], GoType::Named("map[Name]resource.Quantity".into()));
        assert_eq!(file.types["Empty"], GoType::Struct(Vec::new()));
        assert_eq!(file.types.len(), 4);
    }

    #[test]
    fn reads_fields_with_their_comments() {
        let file = parse(SAMPLE).unwrap();
        let GoType::Struct(fields) = &file.types["Thing"] else { panic!("not a struct") };
        let found: Vec<_> = fields.iter().map(|f| (f.json.as_deref(), f.ty.as_str())).collect();
        assert_eq!(
            found,
            [
                (None, "metav1.TypeMeta"),
                (Some("metadata"), "metav1.ObjectMeta"),
                (Some("restart"), "*Restart"),
                (Some("ids"), "[]types.UID"),
                (Some("Plain"), "string"),
                (Some("Sized"), "int64"),
            ]
        );
        assert_eq!(fields[1].comment, "What it is.\n+optional\n+featureGate=Things\n");
        assert_eq!(fields[2].comment, "");
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert!(parse("type A struct {\n\tB string `json:\"b\"`\n").is_err());
        assert!(parse("type A struct {\n\tB, C string\n}\n").is_err());
    }
}
