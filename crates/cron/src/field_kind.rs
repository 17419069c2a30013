//! The five fields by kind: their bounds, and the names of their values.

use std::fmt;

/// Which of the five fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or `JAN` to `DEC`.
    Month,
    /// 0 (Sunday) to 6, or `SUN` to `SAT`.
    Weekday,
}

impl FieldKind {
    /// All five, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::Weekday];

    /// The smallest value.
    pub const fn min(self) -> u8 {
        match self {
            Self::Minute | Self::Hour | Self::Weekday => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    /// The greatest value.
    pub const fn max(self) -> u8 {
        match self {
            Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::Weekday => 6,
        }
    }

    /// The names of the values, the first of them that of [`FieldKind::min`]; empty for most fields.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => {
                &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            }
            Self::Weekday => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
            _ => &[],
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::Weekday => "weekday",
        })
    }
}
