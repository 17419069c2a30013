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
        // Every authenticated user may, unless that right was taken away.
        Err(ReadError { cause: Cause::Status { code: 403, .. }, .. }) => {
            gaps.say("kinds beside CronJobs and Jobs: missing right: get /apis".to_owned());
            None
        }
        Err(error) => return Err(error),
    };
    if let Some(served) = served {
        let groups: BTreeSet<&str> = kinds.iter().map(|kind| &*kind.group).collect();
        for group in groups.into_iter().filter(|group| served.has(group)) {
            match reader.resources_of(group, &served).await {
                Ok(of_group) => {
                    let is_judged = |one: &Resource| kinds.of_group(group, &one.kind).is_some();
                    resources.extend(of_group.into_iter().filter(is_judged));
                }
                // A group that another server answers for, and does not, stops nothing else.
                Err(ReadError { what, cause: cause @ Cause::Status { .. } }) => {
                    gaps.say(format!("kinds of {group}: cannot {what}: {cause}"));
                }
                Err(error) => return Err(error),
            }
        }
    }
    resources.push(Resource::JOBS);
    Ok(resources)
}
