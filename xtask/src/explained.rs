//! Differences that somebody has looked at: each with its reason.

/// A field's Go type that differs between versions without a difference for a reader of manifests.
pub struct TypeChange {
    /// The type that has the field, and the field's name.
    pub field: (&'static str, &'static str),
    /// One Go type.
    pub older: &'static str,
    /// The other; it goes into the table.
    pub newer: &'static str,
    /// Why it makes no difference.
    pub reason: &'static str,
}

/// The known changes.
pub const TYPE_CHANGES: &[TypeChange] = &[];

/// Names that comments call a feature gate and that no list of gates has, with the gate that the code asks.
pub const GATE_ALIASES: &[(&str, &str)] = &[
    // Projected certificates are switched together with the requests for them.
    ("PodCertificateProjection", "PodCertificateRequest"),
];

/// The gate that a comment means.
#[must_use]
pub fn gate_alias(name: &str) -> Option<&'static str> {
    GATE_ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, gate)| *gate)
}

/// Whether a field's change of type is known.
#[must_use]
pub fn is_known_change(ty: &str, field: &str, older: &str, newer: &str) -> bool {
    TYPE_CHANGES.iter().any(|known| {
        known.field == (ty, field)
            && ((known.older, known.newer) == (older, newer) || (known.older, known.newer) == (newer, older))
    })
}
