//! The annotation that suppresses rules, as API servers read it: by a regular expression, since CEL parses nothing.

use crate::policy::RuleSpec;

/// A regular expression for annotations that name the rule, or its category where that counts: at the beginning or after
/// a separator, with no parenthesis left open before it, and with a separator or a reason after it. Of text that does not
/// fit the annotation's grammar it takes more for a rule than the webhook does, never less.
pub(super) fn ignoring(spec: &RuleSpec, categories: bool) -> String {
    // What `char::is_whitespace` takes for white space.
    const SPACE: &str = r"\s\v\x{85}\p{Z}";
    let id = spec.id.replace('-', r"\-");
    let names = if categories { format!(r"(?:{id}|{}/\*)", spec.category()) } else { id };
    format!(r"^(?:[^(]*(?:[{SPACE},;)]|\([^)]*\)))*{names}(?:[{SPACE},;()]|$)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Annotation;
    use crate::rules::registry;

    #[test]
    fn the_annotation_suppresses_what_the_webhook_takes_it_to_suppress() {
        let spec = &registry().get("job/max-completions").unwrap().spec;
        let both = regex::Regex::new(&ignoring(spec, true)).unwrap();
        let ids = regex::Regex::new(&ignoring(spec, false)).unwrap();
        for text in [
            "job/max-completions",
            "job/*",
            "cron/a,job/max-completions",
            " \n job/max-completions\u{a0}until=2027-01-31 (a reason)",
            "job/max-completions(x)",
            "cron/a (job/max-completions, job/*)",
            "cron/a (x); job/max-completions",
            "cron/a (x (job/max-completions)); job/b",
            "cron/a (x (y)); job/max-completions; job/b",
            "cron/a (x; job/max-completions",
            "cron/a x); job/max-completions",
            "cron/a because; job/max-completions",
            "job/max-completions-2",
            "my-job/max-completions",
            "job/max-completions/x",
            "job/max",
            "job/max-completion",
            "(job/max-completions)",
            "job/*/x, cron/job/*",
            "",
        ] {
            let names = Annotation::parse(text).names();
            let has = |name: &str| names.contains(&name);
            assert_eq!(ids.is_match(text), has("job/max-completions"), "{text:?}");
            assert_eq!(both.is_match(text), has("job/max-completions") || has("job/*"), "{text:?}");
        }
        // Never less, where the grammar is left.
        for text in [
            "cron/a because job/max-completions",
            "cron/a (x)job/max-completions",
            "cron/a job/max-completions",
            "job/max-completions until=2027-02-30",
        ] {
            assert!(both.is_match(text), "{text:?}");
            assert_eq!(Annotation::parse(text).names(), [""; 0], "{text:?}");
        }
    }
}
