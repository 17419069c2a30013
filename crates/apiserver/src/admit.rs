//! The way of an object through the server, as types: what is written becomes [`Defaulted`], then [`Prepared`], and only a
//! prepared object can be validated. A step that is left out, or taken too early, does not compile.
//!
//! ```
//! use jobguard_apiserver::{Kind, KubernetesVersion, Server};
//!
//! let server = Server::of(KubernetesVersion::default());
//! let documents = jobguard_manifest::read("{metadata: {name: a}, spec: {parallelism: 2}}");
//! let tree = documents[0].content.as_ref().unwrap();
//! let written = server.decode(tree, tree.root(), Kind::Job).workload.unwrap();
//! let prepared = server.created(written).prepare_for_create();
//! assert!(!server.validate_create(&prepared).is_empty(), "it has no containers");
//! ```

use super::defaults::{self, reset_system_fields};
use super::gated::Dropped;
use super::{FieldError, Server, Workload, update, warnings};

/// An object with the server's defaults, as every mutating webhook sees it.
#[derive(Debug, Clone)]
pub struct Defaulted<'s> {
    server: &'s Server,
    workload: Workload,
    /// Whether a Job without labels of its own has been given those of its Pod template. The server goes on to treat the
    /// two as one map: what is added to the template's labels appears in the Job's.
    shares_labels: bool,
}

/// An object as the server validates it, and as every validating webhook sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    workload: Workload,
    dropped: Vec<Dropped>,
    warnings: Vec<FieldError>,
}

impl Server {
    /// Begins with an object that is to be created: what only the server sets is discarded, and its defaults are filled
    /// in.
    pub fn created(&self, mut written: Workload) -> Defaulted<'_> {
        reset_system_fields(&mut written);
        self.updated(written)
    }

    /// Begins with the new version of a stored object: the server's defaults are filled in.
    pub fn updated(&self, mut written: Workload) -> Defaulted<'_> {
        let shares_labels = defaults::apply_defaults(self, &mut written);
        Defaulted { server: self, workload: written, shares_labels }
    }

    /// Begins with an object that an API server has sent to a validating webhook. It has prepared the object already,
    /// but for defaults that an older one does not know.
    pub fn received(&self, mut workload: Workload) -> Prepared {
        let has_labels = workload.metadata().labels.as_ref().is_some_and(|labels| !labels.is_empty());
        self.apply_defaults(&mut workload);
        if !has_labels {
            // The server gives a Job the labels of its template while it reads it, before it makes more of those.
            workload.metadata_mut().labels = None;
        }
        Prepared::assumed(workload)
    }
}

impl Defaulted<'_> {
    /// Changes the object, as a mutating webhook does. `fill` returns whether it did: the server decodes what a webhook has
    /// patched anew, as an object whose Job and Pod template have labels of their own.
    #[must_use]
    pub fn filled(mut self, fill: impl FnOnce(&mut Workload) -> bool) -> Self {
        if fill(&mut self.workload) {
            self.shares_labels = false;
        }
        self
    }

    /// The object.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// The object, for good.
    pub fn into_workload(self) -> Workload {
        self.workload
    }

    /// Prepares the object for validation on create, as the server does between mutating webhooks and validation: an
    /// object that has only a `generateName` gets a name, the status is cleared, a Job gets its generated selector and
    /// labels, and fields behind feature gates that are off are left out.
    ///
    /// The uid that labels and selector are made from is the object's own, else [`UNKNOWN_UID`](crate::UNKNOWN_UID).
    pub fn prepare_for_create(self) -> Prepared {
        let Self { server, mut workload, shares_labels } = self;
        let done = defaults::prepare_for_create(server, &mut workload, shares_labels);
        let warnings = warnings::warnings(server, &workload, done.repeated_owners);
        Prepared { workload, dropped: done.dropped, warnings }
    }

    /// Prepares the object to take the place of `old`: what only the server sets, and the status, are those of the stored
    /// version, and fields behind feature gates that are off are left out unless the stored version has them.
    pub fn prepare_for_update(self, old: &Workload) -> Prepared {
        let Self { server, mut workload, .. } = self;
        let dropped = update::prepare_for_update(server, &mut workload, old);
        let warnings =
            warnings::warnings(server, &workload, defaults::has_repeated_owners(workload.metadata()));
        Prepared { workload, dropped, warnings }
    }
}

impl Prepared {
    /// An object that a server has prepared already: one that is stored.
    pub fn assumed(workload: Workload) -> Self {
        Self { workload, dropped: Vec::new(), warnings: Vec::new() }
    }

    /// The object.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// The object, for good.
    pub fn into_workload(self) -> Workload {
        self.workload
    }

    /// The fields that were given and that the server leaves out without a word.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// What the server would warn of if it accepts the object. Each has
    /// [`Topic::ServerWarning`](crate::Topic::ServerWarning); its cause says nothing.
    pub fn warnings(&self) -> &[FieldError] {
        &self.warnings
    }
}
