//! A policy as objects that API servers evaluate by themselves, with no webhook to ask: [`validating`] has what is denied and
//! warned of, [`mutating`] what is filled in. And [`StaticWebhooks`]: the webhook itself, as files on an API server's disk.

mod annotation;
mod api_version;
mod binding;
mod covers;
mod deploy_tool;
mod mutating;
mod mutation;
mod owner;
mod static_webhooks;
#[cfg(test)]
mod testing;
mod text;
mod validating;
mod validation;

pub use api_version::NotServed;
pub use mutating::mutating;
pub use static_webhooks::{StaticFile, StaticWebhooks};
pub use validating::validating;
