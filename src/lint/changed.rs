//! The verdict on a manifest of an object that is stored already.

use serde_json::Value;

use crate::deploy_tool::{Hook, Replaced, Replacement};
use crate::engine::{Context, Finding, Object, Severity, TextFacts, Verdict, check, check_update};
use crate::mutate;
use crate::policy::Defaults;
use crate::rules;
use jobguard_apiserver::Workload;

use super::old::{Change, StoredObject, place_in_manifest};

/// A stored object that is to be changed, and how.
pub(super) struct Changed<'a> {
    pub(super) stored: &'a StoredObject,
    pub(super) change: Change,
    /// The policy's, where they are to be filled in.
    pub(super) defaults: Option<&'a Defaults>,
    pub(super) context: &'a Context<'a>,
}

impl Changed<'_> {
    /// The verdict on `written`, whose JSON is `json`. A tool that deletes the stored Job first, or never changes one, creates the
    /// new one: then that is what is judged.
    pub(super) fn lint(&self, json: impl FnOnce() -> Value, written: Workload, text: TextFacts) -> Verdict {
        let replacement = match (self.change, &written) {
            (Change::Apply, Workload::Job(job)) => Replacement::of(&job.metadata),
            _ => None,
        };
        let is_only_created = match (self.change, &written) {
            (Change::Apply, Workload::Job(job)) => {
                Hook::of(&job.metadata).is_some_and(|hook| hook.is_only_created(&job.metadata))
            }
            _ => false,
        };
        match replacement {
            None if is_only_created => self.create(written, text),
            None => self.change(json, written, text),
            Some(Replacement { replaced: Replaced::AsHook, .. }) => self.create(written, text),
            Some(replacement) => {
                let verdict = self.change(json, written.clone(), text.clone());
                let refused = verdict.findings.iter().find(|finding| is_immutable(finding));
                let note = refused.map(|refused| remark(&replacement, refused));
                if note.is_none() && replacement.replaced == Replaced::IfRefused {
                    return verdict;
                }
                let mut verdict = self.create(written, text);
                verdict.findings.extend(note);
                verdict
            }
        }
    }

    fn change(&self, json: impl FnOnce() -> Value, written: Workload, text: TextFacts) -> Verdict {
        let server = &self.context.policy.server;
        let old = &self.stored.object;
        let fill = |workload: &mut Workload| {
            self.defaults
                .is_some_and(|defaults| !mutate::fill_update(workload, old.workload(), defaults).is_empty())
        };
        let applied = match self.change {
            Change::Apply => self.stored.apply(server, &json()),
            Change::Replace => None,
        };
        let Some((merged, places)) = applied else {
            let mut written = written;
            self.stored.put(&mut written);
            let object = Object::updated(server, written, old, fill);
            return check_update(old, &object.with_text(text), self.context);
        };
        let object = Object::updated(server, merged, old, fill);
        let mut verdict = check_update(old, &object.with_text(text), self.context);
        for findings in [&mut verdict.findings, &mut verdict.folded, &mut verdict.suppressed] {
            place_in_manifest(findings, &places);
        }
        verdict
    }

    fn create(&self, written: Workload, text: TextFacts) -> Verdict {
        let object = Object::created(&self.context.policy.server, written, |workload| {
            self.defaults.is_some_and(|defaults| !mutate::fill(workload, defaults).is_empty())
        });
        check(&object.with_text(text), self.context)
    }
}

fn is_immutable(finding: &Finding) -> bool {
    finding.rule == &rules::api_immutable::RULE && finding.severity == Severity::Error
}

/// What happens instead of a change that would be `refused`.
fn remark(replacement: &Replacement, refused: &Finding) -> Finding {
    let Replacement { tool, asked_by, .. } = replacement;
    let message =
        format!("this change replaces the Job: {tool} deletes it and creates it again, so it runs again");
    let mut finding = rules::api_immutable::RULE.finding(Severity::Info, refused.path.clone(), message);
    finding.at.clone_from(&refused.at);
    finding.help = Some(format!("{asked_by} asks for this; the changed fields are immutable"));
    finding
}
