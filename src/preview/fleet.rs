//! All CronJobs together.

use rayon::prelude::*;

use super::cron_job::Planned;
use super::groups::Groups;
use super::model::{BusyView, FleetView, High, NamespaceView, PeakView, SeriesView, SpreadView};
use super::options::Options;
use super::{quotas, times};
use crate::engine::Neighbour;
use crate::forecast::{self, BusyMinute, Forecast, MINUTE, Member, Question, Series, Window};
use jobguard_cron::Schedule;

/// How many CronJobs of a busy minute are named.
const NAMED: usize = 10;

pub(super) fn view(
    planned: &[Planned<'_>],
    members: &[Member<'_>],
    forecast: &Forecast,
    (groups, neighbours): (&Groups, &[Neighbour]),
    options: &Options<'_>,
) -> FleetView {
    let window = options.window;
    let taking_part: Vec<&Planned<'_>> = planned.iter().filter(|planned| planned.takes_part()).collect();
    let busy = |busy: &BusyMinute| {
        let utc = window.minute(busy.minute);
        let names = busy.members.iter().take(NAMED).map(|number| taking_part[*number].name());
        BusyView {
            utc,
            reader: times::with_offset(utc, options.zone),
            starts: busy.starts,
            names: names.collect(),
        }
    };
    let mut counts = vec![0; groups.len()];
    for member in members {
        counts[member.group] += 1;
    }
    let namespaces = groups
        .iter()
        .map(|(namespace, number)| {
            let series = &forecast.groups[number];
            NamespaceView {
                namespace: namespace.map(str::to_owned),
                cron_jobs: counts[number],
                series: series_view(series, window),
                quotas: quotas::of(namespace, &series.peak, neighbours),
            }
        })
        .collect();
    let mut heat_map = vec![[0; 24]; 7];
    for (hour, count) in forecast.week.iter().enumerate() {
        heat_map[hour / 24][hour % 24] = *count;
    }
    FleetView {
        cron_jobs: members.len(),
        without_run_time: members.iter().filter(|member| member.run_time.is_none()).count(),
        runs: forecast.members.iter().map(|member| member.count).sum(),
        heat_map,
        busiest: forecast.busiest.iter().map(busy).collect(),
        step_seconds: forecast.stretch as u64 * MINUTE.unsigned_abs(),
        total: series_view(&forecast.total, window),
        namespaces,
        spread: spread(&taking_part, members, forecast, options),
    }
}

/// The fleet as it would be if every schedule that names a round minute, or none at all, had one by its name's hash; none
/// where fewer than two would change, or nothing would be better.
fn spread(
    planned: &[&Planned<'_>],
    members: &[Member<'_>],
    today: &Forecast,
    options: &Options<'_>,
) -> Option<SpreadView> {
    let moved: Vec<Option<Schedule>> = planned.par_iter().map(|planned| planned.spread()).collect();
    let count = moved.iter().flatten().count();
    if count < 2 {
        return None;
    }
    let members: Vec<Member<'_>> = members
        .iter()
        .zip(&moved)
        .map(|(member, moved)| match moved {
            Some(schedule) => Member { schedule, group: 0, ..member.clone() },
            None => Member { group: 0, ..member.clone() },
        })
        .collect();
    let question = Question {
        window: options.window,
        zone: options.zone,
        groups: 1,
        first: 0,
        busiest: 0,
        stretches: options.steps,
    };
    let then = forecast::forecast(&members, question);
    let (starts, pods) = (then.most_starts, then.total.peak.pods.0);
    if starts >= today.most_starts && pods >= today.total.peak.pods.0 {
        return None;
    }
    Some(SpreadView {
        moved: count,
        starts_before: today.most_starts,
        starts_after: then.most_starts,
        pods_before: today.total.peak.pods.0,
        pods_after: then.total.peak.pods.0,
        pods: then.total.levels.iter().map(|level| level.pods).collect(),
    })
}

fn series_view(series: &Series, window: Window) -> SeriesView {
    let high =
        |(value, minute): (i64, usize)| High { value, utc: (value > 0).then(|| window.minute(minute)) };
    let peak = &series.peak;
    SeriesView {
        runs: series.levels.iter().map(|level| level.runs).collect(),
        pods: series.levels.iter().map(|level| level.pods).collect(),
        cpu_milli: series.levels.iter().map(|level| level.cpu).collect(),
        memory_bytes: series.levels.iter().map(|level| level.memory).collect(),
        peak: PeakView {
            runs: high(peak.runs),
            pods: high(peak.pods),
            cpu_milli: high(peak.cpu),
            memory_bytes: high(peak.memory),
        },
    }
}
