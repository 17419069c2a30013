//! The defaults of a Pod template.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, DownwardAPIVolumeFile, EmptyDirVolumeSource, EnvVar, EphemeralContainer, HTTPGetAction,
    Lifecycle, ObjectFieldSelector, PodSpec, Probe, ProjectedVolumeSource, ResourceFieldSelector, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::image::effective_tag;
use crate::pod::quantity;
use crate::{Gate, Server};

/// Annotations that once held init containers; the server has removed them ever since there is a field.
const LEGACY_ANNOTATIONS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Permissions of files from Secrets, ConfigMaps and the like: 0644.
const FILE_MODE: i32 = 0o644;
/// Lifetime of a projected service account token, in seconds.
const TOKEN_SECONDS: i64 = 3600;

/// Sets a text that is absent or empty: to the server the same.
pub(super) fn fill(field: &mut Option<String>, value: &str) {
    if field.as_deref().unwrap_or_default().is_empty() {
        *field = Some(value.to_owned());
    }
}

/// Sets a number that is absent or zero.
fn fill_zero(field: &mut Option<i32>, value: i32) {
    if field.unwrap_or_default() == 0 {
        *field = Some(value);
    }
}

pub(super) fn drop_legacy_annotations(annotations: &mut BTreeMap<String, String>) {
    for key in LEGACY_ANNOTATIONS {
        annotations.remove(key);
    }
}

pub(super) fn default_spec(server: &Server, spec: &mut PodSpec) {
    fill(&mut spec.dns_policy, "ClusterFirst");
    fill(&mut spec.restart_policy, "Always");
    fill(&mut spec.scheduler_name, "default-scheduler");
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    if spec.service_account_name.as_deref().unwrap_or_default().is_empty() {
        spec.service_account_name = spec.service_account.clone();
    }
    spec.service_account = spec.service_account_name.clone();
    for volume in spec.volumes.iter_mut().flatten() {
        default_volume(server, volume);
    }
    if spec.host_network == Some(true) && server.on(Gate::DefaultHostNetworkHostPortsInPodTemplates) {
        for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
            for port in container.ports.iter_mut().flatten() {
                fill_zero(&mut port.host_port, port.container_port);
            }
        }
    }
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        default_container(container);
    }
    spec.ephemeral_containers.iter_mut().flatten().for_each(default_ephemeral_container);
    round_resources(&mut spec.overhead);
    if let Some(resources) = &mut spec.resources {
        round_resources(&mut resources.limits);
        round_resources(&mut resources.requests);
    }
}

/// The two types of containers have the same fields and the same defaults.
macro_rules! default_container {
    ($name:ident, $container:ty) => {
        fn $name(container: &mut $container) {
            let policy = pull_policy(container.image.as_deref().unwrap_or_default());
            fill(&mut container.image_pull_policy, policy);
            fill(&mut container.termination_message_path, "/dev/termination-log");
            fill(&mut container.termination_message_policy, "File");
            for port in container.ports.iter_mut().flatten() {
                fill(&mut port.protocol, "TCP");
            }
            container.env.iter_mut().flatten().for_each(default_variable);
            let resources = container.resources.get_or_insert_default();
            round_resources(&mut resources.limits);
            round_resources(&mut resources.requests);
            container.liveness_probe.iter_mut().for_each(default_probe);
            container.readiness_probe.iter_mut().for_each(default_probe);
            container.startup_probe.iter_mut().for_each(default_probe);
            container.lifecycle.iter_mut().for_each(default_lifecycle);
        }
    };
}

default_container!(default_container, Container);
default_container!(default_ephemeral_container, EphemeralContainer);

fn default_variable(variable: &mut EnvVar) {
    let Some(source) = &mut variable.value_from else { return };
    default_field_ref(&mut source.field_ref);
    write_divisor(&mut source.resource_field_ref);
    if let Some(file) = &mut source.file_key_ref {
        file.optional.get_or_insert(false);
    }
}

fn default_lifecycle(lifecycle: &mut Lifecycle) {
    for handler in [&mut lifecycle.post_start, &mut lifecycle.pre_stop].into_iter().flatten() {
        handler.http_get.iter_mut().for_each(default_http_get);
    }
}

fn pull_policy(image: &str) -> &'static str {
    if effective_tag(image) == Some("latest") { "Always" } else { "IfNotPresent" }
}

fn default_probe(probe: &mut Probe) {
    fill_zero(&mut probe.timeout_seconds, 1);
    fill_zero(&mut probe.period_seconds, 10);
    fill_zero(&mut probe.success_threshold, 1);
    fill_zero(&mut probe.failure_threshold, 3);
    probe.http_get.iter_mut().for_each(default_http_get);
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn default_http_get(action: &mut HTTPGetAction) {
    fill(&mut action.path, "/");
    fill(&mut action.scheme, "HTTP");
}

fn default_field_ref(field_ref: &mut Option<ObjectFieldSelector>) {
    if let Some(field_ref) = field_ref {
        fill(&mut field_ref.api_version, "v1");
    }
}

/// The server always writes a divisor, if only as `0`.
fn write_divisor(selector: &mut Option<ResourceFieldSelector>) {
    if let Some(selector) = selector {
        canonicalize(selector.divisor.get_or_insert_with(|| Quantity("0".to_owned())));
    }
}

fn default_downward_items(items: &mut Option<Vec<DownwardAPIVolumeFile>>) {
    for item in items.iter_mut().flatten() {
        default_field_ref(&mut item.field_ref);
        write_divisor(&mut item.resource_field_ref);
    }
}

fn default_volume(server: &Server, volume: &mut Volume) {
    if *volume == (Volume { name: volume.name.clone(), ..Volume::default() }) {
        volume.empty_dir = Some(EmptyDirVolumeSource::default());
    }
    if let Some(size) = volume.empty_dir.as_mut().and_then(|source| source.size_limit.as_mut()) {
        canonicalize(size);
    }
    if let Some(image) = &mut volume.image
        && server.on(Gate::ImageVolume)
    {
        let policy = pull_policy(image.reference.as_deref().unwrap_or_default());
        fill(&mut image.pull_policy, policy);
    }
    if let Some(host_path) = &mut volume.host_path {
        host_path.type_.get_or_insert_default();
    }
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(config_map) = &mut volume.config_map {
        config_map.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(downward) = &mut volume.downward_api {
        downward.default_mode.get_or_insert(FILE_MODE);
        default_downward_items(&mut downward.items);
    }
    if let Some(projected) = &mut volume.projected {
        default_projected(projected);
    }
    if let Some(claim) = volume.ephemeral.as_mut().and_then(|source| source.volume_claim_template.as_mut()) {
        claim.spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
        if let Some(resources) = &mut claim.spec.resources {
            round_resources(&mut resources.limits);
            round_resources(&mut resources.requests);
        }
    }
    default_remote_volume(volume);
}

fn default_projected(projected: &mut ProjectedVolumeSource) {
    projected.default_mode.get_or_insert(FILE_MODE);
    for source in projected.sources.iter_mut().flatten() {
        if let Some(downward) = &mut source.downward_api {
            default_downward_items(&mut downward.items);
        }
        if let Some(token) = &mut source.service_account_token {
            token.expiration_seconds.get_or_insert(TOKEN_SECONDS);
        }
    }
}

/// Volumes of storage systems built into Kubernetes.
fn default_remote_volume(volume: &mut Volume) {
    if let Some(iscsi) = &mut volume.iscsi {
        fill(&mut iscsi.iscsi_interface, "default");
    }
    if let Some(rbd) = &mut volume.rbd {
        fill(&mut rbd.pool, "rbd");
        fill(&mut rbd.user, "admin");
        fill(&mut rbd.keyring, "/etc/ceph/keyring");
    }
    if let Some(disk) = &mut volume.azure_disk {
        disk.caching_mode.get_or_insert_with(|| "ReadWrite".to_owned());
        disk.fs_type.get_or_insert_with(|| "ext4".to_owned());
        disk.read_only.get_or_insert(false);
        disk.kind.get_or_insert_with(|| "Shared".to_owned());
    }
    if let Some(scale_io) = &mut volume.scale_io {
        fill(&mut scale_io.storage_mode, "ThinProvisioned");
        fill(&mut scale_io.fs_type, "xfs");
    }
}

fn canonicalize(value: &mut Quantity) {
    if let Some(text) = quantity::Quantity::parse(&value.0).ok().and_then(|parsed| parsed.faithful()) {
        value.0 = text;
    }
}

fn round_resources(list: &mut Option<BTreeMap<String, Quantity>>) {
    for value in list.iter_mut().flat_map(BTreeMap::values_mut) {
        let parsed = quantity::Quantity::parse(&value.0).map(quantity::Quantity::round_up_to_milli);
        if let Some(text) = parsed.ok().and_then(|parsed| parsed.faithful()) {
            value.0 = text;
        }
    }
}
