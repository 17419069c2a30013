//! The Jobs of an object, as its controller would make them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use jobguard_apiserver::Kind;
use jobguard_manifest::{At, FieldPath, Graft, NodeId, NodeKind, Segment, Tree};

use super::controller::{self, Filled, owner_reference};
use super::copy::{Copying, Fill, When, is_nothing};
use super::kind::{JobType, Schedule};
use super::outer::{Outer, Slot};
use super::places::Places;

/// A Job as its controller would make it; a CronJob where the object says when it runs.
#[derive(Debug)]
pub struct MadeJob<'t> {
    /// The Job, or CronJob. What is filled in has no place in the text.
    pub tree: Tree<'t>,
    /// Which of the two.
    pub kind: Kind,
    /// Where its fields stand in the outer object.
    pub places: Places,
    /// Fields that nobody has set: the controller has a default for each.
    defaulted: Vec<FieldPath>,
    /// What makes it.
    pub maker: Maker,
}

impl MadeJob<'_> {
    /// Whether a field has a default of the controller's, which is nobody's choice.
    pub fn is_defaulted(&self, field: &FieldPath) -> bool {
        self.defaulted.contains(field)
    }
}

/// What makes a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// The kind of the outer object.
    pub kind: String,
    /// Whether its controller makes the Service that gives the Pods their names.
    pub makes_service: bool,
    /// Whether the outer object says when its Jobs are over and what is tried again, so that a Job's own deadline and
    /// retries are not all there is.
    pub decides_end: bool,
    /// How many such Jobs it makes at a time.
    pub replicas: i32,
    /// Whether no node has Pods of two of them.
    pub keeps_apart: bool,
    /// Whether only Pods are made of what is written, with any restart policy.
    pub makes_pods: bool,
    /// What is wrong with the name that it gives, in terms of what that is made from, where that has more than one part;
    /// and what to do about it.
    pub name_fault: Option<(String, &'static str)>,
}

impl<'t> Outer<'_, 't> {
    /// The Job that is made of a template, without the fields of it that are given.
    pub fn make(&self, slot: &Slot, without: &BTreeSet<FieldPath>) -> MadeJob<'t> {
        let outer = controller::Outer { tree: self.tree, node: self.node, path: &slot.path };
        let mut filled = self.kind.controller.fills(&outer);
        self.fill_restart_policy(slot, &mut filled);
        let schedule = self.kind.schedule.as_ref().filter(|_| slot.is_scheduled);
        let (kind, spec_at) = match schedule {
            Some(_) => (Kind::CronJob, FieldPath::root().fields("spec.jobTemplate.spec")),
            None => (Kind::Job, FieldPath::root().field("spec")),
        };
        let mut maker = Making {
            outer: self,
            copying: Copying {
                from: self.tree,
                to: Graft::default(),
                placeholders: self.kind.placeholders.as_ref(),
                without,
            },
            places: Places::at(slot.path.clone()),
        };
        let spec = maker.job_spec(slot, &filled, &spec_at);
        let root = match schedule {
            None => {
                let metadata = maker.metadata(slot, &filled, true, &FieldPath::root().field("metadata"));
                let mut entries = vec![("metadata".into(), metadata), ("spec".into(), spec)];
                entries.extend(maker.beside(slot));
                maker.copying.to.map(entries)
            }
            Some(schedule) => {
                let metadata = maker.metadata(slot, &filled, false, &FieldPath::root().field("metadata"));
                let of_jobs = FieldPath::root().fields("spec.jobTemplate.metadata");
                let template = maker.template_metadata(slot, &of_jobs);
                let template = template.into_iter().chain([("spec".into(), spec)]);
                let template = maker.copying.to.map(template.collect::<Vec<_>>());
                let mut fields = maker.schedule(schedule);
                fields.push(("jobTemplate".into(), template));
                let spec = maker.copying.to.map(fields);
                maker.copying.to.map([("metadata".into(), metadata), ("spec".into(), spec)])
            }
        };
        let defaulted = filled
            .fields
            .iter()
            .filter(|(fill, _)| fill.when == When::IfMissing)
            .map(|(fill, _)| field_of(&spec_at, fill));
        let written = |field: &FieldPath| maker.places.exact(field).is_some_and(|there| self.is_set(&there));
        let defaulted = defaulted.filter(|field| !written(field)).collect();
        let Making { copying, places, .. } = maker;
        MadeJob {
            tree: copying.to.finish(root),
            kind,
            places,
            defaulted,
            maker: Maker {
                kind: self.kind.kind.to_string(),
                makes_service: filled.makes_service,
                decides_end: filled.decides_end,
                replicas: filled.replicas.unwrap_or(1),
                keeps_apart: filled.keeps_apart,
                makes_pods: matches!(slot.template, Some((_, JobType::PodTemplateSpec))),
                name_fault: filled.name_fault,
            },
        }
    }

    /// The labels of the outer object.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.at(&FieldPath::root().fields("metadata.labels"));
        let NodeKind::Map(entries) = labels.map_or(&NodeKind::Null, |labels| &self.tree[labels].kind) else {
            return BTreeMap::new();
        };
        let of = |entry: &jobguard_manifest::Entry<'_>| {
            self.tree.str(entry.value).map(|value| (entry.key.to_string(), value.to_owned()))
        };
        entries.iter().filter(|entry| !entry.shadowed).filter_map(of).collect()
    }

    /// Whether a text that the controller replaces stands at a field of the object.
    pub fn is_placeholder(&self, path: &FieldPath) -> bool {
        let Some(placeholders) = &self.kind.placeholders else { return false };
        self.text_at(path).is_some_and(|text| placeholders.replaced(text).is_some())
    }

    /// Of a Pod template that is not for a Job, a restart policy that Jobs cannot have is none of a Job's.
    fn fill_restart_policy(&self, slot: &Slot, filled: &mut Filled) {
        let Some((node, JobType::PodTemplateSpec)) = slot.template else { return };
        let policy = self.tree.get(node, "spec").and_then(|pod| self.tree.get(pod, "restartPolicy"));
        if policy
            .and_then(|policy| self.tree.str(policy))
            .is_none_or(|policy| matches!(policy, "" | "Always"))
        {
            filled.fields.push((Fill::always("template.spec.restartPolicy", "Never"), Some(None)));
        }
    }

    fn is_set(&self, path: &FieldPath) -> bool {
        self.at(path).is_some_and(|node| !is_nothing(self.tree, node))
    }
}

type Entry<'t> = (Cow<'t, str>, NodeId);

/// A Job that is being put together.
struct Making<'a, 't> {
    outer: &'a Outer<'a, 't>,
    copying: Copying<'a, 't>,
    places: Places,
}

impl<'t> Making<'_, 't> {
    /// The Job's spec, which stands at `at`.
    fn job_spec(&mut self, slot: &Slot, filled: &Filled, at: &FieldPath) -> NodeId {
        let tree = self.outer.tree;
        let fills: Vec<_> = filled.fields.iter().map(|(fill, _)| (&fill.way[..], fill)).collect();
        let spec = match slot.template {
            Some((node, JobType::JobTemplateSpec)) => {
                self.places.put(at.clone(), Some(slot.path.clone().field("spec")));
                match tree.get(node, "spec") {
                    Some(spec) => self.copy_at(spec, at, &fills),
                    None => self.copying.made(&fills),
                }
            }
            Some((node, JobType::JobSpec)) => {
                self.places.put(at.clone(), Some(slot.path.clone()));
                self.copy_at(node, at, &fills)
            }
            Some((node, JobType::PodTemplateSpec)) => {
                let template = at.clone().field("template");
                self.places.put(at.clone(), None);
                self.places.put(template.clone(), Some(slot.path.clone()));
                let below: Vec<_> = fills.iter().map(|(way, fill)| (&way[1..], *fill)).collect();
                let template = self.copy_at(node, &template, &below);
                self.copying.to.map([("template".into(), template)])
            }
            None => {
                self.places.put(at.clone(), None);
                self.copying.to.value(&unremarkable_job())
            }
        };
        for (fill, place) in &filled.fields {
            if let Some(place) = place {
                self.places.put(field_of(at, fill), place.clone());
            }
        }
        spec
    }

    /// What stands beside `metadata` and `spec` in a Job's template, for it to be objected to.
    fn beside(&mut self, slot: &Slot) -> Vec<Entry<'t>> {
        let tree = self.outer.tree;
        let Some((node, JobType::JobTemplateSpec)) = slot.template else { return Vec::new() };
        let NodeKind::Map(entries) = &tree[node].kind else { return Vec::new() };
        let is_beside = |key: &str| !matches!(key, "metadata" | "spec" | "apiVersion" | "kind" | "status");
        let mut beside = Vec::new();
        for entry in entries.iter().filter(|entry| !entry.shadowed && is_beside(&entry.key)) {
            let at = FieldPath::root().field(entry.key.to_string());
            self.places.put(at.clone(), Some(slot.path.clone().field(entry.key.to_string())));
            let value = self.copy_at(entry.value, &at, &[]);
            beside.push((entry.key.clone(), value));
        }
        beside
    }

    /// The metadata of a Job, or of a CronJob: its name, its place, and what its controller gives it.
    fn metadata(&mut self, slot: &Slot, filled: &Filled, is_job: bool, at: &FieldPath) -> NodeId {
        let outer = self.outer;
        let own = FieldPath::root().field("metadata");
        self.places.put(at.clone(), None);
        let mut entries: Vec<Entry<'t>> = Vec::new();
        let field = if filled.is_generated { "generateName" } else { "name" };
        if let Some((name, place)) = &filled.name {
            self.places.put(at.clone().field("name"), Some(place.clone()));
            self.places.put(at.clone().field("generateName"), Some(place.clone()));
            entries.push((field.into(), self.copying.to.value(&json!(name))));
        }
        if let Some(namespace) = outer.at(&own.clone().field("namespace")) {
            let there = own.clone().field("namespace");
            self.places.put(at.clone().field("namespace"), Some(there));
            entries.push(("namespace".into(), self.copy_at(namespace, &at.clone().field("namespace"), &[])));
        } else if let Some(namespace) = outer.namespace {
            entries.push(("namespace".into(), self.copying.to.value(&json!(namespace))));
        }
        if is_job {
            let (kind, version) = filled.owner.map_or_else(
                || {
                    (
                        outer.kind.kind.to_string(),
                        outer.text_at(&FieldPath::root().field("apiVersion")).unwrap_or("v1"),
                    )
                },
                |(kind, version)| (kind.to_owned(), version),
            );
            let uid = outer.text_at(&own.clone().field("uid"));
            let name =
                outer.text_at(&own.clone().field("name")).filter(|name| !name.is_empty()).unwrap_or("x");
            let owners = Value::Array(vec![owner_reference(version, &kind, name, uid)]);
            entries.push(("ownerReferences".into(), self.copying.to.value(&owners)));
        }
        // A CronJob is the outer object itself.
        let from = if filled.inherits || !is_job { Some(own.clone()) } else { metadata_of(slot) };
        let mut labels: Vec<Entry<'t>> = Vec::new();
        for (label, (value, place)) in &filled.labels {
            labels.push((label.clone().into(), self.copying.to.value(&json!(value))));
            let made = at.clone().field("labels").key(label.clone());
            self.places.put(made, Some(place.clone()));
        }
        self.of_map("labels", from.as_ref(), at, labels, &mut entries);
        let mut annotations: Vec<Entry<'t>> = Vec::new();
        let there = own.field("annotations").key(outer.annotation);
        if let Some(value) = outer.at(&there) {
            let here = at.clone().field("annotations").key(outer.annotation);
            self.places.put(here.clone(), Some(there));
            annotations.push((outer.annotation.into(), self.copy_at(value, &here, &[])));
        }
        self.of_map("annotations", from.as_ref(), at, annotations, &mut entries);
        self.copying.to.map(entries)
    }

    /// Labels or annotations: those that stand in the metadata at `from`, without those that are `added` to them.
    fn of_map(
        &mut self,
        field: &'static str,
        from: Option<&FieldPath>,
        at: &FieldPath,
        added: Vec<Entry<'t>>,
        entries: &mut Vec<Entry<'t>>,
    ) {
        let outer = self.outer;
        let here = at.clone().field(field);
        let Some(there) = from.map(|from| from.clone().field(field)) else {
            if !added.is_empty() {
                entries.push((field.into(), self.copying.to.map(added)));
            }
            return;
        };
        // What is said of single keys already goes before this.
        self.places.put(here.clone(), Some(there.clone()));
        let Some(node) = outer.at(&there) else {
            if !added.is_empty() {
                entries.push((field.into(), self.copying.to.map(added)));
            }
            return;
        };
        let NodeKind::Map(written) = &outer.tree[node].kind else {
            entries.push((field.into(), self.copy_at(node, &here, &[])));
            return;
        };
        let mut all = Vec::with_capacity(written.len() + added.len());
        for entry in written.iter().filter(|entry| !entry.shadowed) {
            if !added.iter().any(|(key, _)| *key == entry.key) {
                let value = self.copy_at(entry.value, &here.clone().key(entry.key.to_string()), &[]);
                all.push((entry.key.clone(), value));
            }
        }
        all.extend(added);
        entries.push((field.into(), self.copying.to.map(all)));
    }

    /// The `metadata` of a CronJob's Job template, which stands at `at`.
    fn template_metadata(&mut self, slot: &Slot, at: &FieldPath) -> Option<Entry<'t>> {
        self.places.put(at.clone(), None);
        let there = metadata_of(slot)?;
        self.places.put(at.clone(), Some(there.clone()));
        let node = self.outer.at(&there)?;
        Some(("metadata".into(), self.copy_at(node, at, &[])))
    }

    /// The fields of a CronJob's spec about when it runs.
    fn schedule(&mut self, schedule: &Schedule) -> Vec<Entry<'t>> {
        let at = FieldPath::root().field("spec");
        self.places.put(at.clone(), None);
        // Overlapping runs are the controller's business where nothing is known of it.
        let mut entries: Vec<Entry<'t>> = Vec::new();
        if schedule.fields.is_empty() {
            entries.push(("concurrencyPolicy".into(), self.copying.to.value(&json!("Forbid"))));
        }
        let zone = schedule.time_zone.iter().map(|zone| ("timeZone", zone.clone()));
        let others = schedule.fields.iter().map(|(field, path)| (*field, FieldPath::root().fields(path)));
        for (field, there) in
            [("schedule", schedule.expression.clone())].into_iter().chain(zone).chain(others)
        {
            let Some(node) = self.outer.at(&there) else {
                self.places.put(at.clone().field(field), Some(there));
                continue;
            };
            // These controllers read a time zone in the schedule, too.
            if field == "schedule" && self.outer.tree.str(node).is_some_and(|text| text.contains("TZ=")) {
                entries.push((field.into(), self.copying.to.value(&json!("0 12 * * *"))));
                entries.push(("timeZone".into(), self.copying.to.value(&json!("Etc/UTC"))));
                break;
            }
            self.places.put(at.clone().field(field), Some(there));
            entries.push((field.into(), self.copy_at(node, &at.clone().field(field), &[])));
        }
        entries
    }

    /// Copies a node, which becomes the field `at`.
    fn copy_at(&mut self, node: NodeId, at: &FieldPath, fills: &[(&[Cow<'static, str>], &Fill)]) -> NodeId {
        copy_below(&mut self.copying, node, at.segments(), &At::root(), fills)
    }
}

/// Copies a node, which becomes the field that is `rest` below `at`.
fn copy_below(
    copying: &mut Copying<'_, '_>,
    node: NodeId,
    rest: &[Segment],
    at: &At<'_>,
    fills: &[(&[Cow<'static, str>], &Fill)],
) -> NodeId {
    match rest {
        [] => copying.copy(node, at, fills),
        [Segment::Field(name) | Segment::Key(name), rest @ ..] => {
            copy_below(copying, node, rest, &at.field(name), fills)
        }
        [Segment::Index(index), rest @ ..] => copy_below(copying, node, rest, &at.index(*index), fills),
    }
}

/// Where the metadata of the Job itself is written, if it can be.
fn metadata_of(slot: &Slot) -> Option<FieldPath> {
    let (_, of) = slot.template?;
    (of == JobType::JobTemplateSpec).then(|| slot.path.clone().field("metadata"))
}

/// The field that is filled in, of a Job whose spec stands at `spec`. Labels are keys of a map.
fn field_of(spec: &FieldPath, fill: &Fill) -> FieldPath {
    let mut path = spec.clone();
    for step in &fill.way {
        let is_key = path.last_field() == Some("labels");
        path.push(if is_key { Segment::Key(step.clone()) } else { Segment::Field(step.clone()) });
    }
    path
}

/// A Job that there is nothing to say about, for a schedule without one.
fn unremarkable_job() -> Value {
    json!({
        "backoffLimit": 0,
        "activeDeadlineSeconds": 60,
        "template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "x", "image": "example.com/x:1"}],
        }},
    })
}
