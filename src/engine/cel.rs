//! Rules as API servers can evaluate them by themselves: in the Common Expression Language.

/// A rule in CEL: an expression that holds where the rule has a finding.
///
/// `JOB` stands for the Job's spec (or that of a CronJob's Job template), `OBJECT` for the object, `variables.cron` says
/// whether it is a CronJob, `{name}` is an option of the rule, and a rule may have [names](Self::names) of its own. The
/// API server has filled in its defaults by then; a CronJob's Job template has none yet.
#[derive(Debug, Clone, Copy)]
pub struct Cel {
    /// Whether the rule has a finding.
    pub finds: &'static str,
    /// What of the rule the expression leaves to the webhook: it says less than that, never more.
    pub rest: Option<&'static str>,
    /// How bad a finding is, the larger the worse; none where all are equally so.
    pub weight: Option<&'static str>,
    /// Names that stand for an expression, each before those of which it makes use itself.
    names: &'static [(&'static str, &'static str)],
}

impl Cel {
    /// All of a rule, in one expression.
    pub const fn new(finds: &'static str) -> Self {
        Self { finds, rest: None, weight: None, names: &[] }
    }

    /// A part of a rule, and what the rest is.
    #[must_use]
    pub const fn in_part(self, rest: &'static str) -> Self {
        Self { rest: Some(rest), ..self }
    }

    /// How bad a finding is.
    #[must_use]
    pub const fn weight(self, weight: &'static str) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// Names of which the expressions make use.
    #[must_use]
    pub const fn names(self, names: &'static [(&'static str, &'static str)]) -> Self {
        Self { names, ..self }
    }

    /// One of the expressions with its names replaced by what they stand for.
    pub fn expanded(&self, expression: &str) -> String {
        let mut text = expression.to_owned();
        for (name, value) in self.names {
            text = text.replace(name, value);
        }
        text
    }
}
