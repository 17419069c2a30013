//! What holds for an object that overrides can look at in more than one way.

use std::borrow::Cow;

use super::overrides::Override;
use super::subject::Reading;
use super::{Level, RuleSetting, Settings};

/// The settings for an object, and those of stricter ways to look at it.
///
/// An object is judged by its own settings, and where others stand beside them, by these too: whichever says more
/// counts. So what an object only claims, and what it makes, can tighten what holds for it, and never relax it.
#[derive(Debug, Clone)]
pub struct Views<'p> {
    base: &'p Settings,
    /// What holds for the object itself.
    pub own: Cow<'p, Settings>,
    /// With the overrides that match it through the owner that it claims; none where there are none.
    claimed: Option<Cow<'p, Settings>>,
    /// With those too that match the Job that a CronJob's template becomes; none where there are none.
    template: Option<Cow<'p, Settings>>,
}

impl<'p> Views<'p> {
    pub(super) fn of(base: &'p Settings) -> Self {
        Self { base, own: Cow::Borrowed(base), claimed: None, template: None }
    }

    /// Lays an override over all that look at least as closely as it has to.
    pub(super) fn put(&mut self, item: &'p Override, reading: Reading) {
        // The widest first: each begins as a copy of the one before it, as that was without this override.
        if reading == Reading::Template || self.template.is_some() {
            let narrower = || self.claimed.as_ref().unwrap_or(&self.own).clone();
            lay(self.template.get_or_insert_with(narrower), item, self.base);
        }
        if reading == Reading::Claimed || (reading == Reading::Own && self.claimed.is_some()) {
            let narrower = || self.own.clone();
            lay(self.claimed.get_or_insert_with(narrower), item, self.base);
        }
        if reading == Reading::Own {
            lay(&mut self.own, item, self.base);
        }
    }

    /// Whether there is nothing beside the object's own settings, as for nearly every object.
    pub fn is_single(&self) -> bool {
        self.claimed.is_none() && self.template.is_none()
    }

    /// How the rule at `index` of the catalog is set beside its own setting, where that may say more. A rule that looks
    /// at a CronJob alone (`about_runs`) has nothing to say of the Job that the template becomes.
    pub fn beside(&self, index: usize, about_runs: bool) -> Option<&RuleSetting> {
        let template = self.template.as_ref().filter(|_| !about_runs);
        let other = template.or(self.claimed.as_ref())?.rules.get(index)?;
        let own = self.own.rules.get(index)?;
        (other != own && other.level > Level::Off).then_some(other)
    }
}

/// Puts an override over settings. The first one costs nothing: what it comes to over the base is known.
fn lay<'p>(settings: &mut Cow<'p, Settings>, item: &'p Override, base: &'p Settings) {
    match settings {
        Cow::Borrowed(there) if std::ptr::eq(*there, base) => *settings = Cow::Borrowed(&item.alone),
        _ => item.layer.apply(settings.to_mut()),
    }
}
