//! Which policy holds for a document, and the last good state of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::client::Settings;
use crate::exclude::Excludes;
use crate::policy::{ExcludedPaths, Policy, PolicyErrors, Preset, discover, load};
use crate::rules::registry;
use jobguard_apiserver::KubernetesVersion;

/// A policy that was loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The policy for each API server that it aims at: one at least.
    pub(super) clusters: Vec<Policy>,
    /// What `lint` leaves out.
    pub(super) excludes: Vec<Excludes>,
}

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    BuiltIn(&'static str),
    Named(PathBuf),
    Found(PathBuf),
}

#[derive(Debug, Default)]
struct Entry {
    /// The last one without faults.
    good: Option<Arc<Loaded>>,
    /// Whether its file may have changed since it was read.
    is_stale: bool,
    /// Whether it had faults when it was read last.
    has_faults: bool,
}

/// What became of a policy file that was read again.
#[derive(Debug)]
pub(super) struct News {
    pub(super) file: PathBuf,
    /// None where it has no faults any more.
    pub(super) errors: Option<PolicyErrors>,
}

/// All policies that documents have asked for.
#[derive(Debug, Default)]
pub(super) struct Policies {
    entries: BTreeMap<Origin, Entry>,
    news: Vec<News>,
}

impl Policies {
    /// Reads each again when it is asked for next.
    pub(super) fn reload(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.is_stale = true);
    }

    /// Forgets all: they are read in another way from now on.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
    }

    /// The policy for a document in `folder`: the one that is named, or the nearest `jobguard.yaml`, or `recommended`. Of one
    /// with faults the last state without; before that, `recommended`.
    pub(super) fn of(
        &mut self,
        folder: Option<&Path>,
        root: Option<&Path>,
        settings: &Settings,
    ) -> Arc<Loaded> {
        let origin = origin(folder, root, settings);
        let entry = self.entries.entry(origin.clone()).or_default();
        if let Some(good) = entry.good.as_ref().filter(|_| !entry.is_stale) {
            return Arc::clone(good);
        }
        let errors = match load_from(&origin, root, settings) {
            Ok(loaded) => {
                entry.good = Some(Arc::new(loaded));
                None
            }
            Err(errors) => {
                for error in errors.iter().take(3) {
                    (settings.log)(&format!("policy: {error}"));
                }
                Some(errors)
            }
        };
        let had_faults = std::mem::replace(&mut entry.has_faults, errors.is_some());
        if let Origin::Named(file) | Origin::Found(file) = &origin
            && (had_faults || errors.is_some())
        {
            self.news.push(News { file: file.clone(), errors });
        }
        entry.is_stale = false;
        if let Some(good) = &entry.good {
            return Arc::clone(good);
        }
        self.of_preset(settings)
    }

    /// What became of policy files since this was asked last.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    fn of_preset(&mut self, settings: &Settings) -> Arc<Loaded> {
        let origin = Origin::BuiltIn(Preset::Recommended.as_str());
        let entry = self.entries.entry(origin.clone()).or_default();
        let load = || match load_from(&origin, None, settings) {
            Ok(loaded) => Arc::new(loaded),
            // Presets are part of the program, and tests load each.
            Err(errors) => unreachable!("{errors}"),
        };
        Arc::clone(entry.good.get_or_insert_with(load))
    }
}

fn origin(folder: Option<&Path>, root: Option<&Path>, settings: &Settings) -> Origin {
    if let Some(named) = &settings.policy {
        return match Preset::from_name(named) {
            Some(preset) => Origin::BuiltIn(preset.as_str()),
            // An editor is started anywhere: what a workspace names is in it.
            None => Origin::Named(root.map_or_else(|| named.into(), |root| root.join(named))),
        };
    }
    match folder.and_then(discover::discover) {
        Some(path) => Origin::Found(path),
        None => Origin::BuiltIn(Preset::Recommended.as_str()),
    }
}

fn load_from(origin: &Origin, root: Option<&Path>, settings: &Settings) -> Result<Loaded, PolicyErrors> {
    let catalog = registry().catalog();
    let mut policy = match origin {
        Origin::BuiltIn(name) => {
            load::preset(Preset::from_name(name).unwrap_or(Preset::Recommended), catalog)?
        }
        Origin::Named(path) => load::read_file(path, catalog)?,
        Origin::Found(path) => load::read_found(path, catalog)?,
    };
    let excludes = match &policy.exclude {
        Some(ExcludedPaths { globs, file }) => {
            let folder = Path::new(file).parent().unwrap_or(Path::new("."));
            Excludes::new(folder, globs, format!("exclude of {file}")).ok()
        }
        None => None,
    };
    if let Some(root) = root {
        policy.rename_files(|file| {
            let below = Path::new(file).strip_prefix(root).ok();
            below.map_or_else(|| file.to_owned(), |below| below.display().to_string())
        });
    }
    let clusters = clusters(policy, settings.versions.clone());
    Ok(Loaded { clusters, excludes: excludes.into_iter().collect() })
}

/// The policy for each of the versions that the settings name, or else the policy, or else for the default one.
fn clusters(mut policy: Policy, versions: Option<Vec<KubernetesVersion>>) -> Vec<Policy> {
    let versions = versions.unwrap_or_else(|| std::mem::take(&mut policy.versions));
    let targets = if versions.is_empty() { vec![KubernetesVersion::default()] } else { versions.clone() };
    let gates = std::mem::take(&mut policy.feature_gates);
    let servers: Vec<_> = targets.iter().map(|version| gates.where_possible(*version)).collect();
    policy.aim(versions, gates);
    servers.into_iter().map(|server| policy.for_server(server)).collect()
}
