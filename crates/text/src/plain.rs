//! Text without characters that would steer a terminal or mislead a reader, and without what a CI system takes for a
//! command in its log: messages quote what files say, and file names are anybody's.

/// `text` on one line, each steering or unseen character replaced, and commands of CI logs broken up.
pub fn plain(text: &str) -> String {
    if stays(text) {
        return text.to_owned();
    }
    let line: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_steering(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect();
    break_commands(line)
}

/// Whether `text` stays as it is, as far as that is seen at a glance: nearly always, of what stands in a cluster. The
/// bytes are looked at without a branch, so that the compiler takes many at a time.
fn stays(text: &str) -> bool {
    let is_odd = |byte: u8| !(b' '..=b'~').contains(&byte) || byte == b'#';
    let odd = text.bytes().fold(0, |odd, byte| odd | u8::from(is_odd(byte)));
    odd == 0 && command_at_start(text).is_none()
}

/// The same, of at most `max` characters: what is cut off leaves an ellipsis.
pub fn plain_within(text: &str, max: usize) -> String {
    // No character is less than a byte.
    if text.len() <= max {
        return plain(text);
    }
    let mut characters = text.char_indices();
    // One more than fits, so that it is seen whether all do; the rest need not be looked at.
    let end = characters.nth(max).map(|(end, _)| end);
    let Some(end) = end else { return plain(text) };
    let kept = text[..end].char_indices().next_back().map_or(0, |(last, _)| last);
    let mut cut = plain(&text[..kept]);
    if max > 0 {
        cut.push('…');
    }
    cut
}

/// Each line of `text` as [`plain`] makes it.
pub fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// `text`, which may have many lines, with one character replaced in each command of a CI log: the runners of CI read
/// what a program prints, and do as it says. The length in characters stays, and so do the columns.
pub fn break_commands(text: String) -> String {
    let places = commands(&text);
    let Some(last) = places.last() else { return text };
    let mut broken = String::with_capacity(text.len() + 2 * places.len());
    let mut from = 0;
    for place in &places {
        broken.push_str(&text[from..*place]);
        broken.push(char::REPLACEMENT_CHARACTER);
        from = place + 1;
    }
    broken.push_str(&text[last + 1..]);
    broken
}

/// What begins a command where it begins a line, whatever blanks come before: GitHub's, and those of Travis.
const AFTER_BLANKS: [&str; 3] = ["::", "travis_fold:", "travis_time:"];
/// What begins a group of Buildkite's where it begins a line.
const AT_LINE_START: [&str; 4] = ["--- ", "+++ ", "~~~ ", "^^^ "];

/// The bytes of `text`, each a character, without which no command of a CI log is left; in order.
fn commands(text: &str) -> Vec<usize> {
    let mut places: Vec<usize> = within_commands(text).collect();
    let before = places.len();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        places.extend(command_at_start(line).map(|at| start + at));
        start += line.len();
    }
    if places.len() > before {
        places.sort_unstable();
    }
    places
}

/// The byte of a line without which it begins with no command.
fn command_at_start(line: &str) -> Option<usize> {
    let content = line.trim_start();
    if AFTER_BLANKS.iter().any(|command| content.starts_with(command)) {
        Some(line.len() - content.len() + 1)
    } else {
        AT_LINE_START.iter().any(|command| line.starts_with(command)).then_some(1)
    }
}

/// Commands that count wherever they stand in a line: `##[` of GitHub and Azure, `##vso[` of Azure, `##teamcity[`.
/// Without the second `#` there is none.
pub fn within_commands(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.match_indices('[').filter_map(|(end, _)| {
        let before = text[..end].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        before.ends_with("##").then(|| before.len() - 1)
    })
}

/// Control characters, characters that turn the direction of text around or end a line, such as are not seen, and the
/// two that XML cannot hold.
pub fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{206a}'..='\u{206f}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers() {
        assert_eq!(plain("naïve 日本 {a: [b]}"), "naïve 日本 {a: [b]}");
        assert_eq!(plain("a\r\nb\tc"), "a  b c");
        assert_eq!(plain("a\u{fffe}\u{ffff}"), "a��");
        assert_eq!(plain("a\u{ad}b\u{3164}\u{fe0f}\u{e0100}"), "a�b���");
        assert_eq!(plain("\u{1b}[2J\u{9b}K\u{202e}\u{2028}\u{e0041}"), "�[2J�K���");
    }

    #[test]
    fn nothing_is_a_command_of_a_ci_log() {
        assert_eq!(
            plain("x ##[error]y ###vso[a]##teamcity[b '##[']"),
            "x #�[error]y ##�vso[a]#�teamcity[b '#�[']"
        );
        assert_eq!(plain("::error::x"), ":�error::x");
        assert_eq!(plain("\n \u{a0}::add-mask::x"), "  \u{a0}:�add-mask::x");
        assert_eq!(plain("travis_fold:start:x"), "t�avis_fold:start:x");
        assert_eq!(plain("--- x"), "-�- x");
        assert_eq!(plain_lines("a\n  ::b\n+++ c"), "a\n  :�b\n+�+ c");
        assert_eq!(break_commands("a: 1\n  ::b\n##[c]\n::".to_owned()), "a: 1\n  :�b\n#�[c]\n:�");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "a::b",
            "## x [y]",
            "# [x]",
            "##",
            "#[cfg]",
            "---",
            "--- ".trim(),
            "a --- b",
            "std::env",
            "x ::1",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(plain_within("spec.containers[0]", 18), "spec.containers[0]");
        assert_eq!(plain_within("äöüß", 3), "äö…");
        assert_eq!(plain_within("äöüß", 4), "äöüß");
        assert_eq!(plain_within("ab", 0), "");
        assert_eq!(plain_within("", 0), "");
    }

    proptest::proptest! {
        #[test]
        fn what_stays_at_a_glance_is_what_every_character_says(
            text in "[ -~]{0,6}|[ \\-+~^:#\\[travis_fold\n\u{7f}\u{ad}é]{0,14}"
        ) {
            let looked_at = break_commands(
                text.chars()
                    .map(|c| match c {
                        '\n' => ' ',
                        c if is_steering(c) => char::REPLACEMENT_CHARACTER,
                        c => c,
                    })
                    .collect(),
            );
            proptest::prop_assert!(!stays(&text) || looked_at == text);
            proptest::prop_assert_eq!(plain(&text), looked_at);
        }

        #[test]
        fn never_longer_than_asked(text in ".{0,80}", max in 0usize..60) {
            let out = plain_within(&text, max);
            proptest::prop_assert!(out.chars().count() <= max);
            proptest::prop_assert!(!out.contains(is_steering));
        }
    }
}
