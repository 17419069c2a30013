//! What of a review is kept while it is counted, and what follows where its objects exceed a limit.

use ring::digest::{Context, SHA256};

use crate::limits::{Exceeded, Limits, Parts, Scanner, Which, at_most};

use super::unjudged::Unjudged;

/// The largest review that is judged, in bytes. Requests to an API server have 3 MiB, and what it stores has 1.5 MiB
/// where nobody has configured more; it writes `<`, `>` and `&` to webhooks in six bytes each, in the new object and
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

    fn spec(&mut self, which: Which, text: &[u8]) {
        match which {
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

    /// Whether an object exceeds a limit already.
    pub(crate) fn exceeds(&self, limits: &Limits) -> bool {
        self.scanner.exceeds(limits).is_some()
    }

    /// What was counted.
    pub(crate) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Gives up a review that has `length` bytes, because an object exceeds a limit, or it is too large, or, where it
    /// is `shed`, because others take all memory.
    pub(crate) fn refuse(self, length: usize, limits: &Limits, shed: bool) -> Refused {
        let [new, old] = [Which::New, Which::Old].map(|which| self.scanner.count(which));
        let exceeded = new.exceeds(limits).or_else(|| old.exceeds(limits));
        let too_large = length > MAX_BODY;
        // The digests are those of all that has arrived.
        let same_spec =
            old.depth > 0 && self.kept.new_spec.finish().as_ref() == self.kept.old_spec.finish().as_ref();
        let was_no_better = old.exceeds(limits).is_some() || (exceeded.is_none() && too_large);
        let why = match exceeded {
            _ if same_spec && was_no_better => Unjudged::StoredTooLarge,
            Some(Exceeded::Elements(limit)) => Unjudged::TooManyElements { limit },
            Some(Exceeded::Depth(limit)) => Unjudged::TooDeep { limit },
            None if shed && !too_large => Unjudged::Overloaded,
            None => Unjudged::TooLarge { limit: MAX_BODY },
        };
        Refused { outline: self.kept.outline, why }
    }
}

/// Counts a review that is all there. None where it is so small that it cannot hold more than `few` elements or exceed
/// a limit: nothing that is counted costs less.
///
/// # Errors
/// What is refused, where an object exceeds a limit, or the review is too large.
pub(crate) fn check(body: &[u8], limits: &Limits, few: usize) -> Result<Option<Intake>, Box<Refused>> {
    let (elements, depth) = at_most(body);
    if elements <= few.min(limits.max_elements) && depth <= limits.max_depth && body.len() <= MAX_BODY {
        return Ok(None);
    }
    let mut intake = Intake::new();
    intake.feed(body);
    if body.len() > MAX_BODY || intake.exceeds(limits) {
        return Err(Box::new(intake.refuse(body.len(), limits, false)));
    }
    Ok(Some(intake))
}
