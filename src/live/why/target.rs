//! What is asked about, as it is named on the command line.

use std::fmt;
use std::str::FromStr;

/// A kind that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// A CronJob.
    CronJob,
    /// A Job.
    Job,
}

impl TargetKind {
    /// Its name in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::Job => "Job",
        }
    }
}

/// An object that is asked about: `cronjob/NAME`, `job/NAME`, or `NAME` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// Its kind, where it is named.
    pub kind: Option<TargetKind>,
    /// Its name.
    pub name: String,
}

impl FromStr for TargetRef {
    type Err = String;

    /// Reads what kubectl reads: singular, plural, short names, with the group or without.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((kind, name)) = text.split_once('/') else {
            return named(None, text);
        };
        let kind = match kind.to_ascii_lowercase().as_str() {
            "cj" | "cronjob" | "cronjobs" | "cronjob.batch" | "cronjobs.batch" | "cronjob.v1.batch"
            | "cronjobs.v1.batch" => TargetKind::CronJob,
            "job" | "jobs" | "job.batch" | "jobs.batch" | "job.v1.batch" | "jobs.v1.batch" => TargetKind::Job,
            _ => return Err("name a CronJob or a Job: cronjob/NAME or job/NAME".to_owned()),
        };
        named(Some(kind), name)
    }
}

fn named(kind: Option<TargetKind>, name: &str) -> Result<TargetRef, String> {
    // Names that no object can have would be sought in vain, and stand in a request's path.
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if name.is_empty() || name.len() > 253 || !name.chars().all(is_of_name) || name.starts_with('.') {
        return Err("give the name of a CronJob or a Job: lower-case letters, digits, - and .".to_owned());
    }
    Ok(TargetRef { kind, name: name.to_owned() })
}

impl fmt::Display for TargetRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(out, "{} {}", kind.as_str(), self.name),
            None => write!(out, "CronJob or Job {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_as_kubectl_names_them() {
        let target = |kind, name: &str| Ok(TargetRef { kind, name: name.to_owned() });
        for text in ["cj/a", "CronJob/a", "cronjobs/a", "cronjob.batch/a", "cronjobs.v1.batch/a"] {
            assert_eq!(text.parse(), target(Some(TargetKind::CronJob), "a"), "{text}");
        }
        for text in ["job/a", "jobs/a", "job.batch/a"] {
            assert_eq!(text.parse(), target(Some(TargetKind::Job), "a"), "{text}");
        }
        assert_eq!("a-1.b".parse(), target(None, "a-1.b"));
        for text in ["", "pod/a", "job/", "job/a/b", "job/A", "job/../x", "a b"] {
            assert!(text.parse::<TargetRef>().is_err(), "{text}");
        }
    }
}
