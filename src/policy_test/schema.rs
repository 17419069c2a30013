//! The JSON Schema of test files, for editors.

use serde_json::{Value, json};

use super::model::{API_VERSION, KIND};
use super::read_case::{LEVELS, OPERATIONS};

/// Where the schema is published.
const ID: &str = "https://raw.githubusercontent.com/jobguard/jobguard/main/policies/test.schema.json";

/// The schema (draft 7) of a test file: what `policies/test.schema.json` must hold.
pub fn generate() -> Value {
    let text = |description: &str| json!({ "description": description, "type": "string", "minLength": 1 });
    let time = json!({
        "description": "When schedules are judged: a time such as 2027-03-28T00:00:00Z, or a date. Without one, the \
                        time of the run.",
        "type": "string",
        "examples": ["2027-03-28"],
    });
    let select = json!({
        "description": "Which of the objects of the file: Kind/name or Kind/namespace/name.",
        "type": "string",
        "pattern": "^[^/]+/[^/]+(/[^/]+)?$",
        "examples": ["CronJob/nightly"],
    });
    let levels: Vec<&str> = LEVELS.iter().map(|(word, _)| *word).collect();
    let operations: Vec<&str> = OPERATIONS.iter().map(|(word, _)| *word).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "jobguard policy test",
        "description": "Cases of jobguard policy test: each an object or a review, and what must come out.",
        "type": "object",
        "required": ["apiVersion", "kind", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": { "const": API_VERSION },
            "kind": { "const": KIND },
            "metadata": {
                "type": "object",
                "additionalProperties": false,
                "properties": { "name": { "type": "string" } },
            },
            "spec": {
                "type": "object",
                "required": ["cases"],
                "additionalProperties": false,
                "properties": {
                    "policy": text("The policy that is tested: a path relative to this file, or baseline, recommended or \
                                    strict. Without it, the nearest jobguard.yaml in the folder of this file or above it, \
                                    else recommended."),
                    "now": time.clone(),
                    "cases": { "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/case" } },
                },
            },
        },
        "definitions": {
            "case": {
                "type": "object",
                "required": ["name", "expect"],
                "oneOf": [{ "required": ["object"] }, { "required": ["file"] }, { "required": ["review"] }],
                "additionalProperties": false,
                "properties": {
                    "name": text("What the case shows. No other case of the file has the same name."),
                    "object": { "description": "The object, judged as jobguard lint does.", "type": "object" },
                    "file": text("The manifest that holds the object, relative to this file, judged as jobguard lint does."),
                    "select": select.clone(),
                    "review": { "$ref": "#/definitions/review" },
                    "withDefaults": {
                        "description": "Whether the policy's defaults are filled in before the rules look, as with lint \
                                        --with-defaults. For a review they are unless this is false.",
                        "type": "boolean",
                    },
                    "now": time,
                    "expect": { "$ref": "#/definitions/expect" },
                },
            },
            "review": {
                "description": "A request, judged as the webhook does.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "file": text("A recorded AdmissionReview, relative to this file."),
                    "operation": { "enum": operations, "default": "CREATE" },
                    "object": { "$ref": "#/definitions/object" },
                    "oldObject": { "$ref": "#/definitions/object" },
                    "namespace": text("The namespace of an object that names none; default without it."),
                    "userInfo": {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                            "username": text("Such as system:serviceaccount:ci:deploy."),
                            "groups": { "type": "array", "items": { "type": "string" } },
                        },
                    },
                    "dryRun": { "type": "boolean", "default": false },
                    "namespaceLabels": {
                        "description": "The labels of the object's namespace, as a server with --watch-namespaces knows them.",
                        "type": "object",
                        "additionalProperties": { "type": "string" },
                    },
                },
            },
            "object": {
                "description": "The object, or {file: manifest.yaml, select: CronJob/nightly}.",
                "type": "object",
                "properties": { "file": { "type": "string" }, "select": select },
            },
            "expect": {
                "description": "What must come out. What is not named is not compared.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": false,
                "properties": {
                    "allowed": { "description": "Whether the webhook lets the object be stored.", "type": "boolean" },
                    "findings": {
                        "description": "Exactly these findings; with others: ignore, at least these.",
                        "type": "array",
                        "items": { "$ref": "#/definitions/finding" },
                    },
                    "absent": {
                        "description": "None of these findings.",
                        "type": "array",
                        "items": { "$ref": "#/definitions/finding" },
                    },
                    "patched": {
                        "description": "Exactly the fields that /mutate fills in, by path, with their values; with others: \
                                        ignore, at least these.",
                        "type": "object",
                    },
                    "others": {
                        "description": "What becomes of findings and patched fields that are not named.",
                        "enum": ["fail", "ignore"],
                        "default": "fail",
                    },
                },
            },
            "finding": {
                "description": "The id of a rule, or more of the finding.",
                "type": ["string", "object"],
                "required": ["rule"],
                "additionalProperties": false,
                "properties": {
                    "rule": { "type": "string" },
                    "path": { "description": "The field; any where it is left out.", "type": "string" },
                    "level": { "enum": levels },
                    "message": text("A part of the message."),
                },
            },
        },
    })
}
