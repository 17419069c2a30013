//! Probes, and the handlers that probes and lifecycle hooks share.

use k8s_openapi::api::core::v1::{
    ExecAction, GRPCAction, HTTPGetAction, LifecycleHandler, PodSpec, Probe, SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::any_container::{AnyContainer, each_container};
use super::ports;
use crate::errors::{Errors, list, text};
use crate::names;
use crate::{Cause, Gate};
use jobguard_manifest::At;

/// What is done to probe a container, or as a hook.
#[derive(Clone, Copy)]
pub(super) struct Handler<'h> {
    exec: Option<&'h ExecAction>,
    http_get: Option<&'h HTTPGetAction>,
    tcp_socket: Option<&'h TCPSocketAction>,
    grpc: Option<&'h GRPCAction>,
    sleep: Option<&'h SleepAction>,
}

impl<'h> From<&'h Probe> for Handler<'h> {
    fn from(probe: &'h Probe) -> Self {
        Self {
            exec: probe.exec.as_ref(),
            http_get: probe.http_get.as_ref(),
            tcp_socket: probe.tcp_socket.as_ref(),
            grpc: probe.grpc.as_ref(),
            sleep: None,
        }
    }
}

impl<'h> From<&'h LifecycleHandler> for Handler<'h> {
    fn from(hook: &'h LifecycleHandler) -> Self {
        Self {
            exec: hook.exec.as_ref(),
            http_get: hook.http_get.as_ref(),
            tcp_socket: hook.tcp_socket.as_ref(),
            grpc: None,
            sleep: hook.sleep.as_ref(),
        }
    }
}

/// Checks the three probes of a container.
pub(super) fn check(view: &AnyContainer<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(liveness) = view.liveness_probe {
        let at = at.field("livenessProbe");
        probe(liveness, &at, report);
        succeeds_once(liveness, &at, report);
    }
    if let Some(readiness) = view.readiness_probe {
        let at = at.field("readinessProbe");
        probe(readiness, &at, report);
        if readiness.termination_grace_period_seconds.is_some() {
            report.invalid(
                &at.field("terminationGracePeriodSeconds"),
                "a readinessProbe never ends a container: remove this",
            );
        }
    }
    if let Some(startup) = view.startup_probe {
        let at = at.field("startupProbe");
        probe(startup, &at, report);
        succeeds_once(startup, &at, report);
    }
}

fn succeeds_once(probe: &Probe, at: &At<'_>, report: &mut Errors<'_>) {
    if probe.success_threshold != Some(1) {
        report.invalid(&at.field("successThreshold"), "one success is enough for this probe: use 1");
    }
}

fn probe(probe: &Probe, at: &At<'_>, report: &mut Errors<'_>) {
    handler(probe.into(), None, at, report);
    for (name, value) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        if value.is_some_and(|value| value < 0) {
            report.invalid(&at.field(name), "a probe cannot count below zero: use 0 or more");
        }
    }
    if probe.termination_grace_period_seconds.is_some_and(|seconds| seconds <= 0) {
        report.invalid(&at.field("terminationGracePeriodSeconds"), "use 1 second or more");
    }
}

/// Checks that a handler does exactly one thing, and that thing. Of several, the server looks at the first only.
pub(super) fn handler(handler: Handler<'_>, grace_period: Option<i64>, at: &At<'_>, report: &mut Errors<'_>) {
    let mut found = false;
    let mut is_first = |set: bool, name: &'static str, report: &mut Errors<'_>| {
        if set && found {
            report.forbidden(&at.field(name), "a handler does one thing only: remove the others");
        }
        let first = set && !found;
        found |= set;
        first
    };
    if is_first(handler.exec.is_some(), "exec", report)
        && let Some(exec) = handler.exec
        && list(&exec.command).is_empty()
    {
        report.required(&at.field("exec").field("command"), "give the command to run");
    }
    if is_first(handler.http_get.is_some(), "httpGet", report)
        && let Some(request) = handler.http_get
    {
        http_get(request, &at.field("httpGet"), report);
    }
    if is_first(handler.tcp_socket.is_some(), "tcpSocket", report)
        && let Some(socket) = handler.tcp_socket
    {
        ports::number_or_name(&socket.port, &at.field("tcpSocket").field("port"), report);
    }
    if is_first(handler.grpc.is_some(), "grpc", report)
        && let Some(call) = handler.grpc
    {
        ports::number_or_name(&IntOrString::Int(call.port), &at.field("grpc").field("port"), report);
    }
    if is_first(handler.sleep.is_some(), "sleep", report)
        && let Some(sleep) = handler.sleep
        && let Some(grace_period) = grace_period
        && !(least_sleep(report)..=grace_period).contains(&sleep.seconds)
    {
        let least = least_sleep(report);
        report.invalid(
            (&at.field("sleep"), &at.field("sleep").field("seconds")),
            format!("sleep for {least} to {grace_period} seconds, the Pod's terminationGracePeriodSeconds"),
        );
    }
    if !found {
        report.empty(Cause::Required, at, "say what to do: exec, httpGet, tcpSocket or another handler");
    }
}

/// The fewest seconds that a hook may sleep.
fn least_sleep(report: &Errors<'_>) -> i64 {
    let sleeps_for_nothing = |pod: &PodSpec| {
        let mut found = false;
        each_container(pod, &At::root(), |container, _| {
            let hooks = container.lifecycle.map(|hooks| [&hooks.pre_stop, &hooks.post_start]);
            let mut sleeps = hooks.into_iter().flatten().flatten().filter_map(|hook| hook.sleep.as_ref());
            found = found || sleeps.any(|sleep| sleep.seconds == 0);
        });
        found
    };
    i64::from(!report.allows(Gate::PodLifecycleSleepActionAllowZero, sleeps_for_nothing))
}

fn http_get(request: &HTTPGetAction, at: &At<'_>, report: &mut Errors<'_>) {
    if text(&request.path).is_empty() {
        report.required(&at.field("path"), "give the path to ask for, such as /");
    }
    ports::number_or_name(&request.port, &at.field("port"), report);
    let scheme = text(&request.scheme);
    if !matches!(scheme, "HTTP" | "HTTPS") {
        report.not_supported(&at.field("scheme"), scheme, &["HTTP", "HTTPS"]);
    }
    let at = at.field("httpHeaders");
    for (index, header) in list(&request.http_headers).iter().enumerate() {
        let here = at.index(index);
        report.name((&at, &here.field("name")), &header.name, names::http_header_name(&header.name));
    }
}
