//! Field paths, written as the API server writes them: `spec.template.spec.containers[0].name`,
//! `metadata.labels[job-name]`.
//!
//! [`At`] is a cursor that lives on the stack and costs nothing while an object is walked; it becomes an owned
//! [`FieldPath`] only where something is reported.

use std::borrow::Cow;
use std::fmt;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field of an object, joined with a dot.
    Field(Cow<'static, str>),
    /// An element of a list, counted from 0, in brackets.
    Index(usize),
    /// A key of a free map (labels, annotations, resource names), in brackets.
    Key(Cow<'static, str>),
}

/// How many steps there is room for in a path that begins with several fields.
const USUAL_DEPTH: usize = 8;

/// An owned field path. The empty path is the object itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The object itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Reads a path in the written form. Anything in brackets that is not a number is a map key, so the result
    /// of `to_string()` reads back as the same path.
    pub fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let end = inner.find(']').unwrap_or(inner.len());
                let key = &inner[..end];
                segments.push(match key.parse() {
                    Ok(index) => Segment::Index(index),
                    Err(_) => Segment::Key(Cow::Owned(key.to_owned())),
                });
                rest = inner.get(end + 1..).unwrap_or("");
            } else {
                let name = rest.strip_prefix('.').unwrap_or(rest);
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end > 0 {
                    segments.push(Segment::Field(Cow::Owned(name[..end].to_owned())));
                }
                rest = &name[end..];
            }
        }
        Self(segments)
    }

    /// The name of the field that it leads to, or of the field that holds the element or entry.
    pub fn last_field(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Field(name) => Some(name.as_ref()),
            Segment::Index(_) | Segment::Key(_) => None,
        })
    }

    /// The steps from the object down.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the object itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a field in place.
    pub fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    /// This path with a field appended.
    #[must_use]
    pub fn field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Segment::Field(name.into()));
        self
    }

    /// This path with several fields appended, written with dots between them; with none for the empty text.
    #[must_use]
    pub fn fields(mut self, names: &'static str) -> Self {
        // Nearly every path that several fields begin leads into a container or its Pod.
        if self.0.is_empty() {
            self.0.reserve(USUAL_DEPTH);
        }
        self.0
            .extend(names.split('.').filter(|name| !name.is_empty()).map(|name| Segment::Field(name.into())));
        self
    }

    /// This path with a list index appended.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// This path with a map key appended.
    #[must_use]
    pub fn key(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// The path of the enclosing value; the object itself has none.
    pub fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.to_vec()))
    }

    /// Whether `self` is `other` or lies below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// This path as a JSON Pointer (RFC 6901).
    pub fn to_json_pointer(&self) -> String {
        let mut out = String::new();
        for segment in &self.0 {
            out.push('/');
            match segment {
                Segment::Field(name) | Segment::Key(name) => {
                    out.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                Segment::Index(index) => out.push_str(&index.to_string()),
            }
        }
        out
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

/// A step of a borrowed path.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

/// A borrowed path: a chain of steps on the stack.
///
/// ```
/// use jobguard_manifest::At;
/// let root = At::root();
/// let spec = root.field("spec");
/// let containers = spec.field("containers");
/// assert_eq!(containers.index(0).to_path().to_string(), "spec.containers[0]");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

impl<'a> At<'a> {
    /// The object itself.
    pub const fn root() -> At<'static> {
        At { parent: None, step: Step::Root }
    }

    /// The field `name` below this.
    pub const fn field(&'a self, name: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Field(name) }
    }

    /// The list element `index` below this.
    pub const fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    /// The map entry `key` below this.
    pub const fn key(&'a self, key: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    /// The owned path.
    pub fn to_path(&self) -> FieldPath {
        let mut segments = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            match here.step {
                Step::Root => {}
                Step::Field(name) => segments.push(Segment::Field(Cow::Owned(name.to_owned()))),
                Step::Index(index) => segments.push(Segment::Index(index)),
                Step::Key(key) => segments.push(Segment::Key(Cow::Owned(key.to_owned()))),
            }
            at = here.parent;
        }
        segments.reverse();
        FieldPath(segments)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_path().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_the_api_server_writes_them() {
        let root = At::root();
        let labels = root.field("metadata");
        let labels = labels.field("labels");
        assert_eq!(labels.key("job-name").to_string(), "metadata.labels[job-name]");
        let path = FieldPath::root().field("spec").field("containers").index(2).field("name");
        assert_eq!(path.to_string(), "spec.containers[2].name");
        assert_eq!(path.to_json_pointer(), "/spec/containers/2/name");
    }

    #[test]
    fn reads_back_what_it_writes() {
        for text in
            ["", "spec", "spec.containers[0].env[12].name", "metadata.labels[example.com/a]", "a[b][0].c"]
        {
            assert_eq!(FieldPath::parse(text).to_string(), text);
        }
    }

    #[test]
    fn pointers_escape() {
        let path = FieldPath::root().field("metadata").field("labels").key("example.com/a~b");
        assert_eq!(path.to_json_pointer(), "/metadata/labels/example.com~1a~0b");
    }
}
