//! What only the text of an object shows.

use jobguard_manifest::{FieldPath, NodeId, Tree};

use super::{Anchor, Check, Registry, Remark, Rule};

/// An object as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The document that it stands in.
    pub tree: &'a Tree<'a>,
    /// The object.
    pub node: NodeId,
    /// The text of which the document is a part.
    pub text: &'a str,
}

/// Where a rule puts what it finds in the text of an object. The policy gives it a level later.
#[derive(Debug)]
pub struct RemarkSink {
    rule: &'static Rule,
    remarks: Vec<Remark>,
}

impl RemarkSink {
    /// Reports a finding at `path`: what is wrong, in one sentence without a full stop, and what to do about it.
    pub fn report(
        &mut self,
        path: FieldPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Remark {
        let (message, help) = (message.into(), help.into());
        let (anchor, related) = (Anchor::default(), Vec::new());
        self.remarks.push(Remark { rule: self.rule, path, anchor, message, help, related });
        let last = self.remarks.len() - 1;
        &mut self.remarks[last]
    }
}

/// What the rules about the text of an object find.
pub fn remarks(written: Written<'_>, registry: &Registry) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for &rule in registry.rules() {
        if let Check::Written(check) = rule.check {
            let mut sink = RemarkSink { rule, remarks };
            check(written, &mut sink);
            remarks = sink.remarks;
        }
    }
    remarks
}
