//! Whether a tool deploys an object, in CEL: the same marks that [`DeployTool::of`] looks for.

use super::text::{cel_string, literal};
use crate::deploy_tool::{DeployTool, Mark};

/// Whether some tool deploys the object. `variables.keys` are the keys of its labels and annotations.
pub(super) fn is_deployed() -> String {
    let each: Vec<_> = DeployTool::all().iter().map(of_tool).collect();
    each.join(" || ")
}

/// The keys of the object's labels and annotations.
pub(super) const KEYS: &str = "(has(object.metadata.labels) ? object.metadata.labels.map(key, key) : []) + \
                               (has(object.metadata.annotations) ? object.metadata.annotations.map(key, key) : [])";

fn of_tool(tool: &DeployTool) -> String {
    let marks: Vec<_> = tool.marks().iter().map(|mark| on_object(*mark)).collect();
    let mut all = format!("({})", marks.join(" || "));
    for (key, value) in tool.unless() {
        let (key, value) = (cel_string(key), cel_string(value));
        let annotations = "object.metadata.annotations";
        all.push_str(&format!(
            " && !(has({annotations}) && {key} in {annotations} && {annotations}[{key}].trim() == {value})"
        ));
    }
    format!("({all})")
}

fn on_object(mark: Mark) -> String {
    match mark {
        Mark::Key(name) => format!("{} in variables.keys", cel_string(name)),
        Mark::Domain(domain) => {
            let pattern = format!(r"^([^/]*\.)?{}/", literal(domain));
            format!("variables.keys.exists(key, key.matches({}))", cel_string(&pattern))
        }
        Mark::ManagedBy(value) => {
            let label = cel_string(crate::deploy_tool::names::MANAGED_BY);
            format!(
                "(has(object.metadata.labels) && {label} in object.metadata.labels && \
                 object.metadata.labels[{label}].lowerAscii() == {})",
                cel_string(value)
            )
        }
        Mark::Manager(start) => format!(
            "(has(object.metadata.managedFields) && object.metadata.managedFields.exists(by, has(by.manager) && \
             by.manager.startsWith({})))",
            cel_string(start)
        ),
    }
}
