//! What becomes of a change that is at fault where the stored object is at fault already.
//!
//! Old objects stay editable, and are not made worse: a finding that the stored object has as well, and as badly, is a
//! warning; what is new or worse is denied. The stored object is judged by the same policy, with the settings and the
//! annotation that hold for *it*: what an override or the annotation let pass stands in no finding, and excuses nothing.
//!
//! Findings are the same when they are of one rule at one field. Elements of lists are known by what names them, not by
//! their position, and each finding of the stored object excuses one at most.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{Finding, Object, Severity, Weight};
use jobguard_apiserver::{Cause, Workload};
use jobguard_manifest::{FieldPath, Segment};

/// What names the elements of a list: its field, and pointers into an element. Where none of them is there, all that
/// the element holds.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("hostAliases", &["/ip"]),
    ("items", &["/key", "/path"]),
    ("matchExpressions", &["/key", "/operator"]),
    ("ownerReferences", &["/uid"]),
    ("ports", &["/containerPort", "/protocol"]),
    ("restartPolicyRules", &["/action", "/exitCodes/operator"]),
    // Of a podFailurePolicy: what it looks at. Which codes exactly may be corrected.
    ("rules", &["/action", "/onExitCodes/containerName", "/onExitCodes/operator", "/onPodConditions/0/type"]),
    ("tolerations", &["/key", "/operator", "/effect"]),
    ("topologySpreadConstraints", &["/topologyKey", "/whenUnsatisfiable"]),
    ("volumeDevices", &["/devicePath"]),
    ("volumeMounts", &["/mountPath"]),
];

/// Longer names are shortened to their start and a hash of the whole, in bytes.
const MAX_NAME: usize = 128;

/// What makes a finding the same in two versions of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    rule: &'static str,
    /// None for what is about the object as a whole.
    field: Option<FieldPath>,
    cause: Option<Cause>,
    about: Option<Cow<'static, str>>,
}

/// Whether what is stored can excuse this finding: the policy denies it.
pub(super) fn concerns(finding: &Finding) -> bool {
    finding.severity == Severity::Error && finding.rule.spec.is_settable()
}

/// Makes warnings of those `findings` about `new` that `before`, what was found about `old`, excuses. Takes time in
/// proportion to findings and to the size of the objects.
pub(super) fn excuse(
    (old, before): (&Object, &[Finding]),
    (new, findings): (&Object, &mut [Finding]),
    remark: Option<&str>,
) {
    let mut stood: HashMap<Identity, BTreeMap<Option<Weight>, usize>> = HashMap::new();
    let mut names = Names::of(old);
    for finding in before.iter().filter(|finding| concerns(finding)) {
        *stood.entry(names.identity(finding)).or_default().entry(finding.weight).or_default() += 1;
    }
    if stood.is_empty() {
        return;
    }
    let mut names = Names::of(new);
    for finding in findings.iter_mut().filter(|finding| concerns(finding)) {
        let Some(weights) = stood.get_mut(&names.identity(finding)) else { continue };
        // The lightest that is as bad, so that a worse one is left for what is worse. Few weigh by two numbers, and those
        // that do are found once in an object.
        let as_bad = |old: Option<Weight>| match (old, finding.weight) {
            (Some(old), Some(new)) => old.covers(new),
            (_, new) => new.is_none(),
        };
        let mut heavier = weights.range_mut(finding.weight..);
        let Some((&weight, count)) = heavier.find(|(weight, _)| as_bad(**weight)) else { continue };
        *count -= 1;
        if *count == 0 {
            weights.remove(&weight);
        }
        finding.severity = Severity::Warning;
        finding.ratcheted = true;
        if let Some(remark) = remark {
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help}; {remark}"),
                None => remark.to_owned(),
            });
        }
    }
}

/// The names of elements of lists in one object.
struct Names<'o> {
    object: &'o Object,
    /// Made when the first path goes through a list.
    spec: Option<Value>,
    /// By the address of the element in `spec`, which does not move: a long name is looked at once.
    known: HashMap<usize, String>,
}

impl<'o> Names<'o> {
    fn of(object: &'o Object) -> Self {
        Self { object, spec: None, known: HashMap::new() }
    }

    fn identity(&mut self, finding: &Finding) -> Identity {
        Identity {
            rule: finding.rule.id(),
            field: (!finding.of_whole).then(|| self.named(finding.place())),
            cause: finding.cause,
            about: finding.about.clone(),
        }
    }

    /// The path, with names in the place of positions.
    fn named(&mut self, path: &FieldPath) -> FieldPath {
        let in_list = path.segments().iter().any(|segment| matches!(segment, Segment::Index(_)));
        let [Segment::Field(first), below @ ..] = path.segments() else { return path.clone() };
        if !in_list || first != "spec" {
            return path.clone();
        }
        let object = self.object;
        let spec = self.spec.get_or_insert_with(|| {
            // What cannot be written as JSON has no names: its elements are known by their positions.
            let spec = match object.workload() {
                Workload::Job(job) => serde_json::to_value(&job.spec),
                Workload::CronJob(cron_job) => serde_json::to_value(&cron_job.spec),
            };
            spec.unwrap_or_default()
        });
        let mut named = FieldPath::root().field("spec");
        let mut at: Option<&Value> = Some(spec);
        let mut list = "";
        for segment in below {
            match segment {
                Segment::Field(name) | Segment::Key(name) => {
                    at = at.and_then(|value| value.get(name.as_ref()));
                    list = name;
                    named.push(segment.clone());
                }
                Segment::Index(index) => {
                    at = at.and_then(|value| value.get(*index));
                    let Some(element) = at else {
                        named.push(segment.clone());
                        continue;
                    };
                    let address = std::ptr::from_ref(element).addr();
                    let name = self.known.entry(address).or_insert_with(|| name_of(list, element));
                    named.push(Segment::Key(Cow::Owned(name.clone())));
                }
            }
        }
        named
    }
}

/// What tells `element` from others in the list `list`.
fn name_of(list: &str, element: &Value) -> String {
    let pointers = NAMED_BY.iter().find(|(field, _)| *field == list).map_or(&["/name"][..], |(_, by)| by);
    let parts: Vec<Option<&Value>> = pointers.iter().map(|pointer| element.pointer(pointer)).collect();
    let name = match parts.as_slice() {
        [Some(Value::String(name))] => name.clone(),
        parts if parts.iter().any(Option::is_some) => {
            let texts = parts.iter().map(|part| part.map(Value::to_string).unwrap_or_default());
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => element.to_string(),
    };
    if name.len() <= MAX_NAME {
        return name;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let start: String = name.chars().take(MAX_NAME / 4).collect();
    format!("{start}… {:016x} {}", hasher.finish(), name.len())
}
