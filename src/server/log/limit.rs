//! Which lines of the log are limited: every one that a client, or a user who may create Jobs, can cause.
//!
//! It is seen from the event itself, so that no place in the program can forget it: a line with the field `client` is
//! about a connection, one with `uid` about a review, one with `place` about a fault in the program, and one of another
//! crate about what that crate met. All others are about the server itself (its files, its policy, its end), which
//! no client can cause. With `debug` nothing is left out: that was asked for, to look at single connections.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::rate_limited::{Budget, RateLimited};
use jobguard_text::plain_within;

/// What every client that reaches a port can cause: the first of its kind, by path, code and reason.
const CLIENTS: Budget = Budget { each: 1, all: 16, kinds: 16 };

/// What every user who may create Jobs can cause, by namespace and reason. Enough for a bad rollout; a flood in one
/// namespace leaves the others their lines.
const REVIEWS: Budget = Budget { each: 120, all: 1200, kinds: 64 };

/// How many messages are counted separately. The program has far fewer.
const MAX_MESSAGES: usize = 64;

/// How much of a kind is shown, in characters.
const MAX_KIND: usize = 160;

/// The fields that make up the kind of a line about a connection, and of one about a review.
const CLIENT_KIND: &[&str] = &["path", "code", "reason", "problem", "place"];
const REVIEW_KIND: &[&str] = &["namespace", "reason"];

/// Lines with the same message: their kind is what they are about.
type Lines = RateLimited<String>;

/// Limits the log of a process.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    /// By message and level.
    messages: Mutex<BTreeMap<(String, Level), Lines>>,
}

impl Limiter {
    /// What asks it about every line.
    pub(crate) fn layer<S: Subscriber>(self: Arc<Self>) -> impl Layer<S> {
        Ask(self)
    }

    fn admits(&self, event: &Event<'_>, now: Instant) -> bool {
        let metadata = event.metadata();
        let has = |name| metadata.fields().field(name).is_some();
        // A crate that logs through `log` has its name in a field.
        let foreign = !metadata.target().starts_with("jobguard");
        let (budget, fields) = match () {
            () if has("uid") => (REVIEWS, REVIEW_KIND),
            () if foreign || has("client") || has("place") => (CLIENTS, CLIENT_KIND),
            () => return true,
        };
        let mut kind = Kind { fields, message: String::new(), text: String::new() };
        event.record(&mut kind);
        if foreign {
            kind.text = std::mem::replace(&mut kind.message, metadata.target().to_owned());
        }
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (kind.message, *metadata.level());
        if messages.len() >= MAX_MESSAGES && !messages.contains_key(&key) {
            key.0.clear();
        }
        let lines = messages.entry(key).or_insert_with(|| Lines::new(budget));
        lines.admit(plain_within(kind.text.trim_end(), MAX_KIND), now)
    }

    /// Writes how many lines were left out in the minutes that are over at `now`; of all, where the end has come.
    pub(crate) fn report(&self, now: Option<Instant>) {
        let mut left_out = Vec::new();
        for ((message, level), lines) in
            self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter_mut()
        {
            let counts = match now {
                Some(now) => lines.left_out(now),
                None => lines.left_out_at_last(),
            };
            left_out.extend(counts.into_iter().map(|(kind, count)| (message.clone(), *level, kind, count)));
        }
        // The lock is given back: writing asks it again.
        for (of, level, kind, lines) in left_out {
            let kind = kind.unwrap_or_else(|| "others".to_owned());
            let kind = Some(kind).filter(|kind| !kind.is_empty());
            match level {
                Level::ERROR => tracing::error!(of, kind, lines, "log lines left out"),
                Level::WARN => tracing::warn!(of, kind, lines, "log lines left out"),
                _ => tracing::info!(of, kind, lines, "log lines left out"),
            }
        }
    }
}

#[derive(Debug)]
struct Ask(Arc<Limiter>);

impl<S: Subscriber> Layer<S> for Ask {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        LevelFilter::current() >= LevelFilter::DEBUG || self.0.admits(event, Instant::now())
    }
}

/// Reads what a line is about.
struct Kind {
    fields: &'static [&'static str],
    message: String,
    text: String,
}

impl Visit for Kind {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        match field.name() {
            "message" => drop(write!(self.message, "{value:?}")),
            name if self.fields.contains(&name) => drop(write!(self.text, "{name}={value:?} ")),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// The lines that are written while `cause` runs, as `message kind`.
    #[derive(Debug, Default, Clone)]
    struct Written(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Written {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, "{}={value:?} ", field.name());
        }
    }

    fn written(cause: impl FnOnce(&Arc<Limiter>)) -> Vec<String> {
        let (limiter, written) = (Arc::<Limiter>::default(), Written::default());
        let log = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(Arc::clone(&limiter).layer())
            .with(written.clone());
        with_default(log, || cause(&limiter));
        let lines = written.0.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn what_clients_cause_is_written_once_by_kind_and_then_counted() {
        let lines = written(|limiter| {
            for number in 0..1000 {
                let client = format!("10.0.0.1:{number}");
                tracing::info!(client, path = "/validate", code = 400, reason = "empty", "request refused");
                tracing::info!(client, path = "/validate", code = 415, reason = "no JSON", "request refused");
                tracing::error!(place = "src/a.rs:1", "internal error: please report it");
            }
            limiter.report(Some(Instant::now()));
            limiter.report(Some(Instant::now() + Duration::from_secs(61)));
        });
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines[0].contains("10.0.0.1:0") && lines[0].contains("400"), "{lines:#?}");
        let counted = lines.iter().filter(|line| line.contains("log lines left out")).collect::<Vec<_>>();
        assert_eq!(counted.len(), 3, "{lines:#?}");
        assert!(counted.iter().all(|line| line.contains("lines=999")), "{lines:#?}");
        assert!(
            counted.iter().any(|line| line.contains("path=/validate code=400 reason=empty")),
            "{lines:#?}"
        );
    }

    #[test]
    fn kinds_that_clients_make_up_are_bounded() {
        let lines = written(|limiter| {
            for number in 0..1000 {
                let path = format!("/{number}");
                tracing::info!(client = "10.0.0.1:1", path, code = 404, "request refused");
            }
            limiter.report(None);
        });
        assert!(lines.len() <= 40, "{}", lines.len());
        assert!(lines.last().unwrap().contains("lines="), "{lines:#?}");
    }

    #[test]
    fn a_flood_of_denials_in_one_namespace_leaves_the_others_theirs() {
        let lines = written(|limiter| {
            for number in 0..100_000 {
                tracing::info!(uid = number, namespace = "hostile", "denied");
            }
            for number in 0..100 {
                tracing::info!(uid = number, namespace = "honest", "denied");
            }
            limiter.report(None);
        });
        let of = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
        assert_eq!((of("honest"), of("hostile")), (100, 121), "one of them the count");
    }

    #[test]
    fn what_the_server_does_is_written_always() {
        let lines = written(|_| (0..500).for_each(|_| tracing::info!(policy = "p", "policy reloaded")));
        assert_eq!(lines.len(), 500);
    }

    #[test]
    fn other_crates_are_limited_by_their_words() {
        let lines = written(|limiter| {
            for number in 0..1000 {
                tracing::warn!(target: "rustls::conn", "alert {number}");
            }
            limiter.report(None);
        });
        assert!(lines.len() <= 40, "{}", lines.len());
    }
}
