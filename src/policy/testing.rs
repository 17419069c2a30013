//! A small rule catalog for the tests of this module.

use super::{Level, OptionKind, OptionSpec, PresetLevels, RuleSpec};

const fn levels(baseline: Level, recommended: Level, strict: Level) -> PresetLevels {
    PresetLevels { baseline, recommended, strict, fixed: false }
}

/// An `api/*` rule, one with every kind of option, two without.
pub(crate) const CATALOG: &[&RuleSpec] = &[
    &RuleSpec {
        id: "api/restart-policy",
        summary: "The API server refuses the restart policy",
        since: "0.1.0",
        renamed_from: &[],
        levels: PresetLevels { fixed: true, ..levels(Level::Deny, Level::Deny, Level::Deny) },
        options: &[],
    },
    &RuleSpec {
        id: "cron/frequency",
        summary: "Runs follow each other too closely",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[
            OptionSpec {
                name: "max",
                summary: "Most runs in an hour.",
                kind: OptionKind::Int { default: 5, min: 1, max: 60 },
            },
            OptionSpec { name: "loud", summary: "Say it twice.", kind: OptionKind::Bool { default: false } },
            OptionSpec {
                name: "atLeast",
                summary: "Shortest time between runs.",
                kind: OptionKind::Seconds { default: 60, min: 1, max: 86_400 },
            },
            OptionSpec {
                name: "except",
                summary: "Names that are left alone.",
                kind: OptionKind::Strings { default: &["a"] },
            },
        ],
    },
    &RuleSpec {
        id: "cron/time-zone",
        summary: "No time zone is given",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    &RuleSpec {
        id: "job/deadline",
        summary: "Nothing ends a Job that hangs",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[],
    },
];
