//! What is known, and what is not.

use super::*;

fn image(image: &str, arguments: &[&str]) -> Option<&'static str> {
    of_image(image, arguments).map(|server| server.name)
}

#[test]
fn images() {
    let digest = format!("fluent/fluent-bit@sha256:{}", "a".repeat(64));
    for (reference, arguments, wanted) in [
        (
            "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0",
            &["--port=5432", "p:r:i"][..],
            Some("the Cloud SQL Auth Proxy"),
        ),
        ("gcr.io/cloudsql-docker/gce-proxy:1.33", &[], Some("the Cloud SQL Auth Proxy")),
        ("registry.example.com:5000/mirror/cloud-sql-proxy", &["a"], Some("the Cloud SQL Auth Proxy")),
        ("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2", &["--quitquitquit", "a"], None),
        ("docker.io/istio/proxyv2:1.22.0", &["proxy", "sidecar"], Some("the Istio proxy")),
        ("docker.io/istio/proxyv2:1.22.0", &["istio-iptables"], None),
        ("fluent/fluent-bit:3.1.9", &[], Some("Fluent Bit")),
        (&digest, &[], Some("Fluent Bit")),
        ("fluent-bit", &["--dry-run"], None),
        ("docker.elastic.co/beats/filebeat:8.14.0", &["-c", "/f.yml", "-e"], Some("Filebeat")),
        ("docker.elastic.co/beats/filebeat:8.14.0", &["-e", "--once"], None),
        ("timberio/vector:0.40.0-alpine", &[], Some("Vector")),
        ("acme/vector:1", &[], None),
        ("hashicorp/vault:1.17", &["agent", "-config=/a.hcl"], Some("the Vault agent")),
        ("hashicorp/vault:1.17", &["agent", "-exit-after-auth"], None),
        ("hashicorp/vault:1.17", &["kv", "get", "a"], None),
        ("nginx:1.27", &[], Some("nginx")),
        ("docker.io/library/nginx", &["nginx", "-g", "daemon off;"], Some("nginx")),
        ("acme/nginx-config-test", &[], None),
        ("acme/nginx", &[], None),
        ("docker:27-dind", &[], Some("the Docker daemon")),
        ("docker:27", &[], None),
        ("docker:27-cli", &["docker", "build"], None),
        ("postgres:16", &["-c", "fsync=off"], Some("PostgreSQL")),
        ("public.ecr.aws/docker/library/postgres:16", &[], Some("PostgreSQL")),
        ("harbor.acme.com/dockerhub/library/postgres:16", &[], Some("PostgreSQL")),
        ("harbor.acme.com/acme/postgres:16", &[], None),
        ("postgres:16", &["pg_dump"], None),
        ("redis", &["redis-cli", "ping"], None),
        ("redis", &["redis-server", "/etc/redis.conf"], Some("Redis")),
        ("redis", &["/scripts/load.sh"], None),
        ("bitnami/kubectl:1.30", &["get", "pods"], None),
        ("bitnami/kubectl:1.30", &["proxy", "--port=8001"], Some("kubectl")),
        ("my-fluent-bit", &[], None),
        ("telegraf:1.33", &[], Some("Telegraf")),
        ("telegraf:1.33", &["telegraf", "--config", "/a.conf"], Some("Telegraf")),
        ("telegraf:1.33", &["telegraf", "--once"], None),
        ("docker.io/kumahq/kuma-dp:2.9.0", &["run", "--dataplane-file=/a"], Some("the Kuma proxy")),
        ("nginx/nginx-prometheus-exporter:1.4", &["--nginx.scrape-uri=a"], Some("the NGINX exporter")),
        ("quay.io/prometheus/node-exporter:v1.8.2", &[], Some("the node exporter")),
        ("oliver006/redis_exporter:v1.66.0", &[], Some("the Redis exporter")),
        ("docker.elastic.co/logstash/logstash:8.17.0", &[], Some("Logstash")),
        ("docker.elastic.co/logstash/logstash:8.17.0", &["-e", "input { stdin {} }"], None),
        ("splunk/universalforwarder:9.3", &[], Some("the Splunk forwarder")),
        ("splunk/universalforwarder:9.3", &["create-defaults"], None),
        ("bitnami/postgresql:17", &[], Some("PostgreSQL")),
        ("bitnami/postgresql:17", &["pg_dump", "-h", "db"], None),
        ("bitnami/postgresql-client-tools", &[], None),
        ("postgis/postgis:17-3.5", &[], Some("PostgreSQL")),
        ("valkey/valkey:8", &["valkey-cli", "ping"], None),
        ("valkey/valkey:8", &[], Some("Valkey")),
        ("minio/minio", &["server", "/data"], Some("MinIO")),
        ("", &[], None),
    ] {
        assert_eq!(image(reference, arguments), wanted, "{reference} {arguments:?}");
    }
}

#[test]
fn programs() {
    for (words, wanted) in [
        ("/cloud_sql_proxy -instances=a", Some("the Cloud SQL Auth Proxy")),
        ("/cloud-sql-proxy --quitquitquit a", None),
        ("envoy -c /e.yaml", Some("Envoy")),
        ("envoy --version", None),
        ("vault agent -config a", Some("the Vault agent")),
        ("vault login", None),
        ("nginx -g daemon_off", None),
        ("crond -f", Some("cron")),
        ("crond", None),
        ("redis-server --port 1", Some("Redis")),
        ("kubectl get pods", None),
        ("kubectl -n x proxy", None),
        ("kubectl proxy", Some("kubectl")),
        ("/fluent-bit/bin/fluent-bit -c /f.conf", Some("Fluent Bit")),
        ("rclone mount a b", Some("rclone")),
        ("rclone copy a b", None),
        ("socat TCP-LISTEN:5432,fork,reuseaddr TCP:db:5432", Some("socat with fork")),
        ("socat - TCP:db:5432", None),
        ("ssh -N -L 5432:db:5432 bastion", Some("ssh -N")),
        ("ssh -NT -L 5432:db:5432 bastion", Some("ssh -N")),
        ("ssh -f -N -L 5432:db:5432 bastion", None),
        ("ssh bastion true", None),
        ("python3 -m http.server 8080", Some("Python's http.server")),
        ("python3 -um http.server", Some("Python's http.server")),
        ("python3 main.py http.server", None),
        ("journalctl -u a -f", Some("journalctl -f")),
        ("journalctl -u a", None),
        ("watch -n 5 ls /data", Some("watch")),
        ("watch -g ls /data", None),
    ] {
        let words: Vec<Option<&str>> = words.split(' ').map(Some).collect();
        assert_eq!(serving(&words), wanted, "{words:?}");
    }
    assert_eq!(serving(&[Some("nginx"), Some("-g"), Some("daemon off;")]), Some("nginx"));
    assert_eq!(serving(&[None]), None);
}

#[test]
fn patterns_of_a_policy() {
    let is = |image| is_image(image, ["acme/log-shipper", "=tool"].into_iter());
    assert!(is("registry.example.com/acme/log-shipper:3"));
    assert!(is("localhost:5000/x/acme/log-shipper"));
    assert!(is("tool:1"));
    assert!(!is("acme/log-shipper-init") && !is("xacme/log-shipper") && !is("x/tool"));
}

#[test]
fn each_image_and_program_is_listed_once() {
    let all: Vec<&str> =
        SERVERS.iter().flat_map(|server| server.images.iter().chain(server.programs)).copied().collect();
    for list in [
        SERVERS.iter().flat_map(|s| s.images).collect::<Vec<_>>(),
        SERVERS.iter().flat_map(|s| s.programs).collect(),
    ] {
        let mut seen = std::collections::BTreeSet::new();
        assert!(list.iter().all(|name| seen.insert(*name)), "{list:?}");
    }
    assert!(all.len() > 80);
}
