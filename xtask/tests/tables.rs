//! The tables themselves: they follow from the data, compile and hold together. Their own tests run here too.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "a module of another crate")]

#[path = "../../crates/apiserver/src/tables/mod.rs"]
mod tables;

use xtask::kubernetes::{self, Options};

#[test]
fn data_and_tables_are_as_generated() {
    kubernetes::run(&Options { check: true, ..Options::default() }).unwrap();
}
