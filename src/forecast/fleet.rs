//! Many CronJobs together: how many runs start when, and what is up at the same time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use super::meeting::{Concurrency, Meeting, Runs};
use super::starts::{for_each_start, starts_in_minute};
use super::window::{MINUTE, WEEK_HOURS, Window};
use jobguard_cron::Schedule;

/// One CronJob of a fleet.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// When it runs.
    pub schedule: &'a Schedule,
    /// In which time zone.
    pub zone: &'a TimeZone,
    /// What becomes of a run that is due while another goes on.
    pub concurrency: Concurrency,
    /// `startingDeadlineSeconds`.
    pub starting_deadline: Option<i64>,
    /// How long a run takes, in seconds; where that is not known, a run counts for the minute in which it starts.
    pub run_time: Option<u64>,
    /// What each run takes while it goes on.
    pub load: Load,
    /// The number of its namespace, below the number of groups.
    pub group: usize,
}

/// What takes place at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Runs.
    pub runs: i64,
    /// Pods.
    pub pods: i64,
    /// Requested CPU, in thousandths of a core.
    pub cpu: i64,
    /// Requested memory, in bytes.
    pub memory: i64,
}

/// What becomes of one CronJob in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRuns {
    /// The first runs, as many as were asked for.
    pub first: Vec<Timestamp>,
    /// How many runs are due.
    pub count: u64,
    /// The shortest time between two of them, in seconds.
    pub shortest: Option<u64>,
    /// The longest.
    pub longest: Option<u64>,
    /// How they meet; as far as is known without a run time, they do not.
    pub meeting: Meeting,
    /// How many start in each hour of the week by the reader's clock, from Monday's first.
    pub week: Box<[u32; WEEK_HOURS]>,
}

/// A level over time, as the highest value in each of some equal stretches of the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// The stretches, each of [`Forecast::stretch`] minutes but the last.
    pub levels: Vec<Load>,
    /// The highest values, each by itself, and when it is reached first.
    pub peak: Peak,
}

/// The highest level of each kind, and the minute in which it is reached first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peak {
    /// Runs, and when.
    pub runs: (i64, usize),
    /// Pods, and when.
    pub pods: (i64, usize),
    /// CPU in thousandths of a core, and when.
    pub cpu: (i64, usize),
    /// Memory in bytes, and when.
    pub memory: (i64, usize),
}

/// A minute in which many runs start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusyMinute {
    /// The minute of the window.
    pub minute: usize,
    /// How many runs start in it.
    pub starts: u32,
    /// Which CronJobs, by their numbers.
    pub members: Vec<usize>,
}

/// What a fleet does in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Each CronJob.
    pub members: Vec<MemberRuns>,
    /// How many runs start in each hour of the week by the reader's clock, from Monday's first.
    pub week: Box<[u64; WEEK_HOURS]>,
    /// The most runs that start in one minute.
    pub most_starts: u32,
    /// The busiest minutes, the busiest first; of equal ones the first.
    pub busiest: Vec<BusyMinute>,
    /// How many minutes a stretch of a series has.
    pub stretch: usize,
    /// What is up at the same time, of all.
    pub total: Series,
    /// The same of each group.
    pub groups: Vec<Series>,
}

/// What is asked of a forecast.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The time that it is about.
    pub window: Window,
    /// The reader's time zone.
    pub zone: &'a TimeZone,
    /// How many groups there are.
    pub groups: usize,
    /// How many of the first runs of each CronJob are wanted.
    pub first: usize,
    /// How many of the busiest minutes.
    pub busiest: usize,
    /// How many stretches a series has at most, at least 1.
    pub stretches: usize,
}

/// What each of the members, and all of them together, do in the window. The memory that this takes does not grow with the
/// number of runs.
pub fn forecast(members: &[Member<'_>], question: Question<'_>) -> Forecast {
    let Question { window, zone, groups, .. } = question;
    let minutes = window.minutes();
    let hours = window.hours_of_week(zone);
    // Where the clock is changed, a week by the calendar is not one by the clock: no hour is to count twice for that.
    let hours = &hours[..hours.len().min(window.calendar_minutes(zone))];
    // The minute with the end of the window is one more.
    let stretch = (minutes - 1).div_ceil(question.stretches.max(1)).max(1);
    // By groups, so that each needs its minutes only while it is looked at.
    let mut by_group: Vec<Vec<usize>> = vec![Vec::new(); groups];
    for (number, member) in members.iter().enumerate() {
        by_group[member.group].push(number);
    }
    // A large group is split, so that no thread waits for another.
    let pieces: Vec<(usize, &[usize])> = by_group
        .iter()
        .enumerate()
        .flat_map(|(group, list)| list.chunks(PIECE).map(move |piece| (group, piece)))
        .collect();
    let (mut done, mut sum, mut series): (Vec<(usize, MemberRuns)>, Minutes, Vec<Series>) =
        (Vec::new(), Minutes::of(minutes), vec![Series::default(); groups]);
    let mut of_group = Minutes::default();
    let mut at_hand = None;
    for batch in pieces.chunks(rayon::current_num_threads().max(1)) {
        let results: Vec<_> = batch
            .par_iter()
            .map(|(_, piece)| {
                let mut own = Minutes::of(minutes);
                let runs = |number: &usize| (*number, own.add(&members[*number], hours, question));
                let runs: Vec<_> = piece.iter().map(runs).collect();
                (runs, own)
            })
            .collect();
        for ((group, _), (runs, own)) in batch.iter().zip(results) {
            done.extend(runs);
            if at_hand != Some(*group) {
                if let Some(group) = at_hand.replace(*group) {
                    series[group] = of_group.series(stretch);
                }
                of_group = Minutes::of(minutes);
            }
            of_group.merge(&own);
            sum.merge(&own);
        }
    }
    if let Some(group) = at_hand {
        series[group] = of_group.series(stretch);
    }
    done.sort_by_key(|(number, _)| *number);
    let runs: Vec<MemberRuns> = done.into_iter().map(|(_, runs)| runs).collect();
    let mut week = Box::new([0_u64; WEEK_HOURS]);
    for member in &runs {
        for (all, own) in week.iter_mut().zip(member.week.iter()) {
            *all += u64::from(*own);
        }
    }
    Forecast {
        most_starts: sum.starts.iter().copied().max().unwrap_or(0),
        busiest: busiest(members, &sum.starts, question),
        members: runs,
        week,
        stretch,
        total: sum.series(stretch),
        groups: series,
    }
}

/// How long before the window its runs are followed, in seconds: those that started then may still go on, and under `Forbid`
/// have held up the next ones.
fn lead(member: &Member<'_>) -> i64 {
    const LONGEST: i64 = 31 * 24 * 60 * MINUTE;
    let length = member.run_time.map_or(0, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
    let runs = if member.concurrency == Concurrency::Forbid { 3 } else { 1 };
    let lead = length.saturating_mul(runs).min(LONGEST);
    // `@every` is taken to count from the window's beginning.
    let step = member.schedule.every().map_or(1, |seconds| i64::try_from(seconds.max(1)).unwrap_or(i64::MAX));
    lead - lead % step
}

/// How many members are looked at in one go.
const PIECE: usize = 512;

/// The busiest minutes, with who starts in them. Minutes in which one run starts are not busy.
fn busiest(members: &[Member<'_>], starts: &[u32], question: Question<'_>) -> Vec<BusyMinute> {
    let mut order: Vec<usize> = (0..starts.len()).filter(|minute| starts[*minute] > 1).collect();
    order.sort_by_key(|minute| (std::cmp::Reverse(starts[*minute]), *minute));
    order.truncate(question.busiest);
    let of = |minute: usize| {
        let time = question.window.minute(minute);
        let starts_then =
            |member: &Member<'_>| starts_in_minute(member.schedule, member.zone, question.window, time);
        let members = members.par_iter().enumerate().filter(|(_, member)| starts_then(member));
        BusyMinute { minute, starts: starts[minute], members: members.map(|(number, _)| number).collect() }
    };
    order.into_iter().map(of).collect()
}

/// What happens minute by minute: how many runs start, and by how much the level rises or falls.
#[derive(Debug, Default)]
struct Minutes {
    starts: Vec<u32>,
    changes: Vec<Load>,
}

impl Minutes {
    fn of(minutes: usize) -> Self {
        // What ends goes down in the minute after it, which may be the one after the last.
        Self { starts: vec![0; minutes], changes: vec![Load::default(); minutes + 1] }
    }

    /// Adds the runs of one CronJob.
    fn add(&mut self, member: &Member<'_>, hours: &[u8], question: Question<'_>) -> MemberRuns {
        let window = question.window;
        let Self { starts, changes } = self;
        let end = window.until().as_second().saturating_add(1);
        let first_second = window.minute(0).as_second();
        let mut up = |begin: i64, until: i64| {
            if begin >= end || until <= first_second {
                return;
            }
            // The minute in which a run ends is its own, unless it ends with the minute before.
            let first = window.minute_of(begin.max(first_second));
            let last = window.minute_of(until.saturating_sub(1).min(end - 1)).max(first);
            changes[first].raise(member.load);
            changes[last + 1].lower(member.load);
        };
        let length = member.run_time.map_or(1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        let mut runs = Runs::new(member.concurrency, member.starting_deadline, length);
        let mut this = MemberRuns {
            first: Vec::new(),
            count: 0,
            shortest: None,
            longest: None,
            meeting: Meeting::default(),
            week: Box::new([0; WEEK_HOURS]),
        };
        let mut last: Option<i64> = None;
        let begin = window.from().as_second();
        let mut is_inside = false;
        for_each_start(member.schedule, member.zone, window.led_by(lead(member)), |at| {
            if at <= begin {
                // It may still go on when the window begins.
                return runs.due(at, &mut up);
            }
            if !std::mem::replace(&mut is_inside, true) {
                runs.count_anew();
            }
            let minute = window.minute_of(at);
            // The controller names a Job by the minute that it is due in: there is none but the first.
            if last.is_some_and(|last| last.div_euclid(MINUTE) == at.div_euclid(MINUTE)) {
                return;
            }
            starts[minute] = starts[minute].saturating_add(1);
            if let Some(hours) = hours.get(minute) {
                this.week[usize::from(*hours)] += 1;
            }
            this.count += 1;
            if this.first.len() < question.first {
                this.first.extend(Timestamp::from_second(at));
            }
            if let Some(gap) = last.replace(at).and_then(|last| u64::try_from(at - last).ok()) {
                this.shortest = Some(this.shortest.map_or(gap, |shortest| shortest.min(gap)));
                this.longest = Some(this.longest.map_or(gap, |longest| longest.max(gap)));
            }
            runs.due(at, &mut up);
        });
        if !is_inside {
            runs.count_anew();
        }
        this.meeting = runs.finish(end, &mut up);
        this
    }

    fn merge(&mut self, other: &Self) {
        for (all, own) in self.starts.iter_mut().zip(&other.starts) {
            *all = all.saturating_add(*own);
        }
        for (all, own) in self.changes.iter_mut().zip(&other.changes) {
            all.raise(*own);
        }
    }

    fn series(&self, stretch: usize) -> Series {
        let mut level = Load::default();
        let mut series = Series::default();
        // What ends with the window is no minute of it.
        for (minute, change) in self.changes.iter().take(self.starts.len()).enumerate() {
            level.raise(*change);
            if minute % stretch == 0 {
                series.levels.push(level);
            } else if let Some(highest) = series.levels.last_mut() {
                highest.reach(level);
            }
            series.peak.reach(level, minute);
        }
        series
    }
}

impl Load {
    fn raise(&mut self, by: Self) {
        *self = self.each(by, i64::saturating_add);
    }

    fn lower(&mut self, by: Self) {
        *self = self.each(by, i64::saturating_sub);
    }

    fn reach(&mut self, level: Self) {
        *self = self.each(level, i64::max);
    }

    fn each(self, other: Self, of: fn(i64, i64) -> i64) -> Self {
        Self {
            runs: of(self.runs, other.runs),
            pods: of(self.pods, other.pods),
            cpu: of(self.cpu, other.cpu),
            memory: of(self.memory, other.memory),
        }
    }
}

impl Peak {
    fn reach(&mut self, level: Load, minute: usize) {
        let pairs = [
            (&mut self.runs, level.runs),
            (&mut self.pods, level.pods),
            (&mut self.cpu, level.cpu),
            (&mut self.memory, level.memory),
        ];
        for (highest, level) in pairs {
            if level > highest.0 {
                *highest = (level, minute);
            }
        }
    }
}
