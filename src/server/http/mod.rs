//! The HTTP side: which requests there are, and what is answered to those that are no reviews.

pub(crate) mod admin;
pub(crate) mod app;
pub(crate) mod body;
pub(crate) mod deadline;
pub(crate) mod handler;
#[cfg(test)]
mod limits_tests;
mod refusal;
mod review;
mod routes;
#[cfg(test)]
mod tests;
pub(crate) mod weight;
