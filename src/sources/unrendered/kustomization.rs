//! The files that a kustomization takes as patches, values, configuration or data: none of them is a manifest, whatever
//! kind it names. What it takes as resources is.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::confined::{Root, without_dots};
use jobguard_manifest::{self as manifest, NodeId, NodeKind, Tree};

/// The names that kustomize looks for, in its order.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// The largest kustomization, or transformer, that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// How many files one may name: each is looked up.
const MAX_FILES: usize = 10_000;
/// How many of its transformers are read for the files that they name in turn.
const MAX_TRANSFORMERS: usize = 100;

/// Lists whose elements are names of files, or texts that stand for one.
const FILE_LISTS: [&str; 7] = [
    "configurations",
    "crds",
    "generators",
    "patches",
    "patchesStrategicMerge",
    "transformers",
    "validators",
];
/// Of these, those whose files may name files themselves.
const CONFIGURED: [&str; 3] = ["generators", "transformers", "validators"];
/// Lists of objects, each with fields that name a file or a list of files.
const OBJECT_LISTS: [(&str, &[&str]); 7] = [
    ("configMapGenerator", DATA),
    ("helmChartInflationGenerator", VALUES),
    ("helmCharts", VALUES),
    ("patches", &["path"]),
    ("patchesJson6902", &["path"]),
    ("replacements", &["path"]),
    ("secretGenerator", DATA),
];
const DATA: &[&str] = &["env", "envs", "files"];
const VALUES: &[&str] = &["additionalValuesFiles", "values", "valuesFile"];

/// Whether a file is a kustomization by its name.
pub(in crate::sources) fn is_kustomization(name: &OsStr) -> bool {
    NAMES.iter().any(|one| name == *one)
}

/// A kustomization that was read.
#[derive(Debug, Default)]
pub(super) struct Kustomization {
    /// The name of its file.
    pub(super) file: &'static str,
    /// The files that it names and that are no manifests: absolute, as they read and as they are behind links.
    pub(super) files: BTreeSet<PathBuf>,
    /// Whether it is a component, which is built only as a part of another.
    pub(super) is_component: bool,
    /// Whether it inflates Helm charts, which must be allowed on the command line.
    pub(super) uses_helm: bool,
    /// Whether it cannot be read, so that what it names is unknown.
    pub(super) is_unreadable: bool,
    /// Whether it names files outside of its folder, which must be allowed too.
    pub(super) leads_out: bool,
}

impl Kustomization {
    /// The kustomization in `folder`, an absolute path without links; none where there is none that can be read. Of links
    /// only those within `root` are followed.
    pub(super) fn read(folder: &Path, root: &Root) -> Option<Self> {
        let (file, text) =
            NAMES.iter().find_map(|name| Some((*name, read_text(&folder.join(name), root)?)))?;
        let mut found = Self { file, ..Self::default() };
        let (mut configured, mut inline) = (Vec::new(), Vec::new());
        manifest::read_each(&text, |document| {
            let Ok(tree) = document.content else {
                found.is_unreadable = true;
                return;
            };
            found.is_component |= string(&tree, tree.get(tree.root(), "kind")) == Some("Component");
            found.uses_helm |= ["helmCharts", "helmChartInflationGenerator"]
                .iter()
                .any(|key| tree.get(tree.root(), key).is_some());
            for (key, names) in named(&tree) {
                for name in names {
                    if CONFIGURED.contains(&key) && name.contains('\n') {
                        if inline.len() < MAX_TRANSFORMERS {
                            inline.push(name.to_owned());
                        }
                        continue;
                    }
                    let path = without_dots(&folder.join(name));
                    if CONFIGURED.contains(&key)
                        && configured.len() < MAX_TRANSFORMERS
                        && path.starts_with(root.path())
                    {
                        configured.push(path);
                    }
                    found.add(folder, name, root);
                }
            }
        });
        let files: Vec<_> = configured.into_iter().flat_map(|path| transformers_at(path, root)).collect();
        let written = files.iter().take(MAX_TRANSFORMERS).filter_map(|file| read_text(file, root));
        for text in inline.into_iter().chain(written) {
            manifest::read_each(&text, |document| {
                let Ok(tree) = document.content else { return };
                for name in named_by_transformer(&tree) {
                    found.add(folder, name, root);
                }
            });
        }
        Some(found)
    }

    fn add(&mut self, folder: &Path, name: &str, root: &Root) {
        // A patch that is written here, and not in a file.
        if name.is_empty() || name.contains('\n') || self.files.len() >= MAX_FILES {
            return;
        }
        self.leads_out |= Path::new(name).components().next() == Some(Component::ParentDir);
        let path = without_dots(&folder.join(name));
        if path.starts_with(root.path()) {
            self.files.extend(std::fs::canonicalize(&path));
        }
        self.files.insert(path);
    }
}

/// The files of transformers at `path`: itself or, where it is a folder, what the kustomization there takes as resources.
fn transformers_at(path: PathBuf, root: &Root) -> Vec<PathBuf> {
    let Some(text) = NAMES.iter().find_map(|name| read_text(&path.join(name), root)) else {
        return vec![path];
    };
    let mut files = Vec::new();
    manifest::read_each(&text, |document| {
        let Ok(tree) = document.content else { return };
        let names = strings(&tree, tree.get(tree.root(), "resources"));
        files.extend(names.into_iter().take(MAX_TRANSFORMERS).map(|name| without_dots(&path.join(name))));
    });
    files.retain(|file| file.starts_with(root.path()));
    files
}

/// The names of files in a kustomization, by the key that they stand below. An element a step.
fn named<'t>(tree: &'t Tree<'_>) -> Vec<(&'static str, Vec<&'t str>)> {
    let mut found = Vec::new();
    for key in FILE_LISTS {
        found.push((key, strings(tree, tree.get(tree.root(), key))));
    }
    for (key, fields) in OBJECT_LISTS {
        for item in items(tree, tree.get(tree.root(), key)) {
            for field in fields {
                let names = strings(tree, tree.get(item, field));
                // In a generator of data `key=file` names the key, too.
                let of_data = fields == DATA;
                let file =
                    |name: &'t str| name.split_once('=').filter(|_| of_data).map_or(name, |(_, file)| file);
                found.push((key, names.into_iter().map(file).collect()));
            }
        }
    }
    if let Some(openapi) = tree.get(tree.root(), "openapi") {
        found.push(("openapi", strings(tree, tree.get(openapi, "path"))));
    }
    found
}

/// The names of files in a transformer's configuration (`PatchTransformer`, `ReplacementTransformer` and the like).
fn named_by_transformer<'t>(tree: &'t Tree<'_>) -> Vec<&'t str> {
    let root = tree.root();
    let mut found = Vec::new();
    for field in ["path", "paths", "valuesFile", "additionalValuesFiles", "files", "envs"] {
        found.extend(strings(tree, tree.get(root, field)));
    }
    for item in items(tree, tree.get(root, "replacements")) {
        found.extend(strings(tree, tree.get(item, "path")));
    }
    found
}

/// A string, or those in a list.
fn strings<'t>(tree: &'t Tree<'_>, node: Option<NodeId>) -> Vec<&'t str> {
    let single = string(tree, node);
    let listed = items(tree, node).into_iter().filter_map(|item| tree.str(item));
    single.into_iter().chain(listed).collect()
}

fn string<'t>(tree: &'t Tree<'_>, node: Option<NodeId>) -> Option<&'t str> {
    tree.str(node?)
}

fn items(tree: &Tree<'_>, node: Option<NodeId>) -> Vec<NodeId> {
    match node.map(|node| &tree[node].kind) {
        Some(NodeKind::Seq(items)) => items.clone(),
        _ => Vec::new(),
    }
}

/// The text of a regular file; none where it cannot be read, or is larger than any that people write.
fn read_text(path: &Path, root: &Root) -> Option<String> {
    let mut bytes = Vec::new();
    root.open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(&bytes).into_owned())
}
