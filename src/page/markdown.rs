//! Foreign text in Markdown as GitHub and GitLab show it.

use jobguard_text::plain_within;

/// What stands between two characters so that together they mean nothing: it is not seen.
const NOTHING: &str = "&#8203;";

/// A text of at most `max` characters that is shown as it is wherever a line of Markdown goes on, cells of tables included: no
/// markup, no HTML, no links, and nobody is mentioned.
pub fn text(text: &str, max: usize) -> String {
    let text = plain_within(text, max);
    let mut out = String::with_capacity(text.len() + 16);
    let starts = starts_block(&text);
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Escaped by a backslash it would still end a cell after another one.
            '|' => out.push_str("&#124;"),
            // Formulas.
            '$' => out.push_str("&#36;"),
            '@' => out.extend(["@", NOTHING]),
            '#' | '!' if rest.starts_with(|c: char| c.is_ascii_digit()) => {
                out.push(c);
                out.push_str(NOTHING);
            }
            ':' if rest.starts_with("//") => out.extend([":", NOTHING]),
            '.' if is_www(&text[..at]) => out.extend([NOTHING, "."]),
            '-' | '+' | '=' | '#' | '.' | ')' if starts == Some(at) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Where a line's first characters would make it a list, a heading or the underlining of one.
fn starts_block(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[u8] = if digits == 0 { b"-+=#" } else { b".)" };
    text.as_bytes().get(digits).filter(|byte| marks.contains(byte)).map(|_| digits)
}

fn is_www(before: &str) -> bool {
    let bytes = before.as_bytes();
    bytes.len() >= 3 && bytes[bytes.len() - 3..].eq_ignore_ascii_case(b"www")
}

/// A name of at most `max` characters as code, which nothing in it ends.
pub fn code(name: &str, max: usize) -> String {
    let name = plain_within(name, max);
    if name.is_empty() {
        return "<code></code>".to_owned();
    }
    if !name.contains(['`', '|', '\\']) && !name.starts_with(' ') && !name.ends_with(' ') {
        return format!("`{name}`");
    }
    // Backquotes within, and what ends cells of tables: HTML holds them, and inside of it what looks like markup counts.
    format!("<code>{}</code>", text(&name, max))
}

/// A text of at most `max` characters for a task or a section of a Mermaid diagram, which has no way to escape: letters,
/// digits and harmless signs only.
pub fn diagram_words(text: &str, max: usize) -> String {
    let of = |c: char| if c.is_alphanumeric() || " -_./()+=".contains(c) { c } else { ' ' };
    let words: String = plain_within(text, max).chars().map(of).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "unnamed".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            text("a|b `c` <b> *d* [e](f) \\|", 300),
            "a&#124;b \\`c\\` &lt;b&gt; \\*d\\* \\[e\\](f) \\\\&#124;"
        );
        assert_eq!(text("@team see #12 and !3", 300), "@&#8203;team see #&#8203;12 and !&#8203;3");
        assert_eq!(
            text("https://evil.example www.evil.example", 300),
            "https:&#8203;//evil.example www&#8203;.evil.example"
        );
        assert_eq!(text("# no", 300), "\\# no");
        assert_eq!(text("- no", 300), "\\- no");
        assert_eq!(text("12. no", 300), "12\\. no");
        assert_eq!(text("runs at 02:30 - daily.", 300), "runs at 02:30 - daily.");
        assert_eq!(text("a\nb\u{202e}", 300), "a b\u{fffd}");
        assert_eq!(text("abc", 2), "a…");
    }

    #[test]
    fn names_are_code() {
        assert_eq!(code("backup-1", 300), "`backup-1`");
        assert_eq!(code("@team <b>", 300), "`@team <b>`");
        assert_eq!(code("a`|`b\\", 300), "<code>a\\`&#124;\\`b\\\\</code>");
        assert_eq!(code("", 300), "<code></code>");
    }

    #[test]
    fn diagrams_hold_words_only() {
        assert_eq!(diagram_words("try 3: fails; #a %% b\nend", 300), "try 3 fails a b end");
        assert_eq!(diagram_words(";:", 300), "unnamed");
    }
}
