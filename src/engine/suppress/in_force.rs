//! What of an annotation counts for something, whether or not there are findings.

use std::collections::HashMap;

use jiff::civil::Date;

use super::annotation::Entry;
use super::names::{Suppressions, Target};
use crate::engine::views::loudest;
use crate::policy::{Policy, Subject, lasts_longer};

impl<'a> Suppressions<'a> {
    /// The entries that a policy lets ignore rules in an object, each with those of its names that do so: what is unknown,
    /// or may not be ignored there, is left out, and so is a name whose rules other entries ignore for longer.
    pub fn in_force(&self, policy: &Policy, subject: &Subject<'_>) -> Vec<Entry<'a>> {
        let views = policy.views(subject);
        let settings = loudest(&views, subject.kind, self.registry);
        let allowed = |target: Target| -> Vec<usize> {
            let is_allowed = policy.suppressions.categories || !matches!(target, Target::Category(_));
            let positions = target.positions(self.registry).filter(|_| is_allowed);
            positions.filter(|position| self.can_be(*position, policy, &settings)).collect()
        };
        let allowed: HashMap<&str, Vec<usize>> =
            self.names.iter().map(|(term, target)| (term.name, allowed(*target))).collect();
        let rules = |name: &str| allowed.get(name).map_or(&[][..], Vec::as_slice);
        let entries = || self.annotation.entries.iter().filter(|entry| !entry.is_void);
        let mut longest: HashMap<usize, Option<Date>> = HashMap::new();
        for entry in entries() {
            for position in entry.names.iter().flat_map(|name| rules(name)) {
                let until = longest.entry(*position).or_insert(entry.until);
                if lasts_longer(entry.until, *until) {
                    *until = entry.until;
                }
            }
        }
        let is_last = |position: &usize, entry: &Entry<'_>| {
            longest.get(position).is_some_and(|until| !lasts_longer(*until, entry.until))
        };
        let in_force = entries().map(|entry| {
            let mut entry = entry.clone();
            let names = std::mem::take(&mut entry.names);
            let counts = |name: &&str| rules(name).iter().any(|position| is_last(position, &entry));
            let names = names.into_iter().filter(counts).collect();
            Entry { names, ..entry }
        });
        in_force.filter(|entry| !entry.names.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::load;
    use crate::rules::registry;
    use jobguard_apiserver::Kind;

    fn policy(spec: &str) -> Policy {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: a}}\nspec:\n{spec}"
        );
        let source = load::Source { name: "jobguard.yaml".into(), text };
        load::read(&source, registry().catalog(), &load::no_files).unwrap()
    }

    fn in_force(annotation: &str, policy: &Policy, name: &str) -> Vec<String> {
        let entries =
            Suppressions::parse(annotation, registry()).in_force(policy, &Subject::new(Kind::Job, name));
        let text = |entry: Entry<'_>| {
            let until = entry.until.map(|until| format!(" {until}")).unwrap_or_default();
            format!("{}{until}", entry.names.join(","))
        };
        entries.into_iter().map(text).collect()
    }

    #[test]
    fn what_ignores_nothing_is_left_out() {
        let policy = policy(
            "  rules: {job/no-deadline: deny, job/ttl-missing: warn, pod/image-tag: warn}\n  overrides:\n  \
             - match: {names: [strict]}\n    rules: {pod/image-tag: deny}\n",
        );
        let all = "api/*, api/restart-policy, foo/bar, *, manifest/too-large, suppression/*, suppression/ended, \
                   job/no-deadline, job/ttl-missing (why); pod/image-tag";
        assert_eq!(in_force(all, &policy, "load"), ["job/ttl-missing", "pod/image-tag"]);
        let all = all.replace(" (why);", ",");
        assert_eq!(in_force(&all, &policy, "load"), ["job/ttl-missing,pod/image-tag"]);
        assert_eq!(in_force(&all, &policy, "strict"), ["job/ttl-missing"]);
        assert_eq!(in_force("job/*", &policy, "load"), ["job/*"]);
    }

    #[test]
    fn a_category_counts_where_the_policy_lets_it() {
        let policy = policy("  rules: {job/ttl-missing: warn}\n  suppressions: {categories: false}\n");
        assert_eq!(in_force("job/*, job/ttl-missing", &policy, "load"), ["job/ttl-missing"]);
    }

    #[test]
    fn of_the_same_rule_what_lasts_longest_counts() {
        let policy = policy("  rules: {job/no-deadline: warn}\n");
        let of = |annotation: &str| in_force(annotation, &policy, "load");
        assert_eq!(of("job/no-deadline; job/no-deadline until=2027-01-01"), ["job/no-deadline"]);
        assert_eq!(
            of("job/no-deadline until=2027-01-01; job/no-deadline until=2027-02-01"),
            ["job/no-deadline 2027-02-01"]
        );
        // A category ends later for its other rules alone.
        assert_eq!(of("job/*; job/no-deadline until=2027-01-01"), ["job/*"]);
        assert_eq!(of("job/* until=2027-01-01; job/no-deadline"), ["job/* 2027-01-01", "job/no-deadline"]);
        // With different reasons both are of interest.
        assert_eq!(of("job/no-deadline (a); job/no-deadline (b)"), ["job/no-deadline", "job/no-deadline"]);
    }
}
