//! When a successPolicy is met, and which indexes it tells apart.

use k8s_openapi::api::batch::v1::{JobSpec, SuccessPolicyRule};

/// The most intervals of indexes that are followed, of all rules together.
const MOST_INTERVALS: usize = 1_000;

/// A rule of a successPolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SuccessRule {
    /// The indexes that it is about, in order and disjoint, first and last of each interval; none where any index will do.
    pub(super) indexes: Option<Vec<(u64, u64)>>,
    /// How many of them must have succeeded; the least is 1.
    pub(super) needed: u64,
}

/// The rules of a Job's successPolicy, each with its position. None where there are more intervals than are followed.
pub(super) fn rules(spec: &JobSpec, completions: u64) -> Option<Vec<(usize, SuccessRule)>> {
    let policy = spec.success_policy.iter().flat_map(|policy| &policy.rules).enumerate();
    let rules: Vec<_> =
        policy.filter_map(|(position, rule)| Some((position, of(rule, completions)?))).collect();
    let intervals: usize = rules.iter().filter_map(|(_, rule)| rule.indexes.as_ref()).map(Vec::len).sum();
    (intervals <= MOST_INTERVALS && rules.len() <= 32).then_some(rules)
}

fn of(rule: &SuccessPolicyRule, completions: u64) -> Option<SuccessRule> {
    let wanted = rule.succeeded_count.map(|count| u64::try_from(count).unwrap_or(0).max(1));
    let Some(text) = &rule.succeeded_indexes else {
        return Some(SuccessRule { indexes: None, needed: wanted? });
    };
    let indexes = intervals(text, completions);
    let total: u64 = indexes.iter().map(|(first, last)| last - first + 1).sum();
    // A rule about no index that there is never matches.
    let needed = wanted.map_or(total, |wanted| wanted.min(total));
    (total > 0).then_some(SuccessRule { indexes: Some(indexes), needed })
}

/// `0-2,5` as intervals of indexes that there are; what is no interval is left out, as the controller does.
fn intervals(text: &str, completions: u64) -> Vec<(u64, u64)> {
    let mut out: Vec<(u64, u64)> = Vec::new();
    for one in text.split(',') {
        let (first, last) = one.split_once('-').unwrap_or((one, one));
        let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else { continue };
        if first >= completions {
            break;
        }
        let last = last.min(completions - 1);
        // The API server wants them in order and apart.
        if last >= first && out.last().is_none_or(|(_, before)| *before < first) {
            out.push((first, last));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_that_there_are() {
        assert_eq!(intervals("0-2,5", 10), [(0, 2), (5, 5)]);
        assert_eq!(intervals("0-2,5-20,30", 10), [(0, 2), (5, 9)]);
        assert_eq!(intervals("x,3-1,4", 10), [(4, 4)]);
        assert_eq!(intervals("", 10), []);
    }

    #[test]
    fn how_many_are_needed() {
        let rule = |count, indexes: Option<&str>| {
            let rule =
                SuccessPolicyRule { succeeded_count: count, succeeded_indexes: indexes.map(str::to_owned) };
            of(&rule, 10).map(|rule| rule.needed)
        };
        assert_eq!(rule(None, Some("0-2,5")), Some(4));
        assert_eq!(rule(Some(2), Some("0-2,5")), Some(2));
        assert_eq!(rule(Some(9), Some("8-20")), Some(2));
        assert_eq!(rule(Some(3), None), Some(3));
        assert_eq!(rule(Some(3), Some("20-30")), None);
        assert_eq!(rule(None, None), None);
    }
}
