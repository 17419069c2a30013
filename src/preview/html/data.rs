//! What the page's script is handed: rows that point into lists in which nothing is twice.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::model::{CronJobView, Identity, JobPlan, Preview, TimelineView, WindowView};
use super::super::show;
use crate::page::{Picture, foreign};
use jobguard_cron::{known_zone, zone_words};

/// The width of timelines.
const WIDTH: f64 = 860.0;

/// How much JSON the pictures of timelines take together at most. Those after that are left out, and their lines are not.
const PICTURES: usize = 300_000;

/// How many runs of a CronJob are listed: fewer where there are many CronJobs.
const RUNS: usize = 20;
const RUNS_OF_MANY: usize = 10;
const MANY: usize = 200;

/// How many labels can be chosen from.
const LABELS: usize = 200;

/// All that the script knows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Data {
    /// Begin and end of the window, in seconds since 1970.
    window: [i64; 2],
    /// The reader's zone in words.
    zone: String,
    /// The marks of the window.
    ticks: Vec<(f64, String)>,
    texts: Vec<String>,
    /// Hours of the week as counts with how often they come in a row: `[times, count, times, count ...]`.
    weeks: Vec<Vec<u32>>,
    pictures: Vec<Picture>,
    plans: Vec<Plan>,
    /// The CronJobs, in the order of the rows.
    rows: Vec<Row>,
    jobs: Vec<Row>,
    /// The namespaces and the labels that can be chosen, numbers of texts.
    #[serde(skip)]
    pub(super) namespaces: Vec<usize>,
    #[serde(skip)]
    pub(super) labels: Vec<usize>,
}

/// One CronJob or Job. Numbers are places in the lists of [`Data`].
#[derive(Debug, Default, Serialize)]
struct Row {
    /// The namespace.
    n: usize,
    /// Labels, `key=value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    l: Vec<usize>,
    /// Facts: what, and how it is.
    f: Vec<usize>,
    /// Hours of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    w: Option<usize>,
    /// Its zone in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<usize>,
    /// Runs: the seconds since the one before, or since the beginning of the window.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r: Vec<i64>,
    /// From which run on its clock and the reader's are so many minutes ahead of UTC.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    o: Vec<(usize, i32, i32)>,
    /// How many runs there are.
    m: u64,
    /// Clock changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    c: Vec<usize>,
    /// Notes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    i: Vec<usize>,
    /// The plan of its Job.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<usize>,
}

/// What a Job is, and how it may go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Plan {
    /// Facts.
    f: Vec<usize>,
    /// Timelines.
    t: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Line {
    title: usize,
    /// Its picture; none where there is nothing to draw, or no room.
    picture: Option<usize>,
    /// What happens, each with when.
    lines: Vec<(Option<usize>, usize)>,
    end: usize,
    good: bool,
    after: Vec<usize>,
}

/// Lists in which nothing is twice.
#[derive(Default)]
struct Known {
    data: Data,
    texts: BTreeMap<String, usize>,
    weeks: BTreeMap<Vec<u32>, usize>,
    plans: BTreeMap<Plan, usize>,
    /// Pictures by what they are in JSON.
    pictures: BTreeMap<String, usize>,
    room: usize,
}

impl Data {
    pub(super) fn of(preview: &Preview) -> Self {
        let window = &preview.window;
        let zone = show::zone(window);
        let ticks = show::ticks(window, &zone);
        let data = Self {
            window: [window.from.as_second(), window.until.as_second()],
            zone: zone_words(Some(&foreign(&window.zone))),
            ticks: ticks.into_iter().map(|tick| ((tick.at * 1e4).round() / 1e4, tick.label)).collect(),
            ..Self::default()
        };
        let mut known = Known { data, room: PICTURES, ..Known::default() };
        let runs = if preview.cron_jobs.len() > MANY { RUNS_OF_MANY } else { RUNS };
        let rows = preview.cron_jobs.iter().map(|view| known.cron_job(view, window, &zone, runs)).collect();
        let jobs = preview
            .jobs
            .iter()
            .map(|view| {
                let row = known.row(&view.identity);
                Row { p: Some(known.plan(&view.plan)), ..row }
            })
            .collect();
        let mut data = Self { rows, jobs, ..known.data };
        data.choices();
        data
    }

    /// The text of a number.
    pub(super) fn text(&self, number: usize) -> &str {
        &self.texts[number]
    }

    /// What can be chosen: all namespaces; of the labels those that several CronJobs have, the most frequent, or all if they
    /// are few.
    fn choices(&mut self) {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for label in self.rows.iter().flat_map(|row| &row.l) {
            *counts.entry(*label).or_default() += 1;
        }
        if counts.len() > LABELS / 4 {
            counts.retain(|_, count| *count > 1);
        }
        let mut labels: Vec<(usize, usize)> = counts.into_iter().collect();
        labels.sort_by_key(|(label, count)| (std::cmp::Reverse(*count), *label));
        labels.truncate(LABELS);
        self.labels = labels.into_iter().map(|(label, _)| label).collect();
        self.labels.sort_by(|a, b| self.texts[*a].cmp(&self.texts[*b]));
        self.namespaces = self.rows.iter().map(|row| row.n).collect();
        self.namespaces.sort_by(|a, b| self.texts[*a].cmp(&self.texts[*b]));
        self.namespaces.dedup();
    }
}

impl Known {
    fn text(&mut self, text: &str) -> usize {
        let text = foreign(text);
        if let Some(number) = self.texts.get(&text) {
            return *number;
        }
        let number = self.data.texts.len();
        self.data.texts.push(text.clone());
        self.texts.insert(text, number);
        number
    }

    fn all(&mut self, texts: &[String]) -> Vec<usize> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn facts(&mut self, facts: Vec<(&'static str, String)>) -> Vec<usize> {
        facts.iter().flat_map(|(what, how)| [*what, how]).map(|text| self.text(text)).collect()
    }

    fn row(&mut self, identity: &Identity) -> Row {
        let labels = identity.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let place = identity.place.to_string();
        Row {
            n: self.text(identity.namespace.as_deref().unwrap_or("")),
            l: labels.map(|label| self.text(&label)).collect(),
            f: self.facts(vec![("Written in", place)]),
            ..Row::default()
        }
    }

    fn cron_job(&mut self, view: &CronJobView, window: &WindowView, reader: &TimeZone, most: usize) -> Row {
        let mut row = self.row(&view.identity);
        row.f.extend(self.facts(show::facts(view)));
        row.w = Some(self.week(view));
        row.z = Some(self.text(&zone_words(view.time_zone.as_deref())));
        let zone = view.time_zone.as_deref().and_then(known_zone).unwrap_or(TimeZone::UTC);
        let mut last = window.from.as_second();
        for (number, run) in view.runs.iter().take(most).enumerate() {
            let second = run.utc.as_second();
            let (own, reader) = (show::offset(run.utc, &zone), show::offset(run.utc, reader));
            row.r.push(second - last);
            last = second;
            if row.o.last().is_none_or(|(_, o, r)| (*o, *r) != (own, reader)) {
                row.o.push((number, own, reader));
            }
        }
        row.m = view.run_count;
        let changes: Vec<String> = view.clock_changes.iter().map(show::clock_change).collect();
        row.c = self.all(&changes);
        row.i = self.all(&view.notes);
        row.p = view.job.as_ref().map(|plan| self.plan(plan));
        row
    }

    fn week(&mut self, view: &CronJobView) -> usize {
        let mut week: Vec<u32> = Vec::new();
        let mut last = None;
        for count in view.week.iter() {
            if last == Some(count) {
                // What came before has a length.
                let place = week.len() - 2;
                week[place] += 1;
            } else {
                week.extend([1, *count]);
                last = Some(count);
            }
        }
        if let Some(number) = self.weeks.get(&week) {
            return *number;
        }
        let number = self.data.weeks.len();
        self.data.weeks.push(week.clone());
        self.weeks.insert(week, number);
        number
    }

    fn plan(&mut self, plan: &JobPlan) -> usize {
        let facts = self.facts(show::job_facts(plan));
        let timelines = [Some(&plan.worst_case), plan.what_if.as_ref()];
        let timelines = timelines
            .into_iter()
            .flatten()
            .filter(|timeline| !timeline.lines.is_empty() || !timeline.end_words.is_empty());
        let timelines = timelines.map(|timeline| self.line(timeline)).collect();
        let plan = Plan { f: facts, t: timelines };
        if let Some(number) = self.plans.get(&plan) {
            return *number;
        }
        let number = self.data.plans.len();
        self.data.plans.push(plan.clone());
        self.plans.insert(plan, number);
        number
    }

    fn line(&mut self, timeline: &TimelineView) -> Line {
        Line {
            title: self.text(&show::capital(&timeline.title)),
            picture: show::timeline(timeline, "", WIDTH).and_then(|picture| self.picture(picture)),
            lines: (timeline.lines.iter())
                .map(|(at, line)| (at.map(|at| self.text(&show::after(at))), self.text(line)))
                .collect(),
            end: self.text(&timeline.end_words),
            good: timeline.succeeds,
            after: self.all(&timeline.after_words),
        }
    }

    fn picture(&mut self, picture: Picture) -> Option<usize> {
        let json = serde_json::to_string(&picture).ok()?;
        if let Some(number) = self.pictures.get(&json) {
            return Some(*number);
        }
        self.room = self.room.checked_sub(json.len())?;
        let number = self.data.pictures.len();
        self.data.pictures.push(picture);
        self.pictures.insert(json, number);
        Some(number)
    }
}
