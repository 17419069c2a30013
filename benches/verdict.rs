//! What a verdict costs beside the bare parse of the same bytes into the same types, in one run.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use jobguard::apiserver::{Kind, KubernetesVersion, Server, Workload};
use jobguard::engine::{Author, Context, Input, Neighbours, Object, check};
use jobguard::manifest;
use jobguard::policy::{Preset, load};
use jobguard::rules::{registry, registry_of};
use k8s_openapi::api::batch::v1::Job;

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Job such as people write: an init container, environment, resources, volumes, a failure policy.
const JOB: &str = include_str!("job.json");

const OWN_RULES: &str = "
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: own}
spec:
  extends: strict
  customRules:
  - {id: own/a, expression: \"has(object.metadata.labels) && 'owner' in object.metadata.labels\"}
  - {id: own/b, expression: \"job.spec.template.spec.containers.all(c, c.image.startsWith('registry.'))\"}
  - {id: own/c, expression: \"job.spec.template.spec.containers.all(c, has(c.resources.limits) && 'memory' in c.resources.limits)\"}
  - {id: own/d, expression: \"job.spec.template.spec.containers.all(c, quantity(c.resources.limits.memory).compareTo(quantity('8Gi')) <= 0)\"}
  - {id: own/e, expression: \"has(job.worstCase) && job.worstCase <= duration('24h')\"}
  - {id: own/f, expression: \"object.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')\"}
  - {id: own/g, expression: \"schedule == null || schedule.minInterval >= duration('10m')\"}
  - {id: own/h, expression: \"!has(job.spec.template.spec.hostNetwork) && !has(job.spec.template.spec.hostPID)\"}
  - {id: own/i, expression: \"job.spec.template.spec.containers.all(c, !has(c.env) || c.env.all(e, e.name.matches('^[A-Z_]+$')))\"}
  - {id: own/j, expression: \"job.podsAtOnce <= 20 && object.spec.backoffLimit <= 6\"}
";

fn decoded(server: &Server) -> Workload {
    let documents = manifest::read(black_box(JOB));
    let tree = documents[0].content.as_ref().unwrap();
    server.decode(tree, tree.root(), Kind::Job).workload.unwrap()
}

fn verdict(c: &mut Criterion) {
    let mut group = c.benchmark_group("verdict");
    let server = &Server::of(KubernetesVersion::default());
    group.throughput(Throughput::Bytes(JOB.len() as u64));

    group.bench_function("floor: serde_json into k8s-openapi", |b| {
        b.iter(|| serde_json::from_str::<Job>(black_box(JOB)).unwrap());
    });
    group.bench_function("read", |b| b.iter(|| manifest::read(black_box(JOB))));
    group.bench_function("read, decode", |b| b.iter(|| decoded(server)));
    group.bench_function("read, decode, default, validate", |b| {
        b.iter(|| server.validate_create(&server.created(decoded(server)).prepare_for_create()));
    });
    let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let context = Context {
        registry: registry(),
        policy: &policy,
        neighbours: &Neighbours::default(),
        file: None,
        input: Input::Alone,
        now,
        namespace_labels: None,
        cancellation: None,
        author: Author::default(),
    };
    group.bench_function("read, decode, default, validate, all rules", |b| {
        b.iter(|| check(&Object::created(server, decoded(server), |_| false), &context));
    });
    // Ten rules of a policy's own, such as people write, beside the same rules.
    let source = load::Source { name: "own".to_owned(), text: OWN_RULES.to_owned() };
    let own = load::read(&source, registry().catalog(), &load::no_files).unwrap();
    let context = Context { registry: registry_of(&own), policy: &own, ..context };
    group.bench_function("read, decode, default, validate, all rules, ten own rules", |b| {
        b.iter(|| check(&Object::created(server, decoded(server), |_| false), &context));
    });
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);
