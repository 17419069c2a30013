//! What a list of words runs: the program behind `env`, `tini` and the like, and the script of a shell.

/// How many programs that run another are looked behind.
const MAX_WRAPPERS: usize = 8;

/// What a list of words runs. Positions are those of words in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invocation {
    /// Where the program stands, behind those that only run it.
    pub program: usize,
    /// What is known of it.
    pub kind: Kind,
    /// Whether something ends it when its time is over (`timeout`).
    pub is_bounded: bool,
}

/// What a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No shell.
    Program,
    /// A shell with a script among its arguments: `sh -c SCRIPT [NAME [ARGUMENT ...]]`.
    Script {
        /// Where the script stands.
        script: usize,
        /// Whether it ends at the first command that fails (`-e`).
        errexit: bool,
    },
    /// A shell whose options it refuses: with no script behind `-c`, or with blanks.
    NoScript,
    /// A shell that reads its script from a file.
    File {
        /// Where its name stands.
        file: usize,
    },
    /// A shell that reads commands from its input.
    Input,
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    // Asked of every command line several times, and short: a plain loop takes a fraction of what a searcher does.
    path.bytes().rposition(|byte| byte == b'/').and_then(|at| path.get(at + 1..)).unwrap_or(path)
}

/// Whether this is a shell with the grammar of POSIX, by its name or its path.
pub fn is_shell(word: &str) -> bool {
    matches!(base_name(word), "sh" | "bash" | "ash" | "dash" | "rbash" | "ksh" | "ksh93" | "mksh" | "zsh")
}

/// Whether this is a command of a shell's own, of which there is no program.
pub fn is_builtin(word: &str) -> bool {
    matches!(
        word,
        "." | ":"
            | "cd"
            | "eval"
            | "exec"
            | "export"
            | "set"
            | "shift"
            | "source"
            | "trap"
            | "ulimit"
            | "unset"
    )
}

/// What `words` runs; none where there is nothing.
pub fn read<W: AsRef<str>>(words: &[W]) -> Option<Invocation> {
    let word = |at: usize| words.get(at).map(AsRef::as_ref);
    let (mut at, mut is_bounded) = (0, false);
    for _ in 0..MAX_WRAPPERS {
        let program = word(at)?;
        let name = base_name(program);
        if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name)) {
            match wrapper.behind(at, &word) {
                Some(next) => {
                    is_bounded |= wrapper.is_bounded;
                    at = next;
                    continue;
                }
                None => break,
            }
        }
        if is_shell(program) {
            return Some(Invocation { program: at, kind: shell(at, &word), is_bounded });
        }
        break;
    }
    word(at).map(|_| Invocation { program: at, kind: Kind::Program, is_bounded })
}

/// A program that runs another.
struct Wrapper {
    names: &'static [&'static str],
    /// Options of one letter that take the next word, or what is left of their own.
    short: &'static str,
    /// Long options that take the next word where they have no `=`.
    long: &'static [&'static str],
    /// How many words come before the program.
    operands: usize,
    /// Whether `NAME=VALUE` may come before it.
    assigns: bool,
    is_bounded: bool,
}

const fn wrapper(names: &'static [&'static str], short: &'static str, operands: usize) -> Wrapper {
    Wrapper { names, short, long: &[], operands, assigns: false, is_bounded: false }
}

static WRAPPERS: &[Wrapper] = &[
    Wrapper { long: &["--unset", "--chdir"], assigns: true, ..wrapper(&["env"], "uC", 0) },
    wrapper(&["tini", "tini-static", "docker-init"], "ep", 0),
    Wrapper { long: &["--rewrite"], ..wrapper(&["dumb-init"], "r", 0) },
    wrapper(&["catatonit", "nohup", "setsid", "exec", "command", "builtin", "time", "busybox"], "", 0),
    Wrapper { long: &["--adjustment"], ..wrapper(&["nice"], "n", 0) },
    Wrapper { long: &["--class", "--classdata"], ..wrapper(&["ionice"], "cn", 0) },
    Wrapper { long: &["--input", "--output", "--error"], ..wrapper(&["stdbuf"], "ioe", 0) },
    wrapper(&["su-exec", "gosu"], "", 1),
    Wrapper { long: &["--signal", "--kill-after"], is_bounded: true, ..wrapper(&["timeout"], "sk", 1) },
    Wrapper { long: &["--user", "--group"], assigns: true, ..wrapper(&["sudo"], "ug", 0) },
    Wrapper { long: &["--userspec", "--groups"], ..wrapper(&["chroot"], "", 1) },
];

impl Wrapper {
    /// Where the program stands that it runs; none where it runs none, or has options of another kind.
    fn behind<'a>(&self, at: usize, word: &impl Fn(usize) -> Option<&'a str>) -> Option<usize> {
        let mut at = at + 1;
        let mut operands = self.operands;
        loop {
            let text = word(at)?;
            if text == "--" {
                at += 1;
                break;
            }
            if let Some(long) = text.strip_prefix("--") {
                let takes_next = !long.contains('=') && self.long.contains(&text);
                at += 1 + usize::from(takes_next);
            } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                // `env -S` splits a text of its own, and `command -v` runs nothing.
                if letters.contains('S') || letters.starts_with(['v', 'V']) && self.names.contains(&"command")
                {
                    return None;
                }
                at += 1 + usize::from(
                    letters.ends_with(|letter| self.short.contains(letter)) && letters.len() == 1,
                );
            } else {
                break;
            }
        }
        while operands > 0 {
            word(at)?;
            at += 1;
            operands -= 1;
        }
        while self.assigns && word(at)?.contains('=') {
            at += 1;
        }
        if word(at)? == "--" {
            at += 1;
        }
        word(at).map(|_| at)
    }
}

/// What the shell at a position does, by its options.
fn shell<'a>(at: usize, word: &impl Fn(usize) -> Option<&'a str>) -> Kind {
    let mut at = at + 1;
    let (mut has_script, mut reads_input, mut errexit) = (false, false, false);
    while let Some(text) = word(at) {
        match text {
            "-" | "--" => {
                at += 1;
                break;
            }
            "--rcfile" | "--init-file" => at += 1,
            _ if text.starts_with("--") => {}
            _ if text.starts_with(['-', '+']) && text.len() > 1 => {
                let is_set = text.starts_with('-');
                let letters = &text[1..];
                if letters.contains(char::is_whitespace) {
                    return Kind::NoScript;
                }
                has_script |= is_set && letters.contains('c');
                reads_input |= is_set && letters.contains('s');
                errexit |= is_set && letters.contains('e');
                // Each takes a word that follows.
                let named = letters.matches(['o', 'O']).count();
                errexit |= is_set && (1..=named).any(|ahead| word(at + ahead) == Some("errexit"));
                at += named;
            }
            _ => break,
        }
        at += 1;
    }
    match word(at) {
        Some(_) if has_script => Kind::Script { script: at, errexit },
        None if has_script => Kind::NoScript,
        Some(_) if !reads_input => Kind::File { file: at },
        _ => Kind::Input,
    }
}

/// Whether a script makes use of the words behind it: `$0`, `$1`, `$@` and what else reads them. A file that it
/// includes may do so, too.
pub fn reads_arguments(script: &str) -> bool {
    let bytes = script.as_bytes();
    let by_dollar = script.match_indices('$').any(|(at, _)| {
        let name = match bytes.get(at + 1) {
            Some(b'{') if matches!(bytes.get(at + 2), Some(b'#' | b'!')) => {
                bytes.get(at + 3).or(bytes.get(at + 2))
            }
            Some(b'{') => bytes.get(at + 2),
            name => name,
        };
        matches!(name, Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'}'))
    });
    by_dollar || {
        let mut words =
            script.split(|c: char| c.is_whitespace() || ";&|()`".contains(c)).filter(|word| !word.is_empty());
        let mut in_for = false;
        words.any(|word| {
            // `for NAME` without `in` goes through them.
            let goes_through = in_for && word == "do";
            in_for = word == "for" || (in_for && word != "in");
            goes_through
                || matches!(word, "shift" | "getopts" | "." | "source" | "eval" | "argv" | "BASH_ARGV")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(text: &str) -> Option<Invocation> {
        read(&text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>())
    }

    #[test]
    fn shells_and_their_scripts() {
        for (text, script, errexit) in [
            ("sh -c x", 2, false),
            ("/bin/bash -ec x", 2, true),
            ("/usr/bin/env bash -c x", 3, false),
            ("env A=1 B=2 sh -c x", 5, false),
            ("env -i -u A sh -lc x y", 6, false),
            ("bash -xeuo pipefail -c x", 4, true),
            ("bash -euo pipefail -O extglob -c -- x", 7, true),
            ("bash -o errexit -c x", 4, true),
            ("bash -ceuo pipefail x", 3, true),
            ("bash --login --rcfile f -c x", 5, false),
            ("sh -c -e x", 3, true),
            ("busybox sh -c x", 3, false),
            ("tini -- sh -c x", 4, false),
            ("/sbin/tini -g -e 143 -- bash -c x", 7, false),
            ("dumb-init bash -c x", 3, false),
            ("nice -n 10 ionice -c 3 sh -c x", 8, false),
            ("sudo -u app A=1 sh +x -c x", 7, false),
            ("gosu app sh -c x", 4, false),
        ] {
            let kind = invocation(text).map(|invocation| invocation.kind);
            assert_eq!(kind, Some(Kind::Script { script, errexit }), "{text}");
        }
    }

    #[test]
    fn others() {
        for (text, program, kind, is_bounded) in [
            ("python main.py", 0, Kind::Program, false),
            ("timeout -k 5 10 python main.py", 4, Kind::Program, true),
            ("timeout 10 bash x.sh", 2, Kind::File { file: 3 }, true),
            ("bash -e x.sh -c y", 0, Kind::File { file: 2 }, false),
            ("sh", 0, Kind::Input, false),
            ("bash -s a", 0, Kind::Input, false),
            ("sh -c", 0, Kind::NoScript, false),
            ("env", 0, Kind::Program, false),
            ("command -v sh", 0, Kind::Program, false),
            ("tini", 0, Kind::Program, false),
        ] {
            assert_eq!(invocation(text), Some(Invocation { program, kind, is_bounded }), "{text}");
        }
        assert_eq!(invocation(""), None);
    }

    #[test]
    fn arguments_of_scripts() {
        for text in [
            "echo $1",
            "echo \"$@\"",
            "${1:-a}",
            "${#}",
            "for x; do a; done",
            "shift",
            ". ./lib",
            "$0",
            "${!1}",
            "a ${*}",
        ] {
            assert!(reads_arguments(text), "{text}");
        }
        for text in ["echo $A", "for x in a b; do c; done", "a.b", "cost 1$", "${A} ${#A}", "pushift", "$$"] {
            assert!(!reads_arguments(text), "{text}");
        }
    }
}
