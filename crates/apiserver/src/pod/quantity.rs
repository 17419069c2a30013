//! Resource quantities (`resource.Quantity` of the Kubernetes API): `500m`, `1.5Gi`, `2e3`.
//!
//! The server keeps short numbers as a 64-bit integer with a power of ten, and all others as an arbitrary decimal
//! with a fixed number of decimal places. The two differ in how they overflow and in when the text is kept as
//! written, and a few rules show that; hence both are modelled here.

use std::cmp::Ordering;

use super::decimal::Decimal;

/// The most decimal digits that a short number may have.
const SHORT_DIGITS: i32 = 18;
/// Decimal places of the least quantity there is.
const NANO_PLACES: i32 = 9;
/// Decimal places of a resource amount in a stored object.
const MILLI_PLACES: i32 = 3;

/// The family of suffixes that a quantity was written with, and is written with again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`.
    BinarySi,
    /// `12M`.
    DecimalSi,
}

#[derive(Debug, Clone, PartialEq)]
enum Amount {
    /// `value * 10^scale`.
    Short { value: i64, scale: i32 },
    /// A number that the server keeps with `places` decimal places (negative: whole powers of ten).
    Long { number: Decimal, places: i32 },
}

/// A quantity in thousandths, rounded up; none for what is no quantity, or as good as infinite.
///
/// ```
/// use jobguard_apiserver::quantity_in_milli;
/// assert_eq!(quantity_in_milli("1.5"), Some(1_500));
/// assert_eq!(quantity_in_milli("1Ki"), Some(1_024_000));
/// assert_eq!(quantity_in_milli("much"), None);
/// ```
pub fn quantity_in_milli(text: &str) -> Option<i128> {
    Quantity::parse(text).ok()?.milli()
}

/// An amount of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Quantity {
    amount: Amount,
    format: Format,
    /// The text as written, when it counts as canonical.
    text: Option<String>,
}

/// A text that is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuantityError {
    /// Not a number with a suffix.
    #[error("write a number, then a unit such as m, k, M, G, Ki, Mi or Gi if need be")]
    Format,
    /// The part before the suffix is no number.
    #[error("write digits before the unit")]
    Number,
    /// Not a suffix that there is.
    #[error(
        "use one of the units n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, or an exponent such as e3"
    )]
    Suffix,
}

impl Default for Quantity {
    /// Zero.
    fn default() -> Self {
        Self { amount: Amount::Short { value: 0, scale: 0 }, format: Format::DecimalSi, text: None }
    }
}

impl Quantity {
    /// Reads a quantity, without space around it.
    ///
    /// # Errors
    /// When the text is not a number with one of the known suffixes.
    pub(crate) fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let Pieces { negative, value, whole, fraction, suffix } = split(text)?;
        let (exponent, format) = read_suffix(suffix).ok_or(QuantityError::Suffix)?;

        let digits = (whole.len() + fraction.len()).min(1000) as i32;
        let (room, factor) = match format {
            Format::DecimalExponent | Format::DecimalSi => (SHORT_DIGITS - digits, 1),
            Format::BinarySi if fraction.is_empty() => {
                (15 - digits - exponent * 3 / 10 - 1, 1_i64 << exponent.clamp(0, 60))
            }
            Format::BinarySi => (-1, 1),
        };
        let scale = match format {
            Format::BinarySi => 0,
            _ => exponent.wrapping_sub(fraction.len() as i32),
        };
        if room >= 0 && scale >= -NANO_PLACES {
            let digits = whole.bytes().chain(fraction.bytes());
            let append = |number: i64, digit: u8| number * 10 + i64::from(digit - b'0');
            let unsigned = digits.clone().fold(0, append);
            if let Some(product) = unsigned.checked_mul(factor) {
                let canonical = match format {
                    Format::BinarySi => unsigned & 7 != 0,
                    _ => {
                        let ends_in_zeros = digits.clone().rev().take(3).eq(*b"000");
                        scale % 3 == 0 && !ends_in_zeros && !whole.starts_with('0')
                    }
                } || text == "0";
                let value = if negative { -product } else { product };
                let text = canonical.then(|| text.to_owned());
                return Ok(Self { amount: Amount::Short { value, scale }, format, text });
            }
        }
        Self::parse_long(negative, value, exponent, format)
    }

    fn parse_long(negative: bool, value: &str, exponent: i32, format: Format) -> Result<Self, QuantityError> {
        let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
        let digits: Vec<u8> = unsigned.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
        if digits.is_empty() {
            return Err(QuantityError::Number);
        }
        let mut places = unsigned.find('.').map_or(0, |dot| (unsigned.len() - dot - 1) as i32);
        let mut format = format;
        let mut number;
        if format == Format::BinarySi {
            number = Decimal::new(false, digits, -i64::from(places));
            number = number.times_power_of_two(exponent.unsigned_abs());
        } else {
            places = places.wrapping_sub(exponent);
            number = Decimal::new(false, digits, -i64::from(places));
        }
        if !number.is_zero() {
            number = number.round_up(i64::from(NANO_PLACES));
            places = NANO_PLACES;
        }
        if format == Format::BinarySi {
            let most = Decimal::from_int(i64::MAX, 0);
            if number > most {
                (number, places) = (most, 0);
            }
            if number < Decimal::from_int(1, 0) && !number.is_zero() {
                format = Format::DecimalSi;
            }
        }
        if negative {
            number = number.negate();
        }
        Ok(Self { amount: Amount::Long { number, places }, format, text: None })
    }

    /// Whether this is below zero.
    pub(crate) fn is_negative(&self) -> bool {
        match &self.amount {
            Amount::Short { value, .. } => *value < 0,
            Amount::Long { number, .. } => number.is_negative(),
        }
    }

    /// Whether this is zero.
    pub(crate) fn is_zero(&self) -> bool {
        match &self.amount {
            Amount::Short { value, .. } => *value == 0,
            Amount::Long { number, .. } => number.is_zero(),
        }
    }

    /// The exact number.
    pub(super) fn decimal(&self) -> Decimal {
        match &self.amount {
            Amount::Short { value, scale } => Decimal::from_int(*value, i64::from(*scale)),
            Amount::Long { number, .. } => number.clone(),
        }
    }

    /// In thousandths, rounded up; none where that is a number of more than 36 digits.
    fn milli(self) -> Option<i128> {
        const MOST_DIGITS: i64 = 36;
        let number = self.round_up_to_milli().decimal();
        let (digits, exponent) = number.parts();
        // Rounded to thousandths, so that this is not negative.
        let zeros = exponent.saturating_add(i64::from(MILLI_PLACES));
        if (digits.len() as i64).saturating_add(zeros) > MOST_DIGITS {
            return None;
        }
        let value = digits.iter().fold(0_i128, |value, digit| value * 10 + i128::from(*digit));
        let value = value * 10_i128.pow(u32::try_from(zeros).ok()?);
        Some(if number.is_negative() { -value } else { value })
    }

    /// Rounds up to thousandths, away from zero: what the server does with the resources of an object that it reads.
    #[must_use]
    pub(crate) fn round_up_to_milli(self) -> Self {
        let Self { amount, format, text } = self;
        match amount {
            Amount::Short { scale, .. } if scale >= -MILLI_PLACES => Self { amount, format, text },
            Amount::Short { value, scale } => {
                let value = shrink(value, -MILLI_PLACES - scale).0;
                Self { amount: Amount::Short { value, scale: -MILLI_PLACES }, format, text: None }
            }
            Amount::Long { number, .. } => {
                let number = number.round_up(i64::from(MILLI_PLACES));
                Self { amount: Amount::Long { number, places: MILLI_PLACES }, format, text: None }
            }
        }
    }

    /// This number as the server has it once it has compared it with `other`: a long number makes the other one
    /// long too, and the two kinds overflow in different ways.
    #[must_use]
    pub(crate) fn once_compared_with(self, other: &Self) -> Self {
        if matches!(other.amount, Amount::Long { .. }) { self.lengthened() } else { self }
    }

    fn lengthened(self) -> Self {
        let amount = match self.amount {
            Amount::Short { value, scale } => {
                let number = Decimal::from_int(value, i64::from(scale));
                Amount::Long { number, places: scale.saturating_neg() }
            }
            long => long,
        };
        Self { amount, ..self }
    }

    /// The whole number, rounded up. A number too large for 64 bits gives what the server's arithmetic gives.
    pub(crate) fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// Whether this counts as a whole number.
    pub(crate) fn is_whole(&self) -> bool {
        self.scaled(MILLI_PLACES) % 1000 == 0
    }

    /// This times `10^places`, rounded up, as far as 64 bits go.
    fn scaled(&self, places: i32) -> i64 {
        match &self.amount {
            Amount::Short { value, scale } if *scale < -places => shrink(*value, -places - scale).0,
            Amount::Short { value, scale } => grow(*value, i64::from(*scale) + i64::from(places)),
            Amount::Long { number, places: kept } if *kept <= places => {
                // The server's power of ten is a floating-point number turned into an integer.
                let power = u32::try_from(places.saturating_sub(*kept)).unwrap_or(0);
                let factor = 10_i64.checked_pow(power).unwrap_or(i64::MIN);
                number.low_bits(i64::from(*kept)).0.wrapping_mul(factor)
            }
            Amount::Long { number, .. } => {
                let (bits, rest) = number.low_bits(i64::from(places));
                bits.wrapping_add(i64::from(rest))
            }
        }
    }

    /// The canonical form, if it reads back as the same amount, counted in the same way. That of a number beyond
    /// the largest unit does not; the server stores it all the same, but validates what it has read.
    pub(crate) fn faithful(&self) -> Option<String> {
        if let Some(text) = &self.text {
            // Kept as written: read again, it is the same again.
            return Some(text.clone());
        }
        let text = self.canonical();
        let read = Self::parse(&text).ok()?;
        if let (Amount::Short { .. }, true) = (&read.amount, read.amount == self.amount) {
            // All that is compared below comes from the amount.
            return Some(text);
        }
        let same = read == *self
            && read.is_whole() == self.is_whole()
            && read.value() == self.value()
            && read.lengthened().value() == self.clone().lengthened().value();
        same.then_some(text)
    }

    /// This quantity in canonical form.
    pub(crate) fn canonical(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        if self.is_zero() {
            return "0".to_owned();
        }
        if let (Format::BinarySi, Amount::Short { value, scale: 0 }) = (self.format, &self.amount)
            && value.unsigned_abs() >= 1024
        {
            return in_binary_units(*value);
        }
        let number = self.decimal();
        if self.format == Format::BinarySi
            && (number <= Decimal::from_int(-1024, 0) || number >= Decimal::from_int(1024, 0))
        {
            let (whole, rest) = number.low_bits(0);
            if !rest {
                return in_binary_units(whole);
            }
        }
        let (digits, exponent) = number.parts();
        let zeros = exponent.rem_euclid(3);
        let mut text = String::from(if number.is_negative() { "-" } else { "" });
        text.extend(digits.iter().map(|digit| char::from(b'0' + digit)));
        text.extend((0..zeros).map(|_| '0'));
        let exponent = exponent - zeros;
        if self.format == Format::DecimalExponent {
            if exponent != 0 {
                text.push_str(&format!("e{exponent}"));
            }
        } else {
            // Beyond its units the server writes none at all.
            text.push_str(match exponent {
                -9 => "n",
                -6 => "u",
                -3 => "m",
                3 => "k",
                6 => "M",
                9 => "G",
                12 => "T",
                15 => "P",
                18 => "E",
                _ => "",
            });
        }
        text
    }
}

impl PartialEq for Quantity {
    /// Equal amounts, however they are written.
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.amount, &other.amount) {
            (Amount::Short { value: a, scale: s }, Amount::Short { value: b, scale: t }) if s == t => {
                a.cmp(b)
            }
            _ => self.decimal().cmp(&other.decimal()),
        }
    }
}

/// A number with the largest unit that leaves it whole.
fn in_binary_units(mut number: i64) -> String {
    let mut unit = 0;
    while number % 1024 == 0 && number != 0 {
        number /= 1024;
        unit += 1;
    }
    format!("{number}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(unit).unwrap_or(&""))
}

/// `value / 10^by`, rounded away from zero; and whether that is exact.
fn shrink(value: i64, by: i32) -> (i64, bool) {
    let Some(divisor) = u32::try_from(by).ok().and_then(|by| 10_i64.checked_pow(by)) else {
        return (value.signum(), value == 0);
    };
    let exact = value % divisor == 0;
    (value / divisor + if exact { 0 } else { value.signum() }, exact)
}

/// `value * 10^by` as the server multiplies: for the powers that its units step by, whatever 64 bits hold of the
/// product; for others, zero when they do not hold it.
fn grow(value: i64, by: i64) -> i64 {
    let factor = u32::try_from(by).ok().and_then(|by| 10_i64.checked_pow(by));
    match (factor, by) {
        (Some(factor), 0 | 1 | 2 | 3 | 6 | 9) => value.wrapping_mul(factor),
        (Some(factor), _) => value.checked_mul(factor).unwrap_or(0),
        (None, _) => 0,
    }
}

/// A text taken apart.
struct Pieces<'t> {
    negative: bool,
    /// Sign, digits and dot.
    value: &'t str,
    /// The digits before the dot, without leading zeros; at least one.
    whole: &'t str,
    /// The digits behind the dot.
    fraction: &'t str,
    suffix: &'t str,
}

fn split(text: &str) -> Result<Pieces<'_>, QuantityError> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits_end = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, mut rest) = unsigned.split_at(digits_end(unsigned));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        (fraction, rest) = behind.split_at(digits_end(behind));
    }
    let value = &text[..text.len() - rest.len()];
    // The suffix: letters, then perhaps a sign, then digits, and nothing more.
    let behind_letters = rest.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let number = behind_letters.strip_prefix(['+', '-']).unwrap_or(behind_letters);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    Ok(Pieces { negative, value, whole, fraction, suffix: rest })
}

/// The power of ten (or of two) that a suffix stands for.
fn read_suffix(suffix: &str) -> Option<(i32, Format)> {
    let decimal = |exponent| Some((exponent, Format::DecimalSi));
    let binary = |exponent| Some((exponent, Format::BinarySi));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            // The server keeps the low 32 bits.
            Some((exponent as i32, Format::DecimalExponent))
        }
    }
}

#[cfg(test)]
mod tests;
