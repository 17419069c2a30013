//! The preview of what was collected.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::collect::{Collected, Input};
use super::cron_job::{self, Planned};
use super::fleet;
use super::groups::Groups;
use super::job;
use super::model::{JobView, Preview, SCHEMA_VERSION, WindowView};
use super::options::Options;
use crate::engine::{LimitFacts, Neighbour};
use crate::forecast::{Question, forecast};
use jobguard_apiserver::Kind;

/// How many of the busiest minutes are named.
const BUSIEST: usize = 5;

/// What the input will do.
pub fn preview(collected: &Collected, options: &Options<'_>) -> Preview {
    let Options { window, zone, .. } = *options;
    let limits = Limits::of(&collected.neighbours);
    let cron_jobs: Vec<&Input> =
        collected.inputs.iter().filter(|input| input.object.kind() == Kind::CronJob).collect();
    let planned: Vec<Planned<'_>> = cron_jobs
        .par_iter()
        .filter_map(|input| Planned::of(input, limits.of_namespace(input.object.namespace()), options))
        .collect();
    let taking_part = planned.iter().filter(|planned| planned.takes_part());
    let groups = Groups::of(taking_part.map(Planned::namespace));
    let members: Vec<_> = planned.iter().filter_map(|planned| planned.member(&groups)).collect();
    let question = Question {
        window,
        zone,
        groups: groups.len(),
        first: options.runs,
        busiest: BUSIEST,
        stretches: options.steps,
    };
    let forecast = forecast(&members, question);
    let fleet = fleet::view(&planned, &members, &forecast, (&groups, &collected.neighbours), options);
    let mut runs = forecast.members.into_iter();
    let with_runs: Vec<_> = planned
        .into_iter()
        .map(|planned| {
            let runs = if planned.takes_part() { runs.next() } else { None };
            (planned, runs)
        })
        .collect();
    let cron_jobs =
        with_runs.into_par_iter().map(|(planned, runs)| cron_job::view(planned, runs, options)).collect();
    let jobs = collected
        .inputs
        .par_iter()
        .filter(|input| input.object.kind() == Kind::Job)
        .filter_map(|input| {
            let part = input.object.job()?;
            let limits = limits.of_namespace(input.object.namespace());
            let identity = cron_job::identity(input);
            let problem = cron_job::refusal(input);
            Some(JobView { identity, problem, plan: job::plan(&input.object, part, limits, options) })
        })
        .collect();
    Preview {
        schema_version: SCHEMA_VERSION,
        window: WindowView { from: window.from(), until: window.until(), zone: options.zone_name.to_owned() },
        cron_jobs,
        jobs,
        fleet,
    }
}

/// The LimitRanges of the input by namespace.
struct Limits<'a>(BTreeMap<Option<&'a str>, Vec<&'a LimitFacts>>);

impl<'a> Limits<'a> {
    fn of(neighbours: &'a [Neighbour]) -> Self {
        let mut limits: BTreeMap<Option<&str>, Vec<&LimitFacts>> = BTreeMap::new();
        for neighbour in neighbours {
            limits.entry(neighbour.namespace.as_deref()).or_default().extend(neighbour.facts.limits());
        }
        Self(limits)
    }

    fn of_namespace<'s>(&'s self, namespace: Option<&'s str>) -> &'s [&'s LimitFacts] {
        self.0.get(&namespace).map(Vec::as_slice).unwrap_or_default()
    }
}
