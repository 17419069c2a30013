//! A bound of what a JSON text holds, for less than a count.

/// How many elements a JSON text can hold at most, and how many levels of lists and maps it has, in one cheap pass: each
/// element follows a comma or an opening bracket, though not each of these brings one. Never less than a [`Scanner`](super::Scanner)
/// counts in the same text.
///
/// What is no more than `enough`, which is elements and levels, may be given as more than it is: strings are not
/// distinguished then, which takes a fraction of the time.
pub fn at_most(text: &[u8], enough: (usize, usize)) -> (usize, usize) {
    // Sums of bytes, which cannot overflow in a piece: the compiler takes 32 at a time, with none left over.
    const PIECE: usize = 7 * 32;
    let (opened, commas) = text.chunks(PIECE).fold((0, 0), |(opened, commas), chunk| {
        let count = |is: fn(u8) -> bool| chunk.iter().map(|byte| u8::from(is(*byte))).sum::<u8>();
        (
            opened + usize::from(count(|byte| byte == b'{' || byte == b'[')),
            commas + usize::from(count(|byte| byte == b',')),
        )
    });
    if opened + commas <= enough.0 && opened <= enough.1 {
        return (opened + commas, opened);
    }
    let (mut elements, mut depth, mut deepest) = (0, 0_usize, 0);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(text, at),
            b'{' | b'[' => {
                elements += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => elements += 1,
            _ => {}
        }
    }
    (elements, deepest)
}

/// Where the string ends, behind its quote, that begins at byte `at`; the end of the text where it does not.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(length) =
        text.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\')))
    {
        at += length + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        // What is escaped ends nothing.
        at += 1;
    }
    text.len()
}
