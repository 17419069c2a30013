//! What the rest of the workspace makes of a document: findings of rules that compare files.
//!
//! What linting the whole workspace adds to the findings of a document by itself, or takes from them, is laid over what is found
//! while somebody types: of lines that have changed since, nothing is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policies::Loaded;
use crate::diagnostic::{Diagnostic, Region};

/// What identifies a finding, wherever its lines have gone.
type Key = (&'static str, String, String);

/// What a workspace adds to a document's own findings.
pub(super) struct Across {
    /// The text that it is about.
    text: Arc<String>,
    policy: Arc<Loaded>,
    added: Vec<Diagnostic>,
    /// Findings of the text by itself that are none beside the other files: of a patch, say.
    taken: BTreeMap<Key, usize>,
}

impl Across {
    /// What `together` has more and less than `alone`.
    pub(super) fn of(
        text: &Arc<String>,
        policy: &Arc<Loaded>,
        alone: Vec<Diagnostic>,
        together: Vec<Diagnostic>,
    ) -> Self {
        let mut taken: BTreeMap<Key, usize> = BTreeMap::new();
        for finding in &alone {
            *taken.entry(key(finding)).or_default() += 1;
        }
        let is_added = |finding: &Diagnostic| take(&mut taken, finding).is_none();
        let added = together.into_iter().filter(is_added).collect();
        taken.retain(|_, count| *count > 0);
        Self { text: Arc::clone(text), policy: Arc::clone(policy), added, taken }
    }

    /// Whether the document is one for itself.
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.taken.is_empty()
    }

    /// Lays it over the findings of a text that may have changed since. Another policy makes it void.
    pub(super) fn lay_over(&self, findings: &mut Vec<Diagnostic>, text: &str, policy: &Arc<Loaded>) {
        if self.is_empty() || !Arc::ptr_eq(policy, &self.policy) {
            return;
        }
        let mut taken = self.taken.clone();
        findings.retain(|finding| take(&mut taken, finding).is_none());
        let kept = Kept::between(&self.text, text);
        findings.extend(self.added.iter().filter_map(|finding| {
            let region = kept.region(finding.region)?;
            let mut finding = Diagnostic { region, ..finding.clone() };
            finding.related.retain_mut(|related| match kept.region(related.region) {
                Some(region) => {
                    related.region = region;
                    true
                }
                None => false,
            });
            Some(finding)
        }));
        findings.sort_by(Diagnostic::cmp_in_report);
    }
}

fn key(finding: &Diagnostic) -> Key {
    (finding.rule.id(), finding.path.to_string(), finding.message.clone())
}

fn take(counts: &mut BTreeMap<Key, usize>, finding: &Diagnostic) -> Option<()> {
    let count = counts.get_mut(&key(finding)).filter(|count| **count > 0)?;
    *count -= 1;
    Some(())
}

/// The lines at both ends of a text that another has too.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    first: usize,
    /// How many lines the old text has before those that it has in common with the end of the new one.
    changed_until: usize,
    /// By how many lines these have moved.
    moved: isize,
}

impl Kept {
    fn between(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
        let same = |(a, b): &(&&str, &&str)| a == b;
        let first = old.iter().zip(&new).take_while(same).count();
        let most = old.len().min(new.len()) - first;
        let last = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(most);
        Self {
            first,
            changed_until: old.len() - last,
            moved: new.len().cast_signed() - old.len().cast_signed(),
        }
    }

    fn region(&self, region: Region) -> Option<Region> {
        if region.end_line <= self.first {
            return Some(region);
        }
        if region.line <= self.changed_until {
            return None;
        }
        let line = region.line.checked_add_signed(self.moved)?;
        Some(Region { line, end_line: region.end_line.checked_add_signed(self.moved)?, ..region })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_moved() {
        let at = |line| Region { line, column: 1, end_line: line, end_column: 2 };
        let kept = Kept::between("a\nb\nc\nd\n", "a\nx\ny\nc\nd\n");
        assert_eq!(kept.region(at(1)), Some(at(1)));
        assert_eq!(kept.region(at(2)), None);
        assert_eq!(kept.region(at(3)), Some(at(4)));
        assert_eq!(kept.region(Region { end_line: 3, ..at(1) }), None);
        let same = Kept::between("a\nb", "a\nb");
        assert_eq!([1, 2].map(|line| same.region(at(line))), [Some(at(1)), Some(at(2))]);
        let repeated = Kept::between("a\na\n", "a\na\na\n");
        assert_eq!(repeated.region(at(2)), Some(at(2)));
    }
}
