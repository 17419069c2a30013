//! What the server counts and measures, for Prometheus.
//!
//! Every label takes its values from a list that is fixed when the program is built (or is one of the two names in an
//! `_info`, or a rule in the summary of an audit, of which there is a bounded number), so that nothing a client sends can grow
//! the number of series. `docs/metrics.md` lists every metric, which a test holds true.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

mod audit;
pub(crate) mod build;
mod cache;
pub(crate) mod exposition;

use self::build::Build;
pub(crate) use self::cache::{CacheState, Watched};
use self::exposition::Format;
use crate::policy::ExceptionState;
use crate::server::admission::outcome::Outcome;
use crate::server::admission::request::Endpoint;
use crate::server::reload_result::ReloadResult;

/// Upper bounds of the duration buckets, in seconds: a review takes some 50 µs, and its client waits 30 s at most.
const BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5, 10.0, 30.0];

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    path: &'static str,
    operation: &'static str,
    kind: &'static str,
    verdict: &'static str,
    dry_run: &'static str,
}

impl Hash for Request {
    /// Looked up for every review: what values of these short lists begin with, and how long they are, tells them apart in
    /// one step of the hash instead of ten.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let values = [self.path, self.operation, self.kind, self.verdict, self.dry_run];
        let of = |value: &str| value.bytes().next().map_or(0, u64::from) | (value.len() as u64) << 8;
        state.write_u64(values.iter().fold(0, |all: u64, value| all.rotate_left(12) ^ of(value)));
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Path {
    path: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    path: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Rule {
    rule: &'static str,
    level: &'static str,
    dry_run: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Suppressed {
    rule: &'static str,
    by: &'static str,
    dry_run: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
    dry_run: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    path: &'static str,
    answer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Unjudged {
    path: &'static str,
    kind: &'static str,
    reason: &'static str,
    answer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Resource {
    resource: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyInfo {
    name: String,
    hash: String,
}

/// Why something was turned away before it was a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Too many reviews at a time.
    Reviews,
    /// Too many bytes of large bodies at a time.
    Memory,
    /// Too many connections, none of which could be given up.
    Connections,
}

impl Shed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Reviews => "reviews",
            Self::Memory => "memory",
            Self::Connections => "connections",
        }
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    #[cfg(test)]
    names: Vec<&'static str>,
    requests: Family<Request, Counter>,
    duration: Family<Path, Histogram, fn() -> Histogram>,
    /// Those of the endpoints, found once.
    duration_of: [OnceLock<Histogram>; 2],
    in_flight: Gauge,
    refused: Family<Refused, Counter>,
    findings: Family<Rule, Counter>,
    suppressed: Family<Suppressed, Counter>,
    patches: Family<Kind, Counter>,
    shed: Family<Reason, Counter>,
    timeouts: Family<Answer, Counter>,
    unjudged: Family<Unjudged, Counter>,
    panics: Counter,
    connections: Gauge,
    connections_closed: Family<Reason, Counter>,
    tls_expiry: Seconds,
    tls_reloads: Family<ResultLabel, Counter>,
    tls_last: Seconds,
    tls_ok: Gauge,
    policy_info: Family<PolicyInfo, Gauge>,
    policy_loaded: Seconds,
    policy_reloads: Family<ResultLabel, Counter>,
    policy_ok: Gauge,
    policy_fallback: Gauge,
    policy_exceptions: Family<State, Gauge>,
    cache_age: Family<Resource, Seconds>,
    cache_synced: Family<Resource, Gauge>,
    cache_objects: Family<Resource, Gauge>,
    /// What is shown of the last audit.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(dead_code, reason = "nothing shows an audit without a cluster")
    )]
    pub(crate) audit: audit::Gauges,
}

/// Registers metrics below the program's name.
struct Registrar {
    registry: Registry,
    names: Vec<&'static str>,
}

impl Registrar {
    fn add<M: Metric + Clone>(&mut self, name: &'static str, help: &'static str, metric: M) -> M {
        self.registry.register(name, help, metric.clone());
        self.names.push(name);
        metric
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut to = Registrar { registry: Registry::with_prefix("jobguard"), names: Vec::new() };
        let duration: fn() -> Histogram = || Histogram::new(BUCKETS);
        let build = to.add("build_info", "The program that runs", Family::<Build, Gauge>::default());
        build.get_or_create(&Build::this()).set(1);
        let metrics = Self {
            requests: to.add("requests", "Reviews answered", Family::default()),
            duration: to.add(
                "request_duration_seconds",
                "Time from a review's header to its answer",
                Family::new_with_constructor(duration),
            ),
            duration_of: Default::default(),
            in_flight: to.add("requests_in_flight", "Reviews being read or judged", Gauge::default()),
            refused: to.add(
                "requests_refused",
                "Requests to /validate and /mutate answered with an HTTP error",
                Family::default(),
            ),
            findings: to.add("findings", "Findings in reviews", Family::default()),
            suppressed: to.add(
                "suppressed_findings",
                "Findings that an annotation or an exception of the policy silenced",
                Family::default(),
            ),
            patches: to.add("patches", "Objects that defaults were filled into", Family::default()),
            shed: to.add("shed", "Requests and connections turned away for want of room", Family::default()),
            timeouts: to.add("timeouts", "Reviews that could not be judged in time", Family::default()),
            unjudged: to.add("unjudged", "Reviews that ended without a verdict", Family::default()),
            panics: to.add(
                "panics",
                "Faults in jobguard, each of which cost one request",
                Counter::default(),
            ),
            connections: to.add("connections", "Open connections", Gauge::default()),
            connections_closed: to.add(
                "connections_closed",
                "Connections that the server ended before the client did",
                Family::default(),
            ),
            tls_expiry: to.add(
                "tls_certificate_expiry_timestamp_seconds",
                "When the certificate expires, 0 while there is none",
                Gauge::default(),
            ),
            tls_reloads: to.add("tls_reloads", "Times that certificate files had changed", Family::default()),
            tls_last: to.add(
                "tls_last_reload_timestamp_seconds",
                "When the certificate in use was loaded",
                Gauge::default(),
            ),
            tls_ok: to.add(
                "tls_last_reload_successful",
                "Whether the certificate files, as they stand, are in use",
                Gauge::default(),
            ),
            policy_info: to.add("policy_info", "The policy in use", Family::default()),
            policy_loaded: to.add(
                "policy_loaded_timestamp_seconds",
                "When the policy in use was loaded",
                Gauge::default(),
            ),
            policy_reloads: to.add(
                "policy_reloads",
                "Times that the policy's files had changed",
                Family::default(),
            ),
            policy_ok: to.add(
                "policy_last_reload_successful",
                "Whether the policy's files, as they stand, are in use",
                Gauge::default(),
            ),
            policy_fallback: to.add(
                "policy_fallback",
                "Whether the fallback is in use, since the policy could not be loaded at the start",
                Gauge::default(),
            ),
            policy_exceptions: to.add(
                "policy_exceptions",
                "Exceptions of the policy in use, by their state",
                Family::default(),
            ),
            cache_age: to.add(
                "cluster_cache_age_seconds",
                "For how long a watch has been broken, 0 while it stands",
                Family::default(),
            ),
            cache_synced: to.add(
                "cluster_cache_synced",
                "Whether a watch has listed everything once",
                Family::default(),
            ),
            cache_objects: to.add("cluster_cache_objects", "Objects that a watch knows", Family::default()),
            audit: audit::Gauges {
                findings: to.add("audit_findings", "Findings of the last audit", Family::default()),
                at: to.add(
                    "audit_timestamp_seconds",
                    "When the last audit was made, 0 while none is known",
                    Gauge::default(),
                ),
                objects: to.add("audit_objects", "Objects that the last audit judged", Gauge::default()),
                errors: to.add(
                    "audit_errors",
                    "What the last audit was asked for and could not do",
                    Gauge::default(),
                ),
                ..audit::Gauges::default()
            },
            #[cfg(test)]
            names: to.names,
            registry: to.registry,
        };
        metrics.tls_ok.set(1);
        metrics.policy_ok.set(1);
        // The reasons there are, from the start: a rate over a series that appears with its first event is wrong.
        for reason in [Shed::Reviews, Shed::Memory, Shed::Connections] {
            let _ = metrics.shed.get_or_create(&Reason { reason: reason.as_str() });
        }
        metrics
    }

    /// A review was answered.
    pub(crate) fn answered(&self, endpoint: Endpoint, outcome: &Outcome) {
        let dry_run = outcome.dry_run;
        let labels = Request {
            path: endpoint.path(),
            operation: outcome.operation,
            kind: outcome.kind,
            verdict: outcome.verdict,
            dry_run,
        };
        self.requests.get_or_create(&labels).inc();
        if let Some((reason, answer)) = outcome.unjudged {
            let labels = Unjudged { path: endpoint.path(), kind: outcome.kind, reason, answer };
            self.unjudged.get_or_create(&labels).inc();
        }
        for (rule, severity) in &outcome.findings {
            self.findings.get_or_create(&Rule { rule, level: severity.as_str(), dry_run }).inc();
        }
        for (rule, by) in &outcome.suppressed {
            self.suppressed.get_or_create(&Suppressed { rule, by, dry_run }).inc();
        }
        if outcome.patched {
            self.patches.get_or_create(&Kind { kind: outcome.kind, dry_run }).inc();
        }
    }

    /// A review begins; the guard measures until it is dropped.
    pub(crate) fn begin(&self, endpoint: Endpoint) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight { metrics: self, endpoint, since: std::time::Instant::now() }
    }

    /// A request was answered with an HTTP error.
    pub(crate) fn refused(&self, endpoint: Endpoint, code: u16) {
        self.refused.get_or_create(&Refused { path: endpoint.path(), code }).inc();
    }

    /// There was no room.
    pub(crate) fn shed(&self, reason: Shed) {
        self.shed.get_or_create(&Reason { reason: reason.as_str() }).inc();
    }

    /// A review could not be judged in time, and was answered as `answer` says.
    pub(crate) fn timed_out(&self, endpoint: Endpoint, answer: &'static str) {
        self.timeouts.get_or_create(&Answer { path: endpoint.path(), answer }).inc();
    }

    /// A panic was caught.
    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// How many connections there are now.
    pub(crate) fn connections(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// The server ended a connection. `reason` is one of a fixed list.
    pub(crate) fn connection_closed(&self, reason: &'static str) {
        self.connections_closed.get_or_create(&Reason { reason }).inc();
    }

    /// The certificate in use, and when it came.
    pub(crate) fn tls_in_use(&self, expiry: Option<i64>, now: Timestamp) {
        self.tls_expiry.set(expiry.map_or(0.0, whole));
        self.tls_last.set(whole(now.as_second()));
    }

    /// Certificate files were looked at again.
    pub(crate) fn tls_reloaded<E>(&self, reload: &ReloadResult<E>) {
        count(reload, &self.tls_reloads, &self.tls_ok);
    }

    /// The policy in use, since when, and whether it is the fallback.
    pub(crate) fn policy_in_use(&self, name: &str, hash: &str, at: Timestamp, fallback: bool) {
        self.policy_info.clear();
        let info = PolicyInfo { name: name.to_owned(), hash: hash.to_owned() };
        self.policy_info.get_or_create(&info).set(1);
        self.policy_loaded.set(whole(at.as_second()));
        self.policy_fallback.set(i64::from(fallback));
    }

    /// In which state the exceptions of the policy in use are now.
    pub(crate) fn exceptions(&self, by_state: [(ExceptionState, usize); 4]) {
        for (state, count) in by_state {
            let state = State { state: state.as_str() };
            self.policy_exceptions.get_or_create(&state).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// The policy's files were looked at again.
    pub(crate) fn policy_reloaded<E>(&self, reload: &ReloadResult<E>) {
        count(reload, &self.policy_reloads, &self.policy_ok);
    }

    /// What is known of the cluster.
    pub(crate) fn cache(&self, state: CacheState) {
        let resource = Resource { resource: state.watched.as_str() };
        self.cache_age.get_or_create(&resource).set(state.age);
        self.cache_synced.get_or_create(&resource).set(i64::from(state.synced));
        let objects = i64::try_from(state.objects).unwrap_or(i64::MAX);
        self.cache_objects.get_or_create(&resource).set(objects);
    }

    /// All of it, in one of the formats that Prometheus reads.
    pub(crate) fn text(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        match format {
            Format::OpenMetrics => text,
            Format::Prometheus => exposition::prometheus(&text),
        }
    }
}

fn count<E>(reload: &ReloadResult<E>, reloads: &Family<ResultLabel, Counter>, ok: &Gauge) {
    let result = match reload {
        ReloadResult::Loaded => "success",
        ReloadResult::Failed(_) => "failure",
        ReloadResult::Unchanged | ReloadResult::StillFailing => return,
    };
    reloads.get_or_create(&ResultLabel { result }).inc();
    ok.set(i64::from(result == "success"));
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
fn whole(seconds: i64) -> f64 {
    seconds as f64
}

/// A review that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight<'a> {
    metrics: &'a Metrics,
    endpoint: Endpoint,
    since: std::time::Instant,
}

impl InFlight<'_> {
    /// How long it has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        let path = || Path { path: self.endpoint.path() };
        let duration = self.metrics.duration_of[self.endpoint as usize]
            .get_or_init(|| self.metrics.duration.get_or_create_owned(&path()));
        duration.observe(self.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests;
