//! What a world is made of: plain data, that a scenario file is mapped to and that [`super::run`] runs.
//!
//! Nodes and links are named by their place in the lists.

mod app;
mod engineio;
mod message;
mod socketio;
mod socketio_client;
mod template;

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::time::Duration;

use crate::base::{FrameId, LinkId, NodeId, Time};
use crate::proto::filter::Filter;
use crate::stack::tcp::TcpConfig;
use crate::stack::{ipv4, ipv6};

pub use crate::stack::router::Route;

pub use app::{
    Action, App, AppKind, Balancer, ClientPolicy, Content, HttpClient, HttpServer, Page, Ping,
    Proxy, RawSegment, RawTcp, Reading, Reply, Request, ServerPolicy, TcpClient, TcpServer,
    UdpClient, UdpEcho, WebSocketClient, WebSocketServer,
};
pub use engineio::{EngineIo, EngineIoServer};
pub use message::{MessageDeed, MessageHandler, MessageTrigger, Written};
pub use socketio::{Condition, Deed, Handler, SocketIoServer, Trigger, Whom};
pub use socketio_client::{
    SocketIoAction, SocketIoClient, SocketIoDeed, SocketIoEmit, SocketIoHandler,
};
pub use template::{Piece, Slot, Source, Template, VALUES, pieces};

/// A whole world, before it runs.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Where all chance comes from.
    pub seed: u64,
    /// The nodes, by [`NodeId`].
    pub nodes: Vec<Node>,
    /// The links, by [`LinkId`].
    pub links: Vec<Link>,
    /// The programs that run on the hosts.
    pub apps: Vec<App>,
    /// What goes wrong on the links. The first one that matches a frame decides.
    pub faults: Vec<Fault>,
    /// Which hosts lose their power, and when.
    pub crashes: Vec<Crash>,
    /// When to stop.
    pub limits: Limits,
    /// Whether the truth is written down. Without it the frames are the same.
    pub recording: bool,
    /// Whether the bytes of frames are kept. Without it [`Transmission::bytes`](super::outcome::Transmission::bytes) are
    /// empty from when the frame has arrived or is lost: a long run needs little memory.
    pub keeping_frames: bool,
    /// Whether the programs keep books: every byte that they wrote to and read from TCP.
    pub books: bool,
}

impl Spec {
    /// An empty world with this seed, with recording on and frames kept.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            nodes: Vec::new(),
            links: Vec::new(),
            apps: Vec::new(),
            faults: Vec::new(),
            crashes: Vec::new(),
            limits: Limits::default(),
            recording: true,
            keeping_frames: true,
            books: false,
        }
    }

    /// Makes a place for a real host out of a host: the programs on it are left out. How many those were, or `None` if
    /// the node is no host.
    pub fn make_real(&mut self, node: NodeId) -> Option<usize> {
        let kind = &mut self.nodes.get_mut(node.index())?.kind;
        let (NodeKind::Host(host) | NodeKind::Real(host)) = kind else {
            return None;
        };
        *kind = NodeKind::Real(host.clone());
        let before = self.apps.len();
        self.apps.retain(|app| app.on != node);
        self.crashes.retain(|crash| crash.on != node);
        Some(before - self.apps.len())
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name that people see.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A host with a whole stack and one interface.
    Host(Host),
    /// A learning switch, with as many ports as it has links.
    Switch,
    /// A router, with an interface on each of its links.
    Router(Router),
    /// A place for a real host with one interface: what it sends comes from outside the world, and what reaches it
    /// leaves the world. It is expected to have this interface; only the address is taken from it, for the names.
    Real(Host),
}

/// A host's interface and the switches of its stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// The MAC address.
    pub mac: [u8; 6],
    /// The IPv4 address and its network, if it has one.
    pub ipv4: Option<ipv4::Interface>,
    /// The IPv6 addresses and their network, if it has any.
    pub ipv6: Option<ipv6::Interface>,
    /// The largest IP packet of the interface, in bytes.
    pub mtu: u16,
    /// How its TCP behaves.
    pub tcp: TcpConfig,
}

impl Host {
    /// A host with this address, an MTU of 1500 and a MAC address made from its `index` among the nodes.
    pub fn new(index: usize, ip: Ipv4Addr, prefix_len: u8) -> Self {
        Self {
            mac: mac_of(index),
            ipv4: Some(ipv4::Interface {
                ip,
                prefix_len,
                gateway: None,
            }),
            ipv6: None,
            mtu: 1500,
            tcp: TcpConfig::default(),
        }
    }

    /// The IP addresses: that of IPv4 first, the link-local one last.
    pub fn addrs(&self) -> Vec<IpAddr> {
        let ipv4 = self.ipv4.iter().map(|interface| IpAddr::V4(interface.ip));
        let ipv6 = self.ipv6.iter().flat_map(ipv6::Interface::addresses);
        ipv4.chain(ipv6.map(IpAddr::V6)).collect()
    }
}

/// A router's interfaces, and the ways that it knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    /// The interfaces.
    pub interfaces: Vec<Interface>,
    /// The ways to networks that no interface lies in.
    pub routes: Vec<Route>,
    /// Whether it tells senders by ICMP what became of their packets.
    pub icmp_errors: bool,
}

impl Router {
    /// The addresses of its interfaces.
    pub fn addrs(&self) -> Vec<IpAddr> {
        let interfaces = || self.interfaces.iter();
        let ipv4 = interfaces().filter_map(|it| Some(IpAddr::V4(it.ipv4?.ip)));
        let ipv6 = interfaces().filter_map(|it| it.ipv6);
        let ipv6 = ipv6.flat_map(|own| own.addresses()).map(IpAddr::V6);
        ipv4.chain(ipv6).collect()
    }
}

/// An interface of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// The link that it is on: one of the router's.
    pub link: LinkId,
    /// The MAC address.
    pub mac: [u8; 6],
    /// The IPv4 address and its network, without a gateway, if it has one.
    pub ipv4: Option<ipv4::Interface>,
    /// The IPv6 addresses and their network, without a gateway, if it has any.
    pub ipv6: Option<ipv6::Interface>,
    /// The largest IP packet of the interface, in bytes.
    pub mtu: u16,
}

/// The MAC address that an interface of a router gets which is given none: that of its node, with its own number (from
/// 1) in the second byte.
pub fn interface_mac_of(node: usize, interface: usize) -> [u8; 6] {
    let mut mac = mac_of(node);
    mac[1] = interface as u8 + 1;
    mac
}

/// The MAC address that a node gets which is given none: locally administered, and its number (from 1) at the end.
pub fn mac_of(index: usize) -> [u8; 6] {
    let [.., a, b, c, d] = (index as u64 + 1).to_be_bytes();
    [0x02, 0, a, b, c, d]
}

/// A full-duplex link between two nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its two ends.
    pub ends: [NodeId; 2],
    /// How long a bit takes from one end to the other.
    pub delay: Duration,
    /// Bits a second, in each direction; at least 1.
    pub rate: u64,
    /// How many frames may wait in each direction while another one is being sent. One more is lost.
    pub queue: usize,
    /// From how many waiting frames on one more is marked with Congestion Experienced, if its sender takes part in ECN
    /// (RFC 3168 §5); `None`: never.
    pub mark: Option<usize>,
}

impl Link {
    /// A link of 100 Mbit/s without delay, with room for 1000 waiting frames.
    pub fn new(a: NodeId, b: NodeId) -> Self {
        Self {
            ends: [a, b],
            delay: Duration::ZERO,
            rate: 100_000_000,
            queue: 1000,
            mark: None,
        }
    }
}

/// A host loses its power, and with it its programs and all that it knows. Frames that reach it while it is down are
/// lost; what its interface has queued already is still sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// The host.
    pub on: NodeId,
    /// When.
    pub at: Duration,
    /// After how long it is up again, and its servers are started anew; `None`: never.
    pub up_after: Option<Duration>,
}

/// Something that goes wrong on a link.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which frames it looks at.
    pub when: Match,
    /// Only frames that enter the link in this time.
    pub during: Range<Time>,
    /// The first of those frames that it strikes, counted from 1 (`nth`, `from`).
    pub from: u32,
    /// How many it strikes; `None`: all that follow.
    pub count: Option<u32>,
    /// Strikes each first of so many: 1 is each one, 3 every third. At least 1.
    pub every: u32,
    /// Strikes each of those only with this chance, from 0 to 1, that the seed decides. `count` then counts those that
    /// it struck.
    pub chance: Option<f64>,
    /// Only on this link. With a link given, each frame on it is looked at; without, a frame is looked at on its
    /// first link alone and not again behind a switch or a router.
    pub link: Option<LinkId>,
    /// Only frames that this node puts on the link.
    pub node: Option<NodeId>,
    /// What happens to the frame.
    pub effect: Effect,
}

impl Fault {
    /// A fault that strikes the first frame that matches, and no other.
    pub fn once(when: Match, effect: Effect) -> Self {
        Self {
            when,
            during: Time::ZERO..Time::MAX,
            from: 1,
            count: Some(1),
            every: 1,
            chance: None,
            link: None,
            node: None,
            effect,
        }
    }
}

/// Which frames a fault looks at.
#[derive(Debug, Clone)]
pub enum Match {
    /// Every frame.
    Any,
    /// Frames that a display filter selects, looked at one by one: it may name no stateful field.
    Filter(Box<Filter>),
    /// One transmission of the run: "what if this frame…". The run is the same up to it.
    Frame(FrameId),
}

/// What a fault does to a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Loses it.
    Drop,
    /// Has it arrive later by so much; frames behind it may overtake it.
    Delay(Duration),
    /// Sends it a second time, right behind the first.
    Duplicate,
    /// Flips one bit.
    Corrupt {
        /// The byte of the frame, counted from 0; else one chosen by the seed, behind the Ethernet header.
        byte: Option<usize>,
        /// The bit of that byte, 0 the least significant; else one chosen by the seed.
        bit: Option<u8>,
        /// Where the bit is flipped.
        place: CorruptPlace,
    },
}

/// Where a bit is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CorruptPlace {
    /// On the wire: the FCS sent no longer fits, and the receiver's interface throws the frame away.
    #[default]
    Wire,
    /// In the memory of the sending device, before the FCS is made: the FCS fits, and only a checksum of a higher
    /// layer can tell.
    Memory,
}

/// When a run is stopped at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Simulated time.
    pub duration: Duration,
    /// Transmissions.
    pub frames: usize,
    /// Events of the queue.
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(600),
            frames: 100_000,
            events: 1_000_000,
        }
    }
}
