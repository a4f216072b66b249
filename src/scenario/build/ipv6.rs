//! The IPv6 addresses of hosts, and which of a host's addresses is meant by its name.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use super::{Builder, tables};
use crate::base::NodeId;
use crate::proto::ipv6::MIN_MTU;
use crate::scenario::format;
use crate::scenario::mistake::quote;
use crate::scenario::read::At;
use crate::scenario::values::{Number, Prefixed6};
use crate::sim::spec;
use crate::stack::ipv6::Interface;

impl Builder<'_, '_> {
    /// The IPv6 addresses of a host, or of a router's first interface that has some.
    pub(super) fn ipv6(&self, node: NodeId) -> Option<Interface> {
        let table = self.nodes[node.index()];
        if self.is_router(node) {
            return self.router_ipv6(node).next();
        }
        let &Prefixed6 { ip, len } = table.ip6.given()?;
        let mac = table.mac.given().map(|mac| mac.0);
        let mac = mac.unwrap_or_else(|| spec::mac_of(node.index()));
        Some(Interface {
            gateway: table.gateway6.given().copied(),
            ..Interface::new(mac, ip, len)
        })
    }

    /// The IPv6 addresses of a router's interfaces.
    fn router_ipv6(&self, node: NodeId) -> impl Iterator<Item = Interface> {
        let interfaces = tables(&self.nodes[node.index()].interface).enumerate();
        interfaces.filter_map(move |(place, table)| {
            let &Prefixed6 { ip, len } = table.ip6.given()?;
            let mac = table.mac.given().map(|mac| mac.0);
            let mac = mac.unwrap_or_else(|| spec::interface_mac_of(node.index(), place));
            Some(Interface::new(mac, ip, len))
        })
    }

    /// Notes an IPv6 address that no host can have, and an MTU that is too small for one.
    pub(super) fn usable_ipv6(
        &mut self,
        ip: Ipv6Addr,
        len: u8,
        span: &Range<usize>,
        mtu: &At<Number<68, 9000>>,
    ) {
        if let Some(why) = not_usable(ip, len) {
            self.note(span, format!("{ip}/{len} {why}"), "not usable here");
        }
        if mtu.get().is_some_and(|mtu| mtu.0 < MIN_MTU.into()) {
            let message = "IPv6 needs an MTU of at least 1280 bytes";
            self.note(&mtu.span, message, "RFC 8200 §5");
        }
    }

    /// The same, with what cannot be noted.
    pub(super) fn checked_ipv6(&mut self, node: NodeId, table: &format::Node) -> Option<Interface> {
        let Some(interface) = self.ipv6(node) else {
            if table.gateway6.given().is_some() && table.ip6.value.is_some() {
                let message = "a `gateway6` is of use to a host with an `ip6` alone";
                self.note(&table.gateway6.span, message, "no address to reach it from");
            }
            return None;
        };
        let Interface { ip, prefix_len, .. } = interface;
        self.usable_ipv6(ip, prefix_len, &table.ip6.span, &table.mtu);
        if let Some(gateway) = interface.gateway
            && !interface.is_on_link(gateway)
        {
            let message =
                format!("the gateway {gateway} is not in the network of {ip}/{prefix_len}");
            self.note(
                &table.gateway6.span,
                message,
                "cannot be reached from this host",
            );
        }
        Some(interface)
    }

    /// Which address of a host is meant by its name, as seen from the host `on`: that of IPv6 where both have one and
    /// there is a way (RFC 6724), else that of IPv4.
    pub(super) fn address_of(&self, on: Option<NodeId>, node: NodeId) -> Option<IpAddr> {
        let ipv4 = self.prefixed(node).map(|own| IpAddr::V4(own.ip));
        let ipv6 = self.ipv6(node).map(|own| own.ip);
        let there_is_a_way = |ip| match on {
            Some(on) => (self.ipv6(on)).is_some_and(|own| own.next_hop(ip).is_some()),
            None => true,
        };
        let speaks_ipv4 = on.is_none_or(|on| self.prefixed(on).is_some());
        match (ipv4, ipv6) {
            (Some(ipv4), Some(ipv6)) if speaks_ipv4 && !there_is_a_way(ipv6) => Some(ipv4),
            (ipv4, ipv6) => ipv6.map(IpAddr::V6).or(ipv4),
        }
    }

    /// Whether a host, or a router, has this IPv6 address.
    pub(super) fn has_ipv6(&self, node: NodeId, ip: Ipv6Addr) -> bool {
        if self.is_router(node) {
            return self.router_ipv6(node).any(|own| own.owns(ip));
        }
        self.ipv6(node).is_some_and(|own| own.owns(ip))
    }

    /// Why there is no way from a host to an address, if it is for the addresses that the host has: the message, what
    /// to write under it, and what helps.
    pub(super) fn no_way(&self, on: NodeId, to: IpAddr) -> Option<(String, &'static str, String)> {
        let name = quote(self.name(on));
        let (own, gateway) = match to {
            IpAddr::V4(to) => {
                let Some(own) = self.prefixed(on) else {
                    return Some(no_family(&name, to.into(), "IPv4", "ip"));
                };
                let has_gateway = self.nodes[on.index()].gateway.value != Some(None);
                if has_gateway || super::same_network(own.ip, to, own.len) {
                    return None;
                }
                (format!("{}/{}", own.ip, own.len), "gateway")
            }
            IpAddr::V6(to) => {
                let Some(own) = self.ipv6(on) else {
                    return Some(no_family(&name, to.into(), "IPv6", "ip6"));
                };
                if own.next_hop(to).is_some() {
                    return None;
                }
                (format!("{}/{}", own.ip, own.prefix_len), "gateway6")
            }
        };
        let message = format!("{to} is not in the network of {name}, {own}");
        let help = format!("give {name} an address in the same network, or a `{gateway}`");
        Some((message, "in another network", help))
    }
}

fn no_family(name: &str, to: IpAddr, family: &str, key: &str) -> (String, &'static str, String) {
    let message = format!("{name} has no {family} address to reach {to} from");
    let help = format!("give {name} an address with `{key}`");
    (message, "of another family", help)
}

/// Why no host can have this address.
fn not_usable(ip: Ipv6Addr, len: u8) -> Option<&'static str> {
    let network_bits = u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0);
    if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || ip.to_ipv4_mapped().is_some()
    {
        Some("is no address of a host on a network")
    } else if len < 127 && ip.to_bits() & !network_bits == 0 {
        // RFC 4291 §2.6.1.
        Some("is the address of the routers of its network, not of a host in it")
    } else {
        None
    }
}
