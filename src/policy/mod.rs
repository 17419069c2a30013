//! The policy: which rules are on and at which level, what is filled in, and for which objects.
//!
//! A policy knows rules only by their [`RuleSpec`], the data part of a rule's declaration, so that this module
//! does not depend on the engine: the caller that loads a policy passes the catalog.
//!
//! [`load::read_file`] and [`load::preset`] give a [`Policy`], or all that is wrong with the file, with positions.
//! [`Policy::settings_for`] then says what holds for one object.

pub(crate) mod date;
mod defaults;
pub mod discover;
pub(crate) mod document;
mod embedded_jobs;
mod error;
mod exceptions;
pub mod load;
mod names;
mod notes;
mod overrides;
pub mod own;
mod place;
pub mod preset;
pub(crate) mod reader;
mod rules;
pub mod schema;
mod settings;
mod spec;
mod subject;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
mod views;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;

pub use defaults::{Defaults, RestartPolicy};
pub use error::{PolicyError, PolicyErrors};
pub use exceptions::{Exception, ExceptionState, NOTICE_DAYS, lasts_longer};
pub use own::{OnError, OwnRule, OwnRules};
pub use place::Place;
pub use preset::Preset;
pub use settings::{RuleSetting, Settings};
pub use spec::{Level, OptionKind, OptionSpec, OptionValue, Options, PresetLevels, RuleSpec};
pub use subject::{Match, Owner, Subject};
pub use views::Views;

use crate::embedded::OuterKinds;
use jobguard_apiserver::{FeatureGates, KubernetesVersion, Server};
use jobguard_manifest::limits::Limits;
use overrides::Override;

/// Paths that the linter skips. The webhook has no paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedPaths {
    /// With the semantics of `.gitignore`, relative to the folder of `file`.
    pub globs: Vec<String>,
    /// The policy file that says so.
    pub file: String,
}

/// What becomes of findings in the webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Each by its level: `deny` refuses the object.
    #[default]
    Enforce,
    /// Nothing is refused; what would have been is a warning.
    Warn,
    /// Nothing is refused and no client is warned; findings go into the audit annotations and the metrics alone.
    Audit,
}

impl Mode {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }
}

/// What becomes of Jobs that controllers make: the CronJob controller, and those that the policy names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ControllerJobs {
    /// They are warned about, never refused: their owner was the place to say no.
    #[default]
    Warn,
    /// They are judged like any Job.
    Enforce,
    /// They are not judged at all.
    Skip,
}

impl ControllerJobs {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Enforce => "enforce",
            Self::Skip => "skip",
        }
    }
}

/// What becomes of an object that the webhook could not judge before its client stops waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTimeout {
    /// It is let through, with a warning.
    #[default]
    Allow,
    /// It is refused, where the mode is [`Mode::Enforce`].
    Deny,
}

impl OnTimeout {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// What becomes of an update where the stored object is at fault already, in the same way and as badly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is warned about: old objects stay editable.
    #[default]
    Warn,
    /// It is refused like any other.
    Deny,
}

impl Existing {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// Whether the annotation `jobguard.dev/ignore` counts, and for which findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressions {
    /// Whether it counts at all.
    pub allow: bool,
    /// Whether it can name a category (`cron/*`) in place of rules.
    pub categories: bool,
    /// The levels of rules that it can suppress.
    pub levels: Vec<Level>,
}

impl Default for Suppressions {
    fn default() -> Self {
        // What a policy denies is for the policy's owner to let pass.
        Self { allow: true, categories: true, levels: vec![Level::Warn, Level::Info] }
    }
}

impl Suppressions {
    /// The longest annotation that is read, in bytes. A longer one suppresses nothing.
    pub const MAX_ANNOTATION_BYTES: usize = 8 * 1024;

    /// Whether the annotation suppresses a rule that is set to `level`.
    pub fn cover(&self, level: Level) -> bool {
        self.allow && self.levels.contains(&level)
    }
}

/// A validated policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `metadata.name`.
    pub name: String,
    /// What becomes of findings in the webhook.
    pub mode: Mode,
    /// The API server whose verdict is given: of the oldest version that is named, with the gates that are set.
    pub server: Server,
    /// The versions that are named, oldest first; none where nothing says which.
    pub versions: Vec<KubernetesVersion>,
    /// Whether this is the policy for one of several versions, whose findings are merged into one report.
    pub is_one_of_several: bool,
    /// The feature gates that are set.
    pub feature_gates: FeatureGates,
    /// What becomes of Jobs that controllers make.
    pub controller_jobs: ControllerJobs,
    /// The users, as globs, that are controllers besides those of Kubernetes itself.
    pub controllers: Vec<String>,
    /// The paths that the linter leaves out; none where no file says so.
    pub exclude: Option<ExcludedPaths>,
    /// What becomes of objects that could not be judged in time.
    pub on_timeout: OnTimeout,
    /// Whether objects may suppress rules.
    pub suppressions: Suppressions,
    /// What one object may hold.
    pub limits: Limits,
    /// The kinds whose objects hold Jobs.
    pub outer_kinds: OuterKinds,
    /// What becomes of faults that the stored object has already.
    pub existing: Existing,
    /// The day, in UTC, from which they are refused.
    pub existing_deny_from: Option<Date>,
    base: Settings,
    overrides: Vec<Override>,
    exceptions: Vec<Exception>,
    own: OwnRules,
    notes: Vec<String>,
}

impl Policy {
    /// The settings without any override.
    pub fn base(&self) -> &Settings {
        &self.base
    }

    /// Aims at API servers: of `versions`, oldest first, with `gates` set as far as each lets them be. None is the default
    /// version, which counts as not named.
    pub fn aim(&mut self, versions: Vec<KubernetesVersion>, gates: FeatureGates) {
        let oldest = versions.first().copied().unwrap_or_default();
        self.server = gates.where_possible(oldest);
        (self.versions, self.feature_gates) = (versions, gates);
    }

    /// The same policy for one of the API servers that it aims at.
    #[must_use]
    pub fn for_server(&self, server: Server) -> Self {
        Self { server, is_one_of_several: self.versions.len() > 1, ..self.clone() }
    }

    /// What becomes of faults that the stored object has already, at `now`.
    pub fn existing_at(&self, now: Timestamp) -> Existing {
        match self.existing_deny_from {
            Some(date) if date::of(now) >= date => Existing::Deny,
            _ => self.existing,
        }
    }

    /// Whether an override or an exception matches by the labels of namespaces.
    pub fn matches_namespace_labels(&self) -> bool {
        let excepted = self.exceptions.iter().map(|exception| &exception.matching);
        self.matches().chain(excepted).any(|matching| matching.namespace_labels.is_some())
    }

    /// Whether one does, or a rule of the policy's own asks for them.
    pub fn asks_for_namespace_labels(&self) -> bool {
        self.matches_namespace_labels() || self.own.rules().iter().any(OwnRule::asks_for_namespaces)
    }

    /// The exceptions: those of an extended file first.
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// Renames the files in the places of exceptions and own rules.
    pub fn rename_files(&mut self, name: impl Fn(&str) -> String) {
        self.own.rename_files(&name);
        for exception in &mut self.exceptions {
            exception.place.file = name(&exception.place.file).into();
        }
    }

    /// How many exceptions there are in each state at `now`.
    pub fn exceptions_by_state(&self, now: Timestamp) -> [(ExceptionState, usize); 4] {
        exceptions::by_state(&self.exceptions, date::of(now))
    }

    /// What there is to know of the exceptions at `now`: which have ended, which are about to, and how many never do. One
    /// line each, with its field first.
    pub fn exception_notes(&self, now: Timestamp) -> Vec<String> {
        exceptions::notes(&self.exceptions, date::of(now))
    }

    /// The policy's own rules.
    pub fn own(&self) -> &OwnRules {
        &self.own
    }

    /// What of the policy has no effect, or only under a condition: one line each, with its field first.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether some objects may have other settings than the base.
    pub fn has_overrides(&self) -> bool {
        !self.overrides.is_empty()
    }

    /// What each override matches on, in their order.
    pub fn matches(&self) -> impl Iterator<Item = &Match> {
        self.overrides.iter().map(|item| &item.matching)
    }

    /// What each override with defaults of its own matches on, in their order.
    pub fn matches_with_defaults(&self) -> impl Iterator<Item = &Match> {
        self.overrides
            .iter()
            .filter(|item| item.alone.defaults != self.base.defaults)
            .map(|item| &item.matching)
    }

    /// Whether the policy names this user as a controller.
    pub fn names_controller(&self, user: &str) -> bool {
        subject::is_one_of(&self.controllers, user)
    }

    /// The settings for one object: the base, and over it every override that matches, in order, the later
    /// winning. Nothing is copied unless two overrides or more match.
    pub fn settings_for(&self, subject: &Subject<'_>) -> Cow<'_, Settings> {
        self.views(subject).own
    }

    /// The same, and what has to be asked besides where overrides match more than the object itself: of an owner
    /// that may not be its own, of the Jobs that a CronJob makes.
    pub fn views(&self, subject: &Subject<'_>) -> Views<'_> {
        let mut views = Views::of(&self.base);
        for item in &self.overrides {
            if let Some(reading) = item.matching.covered_from(subject) {
                views.put(item, reading);
            }
        }
        views
    }
}
