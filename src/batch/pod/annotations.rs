//! Annotations of the Pod template that were fields before they were fields, and that must agree with them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::report::Report;
use super::view::each_container;
use crate::path::At;

type Annotations = BTreeMap<String, String>;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

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
pub(super) fn agree_with_fields(spec: &PodSpec, metadata: &ObjectMeta, at: &At<'_>, report: &mut Report<'_>) {
    let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty())
    else {
        return;
    };
    seccomp(spec, annotations, at, report);
    if spec.os.as_ref().is_none_or(|os| os.name != "windows") {
        app_armor(spec, annotations, at, report);
    }
}

fn seccomp(spec: &PodSpec, annotations: &Annotations, at: &At<'_>, report: &mut Report<'_>) {
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

fn app_armor(spec: &PodSpec, annotations: &Annotations, at: &At<'_>, report: &mut Report<'_>) {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    each_container(spec, at, |container, at| {
        let own = container.security_context.and_then(|context| context.app_armor_profile.as_ref());
        let Some(profile) = own.or(of_pod) else { return };
        let Some(annotation) = annotations.get(&format!("{APP_ARMOR_CONTAINER}{}", container.name)) else {
            return;
        };
        let at = at.field("securityContext");
        let (kind, name) = (profile.type_.as_str(), profile.localhost_profile.as_deref());
        compare(kind, name, annotation, &APP_ARMOR, &at.field("appArmorProfile"), report);
    });
}

fn compare(
    kind: &str,
    name: Option<&str>,
    annotation: &str,
    spelling: &Spelling,
    at: &At<'_>,
    report: &mut Report<'_>,
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
