//! Seconds as the controllers of Jobs and CronJobs count them.

/// The seconds that a controller makes of a field with seconds. It multiplies them into nanoseconds, of which 64 bits hold 292
/// years: larger values overflow, most of them to negative ones.
pub fn controller_seconds(seconds: i64) -> i64 {
    const NANOSECONDS: i64 = 1_000_000_000;
    seconds.wrapping_mul(NANOSECONDS).div_euclid(NANOSECONDS)
}

#[cfg(test)]
mod tests {
    use super::controller_seconds;

    #[test]
    fn what_fits_stays() {
        for seconds in [0, 1, -1, 3_600, 9_223_372_036, -9_223_372_036] {
            assert_eq!(controller_seconds(seconds), seconds);
        }
        for seconds in [9_223_372_037, i64::MAX, i64::MIN + 1] {
            assert_ne!(controller_seconds(seconds), seconds);
        }
    }
}
