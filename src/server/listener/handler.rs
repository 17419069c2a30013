//! What a connection's requests are handed to, and what is known of the client.

use std::net::SocketAddr;

use axum::http::Request;
use axum::response::Response;

use super::arriving::Arriving;
use crate::server::tls::Peer;

/// Answers the requests of connections.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    /// Answers one request, which has its [`Client`] among its extensions.
    fn answer(&self, request: Request<Arriving>) -> impl Future<Output = Response> + Send;
}

/// The client of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// What its certificate says.
    pub(crate) peer: Peer,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

/// Marks the answer to a review by a client that may ask for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reviewed;
