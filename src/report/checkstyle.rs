//! Checkstyle's XML, which many tools read that know no other format: Jenkins, reviewdog, MegaLinter.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::run::Run;
use crate::diagnostic::Diagnostic;
use crate::engine::Severity;
use jobguard_text::plain;

/// The version of Checkstyle whose format it is.
const VERSION: &str = "4.3";

/// An `error` element: its attributes in order.
type Attributes = Vec<(&'static str, String)>;

/// Writes the findings of `run` and the files that could not be read, file by file.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<Attributes>> = BTreeMap::new();
    for error in run.errors {
        let attributes = vec![
            ("severity", "error".to_owned()),
            ("message", plain(&error.message)),
            ("source", "jobguard.unreadable".to_owned()),
        ];
        files.entry(&error.name).or_default().push(attributes);
    }
    for diagnostic in run.shown() {
        files.entry(&diagnostic.file).or_default().push(attributes(diagnostic));
    }
    let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .write_event(Event::Start(BytesStart::new("checkstyle").with_attributes([("version", VERSION)])))?;
    for (name, findings) in files {
        let name = plain(name);
        let file = BytesStart::new("file").with_attributes([("name", name.as_str())]);
        writer.write_event(Event::Start(file))?;
        for attributes in findings {
            let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
            writer.write_event(Event::Empty(BytesStart::new("error").with_attributes(attributes)))?;
        }
        writer.write_event(Event::End(BytesEnd::new("file")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("checkstyle")))?;
    writer.write_event(Event::Text(BytesText::new("\n")))
}

fn attributes(diagnostic: &Diagnostic) -> Attributes {
    let mut attributes = Vec::new();
    let region = diagnostic.region;
    if region.is_in_text() {
        attributes.push(("line", region.line.to_string()));
        attributes.push(("column", region.column.to_string()));
    }
    let mut message = plain(&diagnostic.text());
    let subject = diagnostic.subject();
    if !subject.is_empty() {
        message += &format!(" ({})", plain(&subject));
    }
    if let Some(help) = &diagnostic.help {
        message += &format!("; {}", plain(help));
    }
    attributes.push((
        "severity",
        match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
        .to_owned(),
    ));
    attributes.push(("message", message));
    // By convention the name of a class: dots between its parts.
    attributes.push(("source", format!("jobguard.{}", diagnostic.rule.id().replace('/', "."))));
    attributes
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn elements() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }
}
