//! Days as Quartz and its relatives write them (`L`, `15W`, `5#2`), which five fields cannot say: what they mean, and what
//! comes nearest.

use super::field_kind::FieldKind;
use super::names::{ordinal, weekday as weekday_name};

/// A day of the month that no list of numbers names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuartzDay {
    /// `L`, `L-3`: so many days before the last one of the month.
    Last {
        /// 0 for the last one itself.
        before: u32,
    },
    /// `LW`, `L-3W`: the day from Monday to Friday nearest to that.
    LastWorking {
        /// As in [`Last`](Self::Last).
        before: u32,
    },
    /// `15W`: the day from Monday to Friday, in the same month, nearest to a date.
    NearestWorking {
        /// The day of the month.
        day: u32,
    },
    /// `5L`, `FRIL`, `5#L`: the last such weekday of the month.
    LastWeekday {
        /// 0 for Sunday, as Kubernetes counts.
        weekday: u32,
        /// Whether it is written as a number, which Quartz itself counts otherwise.
        is_number: bool,
    },
    /// `5#2`, `FRI#2`: the n-th such weekday of the month.
    NthWeekday {
        /// As in [`LastWeekday`](Self::LastWeekday).
        weekday: u32,
        /// From 1.
        nth: u32,
        /// As in [`LastWeekday`](Self::LastWeekday).
        is_number: bool,
    },
    /// `L` for the weekday: the last one of the week, which is Saturday.
    Saturday,
}

/// A number of few digits.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// A weekday, and whether it is a number.
fn weekday(text: &str) -> Option<(u32, bool)> {
    if let Some(number) = number(text) {
        return (number <= 7 && text.len() == 1).then_some((number % 7, true));
    }
    let names = FieldKind::Weekday.names();
    let position = names.iter().position(|name| *name == text)?;
    Some((u32::try_from(position).ok()?, false))
}

impl QuartzDay {
    /// Reads an element, in capitals, of the field `kind`.
    pub(super) fn parse(kind: FieldKind, upper: &str) -> Option<Self> {
        match kind {
            FieldKind::DayOfMonth => {
                if let Some(rest) = upper.strip_prefix('L') {
                    let (rest, is_working) = match rest.strip_suffix('W') {
                        Some(rest) => (rest, true),
                        None => (rest, false),
                    };
                    let before = if rest.is_empty() { 0 } else { number(rest.strip_prefix('-')?)? };
                    return Some(if is_working {
                        Self::LastWorking { before }
                    } else {
                        Self::Last { before }
                    });
                }
                Some(Self::NearestWorking { day: number(upper.strip_suffix('W')?)? })
            }
            FieldKind::Weekday if upper == "L" => Some(Self::Saturday),
            FieldKind::Weekday => {
                let (day, nth) = match upper.split_once('#') {
                    Some((day, "L")) => (day, None),
                    Some((day, nth)) => (day, Some(number(nth)?)),
                    None => (upper.strip_suffix('L')?, None),
                };
                let (weekday, is_number) = weekday(day)?;
                Some(match nth {
                    Some(nth) => Self::NthWeekday { weekday, nth, is_number },
                    None => Self::LastWeekday { weekday, is_number },
                })
            }
            _ => None,
        }
    }

    /// What it means, as a noun; none for a day that there never is.
    pub(super) fn meaning(self) -> Option<String> {
        Some(match self {
            Self::Last { before: 0 } => "the last day of the month".to_owned(),
            Self::Last { before: 1 } => "the last day but one of the month".to_owned(),
            Self::Last { before } if before < 31 => format!("{before} days before the last of the month"),
            Self::LastWorking { before: 0 } => "the last working day of the month".to_owned(),
            Self::LastWorking { before } if before < 31 => {
                format!("the working day nearest to {} before the last of the month", days(before))
            }
            Self::NearestWorking { day: day @ 1..=31 } => {
                format!("the working day nearest to the {}", ordinal(day))
            }
            Self::LastWeekday { weekday, .. } => format!("the last {} of the month", weekday_name(weekday)),
            Self::NthWeekday { weekday, nth: nth @ 1..=5, .. } => {
                format!("the {} {} of the month", ordinal(nth), weekday_name(weekday))
            }
            Self::Saturday => "the last day of the week, Saturday".to_owned(),
            Self::Last { .. }
            | Self::LastWorking { .. }
            | Self::NearestWorking { .. }
            | Self::NthWeekday { .. } => {
                return None;
            }
        })
    }

    /// What is wrong with it: it is written as `found`.
    pub(super) fn problem(self, found: &str) -> String {
        match self.meaning() {
            Some(meaning) => {
                format!("`{found}` ({meaning}) is syntax of Quartz that Kubernetes does not know")
            }
            None => format!(
                "`{found}` is syntax of Quartz that Kubernetes does not know, for a day that no month has"
            ),
        }
    }

    /// The days of the month that it can be, the first and the last.
    fn range(self) -> (u32, u32) {
        match self {
            Self::Last { before } => {
                (28_u32.saturating_sub(before).max(1), 31_u32.saturating_sub(before).max(1))
            }
            // From the Friday before to the Monday after, within the month.
            Self::LastWorking { before: 0 } => (26, 31),
            Self::LastWorking { before } => {
                (27_u32.saturating_sub(before).max(1), 32_u32.saturating_sub(before).max(3))
            }
            Self::NearestWorking { day: 1 } => (1, 3),
            Self::NearestWorking { day: day @ 2..=27 } => (day - 1, day + 1),
            // Perhaps the last of its month.
            Self::NearestWorking { .. } => (26, 31),
            Self::NthWeekday { nth, .. } => {
                let first = nth.saturating_sub(1).saturating_mul(7).saturating_add(1).min(29);
                (first, (first + 6).min(31))
            }
            Self::LastWeekday { .. } | Self::Saturday => (1, 31),
        }
    }

    /// What the field says that comes nearest.
    fn nearest(self) -> String {
        let (first, last) = self.range();
        match self {
            Self::LastWeekday { weekday, .. } | Self::NthWeekday { weekday, .. } => (weekday % 7).to_string(),
            Self::Saturday => "6".to_owned(),
            _ if first == last => first.to_string(),
            _ => format!("{first}-{last}"),
        }
    }

    /// The schedule nearest to `text`, of which the field at byte `start` is this day: none where the field says more, or
    /// where the other one of day and weekday says something, since either is enough for Kubernetes then. The other fields
    /// are taken over as they are, and may be at fault themselves.
    pub(super) fn schedule(self, words: &[(&str, usize)], kind: FieldKind, element: &str) -> Option<String> {
        self.meaning()?;
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let [minute, hour, day, month, weekday] = words.as_slice() else { return None };
        let (own, other) = if kind == FieldKind::Weekday { (*weekday, *day) } else { (*day, *weekday) };
        if own != element || !matches!(other, "*" | "?") {
            return None;
        }
        let nearest = self.nearest();
        Some(match kind {
            FieldKind::Weekday => format!("{minute} {hour} {day} {month} {nearest}"),
            _ => format!("{minute} {hour} {nearest} {month} {weekday}"),
        })
    }

    /// What to do about it; `schedule` is the one that comes nearest.
    pub(super) fn remedy(self, schedule: Option<&str>) -> String {
        let written = schedule.map_or_else(String::new, |schedule| format!(", `{schedule}`,"));
        if self.meaning().is_none() {
            return "leave it out, or write a day that there is".to_owned();
        }
        if self == Self::Saturday {
            return match schedule {
                Some(schedule) => format!("write 6 or SAT for Saturday: `{schedule}`"),
                None => "write 6 or SAT for Saturday".to_owned(),
            };
        }
        let (first, last) = self.range();
        let (on, check) = match self {
            Self::Last { before: 0 } => (None, "tomorrow is the 1st".to_owned()),
            Self::Last { before } => {
                (None, format!("{} are left of the month", days(before)).replace("day are", "day is"))
            }
            Self::LastWorking { before: 0 } => {
                (None, "it is the last day from Monday to Friday of the month".to_owned())
            }
            Self::LastWorking { .. } | Self::NearestWorking { .. } => {
                (None, "it is the working day that is meant".to_owned())
            }
            Self::LastWeekday { weekday, .. } => {
                (Some(weekday), "seven days later another month has begun".to_owned())
            }
            Self::NthWeekday { weekday, .. } => {
                (Some(weekday), format!("the day of the month is from {first} to {last}"))
            }
            // Answered above.
            Self::Saturday => return String::new(),
        };
        let on = match on {
            Some(weekday) => format!("every {}", weekday_name(weekday)),
            None if first == last => format!("day {first}"),
            None => format!("days {first}-{last}"),
        };
        let either = if schedule.is_none() { " (day and weekday together mean either)" } else { "" };
        let mut text = format!(
            "five fields cannot say it: run on {on}{written} and let the program check whether {check}{either}"
        );
        if let Self::LastWeekday { weekday, is_number: true }
        | Self::NthWeekday { weekday, is_number: true, .. } = self
        {
            let there = weekday_name((weekday + 6) % 7);
            text.push_str(&format!(
                "; Quartz itself counts from Sunday as 1, so that from there it is {there}"
            ));
        }
        text
    }
}

fn days(count: u32) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Weekday, date};
    use jiff::{ToSpan as _, Unit};

    use super::*;
    use crate::error::tests::report;

    #[test]
    fn messages() {
        let expressions = [
            "0 2 * * 5L",
            "0 2 ? * FRIL",
            "0 2 1 * 5L",
            "0 2 * * 5L,1",
            "0 0 * * 5#L",
            "0 0 * * 7L",
            "0 0 L * *",
            "0 0 l * ?",
            "0 0 L * 1",
            "0 0 1,L * *",
            "0 0 L-1 * *",
            "0 0 L-3 * *",
            "0 0 L-30 * *",
            "0 0 L-31 * *",
            "0 0 LW * *",
            "0 0 L-3W * *",
            "0 0 15W * *",
            "0 0 1W * *",
            "0 0 31W * *",
            "0 0 32W * *",
            "0 0 * * 5#2",
            "0 0 * * 1#1",
            "0 0 * * MON#5",
            "0 0 * * 1#6",
            "0 0 * * L",
            "0 0 1 * L",
        ];
        insta::assert_snapshot!(expressions.map(report).join("\n"));
    }

    #[test]
    fn the_days_of_the_advice_are_those_that_it_can_be() {
        let is_working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let nearest = |wanted: Date| {
            let same_month = (1..=wanted.days_in_month()).map(|day| date(wanted.year(), wanted.month(), day));
            let distance = |day: &Date| wanted.until((Unit::Day, *day)).unwrap().get_days().abs();
            same_month.filter(is_working).min_by_key(distance).unwrap()
        };
        let mut seen = std::collections::BTreeMap::<String, (u32, u32)>::new();
        let mut note = |element: String, day: Date| {
            let day = u32::from(day.day().unsigned_abs());
            let entry = seen.entry(element).or_insert((day, day));
            *entry = (entry.0.min(day), entry.1.max(day));
        };
        for month in 0..12 * 28 {
            let first = date(2026, 1, 1).checked_add(month.months()).unwrap();
            let last = first.last_of_month();
            for before in 0..31 {
                let Some(day) =
                    last.checked_sub(before.days()).ok().filter(|day| day.month() == first.month())
                else {
                    continue;
                };
                note(format!("L-{before}"), day);
                note(format!("L-{before}W"), nearest(day));
            }
            for day in 1..=last.day() {
                note(format!("{day}W"), nearest(date(first.year(), first.month(), day)));
            }
            for nth in 1..=5 {
                if let Ok(day) = first.nth_weekday_of_month(nth, Weekday::Friday) {
                    note(format!("5#{nth}"), day);
                }
            }
        }
        assert!(seen.len() > 90);
        for (element, (first, last)) in seen {
            let kind = if element.contains('#') { FieldKind::Weekday } else { FieldKind::DayOfMonth };
            let range = QuartzDay::parse(kind, &element).unwrap().range();
            assert!(range.0 <= first && last <= range.1, "{element}: {first}-{last}, not {range:?}");
            assert!(range.1 - range.0 <= last - first + 4, "{element}: {first}-{last}, not {range:?}");
        }
    }
}
