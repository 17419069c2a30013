//! The word for a level.

use maud::{Markup, html};

use crate::engine::{Rule, Severity};

/// A level as a badge.
pub(super) fn badge(severity: Severity) -> Markup {
    html! { span class={ "badge level " (severity) } { (severity) } }
}

/// A rule's id, which leads to its page where there is one.
pub(super) fn linked(rule: &Rule) -> Markup {
    html! {
        @match rule.url() {
            Some(url) => a href=(url) rel="noreferrer noopener" { (rule.id()) },
            None => (rule.id()),
        }
    }
}
