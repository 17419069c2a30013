//! What containers run: the program that their `command` and `args` start, the script of a shell, and whether it ends.
//!
//! This reads shell only as far as that is certain. What it cannot read it calls unknown, and the rules say nothing of
//! it.

mod ending;
mod endless;
mod invocation;
mod known;
mod lexer;
mod mounted;
mod references;
mod script;
mod unexpanded;

use k8s_openapi::api::core::v1::Container;

pub use ending::{NeverEnds, may_be_ended};
pub use endless::{Endless, of_words as never_ends};
pub use invocation::{
    Invocation, Kind, base_name, is_builtin, is_shell, read as invocation, reads_arguments,
};
pub use known::Server;
pub use lexer::ScriptWord;
pub use lexer::words_of;
pub use mounted::{MountedFile, SetBy, Volumes};
pub use references::{may_be_of_service, references};
pub use script::{Command, Item, Join, List, Pipeline, any_simple, programs_run, read as read_script};
pub use unexpanded::{Misread, Unexpanded, unexpanded};

/// The command line of a container, as the kubelet puts it together.
#[derive(Debug, Clone, Copy)]
pub struct CommandLine<'a> {
    command: &'a [String],
    args: &'a [String],
    origin: Origin,
}

/// Where the program of a container comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `command` names it.
    Written,
    /// `args` does: the image is known to run what it is given, or the arguments are a shell's.
    Arguments,
    /// The image has it, and nobody here knows which it is.
    Image,
}

/// A word of a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// The field that it stands in: `command` or `args`.
    pub field: &'static str,
    /// Where in the field.
    pub index: usize,
}

impl<'a> CommandLine<'a> {
    /// That of a container.
    pub fn of(container: &'a Container) -> Self {
        let command = container.command.as_deref().unwrap_or_default();
        let args = container.args.as_deref().unwrap_or_default();
        let runs_arguments = || {
            let image = container.image.as_deref().unwrap_or_default();
            known::is_shell_call(args) || (!args.is_empty() && known::runs_arguments(image))
        };
        let origin = if !command.is_empty() {
            Origin::Written
        } else if runs_arguments() {
            Origin::Arguments
        } else {
            Origin::Image
        };
        Self { command, args, origin }
    }

    /// Where the program comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the program is known, so that the first word names it.
    pub fn has_program(&self) -> bool {
        self.origin != Origin::Image
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.command.len() + self.args.len()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The word at a position.
    pub fn word(&self, at: usize) -> Option<Word<'a>> {
        match self.command.get(at) {
            Some(text) => Some(Word { text, field: "command", index: at }),
            None => {
                let index = at - self.command.len();
                self.args.get(index).map(|text| Word { text: text.as_str(), field: "args", index })
            }
        }
    }

    /// The words from a position on.
    pub fn words_from(&self, at: usize) -> impl Iterator<Item = Word<'a>> + use<'a> {
        let line = *self;
        (at..line.len()).filter_map(move |at| line.word(at))
    }

    /// The words.
    pub fn texts(&self) -> Vec<&'a str> {
        self.command.iter().chain(self.args).map(String::as_str).collect()
    }

    /// What it runs; none where the program is the image's own.
    pub fn invocation(&self) -> Option<Invocation> {
        if self.has_program() { invocation::read(&self.texts()) } else { None }
    }

    /// Why it never ends, and the word that shows it.
    pub fn never_ends(&self) -> Option<(Endless, Word<'a>)> {
        if !self.has_program() {
            return None;
        }
        let (why, at) = never_ends(&self.texts())?;
        Some((why, self.word(at)?))
    }

    /// The arguments of an image's own program.
    pub fn arguments(&self) -> &'a [String] {
        self.args
    }
}
