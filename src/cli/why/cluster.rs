//! What an answer rests on, from a running cluster: read, and never more than the one namespace.

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use serde_json::Value;

use super::args::{Material, WhyArgs};
use crate::cli::output::Terminal;
use crate::cluster::{Answer, Connection, Reader, Resource, Selection};
use crate::live::why::bundle::Collected;
use crate::live::why::{Kind, Known, TargetKind};
use jobguard_text::plain;

/// How many objects of one kind are read at most.
const MOST: usize = 100_000;

pub(super) fn read(args: &WhyArgs, terminal: &Terminal) -> Result<Material> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start")?;
    runtime.block_on(async {
        let connection = Connection::open(&args.cluster.target()).await?;
        let namespace = args.namespace.clone().filter(|namespace| !namespace.is_empty());
        let namespace = namespace.unwrap_or_else(|| connection.namespace.clone());
        let mut reading = Reading {
            reader: Reader::new(connection),
            namespace,
            known: Known::about(&args.target),
            collected: args.write_bundle.is_some().then(Collected::default),
            notes: Vec::new(),
        };
        reading.all(args).await?;
        for note in &reading.notes {
            terminal.note(&plain(note));
        }
        let Reading { namespace, known, collected, .. } = reading;
        let now = args.now.unwrap_or_else(Timestamp::now);
        Ok(Material {
            known,
            collected: collected.unwrap_or_default(),
            namespace: Some(namespace),
            now: Some(now),
        })
    })
}

struct Reading {
    reader: Reader,
    namespace: String,
    known: Known,
    collected: Option<Collected>,
    notes: Vec<String>,
}

impl Reading {
    async fn all(&mut self, args: &WhyArgs) -> Result<()> {
        let none = Selection::default;
        let may_be_cron_job = args.target.kind != Some(TargetKind::Job);
        if may_be_cron_job && !self.list(Kind::CronJob, Resource::CRON_JOBS, none()).await? {
            self.get(Kind::CronJob, &Resource::CRON_JOBS, &args.target.name).await?;
        }
        if !self.list(Kind::Job, Resource::JOBS, none()).await?
            && args.target.kind != Some(TargetKind::CronJob)
        {
            self.get(Kind::Job, &Resource::JOBS, &args.target.name).await?;
        }
        if let Some(why) = self.known.why_unfindable(&args.target) {
            bail!("cannot tell about {}: {}", args.target, plain(&why));
        }
        // Only Pods of Jobs have the label, on every version.
        self.list(Kind::Pod, Resource::PODS, Selection { labels: Some("job-name".to_owned()), ..none() })
            .await?;
        for about in ["CronJob", "Job", "Pod"] {
            if about == "CronJob" && !may_be_cron_job {
                continue;
            }
            let fields = Some(format!("involvedObject.kind={about}"));
            if !self.list(Kind::Event, Resource::EVENTS, Selection { fields, ..none() }).await? {
                break;
            }
        }
        self.list(Kind::ResourceQuota, Resource::known("", "v1", "ResourceQuota", "resourcequotas"), none())
            .await?;
        let accounts = Resource {
            metadata_only: true,
            ..Resource::known("", "v1", "ServiceAccount", "serviceaccounts")
        };
        self.list(Kind::ServiceAccount, accounts, none()).await?;
        Ok(())
    }

    /// Reads all objects of a kind in the namespace. Returns whether the rights allow it.
    async fn list(&mut self, kind: Kind, resource: Resource, selection: Selection) -> Result<bool> {
        let selection = Selection { namespace: Some(self.namespace.clone()), ..selection };
        let mut pages = self.reader.list(resource, selection);
        let mut count = 0;
        while let Some(answer) = pages.next().await? {
            let page = match answer {
                Answer::Given(page) => page,
                Answer::Forbidden(right) => {
                    self.known.could_not_read(kind, format!("no right to {right}"));
                    return Ok(false);
                }
                Answer::NotServed(resource) => {
                    self.known.could_not_read(kind, format!("the API server does not serve {resource}"));
                    return Ok(false);
                }
            };
            for object in page.objects() {
                let Ok(object) = serde_json::from_str::<Value>(object) else { continue };
                self.known.add(kind, &object);
                if let Some(collected) = &mut self.collected {
                    collected.add(kind, &object);
                }
                count += 1;
            }
            if count >= MOST {
                self.notes.push(format!(
                    "there are more than {MOST} {}s in the namespace: the others were not read",
                    kind.as_str()
                ));
                break;
            }
        }
        if pages.is_cut_off() {
            self.notes
                .push(format!("the list of {}s broke off: the rest of them is not known", kind.as_str()));
        }
        self.known.was_read(kind);
        Ok(true)
    }

    /// Reads one object, where the list of all of them is not allowed.
    async fn get(&mut self, kind: Kind, resource: &Resource, name: &str) -> Result<()> {
        if let Answer::Given(Some(object)) = self.reader.get(resource, Some(&self.namespace), name).await?
            && let Ok(object) = serde_json::from_str::<Value>(object.get())
        {
            self.known.add(kind, &object);
            if let Some(collected) = &mut self.collected {
                collected.add(kind, &object);
            }
        }
        Ok(())
    }
}
