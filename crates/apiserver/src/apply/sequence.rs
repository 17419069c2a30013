//! In which order the elements of a merged list stand.

use std::collections::HashMap;

/// An element of a merged list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The stored element that it was.
    pub(super) stored: Option<usize>,
    /// The written elements that are merged into it, one after the other.
    pub(super) written: Vec<usize>,
}

/// The elements of a list whose stored elements have the keys `old`, and whose written ones the keys `new`.
///
/// What is written keeps its order; what is only stored comes where it was, before the written element that it stood
/// before. `is_there` tells whether a stored element has not been removed, `is_same` whether a written element changes
/// nothing of a stored one. The first `vacant` of the new elements come behind all that is stored: kubectl's library
/// deletes from the very list whose order it asks for later, and appends to it, so that they take the vacant places.
///
/// Several elements of one key are compared by pairs, from the last to the first, since kubectl's sort turns equal ones
/// round; of a pair that differs the written element is merged into the first stored one of its key, as the server does,
/// which looks for one.
pub(super) fn sequence(
    old: &[String],
    new: &[String],
    is_there: impl Fn(usize) -> bool,
    mut vacant: usize,
    mut is_same: impl FnMut(usize, usize) -> bool,
) -> Vec<Entry> {
    let mut stored: HashMap<&str, Vec<usize>> = HashMap::with_capacity(old.len());
    for (index, key) in old.iter().enumerate().filter(|(index, _)| is_there(*index)) {
        stored.entry(key).or_default().push(index);
    }
    let mut written: HashMap<&str, Vec<usize>> = HashMap::with_capacity(new.len());
    for (index, key) in new.iter().enumerate() {
        written.entry(key).or_default().push(index);
    }
    let only_stored: Vec<usize> = (0..old.len())
        .filter(|index| is_there(*index) && !written.contains_key(old[*index].as_str()))
        .collect();
    // Each key where it is written first.
    let mut entries = Vec::with_capacity(new.len());
    for key in new {
        let Some(group) = written.remove(key.as_str()) else { continue };
        let before = stored.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        let first = entries.len();
        entries.extend(before.iter().map(|index| Entry { stored: Some(*index), written: Vec::new() }));
        if before.is_empty() {
            entries.push(Entry { stored: None, written: Vec::new() });
        }
        let is_plain = group.len() == 1 && before.len() <= 1;
        for (nth, index) in group.into_iter().rev().enumerate() {
            let pair = before.len().checked_sub(nth + 1);
            let pair = pair.filter(|pair| !is_plain && is_same(before[*pair], index));
            entries[first + pair.unwrap_or_default()].written.push(index);
        }
    }
    let mut only_stored = only_stored.into_iter().peekable();
    let mut all = Vec::with_capacity(entries.len() + only_stored.len());
    for entry in entries {
        let place = entry.stored.or_else(|| {
            vacant = vacant.checked_sub(1)?;
            Some(old.len())
        });
        if let Some(place) = place {
            while let Some(index) = only_stored.next_if(|index| *index < place) {
                all.push(Entry { stored: Some(index), written: Vec::new() });
            }
        }
        all.push(entry);
    }
    all.extend(only_stored.map(|index| Entry { stored: Some(index), written: Vec::new() }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The merged list in letters: what is written in upper case.
    fn order(old: &str, new: &str) -> String {
        let keys = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let (old, new) = (keys(old), keys(new));
        let letter = |entry: Entry| match (entry.written.first(), entry.stored) {
            (Some(index), _) => new[*index].to_uppercase(),
            (None, Some(index)) => old[index].clone(),
            (None, None) => String::new(),
        };
        sequence(&old, &new, |_| true, 0, |_, _| true).into_iter().map(letter).collect()
    }

    #[test]
    fn what_is_written_keeps_its_order_and_what_is_stored_its_place() {
        assert_eq!(order("abc", "abc"), "ABC");
        assert_eq!(order("abc", "cba"), "CBA");
        assert_eq!(order("", "ab"), "AB");
        assert_eq!(order("xa", "a"), "xA");
        assert_eq!(order("ax", "a"), "Ax");
        assert_eq!(order("axb", "ab"), "AxB");
        assert_eq!(order("ax", "ab"), "ABx");
        assert_eq!(order("xayb", "ba"), "xyBA");
    }

    #[test]
    fn what_is_new_comes_behind_what_is_stored_where_something_is_gone() {
        let keys = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let stored = |vacant: usize| {
            let entries = sequence(&keys("ab"), &keys("c"), |index| index == 0, vacant, |_, _| true);
            entries.into_iter().map(|entry| entry.stored).collect::<Vec<_>>()
        };
        assert_eq!(stored(1), [Some(0), None]);
        assert_eq!(stored(0), [None, Some(0)]);
    }

    #[test]
    fn several_of_one_key() {
        let keys = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let entry = |stored, written: &[usize]| Entry { stored, written: written.to_vec() };
        let (two, one) = (keys("pp"), keys("p"));
        // Unchanged, both stay what they are.
        let same = sequence(&two, &two, |_| true, 0, |old, new| old == new);
        assert_eq!(same, [entry(Some(0), &[0]), entry(Some(1), &[1])]);
        // Both are merged into the one there is.
        assert_eq!(sequence(&one, &two, |_| true, 0, |old, new| old == new), [entry(Some(0), &[1, 0])]);
        // Each once, where nothing of the kind is stored.
        assert_eq!(sequence(&keys("x"), &two, |_| true, 0, |_, _| false)[0], entry(None, &[1, 0]));
    }
}
