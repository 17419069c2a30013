//! The namespaces of a fleet, numbered.

use std::collections::BTreeMap;

/// The namespaces that have a CronJob which takes part, numbered in the order of their names.
pub(super) struct Groups<'a>(BTreeMap<Option<&'a str>, usize>);

impl<'a> Groups<'a> {
    pub(super) fn of(namespaces: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut groups: BTreeMap<Option<&str>, usize> = namespaces.map(|namespace| (namespace, 0)).collect();
        for (number, group) in groups.values_mut().enumerate() {
            *group = number;
        }
        Self(groups)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of a namespace that is among them.
    pub(super) fn number(&self, namespace: Option<&'a str>) -> usize {
        self.0.get(&namespace).copied().unwrap_or(0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&'a str>, usize)> + '_ {
        self.0.iter().map(|(namespace, number)| (*namespace, *number))
    }
}
