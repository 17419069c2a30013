//! What an answer rests on, from a file.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};

use super::args::{Material, WhyArgs, show};
use crate::cli::output::Terminal;
use crate::live::why::Known;
use crate::live::why::bundle::{Collected, read as read_bundle};
use jobguard_text::plain;

/// The largest bundle that is read, in bytes: some fifty thousand Pods.
const MAX_BUNDLE: u64 = 1 << 30;

pub(super) fn read(args: &WhyArgs, path: &Path, terminal: &Terminal) -> Result<Material> {
    let text = text(path)?;
    let mut known = Known::about(&args.target);
    let mut collected = Collected::default();
    let is_kept = args.write_bundle.is_some();
    let bundle = read_bundle(&text, |kind, object| {
        known.add(kind, &object);
        if is_kept {
            collected.add(kind, &object);
        }
    });
    let bundle = bundle
        .map_err(|error| anyhow!("cannot use --bundle {}: {}", show(path), plain(&error.to_string())))?;
    for note in &bundle.notes {
        terminal.note(&format!("--bundle {}: {}", show(path), plain(note)));
    }
    bundle.read.iter().for_each(|kind| known.was_read(*kind));
    for (kind, why) in bundle.unread {
        known.could_not_read(kind, why);
    }
    let namespace = args.namespace.clone().filter(|namespace| !namespace.is_empty());
    Ok(Material { known, collected, namespace, now: args.now.or(bundle.written) })
}

fn text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(MAX_BUNDLE + 1)
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        let file = fs::File::open(path).with_context(|| format!("cannot read --bundle {}", show(path)))?;
        file.take(MAX_BUNDLE + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read --bundle {}", show(path)))?;
    }
    if bytes.len() as u64 > MAX_BUNDLE {
        bail!(
            "--bundle {}: it is larger than {} MiB; leave out namespaces that have nothing to do with it",
            show(path),
            MAX_BUNDLE >> 20
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        bail!(
            "--bundle {}: it is UTF-16, as PowerShell's `>` writes it: write it as UTF-8 (`| Out-File -Encoding utf8`)",
            show(path)
        );
    }
    // What is not UTF-8 is in a message at most.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
