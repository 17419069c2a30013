//! From what the scanner says to what the author most likely did.

use super::scan::{Fault, FaultKind as F};
use super::syntax::{Context, SyntaxError, is_schedule};
use super::tree::{Span, Style};

impl Context<'_> {
    /// Explains a fault.
    #[cold]
    pub(super) fn explain(&self, fault: &Fault) -> SyntaxError {
        let at = fault.span.start;
        if let Some(template) = self.template(at) {
            return self.unrendered(template);
        }
        if let Some(error) = self.invisible_line_end(at, fault.kind).or_else(|| self.bracket_left_open(at)) {
            return error;
        }
        if self.char_at(at) == Some('\u{FEFF}') {
            return SyntaxError::new(self.char_span(at), "a byte order mark is not allowed here")
                .help("remove it; the editor's \"UTF-8 without BOM\" does");
        }
        let is_behind = !matches!(fault.kind, F::InSequence(_) | F::InMapping(_) | F::Colon | F::NoValue);
        if let Some(error) = self.after_quote(at).filter(|_| is_behind) {
            return error;
        }
        match fault.kind {
            F::InSequence(open) | F::InMapping(open) => self.in_brackets(open, at),
            F::UnclosedQuote => SyntaxError::unclosed_quote(self.text, at),
            F::Escape => SyntaxError::bad_escape(self.text, fault.span),
            F::Tab => self.tab(at),
            F::Character(c) => self.reserved(at, c),
            F::Directive => self.reserved(at, '%'),
            F::Name => self.bad_name(at, fault.span.end),
            F::Tag => self.tag(at),
            F::Colon => self.colon(at),
            F::MissingColon => self.no_key(fault.span),
            F::KeyMark => SyntaxError::new(self.char_span(at), "a key cannot begin here")
                .help("`? ` begins a key; put the value in quotes if it is a string"),
            F::Dash => self.dash(at),
            F::CollectionKey => self.collection_key(fault.span),
            F::NoKey(_) if self.char_at(at) == Some(':') => SyntaxError::bad_key(self.char_span(at)),
            F::NoKey(_) | F::NoItem(_) => self.misplaced(at, fault.kind),
            F::NoValue => self.no_value(at),
            F::BlockHeader => {
                SyntaxError::new(self.value_from(at), "only a comment may follow `|` or `>` on its line")
                    .help("write the text on the lines below, indented; or put the value in quotes")
            }
            F::TooDeep => SyntaxError::too_deep(self.char_span(at)),
        }
    }

    /// A line end that only YAML 1.1 knows, on what looks like the line of `at`, before it; behind it, where a key seems to
    /// go on.
    fn invisible_line_end(&self, at: usize, kind: F) -> Option<SyntaxError> {
        let ends = ['\n', '\r'];
        let start = self.text[self.start..at].rfind(ends).map_or(self.start, |n| self.start + n + 1);
        let end = self.text[at..].find(ends).map_or(self.text.len(), |n| at + n);
        let end = if kind == F::MissingColon { end } else { at };
        let (n, c) = self.slice(Span::new(start, end)).char_indices().find(|(_, c)| is_invisible(*c))?;
        let at = start + n;
        Some(SyntaxError::line_end(Span::new(at, at + c.len_utf8()), c))
    }

    /// Whether a bracket was left open on an earlier line: then the keys that follow, no further in, are what the
    /// parser stumbles on.
    fn bracket_left_open(&self, at: usize) -> Option<SyntaxError> {
        let open = self.open.last().filter(|open| open.flow)?;
        let opened = self.line(open.start);
        let line = self.line(at);
        if line.start <= opened.start {
            return None;
        }
        let indent = |line: Span| self.column(self.written(line.start).start);
        let text = self.slice(self.written(at));
        let starts_entry = text.starts_with("- ") || is_key_line(text);
        (starts_entry && indent(line) <= indent(opened))
            .then(|| SyntaxError::unclosed_bracket(self.text, open.start))
    }

    fn stray_bracket(&self, at: usize) -> SyntaxError {
        let bracket = self.char_at(at).unwrap_or(']');
        SyntaxError::new(self.char_span(at), format!("this `{bracket}` closes nothing"))
            .help("remove it, or put the value in quotes if it is a string")
    }

    /// What follows a value in quotes on its line.
    fn after_quote(&self, at: usize) -> Option<SyntaxError> {
        let is_next = self.slice(Span::new(self.last.end, at)).bytes().all(|b| matches!(b, b' ' | b'\t'));
        let is_quoted = matches!(self.style, Style::SingleQuoted | Style::DoubleQuoted);
        (is_next && is_quoted).then(|| self.behind_quote(self.last, at))
    }

    /// Something stands behind a text in quotes at `at`: the text may be meant to end earlier.
    fn behind_quote(&self, quoted: Span, at: usize) -> SyntaxError {
        if self.swallows_keys(quoted) {
            return SyntaxError::unclosed_quote(self.text, quoted.start);
        }
        let help = if self.text[quoted.start..].starts_with('\'') {
            "put the whole value in quotes; within single quotes, write `''` for a quote"
        } else {
            "put the whole value in quotes; within double quotes, write `\\\"` for a quote"
        };
        SyntaxError::new(self.value_from(at), "nothing may follow the closing quote of a value").help(help)
    }

    /// A key whose `:` is missing.
    fn no_key(&self, key: Span) -> SyntaxError {
        if !self.text[key.start..].starts_with(['"', '\'']) {
            return self.no_colon(key.start);
        }
        let written = self.slice(Span::new(key.end, self.line(key.end).end));
        let rest = written.trim_start_matches([' ', '\t']);
        if self.swallows_keys(key) || !(rest.is_empty() || rest.starts_with('#')) {
            return self.behind_quote(key, key.end + written.len() - rest.len());
        }
        self.no_colon(key.start)
    }

    /// Whether a text in quotes has lines that look like keys, no further in than the line it begins on.
    fn swallows_keys(&self, quoted: Span) -> bool {
        let indent = |text: &str| text.len() - text.trim_start().len();
        let most = indent(self.slice(self.line(quoted.start)));
        let mut lines = self.slice(quoted).split(['\n', '\r']).skip(1);
        lines.any(|line| is_key_line(line.trim_start()) && indent(line) <= most)
    }

    /// Neither a comma nor the bracket that closes what `open` opens.
    fn in_brackets(&self, open: usize, at: usize) -> SyntaxError {
        match self.char_at(at) {
            None => SyntaxError::unclosed_bracket(self.text, open),
            _ if self.is_document_mark(at) => SyntaxError::unclosed_bracket(self.text, open),
            Some(']' | '}') => self.wrong_bracket(open, at),
            Some('?') => SyntaxError::sign_in_brackets(self.char_span(at), '?'),
            Some(':') if self.line(at).start > self.last.start => {
                let line = self.written(at);
                if !is_key_line(self.slice(line)) {
                    return SyntaxError::key_over_lines(self.last);
                }
                let close = if self.char_at(open) == Some('{') { '}' } else { ']' };
                SyntaxError::new(
                    self.key_span(line),
                    format!("a comma or the closing `{close}` is missing before this key"),
                )
                .help("separate the entries with commas, or close the bracket on the line before")
            }
            _ => self.after_quote(at).unwrap_or_else(|| {
                SyntaxError::new(self.char_span(at), "a comma or the closing bracket is expected here").help(
                    "separate values with commas; put a text that holds brackets, braces or commas in quotes",
                )
            }),
        }
    }

    fn wrong_bracket(&self, open: usize, at: usize) -> SyntaxError {
        let [close, open] = [at, open].map(|at| self.slice(self.char_span(at)));
        SyntaxError::new(self.char_span(at), format!("`{close}` cannot close the `{open}` opened before"))
            .help("close brackets in the order in which they were opened")
    }

    fn no_value(&self, at: usize) -> SyntaxError {
        let bracket = self.open.last().filter(|open| open.flow).map(|open| open.start);
        match (self.char_at(at), bracket) {
            (None, Some(open)) => SyntaxError::unclosed_bracket(self.text, open),
            (Some(']' | '}'), Some(open)) => self.wrong_bracket(open, at),
            (Some('.'), _) if self.is_document_mark(at) => {
                SyntaxError::nothing_to_end(Span::new(at, at + "...".len()))
            }
            (Some(']' | '}'), None) => self.stray_bracket(at),
            (Some('-'), _) => self.dash(at),
            (Some(':'), _) if !self.text[at + 1..].starts_with(char::is_whitespace) => {
                SyntaxError::sign_in_brackets(self.char_span(at), ':')
            }
            _ => SyntaxError::new(self.char_span(at), "a value is expected here"),
        }
    }

    /// A tab where indentation is looked for.
    fn tab(&self, start: usize) -> SyntaxError {
        let tabs = self.text[start..].bytes().take_while(|b| *b == b'\t').count();
        let line = self.line(start);
        let indents = self.text[line.start..start].trim().is_empty();
        let message = match (tabs, indents) {
            (1, true) => "a tab is used to indent; YAML allows spaces only",
            (_, true) => "tabs are used to indent; YAML allows spaces only",
            (_, false) => "a tab is not allowed here; YAML allows only spaces",
        };
        SyntaxError::new(Span::new(start, start + tabs), message)
            .help("replace tabs with spaces, two for each level")
    }

    fn reserved(&self, at: usize, c: char) -> SyntaxError {
        let value = self.value_from(at);
        let line = self.slice(self.written(at));
        match c {
            '@' if is_schedule(self.slice(value)) => self.unquoted_schedule(value),
            '%' if line.starts_with('%') => SyntaxError::new(
                self.written(at),
                "kubectl does not read directives (lines that begin with `%`)",
            )
            .help("remove the line"),
            '`' => SyntaxError::new(value, "a value cannot begin with a backtick")
                .help("put the whole value in quotes"),
            '@' | '%' => SyntaxError::new(value, format!("a value cannot begin with `{c}`"))
                .help("put the whole value in quotes"),
            c if c.is_control() => SyntaxError::forbidden_character(self.char_span(at), c),
            c => SyntaxError::new(self.char_span(at), format!("`{c}` is not allowed here"))
                .help("put the value in quotes if it is a string"),
        }
    }

    /// A colon where no key can be.
    fn colon(&self, at: usize) -> SyntaxError {
        let line = self.written(at);
        let before = self.slice(Span::new(line.start, at));
        let first = self.written(self.last.start);
        if self.last.start < line.start && first.start < line.start {
            return self.colon_in_lines(first, line);
        }
        if let Some((key, _)) = before.split_once(": ") {
            let key = key.trim_start_matches("- ").trim();
            let shown = if key.len() <= 40 { format!(" of `{key}`") } else { String::new() };
            return SyntaxError::new(
                self.char_span(at),
                format!("a second `:` on the line: the value{shown} holds one"),
            )
            .help("put the whole value in quotes, or begin a new line for the next key");
        }
        SyntaxError::new(self.char_span(at), "a `:` is not allowed here: there cannot be a key at this place")
            .help("put the value in quotes if the `:` belongs to it, or check the indentation")
    }

    /// A colon on a later line of what began as a text: the lines before it are at fault.
    fn colon_in_lines(&self, first: Span, line: Span) -> SyntaxError {
        let text = self.slice(first);
        let item = text.trim_start_matches("- ");
        if let Some(n) = missing_blank(item) {
            let at = first.end - item.len() + n;
            let key = &item[..n];
            return SyntaxError::new(
                Span::new(at, at + 1),
                "there is no space after this `:`, so it is not a key",
            )
            .help(format!("write `{key}: ` before the value"));
        }
        if let Some((key, _)) = text.split_once(": ")
            && self.column(line.start) > self.column(first.start)
        {
            let key = key.trim_start_matches("- ").trim();
            let key = if key.len() <= 40 { format!("`{key}`") } else { "the key above".to_owned() };
            return SyntaxError::new(
                line,
                format!("this line is indented below {key}, which has a value already"),
            )
            .help("indent it like the lines it belongs with, or remove the value above");
        }
        SyntaxError::new(first, "this line has no `:`, so it is not a key with a value")
            .help("write `key: value`, or indent the line if it belongs to the value above")
    }

    /// A line that should hold a key.
    fn no_colon(&self, at: usize) -> SyntaxError {
        let line = self.written(at);
        let text = self.slice(line);
        if let Some(n) = missing_blank(text) {
            let at = line.start + n;
            return SyntaxError::new(
                Span::new(at, at + 1),
                "there is no space after this `:`, so it is not a key",
            )
            .help(format!("write `{}: ` before the value", &text[..n]));
        }
        if text.starts_with('-') && !text.starts_with("- ") && !text.starts_with("--") {
            return SyntaxError::new(
                Span::new(line.start, line.start + 1),
                "there is no space after this `-`",
            )
            .help("write `- ` before a list item");
        }
        if text.contains("&") && !text.contains(": ") {
            return SyntaxError::new(line, "there is only an anchor here, where a key is expected")
                .help("write the anchor after the `:` of the key whose value it names");
        }
        SyntaxError::new(line, "this line has no `:`, so it is not a key with a value")
            .help("write `key: value`, or indent the line if it belongs to the value above")
    }

    fn dash(&self, at: usize) -> SyntaxError {
        let span = self.char_span(at);
        match self.key_before(at) {
            Some(key) => SyntaxError::new(span, format!("a list cannot begin on the line of its key `{key}`"))
                .help("begin the list on the next line, or write it in brackets: `[a, b]`"),
            None => SyntaxError::new(span, "a list item is not allowed here")
                .help("begin the list on a line of its own, below a key that has no value; or put the value in quotes"),
        }
    }

    fn tag(&self, at: usize) -> SyntaxError {
        SyntaxError::new(
            self.value_from(at),
            "a value that begins with `!` is read as a tag, and this is not a valid one",
        )
        .help("put the whole value in quotes")
    }

    /// Where the bracket at `at` is closed, if that is on its line.
    fn end_of_brackets(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let closes = |(_, c): &(usize, char)| {
            match c {
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        };
        let line = self.slice(Span::new(at, self.line(at).end));
        line.char_indices().find(closes).map(|(n, _)| at + n + 1)
    }

    /// What stands where the next key of an object or the next item of a list should: on a line of its own, or behind a
    /// value.
    fn misplaced(&self, at: usize, kind: F) -> SyntaxError {
        match self.char_at(at) {
            Some('[' | '{') => match self.end_of_brackets(at) {
                None => SyntaxError::unclosed_bracket(self.text, at),
                Some(end) if matches!(kind, F::NoKey(_)) => self.collection_key(Span::new(at, end)),
                Some(_) => self.indentation(at),
            },
            Some(']' | '}') => self.stray_bracket(at),
            _ if self.slice(Span::new(self.line(at).start, at)).trim_end().ends_with([']', '}']) => {
                SyntaxError::new(self.value_from(at), "nothing may follow the closing bracket of a value")
                    .help("begin a new line for the next key, or put the whole value in quotes if it is a string")
            }
            _ => self.indentation(at),
        }
    }

    /// A line that fits no level above it, or is of another kind than its level.
    fn indentation(&self, at: usize) -> SyntaxError {
        let line = self.written(at);
        let text = self.slice(line);
        let column = self.column(line.start);
        let level = self.open.iter().rev().find(|o| !o.flow && self.column(o.start) == column);
        let dash = text == "-" || text.starts_with("- ");
        match level {
            Some(level) if level.map && dash => {
                if let Some((key, needed)) = self.key_without_value(line.start, column) {
                    let message =
                        format!("this list item is indented by less than `{key}`, which it follows");
                    let help = format!(
                        "indent the list by {needed} spaces or more, if it belongs to `{key}`, which has no value yet"
                    );
                    return SyntaxError::new(self.char_span(line.start), message).help(help);
                }
                let key = self.slice(level.key);
                let below = if key.is_empty() || key.len() > 40 {
                    String::new()
                } else {
                    format!(" (after `{key}`)")
                };
                SyntaxError::new(self.char_span(line.start), format!("a list item is among keys{below}"))
                    .help("indent the list below the key it belongs to, which must have no other value")
            }
            Some(level) if !level.map && !dash => {
                if text.starts_with('-') {
                    return self.no_colon(line.start);
                }
                SyntaxError::new(self.key_span(line), "a key is among list items")
                    .help("indent it below its list item, or less if it belongs to an outer object")
            }
            Some(_) => self.no_colon(line.start),
            None => self.no_level(line, column),
        }
    }

    /// The key that ends the line before, with nothing behind it, where it is indented by more than `column`: and by how much.
    fn key_without_value(&self, mut start: usize, column: usize) -> Option<(&str, usize)> {
        /// How many empty lines and comments may stand between.
        const MAX_BETWEEN: usize = 16;
        for _ in 0..MAX_BETWEEN {
            start = self.line(start).start.checked_sub(1).filter(|before| *before >= self.start)?;
            let written = self.written(start);
            if written.is_empty() {
                continue;
            }
            let text = self.slice(written);
            let item = text.strip_prefix("- ").map_or(text, str::trim_start);
            let key = item.strip_suffix(':')?;
            let needed = self.column(written.start) + (text.len() - item.len());
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            return (needed > column && key.len() <= 40 && !key.is_empty() && key.chars().all(is_word))
                .then_some((key, needed));
        }
        None
    }

    fn no_level(&self, line: Span, column: usize) -> SyntaxError {
        let text = self.slice(line);
        if text.starts_with('-') && !text.starts_with("- ") && text != "-" {
            return self.no_colon(line.start);
        }
        let mut levels: Vec<usize> =
            self.open.iter().filter(|o| !o.flow).map(|o| self.column(o.start)).collect();
        levels.sort_unstable();
        levels.dedup();
        let block_text = matches!(self.style, Style::Literal | Style::Folded);
        let last_line = if block_text { self.last.end } else { self.last.start };
        let closed = self.column(self.written(last_line).start);
        let below = levels.iter().rev().find(|level| **level < column).copied();
        let above =
            levels.iter().find(|level| **level > column).copied().or((closed > column).then_some(closed));
        let spaces = |n: usize| if n == 1 { "1 space".to_owned() } else { format!("{n} spaces") };
        let by = |n: usize| if n == 0 { "not at all".to_owned() } else { format!("by {}", spaces(n)) };
        let message = if block_text {
            format!("this line ends the block text above, but its {} fit no level", spaces(column))
        } else {
            format!("this line fits no level above: it is indented by {}", spaces(column))
        };
        let help = match (below, above) {
            (Some(a), Some(b)) => {
                format!(
                    "indent it {} to go on with the lines before it, or {} for the level outside",
                    by(b),
                    by(a)
                )
            }
            (Some(0), None) => "do not indent it, or put it below a key that has no value".to_owned(),
            (Some(a), None) => format!("indent it {}, or put it below a key that has no value", by(a)),
            (None, Some(b)) => format!("indent it {}", by(b)),
            (None, None) => "indent it like the lines it belongs with".to_owned(),
        };
        SyntaxError::new(self.key_span(line), message).help(help)
    }

    /// The key that a line begins with, or the line.
    fn key_span(&self, line: Span) -> Span {
        match self.slice(line).find(':') {
            Some(n) => Span::new(line.start, line.start + n),
            None => line,
        }
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a line looks like `key:` or `key: value`, with a key as manifests have them.
fn is_key_line(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, rest)| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        !key.is_empty() && key.bytes().all(plain) && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Where `key:value` lacks the blank after the colon, if that is what the text looks like.
fn missing_blank(text: &str) -> Option<usize> {
    let n = text.find(':')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    let key = &text[..n];
    let after = text[n + 1..].chars().next()?;
    (!key.is_empty() && key.bytes().all(plain) && !matches!(after, ' ' | '\t' | '/') && n <= 63).then_some(n)
}
