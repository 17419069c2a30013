//! What a review says of the request, besides the objects.

/// A request, as far as expressions look at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestFacts<'a> {
    /// `CREATE` or `UPDATE`.
    pub operation: &'a str,
    /// The object's name; empty where it is still to be generated.
    pub name: &'a str,
    /// The object's namespace.
    pub namespace: &'a str,
    /// Whether nothing is going to be stored.
    pub dry_run: bool,
    /// The object's API group, version and kind.
    pub kind: (&'a str, &'a str, &'a str),
    /// Who asks.
    pub user: &'a str,
    /// Their uid.
    pub uid: &'a str,
    /// Their groups.
    pub groups: &'a [String],
}
