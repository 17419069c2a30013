//! An audit: everything in scope is listed, judged, and let go.

use super::judge::{Again, Judge, Judged, JudgedInCluster, Key, Known};
use super::rights::{Gaps, nothing_read};
use super::scope::{Asked, Resolved, Scope, resolve};
use super::{beside, kinds};
use crate::cluster::{Answer, Pages, ReadError, Reader, Resource, Selection, ServerVersion};
use crate::diagnostic::{ClusterExtent, FileError, Report};
use crate::linter::Linter;
use jobguard_text::plural;

/// How many objects are got one by one when they are judged once more. Of more, all are listed again.
const ONE_BY_ONE: usize = 50;

/// What to audit, and how.
pub struct Audit<'a> {
    /// A linter for each version of the API server that is asked about: all of the same policy.
    pub linters: &'a [Linter<'a>],
    /// In which namespaces.
    pub asked: &'a Asked,
    /// Which objects, by their labels.
    pub selector: Option<&'a str>,
    /// Whether what a judged object controls is judged as well: the Jobs of a CronJob.
    pub include_owned: bool,
    /// What the API server says of its version.
    pub version: &'a ServerVersion,
    /// Whether the objects that are judged are listed.
    pub lists_objects: bool,
}

/// What an audit came to.
#[derive(Debug, Default)]
pub struct Audited {
    /// A report of each linter.
    pub reports: Vec<Report>,
    /// The objects that were judged, where they are to be listed.
    pub judged: Vec<JudgedInCluster>,
    /// What was asked for and could not be done.
    pub errors: Vec<FileError>,
}

/// Audits the cluster that `reader` reads.
///
/// # Errors
///
/// The API server cannot be reached, or answers in no way that is known. A right that is missing is none.
pub async fn audit(reader: &Reader, audit: &Audit<'_>) -> Result<Audited, ReadError> {
    let Some(policy) = audit.linters.first().map(|linter| linter.policy) else {
        return Ok(Audited::default());
    };
    let (mut gaps, mut errors) = (Gaps::default(), Vec::new());
    let Resolved { scope, namespaces } = resolve(reader, audit.asked, (&mut gaps, &mut errors)).await?;
    let resources = kinds::judged(reader, &policy.outer_kinds, &mut gaps).await?;
    let neighbours = beside::read(reader, &scope, &namespaces, &mut gaps).await?;
    let cluster = reader.connection().name();
    let known = Known { neighbours: &neighbours, namespaces: &namespaces };
    let mut judge = Judge::new(audit.linters, cluster, known, audit.include_owned);
    judge = judge.with_list(audit.lists_objects);
    let mut is_anything_read = false;
    for (position, resource) in resources.iter().enumerate() {
        for selection in scope.selections(resource, audit.selector) {
            let mut pages = reader.list(resource.clone(), selection);
            while let Some(answer) = pages.next().await? {
                match answer {
                    Answer::Given(page) => {
                        is_anything_read = true;
                        judge.page((position, resource), &page);
                    }
                    Answer::Forbidden(right) if *audit.asked == Asked::Allowed => gaps.judged(&right),
                    Answer::Forbidden(right) => errors.push(FileError {
                        name: format!("cluster {cluster}"),
                        message: format!("missing right: {right}"),
                    }),
                    // The group is there, and the kind of this version is not: an older CRD.
                    Answer::NotServed(resource) => {
                        gaps.say(format!("{}s: the API server does not serve {resource}", resource.kind));
                    }
                }
            }
            note_changes(&pages, &mut gaps);
        }
    }
    again(reader, &mut judge, (&resources, &scope)).await?;
    let Judged { mut reports, listed, owned, unreadable, errors: left_out } = judge.finish();
    errors.extend(left_out);
    if unreadable > 0 {
        gaps.say(format!("{} that could not be read", plural(unreadable, "object")));
    }
    let gaps = gaps.into_sentences();
    if !is_anything_read && errors.is_empty() {
        errors.push(nothing_read(cluster));
    }
    let extent = ClusterExtent {
        name: cluster.to_owned(),
        server_version: audit.version.git.clone(),
        namespaces: match scope {
            Scope::All => None,
            Scope::Namespaces(names) => Some(names),
        },
        owned,
        calls: reader.calls(),
    };
    for report in &mut reports {
        (report.cluster, report.gaps) = (Some(extent.clone()), gaps.clone());
    }
    Ok(Audited { reports, judged: listed, errors })
}

/// That a list is not of one moment.
fn note_changes(pages: &Pages<'_>, gaps: &mut Gaps) {
    let kind = &pages.resource().kind;
    if pages.is_cut_off() {
        gaps.say(format!("the rest of the {kind}s: the list expired (410) and could not be continued"));
    } else if pages.is_inconsistent() {
        gaps.say(format!(
            "{kind}s that were made or deleted meanwhile: the list expired (410) and was continued as it was later"
        ));
    }
}

/// Judges once more what cannot be judged before all objects have been seen: few by their names, else all pages again.
async fn again(
    reader: &Reader,
    judge: &mut Judge<'_>,
    (resources, scope): (&[Resource], &Scope),
) -> Result<(), ReadError> {
    let mut again = judge.all_seen();
    if again.len() <= ONE_BY_ONE {
        let keys: Vec<Key> = again.keys().cloned().collect();
        for (position, namespace, name) in keys {
            // A list of one needs no other right than that to list.
            let fields = Some(format!("metadata.name={name}"));
            let selection = Selection { namespace, labels: None, fields };
            list_again(reader, judge, (position, &resources[position]), selection, &mut again).await?;
        }
        return Ok(());
    }
    for (position, resource) in resources.iter().enumerate() {
        if again.keys().any(|(of, _, _)| *of == position) {
            for selection in scope.selections(resource, None) {
                list_again(reader, judge, (position, resource), selection, &mut again).await?;
            }
        }
    }
    Ok(())
}

async fn list_again(
    reader: &Reader,
    judge: &mut Judge<'_>,
    (position, resource): (usize, &Resource),
    selection: Selection,
    again: &mut Again,
) -> Result<(), ReadError> {
    let mut pages = reader.list(resource.clone(), selection);
    while let Some(answer) = pages.next().await? {
        // What is gone by now stays as it was found.
        if let Answer::Given(page) = answer {
            judge.page_again((position, resource), &page, again);
        }
    }
    Ok(())
}
