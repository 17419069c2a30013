//! The accept loop: TCP to TLS to HTTP/1.1, with a bound on everything a client can hold on to.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::shutdown::{Lifecycle, Phase};
use super::table::{Entry, Slot, Table};
use super::timeout_stream::TimeoutStream;
use crate::server::http::{Client, Handler, Reviewed};
use crate::server::metrics::{Metrics, Shed};
use crate::server::tls::Tls;

/// The first and the longest wait after the system refused a connection.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How much of a connection is held in memory besides the body that is being read, in bytes: also the largest header.
/// An API server's has some 500. A thousand connections that fill it must fit into a small container.
pub(crate) const MAX_BUFFER: usize = 16 << 10;

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
        // From here on, the system refuses new connections, and clients can go elsewhere at once.
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
        accept(listener, &self.table, &self.metrics, |stream, address, slot| {
            self.metrics.connections(self.table.len());
            let (connections, open) = (self.clone(), open.clone());
            tokio::spawn(async move {
                let _open = open;
                if let Err(problem) = connections.connection(stream, address, slot).await {
                    connections.metrics.connection_closed(problem.reason());
                    tracing::debug!(client = %address, %problem, "connection ended");
                    if problem.is_distrust() {
                        tracing::warn!(
                            client = %address,
                            %problem,
                            "a client does not trust the certificate: do caBundle, host name and dates fit?"
                        );
                    }
                }
            });
        })
        .await;
    }

    async fn connection(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        slot: Arc<Slot>,
    ) -> Result<(), Problem> {
        // Given back however this ends, by a panic as well.
        let _place = Place { table: &self.table, slot: &slot, metrics: Some(&self.metrics) };
        tokio::select! {
            ended = self.talk(stream, address, &slot) => ended,
            () = slot.evicted() => Err(Problem::Evicted),
            () = self.lifecycle.reached(Phase::Ended) => Ok(()),
        }
    }

    async fn talk(&self, stream: TcpStream, address: SocketAddr, slot: &Arc<Slot>) -> Result<(), Problem> {
        // Answers are written whole; waiting to fill a packet would only delay them.
        stream.set_nodelay(true)?;
        let authorities = self.tls.authorities();
        let stream = tokio::select! {
            biased;
            opened = self.open(self.tls.acceptor(), stream) => opened?,
            // A client that has not asked anything yet does not hold up the drain.
            () = self.lifecycle.reached(Phase::Draining) => None,
        };
        let Some(stream) = stream else { return Ok(()) };
        let tls = stream.get_ref().1;
        let client = Client { peer: self.tls.peer(tls), address };
        let shown = tls.peer_certificates().map(<[_]>::to_vec);
        let service = service_fn(|request| self.answer(request, client, slot));
        slot.reading();
        let io = TimeoutStream::new(stream, Arc::clone(slot), self.timeouts);
        let mut server = http1::Builder::new();
        // `TimeoutStream` has the timers: hyper's would be set anew for every request.
        server.header_read_timeout(None).max_buf_size(MAX_BUFFER);
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(io), service));
        let revoked = tokio::select! {
            biased;
            ended = connection.as_mut() => return Ok(ended?),
            () = self.lifecycle.reached(Phase::Draining) => false,
            () = authorities.revoked(shown) => true,
        };
        // A request that is being answered gets its answer, and no other is read.
        connection.as_mut().graceful_shutdown();
        let ended = connection.await;
        if revoked { Err(Problem::Revoked) } else { Ok(ended?) }
    }

    /// Answers one request. That it has come is in the table at once, before the answer is waited for: hyper reads on
    /// in between.
    fn answer(
        &self,
        request: Request<Incoming>,
        client: Client,
        slot: &Arc<Slot>,
    ) -> impl Future<Output = Result<Response, Infallible>> {
        // Nobody asks for the next probe on the same connection, or needs to.
        let probe = matches!(request.uri().path(), "/livez" | "/readyz");
        let mut request = request.map(|body| Arriving::new(body, slot, &self.table));
        request.extensions_mut().insert(client);
        async move {
            let mut response = self.handler.answer(request).await?;
            let reviewed = response.extensions().get::<Reviewed>().is_some();
            if probe || (reviewed && !self.table.trust(slot)) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            slot.answered();
            Ok(response)
        }
    }

    /// Goes as far as the first byte of a request; none where the client leaves before.
    async fn open(
        &self,
        acceptor: TlsAcceptor,
        stream: TcpStream,
    ) -> Result<Option<TlsStream<TcpStream>>, Problem> {
        let mut stream = timeout(self.timeouts.handshake, acceptor.accept(stream))
            .await
            .map_err(|_| Problem::Handshake)?
            .map_err(Problem::Tls)?;
        let first =
            timeout(self.timeouts.first_byte, stream.fill_buf()).await.map_err(|_| Problem::Silent)?;
        let gone = first?.is_empty();
        Ok((!gone).then_some(stream))
    }
}

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

/// A body on its way: says in the table how much of it is there, and when all is.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: Incoming,
    slot: Arc<Slot>,
    table: Arc<Table>,
}

impl Arriving {
    fn new(body: Incoming, slot: &Arc<Slot>, table: &Arc<Table>) -> Self {
        if body.is_end_stream() {
            slot.answering();
        } else {
            slot.receiving();
        }
        Self { body, slot: Arc::clone(slot), table: Arc::clone(table) }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let progress = Pin::new(&mut self.body).poll_frame(context);
        match &progress {
            Poll::Ready(None) => self.slot.answering(),
            Poll::Ready(Some(Ok(frame))) => {
                self.table.received(&self.slot, frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        progress
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
    #[error("nobody vouches for the client any more")]
    Revoked,
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
            Self::Revoked => "revoked",
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
