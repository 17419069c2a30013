//! The policy in use, and the files that it comes from.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use ring::digest;
use serde::Serialize;

use crate::policy::load::{self, Source};
use crate::policy::{Policy, PolicyErrors, Preset};
use crate::rules::registry;
use crate::server::metrics::Metrics;
use crate::server::reload_result::ReloadResult;
use jobguard_manifest::limits::Limits;

/// Where the policy comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicySource {
    /// A built-in one.
    BuiltIn(Preset),
    /// A file, with those that it extends. They are read again when they change.
    File(PathBuf),
    /// One that is there already.
    Given(Box<Policy>),
}

/// A policy in use.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The policy.
    pub(crate) policy: Arc<Policy>,
    /// SHA-256 of the texts it was read from, the file named first, then those that it extends.
    pub(crate) hash: String,
    /// When it was loaded.
    pub(crate) at: Timestamp,
    /// Whether it is not the one asked for, which could not be loaded at the start.
    pub(crate) fallback: bool,
}

impl Loaded {
    /// Shows it in the metrics.
    pub(crate) fn measure(&self, metrics: &Metrics) {
        metrics.policy_in_use(&self.policy.name, &self.hash, self.at, self.fallback);
    }

    /// Shows in the metrics which of its exceptions count now: days pass while it is in use.
    pub(crate) fn measure_exceptions(&self, metrics: &Metrics, now: Timestamp) {
        metrics.exceptions(self.policy.exceptions_by_state(now));
    }
}

/// What `GET /policy` shows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    name: String,
    source: String,
    mode: &'static str,
    hash: String,
    loaded: String,
    /// Whether it stands in for the policy of the files, which could not be used at the start.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fallback: bool,
    /// Why the files, as they stand, are not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// The policy in use, swapped as a whole when its files change.
#[derive(Debug)]
pub(crate) struct Policies {
    source: PolicySource,
    now: ArcSwap<Loaded>,
    /// The texts that were looked at last, and what is wrong with them.
    seen: Mutex<(String, Option<String>)>,
}

impl Policies {
    /// Loads the policy; where it cannot be used, `fallback`, if there is one.
    pub(crate) fn new(
        source: PolicySource,
        fallback: Option<Preset>,
        now: Timestamp,
    ) -> Result<Self, PolicyErrors> {
        let (hash, policy) = read(&source);
        let (loaded, problem) = match (policy, fallback) {
            (Ok(policy), _) => {
                (Loaded { policy: Arc::new(policy), hash: hash.clone(), at: now, fallback: false }, None)
            }
            (Err(errors), None) => return Err(errors),
            (Err(errors), Some(preset)) => (stand_in(preset, &source, now)?, Some(errors.to_string())),
        };
        Ok(Self { source, now: ArcSwap::from_pointee(loaded), seen: Mutex::new((hash, problem)) })
    }

    /// Why the files, as they stood when they were looked at last, are not in use.
    pub(crate) fn problem(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The policy in use.
    pub(crate) fn now(&self) -> Arc<Loaded> {
        self.now.load_full()
    }

    /// What one object may hold, by the policy in use.
    pub(crate) fn limits(&self) -> Limits {
        self.now.load().policy.limits
    }

    /// Reads the files again, and takes the policy if they changed. Blocks.
    pub(crate) fn reload(&self, now: Timestamp) -> ReloadResult<PolicyErrors> {
        if !matches!(self.source, PolicySource::File(_)) {
            return ReloadResult::Unchanged;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (hash, policy) = read(&self.source);
        match policy {
            Ok(_) if hash == self.now.load().hash && !self.now.load().fallback => {
                // Back to what is in use, perhaps by way of something that could not be used.
                let recovered = seen.1.is_some();
                *seen = (hash, None);
                if recovered { ReloadResult::Loaded } else { ReloadResult::Unchanged }
            }
            Ok(policy) => {
                *seen = (hash.clone(), None);
                let loaded = Loaded { policy: Arc::new(policy), hash, at: now, fallback: false };
                self.now.store(Arc::new(loaded));
                ReloadResult::Loaded
            }
            Err(errors) => {
                let problem = Some(errors.to_string());
                let again = *seen == (hash.clone(), problem.clone());
                *seen = (hash, problem);
                if again { ReloadResult::StillFailing } else { ReloadResult::Failed(errors) }
            }
        }
    }

    /// What is in use, for people.
    pub(crate) fn shown(&self) -> Shown {
        let loaded = self.now();
        Shown {
            name: loaded.policy.name.clone(),
            source: match &self.source {
                PolicySource::File(path) if loaded.fallback => {
                    format!("built in, the fallback for {}", path.display())
                }
                PolicySource::BuiltIn(_) => "built in".to_owned(),
                PolicySource::File(path) => path.display().to_string(),
                PolicySource::Given(_) => "given".to_owned(),
            },
            mode: loaded.policy.mode.as_str(),
            hash: loaded.hash.clone(),
            loaded: loaded.at.to_string(),
            fallback: loaded.fallback,
            problem: self.problem(),
        }
    }
}

/// A built-in policy in place of one that cannot be used. It goes no further than that would have: its mode holds, if
/// at least that can be read.
fn stand_in(preset: Preset, source: &PolicySource, now: Timestamp) -> Result<Loaded, PolicyErrors> {
    let mut policy = load::preset(preset, registry().catalog())?;
    if let PolicySource::File(path) = source
        && let Some(mode) = load::mode(path)
    {
        policy.mode = mode;
    }
    let hash = hash([preset.text()]);
    Ok(Loaded { policy: Arc::new(policy), hash, at: now, fallback: true })
}

/// The policy, and the hash of the texts that it was read from, whether they can be used or not.
fn read(source: &PolicySource) -> (String, Result<Policy, PolicyErrors>) {
    let catalog = registry().catalog();
    match source {
        PolicySource::BuiltIn(preset) => (hash([preset.text()]), load::preset(*preset, catalog)),
        PolicySource::Given(policy) => (hash([policy.name.as_str()]), Ok((**policy).clone())),
        PolicySource::File(path) => {
            let texts = RefCell::new(Vec::new());
            let name = path.display().to_string();
            // The file is read like those that it extends, so that what is hashed is what was judged.
            let reads = |from: &str, path: &str| {
                let source = load::from_files(from, path)?;
                texts.borrow_mut().push(source.text.clone());
                Ok(source)
            };
            let policy = match reads("", &name) {
                Ok(Source { text, .. }) => load::read(&Source { name, text }, catalog, &reads),
                Err(_) => load::read_file(path, catalog),
            };
            (hash(texts.borrow().iter().map(String::as_str)), policy)
        }
    }
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    texts.into_iter().for_each(|text| context.update(text.as_bytes()));
    let hex: String = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn text(mode: &str) -> String {
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: p\nspec:\n  extends: base.yaml\n  mode: {mode}\n"
        )
    }

    #[test]
    fn what_cannot_be_used_leaves_the_last_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.yaml");
        let base = folder.path().join("base.yaml");
        fs::write(&file, text("warn")).unwrap();
        fs::write(&base, text("audit").replace("base.yaml", "strict")).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let policies = Policies::new(PolicySource::File(file.clone()), None, now).unwrap();
        let mode = || policies.now().policy.mode.as_str();
        let first = policies.now().hash.clone();
        assert!(matches!(policies.reload(now), ReloadResult::Unchanged));

        fs::write(&file, text("wrong")).unwrap();
        assert!(matches!(policies.reload(now), ReloadResult::Failed(_)));
        assert!(matches!(policies.reload(now), ReloadResult::StillFailing));
        assert_eq!(mode(), "warn");
        assert!(policies.shown().problem.unwrap().contains("wrong"));

        fs::write(&file, text("enforce")).unwrap();
        assert!(matches!(policies.reload(now), ReloadResult::Loaded));
        assert_eq!((mode(), policies.shown().problem), ("enforce", None));
        assert_ne!(policies.now().hash, first);

        // What it extends counts as well.
        fs::write(&base, text("audit").replace("base.yaml", "baseline")).unwrap();
        assert!(matches!(policies.reload(now), ReloadResult::Loaded));
        fs::remove_file(&base).unwrap();
        assert!(matches!(policies.reload(now), ReloadResult::Failed(_)));
        fs::remove_file(&file).unwrap();
        assert!(matches!(policies.reload(now), ReloadResult::Failed(_)));
        assert!(matches!(policies.reload(now), ReloadResult::StillFailing));
        assert_eq!(mode(), "enforce");
    }

    #[test]
    fn a_fallback_is_used_until_there_is_a_good_policy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.yaml");
        let source = || PolicySource::File(file.clone());
        let now = Timestamp::UNIX_EPOCH;
        let start = |fallback| Policies::new(source(), fallback, now);
        // Not there, or not to be read: without a fallback there is nothing to judge by.
        assert!(start(None).is_err());
        assert_eq!(start(Some(Preset::Strict)).unwrap().now().policy.name, "strict");
        fs::write(&file, "}").unwrap();
        assert!(start(None).is_err());
        assert_eq!(start(Some(Preset::Baseline)).unwrap().now().policy.mode.as_str(), "enforce");

        // It goes no further than the policy would have, as far as that can be seen.
        fs::write(&file, text("audit").replace("base.yaml", "nothing.yaml")).unwrap();
        let policies = start(Some(Preset::Baseline)).unwrap();
        assert_eq!((policies.now().policy.mode.as_str(), policies.now().fallback), ("audit", true));
        assert!(policies.problem().unwrap().contains("nothing.yaml"));
        let shown = serde_json::to_value(policies.shown()).unwrap();
        assert_eq!((&shown["name"], &shown["fallback"]), (&"baseline".into(), &true.into()));
        assert!(matches!(policies.reload(now), ReloadResult::StillFailing));

        // What is good again is used, be it what the fallback says.
        fs::write(&file, Preset::Baseline.text()).unwrap();
        let loaded = policies.reload(now);
        assert!(matches!(loaded, ReloadResult::Loaded), "{loaded:?}");
        assert_eq!((policies.now().fallback, policies.problem()), (false, None));
        assert!(matches!(policies.reload(now), ReloadResult::Unchanged));
    }

    #[test]
    fn the_hash_of_one_file_is_what_other_tools_say() {
        assert_eq!(hash(["abc"]), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
