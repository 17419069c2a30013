//! The object that is asked about.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::engine;
use crate::linter::decode_text;
use crate::policy::{Owner, Subject};
use jobguard_apiserver::{Kind, Server, Workload};
use jobguard_manifest as manifest;
use jobguard_text::{nearest, plain};

type Labels = BTreeMap<String, String>;

/// Which object is asked about, and what is known of it.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// What holds for this object: KIND/NAMESPACE/NAME or KIND/NAME of a Job or CronJob, or a manifest with one in it
    #[arg(long = "for", value_name = "OBJECT")]
    object: Option<String>,
    /// Labels of the object
    #[arg(long, value_name = "KEY=VALUE,...", value_delimiter = ',', value_parser = label, requires = "object")]
    labels: Vec<(String, String)>,
    /// Labels of its namespace
    #[arg(long, value_name = "KEY=VALUE,...", value_delimiter = ',', value_parser = label, requires = "object")]
    namespace_labels: Vec<(String, String)>,
    /// The controller that it belongs to, KIND/NAME or KIND.GROUP/NAME, such as CronJob/nightly
    #[arg(long, value_name = "OWNER", requires = "object")]
    owner: Option<String>,
    /// Who sends it, such as system:serviceaccount:ci:deploy
    #[arg(long, value_name = "NAME", requires = "object")]
    user: Option<String>,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// An object, as far as it is known.
#[derive(Debug)]
pub(super) struct Object {
    known: Known,
    namespace_labels: Option<Labels>,
    owner: Option<(String, String, String)>,
    user: Option<String>,
}

#[derive(Debug)]
enum Known {
    /// By what the arguments say.
    Name { kind: Kind, namespace: Option<String>, name: String, labels: Labels },
    /// By its manifest, and labels besides.
    Manifest(Box<Workload>),
}

impl Asked {
    /// Whether there is one.
    pub(super) fn is_about_an_object(&self) -> bool {
        self.object.is_some()
    }

    /// The object. A manifest is decoded as `server` does.
    pub(super) fn object(&self, server: impl FnOnce() -> Result<Server>) -> Result<Option<Object>> {
        let Some(text) = &self.object else { return Ok(None) };
        let labels: Labels = self.labels.iter().cloned().collect();
        let is_file = [".yaml", ".yml", ".json"].iter().any(|ending| text.ends_with(ending))
            || Path::new(text).is_file();
        let known = if is_file {
            let mut workload = read(Path::new(text), &server()?)?;
            if !labels.is_empty() {
                workload.metadata_mut().labels.get_or_insert_default().extend(labels);
            }
            Known::Manifest(Box::new(workload))
        } else {
            named(text, labels)?
        };
        let namespace_labels =
            (!self.namespace_labels.is_empty()).then(|| self.namespace_labels.iter().cloned().collect());
        let owner = self.owner.as_deref().map(owner).transpose()?;
        Ok(Some(Object { known, namespace_labels, owner, user: self.user.clone() }))
    }
}

/// An object by its name.
fn named(text: &str, labels: Labels) -> Result<Known> {
    const HELP: &str =
        "write KIND/NAMESPACE/NAME or KIND/NAME, such as CronJob/batch/nightly, or name a manifest";
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [kind, namespace, name] if !namespace.is_empty() => (kind, Some(namespace), name),
        [kind, name] => (kind, None, name),
        _ => bail!("--for {text:?} names no object: {HELP}"),
    };
    let kinds = [Kind::Job, Kind::CronJob];
    let Some(kind) = kinds.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(kind)) else {
        match nearest(kind, kinds.map(Kind::as_str)) {
            Some(near) => bail!("--for {text:?}: there is no kind {kind:?}; did you mean {near}?"),
            None => bail!("--for {text:?}: a policy is about Jobs and CronJobs: {HELP}"),
        }
    };
    if name.is_empty() {
        bail!("--for {text:?} names no object: {HELP}");
    }
    Ok(Known::Name { kind, namespace: namespace.map(str::to_owned), name: name.to_owned(), labels })
}

/// Kind, group and name of an owner.
fn owner(text: &str) -> Result<(String, String, String)> {
    let Some((kind, name)) = text.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty())
    else {
        bail!("--owner {text:?} names no owner: write KIND/NAME, such as CronJob/nightly");
    };
    let (kind, group) = kind.split_once('.').unwrap_or((kind, if kind == "CronJob" { "batch" } else { "" }));
    Ok((kind.to_owned(), group.to_owned(), name.to_owned()))
}

/// The one Job or CronJob of a manifest.
fn read(path: &Path, server: &Server) -> Result<Workload> {
    let shown = plain(&path.display().to_string());
    let bytes = std::fs::read(path).with_context(|| format!("--for {shown}: cannot read it"))?;
    let (text, _) = decode_text(&bytes);
    let mut found = Vec::new();
    let mut unreadable = 0;
    manifest::read_each(&text, |document| {
        let Ok(tree) = &document.content else {
            unreadable += 1;
            return;
        };
        for (node, kind) in crate::policy_test::workloads(tree) {
            match server.decode(tree, node, kind).workload {
                Some(workload) => found.push(workload),
                None => unreadable += 1,
            }
        }
    });
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 if unreadable > 0 => {
            bail!("--for {shown}: the object in it cannot be read; `jobguard lint {shown}` says why")
        }
        0 => bail!("--for {shown}: there is no Job and no CronJob in it"),
        _ => {
            let names: Vec<String> = found.iter().take(5).map(name_of).collect();
            bail!("--for {shown}: there are several objects in it; name one of them: {}", names.join(", "))
        }
    }
}

fn name_of(workload: &Workload) -> String {
    let subject = engine::subject(workload, None);
    let namespace = subject.namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    plain(&format!("{}/{namespace}{}", subject.kind.as_str(), subject.name))
}

impl Object {
    /// What overrides match on.
    pub(super) fn subject(&self) -> Subject<'_> {
        let mut subject = match &self.known {
            Known::Manifest(workload) => engine::subject(workload, None),
            Known::Name { kind, namespace, name, labels } => {
                Subject { namespace: namespace.as_deref(), labels: Some(labels), ..Subject::new(*kind, name) }
            }
        };
        subject.namespace_labels = self.namespace_labels.as_ref();
        subject.user = self.user.as_deref();
        if let Some((kind, group, name)) = &self.owner {
            // Who asks knows, unlike an object, which may claim anything.
            subject.owner = Some(Owner { group, kind, name, labels: None, in_doubt: false });
        }
        subject
    }

    /// How people call it.
    pub(super) fn name(&self) -> String {
        let subject = self.subject();
        let namespace = subject.namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("{} {namespace}{}", subject.kind.as_str(), subject.name)
    }
}
