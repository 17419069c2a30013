//! The two text formats of metrics, and which of them a client asks for.

/// A text format that Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus' own, version 0.0.4: what every tool reads that reads metrics at all.
    Prometheus,
    /// OpenMetrics 1.0.0, for those that ask for it.
    OpenMetrics,
}

impl Format {
    /// The one that `Accept` headers ask for: OpenMetrics where it is named and nothing says that the other one is liked
    /// better. Where neither is acceptable, Prometheus' own is answered all the same: a refusal would help no client.
    ///
    /// Costs one pass over the headers, whose size the listener bounds.
    pub(crate) fn asked_for<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let (mut open, mut text) = (Asked::default(), Asked::default());
        for range in accept.flat_map(|header| header.split(',')).filter_map(Range::read) {
            open.meet(&range, "application", "openmetrics-text", &["1.0.0", "0.0.1"]);
            text.meet(&range, "text", "plain", &["0.0.4"]);
        }
        match open.exact {
            Some(quality) if quality > 0 && quality >= text.quality() => Self::OpenMetrics,
            _ => Self::Prometheus,
        }
    }

    /// The value of `Content-Type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How much a format is liked, in thousandths: by its name, by its type alone, and as anything at all.
#[derive(Debug, Default)]
struct Asked {
    exact: Option<u16>,
    of_type: Option<u16>,
    any: Option<u16>,
}

impl Asked {
    fn meet(&mut self, range: &Range<'_>, kind: &str, subtype: &str, versions: &[&str]) {
        let place = match (range.kind, range.subtype) {
            ("*", "*") => &mut self.any,
            (of, "*") if of.eq_ignore_ascii_case(kind) => &mut self.of_type,
            (of, name) if of.eq_ignore_ascii_case(kind) && name.eq_ignore_ascii_case(subtype) => {
                if range.version.is_some_and(|version| !versions.contains(&version)) {
                    return;
                }
                &mut self.exact
            }
            _ => return,
        };
        *place = (*place).max(Some(range.quality));
    }

    /// What names a format more closely counts.
    fn quality(&self) -> u16 {
        self.exact.or(self.of_type).or(self.any).unwrap_or(0)
    }
}

/// One entry of an `Accept` header.
#[derive(Debug)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    /// Nothing where it is not written as RFC 9110 has it.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self { kind, subtype, version: None, quality: 1000 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => range.quality = thousandths(value)?,
                name if name.eq_ignore_ascii_case("version") => range.version = Some(value),
                _ => {}
            }
        }
        Some(range)
    }
}

/// A quality value: 0 to 1, with three digits at most.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: u16 = format!("{digits:0<3}").parse().ok()?;
    match (whole, digits) {
        ("0", _) => Some(digits),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// Metrics in Prometheus' own format, from what they are in OpenMetrics.
///
/// The samples are the same in both; what stands about them differs. A counter goes by the name that its samples have, there is
/// no unit and no end, and times of creation, which would be counters of their own, are left out. One pass, line by line.
pub(crate) fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut push = |pieces: &[&str]| {
        pieces.iter().for_each(|piece| text.push_str(piece));
        text.push('\n');
    };
    // The help comes first in OpenMetrics, and only the type says by what name to give it.
    let mut help = None;
    let mut created = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "gaugehistogram" | "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, words)) = help.take().filter(|(of, _)| *of == name) {
                push(&["# HELP ", name, suffix, " ", words]);
            }
            push(&["# TYPE ", name, suffix, " ", kind]);
            created = matches!(kind, "counter" | "histogram" | "summary").then(|| format!("{name}_created"));
        } else if line.starts_with('#') {
            // The unit, or the end.
        } else {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            if created.as_deref() != Some(name) {
                push(&[line]);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn asks(accept: &[&str], format: Format) {
        assert_eq!(Format::asked_for(accept.iter().copied()), format, "{accept:?}");
    }

    #[test]
    fn open_metrics_is_for_those_that_ask_for_it() {
        use Format::{OpenMetrics, Prometheus};
        // curl, browsers, agents that know the old format alone.
        asks(&[], Prometheus);
        asks(&["*/*"], Prometheus);
        asks(&["text/plain"], Prometheus);
        asks(&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], Prometheus);
        asks(&["text/plain;version=0.0.4;q=1,*/*;q=0.1"], Prometheus);
        asks(&["application/json"], Prometheus);
        asks(&["application/*"], Prometheus);
        // Prometheus 2 and 3.
        asks(
            &[
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
               text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ],
            OpenMetrics,
        );
        asks(
            &["application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
               application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
               text/plain;version=0.0.4;q=0.2,*/*;q=0.1"],
            OpenMetrics,
        );
        asks(&["application/openmetrics-text"], OpenMetrics);
        asks(&["Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8"], OpenMetrics);
        asks(&["application/openmetrics-text, */*"], OpenMetrics);
        asks(&["text/plain;q=0.5", "application/openmetrics-text;q=0.5"], OpenMetrics);
    }

    #[test]
    fn qualities_decide() {
        use Format::{OpenMetrics, Prometheus};
        asks(&["application/openmetrics-text;q=0.4,text/plain;q=0.5"], Prometheus);
        asks(&["application/openmetrics-text;q=0.4,text/*;q=0.5"], Prometheus);
        asks(&["application/openmetrics-text;q=0.4,*/*;q=0.5"], Prometheus);
        asks(&["application/openmetrics-text;q=0.4,text/plain;q=0.3,*/*"], OpenMetrics);
        asks(&["application/openmetrics-text;q=0.4,text/plain;q=0"], OpenMetrics);
        asks(&["application/openmetrics-text;q=0"], Prometheus);
        asks(&["application/openmetrics-text;q=0.0, text/plain;q=0"], Prometheus);
        // Neither a version that is not written here, nor a quality that is none, counts.
        asks(&["application/openmetrics-text;version=2.0.0"], Prometheus);
        asks(&["application/openmetrics-text;q=2"], Prometheus);
        asks(&["application/openmetrics-text;q=much, text/plain;q=0.1"], Prometheus);
        for (text, quality) in
            [("1", Some(1000)), ("1.000", Some(1000)), ("0.05", Some(50)), ("0", Some(0)), ("1.1", None)]
        {
            assert_eq!(thousandths(text), quality, "{text}");
        }
    }

    #[test]
    fn what_stands_about_samples_is_translated() {
        let open = "# HELP a_seconds Time.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                    a_seconds_total{b=\"c\"} 7\na_seconds_created{b=\"c\"} 1.5\n\
                    # HELP t_created When.\n# TYPE t_created gauge\nt_created 3\n\
                    # HELP h How long.\n# TYPE h histogram\nh_sum 1.0\nh_count 2\nh_bucket{le=\"+Inf\"} 2\nh_created 9\n\
                    # HELP x What.\n# TYPE x unknown\nx 1\n# EOF\n";
        let text = "# HELP a_seconds_total Time.\n# TYPE a_seconds_total counter\na_seconds_total{b=\"c\"} 7\n\
                    # HELP t_created When.\n# TYPE t_created gauge\nt_created 3\n\
                    # HELP h How long.\n# TYPE h histogram\nh_sum 1.0\nh_count 2\nh_bucket{le=\"+Inf\"} 2\n\
                    # HELP x What.\n# TYPE x untyped\nx 1\n";
        assert_eq!(prometheus(open), text);
    }
}
