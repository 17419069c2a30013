//! How a Pod is called, and how it finds others: host names, DNS policy and configuration, host aliases.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{HostAlias, PodDNSConfig, PodSpec};

use crate::errors::{Errors, list, quote, text};
use crate::names;
use crate::{Change, Gate};
use jobguard_manifest::At;

const POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// Checks `hostname`, `subdomain` and `hostnameOverride`.
pub(super) fn host_names(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    /// The longest host name that Linux takes.
    const LONGEST: usize = 64;
    for (field, name) in [("hostname", text(&spec.hostname)), ("subdomain", text(&spec.subdomain))] {
        if !name.is_empty() {
            report.name(&at.field(field), name, names::dns_label(name));
        }
    }
    let Some(name) = &spec.hostname_override else { return };
    let at = at.field("hostnameOverride");
    if spec.set_hostname_as_fqdn == Some(true) {
        report.forbidden(&at, "a Pod has one host name: remove this or setHostnameAsFQDN");
    }
    if spec.host_network == Some(true) {
        report.forbidden(&at, "a Pod on the host's network has the host's name: remove this or hostNetwork");
    }
    if name.len() > LONGEST {
        report.too_long(&at, format!("{} is too long: use at most {LONGEST} characters", quote(name)));
    }
    report.name(&at, name, names::dns_subdomain(name));
}

/// Checks `dnsPolicy` and `dnsConfig`.
pub(super) fn check(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let policy = text(&spec.dns_policy);
    match policy {
        "" => report.required(&at.field("dnsPolicy"), "set ClusterFirst or another policy"),
        policy if POLICIES.contains(&policy) => {}
        other => report.not_supported(&at.field("dnsPolicy"), other, POLICIES),
    }
    let at = at.field("dnsConfig");
    let no_policy = policy == "None";
    match &spec.dns_config {
        None if no_policy => {
            report.required(&at, "dnsPolicy None leaves a Pod without name servers: give at least one")
        }
        Some(config) if no_policy && list(&config.nameservers).is_empty() => report.required(
            &at.field("nameservers"),
            "dnsPolicy None leaves a Pod without name servers: give at least one",
        ),
        Some(config) => self::config(config, &at, report),
        None => {}
    }
}

fn config(config: &PodDNSConfig, at: &At<'_>, report: &mut Errors<'_>) {
    const MOST_SERVERS: usize = 3;
    const MOST_SEARCHES: usize = 32;
    const LONGEST_SEARCH_LIST: usize = 2048;
    let (servers, here) = (list(&config.nameservers), at.field("nameservers"));
    if servers.len() > MOST_SERVERS {
        report.invalid(
            &here,
            format!("{} name servers are too many: use at most {MOST_SERVERS}", servers.len()),
        );
    }
    for (index, server) in servers.iter().enumerate() {
        address(server, &here.index(index), report);
    }
    let (searches, here) = (list(&config.searches), at.field("searches"));
    if searches.len() > MOST_SEARCHES {
        report.invalid(
            &here,
            format!("{} search domains are too many: use at most {MOST_SEARCHES}", searches.len()),
        );
    }
    // One space between each two.
    let length = searches.iter().map(String::len).sum::<usize>() + searches.len().saturating_sub(1);
    if length > LONGEST_SEARCH_LIST {
        report.invalid(
            &here,
            format!("the search domains are too long together: use at most {LONGEST_SEARCH_LIST} characters"),
        );
    }
    let is_relaxed = report.allows(Gate::RelaxedDNSSearchValidation, |old| {
        let mut stored = old.dns_config.iter().flat_map(|config| list(&config.searches));
        stored.any(|search| search == "." || search.contains('_'))
    });
    for (index, search) in searches.iter().enumerate() {
        let domain = search.strip_suffix('.').unwrap_or(search);
        if !is_relaxed {
            report.name(&here.index(index), search, names::dns_subdomain(domain));
        } else if search != "." {
            report.name(&here.index(index), search, names::dns_subdomain_underscore(domain));
        }
    }
    let here = at.field("options");
    for (index, option) in list(&config.options).iter().enumerate() {
        if text(&option.name).is_empty() {
            let here = here.index(index);
            report.required((&here, &here.field("name")), "a resolver option needs a name, such as ndots");
        }
    }
}

/// Checks `hostAliases`.
pub(super) fn host_aliases(aliases: &[HostAlias], at: &At<'_>, report: &mut Errors<'_>) {
    for (index, alias) in aliases.iter().enumerate() {
        let all = at;
        let at = at.index(index);
        let named = all.field("ip");
        let real = at.field("ip");
        let named = if report.server.has(Change::HostAliasPaths) { &real } else { &named };
        report.within(&real, named, |at, report| address(&alias.ip, at, report));
        let at = at.field("hostnames");
        for (index, name) in list(&alias.hostnames).iter().enumerate() {
            let named = all.field("hostnames");
            let real = at.index(index);
            let named = if report.server.has(Change::HostAliasPaths) { &real } else { &named };
            report.name((named, &real), name, names::dns_subdomain(name));
        }
    }
}

/// Reads an IP address as servers without strict validation do: numbers of an IPv4 address may have leading zeros.
pub(crate) fn sloppy_address(address: &str) -> Option<IpAddr> {
    address.parse().ok().or_else(|| {
        // The last part of an IPv6 address may be written as IPv4, with zeros too.
        let (front, back) = address.rsplit_once(':').map_or(("", address), |(front, back)| (front, back));
        let parts: Vec<&str> = back.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() != 4 || !parts.iter().all(is_number) {
            return None;
        }
        let plain: Vec<&str> = (parts.iter())
            .map(|part| match part.trim_start_matches('0') {
                "" => "0",
                digits => digits,
            })
            .collect();
        let colon = if front.is_empty() && !address.starts_with(':') { "" } else { ":" };
        format!("{front}{colon}{}", plain.join(".")).parse().ok()
    })
}

/// Checks an IP address. IPv4 addresses in IPv6 clothing and numbers with leading zeros mean different hosts to
/// different programs.
fn address(address: &str, at: &At<'_>, report: &mut Errors<'_>) {
    if !report.server.on(Gate::StrictIPCIDRValidation) {
        if sloppy_address(address).is_none() {
            let message = format!("{} is not an IP address, such as 10.9.8.7 or 2001:db8::1", quote(address));
            report.invalid(at, message);
        }
        return;
    }
    match address.parse() {
        Ok(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some() => {
            report.invalid(
                at,
                format!("{} is an IPv4 address written as IPv6: write it as IPv4", quote(address)),
            );
        }
        Ok(_) => {}
        Err(_) => report.invalid(
            at,
            format!(
                "{} is not an IP address, such as 10.9.8.7 or 2001:db8::1, without leading zeros",
                quote(address)
            ),
        ),
    }
}
