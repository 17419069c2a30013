//! What `schedule.firesAt` is asked.

use jiff::Timestamp;
use jobguard_cel::EvalError;

/// A time that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An hour and a minute of any day.
    Daily(u8, u8),
    /// A point in time.
    Once(Timestamp),
}

/// Reads `02:30`, or a timestamp.
///
/// # Errors
/// Where the text is neither.
pub fn moment(text: &str) -> Result<Moment, EvalError> {
    if let Some((hour, minute)) = time_of_day(text) {
        return Ok(Moment::Daily(hour, minute));
    }
    text.parse().map(Moment::Once).map_err(|_| {
        EvalError::failed("firesAt takes a time of day from '00:00' to '23:59', or a timestamp such as '2027-03-28T01:30:00Z'")
    })
}

/// `HH:MM`
fn time_of_day(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str, most: u8| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_number && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59)?))
}
