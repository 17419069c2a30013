//! The body of a request: how it must be sent, how large it may be, and how much memory all of them take.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes as Data;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;
use super::weight::{FEW, LIGHT, weight_of_review};
use crate::server::admission::intake::{Intake, MAX_BODY, Refused, check};
use jobguard_manifest::limits::Limits;
use jobguard_text::plain_within;

/// How much of a review is read at all, in bytes; what is more than is kept is counted and thrown away, so that it can
/// be answered. From a request of 3 MiB, an API server makes several times that when it writes out defaults.
const MAX_READ: usize = 160 << 20;

/// How much is thrown away of a body that is refused unseen, in bytes.
const MAX_DISCARDED: usize = 7 << 20;

/// From which size on a body is large: it is counted while it arrives, and judged on a thread of its own. An ordinary
/// review takes some 50 µs, less than what moving it costs; time grows with size, and other reviews should not wait for it.
pub(super) const LARGE: usize = 32 << 10;

/// Up to which size a body counts against no bound but that of connections, in bytes.
const SMALL: usize = 8 << 10;

/// How much all bodies together may hold beyond that, in bytes.
const MAX_HELD: usize = 48 << 20;

/// What memory is counted in, in bytes.
const UNIT: usize = 4 << 10;

/// The memory that bodies may take.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_HELD / UNIT)))
    }
}

/// A body, and its claim to memory.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) bytes: Data,
    /// The memory that judging it takes besides, in bytes; 0 for one that was not worth counting.
    pub(super) weight: usize,
    _claim: Option<OwnedSemaphorePermit>,
}

impl Bytes {
    /// Whether it is judged where it arrived.
    pub(super) fn is_ordinary(&self) -> bool {
        self.bytes.len() <= LARGE && self.weight <= LIGHT
    }
}

/// What arrived.
#[derive(Debug)]
pub(super) enum Arrived {
    /// A review to judge.
    Whole(Bytes),
    /// One on which there can be no verdict.
    Refused(Box<Refused>),
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
                plain_within(media_type, 60)
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

/// Reads a review. It is counted while it arrives, once it is large: from where an object exceeds one of the `limits`,
/// or there is more than is judged, the rest is thrown away, but for what it takes to answer.
///
/// # Errors
/// Where there is nothing that could be answered.
pub(super) async fn read(
    mut body: impl Body<Data = Data> + Unpin,
    memory: &Memory,
    limits: &Limits,
) -> Result<Arrived, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_READ {
        return Err(too_large());
    }
    // An ordinary body comes in one piece with its header, and stays where it is.
    let (mut whole, mut pieces) = (Data::new(), Vec::new());
    let mut claim: Option<OwnedSemaphorePermit> = None;
    let mut intake: Option<Intake> = None;
    let (mut given_up, mut shed) = (false, false);
    let mut length: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame =
            frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body broke off".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > MAX_READ {
            return Err(too_large());
        }
        if length > LARGE || intake.is_some() {
            let intake = intake.get_or_insert_with(|| {
                let mut intake = Intake::new();
                intake.feed(&whole);
                intake.feed(&pieces);
                intake
            });
            intake.feed(&data);
            given_up = given_up || length > MAX_BODY || intake.new_exceeds(limits);
        }
        if !given_up && !grow(&mut claim, length, memory) {
            // Counted all the same, so that the answer can say whose it is.
            intake.get_or_insert_with(|| {
                let mut intake = Intake::new();
                intake.feed(&whole);
                intake.feed(&pieces);
                intake.feed(&data);
                intake
            });
            (given_up, shed) = (true, true);
        }
        if given_up {
            (whole, pieces, claim) = (Data::new(), Vec::new(), None);
        } else if data.len() == length && length == announced {
            whole = data;
        } else {
            // What is announced has not come yet: memory is not handed out on a promise.
            pieces.reserve(announced.min(LARGE).saturating_sub(pieces.len()));
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&data);
        }
    }
    if given_up && let Some(intake) = intake {
        return Ok(Arrived::Refused(Box::new(intake.refuse(length, limits, shed))));
    }
    let bytes = if pieces.is_empty() { whole } else { pieces.into() };
    let checked = match intake {
        Some(intake) => intake.complete(bytes, limits).map(|(bytes, intake)| (bytes, Some(intake))),
        None => check(bytes, limits, FEW),
    };
    let (bytes, intake) = match checked {
        Ok(checked) => checked,
        Err(refused) => return Ok(Arrived::Refused(refused)),
    };
    let weight = intake.map_or(0, |intake| weight_of_review(intake.scanner(), length));
    Ok(Arrived::Whole(Bytes { bytes, weight, _claim: claim }))
}

/// The refusal of a review that is too large even for its head to be read.
pub(super) fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MAX_BODY} bytes"))
}

/// Reads a body and throws it away, as far as it is no larger than bodies may be.
pub(super) async fn discard(mut body: impl Body<Data = Data> + Unpin) {
    let mut length: usize = 0;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        length = length.saturating_add(frame.data_ref().map_or(0, Data::len));
        if length > MAX_DISCARDED {
            return;
        }
    }
}

/// Claims memory for a body that has grown to `length`; false where others hold too much.
fn grow(claim: &mut Option<OwnedSemaphorePermit>, length: usize, memory: &Memory) -> bool {
    let needed = length.saturating_sub(SMALL).div_ceil(UNIT);
    let held = claim.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let Some(more @ 1..) = needed.checked_sub(held) else { return true };
    let more = u32::try_from(more).unwrap_or(u32::MAX);
    let Ok(more) = Arc::clone(&memory.0).try_acquire_many_owned(more) else { return false };
    match claim {
        Some(claim) => claim.merge(more),
        None => *claim = Some(more),
    }
    true
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper::body::{Frame, SizeHint};

    use super::*;
    use crate::server::admission::unjudged::Unjudged;

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
            let case = format!("{pieces:?} {announced}");
            let body = arrived(Pieces(pieces, announced), &Memory::default()).await.unwrap();
            assert_eq!(body.bytes, "abc", "{case}");
        }
    }

    async fn arrived(
        body: impl hyper::body::Body<Data = Data> + Unpin,
        memory: &Memory,
    ) -> Result<Bytes, Unjudged> {
        match read(body, memory, &Limits::DEFAULT).await.unwrap() {
            Arrived::Whole(body) => Ok(body),
            Arrived::Refused(refused) => Err(refused.why),
        }
    }

    #[tokio::test]
    async fn bodies_share_a_bound() {
        let memory = Memory::default();
        let large = || Body::from(vec![b' '; MAX_HELD / 4]);
        let mut held = Vec::new();
        let refused = loop {
            match arrived(large(), &memory).await {
                Ok(body) => held.push(body),
                Err(why) => break why,
            }
        };
        assert_eq!(refused, Unjudged::Overloaded);
        assert_eq!(held.len(), 4);
        // Small ones have room, and so have large ones once others are done.
        arrived(Body::from(vec![b' '; SMALL]), &memory).await.unwrap();
        held.pop();
        arrived(large(), &memory).await.unwrap();
    }

    #[tokio::test]
    async fn the_largest_gets_in_alone_and_what_is_larger_keeps_no_memory() {
        let memory = Memory::default();
        let body = arrived(Body::from(vec![b' '; MAX_BODY]), &memory).await.unwrap();
        drop(body);
        let refused = arrived(Body::from(vec![b' '; MAX_BODY + 1]), &memory).await.unwrap_err();
        assert_eq!(refused, Unjudged::TooLarge { limit: MAX_BODY });
        assert_eq!(memory.0.available_permits(), MAX_HELD / UNIT);
    }
}
