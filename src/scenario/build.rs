//! From the tables of a file to a scenario: names become numbers, and what cannot work together is noted.
//!
//! Like the reading, it goes on after a mistake: a part that cannot be built is left out, and the scenario is only
//! given out where no mistake was noted.

mod app;
mod crash;
mod engineio;
mod expect;
mod fault;
mod ipv6;
mod lesson;
mod message;
mod raw;
mod router;
mod script;
mod socketio;
mod socketio_client;
mod tcp;
mod websocket;

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::base::NodeId;
use crate::sim::spec;
use crate::stack::ipv4;

use super::Parts;
use super::format::{self, File, List};
use super::mistake::{Mistake, advice, quote};
use super::read::{At, Reader};
use super::values::{Number, Prefixed};

/// The scenario that the tables describe, with the mistakes noted in `reader`; `None` where there is one.
pub(super) fn build(file: &File, reader: &mut Reader<'_>) -> Option<Parts> {
    let mut builder = Builder::new(file, reader);
    let nodes = builder.nodes();
    let links = builder.links();
    builder.every_node_has_a_link();
    let nodes = builder.routers(nodes);
    let apps = builder.apps();
    let faults = builder.faults();
    let crashes = builder.crashes(&apps);
    let notes = builder.notes();
    let asks = builder.asks();
    let expects = builder.expects();
    let experts = builder.experts();
    let breaks = builder.breaks();
    let parts = Parts {
        title: file.title.value.clone()?,
        summary: file.summary.value.clone()?,
        order: file.order.value?.narrow(),
        lesson: file.lesson.value.clone()?,
        notes,
        asks,
        expects,
        experts,
        breaks,
        spec: spec::Spec {
            nodes,
            links,
            apps,
            faults,
            crashes,
            limits: spec::Limits {
                duration: file.limit.value?,
                ..spec::Limits::default()
            },
            ..spec::Spec::new(file.seed.value?.0)
        },
    };
    builder.reader.mistakes.is_empty().then_some(parts)
}

/// What the parts are built with.
struct Builder<'b, 'a> {
    file: &'b File,
    reader: &'b mut Reader<'a>,
    /// Each node's table, by [`NodeId`].
    nodes: Vec<&'b format::Node>,
    /// The two ends of each link that is right.
    links: Vec<[NodeId; 2]>,
}

impl<'b, 'a> Builder<'b, 'a> {
    fn new(file: &'b File, reader: &'b mut Reader<'a>) -> Self {
        Self {
            file,
            reader,
            nodes: tables(&file.node).collect(),
            links: Vec::new(),
        }
    }

    fn note(&mut self, span: &Range<usize>, message: impl Into<String>, label: &str) {
        self.reader.note(Mistake::new(span.clone(), message, label));
    }

    fn name(&self, node: NodeId) -> &'b str {
        let name = self.nodes[node.index()].name.get();
        name.map_or("?", |name| name.0.as_str())
    }

    fn is_a(&self, node: NodeId, kind: format::NodeKind) -> bool {
        self.nodes[node.index()].kind.value == Some(kind)
    }

    fn is_switch(&self, node: NodeId) -> bool {
        self.is_a(node, format::NodeKind::Switch)
    }

    fn is_router(&self, node: NodeId) -> bool {
        self.is_a(node, format::NodeKind::Router)
    }

    /// The address of a host, or of a router's first interface.
    fn prefixed(&self, node: NodeId) -> Option<Prefixed> {
        let node = self.nodes[node.index()];
        let interface = || tables(&node.interface).find_map(|it| it.ip.given());
        node.ip.given().or_else(interface).copied()
    }

    /// The node of this name, if there is one.
    fn find(&self, name: &str) -> Option<NodeId> {
        let named = |node: &&format::Node| node.name.get().is_some_and(|n| n.0 == name);
        self.nodes.iter().position(named).map(NodeId::from_index)
    }

    /// The node that a key names; a mistake where there is none.
    fn node(&mut self, at: &At<String>) -> Option<NodeId> {
        let name = at.get()?;
        let found = self.find(name);
        if found.is_none() {
            self.unknown_node(name, &at.span);
        }
        found
    }

    /// The node that a key names, if the key is there.
    fn node_if_given(&mut self, at: &At<Option<String>>) -> Option<NodeId> {
        let value = at.given()?.clone();
        let span = at.span.clone();
        self.node(&At {
            span,
            value: Some(value),
        })
    }

    /// The host that a key names; a mistake where there is none, or a switch or a router.
    fn host(&mut self, at: &At<String>, what: &str) -> Option<NodeId> {
        let node = self.node(at)?;
        if self.is_switch(node) || self.is_router(node) {
            let kind = if self.is_switch(node) {
                "switch"
            } else {
                "router"
            };
            let message = format!("{} is a {kind}, {what}", quote(self.name(node)));
            self.note(&at.span, message, "a host belongs here");
            return None;
        }
        Some(node)
    }

    fn unknown_node(&mut self, name: &str, span: &Range<usize>) {
        let names: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|n| n.name.get())
            .map(|n| &*n.0)
            .collect();
        // Where a node's own name is wrong, this may be the one that was meant.
        if names.len() < self.nodes.len() {
            return;
        }
        let message = format!("there is no node {}", quote(name));
        let mistake = Mistake::new(span.clone(), message, "no node of this name");
        self.reader.note(mistake.help(advice(name, &names)));
    }

    fn nodes(&mut self) -> Vec<spec::Node> {
        if self.nodes.is_empty() && self.file.node.value.is_some() {
            let message = "a scenario needs nodes";
            let mistake = Mistake::new(0..0, message, "there is no [[node]] in this file");
            self.reader.mistakes.push(mistake);
        }
        let nodes = self.nodes.clone();
        let interfaces = || nodes.iter().flat_map(|node| tables(&node.interface));
        let names = nodes
            .iter()
            .filter_map(|n| Some((&n.name.span, n.name.get()?.0.clone())));
        self.unique("the name", names);
        let of_hosts = nodes
            .iter()
            .filter_map(|n| Some((&n.ip.span, n.ip.given()?.ip)));
        let of_routers = interfaces().filter_map(|it| Some((&it.ip.span, it.ip.given()?.ip)));
        self.unique("the address", of_hosts.chain(of_routers));
        let of_hosts = nodes
            .iter()
            .filter_map(|n| Some((&n.ip6.span, n.ip6.given()?.ip)));
        let of_routers = interfaces().filter_map(|it| Some((&it.ip6.span, it.ip6.given()?.ip)));
        self.unique("the address", of_hosts.chain(of_routers));
        let of_hosts = nodes
            .iter()
            .filter_map(|n| Some((&n.mac.span, n.mac.given()?.0)));
        let of_routers = interfaces().filter_map(|it| Some((&it.mac.span, it.mac.given()?.0)));
        self.unique("the MAC address", of_hosts.chain(of_routers));
        let built = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| self.one_node(i, node));
        built.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Notes each value that an earlier table already has.
    fn unique<T: PartialEq + Clone>(
        &mut self,
        what: &str,
        values: impl Iterator<Item = (&'b Range<usize>, T)>,
    ) {
        let mut seen: Vec<(&Range<usize>, T)> = Vec::new();
        for (span, value) in values {
            if let Some((first, _)) = seen.iter().find(|(_, other)| *other == value) {
                let message = format!("{what} is used twice");
                let mistake = Mistake::new(span.clone(), message, "used again here");
                self.reader
                    .note(mistake.also((*first).clone(), "first used here"));
            } else {
                seen.push((span, value));
            }
        }
    }

    fn one_node(&mut self, index: usize, node: &format::Node) -> Option<spec::Node> {
        let kind = match node.kind.value? {
            format::NodeKind::Switch => {
                self.has_no_address(node, "a switch has no address of its own");
                self.is_no_router(node);
                spec::NodeKind::Switch
            }
            format::NodeKind::Host => {
                self.is_no_router(node);
                spec::NodeKind::Host(self.one_host(index, node)?)
            }
            // Its interfaces follow once the links are known.
            format::NodeKind::Router => {
                let message = "a router has its addresses at its interfaces";
                self.has_no_address(node, message);
                spec::NodeKind::Router(self.one_router(node)?)
            }
        };
        let name = node.name.get()?.0.clone();
        Some(spec::Node { name, kind })
    }

    fn has_no_address(&mut self, node: &format::Node, message: &str) {
        let given = [
            (node.ip.given().is_some(), &node.ip.span),
            (node.mac.given().is_some(), &node.mac.span),
            (node.gateway.given().is_some(), &node.gateway.span),
            (node.ip6.given().is_some(), &node.ip6.span),
            (node.gateway6.given().is_some(), &node.gateway6.span),
        ];
        for (_, span) in given.iter().filter(|(given, _)| *given) {
            self.note(span, message, "only a host has one");
        }
    }

    fn one_host(&mut self, index: usize, node: &format::Node) -> Option<spec::Host> {
        let ipv4 = self.ipv4(node);
        let ipv6 = self.checked_ipv6(NodeId::from_index(index), node);
        if ipv4.is_none() && ipv6.is_none() {
            if node.ip.value.is_some() && node.ip6.value.is_some() {
                let label = "needs `ip` or `ip6`";
                let mistake = Mistake::new(node.span.clone(), "a host needs an address", label);
                self.reader.mistakes.push(mistake);
            }
            return None;
        }
        Some(spec::Host {
            mac: node
                .mac
                .given()
                .map_or_else(|| spec::mac_of(index), |mac| mac.0),
            ipv4,
            ipv6,
            mtu: node.mtu.value?.narrow(),
            tcp: self.tcp(&node.tcp)?,
        })
    }

    /// The IPv4 address of a host, if it has one.
    fn ipv4(&mut self, node: &format::Node) -> Option<ipv4::Interface> {
        let Some(&Prefixed { ip, len }) = node.ip.given() else {
            if node.gateway.given().is_some() && node.ip.value.is_some() {
                let message = "a `gateway` is of use to a host with an `ip` alone";
                self.note(&node.gateway.span, message, "no address to reach it from");
            }
            return None;
        };
        self.usable(ip, len, &node.ip.span);
        let gateway = node.gateway.given().copied();
        if let Some(gateway) = gateway.filter(|&gateway| !same_network(ip, gateway, len)) {
            let message = format!("the gateway {gateway} is not in the network of {ip}/{len}");
            self.note(
                &node.gateway.span,
                message,
                "cannot be reached from this host",
            );
        }
        Some(ipv4::Interface {
            ip,
            prefix_len: len,
            gateway,
        })
    }

    /// Notes an address that no host can have.
    fn usable(&mut self, ip: Ipv4Addr, len: u8, span: &Range<usize>) {
        let host_bits = !mask(len);
        let number = ip.to_bits() & host_bits;
        let why =
            if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || ip.is_broadcast() {
                "is no address of a host on a network"
            } else if len < 31 && number == 0 {
                "is the name of its network, not of a host in it"
            } else if len < 31 && number == host_bits {
                "is the broadcast address of its network"
            } else {
                return;
            };
        self.note(span, format!("{ip}/{len} {why}"), "not usable here");
    }

    fn links(&mut self) -> Vec<spec::Link> {
        let file = self.file;
        tables(&file.link)
            .filter_map(|link| self.one_link(link))
            .collect()
    }

    fn one_link(&mut self, link: &format::Link) -> Option<spec::Link> {
        let [a, b] = link.ends.get()?;
        let ends = (self.node(a), self.node(b));
        let (a_id, b_id) = (ends.0?, ends.1?);
        if a_id == b_id {
            self.note(
                &b.span,
                "a link has two different ends",
                "the same node again",
            );
            return None;
        }
        for (id, at) in [(a_id, a), (b_id, b)] {
            let linked = self.links.iter().any(|ends| ends.contains(&id));
            if linked && !self.is_switch(id) && !self.is_router(id) {
                let message = format!("{} already has a link", quote(self.name(id)));
                let mistake = Mistake::new(at.span.clone(), message, "a host has one interface");
                let help = "put a node with kind = \"switch\" between them".to_owned();
                self.reader.note(mistake.help(help));
            }
        }
        if self.bridged(a_id, b_id) {
            let message = "this link closes a loop: broadcasts would go round in it for ever";
            self.note(&link.ends.span, message, "these two are already connected");
            return None;
        }
        self.links.push([a_id, b_id]);
        Some(spec::Link {
            delay: link.delay.value?,
            rate: link.rate.value?.0,
            queue: link.queue.value?.narrow(),
            mark: link.mark.value?.map(Number::narrow),
            ..spec::Link::new(a_id, b_id)
        })
    }

    /// Whether there is a way over links from one node to the other.
    fn connected(&self, a: NodeId, b: NodeId) -> bool {
        self.joined(a, b, |_| true)
    }

    /// Whether a broadcast of one node comes to the other: there is a way over links without a router between.
    fn bridged(&self, a: NodeId, b: NodeId) -> bool {
        self.joined(a, b, |node| !self.is_router(node))
    }

    /// Whether there is a way from one node to the other over links and over nodes that are let pass.
    fn joined(&self, a: NodeId, b: NodeId, passes: impl Fn(NodeId) -> bool) -> bool {
        let mut reached = vec![a];
        let mut next = 0;
        while let Some(&node) = reached.get(next) {
            next += 1;
            if node != a && !passes(node) {
                continue;
            }
            for &[x, y] in &self.links {
                let other = if x == node { y } else { x };
                if (x == node || y == node) && !reached.contains(&other) {
                    reached.push(other);
                }
            }
        }
        reached.contains(&b)
    }

    fn every_node_has_a_link(&mut self) {
        let all_links = self.links.len() == self.file.link.get().map_or(0, Vec::len);
        if self.nodes.len() == 1 {
            // a server by itself, for `serve`
            return;
        }
        for (index, node) in self.nodes.clone().into_iter().enumerate() {
            let id = NodeId::from_index(index);
            let linked = self.links.iter().any(|ends| ends.contains(&id));
            // Where a link is wrong, it may be the one that was meant for this node.
            if all_links && !linked && node.name.get().is_some() {
                let message = format!("{} has no link", quote(self.name(id)));
                self.note(&node.name.span, message, "not the end of any [[link]]");
            }
        }
    }
}

/// The tables of a list that could be read.
fn tables<T>(list: &At<List<T>>) -> impl Iterator<Item = &T> {
    list.value.iter().flatten().filter_map(At::get)
}

/// The bits of an address that are the network's.
fn mask(len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0)
}

fn same_network(a: Ipv4Addr, b: Ipv4Addr, len: u8) -> bool {
    (a.to_bits() ^ b.to_bits()) & mask(len) == 0
}
