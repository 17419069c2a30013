//! The order in which tools create and delete objects: hooks of Helm with their weights, phases and waves of Argo CD.

use super::names::{ARGO_HOOK, ARGO_SYNC_OPTIONS, ARGO_WAVE, HELM_HOOK, HELM_WEIGHT};

/// Labels and annotations that tell which release an object is of, and when its tool creates it.
pub const MARKS: &[&str] =
    &[INSTANCE, ARGO_HOOK, ARGO_SYNC_OPTIONS, ARGO_WAVE, HELM_HOOK, HELM_KEEP, HELM_WEIGHT, HELM_RELEASE];

const INSTANCE: &str = "app.kubernetes.io/instance";
const HELM_RELEASE: &str = "meta.helm.sh/release-name";
/// Whether an object outlives its release. Argo CD reads it too.
const HELM_KEEP: &str = "helm.sh/resource-policy";

/// What the marks of an object say of its release, and of when its tool creates it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment<'a> {
    release: Option<&'a str>,
    instance: Option<&'a str>,
    argo_hook: Option<&'a str>,
    argo_wave: Option<&'a str>,
    helm_hook: Option<&'a str>,
    helm_weight: Option<&'a str>,
    is_kept: bool,
}

/// Why an object that a hook needs is not there when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Whether it is gone by then, instead of not there yet.
    pub is_gone: bool,
    /// What happens, as the end of a sentence about the object.
    pub when: String,
    /// What to do about it.
    pub remedy: String,
}

/// The phases of Argo CD in their order.
const PHASES: [&str; 3] = ["PreSync", "Sync", "PostSync"];
/// The phase of what is no hook.
const SYNC: usize = 1;

impl<'a> Moment<'a> {
    /// The moment of an object with these marks: labels and annotations by [their names](MARKS).
    pub fn of(mark: impl Fn(&str) -> Option<&'a str>) -> Self {
        let mark = |name: &str| mark(name).map(str::trim).filter(|value| !value.is_empty());
        Self {
            release: mark(HELM_RELEASE),
            instance: mark(INSTANCE),
            argo_hook: mark(ARGO_HOOK),
            argo_wave: mark(ARGO_WAVE),
            helm_hook: mark(HELM_HOOK),
            helm_weight: mark(HELM_WEIGHT),
            is_kept: mark(HELM_KEEP) == Some("keep")
                || mark(ARGO_SYNC_OPTIONS)
                    .is_some_and(|options| options.split(',').any(|option| option.trim() == "Delete=false")),
        }
    }

    /// Whether anything says when it is created.
    pub fn is_ordered(&self) -> bool {
        self.argo_hook.is_some() || self.argo_wave.is_some() || self.helm_hook.is_some()
    }

    /// Whether two objects are of one release, by their marks; none where these do not tell.
    pub fn shares_release(&self, other: &Self) -> Option<bool> {
        let same = |one: Option<&str>, other: Option<&str>| Some(one? == other?);
        same(self.release, other.release).or_else(|| same(self.instance, other.instance))
    }

    /// Why `other`, which this Job needs, is created only after it, or not at all, when both are deployed for the first time,
    /// or is deleted before it.
    /// `name` is what the remedy calls `other`: "the ConfigMap", say.
    pub fn waits_for(&self, other: &Self, name: &str) -> Option<Late> {
        if self.argo_hook == Some("Skip") {
            return None;
        }
        let late = match self.helm_hook {
            Some(hook) if self.argo_hook.is_none() => self.late_for_helm(hook, other, name),
            _ if self.argo_hook.is_some() || self.argo_wave.is_some() || other.argo_wave.is_some() => {
                self.late_for_argo(other, name)
            }
            _ => None,
        };
        late.or_else(|| self.outlives(other, name))
    }

    /// Hooks run after the deletion of a release find nothing of it but other hooks, and what is kept for good.
    fn outlives(&self, other: &Self, name: &str) -> Option<Late> {
        if other.is_kept || other.helm_hook.is_some() || other.argo_hook.is_some() {
            return None;
        }
        let (tool, annotation, after, before, weight) = match (self.argo_hook, self.helm_hook) {
            (Some(hook), _) if events(hook).any(|event| event == "PostDelete") => {
                ("Argo CD", ARGO_HOOK, "PostDelete", "PreDelete", (ARGO_WAVE, number(self.argo_wave)))
            }
            (None, Some(hook)) if events(hook).any(|event| event.eq_ignore_ascii_case("post-delete")) => {
                ("Helm", HELM_HOOK, "post-delete", "pre-delete", (HELM_WEIGHT, number(self.helm_weight)))
            }
            _ => return None,
        };
        let (weight, below) = (weight.0, weight.1.saturating_sub(1));
        Some(Late {
            is_gone: true,
            when: format!(
                "{tool} deletes it before the {after} hooks, their Pods do not start, and the deletion hangs"
            ),
            remedy: format!(
                "give the Job a copy of its own that is a hook too (such as {annotation}: {after} with {weight}: \
                 \"{below}\"), or make the Job a {before} hook, which runs while {name} still exists"
            ),
        })
    }

    /// Helm runs hooks by their weights, and those of one weight by kind: a Job after what it may need.
    fn late_for_helm(&self, hook: &str, other: &Self, name: &str) -> Option<Late> {
        let events = || events(hook);
        let runs_at =
            |event: &str| other.helm_hook.is_some_and(|hook| self::events(hook).any(|one| one == event));
        let (weight, other_weight) = (number(self.helm_weight), number(other.helm_weight));
        let event = events().find(|event| match *event {
            "pre-install" if runs_at("pre-install") => other_weight > weight,
            "pre-install" => true,
            "post-install" if runs_at("post-install") && !runs_at("pre-install") => other_weight > weight,
            "post-install" => other.helm_hook.is_some() && !runs_at("pre-install"),
            _ => false,
        })?;
        let when = match other.helm_hook {
            None => format!("Helm creates it after the {event} hooks"),
            Some(_) if runs_at(event) => {
                format!("its helm.sh/hook-weight, {other_weight}, is above that of the Job, {weight}")
            }
            Some(of) => format!("Helm creates it as a hook itself ({of}), not before this {event} hook"),
        };
        let after = if event == "pre-install" && other.helm_hook.is_none() {
            ", or make the Job a post-install hook"
        } else {
            ""
        };
        let below = weight.saturating_sub(1);
        Some(Late {
            is_gone: false,
            when,
            remedy: format!(
                "make {name} a hook that comes first (such as helm.sh/hook: {hook} with helm.sh/hook-weight: \
                 \"{below}\"){after}"
            ),
        })
    }

    fn late_for_argo(&self, other: &Self, name: &str) -> Option<Late> {
        let (phase, wave) = self.phase_and_wave()?;
        let (other_phase, other_wave) = other.phase_and_wave()?;
        if (other_phase, other_wave) <= (phase, wave) {
            return None;
        }
        let below = wave.saturating_sub(1);
        let when = if other_phase > phase {
            format!("Argo CD creates it in phase {}, after {}", PHASES[other_phase], PHASES[phase])
        } else {
            format!("Argo CD creates it in wave {other_wave}, after wave {wave} of the Job has succeeded")
        };
        let first = if phase == SYNC {
            format!("give {name} an earlier wave (such as argocd.argoproj.io/sync-wave: \"{below}\")")
        } else {
            format!(
                "make {name} a hook that comes first (argocd.argoproj.io/hook: {} with \
                 argocd.argoproj.io/sync-wave: \"{below}\")",
                PHASES[phase]
            )
        };
        let after = if other_phase > phase && other_phase == SYNC {
            ", or make the Job a Sync hook in a later wave"
        } else {
            ""
        };
        Some(Late { is_gone: false, when, remedy: format!("{first}{after}") })
    }

    /// When Argo CD creates it first: phase and wave. None of what it does not create in a sync.
    fn phase_and_wave(&self) -> Option<(usize, i64)> {
        let wave = self.argo_wave.or(self.helm_weight);
        let phase = match (self.argo_hook, self.helm_hook) {
            (Some(hook), _) => {
                events(hook).filter_map(|event| PHASES.iter().position(|phase| *phase == event)).min()?
            }
            (None, Some(hook)) => {
                let phase = |event: &str| match event {
                    "pre-install" | "pre-upgrade" => Some(0),
                    "post-install" | "post-upgrade" => Some(2),
                    _ => None,
                };
                events(hook).filter_map(phase).min()?
            }
            (None, None) => SYNC,
        };
        Some((phase, number(wave)))
    }
}

/// The words of a list of hooks.
fn events(hook: &str) -> impl Iterator<Item = &str> {
    hook.split(',').map(str::trim).filter(|event| !event.is_empty())
}

/// A weight or wave: what is no number counts as 0.
fn number(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(marks: &'static [(&'static str, &'static str)]) -> Moment<'static> {
        Moment::of(|name| marks.iter().find(|(mark, _)| *mark == name).map(|(_, value)| *value))
    }

    fn late(job: &'static [(&str, &str)], other: &'static [(&str, &str)]) -> Option<String> {
        moment(job).waits_for(&moment(other), "it").map(|late| late.when)
    }

    #[test]
    fn hooks_of_helm() {
        let job = &[(HELM_HOOK, "pre-install,pre-upgrade"), (HELM_WEIGHT, "-1")];
        assert!(late(job, &[]).unwrap().contains("after the pre-install hooks"));
        assert!(late(job, &[(HELM_HOOK, "pre-install")]).unwrap().contains("0, is above"));
        assert!(late(job, &[(HELM_HOOK, "post-install")]).unwrap().contains("not before"));
        assert_eq!(late(job, &[(HELM_HOOK, "pre-install"), (HELM_WEIGHT, "-1")]), None);
        assert_eq!(late(job, &[(HELM_HOOK, "pre-upgrade, pre-install"), (HELM_WEIGHT, "-5")]), None);
        assert_eq!(late(&[(HELM_HOOK, "pre-upgrade")], &[]), None);
        assert_eq!(late(&[(HELM_HOOK, "post-install")], &[]), None);
        assert_eq!(late(&[(HELM_HOOK, "post-install")], &[(HELM_HOOK, "pre-install")]), None);
        assert!(
            late(&[(HELM_HOOK, "post-install")], &[(HELM_HOOK, "post-install"), (HELM_WEIGHT, "3")])
                .is_some()
        );
        assert_eq!(late(&[(HELM_HOOK, "test")], &[]), None);
        let remedy = moment(job).waits_for(&moment(&[]), "it").unwrap().remedy;
        assert!(remedy.contains("hook-weight: \"-2\"") && remedy.contains("post-install"), "{remedy}");
    }

    #[test]
    fn phases_and_waves_of_argo_cd() {
        assert!(late(&[(ARGO_HOOK, "PreSync")], &[]).unwrap().contains("phase Sync, after PreSync"));
        assert_eq!(late(&[(ARGO_HOOK, "PreSync")], &[(ARGO_HOOK, "PreSync")]), None);
        assert!(late(&[(ARGO_HOOK, "PreSync")], &[(ARGO_HOOK, "PreSync"), (ARGO_WAVE, "1")]).is_some());
        assert_eq!(late(&[(ARGO_HOOK, "PostSync")], &[]), None);
        assert_eq!(late(&[(ARGO_HOOK, "Sync")], &[]), None);
        assert_eq!(late(&[(ARGO_HOOK, "Skip")], &[]), None);
        assert!(late(&[(ARGO_WAVE, "-1")], &[]).unwrap().contains("wave 0, after wave -1"));
        assert!(late(&[], &[(ARGO_WAVE, "2")]).is_some());
        assert_eq!(late(&[(ARGO_WAVE, "1")], &[]), None);
        assert_eq!(late(&[], &[]), None);
        // It runs Helm's hooks by their weights.
        assert!(late(&[(ARGO_HOOK, "PreSync")], &[(HELM_HOOK, "post-install")]).is_some());
        assert_eq!(late(&[(ARGO_HOOK, "PreSync")], &[(HELM_HOOK, "pre-install")]), None);
        assert_eq!(late(&[(ARGO_HOOK, "SyncFail")], &[]), None);
    }

    #[test]
    fn hooks_after_the_deletion() {
        let gone = |job, other| {
            moment(job).waits_for(&moment(other), "it").filter(|late| late.is_gone).map(|late| late.remedy)
        };
        let remedy = gone(&[(HELM_HOOK, "post-install, post-delete"), (HELM_WEIGHT, "3")], &[]).unwrap();
        assert!(remedy.contains("hook-weight: \"2\"") && remedy.contains("a pre-delete hook"), "{remedy}");
        assert!(
            gone(&[(ARGO_HOOK, "PostDelete")], &[(ARGO_WAVE, "-1")]).unwrap().contains("a PreDelete hook")
        );
        for other in [
            &[(HELM_HOOK, "post-delete")],
            &[(HELM_HOOK, "pre-install")],
            &[(ARGO_HOOK, "PostDelete")],
            &[(HELM_KEEP, "keep")],
            &[(ARGO_SYNC_OPTIONS, "Prune=false, Delete=false")],
        ] {
            assert_eq!(gone(&[(HELM_HOOK, "post-delete")], other), None, "{other:?}");
        }
        assert_eq!(gone(&[(HELM_HOOK, "pre-delete")], &[]), None);
        assert_eq!(gone(&[(ARGO_HOOK, "PreDelete")], &[]), None);
    }

    #[test]
    fn releases() {
        let (a, b) = (&[(INSTANCE, "a")], &[(INSTANCE, "b")]);
        assert_eq!(moment(a).shares_release(&moment(b)), Some(false));
        assert_eq!(moment(a).shares_release(&moment(a)), Some(true));
        assert_eq!(moment(a).shares_release(&moment(&[])), None);
    }
}
