//! The sink of everything that the checks of a create, an update or a warning find.

use k8s_openapi::api::core::v1::PodSpec;

use jobguard_text::same_letters;
pub(crate) use jobguard_text::{one_of, quote};

use crate::{Cause, FieldError, Gate, Relation, Server, Suggestion, Topic};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{At, FieldPath};

/// Where a fault is: the field as the server names it, and the place in the object where that is another one.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    field: &'p At<'p>,
    real: Option<&'p At<'p>>,
}

impl<'p> From<&'p At<'p>> for Place<'p> {
    fn from(field: &'p At<'p>) -> Self {
        Self { field, real: None }
    }
}

impl<'p> From<(&'p At<'p>, &'p At<'p>)> for Place<'p> {
    /// The server's name first, the real place second.
    fn from((field, real): (&'p At<'p>, &'p At<'p>)) -> Self {
        Self { field, real: Some(real) }
    }
}

/// Where checks leave what they find. It knows the server that is asked, so that every check can ask for its gates.
pub(crate) struct Errors<'e> {
    pub(crate) server: &'e Server,
    list: &'e mut Vec<FieldError>,
    topic: Topic,
    /// The name of the Job that is validated, which the server gives to labels.
    pub(crate) job_name: Option<&'e str>,
    /// The Pod stored so far, on update: what it uses already may stay, whatever the gates say.
    pub(crate) stored_pod: Option<&'e PodSpec>,
    /// What the stored Pod has wrong and may therefore keep.
    pub(crate) kept: Kept,
}

/// Faults of a stored Pod template. Where it has one, an update may keep it, and add others of the kind: servers that
/// refused no such thing may have stored it. Nothing is kept on create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kept {
    /// Amounts of huge pages that are no whole number of pages.
    pub(crate) broken_pages: bool,
    /// Values in the expressions of label selectors that no label can have: of the Job and of Pod affinity.
    pub(crate) selector_values: bool,
    /// Label selectors of topology spread constraints, whatever is wrong with them.
    pub(crate) spread_selectors: bool,
    /// The other way of judging `matchLabelKeys` of topology spread constraints.
    pub(crate) other_spread_keys: bool,
    /// Values in required node affinity that no label can have.
    pub(crate) node_values: bool,
    /// Paths of projected tokens that lead elsewhere.
    pub(crate) token_paths: bool,
    /// Kernel parameters of a namespace that the Pod shares with its host.
    pub(crate) host_sysctls: bool,
    /// A deletion cost that is no number.
    pub(crate) deletion_cost: bool,
    /// Block devices in a Pod with users of its own.
    pub(crate) devices_of_own_users: bool,
    /// Init containers that would be restarted to be resized.
    pub(crate) restarts_to_resize: bool,
    /// Sidecars with a resize policy.
    pub(crate) sidecar_resize_policy: bool,
}

impl<'e> Errors<'e> {
    pub(crate) fn new(server: &'e Server, topic: Topic, list: &'e mut Vec<FieldError>) -> Self {
        Self { server, list, topic, job_name: None, stored_pod: None, kept: Kept::default() }
    }

    /// The same sink for another topic.
    pub(crate) fn topic(&mut self, topic: Topic) -> Errors<'_> {
        Errors { topic, list: self.list, ..*self }
    }

    /// Whether what a feature gate brings is allowed: the gate is on, or it is off and the stored Pod has it, as `used`
    /// finds. A version that does not know the gate never allows it.
    pub(crate) fn allows(&self, gate: Gate, used: impl FnOnce(&PodSpec) -> bool) -> bool {
        self.server.on(gate) || (self.server.is_off(gate) && self.stored_pod.is_some_and(used))
    }

    /// Adds a fault at `at`; what comes back takes the details.
    pub(crate) fn add(
        &mut self,
        at: &At<'_>,
        cause: Cause,
        topic: Topic,
        message: impl Into<String>,
    ) -> Added<'_> {
        self.list.push(FieldError::new(at.to_path(), cause, topic, message));
        Added(self.list.last_mut())
    }

    /// Adds a warning; its cause says nothing.
    pub(crate) fn warn(&mut self, at: &At<'_>, message: impl Into<String>, help: &str) {
        self.add(at, Cause::Invalid, Topic::ServerWarning, message).help(help);
    }

    /// How many errors there are so far.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing has been found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Runs a check on what stands at `real` but what the server calls `named`.
    pub(crate) fn within(
        &mut self,
        real: &At<'_>,
        named: &At<'_>,
        check: impl FnOnce(&At<'_>, &mut Errors<'_>),
    ) {
        let before = self.list.len();
        check(real, self);
        if self.list.len() == before {
            return;
        }
        let (real, named) = (real.to_path(), named.to_path());
        if real == named {
            return;
        }
        for error in &mut self.list[before..] {
            let Some(below) = error.path.segments().get(real.segments().len()..) else { continue };
            let mut path = named.clone();
            below.iter().for_each(|segment| path.push(segment.clone()));
            let place = std::mem::replace(&mut error.path, path);
            error.at.get_or_insert(place);
        }
    }

    /// Runs a check on what an annotation or the like says, so that everything found stands at `real`.
    pub(crate) fn inside(&mut self, real: &At<'_>, check: impl FnOnce(&mut Errors<'_>)) {
        let before = self.list.len();
        check(self);
        for error in &mut self.list[before..] {
            error.at = Some(real.to_path());
            // There is no such field to be set.
            error.suggestion = None;
        }
    }

    fn push<'p>(
        &mut self,
        cause: Cause,
        place: impl Into<Place<'p>>,
        message: impl Into<String>,
    ) -> Added<'_> {
        let place = place.into();
        let mut error = FieldError::new(place.field.to_path(), cause, self.topic, message);
        error.at = place.real.map(At::to_path).filter(|real| *real != error.path);
        self.list.push(error);
        Added(self.list.last_mut())
    }

    /// An object that has nothing of what it must have one of.
    pub(crate) fn empty(&mut self, cause: Cause, at: &At<'_>, message: impl Into<String>) -> Added<'_> {
        let relation = Relation::Empty(at.to_path());
        self.push(cause, at, message).relation(relation)
    }

    pub(crate) fn required<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.push(Cause::Required, place, message);
    }

    pub(crate) fn invalid<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.push(Cause::Invalid, place, message);
    }

    pub(crate) fn forbidden<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.push(Cause::Forbidden, place, message);
    }

    pub(crate) fn too_long<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.push(Cause::TooLong, place, message);
    }

    /// A value that stands twice.
    pub(crate) fn duplicate<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, message: &str) {
        self.push(Cause::Duplicate, place, format!("{} {message}", quote(value)));
    }

    /// A reference to something that is not there.
    pub(crate) fn not_found<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, message: &str) {
        self.push(Cause::NotFound, place, format!("{} {message}", quote(value)));
    }

    /// A value outside the closed set `known`.
    pub(crate) fn not_supported<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, known: &[&str]) {
        let place = place.into();
        let added = self.push(
            Cause::NotSupported,
            place,
            format!("{} is not a value of this field: use {}", quote(value), one_of(known)),
        );
        if let Some(meant) = same_letters(value, known).filter(|meant| *meant != value) {
            let path = place.real.unwrap_or(place.field).to_path();
            added
                .help(format!("write {meant}, spelt exactly like that"))
                .suggestion(Suggestion { edit: Edit::Set { path, value: meant.into() }, certain: true });
        }
    }

    /// A malformed name: an error for each problem that [`crate::names`] found in it.
    pub(crate) fn name<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, problems: Vec<&'static str>) {
        self.name_with_help(place, value, problems, None);
    }

    /// As [`Self::name`], with what to do about it.
    pub(crate) fn name_with_help<'p>(
        &mut self,
        place: impl Into<Place<'p>>,
        value: &str,
        problems: Vec<&'static str>,
        help: Option<&str>,
    ) {
        let place = place.into();
        for problem in problems {
            let added = self.push(Cause::Invalid, place, format!("{} {problem}", quote(value)));
            if let Some(help) = help {
                added.help(help);
            }
        }
    }
}

/// The fault just added.
pub(crate) struct Added<'e>(Option<&'e mut FieldError>);

impl Added<'_> {
    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(error) = &mut self.0 {
            error.help = Some(help.into());
        }
        self
    }

    /// How to correct it.
    pub(crate) fn suggestion(mut self, suggestion: Suggestion) -> Self {
        if let Some(error) = &mut self.0 {
            error.suggestion = Some(suggestion);
        }
        self
    }

    /// How it is related to another field.
    pub(crate) fn relation(mut self, relation: Relation) -> Self {
        if let Some(error) = &mut self.0 {
            error.relation = Some(relation);
        }
        self
    }

    /// Where it really stands.
    pub(crate) fn at(mut self, at: FieldPath) -> Self {
        if let Some(error) = &mut self.0 {
            error.at = Some(at);
        }
        self
    }
}

/// The elements of an optional list.
pub(crate) fn list<T>(list: &Option<Vec<T>>) -> &[T] {
    list.as_deref().unwrap_or_default()
}

/// An optional string, where absent and empty mean the same.
pub(crate) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
