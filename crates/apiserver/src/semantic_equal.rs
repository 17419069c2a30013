//! Whether two Pod templates are the same to the API server.
//!
//! It compares its internal form, where nothing, an empty list and an empty text are the same, and so are nothing,
//! zero and `false` in fields that do not tell them apart; quantities are compared by their size.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use serde_json::Value;

use super::pod::quantity::Quantity;
use super::schema::{Schema, Shape, TypeId};

/// Objects that are always there in the internal form, if only empty: type and field.
const ALWAYS_THERE: &[(&str, &str)] = &[
    ("Container", "resources"),
    ("EphemeralContainer", "resources"),
    ("PersistentVolumeClaimSpec", "resources"),
    ("PersistentVolumeClaimTemplate", "metadata"),
    ("PersistentVolumeClaimTemplate", "spec"),
    ("PodTemplateSpec", "metadata"),
    ("PodTemplateSpec", "spec"),
    ("PreferredSchedulingTerm", "preference"),
    ("WeightedPodAffinityTerm", "podAffinityTerm"),
];

/// Numbers and booleans whose zero is the same as nothing.
const ZERO_IS_NOTHING: [&str; 24] = [
    "chapAuthDiscovery",
    "chapAuthSession",
    "containerPort",
    "failureThreshold",
    "generation",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "initialDelaySeconds",
    "lun",
    "maxSkew",
    "partition",
    "periodSeconds",
    "port",
    "readOnly",
    "seconds",
    "sslEnabled",
    "stdin",
    "stdinOnce",
    "successThreshold",
    "timeoutSeconds",
    "tty",
    "weight",
];

/// Fields of these names where zero is not the same as nothing after all.
const ZERO_IS_SOMETHING: &[(&str, &str)] =
    &[("AzureDiskVolumeSource", "readOnly"), ("CSIVolumeSource", "readOnly"), ("FCVolumeSource", "lun")];

/// Texts where an empty one is not the same as nothing.
const EMPTY_IS_SOMETHING: &[(&str, &str)] = &[
    ("AppArmorProfile", "localhostProfile"),
    ("AzureDiskVolumeSource", "cachingMode"),
    ("AzureDiskVolumeSource", "fsType"),
    ("AzureDiskVolumeSource", "kind"),
    ("CSIVolumeSource", "fsType"),
    ("ClusterTrustBundleProjection", "name"),
    ("ClusterTrustBundleProjection", "signerName"),
    ("Container", "restartPolicy"),
    ("GRPCAction", "service"),
    ("HostPathVolumeSource", "type"),
    ("ISCSIVolumeSource", "initiatorName"),
    ("Lifecycle", "stopSignal"),
    ("PersistentVolumeClaimSpec", "storageClassName"),
    ("PersistentVolumeClaimSpec", "volumeAttributesClassName"),
    ("PersistentVolumeClaimSpec", "volumeMode"),
    ("PodDNSConfigOption", "value"),
    ("PodResourceClaim", "resourceClaimName"),
    ("PodResourceClaim", "resourceClaimTemplateName"),
    ("PodSchedulingGroup", "podGroupName"),
    ("PodSecurityContext", "fsGroupChangePolicy"),
    ("PodSecurityContext", "seLinuxChangePolicy"),
    ("PodSecurityContext", "supplementalGroupsPolicy"),
    ("PodSpec", "hostnameOverride"),
    ("PodSpec", "preemptionPolicy"),
    ("PodSpec", "runtimeClassName"),
    ("SeccompProfile", "localhostProfile"),
    ("SecurityContext", "procMount"),
    ("TopologySpreadConstraint", "nodeAffinityPolicy"),
    ("TopologySpreadConstraint", "nodeTaintsPolicy"),
    ("TypedLocalObjectReference", "apiGroup"),
    ("TypedObjectReference", "apiGroup"),
    ("TypedObjectReference", "namespace"),
    ("VolumeMount", "mountPropagation"),
    ("VolumeMount", "recursiveReadOnly"),
    ("WindowsSecurityContextOptions", "gmsaCredentialSpec"),
    ("WindowsSecurityContextOptions", "gmsaCredentialSpecName"),
    ("WindowsSecurityContextOptions", "runAsUserName"),
];

/// A field: its type's name and its own.
type Place<'p> = (&'p str, &'p str);

/// Whether two templates are the same.
pub(super) fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodTemplateSpec")
}

/// Whether the specs of two templates are the same.
pub(super) fn same_pod_spec(a: &PodSpec, b: &PodSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodSpec")
}

fn same(a: serde_json::Result<Value>, b: serde_json::Result<Value>, ty: &str) -> bool {
    let schema = Schema::get();
    match (a, b, schema.named(ty)) {
        (Ok(a), Ok(b), Some(id)) => same_object(schema, id, &a, &b),
        _ => false,
    }
}

fn same_object(schema: &Schema, id: TypeId, a: &Value, b: &Value) -> bool {
    let ty = schema.ty(id);
    ty.fields().all(|field| {
        let name = field.name.as_str();
        same_value(schema, &field.shape, (&ty.name, name), a.get(name), b.get(name))
    })
}

fn same_value(
    schema: &Schema,
    shape: &Shape,
    place: Place<'_>,
    a: Option<&Value>,
    b: Option<&Value>,
) -> bool {
    match shape {
        Shape::Object(id) => {
            let empty = Value::Null;
            (a.is_some() == b.is_some() || ALWAYS_THERE.contains(&place))
                && same_object(schema, *id, a.unwrap_or(&empty), b.unwrap_or(&empty))
        }
        Shape::List(element) => {
            let (a, b) = (a.and_then(Value::as_array), b.and_then(Value::as_array));
            let (a, b) = (a.map_or(&[][..], Vec::as_slice), b.map_or(&[][..], Vec::as_slice));
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|(a, b)| same_value(schema, element, place, Some(a), Some(b)))
        }
        Shape::Map(element) => {
            let (a, b) = (a.and_then(Value::as_object), b.and_then(Value::as_object));
            let count = |map: Option<&serde_json::Map<_, _>>| map.map_or(0, serde_json::Map::len);
            let mut entries = a.into_iter().flatten();
            count(a) == count(b)
                && entries.all(|(key, value)| {
                    let other = b.and_then(|b| b.get(key));
                    other.is_some() && same_value(schema, element, place, Some(value), other)
                })
        }
        Shape::Quantity => match (a.and_then(Value::as_str), b.and_then(Value::as_str)) {
            (Some(a), Some(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
                (Ok(a), Ok(b)) => a == b,
                _ => a == b,
            },
            (a, b) => a == b,
        },
        Shape::Str => {
            let nothing = |value: &&Value| value.as_str() == Some("") && !EMPTY_IS_SOMETHING.contains(&place);
            a.filter(|value| !nothing(value)) == b.filter(|value| !nothing(value))
        }
        _ => {
            let is_plain = ZERO_IS_NOTHING.contains(&place.1) && !ZERO_IS_SOMETHING.contains(&place);
            let zero = |value: &&Value| value.as_i64() == Some(0) || value.as_bool() == Some(false);
            let nothing = |value: &&Value| is_plain && zero(value);
            a.filter(|value| !nothing(value)) == b.filter(|value| !nothing(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same_specs(a: Value, b: Value) -> bool {
        let (a, b): (PodSpec, PodSpec) =
            (serde_json::from_value(a).unwrap(), serde_json::from_value(b).unwrap());
        same_pod_spec(&a, &b)
    }

    #[test]
    fn every_field_listed_here_is_in_the_schema() {
        let schema = Schema::get();
        for (ty, field) in ALWAYS_THERE.iter().chain(ZERO_IS_SOMETHING).chain(EMPTY_IS_SOMETHING) {
            let id = schema.named(ty).unwrap_or_else(|| panic!("{ty} is gone"));
            assert!(schema.ty(id).field(field).is_some(), "{ty}.{field} is gone");
        }
    }

    #[test]
    fn nothing_and_empty() {
        assert!(same_specs(json!({"hostNetwork": false, "nodeName": "", "volumes": []}), json!({})));
        assert!(same_specs(
            json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]}),
            json!({"containers": [{"name": "a", "stdin": false, "resources": {"limits": {"cpu": "1000m"}}}]}),
        ));
        assert!(!same_specs(json!({"runtimeClassName": ""}), json!({})));
        assert!(!same_specs(json!({"hostUsers": false}), json!({})));
        assert!(!same_specs(json!({"affinity": {}}), json!({})));
        assert!(!same_specs(json!({"resources": {}}), json!({})));
        assert!(!same_specs(json!({"nodeSelector": {"a": ""}}), json!({"nodeSelector": {"b": ""}})));
        assert!(!same_specs(json!({"containers": [{"name": "a"}]}), json!({"containers": []})));
    }
}
