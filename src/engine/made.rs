//! The verdict on an object whose Jobs a controller makes: on each of them, with places in the outer object.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::embedded::{MadeJob, Misplaced, Outer, Slot, TooManyJobs};
use crate::mutate;
use crate::policy::{Defaults, Existing, Policy};
use jobguard_apiserver::{Cause, Decoded, Server, Topic, Workload};
use jobguard_manifest::{FieldPath, Segment};

use super::corrected::{self, Compared, Faulty, Variant};
use super::{
    Author, Check, Context, Finding, Fix, Input, Object, Severity, SuppressionCheck, TextFacts, Verdict,
    Written, check, check_update, fold, remarks, server_findings, subject_by,
};

/// How the Jobs of an object are judged.
#[derive(Debug, Clone, Copy)]
pub struct MadeOptions<'a> {
    /// The server that reads them.
    pub reader: &'a Server,
    /// The text that they stand in; none where only what is left of it is known, and fields that no type has are nobody's
    /// business any more.
    pub text: Option<&'a str>,
    /// Whether the policy's defaults are filled in first.
    pub fills: bool,
}

/// The verdict on the Jobs of an object.
#[derive(Debug)]
pub struct MadeVerdict {
    /// What there is to report, of the outer object.
    pub verdict: Verdict,
    /// Whether each Job could be read as one, and so was checked by all rules.
    pub is_read: bool,
    /// Where Jobs should stand, in an object that has none; on UPDATE where the stored version has.
    pub lacks: Option<FieldPath>,
    /// The key beside, which is perhaps meant to be that field.
    pub misspelt: Option<String>,
}

/// The verdict on the Jobs of an object, each as its controller would make it; on UPDATE with the stored version.
///
/// # Errors
///
/// Where there are more Jobs than are judged.
pub fn check_made(
    outer: &Outer<'_, '_>,
    old: Option<&Outer<'_, '_>>,
    context: &Context<'_>,
    options: MadeOptions<'_>,
) -> Result<MadeVerdict, TooManyJobs> {
    let slots = outer.slots()?;
    let stored = match old {
        Some(old) => old.slots().ok().map(|slots| (old, slots)),
        None => None,
    };
    let excuses = context.policy.existing_at(context.now) == Existing::Warn;
    let mut all = Gathered { is_unread: !slots.misplaced.is_empty(), ..Gathered::default() };
    for Misplaced { path, problem } in slots.misplaced {
        let stood = stored.iter().any(|(_, old)| old.misplaced.iter().any(|other| other.path == path));
        let severity = if stood && excuses { Severity::Warning } else { Severity::Error };
        let mut finding = context.registry.of_topic(Topic::Type).finding(severity, path, problem);
        finding.cause = Some(Cause::TypeInvalid);
        all.verdict.findings.push(finding);
    }
    let lacks = slots.lacks.filter(|_| !excuses || stored.iter().all(|(_, old)| old.lacks.is_none()));
    let before: BTreeMap<FieldPath, (&Outer<'_, '_>, Slot)> = stored
        .into_iter()
        .flat_map(|(old, slots)| slots.all.into_iter().map(move |slot| (old.name_of(&slot), (old, slot))))
        .collect();
    // What is made is known by the labels of its owner, too.
    let labels = outer.labels();
    let author = Author { owner_labels: Some(&labels), ..context.author };
    let context = Context { input: Input::Alone, author, ..*context };
    for slot in &slots.all {
        if context.is_cancelled() {
            break;
        }
        let (job, decoded) = decode(outer, slot, options.reader);
        all.is_unread |= decoded.workload.is_none();
        let stored = before
            .get(&outer.name_of(slot))
            .map(|(old, slot)| Stored::of(decode(old, slot, options.reader), &context, options));
        let mut verdict = verdict(&job, decoded, stored.as_ref(), &context, options);
        // Old objects stay editable. A file is said to be wrong as long as it is.
        if let (Some(stored), true, None) = (&stored, excuses, options.text) {
            stored.excuse(&mut verdict.findings);
        }
        all.add(outer, &job, verdict);
    }
    all.verdict.cancelled |= context.is_cancelled();
    let misspelt = lacks.as_ref().and_then(|path| outer.misspelt(path)).map(str::to_owned);
    Ok(MadeVerdict { is_read: !all.is_unread, lacks, misspelt, verdict: all.finish() })
}

/// The Jobs of an object as the server would see them, each with its place; none for one of which nothing is left without
/// the values of a wrong type. With `fills`, the policy's defaults are filled in.
///
/// # Errors
///
/// Where there are more Jobs than are judged.
pub fn made_objects(
    outer: &Outer<'_, '_>,
    policy: &Policy,
    fills: bool,
) -> Result<Vec<(FieldPath, Option<Object>)>, TooManyJobs> {
    let options = MadeOptions { reader: &policy.server, text: None, fills };
    let slots = outer.slots()?;
    let labels = outer.labels();
    let author = Author { owner_labels: Some(&labels), ..Author::default() };
    let object = |slot: &Slot| {
        let (job, mut decoded) = decode(outer, slot, options.reader);
        let written = decoded.workload.take();
        let workload = written.or_else(|| Some(faulty(&job, &decoded, options).without_mistyped()?.workload));
        let object = workload.map(|workload| {
            made_under(&job, workload, TextFacts::default(), (policy, None, author), options)
        });
        (outer.name_of(slot), object)
    };
    Ok(slots.all.iter().filter(|slot| slot.holds_job()).map(object).collect())
}

/// A Job of the stored version.
struct Stored {
    /// As the server would see it, without the values of a wrong type; none where nothing is left of it.
    object: Option<Object>,
    /// The values of a wrong type.
    mistyped: HashSet<FieldPath>,
    is_read: bool,
}

impl Stored {
    fn of(
        (job, mut decoded): (MadeJob<'_>, Decoded),
        context: &Context<'_>,
        options: MadeOptions<'_>,
    ) -> Self {
        let written = decoded.workload.take();
        let is_read = written.is_some();
        let workload = written.or_else(|| Some(faulty(&job, &decoded, options).without_mistyped()?.workload));
        Self {
            object: workload.map(|workload| made(&job, workload, TextFacts::default(), context, options)),
            mistyped: decoded.mistyped.into_iter().map(|one| one.path).collect(),
            is_read,
        }
    }

    /// What could not be read before does not become worse.
    fn excuse(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|finding| corrected::is_about_type(finding)) {
            let stood = self.mistyped.contains(&finding.path);
            if stood || (!self.is_read && finding.path == FieldPath::root()) {
                finding.severity = finding.severity.min(Severity::Warning);
            }
        }
    }
}

fn faulty<'a>(job: &'a MadeJob<'_>, decoded: &'a Decoded, options: MadeOptions<'a>) -> Faulty<'a> {
    Faulty {
        server: options.reader,
        tree: &job.tree,
        node: job.tree.root(),
        kind: job.kind,
        text: options.text.unwrap_or_default(),
        decoded,
    }
}

/// Decodes a Job. A placeholder of the controller's fits wherever it stands.
fn decode<'t>(outer: &Outer<'_, 't>, slot: &Slot, reader: &Server) -> (MadeJob<'t>, Decoded) {
    let job = outer.make(slot, &BTreeSet::new());
    let decoded = reader.decode(&job.tree, job.tree.root(), job.kind);
    let is_placeholder =
        |path: &FieldPath| job.places.exact(path).is_some_and(|there| outer.is_placeholder(&there));
    let filled_in: BTreeSet<FieldPath> = decoded
        .mistyped
        .iter()
        .filter(|mistyped| is_placeholder(&mistyped.path))
        .map(|mistyped| as_fields(&mistyped.path))
        .collect();
    if filled_in.is_empty() {
        return (job, decoded);
    }
    let job = outer.make(slot, &filled_in);
    let decoded = reader.decode(&job.tree, job.tree.root(), job.kind);
    (job, decoded)
}

/// The path with keys of maps as fields.
fn as_fields(path: &FieldPath) -> FieldPath {
    path.segments().iter().fold(FieldPath::root(), |path, segment| match segment {
        Segment::Field(name) | Segment::Key(name) => path.field(name.clone()),
        Segment::Index(index) => path.index(*index),
    })
}

/// The Job as the server would see it.
fn made(
    job: &MadeJob<'_>,
    workload: Workload,
    text: TextFacts,
    context: &Context<'_>,
    options: MadeOptions<'_>,
) -> Object {
    let Context { policy, namespace_labels, author, .. } = *context;
    made_under(job, workload, text, (policy, namespace_labels, author), options)
}

/// The same, of a policy and what its overrides match on.
fn made_under(
    job: &MadeJob<'_>,
    workload: Workload,
    text: TextFacts,
    (policy, namespace_labels, author): (&Policy, Option<&BTreeMap<String, String>>, Author<'_>),
    options: MadeOptions<'_>,
) -> Object {
    let defaults = options.fills.then(|| {
        let subject = subject_by(&workload, namespace_labels, author);
        // Nobody writes the schedule of the outer object anew: it is the object's own, also where it is read as a CronJob.
        Defaults { spread_minutes: false, ..policy.settings_for(&subject).defaults.clone() }
    });
    let policy_of = |workload: &Workload| {
        workload.job_spec().and_then(|spec| spec.template.spec.as_ref()?.restart_policy.clone())
    };
    // Of an object that is sent to a server, `Always` may be the server's own default; in a template somebody wrote it.
    let written = policy_of(&workload).filter(|policy| policy == "Always");
    let fill = |workload: &mut Workload| {
        let Some(defaults) = &defaults else { return false };
        let changes = mutate::fill(workload, defaults);
        if let (Some(_), Some(pod)) = (&written, workload.job_spec_mut().template.spec.as_mut()) {
            pod.restart_policy.clone_from(&written);
        }
        !changes.is_empty()
    };
    Object::made(&policy.server, workload, fill, job.maker.clone()).with_text(text)
}

/// The verdict on one Job, with places in itself.
fn verdict(
    job: &MadeJob<'_>,
    mut decoded: Decoded,
    stored: Option<&Stored>,
    context: &Context<'_>,
    options: MadeOptions<'_>,
) -> Verdict {
    let mut findings: Vec<Finding> = server_findings(&decoded.complaints, context.registry).collect();
    if options.text.is_none() {
        findings.retain(corrected::is_about_type);
    }
    let dropped = std::mem::take(&mut decoded.dropped);
    let written = decoded.workload.take();
    let is_read = written.is_some();
    if !is_read && !findings.iter().any(corrected::is_about_type) {
        let rule = context.registry.of_topic(Topic::Type);
        findings.push(rule.finding(Severity::Error, FieldPath::root(), "cannot be read as a Job"));
    }
    let faulty = faulty(job, &decoded, options);
    // With values of a wrong type there is no Job; what is left of it is judged all the same.
    let variant = match written {
        Some(workload) => Some(Variant { value: None, workload }),
        None => faulty.without_mistyped(),
    };
    let Some(variant) = variant else {
        let folded = fold(&mut findings);
        return Verdict { findings, folded, ..Verdict::default() };
    };
    let remarks = options.text.map(|text| {
        let written = Written { tree: &job.tree, node: job.tree.root(), text };
        remarks(written, context.registry)
    });
    // A chart's hooks are the objects that it renders, not what a controller makes of them.
    let facts = TextFacts { remarks: remarks.unwrap_or_default(), dropped, chart: None };
    let judge = |Variant { workload, .. }| {
        let object = made(job, workload, facts.clone(), context, options);
        match stored.and_then(|stored| stored.object.as_ref()) {
            Some(stored) => check_update(stored, &object, context),
            None => check(&object, context),
        }
    };
    let mut verdict = judge(variant);
    findings.append(&mut verdict.findings);
    verdict.folded.extend(fold(&mut findings));
    // Fields that no type has are not there for the server that asks.
    let other = faulty.corrected().filter(|_| !is_read || options.text.is_some()).map(judge);
    if let Some(other) = &other {
        let compared = Compared::with(other, &decoded, is_read);
        let depend = compared.take(&mut findings);
        if !is_read {
            let mut waiting = corrected::rules_of(&depend);
            waiting.extend(compared.found_there_alone(&findings));
            corrected::settle_mistyped(&mut findings, waiting);
        }
        verdict.folded.extend(depend);
    }
    verdict.findings = findings;
    verdict
}

/// The verdicts on the Jobs of one object, put together.
#[derive(Debug, Default)]
struct Gathered {
    verdict: Verdict,
    is_unread: bool,
    jobs: usize,
    /// What is said already, as several Jobs are made from the same field.
    said: HashSet<(&'static str, FieldPath, String)>,
    /// What is said of the annotation, which is there once for all of them, and by how many.
    of_annotation: HashMap<(&'static str, String), (Finding, usize)>,
    /// What does not count already.
    suppressed: HashSet<(&'static str, FieldPath, String)>,
}

impl Gathered {
    fn add(&mut self, outer: &Outer<'_, '_>, job: &MadeJob<'_>, verdict: Verdict) {
        self.jobs += 1;
        let Verdict { findings, folded, suppressed, incomplete, questions, cancelled, .. } = verdict;
        let whole = &mut self.verdict;
        whole.incomplete |= incomplete;
        whole.questions.append(questions);
        whole.cancelled |= cancelled;
        let outside = |finding| in_outer(outer, job, finding);
        for finding in findings.into_iter().filter_map(outside) {
            // The annotation of a template is that of its own Job alone.
            let is_of_outer = finding.path.segments().first() == Some(&Segment::Field("metadata".into()));
            if matches!(finding.rule.check, Check::Suppression(_)) && is_of_outer {
                let key = (finding.rule.id(), finding.message.clone());
                self.of_annotation.entry(key).or_insert((finding, 0)).1 += 1;
            } else if self.said.insert(what_is_said(&finding)) {
                whole.findings.push(finding);
            }
        }
        whole.folded.extend(folded.into_iter().filter_map(outside));
        for finding in suppressed.into_iter().filter_map(outside) {
            if self.suppressed.insert(what_is_said(&finding)) {
                whole.suppressed.push(finding);
            }
        }
    }

    /// A name in the annotation is of use where one of the Jobs has use for it.
    fn finish(mut self) -> Verdict {
        let is_unused =
            |finding: &Finding| matches!(finding.rule.check, Check::Suppression(SuppressionCheck::Unused(_)));
        // What counts for one of the Jobs counts.
        self.verdict.suppressed.retain(|finding| !self.said.contains(&what_is_said(finding)));
        let mut of_all: Vec<Finding> = self
            .of_annotation
            .into_values()
            .filter(|(finding, count)| *count == self.jobs || !is_unused(finding))
            .map(|(finding, _)| finding)
            .collect();
        of_all.sort_by(|a, b| (a.rule.id(), &a.message).cmp(&(b.rule.id(), &b.message)));
        self.verdict.findings.extend(of_all);
        self.verdict
    }
}

/// What a finding says, of which rule and where.
fn what_is_said(finding: &Finding) -> (&'static str, FieldPath, String) {
    (finding.rule.id(), finding.path.clone(), finding.message.clone())
}

/// A finding about a Job as one about the outer object; none where the controller alone decides on the field, or will
/// fill it in.
fn in_outer(outer: &Outer<'_, '_>, job: &MadeJob<'_>, finding: Finding) -> Option<Finding> {
    let path = job.places.outer(&finding.path)?;
    // A hint about a value that nobody chose says nothing to anyone.
    if finding.severity == Severity::Info && job.is_defaulted(&finding.path) {
        return None;
    }
    let at = match &finding.at {
        Some(at) => Some(job.places.outer(at)?),
        None => None,
    };
    let mut related = Vec::with_capacity(finding.related.len());
    for mut one in finding.related {
        if let Some(there) = job.places.outer(&one.path) {
            one.path = there;
            related.push(one);
        }
    }
    let is_filled_in = related
        .iter()
        .map(|related| &related.path)
        .chain([&path])
        .chain(&at)
        .any(|place| outer.is_placeholder(place));
    if is_filled_in {
        return None;
    }
    let fix = finding.fix.and_then(|fix| {
        let edits = fix.edits.iter().map(|edit| job.places.edit(edit)).collect::<Option<Vec<_>>>()?;
        Some(Fix { edits, ..fix })
    });
    let help = finding.help.map(|help| outer.kind.in_own_words(help));
    Some(Finding { path, at, related, fix, help, relation: None, ..finding })
}
