//! Sets of values by their shape: neighbours, equal distances, and everything else.

use crate::field::FieldSet;
use crate::names::and;

/// From how many neighbours on a list names only the first and the last.
const RUN: u8 = 3;

/// The stretches of neighbouring values, each with its first and its last.
pub(super) fn runs(set: FieldSet) -> Vec<(u8, u8)> {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for value in set.iter() {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => runs.push((value, value)),
        }
    }
    runs
}

/// Values at equal distances: the first, the last and the distance; none for fewer than two.
pub(super) fn progression(set: FieldSet) -> Option<(u8, u8, u8)> {
    let (first, last) = (set.iter().next()?, set.iter().next_back()?);
    let step = set.iter().nth(1)? - first;
    let is_even = set.iter().zip(set.iter().skip(1)).all(|(low, high)| high - low == step);
    is_even.then_some((first, last, step))
}

/// The pieces of a list: `1`, `2`, `5 to 9`.
pub(super) fn pieces(set: FieldSet, name: impl Fn(u8) -> String) -> Vec<String> {
    let mut pieces = Vec::new();
    for (first, last) in runs(set) {
        if last - first + 1 >= RUN {
            pieces.push(format!("{} to {}", name(first), name(last)));
        } else {
            pieces.extend((first..=last).map(&name));
        }
    }
    pieces
}

/// A list in words: `1, 2 and 5 to 9`.
pub(super) fn list(set: FieldSet, name: impl Fn(u8) -> String) -> String {
    and(&pieces(set, name))
}

/// The one stretch of neighbours that a set is on a circle of values from `min` to `max`, at least three of them and not all:
/// Friday to Monday, November to February.
pub(super) fn arc(set: FieldSet, min: u8, max: u8) -> Option<(u8, u8)> {
    let size = u32::from(max - min) + 1;
    if set.len() < u32::from(RUN) || set.len() >= size {
        return None;
    }
    match runs(set).as_slice() {
        [only] => Some(*only),
        [(first, end), (start, last)] if *first == min && *last == max => Some((*start, *end)),
        _ => None,
    }
}
