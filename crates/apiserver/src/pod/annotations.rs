//! Annotations of the Pod template that were fields before they were fields, and that must agree with them.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::{PodSpec, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::any_container::each_container;
use super::scheduling;
use crate::errors::Errors;
use crate::{Gate, Topic};
use jobguard_manifest::At;

type Annotations = BTreeMap<String, String>;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The annotation that tolerations were once in.
pub(crate) const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";

/// Checks the tolerations in the annotation [`TOLERATIONS`]. The server calls the annotations `named`; this one is
/// at `real`.
pub(crate) fn validate_tolerations(text: &str, named: &At<'_>, real: &At<'_>, errors: &mut Errors<'_>) {
    if text.is_empty() {
        return;
    }
    let mut report = errors.topic(Topic::Metadata);
    match serde_json::from_str::<Option<Vec<Option<Written>>>>(text) {
        Ok(list) => {
            let list: Vec<_> =
                list.unwrap_or_default().into_iter().map(|item| item.unwrap_or_default().0).collect();
            report.inside(real, |report| scheduling::tolerations(&list, &named.field(TOLERATIONS), report));
        }
        Err(_) => report.invalid(
            (named, real),
            "this is not a JSON list of tolerations: set the field tolerations instead",
        ),
    }
}

/// A toleration as the annotation has it: names of members in any case, null as if absent.
#[derive(Default)]
struct Written(Toleration);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a toleration")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
                let mut read = Toleration::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let field = match name.to_ascii_lowercase().as_str() {
                        "key" => &mut read.key,
                        "operator" => &mut read.operator,
                        "value" => &mut read.value,
                        "effect" => &mut read.effect,
                        "tolerationseconds" => {
                            read.toleration_seconds =
                                serde_json::from_value(value).map_err(A::Error::custom)?;
                            continue;
                        }
                        _ => continue,
                    };
                    match value {
                        Value::Null => {}
                        Value::String(text) => *field = Some(text),
                        _ => return Err(A::Error::custom("not a string")),
                    }
                }
                Ok(Written(read))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// How an annotation writes the types of a profile.
struct Spelling {
    runtime_default: &'static [&'static str],
    unconfined: &'static str,
    localhost: &'static str,
}

const SECCOMP: Spelling = Spelling {
    runtime_default: &["runtime/default", "docker/default"],
    unconfined: "unconfined",
    localhost: "localhost/",
};

const APP_ARMOR: Spelling =
    Spelling { runtime_default: &["runtime/default"], unconfined: "unconfined", localhost: "localhost/" };

/// Checks that profiles in annotations are those in the fields, where both are given.
pub(super) fn agree_with_fields(spec: &PodSpec, metadata: &ObjectMeta, at: &At<'_>, report: &mut Errors<'_>) {
    let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty())
    else {
        return;
    };
    seccomp(spec, annotations, at, report);
    if spec.os.as_ref().is_none_or(|os| os.name != "windows") && report.server.on(Gate::AppArmorFields) {
        app_armor(spec, annotations, at, report);
    }
}

fn seccomp(spec: &PodSpec, annotations: &Annotations, at: &At<'_>, report: &mut Errors<'_>) {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    if let (Some(profile), Some(annotation)) = (of_pod, annotations.get(SECCOMP_POD)) {
        let at = at.field("securityContext");
        let (kind, name) = (profile.type_.as_str(), profile.localhost_profile.as_deref());
        compare(kind, name, annotation, &SECCOMP, &at.field("seccompProfile"), report);
    }
    each_container(spec, at, |container, at| {
        let profile = container.security_context.and_then(|context| context.seccomp_profile.as_ref());
        let Some(profile) = profile else { return };
        let Some(annotation) = annotations.get(&format!("{SECCOMP_CONTAINER}{}", container.name)) else {
            return;
        };
        let at = at.field("securityContext");
        let (kind, name) = (profile.type_.as_str(), profile.localhost_profile.as_deref());
        compare(kind, name, annotation, &SECCOMP, &at.field("seccompProfile"), report);
    });
}

fn app_armor(spec: &PodSpec, annotations: &Annotations, at: &At<'_>, report: &mut Errors<'_>) {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    let pod = at.field("securityContext");
    let pod = pod.field("appArmorProfile");
    each_container(spec, at, |container, at| {
        let own = container.security_context.and_then(|context| context.app_armor_profile.as_ref());
        let Some(profile) = own.or(of_pod) else { return };
        let Some(annotation) = annotations.get(&format!("{APP_ARMOR_CONTAINER}{}", container.name)) else {
            return;
        };
        let at = at.field("securityContext");
        let at = at.field("appArmorProfile");
        let (kind, name) = (profile.type_.as_str(), profile.localhost_profile.as_deref());
        // A container without a profile has the Pod's.
        report.within(if own.is_some() { &at } else { &pod }, &at, |at, report| {
            compare(kind, name, annotation, &APP_ARMOR, at, report);
        });
    });
}

fn compare(
    kind: &str,
    name: Option<&str>,
    annotation: &str,
    spelling: &Spelling,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let same_type = match kind {
        "Unconfined" => annotation == spelling.unconfined,
        "RuntimeDefault" => spelling.runtime_default.contains(&annotation),
        "Localhost" => match annotation.strip_prefix(spelling.localhost) {
            Some(annotated) if name != Some(annotated) => {
                return report.forbidden(
                    &at.field("localhostProfile"),
                    "an annotation of the template names another profile: remove the annotation",
                );
            }
            annotated => annotated.is_some(),
        },
        _ => true,
    };
    if !same_type {
        report.forbidden(
            &at.field("type"),
            "an annotation of the template asks for another type of profile: remove the annotation",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, &'static str)> {
        let root = At::root();
        let (named, real) = (root.field("annotations"), root.field("metadata"));
        let (server, mut errors) = (crate::testing::server(), Vec::new());
        validate_tolerations(text, &named, &real, &mut Errors::new(&server, Topic::Metadata, &mut errors));
        assert!(errors.iter().all(|error| error.at == Some(real.to_path())));
        errors.iter().map(|error| (error.path.to_string(), error.cause.as_str())).collect()
    }

    #[test]
    fn tolerations_in_an_annotation() {
        for good in ["", "null", "[]", r#"[{"operator":"Exists"}]"#, r#"[{"KEY":"a","x":1,"value":null}]"#] {
            assert_eq!(found(good), [], "{good}");
        }
        for bad in ["{}", "[", "[1]", r#"[{"key":1}]"#, r#"[{"tolerationSeconds":1.5}]"#, "[] x"] {
            assert_eq!(found(bad), [("annotations".to_owned(), "FieldValueInvalid")], "{bad}");
        }
        let path = format!("annotations.{TOLERATIONS}[1].operator");
        assert_eq!(found(r#"[{"operator":"Exists"},null]"#), [(path, "FieldValueInvalid")]);
    }
}
