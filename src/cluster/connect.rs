//! How to reach a cluster on somebody's behalf: by a kubeconfig and one of its contexts, or from within a Pod.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use thiserror::Error;

use super::AGENT;

/// How long an answer may be silent.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The most contexts that an error lists.
const LISTED: usize = 10;

/// Which cluster is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The kubeconfig: none for what KUBECONFIG names, else `~/.kube/config`, else the Pod's service account.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig: none for its current one.
    pub context: Option<String>,
}

/// A way to a cluster.
#[derive(Clone)]
pub struct Connection {
    pub(super) client: Client,
    /// The context's name; none from within a Pod.
    pub context: Option<String>,
    /// The context's namespace, or the Pod's.
    pub namespace: String,
    /// The API server's URL, without a user.
    pub server: String,
}

/// Why there is no way to a cluster.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no kubeconfig, and this is no Pod with a service account.
    #[error(
        "cannot tell which cluster is meant: {tried}, and this is not a Pod with a service account; give \
         --kubeconfig or set KUBECONFIG"
    )]
    Nothing {
        /// Where a kubeconfig was looked for.
        tried: String,
    },
    /// The kubeconfig cannot be used.
    #[error("cannot use the kubeconfig {file}: {cause}")]
    Kubeconfig {
        /// Its path, or the paths of KUBECONFIG.
        file: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The kubeconfig has no such context.
    #[error("the kubeconfig {file} has no context {context:?}; {known}")]
    Context {
        /// Its path, or the paths of KUBECONFIG.
        file: String,
        /// What was asked for.
        context: String,
        /// Which there are.
        known: String,
    },
    /// The kubeconfig has contexts, and none is chosen.
    #[error("the kubeconfig {file} has no current context: give --context; {known}")]
    NoContext {
        /// Its path, or the paths of KUBECONFIG.
        file: String,
        /// Which there are.
        known: String,
    },
    /// The credentials or the authorities cannot be used.
    #[error("cannot make a client for the API server {server}: {cause}")]
    Client {
        /// The API server's URL.
        server: String,
        /// What is wrong.
        cause: String,
    },
}

/// Where a kubeconfig lies.
enum Place {
    /// It is named by an argument.
    Named(PathBuf),
    /// KUBECONFIG names files.
    Variable(Vec<PathBuf>),
    /// Its default place.
    Home(PathBuf),
}

impl Connection {
    /// A client for the cluster that is meant. Whether the API server answers is not asked yet.
    ///
    /// # Errors
    ///
    /// Nothing says how to reach it, or what does cannot be used.
    pub async fn open(target: &Target) -> Result<Self, ConnectError> {
        let (mut config, context) = config(target).await?;
        config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
        // Retries are ours: bounded in number, and by the time that the API server asks for.
        config.default_retry = false;
        config.read_timeout = Some(READ_TIMEOUT);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config)
            .map_err(|error| ConnectError::Client { server: server.clone(), cause: innermost(&error) })?;
        Ok(Self { client, context, namespace, server })
    }

    /// How people call the cluster: by its context, else by the API server's URL.
    pub fn name(&self) -> &str {
        self.context.as_deref().unwrap_or(&self.server)
    }
}

async fn config(target: &Target) -> Result<(Config, Option<String>), ConnectError> {
    let place = place(target.kubeconfig.as_deref(), env::var_os("KUBECONFIG").as_deref(), home().as_deref());
    let tried = match &place {
        None => "KUBECONFIG is not set, nor is there a home folder".to_owned(),
        Some(place) => match place.read()? {
            Some(kubeconfig) => return of_kubeconfig(kubeconfig, &place.show(), target).await,
            None if matches!(place, Place::Named(_)) => {
                let cause = "there is no such file".to_owned();
                return Err(ConnectError::Kubeconfig { file: place.show(), cause });
            }
            None => format!("{} does not exist", place.show()),
        },
    };
    if target.context.is_some() {
        return Err(ConnectError::Nothing { tried });
    }
    let config = Config::incluster().map_err(|_| ConnectError::Nothing { tried })?;
    Ok((config, None))
}

fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

fn place(named: Option<&Path>, variable: Option<&OsStr>, home: Option<&Path>) -> Option<Place> {
    if let Some(path) = named {
        return Some(Place::Named(path.to_owned()));
    }
    let paths: Vec<PathBuf> =
        variable.iter().flat_map(env::split_paths).filter(|path| !path.as_os_str().is_empty()).collect();
    if !paths.is_empty() {
        return Some(Place::Variable(paths));
    }
    home.map(|home| Place::Home(home.join(".kube").join("config")))
}

impl Place {
    /// The kubeconfig there; none where there is no file. As kubectl does, files of KUBECONFIG that are absent are passed
    /// over.
    fn read(&self) -> Result<Option<Kubeconfig>, ConnectError> {
        let paths = match self {
            Self::Named(path) | Self::Home(path) => std::slice::from_ref(path),
            Self::Variable(paths) => paths,
        };
        let fault = |path: &Path, error: &dyn Error| ConnectError::Kubeconfig {
            file: path.display().to_string(),
            cause: innermost(error),
        };
        let mut merged: Option<Kubeconfig> = None;
        for path in paths {
            if !path.exists() {
                continue;
            }
            let read = Kubeconfig::read_from(path).map_err(|error| fault(path, &error))?;
            merged = Some(match merged {
                None => read,
                Some(before) => before.merge(read).map_err(|error| fault(path, &error))?,
            });
        }
        Ok(merged)
    }

    fn show(&self) -> String {
        match self {
            Self::Named(path) | Self::Home(path) => path.display().to_string(),
            Self::Variable(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                format!("{} (of KUBECONFIG)", paths.join(", "))
            }
        }
    }
}

async fn of_kubeconfig(
    kubeconfig: Kubeconfig,
    file: &str,
    target: &Target,
) -> Result<(Config, Option<String>), ConnectError> {
    let file = file.to_owned();
    let known = || known_contexts(&kubeconfig);
    let current = kubeconfig.current_context.clone().filter(|name| !name.is_empty());
    let Some(name) = target.context.clone().or(current) else {
        return Err(ConnectError::NoContext { file, known: known() });
    };
    if !kubeconfig.contexts.iter().any(|context| context.name == name) {
        return Err(ConnectError::Context { file, context: name, known: known() });
    }
    let has_own_proxy = has_own_proxy(&kubeconfig, &name);
    let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| ConnectError::Kubeconfig { file, cause: innermost(&error) })?;
    // One that is the kubeconfig's own is always used, as by kubectl.
    if !has_own_proxy {
        let no_proxy = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| env::var(name).ok());
        let host = config.cluster_url.host().unwrap_or_default();
        let port = config.cluster_url.port_u16().unwrap_or(443);
        if is_reached_directly(host, port, &no_proxy.unwrap_or_default()) {
            config.proxy_url = None;
        }
    }
    // `HTTPS_PROXY=proxy:3128`, as kubectl and curl take it.
    if let Some(proxy) = config.proxy_url.take() {
        config.proxy_url = Some(match proxy.scheme() {
            None => format!("http://{proxy}").parse().unwrap_or(proxy),
            Some(_) => proxy,
        });
    }
    Ok((config, Some(name)))
}

/// Whether the cluster of a context names a proxy.
fn has_own_proxy(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let context = kubeconfig.contexts.iter().find(|named| named.name == context);
    let cluster = context.and_then(|named| Some(&named.context.as_ref()?.cluster));
    let cluster = cluster.and_then(|name| kubeconfig.clusters.iter().find(|named| named.name == *name));
    cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.as_ref()).is_some_and(|url| !url.is_empty())
}

fn known_contexts(kubeconfig: &Kubeconfig) -> String {
    let names: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
    match names.len() {
        0 => "it has none".to_owned(),
        count if count > LISTED => {
            format!("it has {}, and {} more", names[..LISTED].join(", "), count - LISTED)
        }
        _ => format!("it has {}", names.join(", ")),
    }
}

/// What an error says, and what its causes say beyond that: they are mostly part of it already.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text += ": ";
            text += &said;
        }
        cause = error.source();
    }
    text
}

/// Whether an API server is reached without the proxy that the environment names: on this machine always, else by NO_PROXY:
/// hosts, domains with all that is below them, addresses and networks, each perhaps with a port, or `*`.
fn is_reached_directly(host: &str, port: u16, no_proxy: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (entry, of_port) = match entry.rsplit_once(':') {
            Some((host, digits)) if !host.contains(':') || host.ends_with(']') => (host, digits.parse().ok()),
            _ => (entry.as_str(), None),
        };
        let entry = entry.trim_start_matches('[').trim_end_matches(']');
        if of_port.is_some_and(|of_port: u16| of_port != port) {
            return false;
        }
        if entry == "*" || entry == host {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return network
                .parse()
                .ok()
                .zip(bits.parse().ok())
                .is_some_and(|(network, bits)| is_within(address, network, bits));
        }
        let domain = entry.trim_start_matches('*').trim_start_matches('.');
        !domain.is_empty() && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Whether the first `bits` of two addresses are the same.
fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same = |one: u128, other: u128, size: u32| {
        let shift = size.saturating_sub(bits);
        bits <= size && (shift == size || one >> shift == other >> shift)
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => bits == 0 || same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_wins() {
        let home = Path::new("/home/a");
        let show = |named: Option<&str>, variable: Option<&str>| {
            let place = place(named.map(Path::new), variable.map(OsStr::new), Some(home));
            place.map(|place| place.show())
        };
        assert_eq!(show(Some("x"), Some("y")).as_deref(), Some("x"));
        assert_eq!(show(None, Some("y:z")).as_deref(), Some("y, z (of KUBECONFIG)"));
        assert_eq!(show(None, Some("")).as_deref(), Some("/home/a/.kube/config"));
        assert!(place(None, None, None).is_none());
    }

    #[test]
    fn files_that_are_absent_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, r#"{"current-context": "a", "contexts": [], "clusters": [], "users": []}"#)
            .unwrap();
        let read = |paths: &[PathBuf]| Place::Variable(paths.to_vec()).read();
        let there = read(&[folder.path().join("none"), file]).unwrap();
        assert_eq!(there.unwrap().current_context.as_deref(), Some("a"));
        assert!(read(&[folder.path().join("none")]).unwrap().is_none());
        std::fs::write(folder.path().join("bad"), "contexts: 1").unwrap();
        assert!(read(&[folder.path().join("bad")]).is_err());
    }

    #[test]
    fn what_no_proxy_names() {
        for (host, no_proxy, expected) in [
            ("10.0.0.1", "10.0.0.0/8", true),
            ("11.0.0.1", "10.0.0.0/8", false),
            ("10.0.0.1", "0.0.0.0/0", true),
            ("10.0.0.1", "10.0.0.0/33", false),
            ("[fd00::1]", "fd00::/8", true),
            ("api.example.com", "other, example.com", true),
            ("api.example.com", ".example.com", true),
            ("api.example.com", "*.example.com", true),
            ("notexample.com", "example.com", false),
            ("api.example.com", "*", true),
            ("api.example.com", "", false),
            ("127.0.0.1", "", true),
            ("localhost", "", true),
            ("api.example.com", "example.com:6443", true),
            ("api.example.com", "example.com:443", false),
            ("[fd00::1]", "[fd00::1]:6443", true),
            ("10.0.0.1", "10.0.0.1:6443", true),
        ] {
            assert_eq!(is_reached_directly(host, 6443, no_proxy), expected, "{host} {no_proxy}");
        }
    }
}
