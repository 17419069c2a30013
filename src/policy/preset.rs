//! The built-in policies.

use std::fmt::Write as _;

use super::{Level, RuleSpec, document};

/// A built-in policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// What can never be meant; fills in nothing.
    Baseline,
    /// The default.
    Recommended,
    /// For teams that want every finding.
    Strict,
}

impl Preset {
    /// All of them, mildest first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Recommended, Self::Strict];

    /// The name, as in `extends` and `--policy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Recommended => "recommended",
            Self::Strict => "strict",
        }
    }

    /// The preset of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }

    /// The policy file, to be shown or copied.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Baseline => include_str!("../../policies/baseline.yaml"),
            Self::Recommended => include_str!("../../policies/recommended.yaml"),
            Self::Strict => include_str!("../../policies/strict.yaml"),
        }
    }

    /// The level that a rule declares for this preset.
    pub const fn level(self, spec: &RuleSpec) -> Level {
        match self {
            Self::Baseline => spec.levels.baseline,
            Self::Recommended => spec.levels.recommended,
            Self::Strict => spec.levels.strict,
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Baseline => {
                "# baseline: refuses what can never be intended, and fills in nothing. A start for clusters whose\n\
                 # manifests have not been reviewed yet.\n"
            }
            Self::Recommended => "# recommended: what jobguard does by default.\n",
            Self::Strict => {
                "# strict: every rule is on, the most serious ones refuse, and more is filled in.\n"
            }
        }
    }

    const fn body(self) -> &'static str {
        match self {
            Self::Baseline => {
                "  mode: enforce
  controllerJobs: warn
  # The annotation jobguard.dev/ignore silences rules of these levels. What is denied cannot be waved through by the
  # object itself.
  suppressions:
    allow: true
    levels: [warn, info]
  # Nothing is filled in, also where this file is copied and kept without `extends`.
  defaults:
    restartPolicy: null
"
            }
            Self::Recommended => {
                "  mode: enforce
  controllerJobs: warn
  # The annotation jobguard.dev/ignore silences rules of these levels. What is denied cannot be waved through by the
  # object itself.
  suppressions:
    allow: true
    levels: [warn, info]
  defaults:
    # A Job must say Never or OnFailure; left out, it is refused. Never keeps each failed Pod and its log.
    restartPolicy: Never
"
            }
            Self::Strict => {
                "  mode: enforce
  controllerJobs: warn
  # What is denied cannot be waved through by the object itself.
  suppressions:
    allow: true
    levels: [warn, info]
  defaults:
    # A Job must say Never or OnFailure; left out, it is refused. Never keeps each failed Pod and its log.
    restartPolicy: Never
    # Three days: a Job that fails on Friday evening can still be examined on Monday. Only for Jobs without an
    # owner that no deployment tool manages.
    ttlSecondsAfterFinished: 259200
    # Pods lost to a drain or a preemption do not count as failures.
    podFailurePolicy:
      ignoreDisruptions: true
    # No deadlines: how long a Job may run, and how late a CronJob may start, is for its author to say. The
    # rules ask for them.
"
            }
        }
    }
}

/// The whole file of a preset, from the rules' declarations: what `policies/` must hold.
pub fn render(preset: Preset, catalog: &[&'static RuleSpec]) -> String {
    let mut out = String::from(preset.about());
    let _ = writeln!(out, "# As `jobguard policy show {preset}` prints it; a copy is yours to change.");
    let _ = write!(
        out,
        "apiVersion: {}\nkind: {}\nmetadata:\n  name: {preset}\nspec:\n{}",
        document::API_VERSION,
        document::KIND,
        preset.body()
    );
    let mut rules: Vec<_> = catalog.iter().filter(|spec| spec.is_settable()).collect();
    rules.sort_by_key(|spec| spec.id);
    if rules.is_empty() {
        out.push_str("  rules: {}\n");
        return out;
    }
    out.push_str(
        "  # The API server's own verdict (api/*) is always an error and cannot be set.\n  rules:\n",
    );
    for spec in rules {
        // A summary is one line; if it is not, it must not leave the comment.
        let summary = spec.summary.replace(['\n', '\r'], " ");
        let _ = write!(out, "    # {summary}\n    {}: {}\n", spec.id, preset.level(spec));
    }
    out
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
