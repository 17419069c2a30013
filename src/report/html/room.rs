//! How much of the findings a page has room for.

use std::collections::{BTreeMap, BTreeSet};

use maud::Markup;

use super::super::objects::Group;
use super::finding::{self, Lines};
use super::tools::Tools;
use crate::diagnostic::Diagnostic;

/// How many bytes the findings take without their lines, and how many these take, at most.
const ROWS: usize = 4 << 20;
const LINES: usize = 2 << 20;
/// What the head of an object takes, beside the names in it.
const HEAD: usize = 200;
/// From how many findings on the linter may have left out lines.
const MANY: usize = 1_000;
/// From how many findings on they are closed until somebody opens them.
const FEW: usize = 12;

/// The findings that a page shows, the most severe first of all.
#[derive(Debug, Default)]
pub(super) struct Room {
    rows: BTreeMap<usize, Markup>,
    /// How many findings are not shown.
    pub(super) rows_left_out: usize,
    /// How many are shown without the lines that they are about.
    pub(super) lines_left_out: usize,
}

impl Room {
    /// Of all findings, what there is room for.
    pub(super) fn of(groups: &[Group<'_>], tools: &Tools<'_>) -> Self {
        let mut findings: Vec<(usize, &Diagnostic, &Group<'_>)> = Vec::new();
        for group in groups {
            findings.extend(group.findings.iter().map(|(number, finding)| (*number, *finding, group)));
        }
        // By number within a severity.
        findings.sort_by_key(|(number, finding, _)| (std::cmp::Reverse(finding.severity), *number));
        let mut heads = BTreeSet::new();
        let is_open = findings.len() <= FEW;
        let (mut rows, mut lines) = (ROWS, LINES);
        let (mut room, mut left_out) = (Self::default(), 0);
        for (position, (number, finding, group)) in findings.iter().enumerate() {
            let mut shown = if lines > 0 { Lines::of(finding) } else { Lines::default() };
            if shown.size() > lines {
                // Others with fewer lines would fit, but then nobody could say which are shown.
                (lines, shown) = (0, Lines::default());
            }
            // Of few findings, those that have none are about no line. Of many, the linter keeps the lines of some.
            let had_lines = finding.excerpt.is_some() || findings.len() > MANY;
            left_out += usize::from(had_lines && shown.has_no_source());
            lines -= shown.size();
            let row = finding::row(finding, tools, &shown, is_open);
            let first = group.findings.first().map(|(number, _)| *number);
            let head = if heads.insert(first) { HEAD + group.file.len() } else { 0 };
            let size = row.0.len() - shown.size() + head;
            if size > rows {
                room.rows_left_out = findings.len() - position;
                break;
            }
            rows -= size;
            room.rows.insert(*number, row);
            room.lines_left_out = left_out;
        }
        room
    }

    /// A finding by its number, where there is room for it.
    pub(super) fn row(&self, number: usize) -> Option<&Markup> {
        self.rows.get(&number)
    }

    /// How many findings are shown.
    pub(super) fn shown(&self) -> usize {
        self.rows.len()
    }
}
