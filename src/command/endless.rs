//! Whether a command never ends by itself. Where that cannot be known, it may end.

use super::invocation::{self, Kind, base_name};
use super::known;
use super::lexer::ScriptWord;
use super::script::{self, Command, Item, Join, Pipeline};

/// How many scripts are read within one another.
const MAX_SCRIPTS: usize = 4;
/// How long a sleep is as good as endless: a year, in seconds.
const FOR_EVER: f64 = 365.0 * 24.0 * 60.0 * 60.0;

/// Why a command never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endless {
    /// `tail -f`
    Follows,
    /// `sleep infinity`
    Sleeps,
    /// `while true` without a way out.
    Loops,
    /// A program that serves until it is stopped: its name.
    Serves(&'static str),
}

impl Endless {
    /// The reason, as a clause.
    pub fn reason(self) -> String {
        match self {
            Self::Follows => "tail -f follows a file until it is stopped".to_owned(),
            Self::Sleeps => "it sleeps forever".to_owned(),
            Self::Loops => "the loop has no exit".to_owned(),
            Self::Serves(name) => format!("{name} runs until it is stopped"),
        }
    }
}

/// Why these words never end, and which of them shows it.
pub fn of_words<W: AsRef<str>>(words: &[W]) -> Option<(Endless, usize)> {
    of_words_within(words, MAX_SCRIPTS)
}

fn of_words_within<W: AsRef<str>>(words: &[W], scripts: usize) -> Option<(Endless, usize)> {
    let invocation = invocation::read(words)?;
    if invocation.is_bounded {
        return None;
    }
    match invocation.kind {
        Kind::Script { script, errexit } => {
            of_script(words.get(script)?.as_ref(), errexit, scripts).map(|why| (why, script))
        }
        Kind::Program => {
            let words: Vec<Option<&str>> =
                words[invocation.program..].iter().map(|word| Some(word.as_ref())).collect();
            of_program(&words).map(|why| (why, invocation.program))
        }
        Kind::NoScript | Kind::File { .. } | Kind::Input => None,
    }
}

/// Why a program never ends. Words that are not known before it runs are none.
fn of_program(words: &[Option<&str>]) -> Option<Endless> {
    let (program, arguments) = words.split_first()?;
    match base_name((*program)?) {
        "tail" => follows(arguments).then_some(Endless::Follows),
        "sleep" => sleeps(arguments).then_some(Endless::Sleeps),
        _ => known::serving(words).map(Endless::Serves),
    }
}

fn follows(arguments: &[Option<&str>]) -> bool {
    let (mut follows, mut files) = (false, 0);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument else {
            files += 1;
            continue;
        };
        match text.strip_prefix('-') {
            Some(long) if long.starts_with('-') => {
                if long.starts_with("-pid") {
                    return false;
                }
                follows |= long == "-follow" || long.starts_with("-follow=");
                if matches!(long, "-lines" | "-bytes" | "-sleep-interval") {
                    arguments.next();
                }
            }
            Some(letters) if !letters.is_empty() => {
                let value = letters.find(['n', 'c', 's']);
                let flags = &letters[..value.unwrap_or(letters.len())];
                follows |= flags.contains(['f', 'F']);
                if value.is_some_and(|at| at + 1 == letters.len()) {
                    arguments.next();
                }
            }
            _ => files += 1,
        }
    }
    follows && files > 0
}

fn sleeps(arguments: &[Option<&str>]) -> bool {
    let mut total = 0.0;
    for argument in arguments {
        let Some(text) = argument else { return false };
        if matches!(*text, "infinity" | "inf" | "Infinity" | "INFINITY") {
            return true;
        }
        let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(number) => (number, text.as_bytes()[number.len()]),
            None => (*text, b's'),
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return false;
        }
        let Ok(number) = number.parse::<f64>() else { return false };
        total += number
            * match unit {
                b'm' => 60.0,
                b'h' => 3600.0,
                b'd' => 86_400.0,
                _ => 1.0,
            };
    }
    total >= FOR_EVER
}

/// Why a script never ends.
fn of_script(text: &str, errexit: bool, scripts: usize) -> Option<Endless> {
    // Nearly no script can, and to say so must cost little.
    let may = ["tail", "sleep", "while", "until", "for"].iter().any(|word| text.contains(word))
        || known::may_serve(text);
    let scripts = scripts.checked_sub(1).filter(|_| may)?;
    let list = script::read(text)?;
    let ends_by_itself = script::any_simple(&list, &|words| {
        let name = words.first().and_then(ScriptWord::literal).map(base_name);
        matches!(name, Some("kill" | "pkill" | "killall" | "eval" | "." | "source" | "shutdown" | "poweroff"))
    });
    if ends_by_itself {
        return None;
    }
    let mut flow = Flow { errexit, scripts, background: None };
    match flow.of_list(&list) {
        Outcome::Never(why) => Some(why),
        Outcome::MayEnd | Outcome::GoesOn => None,
    }
}

/// What comes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// What follows is run.
    GoesOn,
    /// The script may end here, and well.
    MayEnd,
    /// Nothing that follows is run, since it never ends.
    Never(Endless),
}

/// What has been seen of a script.
struct Flow {
    errexit: bool,
    scripts: usize,
    /// What runs in the background without end.
    background: Option<Endless>,
}

impl Flow {
    fn of_list(&mut self, list: &[Item<'_>]) -> Outcome {
        for (index, item) in list.iter().enumerate() {
            let is_last = index + 1 == list.len();
            match self.of_item(item, is_last) {
                Outcome::GoesOn => {}
                other => return other,
            }
        }
        Outcome::GoesOn
    }

    fn of_item(&mut self, item: &Item<'_>, is_last: bool) -> Outcome {
        if item.in_background {
            // In a shell of its own, whose end is not this one's.
            if let (Outcome::Never(why), true) = (self.of_pipeline(&item.first), item.rest.is_empty()) {
                self.background = Some(why);
            }
            return Outcome::GoesOn;
        }
        let first = self.of_pipeline(&item.first);
        if first != Outcome::GoesOn {
            return first;
        }
        let mut is_chain = true;
        for (index, (join, pipeline)) in item.rest.iter().enumerate() {
            is_chain &= *join == Join::And;
            let is_end = index + 1 == item.rest.len();
            match self.of_pipeline(pipeline) {
                Outcome::MayEnd => return Outcome::MayEnd,
                // Where it is not reached, an earlier command has failed: the script must end with that.
                Outcome::Never(why) if is_last && *join == Join::And && (is_chain || is_end) => {
                    return Outcome::Never(why);
                }
                Outcome::Never(_) => return Outcome::MayEnd,
                Outcome::GoesOn => {}
            }
        }
        Outcome::GoesOn
    }

    fn of_pipeline(&mut self, pipeline: &Pipeline<'_>) -> Outcome {
        let (first, rest) = match pipeline.commands.as_slice() {
            [only] => return self.of_command(only),
            [first, rest @ ..] => (first, rest),
            [] => return Outcome::GoesOn,
        };
        // Each command has a shell of its own; it ends with the last, and one that gets no more readers is stopped.
        match self.of_command(first) {
            Outcome::Never(why) if rest.iter().all(reads_to_the_end) => Outcome::Never(why),
            _ => Outcome::GoesOn,
        }
    }

    fn of_command(&mut self, command: &Command<'_>) -> Outcome {
        match command {
            Command::Simple(words) => self.of_simple(words),
            Command::While { condition, until, body } if always(condition, *until) => self.of_loop(body),
            Command::For { condition: Some(""), body } => self.of_loop(body),
            Command::Group(list) => self.of_list(list),
            Command::Arithmetic(_) | Command::Test(_) => Outcome::GoesOn,
            Command::Function(body) => {
                let within: Vec<_> = body.lists();
                if within.iter().any(|list| leaves(list, false)) { Outcome::MayEnd } else { Outcome::GoesOn }
            }
            // Which of these is run is not known.
            Command::While { .. } | Command::For { .. } | Command::If { .. } | Command::Case(_) => {
                if command.lists().into_iter().any(|list| leaves(list, false)) {
                    Outcome::MayEnd
                } else {
                    Outcome::GoesOn
                }
            }
        }
    }

    fn of_loop(&self, body: &[Item<'_>]) -> Outcome {
        let is_left = leaves(body, true) || (self.errexit && may_fail(body));
        if is_left { Outcome::MayEnd } else { Outcome::Never(Endless::Loops) }
    }

    fn of_simple(&mut self, words: &[ScriptWord<'_>]) -> Outcome {
        let name = words.first().and_then(ScriptWord::literal);
        let argument = words.get(1).and_then(ScriptWord::literal);
        match name {
            Some("set") => {
                let sets = |word: &ScriptWord<'_>| {
                    word.literal().is_some_and(|text| {
                        text == "errexit"
                            || text.starts_with('-') && !text.starts_with("--") && text.contains('e')
                    })
                };
                self.errexit |= words.iter().any(sets);
                return Outcome::GoesOn;
            }
            Some("exit" | "return") => return Outcome::MayEnd,
            Some("wait") if words.len() == 1 || argument.is_none() => {
                return self.background.map_or(Outcome::GoesOn, Outcome::Never);
            }
            _ => {}
        }
        if let Some(why) = self.of_run(words) {
            return Outcome::Never(why);
        }
        // The shell's place is taken by a program of which nothing is known.
        if name == Some("exec") && words.len() > 1 { Outcome::MayEnd } else { Outcome::GoesOn }
    }

    fn of_run(&self, words: &[ScriptWord<'_>]) -> Option<Endless> {
        let texts: Vec<&str> = words.iter().map(|word| &*word.text).collect();
        let invocation = invocation::read(&texts)?;
        if invocation.is_bounded || !words[..=invocation.program].iter().all(|word| word.is_literal) {
            return None;
        }
        match invocation.kind {
            Kind::Script { script, errexit } => of_script(words[script].literal()?, errexit, self.scripts),
            Kind::Program => {
                let words = &words[invocation.program..];
                // It ends with the process that is named, whichever that is.
                if words.iter().any(|word| word.text.starts_with("--pid=")) {
                    return None;
                }
                let words: Vec<Option<&str>> = words.iter().map(ScriptWord::literal).collect();
                of_program(&words)
            }
            Kind::NoScript | Kind::File { .. } | Kind::Input => None,
        }
    }
}

/// Whether a condition always holds, or, of `until`, never.
fn always(condition: &[Item<'_>], until: bool) -> bool {
    let [item] = condition else { return false };
    let [command] = item.first.commands.as_slice() else { return false };
    if !item.rest.is_empty() || item.in_background {
        return false;
    }
    let holds = match command {
        Command::Simple(words) => {
            let texts: Vec<Option<&str>> = words.iter().map(ScriptWord::literal).collect();
            match texts.as_slice() {
                [Some("true" | ":" | "/bin/true" | "/usr/bin/true")] => Some(true),
                [Some("false" | "/bin/false")] => Some(false),
                // A text that is not empty holds, whatever it says.
                [Some("["), Some(text), Some("]")] | [Some("test"), Some(text)] => Some(!text.is_empty()),
                _ => None,
            }
        }
        Command::Test(words) => match words.as_slice() {
            [word] => word.literal().map(|text| !text.is_empty()),
            _ => None,
        },
        Command::Arithmetic(text) => text.trim().parse::<i64>().ok().map(|number| number != 0),
        _ => None,
    };
    holds.is_some_and(|holds| (holds ^ item.first.is_negated) != until)
}

/// Whether there is a way out of a list of commands: out of the script, or, of the body of a loop, out of that.
fn leaves(list: &[Item<'_>], is_loop: bool) -> bool {
    script::any_simple(list, &|words| {
        let name = words.first().and_then(ScriptWord::literal);
        match name {
            Some("exit" | "return" | "exec") => true,
            Some("break") => is_loop,
            // What is run is not known.
            None => is_loop && !words.is_empty(),
            Some(_) => false,
        }
    })
}

/// Whether a command in a list may fail, and with `-e` end the script.
fn may_fail(list: &[Item<'_>]) -> bool {
    script::any_simple(list, &|words| {
        let name = words.first().and_then(ScriptWord::literal).map(base_name);
        !words.is_empty()
            && !matches!(name, Some("sleep" | "echo" | "printf" | "true" | ":" | "date" | "wait"))
    })
}

/// Whether a command reads all that it is given, so that the one before it is not stopped.
fn reads_to_the_end(command: &Command<'_>) -> bool {
    let Command::Simple(words) = command else { return false };
    let name = words.first().and_then(ScriptWord::literal).map(base_name);
    match name {
        Some("cat" | "tee" | "ts" | "cut" | "tr" | "logger" | "jq" | "nl") => true,
        Some("grep" | "egrep" | "fgrep") => words[1..].iter().all(|word| {
            let flags = word.text.strip_prefix('-').unwrap_or_default();
            word.is_literal && !flags.contains(['m', 'q']) && !flags.starts_with("-quiet")
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> Option<Endless> {
        of_words(&["sh", "-c", script]).map(|(why, _)| why)
    }

    #[test]
    fn programs() {
        for (words, wanted) in [
            ("tail -f /dev/null", Some(Endless::Follows)),
            ("tail -n 0 -F /a /b", Some(Endless::Follows)),
            ("tail --follow=name --retry /a", Some(Endless::Follows)),
            ("tail -fn5 /a", Some(Endless::Follows)),
            ("tail -100f /a", Some(Endless::Follows)),
            ("/usr/bin/tail -qf /a", Some(Endless::Follows)),
            ("tini -- tail -f /a", Some(Endless::Follows)),
            ("tail -n 5 /a", None),
            ("tail -f", None),
            ("tail -f --pid=7 /a", None),
            ("tail /f", None),
            ("timeout 10 tail -f /a", None),
            ("sleep infinity", Some(Endless::Sleeps)),
            ("sleep inf", Some(Endless::Sleeps)),
            ("/bin/sleep 9999d", Some(Endless::Sleeps)),
            ("sleep 2147483647", Some(Endless::Sleeps)),
            ("sleep 300d 70d", Some(Endless::Sleeps)),
            ("sleep 3600", None),
            ("sleep", None),
            ("sleep $(TIME)", None),
            ("python main.py", None),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(of_words(&words).map(|(why, _)| why), wanted, "{words:?}");
        }
    }

    #[test]
    fn scripts_that_never_end() {
        for text in [
            "tail -f /dev/null",
            "exec tail -f /dev/null",
            "echo a; tail -f /dev/null",
            "set -e\necho a\nsleep infinity\n",
            "mkdir -p /x && tail -F /x/log | tee /y",
            "touch a; tail -f a",
            "while true; do sleep 1; done",
            "while :; do curl -s localhost; sleep 1; done",
            "while [ 1 ]; do date; sleep 5; done",
            "while [[ true ]]; do date; done",
            "while ((1)); do date; done",
            "until false; do date; done",
            "while ! false; do date; done",
            "for ((;;)); do date; done",
            "for (( ; ; )); do date; done",
            "set -e; while true; do date; sleep 1; done",
            "trap : TERM INT; sleep infinity & wait",
            "while true; do date; done & wait $!",
            "{ echo a; tail -f b; }",
            "(tail -f b)",
            "bash -c 'while true; do sleep 1; done'",
            "if true; then echo a; fi; tail -f x",
            "while true; do for i in 1 2; do echo $i; done; done",
            "cat <<EOF\nexit\nEOF\ntail -f x",
            "# exit\ntail -f x # kill",
            "tail -f x | grep error",
            "nohup tail -f x",
            "A=1 tail -f x >/dev/null 2>&1",
        ] {
            assert!(of(text).is_some(), "{text}");
        }
    }

    #[test]
    fn scripts_that_may_end() {
        for text in [
            "tail -f log & python main.py",
            "python main.py || tail -f /dev/null",
            "python main.py && exit 0; tail -f x",
            "exit 0; tail -f x",
            "exec python main.py; tail -f x",
            "echo tail -f x",
            "echo 'while true; do x; done'",
            "if [ -n \"$DEBUG\" ]; then sleep infinity; fi; python main.py",
            "while true; do if test -f /done; then break; fi; sleep 1; done",
            "while true; do test -f /done && exit 0; sleep 1; done",
            "while ! test -f /done; do sleep 1; done",
            "while [ ! -f /done ]; do sleep 1; done",
            "while [ $i ]; do sleep 1; done",
            "while read line; do echo; done",
            "until nc -z db 5432; do sleep 1; done",
            "for ((i=0;i<3;i++)); do x; done",
            "set -e; while true; do curl localhost; done",
            "tail -f x & P=$!; python main.py; kill $P",
            "(sleep 60; kill $$) & tail -f x",
            "tail -f x | head -1",
            "tail -f x | grep -m1 ready",
            "tail -f x | while read l; do break; done",
            "f() { exit 0; }; while true; do f; done",
            "while true; do . ./check; done",
            "while true; do $CHECK; done",
            "timeout 60 tail -f x",
            "python main.py; sleep 3600",
            "cat <<EOF\ntail -f x\nEOF\n",
            "# tail -f x\ntrue",
            "case $1 in a) exit 0;; esac; tail -f x",
            "a && tail -f x; b",
            "tail -f x &",
            "tail -f x & P=$!; sleep 5; wait -n",
            "while true; do x",
            "sleep infinity'",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of_words(&["bash", "-ec", "while true; do curl x; done"]), None);
    }
}
