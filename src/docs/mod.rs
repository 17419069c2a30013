//! What is generated for `docs/`. A test holds the committed pages to it.

pub mod rule_page;
pub mod symptoms;
pub mod versions;

use std::collections::BTreeMap;

use crate::rules::registry;

/// Every page below `docs/rules` by its path there: one a rule, and a table of all.
pub fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> =
        registry().rules().iter().map(|rule| (format!("{}.md", rule.id()), rule_page::page(rule))).collect();
    pages.insert("README.md".to_owned(), rule_page::index());
    pages
}
