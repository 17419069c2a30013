//! An object as the API server hands it to admission: to webhooks, and to the expressions of its own policies.

use serde::Serialize;

use super::Workload;
use super::schema::Schema;
use super::wanted::Wanted;

mod form;
mod writer;

pub use form::Form;
use writer::Writer;

/// A prepared object with just the fields that the API server's has, so that the question whether a field is there has the
/// same answer: zeros, `false`, empty texts, lists and maps are left out where the server leaves them out, and objects
/// that its types always hold (`status`, a container's `resources`) are there, if only empty. For the rest it is as the server
/// stores it. Fields that are not wanted may be left out.
///
/// It is made in one pass, since own rules of policies have it made of every object.
pub fn sent_form<F: Form>(workload: &Workload, wanted: &Wanted) -> F::Value {
    let writer = Writer::<F>::new(Some(Schema::root_shape(workload.kind())), wanted);
    let written = match workload {
        Workload::Job(job) => job.serialize(writer),
        Workload::CronJob(cron_job) => cron_job.serialize(writer),
    };
    // The types write maps with text for keys, and nothing but what JSON has: there is nothing to fail at.
    written.map_or_else(|_| F::null(), |(value, _)| value)
}

#[cfg(test)]
mod tests;
