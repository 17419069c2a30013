//! Which file uses which: names are followed through imports and re-exports to the file that defines them.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

use super::source::{Import, Source};

/// A module, from its crate on: `["jobguard", "engine", "fold"]`.
pub(super) type Module = Vec<String>;

/// All modules of the workspace.
#[derive(Debug, Default)]
pub(super) struct Modules {
    pub files: BTreeMap<Module, File>,
}

#[derive(Debug)]
pub(super) struct File {
    /// The file, from the repository's root on.
    pub path: String,
    pub source: Source,
    /// Whether it is compiled for tests alone.
    pub is_test: bool,
}

/// A use of one file by another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub from: Module,
    pub to: Module,
    pub in_test: bool,
    pub line: usize,
    /// As it is written.
    pub written: String,
}

/// How many imports a name is followed through.
const MAX_IMPORTS: usize = 16;

impl Modules {
    /// Reads the crates: each its name and the folder of its sources.
    pub(super) fn read(root: &FilePath, crates: &[(&str, &str)]) -> Self {
        let mut modules = Self::default();
        for (name, folder) in crates {
            modules.folder(root, folder, &[(*name).to_owned()]);
        }
        let tests: Vec<Module> = modules
            .files
            .iter()
            .flat_map(|(module, file)| {
                file.source
                    .test_modules
                    .iter()
                    .map(|name| module.iter().cloned().chain([name.clone()]).collect())
            })
            .collect();
        for (module, file) in &mut modules.files {
            file.is_test = tests.iter().any(|test| module.starts_with(test));
        }
        modules
    }

    fn folder(&mut self, root: &FilePath, folder: &str, module: &[String]) {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("{folder}/{name}");
            if root.join(&path).is_dir() {
                self.folder(root, &path, &[module, &[name]].concat());
            } else if let Some(stem) = name.strip_suffix(".rs") {
                let own = match stem {
                    "lib" | "mod" => module.to_vec(),
                    _ => [module, &[stem.to_owned()]].concat(),
                };
                let source = Source::read(&std::fs::read_to_string(root.join(&path)).unwrap());
                let before = self.files.insert(own, File { path, source, is_test: false });
                assert!(before.is_none(), "two files for one module: {before:?}");
            }
        }
    }

    /// Every use of one file by another.
    pub(super) fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for (module, file) in &self.files {
            let mut add = |path: &[String], depth: usize, in_test: bool, line: usize| {
                let to = self.resolve(module, path, depth, MAX_IMPORTS).filter(|to| to != module);
                uses.extend(to.map(|to| Use {
                    from: module.clone(),
                    to,
                    in_test: in_test || file.is_test,
                    line,
                    written: path.join("::"),
                }));
            };
            for import in &file.source.imports {
                // A name that is only passed on is used by others, and a module by what is named in it.
                let name = import.name.as_deref().unwrap_or_default();
                let is_named = file.source.names.contains(name);
                if import.is_public && !is_named || self.is_module(module, import) {
                    continue;
                }
                add(&import.path, import.depth, import.in_test, import.line);
            }
            for path in &file.source.paths {
                add(&path.path, path.depth, path.in_test, path.line);
            }
        }
        uses
    }

    fn is_module(&self, module: &Module, import: &Import) -> bool {
        self.start(module, &import.path, import.depth).is_some_and(|(at, rest)| {
            let whole = [at.as_slice(), rest].concat();
            import.name.is_some() && self.files.contains_key(&whole)
        })
    }

    /// Where a path starts, and what is left of it; none where it is not one of ours.
    fn start<'p>(&self, module: &Module, path: &'p [String], depth: usize) -> Option<(Module, &'p [String])> {
        let first = path.first()?.as_str();
        let child = |name: &str| [module.as_slice(), &[name.to_owned()]].concat();
        Some(match first {
            "crate" => (module[..1].to_vec(), &path[1..]),
            "self" => (module.clone(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let left = module.len().checked_sub(ups.saturating_sub(depth))?;
                (module[..left].to_vec(), &path[ups..])
            }
            name if self.files.contains_key([name.to_owned()].as_slice()) => {
                (vec![name.to_owned()], &path[1..])
            }
            name if self.files.contains_key(&child(name)) => (module.clone(), path),
            _ => return None,
        })
    }

    /// The file that defines what `path` names in `module`, within `depth` inline modules.
    fn resolve(&self, module: &Module, path: &[String], depth: usize, left: usize) -> Option<Module> {
        let left = left.checked_sub(1)?;
        let Some((mut at, mut rest)) = self.start(module, path, depth) else {
            // A module or a type that an import of the file names.
            let (first, rest) = path.split_first()?;
            let import = self.import_of(module, first)?;
            if !rest.is_empty() && !self.is_module(module, import) {
                return None;
            }
            let whole = [import.path.as_slice(), rest].concat();
            return self.resolve(module, &whole, import.depth, left);
        };
        while let Some((name, below)) = rest.split_first() {
            let child = [at.as_slice(), std::slice::from_ref(name)].concat();
            if self.files.contains_key(&child) && !(below.is_empty() && self.passes_on(&at, name)) {
                (at, rest) = (child, below);
                continue;
            }
            let Some(file) = self.files.get(&at) else { break };
            if file.source.defined.contains(name) {
                break;
            }
            if let Some(import) = self.import_of(&at, name) {
                let whole = [import.path.as_slice(), below].concat();
                return self.resolve(&at, &whole, import.depth, left).or(Some(at));
            }
            let globs =
                file.source.imports.iter().filter(|import| import.name.is_none() && import.depth == 0);
            let found = globs
                .filter_map(|glob| self.resolve(&at, &glob.path, glob.depth, left))
                .find(|module| self.files.get(module).is_some_and(|file| file.source.defined.contains(name)));
            return found.or(Some(at));
        }
        self.files.contains_key(&at).then_some(at)
    }

    /// Whether a file re-exports something of a name that one of its modules has too, as `fold::fold`.
    fn passes_on(&self, module: &Module, name: &str) -> bool {
        self.import_of(module, name).is_some_and(|import| !self.is_module(module, import))
    }

    fn import_of(&self, module: &Module, name: &str) -> Option<&Import> {
        let imports = &self.files.get(module)?.source.imports;
        imports.iter().find(|import| import.name.as_deref() == Some(name) && import.depth == 0)
    }
}

/// Modules of which each leads to every other.
#[derive(Debug, PartialEq)]
pub(super) struct Circle {
    pub files: BTreeSet<Module>,
    /// A way through some of them that ends where it begins.
    pub way: Vec<Module>,
}

/// The circles of a graph.
pub(super) fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Circle> {
    let components = Tarjan::components(edges).into_iter().filter(|component| component.len() > 1);
    components.map(|files| Circle { way: way(edges, &files), files }).collect()
}

/// The shortest way from the first module of a component back to it.
fn way(edges: &BTreeMap<Module, BTreeSet<Module>>, component: &BTreeSet<Module>) -> Vec<Module> {
    let first = component.first().unwrap();
    let mut before: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([first]);
    while let Some(at) = queue.pop_front() {
        for next in edges.get(at).into_iter().flatten().filter(|next| component.contains(*next)) {
            if next == first {
                let mut way = vec![first.clone()];
                let mut back = at;
                while back != first {
                    way.push(back.clone());
                    back = before[back];
                }
                way.push(first.clone());
                way.reverse();
                return way;
            }
            if !before.contains_key(next) {
                before.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    unreachable!("every module of a component is on a circle")
}

/// Tarjan's algorithm: the strongly connected components.
#[derive(Default)]
struct Tarjan {
    index: BTreeMap<Module, usize>,
    low: BTreeMap<Module, usize>,
    stack: Vec<Module>,
    found: Vec<BTreeSet<Module>>,
}

impl Tarjan {
    fn components(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
        let mut tarjan = Self::default();
        for module in edges.keys() {
            if !tarjan.index.contains_key(module) {
                tarjan.visit(module, edges);
            }
        }
        tarjan.found
    }

    fn visit(&mut self, module: &Module, edges: &BTreeMap<Module, BTreeSet<Module>>) {
        let index = self.index.len();
        self.index.insert(module.clone(), index);
        self.low.insert(module.clone(), index);
        self.stack.push(module.clone());
        for next in edges.get(module).into_iter().flatten() {
            let reached = if self.index.contains_key(next) {
                self.stack.contains(next).then(|| self.index[next])
            } else {
                self.visit(next, edges);
                Some(self.low[next])
            };
            if let Some(reached) = reached {
                let low = self.low[module].min(reached);
                self.low.insert(module.clone(), low);
            }
        }
        if self.low[module] == index {
            let start = self.stack.iter().position(|one| one == module).unwrap();
            self.found.push(self.stack.split_off(start).into_iter().collect());
        }
    }
}

#[test]
fn finds_a_circle_and_the_way_around_it() {
    let module = |name: &str| vec![name.to_owned()];
    let edges = |all: &[(&str, &str)]| {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in all {
            edges.entry(module(from)).or_default().insert(module(to));
        }
        edges
    };
    assert_eq!(circles(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])), []);
    assert_eq!(
        circles(&edges(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("c", "e")])),
        [Circle { files: ["b", "c", "d"].map(module).into(), way: ["b", "c", "d", "b"].map(module).into() }]
    );
}
