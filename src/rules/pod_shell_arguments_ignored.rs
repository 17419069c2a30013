//! `pod/shell-arguments-ignored`

use super::levels;
use crate::command::{CommandLine, Kind, Word, base_name, is_shell, reads_arguments};
use crate::engine::{
    Check, ContainerPart, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::edit::Edit;

/// Strings behind the script of `sh -c` that are not part of it.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/shell-arguments-ignored",
        summary: "only the first string after sh -c is run as the script",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Command],
        what: "A shell started with `-c` and more than one string after it, in `command` or in `args`: only the \
               first is the script. The next one is its name, `$0`, and the others are its arguments, `$1`, `$2` \
               ... Not reported if the script reads them (`$1`, `\"$@\"`, `shift` ...), or if only a name \
               follows; a path such as `./migrate` is taken for a program to run.",
        why: "The container does only part of its work and succeeds, and the Job is complete. Usually several \
              commands were put into a list, or a command line was split at commas: `[sh, -c, echo a, sleep 5]` \
              prints an `a` and never sleeps.",
        examples: &[
            Example::bad(
                "only mkdir is run",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: prepare
        image: busybox:1.36
        command: ["/bin/sh", "-c"]
        args:
        - mkdir -p /data/in
        - cp -r /seed/. /data/in
"#,
            ),
            Example::good(
                "one script",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: prepare
        image: busybox:1.36
        command: ["/bin/sh", "-ec"]
        args:
        - |
          mkdir -p /data/in
          cp -r /seed/. /data/in
"#,
            ),
            Example::bad(
                "python without its arguments",
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
        image: python:3.13
        command: ["bash", "-c", "python", "report.py", "--all"]
"#,
            ),
            Example::good(
                "a script that reads its arguments",
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
        image: python:3.13
        command: ["bash", "-c", "echo start; exec python report.py \"$@\"", "report", "--all"]
"#,
            ),
        ],
        sources: &[
            "https://pubs.opengroup.org/onlinepubs/9799919799/utilities/sh.html",
            "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// Programs that are a command without any argument, so that one of them behind a script is no name for it.
const COMMANDS: [&str; 14] = [
    "date", "df", "env", "exit", "free", "hostname", "id", "ls", "mount", "ps", "pwd", "sync", "wait",
    "whoami",
];

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    for part in job.containers() {
        let line = CommandLine::of(part.container);
        let Some(Kind::Script { script, .. }) = line.invocation().map(|invocation| invocation.kind) else {
            continue;
        };
        let (Some(text), Some(first)) = (line.word(script), line.word(script + 1)) else { continue };
        let count = line.len() - script - 1;
        let is_prepared = count == 1 && only_prepares(text.text) && is_path(first.text);
        let is_run = is_prepared || is_cut_short(text.text) || first.text.starts_with("./");
        // A file that the script includes might read them, but one string alone is never $1.
        let reads = reads_arguments(text.text) && (!is_prepared || text.text.contains('$'));
        if reads || is_given(text.text) || (count == 1 && !is_run && is_name(text.text, first.text)) {
            continue;
        }
        let message = if count == 1 {
            "only the first string after -c is the script: this one becomes its $0 and is not run".to_owned()
        } else {
            format!(
                "only the first string after -c is the script: the {count} from here on become its $0, $1 ... \
                 and are not run"
            )
        };
        let report =
            sink.report(part.path_of_word(first), message).related(part.path_of_word(text), "the script");
        match joined(&line, script) {
            Some((whole, how)) => {
                let help = match how {
                    Join::Commands => "join the commands into one string: with &&, or on separate lines of a \
                                       block scalar (|)",
                    Join::Words => "join the command and its arguments into one string, or remove the shell and its -c",
                };
                report.help(help).fix(fix(&part, &line, script, whole));
            }
            None => drop(report.help(
                "put everything to run into one string; to pass arguments, let the script read them as $1, $2 or \
                 \"$@\"",
            )),
        }
    }
}

/// Whether the script is a variable's value, so that nobody knows what it reads.
fn is_given(script: &str) -> bool {
    let script = script.trim();
    script.is_empty()
        || script.starts_with('$')
        || script.contains("$(") && script.ends_with(')') && !script.contains(' ')
}

/// Whether the only string behind a script is a name for it, for its messages.
fn is_name(script: &str, word: &str) -> bool {
    let is_simple = !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/'));
    if word.is_empty() || matches!(word, "-" | "--" | "_") || is_shell(word) {
        return true;
    }
    let is_command = COMMANDS.contains(&base_name(word)) || word.starts_with('-');
    is_simple && !is_command && script.trim().contains(char::is_whitespace)
}

/// Whether a script ends where a command must follow.
fn is_cut_short(script: &str) -> bool {
    script.trim_end().ends_with(['|', '\\']) || script.trim_end().ends_with("&&")
}

/// Whether a script does nothing but set the stage for another command in its shell.
fn only_prepares(script: &str) -> bool {
    let mut commands = script.split(['\n', ';', '&']).map(str::trim).filter(|command| !command.is_empty());
    let prepares = |command: &str| {
        let word = command.split_whitespace().next().unwrap_or_default();
        matches!(word, "cd" | "set" | "." | "source" | "export" | "umask" | "ulimit" | "unset" | "alias")
    };
    !script.contains('|') && commands.clone().next().is_some() && commands.all(prepares)
}

/// Whether a word is the path of a program, relative or not, as a command has it.
fn is_path(word: &str) -> bool {
    word.starts_with("./") || word.starts_with("../") || word.starts_with('/')
}

/// How strings were meant to be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Each is a command.
    Commands,
    /// They are a command and its arguments.
    Words,
}

/// The most strings that a fix joins.
const MAX_JOINED: usize = 64;

/// All strings from the script on as one, and how they were joined; none where that is not clear.
fn joined(line: &CommandLine<'_>, script: usize) -> Option<(String, Join)> {
    if line.len() - script > MAX_JOINED {
        return None;
    }
    let texts: Vec<&str> = line.words_from(script).map(|word: Word<'_>| word.text.trim()).collect();
    let (first, others) = texts.split_first()?;
    let is_plain = |text: &str| {
        !text.is_empty() && !text.contains(['\n', '#', '<', '>']) && !text.ends_with([';', '&', '|', '\\'])
    };
    if !texts.iter().all(|text| is_plain(text) && !has_structure(text)) {
        return None;
    }
    let has_blank = |text: &&str| text.contains(' ');
    let is_word =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./=:,@%+".contains(&byte));
    let is_command = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_lowercase() || c == '/')
            && (has_blank(text) || COMMANDS.contains(&base_name(text)))
            || is_path(text)
    };
    let is_one_command = first.split(' ').all(|word| is_word(&word));
    let are_flags = others.first().is_some_and(|text| text.starts_with('-'));
    if (is_word(first) || is_one_command && are_flags) && others.iter().all(is_word) {
        return Some((texts.join(" "), Join::Words));
    }
    if is_command(first) && others.iter().all(is_command) {
        return Some((texts.join(" && "), Join::Commands));
    }
    None
}

/// One string where there were several.
/// Whether a text has words that begin, divide or end a command of several, or after which nothing comes: what is put
/// behind it, or before it, might not be what it seems.
fn has_structure(text: &str) -> bool {
    const WORDS: [&str; 21] = [
        "!", "(", ")", "{", "}", "case", "do", "done", "elif", "else", "esac", "exec", "exit", "fi", "for",
        "function", "if", "return", "then", "until", "while",
    ];
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|'));
    words.any(|word| WORDS.contains(&word) || word.starts_with(['(', '{']) || word.ends_with(')'))
}

fn fix(part: &ContainerPart<'_>, line: &CommandLine<'_>, script: usize, whole: String) -> Fix {
    let mut edits = Vec::new();
    if let Some(word) = line.word(script) {
        edits.push(Edit::Set { path: part.path_of_word(word), value: whole.into() });
        for field in ["command", "args"] {
            let count = |from: usize| line.words_from(from).filter(|word| word.field == field).count();
            let (all, gone) = (count(0), count(script + 1));
            let path = part.path(field);
            if gone > 0 && gone == all {
                edits.push(Edit::Remove { path });
            } else if gone > 0 {
                edits.push(Edit::Reorder { path, order: (0..all - gone).collect() });
            }
        }
    }
    Fix { safety: Safety::Unsafe, title: "join the strings into one script".to_owned(), edits }
}

#[cfg(test)]
mod tests {
    use super::has_structure;

    #[test]
    fn what_cannot_be_joined() {
        for text in [
            "for i in a b; do",
            "if [ -f /x ]; then",
            "a b && if true; then",
            "exec ./a b",
            "rm -f x; exit 0",
            "(cd /a",
            "x() {",
            "! ./a b",
        ] {
            assert!(has_structure(text), "{text}");
        }
        for text in ["./a --for b", "./migrate up", "echo done-with-it", "./then.sh a"] {
            assert!(!has_structure(text), "{text}");
        }
    }
}
