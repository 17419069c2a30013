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

    /// Reads `1.33`, `v1.33` or `1.33.4`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.split('.');
        let (Some("1"), Some(minor)) = (parts.next(), parts.next()) else { return Err(UnknownVersion) };
        if parts.any(|part| part.is_empty() || !part.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(UnknownVersion);
        }
        let minor = minor.parse().map_err(|_| UnknownVersion)?;
        let version = Self { minor };
        if (Self::OLDEST..=Self::NEWEST).contains(&version) { Ok(version) } else { Err(UnknownVersion) }
    }
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
            if let Ok(version) = part.parse() {
                versions.push(version);
                continue;
            }
            let (first, last) = part.split_once('-').ok_or(UnknownVersion)?;
            let (first, last): (KubernetesVersion, KubernetesVersion) =
                (first.trim().parse()?, last.trim().parse()?);
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
        for text in ["", "1", "1.28", "1.38", "2.30", "1.x", "1.30.", "1.30.x", "latest"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        let set = |text: &str| text.parse::<VersionSet>().map(|set| set.to_string());
        assert_eq!(set("1.31"), Ok("1.31".to_owned()));
        assert_eq!(set("1.34-1.36, 1.31,1.35"), Ok("1.31,1.34-1.36".to_owned()));
        assert_eq!(set("1.30.4-gke.100"), Ok("1.30".to_owned()));
        for text in ["", "1.36-1.34", "1.31-", "1.31,,1.32", "1.28-1.30"] {
            assert!(set(text).is_err(), "{text}");
        }
        assert_eq!(
            UnknownVersion.to_string(),
            "use Kubernetes versions from 1.29 to 1.37: one, such as 1.33, or several, such as 1.31,1.34-1.36"
        );
    }
}
