//! How long certificates last, as the server's operator may set.

use std::time::Duration;

use thiserror::Error;

use super::state::Terms;

/// Clocks may be an hour apart, or this part of an authority's life where that is less.
const SKEW_PART: i64 = 24;

/// The shortest time that certificates may last: they are looked at every second at the most.
const SHORTEST: Duration = Duration::from_secs(10);

/// How long, in seconds, a certificate is served that a `caBundle` ceased to verify: the time in which replicas fill it
/// again if they can at all.
const GRACE: i64 = 10;

/// How often, in the time that an authority lasts, API servers must be able to hear of another.
const SETTLES: u32 = 10;

/// How long certificates last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// An authority. The next one is made when a third of this is left.
    pub authority: Duration,
    /// A replica's certificate. The next one is made when a third of this is left.
    pub certificate: Duration,
    /// How long a new authority is published before it signs: as long as an API server may take to hear of it.
    pub settle: Duration,
}

impl Default for Lifetimes {
    /// A year, a day and five minutes.
    fn default() -> Self {
        Self {
            authority: Duration::from_secs(365 * 24 * 3600),
            certificate: Duration::from_secs(24 * 3600),
            settle: Duration::from_secs(300),
        }
    }
}

/// Why certificates cannot last that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LifetimesError {
    /// No time to be heard of.
    #[error("--ca-settle: API servers need at least a second to hear of a new authority")]
    Settle,
    /// Renewed before it is heard of.
    #[error(
        "--ca-lifetime must be at least {SETTLES} times --ca-settle: the next authority has to be known everywhere \
         before this one ends"
    )]
    Authority,
    /// Renewed all the time.
    #[error("--certificate-lifetime must be at least {}s", SHORTEST.as_secs())]
    Certificate,
    /// Cut short by its authority's end.
    #[error(
        "--certificate-lifetime must be at most half of --ca-lifetime: no certificate outlives its authority"
    )]
    Outlives,
}

impl Lifetimes {
    /// Whether certificates can be renewed in time.
    ///
    /// # Errors
    ///
    /// One lasts too long or not long enough beside the others.
    pub fn check(&self) -> Result<(), LifetimesError> {
        if self.settle < Duration::from_secs(1) {
            return Err(LifetimesError::Settle);
        }
        if self.certificate < SHORTEST {
            return Err(LifetimesError::Certificate);
        }
        if self.authority / SETTLES < self.settle {
            return Err(LifetimesError::Authority);
        }
        if self.authority / 2 < self.certificate {
            return Err(LifetimesError::Outlives);
        }
        Ok(())
    }

    /// The same in whole seconds.
    pub(super) fn terms(&self) -> Terms {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let authority = seconds(self.authority);
        Terms {
            authority,
            leaf: seconds(self.certificate),
            skew: (authority / SKEW_PART).min(3600),
            // Never less than asked: of the first second and of the last, a part only may have passed.
            settle: seconds(self.settle).saturating_add(1 + i64::from(self.settle.subsec_nanos() > 0)),
            grace: GRACE,
        }
    }

    /// How often to look while all is well, beside the watches: often enough that nothing that is due waits for long.
    pub(super) fn pause(&self) -> Duration {
        (self.certificate / 12).min(self.settle / 3).clamp(Duration::from_secs(1), Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetimes(authority: u64, certificate: u64, settle: u64) -> Lifetimes {
        let [authority, certificate, settle] = [authority, certificate, settle].map(Duration::from_secs);
        Lifetimes { authority, certificate, settle }
    }

    #[test]
    fn what_can_be_kept_up() {
        assert_eq!(Lifetimes::default().check(), Ok(()));
        assert_eq!(lifetimes(30, 12, 3).check(), Ok(()));
        assert_eq!(lifetimes(30, 12, 0).check(), Err(LifetimesError::Settle));
        assert_eq!(lifetimes(29, 12, 3).check(), Err(LifetimesError::Authority));
        assert_eq!(lifetimes(30, 9, 3).check(), Err(LifetimesError::Certificate));
        assert_eq!(lifetimes(30, 16, 3).check(), Err(LifetimesError::Outlives));
        assert_eq!(lifetimes(u64::MAX, u64::MAX, u64::MAX).check(), Err(LifetimesError::Authority));
    }

    #[test]
    fn in_seconds() {
        let usual = Lifetimes::default();
        assert_eq!(
            usual.terms(),
            Terms { authority: 31_536_000, leaf: 86_400, skew: 3600, settle: 301, grace: 10 }
        );
        assert_eq!(usual.pause(), Duration::from_secs(10));
        let short = Lifetimes { settle: Duration::from_millis(2100), ..lifetimes(30, 12, 0) };
        assert_eq!(short.terms(), Terms { authority: 30, leaf: 12, skew: 1, settle: 4, grace: 10 });
        assert_eq!(short.pause(), Duration::from_secs(1));
    }
}
