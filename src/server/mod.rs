//! The HTTPS admission webhook.

mod review;
mod text;
mod tls;
