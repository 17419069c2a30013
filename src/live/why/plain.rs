//! Names, messages and values of a cluster are other people's words: what steers a terminal or hides is taken out of all of
//! them, once, before any format writes them.

use super::answer::{Answer, Evidence, Field, Run, Try};
use jobguard_text::plain_within;

/// How many characters of one text are shown: an event has 1,024 at most.
const MOST: usize = 1_200;

/// Neutralises all texts of an answer.
pub(super) fn neutralise(answer: &mut Answer) {
    clean(&mut answer.namespace);
    clean(&mut answer.name);
    clean(&mut answer.summary);
    for reason in &mut answer.reasons {
        clean(&mut reason.text);
        reason.change.iter_mut().for_each(clean);
        for Evidence { object, source, text, .. } in &mut reason.evidence {
            [object, source, text].into_iter().for_each(clean);
        }
        if let Some(Field { name, path, .. }) = &mut reason.field {
            [name, path].into_iter().for_each(clean);
        }
        for rule in &mut reason.rules {
            clean(&mut rule.message);
            clean(&mut rule.path);
        }
    }
    answer.cannot_tell.iter_mut().for_each(clean);
    if let Some(next) = &mut answer.next_run {
        next.zone.iter_mut().chain(&mut next.but).for_each(clean);
    }
    for Run { job, words, tries, .. } in &mut answer.runs {
        job.iter_mut().for_each(clean);
        clean(words);
        for Try { pod, words, .. } in tries {
            [pod, words].into_iter().for_each(clean);
        }
    }
}

fn clean(text: &mut String) {
    let plain = plain_within(text, MOST);
    if plain != *text {
        *text = plain;
    }
}
