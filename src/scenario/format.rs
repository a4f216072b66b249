//! The scenario file: every table and key that there is.

mod app;
mod crash;
pub(super) mod engineio;
mod expect;
mod fault;
mod lesson;
mod script;
pub(super) mod socketio;
pub(super) mod socketio_client;
mod tcp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::declare::{table, words};
use super::read::At;
use super::values::{Mac, Name, Number, Prefixed, Prefixed6, PrefixedAny, Rate};

pub(super) use app::{
    App, AppKind, Balancer, Deflate, Flag, HttpClient, HttpServer, MistakenAnswer, MistakenRequest,
    Proxy, RawSegment, RawTcp, WebSocketClient, WebSocketServer,
};
pub(super) use crash::Crash;
pub(super) use expect::{BetweenExpect, Breaks, Expect, ExpectKind, Expert, State, VariableExpect};
pub(super) use fault::{CorruptPlace, Fault, FaultEffect};
pub(super) use lesson::{Ask, Note, WrongAnswer};
pub(super) use script::{Action, ActionKind, AwaitWhat, EndHow, Send};
pub(super) use tcp::{Congestion, TcpKeys};

pub use expect::{RecordKind, Variable, Which};
pub use lesson::Idea;

/// A list of tables.
pub(super) type List<T> = Vec<At<T>>;

table! {
    /// The whole file: what it is called, what it teaches, and the world that is run.
    File {
        /// What the walk is called.
        title: String,
        /// One line for the catalogue.
        summary: String,
        /// Its place in the catalogue; smaller numbers come first.
        order: Number<0, 1000> = 1000,
        /// Where all chance comes from (initial sequence numbers, keys, masks): the same seed gives the same bytes.
        seed: Number<0, 9_223_372_036_854_775_807> = 42,
        /// What the learner reads before the walk. An empty line starts a new paragraph.
        lesson: String = "",
        /// When the run is ended at the latest, in simulated time.
        limit: Duration = "10 min",
        /// The hosts, switches and routers.
        node: List<Node>,
        /// The cables between them.
        link: List<Link>,
        /// The programs on the hosts.
        app: List<App>,
        /// What goes wrong on the links. The first one that fits a frame decides.
        fault: List<Fault>,
        /// Which hosts lose their power, and when.
        crash: List<Crash>,
        /// Explanations at certain frames.
        note: List<Note>,
        /// Questions to the learner before certain frames.
        ask: List<Ask>,
        /// What must be true of the run.
        expect: List<Expect>,
        /// Expert findings that the scenario means to show.
        expert: List<Expert>,
        /// What must hold in every run, and does not in this one, on purpose.
        breaks: List<Breaks>,
    }
}

table! {
    /// A host, a switch or a router.
    Node {
        /// What it is called. Other tables name it so.
        name: Name,
        /// What it is.
        kind: NodeKind = "host",
        /// A host's address and the prefix length of its network.
        ip: Option<Prefixed>,
        /// A host's IPv6 address and the prefix length of its network, beside `ip` or in place of it. It has the
        /// link-local address of its MAC address, too.
        ip6: Option<Prefixed6>,
        /// A host's MAC address; else one is made from its place in the file.
        mac: Option<Mac>,
        /// Where a host sends packets for other networks.
        gateway: Option<Ipv4Addr>,
        /// Where a host sends IPv6 packets for other networks.
        gateway6: Option<Ipv6Addr>,
        /// The largest IP packet of a host's interface, in bytes; with `ip6` at least 1280.
        mtu: Number<68, 9000> = 1500,
        /// A router's interfaces: one for each of its links.
        interface: List<Interface>,
        /// The ways that a router knows to networks that none of its interfaces lies in.
        route: List<Route>,
        /// Whether a router tells senders by ICMP what became of their packets: time exceeded, unreachable,
        /// fragmentation needed, packet too big.
        icmp_errors: bool = true,
        ..tcp: TcpKeys
    }
}

words! {
    /// What a node is.
    NodeKind {
        /// A host with a whole stack and one interface.
        Host = "host",
        /// A learning switch: it looks at MAC addresses alone.
        Switch = "switch",
        /// A router: it sends packets on between networks, by their IP addresses.
        Router = "router",
    }
}

table! {
    /// An interface of a router.
    Interface {
        /// The node at the other end of its link.
        to: String,
        /// Its address and the prefix length of its network.
        ip: Option<Prefixed>,
        /// Its IPv6 address and the prefix length of its network, beside `ip` or in place of it.
        ip6: Option<Prefixed6>,
        /// Its MAC address; else one is made from the place of the node, and its own, in the file.
        mac: Option<Mac>,
        /// The largest IP packet that it sends, in bytes; with `ip6` at least 1280.
        mtu: Number<68, 9000> = 1500,
    }
}

table! {
    /// A way to a network.
    Route {
        /// The network, such as `"10.0.3.0/24"`; `"0.0.0.0/0"`, over IPv6 `"::/0"`, is every one that no other route
        /// leads to.
        to: PrefixedAny,
        /// The address of the next router, of the same family.
        via: IpAddr,
    }
}

table! {
    /// A full-duplex cable between two nodes.
    Link {
        /// The two nodes.
        ends: [At<String>; 2],
        /// How long a bit takes from one end to the other.
        delay: Duration = "0 ms",
        /// How many bits are sent in a second.
        rate: Rate = "100 Mbit/s",
        /// How many frames may wait in each direction; one more is lost.
        queue: Number<0, 1_000_000> = 1000,
        /// From how many waiting frames on one more is marked with Congestion Experienced, if its sender takes part in
        /// ECN (RFC 3168); else never.
        mark: Option<Number<0, 1_000_000>>,
    }
}
