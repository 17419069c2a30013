//! jobguard keeps bad Kubernetes Jobs and CronJobs out of clusters.
//!
//! One engine gives one verdict, and two programs use it: an offline linter and an HTTPS admission webhook. Data flows one way:
//!
//! * [`sources`] → [`manifest`] (documents whose every key and value has a span) → [`lint`] ([`apiserver`] decodes, fills in the
//!   API's own defaults and validates; [`mutate`] fills in the policy's; the [`engine`] runs the [`rules`]) → findings →
//!   [`linter`] (fixes, lines and columns) → [`report`];
//! * `AdmissionReview` → `server` → the same steps → `AdmissionReview`.
//!
//! [`manifest`], [`apiserver`] and [`cron`] are crates of their own below this one. The feature `cli` adds the program, `serve`
//! the webhook, `cluster` what watches a running cluster, `lsp` the language server.

pub use jobguard_apiserver as apiserver;
pub use jobguard_cron as cron;
pub use jobguard_manifest as manifest;

mod atomic_file;
pub mod baseline;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod command;
mod confined;
pub mod deploy_tool;
pub mod diagnostic;
pub mod docs;
pub mod embedded;
pub mod engine;
pub mod exclude;
pub mod export;
mod fix;
pub mod forecast;
pub mod lint;
pub mod linter;
pub mod live;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod mutate;
pub mod page;
pub mod policy;
#[cfg(feature = "cli")]
pub mod policy_diff;
#[cfg(feature = "cli")]
pub mod policy_test;
pub mod preview;
pub mod report;
pub mod rules;
#[cfg(feature = "serve")]
pub mod server;
pub mod sources;
