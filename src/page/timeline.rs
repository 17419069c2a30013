//! How something goes, as bars in lanes. Waits of seconds stand beside hours of work, so that where lengths differ hugely the
//! axis gives each stretch between two events a width that grows with the number of its digits, and says so.

use jobguard_text::duration::short;

use super::picture::{Picture, fitting, text_width};

/// A stretch of time to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its lane.
    pub lane: String,
    /// Its beginning, in seconds.
    pub from: i64,
    /// Its end; none where it has none that is known.
    pub until: Option<i64>,
    /// What it is.
    pub kind: Kind,
    /// A few words.
    pub label: String,
}

/// What a bar stands for: told apart by its outline and a sign as well as by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work that succeeds.
    Success,
    /// Work that fails.
    Failure,
    /// Nothing but waiting.
    Wait,
    /// Work that does not end.
    Hang,
    /// Many alike, folded into one.
    Folded,
}

/// The kinds, and what a legend says of them.
pub const LEGEND: [(Kind, &str); 5] = [
    (Kind::Success, "succeeds"),
    (Kind::Failure, "fails"),
    (Kind::Wait, "waits"),
    (Kind::Hang, "hangs"),
    (Kind::Folded, "more of the same"),
];

impl Kind {
    /// The look of its bars.
    pub fn class(self) -> &'static str {
        match self {
            Self::Success => "good",
            Self::Failure => "bad",
            Self::Wait => "wait",
            Self::Hang => "hang",
            Self::Folded => "fold",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Success => "good-words",
            Self::Failure => "bad-words",
            Self::Wait | Self::Hang | Self::Folded => "wait-words",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Success => "✓",
            Self::Failure => "✕",
            Self::Wait => "",
            Self::Hang => "?",
            Self::Folded => "⋯",
        }
    }
}

/// A timeline to be drawn.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// Its title.
    pub title: &'a str,
    /// What there is to say about it.
    pub description: &'a str,
    /// The bars.
    pub spans: &'a [Span],
    /// When it ends, and whether well.
    pub end: Option<(i64, bool)>,
    /// The width of the picture.
    pub width: f64,
}

const TOP: f64 = 24.0;
const ROW: f64 = 28.0;
const BAR: f64 = 22.0;
/// Room for half of the last time's words.
const MARGIN: f64 = 36.0;
/// How many rows and bars there are at most.
const ROWS: usize = 24;
const BARS: usize = 200;

impl Timeline<'_> {
    /// The picture.
    pub fn draw(&self) -> Picture {
        let spans = &self.spans[..self.spans.len().min(BARS)];
        let (rows, lanes) = rows(spans);
        let names = lanes.iter().map(|(name, _)| text_width(name, 12.0)).fold(0.0, f64::max);
        let left = names.clamp(40.0, 130.0) + 18.0;
        let count = rows.iter().map(|row| row + 1).max().unwrap_or(1).min(ROWS);
        let hidden =
            spans.len() - rows.iter().filter(|row| **row < ROWS).count() + (self.spans.len() - spans.len());
        let axis = Axis::of(spans, self.end.map(|(end, _)| end), left, self.width - left - MARGIN);
        let base = TOP + ROW * as_number(count) + 2.0;
        let notes = if axis.is_even && hidden == 0 { 0.0 } else { 18.0 };
        let mut picture = Picture::new(self.width, base + 26.0 + notes, self.title, self.description);

        for (name, row) in lanes.iter().filter(|(_, row)| *row < ROWS) {
            let top = TOP + ROW * as_number(*row);
            picture.text([left - 12.0, top + 16.0], "lane-name te", &fitting(name, 12.0, left - 18.0));
        }
        for row in 0..count {
            picture.rect([left, TOP + ROW * as_number(row), self.width - left - MARGIN, BAR], "lane");
        }
        axis.draw(&mut picture, base);
        for (span, row) in spans.iter().zip(&rows).filter(|(_, row)| **row < ROWS) {
            draw_bar(&mut picture, span, &axis, TOP + ROW * as_number(*row));
        }
        if let Some((end, good)) = self.end {
            let x = axis.place(end);
            picture.line([x, TOP - 6.0, x, base], if good { "end-good" } else { "end-bad" });
            let words = format!("ends at {}", short(end));
            let class = if good { "end-good-words te" } else { "end-bad-words te" };
            let fits = x - left > text_width(&words, 12.0);
            picture.text([if fits { x } else { left + text_width(&words, 12.0) }, TOP - 10.0], class, &words);
        }
        let mut notes = Vec::new();
        if !axis.is_even {
            notes.push("Time is not to scale: short stretches are drawn wider.".to_owned());
        }
        if hidden > 0 {
            notes.push(format!("{hidden} more bars are not drawn."));
        }
        if !notes.is_empty() {
            picture.text([left, base + 38.0], "quiet", &notes.join(" "));
        }
        picture
    }
}

fn draw_bar(picture: &mut Picture, span: &Span, axis: &Axis, top: f64) {
    let (x, end) = (axis.place(span.from), span.until.map_or(axis.right, |until| axis.place(until)));
    let width = (end - x).max(3.0);
    let until =
        span.until.map_or("the end is not known".to_owned(), |until| short(until.saturating_sub(span.from)));
    let tip = format!("{}, from {}: {until}", span.label, short(span.from));
    picture.rect_with([x, top, width, BAR], span.kind.class(), &tip);
    let sign = span.kind.sign();
    let words = if sign.is_empty() { span.label.clone() } else { format!("{sign} {}", span.label) };
    let room = width - 8.0;
    let words = if text_width(&words, 11.0) <= room { &words } else { sign };
    if !words.is_empty() && text_width(words, 11.0) <= room {
        picture.text([x + 5.0, top + 15.0], span.kind.words(), words);
    }
}

/// The row of each bar, and each lane with its first row. Bars of a lane that overlap are put below each other.
fn rows(spans: &[Span]) -> (Vec<usize>, Vec<(&str, usize)>) {
    let mut names: Vec<&str> = Vec::new();
    for span in spans {
        if !names.contains(&span.lane.as_str()) {
            names.push(&span.lane);
        }
    }
    let mut rows = vec![0; spans.len()];
    let mut lanes = Vec::new();
    let mut first = 0;
    for name in names {
        lanes.push((name, first));
        let mut free_from: Vec<i64> = Vec::new();
        for (number, span) in spans.iter().enumerate().filter(|(_, span)| span.lane == name) {
            let row = free_from.iter().position(|free| *free <= span.from).unwrap_or(free_from.len());
            let until = span.until.unwrap_or(i64::MAX);
            match free_from.get_mut(row) {
                Some(free) => *free = until,
                None => free_from.push(until),
            }
            rows[number] = first + row;
        }
        first += free_from.len();
    }
    (rows, lanes)
}

/// Where times are.
struct Axis {
    /// The times at which something begins or ends, in order, and their places.
    places: Vec<(i64, f64)>,
    /// The right end.
    right: f64,
    /// Whether equal lengths have equal widths.
    is_even: bool,
}

impl Axis {
    fn of(spans: &[Span], end: Option<i64>, left: f64, width: f64) -> Self {
        let mut times: Vec<i64> = spans
            .iter()
            .flat_map(|span| [Some(span.from), span.until])
            .flatten()
            .chain(end)
            .chain([0])
            .collect();
        times.sort_unstable();
        times.dedup();
        let lengths: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let (least, most) =
            (lengths.iter().min().copied().unwrap_or(1), lengths.iter().max().copied().unwrap_or(1));
        let is_even = most / least.max(1) <= 30;
        #[expect(clippy::cast_precision_loss, reason = "a picture is not that exact")]
        let weight = |length: i64| {
            let times = length as f64 / least.max(1) as f64;
            if is_even { times } else { 1.0 + times.ln() }
        };
        let sum: f64 = lengths.iter().map(|length| weight(*length)).sum();
        // What has no end reaches further than all that has one.
        let open = spans.iter().any(|span| span.until.is_none());
        let closed = if open { width * 0.85 } else { width };
        let mut at = left;
        let mut places = Vec::with_capacity(times.len());
        for (number, time) in times.iter().enumerate() {
            places.push((*time, at));
            if let Some(length) = lengths.get(number) {
                at += closed * weight(*length) / sum;
            }
        }
        Self { places, right: left + width, is_even }
    }

    fn place(&self, time: i64) -> f64 {
        match self.places.binary_search_by_key(&time, |(time, _)| *time) {
            Ok(number) => self.places[number].1,
            Err(_) => self.right,
        }
    }

    /// The times that have room, of all the first and the last.
    fn draw(&self, picture: &mut Picture, base: f64) {
        let (Some(first), Some(last)) = (self.places.first(), self.places.last()) else { return };
        picture.line([first.1, base, self.right, base], "axis");
        let half = |time: i64| text_width(&short(time), 11.0) / 2.0;
        let last_from = last.1 - half(last.0) - 8.0;
        let mut free_from = f64::MIN;
        for (number, (time, x)) in self.places.iter().enumerate() {
            let is_last = number + 1 == self.places.len() && number > 0;
            if !is_last && (x - half(*time) < free_from || number > 0 && x + half(*time) > last_from) {
                continue;
            }
            picture.line([*x, base, *x, base + 4.0], "axis");
            picture.text([*x, base + 17.0], "quiet tm", &short(*time));
            free_from = x + half(*time) + 8.0;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows of a picture are few")]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(lane: &str, from: i64, until: Option<i64>, kind: Kind) -> Span {
        Span { lane: lane.to_owned(), from, until, kind, label: format!("at {from}") }
    }

    #[test]
    fn overlapping_bars_go_below_each_other() {
        let spans = [
            span("Pods", 0, Some(10), Kind::Failure),
            span("Pods", 10, Some(20), Kind::Wait),
            span("Pods", 5, Some(15), Kind::Success),
            span("index 3", 0, None, Kind::Hang),
        ];
        assert_eq!(rows(&spans), (vec![0, 0, 1, 2], vec![("Pods", 0), ("index 3", 2)]));
    }

    #[test]
    fn seconds_are_seen_beside_days() {
        let spans =
            [span("Pods", 0, Some(86_400), Kind::Failure), span("Pods", 86_400, Some(86_410), Kind::Wait)];
        let axis = Axis::of(&spans, None, 0.0, 100.0);
        assert!(!axis.is_even);
        assert!(axis.place(86_400) < 95.0, "{}", axis.place(86_400));
        let even = Axis::of(
            &[span("a", 0, Some(10), Kind::Wait), span("a", 10, Some(40), Kind::Wait)],
            None,
            0.0,
            100.0,
        );
        assert!(even.is_even);
        assert!((even.place(10) - 25.0).abs() < 1e-9 && (even.place(40) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn what_hangs_reaches_the_end() {
        let spans = [span("Pods", 0, None, Kind::Hang)];
        let svg =
            Timeline { title: "t", description: "", spans: &spans, end: None, width: 600.0 }.draw().file();
        assert!(svg.contains("class=\"hang\"") && svg.contains("the end is not known"), "{svg}");
        let none = Timeline { title: "t", description: "", spans: &[], end: Some((0, true)), width: 600.0 };
        assert!(none.draw().file().contains("ends at 0"));
    }
}
