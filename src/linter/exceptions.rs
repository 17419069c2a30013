//! What the annotations of the input ask to ignore.

use std::sync::Arc;

use rayon::prelude::*;

use super::decode::decode_text;
use crate::diagnostic::FileError;
use crate::lint::{WrittenSuppression, suppressions};
use crate::policy::Policy;
use crate::sources::Source;

/// What the annotations in `sources` ask to ignore, in their order, and what could not be read.
pub fn written_suppressions(
    sources: &[Source],
    policy: &Policy,
) -> (Vec<WrittenSuppression>, Vec<FileError>) {
    let read: Vec<_> = sources
        .par_iter()
        .filter(|source| !matches!(source, Source::Unrendered(_)))
        .map(|source| {
            let bytes = source.bytes()?;
            let (text, _) = decode_text(&bytes);
            let name: Arc<str> = source.name().into();
            let (found, unreadable) = suppressions(&text, &name, policy);
            let unreadable = unreadable.map(|line| FileError {
                name: format!("{name}:{line}"),
                message: "cannot be read, and has an annotation jobguard.dev/ignore; jobguard lint says why"
                    .to_owned(),
            });
            Ok::<_, FileError>((found, unreadable))
        })
        .collect();
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok((found, unreadable)) => {
                all.extend(found);
                errors.extend(unreadable);
            }
            Err(error) => errors.push(error),
        }
    }
    (all, errors)
}
