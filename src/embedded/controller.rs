//! What controllers fill in when they make a Job, as their sources have it: without it, Jobs would be objected to that
//! are made without fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use jobguard_apiserver::names;
use jobguard_manifest::{FieldPath, NodeId, NodeKind, Tree};
use jobguard_text::shortened;

use super::copy::Fill;
use super::kind::Controller;

/// Stands for a uid, and for what a server or a controller makes up.
const UID: &str = "00000000-0000-0000-0000-000000000000";
/// The longest part of a name that is quoted, in characters.
const MAX_QUOTED: usize = 40;
/// The longest name that fits in a label or is a host name, and the longest that Argo Rollouts gives a Job.
const MAX_NAME: usize = 63;
/// By this annotation no two Jobs of a JobSet share a node, or a larger part of the cluster.
const EXCLUSIVE_TOPOLOGY: &str = "alpha.jobset.sigs.k8s.io/exclusive-topology";

/// What a Job has that is not written in its template.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// The Job's name, or the start of one that is generated, and the field that it is made from.
    pub(super) name: Option<(String, FieldPath)>,
    pub(super) is_generated: bool,
    /// What is wrong with the name, if anything is, in terms of what it is made from; and what to do.
    pub(super) name_fault: Option<(String, &'static str)>,
    /// Labels of the Job, each made from a field.
    pub(super) labels: BTreeMap<String, (String, FieldPath)>,
    /// Whether the Job has the labels and annotations of the outer object.
    pub(super) inherits: bool,
    /// Fields of the Job's spec, and where in the outer object they are decided on, where that is not in the template.
    pub(super) fields: Vec<(Fill, Option<Option<FieldPath>>)>,
    /// The kind and API version of the owner, where it is not the outer object itself.
    pub(super) owner: Option<(&'static str, &'static str)>,
    /// Whether the controller makes the Service that gives the Pods their names.
    pub(super) makes_service: bool,
    /// How many such Jobs there are at a time, where it is not one.
    pub(super) replicas: Option<i32>,
    /// Whether no node has Pods of two of them.
    pub(super) keeps_apart: bool,
    /// Whether the outer object says when Jobs are over, and what is tried again.
    pub(super) decides_end: bool,
}

/// The name of a Job, the field that it is made from, and what is wrong with that.
struct MadeName {
    name: String,
    place: FieldPath,
    fault: Option<(String, &'static str)>,
}

/// An object that holds Jobs, as controllers look at it.
pub(super) struct Outer<'a, 't> {
    pub(super) tree: &'a Tree<'t>,
    pub(super) node: NodeId,
    /// Where the Job stands.
    pub(super) path: &'a FieldPath,
}

impl Controller {
    /// What it fills in.
    pub(super) fn fills(self, outer: &Outer<'_, '_>) -> Filled {
        match self {
            Self::JobSet => outer.of_job_set(),
            Self::Keda => outer.of_keda(),
            Self::ArgoRollouts => outer.of_argo_rollouts(),
            Self::Kruise | Self::Other => outer.of_any(),
        }
    }
}

impl Outer<'_, '_> {
    /// Names are `JOBSET-REPLICATEDJOB-INDEX`. The template's completion mode and restart policy have defaults of their
    /// own; each Pod has the subdomain of the headless Service that JobSet makes, unless that is switched off; whether
    /// Jobs are suspended is the JobSet's to say.
    fn of_job_set(&self) -> Filled {
        let element = self.path.parent().unwrap_or_default();
        let name_place = element.clone().field("name");
        let name = self.text_at(&name_place).unwrap_or("x");
        let last = self.at(&element.field("replicas")).map_or(0, |node| match self.tree[node].kind {
            NodeKind::Int(count) => count.max(1) - 1,
            _ => 0,
        });
        let (own, own_place) = self.own_name();
        let suspend = FieldPath::root().fields("spec.suspend");
        let is_suspended = self.is(&suspend, true);
        let mut fields = vec![
            (Fill::always("suspend", is_suspended), Some(Some(suspend))),
            (Fill::if_missing("completionMode", "Indexed"), None),
            (Fill::if_missing("template.spec.restartPolicy", "OnFailure"), None),
        ];
        let mut is_own_judged = false;
        let makes_service = !self.is(&FieldPath::root().fields("spec.network.enableDNSHostnames"), false);
        if makes_service {
            let there = FieldPath::root().fields("spec.network.subdomain");
            let (subdomain, there) = match self.text_at(&there).filter(|name| !name.is_empty()) {
                Some(name) => (name, there),
                None => {
                    is_own_judged = true;
                    (&*own, own_place.clone())
                }
            };
            fields.push((Fill::always("template.spec.subdomain", subdomain), Some(Some(there))));
        }
        let restarts = self.text_at(&FieldPath::root().fields("spec.failurePolicy.restartStrategy"));
        if restarts == Some("InPlaceRestart") {
            // It takes no other then.
            fields.push((Fill::always("backoffLimit", i32::MAX), Some(None)));
        }
        let claims = self.claims(&own);
        if !claims.is_empty() {
            fields.push((Fill::append("template.spec.volumes", claims), None));
        }
        let made = self.job_set_name((&own, &own_place), (name, &name_place), last, is_own_judged);
        let MadeName { name, place, fault: name_fault } = made;
        let name = Some((name, place));
        // Its success policy ends Jobs before they end themselves, its failure policy has them made anew.
        let replicas = i32::try_from(last + 1).ok();
        let is_exclusive = |metadata: FieldPath| {
            let there = metadata.field("annotations").key(EXCLUSIVE_TOPOLOGY);
            self.text_at(&there).is_some_and(|topology| !topology.is_empty())
        };
        let keeps_apart = is_exclusive(FieldPath::root().field("metadata"))
            || is_exclusive(self.path.clone().field("metadata"));
        Filled {
            name,
            name_fault,
            fields,
            makes_service,
            replicas,
            keeps_apart,
            decides_end: true,
            ..Filled::default()
        }
    }

    /// The name of the last Job of a JobSet. A fault of one of the two names in it is that name's alone: the JobSet's own
    /// gives way to another where it `is_judged` elsewhere.
    fn job_set_name(
        &self,
        (own, own_place): (&str, &FieldPath),
        (name, name_place): (&str, &FieldPath),
        last: i64,
        is_judged: bool,
    ) -> MadeName {
        let quoted = |name: &str| format!("\"{}\"", shortened(name, MAX_QUOTED));
        let own_fault = names::dns_label(own).first().copied();
        let name_fault = names::dns_label(name).first().copied();
        let made = |own: &str, place: &FieldPath, fault| MadeName {
            name: format!("{own}-{name}-{last}"),
            place: place.clone(),
            fault,
        };
        match (own_fault, name_fault) {
            (Some(_), None) if is_judged => made("x", own_place, None),
            (Some(fault), None) => {
                let said = format!("{} {fault}", quoted(own));
                made(own, own_place, Some((said, "choose a name such as training")))
            }
            (own_fault, Some(fault)) => {
                let own = if own_fault.is_some() { "x" } else { own };
                let said = format!("{} {fault}", quoted(name));
                made(own, name_place, Some((said, "choose a name such as workers")))
            }
            (None, None) => {
                let room = self.room_for_names(last);
                let fault = (own.len() + name.len() > room).then(|| {
                    let said = format!(
                        "{} of the JobSet and {} have {} characters together, and at most {room} fit into the names of \
                         its Pods",
                        quoted(own),
                        quoted(name),
                        own.len() + name.len(),
                    );
                    (said, "shorten one of the two names")
                });
                made(own, name_place, fault)
            }
        }
    }

    /// How long the names of a JobSet and of one of its Jobs may be together: what is added to them are the number of the
    /// Job and that of the Pod.
    fn room_for_names(&self, last: i64) -> usize {
        let spec = self.path.clone().field("spec");
        let is_indexed = self.text_at(&spec.clone().field("completionMode")) != Some("NonIndexed");
        let completions = self.at(&spec.field("completions")).map(|node| &self.tree[node].kind);
        let last_pod = match completions {
            Some(NodeKind::Int(count)) => count.max(&1) - 1,
            _ => 0,
        };
        let added = if is_indexed { format!("--{last}-{last_pod}") } else { format!("--{last}") };
        MAX_NAME.saturating_sub(added.len())
    }

    /// The volumes that JobSet adds for its claims, where a container of the template mounts one of that name.
    fn claims(&self, own: &str) -> Vec<Value> {
        let list = |node: Option<NodeId>| match node.map(|node| &self.tree[node].kind) {
            Some(NodeKind::Seq(items)) => items.as_slice(),
            _ => &[],
        };
        let at = |path: &FieldPath| list(self.at(path)).iter().copied();
        let name = |node: NodeId| self.tree.str(self.tree.get(node, "name")?);
        let pod = self.path.clone().fields("spec.template.spec");
        let containers = at(&pod.clone().field("containers")).chain(at(&pod.field("initContainers")));
        let mounted: BTreeSet<&str> = containers
            .flat_map(|container| list(self.tree.get(container, "volumeMounts")))
            .filter_map(|mount| name(*mount))
            .collect();
        let policies = at(&FieldPath::root().fields("spec.volumeClaimPolicies"));
        let templates = policies.flat_map(|policy| list(self.tree.get(policy, "templates")));
        templates
            .filter_map(|template| name(self.tree.get(*template, "metadata")?))
            .filter(|claim| mounted.contains(claim))
            .map(|claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": format!("{claim}-{own}")}}))
            .collect()
    }

    /// Names are generated from the ScaledJob's, which becomes the value of labels as well; its labels and annotations are
    /// those of its Jobs. A restart policy that is not set is `OnFailure`.
    fn of_keda(&self) -> Filled {
        let (own, place) = self.own_name();
        // One of several labels: each has the same value.
        let labels = [("scaledjob.keda.sh/name".to_owned(), (own.clone(), place.clone()))];
        Filled {
            name: Some((format!("{own}-"), place)),
            is_generated: true,
            labels: labels.into(),
            inherits: true,
            fields: vec![(Fill::if_missing("template.spec.restartPolicy", "OnFailure"), None)],
            ..Filled::default()
        }
    }

    /// Names are `UID.METRIC.COUNT`, cut in the middle to what fits in a label. An AnalysisRun owns the Job; nothing is
    /// filled in where it lacks a restart policy.
    fn of_argo_rollouts(&self) -> Filled {
        // Of `spec.metrics[0].provider.job`.
        let metric =
            self.path.parent().and_then(|provider| provider.parent()).unwrap_or_default().field("name");
        let name =
            self.text_at(&metric).filter(|name| !name.is_empty() && !name.contains("{{")).unwrap_or("x");
        let room = MAX_NAME - UID.len() - "..1".len();
        let cut: String = name.chars().take(room).collect();
        Filled {
            name: Some((format!("{UID}.{cut}.1"), metric)),
            owner: Some(("AnalysisRun", "argoproj.io/v1alpha1")),
            ..Filled::default()
        }
    }

    fn of_any(&self) -> Filled {
        let (own, place) = self.own_name();
        Filled { name: Some((own, place)), ..Filled::default() }
    }

    /// The outer object's name, or what a generated one would look like; and its place.
    fn own_name(&self) -> (String, FieldPath) {
        let name = FieldPath::root().fields("metadata.name");
        let generated = FieldPath::root().fields("metadata.generateName");
        let given =
            |place: &FieldPath| self.text_at(place).filter(|text| !text.is_empty()).map(str::to_owned);
        match (given(&name), given(&generated)) {
            (Some(own), _) => (own, name),
            (None, Some(prefix)) => (format!("{prefix}xxxxx"), generated),
            (None, None) => ("x".to_owned(), name),
        }
    }

    fn is(&self, path: &FieldPath, value: bool) -> bool {
        self.at(path).is_some_and(|node| self.tree[node].kind == NodeKind::Bool(value))
    }

    fn text_at(&self, path: &FieldPath) -> Option<&str> {
        self.tree.str(self.at(path)?)
    }

    fn at(&self, path: &FieldPath) -> Option<NodeId> {
        let found = self.tree.locate(self.node, path);
        found.exact.then_some(found.node)
    }
}

/// The reference to the owner of the Jobs.
pub(super) fn owner_reference(api_version: &str, kind: &str, name: &str, uid: Option<&str>) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid.filter(|uid| !uid.is_empty()).unwrap_or(UID),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}
