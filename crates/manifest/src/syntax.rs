//! Why a document cannot be read, in words a person can act on.
//!
//! The texts name keys, punctuation and schedules, but no other values: a manifest may hold secrets.

use super::MAX_DEPTH;
use super::budget::TooLarge;
use super::edit::TextEdit;
use super::tree::{Span, Style};
use crate::limits::Exceeded;

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The text at fault. Empty where the fault is that something is missing.
    pub span: Span,
    /// What is wrong: one sentence without full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The change of the text that does it, where there is only one.
    pub repair: Option<TextEdit>,
    /// The object that is too large, where that is all that is wrong ([`Within`](super::Within)).
    pub too_large: Option<Box<TooLarge>>,
}

impl SyntaxError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None, repair: None, too_large: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn forbidden_character(span: Span, c: char) -> Self {
        Self::new(span, format!("the character U+{:04X} is not allowed in YAML", u32::from(c)))
            .help("remove it, or write it as an escape in double quotes")
    }

    pub(super) fn line_end(span: Span, c: char) -> Self {
        Self::new(
            span,
            format!("the invisible character U+{:04X} ends the line here for kubectl", u32::from(c)),
        )
        .help("remove it, or put the text that it belongs to in quotes")
    }

    pub(super) fn nothing_to_end(span: Span) -> Self {
        Self::new(span, "`...` ends a document, but none has begun").help("remove the line")
    }

    pub(super) fn key_over_lines(span: Span) -> Self {
        Self::new(span, "a key and its `:` must be on one line").help("write the key on one line")
    }

    pub(super) fn too_deep(span: Span) -> Self {
        Self::new(span, format!("the values are nested more than {MAX_DEPTH} levels deep"))
            .help("no Kubernetes object needs that: look for brackets that are opened and never closed")
    }

    pub(super) fn too_large(span: Span, too_large: TooLarge) -> Self {
        let mut error = Self::new(span, format!("the object has {}", too_large.exceeded));
        if let Exceeded::Depth(_) = too_large.exceeded {
            error.message = format!("the object is {}", too_large.exceeded);
        }
        error.too_large = Some(Box::new(too_large));
        error
    }

    pub(super) fn not_finite(span: Span) -> Self {
        Self::new(span, "infinity and \"not a number\" cannot be sent to the API server")
            .help("put the value in quotes if it is a string")
    }

    pub(super) fn number_too_large(span: Span) -> Self {
        Self::new(span, "the number is larger than any that kubectl can read (1.8e308)")
            .help("put the value in quotes if it is a string")
    }

    pub(super) fn name_against_bracket(span: Span) -> Self {
        Self::new(span, "a bracket may not directly follow the name of an anchor or alias")
            .help("put a space between the name and the bracket")
    }

    pub(super) fn sign_in_brackets(span: Span, sign: char) -> Self {
        let message = match sign {
            ':' => "within brackets, a text without quotes cannot begin with `:`",
            _ => "within brackets, a text without quotes cannot hold `?`",
        };
        Self::new(span, format!("{message}: kubectl cannot read it")).help("put the value in quotes")
    }

    pub(super) fn bad_key(span: Span) -> Self {
        Self::new(span, "a key must be a text, a boolean or a number that fits into 64 bits")
            .help("write the key, in quotes if need be, before the `:`")
    }

    pub(super) fn tag_mismatch(span: Span, wants: &str) -> Self {
        Self::new(span, format!("the tag before this value asks for {wants}, which it is not"))
            .help("remove the tag (the word that begins with `!`)")
    }

    pub(super) fn bad_merge(span: Span) -> Self {
        Self::new(span, "`<<` can only take in an object or a list of objects")
            .help("give it an alias of an object (`<<: *name`), or put the key in quotes")
    }

    pub(super) fn alias_of_itself(span: Span) -> Self {
        Self::new(span, "this alias is inside the very value that it names")
            .help("an alias can only name a value that is complete")
    }

    pub(super) fn alias_bomb(span: Span) -> Self {
        Self::new(span, "aliases multiply this document far beyond its size, so kubectl refuses it")
            .help("write the values out, or name smaller ones")
    }

    pub(super) fn unclosed_quote(text: &str, at: usize) -> Self {
        let quote = text[at..].chars().next().unwrap_or('"');
        Self::new(
            Span::new(at, at + quote.len_utf8()),
            format!("the quote `{quote}` opened here is never closed"),
        )
        .help(format!("add the closing `{quote}`"))
    }

    pub(super) fn unclosed_bracket(text: &str, at: usize) -> Self {
        let open = text[at..].chars().next().unwrap_or('[');
        let close = if open == '{' { '}' } else { ']' };
        Self::new(Span::new(at, at + open.len_utf8()), format!("the `{open}` opened here is never closed"))
            .help(format!("add the closing `{close}`, or put the value in quotes if it is a string"))
    }

    pub(super) fn bad_escape(text: &str, span: Span) -> Self {
        let escape = text.get(span.start..span.end).unwrap_or("\\");
        Self::new(span, format!("`{escape}` is not an escape that kubectl's reader knows"))
            .help("write `\\\\` for a backslash, or use single quotes, in which backslashes mean nothing")
    }

    pub(super) fn bad_separator(text: &str, line: Span, rest: Option<Span>) -> Self {
        let message = "only a comment may follow `---` on its line: kubectl stops reading here";
        match rest {
            Some(rest) => Self::new(rest, message).help("move what follows `---` to the next line"),
            None => {
                let shown = if text[line.start..line.end].bytes().all(|b| b == b'-') {
                    "exactly three dashes"
                } else {
                    "`---` alone on its line"
                };
                Self::new(line, "a line that begins with `---` separates documents, but this one goes on")
                    .help(format!("write {shown} to separate documents"))
            }
        }
    }
}

/// What ends a line for kubectl. The last three are invisible.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// A list or object that was open when the fault was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) map: bool,
    pub(super) flow: bool,
    /// Where it begins: its bracket, first dash or first key.
    pub(super) start: usize,
    /// Its last key; empty before the first.
    pub(super) key: Span,
}

/// What was known when the fault was found.
#[derive(Debug)]
pub(super) struct Context<'t> {
    /// The text up to the end of the document.
    pub(super) text: &'t str,
    /// Where the document begins.
    pub(super) start: usize,
    /// What was open, outermost first.
    pub(super) open: Vec<Open>,
    /// The last scalar or alias read, and how it is written.
    pub(super) last: Span,
    pub(super) style: Style,
}

impl<'t> Context<'t> {
    /// The text of a range.
    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The character at `at`.
    pub(super) fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// That character's range; empty at the end.
    pub(super) fn char_span(&self, at: usize) -> Span {
        Span::new(at, at + self.char_at(at).map_or(0, char::len_utf8))
    }

    /// The line that `at` is on, without its end.
    pub(super) fn line(&self, at: usize) -> Span {
        let before = &self.text[self.start..at];
        let start = before
            .rfind(LINE_ENDS)
            .map_or(self.start, |n| self.start + n + before[n..].chars().next().map_or(1, char::len_utf8));
        let end = self.text[at..].find(LINE_ENDS).map_or(self.text.len(), |n| at + n);
        Span::new(start, end)
    }

    /// What is written on the line of `at`, without indentation, comment and trailing blanks.
    pub(super) fn written(&self, at: usize) -> Span {
        let line = self.line(at);
        let text = self.slice(line);
        let start = line.start + (text.len() - text.trim_start().len());
        let text = &self.text[start..line.end.max(start)];
        let end = if text.starts_with('#') { 0 } else { text.find(" #").unwrap_or(text.len()) };
        Span::new(start, start + text[..end].trim_end().len())
    }

    /// The column of `at`, in characters from 0.
    pub(super) fn column(&self, at: usize) -> usize {
        self.slice(Span::new(self.line(at).start, at)).chars().count()
    }

    /// The rest of the value that begins at `at`: up to a comment or the end of the line.
    pub(super) fn value_from(&self, at: usize) -> Span {
        let text = self.slice(Span::new(at, self.line(at).end));
        let end = text.find(" #").unwrap_or(text.len());
        Span::new(at, at + text[..end].trim_end().len())
    }

    /// The key that the value at `at` belongs to, where both are on one line.
    pub(super) fn key_before(&self, at: usize) -> Option<&'t str> {
        let line = self.line(at);
        let before = self.slice(Span::new(line.start, at)).trim_end().strip_suffix(':')?;
        let key = before.rsplit([' ', '\t', '{', ',']).next()?;
        (!key.is_empty() && key.len() <= 40).then_some(key)
    }

    /// The first template marker in the lines up to that of `at` which the fault can come from: on its line, on the
    /// line before, or alone on any earlier line.
    pub(super) fn template(&self, at: usize) -> Option<Span> {
        let line = self.line(at);
        if let Some(found) = self.template_in(line) {
            return Some(found);
        }
        let last = self.line(self.last.start.min(at));
        if let Some(found) = self.template_in(last) {
            return Some(found);
        }
        let mut from = self.start;
        while from < line.start {
            let line = self.line(from);
            let text = self.slice(line).trim_start();
            if text.starts_with("{{") || text.starts_with("{%") || text.starts_with("{#") {
                return self.template_in(line);
            }
            from = line.end + self.char_at(line.end).map_or(1, char::len_utf8);
        }
        None
    }

    fn template_in(&self, line: Span) -> Option<Span> {
        let text = self.slice(line);
        let (start, close) = match (text.find("{{"), text.find("{%")) {
            (Some(a), Some(b)) if b < a => (b, "%}"),
            (Some(a), _) => (a, "}}"),
            (None, Some(b)) => (b, "%}"),
            (None, None) => return None,
        };
        let end = text[start..].find(close).map_or(text.trim_end().len(), |n| start + n + close.len());
        Some(Span::new(line.start + start, line.start + end.max(start + 2)))
    }

    /// The error for a template that was not rendered.
    pub(super) fn unrendered(&self, span: Span) -> SyntaxError {
        let what = match self.slice(span) {
            text if text.starts_with("{%") => "a Jinja template",
            text if text.contains(".Values") || text.contains(".Release") || text.contains("include ") => {
                "a Helm template"
            }
            _ => "a template",
        };
        let help = match what {
            "a Helm template" => "render it first (`helm template`) and check the result",
            _ => "render it first and check the result; if the braces are intended, put the value in quotes",
        };
        SyntaxError::new(span, format!("this is {what} that has not been rendered, which is not YAML yet"))
            .help(help)
    }

    /// A list or object where a key belongs: nearly always a template.
    pub(super) fn collection_key(&self, span: Span) -> SyntaxError {
        if let Some(template) = self.template(span.start) {
            return self.unrendered(template);
        }
        let span = if span.is_empty() { self.char_span(span.start) } else { span };
        SyntaxError::new(span, "a list or an object cannot be a key")
            .help("write the key as a text, in quotes if it holds brackets or braces")
    }

    /// An alias of nothing: nearly always a schedule without quotes.
    pub(super) fn unknown_alias(&self, span: Span) -> SyntaxError {
        let value = self.value_from(span.start);
        let text = self.slice(value);
        if is_schedule(text) {
            return self.unquoted_schedule(value);
        }
        if text.len() > span.end.saturating_sub(span.start) {
            return SyntaxError::new(span, "a value that begins with `*` is read as an alias")
                .help("put the whole value in quotes");
        }
        let name = self.slice(span).trim_start_matches('*');
        let shown = if name.len() <= 40 { format!(" `&{name}`") } else { String::new() };
        SyntaxError::new(span, format!("this alias names nothing: there is no anchor{shown} before it"))
            .help("set the anchor earlier in the same document, or put the value in quotes if it is a string")
    }

    /// An anchor or alias without a name, or whose name does not end at `end`.
    pub(super) fn bad_name(&self, at: usize, end: usize) -> SyntaxError {
        let value = self.value_from(at);
        let text = self.slice(value);
        if is_schedule(text) {
            return self.unquoted_schedule(value);
        }
        let is_anchor = text.starts_with('&');
        if end == at + 1 {
            let (sign, what) = if is_anchor { ('&', "an anchor") } else { ('*', "an alias") };
            return SyntaxError::new(
                value,
                format!("`{sign}` begins {what} in YAML and needs a name right after it"),
            )
            .help("put the whole value in quotes if it is a string");
        }
        if matches!(self.char_at(end), Some('[' | '{')) {
            return SyntaxError::name_against_bracket(Span::new(at, end + 1));
        }
        SyntaxError::new(value, "the name of an anchor or alias can only hold letters, digits, `-` and `_`")
            .help("put the whole value in quotes if it is a string")
    }

    /// Whether the line at `at` is `---` or `...`.
    pub(super) fn is_document_mark(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        self.line(at).start == at
            && (rest.starts_with("---") || rest.starts_with("..."))
            && rest[3..].chars().next().is_none_or(char::is_whitespace)
    }

    pub(super) fn unquoted_schedule(&self, value: Span) -> SyntaxError {
        let text = self.slice(value);
        let what = if text.starts_with('@') { "`@` is a reserved character" } else { "`*` begins an alias" };
        let key = self.key_before(value.start).map(|key| format!("{key}: ")).unwrap_or_default();
        let mut error = SyntaxError::new(
            value,
            format!("a schedule that begins like this must be in quotes: in YAML, {what}"),
        )
        .help(format!("write `{key}\"{text}\"`"));
        // What is known for a schedule holds nothing that quotes would change.
        error.repair = Some(TextEdit { span: value, with: format!("\"{text}\"") });
        error
    }
}

/// Whether a value looks like a schedule: five or six fields of cron, or an `@` word of cron.
pub(super) fn is_schedule(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@reboot"];
    if WORDS.contains(&text) || (text.starts_with("@every ") && text.len() <= 24) {
        return true;
    }
    let field = |field: &str| {
        field
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'/' | b',' | b'-' | b'?' | b'#'))
    };
    text.len() <= 64
        && (5..=7).contains(&text.split_whitespace().count())
        && text.split_whitespace().all(field)
}
