//! `successPolicy`.

use k8s_openapi::api::batch::v1::{JobSpec, SuccessPolicy, SuccessPolicyRule};

use super::numbers::{is_indexed, validate_not_negative};
use super::{Errors, quote};
use crate::{Cause, Topic};
use jobguard_manifest::At;

const TOPIC: Topic = Topic::SuccessPolicy;
const RULES_MAX: usize = 20;
/// The longest `succeededIndexes`, in bytes.
const INDEXES_MAX: usize = 64 * 1024;

pub(super) fn validate_success_policy(
    policy: &SuccessPolicy,
    spec: &JobSpec,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    if !is_indexed(spec) {
        errors
            .add(at, Cause::Invalid, TOPIC, "a successPolicy needs an Indexed Job: it is about indexes")
            .help("set completionMode: Indexed and completions, or remove successPolicy");
        return;
    }
    let at = at.field("rules");
    if policy.rules.is_empty() {
        errors
            .add(&at, Cause::Required, TOPIC, "a successPolicy needs at least one rule")
            .help("add a rule with succeededIndexes or succeededCount, or remove successPolicy");
    }
    if policy.rules.len() > RULES_MAX {
        let message = format!("a successPolicy has at most {RULES_MAX} rules, not {}", policy.rules.len());
        errors.add(&at, Cause::TooMany, TOPIC, message);
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        validate_rule(rule, spec.completions, &at.index(index), errors);
    }
}

fn validate_rule(rule: &SuccessPolicyRule, completions: Option<i32>, at: &At<'_>, errors: &mut Errors<'_>) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let message = "a rule needs succeededIndexes, succeededCount or both";
        errors.add(at, Cause::Required, TOPIC, message).help("say which indexes must succeed, or how many");
    }
    // That they are missing is reported where they belong.
    let Some(completions) = completions else { return };
    let mut listed = 0;
    if let Some(indexes) = rule.succeeded_indexes.as_deref() {
        let at = at.field("succeededIndexes");
        if indexes.len() > INDEXES_MAX {
            let message =
                format!("succeededIndexes has at most {INDEXES_MAX} characters, not {}", indexes.len());
            errors.add(&at, Cause::TooLong, TOPIC, message);
        }
        match count_indexes(indexes, completions) {
            Ok(count) => listed = count,
            Err(message) => {
                errors
                    .add(&at, Cause::Invalid, TOPIC, message)
                    .help("list indexes and ranges of them in ascending order, separated by commas: 0,2-4");
            }
        }
    }
    if let Some(count) = rule.succeeded_count {
        let at = at.field("succeededCount");
        validate_not_negative(Some(i64::from(count)), &at, TOPIC, errors);
        if count > completions {
            let message =
                format!("succeededCount {count} is above completions, {completions}: it is never reached");
            errors.add(&at, Cause::Invalid, TOPIC, message);
        }
        if rule.succeeded_indexes.is_some() && i64::from(count) > listed {
            let message = format!("succeededCount {count} is above the {listed} indexes in succeededIndexes");
            errors.add(&at, Cause::Invalid, TOPIC, message);
        }
    }
}

/// How many indexes a text such as `0,2-4` lists, all of them below `completions` and ascending.
fn count_indexes(text: &str, completions: i32) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let mut last: Option<i64> = None;
    let mut count = 0;
    for part in text.split(',') {
        let (first, end) = match part.split_once('-') {
            // A sign is no part of a number here, since the dash is taken.
            Some((_, end)) if end.contains('-') => {
                return Err(format!("the range {} has more than one dash", quote(part)));
            }
            Some((first, end)) => {
                let (first, end) = (index(first, completions)?, index(end, completions)?);
                if first >= end {
                    return Err(format!("the range {} does not ascend", quote(part)));
                }
                (first, end)
            }
            None => {
                let only = index(part, completions)?;
                (only, only)
            }
        };
        if last.is_some_and(|last| last >= first) {
            return Err(format!("index {first} does not come after the one before it"));
        }
        count += end - first + 1;
        last = Some(end);
    }
    Ok(count)
}

fn index(text: &str, completions: i32) -> Result<i64, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{} is not an index", quote(text)));
    }
    match digits.parse::<i64>() {
        Ok(index) if index < i64::from(completions) => Ok(index),
        Ok(_) => Err(format!(
            "index {} is too large: with {completions} completions the last one is {}",
            quote(text),
            i64::from(completions) - 1
        )),
        Err(_) => Err(format!("{} is not an index", quote(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes() {
        for (text, count) in [("", 0), ("0", 1), ("0,2-4", 4), ("1-3", 3), ("+1", 1), ("007", 1)] {
            assert_eq!(count_indexes(text, 10), Ok(count), "{text}");
        }
        for text in [
            " 0", "0,", ",0", "a", "0-", "-1", "1-1", "3-1", "2,1", "0-1-2", "10", "0-10", "1,1", "0x1",
            "1.0",
        ] {
            assert!(count_indexes(text, 10).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[-+,0-9 a]{0,40}", completions in proptest::num::i32::ANY) {
            let _ = count_indexes(&text, completions);
        }
    }
}
