//! "Did you mean": the word of a list that was most likely meant.

/// The candidate nearest to `word`, if one is near enough to be a likely slip of the pen. Case does not count.
/// A candidate of the form `category/name` is also found by its name alone.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Longer words than any name we know are no misspelling of one, and distances cost the product of lengths.
    if word.is_empty() || word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let name = candidate.rsplit_once('/').map_or(candidate, |(_, name)| name);
            let lower = candidate.to_lowercase();
            let whole = strsim::damerau_levenshtein(&word, &lower);
            let distance = if name.eq_ignore_ascii_case(&word) { 0 } else { whole };
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_only() {
        let words = ["enforce", "warn", "audit"];
        assert_eq!(nearest("enforced", words), Some("enforce"));
        assert_eq!(nearest("Warn", words), Some("warn"));
        assert_eq!(nearest("wran", words), Some("warn"));
        assert_eq!(nearest("strict", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("time-zone", ["cron/time-zone", "job/deadline"]), Some("cron/time-zone"));
    }
}
