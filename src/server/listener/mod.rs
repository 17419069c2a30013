//! Connections: ports, the accept loop, TLS, timeouts and the end of the server.

pub(crate) mod accept;
pub(crate) mod arriving;
pub(crate) mod connections;
pub(crate) mod file_limit;
pub(crate) mod handler;
pub(crate) mod ports;
pub(crate) mod shutdown;
pub(crate) mod table;
pub(crate) mod timeout_stream;
pub(crate) mod timeouts;
