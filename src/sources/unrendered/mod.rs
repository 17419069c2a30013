//! Files that are no manifests by themselves: a chart's templates and values, and what a kustomization takes as patches,
//! values or configuration. They look like manifests, and are neither judged nor fixed; what is rendered from them can be.
//!
//! Found out by looking at the folders around them, so that it is the same whether a folder was walked or a file named.

mod folders;
mod kustomization;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::read::display;
use super::source::{Source, Unrendered};
use crate::confined::open_regular;
use folders::{CHART, Folders};

pub(super) use kustomization::is_kustomization;

/// How much of a file is searched for the word that makes it worth a remark, in bytes.
const MAX_SEARCHED: u64 = 1 << 20;
/// The longest folder that is put into a command, in bytes.
const MAX_FOLDER: usize = 1_000;

/// What renders files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Renderer {
    /// Helm, the chart in this folder.
    Chart(PathBuf),
    /// kustomize, the kustomization in this folder.
    Kustomization(PathBuf),
}

/// The files of one chart or kustomization that were found.
#[derive(Debug)]
struct Group {
    files: usize,
    /// Whether any of them may have to do with Jobs.
    is_of_interest: bool,
    /// The folder as reports name it.
    folder: PathBuf,
}

/// Takes out of `sources` the files that are no manifests by themselves, and puts a remark about each chart and each
/// kustomization in their place: where one of them, or the chart or kustomization itself, has the word `job`. One
/// system call for each file, and four for each folder.
///
/// `kustomizations` are folders to look at besides those of the files.
pub(super) fn set_aside(sources: Vec<Source>, kustomizations: &BTreeSet<PathBuf>) -> Vec<Source> {
    let mut around = Around::default();
    for folder in kustomizations.iter().filter_map(|folder| std::fs::canonicalize(folder).ok()) {
        around.folders.look(&folder);
    }
    let places: Vec<Vec<PathBuf>> = sources.iter().map(|source| around.look(source)).collect();
    let mut groups: BTreeMap<Renderer, Group> = BTreeMap::new();
    let mut kept = Vec::with_capacity(sources.len());
    for (source, places) in sources.into_iter().zip(places) {
        let Source::File { path, .. } = &source else {
            kept.push(source);
            continue;
        };
        let Some(renderer) = around.renderer(&places) else {
            kept.push(source);
            continue;
        };
        let group = groups.entry(renderer).or_insert_with_key(|renderer| Group {
            files: 0,
            is_of_interest: mentions_jobs(&renderer.file(&around.folders)),
            folder: around.shown(path, renderer.folder()),
        });
        group.files += 1;
        group.is_of_interest = group.is_of_interest || mentions_jobs(path);
    }
    let remarks = groups.iter().filter(|(_, group)| group.is_of_interest);
    kept.extend(remarks.map(|(renderer, group)| Source::Unrendered(renderer.remark(&around.folders, group))));
    kept
}

/// The folders around the files that were found.
#[derive(Debug, Default)]
struct Around {
    folders: Folders,
    /// The folders of files: as they are named, and without links.
    real: HashMap<PathBuf, Option<PathBuf>>,
    /// The same the other way round, by the first name.
    names: HashMap<PathBuf, PathBuf>,
}

impl Around {
    /// The places of a regular file: its own and, behind a link, the file's. None for a pipe, a device and what is not
    /// there.
    fn places(&mut self, path: &Path) -> Vec<PathBuf> {
        let Some(name) = path.file_name() else { return Vec::new() };
        let Ok(metadata) = std::fs::symlink_metadata(path) else { return Vec::new() };
        let folder = path.parent().unwrap_or(Path::new(""));
        if !self.real.contains_key(folder) {
            let named = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            self.real.insert(folder.to_owned(), std::fs::canonicalize(named).ok());
        }
        let Some(Some(real)) = self.real.get(folder) else { return Vec::new() };
        let own = real.join(name);
        if !metadata.is_symlink() {
            return if metadata.is_file() { vec![own] } else { Vec::new() };
        }
        match std::fs::canonicalize(path) {
            Ok(target) if target.is_file() => vec![own, target],
            _ => Vec::new(),
        }
    }

    /// Looks at the folders around a file, and says where that is.
    fn look(&mut self, source: &Source) -> Vec<PathBuf> {
        let Source::File { path, .. } = source else { return Vec::new() };
        let places = self.places(path);
        for place in &places {
            self.folders.look(place.parent().unwrap_or(Path::new("/")));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(Some(real)) = self.real.get(folder)
            && !self.names.contains_key(real)
        {
            self.names.insert(real.clone(), folder.to_owned());
        }
        places
    }

    /// What renders the file at these places; none where it is a manifest.
    fn renderer(&self, places: &[PathBuf]) -> Option<Renderer> {
        let folders = &self.folders;
        places.iter().find_map(|place| {
            let chart = folders.chart(place).map(|chart| Renderer::Chart(chart.to_owned()));
            let kustomization = || folders.patched_by(place);
            chart.or_else(|| kustomization().map(|folder| Renderer::Kustomization(folder.to_owned())))
        })
    }

    /// The name of the folder at `real` that matches how `path` was given.
    fn shown(&self, path: &Path, real: &Path) -> PathBuf {
        if let Some(name) = self.names.get(real) {
            return name.clone();
        }
        let is_it = |folder: &Path| {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            std::fs::canonicalize(folder).is_ok_and(|folder| folder == real)
        };
        let mut folder = path.parent().unwrap_or(Path::new("")).to_owned();
        // A folder further up has fewer parts by so many.
        for _ in 0..path.components().count() + real.components().count() {
            if is_it(&folder) {
                return folder;
            }
            match folder.components().next_back() {
                Some(Component::Normal(_)) => drop(folder.pop()),
                Some(Component::CurDir) => folder = PathBuf::from(".."),
                Some(Component::ParentDir) => folder.push(".."),
                None => folder.push(".."),
                Some(Component::RootDir | Component::Prefix(_)) => break,
            }
        }
        real.to_owned()
    }
}

impl Renderer {
    fn folder(&self) -> &Path {
        match self {
            Self::Chart(folder) | Self::Kustomization(folder) => folder,
        }
    }

    /// The file that makes its folder one.
    fn file(&self, folders: &Folders) -> PathBuf {
        self.folder().join(self.file_name(folders))
    }

    fn file_name(&self, folders: &Folders) -> &'static str {
        match self {
            Self::Chart(_) => CHART,
            Self::Kustomization(folder) => folders.kustomization(folder).map_or("", |found| found.file),
        }
    }

    /// In one line: notes have no more.
    fn remark(&self, folders: &Folders, group: &Group) -> Unrendered {
        let name = display(&group.folder.join(self.file_name(folders)));
        let folder = quoted(&group.folder);
        let files = if group.files == 1 { "1 file".to_owned() } else { format!("{} files", group.files) };
        let are = if group.files == 1 { "is" } else { "are" };
        let (of, how) = match self {
            Self::Chart(_) => {
                ("of this chart", format!("lint what it renders: helm template {folder} | jobguard lint -"))
            }
            Self::Kustomization(real) => {
                let found = folders.kustomization(real);
                if found.is_some_and(|found| found.is_unreadable) {
                    let message = format!(
                        "{files} in the folder of this kustomization {are} not checked: it cannot be read, so it \
                         is not known which of them are patches"
                    );
                    return Unrendered { name, message };
                }
                let how = if found.is_some_and(|found| found.is_component) {
                    "lint the kustomization that uses this component: kubectl kustomize FOLDER | jobguard lint \
                     -".to_owned()
                } else {
                    let helm = if found.is_some_and(|found| found.uses_helm) { "--enable-helm " } else { "" };
                    let out = match found.is_some_and(|found| found.leads_out) {
                        true => "--load-restrictor LoadRestrictionsNone ",
                        false => "",
                    };
                    format!("lint what it builds: kubectl kustomize {helm}{out}{folder} | jobguard lint -")
                };
                ("that this kustomization uses as patches, values or data", how)
            }
        };
        Unrendered { name, message: format!("{files} {of} {are} not checked; {how}") }
    }
}

/// A folder as a shell takes it.
fn quoted(folder: &Path) -> String {
    let text = match display(folder) {
        here if here.is_empty() => ".".to_owned(),
        text => text,
    };
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ',' | ':');
    if text.len() > MAX_FOLDER {
        "FOLDER".to_owned()
    } else if text.chars().all(is_plain) && !text.starts_with('-') {
        text
    } else {
        let begin = if text.starts_with('-') { "./" } else { "" };
        format!("'{begin}{}'", text.replace('\'', r"'\''"))
    }
}

/// Whether a file has the word `job`, in any case: without it no Job or CronJob is rendered from it.
fn mentions_jobs(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let Ok(file) = open_regular(path) else { return false };
    file.take(MAX_SEARCHED).read_to_end(&mut bytes).is_ok()
        && bytes.windows(3).any(|word| word.eq_ignore_ascii_case(b"job"))
}

#[cfg(test)]
mod tests;
