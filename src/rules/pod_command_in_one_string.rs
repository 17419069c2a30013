//! `pod/command-in-one-string`

use super::levels;
use crate::command::{CommandLine, Invocation, Kind, Origin, base_name, is_builtin, is_shell, words_of};
use crate::engine::{
    Check, ContainerPart, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A whole command line where a program's name must stand.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/command-in-one-string",
        summary: "a whole command line in one string is not the name of a program",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Command],
        what: "The first string of `command` (or of `args`, if the image is known to run what it is given) holds \
               a program and its arguments: `command: [\"python main.py --all\"]`. Likewise:\n\n\
               - a shell option with its argument: `[\"sh\", \"-c echo hello\"]`;\n\
               - a script where a shell without `-c` expects the name of a file: `[\"sh\", \"echo hello && sleep \
               5\"]`;\n\
               - nothing after `-c`;\n\
               - a shell builtin instead of a program: `[\"cd\", \"/app\"]`, `[\"source\", \"env.sh\"]`.\n\n\
               Paths with spaces in them are not reported if they look like paths.",
        why: "No shell splits the string: the kernel looks for a program called `python main.py --all`, spaces \
              included. There is none, the container cannot start (`no such file or directory`, `executable file \
              not found in $PATH`), and each retry fails in the same way.",
        examples: &[
            Example::bad(
                "there is no such program",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: report
        image: example.com/report:1.0
        command: ["python main.py --all"]
"#,
            ),
            Example::good(
                "one string per word",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: report
        image: example.com/report:1.0
        command: ["python", "main.py", "--all"]
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
            "https://docs.docker.com/reference/dockerfile/#shell-and-exec-form",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        let line = CommandLine::of(part.container);
        let Some(first) = line.word(0).filter(|_| line.has_program()) else { continue };
        let invocation = line.invocation();
        let path_of = |at: usize| part.path_of_word(line.word(at).unwrap_or(first));
        if is_command_line(first.text) {
            let fix = split_first(&part, &line, first.text);
            let message = if first.text.trim().contains(char::is_whitespace) {
                "no shell splits this: the container would start a program whose name is the whole string, and \
                 there is none"
            } else {
                "the spaces become part of the program's name, and there is no program with that name"
            };
            report(sink, path_of(0), message, HELP, fix);
        } else if is_builtin(first.text) && line.origin() == Origin::Written {
            let message =
                "this is a shell builtin, not a program: without a shell the container cannot start";
            report(
                sink,
                path_of(0),
                message,
                "run the command line with sh -c, as one string after it",
                None,
            );
        } else if let Some(file) = script_as_file(&line, invocation) {
            let message = "the shell takes this for the name of a file with its script, and there is none: -c is missing";
            let fix = insert_option(&part, &line, file);
            report(sink, path_of(file), message, "write -c before the script", Some(fix));
        } else if let Some(at) = missing_script(&line, invocation) {
            let message = "no script follows this -c: the shell refuses to start without one";
            report(sink, path_of(at), message, "write the script as the next string", None);
        } else if let Some((at, text)) = option_with_script(&line, invocation) {
            let message = "no shell splits this: the shell reads the whole string as options, and fails";
            let fix = split_option(&part, &line, at, text);
            report(sink, path_of(at), message, "split it into two strings: the option and the script", fix);
        }
    }
}

const HELP: &str =
    "write each word as a string of its own, as in [\"python\", \"main.py\"], or run the line with sh -c";

fn report(sink: &mut Sink, path: FieldPath, message: &'static str, help: &'static str, fix: Option<Fix>) {
    let report = sink.report(path, message).help(help);
    if let Some(fix) = fix {
        report.fix(fix);
    }
}

/// Whether a text that must name a program is a command line.
fn is_command_line(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return false };
    if !text.contains(|c: char| c.is_ascii_whitespace()) || is_windows_path(text) || first.starts_with("$(") {
        return false;
    }
    let Some(second) = words.next() else { return true };
    // "/opt/My Tools/run": what follows the blank goes on with the path.
    let may_be_path = first.starts_with('/')
        && second.contains('/')
        && !second.starts_with(['/', '-', '.', '$', '"', '\'', '>'])
        && !is_interpreter(first);
    !may_be_path
}

fn is_interpreter(path: &str) -> bool {
    let name = base_name(path);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    is_shell(name) || matches!(name, "python" | "node" | "ruby" | "perl" | "php" | "java" | "env" | "busybox")
}

fn is_windows_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with("\\\\")
        || (bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes.get(1) == Some(&b':')
            && matches!(bytes.get(2), Some(b'\\' | b'/')))
}

/// An option of a shell that has its script in the same string.
fn option_with_script<'a>(
    line: &CommandLine<'a>,
    invocation: Option<Invocation>,
) -> Option<(usize, &'a str)> {
    let invocation = invocation?;
    if !matches!(invocation.kind, Kind::NoScript | Kind::Script { .. }) {
        return None;
    }
    let at = invocation.program + 1;
    let text = line.word(at)?.text;
    let (option, _) = text.split_once(char::is_whitespace)?;
    let is_option = option.strip_prefix('-').is_some_and(|letters| {
        letters.contains('c') && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    is_option.then_some((at, text))
}

/// A script where a shell expects the name of a file, for want of `-c`: one that can hardly be called so.
fn script_as_file(line: &CommandLine<'_>, invocation: Option<Invocation>) -> Option<usize> {
    let Kind::File { file } = invocation?.kind else { return None };
    let text = line.word(file)?.text;
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let second = words.next()?;
    let is_syntax = text.contains(['\n', ';', '|', '>']) || text.contains("&&");
    // "/opt/My Tools/run.sh" may be a file, and a variable may hold anything.
    let is_path =
        first.contains('/') || first.starts_with('$') || second.contains('/') && first.contains('.');
    (is_syntax || !is_path && !first.contains('.')).then_some(file)
}

/// A `-c` with nothing behind it, in `command` and `args` alike.
fn missing_script(line: &CommandLine<'_>, invocation: Option<Invocation>) -> Option<usize> {
    let invocation = invocation.filter(|invocation| invocation.kind == Kind::NoScript)?;
    let last = line.len().checked_sub(1).filter(|last| *last > invocation.program)?;
    let is_option = |text: &str| {
        text.strip_prefix('-').is_some_and(|letters| {
            letters.contains('c') && letters.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    };
    is_option(line.word(last)?.text).then_some(last)
}

/// `-c` in front of the script, in the list that holds it.
fn insert_option(part: &ContainerPart<'_>, line: &CommandLine<'_>, file: usize) -> Fix {
    let field = line.word(file).map_or("args", |word| word.field);
    let mut words = Vec::new();
    for (position, word) in line.words_from(0).enumerate().filter(|(_, word)| word.field == field) {
        if position == file {
            words.push("-c".to_owned());
        }
        words.push(word.text.to_owned());
    }
    Fix::set(Safety::Unsafe, "write -c before the script", part.path(field), words)
}

/// The first string as the words that it has: safe where nothing in it needs a shell.
fn split_first(part: &ContainerPart<'_>, line: &CommandLine<'_>, text: &str) -> Option<Fix> {
    let field = line.word(0)?.field;
    let others = line.words_from(1).filter(|word| word.field == field).map(|word| word.text.to_owned());
    let (safety, mut words, title) = match words_of(text) {
        Some(words) => (Safety::Safe, words, "write each word as a string of its own"),
        None if line.len() == 1 && !text.starts_with("#!") => {
            let words = vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()];
            (Safety::Unsafe, words, "run the line with sh -c")
        }
        None => return None,
    };
    words.extend(others);
    Some(Fix::set(safety, title, part.path(field), words))
}

fn split_option(part: &ContainerPart<'_>, line: &CommandLine<'_>, at: usize, text: &str) -> Option<Fix> {
    let (option, script) = text.split_once(char::is_whitespace)?;
    let script = script.trim();
    let quoted =
        |quote| script.strip_prefix(quote)?.strip_suffix(quote).filter(|inner: &&str| !inner.contains(quote));
    let script = quoted('\'').or_else(|| quoted('"')).unwrap_or(script);
    let field = line.word(at)?.field;
    let mut words = Vec::new();
    for (position, word) in line.words_from(0).enumerate().filter(|(_, word)| word.field == field) {
        if position == at {
            words.extend([option.to_owned(), script.to_owned()]);
        } else {
            words.push(word.text.to_owned());
        }
    }
    // What else stands there may have been meant as a part of the script.
    let safety = Safety::safe_if(line.len() == at + 1);
    Some(Fix::set(safety, "write the option and the script as two strings", part.path(field), words))
}
