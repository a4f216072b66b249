//! Routers: their interfaces are joined to links, and their routes to interfaces.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::{Builder, same_network, tables};
use crate::base::{LinkId, NodeId};
use crate::scenario::format;
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::values::Prefixed;
use crate::sim::spec;
use crate::stack::ipv4;

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
        let own: Vec<Prefixed> = tables(&node.interface)
            .filter_map(|interface| interface.ip.get().copied())
            .collect();
        let all_read = own.len() == node.interface.get().map_or(0, Vec::len);
        if all_read && own.iter().any(|own| own.ip == via) {
            let message = format!("{via} is this router itself");
            self.note(&route.via.span, message, "the next router belongs here");
        } else if all_read && !own.iter().any(|own| same_network(own.ip, via, own.len)) {
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
        let Prefixed { ip, len } = *table.ip.get()?;
        self.usable(ip, len, &table.ip.span);
        self.in_one_network(neighbour, ip, len, &table.ip.span);
        Some(spec::Interface {
            link: LinkId::from_index(link?),
            mac: (table.mac.given()).map_or_else(
                || spec::interface_mac_of(router.index(), place),
                |mac| mac.0,
            ),
            ipv4: Some(ipv4::Interface {
                ip,
                prefix_len: len,
                gateway: None,
            }),
            mtu: table.mtu.value?.narrow(),
        })
    }

    /// Notes a host at the other end of the link that lies in another network.
    fn in_one_network(&mut self, host: NodeId, ip: Ipv4Addr, len: u8, span: &Range<usize>) {
        if let Some(other) = self.nodes[host.index()].ip.given().copied()
            && !same_network(ip, other.ip, len)
        {
            let message = format!("{} has {}/{}", quote(self.name(host)), other.ip, other.len);
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
        let mut interfaces = tables(&node.interface).filter_map(|it| it.ip.get());
        node.ip.given().is_some_and(|own| own.ip == ip) || interfaces.any(|own| own.ip == ip)
    }

    fn all_links_are_right(&self) -> bool {
        self.links.len() == self.file.link.get().map_or(0, Vec::len)
    }
}
