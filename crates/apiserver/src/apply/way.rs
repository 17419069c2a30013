//! The two ways to apply a manifest.

/// A way to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a strategic merge patch, as `kubectl apply` does.
    Strategic,
    /// By the server, as `kubectl apply --server-side` asks it to.
    ServerSide,
}
