//! Edits that damage texts, the same in every run: of bytes, as a fuzzer makes them, and of lines, as people do.
#![allow(dead_code, reason = "each test uses a part")]

/// The largest input, in bytes.
pub(crate) const LONGEST: usize = 16 << 10;

/// Xorshift: a source of numbers that is the same everywhere.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }
}

/// Pieces that parsers have opinions on.
const PIECES: &[&str] = &[
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "\n",
    "\r\n",
    "\t",
    "\"",
    "'",
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "# ",
    ",",
    "0x10",
    "1e400",
    "-1",
    "9223372036854775808",
    "*/",
    "0-59/61",
    "L",
    "@every 1s",
    "TZ=Europe/Berlin ",
    "@reboot",
    "é",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "😀",
    "\\u0000",
    "\\ud800",
    "spec",
    "Always",
    "deny",
    "*",
    "?",
    "60",
    "00",
    "JAN",
    "sun",
];

/// One of the seeds with up to six edits of its bytes.
pub(crate) fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(data.len() + 1);
        let to = (at + numbers.below(40)).min(data.len());
        match numbers.below(7) {
            0 if at < data.len() => data[at] ^= 1 << numbers.below(8),
            1 => drop(data.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes())),
            2 => drop(data.drain(at..to)),
            3 => {
                let piece = data[at..to].to_vec();
                let times = 1 + numbers.below(3);
                drop(data.splice(at..at, piece.repeat(times)));
            }
            4 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                let end = (from + numbers.below(200)).min(other.len());
                drop(data.splice(at..to, other[from..end].iter().copied()));
            }
            5 => data.truncate(at.max(1)),
            _ => drop(data.splice(at..to, PIECES[numbers.below(PIECES.len())].bytes())),
        }
        data.truncate(LONGEST);
    }
    data
}

/// Values that somebody may write where another belongs.
const VALUES: &[&str] = &[
    "many",
    "3",
    "\"3\"",
    "1.10",
    "true",
    "\"true\"",
    "yes",
    "null",
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    "-1",
    "1e3",
    "Always",
    "Never",
    "OnFailure",
    "Indexed",
    "\"*/5 * * * *\"",
    "*/5 * * * *",
    "@daily",
    "Europe/Berlin",
    "5m",
    "''",
];
/// Fields that somebody may write where they do not belong.
const FIELDS: &[&str] = &[
    "restartPolicy",
    "completions",
    "parallelism",
    "backoffLimit",
    "activeDeadlineSeconds",
    "suspend",
    "schedule",
    "timeZone",
    "concurrencyPolicy",
    "ttlSecondsAfterFinished",
    "name",
    "image",
    "containers",
    "template",
    "labels",
    "namespace",
    "manualSelector",
    "completionMode",
    "startingDeadlineSeconds",
    "env",
    "args",
    "backofLimit",
    "restartpolicy",
    "selector",
    "successfulJobsHistoryLimit",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "podFailurePolicy",
];

/// `text` with one to three lines damaged: a value of another kind, a field that is moved, misspelt, added, left out or
/// given twice, a block further left or right.
pub(crate) fn damaged(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(lines.len());
        let Some(line) = lines.get(at).cloned() else { continue };
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        let end =
            at + 1 + lines[at + 1..].iter().take_while(|next| indent_of(next) > indent_of(&line)).count();
        match numbers.below(8) {
            0 | 1 => {
                if let Some((key, _)) = line.split_once(": ") {
                    lines[at] = format!("{key}: {}", VALUES[numbers.below(VALUES.len())]);
                }
            }
            2 => drop(lines.drain(at..end)),
            3 => {
                // The block stands somewhere else, as deep as what stands there.
                let block: Vec<String> = lines.drain(at..end).collect();
                let to = numbers.below(lines.len() + 1);
                let deep = lines.get(to).map_or(0, |line| indent_of(line));
                let moved = block.iter().map(|line| {
                    let depth = (indent_of(line) + deep).saturating_sub(indent_of(&block[0]));
                    format!("{}{}", " ".repeat(depth), line.trim_start())
                });
                let moved: Vec<String> = moved.collect();
                drop(lines.splice(to..to, moved));
            }
            4 => {
                let field = FIELDS[numbers.below(FIELDS.len())];
                let value = VALUES[numbers.below(VALUES.len())];
                lines.insert(at, format!("{}{field}: {value}", " ".repeat(indent_of(&line))));
            }
            5 => {
                let block = lines[at..end].to_vec();
                drop(lines.splice(at..at, block));
            }
            6 => {
                for line in &mut lines[at..end] {
                    *line = match line.strip_prefix("  ") {
                        Some(less) if numbers.0 & 1 == 0 => less.to_owned(),
                        _ => format!("  {line}"),
                    };
                }
            }
            _ => {
                if let Some((_, value)) = line.split_once(": ") {
                    let field = FIELDS[numbers.below(FIELDS.len())];
                    lines[at] = format!("{}{field}: {value}", &line[..indent]);
                }
            }
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
