//! The policy: which rules speak and how loudly, what is filled in, and for which objects.
//!
//! A policy knows rules only by their [`RuleSpec`], the data part of a rule's declaration, so that this module
//! does not depend on the engine.

mod spec;

pub use spec::{Level, OptionKind, OptionSpec, OptionValue, Options, PresetLevels, RuleSpec};
