//! Applies changes that are told in lines and columns, as an editor would: nothing here is shared with the program.

/// A piece of a text that changes: `(line, column)` of its begin and end, each from 1 and in characters, and what comes
/// in its place.
pub(crate) type Piece = ((usize, usize), (usize, usize), String);

/// `text` with all `pieces` replaced. Panics where one is beside the text, or two overlap.
pub(crate) fn apply(text: &str, pieces: &[Piece]) -> String {
    let mut pieces: Vec<(usize, usize, &str)> = pieces
        .iter()
        .map(|(begin, end, with)| (offset(text, *begin), offset(text, *end), with.as_str()))
        .collect();
    pieces.sort_unstable();
    let (mut out, mut done) = (String::new(), 0);
    for (begin, end, with) in pieces {
        assert!(done <= begin && begin <= end, "{begin}..{end} overlaps what ends at {done}");
        out += &text[done..begin];
        out += with;
        done = end;
    }
    out + &text[done..]
}

/// The byte of a line and a column. A byte order mark is in no column.
fn offset(text: &str, (line, column): (usize, usize)) -> usize {
    let mut begin = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for _ in 1..line {
        let end = begin + text[begin..].find(['\n', '\r']).expect("there is such a line");
        begin = end + if text[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    let rest = &text[begin..];
    let line_length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    let places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    let at = places.take_while(|at| *at <= line_length).nth(column - 1).expect("there is such a column");
    begin + at
}
