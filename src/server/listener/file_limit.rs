//! The limit on open files, which the connections of both ports share.

use super::table::LEAVING;

/// How many files the process needs besides its connections: ports, logs, certificates, policies, watches.
const OTHER_FILES: usize = 64;

/// How many connections each port may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// For reviews.
    pub(crate) reviews: usize,
    /// For operators.
    pub(crate) operators: usize,
}

impl ConnectionLimits {
    /// As many connections for reviews as were asked for, or as `files` descriptors allow where they are bounded.
    fn within(asked: Self, files: Option<u64>) -> Self {
        let Some(files) = files else { return asked };
        let others = asked.operators + 2 * LEAVING + OTHER_FILES;
        let possible = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(others).max(1);
        Self { reviews: asked.reviews.min(possible), ..asked }
    }

    /// How many file descriptors it needs.
    fn files(self) -> u64 {
        (self.reviews + self.operators + 2 * LEAVING + OTHER_FILES) as u64
    }

    /// Raises the soft limit on open files to what is `asked` for, as far as the hard limit allows, and returns what is
    /// possible then.
    pub(crate) fn open(asked: Self) -> Self {
        let limits = Self::within(asked, raise(asked.files()));
        if limits != asked {
            tracing::warn!(
                asked = asked.reviews,
                possible = limits.reviews,
                "the limit on open files allows fewer connections"
            );
        }
        limits
    }
}

/// Raises the soft limit on open files to `needed`, if it is lower and as far as that is possible. Returns what it is
/// then; none where there is none.
#[cfg(unix)]
fn raise(needed: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let soft = now.current?;
    let wanted = now.maximum.map_or(needed, |hard| needed.min(hard));
    if wanted <= soft {
        return Some(soft);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: now.maximum }) {
        Ok(()) => Some(wanted),
        Err(error) => {
            tracing::warn!(%error, wanted, "the limit on open files cannot be raised");
            Some(soft)
        }
    }
}

#[cfg(not(unix))]
fn raise(_: u64) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ports_fit_into_the_limit() {
        let asked = ConnectionLimits { reviews: 1024, operators: 64 };
        assert_eq!(ConnectionLimits::within(asked, None), asked);
        assert_eq!(ConnectionLimits::within(asked, Some(asked.files())), asked);
        let less = ConnectionLimits::within(asked, Some(1024));
        assert!(less.reviews < 1024 && less.files() == 1024, "{less:?}");
        assert_eq!(less.operators, 64);
        assert_eq!(ConnectionLimits::within(asked, Some(10)).reviews, 1);
    }
}
