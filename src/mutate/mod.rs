//! The policy's defaults, turned into changes and JSON Patch.
