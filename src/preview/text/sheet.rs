//! Lines of text: headings, labels and paragraphs within a width.

use std::fmt::Write as _;

use super::style::TextStyle;
use jobguard_text::plain;

/// How far what is labelled is indented.
const LABEL: usize = 14;

/// Text that is being written.
pub(super) struct Sheet {
    pub(super) style: TextStyle,
    text: String,
}

impl Sheet {
    pub(super) fn new(style: TextStyle) -> Self {
        Self { style: TextStyle { width: style.width.clamp(40, 80), ..style }, text: String::new() }
    }

    /// What has been written since it was taken last.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// A line that stands out.
    pub(super) fn heading(&mut self, text: &str) {
        let (bold, end) = if self.style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        for line in wrapped(&plain(text), self.style.width) {
            let _ = writeln!(self.text, "{bold}{line}{end}");
        }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", text.trim_end());
    }

    /// Foreign or own text, broken into lines.
    pub(super) fn paragraph(&mut self, indent: usize, text: &str) {
        for line in wrapped(&plain(text), self.style.width.saturating_sub(indent)) {
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    /// Text with a label in front of its first line.
    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        let room = self.style.width.saturating_sub(LABEL);
        for (number, line) in wrapped(&plain(text), room).into_iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            let padded = format!("  {label:0$}", LABEL - 2);
            let padded = match self.style.color && number == 0 {
                true => format!("\x1b[36m{padded}\x1b[0m"),
                false => padded,
            };
            self.line(&format!("{padded}{line}"));
        }
    }

    /// Text behind a beginning of its own width, below which its other lines start.
    pub(super) fn hanging(&mut self, indent: usize, begin: &str, text: &str) {
        let indent_of_text = indent + begin.chars().count();
        for (number, line) in
            wrapped(&plain(text), self.style.width.saturating_sub(indent_of_text)).iter().enumerate()
        {
            match number {
                0 => self.line(&format!("{:indent$}{begin}{line}", "")),
                _ => self.line(&format!("{:indent_of_text$}{line}", "")),
            }
        }
    }

    /// Text that is a warning.
    pub(super) fn warning(&mut self, label: &str, text: &str) {
        let before = self.text.len();
        self.labelled(label, text);
        if self.style.color {
            let lines = self.text.split_off(before).replace("\x1b[36m", "\x1b[33m");
            self.text.push_str(&lines);
        }
    }

    /// Levels as a row of characters, each the highest of a stretch, at most `room` of them.
    pub(super) fn curve(&self, levels: &[i64], room: usize) -> String {
        let highest = levels.iter().copied().max().unwrap_or(0).max(1);
        let marks: Vec<char> = if self.style.ascii {
            " .:-=+*#%@".chars().collect()
        } else {
            " ▁▂▃▄▅▆▇█".chars().collect()
        };
        let chunk = levels.len().div_ceil(room.max(1)).max(1);
        let top = i64::try_from(marks.len() - 1).unwrap_or(1);
        let mark = |levels: &[i64]| {
            let level = levels.iter().copied().max().unwrap_or(0).max(0);
            // Something is never nothing.
            let step = i128::from(level) * i128::from(top) + i128::from(highest) - 1;
            let step = usize::try_from(step / i128::from(highest)).unwrap_or(0);
            marks[step.min(marks.len() - 1)]
        };
        levels.chunks(chunk).map(mark).collect()
    }
}

/// The words in lines of at most `width` characters; a word that is longer has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let length = |text: &str| text.chars().count();
        let fits =
            lines.last().is_some_and(|line| line.is_empty() || length(line) + 1 + length(word) <= width);
        match lines.last_mut().filter(|_| fits) {
            Some(line) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_they_may_be() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one-long-word two", 5), ["one-long-word", "two"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn curves() {
        let sheet = |ascii| Sheet::new(TextStyle { color: false, ascii, verbose: false, width: 80 });
        assert_eq!(sheet(false).curve(&[0, 1, 4, 8], 80), " ▁▄█");
        assert_eq!(sheet(true).curve(&[0, 1, 9], 80), " .@");
        assert_eq!(sheet(false).curve(&[1, 8, 0, 0], 2), "█ ");
        assert_eq!(sheet(false).curve(&[], 10), "");
        assert_eq!(sheet(false).curve(&[i64::MAX, 1], 10), "█▁");
    }
}
