//! What rules ask about beside Jobs and CronJobs: Services, quotas, the names of ConfigMaps, and so on.

use super::rights::Gaps;
use super::scope::{Namespaces, Scope};
use crate::cluster::{Answer, ReadError, Reader, Resource, read_neighbour};
use crate::engine::{
    Facts, Known, Listing, Neighbour, NeighbourIndex, NeighbourKind, NeighbourSource, Neighbours, Origin,
};

/// Lists the neighbours that are in scope. Of a kind that may not be listed anywhere, nothing is known; of one that may
/// be in some namespaces only, there may be others.
pub(super) async fn read(
    reader: &Reader,
    scope: &Scope,
    namespaces: &Namespaces,
    gaps: &mut Gaps,
) -> Result<Neighbours, ReadError> {
    let mut neighbours = Neighbours::default();
    // A ReplicaSet of a cluster is nearly always a Deployment's.
    let is_read =
        |kind: &NeighbourKind| !matches!(kind, NeighbourKind::Namespace | NeighbourKind::ReplicaSet);
    for kind in NeighbourKind::ALL.into_iter().filter(is_read) {
        let mut index = NeighbourIndex::default();
        let (mut is_known, mut partial) = (false, false);
        let resource = Resource::from(kind);
        for selection in scope.selections(&resource, None) {
            let mut pages = reader.list(resource.clone(), selection);
            while let Some(answer) = pages.next().await? {
                match answer {
                    Answer::Given(page) => {
                        is_known = true;
                        for object in page.objects() {
                            match read_neighbour(kind, object) {
                                Some(neighbour) => index.replace(neighbour),
                                None => partial = true,
                            }
                        }
                    }
                    Answer::Forbidden(right) => {
                        gaps.beside(&right);
                        partial = true;
                    }
                    Answer::NotServed(_) => partial = true,
                }
            }
            partial |= pages.is_inconsistent() || pages.is_cut_off();
        }
        if is_known {
            neighbours.set(kind, known(index, partial));
        }
    }
    if !namespaces.labels.is_empty() {
        let of = |(name, labels): (&String, &std::collections::BTreeMap<String, String>)| Neighbour {
            kind: NeighbourKind::Namespace,
            namespace: None,
            name: name.clone(),
            origin: Origin::default(),
            facts: Facts::Namespace(labels.clone()),
        };
        let index = namespaces.labels.iter().map(of).collect();
        neighbours.set(NeighbourKind::Namespace, known(index, !namespaces.are_complete));
    }
    Ok(neighbours)
}

fn known(index: NeighbourIndex, partial: bool) -> Listing {
    Listing::Known(Known { source: NeighbourSource::Cluster, index, partial, lost: None })
}
