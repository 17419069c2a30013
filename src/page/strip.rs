//! A strip of time with a mark for each run.

use super::level::{Tick, draw_ticks};
use super::picture::Picture;

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
        draw_ticks(&mut picture, self.ticks, [left, width, 36.0]);
        for (at, tip) in self.runs {
            let x = left + at.clamp(0.0, 1.0) * width;
            picture.rect_with([x - 1.5, 9.0, 3.0, 20.0], "run", tip);
        }
        picture
    }
}
