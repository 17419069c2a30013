//! Previews for tests: a small one with names that try to be something else, and fleets as large as wanted.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::JobSpec;

use super::model::*;
use crate::forecast::*;
use jobguard_cron::{Schedule, known_zone, zone_words};

/// Names that are markup, code or commands to somebody.
pub(super) const HOSTILE: [&str; 6] = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>\"&'",
    "a\u{202e}b\u{200b}c\u{7}\u{1b}[2Jd",
    "`|`code`|@everyone #1 https://evil.example [x](javascript:alert(1))",
    "$(alert) ${alert(1)} {{alert}} ]]> &lt;",
    "--- ::error::x ##[error]y",
];

struct Spec {
    namespace: Option<String>,
    name: String,
    schedule: String,
    zone: Option<&'static str>,
    policy: Concurrency,
    run_time: Option<u64>,
    labels: Vec<(String, String)>,
    pods: i64,
    job: JobPlan,
}

fn build(specs: Vec<Spec>, reader_name: &str, quotas: impl Fn(&str, &Peak) -> Vec<QuotaView>) -> Preview {
    let from: Timestamp = "2027-03-24T11:00:00Z".parse().unwrap();
    let window = Window::new(from, SignedDuration::from_hours(7 * 24)).unwrap();
    let reader = known_zone(reader_name).unwrap();
    let schedules: Vec<Schedule> =
        specs.iter().map(|spec| Schedule::parse(&spec.schedule).unwrap()).collect();
    let zones: Vec<TimeZone> =
        specs.iter().map(|spec| known_zone(spec.zone.unwrap_or("UTC")).unwrap()).collect();
    let mut groups: Vec<Option<String>> = specs.iter().map(|spec| spec.namespace.clone()).collect();
    groups.sort();
    groups.dedup();
    let members: Vec<Member<'_>> = specs
        .iter()
        .enumerate()
        .map(|(number, spec)| Member {
            schedule: &schedules[number],
            zone: &zones[number],
            concurrency: spec.policy,
            starting_deadline: None,
            run_time: spec.run_time,
            load: Load { runs: 1, pods: spec.pods, cpu: 250 * spec.pods, memory: spec.pods * (384 << 20) },
            group: groups.iter().position(|group| *group == spec.namespace).unwrap(),
        })
        .collect();
    let question =
        Question { window, zone: &reader, groups: groups.len(), first: 12, busiest: 5, stretches: 336 };
    let forecast = forecast(&members, question);
    let with_offset = |time: Timestamp, zone: &TimeZone| {
        let seconds = zone.to_offset(time).seconds();
        let local = zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S");
        format!(
            "{local}{}{:02}:{:02}",
            if seconds < 0 { '-' } else { '+' },
            seconds.abs() / 3_600,
            seconds.abs() / 60 % 60
        )
    };
    let series = |series: &Series| {
        let high =
            |(value, minute): (i64, usize)| High { value, utc: (value > 0).then(|| window.minute(minute)) };
        SeriesView {
            runs: series.levels.iter().map(|level| level.runs).collect(),
            pods: series.levels.iter().map(|level| level.pods).collect(),
            cpu_milli: series.levels.iter().map(|level| level.cpu).collect(),
            memory_bytes: series.levels.iter().map(|level| level.memory).collect(),
            peak: PeakView {
                runs: high(series.peak.runs),
                pods: high(series.peak.pods),
                cpu_milli: high(series.peak.cpu),
                memory_bytes: high(series.peak.memory),
            },
        }
    };
    let full = |spec: &Spec| match &spec.namespace {
        Some(namespace) => format!("{namespace}/{}", spec.name),
        None => spec.name.clone(),
    };
    let fleet = FleetView {
        cron_jobs: specs.len(),
        without_run_time: specs.iter().filter(|spec| spec.run_time.is_none()).count(),
        runs: forecast.members.iter().map(|member| member.count).sum(),
        heat_map: forecast.week.chunks(24).map(|day| day.try_into().unwrap()).collect(),
        busiest: forecast
            .busiest
            .iter()
            .map(|busy| BusyView {
                utc: window.minute(busy.minute),
                reader: with_offset(window.minute(busy.minute), &reader),
                starts: busy.starts,
                names: busy.members.iter().take(10).map(|number| full(&specs[*number])).collect(),
            })
            .collect(),
        step_seconds: forecast.stretch as u64 * 60,
        total: series(&forecast.total),
        namespaces: groups
            .iter()
            .enumerate()
            .map(|(number, group)| NamespaceView {
                namespace: group.clone(),
                cron_jobs: members.iter().filter(|member| member.group == number).count(),
                series: series(&forecast.groups[number]),
                quotas: group
                    .as_deref()
                    .map_or_else(Vec::new, |group| quotas(group, &forecast.groups[number].peak)),
            })
            .collect(),
        spread: None,
    };
    let runs: Vec<MemberRuns> = forecast.members;
    let cron_jobs = specs
        .iter()
        .zip(&schedules)
        .zip(runs)
        .enumerate()
        .map(|(number, ((spec, schedule), runs))| {
            let zone = &zones[number];
            CronJobView {
                identity: identity(spec.namespace.as_deref(), &spec.name, "CronJob", number, &spec.labels),
                schedule: spec.schedule.clone(),
                time_zone: spec.zone.map(str::to_owned),
                words: Some(schedule.words()),
                zone_words: zone_words(spec.zone),
                suspended: false,
                problem: None,
                runs: runs
                    .first
                    .iter()
                    .map(|time| RunView { utc: *time, local: with_offset(*time, zone), reader: with_offset(*time, &reader) })
                    .collect::<Vec<_>>()
                    .into(),
                run_count: runs.count,
                runs_per_week: runs.count,
                shortest_interval: runs.shortest,
                longest_interval: runs.longest,
                phase_is_unknown: false,
                clock_changes: Vec::new(),
                concurrency_policy: spec.policy,
                starting_deadline_seconds: (number % 3 == 0).then_some(300),
                meeting: spec.run_time.map(|_| runs.meeting),
                expected_run_time: spec.run_time.map(|seconds| RunTime::stated(seconds, RunTimeSource::Annotation)),
                successful_jobs_history_limit: 3,
                failed_jobs_history_limit: 1,
                week: runs.week,
                notes: vec![
                    "A run that is missed starts as soon as it can, however late: the latest one, if several are missed (no \
                     startingDeadlineSeconds)"
                        .to_owned(),
                    "It keeps the last 3 successful Jobs and the last failed Job".to_owned(),
                ],
                job: Some(spec.job.clone()),
            }
        })
        .collect();
    let window = WindowView { from, until: window.until(), zone: reader_name.to_owned() };
    Preview { schema_version: SCHEMA_VERSION, window, cron_jobs, jobs: Vec::new(), fleet }
}

fn identity(
    namespace: Option<&str>,
    name: &str,
    kind: &str,
    number: usize,
    labels: &[(String, String)],
) -> Identity {
    Identity {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        kind: kind.to_owned(),
        place: Place { file: format!("deploy/{kind}s.yaml"), line: 1 + 40 * number },
        labels: labels.iter().cloned().collect::<BTreeMap<_, _>>(),
    }
}

/// A Job that is tried so often, each time for so many seconds.
pub(super) fn plan(tries: i64, seconds: i64, deadline: Option<i64>) -> JobPlan {
    let mut bars = Vec::new();
    let mut lines = Vec::new();
    let (mut at, mut wait) = (0, 10);
    let until_end = |time: i64| deadline.map_or(time, |deadline| time.min(deadline));
    for number in 1..=tries {
        if deadline.is_some_and(|deadline| at >= deadline) {
            break;
        }
        let bar =
            |from, until, kind, label: String| Bar { lane: "Pods".to_owned(), from, until, kind, label };
        bars.push(bar(at, Some(until_end(at + seconds)), BarKind::Failure, format!("try {number}")));
        lines.push((Some(at), format!("Try {number} of {tries} starts and fails after {seconds} s")));
        at = until_end(at + seconds);
        if number < tries {
            bars.push(bar(at, Some(until_end(at + wait)), BarKind::Backoff, format!("waits {wait} s")));
            at = until_end(at + wait);
            wait = (wait * 2).min(360);
        }
    }
    lines.push((Some(at), "The Job has failed".to_owned()));
    let worst_case = TimelineView {
        title: "worst case".to_owned(),
        bars,
        lines,
        end: Some(at),
        succeeds: false,
        end_words: format!("The Job fails after {} at the latest", jobguard_text::duration::short(at)),
        after_words: vec!["The Job and the last failed Pod stay until somebody deletes them".to_owned()],
    };
    JobPlan {
        pattern_words: "one Pod, tried again when it fails".to_owned(),
        pods_of_all_at_once: 1,
        requests: Requests { cpu_milli: 250, memory_bytes: 384 << 20 },
        run_time_problem: None,
        expected_run_time: Some(RunTime::stated(seconds.unsigned_abs(), RunTimeSource::Annotation)),
        worst_case,
        what_if: None,
        forecast: job::forecast(&JobSpec::default(), Some(seconds), &[]),
    }
}

/// Pods that hang, of which some succeed in the end.
fn what_if() -> TimelineView {
    let bar = |lane: &str, from, until, kind, label: &str| Bar {
        lane: lane.to_owned(),
        from,
        until,
        kind,
        label: label.to_owned(),
    };
    TimelineView {
        title: "if index 1 hangs, and index 2 fails twice".to_owned(),
        bars: vec![
            bar("index 0", 0, Some(5_400), BarKind::Success, "try 1"),
            bar("index 1", 0, None, BarKind::Hang, "hangs"),
            bar("index 2", 0, Some(40), BarKind::Failure, "try 1"),
            bar("index 2", 40, Some(50), BarKind::Backoff, "waits 10 s"),
            bar("index 2", 50, Some(90), BarKind::Failure, "try 2"),
            bar("index 2", 90, Some(110), BarKind::Backoff, "waits 20 s"),
            bar("index 2", 110, Some(5_510), BarKind::Success, "try 3"),
            bar("index 3 to 9", 5_400, Some(12_000), BarKind::Folded, "7 more"),
        ],
        lines: vec![
            (Some(0), "Index 0 to 2 start".to_owned()),
            (Some(40), "Index 2 fails for the first time".to_owned()),
            (None, "Index 1 hangs: nothing ends it".to_owned()),
        ],
        end: None,
        succeeds: false,
        end_words: "The Job never ends: index 1 hangs, and there is no activeDeadlineSeconds".to_owned(),
        after_words: Vec::new(),
    }
}

/// As many CronJobs as wanted, as teams have them: most at midnight and full hours, some often, some at odd times.
pub(super) fn fleet(count: usize) -> Preview {
    const SCHEDULES: [&str; 12] = [
        "0 0 * * *",
        "*/15 * * * *",
        "0 2 * * *",
        "30 4 * * 1-5",
        "0 * * * *",
        "5 1 * * 0",
        "0 6-20/2 * * 1-5",
        "17 3 * * *",
        "0 0 1 * *",
        "*/5 8-18 * * 1-5",
        "45 23 * * 6",
        "0 12 * * *",
    ];
    const WORDS: [&str; 10] = [
        "backup",
        "report",
        "cleanup",
        "sync",
        "reindex",
        "billing",
        "export",
        "rotate-keys",
        "mail",
        "import",
    ];
    const TEAMS: [&str; 8] =
        ["payments", "search", "web", "data-platform", "identity", "logistics", "ml", "ops"];
    let specs = (0..count)
        .map(|number| {
            // A walk that visits everything in no plain order.
            let mixed = number * 7_919 + number / 7;
            let team = TEAMS[mixed % TEAMS.len()];
            let word = WORDS[mixed / 8 % WORDS.len()];
            let run_time = [120, 300, 900, 2_700, 5_400][mixed % 5];
            Spec {
                namespace: Some(team.to_owned()),
                name: format!(
                    "{word}-{}",
                    ["orders", "users", "events", "invoices", "sessions"][mixed / 3 % 5].to_owned()
                        + &format!("-{number}")
                ),
                schedule: SCHEDULES[mixed % SCHEDULES.len()].to_owned(),
                zone: [None, Some("Europe/Berlin"), Some("America/New_York"), Some("UTC")][mixed / 5 % 4],
                policy: [Concurrency::Forbid, Concurrency::Allow, Concurrency::Replace][mixed % 3],
                run_time: (mixed % 11 != 0).then_some(run_time),
                labels: vec![
                    ("app.kubernetes.io/name".to_owned(), word.to_owned()),
                    ("team".to_owned(), team.to_owned()),
                    ("tier".to_owned(), ["gold", "silver"][mixed % 2].to_owned()),
                ],
                pods: 1 + i64::try_from(mixed % 3).unwrap(),
                job: plan(
                    1 + i64::try_from(mixed % 7).unwrap(),
                    [120, 300, 900, 2_700, 5_400][mixed % 5],
                    (mixed % 4 == 0).then_some(7_200),
                ),
            }
        })
        .collect();
    let mut preview = build(specs, "Europe/Berlin", |group, peak| match group {
        "payments" => vec![
            quota("requests.cpu", "2500m", 2_500, peak.cpu.0),
            quota("requests.memory", "64Gi", 64 << 30, peak.memory.0),
        ],
        "search" => vec![quota("pods", "8", 8, peak.pods.0)],
        _ => Vec::new(),
    });
    let pods = &preview.fleet.total.pods;
    let half: Vec<i64> =
        pods.iter().enumerate().map(|(at, _)| (pods[at] + pods[(at + 5) % pods.len()]) / 2).collect();
    preview.fleet.spread = Some(SpreadView {
        moved: count / 3,
        starts_before: preview.fleet.busiest.first().map_or(0, |busy| busy.starts),
        starts_after: 4,
        pods_before: preview.fleet.total.peak.pods.value,
        pods_after: half.iter().max().copied().unwrap_or(0),
        pods: half,
    });
    if let [first, second, third, fourth, ..] = preview.cron_jobs.as_mut_slice() {
        first.clock_changes = vec![clock_change()];
        second.suspended = true;
        second.runs = Vec::new().into();
        *second.week = [0; WEEK_HOURS];
        third.problem = Some("the schedule's date never comes".to_owned());
        third.runs = Vec::new().into();
        third.words = None;
        *third.week = [0; WEEK_HOURS];
        if let Some(job) = &mut fourth.job {
            job.what_if = Some(what_if());
        }
    }
    preview.jobs = vec![
        JobView {
            identity: identity(Some("data-platform"), "migrate-2027-03", "Job", 0, &[]),
            problem: None,
            plan: plan(7, 90, None),
        },
        JobView {
            identity: identity(Some("ml"), "train-embeddings", "Job", 1, &[]),
            problem: None,
            plan: JobPlan {
                what_if: Some(what_if()),
                pattern_words: "indexed, 10 Pods, 3 at once".to_owned(),
                ..plan(3, 86_400, None)
            },
        },
    ];
    preview
}

fn quota(resource: &str, hard: &str, limit: i64, peak: i64) -> QuotaView {
    QuotaView {
        name: "team-quota".to_owned(),
        resource: resource.to_owned(),
        hard: hard.to_owned(),
        limit,
        peak,
        exceeded: peak > limit,
    }
}

fn clock_change() -> ClockChangeView {
    ClockChangeView {
        from: "2027-03-28 02:00".to_owned(),
        to: "2027-03-28 03:00".to_owned(),
        skipped: vec!["2027-03-28 02:30".to_owned()],
        repeated: Vec::new(),
        stray: Vec::new(),
    }
}

/// A few objects whose every text tries to be something else.
pub(super) fn hostile() -> Preview {
    let long = "long-".repeat(50);
    let names = HOSTILE.iter().copied().chain([long.as_str()]);
    let specs = names
        .enumerate()
        .map(|(number, name)| {
            let mut job = plan(2, 60, None);
            job.pattern_words = name.to_owned();
            job.worst_case.title = name.to_owned();
            job.worst_case.end_words = name.to_owned();
            job.worst_case.after_words = vec![name.to_owned()];
            job.worst_case.lines.push((None, name.to_owned()));
            for bar in &mut job.worst_case.bars {
                bar.lane = name.to_owned();
                bar.label = name.to_owned();
            }
            Spec {
                namespace: (number != 3).then(|| name.to_owned()),
                name: name.to_owned(),
                schedule: ["0 2 * * *", "*/20 * * * *"][number % 2].to_owned(),
                zone: (number % 2 == 0).then_some("Asia/Kathmandu"),
                policy: Concurrency::Allow,
                run_time: Some(1_500),
                labels: vec![(name.to_owned(), name.to_owned()), ("team".to_owned(), "x".to_owned())],
                pods: 1,
                job,
            }
        })
        .collect();
    let mut preview = build(specs, "America/New_York", |group, peak| {
        vec![QuotaView {
            name: group.to_owned(),
            hard: group.to_owned(),
            ..quota("pods", "", 0, peak.pods.0)
        }]
    });
    for (view, name) in preview.cron_jobs.iter_mut().zip(HOSTILE) {
        view.notes.push(name.to_owned());
        view.clock_changes = vec![ClockChangeView { skipped: vec![name.to_owned()], ..clock_change() }];
        view.identity.place.file = name.to_owned();
    }
    preview.cron_jobs[4].problem = Some(HOSTILE[0].to_owned());
    let mut job = plan(2, 60, None);
    job.what_if = Some(TimelineView { title: HOSTILE[3].to_owned(), ..what_if() });
    preview.jobs = vec![JobView {
        identity: identity(Some(HOSTILE[1]), HOSTILE[0], HOSTILE[2], 0, &[]),
        problem: None,
        plan: job,
    }];
    preview
}

/// The preview of the first CronJob alone.
pub(super) fn single() -> Preview {
    let mut preview = fleet(1);
    preview.jobs.clear();
    preview.fleet.spread = None;
    preview
}
