//! What is left out so far, and what a stored Pod has of it already.

use k8s_openapi::api::core::v1::PodSpec;

use crate::Server;
use crate::pod::any_container::each_container;
use crate::tables::Gate;
use jobguard_manifest::{At, FieldPath};

/// A field that was given and that the server leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The field, in the object as it was given.
    pub path: FieldPath,
    /// The gate that is off.
    pub gate: Gate,
    /// What comes of it, and what is left where the field was: one clause.
    pub effect: &'static str,
    /// Whether a CronJob keeps it in its template, so that only its Jobs lose it.
    pub by_jobs_only: bool,
    /// What is lost with it.
    pub fate: Fate,
}

impl Dropped {
    /// Whether its author misses something, and not because of another field that is left out.
    pub fn matters(&self) -> bool {
        !matches!(self.fate, Fate::Default | Fate::Along)
    }
}

/// What would become of a field that is left out, if its gate were on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It would have an effect.
    Effect,
    /// It would, if this gate were on, too.
    EffectWith(Gate),
    /// It asks for what happens without it.
    Default,
    /// It has no sense without another field, which is left out with it.
    Along,
    /// It would be refused.
    Refused,
    /// The container that has it would be restarted for ever: a plain one with a `restartPolicy` of `Always`.
    Endless,
}

/// What has been left out so far.
pub(super) struct Found<'s> {
    pub(super) server: &'s Server,
    pub(super) list: Vec<Dropped>,
    pub(super) by_jobs_only: bool,
}

impl Found<'_> {
    /// Records that the field at `at` is left out because `gate` is off, with the `effect` of that.
    pub(super) fn add(&mut self, at: &At<'_>, gate: Gate, effect: &'static str) {
        self.add_as(at, gate, effect, Fate::Effect);
    }

    /// The same, where something else would become of it than that it counts.
    pub(super) fn add_as(&mut self, at: &At<'_>, gate: Gate, effect: &'static str, fate: Fate) {
        self.list.push(Dropped { path: at.to_path(), gate, effect, by_jobs_only: self.by_jobs_only, fate });
    }

    /// Takes a field out.
    pub(super) fn take<T>(&mut self, field: &mut Option<T>, at: &At<'_>, gate: Gate, effect: &'static str) {
        self.take_as(field, at, gate, effect, |_| Fate::Effect);
    }

    /// Takes a field out whose value tells what would become of it.
    pub(super) fn take_as<T>(
        &mut self,
        field: &mut Option<T>,
        at: &At<'_>,
        gate: Gate,
        effect: &'static str,
        fate: impl FnOnce(&T) -> Fate,
    ) {
        if let Some(value) = field.take() {
            self.add_as(at, gate, effect, fate(&value));
        }
    }

    /// Takes a list out; an empty one was nothing.
    pub(super) fn take_list<T>(
        &mut self,
        field: &mut Option<Vec<T>>,
        at: &At<'_>,
        gate: Gate,
        effect: &'static str,
    ) {
        self.take_list_as(field, at, gate, effect, Fate::Effect);
    }

    /// Takes out a list that goes another way than that it counts.
    pub(super) fn take_list_as<T>(
        &mut self,
        field: &mut Option<Vec<T>>,
        at: &At<'_>,
        gate: Gate,
        effect: &'static str,
        fate: Fate,
    ) {
        if field.take().is_some_and(|list| !list.is_empty()) {
            self.add_as(at, gate, effect, fate);
        }
    }
}

/// Which gates are off for a Pod, given what the stored one uses.
pub(super) struct Off<'p> {
    pub(super) server: &'p Server,
    pub(super) old: Option<&'p PodSpec>,
    /// Whether the Pod asks for a user namespace of its own.
    pub(super) has_own_users: bool,
}

impl Off<'_> {
    /// Whether fields behind `gate` are left out, unless the stored Pod has one, as `used` finds.
    pub(super) fn is(&self, gate: Gate, used: impl FnOnce(&PodSpec) -> bool) -> bool {
        self.server.is_off(gate) && !self.old.is_some_and(used)
    }
}

/// Whether a Pod has `resourceClaims`.
pub(super) fn uses_claims(pod: &PodSpec) -> bool {
    pod.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty())
}

/// The gate that keeps AppArmor profiles out of fields, if one does: there is one for AppArmor and one for its fields.
pub(super) fn app_armor(off: &Off<'_>) -> Option<Gate> {
    let uses_profiles = |old: &PodSpec| {
        let of_pod = old.security_context.as_ref().is_some_and(|context| context.app_armor_profile.is_some());
        let mut found = of_pod;
        each_container(old, &At::root(), |container, _| {
            let profile = container.security_context.and_then(|context| context.app_armor_profile.as_ref());
            found = found || profile.is_some();
        });
        found
    };
    [Gate::AppArmor, Gate::AppArmorFields].into_iter().find(|gate| off.is(*gate, uses_profiles))
}

/// What comes of an AppArmor profile that is left out.
pub(super) const NO_APP_ARMOR: &str = "the containers have the profile of the container runtime";
