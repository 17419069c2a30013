//! `jobguard policy export`

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::args::{ExportArgs, ExportFormat};
use super::super::policy_source::Origin;
use crate::atomic_file;
use crate::export::{self, StaticWebhooks};
use crate::policy::Policy;
use crate::rules::registry_of;
use jobguard_text::plain;

/// Where the files of `--format static` are, where nothing says.
const FOLDER: &str = "/etc/kubernetes/jobguard";

/// What API servers do by themselves: the text for standard output, or a line about what was written.
pub(super) fn run(args: ExportArgs) -> Result<String> {
    if args.format == ExportFormat::Static {
        return on_disk(&args);
    }
    for (given, flag) in [(args.ca_bundle.is_some(), "--ca-bundle"), (args.folder.is_some(), "--folder")] {
        if given {
            bail!("{flag} goes with --format static only");
        }
    }
    let mut policy = Origin::of(args.policy.as_deref())?.load()?;
    if let Some(versions) = &args.kubernetes_version {
        let gates = policy.feature_gates.clone();
        policy.aim(versions.versions().to_vec(), gates);
    }
    let today = TimeZone::UTC.to_datetime(args.now.unwrap_or_else(Timestamp::now)).date();
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
    Ok(match (format, export::mutating(policy, excluded)) {
        (ExportFormat::Vap, _) => validating(),
        (ExportFormat::Map, mutating) => mutating?,
        (_, Ok(mutating)) => format!("{}---\n{mutating}", validating()),
        // What is denied and warned of is worth having without the rest.
        (_, Err(why)) => format!("{}# Nothing is filled in: {why}\n", validating()),
    })
}

fn on_disk(args: &ExportArgs) -> Result<String> {
    if args.policy.is_some() || args.kubernetes_version.is_some() {
        bail!(
            "--format static writes how the API server reaches the webhook, whatever its policy: \
             leave out the policy and --kubernetes-version"
        );
    }
    let bundle = args.ca_bundle.as_deref().map(authorities).transpose()?;
    let given = args.output.as_deref().filter(|folder| folder.is_absolute()).and_then(Path::to_str);
    let excluded = excluded(args);
    let webhooks = StaticWebhooks {
        url: &args.url,
        ca_bundle: bundle.as_deref(),
        folder: args.folder.as_deref().or(given).unwrap_or(FOLDER),
        excluded_namespaces: &excluded,
    };
    let mut out = String::new();
    for file in webhooks.files() {
        match &args.output {
            None => out.push_str(&format!("---\n# {}/{}\n{}", webhooks.folder, file.path, file.text)),
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

fn write(file: &Path, text: &str) -> Result<()> {
    atomic_file::write(file, text.as_bytes())
        .with_context(|| format!("cannot write {}", plain(&file.display().to_string())))
}
