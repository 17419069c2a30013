//! The surroundings of a file: the charts and kustomizations of its folder and of those above it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::kustomization::{Kustomization, is_kustomization};
use crate::confined::Root;

/// How far up from a file is looked, in folders.
const MAX_ABOVE: usize = 16;
/// The same where no repository ends it: the owner of a folder so far up need have nothing to do with the file.
const MAX_ABOVE_ALONE: usize = 5;
/// The file that makes a folder a chart.
pub(super) const CHART: &str = "Chart.yaml";
/// The folders of a chart whose files are no manifests, whatever they look like. Those in `crds` are installed as they are.
const UNRENDERED: [&str; 2] = ["ci", "templates"];

/// A folder that was examined.
#[derive(Debug, Default)]
struct Folder {
    is_chart: bool,
    kustomization: Option<Kustomization>,
}

/// All folders that were examined, each once, by their paths without links.
#[derive(Debug, Default)]
pub(super) struct Folders {
    seen: HashMap<PathBuf, Folder>,
    /// Which kustomization names a file; of several the first by name.
    named: BTreeMap<PathBuf, PathBuf>,
    /// Whether any of them is a chart: without one, no file's ancestors have to be looked up.
    has_charts: bool,
    /// Whether any of them has a kustomization that cannot be read.
    has_unreadable: bool,
}

impl Folders {
    /// Looks at `folder`, an absolute path without links, and at those above it: up to the root of the repository that it
    /// lies in, and no further than [`MAX_ABOVE`] or, without one, [`MAX_ABOVE_ALONE`]. A few system calls for each folder not seen before.
    pub(super) fn look(&mut self, folder: &Path) {
        if self.seen.contains_key(folder) {
            return;
        }
        let repository = Root::of_repository(folder);
        let above = if repository.is_some() { MAX_ABOVE } else { MAX_ABOVE_ALONE };
        for folder in folder.ancestors().take(above + 1) {
            // Then the folders above it have been examined, except those that were too far up.
            if !self.seen.contains_key(folder) {
                let root = repository.clone().or_else(|| Root::new(folder).ok());
                let seen = root.map(|root| self.read(folder, &root)).unwrap_or_default();
                self.seen.insert(folder.to_owned(), seen);
            }
            if repository.as_ref().is_some_and(|repository| repository.path() == folder) {
                break;
            }
        }
    }

    fn read(&mut self, folder: &Path, root: &Root) -> Folder {
        let kustomization = Kustomization::read(folder, root);
        for file in kustomization.iter().flat_map(|kustomization| &kustomization.files) {
            let first = self.named.entry(file.clone()).or_insert_with(|| folder.to_owned());
            if folder < first.as_path() {
                *first = folder.to_owned();
            }
        }
        let is_chart = root.resolve(&folder.join(CHART)).is_ok();
        self.has_charts |= is_chart;
        self.has_unreadable |= kustomization.as_ref().is_some_and(|found| found.is_unreadable);
        Folder { is_chart, kustomization }
    }

    fn is_chart(&self, folder: &Path) -> bool {
        self.seen.get(folder).is_some_and(|folder| folder.is_chart)
    }

    /// The kustomization in a folder.
    pub(super) fn kustomization(&self, folder: &Path) -> Option<&Kustomization> {
        self.seen.get(folder)?.kustomization.as_ref()
    }

    /// The folder of the chart that the file at `path` belongs to, and is rendered with: of a subchart, that of the chart
    /// around it. None for what a chart only carries, such as its `crds`.
    pub(super) fn chart<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        if !self.has_charts {
            return None;
        }
        let folder = path.parent()?;
        let mut chart = match self.is_chart(folder) {
            true => folder,
            false => folder.ancestors().take(MAX_ABOVE + 1).find_map(|folder| {
                let name = folder.file_name()?;
                let chart = folder.parent().filter(|chart| self.is_chart(chart))?;
                UNRENDERED.iter().any(|part| name == OsStr::new(part)).then_some(chart)
            })?,
        };
        while let Some(around) =
            chart.parent().filter(|charts| charts.file_name() == Some(OsStr::new("charts")))
            && let Some(around) = around.parent().filter(|around| self.is_chart(around))
        {
            chart = around;
        }
        Some(chart)
    }

    /// The folder of the kustomization that takes the file at `path` for something other than a manifest, or may do so: one
    /// around it that cannot be read.
    pub(super) fn patched_by<'p>(&'p self, path: &'p Path) -> Option<&'p Path> {
        if let Some(folder) = self.named.get(path) {
            return Some(folder);
        }
        if !self.has_unreadable {
            return None;
        }
        let is_one = path.file_name().is_some_and(is_kustomization);
        let mut around = path.ancestors().skip(1).take(MAX_ABOVE + 1).filter(|_| !is_one);
        around.find(|folder| self.kustomization(folder).is_some_and(|found| found.is_unreadable))
    }
}
