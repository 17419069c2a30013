//! Where somebody types, in YAML that need not be readable yet: found by indentation, from the line of the cursor upwards.
//!
//! Lists and objects in brackets are not looked into.

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A key, or what may become one.
    Key,
    /// The value of the last of the steps.
    Value,
}

/// Where somebody types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typing<'t> {
    pub(super) what: What,
    /// The keys from the document to there; an element of a list is `0`.
    pub(super) steps: Vec<&'t str>,
    /// The keys that the object has besides.
    pub(super) others: Vec<&'t str>,
    /// The byte that the word at the cursor begins at.
    pub(super) start: usize,
    /// The word up to the cursor.
    pub(super) word: &'t str,
    /// The column that the keys of the object stand at.
    pub(super) column: usize,
}

/// A piece of a line, with the column that it starts at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Dash,
    Key(&'t str),
}

/// How many lines are looked at in each direction.
const MAX_LINES: usize = 20_000;

/// Where somebody types with the cursor at a byte; none in a comment, a block of text or in brackets.
pub(super) fn typing(text: &str, offset: usize) -> Option<Typing<'_>> {
    let before = text.get(..offset)?;
    let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = &before[line_start..];
    let (pieces, rest) = pieces(line);
    let (value_at, value) = rest;
    if is_closed(value) {
        return None;
    }
    let mut steps = Vec::new();
    let what = match pieces.last() {
        // The cursor stands behind `key: `, which says more than an indentation.
        Some((_, Piece::Key(_))) => What::Value,
        _ => What::Key,
    };
    let mut limit = match what {
        What::Key => Limit { column: columns(line, value_at), at_key: false },
        What::Value => Limit { column: usize::MAX, at_key: false },
    };
    let column = match (what, pieces.last()) {
        (What::Value, Some((column, _))) => *column,
        _ => limit.column,
    };
    climb(&pieces, &mut limit, &mut steps);
    let mut others = Vec::new();
    // The keys beside what is typed, until the object ends.
    let mut is_beside = what == What::Key && !pieces.iter().any(|(_, piece)| *piece == Piece::Dash);
    for above in lines_above(&text[..line_start]).take(MAX_LINES) {
        if is_separator(above) {
            break;
        }
        let (pieces, _) = self::pieces(above);
        if pieces.is_empty() {
            continue;
        }
        if is_beside {
            for (at, piece) in pieces.iter().rev() {
                match piece {
                    Piece::Key(key) if *at == column => others.push(*key),
                    _ if *at < column => is_beside = false,
                    _ => {}
                }
            }
        }
        climb(&pieces, &mut limit, &mut steps);
        if limit.column == 0 && !limit.at_key {
            break;
        }
    }
    if what == What::Key {
        others.extend(keys_below(&text[offset..], column));
    }
    steps.reverse();
    Some(Typing { what, steps, others, start: line_start + value_at, word: value, column })
}

/// What is a parent, climbing: a key left of the column; after a dash, one at its column too.
struct Limit {
    column: usize,
    at_key: bool,
}

fn climb<'t>(pieces: &[(usize, Piece<'t>)], limit: &mut Limit, steps: &mut Vec<&'t str>) {
    for (column, piece) in pieces.iter().rev() {
        let is_left = *column < limit.column;
        match piece {
            Piece::Key(key) if is_left || (limit.at_key && *column == limit.column) => {
                steps.push(key);
                *limit = Limit { column: *column, at_key: false };
            }
            Piece::Dash if is_left => {
                steps.push("0");
                *limit = Limit { column: *column, at_key: true };
            }
            _ => {}
        }
    }
}

/// The keys of the same object below the line of the cursor.
fn keys_below(rest: &str, column: usize) -> Vec<&str> {
    let mut keys = Vec::new();
    for line in rest.split('\n').skip(1).take(MAX_LINES) {
        if is_separator(line) {
            break;
        }
        let (pieces, _) = pieces(line);
        let Some((first, piece)) = pieces.first() else { continue };
        match piece {
            _ if *first < column => break,
            Piece::Key(key) if *first == column => keys.push(*key),
            // A list at the column of its key, or the next element.
            Piece::Dash if *first == column => continue,
            _ => {}
        }
    }
    keys
}

fn lines_above(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n').unwrap_or(text).rsplit('\n').map(|line| line.trim_end_matches('\r'))
}

fn is_separator(line: &str) -> bool {
    line.starts_with("---") || line.starts_with("...")
}

/// The dashes and keys of a line, and what stands behind them, with its byte.
fn pieces(line: &str) -> (Vec<(usize, Piece<'_>)>, (usize, &str)) {
    let mut pieces = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        at += blank;
        let rest = &line[at..];
        if let Some(behind) =
            rest.strip_prefix('-').filter(|behind| behind.is_empty() || behind.starts_with(' '))
        {
            pieces.push((columns(line, at), Piece::Dash));
            at = line.len() - behind.len();
            if behind.is_empty() {
                return (pieces, (at, ""));
            }
            continue;
        }
        match key(rest) {
            Some((key, length)) => {
                pieces.push((columns(line, at), Piece::Key(key)));
                at += length;
                let rest = &line[at..];
                let value = rest.trim_start_matches(' ');
                return (pieces, (line.len() - value.len(), value));
            }
            None => return (pieces, (at, rest)),
        }
    }
}

/// A key at the beginning of a text, without its quotes, and how many bytes it takes with its colon.
fn key(text: &str) -> Option<(&str, usize)> {
    if text.starts_with(['#', '{', '[', '|', '>', '&', '*', '!', '%', '@', '`']) {
        return None;
    }
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            let rest = rest.trim_start_matches(' ').strip_prefix(':')?;
            return Some((key, text.len() - rest.len()));
        }
    }
    let mut from = 0;
    loop {
        let colon = from + text[from..].find(':')?;
        let behind = &text[colon + 1..];
        if behind.is_empty() || behind.starts_with([' ', '\t', '\r']) {
            return Some((text[..colon].trim_end(), colon + 1));
        }
        from = colon + 1;
    }
}

fn columns(line: &str, at: usize) -> usize {
    line[..at].chars().count()
}

/// Whether nothing of ours can be typed here: in brackets or a comment, or behind a value and a space.
fn is_closed(value: &str) -> bool {
    value.starts_with(['{', '[', '#', '|', '>', '&', '*', '!']) || value.contains(" #")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<(What, String, String, String)> {
        let offset = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let found = typing(&text, offset)?;
        Some((found.what, found.steps.join("."), found.others.join(","), found.word.to_owned()))
    }

    fn expect(text: &str, what: What, steps: &str, others: &str, word: &str) {
        let expected = (what, steps.to_owned(), others.to_owned(), word.to_owned());
        assert_eq!(at(text), Some(expected), "{text}");
    }

    #[test]
    fn half_typed_documents() {
        let job = "apiVersion: batch/v1\nkind: Job\nspec:\n  completions: 1\n  template:\n    spec:\n      containers:\n      - name: a\n        image: b\n        ";
        expect(&format!("{job}im|"), What::Key, "spec.template.spec.containers.0", "image,name", "im");
        expect(
            &format!("{job}|\n      volumes: []\n"),
            What::Key,
            "spec.template.spec.containers.0",
            "image,name",
            "",
        );
        expect(
            &format!("{}      re|\n  suspend: true\n", &job[..job.len() - 8]),
            What::Key,
            "spec.template.spec",
            "containers",
            "re",
        );
        expect(
            "kind: Job\nspec:\n  template: {}\n  |\n  suspend: true\n",
            What::Key,
            "spec",
            "template,suspend",
            "",
        );
        expect("kind: Job\nspec:\n  restartPolicy: Ne|\n", What::Value, "spec.restartPolicy", "", "Ne");
        expect("kind: Job\nspec:\n  restartPolicy: |\n", What::Value, "spec.restartPolicy", "", "");
        expect("ki|", What::Key, "", "", "ki");
        expect("a: 1\n---\nk|\nb: 1\n", What::Key, "", "b", "k");
    }

    #[test]
    fn lists() {
        expect("spec:\n  env:\n  - na|", What::Key, "spec.env.0", "", "na");
        expect(
            "spec:\n  env:\n    - name: a\n      v|\n    - name: b\n",
            What::Key,
            "spec.env.0",
            "name",
            "v",
        );
        expect("spec:\n  env:\n  - name: a\n  - name: b\n  x|", What::Key, "spec", "env", "x");
        expect("spec:\n  args:\n  - a|", What::Key, "spec.args.0", "", "a");
        expect("a:\n- - b: |", What::Value, "a.0.0.b", "", "");
        expect("a:\n- b:\n    c: |", What::Value, "a.0.b.c", "", "");
        expect(
            "spec:\n  \"jobguard.dev/ignore\": a/b, c|",
            What::Value,
            "spec.jobguard.dev/ignore",
            "",
            "a/b, c",
        );
    }

    #[test]
    fn where_nothing_is_offered() {
        for text in ["a: {b|", "a: [|", "# a|", "a: 1 # b|"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text(text in "[a: \\-\n\r\"#{é]{0,80}", offset in 0_usize..90) {
            let _ = typing(&text, offset.min(text.len()));
        }
    }
}
