//! A kind whose objects hold Jobs, and all that are known.

use std::borrow::Cow;

use jobguard_manifest::FieldPath;

use super::pattern::Pattern;
use super::table;

/// A kind whose objects hold Jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterKind {
    /// Its API group. Its versions do not matter: the paths are the same in all of them.
    pub group: Cow<'static, str>,
    /// The kind.
    pub kind: Cow<'static, str>,
    /// Where its Jobs stand, and what is there of them.
    pub jobs: Vec<(Pattern, JobType)>,
    /// When they run, where that is said.
    pub schedule: Option<Schedule>,
    /// Who makes the Jobs.
    pub controller: Controller,
    /// What the controller replaces in texts.
    pub placeholders: Option<Placeholders>,
}

/// What stands at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobType {
    /// `{metadata, spec}`, as in a CronJob.
    JobTemplateSpec,
    /// The Job's `spec`.
    JobSpec,
    /// The Pod template alone: another controller's Pods, of which it decides how often they run.
    PodTemplateSpec,
}

/// Where an object says when its Jobs run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The five fields, or a descriptor.
    pub expression: FieldPath,
    /// The time zone.
    pub time_zone: Option<FieldPath>,
    /// Further fields of a CronJob's spec, and where they stand; none of a controller whose habits are not known.
    pub fields: &'static [(&'static str, &'static str)],
}

/// Who makes the Jobs, and so what is filled in: see `controller.rs`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Controller {
    /// JobSet.
    JobSet,
    /// KEDA's operator.
    Keda,
    /// The controller of Argo Rollouts, from an AnalysisRun.
    ArgoRollouts,
    /// OpenKruise.
    Kruise,
    /// One of which nothing is known: Jobs are taken to be made as they are written.
    #[default]
    Other,
}

/// How the texts look that a controller replaces: `{{args.` and `}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders {
    /// How one begins.
    pub opens: Cow<'static, str>,
    /// How it ends.
    pub closes: Cow<'static, str>,
}

impl Placeholders {
    /// Reads one that is written with `*` for what stands within: `{{args.*}}`.
    pub fn parse(text: &str) -> Option<Self> {
        let (opens, closes) = text.split_once('*')?;
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_mark = |mark: &str| {
            !mark.trim_matches(is_word).trim().is_empty() && mark.len() <= 64 && !mark.contains(['*', '\n'])
        };
        (is_mark(opens) && is_mark(closes))
            .then(|| Self { opens: Cow::Owned(opens.to_owned()), closes: Cow::Owned(closes.to_owned()) })
    }

    /// The text with a name in the place of every placeholder, so that it may be read as what comes of it; none where
    /// there is no placeholder.
    pub(super) fn replaced(&self, text: &str) -> Option<String> {
        /// Fits in names and labels, and in image references.
        const NAME: &str = "x";
        let mut rest = text;
        let mut out = String::new();
        let mut is_replaced = false;
        // `{{ args.x }}` is `{{args.x}}`.
        let mark = self.opens.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
        let word = &self.opens[mark.len()..];
        while let Some((before, inner)) = rest.split_once(mark) {
            out.push_str(before);
            match inner.trim_start().strip_prefix(word).and_then(|inner| inner.split_once(&*self.closes)) {
                Some((_, after)) => {
                    out.push_str(NAME);
                    is_replaced = true;
                    rest = after;
                }
                None => {
                    out.push_str(mark);
                    rest = inner;
                }
            }
        }
        is_replaced.then(|| out + rest)
    }
}

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

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OuterKind> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let nothing = OuterKind {
            group: "keda.sh".into(),
            kind: "ScaledJob".into(),
            jobs: Vec::new(),
            schedule: None,
            controller: Controller::Other,
            placeholders: None,
        };
        kinds.put(nothing);
        assert!(!is_known(&kinds, "keda.sh/v1alpha1", "ScaledJob"));
    }

    #[test]
    fn placeholders_are_replaced() {
        let args = Placeholders::parse("{{args.*}}").unwrap();
        assert_eq!(args.replaced("a-{{args.x}}/{{args.y}}!").as_deref(), Some("a-x/x!"));
        assert_eq!(args.replaced("{{ b }}{{ args.x }}{{args.").as_deref(), Some("{{ b }}x{{args."));
        for text in ["", "a", "{{ x }}", "{{args.x", "{{inputs.a}}"] {
            assert_eq!(args.replaced(text), None, "{text}");
        }
        assert_eq!(
            Placeholders::parse("{{*").or(Placeholders::parse("*")).or(Placeholders::parse("a**b")),
            None
        );
    }
}
