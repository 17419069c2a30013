//! Where SARIF says that something is: in a file, and in an object.

use serde::Serialize;

use super::sarif_uri::file_uri;
use crate::diagnostic::{Diagnostic, Region};
use jobguard_text::plain;

#[derive(Serialize)]
pub(super) struct Text {
    pub(super) text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    pub(super) physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<SarifRegion>,
}

#[derive(Serialize)]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifRegion {
    pub(super) start_line: usize,
    pub(super) start_column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) name: String,
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
}

/// The object, and the field in it.
pub(super) fn logical(diagnostic: &Diagnostic) -> Vec<LogicalLocation> {
    let Some(object) = &diagnostic.object else { return Vec::new() };
    let mut places = vec![LogicalLocation {
        name: plain(object.name.as_deref().unwrap_or(&object.kind)),
        fully_qualified_name: plain(&object.qualified()),
        kind: "object",
    }];
    if !diagnostic.path.is_root() {
        let path = plain(&diagnostic.path.to_string());
        places.push(LogicalLocation {
            fully_qualified_name: format!("{}#{path}", places[0].fully_qualified_name),
            name: path,
            kind: "property",
        });
    }
    places
}

pub(super) fn physical(file: &str, region: Option<Region>) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: ArtifactLocation { uri: file_uri(file) },
        region: region.map(self::region),
    }
}

pub(super) fn region(region: Region) -> SarifRegion {
    if !region.is_in_text() {
        // What stands in no text: forges refuse a log in which a place has no line.
        return SarifRegion { start_line: 1, start_column: 1, end_line: 1, end_column: 1 };
    }
    SarifRegion {
        start_line: region.line,
        start_column: region.column,
        end_line: region.end_line,
        end_column: region.end_column,
    }
}
