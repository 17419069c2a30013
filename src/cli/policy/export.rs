//! `jobguard policy export`

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::args::{ExportArgs, ExportFormat};
use crate::atomic_file;
use crate::export::{self, StaticWebhooks};
use crate::policy::{Existing, Policy};
use crate::rules::registry_of;
use jobguard_text::plain;

/// Where the files of `--format static` are, where nothing says.
const FOLDER: &str = "/etc/kubernetes/jobguard";
/// Where the webhook listens then: beside the API server, as `jobguard serve` does by itself.
const URL: &str = "https://127.0.0.1:8443";

/// From about this size on, in bytes, an object does not fit into the annotation that `kubectl apply` keeps of what it has
/// applied, where all annotations together may have 256 KiB.
const MAX_CLIENT_SIDE: usize = 200 * 1024;

const TOO_LARGE: &str =
    "# Too large for kubectl's record of what it has applied: use kubectl apply --server-side.\n";

/// What every exported file says.
const MARK: &str = "Written by `jobguard policy export`";

/// What API servers do by themselves: the text for standard output, or a line about what was written.
pub(super) fn run(args: ExportArgs) -> Result<String> {
    if args.format == ExportFormat::Static {
        return on_disk(&args);
    }
    let of_static = [
        (args.ca_bundle.is_some(), "--ca-bundle"),
        (args.folder.is_some(), "--folder"),
        (args.url.is_some(), "--url"),
    ];
    if let Some((_, flag)) = of_static.into_iter().find(|(given, _)| *given) {
        bail!("{flag} goes with --format static only");
    }
    let mut policy = args.policy.origin()?.load()?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    if policy.existing_at(now) == Existing::Deny {
        // The day has come: what holds is exported, without the remark that it will.
        (policy.existing, policy.existing_deny_from) = (Existing::Deny, None);
    }
    if let Some(versions) = &args.kubernetes_version {
        let gates = policy.feature_gates.clone();
        policy.aim(versions.versions().to_vec(), gates);
    }
    let today = TimeZone::UTC.to_datetime(now).date();
    let text = policies(&policy, args.format, &excluded(&args), today)?;
    match &args.output {
        None => Ok(text),
        Some(file) => {
            write(file, &text)?;
            Ok(format!("wrote {}\n", plain(&file.display().to_string())))
        }
    }
}

fn policies(policy: &Policy, format: ExportFormat, excluded: &[String], today: Date) -> Result<String> {
    let validating = || export::validating(policy, registry_of(policy), excluded, today);
    let text = match (format, export::mutating(policy, excluded)) {
        (ExportFormat::Vap, _) => validating(),
        (ExportFormat::Map, mutating) => mutating?,
        (_, Ok(mutating)) => format!("{}---\n{mutating}", validating()),
        // What is denied and warned of is worth having without the rest.
        (_, Err(why)) => format!("{}# Nothing is filled in: {why}\n", validating()),
    };
    Ok(match text.split("\n---\n").any(|object| object.len() > MAX_CLIENT_SIDE) {
        true => format!("{TOO_LARGE}{text}"),
        false => text,
    })
}

fn on_disk(args: &ExportArgs) -> Result<String> {
    if args.policy.is_named() || args.kubernetes_version.is_some() {
        bail!(
            "--format static writes how the API server reaches the webhook, whatever its policy: \
             leave out the policy and --kubernetes-version"
        );
    }
    let bundle = args.ca_bundle.as_deref().map(authorities).transpose()?;
    let given = match &args.output {
        Some(folder) => Some(std::path::absolute(folder)?),
        None => None,
    };
    let given = given.as_deref().and_then(Path::to_str);
    let excluded = excluded(args);
    let webhooks = StaticWebhooks {
        url: args.url.as_deref().unwrap_or(URL),
        ca_bundle: bundle.as_deref(),
        folder: args.folder.as_deref().or(given).unwrap_or(FOLDER),
        excluded_namespaces: &excluded,
    };
    let mut out = String::new();
    let files = webhooks.files();
    for file in files.iter().filter_map(|file| Some(args.output.as_ref()?.join(file.path))) {
        may_replace(&file)?;
    }
    for file in files {
        match &args.output {
            None => out.push_str(&format!("---\n# {}/{}\n{}", plain(webhooks.folder), file.path, file.text)),
            Some(folder) => {
                let path = folder.join(file.path);
                let parent = path.parent().unwrap_or(folder);
                std::fs::create_dir_all(parent).with_context(|| {
                    format!("cannot make the folder {}", plain(&parent.display().to_string()))
                })?;
                write(&path, &file.text)?;
                out.push_str(&format!("wrote {}\n", plain(&path.display().to_string())));
            }
        }
    }
    Ok(out)
}

fn excluded(args: &ExportArgs) -> Vec<String> {
    args.exclude_namespaces.iter().filter(|name| !name.is_empty()).cloned().collect()
}

/// The certificates of a file. A key that was named by mistake must not get into a file that anybody may read.
fn authorities(file: &Path) -> Result<Vec<u8>> {
    let name = plain(&file.display().to_string());
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    if text.contains("PRIVATE KEY-----") {
        bail!("{name} holds a private key: name the file of the authorities' certificates alone");
    }
    match text.contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(text.into_bytes()),
        false => Err(anyhow!("{name} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")),
    }
}

/// Nothing is written over but what was exported before: not the policy itself, a manifest, or an API server's own
/// configuration.
fn may_replace(file: &Path) -> Result<()> {
    let name = plain(&file.display().to_string());
    if std::fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        bail!("--output {name}: this is not a regular file; leave out --output to write to standard output");
    }
    match std::fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot read {name}, which is there already")),
        Ok(there) if there.is_empty() || String::from_utf8_lossy(&there).contains(MARK) => Ok(()),
        Ok(_) => bail!("--output {name}: this file is there, and was not exported; name another one"),
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    may_replace(file)?;
    let name = plain(&file.display().to_string());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("--output {name}: there is no folder {}", plain(&folder.display().to_string()));
    }
    atomic_file::write(file, text.as_bytes()).with_context(|| format!("cannot write {name}"))
}
