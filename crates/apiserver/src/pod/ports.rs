//! Ports of containers.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerPort, PodSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::errors::{Errors, list, text};
use crate::names;
use jobguard_manifest::At;

/// A port of the host that is in use: protocol, address, number.
type HostPort<'p> = (&'p str, &'p str, i32);

const OUT_OF_RANGE: &str = "is not a port number: use a number from 1 to 65535";

/// Checks a container's `ports`.
pub(super) fn check(ports: &[ContainerPort], at: &At<'_>, report: &mut Errors<'_>) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = text(&port.name);
        if !name.is_empty() {
            let problems = names::port_name(name);
            if problems.is_empty() && !seen.insert(name) {
                report.duplicate(&at.field("name"), name, "is the name of another port: use each name once");
            }
            report.name(&at.field("name"), name, problems);
        }
        if port.container_port == 0 {
            report.required(&at.field("containerPort"), "a port needs a number from 1 to 65535");
        } else {
            number(port.container_port, &at.field("containerPort"), report);
        }
        let host_port = port.host_port.unwrap_or(0);
        if host_port != 0 {
            number(host_port, &at.field("hostPort"), report);
        }
        match text(&port.protocol) {
            "TCP" | "UDP" | "SCTP" => {}
            "" => report.required(&at.field("protocol"), "set TCP, UDP or SCTP"),
            other => report.not_supported(&at.field("protocol"), other, &["TCP", "UDP", "SCTP"]),
        }
    }
}

fn number(port: i32, at: &At<'_>, report: &mut Errors<'_>) {
    if !(1..=65535).contains(&port) {
        report.invalid(at, format!("{port} {OUT_OF_RANGE}"));
    }
}

/// Checks a port that a probe or hook speaks to: a number, or the name of a port.
pub(super) fn number_or_name(port: &IntOrString, at: &At<'_>, report: &mut Errors<'_>) {
    match port {
        IntOrString::Int(port) => number(*port, at, report),
        IntOrString::String(name) => report.name(at, name, names::port_name(name)),
    }
}

/// Checks that no port of the host is used twice, and adds those of a container to `taken`. Its place is given as
/// the server names it, and as it is.
pub(super) fn host_port_conflicts<'p>(
    ports: &'p [ContainerPort],
    taken: &mut BTreeSet<HostPort<'p>>,
    (named, real): (&At<'_>, &At<'_>),
    report: &mut Errors<'_>,
) {
    for (index, port) in ports.iter().enumerate() {
        let number = port.host_port.unwrap_or(0);
        if number == 0 || taken.insert((text(&port.protocol), text(&port.host_ip), number)) {
            continue;
        }
        let (named, real) = (named.field("ports"), real.field("ports"));
        let (named, real) = (named.index(index), real.index(index));
        let shown = number.to_string();
        report.duplicate(
            (&named.field("hostPort"), &real.field("hostPort")),
            &shown,
            "is taken by another port with this protocol and address: use each port of the host once",
        );
    }
}

/// Checks that ports of containers on the host's network are the host's own.
pub(super) fn on_host_network(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    if spec.host_network != Some(true) {
        return;
    }
    let at = at.field("containers");
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        let at = at.field("ports");
        for (index, port) in list(&container.ports).iter().enumerate() {
            let host_port = port.host_port.unwrap_or(0);
            if host_port != 0 && host_port != port.container_port {
                report.invalid(
                    &at.index(index).field("hostPort"),
                    format!(
                        "with hostNetwork, hostPort must be the containerPort: use {}, or leave it out",
                        port.container_port
                    ),
                );
            }
        }
    }
}
