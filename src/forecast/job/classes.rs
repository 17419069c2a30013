//! Indexes that are alike: no supposition and no rule of a successPolicy tells them apart.

use std::collections::{BTreeMap, BTreeSet};

use super::success_policy::SuccessRule;

/// Which indexes are alike.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    /// Where intervals of indexes that are alike begin, the first at 0, each with its class.
    intervals: Vec<(u64, usize)>,
    classes: Vec<Class>,
    end: u64,
}

/// What tells a class from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    /// The index that it is, where a supposition is about it alone.
    pub(super) index: Option<u64>,
    /// The rules that are about it.
    pub(super) rules: Vec<usize>,
}

impl Classes {
    /// The classes of the indexes below `end`, where suppositions are about some alone.
    pub(super) fn of(end: u64, supposed: &BTreeSet<u64>, rules: &[(usize, SuccessRule)]) -> Self {
        let mut starts: BTreeSet<u64> = [0].into();
        let all = rules.iter().filter_map(|(_, rule)| rule.indexes.as_ref()).flatten();
        for (first, last) in all.copied().chain(supposed.iter().map(|index| (*index, *index))) {
            starts.extend([first, last.saturating_add(1)]);
        }
        let mut known: BTreeMap<Class, usize> = BTreeMap::new();
        let mut classes = Vec::new();
        let intervals = starts
            .into_iter()
            .map(|start| {
                let about = |rule: &SuccessRule| match &rule.indexes {
                    None => true,
                    Some(intervals) => {
                        let after = intervals.partition_point(|(first, _)| *first <= start);
                        after.checked_sub(1).is_some_and(|at| intervals[at].1 >= start)
                    }
                };
                let class = Class {
                    index: supposed.contains(&start).then_some(start),
                    rules: (0..rules.len()).filter(|at| about(&rules[*at].1)).collect(),
                };
                let number = *known.entry(class.clone()).or_insert_with(|| {
                    classes.push(class);
                    classes.len() - 1
                });
                (start, number)
            })
            .collect();
        Self { intervals, classes, end }
    }

    /// The class of an index, and where the interval of those that are alike begins and ends.
    pub(super) fn at(&self, index: u64) -> (usize, u64, u64) {
        let after = self.intervals.partition_point(|(start, _)| *start <= index);
        // The first begins at 0, so that there is one before.
        let (start, class) = self.intervals[after.saturating_sub(1)];
        let end = self.intervals.get(after).map_or(self.end, |(start, _)| (*start).min(self.end));
        (class, start, end)
    }

    /// What tells a class from others.
    pub(super) fn class(&self, number: usize) -> &Class {
        &self.classes[number]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_that_are_alike() {
        let rule = |indexes: &[(u64, u64)]| {
            (0, SuccessRule { indexes: (!indexes.is_empty()).then(|| indexes.to_vec()), needed: 1 })
        };
        let classes = Classes::of(10, &[3].into(), &[rule(&[(0, 1), (6, 7)]), rule(&[])]);
        let at = |index| {
            let (class, start, end) = classes.at(index);
            let class = classes.class(class);
            (class.index, class.rules.clone(), start, end)
        };
        assert_eq!(at(1), (None, vec![0, 1], 0, 2));
        assert_eq!(at(2), (None, vec![1], 2, 3));
        assert_eq!(at(3), (Some(3), vec![1], 3, 4));
        assert_eq!(at(5), (None, vec![1], 4, 6));
        assert_eq!(at(7), (None, vec![0, 1], 6, 8));
        assert_eq!(at(9), (None, vec![1], 8, 10));
        assert_eq!(classes.at(0).0, classes.at(6).0);
    }
}
