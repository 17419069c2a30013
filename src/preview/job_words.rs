//! What becomes of a Job, in words: one short line for each event and for the end.

use crate::forecast::job::{
    AtMost, Bound, By, Cause, Condition, Event, EventKind, Happening, JobForecast, Open, Pattern, Timeline,
    TryLengthSource, WhatIf, WhatIfFault,
};
use jobguard_text::{one_of, quote};

/// What a timeline is about: the worst case, or what is supposed, and what is taken to be the length of a try.
pub fn title_words(timeline: &Timeline, is_worst_case: bool) -> String {
    let supposed = if is_worst_case {
        "worst case: every try fails".to_owned()
    } else {
        let all: Vec<String> = timeline.supposed.iter().map(what_if_words).collect();
        format!("what if {}", all.join(", "))
    };
    if is_worst_case && matches!(timeline.end.by, By::Paused | By::OtherController) {
        return "worst case".to_owned();
    }
    let length = duration_words(timeline.try_length.seconds);
    match timeline.try_length.source {
        TryLengthSource::Expected => format!("{supposed}; a try takes {length}"),
        TryLengthSource::PodDeadline => {
            format!("{supposed}, as late as the Pod's activeDeadlineSeconds allows")
        }
        TryLengthSource::Unknown => {
            format!("{supposed}; the time that a try takes is not known, and not counted")
        }
    }
}

/// A duration in short: `40 s`, `1 min 10 s`, `2 h 5 min`, `3 days 4 h`. Exact below a day; from a thousand days on, in years.
pub fn duration_words(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    const YEAR: i64 = 365 * DAY;
    if seconds >= 1_000 * DAY {
        return format!("about {} years", grouped((seconds / YEAR).unsigned_abs()));
    }
    let part = |amount: i64, unit: &str| (amount > 0).then(|| format!("{amount} {unit}"));
    let days = seconds / DAY;
    let parts = [
        part(days, if days == 1 { "day" } else { "days" }),
        part(seconds / 3_600 % 24, "h"),
        part(seconds / 60 % 60, "min").filter(|_| days == 0),
        part(seconds % 60, "s").filter(|_| days == 0),
    ];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// A number with its digits in threes from 10,000 on.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn counted(number: u64, word: &str, words: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { word } else { words })
}

fn pods(number: u64) -> String {
    counted(number, "Pod", "Pods")
}

/// Which kind of Job it is, and how many Pods it has, in one sentence without a full stop.
pub fn pattern_words(job: &JobForecast) -> String {
    let kind = match job.pattern {
        Pattern::OneOff => "one-off",
        Pattern::FixedCompletionCount => "fixed completion count",
        Pattern::WorkQueue => "work queue",
        Pattern::Indexed => "Indexed",
        Pattern::Peers => "Indexed, with Pods that talk to each other",
    };
    if job.paused {
        return format!("{kind}; paused by parallelism 0, so it has no Pods");
    }
    let all = &job.pods_in_all;
    let range = match (all.at_least, all.at_most) {
        (Some(least), AtMost::Pods(most)) if least == most => format!("{} in all", grouped(least)),
        (Some(least), AtMost::Pods(most)) => format!("{} to {} in all", grouped(least), grouped(most)),
        (Some(least), AtMost::Unbounded) => format!("{} or more in all, without a limit", grouped(least)),
        (None, AtMost::Pods(most)) => format!("at most {} in all", grouped(most)),
        (None, AtMost::Unbounded) => "any number in all".to_owned(),
        (_, AtMost::Unknown) => "how many in all is up to the controller that managedBy names".to_owned(),
    };
    let suspended = if job.suspended { "; suspended, times are from when it is resumed" } else { "" };
    format!("{kind}; {} at a time, {range}{suspended}", pods(job.pods_at_once))
}

/// Whom an event is about and what they do: `try 3 fails`, `index 4: try 1 fails`, `3 Pods fail` (of their first try, else
/// `3 Pods fail again (try 2)`).
fn who_does(pods: u64, attempt: u64, index: Option<u64>, (does, they_do): (&str, &str)) -> String {
    let attempt = grouped(attempt);
    match (index, pods) {
        (Some(index), _) => format!("index {}: try {attempt} {does}", grouped(index)),
        (None, 1) => format!("try {attempt} {does}"),
        (None, pods) => format!("{} Pods {they_do} (try {attempt})", grouped(pods)),
    }
}

fn later(at: i64, next: i64) -> String {
    match next.saturating_sub(at) {
        0 => "at once".to_owned(),
        wait => format!("{} later", duration_words(wait)),
    }
}

fn exit_words(code: Option<i32>) -> String {
    code.map(|code| format!(" with exit code {code}")).unwrap_or_default()
}

/// What happens, without the time: `try 3 fails with exit code 1; next Pod 40 s later`. A rule that is named is one of the
/// podFailurePolicy.
pub fn event_words(event: &Event) -> String {
    let at = event.at_seconds;
    match &event.kind {
        EventKind::Started { pods: new, index, started } => {
            let are = if *new == 1 { "is" } else { "are" };
            match index {
                Some(index) => format!("index {}: its first Pod is created", grouped(*index)),
                None if new == started => format!("{} {are} created", pods(*new)),
                None => {
                    format!("{} more {} {are} created", grouped(*new), if *new == 1 { "Pod" } else { "Pods" })
                }
            }
        }
        EventKind::Failed {
            pods: failed,
            attempt,
            index,
            cause,
            exit_code,
            rule,
            action,
            next_at_seconds,
            ..
        } => {
            let code = exit_words(*exit_code);
            let verbs = match cause {
                Cause::ExitCode => (format!("fails{code}"), format!("fail{code}")),
                Cause::Disruption => ("is disrupted".to_owned(), "are disrupted".to_owned()),
                Cause::PodDeadline => {
                    let why = "ended by the Pod's activeDeadlineSeconds";
                    (format!("is {why}"), format!("are {why}"))
                }
            };
            let who = who_does(*failed, *attempt, *index, (&verbs.0, &verbs.1));
            let rule = rule.map(|rule| format!(" (rules[{rule}]: {action:?})")).unwrap_or_default();
            let next = next_at_seconds.map(|next| {
                let what = if *failed == 1 { "next Pod" } else { "next Pods" };
                format!("; {what} {}", later(at, next))
            });
            format!("{who}{rule}{}", next.unwrap_or_default())
        }
        EventKind::Restarts { pods, attempt, index, exit_code, next_at_seconds, counts, .. } => {
            let code = exit_words(*exit_code);
            let who = who_does(*pods, *attempt, *index, (&format!("fails{code}"), &format!("fail{code}")));
            let next = next_at_seconds.map(|next| format!("; restarted {}", later(at, next)));
            let counts = if *counts { "" } else { ", which counts towards no limit" };
            format!("{who}{}{counts}", next.unwrap_or_default())
        }
        EventKind::IndexFailed { indexes, index, failed_indexes } => match index {
            Some(index) => format!(
                "index {} has failed for good; {} so far",
                grouped(*index),
                counted(*failed_indexes, "index", "indexes")
            ),
            None => format!(
                "{} have failed for good; {} so far",
                counted(*indexes, "index", "indexes"),
                grouped(*failed_indexes)
            ),
        },
        EventKind::Succeeded { pods, attempt, index, succeeded } => {
            let so_far =
                if succeeded == pods { String::new() } else { format!("; {} so far", grouped(*succeeded)) };
            format!("{}{so_far}", who_does(*pods, *attempt, *index, ("succeeds", "succeed")))
        }
        EventKind::Hangs { pods, attempt, index } => {
            let until = match event.until_seconds {
                Some(until) => format!(" for {}", duration_words(until.saturating_sub(at))),
                None => ", and nothing ends it".to_owned(),
            };
            format!("{}{until}", who_does(*pods, *attempt, *index, ("hangs", "hang")))
        }
        EventKind::Repeated { every_seconds, times, tries, failures, successes, .. } => {
            let every = duration_words(*every_seconds);
            match (tries, times) {
                (Some(tries), Some(_)) => format!(
                    "tries {} to {} go the same way, one every {every}",
                    grouped(tries.from),
                    tries.to.map_or_else(|| "the last".to_owned(), grouped)
                ),
                (Some(tries), None) => {
                    format!("try {} and all after it go the same way, one every {every}", grouped(tries.from))
                }
                (None, Some(times)) => {
                    let sums: Vec<String> = [(*failures, "fail"), (*successes, "succeed")]
                        .into_iter()
                        .filter(|(number, _)| *number > 0)
                        .map(|(number, what)| format!("{} Pods {what}", grouped(number)))
                        .collect();
                    let sums = if sums.is_empty() { String::new() } else { format!(": {}", sums.join(", ")) };
                    format!("the same {} times more, every {every}{sums}", grouped(*times))
                }
                (None, None) => format!("the same again and again, every {every}"),
            }
        }
        EventKind::Omitted { events } => format!("{} are left out", counted(*events, "event", "events")),
    }
}

/// How it ends, in one sentence.
pub fn end_words(timeline: &Timeline) -> String {
    let end = &timeline.end;
    let why = match &end.by {
        By::Completions { succeeded: 0 } => "there is nothing to do".to_owned(),
        By::Completions { succeeded } => format!("{} succeeded", pods(*succeeded)),
        By::SuccessPolicy { rule } => format!("successPolicy.rules[{rule}] is met"),
        By::BackoffLimit { limit, failures } => {
            format!("{} failed, and backoffLimit is {}", pods(*failures), grouped(*limit))
        }
        By::Restarts { limit, restarts } => {
            format!("{}, and backoffLimit is {}", counted(*restarts, "restart", "restarts"), grouped(*limit))
        }
        By::Deadline { seconds } => format!("activeDeadlineSeconds is {}", grouped(seconds.unsigned_abs())),
        By::PodFailurePolicy { rule } => format!("podFailurePolicy.rules[{rule}] fails the Job"),
        By::MaxFailedIndexes { limit, failed } => {
            format!(
                "{} failed, and maxFailedIndexes is {}",
                counted(*failed, "index", "indexes"),
                grouped(*limit)
            )
        }
        By::FailedIndexes { failed } => {
            format!("every index has ended, and {} failed", grouped(*failed))
        }
        By::Hang => "It never ends: nothing limits how long a try takes".to_owned(),
        By::Uncounted => "It never ends: these failures count towards no limit".to_owned(),
        By::Paused => "It never ends: parallelism is 0, and there is no activeDeadlineSeconds".to_owned(),
        By::OtherController => "What becomes of it is up to the controller that managedBy names".to_owned(),
        By::TooLong => "How it ends is not worked out: its tries take turns in too many ways".to_owned(),
    };
    let (Some(at), Some(condition), Some(reason)) = (end.at_seconds, end.condition, end.reason) else {
        return why;
    };
    let condition = match condition {
        Condition::Complete => "Complete",
        Condition::Failed => "Failed",
    };
    let after = match (timeline.try_length.source, &end.by) {
        (_, By::Deadline { .. }) => format!("after {}", duration_words(at)),
        (TryLengthSource::Unknown, _) if at == 0 => "once its tries have ended".to_owned(),
        (TryLengthSource::Unknown, _) => format!("after {} and the time its tries take", duration_words(at)),
        _ => format!("after {}", duration_words(at)),
    };
    format!("{condition} ({reason:?}) {after}: {why}")
}

/// What ends a Job whatever its tries do, in one sentence; in the worst case, this goes with the end.
pub fn bound_words(bound: &Bound) -> String {
    let latest = bound.latest_seconds.map(duration_words);
    if bound.is_certain() {
        return match latest {
            Some(latest) => format!("Ends within {latest} for certain, whatever its tries do"),
            None => "Ends for certain, whatever its tries do".to_owned(),
        };
    }
    if let ([Open::Unscheduled], Some(latest)) = (bound.open.as_slice(), &latest) {
        return format!("Ends within {latest} for certain, but for the time that its Pods wait for a node");
    }
    let why: Vec<String> = bound
        .open
        .iter()
        .map(|open| match open {
            Open::TryLength => "no activeDeadlineSeconds limits its tries".to_owned(),
            Open::Unscheduled => "Pods may wait for a node for ever".to_owned(),
            Open::Ignored { rule } => {
                format!("podFailurePolicy.rules[{rule}] ignores any number of failures")
            }
            Open::OwnRestarts { container } => {
                format!("container {} is restarted by its own restartPolicy", quote(container))
            }
            Open::Paused => "parallelism is 0".to_owned(),
            Open::OtherController => "another controller runs it".to_owned(),
        })
        .collect();
    format!("Nothing ends it for certain: {}", why.join("; "))
}

/// What is left to look at, and when that is removed, one sentence each. A CronJob removes its Jobs by its history limits.
pub fn after_words(timeline: &Timeline, of_cron_job: bool) -> Vec<String> {
    let (Some(left), Some(at)) = (timeline.left, timeline.end.at_seconds) else { return Vec::new() };
    let mut out = Vec::new();
    let kept: Vec<String> = [(left.failed_pods, "failed"), (left.succeeded_pods, "succeeded")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} that {what}", pods(number)))
        .collect();
    if !kept.is_empty() {
        out.push(format!("Kept, with logs: {}", kept.join(", ")));
    }
    if left.deleted_pods > 0 {
        let logs = if left.deleted_pods == 1 { "its log with it" } else { "their logs with them" };
        out.push(format!("Deleted, and {logs}: {}", pods(left.deleted_pods)));
    }
    let finished = timeline.end.finished_by_seconds.unwrap_or(at);
    if finished > at {
        let grace = duration_words(finished.saturating_sub(at));
        out.push(format!("The condition is set once the deleted Pods have ended, up to {grace} later"));
    }
    out.push(match timeline.removed_at_seconds {
        Some(removed) => {
            let after = match removed.saturating_sub(finished) {
                0 => "at once".to_owned(),
                ttl => format!("{} after its end", duration_words(ttl)),
            };
            format!("The Job is removed with its Pods {after} (ttlSecondsAfterFinished)")
        }
        None if of_cron_job => "The Job stays until the CronJob's history limits remove it".to_owned(),
        None => "The Job stays until somebody deletes it (no ttlSecondsAfterFinished)".to_owned(),
    });
    out
}

/// A supposition in words: `every try hangs`, `try 2 of index 4 ends with exit code 1`.
pub fn what_if_words(what_if: &WhatIf) -> String {
    let which = match (what_if.attempt, what_if.index) {
        (None, None) => "every try".to_owned(),
        (Some(attempt), None) => format!("try {}", grouped(attempt)),
        (None, Some(index)) => format!("every try of index {}", grouped(index)),
        (Some(attempt), Some(index)) => format!("try {} of index {}", grouped(attempt), grouped(index)),
    };
    let container = what_if.container.as_ref().map(|name| format!(" of container {}", quote(name)));
    let what = match what_if.happening {
        Happening::Exit { code } => format!("fails with exit code {code}"),
        Happening::Disruption => "is disrupted".to_owned(),
        Happening::Hang => "hangs".to_owned(),
        Happening::Success => "succeeds".to_owned(),
    };
    format!("{which}{} {what}", container.unwrap_or_default())
}

/// What is wrong with a supposition, and what is accepted.
pub fn what_if_fault(fault: &WhatIfFault) -> String {
    const HAPPENINGS: &str = "exit=CODE, disruption, hang or success";
    match fault {
        WhatIfFault::NothingHappens => format!("say what happens: {HAPPENINGS}"),
        WhatIfFault::TwoHappenings => {
            format!("says twice what happens; give one of {HAPPENINGS}, and a --what-if for each")
        }
        WhatIfFault::Unknown(part) => format!(
            "{} is not understood; accepted are {HAPPENINGS}, narrowed by container=NAME, try=N and index=N",
            quote(part)
        ),
        WhatIfFault::ExitCode(value) if value == "0" => "exit code 0 is a success: say success".to_owned(),
        WhatIfFault::ExitCode(value) => {
            format!("{} is not an exit code; give a number such as exit=137", quote(value))
        }
        WhatIfFault::Try(value) => format!("{} is not a try; they are counted from try=1", quote(value)),
        WhatIfFault::Index(value) => {
            format!("{} is not an index; they are counted from index=0", quote(value))
        }
        WhatIfFault::Narrowing(name) => format!("give {name} once, with a value"),
        WhatIfFault::DisruptionOfContainer => {
            "a disruption ends the whole Pod: leave out container".to_owned()
        }
        WhatIfFault::TooMany => {
            format!("more than {} suppositions", crate::forecast::job::MOST_WHAT_IFS)
        }
        WhatIfFault::NoSuchContainer(name, names) => {
            let names: Vec<String> = names.iter().take(10).map(|name| quote(name)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("the Job has no container {}; use {}", quote(name), one_of(&names))
        }
        WhatIfFault::RestartsItself(name) => format!(
            "container {} is restarted by rules of its own, so its failures do not end a try",
            quote(name)
        ),
        WhatIfFault::NotIndexed => "the Job is not Indexed: leave out index".to_owned(),
        WhatIfFault::NoSuchIndex(index, Some(last)) => {
            format!("the Job has no index {index}; its indexes are 0 to {last}")
        }
        WhatIfFault::NoSuchIndex(index, None) => format!("the Job has no index {index}, nor any other"),
    }
}

#[cfg(test)]
mod tests;
