//! The language server: findings while somebody types, fixes, and what there is to know of a field.
//!
//! [`serve`] takes messages in their order and keeps the texts. What takes time is done beside it, each in a thread of its
//! own: `check` lints documents, one at a time, debounced; `workspace` lints the folders of the editor, for
//! rules that compare files; `requests` answers what the editor asks. They take a snapshot of what they need and share
//! nothing else, so that a panic in one of them is the end of one answer.

mod across;
mod actions;
mod analysis;
mod check;
mod client;
mod completion;
mod definition;
mod documents;
mod edits;
mod fields;
mod fix_all;
mod hover;
mod ignore;
mod policies;
mod policy_files;
mod policy_schema;
mod position;
mod publish;
mod requests;
mod schedule;
mod schedules;
mod server;
mod shared;
mod spot;
mod symbols;
mod transport;
mod typing;
mod uri;
mod values;
mod workspace;

pub use client::Settings;
pub use lsp_server;
pub use lsp_types;
pub use position::Encoding;
pub use server::{Ending, serve};
pub use transport::stdio;
