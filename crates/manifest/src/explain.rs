//! From what the parser says to what the author most likely did.

use granit_parser::ErrorKind;

use super::events::Fault;
use super::syntax::{Context, SyntaxError, is_schedule};
use super::tree::Span;

impl Context<'_> {
    /// Explains a fault of the parser.
    #[cold]
    pub(super) fn explain(&self, fault: &Fault) -> SyntaxError {
        use ErrorKind as K;
        let at = self.clamp(fault.at);
        if let Some(template) = self.template(at) {
            return self.unrendered(template);
        }
        if let Some(error) = self.bracket_left_open(at) {
            return error;
        }
        match &fault.kind {
            K::UnclosedFlowCollection { .. }
            | K::UnexpectedEofFlowSequence
            | K::UnexpectedEofFlowMapping
            | K::UnexpectedEofImplicitFlowMapping => self.unclosed_flow(at),
            K::MismatchedFlowCollectionEnd { open, close } => SyntaxError::new(
                self.char_span(at),
                format!("`{close}` cannot close the `{open}` opened before"),
            )
            .help("close brackets in the order in which they were opened"),
            K::MisplacedFlowCollectionEnd => self.stray_bracket(at),
            K::ExpectedFlowMappingSeparator | K::ExpectedFlowSequenceSeparator => {
                SyntaxError::new(self.char_span(at), "a comma or the closing bracket is expected here").help(
                    "separate values with commas; put a text that holds brackets, braces or commas in quotes",
                )
            }
            K::UnclosedQuotedScalar
            | K::InvalidQuotedScalarIndent
            | K::DocumentIndicatorInQuotedScalar
            | K::UnexpectedEof => self.unclosed_quote(at),
            K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => {
                self.after_quote(at)
            }
            K::UnknownQuotedScalarEscape
            | K::InvalidQuotedScalarHexEscape
            | K::InvalidLowSurrogateHexEscape
            | K::InvalidLowSurrogate
            | K::MissingLowSurrogate
            | K::UnpairedLowSurrogate
            | K::InvalidUnicodeEscape => self.escape(at),
            K::TabNotAllowed
            | K::TabInBlockIndentation
            | K::TabInIndentation
            | K::TabAtBlockScalarStart
            | K::TabInPlainScalar
            | K::InvalidBlockEntryWhitespace
            | K::InvalidMappingValueWhitespace => self.tab(at),
            K::UnexpectedCharacter { character } => self.reserved(at, *character),
            K::DirectiveDisallowed => self.reserved(at, '%'),
            K::MissingAnchorOrAliasName => self.anchor_or_alias(at),
            K::MappingValueNotAllowed | K::InvalidColonPlacement => self.colon(at),
            K::SimpleKeyExpected | K::InvalidSimpleKey => self.no_colon(at),
            K::BlockSequenceEntryNotAllowed | K::BlockEntryInFlowCollection => self.dash(at),
            K::ExpectedBlockMappingKey | K::ExpectedBlockSequenceEntry | K::InvalidIndentation => {
                self.indentation(at)
            }
            K::ExpectedNodeContent | K::InvalidFlowScalarIndent | K::UnexpectedEofBlockMapping => {
                SyntaxError::new(self.char_span(at), "a value is expected here")
            }
            K::InvalidBlockScalarHeader | K::ZeroBlockScalarIndent => {
                SyntaxError::new(self.value_from(at), "only a comment may follow `|` or `>` on its line")
                    .help("write the text on the lines below, indented; or put the value in quotes")
            }
            K::InvalidBlockScalarIndent => {
                SyntaxError::new(self.written(at), "this line of the block text is indented differently")
                    .help("indent every line of the text after `|` or `>` at least as far as its first line")
            }
            K::CommentInterceptedScalar | K::CommentNotSeparated => {
                SyntaxError::new(self.char_span(at), "a comment cannot stand here")
                    .help("put a space before `#`, or the text in quotes if the `#` belongs to it")
            }
            K::RecursionLimitExceeded => SyntaxError::too_deep(self.char_span(at)),
            K::UndeclaredTagHandle
            | K::ExpectedTagBang
            | K::InvalidTagTerminator
            | K::MissingTagUri
            | K::UnclosedVerbatimTag
            | K::InvalidTagEscape
            | K::InvalidGlobalTagCharacter => self.tag(at),
            K::MappingKeyNotAllowed => SyntaxError::new(self.char_span(at), "a key cannot begin here")
                .help("`? ` begins a key; put the value in quotes if a text is meant"),
            K::ExpectedDocumentStart | K::InvalidDocumentEnd => {
                SyntaxError::new(self.written(at), "this stands after the end of the document")
                    .help("separate documents by a line `---`")
            }
            K::BomInsideDocument => {
                SyntaxError::new(self.char_span(at), "a byte order mark cannot stand here")
                    .help("remove it; the editor's \"UTF-8 without BOM\" does")
            }
            _ => SyntaxError::new(self.char_span(at), "the YAML cannot be read from here on"),
        }
    }

    /// Whether a bracket was left open on an earlier line: then the keys that follow, no further in, are what the
    /// parser stumbles on.
    fn bracket_left_open(&self, at: usize) -> Option<SyntaxError> {
        let open = self.open.last().filter(|open| open.flow)?;
        let opened = self.line(self.clamp(open.start));
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

    fn unclosed_flow(&self, at: usize) -> SyntaxError {
        let start = match self.char_at(at) {
            Some('[' | '{') => at,
            _ => self.open.iter().rev().find(|open| open.flow).map_or(at, |open| self.clamp(open.start)),
        };
        SyntaxError::unclosed_bracket(self.text, start)
    }

    fn stray_bracket(&self, at: usize) -> SyntaxError {
        let bracket = self.char_at(at).unwrap_or(']');
        SyntaxError::new(self.char_span(at), format!("this `{bracket}` closes nothing"))
            .help("remove it, or put the value in quotes if a text is meant")
    }

    /// Finds the quote that was still open at `at`.
    fn unclosed_quote(&self, at: usize) -> SyntaxError {
        match self.open_quote(at) {
            Some(start) => SyntaxError::unclosed_quote(self.text, start),
            None => SyntaxError::new(self.char_span(at), "the document ends in the middle of a value"),
        }
    }

    pub(super) fn open_quote(&self, at: usize) -> Option<usize> {
        let from = self.clamp(self.end.min(at));
        let mut chars = self.text[from..at].char_indices();
        let mut before = ' ';
        while let Some((n, c)) = chars.next() {
            let begins = matches!(before, ' ' | '\t' | '\n' | '\r' | ',' | '[' | '{' | ':');
            if begins && matches!(c, '"' | '\'') {
                let mut closed = false;
                while let Some((_, inner)) = chars.next() {
                    if c == '"' && inner == '\\' {
                        chars.next();
                    } else if inner == c {
                        closed = true;
                        break;
                    }
                }
                if !closed {
                    return Some(from + n);
                }
            }
            before = c;
        }
        None
    }

    fn after_quote(&self, at: usize) -> SyntaxError {
        let single = self.text[..at].trim_end().ends_with('\'');
        let help = if single {
            "put the whole value in quotes; within single quotes, write `''` for a quote"
        } else {
            "put the whole value in quotes; within double quotes, write `\\\"` for a quote"
        };
        SyntaxError::new(self.value_from(at), "nothing may follow the closing quote of a value").help(help)
    }

    fn escape(&self, at: usize) -> SyntaxError {
        // The parser points at the backslash, the character after it, or the quote that opened the text.
        let line = self.line(at);
        let near = self.text[line.start..at].rfind('\\').map(|n| line.start + n).filter(|n| at - n <= 12);
        let start = match self.char_at(at) {
            Some('\\') => at,
            Some('"') => self.unknown_escape_after(at).or(near).unwrap_or(at),
            _ => near.unwrap_or(at),
        };
        let digits = match self.text.as_bytes()[start..].get(1) {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let end = self.text[start..self.line(start).end].char_indices().nth(2 + digits);
        let end = end.map_or(self.line(start).end, |(n, _)| start + n);
        SyntaxError::bad_escape(self.text, Span::new(start, end))
    }

    fn unknown_escape_after(&self, open: usize) -> Option<usize> {
        const KNOWN: &str = "0abt\tnvfre \"'\\N_LPxuU\n\r";
        let mut chars = self.text[open..self.chunk.end].char_indices().skip(1);
        while let Some((n, c)) = chars.next() {
            if c == '\\' && !KNOWN.contains(chars.next()?.1) {
                return Some(open + n);
            }
        }
        None
    }

    /// Whether `at` is not indented below the innermost list or object in block style.
    pub(super) fn is_short_of_indent(&self, at: usize) -> bool {
        let block = self.open.iter().rev().find(|open| !open.flow);
        block.is_some_and(|open| self.column(at) <= self.column(self.clamp(open.start)))
    }

    /// Finds the tab at fault: at `at`, before it on its line, or at the start of the next line.
    pub(super) fn tab(&self, at: usize) -> SyntaxError {
        let line = self.line(at);
        let before = self.text[line.start..at].rfind('\t').map(|n| line.start + n);
        let start = match self.char_at(at) {
            Some('\t') => at,
            _ => before.or_else(|| self.text[at..self.chunk.end].find('\t').map(|n| at + n)).unwrap_or(at),
        };
        let tabs = self.text[start..].bytes().take_while(|b| *b == b'\t').count();
        let line = self.line(start);
        let indents = self.text[line.start..start].trim().is_empty();
        let message = match (tabs, indents) {
            (1, true) => "a tab is used to indent; YAML allows spaces only",
            (_, true) => "tabs are used to indent; YAML allows spaces only",
            (_, false) => "a tab cannot stand here; YAML allows spaces only",
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
            c => SyntaxError::new(self.char_span(at), format!("`{c}` cannot stand here"))
                .help("put the value in quotes if a text is meant"),
        }
    }

    fn anchor_or_alias(&self, at: usize) -> SyntaxError {
        // The parser may point at the sign or just past it.
        let back = self.text[..at].chars().next_back().filter(|c| matches!(c, '*' | '&'));
        let start = match (self.char_at(at), back) {
            (Some('*' | '&'), _) | (_, None) => at,
            (_, Some(c)) => at - c.len_utf8(),
        };
        let value = self.value_from(start);
        // A schedule may have begun with fields that were read before the fault.
        let from_last = self.value_from(self.clamp(self.last.start));
        if is_schedule(self.slice(value)) {
            return self.unquoted_schedule(value);
        }
        if from_last.end == value.end && is_schedule(self.slice(from_last)) {
            return self.unquoted_schedule(from_last);
        }
        let (sign, what) =
            if self.char_at(start) == Some('&') { ('&', "an anchor") } else { ('*', "an alias") };
        SyntaxError::new(value, format!("`{sign}` begins {what} in YAML and needs a name right after it"))
            .help("put the whole value in quotes if a text is meant")
    }

    /// A colon where no key can be.
    fn colon(&self, at: usize) -> SyntaxError {
        let line = self.written(at);
        let before = self.slice(Span::new(line.start, at));
        let first = self.written(self.clamp(self.last.start));
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
        SyntaxError::new(self.char_span(at), "a `:` cannot stand here: no key is possible at this place")
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
                "there is no space after this `:`, so it makes no key",
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
        SyntaxError::new(first, "this line has no `:`, so it is no key and value")
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
                "there is no space after this `:`, so it makes no key",
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
            return SyntaxError::new(line, "an anchor stands alone here, where a key is expected")
                .help("write the anchor after the `:` of the key whose value it names");
        }
        SyntaxError::new(line, "this line has no `:`, so it is no key and value")
            .help("write `key: value`, or indent the line if it belongs to the value above")
    }

    fn dash(&self, at: usize) -> SyntaxError {
        let span = self.char_span(at);
        match self.key_before(at) {
            Some(key) => SyntaxError::new(span, format!("a list cannot begin on the line of its key `{key}`"))
                .help("begin the list on the next line, or write it in brackets: `[a, b]`"),
            None => SyntaxError::new(span, "a list item cannot stand here")
                .help("begin the list on a line of its own, below a key that has no value; or put the value in quotes"),
        }
    }

    pub(super) fn tag(&self, at: usize) -> SyntaxError {
        let line = self.line(at);
        let start = match self.char_at(at) {
            Some('!') => at,
            _ => self.text[line.start..at].rfind('!').map_or(at, |n| line.start + n),
        };
        SyntaxError::new(
            self.value_from(start),
            "a value that begins with `!` is read as a tag, and this is none",
        )
        .help("put the whole value in quotes")
    }

    /// A line that fits no level above it, or is of another kind than its level.
    fn indentation(&self, at: usize) -> SyntaxError {
        let line = self.written(at);
        let text = self.slice(line);
        let column = self.column(line.start);
        let level = self.open.iter().rev().find(|o| !o.flow && self.column(self.clamp(o.start)) == column);
        let dash = text == "-" || text.starts_with("- ");
        match level {
            Some(level) if level.map && dash => {
                let key = self.slice(level.key);
                let below = if key.is_empty() || key.len() > 40 {
                    String::new()
                } else {
                    format!(" (after `{key}`)")
                };
                SyntaxError::new(self.char_span(line.start), format!("a list item stands among keys{below}"))
                    .help("indent the list below the key it belongs to, which must have no other value")
            }
            Some(level) if !level.map && !dash => {
                if text.starts_with('-') {
                    return self.no_colon(line.start);
                }
                SyntaxError::new(self.key_span(line), "a key stands among list items")
                    .help("indent it below its list item, or less if it belongs to an outer object")
            }
            Some(_) => self.no_colon(line.start),
            None => self.no_level(line, column),
        }
    }

    fn no_level(&self, line: Span, column: usize) -> SyntaxError {
        let text = self.slice(line);
        if text.starts_with('-') && !text.starts_with("- ") && text != "-" {
            return self.no_colon(line.start);
        }
        let mut levels: Vec<usize> =
            self.open.iter().filter(|o| !o.flow).map(|o| self.column(self.clamp(o.start))).collect();
        levels.sort_unstable();
        levels.dedup();
        let last = self.clamp(self.last.start);
        let block_text = matches!(self.char_at(last), Some('|' | '>'));
        let last_line = self.clamp(if block_text { self.last.end } else { last });
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
