//! Text without characters that would steer a terminal or mislead a reader: messages quote what files say, and file
//! names are anybody's.

/// `text` on one line, each steering or unseen character replaced.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_steering(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Control characters, characters that turn the direction of text around or end a line, such as are not seen, and the
/// two that XML cannot hold.
pub(super) fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
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
        assert_eq!(plain("\u{1b}[2J\u{9b}K\u{202e}\u{2028}\u{e0041}"), "�[2J�K���");
    }
}
