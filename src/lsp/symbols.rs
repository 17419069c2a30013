//! The objects of a document, with what tells one from another.

use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind};

use super::position::Places;
use super::shared::Snapshot;
use super::spot::kind_of_batch;
use jobguard_manifest::{self as manifest, NodeId, NodeKind, Span, Tree};
use jobguard_text::{plain, plain_within};

/// How many symbols of one document are listed.
const MAX_SYMBOLS: usize = 5_000;
/// The longest name or value that is shown, in characters.
const LONGEST: usize = 80;

/// Fields of the specs of a CronJob, a Job and a Pod that people look for.
const FIELDS: &[&str] = &[
    "schedule",
    "timeZone",
    "suspend",
    "concurrencyPolicy",
    "completions",
    "parallelism",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "restartPolicy",
    "serviceAccountName",
];
/// Lists whose elements have names.
const LISTS: &[&str] = &["initContainers", "containers", "volumes"];

/// The symbols of a document.
pub(super) fn symbols(snapshot: &Snapshot) -> DocumentSymbolResponse {
    let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
    let mut writer = Writer { places: &places, left: MAX_SYMBOLS };
    let mut symbols = Vec::new();
    manifest::read_each(places.text(), |document| {
        let Ok(tree) = &document.content else { return };
        for object in manifest::objects(tree) {
            symbols.extend(writer.object(tree, &object));
        }
    });
    if snapshot.client.nested_symbols {
        return DocumentSymbolResponse::Nested(symbols);
    }
    let flat = symbols.into_iter().map(|symbol| {
        #[expect(deprecated, reason = "the type has the field")]
        SymbolInformation {
            name: symbol.name,
            kind: symbol.kind,
            tags: None,
            deprecated: None,
            location: Location { uri: snapshot.document.uri.clone(), range: symbol.range },
            container_name: None,
        }
    });
    DocumentSymbolResponse::Flat(flat.collect())
}

struct Writer<'p, 't> {
    places: &'p Places<'t>,
    left: usize,
}

impl Writer<'_, '_> {
    fn object(&mut self, tree: &Tree<'_>, object: &manifest::ObjectRef) -> Option<DocumentSymbol> {
        let of = |key| tree.get(object.node, key).and_then(|node| tree.str(node));
        let implied = object.implied.as_ref();
        let kind = of("kind").or(implied.map(|implied| implied.kind.as_str()))?;
        let api_version = of("apiVersion").or(implied.map(|implied| implied.api_version.as_str()));
        let metadata = tree.get(object.node, "metadata");
        let in_metadata = |key| metadata.and_then(|node| tree.get(node, key));
        let name = in_metadata("name").or_else(|| in_metadata("generateName"));
        let words = [Some(kind), name.and_then(|node| tree.str(node))];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        let selection = name.or_else(|| tree.get(object.node, "kind")).unwrap_or(object.node);
        let namespace = in_metadata("namespace").and_then(|node| tree.str(node)).map(str::to_owned);
        let span = tree[object.node].span;
        let mut symbol =
            self.symbol(&words.join(" "), namespace, SymbolKind::OBJECT, (span, tree[selection].span))?;
        if api_version.and_then(|api| kind_of_batch(api, kind)).is_some() {
            let mut children = Vec::new();
            if let Some(spec) = tree.get(object.node, "spec") {
                self.fields(tree, spec, &mut children);
            }
            symbol.children = Some(children);
        }
        Some(symbol)
    }

    /// The fields of a spec, and of those within it: a Job's in a CronJob's, a Pod's in a Job's.
    fn fields(&mut self, tree: &Tree<'_>, spec: NodeId, symbols: &mut Vec<DocumentSymbol>) {
        let NodeKind::Map(entries) = &tree[spec].kind else { return };
        for entry in entries.iter().filter(|entry| !entry.shadowed && !entry.merged) {
            let key: &str = &entry.key;
            let span = Span::new(entry.key_span.start, tree[entry.value].span.end.max(entry.key_span.end));
            if FIELDS.contains(&key) {
                let value = self.value(tree, entry.value);
                symbols.extend(self.symbol(key, value, SymbolKind::FIELD, (span, entry.key_span)));
            } else if LISTS.contains(&key) {
                let Some(mut list) = self.symbol(key, None, SymbolKind::ARRAY, (span, entry.key_span)) else {
                    return;
                };
                list.children = Some(self.elements(tree, entry.value));
                symbols.push(list);
            } else if matches!(key, "jobTemplate" | "template")
                && let Some(spec) = tree.get(entry.value, "spec")
            {
                self.fields(tree, spec, symbols);
            }
        }
    }

    fn elements(&mut self, tree: &Tree<'_>, list: NodeId) -> Vec<DocumentSymbol> {
        let NodeKind::Seq(items) = &tree[list].kind else { return Vec::new() };
        let element = |item: &NodeId| {
            let name = tree.get(*item, "name")?;
            let image = tree.get(*item, "image").and_then(|node| tree.str(node)).map(str::to_owned);
            self.symbol(tree.str(name)?, image, SymbolKind::CLASS, (tree[*item].span, tree[name].span))
        };
        items.iter().filter_map(element).collect()
    }

    fn value(&self, tree: &Tree<'_>, node: NodeId) -> Option<String> {
        match &tree[node].kind {
            NodeKind::Map(_) | NodeKind::Seq(_) | NodeKind::Null => None,
            NodeKind::Str(text) => Some(text.to_string()),
            _ => self.places.text().get(tree[node].span.start..tree[node].span.end).map(str::to_owned),
        }
    }

    fn symbol(
        &mut self,
        name: &str,
        detail: Option<String>,
        kind: SymbolKind,
        (span, selection): (Span, Span),
    ) -> Option<DocumentSymbol> {
        self.left = self.left.checked_sub(1)?;
        // An editor refuses a selection that lies outside, and an empty name.
        let is_within = span.start <= selection.start && selection.end <= span.end;
        let selection = if is_within { selection } else { span };
        let name = match plain_within(name, LONGEST) {
            empty if empty.trim().is_empty() => "(no name)".to_owned(),
            name => name,
        };
        #[expect(deprecated, reason = "the type has the field")]
        Some(DocumentSymbol {
            name,
            detail: detail.map(|detail| plain(&plain_within(&detail, LONGEST))),
            kind,
            tags: None,
            deprecated: None,
            range: self.places.range(span),
            selection_range: self.places.range(selection),
            children: None,
        })
    }
}
