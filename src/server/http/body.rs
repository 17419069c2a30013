//! The body of a request: how it must be sent, how large it may be, and how much memory all of them take.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes as Data;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::text::plain;
use super::refusal::Refusal;

/// The largest body: an old and a new object, 3 MiB each, and the rest of the review.
pub(crate) const MAX_BODY: usize = 7 << 20;

/// From which size on a body is large: it is judged on a thread of its own, and counts against [`Memory`], in bytes.
/// An ordinary review takes some 50 µs, less than what moving it costs; time grows with size, and nobody else should
/// wait for it.
pub(super) const LARGE: usize = 32 << 10;

/// How much all large bodies may hold together, in bytes. Judging takes several times that.
const MAX_LARGE: usize = 32 << 20;

/// What memory is counted in, in bytes.
const UNIT: usize = 4 << 10;

/// Room for large bodies. Ordinary ones are bounded by the number of connections.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LARGE / UNIT)))
    }
}

/// A body, and its claim to memory.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) bytes: Data,
    _claim: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum NoBody {
    /// The client's fault.
    Refused(Refusal),
    /// Others hold too much.
    NoMemory,
}

pub(super) fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    let media_type = value(CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim_end();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = if media_type.is_empty() {
            "there is no Content-Type; send `Content-Type: application/json`".to_owned()
        } else {
            format!(
                "Content-Type {:?} is not read here; send `Content-Type: application/json`",
                plain(media_type, 60)
            )
        };
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    match value(CONTENT_ENCODING) {
        None | Some("" | "identity") => Ok(()),
        Some(_) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be sent as it is, not compressed",
        )),
    }
}

/// Reads a body of at most [`MAX_BODY`]. Of one that is larger, as much again is read and thrown away: a client that
/// is still writing when the connection closes would not see the answer.
pub(super) async fn read(mut body: impl Body<Data = Data> + Unpin, memory: &Memory) -> Result<Bytes, NoBody> {
    let refuse = |code, message: String| NoBody::Refused(Refusal::new(code, message));
    let too_large =
        || refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MAX_BODY} bytes"));
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > 2 * MAX_BODY {
        return Err(too_large());
    }
    // An ordinary body comes in one piece with its header, and stays where it is.
    let (mut whole, mut pieces) = (Data::new(), Vec::new());
    let mut claim: Option<OwnedSemaphorePermit> = None;
    let mut length: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| refuse(StatusCode::BAD_REQUEST, "the body broke off".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= MAX_BODY {
            grow(&mut claim, length, memory)?;
            if data.len() == length && length == announced {
                whole = data;
            } else {
                // What is announced has not come yet: memory is not handed out on a promise.
                pieces.reserve(announced.min(LARGE).saturating_sub(pieces.len()));
                pieces.extend_from_slice(&std::mem::take(&mut whole));
                pieces.extend_from_slice(&data);
            }
        } else {
            (whole, pieces) = (Data::new(), Vec::new());
        }
        if length > 2 * MAX_BODY {
            break;
        }
    }
    if length > MAX_BODY {
        return Err(too_large());
    }
    Ok(Bytes { bytes: if pieces.is_empty() { whole } else { pieces.into() }, _claim: claim })
}

/// Reads a body and throws it away, as far as it is no larger than bodies may be.
pub(super) async fn discard(mut body: impl Body<Data = Data> + Unpin) {
    let mut length: usize = 0;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        length = length.saturating_add(frame.data_ref().map_or(0, Data::len));
        if length > MAX_BODY {
            return;
        }
    }
}

/// Claims memory for a body that has grown to `length`.
fn grow(claim: &mut Option<OwnedSemaphorePermit>, length: usize, memory: &Memory) -> Result<(), NoBody> {
    let needed = length.saturating_sub(LARGE).div_ceil(UNIT);
    let held = claim.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let Some(more @ 1..) = needed.checked_sub(held) else { return Ok(()) };
    let more = u32::try_from(more).unwrap_or(u32::MAX);
    let more = Arc::clone(&memory.0).try_acquire_many_owned(more).map_err(|_| NoBody::NoMemory)?;
    match claim {
        Some(claim) => claim.merge(more),
        None => *claim = Some(more),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper::body::{Frame, SizeHint};

    use super::*;

    /// A body in pieces, of which so many bytes are announced.
    struct Pieces(Vec<&'static str>, u64);

    impl hyper::body::Body for Pieces {
        type Data = Data;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Data>, Self::Error>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            std::task::Poll::Ready(next.map(|piece| Ok(Frame::data(piece.into()))))
        }

        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_lower(self.1);
            hint
        }
    }

    #[tokio::test]
    async fn every_piece_counts() {
        for (pieces, announced) in [
            (vec!["abc"], 3),
            (vec!["", "abc"], 3),
            (vec!["ab", "c"], 3),
            (vec!["ab", "c"], 2),
            (vec!["a", "bc"], 1),
            (vec!["a", "b", "c"], 1),
            (vec!["abc"], 0),
            (vec!["", "abc"], 0),
            (vec!["a", "bc"], 0),
        ] {
            let said = format!("{pieces:?} {announced}");
            let body = read(Pieces(pieces, announced), &Memory::default()).await.unwrap();
            assert_eq!(body.bytes, "abc", "{said}");
        }
    }

    #[tokio::test]
    async fn large_bodies_share_a_bound() {
        let memory = Memory::default();
        let mut held = Vec::new();
        let refused = loop {
            match read(Body::from(vec![b' '; MAX_BODY]), &memory).await {
                Ok(body) => held.push(body),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, NoBody::NoMemory));
        assert_eq!(held.len(), 4);
        // Ordinary ones have room, and so have large ones once others are done.
        read(Body::from(vec![b' '; LARGE]), &memory).await.unwrap();
        held.pop();
        read(Body::from(vec![b' '; MAX_BODY]), &memory).await.unwrap();
    }
}
