//! Programs that serve until they are stopped, and the images that run them: proxies, log shippers, agents, servers.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::invocation::{base_name, is_shell};

/// A program that serves until it is stopped.
#[derive(Debug)]
pub struct Server {
    /// Its name, as messages have it.
    pub name: &'static str,
    /// The images that run it: the end of a repository's path, or all of it behind `=`, and a word of the tag behind `:`.
    images: &'static [&'static str],
    /// The program's own names.
    programs: &'static [&'static str],
    /// With which arguments it serves.
    serves: Serves,
    /// The flags with which it ends by itself, or can be asked to: as they begin.
    ends: &'static [&'static str],
}

/// With which arguments a program serves.
#[derive(Debug, Clone, Copy)]
enum Serves {
    /// With any.
    Always,
    /// With none but flags, or with one of these as the first that is no flag.
    Unless(&'static [&'static str]),
    /// With one of these as the first that is no flag.
    With(&'static [&'static str]),
    /// With one of these flags.
    Flag(&'static [&'static str]),
    /// With a word that has this in it.
    Part(&'static str),
}

use Serves::{Always, Flag, Part, Unless, With};

const fn server(
    name: &'static str,
    images: &'static [&'static str],
    programs: &'static [&'static str],
    serves: Serves,
    ends: &'static [&'static str],
) -> Server {
    Server { name, images, programs, serves, ends }
}

/// Flags with which any program only answers a question.
const QUESTIONS: [&str; 7] =
    ["--help", "-help", "--version", "-version", "--dry-run", "--validate", "--check"];

/// Variables with which a container says that something ends it, by a part of their names.
const ENDING_VARIABLES: [&str; 6] =
    ["QUIT", "ONE_TIME", "EXIT_AFTER", "TERMINATE_SIDECAR", "KUBEXIT", "EXIT_ON"];

/// The list, in the order of the kinds.
static SERVERS: &[Server] = &[
    // Proxies.
    server(
        "the Cloud SQL Auth Proxy",
        &["cloud-sql-proxy", "cloudsql-docker/gce-proxy"],
        &["cloud-sql-proxy", "cloud_sql_proxy"],
        Always,
        &["--quitquitquit", "-quitquitquit", "--exit-zero-on-sigterm"],
    ),
    server(
        "the AlloyDB Auth Proxy",
        &["alloydb-auth-proxy"],
        &["alloydb-auth-proxy"],
        Always,
        &["--quitquitquit", "--exit-zero-on-sigterm"],
    ),
    server("the Istio proxy", &["proxyv2"], &["pilot-agent"], Unless(&["proxy"]), &[]),
    server(
        "the Linkerd proxy",
        &["linkerd/proxy"],
        &["linkerd2-proxy", "linkerd2-proxy-identity"],
        Unless(&[]),
        &[],
    ),
    server(
        "Envoy",
        &[
            "envoyproxy/envoy",
            "envoyproxy/envoy-alpine",
            "envoyproxy/envoy-distroless",
            "bitnami/envoy",
            "aws-appmesh-envoy",
        ],
        &["envoy"],
        Unless(&["envoy"]),
        &["--mode"],
    ),
    server(
        "the Consul agent",
        &["hashicorp/consul", "=consul", "=library/consul"],
        &["consul"],
        With(&["agent"]),
        &[],
    ),
    server("Consul Dataplane", &["consul-dataplane"], &["consul-dataplane"], Unless(&[]), &[]),
    server("the Dapr sidecar", &["daprio/daprd"], &["daprd"], Unless(&[]), &[]),
    server("OAuth2 Proxy", &["oauth2-proxy"], &["oauth2-proxy"], Unless(&[]), &[]),
    server("kube-rbac-proxy", &["kube-rbac-proxy"], &["kube-rbac-proxy"], Unless(&[]), &[]),
    server("kubectl", &["kubectl"], &["kubectl"], With(&["proxy", "port-forward"]), &[]),
    server("PgBouncer", &["pgbouncer"], &["pgbouncer"], Unless(&[]), &[]),
    server("HAProxy", &["=haproxy", "=library/haproxy"], &["haproxy"], Unless(&["haproxy"]), &["-c", "-v"]),
    server("Traefik", &["=traefik", "=library/traefik"], &["traefik"], Unless(&["traefik"]), &[]),
    server(
        "nginx",
        &["=nginx", "=library/nginx", "nginxinc/nginx-unprivileged", "bitnami/nginx"],
        &["nginx", "nginx-debug"],
        Unless(&["nginx", "nginx-debug"]),
        &["-t", "-T", "-v", "-V", "-s"],
    ),
    server("cloudflared", &["cloudflare/cloudflared"], &["cloudflared"], With(&["tunnel"]), &[]),
    server("Tailscale", &["tailscale/tailscale"], &["tailscaled", "containerboot"], Unless(&[]), &[]),
    server("the Kuma proxy", &["kumahq/kuma-dp", "kong/kuma-dp"], &["kuma-dp"], With(&["run"]), &[]),
    // Log shippers and other agents.
    server("Fluent Bit", &["fluent-bit", "aws-for-fluent-bit"], &["fluent-bit"], Unless(&[]), &["-D", "-J"]),
    server("Fluentd", &["fluentd", "fluentd-kubernetes-daemonset"], &["fluentd"], Unless(&["fluentd"]), &[]),
    server("Filebeat", &["filebeat"], &["filebeat"], Unless(&["run"]), &["--once", "-once"]),
    server("Metricbeat", &["metricbeat"], &["metricbeat"], Unless(&["run"]), &[]),
    server("Vector", &["timberio/vector"], &["vector"], Unless(&[]), &[]),
    server("Promtail", &["promtail"], &["promtail"], Unless(&[]), &["-dry-run", "-stdin", "--stdin"]),
    server(
        "the OpenTelemetry Collector",
        &[
            "opentelemetry-collector",
            "opentelemetry-collector-contrib",
            "opentelemetry-collector-k8s",
            "aws-otel-collector",
        ],
        &["otelcol", "otelcol-contrib", "otelcol-k8s", "awscollector"],
        Unless(&[]),
        &[],
    ),
    server("Grafana Alloy", &["grafana/alloy"], &["alloy"], Unless(&["run"]), &[]),
    server("the Grafana Agent", &["grafana/agent"], &["grafana-agent"], Unless(&["run"]), &[]),
    server(
        "the Vault agent",
        &["hashicorp/vault", "=vault", "=library/vault"],
        &["vault"],
        With(&["agent", "proxy"]),
        &["-exit-after-auth", "--exit-after-auth"],
    ),
    server("the Datadog Agent", &["datadog/agent", "datadoghq/agent"], &[], Unless(&[]), &[]),
    server("the CloudWatch agent", &["cloudwatch-agent"], &[], Unless(&[]), &[]),
    server("the X-Ray daemon", &["aws-xray-daemon"], &[], Unless(&[]), &[]),
    server("the Jaeger agent", &["jaegertracing/jaeger-agent"], &[], Unless(&[]), &[]),
    server("the StatsD exporter", &["prom/statsd-exporter"], &["statsd_exporter"], Unless(&[]), &[]),
    server(
        "Telegraf",
        &["=telegraf", "=library/telegraf", "bitnami/telegraf"],
        &["telegraf"],
        Unless(&["telegraf"]),
        &["--test", "-test", "--once", "-once"],
    ),
    server(
        "Logstash",
        &["=logstash", "=library/logstash", "logstash/logstash", "logstash/logstash-oss"],
        &["logstash"],
        Unless(&[]),
        &["-e", "--config.string", "-t", "--config.test_and_exit", "-V"],
    ),
    server(
        "the Splunk forwarder",
        &["splunk/universalforwarder"],
        &[],
        Unless(&["start", "start-service"]),
        &[],
    ),
    server(
        "the NGINX exporter",
        &["nginx-prometheus-exporter"],
        &["nginx-prometheus-exporter"],
        Unless(&[]),
        &[],
    ),
    server(
        "the node exporter",
        &["prom/node-exporter", "prometheus/node-exporter", "bitnami/node-exporter"],
        &["node_exporter"],
        Unless(&[]),
        &[],
    ),
    server(
        "the Redis exporter",
        &["oliver006/redis_exporter", "bitnami/redis-exporter"],
        &["redis_exporter"],
        Unless(&[]),
        &[],
    ),
    server(
        "the PostgreSQL exporter",
        &["prometheuscommunity/postgres-exporter", "bitnami/postgres-exporter"],
        &["postgres_exporter"],
        Unless(&[]),
        &[],
    ),
    server(
        "the MySQL exporter",
        &["prom/mysqld-exporter", "bitnami/mysqld-exporter"],
        &["mysqld_exporter"],
        Unless(&[]),
        &[],
    ),
    server(
        "git-sync",
        &["git-sync/git-sync"],
        &["git-sync"],
        Unless(&[]),
        &["--one-time", "-one-time", "--exechook-command-once"],
    ),
    // Servers that tests and builds run beside them.
    server(
        "the Docker daemon",
        &["=docker:dind", "=library/docker:dind"],
        &["dockerd"],
        Unless(&["dockerd"]),
        &[],
    ),
    server("BuildKit", &["moby/buildkit"], &["buildkitd"], Unless(&[]), &[]),
    server(
        "Selenium",
        &[
            "selenium/standalone-chrome",
            "selenium/standalone-chromium",
            "selenium/standalone-edge",
            "selenium/standalone-firefox",
            "selenium/hub",
        ],
        &[],
        Unless(&[]),
        &[],
    ),
    server(
        "PostgreSQL",
        &["=postgres", "=library/postgres", "bitnami/postgresql", "postgis/postgis", "pgvector/pgvector"],
        &["postgres"],
        Unless(&["postgres"]),
        &["-C"],
    ),
    server(
        "MySQL",
        &["=mysql", "=library/mysql", "mysql/mysql-server", "bitnami/mysql"],
        &["mysqld"],
        Unless(&["mysqld"]),
        &[],
    ),
    server(
        "MariaDB",
        &["=mariadb", "=library/mariadb", "bitnami/mariadb"],
        &["mariadbd"],
        Unless(&["mariadbd", "mysqld"]),
        &[],
    ),
    server(
        "MongoDB",
        &["=mongo", "=library/mongo", "bitnami/mongodb"],
        &["mongod"],
        Unless(&["mongod"]),
        &["--shutdown", "--fork"],
    ),
    server("Redis", &["=redis", "=library/redis", "bitnami/redis"], &["redis-server"], Unless(&[]), &[]),
    server("Valkey", &["valkey/valkey", "bitnami/valkey"], &["valkey-server"], Unless(&[]), &[]),
    server("MinIO", &["minio/minio"], &["minio"], With(&["server"]), &[]),
    server(
        "RabbitMQ",
        &["=rabbitmq", "=library/rabbitmq", "bitnami/rabbitmq"],
        &["rabbitmq-server"],
        Unless(&["rabbitmq-server"]),
        &[],
    ),
    server(
        "memcached",
        &["=memcached", "=library/memcached", "bitnami/memcached"],
        &["memcached"],
        Unless(&["memcached"]),
        &["-d"],
    ),
    server(
        "Apache",
        &["=httpd", "=library/httpd"],
        &["httpd-foreground", "apache2-foreground"],
        Unless(&["httpd-foreground"]),
        &[],
    ),
    // Programs of no image of their own.
    server("cron", &[], &["crond", "cron"], Flag(&["-f", "-d", "-n"]), &[]),
    server("gcsfuse", &[], &["gcsfuse"], Flag(&["--foreground", "-foreground"]), &[]),
    server("rclone", &["rclone/rclone"], &["rclone"], With(&["mount", "serve", "rcd"]), &["--daemon"]),
    server("socat with fork", &[], &["socat"], Part(",fork"), &[]),
    server(
        "ssh -N",
        &[],
        &["ssh", "autossh"],
        Flag(&["-N", "-NT", "-TN", "-nNT", "-NL", "-nN", "-NR", "-ND"]),
        &["-f", "-fN", "-fNT", "-Nf", "-fNL"],
    ),
    server("Python's http.server", &[], &["python", "python3"], With(&["http.server"]), &[]),
    server("journalctl -f", &[], &["journalctl"], Flag(&["-f", "--follow", "-fu", "-xf", "-xfu"]), &[]),
    server("watch", &[], &["watch"], Always, &["-g", "--chgexit", "-v"]),
    server("sshd", &[], &["sshd"], Flag(&["-D"]), &[]),
];

/// What a server runs as, by the last part of its name: a program, or the patterns of images that end in this part.
#[derive(Default)]
struct Named {
    program: Option<&'static Server>,
    images: Vec<(&'static str, &'static Server)>,
}

/// Every container is looked up, and the list is long. Where several servers have a name, the first of the list goes
/// before the others.
static BY_NAME: LazyLock<HashMap<&'static str, Named>> = LazyLock::new(|| {
    let mut names: HashMap<&str, Named> = HashMap::new();
    for server in SERVERS {
        for program in server.programs {
            names.entry(*program).or_default().program.get_or_insert(server);
        }
        for pattern in server.images {
            let path = pattern.trim_start_matches('=').split(':').next().unwrap_or_default();
            names.entry(base_name(path)).or_default().images.push((pattern, server));
        }
    }
    names
});

fn of_program(name: &str) -> Option<&'static Server> {
    BY_NAME.get(name)?.program
}

/// Whether any program of the list may be named in a text.
pub(super) fn may_serve(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
        .any(|name| of_program(name).is_some())
}

/// The name of the server that these words run until it is stopped. Words that are not known before they run are none.
pub(super) fn serving(words: &[Option<&str>]) -> Option<&'static str> {
    let (program, arguments) = words.split_first()?;
    let program = base_name((*program)?);
    let server = of_program(program)?;
    // A daemon: the program returns, and its child serves.
    let is_detached = program == "nginx"
        && !arguments.iter().flatten().any(|text| text.contains("daemon off"))
        || matches!(program, "redis-server" | "haproxy" | "pgbouncer" | "memcached")
            && arguments.iter().flatten().any(|text| matches!(*text, "-d" | "-D" | "--daemonize" | "-dD"));
    (!is_detached && server.serves_with(arguments, true)).then_some(server.name)
}

/// The server that an image runs with these arguments until it is stopped.
pub(super) fn of_image<W: AsRef<str>>(image: &str, arguments: &[W]) -> Option<&'static Server> {
    let (path, tag) = repository(image);
    let images = &BY_NAME.get(base_name(path))?.images;
    let (_, server) = images.iter().find(|(pattern, _)| matches(pattern, path, tag))?;
    let arguments: Vec<Option<&str>> = arguments.iter().map(|argument| Some(argument.as_ref())).collect();
    server.serves_with(&arguments, false).then_some(server)
}

/// Whether a container's variable says that something ends it.
pub(super) fn is_ending_variable(name: &str) -> bool {
    ENDING_VARIABLES.iter().any(|part| name.contains(part))
}

/// Whether an image is one of these: `patterns` are ends of a repository's path, at a slash, without tag and digest.
pub(super) fn is_image<'p>(image: &str, mut patterns: impl Iterator<Item = &'p str>) -> bool {
    let Some(first) = patterns.next() else { return false };
    let (path, tag) = repository(image);
    std::iter::once(first).chain(patterns).any(|pattern| matches(pattern, path, tag))
}

impl Server {
    /// Whether it serves with these arguments: of the program itself, or of an image that may run another one instead.
    fn serves_with(&self, arguments: &[Option<&str>], is_program: bool) -> bool {
        let is_flag = |text: &str| text.starts_with('-');
        let known = || arguments.iter().flatten().copied();
        let asks = |text: &str| QUESTIONS.contains(&text) || text == "-h";
        if known().any(|text| asks(text) || self.ends.iter().any(|end| begins_with_flag(text, end))) {
            return false;
        }
        // The program's own name, which an image's entrypoint may take.
        let own = |text: &str| self.programs.contains(&base_name(text));
        let is_program = is_program || known().next().is_some_and(own);
        let mut operands = known().skip_while(|text| own(text));
        match self.serves {
            Always => true,
            Unless(names) => match operands.next() {
                None => true,
                // A program is given the file of its settings.
                Some(first) => {
                    is_flag(first) || names.contains(&first) || (is_program && first.starts_with('/'))
                }
            },
            With(names) => operands.find(|text| !is_flag(text)).is_some_and(|first| names.contains(&first)),
            Flag(flags) => known().any(|text| flags.contains(&text)),
            Part(part) => known().any(|text| text.contains(part)),
        }
    }
}

/// Whether a word is a flag, with its value or without. A flag of one letter may be one of several.
fn begins_with_flag(text: &str, flag: &str) -> bool {
    text.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// The path of an image's repository, without the registry, and its tag.
pub(super) fn repository(image: &str) -> (&str, &str) {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let path = match named.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => rest,
        _ => named,
    };
    path.split_once(':').unwrap_or((path, ""))
}

fn matches(pattern: &str, path: &str, tag: &str) -> bool {
    let (pattern, of_tag) = pattern.split_once(':').unwrap_or((pattern, ""));
    let is_tagged = of_tag.is_empty() || tag.split(['-', '.']).any(|part| part == of_tag);
    let is_named = match pattern.strip_prefix('=') {
        // A mirror of Docker Hub keeps the folder of its official images.
        Some(whole) => {
            let is_mirrored = |rest: &str| whole.starts_with("library/") && rest.ends_with('/');
            path == whole || path.strip_suffix(whole).is_some_and(is_mirrored)
        }
        None => path.strip_suffix(pattern).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')),
    };
    is_tagged && is_named && !pattern.is_empty()
}

/// Whether an image has no program of its own, or one that runs what it is given: the arguments are the command.
pub(super) fn runs_arguments(image: &str) -> bool {
    let (path, _) = repository(image);
    let name = path.strip_prefix("library/").unwrap_or(path);
    matches!(
        name,
        "busybox"
            | "alpine"
            | "ubuntu"
            | "debian"
            | "fedora"
            | "amazonlinux"
            | "rockylinux"
            | "python"
            | "node"
            | "ruby"
            | "perl"
            | "golang"
            | "rust"
            | "php"
            | "gcc"
            | "openjdk"
            | "eclipse-temurin"
            | "amazoncorretto"
            | "maven"
            | "gradle"
            | "bash"
            | "buildpack-deps"
    )
}

/// Whether arguments alone show the command that they are: a shell and its options.
pub(super) fn is_shell_call<W: AsRef<str>>(arguments: &[W]) -> bool {
    arguments.first().is_some_and(|first| is_shell(first.as_ref()))
        && arguments.get(1).is_some_and(|second| second.as_ref().starts_with('-'))
}

#[cfg(test)]
mod tests;
