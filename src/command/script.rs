//! The structure of a shell script: lists of commands, what is in loops, in conditions and in the background.

use super::invocation::{self, Invocation, Kind};
use super::lexer::{Lexer, ScriptWord, Token, Unreadable};

/// The longest script that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How deep compound commands are followed into one another.
const MAX_DEPTH: usize = 48;

/// How many programs of a script are named at most, those of the last item apart.
const MAX_PROGRAMS: usize = 16;

/// Commands, one after the other.
pub type List<'s> = Vec<Item<'s>>;

/// An element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'s> {
    /// The first pipeline.
    pub first: Pipeline<'s>,
    /// Those joined to it, each with what joins it.
    pub rest: Vec<(Join, Pipeline<'s>)>,
    /// Whether it ends with `&`: what follows does not wait for it.
    pub in_background: bool,
}

/// What joins two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands that run at once, each with the output of the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline<'s> {
    /// The commands, at least one.
    pub commands: Vec<Command<'s>>,
    /// Whether it begins with `!`.
    pub is_negated: bool,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'s> {
    /// A program, builtin or function with its arguments; no words where there are only assignments or redirections.
    Simple(Vec<ScriptWord<'s>>),
    /// `while`, or `until`.
    While {
        /// What is tried before each round.
        condition: List<'s>,
        /// Whether it goes on until the condition holds.
        until: bool,
        /// What is done.
        body: List<'s>,
    },
    /// `for`, or `select`.
    For {
        /// The condition of `for ((a; b; c))`; none of one that goes through words.
        condition: Option<&'s str>,
        /// What is done.
        body: List<'s>,
    },
    /// `if`: conditions and branches in their order, and whether the last is an `else`.
    If {
        /// All lists.
        lists: Vec<List<'s>>,
    },
    /// `case`: the lists of all patterns.
    Case(Vec<List<'s>>),
    /// `{ ... }` and `( ... )`.
    Group(List<'s>),
    /// `((...))`
    Arithmetic(&'s str),
    /// `[[ ... ]]`
    Test(Vec<ScriptWord<'s>>),
    /// The declaration of a function.
    Function(Box<Command<'s>>),
}

/// Reads a script; none where it is too long, nested too deep, or no script that this can read.
pub fn read(text: &str) -> Option<List<'_>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut parser = Parser { lexer: Lexer::new(text), peeked: None, depth: 0 };
    let list = parser.list().ok()?;
    (parser.peek().ok()? == &Token::End).then_some(list)
}

type Parsed<T> = Result<T, Unreadable>;

struct Parser<'s> {
    lexer: Lexer<'s>,
    peeked: Option<Token<'s>>,
    depth: usize,
}

/// The words that end a list where a command could begin.
const ENDINGS: [&str; 8] = ["done", "fi", "then", "else", "elif", "do", "esac", "}"];

impl<'s> Parser<'s> {
    fn peek(&mut self) -> Parsed<&Token<'s>> {
        if self.peeked.is_none() {
            self.peeked = Some(self.lexer.next()?);
        }
        self.peeked.as_ref().ok_or(Unreadable)
    }

    fn next(&mut self) -> Parsed<Token<'s>> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lexer.next(),
        }
    }

    /// The word that comes next, if it may be a keyword.
    fn keyword(&mut self) -> Parsed<Option<&str>> {
        Ok(match self.peek()? {
            Token::Word(word) if !word.is_quoted => word.literal(),
            _ => None,
        })
    }

    fn is_at(&mut self, keyword: &str) -> Parsed<bool> {
        Ok(self.keyword()? == Some(keyword))
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        if !self.is_at(keyword)? {
            return Err(Unreadable);
        }
        self.next().map(drop)
    }

    fn skip_separators(&mut self) -> Parsed<()> {
        while *self.peek()? == Token::Separator {
            self.next()?;
        }
        Ok(())
    }

    /// A list, up to what ends one.
    fn list(&mut self) -> Parsed<List<'s>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unreadable);
        }
        let mut items = Vec::new();
        loop {
            self.skip_separators()?;
            if matches!(self.peek()?, Token::End | Token::Close | Token::EndOfCase)
                || self.keyword()?.is_some_and(|word| ENDINGS.contains(&word))
            {
                break;
            }
            let mut item = self.and_or()?;
            match self.peek()? {
                Token::Background => {
                    self.next()?;
                    item.in_background = true;
                }
                Token::Separator | Token::End | Token::Close | Token::EndOfCase => {}
                _ => return Err(Unreadable),
            }
            items.push(item);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn and_or(&mut self) -> Parsed<Item<'s>> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let join = match self.peek()? {
                Token::And => Join::And,
                Token::Or => Join::Or,
                _ => return Ok(Item { first, rest, in_background: false }),
            };
            self.next()?;
            self.skip_separators()?;
            rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline<'s>> {
        let mut is_negated = false;
        while self.is_at("!")? || self.is_at("time")? {
            is_negated ^= self.is_at("!")?;
            self.next()?;
        }
        let mut commands = Vec::new();
        loop {
            commands.push(self.command()?);
            while *self.peek()? == Token::Redirection {
                self.next()?;
            }
            if *self.peek()? != Token::Pipe {
                break;
            }
            self.next()?;
            self.skip_separators()?;
        }
        Ok(Pipeline { commands, is_negated })
    }

    fn command(&mut self) -> Parsed<Command<'s>> {
        if *self.peek()? == Token::Open {
            self.next()?;
            if self.lexer.is_at_open()
                && let Some(expression) = self.lexer.arithmetic()
            {
                return Ok(Command::Arithmetic(expression));
            }
            let list = self.list()?;
            if self.next()? != Token::Close {
                return Err(Unreadable);
            }
            return Ok(Command::Group(list));
        }
        match self.keyword()? {
            Some("while") => self.repeated(false),
            Some("until") => self.repeated(true),
            Some("for" | "select") => self.counted(),
            Some("if") => self.branches(),
            Some("case") => self.patterns(),
            Some("{") => {
                self.next()?;
                let list = self.list()?;
                self.expect("}")?;
                Ok(Command::Group(list))
            }
            Some("[[") => self.test(),
            Some("function") => {
                self.next()?;
                self.next()?;
                self.body_of_function()
            }
            Some(word) if ENDINGS.contains(&word) => Err(Unreadable),
            _ => self.simple(),
        }
    }

    fn repeated(&mut self, until: bool) -> Parsed<Command<'s>> {
        self.next()?;
        let condition = self.list()?;
        let body = self.body()?;
        Ok(Command::While { condition, until, body })
    }

    fn body(&mut self) -> Parsed<List<'s>> {
        self.expect("do")?;
        let body = self.list()?;
        self.expect("done")?;
        Ok(body)
    }

    fn counted(&mut self) -> Parsed<Command<'s>> {
        self.next()?;
        let mut condition = None;
        if *self.peek()? == Token::Open {
            self.next()?;
            let clauses = self.lexer.arithmetic().ok_or(Unreadable)?;
            condition = Some(clauses.split(';').nth(1).ok_or(Unreadable)?.trim());
        }
        // The name, and the words to go through.
        while matches!(self.peek()?, Token::Word(_)) && !self.is_at("do")? {
            self.next()?;
        }
        self.skip_separators()?;
        Ok(Command::For { condition, body: self.body()? })
    }

    fn branches(&mut self) -> Parsed<Command<'s>> {
        self.next()?;
        let mut lists = vec![self.list()?];
        self.expect("then")?;
        loop {
            lists.push(self.list()?);
            match self.keyword()? {
                Some("elif" | "else" | "then") => {}
                _ => break,
            }
            self.next()?;
        }
        self.expect("fi")?;
        Ok(Command::If { lists })
    }

    fn patterns(&mut self) -> Parsed<Command<'s>> {
        self.next()?;
        // What is compared.
        self.next()?;
        self.skip_separators()?;
        self.expect("in")?;
        let mut lists = Vec::new();
        loop {
            self.skip_separators()?;
            if self.is_at("esac")? {
                self.next()?;
                return Ok(Command::Case(lists));
            }
            while self.next()? != Token::Close {
                if *self.peek()? == Token::End {
                    return Err(Unreadable);
                }
            }
            lists.push(self.list()?);
            if *self.peek()? == Token::EndOfCase {
                self.next()?;
            } else if !self.is_at("esac")? {
                return Err(Unreadable);
            }
        }
    }

    fn test(&mut self) -> Parsed<Command<'s>> {
        self.next()?;
        let mut words = Vec::new();
        loop {
            match self.next()? {
                Token::Word(word) if word.text == "]]" => return Ok(Command::Test(words)),
                Token::Word(word) => words.push(word),
                Token::End => return Err(Unreadable),
                _ => {}
            }
        }
    }

    fn simple(&mut self) -> Parsed<Command<'s>> {
        let mut words: Vec<ScriptWord<'s>> = Vec::new();
        let mut is_command = false;
        loop {
            match self.peek()? {
                Token::Redirection => drop(self.next()?),
                Token::Word(_) => {
                    let Token::Word(word) = self.next()? else { break };
                    if !words.is_empty() || !is_assignment(&word) {
                        words.push(word);
                    }
                }
                _ => break,
            }
            is_command = true;
        }
        if *self.peek()? == Token::Open {
            self.next()?;
            // A declaration has nothing between the parentheses.
            return if words.len() == 1 && self.next()? == Token::Close {
                self.body_of_function()
            } else {
                Err(Unreadable)
            };
        }
        if is_command { Ok(Command::Simple(words)) } else { Err(Unreadable) }
    }

    fn body_of_function(&mut self) -> Parsed<Command<'s>> {
        if *self.peek()? == Token::Open {
            self.next()?;
            if self.next()? != Token::Close {
                return Err(Unreadable);
            }
        }
        self.skip_separators()?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unreadable);
        }
        let body = self.command()?;
        self.depth -= 1;
        Ok(Command::Function(Box::new(body)))
    }
}

/// Whether a word before a command gives a variable a value.
fn is_assignment(word: &ScriptWord<'_>) -> bool {
    let Some((name, _)) = word.text.split_once('=') else { return false };
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl<'s> Command<'s> {
    /// The lists within a command.
    pub fn lists(&self) -> Vec<&List<'s>> {
        match self {
            Self::Simple(_) | Self::Arithmetic(_) | Self::Test(_) => Vec::new(),
            Self::While { condition, body, .. } => vec![condition, body],
            Self::For { body, .. } => vec![body],
            Self::If { lists } | Self::Case(lists) => lists.iter().collect(),
            Self::Group(list) => vec![list],
            Self::Function(body) => body.lists(),
        }
    }
}

/// The programs that a script runs in any case unless it ends before, with nothing of their names expanded: those of its
/// first level, behind what only runs them.
pub fn programs_run(script: &str) -> Vec<String> {
    let Some(list) = read(script) else { return Vec::new() };
    let mut programs = Vec::new();
    for item in &list {
        if programs.len() >= MAX_PROGRAMS {
            break;
        }
        let first = [&item.first].into_iter();
        // What is joined by `||` is run only where another fails, and what follows a test where that holds.
        let is_run = |join: &Join| *join == Join::And && !item.first.commands.iter().any(is_test);
        let joined = item.rest.iter().take_while(|(join, _)| is_run(join)).map(|(_, pipeline)| pipeline);
        for command in first.chain(joined).flat_map(|pipeline| &pipeline.commands) {
            let Command::Simple(words) = command else { continue };
            let texts: Vec<&str> = words.iter().map(|word| &*word.text).collect();
            if let Some(Invocation { program, kind: Kind::Program, .. }) = invocation::read(&texts)
                && words[..=program].iter().all(|word| word.is_literal)
            {
                programs.push(texts[program].to_owned());
            }
        }
        let ends = |words: &[ScriptWord<'_>]| {
            words.first().is_some_and(|word| matches!(&*word.text, "exit" | "exec" | "cd"))
        };
        if any_simple(std::slice::from_ref(item), &ends) {
            break;
        }
    }
    programs
}

fn is_test(command: &Command<'_>) -> bool {
    match command {
        Command::Test(_) | Command::Arithmetic(_) => true,
        Command::Simple(words) => words.first().is_some_and(|word| matches!(&*word.text, "[" | "test")),
        _ => false,
    }
}

/// Whether a simple command anywhere in a list is `wanted`, in the bodies of functions too.
pub fn any_simple(list: &[Item<'_>], wanted: &dyn Fn(&[ScriptWord<'_>]) -> bool) -> bool {
    let commands = |item: &Item<'_>| {
        std::iter::once(&item.first)
            .chain(item.rest.iter().map(|(_, pipeline)| pipeline))
            .flat_map(|pipeline| &pipeline.commands)
            .any(|command| in_command(command, wanted))
    };
    list.iter().any(commands)
}

fn in_command(command: &Command<'_>, wanted: &dyn Fn(&[ScriptWord<'_>]) -> bool) -> bool {
    match command {
        Command::Simple(words) => wanted(words),
        Command::Function(body) => in_command(body, wanted),
        other => other.lists().into_iter().any(|list| any_simple(list, wanted)),
    }
}

#[cfg(test)]
mod tests;
