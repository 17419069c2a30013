//! Tests of policies: files of cases, each an object or a review and what must come out.
//!
//! [`find()`] finds the files, [`run()`] reads them and judges each case, an object as the linter does, a review as the webhook
//! does; what came out is compared with what was expected, and the difference is shown as lines of the test file.

mod actual;
mod compare;
mod find;
pub mod init;
mod inputs;
mod judge;
mod model;
mod read;
mod read_case;
#[cfg(feature = "serve")]
mod recorded;
mod report;
#[cfg(feature = "serve")]
mod review;
mod rules;
mod run;
mod scalar;
pub mod schema;
mod yaml;

pub use actual::{Actual, ActualFinding};
pub use find::{TestText, find};
pub use inputs::inputs;
pub(crate) use judge::{each_workload, fill, workloads};
pub use model::KIND;
pub use report::{json, junit, text};
pub(crate) use run::short;
pub use run::{CaseResult, FileResult, Options, PolicySource, Results, Status, run};
