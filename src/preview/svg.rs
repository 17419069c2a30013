//! A preview as one picture, for a README or a dashboard: the hours of the week and what is up at once; of a single CronJob its
//! runs, and of a few Jobs how they may go.

use std::io;

use super::model::{CronJobView, JobPlan, Preview};
use super::{show, times};
use crate::page::{Level, Picture, Strip, Unit, foreign};
use jobguard_text::{plural, shortened};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const INNER: f64 = WIDTH - 2.0 * MARGIN;

/// How many Jobs are drawn, where there is one CronJob at most.
const JOBS: usize = 3;

/// Writes the picture.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(draw(preview).file().as_bytes())
}

fn draw(preview: &Preview) -> Picture {
    let window = &preview.window;
    let zone = show::zone(window);
    let time = format!(
        "{} to {}, by the clock of {}",
        times::with_weekday(window.from, &zone),
        times::with_weekday(window.until, &zone),
        foreign(&window.zone)
    );
    let mut sheet = match (preview.cron_jobs.as_slice(), preview.jobs.as_slice()) {
        ([one], []) => {
            let mut sheet =
                Sheet::new(&shortened(&foreign(&show::full_name(&one.identity)), 90), &schedule(one));
            sheet.line(&time);
            cron_job(preview, one, &mut sheet);
            sheet
        }
        ([], [one]) => {
            Sheet::new(&shortened(&foreign(&show::full_name(&one.identity)), 90), &one.plan.pattern_words)
        }
        (cron_jobs, jobs) => {
            let mut parts = Vec::new();
            if !cron_jobs.is_empty() {
                parts.push(plural(cron_jobs.len(), "CronJob"));
                parts.push(show::runs(preview.fleet.runs));
            }
            if !jobs.is_empty() || parts.is_empty() {
                parts.push(plural(jobs.len(), "Job"));
            }
            let mut sheet = Sheet::new(&parts.join(", "), &time);
            if preview.fleet.runs > 0 {
                fleet(preview, &mut sheet);
            }
            sheet
        }
    };
    if preview.cron_jobs.len() < 2 {
        for job in preview.jobs.iter().take(JOBS) {
            // The title is the name of a single one.
            let is_single = preview.cron_jobs.is_empty() && preview.jobs.len() == 1;
            let name = if is_single { String::new() } else { show::full_name(&job.identity) };
            plan(&job.plan, &name, &mut sheet);
        }
    }
    sheet.done()
}

fn fleet(preview: &Preview, sheet: &mut Sheet) {
    let zone = show::zone(&preview.window);
    sheet.heading("Runs by hour of the week");
    sheet.add(show::heat_map(&show::week(preview), &preview.window));
    let (series, high) = (&preview.fleet.total.pods, preview.fleet.total.peak.pods);
    if high.value == 0 {
        return;
    }
    sheet.heading("Pods at once");
    let description = match high.utc {
        Some(utc) => format!("Highest: {}, {}.", high.value, times::with_weekday(utc, &zone)),
        None => String::new(),
    };
    let level = Level {
        title: "Pods at once",
        description: &description,
        values: series,
        before: None,
        unit: Unit::Count,
        limit: None,
        peak: high.utc.map(|utc| show::share(utc, &preview.window)),
        ticks: &show::ticks(&preview.window, &zone),
        width: INNER,
        height: 190.0,
    };
    sheet.add(level.draw());
}

fn schedule(view: &CronJobView) -> String {
    match &view.words {
        Some(words) => format!("{words}, {} ({})", view.zone_words, view.schedule),
        None => view.schedule.clone(),
    }
}

fn cron_job(preview: &Preview, view: &CronJobView, sheet: &mut Sheet) {
    let window = &preview.window;
    let zone = show::zone(window);
    if let Some(problem) = &view.problem {
        sheet.line(&format!("Never runs: {problem}"));
    } else if view.runs.len() as u64 == view.run_count {
        sheet.heading("Runs");
        let runs: Vec<(f64, String)> = view
            .runs
            .iter()
            .map(|run| (show::share(run.utc, window), times::with_weekday(run.utc, &zone)))
            .collect();
        let description = plural(runs.len(), "run");
        let ticks = show::ticks(window, &zone);
        let strip =
            Strip { title: "Runs", description: &description, runs: &runs, ticks: &ticks, width: INNER };
        sheet.add(strip.draw());
    } else {
        sheet.heading("Runs by hour of the week");
        sheet.add(show::heat_map(&show::week_of(view), window));
    }
    if let Some(job) = &view.job {
        plan(job, "", sheet);
    }
}

fn plan(plan: &JobPlan, name: &str, sheet: &mut Sheet) {
    for timeline in [Some(&plan.worst_case), plan.what_if.as_ref()].into_iter().flatten() {
        let Some(picture) = show::timeline(timeline, name, INNER) else { continue };
        sheet.heading(&shortened(&picture.title, 110));
        sheet.add(picture);
        sheet.line(&shortened(&timeline.end_words, 150));
    }
}

/// A picture that grows downwards.
struct Sheet {
    picture: Picture,
    down: f64,
    described: Vec<String>,
}

impl Sheet {
    fn new(title: &str, line: &str) -> Self {
        let mut sheet =
            Self { picture: Picture::new(WIDTH, 0.0, title, ""), down: 38.0, described: Vec::new() };
        sheet.picture.text([MARGIN, sheet.down], "heading", title);
        sheet.line(line);
        sheet
    }

    fn line(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.down += 20.0;
        self.picture.text([MARGIN, self.down], "quiet line", &shortened(&foreign(text), 150));
        self.described.push(foreign(text));
    }

    fn heading(&mut self, text: &str) {
        self.down += 34.0;
        self.picture.text([MARGIN, self.down], "subheading", text);
        self.down += 10.0;
    }

    fn add(&mut self, picture: Picture) {
        self.described.push(format!("{}. {}", picture.title, picture.description));
        let height = picture.height;
        self.picture.place(picture, MARGIN, self.down);
        self.down += height;
    }

    fn done(mut self) -> Picture {
        self.picture.height = self.down + 20.0;
        self.picture.description = self.described.join(" ");
        self.picture
    }
}
