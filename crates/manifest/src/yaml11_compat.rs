//! A second try at what the parser refuses, or reads otherwise, and kubectl does not.
//!
//! The later lines of a text in quotes may lack indentation (YAML 1.1), and `\'` may stand for a quote. The blanks that
//! a line begins with mean nothing within quotes, and the quote can be written as `\x27`, so a copy of the document with
//! these reads the same; its places are then moved back. A comment may stand right behind a value in quotes or brackets,
//! and tabs may indent what stands in brackets: the copy has blanks in their place. U+0085, U+2028 and U+2029 end a line
//! (YAML 1.1): the copy has a line end of as many bytes. A dash may be an item or a value in brackets, which the copy has
//! in quotes; a comment may follow the header of a block scalar at once; and a tag may hold commas and brackets, where the
//! copy has one of the same length: either is a tag that means nothing.

use granit_parser::ErrorKind;

use super::Within;
use super::edit::TextEdit;
use super::events::Fault;
use super::syntax::{Context, SyntaxError};
use super::tree::Span;
use super::tree_builder::{Built, Failure, build_once};

impl Context<'_> {
    /// Where that begins which the parser refuses and kubectl may not: a text in quotes, for the indentation of its
    /// later lines, a comment, for standing right behind a value, or a tab between brackets.
    pub(super) fn refused(&self, fault: &Fault) -> Option<usize> {
        match fault.kind {
            ErrorKind::CommentNotSeparated => {
                let at = self.clamp(fault.at);
                let ends_value = |c| matches!(c, '"' | '\'' | ']' | '}' | ',' | '[' | '{');
                if self.text[at..].starts_with('#') && self.text[..at].ends_with(ends_value) {
                    return Some(at);
                }
                // Behind the header of a block scalar, the parser is one character short of it.
                let hash = at + usize::from(!self.text[at..].starts_with('#'));
                let header =
                    self.text.get(..hash)?.trim_end_matches(|c: char| matches!(c, '+' | '-' | '1'..='9'));
                (self.text.get(hash..)?.starts_with('#') && header.ends_with(['|', '>'])).then_some(hash)
            }
            ErrorKind::PlainScalarStartsWithDashFlowIndicator => {
                let at = self.clamp(fault.at);
                let is_alone = |rest: &str| rest.starts_with([',', ']', '}']);
                self.text[at..].strip_prefix('-').is_some_and(is_alone).then_some(at)
            }
            ErrorKind::InvalidTagTerminator => {
                let at = self.clamp(fault.at);
                tag_length(&self.text[at..self.chunk.end]).map(|_| at)
            }
            ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::TabInIndentation
            | ErrorKind::UnknownQuotedScalarEscape => {
                let at = self.clamp(fault.at);
                let at_quote =
                    self.char_at(at) == Some('"') && fault.kind == ErrorKind::UnknownQuotedScalarEscape;
                let quote = if at_quote { Some(at) } else { self.open_quote(at) };
                quote.or_else(|| self.tab_in_brackets(at))
            }
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInPlainScalar => {
                self.tab_in_brackets(self.clamp(fault.at))
            }
            _ => None,
        }
    }

    /// The first of the tabs at fault, where kubectl takes them for blanks.
    fn tab_in_brackets(&self, at: usize) -> Option<usize> {
        let tab = self.tab(at).span.start;
        let blanks = self.text[..tab].trim_end_matches([' ', '\t']).len();
        let tab = blanks + self.text[blanks..].find('\t')?;
        let is_open = self.open.last().is_some_and(|open| open.flow) || self.opens_bracket(tab);
        (is_open && tab < self.chunk.end && !self.interrupts_text(tab)).then_some(tab)
    }

    /// Whether a tab that begins a line makes kubectl refuse the text without quotes that ends the line before.
    fn interrupts_text(&self, tab: usize) -> bool {
        let before = self.text[..tab].trim_end();
        let line = self.written(before.len());
        let ends_text = !before[line.start.min(before.len())..].is_empty()
            && line.end == before.len()
            && !before.ends_with(['[', '{', ']', '}', ',', ':', '"', '\'']);
        ends_text && self.is_short_of_indent(tab)
    }

    /// Whether what begins behind the last thing that was read, and before `at`, is in brackets: the parser looks ahead
    /// before it says that it has seen one.
    fn opens_bracket(&self, at: usize) -> bool {
        let mut rest = self.text.get(self.end..at).unwrap_or_default();
        while let Some(found) = rest.find(['[', '{', '"', '\'', '#']) {
            rest = &rest[found..];
            if !rest.starts_with('#') {
                return rest.starts_with(['[', '{']);
            }
            rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
        }
        false
    }
}

/// How many bytes a tag with commas or brackets at the beginning of `rest` has, as kubectl's reader takes it; none where it
/// is no tag there either, or another than such a one.
fn tag_length(rest: &str) -> Option<usize> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_;/?:@&=+$,.~*'()[]".contains(c);
    let name = rest.strip_prefix('!')?;
    let name = name.strip_prefix('!').unwrap_or(name);
    let end = name.find(|c| !fits(c)).unwrap_or(name.len());
    let is_over = name[end..].chars().next().is_none_or(char::is_whitespace);
    (is_over && name[..end].contains([',', '[', ']'])).then(|| rest.len() - name.len() + end)
}

/// How many bytes the further tries at a document may read together; each reads it up to the next such place.
const MAX_BYTES_REREAD: usize = 8 << 20;

/// How many tries there are at least and at most.
const MAX_ATTEMPTS: (usize, usize) = (32, 1024);

/// Reads the document in `text[chunk]`, in which the parser refuses what begins at `at` ([`Context::refused`]). If it
/// cannot be read with that rewritten either, the error is `refused`, or what is wrong besides.
pub(super) fn rebuild(
    text: &str,
    chunk: Span,
    at: usize,
    refused: SyntaxError,
    within: Option<&Within>,
) -> Result<Option<Built<'static>>, SyntaxError> {
    let mut copy = text[chunk.start..chunk.end].to_owned();
    let mut inserted: Vec<Insertion> = Vec::new();
    let mut at = at - chunk.start;
    let mut blamed = refused.clone();
    for _ in 0..(MAX_BYTES_REREAD / copy.len().max(1)).clamp(MAX_ATTEMPTS.0, MAX_ATTEMPTS.1) {
        let is_line_end = line_end(&copy[at..]).is_some();
        if !rewrite_at(&mut copy, at, &mut inserted) {
            break;
        }
        // What ends amid the bytes that stand for a line end of YAML 1.1 ends before it.
        let back = |at| {
            let place = chunk.start + original(&inserted, at);
            (0..3)
                .map(|bytes| place.saturating_sub(bytes))
                .find(|place| text.is_char_boundary(*place))
                .unwrap_or(place)
        };
        let moved = |span: Span| Span::new(back(span.start), back(span.end));
        let error = match build_once(&copy, Span::new(0, copy.len()), within) {
            Ok(built) => {
                return Ok(built.map(|built| Built {
                    tree: built.tree.into_owned().moved(back),
                    ignored: built.ignored.map(moved),
                }));
            }
            Err(Failure::Refused(next, error)) if next > at => {
                at = next;
                blamed = SyntaxError { span: moved(error.span), repair: None, ..error };
                continue;
            }
            // The same text again, now for another reason.
            Err(Failure::Refused(_, error)) => error,
            // An invisible character is to blame.
            Err(Failure::Syntax(error)) if is_line_end && is_near(&copy, at, error.span.start) => {
                return Err(blamed);
            }
            // What was refused has been rewritten, and was not what is wrong.
            Err(Failure::Syntax(error)) if inserted.is_empty() || error.too_large.is_some() => error,
            Err(Failure::Syntax(_)) => break,
        };
        // Of a text that the copy has in another form, a change is meant for the copy.
        let repair = error.repair.filter(|_| inserted.is_empty());
        let repair = repair.map(|change| TextEdit { span: moved(change.span), ..change });
        return Err(SyntaxError { span: moved(error.span), repair, ..error });
    }
    Err(refused)
}

/// A line end of YAML 1.1 that `rest` begins with, and one of YAML 1.2 that has as many bytes.
fn line_end(rest: &str) -> Option<(char, &'static str)> {
    match rest.chars().next()? {
        c @ '\u{85}' => Some((c, "\r\n")),
        c @ ('\u{2028}' | '\u{2029}') => Some((c, "  \n")),
        _ => None,
    }
}

/// Whether `place` is on the line that ends behind `at`, or on the one after it.
fn is_near(text: &str, at: usize, place: usize) -> bool {
    let begin = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let mut ends = text[at..].match_indices('\n').map(|(n, _)| at + n);
    let end = ends.nth(1).unwrap_or(text.len());
    (begin..=end).contains(&place)
}

/// Rewrites what begins at `at` in the copy; not a text in quotes that is never closed.
fn rewrite_at(copy: &mut String, at: usize, inserted: &mut Vec<Insertion>) -> bool {
    let rest = &copy[at..];
    if let Some((c, same)) = line_end(rest) {
        // And those that follow, so that a text with many needs few tries. Quotes keep the others, as kubectl does.
        let quote = if c == '\u{85}' { None } else { rest.find(['"', '\'']) };
        let end = at + quote.unwrap_or(rest.len());
        let replaced = copy[at..end].replace(c, same);
        copy.replace_range(at..end, &replaced);
        return true;
    }
    let blank = match rest.as_bytes().first() {
        Some(b'-') => {
            copy.replace_range(at..=at, "\"-\"");
            let total = inserted.last().map_or(0, |last| last.total);
            inserted
                .extend([(at, total + 1), (at + 2, total + 2)].map(|(at, total)| Insertion { at, total }));
            return true;
        }
        Some(b'!') => {
            let Some(length) = tag_length(rest) else { return false };
            copy.replace_range(at + 1..at + length, &"x".repeat(length - 1));
            return true;
        }
        Some(b'#') => rest.find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).unwrap_or(rest.len()),
        Some(b'\t') => rest.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(rest.len()),
        _ => {
            let rewritten = rewrite(copy, at, inserted);
            return rewritten.map(|next| *copy = next).is_some();
        }
    };
    copy.replace_range(at..at + blank, &" ".repeat(blank));
    true
}

/// Blanks or quotes put into the copy.
#[derive(Debug, Clone, Copy)]
struct Insertion {
    /// Where, in the copy.
    at: usize,
    /// How many bytes all insertions up to and including this one hold.
    total: usize,
}

/// A copy of `text` in which the text in quotes at `open` is one that the parser takes; none where it is not closed.
fn rewrite(text: &str, open: usize, inserted: &mut Vec<Insertion>) -> Option<String> {
    const WIDEST: usize = 256;
    let line = text[..open].rfind(['\n', '\r']).map_or(0, |n| n + 1);
    let blanks = (open - line + 1).min(WIDEST);
    let end = closing(text, open)?;
    let double = text[open..].starts_with('"');
    let mut copy = String::with_capacity(text.len() + 64);
    let mut total = inserted.last().map_or(0, |last| last.total);
    let mut from = 0;
    let mut escaped = false;
    for (n, c) in text[open..end].char_indices() {
        let next = open + n + c.len_utf8();
        if c == '\n' {
            copy.push_str(&text[from..next]);
            total += blanks;
            inserted.push(Insertion { at: copy.len(), total });
            copy.extend(std::iter::repeat_n(' ', blanks));
            from = next;
        } else if c == '\'' && escaped {
            copy.push_str(&text[from..open + n]);
            copy.push('x');
            total += 2;
            inserted.push(Insertion { at: copy.len(), total });
            copy.push_str("27");
            from = next;
        }
        escaped = double && c == '\\' && !escaped;
    }
    copy.push_str(&text[from..]);
    Some(copy)
}

/// Where the quote that opens at `open` closes.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut rest = text[open..].char_indices();
    let (_, quote) = rest.next()?;
    while let Some((n, c)) = rest.next() {
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote {
            if quote == '\'' && text[open + n + 1..].starts_with('\'') {
                rest.next();
            } else {
                return Some(open + n);
            }
        }
    }
    None
}

/// The place in the original that `at` in the copy comes from.
fn original(inserted: &[Insertion], at: usize) -> usize {
    let before = inserted.partition_point(|insertion| insertion.at <= at);
    let Some(last) = before.checked_sub(1).map(|n| inserted[n]) else { return at };
    let earlier = before.checked_sub(2).map_or(0, |n| inserted[n].total);
    // Within the blanks, the place is where they were put.
    at.saturating_sub(last.total).max(last.at - earlier)
}

#[cfg(test)]
mod tests {
    use crate::{LineIndex, Tree, read};
    use serde_json::json;

    fn tree(text: &str) -> Tree<'_> {
        read(text).remove(0).content.unwrap()
    }

    #[test]
    fn lines_in_quotes_need_no_indentation() {
        let text = "a: \"x\ny\n\n  z\"\nb:\n- 'it''s\n\tfine'\nc: é\n";
        let tree = tree(text);
        let root = tree.root();
        assert_eq!(tree.to_value(root), json!({"a": "x y\nz", "b": ["it's fine"], "c": "é"}));
        let lines = LineIndex::new(text);
        let places: Vec<_> = ["a", "b", "c"]
            .map(|key| tree.entry(root, key).unwrap())
            .iter()
            .map(|entry| {
                (lines.position(entry.key_span.start).line, &text[entry.key_span.start..entry.key_span.end])
            })
            .collect();
        assert_eq!(places, [(1, "a"), (5, "b"), (8, "c")]);
        let value = tree[tree.get(root, "a").unwrap()].span;
        assert_eq!(&text[value.start..value.end], "\"x\ny\n\n  z\"");
    }

    #[test]
    fn an_escaped_single_quote_is_one() {
        let text = "a: \"it\\'s \\\\'\"\nb: x\n";
        let tree = tree(text);
        assert_eq!(tree.to_value(tree.root()), json!({"a": "it's \\'", "b": "x"}));
        let b = tree[tree.get(tree.root(), "b").unwrap()].span;
        assert_eq!(&text[b.start..b.end], "x");
        let error = read("a: \"it\\'s \\q\"\n").remove(0).content.unwrap_err();
        assert_eq!(error.message, "`\\q` is no escape that kubectl's reader knows");
    }

    #[test]
    fn comments_need_no_blank_behind_values_in_quotes_or_brackets() {
        let text = "a: 'x'# \u{e9}\nb: {c: [d]# e\n  }#\nf: \"g\"#h\nk: l#m\n";
        let tree = tree(text);
        let root = tree.root();
        assert_eq!(tree.to_value(root), json!({"a": "x", "b": {"c": ["d"]}, "f": "g", "k": "l#m"}));
        let f = tree[tree.get(root, "f").unwrap()].span;
        assert_eq!(&text[f.start..f.end], "\"g\"");
    }

    #[test]
    fn tabs_may_indent_what_stands_in_brackets() {
        let text = "a: # [\n  [\n\t\tb, {\n \t\tc: \"d\n\te\"\n\t}\n]\nf: [\"g\",\n\t\"h\"]\n";
        let tree = tree(text);
        assert_eq!(tree.to_value(tree.root()), json!({"a": ["b", {"c": "d e"}], "f": ["g", "h"]}));
        for text in [" a: \"[\"\n\tb: c\n", "a: # [\n\tb: c\n", "a: [b]\n\tc: d\n"] {
            assert!(read(text)[0].content.is_err(), "{text}");
        }
    }

    #[test]
    fn a_dash_in_brackets_may_be_a_text() {
        let text = "a: [-]\nb: [c, -]\nd: [-,e]\nf: {-}\ng: {h: -}\ni: j\n";
        let tree = tree(text);
        let root = tree.root();
        assert_eq!(
            tree.to_value(root),
            json!({"a": ["-"], "b": ["c", "-"], "d": ["-", "e"], "f": {"-": null}, "g": {"h": "-"}, "i": "j"})
        );
        let slice = |key: &str| {
            let span = tree[tree.get(root, key).unwrap()].span;
            &text[span.start..span.end]
        };
        assert_eq!(["a", "d", "f", "i"].map(slice), ["[-]", "[-,e]", "{-}", "j"]);
        for text in ["a: [-\n]\n", "a: [- ,b]\n", "a: [-}]\n", "a: [-[b]]\n", "a: [-{b}]\n"] {
            assert!(read(text)[0].content.is_err(), "{text}");
        }
    }

    #[test]
    fn a_comment_may_follow_the_header_of_a_block_scalar_at_once() {
        let text = "a: |#c\n  b\nd: >-#e [\n  f\ng: |2+#\n  h\n";
        assert_eq!(tree(text).to_value(tree(text).root()), json!({"a": "b\n", "d": "f", "g": "h\n"}));
        for text in ["a: |x#c\n  b\n", "a: b|#c: d: e\n"] {
            assert!(read(text)[0].content.is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_may_hold_commas_and_brackets() {
        for (text, value) in [
            ("a: !!str[b]\n", json!({"a": ""})),
            ("a: !!str[b] c\n", json!({"a": "c"})),
            ("a: !!int[b] 3\n", json!({"a": "3"})),
            ("a: !b,c d\n", json!({"a": "d"})),
            ("a: [!!str[b] c]\n", json!({"a": ["c"]})),
            ("a: !!map[b] {c: d}\n", json!({"a": {"c": "d"}})),
        ] {
            assert_eq!(tree(text).to_value(tree(text).root()), value, "{text}");
        }
        for text in ["a: !!str{b}\n", "a: [!!str[b]]\n", "a: {b: !!str[c]}\n"] {
            assert!(read(text)[0].content.is_err(), "{text}");
        }
    }

    #[test]
    fn there_may_be_many() {
        let text: String = (0..100).map(|number| format!("a{number}: 'b'#c\n")).collect();
        let tree = tree(&text);
        assert_eq!(tree.to_value(tree.root()).as_object().unwrap().len(), 100);
    }

    #[test]
    fn line_ends_of_yaml_1_1_end_lines() {
        for end in ['\u{85}', '\u{2028}', '\u{2029}'] {
            let text = format!("# c{end}a: x{end}b:{end}- \"y\" # d{end}{end}\nc: [1,{end} 2]\n");
            let tree = tree(&text);
            let root = tree.root();
            assert_eq!(tree.to_value(root), json!({"a": "x", "b": ["y"], "c": [1, 2]}), "{end:?}");
            let c = tree.entry(root, "c").unwrap().key_span;
            assert_eq!(&text[c.start..c.end], "c");
            // No place is within a line end.
            let text = format!("\n  - {end}<");
            let list = self::tree(&text);
            let span = list[list.root()].span;
            assert!(text.get(span.start..span.end).is_some(), "{end:?} {span:?}");
            // A line that has to go on, and ends here.
            for text in [format!("a: x{end}y\n"), format!("a: |\n  x{end}y\n"), format!("\"a{end}b\": 1\n")] {
                assert!(read(&text)[0].content.is_err(), "{text:?}");
            }
            let error = read(&format!("a: x{end}y\n")).remove(0).content.unwrap_err();
            assert_eq!((error.span.start, error.message.contains("ends the line")), (4, true), "{error:?}");
            // What ends amid it, ends before it.
            let text = format!("- {end}---\n");
            let documents = read(&text);
            let tree = documents[0].content.as_ref().unwrap();
            let span = tree[tree.root()].span;
            assert!(text.get(span.start..span.end).is_some(), "{text:?}: {span:?}");
            // There may be many.
            let text: String = (0..5_000).map(|number| format!("a{number}: b{end}")).collect();
            let many = self::tree(&text);
            assert_eq!(many.to_value(many.root()).as_object().unwrap().len(), 5_000);
            // Where something else is wrong, that is reported.
            let text = format!("# c{end}\na: 1\nb: [\n");
            let error = read(&text).remove(0).content.unwrap_err();
            assert_eq!(&text[error.span.start..error.span.end], "[");
        }
    }

    #[test]
    fn something_else_may_be_wrong() {
        let text = "x: 1\n---\na: 'b'# c\nschedule: */5 * * * *\n";
        let error = read(text).remove(1).content.unwrap_err();
        assert_eq!(&text[error.span.start..error.span.end], "*/5 * * * *");
        assert_eq!(error.repair.map(|change| change.span), Some(error.span));
    }

    #[test]
    fn a_quote_that_swallows_keys_is_unclosed() {
        let text = "a: \"x\nb: 1\nc: \"y\"\n";
        let error = read(text).remove(0).content.unwrap_err();
        assert_eq!((error.span.start, &*error.message), (3, "the quote `\"` opened here is never closed"));
    }
}
