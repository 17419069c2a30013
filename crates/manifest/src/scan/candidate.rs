//! What may turn out to be a key.

use super::cursor::{Cursor, continuations};

/// How many characters a key may have, from its beginning to its `:`, where no `?` marks it.
pub(super) const KEY_LENGTH: usize = 1024;

/// What may turn out to be a key. There is one at a time in each level of brackets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Candidate {
    pub(super) is_possible: bool,
    /// Whether anything could be a key in this level yet.
    pub(super) was_begun: bool,
    /// Whether nothing but a key can stand here.
    pub(super) is_required: bool,
    /// Whether it is a list or an object in brackets. None is ever held back: as a key, it cannot be read at all.
    pub(super) is_collection: bool,
    /// Whether nothing in the brackets could be a key. go-yaml then forgets to wait for the `:` behind them, which shows
    /// where they are the document's value.
    pub(super) is_forgotten: bool,
    /// The number of its token.
    pub(super) token: usize,
    pub(super) at: usize,
    /// Where its line begins.
    pub(super) line: usize,
    pub(super) column: usize,
    /// Up to where its `:` may stand, if what lies beyond `counted` is ASCII.
    pub(super) limit: usize,
    pub(super) counted: usize,
}

impl Candidate {
    /// Whether there are no more than [`KEY_LENGTH`] characters up to `to`.
    #[inline]
    pub(super) fn reaches(&mut self, to: usize, cursor: &mut Cursor<'_>) -> bool {
        while to > self.limit {
            cursor.note(self.limit - self.counted);
            let inner = continuations(&cursor.bytes()[self.counted..self.limit]);
            // The rest of a character that the limit cuts.
            let rest = cursor.bytes()[self.limit..].iter().take_while(|b| **b & 0xC0 == 0x80).count();
            if inner + rest == 0 {
                return false;
            }
            self.counted = self.limit + rest;
            self.limit = self.counted + inner;
        }
        true
    }
}
