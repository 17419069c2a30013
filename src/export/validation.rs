//! One rule as a validation of a ValidatingAdmissionPolicy.

use std::fmt::Write as _;

use super::covers::is_about;
use super::text::{one_line, quoted};
use crate::engine::{Cel, Rule};
use crate::policy::{
    Existing, Level, OnError, OptionKind, OptionSpec, OwnRule, Policy, RuleSetting, RuleSpec,
};

/// A rule that has a form in CEL, and how it is set.
pub(super) struct Expressed<'a> {
    rule: &'static Rule,
    setting: &'a RuleSetting,
    form: Form<'a>,
}

/// Where the form comes from.
enum Form<'a> {
    /// The rule declares when it has a finding.
    BuiltIn(Cel),
    /// The policy's own rule says what has to be true.
    Own(&'a OwnRule),
}

impl<'a> Expressed<'a> {
    /// The rule, if it has such a form: an own rule has, unless it makes use of what only this program knows, or newer API servers
    /// than those of the policy's version.
    pub(super) fn of(rule: &'static Rule, setting: &'a RuleSetting, policy: &'a Policy) -> Option<Self> {
        let form = match (policy.own().declared_by(&rule.spec), rule.cel) {
            (Some(own), _)
                if own.beyond_kubernetes().is_empty()
                    && own.newer_than(policy.server.version().minor()).is_empty() =>
            {
                Form::Own(own)
            }
            (None, Some(cel)) => Form::BuiltIn(cel),
            _ => return None,
        };
        Some(Self { rule, setting, form })
    }

    /// The rule's id.
    pub(super) fn id(&self) -> &'static str {
        self.rule.id()
    }

    /// The rule's declaration.
    pub(super) fn spec(&self) -> &'static RuleSpec {
        &self.rule.spec
    }

    /// Whether it is one of the policy's own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.form, Form::Own(_))
    }

    /// The level that it is set to.
    pub(super) fn level(&self) -> Level {
        self.setting.level
    }

    /// Whether an object is refused for which the expression has no value.
    pub(super) fn is_strict(&self) -> bool {
        match self.form {
            Form::BuiltIn(_) => true,
            Form::Own(own) => own.on_error == OnError::Deny,
        }
    }

    /// Whether its expression names the variable with the object's owners.
    pub(super) fn asks_for_owners(&self) -> bool {
        match self.form {
            Form::BuiltIn(_) => false,
            Form::Own(own) => {
                own.matching.as_ref().is_some_and(|matching| is_about(matching).contains("variables.owners"))
            }
        }
    }

    /// What of the rule is left to the webhook.
    pub(super) fn rest(&self, policy: &Policy) -> Option<&'static str> {
        match self.form {
            Form::BuiltIn(cel) => cel.rest,
            Form::Own(_) => (policy.existing == Existing::Warn)
                .then_some("updates, since CEL cannot tell whether the stored object had the same fault"),
        }
    }

    /// Writes the validation. An object passes where one of `passes` holds; `stood` has to hold for the stored object to excuse the
    /// new one.
    pub(super) fn write(&self, out: &mut String, policy: &Policy, passes: &[String], stood: Option<&str>) {
        let excuses = policy.existing == Existing::Warn;
        let before: String = passes.iter().map(|pass| format!("{pass} || ")).collect();
        let stood = stood.map(|stood| format!(" && {stood}")).unwrap_or_default();
        match self.form {
            Form::BuiltIn(cel) => {
                let expression = |text: &str, of: (&str, &str)| {
                    expression(text, &cel, self.spec(), self.setting)
                        .replace("JOB", of.0)
                        .replace("OBJECT", of.1)
                };
                const NEW: (&str, &str) = ("variables.job", "variables.object");
                const OLD: (&str, &str) = ("variables.oldJob", "variables.oldObject");
                let mut holds = format!("{before}!({})", expression(cel.finds, NEW));
                // Unless the stored object is at fault in the same way, and as badly.
                if excuses {
                    let _ = write!(
                        holds,
                        " || (request.operation == 'UPDATE' && ({})",
                        expression(cel.finds, OLD)
                    );
                    if let Some(weight) = cel.weight {
                        let _ = write!(
                            holds,
                            " && ({}) <= ({})",
                            expression(weight, NEW),
                            expression(weight, OLD)
                        );
                    }
                    let _ = write!(holds, "{stood})");
                }
                let message =
                    format!("{}: {}{}", self.id(), self.spec().summary, options(self.spec(), self.setting));
                let _ = writeln!(out, "    - expression: >-\n        {holds}");
                let _ = writeln!(out, "      message: {}", quoted(&message));
            }
            Form::Own(own) => self.write_own(out, own, excuses, &before),
        }
        out.push_str("      reason: Forbidden\n");
    }

    /// An own rule's expression stands as it is written, on lines of its own: it may end in a comment.
    fn write_own(&self, out: &mut String, own: &OwnRule, excuses: bool, before: &str) {
        let mut holds = before.to_owned();
        if let Some(matching) = &own.matching {
            let _ = write!(holds, "!({}) || ", is_about(matching));
        }
        // The stored object would excuse the new one; but where the expression has no value for it, CEL would refuse the update.
        if excuses {
            holds.push_str("request.operation == 'UPDATE' || ");
        }
        // Alone, it would have to be true or false before anybody looks.
        if holds.is_empty() && !own.is_condition() {
            holds.push_str("true && ");
        }
        let _ = write!(holds, "(\n{}\n)", own.expression.trim_end());
        let _ = writeln!(out, "    - expression: {}", scalar(&holds));
        let unsaid = || format!("it does not satisfy {}", own.expression.trim());
        let words = own.message.clone().unwrap_or_else(unsaid);
        let _ = writeln!(out, "      message: {}", quoted(&format!("{}: {}", self.id(), one_line(&words))));
        if let Some(text) = &own.message_expression {
            let text = format!("'{}: ' + (\n{}\n)", self.id(), text.trim_end());
            let _ = writeln!(out, "      messageExpression: {}", scalar(&text));
        }
    }
}

/// A text of several lines in YAML, eight columns in: as it is, unless it has characters that YAML would not keep.
fn scalar(text: &str) -> String {
    let is_kept =
        |c: char| c == '\n' || (!c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    if text.starts_with(char::is_whitespace) || !text.chars().all(is_kept) {
        return quoted(text);
    }
    let lines: String = text.lines().map(|line| format!("\n        {line}")).collect();
    format!("|-{lines}")
}

/// An expression of a rule, with names and options filled in.
fn expression(text: &str, cel: &Cel, spec: &RuleSpec, setting: &RuleSetting) -> String {
    let mut text = cel.expanded(text);
    for option in spec.options {
        text = text.replace(&format!("{{{}}}", option.name), &setting.int(spec, option.name).to_string());
    }
    text
}

/// The options, for a message.
fn options(spec: &RuleSpec, setting: &RuleSetting) -> String {
    let shown = |option: &OptionSpec| match option.kind {
        OptionKind::Int { .. } | OptionKind::Seconds { .. } => {
            Some(format!("{} {}", option.name, setting.int(spec, option.name)))
        }
        OptionKind::Bool { .. } | OptionKind::Strings { .. } => None,
    };
    let all: Vec<_> = spec.options.iter().filter_map(shown).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{objects, policy};
    use super::super::validating;
    use super::*;
    use crate::rules::{registry, registry_of};
    use jiff::civil::date;

    #[test]
    fn expressions_make_use_of_every_option() {
        for rule in registry().rules() {
            let Some(cel) = rule.cel else { continue };
            let text = expression(cel.finds, &cel, &rule.spec, &RuleSetting::new(Level::Warn));
            assert!(!text.contains('{') && !text.contains('\n'), "{text}");
            for option in rule.spec.options {
                assert!(
                    cel.finds.contains(&format!("{{{}}}", option.name)),
                    "{} has {}",
                    rule.id(),
                    option.name
                );
            }
        }
    }

    const OWN: &str = "  customRules:
    - id: acme/owner
      level: deny
      match: {kinds: [CronJob], names: ['a*']}
      expression: |
        has(object.metadata.labels) && // the team
        'owner' in object.metadata.labels
      message: no owner
    - id: acme/grows
      level: deny
      onError: warn
      expression: request.operation == 'CREATE' || object.metadata.name == oldObject.metadata.name
      messageExpression: \"'was ' + oldObject.metadata.name\"
    - id: acme/rare
      level: warn
      expression: schedule == null || schedule.minInterval >= duration('1h')
";

    fn exported(more: &str) -> (String, Vec<serde_json::Value>) {
        let policy = policy(&format!("  rules: {{'*': off}}\n{more}{OWN}"));
        let text = validating(&policy, registry_of(&policy), &[], date(2026, 11, 28));
        let found = objects(&text);
        (text, found)
    }

    #[test]
    #[cfg(feature = "own-rules")]
    fn own_rules_stand_as_they_are_written() {
        let (text, found) = exported("");
        let [lenient, binding, strict, _] = &found[..] else { panic!("{text}") };
        // Each in a policy of its own, named after it: what a server refuses of one leaves the others alone.
        assert_eq!(
            (&lenient["metadata"]["name"], &binding["spec"]["policyName"], &strict["metadata"]["name"]),
            (&"jobguard.acme.grows".into(), &"jobguard.acme.grows".into(), &"jobguard.acme.owner".into())
        );
        assert_eq!(lenient["spec"]["variables"], serde_json::Value::Null);
        assert_eq!(
            (&strict["spec"]["failurePolicy"], &lenient["spec"]["failurePolicy"]),
            (&"Fail".into(), &"Ignore".into())
        );
        let validation = |policy: &serde_json::Value| policy["spec"]["validations"][0].clone();
        let owner = validation(strict);
        let expression = owner["expression"].as_str().unwrap();
        assert!(
            expression.starts_with("!(request.kind.kind in ['CronJob'] && (")
                && expression.ends_with(
                    "request.operation == 'UPDATE' || (\nhas(object.metadata.labels) && // the team\n'owner' in object.metadata.labels\n)"
                ),
            "{expression}"
        );
        assert_eq!(owner["message"], "acme/owner: no owner");
        let grows = validation(lenient);
        assert!(grows["expression"].as_str().unwrap().starts_with("request.operation == 'UPDATE' || (\n"));
        assert_eq!(grows["messageExpression"], "'acme/grows: ' + (\n'was ' + oldObject.metadata.name\n)");
        assert!(text.contains("#   acme/rare (warn): it makes use of schedule"), "{text}");
        assert!(text.contains("#   acme/grows (deny), in part: updates"), "{text}");

        let (text, found) = exported("  existing: deny\n");
        let expression = validation(&found[0])["expression"].as_str().unwrap().to_owned();
        assert!(!expression.contains("UPDATE") && !text.contains("in part"), "{text}");
    }

    #[test]
    #[cfg(feature = "own-rules")]
    fn what_api_servers_do_not_have_yet_is_named() {
        let of = |version: &str| {
            let policy = policy(&format!(
                "  rules: {{'*': off}}\n  existing: deny\n  kubernetesVersion: \"{version}\"\n  customRules:\n  - {{id: acme/suspended, level: deny, expression: object.spec.suspend}}\n  - {{id: acme/version, level: warn, expression: \"isSemver(object.metadata.name)\", messageExpression: \"[1].distinct().map(x, string(x))[0]\"}}\n"
            ));
            let text = validating(&policy, registry_of(&policy), &[], date(2026, 11, 28));
            let found = objects(&text);
            (text, found)
        };
        let (text, found) = of("1.33");
        assert!(
            text.contains(
                "#   acme/version (warn): Kubernetes 1.33 does not have distinct (1.35), isSemver (1.34)\n"
            ),
            "{text}"
        );
        assert_eq!(found.len(), 2, "{text}");
        assert_eq!(found[0]["spec"]["validations"][0]["expression"], "true && (\nobject.spec.suspend\n)");
        let (text, found) = of("1.35");
        assert_eq!((found.len(), text.contains("does not have")), (4, false), "{text}");
    }

    #[test]
    fn texts_of_several_lines_stay_what_they_are() {
        for text in ["a\nb", "a\n\n  b  \nc: #", "a\u{1}\nb", " a\nb", "a\tb", "'\"\nü"] {
            let yaml = format!("list:\n    - text: {}\n", scalar(text));
            assert_eq!(objects(&yaml)[0]["list"][0]["text"], text, "{yaml}");
        }
    }
}
