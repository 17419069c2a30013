//! Clients that ask all the time, and hold the server to every answer.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::{Client, Stream, create, head, job};

/// A Job that `job/work-queue-completions` speaks of.
pub(crate) fn queue() -> Value {
    let mut job = job("queue", "Never");
    job["spec"]["completions"] = json!(1);
    job["spec"]["parallelism"] = json!(5);
    job
}

/// Says what is wrong with the answer to a review.
type Check = fn(usize, &Value) -> Result<(), String>;

/// Clients at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `count` clients, each on a connection of its own for as long as the server keeps it. They ask for a good
    /// Job, a bad one and `queue` in turn; `check` is told which, and sees the response.
    pub(crate) fn start(client: &Client, count: usize, check: Check) -> Self {
        let load = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            failures: Arc::default(),
            clients: Vec::new(),
        };
        let clients = (0..count).map(|number| {
            let (client, stop) = (client.clone(), Arc::clone(&load.stop));
            let (answered, failures) = (Arc::clone(&load.answered), Arc::clone(&load.failures));
            thread::spawn(move || {
                let mut stream = None;
                for round in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match ask(&client, &mut stream, &format!("{number}-{round}"), round, check) {
                        Ok(()) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Err(problem) => failures.lock().unwrap().push(format!("{number}-{round}: {problem}")),
                    }
                }
            })
        });
        let clients = clients.collect();
        Self { clients, ..load }
    }

    /// How many were answered as they should be.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Ends the clients. Fails if any request did.
    pub(crate) fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        let failures = self.failures.lock().unwrap();
        assert!(failures.is_empty(), "{} requests failed, the first: {:?}", failures.len(), failures.first());
        self.answered.load(Ordering::Relaxed)
    }
}

fn ask(
    client: &Client,
    stream: &mut Option<Stream>,
    uid: &str,
    round: usize,
    check: Check,
) -> Result<(), String> {
    let what = round % 3;
    let job = match what {
        0 => job("good", "Never"),
        1 => job("bad", "Always"),
        _ => queue(),
    };
    let body = create(uid, &job).to_string();
    let connection = match stream {
        Some(stream) => stream,
        None => stream.insert(client.connect().map_err(|error| format!("cannot connect: {error}"))?),
    };
    let request = head("/validate?timeout=10s", "application/json", body.len()) + &body;
    let answered = connection.write_all(request.as_bytes()).and_then(|()| read(connection));
    let (head, body) = match answered {
        Ok(answer) => answer,
        Err(error) => {
            *stream = None;
            return Err(format!("no answer: {error}"));
        }
    };
    // As HTTP clients do: the next request needs another connection.
    if head.to_ascii_lowercase().contains("connection: close") {
        *stream = None;
    }
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("{head}: {body}"));
    }
    let answer: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let response = &answer["response"];
    if response["uid"] != uid {
        return Err(format!("another uid: {body}"));
    }
    match what {
        0 if response["allowed"] != true => Err(format!("a good Job was refused: {body}")),
        1 if response["allowed"] != false => Err(format!("a bad Job was let through: {body}")),
        _ => check(what, response).map_err(|problem| format!("{problem}: {body}")),
    }
}

fn read(stream: &mut impl Read) -> std::io::Result<(String, String)> {
    let mut text = Vec::new();
    loop {
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&text[..end]).into_owned();
            let length: usize = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if text.len() >= end + 4 + length {
                return Ok((head, String::from_utf8_lossy(&text[end + 4..]).into_owned()));
            }
        }
        let mut piece = [0; 8192];
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        text.extend_from_slice(&piece[..count]);
    }
}
