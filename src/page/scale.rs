//! Scales: what shade a count has, and where an axis has its marks.

/// How many shades there are, beside that of nothing.
const SHADES: u64 = 6;

/// Which shade a count has: the more, the stronger. Each shade begins at a part of the highest count that grows with its
/// square, so that a rush at midnight does not make everything else look alike. A page's script reckons the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shades {
    /// The least count of each shade.
    from: Vec<u64>,
    highest: u64,
}

impl Shades {
    /// The shades of counts of which this is the highest.
    pub fn up_to(highest: u64) -> Self {
        let mut from: Vec<u64> = match highest {
            0 => Vec::new(),
            _ => (0..SHADES).map(|step| least(highest, step)).collect(),
        };
        from.dedup();
        Self { from, highest }
    }

    /// The shade of a count, from 1 to 6; 0 for none at all.
    pub fn of(&self, count: u64) -> usize {
        match self.from.partition_point(|least| *least <= count) {
            0 => 0,
            place => self.shade(place - 1),
        }
    }

    /// The shades in use, each with its least and its highest count.
    pub fn legend(&self) -> Vec<(usize, u64, u64)> {
        let until = self.from.iter().skip(1).map(|next| next - 1).chain([self.highest]);
        self.from
            .iter()
            .zip(until)
            .enumerate()
            .map(|(place, (from, until))| (self.shade(place), *from, until))
            .collect()
    }

    /// Where fewer shades are in use, they are spread over all.
    fn shade(&self, place: usize) -> usize {
        match self.from.len() - 1 {
            0 => 4,
            last => 1 + (place * 5 + last / 2) / last,
        }
    }
}

/// The least count of a shade.
fn least(highest: u64, step: u64) -> u64 {
    let part = u128::from(highest) * u128::from(step * step);
    u64::try_from(part.div_ceil(u128::from(SHADES * SHADES))).unwrap_or(u64::MAX).max(1)
}

/// What a level is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pieces.
    Count,
    /// Thousandths of a core, shown as cores.
    Cpu,
    /// Bytes, shown in powers of 1024.
    Bytes,
}

const BYTES: [(&str, i64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Unit {
    /// A level as people read it: `1,200`, `250m`, `1.5 cores`, `2.3 GiB`.
    pub fn words(self, value: i64) -> String {
        match self {
            Self::Count => grouped(value),
            Self::Cpu if value == 1_000 => "1 core".to_owned(),
            Self::Cpu if value < 1_000 => format!("{value}m"),
            Self::Cpu => format!("{} cores", fraction(value, 1_000)),
            Self::Bytes => {
                let (name, unit) = bytes(value);
                format!("{} {name}", fraction(value, unit))
            }
        }
    }

    /// The marks of an axis from 0 up to at least the highest level: at most five, at round numbers.
    pub(super) fn marks(self, highest: i64) -> Vec<(i64, String)> {
        let unit = match self {
            Self::Count => 1,
            Self::Cpu if highest < 1_000 => 1,
            Self::Cpu => 1_000,
            Self::Bytes => bytes(highest).1,
        };
        let step = step(highest, unit);
        let count = highest.max(1).div_euclid(step) + i64::from(highest.max(1).rem_euclid(step) > 0);
        (0..=count)
            .map(|number| number.saturating_mul(step))
            .map(|value| (value, self.mark(value, unit)))
            .collect()
    }

    fn mark(self, value: i64, unit: i64) -> String {
        if value == 0 {
            return "0".to_owned();
        }
        match self {
            Self::Count => compact(value.unsigned_abs()),
            Self::Cpu if unit == 1 => format!("{value}m"),
            Self::Cpu => fraction(value, unit),
            Self::Bytes => {
                let name = BYTES.iter().find(|(_, of)| *of == unit).map_or("B", |(name, _)| name);
                format!("{} {name}", fraction(value, unit))
            }
        }
    }
}

fn bytes(value: i64) -> (&'static str, i64) {
    BYTES.into_iter().find(|(_, unit)| value >= *unit).unwrap_or(("B", 1))
}

/// The distance of marks, at most four of which reach the highest level: 1, 2 or 5 times a power of ten of the unit; where
/// that would be less than 1 of a unit that has parts, halves, fifths and tenths of it.
fn step(highest: i64, unit: i64) -> i64 {
    let enough = |step: &i64| step.saturating_mul(4) >= highest;
    let parts = [10, 5, 2].into_iter().filter(|_| unit >= 1_000).map(|part| unit / part);
    let mut wholes = std::iter::successors(Some(unit), |power| power.checked_mul(10))
        .flat_map(|power| [1, 2, 5].into_iter().filter_map(move |times| power.checked_mul(times)));
    parts.into_iter().find(enough).or_else(|| wholes.find(enough)).unwrap_or(i64::MAX)
}

/// A number of units with at most two digits after the point, fewer where it is large.
fn fraction(value: i64, unit: i64) -> String {
    let digits = match value / unit {
        100.. => 0,
        10.. => 1,
        _ => 2,
    };
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let text = format!("{:.digits$}", value as f64 / unit as f64);
    match text.split_once('.') {
        Some((whole, rest)) => {
            let rest = rest.trim_end_matches('0');
            if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
        }
        None => text,
    }
}

/// A number with its digits in groups of three.
fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    if value < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count in at most four characters: `999`, `1.2k`, `14k`, `3M`. A page's script writes the same.
pub fn compact(count: u64) -> String {
    let (unit, name) = match count {
        0..1_000 => return count.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let tenths = count / (unit / 10);
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{}{name}", tenths / 10)
    } else {
        format!("{}.{}{name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_of_few_and_of_many() {
        assert_eq!(Shades::up_to(0).legend(), []);
        assert_eq!(Shades::up_to(0).of(0), 0);
        assert_eq!(Shades::up_to(1).legend(), [(4, 1, 1)]);
        assert_eq!(Shades::up_to(2).legend(), [(1, 1, 1), (6, 2, 2)]);
        let legend = Shades::up_to(360).legend();
        assert_eq!(legend, [(1, 1, 9), (2, 10, 39), (3, 40, 89), (4, 90, 159), (5, 160, 249), (6, 250, 360)]);
        let shades = Shades::up_to(360);
        assert_eq!([0, 1, 9, 10, 249, 250, 360].map(|count| shades.of(count)), [0, 1, 1, 2, 5, 6, 6]);
        assert_eq!(Shades::up_to(u64::MAX).of(u64::MAX), 6);
    }

    #[test]
    fn levels_in_words() {
        assert_eq!(Unit::Count.words(1_234_567), "1,234,567");
        assert_eq!(
            [0, 250, 1_000, 12_345, 100_400].map(|value| Unit::Cpu.words(value)),
            ["0m", "250m", "1 core", "12.3 cores", "100 cores"]
        );
        assert_eq!(
            [0, 1_023, 1 << 20, 3 << 29].map(|value| Unit::Bytes.words(value)),
            ["0 B", "1023 B", "1 MiB", "1.5 GiB"]
        );
    }

    #[test]
    fn marks_are_round() {
        let marks =
            |unit: Unit, highest| unit.marks(highest).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(marks(Unit::Count, 0), ["0", "1"]);
        assert_eq!(marks(Unit::Count, 3), ["0", "1", "2", "3"]);
        assert_eq!(marks(Unit::Count, 37), ["0", "10", "20", "30", "40"]);
        assert_eq!(marks(Unit::Cpu, 600), ["0", "200m", "400m", "600m"]);
        assert_eq!(marks(Unit::Cpu, 1_500), ["0", "0.5", "1", "1.5"]);
        assert_eq!(marks(Unit::Bytes, 3 << 29), ["0", "0.5 GiB", "1 GiB", "1.5 GiB"]);
        assert_eq!(marks(Unit::Bytes, 0), ["0", "1 B"]);
        assert!(Unit::Count.marks(i64::MAX).len() <= 6);
    }

    #[test]
    fn counts_are_short() {
        assert_eq!(
            [0, 999, 1_000, 1_234, 14_900, 3_000_000].map(compact),
            ["0", "999", "1k", "1.2k", "14k", "3M"]
        );
    }
}
