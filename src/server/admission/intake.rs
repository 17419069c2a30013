//! Limits: elements and depth are counted while a review arrives, and objects that exceed a limit are not judged.

use std::ops::Range;

use axum::body::Bytes;
use ring::digest::{Context, SHA256};

use jobguard_manifest::limits::{Exceeded, Limits, Parts, Scanner, Which, at_most};

use super::head::Head;
use super::request::Operation;
use super::unjudged::Unjudged;

/// The largest review that is judged, in bytes. Requests to an API server have 3 MiB, and what it stores has 1.5 MiB
/// by default; it writes `<`, `>` and `&` to webhooks in six bytes each, in the new object and
/// in the old one.
pub(crate) const MAX_BODY: usize = 28 << 20;

/// How much of a review is kept beside its objects, in bytes: who asks, and for what. An API server bounds it by the
/// size of a request's header.
const MAX_OUTLINE: usize = 64 << 10;

/// Counts what the objects of a review hold, and keeps what it takes to answer it where they hold too much.
pub(crate) struct Intake {
    scanner: Scanner,
    kept: Kept,
}

/// A review on which there can be no verdict, and as much of it as it takes to say so.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The review without its objects; cut off where even that is too long.
    pub(crate) outline: Vec<u8>,
    /// Why.
    pub(crate) why: Unjudged,
}

struct Kept {
    outline: Vec<u8>,
    /// Digests of `spec`, of the new and of the old object: equal where nothing has become worse.
    new_spec: Context,
    old_spec: Context,
}

impl Parts for Kept {
    fn outline(&mut self, text: &[u8]) {
        let room = MAX_OUTLINE.saturating_sub(self.outline.len());
        self.outline.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn object_begins(&mut self, _: Which) {
        self.outline(b"null");
    }

    fn object(&mut self, which: Which, in_spec: bool, text: &[u8]) {
        match which {
            _ if !in_spec => {}
            Which::New => self.new_spec.update(text),
            Which::Old => self.old_spec.update(text),
        }
    }
}

impl Intake {
    pub(crate) fn new() -> Self {
        let spec = || Context::new(&SHA256);
        let kept = Kept { outline: Vec::new(), new_spec: spec(), old_spec: spec() };
        Self { scanner: Scanner::new(), kept }
    }

    /// Takes in the next piece of the review.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        self.scanner.feed(piece, &mut self.kept);
    }

    /// Whether the new object exceeds a limit already, so that there can be no verdict on it.
    pub(crate) fn new_exceeds(&self, limits: &Limits) -> bool {
        self.scanner.count(Which::New).exceeds(limits).is_some()
    }

    /// What was counted.
    pub(crate) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Whether both objects are there, and their specs are the same, as far as they have arrived.
    fn has_same_spec(&self) -> bool {
        let has_both = [Which::New, Which::Old].iter().all(|which| self.scanner.count(*which).depth > 0);
        let digest = |spec: &Context| spec.clone().finish();
        has_both && digest(&self.kept.new_spec).as_ref() == digest(&self.kept.old_spec).as_ref()
    }

    /// Gives up a review that has `length` bytes, because an object exceeds a limit, or it is too large, or, where it
    /// is `shed`, because others take all memory.
    pub(crate) fn refuse(self, length: usize, limits: &Limits, shed: bool) -> Refused {
        let [new, old] = [Which::New, Which::Old].map(|which| self.scanner.count(which).exceeds(limits));
        let too_large = length > MAX_BODY;
        let was_no_better = old.is_some() || (new.is_none() && too_large);
        // Only the API server says that an object is a stored one, and only for updates.
        let is_update = || Head::read(&self.kept.outline).operation == Some(Operation::Update);
        let why = match new.or(old) {
            _ if was_no_better && self.has_same_spec() && is_update() => Unjudged::StoredTooLarge,
            Some(Exceeded::Elements(limit)) => Unjudged::TooManyElements { limit },
            Some(Exceeded::Depth(limit)) => Unjudged::TooDeep { limit },
            None if shed && !too_large => Unjudged::Overloaded,
            None => Unjudged::TooLarge { limit: MAX_BODY },
        };
        Refused { outline: self.kept.outline, why }
    }

    /// Decides on a review that is all there, as `body`. Where only the stored object exceeds a limit, the new one is
    /// judged without it, as though it were created: an object that has grown too large must be possible to make
    /// smaller.
    ///
    /// # Errors
    /// What is refused: the new object exceeds a limit, the review is too large, or nothing but the metadata of an
    /// object has changed whose stored version exceeds a limit.
    pub(crate) fn complete(self, body: Bytes, limits: &Limits) -> Result<(Bytes, Self), Box<Refused>> {
        if body.len() > MAX_BODY || self.new_exceeds(limits) {
            return Err(Box::new(self.refuse(body.len(), limits, false)));
        }
        if self.scanner.count(Which::Old).exceeds(limits).is_none() {
            return Ok((body, self));
        }
        if self.has_same_spec() {
            return Err(Box::new(self.refuse(body.len(), limits, false)));
        }
        let body = without_old_object(body);
        let mut counted = Self::new();
        counted.feed(&body);
        Ok((body, counted))
    }
}

/// Counts a review that is all there. It comes without the count where it is so small that it cannot hold more than
/// `few` elements or exceed a limit: nothing that is counted costs less.
///
/// # Errors
/// See [`Intake::complete`].
pub(crate) fn check(
    body: Bytes,
    limits: &Limits,
    few: usize,
) -> Result<(Bytes, Option<Intake>), Box<Refused>> {
    let few = few.min(limits.max_elements);
    let deepest = limits.max_depth;
    // Brackets of all kinds stand for levels at first.
    let (elements, opened) = at_most(&body, (few, usize::MAX));
    let is_shallow =
        || opened <= deepest || nests_within(&body, deepest) || at_most(&body, (few, deepest)).1 <= deepest;
    if elements <= few && body.len() <= MAX_BODY && is_shallow() {
        return Ok((body, None));
    }
    let mut intake = Intake::new();
    intake.feed(&body);
    let (body, intake) = intake.complete(body, limits)?;
    Ok((body, Some(intake)))
}

/// Whether a JSON text is seen at a glance to have no more than `deepest` levels: deeper ones are opened one after
/// another, and closed again after that, so that they have more brackets than that on either side. Those in strings
/// count as well, and make it look deeper at worst. What does not close its brackets is no JSON, and no review.
fn nests_within(text: &[u8], deepest: usize) -> bool {
    // Sums of bytes, which cannot overflow in a piece: the compiler takes 32 at a time, with none left over.
    const PIECE: usize = 7 * 32;
    let count = |piece: &[u8], [map, list]: [u8; 2]| {
        usize::from(piece.iter().map(|byte| u8::from(*byte == map) + u8::from(*byte == list)).sum::<u8>())
    };
    let (mut opened, mut closed) = (0, 0);
    for piece in text.chunks(PIECE) {
        opened += count(piece, *b"{[");
        if opened > deepest {
            closed += count(piece, *b"}]");
        }
    }
    closed <= deepest
}

/// Where in the text of a review its old object stands.
#[derive(Default)]
struct OldObject {
    /// How much of the text has come by, in bytes.
    at: usize,
    /// Several where the key is given several times.
    places: Vec<Range<usize>>,
}

impl Parts for OldObject {
    fn outline(&mut self, text: &[u8]) {
        self.at += text.len();
    }

    fn object_begins(&mut self, which: Which) {
        if which == Which::Old {
            self.places.push(self.at..self.at);
        }
    }

    fn object(&mut self, which: Which, _: bool, text: &[u8]) {
        self.at += text.len();
        if which == Which::Old
            && let Some(place) = self.places.last_mut()
        {
            place.end = self.at;
        }
    }
}

/// The review with `null` in the place of its old object, and spaces up to where that ended: no second copy is made.
fn without_old_object(body: Bytes) -> Bytes {
    const NULL: &[u8] = b"null";
    let mut old = OldObject::default();
    Scanner::new().feed(&body, &mut old);
    let mut text = Vec::from(body);
    for place in old.places {
        // What is shorter exceeds nothing.
        if let Some((null, rest)) = text.get_mut(place).and_then(|text| text.split_at_mut_checked(NULL.len()))
        {
            null.copy_from_slice(NULL);
            rest.fill(b' ');
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_let_through_uncounted(text: &str) -> bool {
        let limits = Limits { max_elements: 1000, max_depth: 10 };
        check(Bytes::copy_from_slice(text.as_bytes()), &limits, 1000)
            .is_ok_and(|(_, intake)| intake.is_none())
    }

    #[test]
    fn many_brackets_are_not_many_levels() {
        let beside = format!("[{}{{}}]", "[],".repeat(400));
        assert!(nests_within(beside.as_bytes(), 250) && is_let_through_uncounted(&beside));
        for (levels, is_shallow) in [(9, true), (10, true), (11, false), (200, false)] {
            let nested = "[".repeat(levels) + &"]".repeat(levels);
            assert_eq!(is_let_through_uncounted(&nested), is_shallow, "{levels}");
            let beside = format!("[{}{nested}]", "[],".repeat(levels));
            assert_eq!(is_let_through_uncounted(&beside), is_shallow && levels < 10, "{levels}");
        }
    }

    proptest! {
        #[test]
        fn no_deeper_text_looks_shallow(
            (before, levels, after) in (0usize..400, 0usize..40, 0usize..400),
            word in "[\\[\\]{}a]{0,30}",
            deepest in 1usize..40,
        ) {
            let text = format!(
                "[{}{}{:?}{}{}]",
                "{\"a\":[]},".repeat(before),
                "[".repeat(levels),
                word,
                "]".repeat(levels),
                ",[\"]\"]".repeat(after),
            );
            // With strings distinguished.
            let exact = at_most(text.as_bytes(), (0, 0)).1;
            prop_assert!(!nests_within(text.as_bytes(), deepest) || exact <= deepest, "{exact} {text}");
        }
    }
}
