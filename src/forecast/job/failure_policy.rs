//! What a podFailurePolicy makes of a failed Pod: the first rule that matches decides, and where none does, the failure counts.

use k8s_openapi::api::batch::v1::{PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule};
use serde::Serialize;

/// What follows from a failed Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It counts towards the limits.
    Count,
    /// It counts towards no limit.
    Ignore,
    /// Its index is not tried again.
    FailIndex,
    /// The Job has failed.
    FailJob,
}

/// Which rule decided, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// The rule's position; none where no rule matched.
    pub(super) rule: Option<usize>,
    pub(super) action: Action,
}

impl Decision {
    const DEFAULT: Self = Self { rule: None, action: Action::Count };

    /// What `rules` say of a Pod whose containers ended with these exit codes, and whether a disruption ended it.
    ///
    /// A rule on exit codes looks at every container that failed, so it may match a Pod that a disruption ended.
    pub(super) fn of(rules: &[PodFailurePolicyRule], exits: &[(String, i32)], disrupted: bool) -> Self {
        rules
            .iter()
            .enumerate()
            .find_map(|(position, rule)| {
                let matches = match (&rule.on_exit_codes, &rule.on_pod_conditions) {
                    (Some(codes), _) => exits.iter().any(|(name, code)| matches_exit(codes, name, *code)),
                    (None, Some(conditions)) => {
                        disrupted
                            && conditions.iter().any(|condition| {
                                condition.type_ == "DisruptionTarget"
                                    && condition.status.as_deref().is_none_or(|status| status == "True")
                            })
                    }
                    (None, None) => false,
                };
                let action = action(rule).filter(|_| matches)?;
                Some(Self { rule: Some(position), action })
            })
            .unwrap_or(Self::DEFAULT)
    }
}

/// What a rule does; none where the API server knows no such action.
pub(super) fn action(rule: &PodFailurePolicyRule) -> Option<Action> {
    Some(match rule.action.as_str() {
        "Count" => Action::Count,
        "Ignore" => Action::Ignore,
        "FailIndex" => Action::FailIndex,
        "FailJob" => Action::FailJob,
        _ => return None,
    })
}

fn matches_exit(codes: &PodFailurePolicyOnExitCodesRequirement, name: &str, code: i32) -> bool {
    let listed = codes.values.contains(&code);
    code != 0
        && codes.container_name.as_deref().is_none_or(|wanted| wanted == name)
        && match codes.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::PodFailurePolicy;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let policy: PodFailurePolicy = serde_json::from_value(json!({"rules": [
            {"action": "Count", "onExitCodes": {"operator": "In", "values": [42], "containerName": "other"}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42, 137]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "NotIn", "values": [1]}},
        ]}))
        .unwrap();
        let of = |exits: &[(&str, i32)], disrupted| {
            let exits: Vec<(String, i32)> =
                exits.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect();
            let decision = Decision::of(&policy.rules, &exits, disrupted);
            (decision.rule, decision.action)
        };
        assert_eq!(of(&[("main", 42)], false), (Some(2), Action::FailJob));
        assert_eq!(of(&[("other", 42)], false), (Some(0), Action::Count));
        assert_eq!(of(&[("main", 137)], true), (Some(1), Action::Ignore));
        assert_eq!(of(&[("main", 3)], false), (Some(3), Action::FailIndex));
        assert_eq!(of(&[("main", 1)], false), (None, Action::Count));
        // No container has failed: there is no exit code to look at.
        assert_eq!(of(&[("main", 0)], false), (None, Action::Count));
    }
}
