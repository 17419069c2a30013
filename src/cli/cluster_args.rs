//! Which cluster a command reads, and what of it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::namespace::parse_namespace;
use crate::cluster::{Connection, Reader, Target};
use crate::live::Asked;

/// Which cluster.
#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    /// The context of the kubeconfig [default: its current context; in a Pod without kubeconfig, its service account]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The kubeconfig [default: what KUBECONFIG names, else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl ClusterArgs {
    /// The cluster that is meant.
    pub(crate) fn target(&self) -> Target {
        Target { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }

    /// What reads that cluster, and what runs it.
    ///
    /// # Errors
    ///
    /// Nothing says how to reach the cluster.
    pub(crate) fn open(&self) -> Result<(Runtime, Reader)> {
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
        let connection = runtime.block_on(Connection::open(&self.target()))?;
        Ok((runtime, Reader::new(connection)))
    }
}

/// Which of its objects.
#[derive(Debug, Args)]
pub(crate) struct ScopeArgs {
    /// Only in this namespace; repeatable [default: all that the rights allow]
    #[arg(long, short, value_name = "NAME", value_parser = parse_one, conflicts_with = "all_namespaces")]
    pub(crate) namespace: Vec<String>,
    /// In all namespaces, and fail where the rights do not allow it
    #[arg(long, short = 'A')]
    pub(crate) all_namespaces: bool,
    /// Only what has these labels, as kubectl takes them: app=web,tier!=test
    #[arg(long, short = 'l', value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

impl ScopeArgs {
    /// What is asked for.
    pub(crate) fn asked(&self) -> Asked {
        match (self.all_namespaces, self.namespace.as_slice()) {
            (true, _) => Asked::All,
            (false, []) => Asked::Allowed,
            (false, names) => Asked::Namespaces(names.to_vec()),
        }
    }
}

/// A namespace, which cannot be empty here.
fn parse_one(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("name a namespace".to_owned()),
        false => parse_namespace(text),
    }
}
