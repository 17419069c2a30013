//! Makes the reports in the cluster those that there should be: what is as it should be is not written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use thiserror::Error;

use super::build::{Desired, Found, Wanted, desired};
use super::model::{Api, MANAGED_BY, PREFIX, Report, SOURCE, Time};
use super::tally::{Kept, Mode, Tally};
use crate::cluster::{Answer, ReadError, Reader, Resource, Selection, Writer, Written};
use jobguard_text::plural;

/// How many writes are under way at a time.
const AT_A_TIME: usize = 8;

/// How often a report is compared again that somebody else writes to.
const ATTEMPTS: usize = 4;

/// Why there is no API for reports.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoApi {
    /// None is installed, or not the one that was asked for.
    #[error(
        "the cluster does not serve {}; install the CRD ({}), or leave out --report",
        wanted.map_or_else(|| "an API for reports".to_owned(), |api| api.resource().to_string() + " " + &api.resource().version),
        wanted.unwrap_or(Api::OpenReports).home()
    )]
    NotServed {
        /// What was asked for; none for any.
        wanted: Option<Api>,
    },
    /// It could not be found out.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Api {
    /// The API that is served, of those that are wanted.
    ///
    /// # Errors
    ///
    /// There is none, or the API server cannot be asked.
    pub async fn find(reader: &Reader, wanted: Option<Self>) -> Result<Self, NoApi> {
        for api in Self::ALL {
            if wanted.is_none_or(|wanted| wanted == api) && reader.serves(&api.resource()).await? {
                return Ok(api);
            }
        }
        Err(NoApi::NotServed { wanted })
    }
}

/// What is to be written.
enum Action {
    Create(Box<Report>),
    Change(Box<Report>),
    Delete { key: Key, uid: String },
}

/// Namespace and name.
type Key = (String, String);

/// Makes the reports those of what was found, as far as the objects were judged: a report of another object stays, unless
/// that is gone and no garbage collection deletes the report with it.
///
/// # Errors
///
/// The API server cannot be reached, or answers in no way that is known.
pub async fn keep(
    reader: &Reader,
    found: &Found<'_>,
    (api, mode, now): (Api, Mode, Timestamp),
) -> Result<Kept, ReadError> {
    let resource = api.resource();
    let Desired { mut reports, without, outside } = desired(found);
    let tally = Mutex::new(Tally::default());
    let time = Time { seconds: now.as_second(), nanos: 0 };
    // The changes of a page are written before the next one is read: what is in memory is bounded.
    let run = Run {
        writer: reader.writer(),
        reader,
        by: (found.policy, api),
        resource: &resource,
        mode,
        time,
        tally: &tally,
    };
    for namespace in namespaces(found) {
        let selection = Selection { namespace, labels: Some(format!("{MANAGED_BY}={SOURCE}")), fields: None };
        let mut pages = reader.list(resource.clone(), selection);
        while let Some(answer) = pages.next().await? {
            match answer {
                Answer::Given(page) => {
                    let there = page.objects().filter_map(read);
                    let actions = there.filter_map(|there| run.compare(there, &mut reports, &without));
                    run.all(actions).await?;
                }
                // Without what is there, it is not known what to write.
                Answer::Forbidden(right) => {
                    run.tally().missing(&right);
                    return Ok(run.finish(outside));
                }
                Answer::NotServed(resource) => {
                    run.tally().fault(format!("the API server does not serve {resource} any more"));
                    return Ok(run.finish(outside));
                }
            }
        }
        if pages.is_cut_off() {
            run.tally().fault("the list of reports expired (410) and could not be continued".to_owned());
            return Ok(run.finish(outside));
        }
    }
    run.all(reports.into_iter().map(|(key, wanted)| Action::Create(Box::new(run.report(&key, &wanted)))))
        .await?;
    Ok(run.finish(outside))
}

/// Where reports are listed: everywhere, or in the namespaces that were read.
fn namespaces(found: &Found<'_>) -> Vec<Option<String>> {
    match found.report.cluster.as_ref().and_then(|cluster| cluster.namespaces.as_ref()) {
        None => vec![None],
        Some(names) => names.iter().cloned().map(Some).collect(),
    }
}

/// A report as it is listed; none where it is none of ours. One that cannot be read is one that differs.
fn read(text: &str) -> Option<Report> {
    let report = serde_json::from_str(text).or_else(|_| -> Result<Report, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Parts {
            metadata: super::model::Metadata,
        }
        let Parts { metadata } = serde_json::from_str(text)?;
        Ok(Report { metadata, ..Report::default() })
    });
    report.ok().filter(|report| report.metadata.name.starts_with(PREFIX))
}

struct Run<'a> {
    reader: &'a Reader,
    writer: Writer<'a>,
    resource: &'a Resource,
    /// By which policy, and for which API.
    by: (&'a str, Api),
    mode: Mode,
    time: Time,
    tally: &'a Mutex<Tally>,
}

impl Run<'_> {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn finish(&self, outside: usize) -> Kept {
        let mut kept = std::mem::take(&mut *self.tally()).finish(self.resource, self.mode);
        if outside > 0 {
            kept.sentence += &format!("; {} in no namespace cannot have one", plural(outside, "object"));
        }
        kept
    }

    /// What to do about a report that is there.
    fn compare(
        &self,
        there: Report,
        wanted: &mut BTreeMap<Key, Wanted<'_>>,
        without: &BTreeSet<Key>,
    ) -> Option<Action> {
        let key = (there.metadata.namespace.clone(), there.metadata.name.clone());
        if let Some(wanted) = wanted.remove(&key) {
            let report = self.report(&key, &wanted);
            if report.is(&there) {
                self.tally().unchanged += 1;
                return None;
            }
            return Some(Action::Change(Box::new(self.change(report, &there))));
        }
        // Without an owner, it would never be deleted: that of an object whose dependents were to stay.
        let is_stale = without.contains(&key) || there.metadata.owner_references.is_empty();
        let uid = there.metadata.uid.filter(|_| is_stale)?;
        Some(Action::Delete { key, uid })
    }

    fn report(&self, (namespace, name): &Key, wanted: &Wanted<'_>) -> Report {
        wanted.report((namespace, name), self.by)
    }

    /// The report, to be written over one that is there.
    fn change(&self, mut report: Report, there: &Report) -> Report {
        report.date(Some(there), self.time);
        report.metadata.resource_version.clone_from(&there.metadata.resource_version);
        report
    }

    /// Does everything, some at a time. What is to be done is made when it is its turn.
    async fn all(&self, actions: impl Iterator<Item = Action>) -> Result<(), ReadError> {
        let mut done = stream::iter(actions).map(|action| self.one(action)).buffer_unordered(AT_A_TIME);
        while let Some(result) = done.next().await {
            result?;
        }
        Ok(())
    }

    async fn one(&self, action: Action) -> Result<(), ReadError> {
        if self.tally().is_hopeless() {
            return Ok(());
        }
        match action {
            Action::Create(report) => self.put(*report, true).await,
            Action::Change(report) => self.put(*report, false).await,
            Action::Delete { key: (namespace, name), uid } => {
                let dry = self.mode == Mode::DryRun;
                if !dry && self.tally().is_forbidden("delete", &namespace) {
                    return Ok(());
                }
                let written = match dry {
                    true => Written::Done,
                    false => self.writer.delete(self.resource, (&namespace, &name), &uid).await?,
                };
                let mut tally = self.tally();
                match written {
                    Written::Done => tally.deleted += 1,
                    // It is gone by now, or another one.
                    Written::Conflict | Written::Missing | Written::NamespaceGone => {}
                    other => tally.refused(other, self.resource),
                }
                Ok(())
            }
        }
    }

    /// Creates or changes a report. What somebody else does meanwhile is looked at, a few times.
    async fn put(&self, mut report: Report, mut is_new: bool) -> Result<(), ReadError> {
        let key = (report.metadata.namespace.clone(), report.metadata.name.clone());
        let place = (key.0.as_str(), key.1.as_str());
        if is_new {
            report.date(None, self.time);
        }
        for _ in 0..ATTEMPTS {
            if self.mode == Mode::DryRun {
                self.tally().wrote(is_new);
                return Ok(());
            }
            if self.tally().is_forbidden(if is_new { "create" } else { "patch" }, &key.0) {
                return Ok(());
            }
            let written = match is_new {
                true => self.writer.create(self.resource, place, &report).await?,
                false => self.writer.merge(self.resource, place, &report).await?,
            };
            match written {
                Written::Done => {
                    self.tally().wrote(is_new);
                    return Ok(());
                }
                Written::Conflict => {}
                // Deleted meanwhile: it is made anew, unless its namespace goes as well.
                Written::Missing => {
                    is_new = true;
                    report.metadata.resource_version = None;
                    continue;
                }
                Written::NamespaceGone => return Ok(()),
                other => {
                    self.tally().refused(other, self.resource);
                    return Ok(());
                }
            }
            match self.reader.get(self.resource, Some(&key.0), &key.1).await? {
                Answer::Given(Some(there)) => {
                    let Some(there) = read(there.get()) else { break };
                    if report.is(&there) {
                        self.tally().unchanged += 1;
                        return Ok(());
                    }
                    report = self.change(report, &there);
                    is_new = false;
                }
                Answer::Given(None) => {
                    is_new = true;
                    report.metadata.resource_version = None;
                }
                Answer::Forbidden(right) => {
                    self.tally().missing(&right);
                    return Ok(());
                }
                Answer::NotServed(_) => break,
            }
        }
        self.tally().fault(format!("report {} in namespace {} is written to by somebody else", key.1, key.0));
        Ok(())
    }
}
