//! Deadlines of responses: the API server sends its timeout in the URL (`?timeout=10s`).

use std::time::Duration;

use jobguard_text::duration::{self, DurationFault};

/// The longest that an API server waits for a webhook.
const LONGEST: Duration = Duration::from_secs(30);

/// How much of the client's timeout is kept back, so that the response arrives before it ends.
const RESPONSE_MARGIN: Duration = Duration::from_millis(500);

/// How long the answer to a request with this query may take, `default` where the query does not say. Some of the
/// time that the client waits is kept back, so that the answer comes before it gives up.
pub(crate) fn time_to_answer(query: Option<&str>, default: Duration) -> Duration {
    let asked = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout="))
        .and_then(parse)
        .filter(|asked| !asked.is_zero());
    match asked {
        Some(asked) => {
            let asked = asked.min(LONGEST);
            asked - RESPONSE_MARGIN.min(asked / 10)
        }
        None => default,
    }
}

/// The least that a body has to arrive at, in bytes a second, once [`body_time`]'s allowance is over.
const BODY_RATE: u64 = 1 << 20;

/// The longest that a large body may take besides the allowance, in seconds: the announced length is not to be trusted.
const MAX_EXTRA: u64 = 10;

/// How long a body may take to arrive of which so many bytes are announced, if any: `allowance`, and what a large one
/// needs at 1 MiB a second. Whatever time the client's query asks for, a body gets no more: API servers send theirs at
/// once.
pub(crate) fn body_time(allowance: Duration, announced: Option<u64>) -> Duration {
    allowance.saturating_add(Duration::from_secs((announced.unwrap_or(0) / BODY_RATE).min(MAX_EXTRA)))
}

/// Reads a duration as Go writes it. None for what is no such duration, or negative; the longest there is for what is
/// longer.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    match duration::parse(text) {
        Ok(nanoseconds) => u64::try_from(nanoseconds).ok().map(Duration::from_nanos),
        Err((_, DurationFault::TooLong)) => Some(Duration::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("1m0s", 60_000),
            ("1.5s", 1500),
            ("500ms", 500),
            ("1h", 3_600_000),
            ("30µs", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text).unwrap().as_millis(), millis, "{text}");
        }
        for text in ["", "10", "s", "-5s", "5d", "5 s", "..s", "1e3s", "%31s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_answer_comes_before_the_client_gives_up() {
        let default = Duration::from_secs(7);
        let time = |query: &str| time_to_answer(Some(query), default).as_millis();
        assert_eq!(time("timeout=10s"), 9500);
        assert_eq!(time("a=b&timeout=1s"), 900);
        assert_eq!(time("timeout=99999999999999999999999h"), 29_500);
        assert_eq!(time("timeout=0s"), 7000);
        assert_eq!(time("timeout=soon"), 7000);
        assert_eq!(time(""), 7000);
        assert_eq!(time_to_answer(None, default), default);
    }

    #[test]
    fn a_body_gets_less_time_than_its_review() {
        let second = Duration::from_secs(1);
        assert_eq!(body_time(5 * second, None), 5 * second);
        assert_eq!(body_time(5 * second, Some(4000)), 5 * second);
        assert_eq!(body_time(5 * second, Some(7 << 20)), 12 * second);
        assert_eq!(body_time(5 * second, Some(u64::MAX)), 15 * second);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9.hmsuµn]{0,20}|.{0,12}") {
            let _ = time_to_answer(Some(&format!("timeout={text}")), Duration::from_secs(1));
        }
    }
}
