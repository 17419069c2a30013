//! What an API server asks: a request of `AdmissionReview` of `admission.k8s.io/v1`, whatever form its objects have.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::engine::RequestFacts;

/// The version of `AdmissionReview` that is read and answered.
pub(super) const API_VERSION: &str = "admission.k8s.io/v1";
/// The kind of a review.
pub(super) const KIND: &str = "AdmissionReview";

/// What is asked of the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Whether an object may be stored.
    Validate,
    /// What to fill in before it is.
    Mutate,
}

impl Endpoint {
    /// Its path in a URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Validate => "/validate",
            Self::Mutate => "/mutate",
        }
    }
}

/// Group, version and kind of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct GroupVersionKind {
    /// API group; empty for the core group.
    pub(crate) group: String,
    /// API version.
    pub(crate) version: String,
    /// Kind.
    pub(crate) kind: String,
}

impl fmt::Display for GroupVersionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, version, kind } = self;
        if !group.is_empty() {
            write!(f, "{group}/")?;
        }
        write!(f, "{version} {kind}")
    }
}

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Operation {
    /// A new object.
    Create,
    /// A change of a stored object.
    Update,
    /// A removal.
    Delete,
    /// A connection to a subresource.
    Connect,
}

impl Operation {
    /// The word in a review.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct UserInfo {
    pub(super) username: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) groups: Option<Vec<String>>,
}

/// A question of the API server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "O: Deserialize<'de>"))]
pub(crate) struct Request<O> {
    /// Names the question, and its answer.
    pub(crate) uid: String,
    /// Of the object as sent, which may be converted from what the user wrote.
    pub(crate) kind: GroupVersionKind,
    /// `status`, `scale` and so on; none for the object itself.
    #[serde(default)]
    pub(crate) sub_resource: Option<String>,
    /// The object's name; none where it is still to be generated.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The object's namespace.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// What is about to be done.
    pub(crate) operation: Operation,
    #[serde(default)]
    pub(super) user_info: Option<UserInfo>,
    /// The new object; none on DELETE, and where it is not judged ([`Request::passed_over`]).
    #[serde(default = "Option::default")]
    pub(crate) object: Option<O>,
    /// The stored object, on UPDATE and DELETE; none where it is not judged.
    #[serde(default = "Option::default")]
    pub(crate) old_object: Option<O>,
    /// Whether nothing is going to be stored, whatever is answered.
    #[serde(default, deserialize_with = "is_true")]
    pub(crate) dry_run: bool,
}

/// Whether this is `true`. What else stands there, the answer does not depend on.
fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    <&'de RawValue>::deserialize(deserializer).map(|value| value.get() == "true")
}

impl<O> Request<O> {
    /// The request with its objects in another form.
    pub(super) fn map<P>(self, form: impl Fn(O) -> P) -> Request<P> {
        let Self {
            uid,
            kind,
            sub_resource,
            name,
            namespace,
            operation,
            user_info,
            object,
            old_object,
            dry_run,
        } = self;
        let (object, old_object) = (object.map(&form), old_object.map(&form));
        Request {
            uid,
            kind,
            sub_resource,
            name,
            namespace,
            operation,
            user_info,
            object,
            old_object,
            dry_run,
        }
    }

    /// Who asks.
    pub(crate) fn user(&self) -> &str {
        self.user_info.as_ref().and_then(|user| user.username.as_deref()).unwrap_or_default()
    }

    /// What expressions may ask of it.
    pub(crate) fn facts(&self) -> RequestFacts<'_> {
        let user = self.user_info.as_ref();
        let GroupVersionKind { group, version, kind } = &self.kind;
        RequestFacts {
            operation: self.operation.as_str(),
            name: self.name.as_deref().unwrap_or_default(),
            namespace: self.namespace.as_deref().unwrap_or_default(),
            dry_run: self.dry_run,
            kind: (group, version, kind),
            user: self.user(),
            uid: user.and_then(|user| user.uid.as_deref()).unwrap_or_default(),
            groups: user.and_then(|user| user.groups.as_deref()).unwrap_or_default(),
        }
    }

    /// Why no verdict is asked for, where that is so.
    pub(crate) fn passed_over(&self) -> Option<PassedOver> {
        passed_over(self.operation, self.sub_resource.as_deref())
    }
}

/// Why a request is not judged, which is then allowed without a warning. None of it lets anything run that would
/// otherwise be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassedOver {
    /// Objects of this namespace are not judged; it stands in the request's path, and who may write there is for the
    /// cluster's operators to say.
    ExcludedNamespace,
    /// DELETE and CONNECT.
    Operation,
    /// `status`: the API server keeps the spec of the stored object then.
    Subresource,
    /// The object is being deleted. Its controller makes nothing of it any more, and no change takes the deletion back.
    BeingDeleted,
    /// It holds Jobs, which are filled in once they are made.
    OuterObject,
    /// A controller made it, and the policy says `controllerJobs: skip`.
    ControllerJob,
}

impl PassedOver {
    /// One word for metrics, of a fixed list.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::ExcludedNamespace => "excluded_namespace",
            Self::Operation => "operation",
            Self::Subresource => "subresource",
            Self::BeingDeleted => "being_deleted",
            Self::OuterObject => "outer_object",
            Self::ControllerJob => "controller_job",
        }
    }
}

/// Why no verdict is asked for. There is one on an object that is made or changed; subresources (status, scale) are
/// what controllers write, and nothing that is judged can be changed through them.
pub(super) fn passed_over(operation: Operation, sub_resource: Option<&str>) -> Option<PassedOver> {
    match operation {
        Operation::Delete | Operation::Connect => Some(PassedOver::Operation),
        Operation::Create | Operation::Update if sub_resource.is_some_and(|name| !name.is_empty()) => {
            Some(PassedOver::Subresource)
        }
        Operation::Create | Operation::Update => None,
    }
}
