//! Sets of exit codes: what rules of a podFailurePolicy, and a container's restart rules, are about.

/// Exit codes of containers that failed: some of 1 to 255. Windows knows larger ones, which are left out of account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExitCodes([u64; 4]);

impl ExitCodes {
    /// All of them.
    pub const ALL: Self = Self([!1, !0, !0, !0]);

    /// Those of a container that is being stopped: 137, ended by SIGKILL, and 143, by SIGTERM.
    pub const STOPPED: Self = Self([0, 0, 1 << (137 - 128) | 1 << (143 - 128), 0]);

    /// What `operator` makes of `values`; none where it is neither `In` nor `NotIn`.
    pub fn of(operator: &str, values: &[i32]) -> Option<Self> {
        let mut codes = Self::default();
        for code in values.iter().filter_map(|code| u8::try_from(*code).ok()) {
            codes.0[usize::from(code / 64)] |= 1 << (code % 64);
        }
        match operator {
            "In" => Some(codes.and(Self::ALL)),
            "NotIn" => Some(Self::ALL.without(codes)),
            _ => None,
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether `code` is one of them.
    pub fn contains(self, code: u8) -> bool {
        self.0[usize::from(code / 64)] & 1 << (code % 64) != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    /// Whether they are failures in general and not some that a program means something by: exit code 1, which
    /// programs end with where they mean nothing, is among them, or more than half of all codes are.
    pub fn are_general(self) -> bool {
        self.contains(1) || self.0.iter().map(|bits| bits.count_ones()).sum::<u32>() > 127
    }

    /// Whether a container that is stopped may end with one of them.
    pub fn have_stopped(self) -> bool {
        !self.and(Self::STOPPED).is_empty()
    }

    /// Whether a container that is stopped, and does not end well, ends with one of them.
    pub fn are_of_stopped(self) -> bool {
        Self::STOPPED.without(self).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators() {
        let codes = |operator, values: &[i32]| ExitCodes::of(operator, values).unwrap();
        assert_eq!(codes("NotIn", &[0]), ExitCodes::ALL);
        assert_eq!(codes("NotIn", &[]), ExitCodes::ALL);
        assert_eq!(codes("In", &(1..=255).collect::<Vec<_>>()), ExitCodes::ALL);
        assert!(codes("In", &[0, -1, 256, 100_000]).is_empty());
        assert_eq!(ExitCodes::of("Exists", &[1]), None);
        let some = codes("In", &[1, 64, 255]);
        assert!(some.contains(1) && some.contains(64) && some.contains(255) && !some.contains(2));
        assert_eq!(codes("NotIn", &[1, 64, 255]), ExitCodes::ALL.without(some));
        assert_eq!(some.or(codes("In", &[3])).and(codes("In", &[3, 64])), codes("In", &[3, 64]));
    }

    #[test]
    fn which_are_failures_in_general() {
        let general = |operator, values: &[i32]| ExitCodes::of(operator, values).unwrap().are_general();
        assert!(general("In", &[1]));
        assert!(general("NotIn", &[1]));
        assert!(general("In", &(2..=129).collect::<Vec<_>>()));
        assert!(!general("In", &(2..=128).collect::<Vec<_>>()));
        assert!(!general("In", &[42]));
        assert!(!general("In", &[137, 143]));
    }

    #[test]
    fn which_are_of_stopped_containers() {
        let stopped = |operator, values: &[i32]| ExitCodes::of(operator, values).unwrap().are_of_stopped();
        assert!(stopped("NotIn", &[0]) && stopped("NotIn", &[42]) && stopped("In", &[137, 143]));
        assert!(!stopped("In", &[137]) && !stopped("NotIn", &[143]) && !stopped("In", &[1]));
    }
}
