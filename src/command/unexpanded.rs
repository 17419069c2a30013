//! What only a shell understands, in a command line that no shell reads.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::Container;

use super::invocation::{Kind, base_name, is_builtin, is_shell};
use super::{CommandLine, Origin, Word, known};

/// What no shell acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unexpanded<'a> {
    /// An operator that is a word of its own, or the beginning of one: `>`, `&&`, `|` ...
    Operator(&'static str),
    /// `$NAME` or `${NAME}` of a variable that the container sets.
    Variable(&'a str),
    /// `$NAME`, in capitals.
    AnyVariable,
    /// `$(command)`
    Substitution,
    /// `$(NAME)`, of which the container sets no variable.
    Undeclared,
    /// `*` in the name of a file, for a program that takes names as they are.
    Pattern,
}

/// What a word of a command line has of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misread<'a> {
    /// What it is.
    pub what: Unexpanded<'a>,
    /// The word.
    pub word: Word<'a>,
    /// Whether the program is the image's own, which may be a script that has the word evaluated.
    pub is_guess: bool,
}

/// Programs that hand their arguments to a shell, here or elsewhere.
const PASS_ON: [&str; 18] = [
    "autossh",
    "cmd",
    "cmd.exe",
    "fish",
    "flock",
    "nu",
    "parallel",
    "powershell",
    "powershell.exe",
    "pwsh",
    "runuser",
    "script",
    "sem",
    "ssh",
    "su",
    "tmux",
    "watch",
    "xonsh",
];

/// Programs that have expressions of their own among their arguments, in which a dollar or an operator is meant.
const EVALUATE: [&str; 61] = [
    "alloy",
    "ansible",
    "ansible-playbook",
    "argo",
    "awk",
    "clickhouse-client",
    "confd",
    "consul-template",
    "cqlsh",
    "csvsql",
    "dockerize",
    "duckdb",
    "egrep",
    "envsubst",
    "expect",
    "expr",
    "fluent-bit",
    "flyway",
    "gawk",
    "gomplate",
    "grep",
    "groovy",
    "helm",
    "java",
    "jinja2",
    "jq",
    "julia",
    "kotlin",
    "kubectl",
    "liquibase",
    "logstash",
    "lua",
    "make",
    "mawk",
    "mongo",
    "mongosh",
    "mysql",
    "mariadb",
    "node",
    "oc",
    "otelcol",
    "otelcol-contrib",
    "perl",
    "php",
    "promtail",
    "psql",
    "python",
    "redis-cli",
    "Rscript",
    "ruby",
    "scala",
    "sed",
    "spark-submit",
    "sqlite3",
    "tclsh",
    "telegraf",
    "test",
    "vault",
    "vector",
    "[",
    "yq",
];

/// Programs whose arguments are names of files and nothing else, taken as they are.
const TAKE_FILES: [&str; 14] =
    ["cat", "chmod", "chown", "cp", "du", "gunzip", "gzip", "head", "ls", "mv", "rm", "tail", "touch", "wc"];

/// Operators that are words of their own.
const OPERATORS: [&str; 18] = [
    "&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "<<<", "2>", "2>>", "1>", "&>", "2>&1", "1>&2", ">&2",
    "|&",
];

/// Redirections that may have the path of a file right behind them, those first that begin with others.
const REDIRECTIONS: [&str; 7] = ["2>>", "2>", "1>", "&>", ">>", ">", "<"];

/// Names that are programs where they stand in `$(...)`.
const PROGRAMS: [&str; 8] = ["cat", "date", "hostname", "id", "nproc", "pwd", "uname", "whoami"];

/// The longest text in parentheses that is looked at, in bytes.
const MAX_IN_PARENTHESES: usize = 300;

/// The first word of a container's command line that needs a shell and has none. `is_indexed` tells whether the Pods of
/// its Job have an index.
pub fn unexpanded(container: &Container, is_indexed: bool) -> Option<Misread<'_>> {
    let line = CommandLine::of(container);
    let texts = line.texts();
    let may = |text: &str| text.contains(['$', '>', '<', '|', '&', ';', '*']);
    if !texts.iter().any(|text| may(text)) {
        return None;
    }
    let is_guess = line.origin() == Origin::Image;
    let from = match line.invocation() {
        Some(invocation) => match invocation.kind {
            Kind::Program => invocation.program + 1,
            Kind::File { file } => file + 1,
            Kind::Script { .. } | Kind::NoScript | Kind::Input => return None,
        },
        None => 0,
    };
    // That no such program is there is a fault of its own.
    let is_no_program = |text: &&str| text.contains(char::is_whitespace) || is_builtin(text);
    if !is_guess && texts.first().is_some_and(is_no_program) {
        return None;
    }
    let is_called = |names: &[&str], text: &str| {
        let name = base_name(text);
        names.contains(&name)
            || names.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let image = container.image.as_deref().unwrap_or_default();
    let program = match from.checked_sub(1) {
        Some(at) => texts.get(at).copied()?,
        None => base_name(known::repository(image).0),
    };
    // Somewhere behind a program that is not known there may be a shell, or one that asks for one.
    if texts.iter().any(|text| is_called(&PASS_ON, text)) {
        return None;
    }
    let end = (from..texts.len())
        .find(|at| {
            is_shell(texts[*at])
                && texts.get(at + 1).is_some_and(|option| option.starts_with('-') && option.contains('c'))
        })
        .unwrap_or(texts.len());
    let evaluates = is_called(&EVALUATE, program);
    let takes_files = !is_guess && is_called(&TAKE_FILES, program);
    let names: HashSet<&str> =
        container.env.iter().flatten().map(|variable| variable.name.as_str()).collect();
    let scope = Scope {
        names: &names,
        has_unknown: container.env_from.as_ref().is_some_and(|sources| !sources.is_empty()),
        is_indexed,
        is_guess,
    };
    for at in from..end {
        let (text, before) = (texts[at], at.checked_sub(1).map_or("", |at| texts[at]));
        let is_value = before.starts_with('-') && before.len() > 1;
        let is_last = at + 1 == texts.len();
        let what = operator(text, program, is_value, is_last)
            .map(Unexpanded::Operator)
            .or_else(|| if evaluates || is_code(before) { None } else { scope.dollar(text) })
            .or_else(|| (takes_files && is_pattern(text)).then_some(Unexpanded::Pattern));
        if let Some(what) = what {
            return Some(Misread { what, word: line.word(at)?, is_guess });
        }
    }
    None
}

/// Whether what follows an option is code.
fn is_code(option: &str) -> bool {
    matches!(
        option,
        "-c" | "-e"
            | "-r"
            | "--eval"
            | "--execute"
            | "--command"
            | "--expression"
            | "--exec"
            | "--query"
            | "--format"
    )
}

/// The operator that a word is, or begins with.
fn operator(text: &str, program: &str, is_value: bool, is_last: bool) -> Option<&'static str> {
    // `find -exec ... ;`, `test a ">" b`, `cut -d "|"`: these are arguments.
    if is_value || matches!(base_name(program), "find" | "test" | "[" | "expr" | "jq" | "bc") {
        return None;
    }
    if let Some(operator) = OPERATORS.iter().find(|operator| **operator == text) {
        let needs_more = !matches!(*operator, "&" | ";" | "2>&1" | "1>&2" | ">&2");
        return (!is_last || !needs_more).then_some(*operator);
    }
    let is_path = |rest: &str| {
        rest.starts_with('/')
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
    };
    REDIRECTIONS.into_iter().find(|start| text.strip_prefix(start).is_some_and(is_path))
}

/// Whether a text is a file's name with a pattern in it.
fn is_pattern(text: &str) -> bool {
    text.contains('*') && text.contains('/') && !text.starts_with('-')
}

/// The variables that a container has.
struct Scope<'s> {
    names: &'s HashSet<&'s str>,
    /// Whether there are others, whose names nobody knows here.
    has_unknown: bool,
    is_indexed: bool,
    is_guess: bool,
}

impl<'s> Scope<'s> {
    /// What a dollar in a word stands for, if only a shell would replace it.
    fn dollar<'t: 's>(&self, text: &'t str) -> Option<Unexpanded<'t>> {
        let mut rest = text;
        let mut before = None;
        while let Some(at) = rest.find('$') {
            before = rest[..at].chars().next_back().or(if at == 0 { before } else { None });
            let behind = &rest[at + 1..];
            // Kubernetes makes one dollar of two.
            if let Some(behind) = behind.strip_prefix('$') {
                rest = behind;
                before = Some('$');
                continue;
            }
            let is_escaped = before == Some('\\');
            if let Some(inner) = behind.strip_prefix('(') {
                // Looked for within a bound, since there may be as many of these as there are bytes.
                let end = inner.bytes().take(MAX_IN_PARENTHESES).position(|byte| byte == b')');
                let within = end.and_then(|end| self.in_parentheses(&inner[..end]));
                if let Some(what) = within.filter(|_| !is_escaped) {
                    return Some(what);
                }
            } else if !is_escaped {
                let braced = behind.strip_prefix('{');
                let name = braced.unwrap_or(behind);
                let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                let (name, after) = name.split_at(length);
                let is_closed = braced.is_none() || after.starts_with(['}', ':']);
                // Many programs know `${NAME}` themselves.
                if is_closed && self.names.contains(name) && !(self.is_guess && braced.is_some()) {
                    return Some(Unexpanded::Variable(name));
                }
                if braced.is_none() && is_in_capitals(name) && !self.is_guess {
                    return Some(Unexpanded::AnyVariable);
                }
            }
            rest = behind;
            before = Some('$');
        }
        None
    }

    fn in_parentheses<'t>(&self, inner: &str) -> Option<Unexpanded<'t>> {
        if self.names.contains(inner) {
            return None;
        }
        let first = inner.split_whitespace().next()?;
        let is_command = first.starts_with(|c: char| c.is_ascii_lowercase() || c == '/')
            && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
        if is_command && inner.contains(' ') {
            return Some(Unexpanded::Substitution);
        }
        let is_name = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_known =
            self.has_unknown || is_of_service(inner) || (self.is_indexed && inner == "JOB_COMPLETION_INDEX");
        if !is_name || is_known {
            return None;
        }
        Some(if PROGRAMS.contains(&inner) { Unexpanded::Substitution } else { Unexpanded::Undeclared })
    }
}

/// Whether a variable may be one of those that the kubelet makes of the namespace's Services.
fn is_of_service(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_PORT")
}

fn is_in_capitals(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(command: &[&str], args: &[&str]) -> Container {
        let own = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let env = ["BUCKET", "POD"]
            .map(|name| k8s_openapi::api::core::v1::EnvVar { name: name.to_owned(), ..Default::default() });
        Container {
            image: Some("example.com/app:1".to_owned()),
            command: own(command).filter(|words| !words.is_empty()),
            args: own(args),
            env: Some(env.into()),
            ..Default::default()
        }
    }

    fn found(line: &str) -> Option<String> {
        let words: Vec<&str> =
            line.split(' ').map(|word| if word == "SPACE" { "a b" } else { word }).collect();
        let container = container(&words, &[]);
        unexpanded(&container, false).map(|found| format!("{:?} {}", found.what, found.word.index))
    }

    #[test]
    fn what_needs_a_shell() {
        for (line, wanted) in [
            ("aws s3 cp /data s3://$BUCKET/x", "Variable(\"BUCKET\") 4"),
            ("aws s3 cp /data s3://${BUCKET}", "Variable(\"BUCKET\") 4"),
            ("echo $HOME", "AnyVariable 1"),
            ("curl -H x:$BUCKET", "Variable(\"BUCKET\") 2"),
            ("app --host=$(hostname)", "Substitution 1"),
            ("app --id $(NODE)", "Undeclared 2"),
            ("pg_dump db > /x", "Operator(\">\") 2"),
            ("pg_dump db >/x.sql", "Operator(\">\") 2"),
            ("app 2>&1", "Operator(\"2>&1\") 1"),
            ("app 2>/dev/null", "Operator(\"2>\") 1"),
            ("prepare /x && app", "Operator(\"&&\") 2"),
            ("cat /x | app", "Operator(\"|\") 2"),
            ("app &", "Operator(\"&\") 1"),
            ("a ; b", "Operator(\";\") 1"),
            ("rm -rf /data/*", "Pattern 2"),
            ("tini -- app > /x", "Operator(\">\") 3"),
            ("sh /x.sh $BUCKET", "Variable(\"BUCKET\") 2"),
            ("python main.py > /x", "Operator(\">\") 2"),
            ("app $$x $BUCKET", "Variable(\"BUCKET\") 2"),
        ] {
            assert_eq!(found(line).as_deref(), Some(wanted), "{line}");
        }
    }

    #[test]
    fn what_needs_none() {
        for line in [
            "app --pod=$(POD)",
            "app --pod=$$(POD) $$POD",
            "sh -c a>b",
            "bash -ec $BUCKET && x",
            "find . -name *.log -exec rm {} ;",
            "cut -d | -f 1",
            "perl -e $BUCKET",
            "awk {print$NF}",
            "envsubst $BUCKET",
            "psql -c $BUCKET",
            "ssh host a > b",
            "app --host=$(KUBERNETES_SERVICE_HOST)",
            "app <node-name> >=1.0",
            "app ^a$ 5$ $1 $x \\$BUCKET",
            "app --exclude *.log",
            "rm -rf *",
            "wrapper bash -c a>b && c",
            "kubectl exec pod -- sh -c a && b",
            "java -Durl=${BUCKET}",
            "test a > b",
            "cmd /c a && b",
            "app >",
            "app ${BUCKET-x} ${app.name}",
            "app $(a|b) $()",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn variables_that_are_not_known_here() {
        let mut container = container(&[], &["--a=$(NAME)"]);
        let found = unexpanded(&container, false).map(|found| (found.what, found.is_guess));
        assert_eq!(found, Some((Unexpanded::Undeclared, true)));
        container.env_from = Some(vec![Default::default()]);
        assert_eq!(unexpanded(&container, false), None);
        let index = self::container(&["app"], &["$(JOB_COMPLETION_INDEX)"]);
        assert!(unexpanded(&index, true).is_none() && unexpanded(&index, false).is_some());
    }
}
