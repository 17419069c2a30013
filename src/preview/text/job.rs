//! One Job: how it may go.

use super::super::model::{JobPlan, JobView, TimelineView};
use super::super::units;
use super::sheet::Sheet;
use super::title;

pub(super) fn write(view: &JobView, sheet: &mut Sheet) {
    sheet.blank();
    sheet.heading(&title(&view.identity));
    plan(&view.plan, sheet);
}

pub(super) fn plan(plan: &JobPlan, sheet: &mut Sheet) {
    let mut words = plan.pattern_words.clone();
    let each = match (plan.requests.cpu_milli, plan.requests.memory_bytes) {
        (0, 0) => None,
        (cpu, 0) => Some(units::cores(cpu)),
        (0, memory) => Some(units::bytes(memory)),
        (cpu, memory) => Some(format!("{} and {}", units::cores(cpu), units::bytes(memory))),
    };
    if let Some(each) = each {
        words = format!("{words}; a Pod requests {each}");
    }
    sheet.labelled("Job", &words);
    timeline(&plan.worst_case, sheet);
    if let Some(what_if) = &plan.what_if {
        timeline(what_if, sheet);
    }
}

fn timeline(timeline: &TimelineView, sheet: &mut Sheet) {
    sheet.labelled(&timeline.title, "");
    for (_, line) in &timeline.lines {
        sheet.paragraph(4, line);
    }
    match timeline.succeeds {
        true => sheet.paragraph(4, &timeline.end_words),
        false => sheet.paragraph(4, &timeline.end_words),
    }
    for line in &timeline.after_words {
        sheet.paragraph(4, line);
    }
}
