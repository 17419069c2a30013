//! The rule engine: objects in, findings out.
