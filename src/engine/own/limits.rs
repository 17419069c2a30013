//! What evaluations may cost.

/// The most steps of one evaluation: a condition with ten parts, of each of ten thousand elements, takes a fifth.
pub const MAX_STEPS: u64 = 500_000;
/// The most steps of all evaluations for one object.
pub const MAX_STEPS_OF_ALL: u64 = 4 * MAX_STEPS;
