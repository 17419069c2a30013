//! `template/unexpanded`

use serde_json::Value;

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Precedence, Rule, RuleContext, Sink, any_text};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::{JOB_NAME_LABELS, Kind, Workload};
use jobguard_manifest::{At, FieldPath};

/// A template that has been taken for a manifest.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "template/unexpanded",
        summary: "a placeholder of a template has not been filled in",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Deny, Level::Deny),
        options: &[],
    },
    docs: Docs {
        what: "A placeholder where a value must stand: `$ITEM`, `${ITEM}` or `$(ITEM)`; `{{ item }}` or `{% ... %}` \
               of Jinja, Go and Helm; `<no value>`, `<nil>` or `%!s(<nil>)`, which Go templates leave where they \
               were given nothing. It is looked for in names, labels, images, schedules, references to other \
               objects and the like.\n\n\
               Not in what is a program's own business: `command`, `args`, values of `env`, probes and hooks, \
               where `$VAR` and `$(VAR)` are legal, and annotations. In a path `$ITEM` is a placeholder only in \
               capitals and at the beginning of a word, since directories have names such as `$Extend`; in names of \
               users and the like (`DOM\\svc$batch`) it is none. One finding is made for each object, at the first \
               placeholder.",
        why: "Template expansion makes many Jobs from one file: a script fills in each item, and the results are \
              applied. The template itself is no manifest. At best the API server refuses it, with words about \
              characters in names; where the field takes any text, a Job is made that pulls the image `$IMAGE`.",
        examples: &[
            Example::bad(
                "the template itself",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: process-item-$ITEM
  labels:
    jobgroup: jobexample
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox:1.36
        command: ["sh", "-c", "echo Processing item $ITEM && sleep 5"]
"#,
            ),
            Example::bad(
                "a value that the chart was not given",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
spec:
  schedule: "15 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: "example.com/report:<no value>"
"#,
            ),
            Example::good(
                "expanded for one item",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: process-item-apple
  labels:
    jobgroup: jobexample
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox:1.36
        command: ["sh", "-c", "echo Processing item $ITEM && sleep 5"]
        env:
        - name: ITEM
          value: apple
        - name: GREETING
          value: Hello $(ITEM)
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/job/parallel-processing-expansion/",
            "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverObjections],
    cel: None,
};

/// Fields that hold a program's own business, or free text; nothing below them is looked at.
const FREE: [&str; 10] = [
    "annotations",
    "args",
    "command",
    "lifecycle",
    "livenessProbe",
    "options",
    "readinessProbe",
    "startupProbe",
    "subPathExpr",
    "volumeAttributes",
];
/// Fields that hold a path. `$(VAR)` in one is a mistake of another kind: only `subPathExpr` expands it.
const PATHS: [&str; 11] = [
    "devicePath",
    "directory",
    "keyring",
    "localhostProfile",
    "mountPath",
    "path",
    "secretFile",
    "subPath",
    "terminationMessagePath",
    "volumePath",
    "workingDir",
];
/// Fields that hold what another system understands: users, shares, disks.
const TEXTS: [&str; 11] = [
    "diskName",
    "diskURI",
    "gmsaCredentialSpec",
    "monitors",
    "prefix",
    "repository",
    "revision",
    "runAsUserName",
    "shareName",
    "user",
    "volumeID",
];
/// Fields that hold a map with free keys.
const MAPS: [&str; 6] = ["labels", "limits", "matchLabels", "nodeSelector", "overhead", "requests"];
/// How many places are named.
const MAX_PLACES: usize = 4;
/// The most that a message quotes of a placeholder, in characters.
const QUOTE: usize = 40;

/// What a dollar may mean in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// Names, images, labels and the like: a dollar is never meant.
    Name,
    /// In a path a name may begin with one.
    Path,
    /// A character as any other.
    Text,
}

impl Grammar {
    /// That of the field `name` below `parent`.
    fn of(parent: &str, name: &str) -> Self {
        if PATHS.contains(&name) {
            Self::Path
        } else if TEXTS.contains(&name)
            || matches!((parent, name), ("env", "name") | ("sysctls", "value") | ("seLinuxOptions", _))
        {
            Self::Text
        } else {
            Self::Name
        }
    }
}

fn has_placeholder(text: &str) -> bool {
    placeholder(text, Grammar::Name).is_some()
}

/// Whether there is a placeholder in any place that is looked at, and perhaps in some others.
fn is_suspect(object: &Object) -> bool {
    let metadata = object.metadata();
    let names = [&metadata.name, &metadata.generate_name, &metadata.namespace];
    names.into_iter().flatten().any(|name| has_placeholder(name))
        || metadata.labels.as_ref().is_some_and(|labels| any_text(labels, has_placeholder))
        || match object.workload() {
            Workload::Job(job) => any_text(&job.spec, has_placeholder),
            Workload::CronJob(cron_job) => any_text(&cron_job.spec, has_placeholder),
        }
}

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    // Nearly no manifest has one, and to say so must cost nearly nothing.
    if !is_suspect(object) {
        return;
    }
    let mut places = Places::default();
    look(object, &mut places);
    let count = places.count;
    let mut places = places.first.into_iter();
    let Some(Place { path, text, style }) = places.next() else { return };
    let (message, help) = match style {
        Style::Lost => (
            format!("{text:?} is what a template leaves where it was given no value"),
            "give the template the value that it asks for, and render it again",
        ),
        Style::Shell => (
            not_a_manifest(&text, object.kind()),
            "template expansion comes first: sed or envsubst makes a manifest of it for each value",
        ),
        Style::Braces => (
            not_a_manifest(&text, object.kind()),
            "template expansion comes first: render it with helm template, or with the program that its Jinja is \
             written for",
        ),
    };
    // It is one mistake, wherever it shows first.
    let mut report = sink.report(path, message).of_whole().weight(count).help(help);
    for place in places {
        report = report.related(place.path, format!("{:?} here", place.text));
    }
}

fn not_a_manifest(text: &str, kind: Kind) -> String {
    format!("{text:?} has not been filled in: this is a template for {}s, and not yet one", kind.as_str())
}

/// Where a placeholder stands.
struct Place {
    path: FieldPath,
    /// The placeholder, cut short.
    text: String,
    style: Style,
}

/// The places found.
#[derive(Default)]
struct Places {
    first: Vec<Place>,
    /// How many there are in all.
    count: usize,
}

/// Gathers the first places of `object`, and counts all.
fn look(object: &Object, places: &mut Places) {
    let metadata = object.metadata();
    let root = At::root();
    let at = root.field("metadata");
    // A name that the server has made from generateName shows the same fault once more.
    let generated = metadata.generate_name.as_deref().filter(|prefix| !prefix.is_empty());
    match generated {
        Some(prefix) => look_at(prefix, &at.field("generateName"), Grammar::Name, places),
        None => {
            look_at(metadata.name.as_deref().unwrap_or_default(), &at.field("name"), Grammar::Name, places)
        }
    }
    look_at(metadata.namespace.as_deref().unwrap_or_default(), &at.field("namespace"), Grammar::Name, places);
    let (spec, template) = match object.workload() {
        Workload::Job(job) => {
            let template = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
            (serde_json::to_value(&job.spec), template.and_then(|metadata| metadata.labels.as_ref()))
        }
        Workload::CronJob(cron_job) => (serde_json::to_value(&cron_job.spec), None),
    };
    for (key, value) in metadata.labels.iter().flatten() {
        // A Job without labels of its own has those of its Pods, which are looked at below.
        if template.and_then(|labels| labels.get(key)) != Some(value) {
            let label = at.field("labels");
            look_at(key, &label.key(key), Grammar::Name, places);
            look_at(value, &label.key(key), Grammar::Name, places);
        }
    }
    if let Ok(spec) = spec {
        walk(&spec, "spec", Grammar::Name, &root.field("spec"), places);
    }
}

/// Looks at all texts in `value`, which is the value, or an element, of `field`.
fn walk(value: &Value, field: &str, grammar: Grammar, at: &At<'_>, places: &mut Places) {
    match value {
        Value::String(text) => look_at(text, at, grammar, places),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, field, grammar, &at.index(index), places);
            }
        }
        Value::Object(entries) if MAPS.contains(&field) => {
            // The server makes these from the Job's name.
            let own = entries.iter().filter(|(key, _)| !JOB_NAME_LABELS.contains(&key.as_str()));
            for (key, value) in own {
                look_at(key, &at.key(key), Grammar::Name, places);
                walk(value, key, Grammar::Name, &at.key(key), places);
            }
        }
        Value::Object(entries) => {
            for (name, value) in entries {
                let is_free = FREE.contains(&name.as_str()) || (field == "env" && name == "value");
                // The server makes the one out of the other.
                let is_mirrored = name == "serviceAccount" && entries.contains_key("serviceAccountName");
                if !is_free && !is_mirrored {
                    walk(value, name, Grammar::of(field, name), &at.field(name), places);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn look_at(text: &str, at: &At<'_>, grammar: Grammar, places: &mut Places) {
    if let Some((placeholder, style)) = placeholder(text, grammar) {
        places.count += 1;
        if places.first.len() >= MAX_PLACES {
            return;
        }
        let path = at.to_path();
        if places.first.last().is_none_or(|last| last.path != path) {
            places.first.push(Place { path, text: placeholder.chars().take(QUOTE).collect(), style });
        }
    }
}

/// What kind of placeholder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `$ITEM`
    Shell,
    /// `{{ item }}`
    Braces,
    /// `<no value>`
    Lost,
}

/// Names with a dollar that Windows gives to files and folders of its own, as far as they are in capitals.
const OF_WINDOWS: [&str; 3] = ["MFT", "RECYCLE", "WINDOWS"];

/// The first placeholder in `text`, which stands in a field of this grammar. `${ITEM}` and the like are placeholders
/// everywhere, `$(ITEM)` in names alone, `$ITEM` there too, and in paths where it looks like one.
fn placeholder(text: &str, grammar: Grammar) -> Option<(&str, Style)> {
    // Asked of every text there is, and few have any of these: no byte is a reason to stop, so that many are looked at
    // in one step.
    let may = text.bytes().fold(false, |may, byte| may | matches!(byte, b'$' | b'{' | b'<' | b'%'));
    if !may {
        return None;
    }
    text.match_indices(['$', '{', '<', '%']).find_map(|(start, _)| {
        let rest = &text[start..];
        let until = |end: &str| rest.find(end).map_or(rest, |at| &rest[..at + end.len()]);
        let name = |from: usize| {
            let name = rest.get(from..).unwrap_or_default();
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            starts.then_some(from + length)
        };
        if rest.starts_with("{{") {
            Some((until("}}"), Style::Braces))
        } else if rest.starts_with("{%") {
            Some((until("%}"), Style::Braces))
        } else if rest.starts_with("${") && (name(2).is_some() || rest.starts_with("${{")) {
            Some((until(if rest.starts_with("${{") { "}}" } else { "}" }), Style::Shell))
        } else if rest.starts_with("$(") {
            let end = name(2).filter(|end| grammar == Grammar::Name && rest[*end..].starts_with(')'))?;
            Some((&rest[..=end], Style::Shell))
        } else if rest.starts_with('$') {
            let end = name(1)?;
            let begins_word = || !text[..start].ends_with(|c: char| c.is_alphanumeric());
            let in_capitals = || !rest[1..end].contains(|c: char| c.is_ascii_lowercase());
            let is_meant = match grammar {
                Grammar::Name => true,
                Grammar::Path => begins_word() && in_capitals() && !OF_WINDOWS.contains(&&rest[1..end]),
                Grammar::Text => false,
            };
            is_meant.then(|| (&rest[..end], Style::Shell))
        } else if let Some(lost) = ["<no value>", "<nil>"].into_iter().find(|lost| rest.starts_with(lost)) {
            Some((&rest[..lost.len()], Style::Lost))
        } else {
            // How Go prints a value that does not fit its verb: %!s(<nil>), %!d(string=x).
            let verb = rest.strip_prefix("%!")?.as_bytes();
            let is_misprint = verb.first().is_some_and(u8::is_ascii_alphabetic) && verb.get(1) == Some(&b'(');
            is_misprint.then(|| (until(")"), Style::Lost))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        use Style::{Braces, Lost, Shell};
        for (text, found) in [
            ("process-item-$ITEM", Some(("$ITEM", Shell))),
            ("a-${ITEM}-b", Some(("${ITEM}", Shell))),
            ("${ITEM:-apple}", Some(("${ITEM:-apple}", Shell))),
            ("${{ITEM}}", Some(("${{ITEM}}", Shell))),
            ("$(ITEM)", Some(("$(ITEM)", Shell))),
            ("jobs-{{ item }}-x", Some(("{{ item }}", Braces))),
            ("{{ item", Some(("{{ item", Braces))),
            ("{% for x in y %}", Some(("{% for x in y %}", Braces))),
            ("app:<no value>", Some(("<no value>", Lost))),
            ("<nil>", Some(("<nil>", Lost))),
            ("a-%!s(<nil>)-b", Some(("%!s(<nil>)", Lost))),
            ("%!d(string=x)", Some(("%!d(string=x)", Lost))),
            ("busybox:1.36", None),
            ("15 3 * * *", None),
            ("WebApp01$", None),
            ("$1", None),
            ("$(", None),
            ("$(a b)", None),
            ("${}", None),
            ("{a}", None),
            ("100%!", None),
            ("<none>", None),
            ("é$é", None),
        ] {
            assert_eq!(placeholder(text, Grammar::Name), found, "{text}");
        }
    }

    #[test]
    fn dollars_that_are_meant() {
        use Grammar::{Path, Text};
        let found = |text, grammar| placeholder(text, grammar).map(|(found, _)| found);
        for (text, in_path, in_text) in [
            ("$(POD)/$X", Some("$X"), None),
            ("/data/$ITEM", Some("$ITEM"), None),
            ("/data-$ITEM_1.csv", Some("$ITEM_1"), None),
            ("/data/${item}", Some("${item}"), Some("${item}")),
            ("/data/{{ item }}", Some("{{ item }}"), Some("{{ item }}")),
            ("/data/$Extend", None, None),
            ("/data/$item", None, None),
            ("C:\\$RECYCLE.BIN", None, None),
            ("/classes/Outer$INNER", None, None),
            ("DOM\\svc$batch", None, None),
            ("CORP\\GMSA$WEB$", None, None),
            ("share$", None, None),
        ] {
            assert_eq!((found(text, Path), found(text, Text)), (in_path, in_text), "{text}");
        }
        assert_eq!(Grammar::of("windowsOptions", "runAsUserName"), Text);
        assert_eq!(Grammar::of("env", "name"), Text);
        assert_eq!(Grammar::of("containers", "name"), Grammar::Name);
        assert_eq!(Grammar::of("hostPath", "path"), Path);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[${}<%!()A-Ba-c é>]{0,24}") {
            for grammar in [Grammar::Name, Grammar::Path, Grammar::Text] {
                let _ = placeholder(&text, grammar);
            }
        }
    }
}
