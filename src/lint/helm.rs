//! The template that a manifest was rendered from: Helm writes `# Source: chart/templates/x.yaml` before each one.

/// The comment that Helm writes.
const MARK: &str = "# Source: ";

/// The template that one document was rendered from. It is looked for where [`Templates`] looks.
pub(super) fn template_of(document: &str) -> Option<&str> {
    let mut lines = document.lines();
    let mut first = lines.next()?;
    if first.trim_end() == "---" {
        first = lines.next()?;
    }
    first.trim_end().strip_prefix(MARK).filter(|name| !name.is_empty())
}

/// The chart that a template is of: `shop/charts/db/templates/x.yaml` is rendered with the chart `shop`.
pub(super) fn chart(template: &str) -> Option<&str> {
    template.split_once('/').map(|(chart, _)| chart)
}

/// The templates that a text was rendered from.
#[derive(Debug, Default)]
pub(super) struct Templates<'t> {
    /// Where each document begins, and its template if it is known.
    documents: Vec<(usize, Option<&'t str>)>,
}

impl<'t> Templates<'t> {
    /// Finds them. The comment counts only where Helm puts it: in the line after `---`, or in the first one.
    pub(super) fn new(text: &'t str) -> Self {
        let mut documents = Vec::new();
        if !text.contains(MARK) {
            return Self { documents };
        }
        let (mut start, mut begins) = (0, true);
        for line in text.split_inclusive('\n') {
            let content = line.trim_end();
            if content == "---" {
                documents.push((start, None));
                begins = true;
            } else {
                if let Some(name) = content.strip_prefix(MARK).filter(|name| begins && !name.is_empty()) {
                    documents.push((start, Some(name)));
                }
                begins = false;
            }
            start += line.len();
        }
        Self { documents }
    }

    /// The template of what stands at a byte of the text.
    pub(super) fn at(&self, offset: usize) -> Option<&'t str> {
        let after = self.documents.partition_point(|(start, _)| *start <= offset);
        after.checked_sub(1).and_then(|last| self.documents[last].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'t>(text: &'t str, piece: &str) -> Option<&'t str> {
        Templates::new(text).at(text.find(piece).unwrap())
    }

    #[test]
    fn each_document_has_its_own() {
        let text = "---\n# Source: a/templates/job.yaml\n# more\nkind: Job\n---\nkind: Pod\n---\r\n# Source: b/x.yaml\r\nkind: CronJob\n";
        assert_eq!(at(text, "kind: Job"), Some("a/templates/job.yaml"));
        assert_eq!(at(text, "kind: Pod"), None);
        assert_eq!(at(text, "kind: CronJob"), Some("b/x.yaml"));
        assert_eq!(at(text, "---"), None);
        assert_eq!(Templates::new(text).at(usize::MAX), Some("b/x.yaml"));
    }

    #[test]
    fn the_template_of_one_document() {
        for (document, template) in [
            ("---\n# Source: a/templates/job.yaml\nkind: Job\n", Some("a/templates/job.yaml")),
            ("# Source: a/x.yaml\r\nkind: Job\n", Some("a/x.yaml")),
            ("---\nkind: Job\n# Source: a/x.yaml\n", None),
            ("# Source: \n", None),
            ("", None),
        ] {
            assert_eq!(template_of(document), template, "{document:?}");
        }
        assert_eq!((chart("a/charts/b/templates/c.yaml"), chart("c.yaml")), (Some("a"), None));
    }

    #[test]
    fn other_comments_are_no_templates() {
        assert_eq!(at("# Source: a.yaml\nkind: Job\n", "kind"), Some("a.yaml"));
        assert_eq!(at("kind: Job\n# Source: the internet\nspec: 1\n", "spec"), None);
        assert_eq!(at("---\n# Source: \nkind: Job\n", "kind"), None);
        // A look-alike within a block scalar is indented.
        assert_eq!(at("---\n# Source: a\nx: |\n  ---\n  # Source: b\ny: 1\n", "y:"), Some("a"));
        assert_eq!(at("kind: Job\n", "kind"), None);
    }
}
