//! Which resources are judged: CronJobs and Jobs, and of the other kinds that hold Jobs those that the cluster serves.

use std::collections::BTreeSet;

use super::rights::Gaps;
use crate::cluster::{Cause, ReadError, Reader, Resource};
use crate::embedded::OuterKinds;

/// The resources, owners before what they own.
pub(super) async fn judged(
    reader: &Reader,
    kinds: &OuterKinds,
    gaps: &mut Gaps,
) -> Result<Vec<Resource>, ReadError> {
    let mut resources = vec![Resource::CRON_JOBS];
    let served = match reader.served().await {
        Ok(served) => Some(served),
        // Whoever has an account may, unless that right was taken away.
        Err(ReadError { cause: Cause::Status { code: 403, .. }, .. }) => {
            gaps.say("kinds beside CronJobs and Jobs: missing right: get /apis".to_owned());
            None
        }
        Err(error) => return Err(error),
    };
    if let Some(served) = served {
        let groups: BTreeSet<&str> = kinds.iter().map(|kind| &*kind.group).collect();
        for group in groups.into_iter().filter(|group| served.has(group)) {
            let of_group = reader.resources_of(group, &served).await?;
            resources.extend(of_group.into_iter().filter(|one| kinds.of_group(group, &one.kind).is_some()));
        }
    }
    resources.push(Resource::JOBS);
    Ok(resources)
}
