//! Argo CD's options for a single object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::ARGO_SYNC_OPTIONS;
use super::words::only_nearest;

/// How many options of a value are looked at.
const MAX_OPTIONS: usize = 32;

/// The names of options, those that only an Application has included.
const NAMES: [&str; 14] = [
    "ApplyOutOfSyncOnly",
    "ClientSideApplyMigration",
    "CreateNamespace",
    "Delete",
    "FailOnSharedResource",
    "Force",
    "Prune",
    "PruneLast",
    "PrunePropagationPolicy",
    "Replace",
    "RespectIgnoreDifferences",
    "ServerSideApply",
    "SkipDryRunOnMissingResource",
    "Validate",
];
const VALUES: [&str; 6] = ["true", "false", "confirm", "background", "foreground", "orphan"];

/// What the annotation `argocd.argoproj.io/sync-options` says.
#[derive(Debug, Clone, Copy)]
pub struct SyncOptions<'m>(&'m str);

/// An option that Argo CD does not know, and the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOption<'m> {
    /// As it is written.
    pub written: &'m str,
    /// As Argo CD has it.
    pub meant: String,
}

impl<'m> SyncOptions<'m> {
    /// The options of an object; none where it has no such annotation.
    pub fn of(metadata: &'m ObjectMeta) -> Option<Self> {
        metadata.annotations.as_ref()?.get(ARGO_SYNC_OPTIONS).map(|value| Self(value))
    }

    /// The annotation's value.
    pub fn text(self) -> &'m str {
        self.0
    }

    /// Whether an option is given, spelt as Argo CD has it.
    pub fn has(self, option: &str) -> bool {
        self.all().any(|written| written == option)
    }

    /// The options that are misspelt. Only today's are known: one that resembles none of them may be new.
    pub fn misspelt(self) -> Vec<UnknownOption<'m>> {
        let misspelt = |written| Some(UnknownOption { written, meant: meant(written)? });
        self.all().take(MAX_OPTIONS).filter_map(misspelt).collect()
    }

    /// The annotation's value with what was meant; none where it is longer than is looked at.
    pub fn corrected(self) -> Option<String> {
        let options: Vec<&str> = self.all().take(MAX_OPTIONS + 1).collect();
        let corrected = options.iter().map(|written| meant(written).unwrap_or_else(|| (*written).to_owned()));
        (options.len() <= MAX_OPTIONS).then(|| corrected.collect::<Vec<_>>().join(","))
    }

    fn all(self) -> impl Iterator<Item = &'m str> {
        self.0.split(',').map(str::trim).filter(|option| !option.is_empty())
    }
}

/// What was meant by an option that Argo CD does not know; none where it knows it, or that is not clear.
fn meant(option: &str) -> Option<String> {
    if option.len() > 200 {
        return None;
    }
    // Separated by something else than commas.
    let parts: Vec<&str> = option.split([' ', ';', '\n', '\t']).filter(|part| !part.is_empty()).collect();
    let right = |part: &&str| if is_known(part) { Some((*part).to_owned()) } else { meant(part) };
    if parts.len() > 1
        && let Some(all) = parts.iter().map(right).collect::<Option<Vec<_>>>()
    {
        return Some(all.join(","));
    }
    if is_known(option) {
        return None;
    }
    let (name, value) = option.split_once(['=', ':'])?;
    let nearest = |word: &str, words: &'static [&'static str]| {
        let known = words.iter().copied().find(|known| *known == word);
        known.or_else(|| only_nearest(word, words.iter().copied()))
    };
    Some(format!("{}={}", nearest(name.trim(), &NAMES)?, nearest(value.trim(), &VALUES)?))
}

fn is_known(option: &str) -> bool {
    option.split_once('=').is_some_and(|(name, value)| NAMES.contains(&name) && VALUES.contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_known_or_new() {
        for value in [
            "Replace=true,Force=true",
            "Prune=confirm, Delete=false,",
            "",
            "Teleport=true",
            "SkipDryRunOnMissingResource=true",
            "nonsense",
        ] {
            assert_eq!(SyncOptions(value).misspelt(), [], "{value}");
        }
        assert!(SyncOptions("A=b, Force=true").has("Force=true"));
        assert!(!SyncOptions("Force=True").has("Force=true"));
    }

    #[test]
    fn options_that_are_misspelt() {
        for (value, corrected) in [
            ("replace=true", "Replace=true"),
            ("Replace=True,Force=true", "Replace=true,Force=true"),
            ("Prune=flase", "Prune=false"),
            ("SkipDryrunOnMissingResources=true", "SkipDryRunOnMissingResource=true"),
            ("Replace=true Force=true", "Replace=true,Force=true"),
            ("Replace=true;Force=true", "Replace=true,Force=true"),
            ("Replace: true", "Replace=true"),
            (
                "Prune=false, Serverside=true, ServersideApply=true",
                "Prune=false,Serverside=true,ServerSideApply=true",
            ),
        ] {
            assert!(!SyncOptions(value).misspelt().is_empty(), "{value}");
            assert_eq!(SyncOptions(value).corrected().as_deref(), Some(corrected), "{value}");
        }
    }
}
