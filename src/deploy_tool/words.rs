//! Annotations whose value is a list of words: which words their tool knows, and which one was meant.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{ARGO_DELETE_POLICY, ARGO_HOOK, HELM_DELETE_POLICY, HELM_HOOK, HELM_LOG_POLICY};
use jobguard_text::{MAX_SLIP, distance_within};

/// How many words of a value are looked at.
const MAX_WORDS: usize = 32;

/// An annotation whose value is a list of words with commas between them.
#[derive(Debug)]
pub struct WordList {
    /// The tool that reads it, as messages name it.
    pub tool: &'static str,
    /// The annotation.
    pub annotation: &'static str,
    /// What the tool knows.
    pub words: &'static [&'static str],
    /// What other tools call it.
    foreign: &'static [(&'static str, &'static str)],
    /// What it called so once, and has nothing like it any more.
    gone: &'static [&'static str],
    ignores_case: bool,
    /// Whether nothing between two commas is a word, which is unknown.
    empty_is_word: bool,
}

/// A word that the tool does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWord<'v> {
    /// As it is written.
    pub word: &'v str,
    /// What was meant, where that is one thing.
    pub meant: Option<&'static str>,
}

/// When Helm creates a hook. Source: `pkg/release/v1/util/manifest_sorter.go`, which splits at commas, takes no notice of
/// case, and leaves a manifest out that names one unknown hook, be it the empty one behind a last comma.
pub static HELM_HOOKS: WordList = WordList {
    tool: "Helm",
    annotation: HELM_HOOK,
    words: &[
        "pre-install",
        "post-install",
        "pre-delete",
        "post-delete",
        "pre-upgrade",
        "post-upgrade",
        "pre-rollback",
        "post-rollback",
        "test",
        // Helm 2's name.
        "test-success",
    ],
    foreign: &[],
    gone: &["crd-install", "test-failure"],
    ignores_case: true,
    empty_is_word: true,
};

/// When Helm deletes a hook.
pub static HELM_DELETE_POLICIES: WordList = WordList {
    tool: "Helm",
    annotation: HELM_DELETE_POLICY,
    words: &["before-hook-creation", "hook-succeeded", "hook-failed"],
    foreign: &[],
    gone: &[],
    ignores_case: true,
    empty_is_word: true,
};

/// When Helm prints the logs of a hook's Pods: not at all where nothing is said. Source: `pkg/release/v1/hook.go`.
pub static HELM_LOG_POLICIES: WordList = WordList {
    tool: "Helm",
    annotation: HELM_LOG_POLICY,
    words: &["hook-succeeded", "hook-failed"],
    foreign: &[],
    gone: &["before-hook-creation"],
    ignores_case: true,
    empty_is_word: false,
};

/// When Argo CD creates a hook. Source: `gitops-engine/pkg/sync/common/types.go` and `controller/hook.go` (the two of
/// deletion); empty words are passed over. It reads Helm's names in Helm's annotation alone.
pub static ARGO_HOOKS: WordList = WordList {
    tool: "Argo CD",
    annotation: ARGO_HOOK,
    words: &["PreSync", "Sync", "PostSync", "SyncFail", "PreDelete", "PostDelete", "Skip"],
    foreign: &[
        ("pre-install", "PreSync"),
        ("pre-upgrade", "PreSync"),
        ("post-install", "PostSync"),
        ("post-upgrade", "PostSync"),
        ("pre-delete", "PreDelete"),
        ("post-delete", "PostDelete"),
    ],
    gone: &[],
    ignores_case: false,
    empty_is_word: false,
};

/// When Argo CD deletes a hook.
pub static ARGO_DELETE_POLICIES: WordList = WordList {
    tool: "Argo CD",
    annotation: ARGO_DELETE_POLICY,
    // The last one since version 3.5.
    words: &["BeforeHookCreation", "HookSucceeded", "HookFailed", "Never"],
    foreign: &[
        ("before-hook-creation", "BeforeHookCreation"),
        ("hook-succeeded", "HookSucceeded"),
        ("hook-failed", "HookFailed"),
    ],
    gone: &[],
    ignores_case: false,
    empty_is_word: false,
};

impl WordList {
    /// The annotation's value.
    pub fn value<'m>(&self, metadata: &'m ObjectMeta) -> Option<&'m str> {
        metadata.annotations.as_ref()?.get(self.annotation).map(String::as_str)
    }

    /// The words that the tool knows, spelt as it does.
    pub fn known(&self, value: &str) -> impl Iterator<Item = &'static str> {
        self.split(value).filter_map(|word| self.spelling(word))
    }

    /// The words that the tool does not know.
    pub fn unknown<'v>(&self, value: &'v str) -> Vec<UnknownWord<'v>> {
        let unknown = self.split(value).filter(|word| self.spelling(word).is_none());
        unknown.map(|word| UnknownWord { word, meant: self.meant(word) }).collect()
    }

    /// The value with what was meant in place of what the tool does not know; none where that is not clear.
    pub fn corrected(&self, value: &str) -> Option<String> {
        let mut words: Vec<&str> = Vec::new();
        for word in self.split(value).filter(|word| !word.is_empty()) {
            let parts = if self.spelling(word).is_some() { vec![word] } else { parts(word).collect() };
            for part in parts {
                let right = if self.spelling(part).is_some() { part } else { self.meant(part)? };
                if !words.contains(&right) {
                    words.push(right);
                }
            }
        }
        let comma = if value.contains(", ") { ", " } else { "," };
        (!words.is_empty()).then(|| words.join(comma))
    }

    /// Whether something else than a comma stands between words.
    pub fn lacks_comma(&self, value: &str) -> bool {
        self.split(value).any(|word| parts(word).nth(1).is_some())
    }

    fn split<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let words = value.split(',').take(MAX_WORDS).map(str::trim);
        words.filter(|word| self.empty_is_word || !word.is_empty())
    }

    /// The word as the tool has it.
    fn spelling(&self, word: &str) -> Option<&'static str> {
        let is_it = |known: &&&str| {
            if self.ignores_case { known.eq_ignore_ascii_case(word) } else { **known == word }
        };
        self.words.iter().find(is_it).copied()
    }

    fn meant(&self, word: &str) -> Option<&'static str> {
        if self.gone.iter().any(|gone| gone.eq_ignore_ascii_case(word)) {
            return None;
        }
        let of_others = self.foreign.iter().find(|(foreign, _)| foreign.eq_ignore_ascii_case(word));
        of_others.map(|(_, here)| *here).or_else(|| only_nearest(word, self.words.iter().copied()))
    }
}

/// The words that something else than a comma separates.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '+'));
    parts.filter(|part| !part.is_empty()).take(MAX_WORDS)
}

/// The word that `word` is a slip of the pen for: not where two are as near, or one nearly so.
pub(super) fn only_nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let most = (word.chars().count() / 4).clamp(1, MAX_SLIP);
    let mut near: Vec<(usize, &str)> =
        words.filter_map(|known| Some((distance_within(word, known, most + 1)?, known))).collect();
    near.sort_unstable();
    match near[..] {
        [(distance, nearest)] if distance <= most => Some(nearest),
        [(distance, nearest), (second, _), ..] if distance <= most && distance + 1 < second => Some(nearest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_known() {
        for (list, value) in [
            (&HELM_HOOKS, "pre-install, Post-Upgrade"),
            (&HELM_HOOKS, "test-success"),
            (&HELM_DELETE_POLICIES, "before-hook-creation,HOOK-SUCCEEDED"),
            (&ARGO_HOOKS, "PreSync, PostSync,"),
            (&ARGO_DELETE_POLICIES, "HookSucceeded"),
        ] {
            assert_eq!(list.unknown(value), [], "{value}");
        }
        let known: Vec<_> = HELM_DELETE_POLICIES.known("x, HOOK-Failed").collect();
        assert_eq!(known, ["hook-failed"]);
    }

    #[test]
    fn words_that_were_meant() {
        for (list, value, corrected) in [
            (&HELM_HOOKS, "pre-instal,pre-upgrade", Some("pre-install,pre-upgrade")),
            (&HELM_HOOKS, "post_install, post-upgrade", Some("post-install, post-upgrade")),
            (&HELM_HOOKS, "pre-install,", Some("pre-install")),
            (&HELM_HOOKS, "crd-install", None),
            (&HELM_HOOKS, "", None),
            (&HELM_HOOKS, "install", None),
            (&HELM_HOOKS, "PreSync", None),
            (&HELM_HOOKS, "pre-install post-upgrade", Some("pre-install,post-upgrade")),
            (&HELM_HOOKS, "pre-install something", None),
            (&ARGO_HOOKS, "Sync; postsync", Some("Sync,PostSync")),
            (
                &HELM_DELETE_POLICIES,
                "hook-succeeded;before-hook-creation",
                Some("hook-succeeded,before-hook-creation"),
            ),
            (
                &HELM_DELETE_POLICIES,
                "before-hook-create,hook-succeded",
                Some("before-hook-creation,hook-succeeded"),
            ),
            (&HELM_DELETE_POLICIES, "BeforeHookCreation", Some("before-hook-creation")),
            (&ARGO_HOOKS, "Presync", Some("PreSync")),
            (&ARGO_HOOKS, "post-sync", Some("PostSync")),
            (&ARGO_HOOKS, "pre-install,pre-upgrade", Some("PreSync")),
            (&ARGO_HOOKS, "SyncFailed", Some("SyncFail")),
            (&ARGO_HOOKS, "Start", None),
            (&ARGO_DELETE_POLICIES, "before-hook-creation", Some("BeforeHookCreation")),
        ] {
            assert!(!list.unknown(value).is_empty(), "{value}");
            assert_eq!(list.corrected(value).as_deref(), corrected, "{value}");
        }
    }

    #[test]
    fn work_is_bounded() {
        assert_eq!(HELM_HOOKS.unknown(&"x,".repeat(100_000)).len(), MAX_WORDS);
    }
}
