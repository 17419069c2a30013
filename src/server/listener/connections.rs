//! Connections for reviews: TCP to TLS to HTTP/1.1, with a bound on everything a client can hold on to.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept::{Place, accept};
use super::arriving::Arriving;
use super::handler::{Client, Handler, Reviewed};
use super::shutdown::{Lifecycle, Phase};
use super::table::{Slot, Table};
use super::timeout_stream::TimeoutStream;
use super::timeouts::Timeouts;
use crate::server::metrics::Metrics;
use crate::server::tls::Tls;

/// How much of a connection is held in memory besides the body that is being read, in bytes: also the largest header.
/// An API server's has some 500. A thousand connections that fill it must fit into a small container.
pub(crate) const MAX_BUFFER: usize = 16 << 10;

/// What serves connections.
#[derive(Debug, Clone)]
pub(crate) struct Connections<H> {
    pub(crate) tls: Arc<Tls>,
    /// What answers requests.
    pub(crate) handler: H,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) timeouts: Timeouts,
    /// Which connections there are.
    pub(crate) table: Arc<Table>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Held by every open connection: all have ended once every sender is dropped.
type Open = mpsc::Sender<Infallible>;

impl<H: Handler> Connections<H> {
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
                    untrusted_cert_log(&problem, address);
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
        // Released however this ends, by a panic as well.
        let _place = Place { table: &self.table, slot: &slot, metrics: Some(&self.metrics) };
        let cut_off = only_when_woken(async {
            tokio::select! {
                () = slot.evicted() => Err(Problem::Evicted),
                () = self.lifecycle.reached(Phase::Ended) => Ok(()),
            }
        });
        tokio::select! {
            biased;
            ended = self.serve_connection(stream, address, &slot) => ended,
            ended = cut_off => ended,
        }
    }

    async fn serve_connection(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        slot: &Arc<Slot>,
    ) -> Result<(), Problem> {
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
        let last_request = only_when_woken(async {
            tokio::select! {
                biased;
                () = self.lifecycle.reached(Phase::Draining) => false,
                () = authorities.revoked(shown) => true,
            }
        });
        let revoked = tokio::select! {
            biased;
            ended = connection.as_mut() => return Ok(ended?),
            revoked = last_request => revoked,
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
        // A kubelet opens a new connection for every probe.
        let probe = matches!(request.uri().path(), "/livez" | "/healthz" | "/readyz");
        let mut request = request.map(|body| Arriving::new(body, slot, &self.table));
        request.extensions_mut().insert(client);
        async move {
            let mut response = self.handler.answer(request).await;
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

/// The same future, polled again only once it has been woken itself, and not whenever the task is that it is a part of:
/// a connection is woken several times a request, and what ends it before its time is waited for all along.
async fn only_when_woken<F: Future>(future: F) -> F::Output {
    let mut alone = FuturesUnordered::from_iter([future]);
    match alone.next().await {
        Some(output) => output,
        // There is one, which is taken out but once.
        None => pending().await,
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
    #[error("the client's certificate is no longer trusted")]
    Revoked,
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

impl Problem {
    /// Whether the client rejected the certificate, by whichever alert (a signature of another authority of the same
    /// name is a `DecryptError`).
    fn is_rejected_certificate(&self) -> bool {
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

/// Logs that a client rejected the certificate, if that is the problem: a misconfigured caBundle is seen here first.
fn untrusted_cert_log(problem: &Problem, client: SocketAddr) {
    if problem.is_rejected_certificate() {
        tracing::warn!(
            %client,
            %problem,
            "a client does not trust the certificate: do caBundle, host name and dates fit?"
        );
    }
}

/// Whether a connection broke because its client took too long.
fn is_late(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_timeout() || cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}
