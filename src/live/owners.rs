//! The manifests that objects were made from, where there are any: a finding then has the file and the line of its field.

/// The manifests below a folder.
pub struct OwnerFiles;
