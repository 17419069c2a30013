//! How long is waited before a retry: the Job controller before it replaces a failed Pod, and the kubelet before it restarts
//! a container in its Pod.

/// The Job controller's first delay, in seconds.
const FIRST: i64 = 10;
/// The Job controller's longest delay, in seconds.
const LONGEST: i64 = 600;
/// From how many failures in a row on the delay is the longest.
pub(super) const STEADY: u64 = 7;

/// The kubelet's first delay, in seconds.
const CRASH_FIRST: i64 = 10;
/// The kubelet's longest delay, in seconds, where the node is not configured otherwise (`crashLoopBackOff.maxContainerRestartPeriod`).
const CRASH_LONGEST: i64 = 300;
/// A container that ran for longer than these seconds is restarted at once, and its delays begin anew.
const CRASH_RESET: i64 = 600;

/// The seconds between the last of so many failures in a row and the next Pod: 10, 20, 40 ... 320, 600, 600 ...
pub(super) fn delay(failures: u64) -> i64 {
    match failures {
        0 => 0,
        1..STEADY => FIRST << (failures - 1),
        _ => LONGEST,
    }
}

/// The delays after so many failures in a row, one at a time, together.
pub(super) fn delays(failures: u64) -> i64 {
    let doubled: i64 = (1..=failures.min(STEADY - 1)).map(delay).sum();
    let steady = i64::try_from(failures.saturating_sub(STEADY - 1)).unwrap_or(i64::MAX);
    doubled.saturating_add(steady.saturating_mul(LONGEST))
}

/// What the kubelet remembers of a container that it restarts: the delay that comes next. None before the first restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CrashLoop(i64);

impl CrashLoop {
    /// The seconds until a container is restarted that ended after `ran` seconds, and what is remembered then.
    ///
    /// The first restart comes at once, and so does one after a long run.
    pub(super) fn restart(self, ran: i64) -> (i64, Self) {
        if self.0 == 0 || ran > CRASH_RESET {
            return (0, Self(CRASH_FIRST));
        }
        (self.0, Self((self.0 * 2).min(CRASH_LONGEST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controllers_delays() {
        let all: Vec<i64> = (0..10).map(delay).collect();
        assert_eq!(all, [0, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert_eq!(delays(0), 0);
        assert_eq!(delays(6), 630);
        assert_eq!(delays(8), 1_830);
        assert_eq!(delays(u64::MAX), i64::MAX);
    }

    #[test]
    fn the_kubelets_delays() {
        let mut state = CrashLoop::default();
        let mut all = Vec::new();
        for ran in [0, 0, 0, 0, 0, 0, 0, 600, 601, 5] {
            let (delay, next) = state.restart(ran);
            all.push(delay);
            state = next;
        }
        assert_eq!(all, [0, 10, 20, 40, 80, 160, 300, 300, 0, 10]);
    }
}
