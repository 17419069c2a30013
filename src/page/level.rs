//! A level over time: how much is up at once.

use std::fmt::Write as _;

use super::picture::{Picture, fitting, number, text_width};
use super::scale::Unit;

/// A level to be drawn: the highest value of each of some equal steps.
#[derive(Debug)]
pub struct Level<'a> {
    /// Its title.
    pub title: &'a str,
    /// What there is to say about it.
    pub description: &'a str,
    /// The values.
    pub values: &'a [i64],
    /// The values as they are without what is proposed, to compare; drawn behind, as an area.
    pub before: Option<&'a [i64]>,
    /// What they are counted in.
    pub unit: Unit,
    /// A limit, and its name.
    pub limit: Option<(i64, &'a str)>,
    /// Where the highest value is, as a part of the whole time.
    pub peak: Option<f64>,
    /// The marks of the time.
    pub ticks: &'a [Tick],
    /// The width of the picture.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A mark of a time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where, as a part of the whole time.
    pub at: f64,
    /// What it says; nothing where only the line is wanted.
    pub label: String,
}

const TOP: f64 = 18.0;
const BOTTOM: f64 = 24.0;
const RIGHT: f64 = 12.0;

impl Level<'_> {
    /// The picture.
    pub fn draw(&self) -> Picture {
        let mut picture = Picture::new(self.width, self.height, self.title, self.description);
        let value = self.values.iter().chain(self.before.unwrap_or_default()).copied().max().unwrap_or(0);
        // A limit far above what is there would flatten the picture; it is named all the same.
        let limit = self.limit.filter(|(limit, _)| *limit <= value.saturating_mul(4).max(1));
        let marks = self.unit.marks(value.max(limit.map_or(0, |(limit, _)| limit)));
        let top = marks.last().map_or(1, |(value, _)| *value).max(1);
        let left = marks.iter().map(|(_, label)| text_width(label, 11.0)).fold(0.0, f64::max) + 12.0;
        let (width, height) = (self.width - left - RIGHT, self.height - TOP - BOTTOM);
        let up = |value: i64| TOP + height * (1.0 - share(value.min(top), top));

        for (value, label) in &marks {
            let y = up(*value);
            picture.line([left, y, left + width, y], if *value == 0 { "axis" } else { "rule" });
            picture.text([left - 8.0, y + 4.0], "quiet te", label);
        }
        draw_ticks(&mut picture, self.ticks, [left, width, TOP + height]);
        let (values, before) = (&coarse(self.values, width), self.before.map(|before| coarse(before, width)));
        let (area, class) = before.as_ref().map_or((values, "area"), |before| (before, "before"));
        picture.path([left, TOP], class, steps(area, top, [width, height], true));
        picture.path([left, TOP], "level", steps(values, top, [width, height], false));
        if let Some((limit, name)) = limit {
            let y = up(limit);
            picture.line([left, y, left + width, y], "limit");
            picture.text([left + width, y - 5.0], "limit-name te", &fitting(name, 11.0, width * 0.8));
        }
        if let (Some(at), Some(highest)) = (self.peak, self.values.iter().max().filter(|value| **value > 0)) {
            mark_peak(
                &mut picture,
                [left + at.clamp(0.0, 1.0) * width, up(*highest)],
                left + width,
                &self.unit.words(*highest),
            );
        }
        picture
    }
}

/// The marks of a time axis below a line, and of their words as many, evenly, as have room.
pub(super) fn draw_ticks(picture: &mut Picture, ticks: &[Tick], [left, width, base]: [f64; 3]) {
    let place = |tick: &Tick| left + tick.at.clamp(0.0, 1.0) * width;
    for tick in ticks {
        picture.line([place(tick), base, place(tick), base + 4.0], "axis");
    }
    let end = picture.width;
    let words: Vec<(f64, f64, &Tick)> = ticks
        .iter()
        .map(|tick| (place(tick), text_width(&tick.label, 11.0) / 2.0, tick))
        .filter(|(x, half, tick)| !tick.label.is_empty() && x - half >= 0.0 && x + half <= end)
        .collect();
    let have_room = |every: &usize| {
        let kept: Vec<_> = words.iter().step_by(*every).collect();
        kept.windows(2).all(|pair| pair[0].0 + pair[0].1 + 6.0 <= pair[1].0 - pair[1].1)
    };
    let every = (1..=words.len().max(1)).find(have_room).unwrap_or(1);
    for (x, _, tick) in words.iter().step_by(every) {
        picture.text([*x, base + 17.0], "quiet tm", &tick.label);
    }
}

/// A dot at the highest level, with its value on the side that has room.
fn mark_peak(picture: &mut Picture, [x, y]: [f64; 2], end: f64, words: &str) {
    picture.rect([x - 3.0, y - 3.0, 6.0, 6.0], "peak");
    let fits = x + 8.0 + text_width(words, 11.0) < end;
    let (x, class) = if fits { (x + 7.0, "strong") } else { (x - 7.0, "strong te") };
    picture.text([x, y - 5.0], class, words);
}

#[expect(clippy::cast_precision_loss, reason = "a picture has few points")]
fn share(value: i64, of: i64) -> f64 {
    value.max(0) as f64 / of as f64
}

/// The highest of so many steps at a time that each is wide enough to be seen; and how wide each is.
#[expect(clippy::cast_precision_loss, reason = "a picture has few points")]
fn coarse(values: &[i64], width: f64) -> (Vec<i64>, f64) {
    const WIDE: f64 = 3.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture is not that wide")]
    let most = ((width / WIDE) as usize).max(1);
    let each = values.len().div_ceil(most).max(1);
    let highest = values.chunks(each).filter_map(|chunk| chunk.iter().max().copied()).collect();
    (highest, width * each as f64 / values.len().max(1) as f64)
}

/// A line in steps, closed along the bottom where it bounds an area.
fn steps((values, each): &(Vec<i64>, f64), top: i64, [width, height]: [f64; 2], closed: bool) -> String {
    let up = |value: i64| number(height * (1.0 - share(value.min(top), top)));
    let mut data = String::new();
    let (mut last, mut right) = (None, 0.0);
    for value in values {
        let y = up(*value);
        if last.as_ref() != Some(&y) {
            // Writing into a String does not fail.
            let _ = match last {
                None if closed => write!(data, "M0 {}V{y}", number(height)),
                None => write!(data, "M0 {y}"),
                Some(_) => write!(data, "H{}V{y}", number(right)),
            };
            last = Some(y);
        }
        right += each;
    }
    if last.is_some() {
        let _ = write!(data, "H{}", number(width));
        if closed {
            let _ = write!(data, "V{}Z", number(height));
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_are_one_line() {
        let line = |values: &[i64], top, closed| steps(&coarse(values, 100.0), top, [100.0, 10.0], closed);
        assert_eq!(line(&[0, 0, 2, 2, 1], 2, false), "M0 10H40V0H80V5H100");
        assert_eq!(line(&[2], 2, true), "M0 10V0H100V10Z");
        assert_eq!(line(&[], 1, true), "");
    }

    #[test]
    fn narrow_steps_are_put_together() {
        assert_eq!(coarse(&[1, 2, 3, 4, 5], 10.0), (vec![2, 4, 5], 4.0));
        assert_eq!(coarse(&[1, 2], 100.0), (vec![1, 2], 50.0));
        assert_eq!(coarse(&[], 100.0).0, [0; 0]);
    }

    #[test]
    fn limit_and_peak_are_named() {
        let ticks = [Tick { at: 0.0, label: "Mon".to_owned() }, Tick { at: 0.01, label: "Tue".to_owned() }];
        let level = Level {
            title: "Pods",
            description: "",
            values: &[1, 9, 3],
            before: None,
            unit: Unit::Count,
            limit: Some((8, "quota 8")),
            peak: Some(0.5),
            ticks: &ticks,
            width: 300.0,
            height: 120.0,
        };
        let svg = level.draw().file();
        assert!(
            svg.contains(">quota 8</text>") && svg.contains("class=\"peak\"") && svg.contains(">9</text>"),
            "{svg}"
        );
        assert!(
            svg.contains(">Mon</text>") && !svg.contains(">Tue</text>"),
            "the second would overlap: {svg}"
        );
        let far = Level { limit: Some((1_000, "quota 1000")), ..level };
        assert!(!far.draw().file().contains("quota"));
    }
}
