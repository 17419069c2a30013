//! Messages over standard input and output.
//!
//! `lsp-server` has this too, but ends at the first message that it cannot read. An editor that sends one such message loses
//! its answer here, and nothing else.

use std::io::{self, BufRead, Read as _};
use std::thread::{self, JoinHandle};

use lsp_server::{Connection, ErrorCode, Message, RequestId, Response};
use serde_json::Value;

/// The largest message, in bytes: a text as large as any that is linted, escaped. A larger one is passed over.
const MAX_MESSAGE: u64 = 256 << 20;
/// The longest line of a header, in bytes.
const MAX_HEADER: u64 = 8 << 10;

/// What a text between two messages is.
#[derive(Debug)]
enum Read {
    Message(Box<Message>),
    /// No message, or none that is known. It may have been a request that waits for an answer.
    Faulty(Option<RequestId>, String),
}

/// A connection over standard input and output, and the thread that writes: to be joined once the connection is dropped,
/// for the last answers to be written.
pub fn stdio(log: impl Fn(&str) + Send + 'static) -> (Connection, JoinHandle<()>) {
    let (ours, editors) = Connection::memory();
    let Connection { sender, receiver } = editors;
    let answers = ours.sender.clone();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            match read(&mut input) {
                Ok(Some(Read::Message(message))) => {
                    let is_exit = matches!(&*message, Message::Notification(one) if one.method == "exit");
                    if sender.send(*message).is_err() || is_exit {
                        break;
                    }
                }
                Ok(Some(Read::Faulty(id, why))) => {
                    log(&format!("a message cannot be read: {why}"));
                    if let Some(id) = id {
                        let response = Response::new_err(id, ErrorCode::InvalidRequest as i32, why);
                        let _ = answers.send(response.into());
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    log(&format!("standard input cannot be read: {error}"));
                    break;
                }
            }
        }
    });
    let writer = thread::spawn(move || {
        for message in receiver {
            let mut out = io::stdout().lock();
            // The client has closed its end: what is left is dropped.
            if message.write(&mut out).is_err() {
                break;
            }
        }
    });
    (ours, writer)
}

/// The next message; none at the end of the input. What is no header is passed over, line by line.
fn read(input: &mut impl BufRead) -> io::Result<Option<Read>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        match (text.split_once(':'), length) {
            (Some((name, value)), _) if name.trim().eq_ignore_ascii_case("Content-Length") => {
                length = value.trim().parse::<u64>().ok();
            }
            (None, Some(length)) if text.is_empty() => return body(input, length).map(Some),
            _ => {}
        }
    }
}

fn body(input: &mut impl BufRead, length: u64) -> io::Result<Read> {
    if length > MAX_MESSAGE {
        io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
        return Ok(Read::Faulty(None, format!("larger than {} MiB", MAX_MESSAGE >> 20)));
    }
    let mut bytes = Vec::new();
    if input.by_ref().take(length).read_to_end(&mut bytes)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(match serde_json::from_slice::<Message>(&bytes) {
        Ok(message) => Read::Message(Box::new(message)),
        Err(error) => {
            let value = serde_json::from_slice::<Value>(&bytes).ok();
            let id = value
                .as_ref()
                .filter(|value| value.get("method").is_some())
                .and_then(|value| value.get("id"));
            Read::Faulty(id.and_then(|id| serde_json::from_value(id.clone()).ok()), error.to_string())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<String> {
        let mut input = input;
        let mut seen = Vec::new();
        while let Ok(Some(next)) = read(&mut input) {
            seen.push(match next {
                Read::Message(message) => match *message {
                    Message::Request(request) => request.method,
                    Message::Notification(notification) => notification.method,
                    Message::Response(_) => "response".to_owned(),
                },
                Read::Faulty(id, _) => format!("faulty {}", id.map_or("-".to_owned(), |id| id.to_string())),
            });
        }
        seen
    }

    fn message(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn what_is_faulty_harms_nothing_behind_it() {
        let good = message(r#"{"jsonrpc":"2.0","method":"a"}"#);
        for (bad, expected) in [
            (message("{"), vec!["faulty -", "a"]),
            (message("[]"), vec!["faulty -", "a"]),
            (message(r#"{"id":7,"method":3}"#), vec!["faulty 7", "a"]),
            (message(r#"{"id":{},"method":"x"}"#), vec!["x", "a"]),
            (message(""), vec!["faulty -", "a"]),
            ("garbage\r\nmore: of it\n\n\r\n".to_owned(), vec!["a"]),
            ("Content-Length: many\r\n\r\n".to_owned(), vec!["a"]),
            (message(&"\u{1}".repeat(20_000)), vec!["faulty -", "a"]),
        ] {
            assert_eq!(all(format!("{bad}{good}").as_bytes()), expected, "{bad:?}");
        }
        assert_eq!(all(b"Content-Length: 5\r\n\r\n{}"), Vec::<String>::new());
        let huge = format!("Content-Length: {}\r\n\r\n", u64::MAX);
        assert_eq!(all(huge.as_bytes()), ["faulty -"]);
    }

    #[test]
    fn headers_in_other_spellings() {
        let body = r#"{"jsonrpc":"2.0","id":"x","method":"b"}"#;
        let text = format!("content-length:{}\nContent-Type: x\r\n\r\n{body}", body.len());
        assert_eq!(all(text.as_bytes()), ["b"]);
    }
}
