//! How much of one object is looked at, and a count of what a review holds, made while it arrives.
//!
//! An element of a list and an entry of a map are what costs memory: `{}` is two bytes of text, and kilobytes once it
//! is a volume. They are counted in the text, before anything is built from it. Imports nothing of ours.

mod at_most;

use std::fmt;

pub use at_most::at_most;

/// What one object may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// List items and map entries, all levels together.
    pub max_elements: usize,
    /// Levels of lists and maps, the object itself included.
    pub max_depth: usize,
}

impl Limits {
    /// What holds where nothing else is said.
    pub const DEFAULT: Self = Self { max_elements: 10_000, max_depth: 100 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit that an object exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// It has more list items and map entries than this.
    Elements(usize),
    /// It is nested more levels deep than this.
    Depth(usize),
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elements(limit) => write!(f, "more than {limit} list items and map entries"),
            Self::Depth(limit) => write!(f, "nested more than {limit} levels deep"),
        }
    }
}

/// Which object of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `request.object`.
    New,
    /// `request.oldObject`.
    Old,
}

/// What an object holds.
///
/// `metadata.managedFields` and `status` are not the author's: API servers and controllers write them. They do not count
/// as elements or depth, but apart, so that what they cost is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// List items and map entries.
    pub elements: usize,
    /// Levels of lists and maps, the object itself included.
    pub depth: usize,
    /// List items and map entries of `metadata.managedFields` and `status`.
    pub exempt: usize,
    /// Those of the elements that stand in a list `volumes`.
    pub volumes: usize,
    /// Those of the elements that stand in a list of containers.
    pub containers: usize,
}

impl Count {
    /// The limit that is exceeded, if any.
    pub fn exceeds(&self, limits: &Limits) -> Option<Exceeded> {
        if self.elements > limits.max_elements {
            Some(Exceeded::Elements(limits.max_elements))
        } else if self.depth > limits.max_depth {
            Some(Exceeded::Depth(limits.max_depth))
        } else {
            None
        }
    }
}

/// Takes the parts of a review as they come by: all of its text, in order.
pub trait Parts {
    /// Text of the review outside of its objects.
    fn outline(&mut self, text: &[u8]);

    /// An object begins, to whose place the outline has led up.
    fn object_begins(&mut self, which: Which);

    /// Text of an object, within its `spec` or outside of it.
    fn object(&mut self, which: Which, in_spec: bool, text: &[u8]);
}

/// Takes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ignored;

impl Parts for Ignored {
    fn outline(&mut self, _: &[u8]) {}

    fn object_begins(&mut self, _: Which) {}

    fn object(&mut self, _: Which, _: bool, _: &[u8]) {}
}

/// Where in a string the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// In none.
    Outside,
    /// Between characters.
    Plain,
    /// Behind a backslash.
    Escape,
    /// Within `\uXXXX`: digits to come, and the value of those that came.
    Unicode(u8, u32),
}

/// The longest key that means anything here, in bytes.
const LONGEST_KEY: usize = 20;

/// The last key, unescaped, as far as it can be one of those that mean anything.
#[derive(Debug, Clone, Copy, Default)]
struct Key {
    bytes: [u8; LONGEST_KEY],
    /// One more than fits where it is longer.
    length: usize,
}

impl Key {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        } else {
            self.length = LONGEST_KEY + 1;
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Which elements stand in the list that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dear {
    Volumes,
    Containers,
}

/// Depth of the review, of its `request`, of an object, and of the object's metadata, counted as the number of lists and
/// maps that are open within.
const REVIEW: usize = 1;
const REQUEST: usize = 2;
const OBJECT: usize = 3;
const METADATA: usize = 4;

/// Counts what the objects of an `AdmissionReview` hold, from pieces of its text, in constant memory. It does not say
/// whether the text is JSON: what is not is for the reader to find, which never finds more in it than was counted.
#[derive(Debug, Clone)]
pub struct Scanner {
    depth: usize,
    /// Whether the level N is a map, by bit N; deeper levels are not asked for.
    maps: u128,
    text: Text,
    /// Whether the string that is being read is a key.
    is_key: bool,
    /// Whether an item or a key comes next.
    awaiting: bool,
    key: Key,
    /// Whether the value of `request` is being read.
    in_request: bool,
    /// The object whose value comes next, once its key has been read.
    coming: Option<Which>,
    /// The object whose value is being read.
    within: Option<Which>,
    in_metadata: bool,
    in_spec: bool,
    /// The depth at which `managedFields` or `status` stands whose value is being read.
    exempt: Option<usize>,
    /// The list of volumes or containers that is being read, and its depth.
    dear: Option<(Dear, usize)>,
    new: Count,
    old: Count,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scanner at the beginning of a review.
    pub fn new() -> Self {
        Self {
            depth: 0,
            maps: 0,
            text: Text::Outside,
            is_key: false,
            awaiting: false,
            key: Key::default(),
            in_request: false,
            coming: None,
            within: None,
            in_metadata: false,
            in_spec: false,
            exempt: None,
            dear: None,
            new: Count::default(),
            old: Count::default(),
        }
    }

    /// What an object holds, as far as it has been read.
    pub fn count(&self, which: Which) -> &Count {
        match which {
            Which::New => &self.new,
            Which::Old => &self.old,
        }
    }

    /// Reads the next piece of the text.
    pub fn feed(&mut self, piece: &[u8], parts: &mut impl Parts) {
        // Where that begins which is in the same part as the byte at hand.
        let mut from = 0;
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            let before = (self.within, self.in_spec);
            // Where that ends which was in the same part as the byte before.
            let mut end = at;
            if self.text != Text::Outside {
                at = self.string(piece, at);
                end = at;
            } else {
                match byte {
                    b' ' | b'\t' | b'\n' | b'\r' | b':' => {}
                    b',' => self.end_value(true),
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        self.end_value(false);
                    }
                    _ => self.begin_value(byte),
                }
                at += 1;
            }
            if before != (self.within, self.in_spec) {
                hand_over(before, &piece[from..end], parts);
                from = end;
                if before.0.is_none()
                    && let Some(which) = self.within
                {
                    parts.object_begins(which);
                }
            }
        }
        hand_over((self.within, self.in_spec), &piece[from..], parts);
    }

    /// Reads on in a string, up to its end or that of the piece.
    fn string(&mut self, piece: &[u8], mut at: usize) -> usize {
        match self.text {
            Text::Escape => {
                self.text = match piece[at] {
                    b'u' => Text::Unicode(4, 0),
                    byte => {
                        // None of the keys that mean anything has such a character, but for the escape of a slash.
                        self.push(if byte == b'/' { b'/' } else { 0 });
                        Text::Plain
                    }
                };
                at + 1
            }
            Text::Unicode(left, value) => {
                let Some(digit) = char::from(piece[at]).to_digit(16) else {
                    // No JSON. Read again as what stands there, so that a quote ends the string.
                    self.text = Text::Plain;
                    return at;
                };
                let value = value << 4 | digit;
                self.text = if left > 1 {
                    Text::Unicode(left - 1, value)
                } else {
                    self.push(u8::try_from(value).unwrap_or(0));
                    Text::Plain
                };
                at + 1
            }
            Text::Plain | Text::Outside => {
                let rest = &piece[at..];
                let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
                if self.is_key {
                    for byte in rest[..length].iter().take(LONGEST_KEY + 1) {
                        self.key.push(*byte);
                    }
                }
                at += length;
                match piece.get(at) {
                    Some(b'\\') => self.text = Text::Escape,
                    Some(_) => {
                        self.text = Text::Outside;
                        if std::mem::take(&mut self.is_key) {
                            self.end_key();
                        }
                    }
                    None => return at,
                }
                at + 1
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if self.is_key {
            self.key.push(byte);
        }
    }

    /// A value begins, or a key.
    fn begin_value(&mut self, byte: u8) {
        let is_element = std::mem::replace(&mut self.awaiting, false);
        if byte == b'"' {
            self.text = Text::Plain;
            if is_element && self.is_map() {
                self.is_key = true;
                self.key.length = 0;
            }
        }
        if is_element {
            self.count_element();
        }
        if self.depth == REQUEST
            && let Some(which) = self.coming.take()
        {
            self.within = Some(which);
        }
        if matches!(byte, b'{' | b'[') {
            self.open(byte == b'{');
        }
    }

    fn is_map(&self) -> bool {
        u32::try_from(self.depth).is_ok_and(|depth| self.maps.checked_shr(depth).unwrap_or(0) & 1 == 1)
    }

    fn open(&mut self, map: bool) {
        let is_value_of_key = self.is_map();
        self.depth += 1;
        if let Some(bit) = u32::try_from(self.depth).ok().and_then(|depth| 1u128.checked_shl(depth)) {
            self.maps = if map { self.maps | bit } else { self.maps & !bit };
        }
        self.awaiting = true;
        let Some(which) = self.within else { return };
        let (depth, exempt) = (self.depth, self.exempt.is_some());
        if !map && is_value_of_key && self.dear.is_none() {
            self.dear = match self.key.as_bytes() {
                b"volumes" => Some((Dear::Volumes, depth)),
                b"containers" | b"initContainers" | b"ephemeralContainers" => Some((Dear::Containers, depth)),
                _ => None,
            };
        }
        if !exempt {
            let count = self.count_mut(which);
            count.depth = count.depth.max(depth - REQUEST);
        }
    }

    fn count_mut(&mut self, which: Which) -> &mut Count {
        match which {
            Which::New => &mut self.new,
            Which::Old => &mut self.old,
        }
    }

    /// An item of a list, or an entry of a map.
    fn count_element(&mut self) {
        let Some(which) = self.within else { return };
        let dear = self.dear.filter(|(_, depth)| *depth == self.depth).map(|(dear, _)| dear);
        let exempt = self.exempt.is_some();
        let count = self.count_mut(which);
        if exempt {
            count.exempt += 1;
        } else {
            count.elements += 1;
        }
        match dear {
            Some(Dear::Volumes) => count.volumes += 1,
            Some(Dear::Containers) => count.containers += 1,
            None => {}
        }
    }

    /// A key has been read: what its value is.
    fn end_key(&mut self) {
        let key = self.key;
        let key = key.as_bytes();
        match (self.depth, self.within) {
            (REVIEW, _) => self.in_request = key == b"request",
            (REQUEST, None) if self.in_request => {
                self.coming = match key {
                    b"object" => Some(Which::New),
                    b"oldObject" => Some(Which::Old),
                    _ => None,
                };
            }
            (OBJECT, Some(_)) => match key {
                b"metadata" => self.in_metadata = true,
                b"spec" => self.in_spec = true,
                b"status" => self.exempt = Some(OBJECT),
                _ => {}
            },
            (METADATA, Some(_)) if self.in_metadata && key == b"managedFields" => {
                self.exempt = Some(METADATA);
            }
            _ => {}
        }
    }

    /// A value has ended, by a comma or by the end of the list or map around it.
    fn end_value(&mut self, by_comma: bool) {
        self.awaiting = by_comma;
        let ends = |depth: usize| self.depth < depth || (by_comma && self.depth == depth);
        if self.exempt.is_some_and(ends) {
            self.exempt = None;
        }
        if self.dear.is_some_and(|(_, depth)| self.depth < depth) {
            self.dear = None;
        }
        // By a comma, the value that ends stands at this depth; by a bracket, one level below.
        let ended = if by_comma { self.depth } else { self.depth + 1 };
        if ended <= OBJECT {
            self.in_metadata = false;
            self.in_spec = false;
        }
        if ended <= REQUEST {
            self.within = None;
            self.coming = None;
            self.exempt = None;
        }
    }
}

/// Hands over text that is all in the same part.
fn hand_over((within, in_spec): (Option<Which>, bool), text: &[u8], parts: &mut impl Parts) {
    if text.is_empty() {
        return;
    }
    match within {
        None => parts.outline(text),
        Some(which) => parts.object(which, in_spec, text),
    }
}

#[cfg(test)]
mod tests;
