//! The accept loop: TCP to TLS to HTTP/1.1, with a bound on everything a client can hold on to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::patience::Patience;
use super::shutdown::{Lifecycle, Phase};
use super::tls::Tls;

/// The first and the longest wait after the system refused a connection.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How much of a connection is held in memory besides the body that is being read, in bytes: also the largest header.
const MAX_BUFFER: usize = 64 << 10;

/// How long clients may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// From the handshake to the first byte of a request.
    pub first_byte: Duration,
    /// For the header of a request, and for silence between two requests. API servers keep idle connections for 90
    /// seconds; closing later than they do avoids requests lost on a connection that is just being closed.
    pub header: Duration,
    /// For a request that does not say how long its client waits: from its header to its answer.
    pub request: Duration,
    /// For a client to take anything more of an answer.
    pub write: Duration,
    /// For open requests, once the server drains.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_byte: Duration::from_secs(10),
            header: Duration::from_secs(120),
            request: Duration::from_secs(10),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(15),
        }
    }
}

/// What serves connections.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pub(crate) tls: Arc<Tls>,
    pub(crate) router: Router,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) timeouts: Timeouts,
    /// How many connections there may be at a time.
    pub(crate) max: u32,
}

impl Connections {
    /// Serves until the lifecycle ends. Returns whether all open requests got their answer.
    pub(crate) async fn serve(self, listener: TcpListener) -> bool {
        let room = Arc::new(Semaphore::new(self.max as usize));
        tokio::select! {
            () = self.accept(&listener, &room) => {}
            () = self.lifecycle.reached(Phase::Draining) => {}
        }
        // From here on, whoever connects is refused by the system, and can go elsewhere at once.
        drop(listener);
        // When all permits are back, no connection is left.
        let drained = room.acquire_many(self.max);
        tokio::select! {
            // First, since the end closes the connections, which then looks like a drain.
            biased;
            () = self.lifecycle.reached(Phase::Ended) => false,
            _ = drained => true,
            () = sleep(self.timeouts.drain) => false,
        }
    }

    /// Accepts connections, for ever.
    async fn accept(&self, listener: &TcpListener, room: &Arc<Semaphore>) {
        let mut back_off = BACK_OFF.0;
        let mut full = false;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    back_off = BACK_OFF.0;
                    let Ok(permit) = Arc::clone(room).try_acquire_owned() else {
                        // Closed at once: a client that has to wait would only find out at its deadline.
                        if !full {
                            tracing::warn!(max = self.max, %peer, "too many connections: closing new ones");
                        }
                        full = true;
                        continue;
                    };
                    full = false;
                    let connections = self.clone();
                    tokio::spawn(async move {
                        if let Err(problem) = connections.connection(stream, permit).await {
                            tracing::debug!(%peer, %problem, "connection ended");
                        }
                    });
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors or memory: that passes, or is seen by whoever reads this.
                    tracing::error!(%error, "cannot accept connections");
                    sleep(back_off).await;
                    back_off = (back_off * 2).min(BACK_OFF.1);
                }
            }
        }
    }

    async fn connection(&self, stream: TcpStream, _permit: OwnedSemaphorePermit) -> Result<(), Problem> {
        tokio::select! {
            ended = self.talk(stream) => ended,
            () = self.lifecycle.reached(Phase::Ended) => Ok(()),
        }
    }

    async fn talk(&self, stream: TcpStream) -> Result<(), Problem> {
        // Answers are written whole; waiting to fill a packet would only delay them.
        stream.set_nodelay(true)?;
        let stream = tokio::select! {
            biased;
            opened = self.open(stream) => opened?,
            // Whoever has not asked anything yet does not hold up the drain.
            () = self.lifecycle.reached(Phase::Draining) => None,
        };
        let Some(stream) = stream else { return Ok(()) };
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(self.timeouts.header).max_buf_size(MAX_BUFFER);
        let service = TowerToHyperService::new(self.router.clone());
        let mut connection = std::pin::pin!(
            server.serve_connection(TokioIo::new(Patience::new(stream, self.timeouts.write)), service)
        );
        tokio::select! {
            biased;
            ended = connection.as_mut() => return Ok(ended?),
            () = self.lifecycle.reached(Phase::Draining) => connection.as_mut().graceful_shutdown(),
        }
        Ok(connection.await?)
    }

    /// Goes as far as the first byte of a request; none where the client leaves before.
    async fn open(&self, stream: TcpStream) -> Result<Option<TlsStream<TcpStream>>, Problem> {
        let handshake = self.tls.acceptor().accept(stream);
        let mut stream =
            timeout(self.timeouts.handshake, handshake).await.map_err(|_| Problem::Handshake)??;
        let first =
            timeout(self.timeouts.first_byte, stream.fill_buf()).await.map_err(|_| Problem::Silent)?;
        let gone = first?.is_empty();
        Ok((!gone).then_some(stream))
    }
}

/// Why a connection ended before its time.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("no TLS handshake in time")]
    Handshake,
    #[error("no request in time")]
    Silent,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

/// Whether an error of `accept` is about the connection that was to be accepted, and not about accepting.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
