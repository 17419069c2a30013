//! Minor versions, as the data names them.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A minor version of Kubernetes: 36 for 1.36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Minor(pub u8);

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for Minor {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let minor = text.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        minor.map(Self).with_context(|| format!("`{text}` is not a version such as 1.36"))
    }
}

impl From<Minor> for String {
    fn from(minor: Minor) -> Self {
        minor.to_string()
    }
}

impl TryFrom<String> for Minor {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        assert_eq!("1.36".parse::<Minor>().unwrap(), Minor(36));
        assert_eq!(Minor(9).to_string(), "1.9");
        assert!(Minor(9) < Minor(36));
        for bad in ["1", "36", "1.", "1.36.2", "2.1", "v1.36"] {
            assert!(bad.parse::<Minor>().is_err(), "{bad}");
        }
    }
}
