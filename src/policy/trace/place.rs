//! Where a file says something.

use super::super::load::Source;
use super::super::preset::Preset;
use super::model::Origin;
use jobguard_manifest::{Document, LineIndex, NodeKind, Tree};

/// A step to a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    Field(&'a str),
    Index(usize),
}

/// The places of one policy file.
#[derive(Debug)]
pub(super) struct Places<'t> {
    file: &'t str,
    lines: LineIndex<'t>,
    tree: Option<&'t Tree<'t>>,
    preset: Option<Preset>,
}

impl<'t> Places<'t> {
    pub(super) fn new(source: &'t Source, read: Option<&'t Document<'t>>, preset: Option<Preset>) -> Self {
        let tree = read.and_then(|document| document.content.as_ref().ok());
        Self { file: &source.name, lines: LineIndex::new(&source.text), tree, preset }
    }

    /// The line of what stands at `path`; none where nothing does.
    pub(super) fn line(&self, path: &[Key<'_>]) -> Option<usize> {
        let tree = self.tree?;
        let (mut node, mut span) = (tree.root(), tree[tree.root()].span);
        for key in path {
            (node, span) = match key {
                Key::Field(name) => {
                    let entry = tree.entry(node, name)?;
                    (entry.value, entry.key_span)
                }
                Key::Index(index) => match &tree[node].kind {
                    NodeKind::Seq(items) => {
                        let item = *items.get(*index)?;
                        (item, tree[item].span)
                    }
                    _ => return None,
                },
            };
        }
        Some(self.lines.position(span.start).line)
    }

    /// The origin of what stands at `path`, below `spec` or one of its overrides; none where nothing does.
    pub(super) fn origin(
        &self,
        of_override: Option<usize>,
        path: &[&str],
        key: Option<&str>,
    ) -> Option<Origin> {
        let mut whole = vec![Key::Field("spec")];
        if let Some(index) = of_override {
            whole.extend([Key::Field("overrides"), Key::Index(index)]);
        }
        whole.extend(path.iter().map(|name| Key::Field(name)));
        let line = self.line(&whole)?;
        Some(self.at(line, key, of_override))
    }

    /// The origin of an override.
    pub(super) fn of_override(&self, index: usize) -> Origin {
        let line = self.line(&[Key::Field("spec"), Key::Field("overrides"), Key::Index(index)]);
        self.at(line.unwrap_or_default(), None, Some(index))
    }

    /// What an override sets, as one line of JSON.
    pub(super) fn says(&self, index: usize) -> String {
        let value = || {
            let tree = self.tree?;
            let overrides = tree.get(tree.get(tree.root(), "spec")?, "overrides")?;
            let NodeKind::Seq(items) = &tree[overrides].kind else { return None };
            let mut value = tree.to_value(*items.get(index)?);
            value.as_object_mut()?.remove("match");
            Some(value)
        };
        value().map(|value| value.to_string()).unwrap_or_default()
    }

    fn at(&self, line: usize, key: Option<&str>, of_override: Option<usize>) -> Origin {
        match self.preset {
            Some(preset) => Origin::Preset(preset),
            None => Origin::File {
                file: self.file.to_owned(),
                line,
                key: key.map(str::to_owned),
                of_override: of_override.map(|index| index + 1),
            },
        }
    }
}
