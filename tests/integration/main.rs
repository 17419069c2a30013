//! What holds for the program and the library as they are used from outside: each file is a module, and
//! `cargo test --test integration cases::` runs the tests of one.
//!
//! They are one program, since each program links the whole library anew. Hence they share a process: none of them may
//! change its environment, its current folder or its panic hook, or count on being alone in it.

mod against;
mod agreement;
mod architecture;
mod audit;
mod baseline;
mod browser;
mod cases;
mod chart;
mod cli;
mod corpus;
mod costs;
mod docs;
mod embedded;
mod exceptions;
mod fix;
mod fix_damaged;
mod fix_files;
mod fold;
mod fuzz_smoke;
mod generated;
mod hostile_checkout;
mod large_texts;
mod limits;
#[cfg(feature = "lsp")]
mod lsp;
mod outputs;
mod own_rules;
mod policy;
mod policy_commands;
mod policy_exceptions;
mod policy_export;
mod policy_test_faults;
mod policy_tests;
mod preview;
mod promises;
mod ratchet;
mod received;
mod rules;
mod sarif_fixes;
mod schedule;
mod server;
mod server_load;
mod server_ops;
mod stored_objects;
mod support;
mod unrendered;
mod versions;
mod whole_input;
mod why;
