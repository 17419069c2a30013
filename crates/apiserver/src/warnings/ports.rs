//! Errors about ports that get in each other's way, among all containers of a Pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ContainerPort, PodSpec};

use super::{At, Errors};
use crate::Change;
use crate::pod::any_container::each_container;
use jobguard_manifest::FieldPath;

/// A port and where it stands.
struct Placed<'p> {
    port: &'p ContainerPort,
    path: FieldPath,
}

/// How many ports of the same number are compared with each other; more than any Pod has use for.
const COMPARED: usize = 64;

/// After so many pairs that get in each other's way, no more than one is reported for each port.
const PAIRS: usize = 512;

pub(super) fn warn_ports(spec: &PodSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let mut by_number: BTreeMap<(i32, &str), Vec<Placed<'_>>> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, FieldPath> = BTreeMap::new();
    let mut pairs = 0_usize;
    let names_warn = found.server.has(Change::PortNameWarnings);
    each_container(spec, at, |container, here| {
        let here = here.field("ports");
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let here = here.index(index);
            if host_ip(port).is_some() && host_port(port) == 0 {
                found.warn(&here, "hostIP has no effect without hostPort", "set hostPort, or remove hostIP");
            }
            let others = by_number
                .entry((port.container_port, port.protocol.as_deref().unwrap_or("TCP")))
                .or_default();
            for other in others.iter() {
                if let Some(message) = conflict(port, other) {
                    found.warn(&here, message, "list each port once");
                    pairs += 1;
                    if pairs > PAIRS {
                        break;
                    }
                }
            }
            if others.len() < COMPARED {
                others.push(Placed { port, path: here.to_path() });
            }
            if !names_warn {
                continue;
            }
            let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
            if let Some(first) = by_name.get(name) {
                let message =
                    format!("{first} already has this port name, and references by name use that one");
                found.warn(&here, message, "give each port of a Pod a different name");
            } else {
                by_name.insert(name, here.to_path());
            }
        }
    });
}

fn host_ip(port: &ContainerPort) -> Option<&str> {
    port.host_ip.as_deref().filter(|ip| !ip.is_empty())
}

fn host_port(port: &ContainerPort) -> i32 {
    port.host_port.unwrap_or_default()
}

fn conflict(port: &ContainerPort, other: &Placed<'_>) -> Option<String> {
    let path = &other.path;
    let other = other.port;
    let same_host_port = host_port(port) == host_port(other);
    if host_ip(port) == host_ip(other) && same_host_port {
        Some(format!("the same port is listed at {path}"))
    } else if host_port(port) == 0 || host_port(other) == 0 {
        Some(format!("the port overlaps with {path}"))
    } else if same_host_port && host_ip(port).is_some() != host_ip(other).is_some() {
        Some(format!("it is undefined whether this port or the one at {path} gets the traffic"))
    } else {
        None
    }
}
