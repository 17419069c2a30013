//! Taking ports, also on systems that have no IPv6.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use thiserror::Error;

/// How many connections the system completes before they are accepted, as far as it allows. The default of 128 is soon
/// full in a flood, and then every other client waits a second or more until it tries again.
const BACKLOG: u32 = 4096;

/// Why a port cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The port.
    #[error("cannot listen on {address}: {}", explain(.error))]
    Listen {
        /// Where it was tried.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// One port for two things.
    #[error("reviews and metrics cannot both be served on {0}: choose another port for one of them")]
    SamePort(SocketAddr),
}

/// A port that was taken, and the address that it has.
type Taken<L> = (L, SocketAddr);

/// Takes the port for reviews, and the one for metrics where there is one.
///
/// # Errors
/// When one cannot be had, or both are the same.
pub(crate) fn listen(
    reviews: SocketAddr,
    metrics: Option<SocketAddr>,
) -> Result<(Taken<TcpListener>, Option<Taken<TcpListener>>), ListenError> {
    listen_by(reviews, metrics, open)
}

/// The same, with the function that opens a port.
fn listen_by<L>(
    reviews: SocketAddr,
    metrics: Option<SocketAddr>,
    open: impl Fn(SocketAddr) -> io::Result<Taken<L>>,
) -> Result<(Taken<L>, Option<Taken<L>>), ListenError> {
    if let Some(metrics) = metrics.filter(|metrics| clash(reviews, *metrics)) {
        return Err(ListenError::SamePort(metrics));
    }
    let mut without_ipv6 = false;
    let mut take = |address: SocketAddr| {
        let error = match open(address) {
            Ok(taken) => return Ok(taken),
            Err(error) => error,
        };
        // An address that is named is the one that is wanted; `[::]` stands for all there are.
        if address.ip() != IpAddr::from(std::net::Ipv6Addr::UNSPECIFIED) || !is_without_ipv6(&error) {
            return Err(ListenError::Listen { address, error });
        }
        without_ipv6 = true;
        let address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
        open(address).map_err(|error| ListenError::Listen { address, error })
    };
    let reviews = take(reviews)?;
    let metrics = metrics.map(&mut take).transpose()?;
    if without_ipv6 {
        tracing::info!("this system has no IPv6: listening on 0.0.0.0 instead of [::]");
    }
    Ok((reviews, metrics))
}

/// Whether two addresses take the same port, as the system sees it: `[::]` and `0.0.0.0` take it on every interface.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| {
        wide == narrow
            || (wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4() || narrow.is_unspecified()))
    };
    one.port() == other.port()
        && one.port() != 0
        && (covers(one.ip(), other.ip()) || covers(other.ip(), one.ip()))
}

/// Whether there can be no IPv6 socket at all. A kernel that was started with `ipv6.disable=1`, or built without, knows
/// no such family of addresses; other systems make the socket, and then have nothing that `[::]` could stand for.
fn is_without_ipv6(error: &io::Error) -> bool {
    if error.kind() == io::ErrorKind::AddrNotAvailable {
        return true;
    }
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(Errno::from_io_error(error), Some(Errno::AFNOSUPPORT | Errno::PFNOSUPPORT))
    }
    #[cfg(not(unix))]
    {
        // WSAEPFNOSUPPORT and WSAEAFNOSUPPORT.
        matches!(error.raw_os_error(), Some(10046 | 10047))
    }
}

/// The cause, in words.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program has the port; choose another one".to_owned(),
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges; choose a higher one".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no network interface here has that address".to_owned(),
        _ if is_without_ipv6(error) => {
            "this system has no IPv6; give an IPv4 address, such as 0.0.0.0".to_owned()
        }
        _ => error.to_string(),
    }
}

fn open(address: SocketAddr) -> io::Result<Taken<TcpListener>> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As `TcpListener::bind` does: on Windows it means something else.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // `[::]` is to stand for IPv4 as well, also where the system's own default (net.ipv6.bindv6only) is otherwise.
    #[cfg(unix)]
    if address.is_ipv6() && address.ip().is_unspecified() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    }
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::level_filters::LevelFilter;
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[cfg(unix)]
    fn no_such_family() -> io::Error {
        rustix::io::Errno::AFNOSUPPORT.into()
    }

    #[cfg(not(unix))]
    fn no_such_family() -> io::Error {
        io::Error::from_raw_os_error(10047)
    }

    /// A system whose IPv6 sockets all fail, and whose others are their address.
    fn without_ipv6(error: fn() -> io::Error) -> impl Fn(SocketAddr) -> io::Result<Taken<()>> {
        move |address| if address.is_ipv6() { Err(error()) } else { Ok(((), address)) }
    }

    #[derive(Debug, Default, Clone)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            let _ = write!(self.0, "{}={value:?} ", field.name());
        }
    }

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }

    fn logged(act: impl FnOnce()) -> Vec<String> {
        let lines = Lines::default();
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(LevelFilter::INFO).with(lines.clone()),
            act,
        );
        lines.0.lock().unwrap().clone()
    }

    #[test]
    fn without_ipv6_both_ports_are_taken_on_ipv4_and_one_line_says_so() {
        for error in [no_such_family, || io::ErrorKind::AddrNotAvailable.into()] {
            let lines = logged(|| {
                let taken =
                    listen_by(address("[::]:8443"), Some(address("[::]:8080")), without_ipv6(error)).unwrap();
                assert_eq!(taken.0.1, address("0.0.0.0:8443"));
                assert_eq!(taken.1.unwrap().1, address("0.0.0.0:8080"));
            });
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains("no IPv6"), "{lines:?}");
        }
    }

    #[test]
    fn with_ipv6_nothing_is_said() {
        let lines = logged(|| {
            let all = |address: SocketAddr| Ok(((), address));
            let taken = listen_by(address("[::]:8443"), None, all).unwrap();
            assert_eq!(taken.0.1, address("[::]:8443"));
            // An IPv4 address is taken as it is, without a log line.
            listen_by(address("0.0.0.0:8443"), None, without_ipv6(no_such_family)).unwrap();
        });
        assert!(lines.is_empty(), "{lines:?}");
    }

    #[test]
    fn an_address_that_is_named_is_not_replaced() {
        let error = listen_by(address("[::1]:8443"), None, without_ipv6(no_such_family)).unwrap_err();
        assert!(error.to_string().contains("no IPv6; give an IPv4 address"), "{error}");
        let taken = |_: SocketAddr| -> io::Result<Taken<()>> { Err(io::ErrorKind::AddrInUse.into()) };
        let error = listen_by(address("[::]:8443"), None, taken).unwrap_err();
        assert!(error.to_string().contains("[::]:8443: another program has the port"), "{error}");
    }

    #[test]
    fn one_port_is_not_taken_twice() {
        for (one, other, same) in [
            ("[::]:8443", "[::]:8443", true),
            ("[::]:8443", "0.0.0.0:8443", true),
            ("127.0.0.1:8443", "[::]:8443", true),
            ("127.0.0.1:8443", "0.0.0.0:8443", true),
            ("0.0.0.0:8443", "[::1]:8443", false),
            ("127.0.0.1:8443", "127.0.0.2:8443", false),
            ("[::]:8443", "[::]:8080", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            let all = |address: SocketAddr| Ok(((), address));
            let taken = listen_by(address(one), Some(address(other)), all);
            assert_eq!(matches!(taken, Err(ListenError::SamePort(_))), same, "{one} {other}");
        }
    }

    #[tokio::test]
    async fn all_of_ipv6_is_all_of_ipv4_as_well() {
        let ((listener, taken), _) = listen(address("[::]:0"), None).unwrap();
        let client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, taken.port())).unwrap();
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from.port(), client.local_addr().unwrap().port());
    }
}
