//! What a Job's Pods cannot start without: the ConfigMaps, Secrets, claims and the service account that they name.

use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVar, Volume};

use super::{ContainerPart, JobPart, NeighbourKind};
use jobguard_manifest::FieldPath;

/// A place of a Pod template that names another object.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// The kind of the object.
    pub kind: NeighbourKind,
    /// Its name.
    pub name: &'a str,
    /// The entry that is asked of it, where only that is.
    pub key: Option<&'a str>,
    /// Whether Pods start without it.
    pub optional: bool,
    place: Place<'a>,
}

/// Where it stands. A path is made only for what is reported.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// A field of the Pod's spec.
    Pod(&'static str),
    /// A field of an item of a list in the Pod's spec.
    Item(&'static str, usize, &'static str),
    /// A field of an item of a list in an item of a volume's list: the list, its position, the field, and the position and
    /// field within that.
    Volume {
        volume: usize,
        list: &'static str,
        item: usize,
        field: &'static str,
        key: Option<(usize, &'static str)>,
    },
    /// A field of an item of a list in a container.
    Container(ContainerPart<'a>, &'static str, usize, &'static str),
}

impl Reference<'_> {
    /// Whether it is for a variable's value.
    pub fn is_variable(&self) -> bool {
        matches!(self.place, Place::Container(..)) && self.key.is_some()
    }

    /// Whether images are pulled with it, for which Pods do not wait.
    pub fn is_for_images(&self) -> bool {
        matches!(self.place, Place::Item("imagePullSecrets", ..))
    }

    /// The path of the field.
    pub fn path(&self, job: &JobPart<'_>) -> FieldPath {
        match self.place {
            Place::Pod(field) => job.path("template.spec").fields(field),
            Place::Item(list, index, field) => {
                job.path("template.spec").field(list).index(index).fields(field)
            }
            Place::Volume { volume, list, item, field, key } => {
                let volume = job.path("template.spec.volumes").index(volume);
                let place = match list {
                    "" => volume.fields(field),
                    _ => volume.fields(list).index(item).fields(field),
                };
                match key {
                    Some((position, field)) => place.field("items").index(position).fields(field),
                    None => place,
                }
            }
            Place::Container(part, list, index, field) => part.path(list).index(index).fields(field),
        }
    }
}

impl<'a> JobPart<'a> {
    /// What the Pods name that must be there for them to start, or that they do without where `optional` is set; in the order
    /// of the fields. A name that is generated from another, such as that of an ephemeral volume's claim, is none.
    pub fn references(self) -> impl Iterator<Item = Reference<'a>> {
        let pod = self.pod();
        let account = pod
            .and_then(|pod| pod.service_account_name.as_deref())
            .map(|name| plain(NeighbourKind::ServiceAccount, name, Place::Pod("serviceAccountName")));
        let pull_secrets =
            pod.into_iter().flat_map(|pod| pod.image_pull_secrets.iter().flatten()).enumerate();
        let pull_secrets = pull_secrets.map(|(index, secret)| Reference {
            // A Pod starts without it, and so does the pull of an image that is public.
            optional: true,
            ..plain(NeighbourKind::Secret, &secret.name, Place::Item("imagePullSecrets", index, "name"))
        });
        let volumes = pod.into_iter().flat_map(|pod| pod.volumes.iter().flatten()).enumerate();
        let of_containers = self.containers().flat_map(of_container);
        account
            .into_iter()
            .chain(pull_secrets)
            .chain(volumes.flat_map(|(index, volume)| of_volume(index, volume)))
            .chain(of_containers)
            .filter(|reference| !reference.name.is_empty())
    }
}

fn plain<'a>(kind: NeighbourKind, name: &'a str, place: Place<'a>) -> Reference<'a> {
    Reference { kind, name, key: None, optional: false, place }
}

fn of_container<'a>(part: ContainerPart<'a>) -> impl Iterator<Item = Reference<'a>> {
    let Container { env, env_from, .. } = part.container;
    let from = env_from.iter().flatten().enumerate().flat_map(move |(index, source)| {
        let EnvFromSource { config_map_ref, secret_ref, .. } = source;
        let config_map = config_map_ref.as_ref().map(|source| Reference {
            optional: source.optional == Some(true),
            ..plain(
                NeighbourKind::ConfigMap,
                &source.name,
                Place::Container(part, "envFrom", index, "configMapRef.name"),
            )
        });
        let secret = secret_ref.as_ref().map(|source| Reference {
            optional: source.optional == Some(true),
            ..plain(
                NeighbourKind::Secret,
                &source.name,
                Place::Container(part, "envFrom", index, "secretRef.name"),
            )
        });
        config_map.into_iter().chain(secret)
    });
    let values = env
        .iter()
        .flatten()
        .enumerate()
        .flat_map(move |(index, variable)| of_variable(part, index, variable));
    from.chain(values)
}

fn of_variable<'a>(
    part: ContainerPart<'a>,
    index: usize,
    variable: &'a EnvVar,
) -> impl Iterator<Item = Reference<'a>> {
    let source = variable.value_from.as_ref();
    let config_map = source.and_then(|source| source.config_map_key_ref.as_ref()).map(|source| Reference {
        kind: NeighbourKind::ConfigMap,
        name: &source.name,
        key: Some(&source.key),
        optional: source.optional == Some(true),
        place: Place::Container(part, "env", index, "valueFrom.configMapKeyRef"),
    });
    let secret = source.and_then(|source| source.secret_key_ref.as_ref()).map(|source| Reference {
        kind: NeighbourKind::Secret,
        name: &source.name,
        key: Some(&source.key),
        optional: source.optional == Some(true),
        place: Place::Container(part, "env", index, "valueFrom.secretKeyRef"),
    });
    config_map.into_iter().chain(secret)
}

/// One reference to the object, and one to each of its entries that is named.
fn with_items<'a>(
    whole: Reference<'a>,
    items: Option<&'a Vec<k8s_openapi::api::core::v1::KeyToPath>>,
    at: impl Fn(usize) -> Place<'a> + 'a,
) -> impl Iterator<Item = Reference<'a>> {
    let of_items = items.into_iter().flatten().enumerate();
    let of_items =
        of_items.map(move |(index, item)| Reference { key: Some(&item.key), place: at(index), ..whole });
    [whole].into_iter().chain(of_items)
}

fn of_volume<'a>(volume: usize, source: &'a Volume) -> impl Iterator<Item = Reference<'a>> {
    let place = move |field, key| Place::Volume { volume, list: "", item: 0, field, key };
    let claim = source.persistent_volume_claim.as_ref().map(|claim| {
        let place = place("persistentVolumeClaim.claimName", None);
        plain(NeighbourKind::PersistentVolumeClaim, &claim.claim_name, place)
    });
    let config_map = source.config_map.iter().flat_map(move |source| {
        let whole = Reference {
            optional: source.optional == Some(true),
            ..plain(NeighbourKind::ConfigMap, &source.name, place("configMap.name", None))
        };
        with_items(whole, source.items.as_ref(), move |index| place("configMap", Some((index, "key"))))
    });
    let secret = source.secret.iter().flat_map(move |source| {
        let whole = Reference {
            optional: source.optional == Some(true),
            ..plain(
                NeighbourKind::Secret,
                source.secret_name.as_deref().unwrap_or_default(),
                place("secret.secretName", None),
            )
        };
        with_items(whole, source.items.as_ref(), move |index| place("secret", Some((index, "key"))))
    });
    let csi = source.csi.as_ref().and_then(|csi| csi.node_publish_secret_ref.as_ref()).map(|secret| {
        plain(NeighbourKind::Secret, &secret.name, place("csi.nodePublishSecretRef.name", None))
    });
    let sources =
        source.projected.iter().flat_map(|projected| projected.sources.iter().flatten()).enumerate();
    let projected = sources.flat_map(move |(item, source)| {
        let place = move |field, key| Place::Volume { volume, list: "projected.sources", item, field, key };
        let config_map = source.config_map.iter().flat_map(move |source| {
            let whole = Reference {
                optional: source.optional == Some(true),
                ..plain(NeighbourKind::ConfigMap, &source.name, place("configMap.name", None))
            };
            with_items(whole, source.items.as_ref(), move |index| place("configMap", Some((index, "key"))))
        });
        let secret = source.secret.iter().flat_map(move |source| {
            let whole = Reference {
                optional: source.optional == Some(true),
                ..plain(NeighbourKind::Secret, &source.name, place("secret.name", None))
            };
            with_items(whole, source.items.as_ref(), move |index| place("secret", Some((index, "key"))))
        });
        config_map.chain(secret)
    });
    claim.into_iter().chain(config_map).chain(secret).chain(csi).chain(projected)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;
    use serde_json::json;

    use crate::engine::Object;
    use jobguard_apiserver::Workload;

    #[test]
    fn every_place_that_names_an_object() {
        let job: Job = serde_json::from_value(json!({"spec": {"template": {"spec": {
            "serviceAccountName": "runner",
            "imagePullSecrets": [{"name": "registry"}],
            "volumes": [
                {"name": "a", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "b", "configMap": {"name": "settings", "items": [{"key": "k", "path": "p"}]}},
                {"name": "c", "secret": {"secretName": "login", "optional": true}},
                {"name": "d", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": "tls", "items": [{"key": "crt", "path": "p"}]}}]}},
                {"name": "e", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "store"}}},
                {"name": "f", "emptyDir": {}},
            ],
            "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "more"}}]}],
            "containers": [{"name": "m", "env": [
                {"name": "A", "value": "x"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
            ]}],
        }}}}))
        .unwrap();
        let object = Object::prepared(Workload::Job(Box::new(job)));
        let job = object.job().unwrap();
        let shown: Vec<String> = job
            .references()
            .map(|reference| {
                let (path, key) = (reference.path(&job).to_string(), reference.key.unwrap_or("-"));
                let path = path.strip_prefix("spec.template.spec.").unwrap().to_owned();
                format!("{} {} {key} {} {path}", reference.kind.as_str(), reference.name, reference.optional)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "ServiceAccount runner - false serviceAccountName",
                "Secret registry - true imagePullSecrets[0].name",
                "PersistentVolumeClaim data - false volumes[0].persistentVolumeClaim.claimName",
                "ConfigMap settings - false volumes[1].configMap.name",
                "ConfigMap settings k false volumes[1].configMap.items[0].key",
                "Secret login - true volumes[2].secret.secretName",
                "Secret tls - false volumes[3].projected.sources[1].secret.name",
                "Secret tls crt false volumes[3].projected.sources[1].secret.items[0].key",
                "Secret store - false volumes[4].csi.nodePublishSecretRef.name",
                "ConfigMap more - false initContainers[0].envFrom[0].configMapRef.name",
                "Secret login password false containers[0].env[1].valueFrom.secretKeyRef",
            ]
        );
    }
}
