//! Routers: their interfaces are joined to links, and their routes to interfaces.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::{Builder, tables};
use crate::base::{LinkId, NodeId};
use crate::scenario::format;
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::values::{Prefixed, Prefixed6};
use crate::sim::spec;
use crate::stack::{ipv4, ipv6};

impl Builder<'_, '_> {
    /// What a router is, without its interfaces.
    pub(super) fn one_router(&mut self, node: &format::Node) -> Option<spec::Router> {
        if tables(&node.interface).next().is_none() && node.interface.value.is_some() {
            let message = "a router needs interfaces";
            let mistake = Mistake::new(node.span.clone(), message, "needs `interface`");
            self.reader.mistakes.push(mistake);
        }
        let routes = tables(&node.route).filter_map(|route| self.one_route(node, route));
        Some(spec::Router {
            routes: routes.collect(),
            interfaces: Vec::new(),
            icmp_errors: node.icmp_errors.value?,
        })
    }

    fn one_route(&mut self, node: &format::Node, route: &format::Route) -> Option<spec::Route> {
        let (to, via) = (*route.to.get()?, *route.via.get()?);
        let ipv4 = tables(&node.interface).filter_map(|it| it.ip.given());
        let ipv6 = tables(&node.interface).filter_map(|it| it.ip6.given());
        let own: Vec<(IpAddr, u8)> = (ipv4.map(|own| (own.ip.into(), own.len)))
            .chain(ipv6.map(|own| (own.ip.into(), own.len)))
            .collect();
        let is_read = |it: &format::Interface| it.ip.value.is_some() && it.ip6.value.is_some();
        let read = tables(&node.interface).filter(|it| is_read(it)).count();
        let all_read = read == node.interface.get().map_or(0, Vec::len);
        if to.ip.is_ipv4() != via.is_ipv4() {
            let message = format!("{via} is of another family than {}/{}", to.ip, to.len);
            self.note(&route.via.span, message, "no router of this network");
        } else if all_read && own.iter().any(|(own, _)| *own == via) {
            let message = format!("{via} is this router itself");
            self.note(&route.via.span, message, "the next router belongs here");
        } else if all_read && !own.iter().any(|(own, len)| in_one_network(*own, via, *len)) {
            let message = format!("{via} is in the network of no interface of this router");
            self.note(&route.via.span, message, "cannot be reached from here");
        }
        Some(spec::Route {
            network: to.ip,
            prefix_len: to.len,
            via,
        })
    }

    /// Notes the keys that are a router's alone.
    pub(super) fn is_no_router(&mut self, node: &format::Node) {
        let given = [
            (
                tables(&node.interface).next().is_some(),
                &node.interface.span,
            ),
            (tables(&node.route).next().is_some(), &node.route.span),
            (
                node.icmp_errors.value == Some(false),
                &node.icmp_errors.span,
            ),
        ];
        for (_, span) in given.iter().filter(|(given, _)| *given) {
            let message = "this key is for a node with kind = \"router\"";
            self.note(span, message, "this node is none");
        }
    }

    /// Gives the routers their interfaces, now that the links are known.
    pub(super) fn routers(&mut self, mut nodes: Vec<spec::Node>) -> Vec<spec::Node> {
        // Where a node was left out, a mistake was noted and the numbers do not fit any more.
        if nodes.len() == self.nodes.len() {
            for (index, node) in nodes.iter_mut().enumerate() {
                if let spec::NodeKind::Router(router) = &mut node.kind {
                    router.interfaces = self.interfaces(NodeId::from_index(index));
                }
            }
        }
        nodes
    }

    fn interfaces(&mut self, router: NodeId) -> Vec<spec::Interface> {
        let tables: Vec<_> = tables(&self.nodes[router.index()].interface).collect();
        let count = self.nodes[router.index()]
            .interface
            .get()
            .map_or(0, Vec::len);
        let mut taken = Vec::new();
        let mut interfaces = Vec::new();
        for (place, table) in tables.into_iter().enumerate() {
            let Some(interface) = self.one_interface(router, place, table) else {
                continue;
            };
            if taken.contains(&interface.link) {
                let message = "this link has an interface already";
                self.note(&table.to.span, message, "the same neighbour again");
            }
            taken.push(interface.link);
            interfaces.push(interface);
        }
        // Where an interface is wrong, it may be the one that was meant.
        if count > 0 && interfaces.len() == count {
            self.every_link_has_an_interface(router, &taken);
        }
        interfaces
    }

    fn one_interface(
        &mut self,
        router: NodeId,
        place: usize,
        table: &format::Interface,
    ) -> Option<spec::Interface> {
        let neighbour = self.node(&table.to)?;
        let joins = |ends: &[NodeId; 2]| ends.contains(&router) && ends.contains(&neighbour);
        let link = self.links.iter().position(joins);
        if link.is_none() && self.all_links_are_right() {
            let (a, b) = (self.name(router), self.name(neighbour));
            let message = format!("there is no link from {} to {}", quote(a), quote(b));
            self.note(&table.to.span, message, "not a neighbour");
        }
        let mac = (table.mac.given()).map_or_else(
            || spec::interface_mac_of(router.index(), place),
            |mac| mac.0,
        );
        let ipv4 = self.interface_ipv4(neighbour, table);
        let ipv6 = self.interface_ipv6(neighbour, table, mac);
        if ipv4.is_none() && ipv6.is_none() {
            if table.ip.value.is_some() && table.ip6.value.is_some() {
                let label = "needs `ip` or `ip6`";
                let message = "an interface needs an address";
                let mistake = Mistake::new(table.span.clone(), message, label);
                self.reader.mistakes.push(mistake);
            }
            return None;
        }
        Some(spec::Interface {
            link: LinkId::from_index(link?),
            mac,
            ipv4,
            ipv6,
            mtu: table.mtu.value?.narrow(),
        })
    }

    fn interface_ipv4(
        &mut self,
        neighbour: NodeId,
        table: &format::Interface,
    ) -> Option<ipv4::Interface> {
        let Prefixed { ip, len } = *table.ip.given()?;
        self.usable(ip, len, &table.ip.span);
        let other = self.nodes[neighbour.index()].ip.given();
        let other = other.map(|other| (other.ip.into(), other.len));
        self.is_network_of(neighbour, other, (ip.into(), len), &table.ip.span);
        Some(ipv4::Interface {
            ip,
            prefix_len: len,
            gateway: None,
        })
    }

    fn interface_ipv6(
        &mut self,
        neighbour: NodeId,
        table: &format::Interface,
        mac: [u8; 6],
    ) -> Option<ipv6::Interface> {
        let Prefixed6 { ip, len } = *table.ip6.given()?;
        self.usable_ipv6(ip, len, &table.ip6.span, &table.mtu);
        let other = self.nodes[neighbour.index()].ip6.given();
        let other = other.map(|other| (other.ip.into(), other.len));
        self.is_network_of(neighbour, other, (ip.into(), len), &table.ip6.span);
        Some(ipv6::Interface::new(mac, ip, len))
    }

    /// Notes a host at the other end of the link that lies in another network of the same family.
    fn is_network_of(
        &mut self,
        host: NodeId,
        other: Option<(IpAddr, u8)>,
        (ip, len): (IpAddr, u8),
        span: &Range<usize>,
    ) {
        if let Some((other, other_len)) = other
            && !in_one_network(ip, other, len)
        {
            let message = format!("{} has {other}/{other_len}", quote(self.name(host)));
            self.note(span, message, "not the network of its neighbour");
        }
    }

    fn every_link_has_an_interface(&mut self, router: NodeId, taken: &[LinkId]) {
        let bare = self.links.iter().enumerate().find(|(index, ends)| {
            ends.contains(&router) && !taken.contains(&LinkId::from_index(*index))
        });
        if let Some((_, ends)) = bare
            && self.all_links_are_right()
        {
            let other = if ends[0] == router { ends[1] } else { ends[0] };
            let (name, other) = (quote(self.name(router)), quote(self.name(other)));
            let message = format!("{name} has no interface on its link to {other}");
            let span = self.nodes[router.index()].name.span.clone();
            self.note(&span, message, "needs an `interface` with this `to`");
        }
    }

    /// Whether a node has this address.
    pub(super) fn has_address(&self, node: NodeId, ip: Ipv4Addr) -> bool {
        let node = self.nodes[node.index()];
        let mut interfaces = tables(&node.interface).filter_map(|it| it.ip.given());
        node.ip.given().is_some_and(|own| own.ip == ip) || interfaces.any(|own| own.ip == ip)
    }

    fn all_links_are_right(&self) -> bool {
        self.links.len() == self.file.link.get().map_or(0, Vec::len)
    }
}

/// Whether two addresses of the same family have these leading bits in common.
fn in_one_network(a: IpAddr, b: IpAddr, len: u8) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => super::same_network(a, b, len),
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let host_bits = 128 - u32::from(len.min(128));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            (a.to_bits() ^ b.to_bits()) & mask == 0
        }
        _ => false,
    }
}
