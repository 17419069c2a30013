//! What a preview is made of: the Jobs and CronJobs of the input, and its quotas.

use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{FileError, ObjectId};
use crate::engine::{Neighbour, NeighbourKind, Object};
use crate::lint::{Gathered, GatheredObject, gather};
use crate::linter::decode_text;
use crate::policy::Policy;
use crate::sources::Source;

/// The input, read.
#[derive(Debug, Default)]
pub struct Collected {
    /// The Jobs and CronJobs, file by file in the order of the text.
    pub inputs: Vec<Input>,
    /// The ResourceQuotas and LimitRanges.
    pub neighbours: Vec<Neighbour>,
    /// What could not be read.
    pub errors: Vec<FileError>,
}

/// A Job or CronJob of the input.
#[derive(Debug)]
pub struct Input {
    /// The object, with the API's defaults.
    pub object: Object,
    /// What identifies it; the outer object, of a Job inside one.
    pub id: Arc<ObjectId>,
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The line that it starts on.
    pub line: usize,
    /// What tells it from the other Jobs of the same outer object; empty for an object of its own.
    pub part: String,
    /// Why an API server would refuse it, or each Job that it makes: the first reason.
    pub refused: Option<String>,
}

/// Reads the objects of a text that stands in no file, but is called `name`.
#[cfg(feature = "cluster")]
pub(crate) fn collect_text(text: &str, name: &Arc<str>, policy: &Policy, fills: bool) -> Collected {
    let Gathered { objects, errors, .. } = gather(text, name, policy, fills);
    let input = |gathered| Input { line: 0, ..input(gathered, name) };
    Collected { inputs: objects.into_iter().map(input).collect(), neighbours: Vec::new(), errors }
}

fn input(gathered: GatheredObject, file: &Arc<str>) -> Input {
    Input {
        object: gathered.object,
        id: gathered.id,
        file: Arc::clone(file),
        line: gathered.line,
        part: gathered.part,
        refused: gathered.refused,
    }
}

/// Reads `sources`, by the policy's server and kinds. With `fills`, the policy's defaults are filled in.
pub fn collect(sources: &[Source], policy: &Policy, fills: bool) -> Collected {
    let read = |source: &Source| -> Result<Gathered, FileError> {
        let bytes = source.bytes()?;
        let (text, _) = decode_text(&bytes);
        // Folders hold many JSON files that are no manifests.
        if source.name().ends_with(".json") && !text.contains("apiVersion") {
            return Ok(Gathered::default());
        }
        Ok(gather(&text, source.name(), policy, fills))
    };
    let rendered = sources.par_iter().filter(|source| !matches!(source, Source::Unrendered(_)));
    let all: Vec<_> = rendered.map(|source| (source, read(source))).collect();
    let mut collected = Collected::default();
    for (source, gathered) in all {
        match gathered {
            Ok(Gathered { objects, neighbours, errors }) => {
                let file: Arc<str> = source.name().into();
                collected.inputs.extend(objects.into_iter().map(|gathered| input(gathered, &file)));
                let is_limit = |neighbour: &Neighbour| {
                    matches!(neighbour.kind, NeighbourKind::ResourceQuota | NeighbourKind::LimitRange)
                };
                collected.neighbours.extend(neighbours.into_iter().filter(is_limit));
                collected.errors.extend(errors);
            }
            Err(error) => collected.errors.push(error),
        }
    }
    collected
}
