//! The kinds whose objects hold Jobs: those that are known, and those that a policy adds.

use super::kind::OuterKind;
use super::table;
use jobguard_text::is_slip;

/// The kinds whose objects hold Jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterKinds(Vec<OuterKind>);

impl Default for OuterKinds {
    /// Those that are known without a policy.
    fn default() -> Self {
        Self(table::known())
    }
}

impl OuterKinds {
    /// Adds a kind, in the place of one that is there already.
    pub fn put(&mut self, kind: OuterKind) {
        self.0.retain(|other| other.group != kind.group || other.kind != kind.kind);
        self.0.push(kind);
    }

    /// The kind of an object by its `apiVersion` and `kind`, where such objects hold Jobs.
    pub fn find(&self, api_version: Option<&str>, kind: Option<&str>) -> Option<&OuterKind> {
        let (group, _) = api_version?.split_once('/')?;
        self.of_group(group, kind?)
    }

    /// The same by API group and kind.
    pub fn of_group(&self, group: &str, kind: &str) -> Option<&OuterKind> {
        let found = self.0.iter().find(|known| known.kind == kind && known.group == group)?;
        // One that says nothing takes back what is known of the kind.
        (!found.jobs.is_empty() || found.schedule.is_some()).then_some(found)
    }

    /// The kind that is perhaps meant where the API group has none of the name given: one that differs in its case, or by a
    /// letter.
    pub fn misspelt(&self, api_version: Option<&str>, kind: Option<&str>) -> Option<&OuterKind> {
        let ((group, _), kind) = (api_version?.split_once('/')?, kind?);
        let of_group = || self.0.iter().filter(|known| known.group == group);
        if of_group().any(|known| known.kind == kind) {
            return None;
        }
        of_group().find(|known| !known.jobs.is_empty() && is_slip(kind, &known.kind, 1))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OuterKind> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Controller;

    #[test]
    fn kinds_by_their_group() {
        let mut kinds = OuterKinds::default();
        let is_known =
            |kinds: &OuterKinds, version: &str, kind: &str| kinds.find(Some(version), Some(kind)).is_some();
        assert!(is_known(&kinds, "jobset.x-k8s.io/v1alpha2", "JobSet"));
        assert!(is_known(&kinds, "keda.sh/v1alpha1", "ScaledJob"));
        assert!(is_known(&kinds, "apps.kruise.io/v1beta1", "AdvancedCronJob"));
        for (version, kind) in [
            ("batch/v1", "JobSet"),
            ("v1", "JobSet"),
            ("batch.volcano.sh/v1alpha1", "Job"),
            ("keda.sh/v1alpha1", "ScaledObject"),
        ] {
            assert!(!is_known(&kinds, version, kind), "{version} {kind}");
        }
        let meant = |kinds: &OuterKinds, version: &str, kind: &str| {
            kinds.misspelt(Some(version), Some(kind)).map(|known| known.kind.to_string())
        };
        for (version, kind, expected) in [
            ("jobset.x-k8s.io/v1alpha2", "Jobset", Some("JobSet")),
            ("jobset.x-k8s.io/v1alpha2", "JobSets", Some("JobSet")),
            ("keda.sh/v1alpha1", "scaledjob", Some("ScaledJob")),
            ("keda.sh/v1alpha1", "ScaledObject", None),
            ("keda.sh/v1alpha1", "ScaledJob", None),
            ("example.com/v1", "Jobset", None),
            ("v1", "Jobset", None),
        ] {
            assert_eq!(meant(&kinds, version, kind).as_deref(), expected, "{version} {kind}");
        }
        let nothing = OuterKind {
            group: "keda.sh".into(),
            kind: "ScaledJob".into(),
            jobs: Vec::new(),
            schedule: None,
            controller: Controller::Other,
            structure: None,
            placeholders: None,
        };
        kinds.put(nothing);
        assert!(!is_known(&kinds, "keda.sh/v1alpha1", "ScaledJob"));
        assert_eq!(meant(&kinds, "keda.sh/v1alpha1", "scaledjob"), None);
    }
}
