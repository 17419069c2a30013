//! The tables themselves: they follow from the data, hold together (their own tests run here too), and agree with the
//! schemas that the newest published types carry.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "a module of another crate")]

mod schema;

#[path = "../../../crates/apiserver/src/tables/mod.rs"]
mod tables;

use xtask::kubernetes::{self, Options};

#[test]
fn data_and_tables_are_as_generated() {
    kubernetes::run(&Options { check: true, ..Options::default() }).unwrap();
}
