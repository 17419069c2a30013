//! Completion of what only a cluster knows: the objects that `jobguard why` can be asked about.
//!
//! A shell calls this while somebody types. It is silent whatever goes wrong, and it never takes longer than [`TIMEOUT`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::cluster::{Answer, Connection, Reader, Resource, Selection, Target};
use clap_complete::Shell;

/// The name of the hidden command.
pub(super) const COMMAND: &str = "__complete";

/// The name by which kubectl calls what completes its plugin.
const OF_KUBECTL: &str = "kubectl_complete-jobguard";

/// How long a cluster may take to answer.
const TIMEOUT: Duration = Duration::from_millis(1_900);

/// How many names are offered.
const MOST: usize = 500;

/// Answers a shell, if it is one that asks: by the hidden command, or by the name of the program. Returns whether it was.
pub(super) fn answered() -> bool {
    let mut arguments = std::env::args_os();
    let program = arguments.next().map(PathBuf::from).unwrap_or_default();
    let mut words: Vec<String> = arguments.map(lossy).collect();
    let is_of_kubectl = program.file_name() == Path::new(OF_KUBECTL).file_name();
    if !is_of_kubectl {
        if words.first().is_none_or(|word| word != COMMAND) {
            return false;
        }
        words.remove(0);
    }
    let names = candidates(&words);
    let mut text: String = names.iter().map(|name| format!("{name}\n")).collect();
    if is_of_kubectl {
        // As cobra has it: no files instead.
        text.push_str(":4\n");
    }
    // A shell that has gone asks for nothing.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    true
}

fn lossy(text: OsString) -> String {
    text.to_string_lossy().into_owned()
}

/// What stands on the line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Line {
    target: Target,
    namespace: Option<String>,
    prefix: String,
}

impl Line {
    /// The line `why ... PREFIX`; none of another command, and where an option or its value is being typed.
    fn of(words: &[String]) -> Option<Self> {
        let (prefix, before) = words.split_last()?;
        let (command, before) = before.split_first()?;
        if command != "why" || prefix.starts_with('-') {
            return None;
        }
        let mut line = Self { prefix: prefix.clone(), ..Self::default() };
        let mut words = before.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                // There is an object already.
                return None;
            }
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, value.to_owned()),
                // Each option of the command takes a value: the one that is being typed is none of an object's.
                None => (word.as_str(), words.next()?.clone()),
            };
            match option {
                "-n" | "--namespace" => line.namespace = Some(value),
                "--context" => line.target.context = Some(value),
                "--kubeconfig" => line.target.kubeconfig = Some(value.into()),
                _ => {}
            }
        }
        Some(line)
    }
}

/// What may be meant.
fn candidates(words: &[String]) -> Vec<String> {
    let Some(line) = Line::of(words) else { return Vec::new() };
    let (sender, receiver) = mpsc::channel();
    // A plugin for credentials may hang, too: who waits for it is left behind when the program ends.
    thread::spawn(move || sender.send(names(&line)));
    receiver.recv_timeout(TIMEOUT).ok().flatten().unwrap_or_default()
}

fn names(line: &Line) -> Option<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let connection = Connection::open(&line.target).await.ok()?;
        let namespace = line.namespace.clone().unwrap_or_else(|| connection.namespace.clone());
        let reader = Reader::new(connection);
        let mut found = Vec::new();
        for (words, resource) in [
            (["cronjob", "cj", "cronjobs"], Resource::CRON_JOBS),
            (["job", "jobs", "job.batch"], Resource::JOBS),
        ] {
            let typed = line.prefix.split_once('/').map(|(kind, _)| kind);
            let Some(word) = words
                .into_iter()
                .find(|word| typed.map_or(word.starts_with(&line.prefix), |typed| typed == *word))
            else {
                // A name alone may be meant.
                continue;
            };
            let selection = Selection { namespace: Some(namespace.clone()), ..Selection::default() };
            let resource = Resource { metadata_only: true, ..resource };
            let mut pages = reader.list(resource, selection);
            while let Ok(Some(Answer::Given(page))) = pages.next().await {
                let of_page = page.objects().filter_map(name);
                let of_page = of_page
                    .map(|name| format!("{word}/{name}"))
                    .filter(|name| name.starts_with(&line.prefix));
                found.extend(of_page);
                if found.len() >= MOST {
                    break;
                }
            }
        }
        found.truncate(MOST);
        found.sort();
        Some(found)
    })
}

/// The name of an object, if it is one that is harmless to a shell.
fn name(object: &str) -> Option<String> {
    let object: serde_json::Value = serde_json::from_str(object).ok()?;
    let name = object.get("metadata")?.get("name")?.as_str()?;
    let is_harmless = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    name.chars().all(is_harmless).then(|| name.to_owned())
}

/// What is added to a completion script, so that the shell asks; nothing for shells that are not known well enough.
pub(super) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        _ => "",
    }
}

const BASH: &str = r#"
_jobguard_live() {
    local cur="${COMP_WORDS[COMP_CWORD]}"
    if [[ "${COMP_WORDS[1]}" == why && "$cur" != -* && "$COMP_CWORD" -ge 2 ]]; then
        local names
        names="$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
        if [[ -n "$names" ]]; then
            COMPREPLY=($(compgen -W "$names" -- "$cur"))
            return 0
        fi
    fi
    _jobguard "$@"
}
complete -F _jobguard_live -o nosort -o bashdefault -o default jobguard
"#;

const ZSH: &str = r#"
_jobguard_live() {
    if [[ "${words[2]}" == why && "${words[CURRENT]}" != -* && CURRENT -ge 3 ]]; then
        local -a names
        names=(${(f)"$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
        if (( ${#names} )); then
            compadd -a names
            return 0
        fi
    fi
    _jobguard "$@"
}
compdef _jobguard_live jobguard
"#;

const FISH: &str = r#"
function __jobguard_live
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c jobguard -n "__fish_seen_subcommand_from why" -f -a "(__jobguard_live)"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<Line> {
        Line::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_being_typed() {
        assert_eq!(line("why cronj"), Some(Line { prefix: "cronj".into(), ..Line::default() }));
        let found = line("why -n shop --context=prod job/").unwrap();
        assert_eq!(
            (found.namespace.as_deref(), found.target.context.as_deref()),
            (Some("shop"), Some("prod"))
        );
        assert_eq!(found.prefix, "job/");
        assert!(line("why ").is_some());
        for text in ["lint a", "why", "why -", "why -n sh", "why job/a b", "why --manifest de"] {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_a_shell_would_read_are_left_out() {
        assert_eq!(name(r#"{"metadata": {"name": "a-1.b"}}"#).as_deref(), Some("a-1.b"));
        for text in [r#"{"metadata": {"name": "$(reboot)"}}"#, r#"{"metadata": {"name": "a b"}}"#, "{}", "x"]
        {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
