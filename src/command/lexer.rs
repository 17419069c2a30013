//! The tokens of a shell script, as far as telling commands from words needs them.
//!
//! The targets of redirections and the bodies of here-documents are passed over, comments too. What is expanded only when the script runs
//! (`$NAME`, `$(...)`, backticks) is part of a word that is not literal. Each byte is read once, but for what may be
//! arithmetic or a subshell in a subshell.

use std::borrow::Cow;

/// How deep quotes and parentheses are followed into one another.
const MAX_DEPTH: usize = 32;

/// A word of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptWord<'s> {
    /// The word without its quotes. What is expanded stands as it is written.
    pub text: Cow<'s, str>,
    /// Whether nothing in it is expanded.
    pub is_literal: bool,
    /// Whether any of it is quoted, so that it is no keyword.
    pub is_quoted: bool,
}

impl ScriptWord<'_> {
    /// The text of a word in which nothing is expanded.
    pub fn literal(&self) -> Option<&str> {
        self.is_literal.then_some(&*self.text)
    }
}

/// A token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Word(ScriptWord<'s>),
    /// `;`, or the end of a line.
    Separator,
    /// `&`
    Background,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`, `|&`
    Pipe,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `;;`, `;&`, `;;&`
    EndOfCase,
    /// `>log`, `2>&1`, `<<EOF` and the like, with its target.
    Redirection,
    End,
}

/// A script that is not one, or is nested too deep to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A here-document whose body begins with the next line.
#[derive(Debug)]
struct HereDocument {
    delimiter: String,
    /// `<<-`: the delimiter may be indented by tabs.
    may_be_indented: bool,
}

#[derive(Debug)]
pub(super) struct Lexer<'s> {
    text: &'s str,
    at: usize,
    pending: Vec<HereDocument>,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self { text, at: 0, pending: Vec::new() }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    /// Whether a parenthesis comes right behind the one just read.
    pub(super) fn is_at_open(&self) -> bool {
        self.byte(0) == Some(b'(')
    }

    /// Passes over `...))` behind `((`, the first of which has been read, and returns what is between; nothing where no
    /// arithmetic ends there, as in a subshell that begins with one.
    pub(super) fn arithmetic(&mut self) -> Option<&'s str> {
        let start = self.at + 1;
        let mut depth = 0;
        for (offset, byte) in self.text.as_bytes().get(start..)?.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' => {
                    let end = start + offset;
                    let is_closed = self.text.as_bytes().get(end + 1) == Some(&b')');
                    return is_closed.then(|| {
                        self.at = end + 2;
                        &self.text[start..end]
                    });
                }
                b'\n' => return None,
                _ => {}
            }
        }
        None
    }

    pub(super) fn next(&mut self) -> Result<Token<'s>, Unreadable> {
        loop {
            self.skip_blanks();
            let Some(byte) = self.byte(0) else { return Ok(Token::End) };
            let (token, length) = match (byte, self.byte(1)) {
                (b'#', _) => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                    continue;
                }
                (b'\n', _) => {
                    self.at += 1;
                    self.skip_here_documents();
                    return Ok(Token::Separator);
                }
                (b';', Some(b';')) => (Token::EndOfCase, if self.byte(2) == Some(b'&') { 3 } else { 2 }),
                (b';', Some(b'&')) => (Token::EndOfCase, 2),
                (b';', _) => (Token::Separator, 1),
                (b'&', Some(b'&')) => (Token::And, 2),
                (b'&', Some(b'>')) => {
                    self.at += 1;
                    return self.redirection();
                }
                (b'&', _) => (Token::Background, 1),
                (b'|', Some(b'|')) => (Token::Or, 2),
                (b'|', Some(b'&')) => (Token::Pipe, 2),
                (b'|', _) => (Token::Pipe, 1),
                (b'(', _) => (Token::Open, 1),
                (b')', _) => (Token::Close, 1),
                (b'<' | b'>', Some(b'(')) => return self.word().map(Token::Word),
                (b'<' | b'>', _) => return self.redirection(),
                _ => {
                    let word = self.word()?;
                    let is_descriptor = matches!(self.byte(0), Some(b'<' | b'>'))
                        && word.text.bytes().all(|byte| byte.is_ascii_digit());
                    if is_descriptor {
                        continue;
                    }
                    return Ok(Token::Word(word));
                }
            };
            self.at += length;
            return Ok(token);
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            match (self.byte(0), self.byte(1)) {
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                _ => return,
            }
        }
    }

    /// Reads a redirection, which begins here with `<` or `>`.
    fn redirection(&mut self) -> Result<Token<'s>, Unreadable> {
        let operator = ["<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">&", ">|", ">"]
            .into_iter()
            .find(|operator| self.rest().starts_with(operator))
            .unwrap_or_default();
        self.at += operator.len();
        self.skip_blanks();
        if matches!(self.byte(0), None | Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')')) {
            return Err(Unreadable);
        }
        let target = self.word()?;
        if matches!(operator, "<<" | "<<-") {
            let may_be_indented = operator == "<<-";
            self.pending.push(HereDocument { delimiter: target.text.into_owned(), may_be_indented });
        }
        Ok(Token::Redirection)
    }

    /// Passes over the bodies of the here-documents that begin with this line.
    fn skip_here_documents(&mut self) {
        for document in std::mem::take(&mut self.pending) {
            while self.at < self.text.len() {
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                self.at += line.len();
                let line = line.trim_end_matches(['\n', '\r']);
                let line = if document.may_be_indented { line.trim_start_matches('\t') } else { line };
                if line == document.delimiter {
                    break;
                }
            }
        }
    }

    /// Reads a word, up to a blank or an operator.
    fn word(&mut self) -> Result<ScriptWord<'s>, Unreadable> {
        let start = self.at;
        let mut text = String::new();
        // Most words have neither quotes nor escapes, and are a part of the script as they stand.
        let mut is_as_written = true;
        let (mut is_literal, mut is_quoted) = (true, false);
        while let Some(byte) = self.byte(0) {
            let from = self.at;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                // An array's values: `names=(a b)`.
                b'(' if self.text[start..from].ends_with('=') => {
                    self.at += 1;
                    self.parentheses(0)?;
                    is_literal = false;
                }
                b'(' => break,
                b'<' | b'>' if self.byte(1) == Some(b'(') && from == start => {
                    self.at += 2;
                    self.parentheses(0)?;
                    is_literal = false;
                }
                b'<' | b'>' => break,
                b'\\' if self.byte(1) == Some(b'\n') => {
                    self.own(&mut text, &mut is_as_written, start);
                    self.at += 2;
                    continue;
                }
                b'\\' => {
                    self.own(&mut text, &mut is_as_written, start);
                    is_quoted = true;
                    self.at += 1;
                    let escaped = self.rest().chars().next().unwrap_or('\\');
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                    text.push(escaped);
                    continue;
                }
                b'\'' | b'"' => {
                    self.own(&mut text, &mut is_as_written, start);
                    is_quoted = true;
                    self.at += 1;
                    if byte == b'\'' {
                        let end = self.rest().find('\'').ok_or(Unreadable)?;
                        text.push_str(&self.rest()[..end]);
                        self.at += end + 1;
                    } else {
                        is_literal &= self.double_quoted(&mut text, 0)?;
                    }
                    continue;
                }
                b'$' | b'`' => is_literal &= !self.expansion(0)?,
                _ => self.at += self.rest().chars().next().map_or(1, char::len_utf8),
            }
            if !is_as_written {
                text.push_str(&self.text[from..self.at]);
            }
        }
        let text = if is_as_written { Cow::Borrowed(&self.text[start..self.at]) } else { Cow::Owned(text) };
        Ok(ScriptWord { text, is_literal, is_quoted })
    }

    /// From here on the word is not what is written.
    fn own(&self, text: &mut String, is_as_written: &mut bool, start: usize) {
        if std::mem::replace(is_as_written, false) {
            text.push_str(&self.text[start..self.at]);
        }
    }

    /// Reads on behind an opening double quote, past the closing one. Returns whether nothing in it is expanded.
    fn double_quoted(&mut self, text: &mut String, depth: usize) -> Result<bool, Unreadable> {
        let mut is_literal = true;
        loop {
            let from = self.at;
            match self.byte(0).ok_or(Unreadable)? {
                b'"' => {
                    self.at += 1;
                    return Ok(is_literal);
                }
                b'\\' => {
                    let escaped = self.text[from + 1..].chars().next().ok_or(Unreadable)?;
                    self.at += 1 + escaped.len_utf8();
                    match escaped {
                        '\n' => {}
                        '$' | '`' | '"' | '\\' => text.push(escaped),
                        _ => text.push_str(&self.text[from..self.at]),
                    }
                }
                b'$' | b'`' => {
                    is_literal &= !self.expansion(depth)?;
                    text.push_str(&self.text[from..self.at]);
                }
                _ => {
                    self.at += self.rest().chars().next().map_or(1, char::len_utf8);
                    text.push_str(&self.text[from..self.at]);
                }
            }
        }
    }

    /// Passes over what begins with a dollar or a backtick. Returns whether it is expanded.
    fn expansion(&mut self, depth: usize) -> Result<bool, Unreadable> {
        let first = self.byte(0);
        self.at += 1;
        if first == Some(b'`') {
            loop {
                match self.byte(0).ok_or(Unreadable)? {
                    b'`' => break,
                    b'\\' => self.at += 1,
                    _ => {}
                }
                self.skip_char();
            }
            self.at += 1;
            return Ok(true);
        }
        match self.byte(0) {
            Some(b'(') => {
                self.at += 1;
                self.parentheses(depth)?;
            }
            Some(b'{') => {
                self.at += 1;
                self.balanced(b'{', b'}', depth)?;
            }
            Some(b'\'') => {
                self.at += 1;
                while self.byte(0).ok_or(Unreadable)? != b'\'' {
                    if self.byte(0) == Some(b'\\') {
                        self.at += 1;
                    }
                    self.skip_char();
                }
                self.at += 1;
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => self.at += 1,
            // A dollar that stands for itself.
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn skip_char(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    /// Passes over what is within parentheses, behind the opening one.
    fn parentheses(&mut self, depth: usize) -> Result<(), Unreadable> {
        self.balanced(b'(', b')', depth)
    }

    fn balanced(&mut self, open: u8, close: u8, depth: usize) -> Result<(), Unreadable> {
        if depth >= MAX_DEPTH {
            return Err(Unreadable);
        }
        let mut opened = 1;
        loop {
            match self.byte(0).ok_or(Unreadable)? {
                b'\\' => {
                    self.at += 1;
                    self.skip_char();
                }
                b'\'' => {
                    self.at += 1;
                    self.at += self.rest().find('\'').ok_or(Unreadable)? + 1;
                }
                b'"' => {
                    self.at += 1;
                    self.double_quoted(&mut String::new(), depth + 1)?;
                }
                b'$' | b'`' => {
                    self.expansion(depth + 1)?;
                }
                byte => {
                    opened += usize::from(byte == open);
                    opened -= usize::from(byte == close);
                    self.skip_char();
                    if opened == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// The words of a command line that needs no shell: nothing in it is expanded, joined or redirected.
pub fn words_of(line: &str) -> Option<Vec<String>> {
    let mut lexer = Lexer::new(line);
    let mut words = Vec::new();
    // What follows may be a comment.
    if line.contains('#') {
        return None;
    }
    loop {
        match lexer.next().ok()? {
            Token::Word(word) => {
                let has_pattern = !word.is_quoted && word.text.contains(['*', '?', '[', '~', '{', '\\']);
                let is_assignment = words.is_empty() && word.text.contains('=');
                if !word.is_literal || has_pattern || is_assignment || word.text.contains('$') {
                    return None;
                }
                words.push(word.text.into_owned());
            }
            Token::End => return Some(words).filter(|words| !words.is_empty()),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<String>, Unreadable> {
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        loop {
            found.push(match lexer.next()? {
                Token::Word(word) if word.is_literal => word.text.into_owned(),
                Token::Word(word) => format!("~{}", word.text),
                Token::Separator => ";".into(),
                Token::Background => "&".into(),
                Token::And => "&&".into(),
                Token::Or => "||".into(),
                Token::Pipe => "|".into(),
                Token::Open => "(".into(),
                Token::Close => ")".into(),
                Token::EndOfCase => ";;".into(),
                Token::Redirection => continue,
                Token::End => return Ok(found),
            });
        }
    }

    #[test]
    fn words_and_operators() {
        for (text, wanted) in [
            ("echo a", "echo a"),
            ("echo 'a b' \"c d\"e f\\ g", "echo|a b|c de|f g"),
            ("echo \"a\\\"$b\" '$c' \\$d", "echo|~a\"$b|$c|$d"),
            ("a; b && c || d & e | f", "a ; b && c || d & e | f"),
            ("a # not; this\nb#c", "a ; b#c"),
            ("a >/dev/null 2>&1 <in b", "a b"),
            ("a &>log; b 2>>x", "a ; b"),
            ("exec >log", "exec"),
            ("cat <<EOF; b\ntail -f x\nEOF\nc", "cat ; b ; c"),
            ("cat <<-'E O'\n\ttail\n\tE O\nc", "cat ; c"),
            ("cat <<< \"a b\" c", "cat c"),
            ("a$(b; c \")\" `d`) e", "~a$(b; c \")\" `d`)|e"),
            ("`a; b` c", "~`a; b`|c"),
            ("a=(1 2) b", "~a=(1 2)|b"),
            ("${a:-b c} d", "~${a:-b c}|d"),
            ("diff <(a) <(b)", "diff|~<(a)|~<(b)"),
            ("f() { a; }", "f ( ) { a ; }"),
            ("x) a;; y) b;;", "x ) a ;; y ) b ;;"),
            ("a \\\n b", "a b"),
            ("a$ 5$", "a$ 5$"),
            ("a\r\nb", "a ; b"),
            ("é 'ü'", "é ü"),
        ] {
            let wanted: Vec<&str> = if wanted.contains(" || ") {
                wanted.split(' ').collect()
            } else {
                wanted.split(['|']).collect()
            };
            let found = tokens(text).unwrap();
            if wanted.len() > 1 && !wanted.contains(&"||") {
                assert_eq!(found, wanted, "{text}");
            } else {
                assert_eq!(found.join(" "), wanted.join(" "), "{text}");
            }
        }
    }

    #[test]
    fn what_does_not_end_is_unreadable() {
        for text in ["'a", "\"a", "$(a", "${a", "`a", "a >", "a >; b"] {
            assert_eq!(tokens(text), Err(Unreadable), "{text}");
        }
        assert_eq!(tokens(&"$(".repeat(1000)), Err(Unreadable));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a$(){}'\"`\\\\<>&|;# \n=é-]{0,40}") {
            let _ = tokens(&text);
        }
    }
}
