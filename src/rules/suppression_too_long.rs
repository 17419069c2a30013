//! `suppression/too-long`

use super::everywhere;
use crate::engine::{Check, Docs, Rule};
use crate::policy::{Level, RuleSpec};

/// An annotation of which not everything is read.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/too-long",
        summary: "the annotation jobguard.dev/ignore is too long to be read whole",
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "Of the annotation `jobguard.dev/ignore` at most 100 different names are read, which is more than there \
               are rules; those behind them ignore nothing. An annotation of more than 8 KiB (8192 bytes) ignores \
               nothing at all.",
        why: "What is not read silences nothing, and whoever wrote it believes that it does.",
        examples: &[],
        sources: &[],
    },
    check: Check::Suppression,
};
