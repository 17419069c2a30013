use jiff::SignedDuration;

use super::fleet::{Forecast, Load, Member, Question, forecast};
use super::meeting::Concurrency;
use super::window::Window;
use jiff::tz::TimeZone;
use jobguard_cron::Schedule;

/// A week from a Monday on.
fn week() -> Window {
    Window::new("2026-11-30T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(7 * 24)).unwrap()
}

fn ask(members: &[(Schedule, Option<u64>, usize)], window: Window) -> Forecast {
    let zone = TimeZone::UTC;
    let members: Vec<Member<'_>> = members
        .iter()
        .map(|(schedule, run_time, group)| Member {
            schedule,
            zone: &zone,
            concurrency: Concurrency::Allow,
            starting_deadline: None,
            run_time: *run_time,
            load: Load { runs: 1, pods: 2, cpu: 500, memory: 1 << 30 },
            group: *group,
        })
        .collect();
    forecast(&members, Question { window, zone: &zone, groups: 2, first: 3, busiest: 2, stretches: 168 })
}

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap()
}

#[test]
fn a_week_of_three() {
    let all = [
        (schedule("0 2 * * *"), Some(3_600), 0),
        (schedule("30 2 * * 1"), Some(600), 1),
        (schedule("*/30 * * * *"), None, 1),
    ];
    let forecast = ask(&all, week());
    let [daily, weekly, often] = forecast.members.as_slice() else { panic!() };
    assert_eq!((daily.count, daily.shortest, daily.longest), (7, Some(86_400), Some(86_400)));
    assert_eq!(daily.first[0], "2026-11-30T02:00:00Z".parse().unwrap());
    assert_eq!(weekly.count, 1);
    assert_eq!((often.count, often.first.len()), (7 * 48, 3));
    // Monday from 2 to 3: the daily one, the weekly one, and two of the often one.
    assert_eq!(forecast.week[2], 4);
    assert_eq!(forecast.week.iter().sum::<u64>(), 7 + 1 + 7 * 48);
    // Of equally busy minutes the first ones.
    let busiest: Vec<_> =
        forecast.busiest.iter().map(|busy| (busy.minute, busy.starts, busy.members.as_slice())).collect();
    assert_eq!(busiest, [(120, 2, &[0, 2][..]), (150, 2, &[1, 2])]);
    // At 02:30 on Monday all three are up.
    assert_eq!(forecast.total.peak.pods, (6, 150));
    assert_eq!(forecast.total.peak.cpu, (1_500, 150));
    assert_eq!(forecast.total.levels.len(), 169);
    assert_eq!(forecast.stretch, 60);
    assert_eq!(forecast.groups[0].peak.pods, (2, 120));
    assert_eq!(forecast.groups[1].peak.memory, (2 << 30, 150));
}

#[test]
fn a_run_ends_with_its_last_minute() {
    let window = Window::new("2026-11-30T00:00:00Z".parse().unwrap(), SignedDuration::from_mins(10)).unwrap();
    for (seconds, pods) in [(60, 2), (61, 4), (120, 4), (121, 6)] {
        let forecast = ask(&[(schedule("* * * * *"), Some(seconds), 0)], window);
        assert_eq!(forecast.total.peak.pods.0, pods, "{seconds} s");
    }
}

#[test]
fn nothing_at_all() {
    let forecast = ask(&[], week());
    assert_eq!((forecast.members.len(), forecast.busiest.len()), (0, 0));
    assert_eq!(forecast.total.peak.pods, (0, 0));
    assert!(forecast.groups.iter().all(|group| group.levels.is_empty()));
}
