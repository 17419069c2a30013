//! How long clients may take.

use std::time::Duration;

/// How long clients may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// From the handshake to the first byte of a request; also for silence between two requests, as long as no review
    /// has been answered on the connection.
    pub first_byte: Duration,
    /// For the header of a request, once it has begun.
    pub header: Duration,
    /// For the body of a request, once its header has come: large ones get a second more for every MiB. None gets more
    /// than its client waits for the answer.
    pub body: Duration,
    /// For silence between two requests. API servers keep idle connections for 90 seconds; closing later than they
    /// do avoids requests lost on a connection that is just being closed.
    pub idle: Duration,
    /// For a request that does not say how long its client waits: from its header to its answer.
    pub request: Duration,
    /// For a client to take an answer as a whole.
    pub write: Duration,
    /// For open requests, once the server drains.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_byte: Duration::from_secs(10),
            header: Duration::from_secs(10),
            body: Duration::from_secs(5),
            idle: Duration::from_secs(120),
            request: Duration::from_secs(10),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(15),
        }
    }
}
