//! `jobguard serve`: the admission webhook.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "cluster")]
use anyhow::Context as _;
use anyhow::Result;
#[cfg(feature = "cluster")]
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

#[cfg(feature = "cluster")]
use super::audit_reports::object_name;
use super::exit::ExitStatus;
use super::namespace::parse_namespace;
#[cfg(feature = "cluster")]
use super::watches::WatchArgs;
#[cfg(feature = "cluster")]
use crate::cluster::{self, Lifetimes, ObjectName, SelfManaged};
use crate::policy::Preset;
#[cfg(feature = "cluster")]
use crate::server::ClusterTasks;
use crate::server::{self, Certificate, ClientAuth, Ended, LogFormat, PolicySource, ServeOptions, Timeouts};

/// A review to try a server with.
const EXAMPLE: &str = include_str!("../../examples/review.json");

const EXAMPLES: &str = "\
Examples:
  jobguard serve                                   try it here, with a certificate made in memory
  jobguard serve --policy jobguard.yaml            by a policy file, which is read again when it changes
  jobguard serve --listen :8443 --tls-cert tls.crt --tls-key tls.key --client-ca ca.crt";

/// Arguments of `jobguard serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes any free port, an address without host (`:8443`) all interfaces
    #[arg(long, value_name = "ADDRESS", env = "JOBGUARD_LISTEN", default_value = "127.0.0.1:8443",
          value_parser = listen_address)]
    listen: SocketAddr,

    /// Certificate in PEM, followed by the intermediate ones; without one, a certificate is made in memory
    #[arg(long, value_name = "FILE", env = "JOBGUARD_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", env = "JOBGUARD_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Authorities, in PEM, that must have signed the client certificates of those who send reviews
    #[arg(long, value_name = "FILE", env = "JOBGUARD_CLIENT_CA")]
    client_ca: Option<PathBuf>,

    /// Names, of which the client certificate must have one, as common name or DNS name
    #[arg(
        long,
        value_name = "NAME,...",
        env = "JOBGUARD_CLIENT_ALLOWED_NAMES",
        requires = "client_ca",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    client_allowed_names: Vec<String>,

    /// Where to serve /metrics, /policy, /version, /livez, /healthz and /readyz, over plain HTTP; not served if not given
    #[arg(long, value_name = "ADDRESS", env = "JOBGUARD_METRICS_LISTEN", value_parser = listen_address)]
    metrics_listen: Option<SocketAddr>,

    /// Policy file, or one of the built-in policies: baseline, recommended, strict
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY", default_value = "recommended")]
    policy: String,

    /// The policy to use if the policy file cannot be used at the start; without one, the server does not start then
    #[arg(long, value_enum, value_name = "NAME", env = "JOBGUARD_POLICY_FALLBACK", default_value = "none")]
    policy_fallback: Fallback,

    /// How often certificates and policy are checked for changes
    #[arg(long, value_name = "DURATION", env = "JOBGUARD_RELOAD_EVERY", default_value = "10s",
          value_parser = interval)]
    reload_every: Duration,

    /// Namespaces whose Jobs are admitted without a check; the one that jobguard runs in always is excluded
    #[arg(long, value_name = "NAME,...", env = "JOBGUARD_EXCLUDE_NAMESPACES", value_delimiter = ',',
          value_parser = parse_namespace)]
    exclude_namespaces: Vec<String>,

    /// The namespace that jobguard runs in [default: that of its service account]
    #[arg(long, value_name = "NAME", env = "JOBGUARD_NAMESPACE", value_parser = parse_namespace)]
    namespace: Option<String>,

    #[cfg(feature = "cluster")]
    #[command(flatten)]
    watches: WatchArgs,

    /// Watch the namespaces' labels, for policies that match on them
    #[cfg(feature = "cluster")]
    #[arg(long, env = "JOBGUARD_WATCH_NAMESPACES", value_parser = BoolishValueParser::new())]
    watch_namespaces: bool,

    /// Watch the cluster's CronJobs, so that a Job created from one by hand counts as its run
    #[cfg(feature = "cluster")]
    #[arg(long, env = "JOBGUARD_WATCH_CRON_JOBS", value_parser = BoolishValueParser::new())]
    watch_cron_jobs: bool,

    /// Show the summary that `jobguard audit --summary-config-map` leaves in this ConfigMap, as metrics
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "NAMESPACE/NAME", env = "JOBGUARD_AUDIT_SUMMARY", value_parser = object_name)]
    audit_summary: Option<ObjectName>,

    /// Make certificates, and keep the caBundle of the webhook configurations
    #[cfg(feature = "cluster")]
    #[arg(long, env = "JOBGUARD_SELF_MANAGED", conflicts_with = "tls_cert",
          value_parser = BoolishValueParser::new())]
    self_managed: bool,

    /// The Secret that keeps the certificate authority, with --self-managed
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "NAME", env = "JOBGUARD_CA_SECRET", default_value = "jobguard-ca")]
    ca_secret: String,

    /// How long a certificate authority lasts, with --self-managed; the next one is made in the last third
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "DURATION", env = "JOBGUARD_CA_LIFETIME", default_value = "8760h",
          value_parser = long_duration)]
    ca_lifetime: Duration,

    /// How long a new authority is published before it signs, with --self-managed: until every API server knows it
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "DURATION", env = "JOBGUARD_CA_SETTLE", default_value = "5m", value_parser = duration)]
    ca_settle: Duration,

    /// How long a replica's certificate lasts, with --self-managed; the next one is made in the last third
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "DURATION", env = "JOBGUARD_CERTIFICATE_LIFETIME", default_value = "24h",
          value_parser = long_duration)]
    certificate_lifetime: Duration,

    /// The MutatingWebhookConfiguration that asks this server, with --self-managed; empty if there is none
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "NAME", env = "JOBGUARD_MUTATING_WEBHOOK", default_value = "jobguard")]
    mutating_webhook: String,

    /// The ValidatingWebhookConfiguration that asks this server, with --self-managed; empty if there is none
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "NAME", env = "JOBGUARD_VALIDATING_WEBHOOK", default_value = "jobguard")]
    validating_webhook: String,

    /// How log lines are written
    #[arg(long, value_enum, value_name = "FORMAT", env = "JOBGUARD_LOG_FORMAT", default_value = "text")]
    log_format: LogFormatArg,

    /// What is logged
    #[arg(long, value_enum, value_name = "LEVEL", env = "JOBGUARD_LOG_LEVEL", default_value = "info")]
    log_level: LogLevelArg,

    /// How long requests are still served after SIGTERM, while API servers learn that this server is terminating
    #[arg(long, value_name = "DURATION", env = "JOBGUARD_SHUTDOWN_DELAY", default_value = "10s",
          value_parser = duration)]
    shutdown_delay: Duration,

    /// The most connections at a time; above it, idle ones are closed to accept new ones
    #[arg(long, value_name = "N", env = "JOBGUARD_MAX_CONNECTIONS", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,

    /// The most reviews at a time; above it, they are refused with 429
    #[arg(long, value_name = "N", env = "JOBGUARD_MAX_CONCURRENT", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_concurrent: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Fallback {
    /// The built-in policy of that name
    Baseline,
    /// The built-in policy of that name
    Recommended,
    /// The built-in policy of that name
    Strict,
    /// Nothing: do not start
    None,
}

impl Fallback {
    const fn preset(self) -> Option<Preset> {
        match self {
            Self::Baseline => Some(Preset::Baseline),
            Self::Recommended => Some(Preset::Recommended),
            Self::Strict => Some(Preset::Strict),
            Self::None => None,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormatArg {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogLevelArg {
    /// Nothing
    Off,
    /// What prevents the server from doing its work
    Error,
    /// What somebody should look into
    Warn,
    /// Also denials, start and end
    Info,
    /// Also single connections
    Debug,
    /// Everything
    Trace,
}

impl LogLevelArg {
    const fn filter(self) -> server::LevelFilter {
        match self {
            Self::Off => server::LevelFilter::OFF,
            Self::Error => server::LevelFilter::ERROR,
            Self::Warn => server::LevelFilter::WARN,
            Self::Info => server::LevelFilter::INFO,
            Self::Debug => server::LevelFilter::DEBUG,
            Self::Trace => server::LevelFilter::TRACE,
        }
    }
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    full.parse().map_err(|_| "write it as IP:PORT, such as 0.0.0.0:8443 or [::]:8443".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(3600);
    server::parse_duration(text)
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| "write it with units, such as 10s or 1m30s, at most 1h".to_owned())
}

#[cfg(feature = "cluster")]
fn long_duration(text: &str) -> Result<Duration, String> {
    // Ten years, leap days included.
    const LONGEST: Duration = Duration::from_secs(87_672 * 3600);
    server::parse_duration(text)
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| "write it with units, such as 24h or 8760h, at most 87672h".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| match duration.is_zero() {
        true => Err("it must be more than nothing".to_owned()),
        false => Ok(duration),
    })
}

/// The namespace of the Pod that this runs in, if it does.
fn own_namespace() -> Option<String> {
    const FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    let name = std::fs::read_to_string(FILE).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Runs the webhook until a signal ends it.
pub(crate) fn run(args: ServeArgs) -> Result<ExitStatus> {
    let policy = match Preset::from_name(&args.policy) {
        Some(preset) => PolicySource::BuiltIn(preset),
        None => PolicySource::File(args.policy.clone().into()),
    };
    // A name without a file is a mistake in the arguments, which the next start would repeat.
    let is_word = !args.policy.contains(['/', '\\', '.']) && !Path::new(&args.policy).exists();
    let policy_fallback = args.policy_fallback.preset().filter(|_| !is_word);
    let namespace = args.namespace.filter(|name| !name.is_empty()).or_else(own_namespace);
    let mut excluded_namespaces = args.exclude_namespaces;
    excluded_namespaces.retain(|name| !name.is_empty());
    let certificate = match (args.tls_cert, args.tls_key) {
        (Some(cert), Some(key)) => Certificate::Files { cert, key },
        _ => Certificate::SelfSigned,
    };
    #[cfg(feature = "cluster")]
    let (certificate, self_managed) = if args.self_managed {
        let given = |name: String| Some(name).filter(|name| !name.is_empty());
        let lifetimes = Lifetimes {
            authority: args.ca_lifetime,
            certificate: args.certificate_lifetime,
            settle: args.ca_settle,
        };
        lifetimes.check()?;
        let managed = SelfManaged {
            namespace: namespace
                .clone()
                .context("--self-managed needs --namespace: where is the Secret to be?")?,
            secret: args.ca_secret,
            mutating: given(args.mutating_webhook),
            validating: given(args.validating_webhook),
            lifetimes,
        };
        (Certificate::Managed, Some(managed))
    } else {
        (certificate, None)
    };
    let format = match args.log_format {
        LogFormatArg::Text => LogFormat::Text,
        LogFormatArg::Json => LogFormat::Json,
    };
    server::start_log(format, args.log_level.filter());
    let advice = (certificate == Certificate::SelfSigned)
        // Which of the two policies it is, the log says.
        .then(|| policy_fallback.is_none().then(|| args.policy.clone()));
    #[cfg(feature = "cluster")]
    let cluster = {
        let tasks = cluster::Options {
            watch_neighbours: args.watches.kinds(),
            watch_namespaces: args.watch_namespaces,
            watch_cron_jobs: args.watch_cron_jobs,
            audit_summary: args.audit_summary,
            self_managed,
        };
        (!tasks.is_idle()).then(|| Box::new(tasks) as Box<dyn ClusterTasks>)
    };
    #[cfg(not(feature = "cluster"))]
    let cluster = None;
    let options = ServeOptions {
        listen: args.listen,
        certificate,
        clients: args.client_ca.map(|ca| ClientAuth { ca, names: args.client_allowed_names }),
        policy,
        policy_fallback,
        metrics_listen: args.metrics_listen,
        namespace,
        excluded_namespaces,
        reload_every: args.reload_every,
        cluster,
        shutdown_delay: args.shutdown_delay,
        max_connections: args.max_connections,
        max_concurrent: args.max_concurrent,
        timeouts: Timeouts::default(),
    };
    let ended = server::run(options, |address| {
        if let Some(policy) = advice {
            // Standard output may be closed.
            let _ = std::io::stdout().lock().write_all(how_to_try(address, policy.as_deref()).as_bytes());
        }
    })?;
    Ok(match ended {
        Ended::Drained => ExitStatus::Success,
        Ended::Cut => ExitStatus::Failure,
    })
}

/// How to try a server that was started without a certificate.
fn how_to_try(address: SocketAddr, policy: Option<&str>) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!("https://{}", SocketAddr::new(host, address.port()));
    let mut out = String::new();
    let judges = policy.map(|policy| format!(", judges by the policy {policy}")).unwrap_or_default();
    let _ = write!(
        out,
        "\njobguard listens on {url}{judges}, and made a certificate for itself,\n\
         which no API server trusts: give it one with --tls-cert and --tls-key.\n\n\
         Try it from another terminal. In a checkout of jobguard:\n\n  \
         curl -sk {url}/validate -H 'Content-Type: application/json' -d @examples/review.json\n\n\
         Anywhere else:\n\n  \
         curl -sk {url}/validate -H 'Content-Type: application/json' -d '{}'\n\n\
         Ctrl-C ends it.\n\n",
        compact(EXAMPLE)
    );
    out
}

/// JSON in one line. No string in it may hold two spaces or a line break.
fn compact(json: &str) -> String {
    json.lines().map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_fits_between_quotes_on_a_command_line() {
        let line = compact(EXAMPLE);
        assert!(!line.contains(['\'', '\n', '@']));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value, serde_json::from_str::<serde_json::Value>(EXAMPLE).unwrap());
    }

    #[test]
    fn words_for_the_first_try() {
        let text = how_to_try("[::]:8443".parse().unwrap(), Some("recommended"));
        assert!(text.contains("https://127.0.0.1:8443/validate"), "{text}");
        let text = how_to_try("[::1]:9".parse().unwrap(), Some("strict"));
        assert!(text.contains("https://[::1]:9/validate"), "{text}");
    }

    #[test]
    fn addresses_and_durations() {
        assert_eq!(listen_address(":8443").unwrap().to_string(), "[::]:8443");
        assert_eq!(listen_address("0.0.0.0:0").unwrap().port(), 0);
        assert!(listen_address("localhost").is_err());
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(duration("10").is_err());
        assert!(duration("2h").is_err());
        #[cfg(feature = "cluster")]
        {
            assert_eq!(long_duration("8760h"), Ok(Lifetimes::default().authority));
            assert!(long_duration("87673h").is_err());
        }
    }
}
