//! The pages below `docs/rules`, made from the rules' declarations. A test holds the committed ones to them.

use std::collections::BTreeMap;

use crate::report::rule_page;
use crate::rules::registry;

/// Every page by its path below `docs/rules`: one a rule, and a table of all.
pub fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> =
        registry().rules().iter().map(|rule| (format!("{}.md", rule.id()), rule_page::page(rule))).collect();
    pages.insert("README.md".to_owned(), rule_page::index());
    pages
}
