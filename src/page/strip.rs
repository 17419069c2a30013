//! A strip of time with a mark for each run.

use super::level::Tick;
use super::picture::{Picture, text_width};

/// Runs to be drawn.
#[derive(Debug)]
pub struct Strip<'a> {
    /// Its title.
    pub title: &'a str,
    /// What there is to say about it.
    pub description: &'a str,
    /// When the runs are, as parts of the whole time, each with what the pointer shows.
    pub runs: &'a [(f64, String)],
    /// The marks of the time.
    pub ticks: &'a [Tick],
    /// The width of the picture.
    pub width: f64,
}

impl Strip<'_> {
    /// The picture.
    pub fn draw(&self) -> Picture {
        let mut picture = Picture::new(self.width, 60.0, self.title, self.description);
        let (left, width) = (12.0, self.width - 24.0);
        picture.rect([left - 4.0, 6.0, width + 8.0, 26.0], "lane");
        picture.line([left, 36.0, left + width, 36.0], "axis");
        let mut free_from = f64::MIN;
        for tick in self.ticks {
            let x = left + tick.at.clamp(0.0, 1.0) * width;
            picture.line([x, 36.0, x, 40.0], "axis");
            let half = text_width(&tick.label, 11.0) / 2.0;
            if !tick.label.is_empty() && x - half >= free_from.max(0.0) && x + half <= self.width {
                picture.text([x, 54.0], "quiet tm", &tick.label);
                free_from = x + half + 6.0;
            }
        }
        for (at, tip) in self.runs {
            let x = left + at.clamp(0.0, 1.0) * width;
            picture.rect_with([x - 1.5, 9.0, 3.0, 20.0], "run", tip);
        }
        picture
    }
}
