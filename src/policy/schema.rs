//! The JSON Schema of policy files, for editors.

use serde_json::{Map, Value, json};

use jobguard_apiserver::KubernetesVersion;
use jobguard_manifest::limits::Limits;

use super::{
    Level, OptionKind, OptionSpec, Preset, RuleSpec, defaults, document, embedded_jobs, exceptions, own,
};

/// Where the schema is published.
const ID: &str = "https://raw.githubusercontent.com/jobguard/jobguard/main/policies/schema.json";

/// A duration as [`super::load`] reads it. Without looking ahead, which Helm's regular expressions cannot.
const DURATION: &str = "^([0-9]+|[0-9]+h([0-9]+m)?([0-9]+s)?|[0-9]+m([0-9]+s)?|[0-9]+s)$";

/// The schema (draft 7, which editors know best) of a policy over the rules of `catalog`: what `policies/schema.json`
/// must hold. It knows every key; what depends on more than one value is left to the reader of the policy.
pub fn generate(catalog: &[&'static RuleSpec]) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "jobguard policy",
        "description": "Which rules apply at which level, which defaults are filled in, and for which Jobs and \
                        CronJobs.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": { "const": document::API_VERSION },
            "kind": { "const": document::KIND },
            "metadata": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {
                        "description": "The policy's name, for messages and audit annotations.",
                        "type": "string",
                        "maxLength": 253,
                        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                    },
                },
            },
            "spec": spec(),
        },
        "definitions": {
            "level": {
                "description": "deny: refused, an error in the linter. warn: admitted with a warning. info: worth knowing. off: silent.",
                "enum": ["deny", "warn", "info", "off"],
            },
            "wildcard": {
                // One branch alone is judged, so that a fault is named where it is.
                "if": { "type": "object" },
                "then": {
                    "additionalProperties": false,
                    "properties": { "level": { "$ref": "#/definitions/level" } },
                },
                "else": { "$ref": "#/definitions/level" },
            },
            "rules": rules(catalog),
            "defaults": defaults_section(),
            "labels": {
                "type": ["object", "null"],
                "description": "null fills in none, and as a value takes one back that the extended policy fills in.",
                "additionalProperties": { "type": ["string", "null"] },
            },
            "conditions": {
                "type": "object",
                "minProperties": 1,
                "description": "The value may have the wildcards * and ?.",
                "additionalProperties": { "type": "string", "maxLength": 253 },
            },
            "users": {
                "description": "Names of users, such as system:serviceaccount:NAMESPACE:NAME, with the wildcards * and ?. Nothing is known of them offline.",
                "type": "array",
                "minItems": 1,
                "items": user(),
            },
            "globs": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-a-z0-9.*?]+$" },
            },
        },
    })
}

fn user() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 512 })
}

fn embedded_jobs_section() -> Value {
    let path = |description: &str| json!({ "description": description, "type": "string", "minLength": 1, "maxLength": 512 });
    json!({
        "description": "Further kinds whose objects embed Jobs: each is checked as the Job that its controller \
                        creates. An entry for a built-in kind replaces it; without jobs and schedule, its \
                        objects are not checked.",
        "type": ["array", "null"],
        "maxItems": embedded_jobs::MAX_KINDS,
        "items": {
            "type": "object",
            "required": ["group", "kind"],
            "additionalProperties": false,
            "properties": {
                "group": {
                    "description": "The API group: the part of apiVersion before the slash.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 253,
                    "not": { "const": "batch" },
                },
                "kind": { "type": "string", "pattern": "^[A-Za-z0-9]{1,63}$" },
                "jobs": {
                    "description": "The paths of its Jobs.",
                    "type": ["array", "null"],
                    "maxItems": embedded_jobs::MAX_PATHS,
                    "items": {
                        "type": "object",
                        "required": ["path", "type"],
                        "additionalProperties": false,
                        "properties": {
                            "path": path("Field names with dots between them; [*] means every element of a list, \
                                          or every value of a map."),
                            "type": {
                                "description": "The type of the value there. For a PodTemplateSpec, only the \
                                                Pods are checked.",
                                "enum": words(embedded_jobs::TYPES),
                            },
                        },
                    },
                    "examples": [[{"path": "spec.replicatedJobs[*].template", "type": "JobTemplateSpec"}]],
                },
                "schedule": path("The field with the schedule, where the object has one: five fields, or a descriptor such as @daily."),
                "timeZone": path("The field with the schedule's time zone."),
                "placeholders": {
                    "description": "What the controller replaces in strings, with * for the part in between.",
                    "type": "string",
                    "examples": ["{{args.*}}"],
                },
            },
        },
    })
}

fn words<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}

fn spec() -> Value {
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "extends": {
                "description": "baseline, recommended (the default), strict, or the path of a policy file, \
                                relative to this one.",
                "type": "string",
                "minLength": 1,
                "examples": Preset::ALL.map(Preset::as_str),
            },
            "mode": {
                "description": "enforce: deny refuses. warn: nothing is refused, only warned about. audit: \
                                findings appear only in audit annotations and metrics.",
                "enum": words(document::MODES),
                "default": "enforce",
            },
            "kubernetesVersion": {
                "description": "The Kubernetes version of the clusters that the objects are for, or several \
                                (1.31,1.34-1.36), in quotes: the verdict of each version's API server. The \
                                webhook uses the oldest.",
                "type": "string",
                "pattern": "^v?1\\.[0-9]+",
                "default": KubernetesVersion::default().to_string(),
                "examples": ["1.33", "1.31,1.34-1.36"],
            },
            "featureGates": {
                "description": "Feature gates that the clusters' API servers set differently from the defaults \
                                of their version, as in their --feature-gates.",
                "type": "object",
                "additionalProperties": {"type": "boolean"},
                "examples": [{"PodCertificateRequest": true}],
            },
            "controllerJobs": {
                "description": "Jobs created by controllers. warn: never refused. enforce: checked like any Job. \
                                skip: not checked.",
                "enum": words(document::CONTROLLER_JOBS),
                "default": "warn",
            },
            "controllers": {
                "description": "Users that count as controllers besides the CronJob controller: controllerJobs \
                                applies to the Jobs that they create for an owner.",
                "type": ["array", "null"],
                "items": user(),
                "examples": [["system:serviceaccount:jobset-system:jobset-controller-manager"]],
            },
            "embeddedJobs": embedded_jobs_section(),
            "exclude": {
                "description": "Paths that the linter skips: globs as in .gitignore, relative to the folder of \
                                this file. The webhook sees no paths.",
                "type": ["array", "null"],
                "maxItems": document::MAX_EXCLUDES,
                "items": { "type": "string", "minLength": 1, "maxLength": document::MAX_EXCLUDE },
                "examples": [["vendor/", "**/*.gen.yaml"]],
            },
            "onTimeout": {
                "description": "Objects that the webhook could not check in time. allow: allowed with a warning. \
                                deny: refused, under mode enforce.",
                "enum": words(document::ON_TIMEOUT),
                "default": "allow",
            },
            "existing": {
                "description": "On updates, how problems are treated that the stored object already has. warn: \
                                admitted with a warning, so that existing objects stay editable. deny: refused \
                                like any other.",
                "enum": words(document::EXISTING),
                "default": "warn",
            },
            "existingDenyFrom": {
                "description": "The day (UTC) from which existing is deny; until then it is warn.",
                "type": ["string", "null"],
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                "examples": ["2027-01-31"],
            },
            "suppressions": {
                "description": "The annotation jobguard.dev/ignore on an object.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "allow": { "description": "Whether it counts.", "type": "boolean", "default": true },
                    "categories": {
                        "description": "Whether it can name a category (cron/*) instead of rules.",
                        "type": "boolean",
                        "default": true,
                    },
                    "levels": {
                        "description": "The levels of rules that it can silence.",
                        "type": ["array", "null"],
                        "items": { "enum": ["deny", "warn", "info"] },
                        "default": ["warn", "info"],
                    },
                },
            },
            "limits": {
                "description": "Limits for one object. A larger object is not checked, and is refused under mode \
                                enforce.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "maxElements": {
                        "description": "List items and map entries, without metadata.managedFields and status.",
                        "type": "integer",
                        "minimum": document::MAX_ELEMENTS.0,
                        "maximum": document::MAX_ELEMENTS.1,
                        "default": Limits::DEFAULT.max_elements,
                    },
                },
            },
            "customRules": own::schema(&conditions()),
            "defaults": { "$ref": "#/definitions/defaults" },
            "rules": { "$ref": "#/definitions/rules" },
            "overrides": {
                "description": "Other rules or defaults for some objects. All that match apply; later ones take \
                                precedence.",
                "type": ["array", "null"],
                "maxItems": document::MAX_OVERRIDES,
                "items": {
                    "type": "object",
                    "required": ["match"],
                    "minProperties": 2,
                    "additionalProperties": false,
                    "properties": {
                        "match": conditions(),
                        "rules": { "$ref": "#/definitions/rules" },
                        "defaults": { "$ref": "#/definitions/defaults" },
                    },
                },
            },
            "exceptions": exceptions_section(),
        },
    })
}

fn exceptions_section() -> Value {
    json!({
        "description": "Findings that do not count, for some objects and until a day. Those of an extended \
                        policy stay.",
        "type": ["array", "null"],
        "maxItems": exceptions::MAX_EXCEPTIONS,
        "items": {
            "type": "object",
            "required": ["rules", "match", "reason"],
            "additionalProperties": false,
            "properties": {
                "name": {
                    "description": "For reports and audit annotations.",
                    "type": "string",
                    "maxLength": exceptions::MAX_NAME,
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                },
                "rules": {
                    "description": "Ids, categories (job/*), or *.",
                    "type": "array",
                    "minItems": 1,
                    "maxItems": exceptions::MAX_RULES,
                    "items": { "type": "string", "pattern": "^(\\*|[-a-z0-9]+/([-a-z0-9]+|\\*))$" },
                },
                "match": conditions(),
                "reason": {
                    "description": "Why, for those who read it later.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": exceptions::MAX_REASON,
                    "pattern": "[^\\s]",
                },
                "until": {
                    "description": "The last day (UTC) on which it counts. Without it, it has no end.",
                    "type": ["string", "null"],
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                    "examples": ["2027-01-31"],
                },
            },
        },
    })
}

fn conditions() -> Value {
    json!({
        "description": "All conditions must hold.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": {
            "kinds": { "type": "array", "minItems": 1, "items": { "enum": words(document::KINDS) } },
            "namespaces": { "$ref": "#/definitions/globs" },
            "names": { "$ref": "#/definitions/globs" },
            "labels": { "$ref": "#/definitions/conditions" },
            "namespaceLabels": { "$ref": "#/definitions/conditions" },
            "ownerKinds": {
                "description": "Kinds of the controller that it belongs to, such as JobSet, or with their group, such as JobSet.jobset.x-k8s.io.",
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "minLength": 1, "maxLength": 317, "pattern": "^[-A-Za-z0-9.*?]+$" },
            },
            "users": { "$ref": "#/definitions/users" },
        },
    })
}

fn defaults_section() -> Value {
    let seconds = |description: &str, min: i64| {
        json!({
            "description": description,
            "type": ["integer", "null"],
            "minimum": min,
            "maximum": defaults::MAX_SECONDS,
        })
    };
    json!({
        "description": "Filled in for fields that are not set. null fills in nothing, whatever the extended \
                        policy says.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "restartPolicy": {
                "description": "Of the Pod template.",
                "enum": ["Never", "OnFailure", null],
            },
            "activeDeadlineSeconds": seconds("Ends a Job, retries included.", 1),
            "ttlSecondsAfterFinished": seconds(
                "Removes finished Jobs that have no owner and no deployment tool.", 0),
            "startingDeadlineSeconds": seconds("A CronJob's run that cannot start within this time is skipped.", 10),
            "timeZone": {
                "description": "Of a CronJob's schedule: a name of the IANA database.",
                "type": ["string", "null"],
                "examples": ["Etc/UTC", "Europe/Berlin"],
            },
            "spreadMinutes": {
                "description": "A CronJob whose schedule is a descriptor (@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually) gets a minute by the hash of its namespace and name.",
                "type": ["boolean", "null"],
            },
            "labels": { "$ref": "#/definitions/labels" },
            "annotations": { "$ref": "#/definitions/labels" },
            "template": {
                "description": "Of the Pod template.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "labels": { "$ref": "#/definitions/labels" },
                    "annotations": { "$ref": "#/definitions/labels" },
                },
            },
            "podFailurePolicy": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "ignoreDisruptions": {
                        "description": "Pods lost to a drain or a preemption do not count as failures.",
                        "type": "boolean",
                    },
                },
            },
        },
    })
}

/// What a wildcard leaves as it is.
const SWITCHES_NOTHING_ON: &str =
    "Rules that are off in what this policy extends, or in the policy that an override applies to, stay off.";

fn rules(catalog: &[&'static RuleSpec]) -> Value {
    let mut properties = Map::new();
    let wildcard = |description: String| json!({ "description": description, "allOf": [{ "$ref": "#/definitions/wildcard" }] });
    properties.insert(
        "*".to_owned(),
        wildcard(format!("Every rule that has no entry of its own or its category's. {SWITCHES_NOTHING_ON}")),
    );
    for spec in catalog.iter().filter(|spec| spec.is_settable()) {
        let category = spec.category();
        properties.entry(format!("{category}/*")).or_insert_with(|| {
            wildcard(format!("Every {category} rule that has no entry of its own. {SWITCHES_NOTHING_ON}"))
        });
        properties.insert(spec.id.to_owned(), rule(spec));
    }
    let built_in: Vec<&str> = properties.keys().map(String::as_str).collect();
    // The rules of customRules, here or in a file that is extended, are of categories that are not built in.
    let mut categories: Vec<&str> = catalog.iter().map(|spec| spec.category()).collect();
    categories.sort_unstable();
    categories.dedup();
    let of_its_own = json!({
        "pattern": "^[a-z][-a-z0-9]*/(\\*|[a-z][-a-z0-9]*)$",
        "not": { "pattern": format!("^({})/", categories.join("|")) },
    });
    json!({
        "type": ["object", "null"],
        "propertyNames": { "anyOf": [{ "enum": built_in }, of_its_own] },
        "additionalProperties": { "$ref": "#/definitions/wildcard" },
        "properties": properties,
    })
}

fn rule(spec: &RuleSpec) -> Value {
    let mut properties = Map::new();
    properties.insert("level".to_owned(), json!({ "$ref": "#/definitions/level" }));
    for option in spec.options {
        properties.insert(option.name.to_owned(), option_schema(option));
    }
    let [baseline, recommended, strict]: [Level; 3] = Preset::ALL.map(|preset| preset.level(spec));
    json!({
        "description": format!(
            "{} (baseline: {baseline}, recommended: {recommended}, strict: {strict})", spec.summary),
        "if": { "type": "object" },
        "then": { "additionalProperties": false, "properties": properties },
        "else": { "$ref": "#/definitions/level" },
    })
}

fn option_schema(option: &OptionSpec) -> Value {
    let mut schema = match option.kind {
        OptionKind::Int { default, min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "default": default })
        }
        OptionKind::Bool { default } => json!({ "type": "boolean", "default": default }),
        OptionKind::Seconds { default, min, max } => json!({
            "oneOf": [
                { "type": "integer", "minimum": min, "maximum": max },
                { "type": "string", "pattern": DURATION },
            ],
            "default": jobguard_text::duration::short(default),
        }),
        OptionKind::Strings { default } => {
            json!({ "type": "array", "items": { "type": "string" }, "default": default })
        }
    };
    if let Value::Object(map) = &mut schema {
        map.insert("description".to_owned(), option.summary.into());
    }
    schema
}
