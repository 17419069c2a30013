//! The word for a level.

use maud::{Markup, html};

use crate::engine::Severity;

/// A level as a badge.
pub(super) fn badge(severity: Severity) -> Markup {
    html! { span class={ "badge level " (severity) } { (severity) } }
}
