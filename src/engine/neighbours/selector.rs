//! Which Pods a neighbour means, by their labels.

use std::collections::BTreeMap;

use serde_json::Value;

/// A selector of Pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Labels that a Pod must have.
    pub labels: BTreeMap<String, String>,
    /// What else must hold.
    pub expressions: Vec<Expression>,
}

/// A requirement on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// What is required of it.
    pub operator: Operator,
    /// The values that it must, or must not, have.
    pub values: Vec<String>,
}

/// What an [`Expression`] requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// One of the values.
    In,
    /// None of the values; a Pod without the label has none.
    NotIn,
    /// The label, whatever its value.
    Exists,
    /// That there is no such label.
    DoesNotExist,
}

impl Selector {
    /// A selector that is a map of labels, as a Service has it. What is no string selects nothing, and is left out.
    pub fn of_labels(value: &Value) -> Self {
        let entries = value.as_object().into_iter().flatten();
        let labels =
            entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        Self { labels, expressions: Vec::new() }
    }

    /// A `LabelSelector`; none where it is not one that the API server takes, or not there.
    pub fn of_label_selector(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let labels = match object.get("matchLabels") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(labels) => labels
                .as_object()?
                .iter()
                .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
        };
        let expressions = match object.get("matchExpressions") {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => list.as_array()?.iter().map(Expression::of).collect::<Option<_>>()?,
        };
        Some(Self { labels, expressions })
    }

    /// Whether it has no requirement.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether Pods with these labels fulfil all that it requires.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|expression| expression.holds(labels))
    }
}

impl Expression {
    fn of(value: &Value) -> Option<Self> {
        let operator = match value.get("operator")?.as_str()? {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return None,
        };
        let values = match value.get("values") {
            None | Some(Value::Null) => Vec::new(),
            Some(values) => values
                .as_array()?
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
        };
        Some(Self { key: value.get("key")?.as_str()?.to_owned(), operator, values })
    }

    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let is_listed = || value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requirements() {
        let labels = |value: Value| Selector::of_labels(&value).labels;
        let pods = labels(json!({"app": "a", "tier": "b"}));
        for (selector, matches) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "a"}}), true),
            (json!({"matchLabels": {"app": "a", "tier": "c"}}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "a"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}), false),
            (json!({"matchExpressions": [{"key": "other", "operator": "NotIn", "values": ["a"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "other", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "other", "operator": "DoesNotExist"}]}), true),
            (
                json!({"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
                false,
            ),
        ] {
            let read = Selector::of_label_selector(&selector).unwrap();
            assert_eq!(read.matches(&pods), matches, "{selector}");
        }
        for odd in [
            json!(null),
            json!("a"),
            json!({"matchLabels": {"a": 1}}),
            json!({"matchExpressions": [{"key": "a", "operator": "Gt"}]}),
        ] {
            assert_eq!(Selector::of_label_selector(&odd), None, "{odd}");
        }
        assert_eq!(labels(json!({"a": "b", "c": 1})), labels(json!({"a": "b"})));
    }
}
