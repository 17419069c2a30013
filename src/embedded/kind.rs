//! A kind whose objects hold Jobs.

use std::borrow::Cow;

use jobguard_manifest::FieldPath;

use super::pattern::{Pattern, Structure};

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
    /// What is known of the way to its Jobs besides the paths; nothing of a kind that a policy adds.
    pub structure: Option<Structure>,
    /// What the controller replaces in texts.
    pub placeholders: Option<Placeholders>,
}

impl OuterKind {
    /// What is said of a CronJob's fields, with the names that the kind has for them.
    pub fn in_own_words(&self, text: String) -> String {
        let fields = self.schedule.as_ref().map_or(&[][..], |schedule| schedule.fields);
        let own = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
        fields.iter().filter(|(field, path)| own(path) != *field).fold(text, |text, (field, path)| {
            text.replace(&format!("{field}: "), &format!("{}: ", own(path)))
                .replace(&format!("remove {field} "), &format!("remove {} ", own(path)))
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
