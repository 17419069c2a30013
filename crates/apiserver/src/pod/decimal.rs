//! Exact decimal numbers of any size, as far as resource quantities need them.

use std::cmp::Ordering;

/// How many digits a sum has at most. Only absurd numbers such as `1e5000`, or one written with thousands of digits,
/// have more: of them the digits below are left out of the sum, which bounds what one of many additions costs.
const SUM_DIGITS: i64 = 1_024;

/// `digits * 10^exponent`, negative or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Decimal {
    negative: bool,
    /// Most significant first, without zeros at either end; none at all for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The number with these digits (values 0 to 9, most significant first).
    pub(super) fn new(negative: bool, digits: Vec<u8>, exponent: i64) -> Self {
        let mut number = Self { negative, digits, exponent };
        number.normalize();
        number
    }

    /// `value * 10^exponent`.
    pub(super) fn from_int(value: i64, exponent: i64) -> Self {
        let digits = value.unsigned_abs().to_string().bytes().map(|byte| byte - b'0').collect();
        Self::new(value < 0, digits, exponent)
    }

    fn normalize(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
        let leading = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..leading);
        if self.digits.is_empty() {
            *self = Self::default();
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// The same number with the other sign.
    pub(super) fn negate(mut self) -> Self {
        self.negative = !self.negative && !self.is_zero();
        self
    }

    /// Significant digits, and the power of ten to multiply them by.
    pub(super) fn parts(&self) -> (&[u8], i64) {
        (&self.digits, self.exponent)
    }

    /// This number times `2^shift`, for a shift of up to 60.
    pub(super) fn times_power_of_two(mut self, shift: u32) -> Self {
        let factor = 1_u128 << shift.min(60);
        let mut carry = 0_u128;
        for digit in self.digits.iter_mut().rev() {
            let product = u128::from(*digit) * factor + carry;
            *digit = (product % 10) as u8;
            carry = product / 10;
        }
        let mut high = Vec::new();
        while carry > 0 {
            high.push((carry % 10) as u8);
            carry /= 10;
        }
        high.reverse();
        high.append(&mut self.digits);
        self.digits = high;
        self.normalize();
        self
    }

    /// This number with at most `places` decimal places, rounded away from zero.
    pub(super) fn round_up(mut self, places: i64) -> Self {
        let surplus = -places - self.exponent;
        if self.is_zero() || surplus <= 0 {
            return self;
        }
        // No zero stands last, so what is cut off is never nothing: the rest always grows by one.
        let kept = self.digits.len().saturating_sub(usize::try_from(surplus).unwrap_or(usize::MAX));
        self.digits.truncate(kept);
        self.exponent = -places;
        let mut carry = true;
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                carry = false;
                break;
            }
            *digit = 0;
        }
        if carry {
            self.digits.insert(0, 1);
        }
        self.normalize();
        self
    }

    /// The low 64 bits of this number times `10^shift`, decimal places cut off; and whether there were any.
    pub(super) fn low_bits(&self, shift: i64) -> (i64, bool) {
        let exponent = self.exponent.saturating_add(shift);
        let fraction = usize::try_from(exponent.saturating_neg()).unwrap_or(0).min(self.digits.len());
        let whole = &self.digits[..self.digits.len() - fraction];
        let mut bits =
            whole.iter().fold(0_u64, |bits, digit| bits.wrapping_mul(10).wrapping_add(u64::from(*digit)));
        for _ in 0..exponent.clamp(0, 64) {
            bits = bits.wrapping_mul(10);
        }
        let bits = bits as i64;
        (if self.negative { bits.wrapping_neg() } else { bits }, fraction > 0)
    }

    /// The sum of two numbers.
    pub(super) fn add(&self, other: &Self) -> Self {
        if self.is_zero() {
            return other.clone();
        }
        if other.is_zero() {
            return self.clone();
        }
        let high = self.top().max(other.top());
        let low = self.exponent.min(other.exponent).max(high.saturating_sub(SUM_DIGITS));
        let (larger, smaller) =
            if self.cmp_magnitude(other) == Ordering::Less { (other, self) } else { (self, other) };
        let span = high.saturating_sub(low);
        // One column more than the larger number has, for the carry.
        let columns = usize::try_from(span).unwrap_or(0) + 1;
        let mut sum = larger.columns(low, columns);
        let added = smaller.columns(low, columns);
        let subtract = larger.negative != smaller.negative;
        let mut carry = 0_i8;
        for (digit, other) in sum.iter_mut().zip(added).rev() {
            let other = if subtract { -(other as i8) } else { other as i8 };
            let column = *digit as i8 + other + carry;
            *digit = column.rem_euclid(10) as u8;
            carry = column.div_euclid(10);
        }
        Self::new(larger.negative, sum, low)
    }

    /// The power of ten above the first digit.
    fn top(&self) -> i64 {
        self.exponent.saturating_add(self.digits.len() as i64)
    }

    /// The digits from `10^low` on, filled up with zeros to `columns`; those below are cut off.
    fn columns(&self, low: i64, columns: usize) -> Vec<u8> {
        let above = usize::try_from(self.top().saturating_sub(low)).unwrap_or(0).min(columns);
        let mut digits = vec![0; columns - above];
        digits.extend(self.digits.iter().take(above));
        digits.resize(columns, 0);
        digits
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.top().cmp(&other.top()).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn small() -> impl Strategy<Value = (i64, i64)> {
        (-1_000_000_i64..1_000_000, -6_i64..7)
    }

    /// The number in millionths.
    fn scaled((value, exponent): (i64, i64)) -> i128 {
        i128::from(value) * 10_i128.pow(u32::try_from(exponent + 6).unwrap())
    }

    proptest! {
        #[test]
        fn adds_and_compares_as_integers_do(a in small(), b in small()) {
            let (x, y) = (Decimal::from_int(a.0, a.1), Decimal::from_int(b.0, b.1));
            prop_assert_eq!(x.cmp(&y), scaled(a).cmp(&scaled(b)));
            let sum = x.add(&y);
            prop_assert_eq!(i128::from(sum.low_bits(6).0), scaled(a) + scaled(b));
            prop_assert_eq!(sum.negate().add(&x), y.negate());
        }

        #[test]
        fn rounds_away_from_zero(a in small(), places in 0_i64..6) {
            let unit = 10_i128.pow(u32::try_from(6 - places).unwrap());
            let exact = scaled(a);
            let expected = (exact.abs() + unit - 1) / unit * unit * exact.signum();
            let rounded = Decimal::from_int(a.0, a.1).round_up(places);
            prop_assert_eq!(i128::from(rounded.low_bits(6).0), expected);
        }
    }

    #[test]
    fn powers_of_two() {
        let number = Decimal::from_int(15, -1).times_power_of_two(60);
        assert_eq!(number, Decimal::from_int(1_729_382_256_910_270_464, 0));
    }

    #[test]
    fn absurd_exponents_cost_nothing() {
        let huge = Decimal::from_int(1, 2_000_000_000);
        assert_eq!(huge.add(&Decimal::from_int(1, -3)), huge);
        assert_eq!(huge.low_bits(3), (0, false));
    }
}
