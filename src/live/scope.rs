//! Which namespaces are read: those that were asked for, or those that the rights allow.

use std::collections::BTreeMap;

use super::rights::{Gaps, some};
use crate::cluster::read_neighbour;
use crate::cluster::{Answer, ReadError, Reader, Resource, Selection};
use crate::diagnostic::FileError;
use crate::engine::{Neighbour, NeighbourKind};

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// As much as the rights allow.
    Allowed,
    /// All namespaces, or none at all.
    All,
    /// These.
    Namespaces(Vec<String>),
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Namespaces(Vec<String>),
}

impl Scope {
    /// The selections that together list what is in scope: what is in no namespace only where all namespaces are.
    pub(super) fn selections(&self, resource: &Resource, labels: Option<&str>) -> Vec<Selection> {
        let of = |namespace| Selection { namespace, labels: labels.map(str::to_owned), fields: None };
        match self {
            Self::All => vec![of(None)],
            Self::Namespaces(names) if resource.namespaced => {
                names.iter().map(|name| of(Some(name.clone()))).collect()
            }
            Self::Namespaces(_) => Vec::new(),
        }
    }
}

/// What is known of namespaces.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespaces {
    /// Their labels.
    pub(super) labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether these are all that there are in scope.
    pub(super) are_complete: bool,
}

impl Namespaces {
    fn put(&mut self, json: &str) {
        let Some(Neighbour { name, facts, .. }) = read_neighbour(NeighbourKind::Namespace, json) else {
            return;
        };
        if let crate::engine::Facts::Namespace(labels) = facts {
            self.labels.insert(name, labels);
        }
    }
}

/// The scope, with what is known of its namespaces.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) scope: Scope,
    pub(super) namespaces: Namespaces,
}

/// Finds out what is to be read, and reads the labels of its namespaces.
pub(super) async fn resolve(
    reader: &Reader,
    asked: &Asked,
    (gaps, errors): (&mut Gaps, &mut Vec<FileError>),
) -> Result<Resolved, ReadError> {
    let scope = match asked {
        Asked::All => Scope::All,
        Asked::Namespaces(names) => {
            let mut names = names.clone();
            names.sort_unstable();
            names.dedup();
            Scope::Namespaces(names)
        }
        Asked::Allowed if may_list(reader, None).await? => Scope::All,
        Asked::Allowed => return allowed(reader, gaps).await,
    };
    let mut namespaces = Namespaces::default();
    match &scope {
        Scope::All => match list(reader, &mut namespaces).await? {
            true => namespaces.are_complete = true,
            false => gaps.labels(None),
        },
        Scope::Namespaces(names) => {
            let mut unknown = Vec::new();
            for name in names {
                match reader.get(&Resource::NAMESPACES, None, name).await? {
                    Answer::Given(Some(object)) => namespaces.put(object.get()),
                    Answer::Given(None) => errors.push(FileError {
                        name: format!("cluster {}", reader.connection().name()),
                        message: format!("there is no namespace {name}"),
                    }),
                    _ => unknown.push(name.clone()),
                }
            }
            if !unknown.is_empty() {
                gaps.labels(Some(&unknown));
            }
        }
    }
    Ok(Resolved { scope, namespaces })
}

/// Whether CronJobs or Jobs may be listed in a namespace, or in all.
async fn may_list(reader: &Reader, namespace: Option<&str>) -> Result<bool, ReadError> {
    for resource in [Resource::CRON_JOBS, Resource::JOBS] {
        if reader.may_list(&resource, namespace).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The namespaces that may be read, where not all may: of those that there are or, where that may not be known, the
/// context's own.
async fn allowed(reader: &Reader, gaps: &mut Gaps) -> Result<Resolved, ReadError> {
    let mut namespaces = Namespaces::default();
    if !list(reader, &mut namespaces).await? {
        let own = reader.connection().namespace.clone();
        gaps.own_namespace(&own);
        return Ok(Resolved { scope: Scope::Namespaces(vec![own]), namespaces });
    }
    let (mut allowed, mut others) = (Vec::new(), Vec::new());
    for name in namespaces.labels.keys() {
        match may_list(reader, Some(name)).await? {
            true => allowed.push(name.clone()),
            false => others.push(name.as_str()),
        }
    }
    if !others.is_empty() {
        gaps.say(format!(
            "{}: no right to list cronjobs.batch or jobs.batch there",
            some(&others, "namespace", "namespaces")
        ));
    }
    namespaces.labels.retain(|name, _| allowed.contains(name));
    namespaces.are_complete = true;
    Ok(Resolved { scope: Scope::Namespaces(allowed), namespaces })
}

/// Lists the namespaces; whether that was allowed.
async fn list(reader: &Reader, namespaces: &mut Namespaces) -> Result<bool, ReadError> {
    let mut pages = reader.list(Resource::NAMESPACES, Selection::default());
    while let Some(answer) = pages.next().await? {
        let Answer::Given(page) = answer else { return Ok(false) };
        page.objects().for_each(|object| namespaces.put(object));
    }
    Ok(true)
}
