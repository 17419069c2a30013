//! One Job: how it may go.

use super::super::model::{JobPlan, JobView, TimelineView};
use super::sheet::Sheet;
use super::title::title;
use crate::page::Unit;
use jobguard_text::duration;

pub(super) fn write(view: &JobView, brief: bool, sheet: &mut Sheet) {
    sheet.blank();
    sheet.heading(&title(&view.identity));
    if let Some(problem) = &view.problem {
        sheet.warning("never runs", problem);
        return;
    }
    if let Some(problem) = &view.plan.run_time_problem {
        sheet.warning("run time", problem);
    }
    if brief {
        sheet.labelled("Job", &view.plan.pattern_words);
        ends(&view.plan, sheet);
    } else {
        plan(&view.plan, sheet);
    }
}

/// How it ends, without what comes before.
pub(super) fn ends(plan: &JobPlan, sheet: &mut Sheet) {
    sheet.labelled("worst case", &plan.worst_case.end_words);
    if let Some(what_if) = &plan.what_if {
        sheet.labelled("what if", &what_if.end_words);
    }
}

pub(super) fn plan(plan: &JobPlan, sheet: &mut Sheet) {
    let mut words = plan.pattern_words.clone();
    let each = match (plan.requests.cpu_milli, plan.requests.memory_bytes) {
        (0, 0) => None,
        (cpu, 0) => Some(Unit::Cpu.words(cpu)),
        (0, memory) => Some(Unit::Bytes.words(memory)),
        (cpu, memory) => Some(format!("{} and {}", Unit::Cpu.words(cpu), Unit::Bytes.words(memory))),
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
    sheet.hanging(2, "", &format!("{}:", timeline.title));
    for (at, line) in &timeline.lines {
        let at = at.map(|at| format!("+{}", duration::short(at))).unwrap_or_default();
        sheet.hanging(4, &format!("{at:<11} "), line);
    }
    let after = timeline.after_words.iter();
    for sentence in std::iter::once(&timeline.end_words).chain(after) {
        sheet.hanging(4, "", sentence);
    }
}
