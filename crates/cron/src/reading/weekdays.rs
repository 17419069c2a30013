//! The weekdays of other programs: which day each counts as 1.

use crate::field::FieldSet;
use crate::field_kind::FieldKind;

/// How a program counts weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// 1 is Sunday, 7 Saturday; a range may go on from Saturday to Sunday.
    FromOneAround,
    /// The same, but no range does.
    FromOne,
    /// 0 and 7 are Sunday, and what has no end goes from Monday to Sunday.
    MondayFirst,
    /// 0 and 7 are Sunday, and what has no end goes from Sunday to Saturday.
    ZeroOrSeven,
}

impl Count {
    fn ends(self) -> (u8, u8) {
        match self {
            Self::FromOneAround | Self::FromOne | Self::MondayFirst => (1, 7),
            Self::ZeroOrSeven => (0, 7),
        }
    }

    /// The number that a name stands for; 0 is Sunday.
    fn number_of(self, weekday: u8) -> u8 {
        match self {
            Self::FromOneAround | Self::FromOne => weekday + 1,
            Self::MondayFirst if weekday == 0 => 7,
            _ => weekday,
        }
    }

    /// The weekday of a number, as Kubernetes counts; numbers beyond the end go around.
    pub(super) fn weekday(self, number: u8) -> u8 {
        match self {
            Self::FromOneAround | Self::FromOne => (number + 6) % 7,
            _ => number % 7,
        }
    }

    fn value(self, text: &str) -> Option<u8> {
        if let Some(position) =
            FieldKind::Weekday.names().iter().position(|name| name.eq_ignore_ascii_case(text))
        {
            return Some(self.number_of(u8::try_from(position).ok()?));
        }
        let is_digit = text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit());
        let (first, last) = self.ends();
        let first = if self == Self::MondayFirst { 0 } else { first };
        text.parse().ok().filter(|number| is_digit && (first..=last).contains(number))
    }

    /// The days of a field, as Kubernetes counts them; none for what the program refuses.
    pub(super) fn days(self, field: &str) -> Option<FieldSet> {
        field
            .split(',')
            .try_fold(FieldSet::default(), |days, element| Some(days.union(self.element(element)?)))
    }

    fn element(self, element: &str) -> Option<FieldSet> {
        let (range, step) = match element.split_once('/') {
            Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| (1..=7).contains(step))?),
            None => (element, 1),
        };
        let (_, end) = self.ends();
        let (first, last) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => self.ends(),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if element.contains('/') => (self.value(range)?, end),
            None => (self.value(range)?, self.value(range)?),
        };
        let (first, last) = match self {
            Self::FromOneAround if first > last => (first, last + 7),
            // Sunday before Monday.
            Self::MondayFirst if first == 7 && last < 7 => (0, last),
            _ if first > last => return None,
            _ => (first, last),
        };
        let one = |number: u8| 1 << self.weekday(number);
        Some(FieldSet::from_bits(
            (first..=last).step_by(step.into()).fold(0, |bits, number| bits | one(number)),
        ))
    }
}

/// Days by their names, as every program reads them; `*` for all.
pub(super) fn names(days: FieldSet) -> String {
    if days.len() == 7 {
        return "*".to_owned();
    }
    let mut names = Vec::new();
    let mut rest = days.iter().peekable();
    while let Some(first) = rest.next() {
        let mut last = first;
        while let Some(next) = rest.next_if_eq(&(last + 1)) {
            last = next;
        }
        let name = |day: u8| FieldKind::Weekday.names()[usize::from(day)];
        if last > first + 1 {
            names.push(format!("{}-{}", name(first), name(last)));
        } else {
            names.extend((first..=last).map(|day| name(day).to_owned()));
        }
    }
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_monday() {
        let days = |count: Count, field: &str| count.days(field).map(names).unwrap_or_default();
        use Count::{FromOne, FromOneAround, MondayFirst, ZeroOrSeven};
        for (field, quartz, spring, crontab) in [
            ("2", "MON", "TUE", "TUE"),
            ("2-6", "MON-FRI", "TUE-SAT", "TUE-SAT"),
            ("MON-FRI", "MON-FRI", "MON-FRI", "MON-FRI"),
            ("*", "*", "*", "*"),
            ("*/2", "SUN,TUE,THU,SAT", "SUN,MON,WED,FRI", "SUN,TUE,THU,SAT"),
            ("2/2", "MON,WED,FRI", "TUE,THU,SAT", "TUE,THU,SAT"),
            ("7", "SAT", "SUN", "SUN"),
            ("0", "", "SUN", "SUN"),
            ("6-2", "SUN,MON,FRI,SAT", "", ""),
            ("FRI-MON", "SUN,MON,FRI,SAT", "", ""),
            ("FRI-SUN", "SUN,FRI,SAT", "SUN,FRI,SAT", ""),
            ("SUN-TUE", "SUN-TUE", "SUN-TUE", "SUN-TUE"),
            ("1-7", "*", "*", "*"),
            ("0-7", "", "*", "*"),
            ("mon,wed", "MON,WED", "MON,WED", "MON,WED"),
            ("8", "", "", ""),
            ("+1", "", "", ""),
            ("1/0", "", "", ""),
            ("x", "", "", ""),
            (",", "", "", ""),
        ] {
            let found = [FromOneAround, MondayFirst, ZeroOrSeven].map(|count| days(count, field));
            assert_eq!(found, [quartz, spring, crontab], "{field}");
        }
        assert_eq!(days(FromOne, "6-2"), "");
        assert_eq!(days(FromOne, "2-6"), "MON-FRI");
    }
}
