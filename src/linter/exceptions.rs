//! What the annotations of the input ask to ignore.

use std::sync::Arc;

use rayon::prelude::*;

use super::decode::decode_text;
use crate::diagnostic::FileError;
use crate::lint::{Unreadable, WrittenSuppression, suppressions};
use crate::policy::Policy;
use crate::sources::Source;

/// What the annotations in `sources` ask to ignore and may, in their order, and what could not be read: it may have others.
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
            let unreadable = unreadable.map(|Unreadable { line, column, message }| FileError {
                name: format!("{name}:{line}:{column}"),
                message: format!("cannot be read: {message}"),
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
