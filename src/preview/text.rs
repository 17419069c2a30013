//! A preview as text, for terminals: 80 columns at most, where names are not longer.

mod cron_job;
mod fleet;
mod job;
mod sheet;
mod style;
mod title;

use std::io;

use jiff::tz::TimeZone;

use super::model::Preview;
use super::times;
use jobguard_cron::{load_zone, zone_words};
use jobguard_text::plural;
use sheet::Sheet;
pub use style::TextStyle;

/// With more CronJobs and Jobs than this, each has a few lines.
const MOST_IN_FULL: usize = 10;

/// Writes the text.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
    let zone = load_zone(&preview.window.zone).unwrap_or(TimeZone::UTC);
    let mut sheet = Sheet::new(style);
    let window = &preview.window;
    let (from, until) = (times::with_weekday(window.from, &zone), times::with_weekday(window.until, &zone));
    sheet.heading(&format!("{from} to {until}, {}", zone_words(Some(&window.zone))));
    sheet.paragraph(0, &counts(preview));
    if preview.fleet.cron_jobs > 1 {
        fleet::write(&preview.fleet, &zone, &mut sheet);
    }
    out.write_all(sheet.take().as_bytes())?;
    let brief = preview.cron_jobs.len() + preview.jobs.len() > MOST_IN_FULL && !style.verbose;
    let reader = (window.zone.as_str(), &zone);
    for cron_job in &preview.cron_jobs {
        match brief {
            true => cron_job::write_brief(cron_job, reader, &mut sheet),
            false => cron_job::write(cron_job, reader, &mut sheet),
        }
        out.write_all(sheet.take().as_bytes())?;
    }
    for job in &preview.jobs {
        job::write(job, brief, &mut sheet);
        out.write_all(sheet.take().as_bytes())?;
    }
    if brief {
        sheet.blank();
        sheet.paragraph(
            0,
            "Each of them in full: --verbose, or a page to click through: --output preview.html",
        );
    }
    out.write_all(sheet.take().as_bytes())
}

/// What there is, in one sentence.
fn counts(preview: &Preview) -> String {
    let mut parts = Vec::new();
    let (all, fleet) = (preview.cron_jobs.len(), &preview.fleet);
    if all > 0 {
        let runs = plural(usize::try_from(fleet.runs).unwrap_or(usize::MAX), "run");
        let active = fleet.cron_jobs;
        parts.push(match all - active {
            0 => format!("{}: {runs} due", plural(all, "CronJob")),
            _ if active == 0 => format!("{}, none of which runs", plural(all, "CronJob")),
            _ => format!("{}, of which {active} run: {runs} due", plural(all, "CronJob")),
        });
    }
    if !preview.jobs.is_empty() {
        parts.push(plural(preview.jobs.len(), "Job"));
    }
    if parts.is_empty() { "No Jobs or CronJobs".to_owned() } else { parts.join("; ") }
}
