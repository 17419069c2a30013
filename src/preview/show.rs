//! What the formats for people have in common: moments, amounts and names as they show them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::model::{
    BarKind, ClockChangeView, CronJobView, Identity, JobPlan, Preview, Requests, TimelineView, WindowView,
};
use crate::forecast::Concurrency;
use crate::page::{HeatMap, Kind, Picture, Span, Tick, Timeline, Unit, Week, foreign};
use jobguard_text::duration::{short, words};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How many characters of a name are shown: as many as Kubernetes allows.
pub(super) const NAME: usize = 253;

/// The reader's zone.
pub(super) fn zone(window: &WindowView) -> TimeZone {
    jobguard_cron::known_zone(&window.zone).unwrap_or(TimeZone::UTC)
}

/// The minutes that the clock of a zone is ahead of UTC.
pub(super) fn offset(time: Timestamp, zone: &TimeZone) -> i32 {
    zone.to_offset(time).seconds() / 60
}

/// A time since the start of a Job: `+1m10s`.
pub(super) fn after(seconds: i64) -> String {
    format!("+{}", short(seconds))
}

/// A text with its first letter as a sentence has it.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `NAMESPACE/NAME`, or the name alone.
pub(super) fn full_name(identity: &Identity) -> String {
    match &identity.namespace {
        Some(namespace) => format!("{namespace}/{}", identity.name),
        None => identity.name.clone(),
    }
}

/// `1 run`, `7,186 runs`.
pub(super) fn runs(count: u64) -> String {
    let number = Unit::Count.words(i64::try_from(count).unwrap_or(i64::MAX));
    if count == 1 { format!("{number} run") } else { format!("{number} runs") }
}

/// The hours of the whole fleet.
pub(super) fn week(preview: &Preview) -> Week {
    let mut week = [[0; 24]; 7];
    for (day, counts) in week.iter_mut().zip(&preview.fleet.heat_map) {
        *day = *counts;
    }
    week
}

/// The hours of one CronJob.
pub(super) fn week_of(view: &CronJobView) -> Week {
    let mut week = [[0; 24]; 7];
    for (hour, count) in view.week.iter().enumerate() {
        week[hour / 24][hour % 24] = u64::from(*count);
    }
    week
}

/// The heat map of some hours.
pub(super) fn heat_map(week: &Week, window: &WindowView) -> Picture {
    let busiest = week.iter().enumerate().flat_map(|(day, hours)| {
        hours.iter().enumerate().map(move |(hour, count)| (*count, std::cmp::Reverse((day, hour))))
    });
    let description = match busiest.max() {
        Some((count @ 1.., std::cmp::Reverse((day, hour)))) => {
            let day = crate::page::DAYS[day];
            format!(
                "Seven rows of days, 24 columns of hours. The busiest hour begins {day} {hour:02}:00: {count} runs."
            )
        }
        _ => "No runs.".to_owned(),
    };
    let title = format!("Runs by hour of the week, by the clock of {}", window.zone);
    HeatMap { week, title: &title, description: &description, what: "runs" }.draw()
}

/// What a change of the clock does to the runs, in one sentence.
pub(super) fn clock_change(change: &ClockChangeView) -> String {
    const NAMED: usize = 6;
    let times = |times: &[String]| {
        let named: Vec<_> = times.iter().take(NAMED).map(String::as_str).collect();
        match times.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    };
    let mut parts = Vec::new();
    if !change.skipped.is_empty() {
        parts.push(format!("no run at {}", times(&change.skipped)));
    }
    if !change.repeated.is_empty() {
        parts.push(format!("two runs at {}", times(&change.repeated)));
    }
    if !change.stray.is_empty() {
        parts.push(format!("a run at {}, which the schedule does not name", times(&change.stray)));
    }
    format!("The clock goes from {} to {}: {}", change.from, change.to, parts.join("; "))
}

/// What a Pod requests, or nothing.
pub(super) fn requests(requests: Requests) -> Option<String> {
    let cpu = (requests.cpu_milli > 0).then(|| Unit::Cpu.words(requests.cpu_milli));
    let memory = (requests.memory_bytes > 0).then(|| Unit::Bytes.words(requests.memory_bytes));
    let parts: Vec<String> = cpu.into_iter().chain(memory).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// What a CronJob says about its runs, by the name of the field or the matter.
pub(super) fn facts(view: &CronJobView) -> Vec<(&'static str, String)> {
    let policy = match view.concurrency_policy {
        Concurrency::Allow => "Allow",
        Concurrency::Forbid => "Forbid",
        Concurrency::Replace => "Replace",
    };
    let mut facts = Vec::new();
    if let (Some(shortest), Some(longest)) = (view.shortest_interval, view.longest_interval) {
        let between = if shortest == longest {
            words(shortest)
        } else {
            format!("{} to {}", words(shortest), words(longest))
        };
        facts.push(("Between runs", between));
    }
    facts.push(("concurrencyPolicy", policy.to_owned()));
    let deadline = view.starting_deadline_seconds;
    facts.push((
        "startingDeadlineSeconds",
        deadline.map_or("not set".to_owned(), |seconds| seconds.to_string()),
    ));
    let (successful, failed) = (view.successful_jobs_history_limit, view.failed_jobs_history_limit);
    facts.push(("Jobs kept", format!("{successful} successful, {failed} failed")));
    facts
}

/// What a Job is, by the name of the matter.
pub(super) fn job_facts(plan: &JobPlan) -> Vec<(&'static str, String)> {
    use crate::forecast::RunTimeSource;
    let mut facts = Vec::new();
    if !plan.pattern_words.is_empty() {
        facts.push(("Job", plan.pattern_words.clone()));
    }
    facts.push(("Pods at once", plan.forecast.pods_at_once.to_string()));
    if let Some(each) = requests(plan.requests) {
        facts.push(("A Pod requests", each));
    }
    if let Some(run_time) = plan.expected_run_time {
        let seconds = words(run_time.seconds);
        let text = match run_time.source {
            RunTimeSource::Annotation => format!("{seconds} (annotation)"),
            RunTimeSource::Measured => format!("{seconds} ({})", super::notes::measured(run_time)),
            RunTimeSource::Option => format!("{seconds} (assumed)"),
            RunTimeSource::Deadline => format!("at most {seconds} (activeDeadlineSeconds)"),
        };
        facts.push(("A run takes", text));
    }
    facts
}

/// What a resource is counted in, as quotas name it.
pub(super) fn resource_unit(resource: &str) -> Unit {
    if resource.ends_with("cpu") {
        Unit::Cpu
    } else if resource.ends_with("memory") {
        Unit::Bytes
    } else {
        Unit::Count
    }
}

/// The picture of a timeline; none where nothing is drawn on it.
pub(super) fn timeline(view: &TimelineView, of: &str, width: f64) -> Option<Picture> {
    if view.bars.is_empty() {
        return None;
    }
    let kind = |kind| match kind {
        BarKind::Success => Kind::Success,
        BarKind::Failure => Kind::Failure,
        BarKind::Backoff => Kind::Wait,
        BarKind::Hang => Kind::Hang,
        BarKind::Folded => Kind::Folded,
    };
    let spans: Vec<Span> = view
        .bars
        .iter()
        .map(|bar| Span {
            lane: foreign(&bar.lane),
            from: bar.from,
            until: bar.until,
            kind: kind(bar.kind),
            label: foreign(&bar.label),
        })
        .collect();
    let title = if of.is_empty() { capital(&view.title) } else { format!("{of}: {}", view.title) };
    let end = view.end.map(|end| (end, view.succeeds));
    Some(Timeline { title: &title, description: &view.end_words, spans: &spans, end, width }.draw())
}

/// Which part of the window has gone by at a time.
#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
pub(super) fn share(time: Timestamp, window: &WindowView) -> f64 {
    let length = (window.until.as_second() - window.from.as_second()).max(1);
    (time.as_second() - window.from.as_second()) as f64 / length as f64
}

/// The marks of the window by the reader's clock: hours, days, weeks or months, as long as it is.
pub(super) fn ticks(window: &WindowView, zone: &TimeZone) -> Vec<Tick> {
    let length = window.until.as_second() - window.from.as_second();
    let mut ticks = Vec::new();
    if length <= 2 * DAY {
        let step = match length {
            ..=7_200 => 900,
            7_201..=21_600 => 3_600,
            21_601..=DAY => 10_800,
            _ => 21_600,
        };
        // By the clock on the wall: a zone may be half an hour off.
        let offset = i64::from(zone.to_offset(window.from).seconds());
        let mut second = (window.from.as_second() + offset).div_euclid(step) * step - offset;
        while second <= window.until.as_second() {
            if let Ok(time) = Timestamp::from_second(second)
                && time >= window.from
            {
                let label = zone.to_datetime(time).strftime("%H:%M").to_string();
                ticks.push(Tick { at: share(time, window), label });
            }
            second += step;
        }
        return ticks;
    }
    let days = length / DAY;
    let mut date = zone.to_datetime(window.from).date();
    while let Ok(next) = date.tomorrow() {
        date = next;
        let Ok(midnight) = date.to_zoned(zone.clone()) else { break };
        let time = midnight.timestamp();
        if time > window.until {
            break;
        }
        let (is_wanted, format) = match days {
            ..=15 => (true, "%a %d"),
            16..=120 => (date.weekday() == jiff::civil::Weekday::Monday, "%d %b"),
            _ => (date.day() == 1, "%b"),
        };
        if is_wanted {
            ticks.push(Tick { at: share(time, window), label: date.strftime(format).to_string() });
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, until: &str, zone: &str) -> WindowView {
        WindowView { from: from.parse().unwrap(), until: until.parse().unwrap(), zone: zone.to_owned() }
    }

    #[test]
    fn marks_of_days_and_hours() {
        let labels = |from, until, name| {
            let window = window(from, until, name);
            ticks(&window, &zone(&window)).into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            labels("2026-11-30T11:00:00Z", "2026-12-03T11:00:00Z", "Europe/Berlin"),
            "Tue 01 Wed 02 Thu 03"
        );
        assert_eq!(
            labels("2026-11-30T11:20:00Z", "2026-12-01T11:20:00Z", "Asia/Kolkata"),
            "18:00 21:00 00:00 03:00 06:00 09:00 12:00 15:00"
        );
        assert_eq!(
            labels("2026-11-30T00:00:00Z", "2026-12-30T00:00:00Z", "UTC"),
            "07 Dec 14 Dec 21 Dec 28 Dec"
        );
    }
}
