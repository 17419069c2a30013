//! A week as 7 times 24 cells, the darker the more.

use super::picture::Picture;
use super::scale::{Shades, compact};

/// Counts of seven days from Monday on, of 24 hours each.
pub type Week = [[u64; 24]; 7];

/// The days of a week, short.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A week to be drawn.
#[derive(Debug)]
pub struct HeatMap<'a> {
    /// What is counted.
    pub week: &'a Week,
    /// Its title.
    pub title: &'a str,
    /// What there is to say about it.
    pub description: &'a str,
    /// What one counts, in the plural.
    pub what: &'a str,
}

const LEFT: f64 = 44.0;
const TOP: f64 = 22.0;
const CELL: [f64; 2] = [34.0, 26.0];
const GAP: f64 = 2.0;

impl HeatMap<'_> {
    /// The classes of cells, by shade.
    const CELLS: [&'static str; 7] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6"];
    /// The classes of the numbers in them.
    const NUMBERS: [&'static str; 7] = ["n0 tm", "n1 tm", "n2 tm", "n3 tm", "n4 tm", "n5 tm", "n6 tm"];

    /// The picture, with numbers in the cells and a legend below them.
    pub fn draw(&self) -> Picture {
        let highest = self.week.iter().flatten().copied().max().unwrap_or(0);
        let shades = Shades::up_to(highest);
        let [width, height] = CELL;
        let mut picture =
            Picture::new(LEFT + 24.0 * width + 52.0, TOP + 7.0 * height + 40.0, self.title, self.description);
        let mut right = LEFT + width / 2.0;
        for hour in 0..24 {
            picture.text([right - GAP / 2.0, TOP - 8.0], "quiet tm", &format!("{hour:02}"));
            right += width;
        }
        picture.text([LEFT + 24.0 * width + 48.0, TOP - 8.0], "quiet te", "day");
        let mut down = TOP;
        for (day, counts) in DAYS.iter().zip(self.week) {
            let base = down + height / 2.0 + 3.0;
            picture.text([LEFT - 10.0, base], "quiet te", day);
            let mut right = LEFT;
            for (hour, count) in counts.iter().enumerate() {
                let shade = shades.of(*count);
                let tip = format!("{day} {hour:02}:00: {count} {}", self.what);
                picture.rect_with([right, down, width - GAP, height - GAP], Self::CELLS[shade], &tip);
                if *count > 0 {
                    picture.text([right + (width - GAP) / 2.0, base], Self::NUMBERS[shade], &compact(*count));
                }
                right += width;
            }
            let sum = counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
            picture.text([right + 48.0, base], "quiet te", &compact(sum));
            down += height;
        }
        self.legend(&mut picture, &shades, down + 14.0);
        picture
    }

    fn legend(&self, picture: &mut Picture, shades: &Shades, down: f64) {
        let mut right = LEFT;
        for (shade, from, until) in shades.legend() {
            picture.rect([right, down, 16.0, 12.0], Self::CELLS[shade]);
            let words = range(from, until);
            picture.text([right + 22.0, down + 10.0], "quiet", &words);
            right += 22.0 + super::picture::text_width(&words, 11.0) + 16.0;
        }
        picture.text([right, down + 10.0], "quiet", &format!("{} in the hour", self.what));
    }
}

/// `3`, or `4–9`.
pub(super) fn range(from: u64, until: u64) -> String {
    if from == until { compact(from) } else { format!("{}–{}", compact(from), compact(until)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_an_hour() {
        let mut week = [[0; 24]; 7];
        week[1][2] = 1_500;
        week[6][23] = 3;
        let map = HeatMap { week: &week, title: "Starts", description: "By hour.", what: "runs" };
        let svg = map.draw().file();
        assert_eq!(svg.matches("<rect class=\"h").count(), 168 + 6);
        assert!(svg.contains("<title>Tue 02:00: 1500 runs</title>") && svg.contains(">1.5k</text>"), "{svg}");
    }
}
