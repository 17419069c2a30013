//! Pictures as lists of shapes: written as SVG here, or handed to a page's script as JSON, which paints the same.

use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};

use super::foreign;

/// A picture. Its size is that of its coordinates; where it is shown it scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What it is, in a few words.
    pub title: String,
    /// What is to be seen on it, for those who do not see it.
    pub description: String,
    /// What it is made of, from the back to the front.
    pub shapes: Vec<Shape>,
}

/// A shape. Classes are names of rules of the look and nobody else's words.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A rectangle, with a text for the pointer where there is one.
    Box {
        /// Left, top, width and height.
        at: [f64; 4],
        /// Its look.
        class: &'static str,
        /// What the pointer shows.
        tip: Option<String>,
    },
    /// A line from one point to another.
    Line {
        /// Both points.
        at: [f64; 4],
        /// Its look.
        class: &'static str,
    },
    /// A path.
    Path {
        /// Where its data has 0, 0.
        at: [f64; 2],
        /// Its data.
        data: String,
        /// Its look.
        class: &'static str,
    },
    /// A text.
    Text {
        /// Where its baseline begins, ends or has its middle, as the class says.
        at: [f64; 2],
        /// Its look.
        class: &'static str,
        /// What it says.
        text: String,
    },
}

impl Picture {
    /// An empty picture.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let (title, description) = (foreign(title), foreign(description));
        Self { width, height, title, description, shapes: Vec::new() }
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, at: [f64; 4], class: &'static str) {
        self.shapes.push(Shape::Box { at, class, tip: None });
    }

    /// Adds a rectangle with a text for the pointer.
    pub fn rect_with(&mut self, at: [f64; 4], class: &'static str, tip: &str) {
        self.shapes.push(Shape::Box { at, class, tip: Some(foreign(tip)) });
    }

    /// Adds a line.
    pub fn line(&mut self, at: [f64; 4], class: &'static str) {
        self.shapes.push(Shape::Line { at, class });
    }

    /// Adds a path, whose data has its 0, 0 at a point.
    pub fn path(&mut self, at: [f64; 2], class: &'static str, data: String) {
        self.shapes.push(Shape::Path { at, data, class });
    }

    /// Adds a text.
    pub fn text(&mut self, at: [f64; 2], class: &'static str, text: &str) {
        self.shapes.push(Shape::Text { at, class, text: foreign(text) });
    }

    /// Adds the shapes of another picture, so far right and down.
    pub fn place(&mut self, other: Self, right: f64, down: f64) {
        self.shapes.extend(other.shapes.into_iter().map(|shape| shape.moved(right, down)));
    }

    /// The picture within a page. `id` is no other's in the page.
    pub fn inline(&self, id: &str) -> Markup {
        let (title, description) = (format!("{id}-t"), format!("{id}-d"));
        html! {
            svg class="picture" viewBox=(self.view()) role="img" aria-labelledby={ (title) " " (description) } {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                (self.painted())
            }
        }
    }

    /// The picture as a file of its own, light or dark as its reader has it.
    pub fn file(&self) -> String {
        let [width, height] = [self.width, self.height].map(number);
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" class="picture alone" width=(width) height=(height)
                viewBox=(self.view()) role="img" aria-labelledby="t d" {
                title id="t" { (self.title) }
                desc id="d" { (self.description) }
                style { (PreEscaped(include_str!("picture.css"))) }
                rect class="paper" width=(width) height=(height) rx="8" {}
                (self.painted())
            }
        };
        let mut file = picture.into_string();
        file.push('\n');
        file
    }

    fn view(&self) -> String {
        format!("0 0 {} {}", number(self.width), number(self.height))
    }

    fn painted(&self) -> Markup {
        html! { @for shape in &self.shapes { (shape.svg()) } }
    }
}

impl Shape {
    fn svg(&self) -> Markup {
        match self {
            Self::Box { at, class, tip } => {
                let [x, y, width, height] = at.map(number);
                html! {
                    rect class=(class) x=(x) y=(y) width=(width) height=(height) {
                        @if let Some(tip) = tip { title { (tip) } }
                    }
                }
            }
            Self::Line { at, class } => {
                let [x1, y1, x2, y2] = at.map(number);
                html! { line class=(class) x1=(x1) y1=(y1) x2=(x2) y2=(y2) {} }
            }
            Self::Path { at, data, class } => {
                let [x, y] = at.map(number);
                html! { path class=(class) transform={ "translate(" (x) " " (y) ")" } d=(data) {} }
            }
            Self::Text { at, class, text } => {
                let [x, y] = at.map(number);
                html! { text class=(class) x=(x) y=(y) { (text) } }
            }
        }
    }

    fn moved(self, right: f64, down: f64) -> Self {
        match self {
            Self::Box { at: [x, y, width, height], class, tip } => {
                Self::Box { at: [x + right, y + down, width, height], class, tip }
            }
            Self::Line { at: [x1, y1, x2, y2], class } => {
                Self::Line { at: [x1 + right, y1 + down, x2 + right, y2 + down], class }
            }
            Self::Text { at: [x, y], class, text } => Self::Text { at: [x + right, y + down], class, text },
            Self::Path { at: [x, y], data, class } => Self::Path { at: [x + right, y + down], data, class },
        }
    }
}

/// `[width, height, title, description, [shape ...]]`, a shape being its letter, its coordinates, its class and its text.
impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let size = [self.width, self.height].map(Short);
        (size[0], size[1], &self.title, &self.description, &self.shapes).serialize(serializer)
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let (letter, numbers, class, text): (_, &[f64], _, Option<&str>) = match self {
            Self::Box { at, class, tip } => ("b", at, class, tip.as_deref()),
            Self::Line { at, class } => ("l", at, class, None),
            Self::Path { at, data, class } => ("p", at, class, Some(data)),
            Self::Text { at, class, text } => ("t", at, class, Some(text)),
        };
        list.serialize_element(letter)?;
        for number in numbers {
            list.serialize_element(&Short(*number))?;
        }
        list.serialize_element(class)?;
        if let Some(text) = text {
            list.serialize_element(text)?;
        }
        list.end()
    }
}

/// A coordinate as JSON has it, without a fraction where there is none.
#[derive(Clone, Copy)]
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = (self.0 * 10.0).round() / 10.0;
        if rounded.fract() == 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "coordinates of a picture are small")]
            serializer.serialize_i64(rounded as i64)
        } else {
            serializer.serialize_f64(rounded)
        }
    }
}

/// A coordinate with at most one digit after the point.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// About how wide a text is in letters of so many units: enough to see whether it fits. What is not Latin is taken for wide.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' => 0.32,
        'm' | 'w' | 'M' | 'W' => 0.9,
        c if c.is_ascii_uppercase() => 0.7,
        c if c.is_ascii() => 0.58,
        c if u32::from(c) < 0x1100 => 0.7,
        _ => 1.05,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// As much of a text as fits into so many units, with an ellipsis in place of the rest.
pub(super) fn fitting(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = size;
    for c in text.chars() {
        used += text_width(c.encode_utf8(&mut [0; 4]), size);
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 0.04, -0.04, 12.25, 1e3].map(number), ["1", "0", "0", "12.2", "1000"]);
    }

    #[test]
    fn text_is_escaped_and_neutral() {
        let mut picture = Picture::new(10.0, 20.5, "</title><script>", "a\u{202e}b");
        picture.rect_with([0.0; 4], "bar", "\" onload=\"x");
        picture.text([1.0, 2.0], "t", "<&>\u{7}");
        let svg = picture.file();
        assert!(svg.contains("&lt;/title&gt;&lt;script&gt;") && svg.contains("a\u{fffd}b"), "{svg}");
        assert!(svg.contains("&quot; onload=&quot;x") && svg.contains("&lt;&amp;&gt;\u{fffd}"), "{svg}");
        assert_eq!(
            serde_json::to_string(&picture).unwrap(),
            "[10,20.5,\"</title><script>\",\"a\u{fffd}b\",[[\"b\",0,0,0,0,\"bar\",\"\\\" onload=\\\"x\"],\
             [\"t\",1,2,\"t\",\"<&>\u{fffd}\"]]]"
        );
    }

    #[test]
    fn long_text_is_cut_to_fit() {
        assert_eq!(fitting("short", 10.0, 100.0), "short");
        let cut = fitting(&"a".repeat(100), 10.0, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 105.0, "{cut}");
    }
}
