//! Minor versions of Kubernetes.

use std::fmt;
use std::str::FromStr;

use super::tables::{Gate, NEWEST_MINOR, OLDEST_MINOR};

/// A minor version of Kubernetes 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u8,
}

impl KubernetesVersion {
    /// The oldest version that can be asked for.
    pub const OLDEST: Self = Self { minor: OLDEST_MINOR };
    /// The newest version that can be asked for.
    pub const NEWEST: Self = Self { minor: NEWEST_MINOR };
    /// The newest version whose answers have been compared with those of a real server: the one that is meant where
    /// none is named. A newer one follows its published types and feature gates.
    pub const NEWEST_COMPARED: Self = Self { minor: 36 };

    /// The number behind the dot.
    pub const fn minor(self) -> u8 {
        self.minor
    }

    /// Whether its answers have been compared with those of a real server.
    pub fn is_compared(self) -> bool {
        self <= Self::NEWEST_COMPARED
    }

    /// All versions that can be asked for, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (OLDEST_MINOR..=NEWEST_MINOR).map(|minor| Self { minor })
    }

    /// The first later version that has a feature gate on by default.
    pub fn next_with(self, gate: Gate) -> Option<Self> {
        Self::all().find(|other| *other > self && gate.is_on_by_default(other.minor))
    }
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self::NEWEST_COMPARED
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// A version that is not one of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "use Kubernetes versions from {} to {}: one, such as 1.33, or several, such as 1.31,1.34-1.36",
    KubernetesVersion::OLDEST,
    KubernetesVersion::NEWEST
)]
pub struct UnknownVersion;

impl FromStr for KubernetesVersion {
    type Err = UnknownVersion;

    /// Reads `1.33`, `v1.33` or `1.33.4`, and what vendors add to it: `1.33.4-gke.100`, `v1.33.4+k3s1`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, suffix) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
        let mut numbers = numbers.split('.');
        let (Some("1"), Some(minor)) = (numbers.next(), numbers.next()) else { return Err(UnknownVersion) };
        let patch = numbers.next();
        let is_well_formed = numbers.next().is_none()
            && is_number(minor)
            && patch.is_none_or(is_number)
            && (suffix.is_empty() || patch.is_some() && is_suffix(suffix));
        if !is_well_formed {
            return Err(UnknownVersion);
        }
        let minor = minor.parse().map_err(|_| UnknownVersion)?;
        let version = Self { minor };
        if (Self::OLDEST..=Self::NEWEST).contains(&version) { Ok(version) } else { Err(UnknownVersion) }
    }
}

/// Whether it is a number as versions have them: digits, and no zero in front of others.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.is_empty() && !text.starts_with('0'))
}

/// Whether it is what a vendor adds: `-gke.100`, `-eks-a737599`, `+k3s1`. What is behind a dash begins with a letter; a
/// number there is the end of a range, or the mark of a package.
fn is_suffix(text: &str) -> bool {
    let (mark, rest) = text.split_at(1);
    let begins = rest.starts_with(|c: char| c.is_ascii_alphabetic() || mark == "+" && c.is_ascii_digit());
    begins
        && !rest.ends_with(['.', '-', '+'])
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
        && split_range(text).is_none()
}

/// Both ends of a range: what is before and behind a dash that a version follows.
fn split_range(text: &str) -> Option<(&str, &str)> {
    text.match_indices('-')
        .map(|(at, dash)| (text[..at].trim_end(), text[at + dash.len()..].trim_start()))
        .find(|(_, last)| last.strip_prefix('v').unwrap_or(last).starts_with("1."))
}

/// One version or several: `1.31,1.34-1.37`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSet(Vec<KubernetesVersion>);

impl VersionSet {
    /// The versions, oldest first, each once.
    pub fn versions(&self) -> &[KubernetesVersion] {
        &self.0
    }
}

impl From<KubernetesVersion> for VersionSet {
    fn from(version: KubernetesVersion) -> Self {
        Self(vec![version])
    }
}

impl FromStr for VersionSet {
    type Err = UnknownVersion;

    /// Reads versions and ranges of them, separated by commas.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let mut versions = Vec::new();
        for part in text.split(',').map(str::trim) {
            // A version may have a dash of its own: 1.30.4-gke.100.
            let Some((first, last)) = split_range(part) else {
                versions.push(part.parse()?);
                continue;
            };
            let (first, last): (KubernetesVersion, KubernetesVersion) = (first.parse()?, last.parse()?);
            if first > last {
                return Err(UnknownVersion);
            }
            versions.extend((first.minor..=last.minor).map(|minor| KubernetesVersion { minor }));
        }
        versions.sort_unstable();
        versions.dedup();
        Ok(Self(versions))
    }
}

impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ranges(&self.0).join(","))
    }
}

/// Versions, oldest first, as ranges: `1.31`, `1.34-1.36`.
pub fn ranges(versions: &[KubernetesVersion]) -> Vec<String> {
    let runs = versions.chunk_by(|a, b| a.minor + 1 == b.minor);
    runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run.iter().map(ToString::to_string).collect(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_read_and_bounded() {
        assert_eq!(version("v1.33").to_string(), "1.33");
        assert_eq!(version("1.30.4").to_string(), "1.30");
        assert_eq!(version("1.30.4-gke.100").to_string(), "1.30");
        for text in
            ["1.30.0-rc.1", "v1.30.4-eks-a737599", "v1.30.4+k3s1", "1.30.4+rke2r1", "1.30.4-rancher1-1"]
        {
            assert_eq!(version(text).to_string(), "1.30", "{text}");
        }
        for text in [
            "",
            "1",
            "1.28",
            "1.38",
            "2.30",
            "1.x",
            "1.30.",
            "1.30.x",
            "latest",
            "1.031",
            "1.+31",
            "1.31.04",
            "1.31.4 1.35",
            "1.31 ",
            "1.31.4.5",
            "1.31.4-",
            "1.31.4+",
            "1.31.4-1.1",
            "1.31.4-1.36.3",
            "1.31.4-gke.1-1.36",
            "1.31-gke.1",
        ] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        let set = |text: &str| text.parse::<VersionSet>().map(|set| set.to_string());
        assert_eq!(set("1.31"), Ok("1.31".to_owned()));
        assert_eq!(set("1.34-1.36, 1.31,1.35"), Ok("1.31,1.34-1.36".to_owned()));
        assert_eq!(set("1.30.4-gke.100"), Ok("1.30".to_owned()));
        for (text, read) in [
            ("1.35.6-1.36.3", "1.35-1.36"),
            ("v1.31.4 - v1.33.1,1.35.0", "1.31-1.33,1.35"),
            ("1.31.4-gke.100-1.33.2-gke.7", "1.31-1.33"),
            ("1.31.4+k3s1-1.33.2+k3s1", "1.31-1.33"),
            ("1.31.4-1.31.9", "1.31"),
        ] {
            assert_eq!(set(text), Ok(read.to_owned()), "{text}");
        }
        for text in [
            "",
            "1.36-1.34",
            "1.36.1-1.29",
            "1.31-",
            "1.31,,1.32",
            "1.28-1.30",
            "1.31.4 1.35",
            "1.031",
            "1.31.4-1.40",
            "1.31.4-gke.1-1.40",
            "1.31-1.32-1.33",
            "1.31.4-1",
        ] {
            assert!(set(text).is_err(), "{text}");
        }
        assert_eq!(
            UnknownVersion.to_string(),
            "use Kubernetes versions from 1.29 to 1.37: one, such as 1.33, or several, such as 1.31,1.34-1.36"
        );
    }
}
