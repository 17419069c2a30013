//! The accept loop of a port, with a bound on how many connections it holds.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::table::{Entry, Slot, Table};
use crate::server::metrics::{Metrics, Shed};

/// The first and the longest wait after the system refused a connection.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Accepts connections, for ever, and hands each to `begin` with its place in the table.
pub(crate) async fn accept(
    listener: &TcpListener,
    table: &Table,
    metrics: &Metrics,
    begin: impl Fn(TcpStream, SocketAddr, Arc<Slot>),
) {
    let mut back_off = BACK_OFF.0;
    let mut full = false;
    loop {
        table.settled().await;
        match listener.accept().await {
            Ok((stream, client)) => {
                back_off = BACK_OFF.0;
                let (slot, crowded) = match table.enter(client.ip()) {
                    Entry::Free(slot) => (Some(slot), false),
                    Entry::Taken(slot) => (Some(slot), true),
                    Entry::Full => (None, true),
                };
                if crowded && !full {
                    tracing::warn!(%client, "too many connections: closing those that are of no use");
                }
                full = crowded;
                match slot {
                    Some(slot) => begin(stream, client, slot),
                    // Closed at once: a client that has to wait would only find out at its deadline.
                    None => metrics.shed(Shed::Connections),
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory: connections that are of no use are given up for it.
                tracing::error!(client = tracing::field::Empty, %error, "cannot accept connections");
                table.make_room();
                sleep(back_off).await;
                back_off = (back_off * 2).min(BACK_OFF.1);
            }
        }
    }
}

/// A place in the table, for as long as a connection lasts.
pub(crate) struct Place<'a> {
    pub(crate) table: &'a Table,
    pub(crate) slot: &'a Slot,
    /// Where the number of connections is shown, if anywhere.
    pub(crate) metrics: Option<&'a Metrics>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.table.leave(self.slot);
        if let Some(metrics) = self.metrics {
            metrics.connections(self.table.len());
        }
    }
}

/// Whether an error of `accept` is about the connection that was to be accepted, and not about accepting.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
