//! The lines that are written about reviews.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::Subscriber;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::*;
use crate::server::Endpoint;
use crate::server::admission::unjudged::Unjudged;
use crate::server::testing::{self, request};

// None of these logs goes below INFO: the level is one for all threads, and other tests depend on it.

#[derive(Debug, Default, Clone)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

/// What is written in a format and at a level while `act` runs.
fn written(format: LogFormat, level: LevelFilter, act: impl FnOnce()) -> Vec<String> {
    let written = Written::default();
    let to = written.clone();
    let log = tracing_subscriber::registry().with(filter(format, level));
    match format {
        LogFormat::Json => with_default(log.with(json_lines(move || to.clone())), act),
        LogFormat::Text => with_default(log.with(text_lines(move || to.clone(), false)), act),
    }
    written.lines()
}

/// Has a Job denied whose uid is hostile.
fn deny() {
    let job = r#"{"spec":{"template":{"spec":{"restartPolicy":"Always","containers":
        [{"name":"pi","image":"a:1","env":[{"name":"TOKEN","value":"hunter2"}]}]}}}}"#;
    let review = request("u\n9\u{1b}[2J", "CREATE", job, "null", "{}");
    let answer =
        testing::admission().answer(Endpoint::Validate, review.as_bytes(), jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(serde_json::to_value(answer.unwrap()).unwrap()["response"]["allowed"], false);
}

#[test]
fn a_line_in_json_has_the_span_of_its_review() {
    let lines = written(LogFormat::Json, LevelFilter::INFO, deny);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    let uid = "u 9\u{fffd}[2J";
    let span = json!({
        "name": "review", "uid": uid, "kind": "Job", "operation": "CREATE", "endpoint": "/validate",
    });
    assert_eq!((&line["message"], &line["uid"], &line["span"]), (&json!("denied"), &json!(uid), &span));
    assert!(!lines[0].contains("hunter2") && !lines[0].contains("TOKEN"), "{lines:?}");
}

#[test]
fn a_line_that_knows_no_review_has_its_span_nevertheless() {
    #[derive(Debug)]
    struct Fault;
    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Fault {
        fn on_event(&self, event: &tracing::Event<'_>, context: tracing_subscriber::layer::Context<'_, S>) {
            let span = context.lookup_current().map(|span| span.name());
            assert_eq!(span, Some("review"), "{event:?}");
        }
    }
    let admission = testing::admission();
    let body = request("u7", "UPDATE", "{}", "{}", "{}");
    let lines = written(LogFormat::Json, LevelFilter::INFO, || {
        admission.without_verdict(Endpoint::Mutate, body.as_bytes(), &Unjudged::Panicked).unwrap();
    });
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    let span = json!({
        "name": "review", "uid": "u7", "kind": "Job", "operation": "UPDATE", "endpoint": "/mutate",
    });
    assert_eq!((lines.len(), &line["span"]), (1, &span));
    with_default(tracing_subscriber::registry().with(LevelFilter::INFO).with(Fault), deny);
}

#[test]
fn a_line_of_text_has_what_it_is_about_once() {
    let lines = written(LogFormat::Text, LevelFilter::INFO, deny);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(!lines[0].contains("review{") && lines[0].matches("uid=").count() == 1, "{lines:?}");
    assert!(lines[0].contains(" INFO denied rules=\"api/restart-policy\""), "{lines:?}");
}

#[test]
fn no_span_is_made_where_none_is_written() {
    #[derive(Debug, Default, Clone)]
    struct Count(Arc<Mutex<usize>>);
    impl<S: Subscriber> Layer<S> for Count {
        fn on_new_span(
            &self,
            _: &tracing::span::Attributes<'_>,
            _: &tracing::Id,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            *self.0.lock().unwrap() += 1;
        }
    }
    for (format, level, expected) in [
        (LogFormat::Json, LevelFilter::INFO, 1),
        (LogFormat::Json, LevelFilter::WARN, 0),
        (LogFormat::Json, LevelFilter::OFF, 0),
        (LogFormat::Text, LevelFilter::INFO, 0),
    ] {
        let count = Count::default();
        with_default(tracing_subscriber::registry().with(filter(format, level)).with(count.clone()), deny);
        assert_eq!(*count.0.lock().unwrap(), expected, "{format:?} {level}");
    }
}
