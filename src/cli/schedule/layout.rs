//! Lines of at most 80 columns, in colours that a terminal may show.

use clap::builder::styling::{AnsiColor, Style};

use crate::engine::Severity;

/// How wide the text is.
pub(super) const WIDTH: usize = 80;

/// A heading, and what stands out.
pub(super) const BOLD: Style = Style::new().bold();

/// A text in a style; who prints it takes the style away where it is not wanted.
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// How a level looks.
pub(super) fn of_severity(severity: Severity) -> Style {
    let color = match severity {
        Severity::Error => AnsiColor::BrightRed,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::BrightBlue,
    };
    color.on_default().bold()
}

/// `text` behind `label`, broken into lines that begin below it. `label` is `width` columns wide.
pub(super) fn hanging(label: &str, width: usize, text: &str) -> String {
    let indent = " ".repeat(width);
    let lines = broken(text, WIDTH.saturating_sub(width).max(20));
    format!("{label}{}\n", lines.join(&format!("\n{indent}")))
}

/// `text` indented, broken into lines.
pub(super) fn indented(indent: usize, text: &str) -> String {
    hanging(&" ".repeat(indent), indent, text)
}

/// The lines of a text, each at most `width` columns, but for what has no space in it.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push(String::new());
            column = 0;
        }
        if let Some(line) = lines.last_mut() {
            if column > 0 {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += length;
        }
    }
    lines
}

/// Rows in columns below a heading, indented by two.
pub(super) fn table(heading: Option<Vec<String>>, rows: Vec<Vec<String>>) -> String {
    let has_heading = heading.is_some();
    let rows: Vec<Vec<String>> = heading.into_iter().chain(rows).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let padded = row.iter().zip(widths.iter().copied()).map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        let line = if has_heading && number == 0 { styled(BOLD, line) } else { line.to_owned() };
        text.push_str("  ");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// A line with carets below `columns` of it; of a long line, the stretch around them.
pub(super) fn pointed(line: &str, columns: std::ops::Range<usize>, style: Style) -> String {
    const SHOWN: usize = WIDTH - 4;
    const BEFORE: usize = 20;
    let letters: Vec<char> = line.chars().collect();
    let start = if letters.len() > SHOWN { columns.start.saturating_sub(BEFORE) } else { 0 };
    let end = letters.len().min(start + SHOWN);
    let shown: String = letters.get(start..end).unwrap_or_default().iter().collect();
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let (before, after) = (cut(start > 0), cut(end < letters.len()));
    let carets = columns.end.min(end).saturating_sub(columns.start).max(1);
    let indent = " ".repeat(2 + before.chars().count() + columns.start - start);
    format!("  {before}{shown}{after}\n{indent}{}\n", styled(style, &"^".repeat(carets)))
}
