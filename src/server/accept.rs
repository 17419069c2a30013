//! The accept loop: TCP to TLS to HTTP/1.1, with a bound on everything a client can hold on to.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::connections::{Entry, Slot, Table};
use super::http::{Client, Handler};
use super::log::Seldom;
use super::metrics::{Metrics, Shed};
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
    /// For the header of a request, once it has begun.
    pub header: Duration,
    /// For silence between two requests. API servers keep idle connections for 90 seconds; closing later than they
    /// do avoids requests lost on a connection that is just being closed.
    pub idle: Duration,
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
            header: Duration::from_secs(10),
            idle: Duration::from_secs(120),
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
    pub(crate) handler: Handler,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) timeouts: Timeouts,
    /// Which connections there are.
    pub(crate) table: Arc<Table>,
    pub(crate) metrics: Arc<Metrics>,
    /// For clients that do not trust the certificate.
    pub(crate) distrust: Arc<Seldom>,
}

/// Held by every open connection: all have ended when nobody holds it.
type Open = mpsc::Sender<Infallible>;

impl Connections {
    /// Serves until the lifecycle ends. Returns whether all open requests got their answer.
    pub(crate) async fn serve(self, listener: TcpListener) -> bool {
        let (open, mut none_open) = mpsc::channel(1);
        tokio::select! {
            () = self.accept(&listener, &open) => {}
            () = self.lifecycle.reached(Phase::Draining) => {}
        }
        // From here on, whoever connects is refused by the system, and can go elsewhere at once.
        drop(listener);
        drop(open);
        tokio::select! {
            // First, since the end closes the connections, which then looks like a drain.
            biased;
            () = self.lifecycle.reached(Phase::Ended) => false,
            _ = none_open.recv() => true,
            () = sleep(self.timeouts.drain) => false,
        }
    }

    /// Accepts connections, for ever.
    async fn accept(&self, listener: &TcpListener, open: &Open) {
        let mut back_off = BACK_OFF.0;
        let mut full = false;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    back_off = BACK_OFF.0;
                    let (slot, crowded) = match self.table.enter() {
                        Entry::Free(slot) => (Some(slot), false),
                        Entry::Taken(slot) => (Some(slot), true),
                        Entry::Full => (None, true),
                    };
                    if crowded && !full {
                        tracing::warn!(%peer, "too many connections: closing those that are silent");
                    }
                    full = crowded;
                    self.metrics.connections(self.table.len());
                    let Some(slot) = slot else {
                        // Closed at once: a client that has to wait would only find out at its deadline.
                        self.metrics.shed(Shed::Connections);
                        continue;
                    };
                    let (connections, open) = (self.clone(), open.clone());
                    tokio::spawn(async move {
                        let _open = open;
                        if let Err(problem) = connections.connection(stream, peer, slot).await {
                            connections.metrics.connection_closed(problem.reason());
                            tracing::debug!(%peer, %problem, "connection ended");
                            if problem.is_distrust() && connections.distrust.now() {
                                tracing::warn!(
                                    %peer,
                                    %problem,
                                    "a client does not trust the certificate: do caBundle, host name and dates fit?"
                                );
                            }
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

    async fn connection(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        slot: Arc<Slot>,
    ) -> Result<(), Problem> {
        // Given back however this ends, by a panic as well.
        let _place = Place { connections: self, slot: &slot };
        tokio::select! {
            ended = self.talk(stream, address, &slot) => ended,
            () = slot.evicted() => Err(Problem::Evicted),
            () = self.lifecycle.reached(Phase::Ended) => Ok(()),
        }
    }

    async fn talk(&self, stream: TcpStream, address: SocketAddr, slot: &Arc<Slot>) -> Result<(), Problem> {
        // Answers are written whole; waiting to fill a packet would only delay them.
        stream.set_nodelay(true)?;
        let stream = tokio::select! {
            biased;
            opened = self.open(stream) => opened?,
            // Whoever has not asked anything yet does not hold up the drain.
            () = self.lifecycle.reached(Phase::Draining) => None,
        };
        let Some(stream) = stream else { return Ok(()) };
        let client = Client { peer: self.tls.peer(stream.get_ref().1), address };
        let service = service_fn(|mut request: Request<Incoming>| {
            slot.busy();
            request.extensions_mut().insert(client);
            let answer = self.handler.answer(request);
            async move {
                let answer = answer.await;
                slot.answered();
                answer
            }
        });
        slot.reading();
        let io = Patience::new(stream, Arc::clone(slot), self.timeouts);
        let mut server = http1::Builder::new();
        // `Patience` has the timers: hyper's would be set anew for every request.
        server.header_read_timeout(None).max_buf_size(MAX_BUFFER);
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(io), service));
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
        let mut stream = timeout(self.timeouts.handshake, handshake)
            .await
            .map_err(|_| Problem::Handshake)?
            .map_err(Problem::Tls)?;
        let first =
            timeout(self.timeouts.first_byte, stream.fill_buf()).await.map_err(|_| Problem::Silent)?;
        let gone = first?.is_empty();
        Ok((!gone).then_some(stream))
    }
}

/// A place in the table, for as long as a connection lasts.
struct Place<'a> {
    connections: &'a Connections,
    slot: &'a Slot,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.connections.table.leave(self.slot);
        self.connections.metrics.connections(self.connections.table.len());
    }
}

/// Why a connection ended before its time.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("no TLS handshake in time")]
    Handshake,
    #[error("no request in time")]
    Silent,
    #[error("its place was needed")]
    Evicted,
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

impl Problem {
    /// Whether the client found the certificate wanting: it says so in different ways (that a signature of another
    /// authority of the same name does not fit is `DecryptError`).
    fn is_distrust(&self) -> bool {
        use rustls::AlertDescription::{
            BadCertificate, CertificateExpired, CertificateUnknown, DecryptError, UnknownCA,
            UnsupportedCertificate,
        };
        let Self::Tls(error) = self else { return false };
        let error = error.get_ref().and_then(|error| error.downcast_ref());
        let Some(rustls::Error::AlertReceived(alert)) = error else { return false };
        matches!(
            alert,
            BadCertificate
                | CertificateExpired
                | CertificateUnknown
                | DecryptError
                | UnknownCA
                | UnsupportedCertificate
        )
    }

    /// For metrics.
    fn reason(&self) -> &'static str {
        match self {
            Self::Handshake => "handshake_timeout",
            Self::Silent => "silent",
            Self::Evicted => "evicted",
            Self::Tls(_) => "handshake",
            Self::Http(error) if is_late(error) => "timeout",
            Self::Io(_) | Self::Http(_) => "broken",
        }
    }
}

/// Whether a connection broke because its client took too long.
fn is_late(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_timeout() || cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

/// Whether an error of `accept` is about the connection that was to be accepted, and not about accepting.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
