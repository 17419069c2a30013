//! Which policy holds: the one named, or the nearest `jobguard.yaml`, or `recommended`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use crate::policy::discover::{self, FILE_NAME};
use crate::policy::trace::{self, Trace};
use crate::policy::{Policy, PolicyErrors, Preset, Subject, load};
use crate::rules::registry;

/// The variable that names the policy where no argument does.
const VARIABLE: &str = "JOBGUARD_POLICY";

/// The policy of a command about policies: its argument, or `--policy`, as with the commands that use one.
#[derive(Debug, Args)]
pub(crate) struct PolicyArg {
    /// A policy file, or baseline, recommended or strict
    /// [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(value_name = "FILE|NAME")]
    pub(crate) policy: Option<String>,
    /// The same, as `lint` takes it [env: JOBGUARD_POLICY]
    #[arg(long = "policy", short = 'p', value_name = "FILE|NAME", conflicts_with = "policy")]
    pub(crate) named: Option<String>,
}

impl PolicyArg {
    /// Whether an argument names it.
    pub(crate) fn is_named(&self) -> bool {
        self.policy.is_some() || self.named.is_some()
    }

    /// Where it comes from.
    pub(crate) fn origin(&self) -> Result<Origin> {
        Origin::of(self.policy.as_ref().or(self.named.as_ref()).cloned().or_else(from_environment).as_deref())
    }
}

/// The policy that the environment names.
pub(crate) fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())
}

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is built in.
    Preset(Preset),
    /// A file that was named.
    Named(PathBuf),
    /// A file that lay on the way.
    Found(PathBuf),
    /// None was named and none was found, so that `recommended` holds.
    Neither,
}

impl Origin {
    /// The place that `named` is about: a preset's name or a file. Without it, the nearest `jobguard.yaml` from the
    /// current folder upwards, and without that, `recommended`.
    pub(crate) fn of(named: Option<&str>) -> Result<Self> {
        Ok(match named {
            Some(name) => match Preset::from_name(name) {
                Some(preset) => Self::Preset(preset),
                None => Self::Named(name.into()),
            },
            None => {
                let here = std::env::current_dir().context("cannot tell the current folder")?;
                discover::discover(&here).map_or(Self::Neither, Self::Found)
            }
        })
    }

    /// How people call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Preset(preset) => preset.as_str().to_owned(),
            Self::Neither => Preset::Recommended.as_str().to_owned(),
            Self::Named(path) | Self::Found(path) => path.display().to_string(),
        }
    }

    /// What it says and why, for `subject` or in general.
    pub(crate) fn trace(&self, subject: Option<&Subject<'_>>) -> Result<Trace> {
        let catalog = registry().catalog();
        let traced = match self {
            Self::Preset(preset) => trace::preset(*preset, catalog, subject),
            Self::Neither => trace::preset(Preset::Recommended, catalog, subject),
            Self::Named(path) => trace::file(path, false, catalog, subject),
            Self::Found(path) => trace::file(path, true, catalog, subject),
        };
        traced.map_err(|errors| report(&errors))
    }

    /// How reports call it that are read elsewhere: without the folders that it was found in.
    pub(crate) fn short_name(&self) -> String {
        match self {
            Self::Preset(_) | Self::Neither => self.name(),
            Self::Named(path) | Self::Found(path) => {
                let name = path.file_name().map(Path::new).unwrap_or(path);
                name.display().to_string()
            }
        }
    }

    /// Whether a policy file that is found among what is linted is another one, which its author may think is used. Who names a
    /// policy knows which it is.
    pub(crate) fn leaves_out(&self, file: &Path) -> bool {
        if file.file_name().is_none_or(|name| name != FILE_NAME) {
            return false;
        }
        let is_other = match self {
            Self::Preset(_) | Self::Named(_) => false,
            Self::Neither => true,
            Self::Found(used) => std::fs::canonicalize(used).ok() != std::fs::canonicalize(file).ok(),
        };
        is_other && !discover::holds_another_object(file)
    }

    /// The policy there.
    pub(crate) fn load(&self) -> Result<Policy> {
        match self {
            Self::Preset(preset) => built_in(*preset),
            Self::Neither => built_in(Preset::Recommended),
            Self::Named(path) => file(path),
            Self::Found(path) => {
                let mut policy =
                    load::read_found(path, registry().catalog()).map_err(|errors| report(&errors))?;
                // It was found by its whole path, which is another one on each machine.
                if let Ok(here) = std::env::current_dir() {
                    policy.rename_files(|file| relative(Path::new(file), &here));
                }
                Ok(policy)
            }
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Preset(preset) => write!(f, "{preset}, built in"),
            Self::Neither => write!(f, "{}, built in", Preset::Recommended),
            Self::Named(path) => write!(f, "{}", path.display()),
            Self::Found(path) => write!(f, "{}, found in this folder or a parent", path.display()),
        }
    }
}

/// How a file in a folder, or in one above it, is called there.
fn relative(file: &Path, here: &Path) -> String {
    for (up, folder) in here.ancestors().enumerate() {
        if let Ok(below) = file.strip_prefix(folder) {
            return std::iter::repeat_n(Path::new(".."), up)
                .chain([below])
                .collect::<PathBuf>()
                .display()
                .to_string();
        }
    }
    file.display().to_string()
}

/// The policy of [`Origin::of`].
#[cfg(feature = "serve")]
pub(crate) fn find(named: Option<&str>) -> Result<Policy> {
    Origin::of(named)?.load()
}

/// A built-in policy.
pub(crate) fn built_in(preset: Preset) -> Result<Policy> {
    load::preset(preset, registry().catalog()).map_err(|errors| report(&errors))
}

/// A policy file.
pub(crate) fn file(path: &Path) -> Result<Policy> {
    load::read_file(path, registry().catalog()).map_err(|errors| report(&errors))
}

/// All faults of a policy, one a line.
fn report(errors: &PolicyErrors) -> anyhow::Error {
    anyhow!("cannot use the policy:\n{errors}")
}
