//! How a try goes, as somebody supposes: `exit=137`, `disruption,try=1`, `hang,container=main`.

use std::str::FromStr;

use k8s_openapi::api::batch::v1::JobSpec;
use serde::Serialize;

use super::plan::{Plan, restarts_itself};

/// How many suppositions there may be.
pub const MOST_WHAT_IFS: usize = 32;

/// How a try is supposed to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Happening {
    /// The container ends with an exit code that is not 0.
    Exit {
        /// The exit code.
        code: i32,
    },
    /// The Pod is evicted, preempted or drained.
    Disruption,
    /// The container never ends by itself.
    Hang,
    /// The container ends well.
    Success,
}

/// A supposition about some of a Job's tries. Tries that none is about succeed; of two that are about the same try, the one
/// that is narrowed more decides, by try and by index, else the later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhatIf {
    /// What happens.
    pub happening: Happening,
    /// To which container; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// In which try alone, from 1.
    #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// In which index alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// Why a text is no supposition, or not one about this Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatIfFault {
    /// It does not say what happens.
    NothingHappens,
    /// It says twice what happens.
    TwoHappenings,
    /// A part is neither a happening nor a narrowing.
    Unknown(String),
    /// The value of `exit` is no exit code.
    ExitCode(String),
    /// The value of `try` is no number from 1.
    Try(String),
    /// The value of `index` is no number from 0.
    Index(String),
    /// A narrowing has no value, or is there twice.
    Narrowing(&'static str),
    /// A disruption is not one container's.
    DisruptionOfContainer,
    /// There are too many of them.
    TooMany,
    /// The Job's Pods have no such container; with those that they have.
    NoSuchContainer(String, Vec<String>),
    /// The container is restarted by rules of its own, whatever the Job says.
    RestartsItself(String),
    /// The Job is not Indexed.
    NotIndexed,
    /// The Job has fewer indexes; with the last.
    NoSuchIndex(u64, Option<u64>),
}

impl WhatIf {
    /// Every try of the first container ends so.
    pub fn every(happening: Happening) -> Self {
        Self { happening, container: None, attempt: None, index: None }
    }

    fn narrowed(&self) -> usize {
        usize::from(self.attempt.is_some()) + usize::from(self.index.is_some())
    }

    fn is_about(&self, index: Option<u64>, attempt: u64) -> bool {
        self.attempt.is_none_or(|only| only == attempt) && (self.index.is_none() || self.index == index)
    }

    /// Whether these can be supposed of a Job.
    ///
    /// # Errors
    ///
    /// The first that cannot be, and why.
    pub fn check(all: &[Self], spec: &JobSpec) -> Result<(), WhatIfFault> {
        let plan = Plan::of(spec);
        if all.len() > MOST_WHAT_IFS {
            return Err(WhatIfFault::TooMany);
        }
        for one in all {
            if let Some(name) = &one.container {
                let Some(container) = plan.containers().find(|container| container.name == *name) else {
                    let names = plan.containers().map(|container| container.name.clone()).collect();
                    return Err(WhatIfFault::NoSuchContainer(name.clone(), names));
                };
                if restarts_itself(container) {
                    return Err(WhatIfFault::RestartsItself(name.clone()));
                }
            }
            match one.index {
                Some(_) if !plan.indexed => return Err(WhatIfFault::NotIndexed),
                Some(index) if index >= plan.items() => {
                    return Err(WhatIfFault::NoSuchIndex(index, plan.items().checked_sub(1)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What happens to each container in a try, the first of these that is about it; the container's name is none for the first.
pub(super) fn happenings(all: &[WhatIf], index: Option<u64>, attempt: u64) -> Vec<(Option<&str>, Happening)> {
    let mut about: Vec<&WhatIf> = all.iter().rev().filter(|one| one.is_about(index, attempt)).collect();
    // Stable: of those narrowed alike, the later one stays first.
    about.sort_by_key(|one| std::cmp::Reverse(one.narrowed()));
    let mut out: Vec<(Option<&str>, Happening)> = Vec::new();
    for one in about {
        let container = one.container.as_deref();
        if !out.iter().any(|(known, _)| *known == container) {
            out.push((container, one.happening));
        }
    }
    out
}

impl FromStr for WhatIf {
    type Err = WhatIfFault;

    fn from_str(text: &str) -> Result<Self, WhatIfFault> {
        let mut happening = None;
        let (mut container, mut attempt, mut index) = (None, None, None);
        for part in text.split(',').map(str::trim) {
            let (key, value) = part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value)));
            let mut happens = |what| match happening.replace(what) {
                None => Ok(()),
                Some(_) => Err(WhatIfFault::TwoHappenings),
            };
            match (key, value) {
                ("exit", value) => {
                    let value = value.unwrap_or_default();
                    let code = value.parse().ok().filter(|code| (1..=255).contains(code));
                    happens(Happening::Exit {
                        code: code.ok_or_else(|| WhatIfFault::ExitCode(value.to_owned()))?,
                    })?;
                }
                ("disruption", None) => happens(Happening::Disruption)?,
                ("hang", None) => happens(Happening::Hang)?,
                ("success", None) => happens(Happening::Success)?,
                ("container", value) => narrow(&mut container, "container", value.map(str::to_owned))?,
                ("try", value) => {
                    let number = value.and_then(|value| value.parse().ok()).filter(|number| *number >= 1);
                    let fault = || WhatIfFault::Try(value.unwrap_or_default().to_owned());
                    narrow(&mut attempt, "try", Some(number.ok_or_else(fault)?))?;
                }
                ("index", value) => {
                    let number = value.and_then(|value| value.parse().ok());
                    let fault = || WhatIfFault::Index(value.unwrap_or_default().to_owned());
                    narrow(&mut index, "index", Some(number.ok_or_else(fault)?))?;
                }
                ("", None) if text.trim().is_empty() => return Err(WhatIfFault::NothingHappens),
                _ => return Err(WhatIfFault::Unknown(part.to_owned())),
            }
        }
        let happening = happening.ok_or(WhatIfFault::NothingHappens)?;
        if happening == Happening::Disruption && container.is_some() {
            return Err(WhatIfFault::DisruptionOfContainer);
        }
        Ok(Self { happening, container, attempt, index })
    }
}

fn narrow<T>(place: &mut Option<T>, name: &'static str, value: Option<T>) -> Result<(), WhatIfFault> {
    let value = value.ok_or(WhatIfFault::Narrowing(name))?;
    if place.replace(value).is_some() { Err(WhatIfFault::Narrowing(name)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted() {
        let what = |text: &str| text.parse::<WhatIf>().unwrap();
        assert_eq!(what("exit=137"), WhatIf::every(Happening::Exit { code: 137 }));
        assert_eq!(what("disruption"), WhatIf::every(Happening::Disruption));
        assert_eq!(what(" hang "), WhatIf::every(Happening::Hang));
        let narrowed = what("index=4, try=2,success,container=main");
        assert_eq!(narrowed.happening, Happening::Success);
        assert_eq!((narrowed.attempt, narrowed.index), (Some(2), Some(4)));
        assert_eq!(narrowed.container.as_deref(), Some("main"));
    }

    #[test]
    fn what_is_not() {
        use WhatIfFault::*;
        for (text, fault) in [
            ("", NothingHappens),
            ("try=1", NothingHappens),
            ("hang,exit=1", TwoHappenings),
            ("crash", Unknown("crash".to_owned())),
            ("hang=1", Unknown("hang=1".to_owned())),
            ("hang,", Unknown(String::new())),
            ("exit", ExitCode(String::new())),
            ("exit=0", ExitCode("0".to_owned())),
            ("exit=oom", ExitCode("oom".to_owned())),
            ("hang,try=0", Try("0".to_owned())),
            ("hang,index=-1", Index("-1".to_owned())),
            ("hang,try=1,try=2", Narrowing("try")),
            ("hang,container", Narrowing("container")),
            ("disruption,container=main", DisruptionOfContainer),
        ] {
            assert_eq!(text.parse::<WhatIf>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_narrower_one_decides_else_the_later() {
        let all: Vec<WhatIf> =
            ["exit=1,try=2", "exit=3", "exit=4", "hang,try=2,index=1", "success,container=b"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect();
        let exit = |code| Happening::Exit { code };
        let b = (Some("b"), Happening::Success);
        assert_eq!(happenings(&all, Some(1), 1), [b, (None, exit(4))]);
        assert_eq!(happenings(&all, Some(0), 2), [(None, exit(1)), b]);
        assert_eq!(happenings(&all, Some(1), 2), [(None, Happening::Hang), b]);
        assert_eq!(happenings(&all, None, 2), [(None, exit(1)), b]);
    }
}
