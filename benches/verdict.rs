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

/// Ten rules of a policy's own, such as people write.
const OWN_RULES: &str = include_str!("support/own-rules.yaml");

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
    // The same rules, and the policy's own.
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
