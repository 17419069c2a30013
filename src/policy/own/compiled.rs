//! The expressions of an own rule, compiled.

use jobguard_manifest::{At, Span};

use super::place::place;
use crate::policy::reader::{Reader, Value};

/// The expressions of an own rule, compiled.
#[derive(Debug)]
pub struct Compiled {
    /// What has to be true.
    #[cfg(feature = "own-rules")]
    pub expression: jobguard_cel::Program,
    /// The message if it is not.
    #[cfg(feature = "own-rules")]
    pub message: Option<jobguard_cel::Program>,
    /// The fields that the condition reads and the API server fills in.
    #[cfg(feature = "own-rules")]
    pub filled_in: Vec<(super::Holder, super::FilledIn)>,
}

/// The text of an expression, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'t> {
    pub(super) text: &'t str,
    pub(super) value: Value,
}

#[cfg(feature = "own-rules")]
impl Compiled {
    /// Compiles them; what is wrong with them is left with the reader.
    pub(super) fn of(
        reader: &mut Reader<'_>,
        at: &At<'_>,
        expression: Written<'_>,
        message: Option<Written<'_>>,
    ) -> Option<Self> {
        let condition = program(reader, &at.field("expression"), expression, "bool", "must be true or false");
        let words = message.map(|message| {
            program(reader, &at.field("messageExpression"), message, "string", "must be a string")
        });
        match words {
            Some(None) => None,
            words => {
                let expression = condition?;
                let filled_in = super::filled_in::filled_in(&expression.paths());
                Some(Self { expression, message: words.flatten(), filled_in })
            }
        }
    }

    pub(super) fn asks_for_namespaces(&self) -> bool {
        let mut programs = [Some(&self.expression), self.message.as_ref()].into_iter().flatten();
        programs.any(|program| program.variables().contains(&super::vocabulary::NAMESPACE_OBJECT))
    }

    /// Whether the condition alone tells that its value is true or false.
    pub(super) fn is_condition(&self) -> bool {
        self.expression.result_type() == Some("bool")
    }

    /// What the expressions look at.
    pub(super) fn paths(&self) -> Vec<jobguard_cel::Path> {
        [Some(&self.expression), self.message.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(jobguard_cel::Program::paths)
            .collect()
    }

    /// What not all API servers have that have ValidatingAdmissionPolicies: each function or macro, and the first minor version
    /// that takes it.
    pub(super) fn requires(&self) -> Vec<(&'static str, u8)> {
        let programs = [Some(&self.expression), self.message.as_ref()].into_iter().flatten();
        let mut all: Vec<_> = programs.flat_map(jobguard_cel::Program::requires).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn beyond_kubernetes(&self) -> Vec<String> {
        use super::vocabulary::VOCABULARY;
        let programs = || [Some(&self.expression), self.message.as_ref()].into_iter().flatten();
        let of_parts = programs().flat_map(jobguard_cel::Program::parts).map(|(part, field)| {
            let part = &VOCABULARY.parts[*part];
            match field {
                Some(field) => format!("{}.{}", part.name, part.fields[*field].0),
                None => part.name.to_owned(),
            }
        });
        let functions = programs().flat_map(jobguard_cel::Program::extensions).map(|name| (*name).to_owned());
        let mut names: Vec<String> = of_parts.chain(functions).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// One of the expressions.
#[cfg(feature = "own-rules")]
fn program(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    written: Written<'_>,
    result: &str,
    must: &str,
) -> Option<jobguard_cel::Program> {
    use super::vocabulary::VOCABULARY;
    match jobguard_cel::Program::compile(written.text, &VOCABULARY) {
        Ok(program) => match program.result_type() {
            Some(other) if other != result => {
                let article = match other {
                    "null" => "",
                    other if other.starts_with(['a', 'i', 'o', 'I']) => "an ",
                    _ => "a ",
                };
                reader.fault(written.value.span, at, format!("{must}, not {article}{other}"), None);
                None
            }
            _ => Some(program),
        },
        Err(errors) => {
            for error in errors {
                let span: Span = place(reader, written.value, written.text, error.range);
                reader.fault(span, at, error.message, error.help);
            }
            None
        }
    }
}

#[cfg(not(feature = "own-rules"))]
impl Compiled {
    pub(super) fn of(
        reader: &mut Reader<'_>,
        at: &At<'_>,
        expression: Written<'_>,
        _message: Option<Written<'_>>,
    ) -> Option<Self> {
        let span: Span = place(reader, expression.value, expression.text, 0..0);
        let help = "build it with the feature own-rules";
        reader.fault(span, at, "this build of jobguard has no customRules", Some(help.to_owned()));
        None
    }

    pub(super) fn asks_for_namespaces(&self) -> bool {
        false
    }

    pub(super) fn beyond_kubernetes(&self) -> Vec<String> {
        Vec::new()
    }

    pub(super) fn requires(&self) -> Vec<(&'static str, u8)> {
        Vec::new()
    }

    pub(super) fn is_condition(&self) -> bool {
        true
    }
}
