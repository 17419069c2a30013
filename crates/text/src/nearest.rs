//! "Did you mean": the word of a list that was most likely meant.

/// Longer words than any name we know are no misspelling of one, and to compare costs the product of both lengths.
const LONGEST: usize = 100;
/// How many letters of a word may differ in a slip of the pen, at most.
pub const MAX_SLIP: usize = 4;

/// The candidate nearest to `word`, if one is near enough to be a likely slip of the pen: at most every third letter
/// differs. Case does not count. A candidate of the form `category/name` is also found by its name alone.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, MAX_SLIP);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let name = candidate.rsplit_once('/').map_or(candidate, |(_, name)| name);
            if name.eq_ignore_ascii_case(&word) {
                return Some((0, candidate));
            }
            Some((within(&word, &candidate.to_lowercase(), allowed)?, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The candidate with the letters of `word`, where that differs in case alone, or in what stands between its words:
/// `on-failure` for `OnFailure`.
pub fn same_letters<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let letters = |text: &str| {
        let kept = text.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        kept.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let meant = letters(word);
    candidates.iter().copied().find(|candidate| letters(candidate) == meant)
}

/// How many letters differ between two words, two that have changed places counted once. Case does not count. Words that
/// are too long to be names are as far apart as can be.
pub fn distance(a: &str, b: &str) -> usize {
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase())
}

/// As [`distance`], where that is at most `most`. Words that are farther apart are mostly known by their letters, which costs
/// far less than the distance: lists of names have hundreds of them.
pub fn distance_within(a: &str, b: &str, most: usize) -> Option<usize> {
    if a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    within(&a.to_lowercase(), &b.to_lowercase(), most)
}

/// Whether two words differ in at most `letters`.
pub fn is_slip(a: &str, b: &str, letters: usize) -> bool {
    distance_within(a, b, letters).is_some()
}

/// The distance of two words in lower case, where it is at most `most`.
fn within(a: &str, b: &str, most: usize) -> Option<usize> {
    // To replace a character changes how often two of them occur, to add one or take one away only one, and to swap two
    // changes nothing.
    if letters_apart(a, b) > 2 * most {
        return None;
    }
    let distance = strsim::damerau_levenshtein(a, b);
    (distance <= most).then_some(distance)
}

/// A lower bound of by how much the numbers of each character differ between two words.
fn letters_apart(a: &str, b: &str) -> usize {
    // Characters that share a place can only hide a difference.
    const PLACES: usize = 64;
    let mut counts = [0_i16; PLACES];
    for (word, one) in [(a, 1), (b, -1)] {
        for c in word.chars() {
            counts[c as usize % PLACES] += one;
        }
    }
    counts.iter().map(|count| usize::from(count.unsigned_abs())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_only() {
        let words = ["enforce", "warn", "audit"];
        assert_eq!(nearest("enforced", words), Some("enforce"));
        assert_eq!(nearest("Warn", words), Some("warn"));
        assert_eq!(same_letters("on-failure", &["Never", "OnFailure"]), Some("OnFailure"));
        assert_eq!(same_letters("nevr", &["Never", "OnFailure"]), None);
        assert_eq!(nearest("wran", words), Some("warn"));
        assert_eq!(nearest("strict", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"w".repeat(1_000), words), None);
        assert_eq!(nearest("time-zone", ["cron/time-zone", "job/deadline"]), Some("cron/time-zone"));
    }

    #[test]
    fn distances() {
        assert_eq!(distance("Jbo", "job"), 1);
        assert_eq!(distance(&"a".repeat(101), "a"), usize::MAX);
        assert!(is_slip("cronjb", "cronjob", 1) && !is_slip("cron", "cronjob", 2));
        assert_eq!(distance_within("Jbo", "job", 1), Some(1));
        assert_eq!(distance_within("abc", "xyz", 2), None);
    }

    proptest::proptest! {
        #[test]
        fn letters_tell_only_what_is_apart(a in "[a-d\u{e9}]{0,8}", b in "[a-d\u{e9}]{0,8}", most in 0_usize..5) {
            let whole = distance(&a, &b);
            proptest::prop_assert_eq!(distance_within(&a, &b, most), (whole <= most).then_some(whole));
        }
    }
}
