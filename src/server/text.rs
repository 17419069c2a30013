//! Text for people and logs: one line, and never too long.

use crate::report::break_commands;

/// `text` in one line of at most `max` characters: control characters become spaces, what is cut off leaves an
/// ellipsis, and what a CI system would take for a command (`kubectl` shows denials in its log) is broken up.
pub(crate) fn plain(text: &str, max: usize) -> String {
    if text.len() <= max && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return break_commands(text.to_owned());
    }
    let mut out = String::with_capacity(text.len().min(max * 4));
    for (position, character) in text.chars().enumerate() {
        if position == max {
            if max > 0 {
                out.pop();
                out.push('…');
            }
            break;
        }
        out.push(if character.is_control() || is_layout(character) { ' ' } else { character });
    }
    break_commands(out)
}

/// Characters that are no control characters, but reorder or break lines as if they were.
fn is_layout(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_stays() {
        assert_eq!(plain("spec.containers[0]", 18), "spec.containers[0]");
        assert_eq!(plain("", 0), "");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(plain("äöüß", 3), "äö…");
        assert_eq!(plain("äöüß", 4), "äöüß");
        assert_eq!(plain("ab", 0), "");
    }

    #[test]
    fn one_line() {
        assert_eq!(plain("a\nb\u{1b}[31m\u{202e}c", 20), "a b [31m c");
    }

    #[test]
    fn no_command_of_a_ci_log() {
        for text in ["##vso[x]", "is ##[error]", "::error::x", "\u{1b}::error::x"] {
            let out = plain(text, 40);
            assert!(!out.contains("##") && !out.trim_start().starts_with("::"), "{out}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_longer_than_asked(text in ".{0,80}", max in 0usize..60) {
            let out = plain(&text, max);
            proptest::prop_assert!(out.chars().count() <= max);
            proptest::prop_assert!(!out.contains(char::is_control));
        }
    }
}
