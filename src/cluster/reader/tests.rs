//! Pages of a server that is a function.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::call::Calls;
use super::page::Pages;
use super::{Answer, Cause, Selection};
use crate::cluster::Resource;

/// Calls of a server that gives these answers: what it was asked, and status, headers and body of the answer.
fn calls(
    answer: impl Fn(&str) -> (u16, &'static str, Value) + Send + Sync + 'static,
) -> (Calls, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let url = request.uri().to_string();
        let (status, retry_after, body) = answer(&url);
        log.lock().unwrap().push(url);
        let mut response = Response::builder().status(status);
        if !retry_after.is_empty() {
            response = response.header("Retry-After", retry_after);
        }
        let response = response.body(Body::from(body.to_string().into_bytes())).unwrap();
        async move { Ok::<_, std::io::Error>(response) }
    });
    (Calls::new(Client::new(service, "default"), "https://127.0.0.1".to_owned()), asked)
}

fn parameter(url: &str, name: &str) -> Option<usize> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// A list of ten objects of about 1,000 bytes, as far as it is asked for.
fn ten(url: &str) -> (u16, &'static str, Value) {
    let (start, limit) = (parameter(url, "continue").unwrap_or(0), parameter(url, "limit").unwrap());
    let end = (start + limit).min(10);
    let next = if end < 10 { end.to_string() } else { String::new() };
    let object = |number| json!({"metadata": {"name": format!("o-{number}")}, "data": "x".repeat(1_000)});
    let items: Vec<Value> = (start..end).map(object).collect();
    (200, "", json!({"metadata": {"continue": next}, "items": items}))
}

async fn names(mut pages: Pages<'_>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(Answer::Given(page)) = pages.next().await.unwrap() {
        for object in page.objects() {
            let object: Value = serde_json::from_str(object).unwrap();
            names.push(object["metadata"]["name"].as_str().unwrap().to_owned());
        }
    }
    names
}

fn expected() -> Vec<String> {
    (0..10).map(|number| format!("o-{number}")).collect()
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let endless = |url: &str| {
        let next = if parameter(url, "continue") == Some(1) { "1" } else { "01" };
        (200, "", json!({"metadata": {"continue": next}, "items": [{}]}))
    };
    let (calls, asked) = calls(endless);
    let mut pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(10);
    // The first page names a second, and that names itself.
    assert!(matches!(pages.next().await, Ok(Some(Answer::Given(_)))));
    let error = loop {
        match pages.next().await {
            Ok(page) => assert!(page.is_some()),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("its pages do not end"), "{error}");
    assert!(asked.lock().unwrap().len() <= 4);
}

#[tokio::test]
async fn large_objects_come_a_few_at_a_time() {
    let (calls, asked) = calls(ten);
    let calls = calls.with_max_answer(3_000);
    let pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(10);
    assert_eq!(names(pages).await, expected());
    // One page that was too large, and then one object after the other.
    assert_eq!(asked.lock().unwrap().len(), 11);
    assert_eq!(calls.count(), 11);
    // One that is too large by itself is no page.
    let calls = calls.with_max_answer(500);
    let mut pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(10);
    let error = pages.next().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooLarge), "{error}");
    assert!(error.to_string().starts_with("cannot list jobs.batch in all namespaces: "), "{error}");
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let answered = Mutex::new(0);
    let (calls, asked) = calls(move |url| {
        let mut answered = answered.lock().unwrap();
        *answered += 1;
        if *answered <= 2 { (429, "1", json!({"message": "later"})) } else { ten(url) }
    });
    let started = Instant::now();
    let pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(10);
    assert_eq!(names(pages).await, expected());
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let (calls, asked) = calls(|_| (503, "", json!({"message": "no leader"})));
    let mut pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(10);
    let error = pages.next().await.unwrap_err();
    assert!(error.to_string().ends_with("the API server answered 503: no leader"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn an_expired_list_goes_on_where_the_server_says() {
    for (token, expected, is_cut_off) in [("5", expected(), false), ("", expected()[..5].to_vec(), true)] {
        let is_first = Mutex::new(true);
        let (calls, _) = calls(move |url| match parameter(url, "continue") {
            Some(5) if std::mem::take(&mut *is_first.lock().unwrap()) => {
                (410, "", json!({"reason": "Expired", "metadata": {"continue": token}}))
            }
            _ => ten(url),
        });
        let mut pages = Pages::new(&calls, Resource::JOBS, Selection::default()).with_limit(5);
        let mut count = 0;
        while let Some(Answer::Given(page)) = pages.next().await.unwrap() {
            count += page.objects().len();
        }
        assert_eq!((count, pages.is_cut_off()), (expected.len(), is_cut_off));
        assert_eq!(pages.is_inconsistent(), !is_cut_off);
    }
}
