//! What the look promises to readers: text that contrasts with what it stands on, in light and in dark.

use std::collections::BTreeMap;

const CSS: &str = include_str!("picture.css");

/// The colours of the light and of the dark look, by name.
fn colours() -> [BTreeMap<&'static str, [f64; 3]>; 2] {
    let (light, dark) = CSS.split_once("@media (prefers-color-scheme: dark)").unwrap();
    [light, dark].map(|part| {
        part.split("--")
            .filter_map(|rest| rest.split_once(": #"))
            .filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
            .filter_map(|(name, value)| {
                let channel = |at: usize| u8::from_str_radix(value.get(at..at + 2)?, 16).ok().map(f64::from);
                Some((name, [channel(0)?, channel(2)?, channel(4)?]))
            })
            .collect()
    })
}

/// <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let part = channel / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_is_readable_on_what_it_stands_on() {
    let mut pairs: Vec<(String, String)> =
        (0..7).map(|shade| (format!("n{shade}"), format!("h{shade}"))).collect();
    for (text, ground) in [
        ("ink", "paper"),
        ("quiet", "paper"),
        ("quiet", "lane"),
        ("limit", "paper"),
        ("accent", "paper"),
        ("good-ink", "good"),
        ("bad-ink", "bad"),
        ("wait-ink", "paper"),
        ("wait-ink", "hang"),
        ("wait-ink", "rule"),
        ("good", "paper"),
    ] {
        pairs.push((text.to_owned(), ground.to_owned()));
    }
    for (look, colours) in ["light", "dark"].iter().zip(colours()) {
        for (text, ground) in &pairs {
            let ratio = contrast(colours[text.as_str()], colours[ground.as_str()]);
            assert!(ratio >= 4.5, "{look}: {text} on {ground} has a contrast of {ratio:.2}");
        }
    }
}

#[test]
fn shades_grow_steadily() {
    for (look, colours) in ["light", "dark"].iter().zip(colours()) {
        let ground = luminance(colours["paper"]);
        let away: Vec<f64> =
            (0..7).map(|shade| (luminance(colours[format!("h{shade}").as_str()]) - ground).abs()).collect();
        assert!(away.is_sorted_by(|one, next| one < next), "{look}: {away:?}");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let all = format!("{}{}", super::LOOK, super::PAINTER);
    for word in ["url(", "@import", "innerHTML", "eval(", "Function(", "</"] {
        assert!(!all.contains(word), "{word}");
    }
}
