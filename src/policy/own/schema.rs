//! The JSON Schema of `customRules`.

use serde_json::{Value, json};

use super::limits::{MAX_EXPRESSION, MAX_ID, MAX_RULES, MAX_TEXT};
use super::read::ON_ERROR;

/// The schema of the section; `conditions` is that of a `match`.
pub(in crate::policy) fn schema(conditions: &Value) -> Value {
    let text = |description: &str, most: usize| json!({ "description": description, "type": "string", "minLength": 1, "maxLength": most });
    let on_error: Vec<&str> = ON_ERROR.iter().map(|(word, _)| *word).collect();
    json!({
        "description": "Rules of your own, in CEL: docs/custom-rules.md. One with the id of a rule that the extended \
                        policy has replaces it.",
        "type": ["array", "null"],
        "maxItems": MAX_RULES,
        "items": {
            "type": "object",
            "required": ["id", "expression"],
            "additionalProperties": false,
            "properties": {
                "id": {
                    "description": "A category of your own and a name. Policies, overrides and annotations name the \
                                    rule by it.",
                    "type": "string",
                    "maxLength": MAX_ID,
                    "pattern": "^[a-z][-a-z0-9]*/[a-z][-a-z0-9]*$",
                    "examples": ["acme/owner-label"],
                },
                "level": { "allOf": [{ "$ref": "#/definitions/level" }], "default": "warn" },
                "match": conditions,
                "expression": {
                    "description": "What has to be true of an object. Variables: object, oldObject, request, \
                                    namespaceObject, job, schedule.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_EXPRESSION,
                    "examples": [
                        "has(object.metadata.labels) && 'owner' in object.metadata.labels",
                        "schedule == null || schedule.minInterval >= duration('5m')",
                    ],
                },
                "message": text("What is wrong where it is not.", MAX_TEXT),
                "messageExpression": text("The same as an expression, which goes before the message.", MAX_EXPRESSION),
                "path": {
                    "description": "The field to point at, from metadata, spec or job on; job is the Job, also in a CronJob.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_TEXT,
                    "pattern": "^(metadata|spec|job)([.[]|$)",
                    "examples": ["metadata.labels[owner]", "job.spec.template.spec.containers[0].image"],
                },
                "help": text("What to do about it.", MAX_TEXT),
                "docs": {
                    "description": "Where more can be read.",
                    "type": "string",
                    "maxLength": MAX_TEXT,
                    "pattern": "^https?://",
                },
                "onError": {
                    "description": "What becomes of an object for which the expression has no value. deny: a finding \
                                    at the rule's level. warn: a warning at most.",
                    "enum": on_error,
                    "default": "deny",
                },
            },
        },
    })
}
