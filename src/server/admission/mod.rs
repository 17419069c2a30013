//! What is answered to a review. Pure and synchronous: the same for a server and for one review in a file.
//!
//! A [`request`] and its objects are decoded ([`decode`]) within bounds ([`intake`]); [`decide`] asks the engine and
//! turns its verdict into an answer ([`ruling`]), or answers without one ([`unjudged`]). [`explain`] says besides what an answer
//! rests on.

pub(crate) mod controllers;
#[cfg(test)]
mod controllers_tests;
pub(crate) mod decide;
mod decode;
pub(crate) mod explain;
mod head;
pub(crate) mod intake;
pub(crate) mod namespaces;
pub(crate) mod outcome;
mod outer;
mod prepared;
mod record;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod review;
mod ruling;
pub(crate) mod span;
#[cfg(test)]
mod tests;
mod understood;
pub(crate) mod unjudged;
mod without_verdict;
