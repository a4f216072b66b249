//! One host with one Ethernet interface: frames in, frames out, next timer.

mod discovery;
pub(in crate::stack) mod icmp;
pub(in crate::stack) mod icmpv6;
mod ipv6;
pub(in crate::stack) mod link;
mod network;
mod packet;
mod transit;
mod transport;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::arp::ArpCache;
use super::cx::Cx;
use super::ipv4::{self, Interface};
use super::ipv6::{self as v6, NeighborCache};
use super::reassembly::Reassembly;
use super::record::{ConnId, TcpVars};
use super::tcp::{ConnectError, Endpoint, Event, ListenError, SecretKey, TcpConfig, Unreachable};
use super::udp::{BindError, Datagram, Ports};
use crate::base::{FrameId, RecordId, Rng, Time};
use crate::proto::ethernet::MacAddr;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::ipv6::{FragmentHeader, Ipv6Header, MIN_MTU};
use crate::proto::tcp::TcpHeader;
use packet::Packet;
pub(in crate::stack) use transit::{Transit, TransitKind, version};

/// For how many addresses the width of their path is kept.
const MOST_PATHS: usize = 256;

/// What a host is made from.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Its name.
    pub name: String,
    /// Its MAC address.
    pub mac: MacAddr,
    /// Its IPv4 address, if it has one.
    pub ipv4: Option<Interface>,
    /// Its IPv6 addresses, if it has any.
    pub ipv6: Option<v6::Interface>,
    /// The largest IP packet of the interface, in bytes; at least 68 (RFC 791 §3.2), with IPv6 1280 (RFC 8200 §5).
    pub mtu: u16,
    /// The time to live, over IPv6 the hop limit, of what it sends (RFC 1122 §3.2.1.7).
    pub ttl: u8,
    /// What its initial sequence numbers are made with.
    pub secret: SecretKey,
    /// How its TCP behaves.
    pub tcp: TcpConfig,
}

impl HostConfig {
    /// A host of a /24 network with an MTU of 1500, its secret key drawn from `rng`.
    pub fn new(name: &str, mac: MacAddr, ip: Ipv4Addr, rng: &mut Rng) -> Self {
        let interface = Interface {
            ip,
            prefix_len: 24,
            gateway: None,
        };
        Self {
            ipv4: Some(interface),
            ..Self::without_address(name, mac, rng)
        }
    }

    /// A host with an MTU of 1500 that still has no IP address, its secret key drawn from `rng`.
    pub fn without_address(name: &str, mac: MacAddr, rng: &mut Rng) -> Self {
        let mut key = [0; 16];
        rng.fill(&mut key);
        Self {
            name: name.to_owned(),
            mac,
            ipv4: None,
            ipv6: None,
            mtu: 1500,
            ttl: 64,
            secret: SecretKey(key),
            tcp: TcpConfig::default(),
        }
    }
}

/// One host with one Ethernet interface, many connections and listeners.
///
/// Four kinds of method and no other: getters; `handle_…` for what arrives; plain verbs for what the application asks;
/// `poll_…` for what comes out. After each `handle_…` and each verb, call [`Host::poll_transmit`] and
/// [`Host::poll_event`] until they return nothing, and then [`Host::poll_timeout`]; call [`Host::handle_timeout`] when
/// that time has come, even if something else arrives at the same time. Time never goes back from call to call.
///
/// ```
/// use layerwalk::base::{NodeId, Rng, Time};
/// use layerwalk::stack::cx::Cx;
/// use layerwalk::stack::host::{Host, HostConfig};
/// use layerwalk::stack::record::{Log, TcpState};
///
/// let mut rng = Rng::new(42, "secret");
/// let mut host = |i: u8| {
///     Host::new(HostConfig::new("host", [2, 0, 0, 0, 0, i], [10, 0, 0, i].into(), &mut rng))
/// };
/// let mut hosts = [host(1), host(2)];
/// let mut log = Log::new();
/// let mut cx = Cx { now: Time::ZERO, node: NodeId(0), cause: None, log: &mut log };
///
/// hosts[1].listen(&mut cx, 80)?;
/// let conn = hosts[0].connect(&mut cx, None, "10.0.0.2:80".parse()?)?;
/// // A wire without delay: ARP and the handshake go back and forth until both are silent.
/// let mut frames = 0;
/// while let Some((from, frame)) = (0..2).find_map(|i| Some((i, hosts[i].poll_transmit()?))) {
///     hosts[1 - from].handle_frame(&mut cx, &frame.bytes);
///     frames += 1;
/// }
/// assert_eq!(frames, 5);
/// assert_eq!(hosts[0].tcp_vars(conn).state, TcpState::Established);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Host {
    name: String,
    mac: MacAddr,
    ipv4: Option<Interface>,
    ipv6: Option<v6::Interface>,
    mtu: u16,
    ttl: u8,
    secret: SecretKey,
    /// The identification of the next packet.
    identification: u16,
    /// The identification of the next packet that is cut, over IPv6.
    ipv6_identification: u32,
    arp: ArpCache,
    neighbors: NeighborCache,
    /// How large packets to these addresses may be, where that is less than the link takes (RFC 8201).
    path_mtu: BTreeMap<Ipv6Addr, u16>,
    reassembly: Reassembly<ipv4::FragmentKey, Ipv4Header>,
    ipv6_reassembly: Reassembly<v6::FragmentKey, (Ipv6Header, FragmentHeader)>,
    tcp: Endpoint,
    udp: Ports,
    /// Packets from this host to itself.
    loopback: VecDeque<Packet>,
    /// What is for the router, where this host is an interface of one.
    transit: Option<VecDeque<Transit>>,
    out: VecDeque<Transmit>,
    events: VecDeque<HostEvent>,
    /// Where the next frame is put together.
    workbench: Vec<u8>,
}

/// A frame to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Its bytes, from the destination address to the end of the padding, without FCS.
    pub bytes: Arc<[u8]>,
    /// The record of its forming.
    pub cause: Option<RecordId>,
    /// The frame that its packet came in, where a router sends it on.
    pub forwards: Option<FrameId>,
}

/// What a host tells its applications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEvent {
    /// What happened.
    pub kind: HostEventKind,
    /// The record that made it happen.
    pub cause: Option<RecordId>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEventKind {
    /// Something about a connection.
    Tcp(Event),
    /// A datagram came: [`Host::udp_receive`] hands it over.
    UdpReadable {
        /// The port that is bound.
        port: u16,
    },
    /// A datagram could not be delivered.
    UdpUnreachable {
        /// The port that it was sent from.
        port: u16,
        /// To whom.
        remote: SocketAddr,
        /// Why.
        why: Unreachable,
    },
    /// An echo request was answered.
    EchoReply {
        /// By whom.
        from: IpAddr,
        /// The request's.
        identifier: u16,
        /// The request's.
        sequence: u16,
        /// How many bytes of data came back.
        len: usize,
    },
    /// An echo request could not be delivered.
    EchoUnreachable {
        /// To whom.
        to: IpAddr,
        /// The request's.
        identifier: u16,
        /// The request's.
        sequence: u16,
        /// Why.
        why: Unreachable,
    },
}

impl Host {
    /// A host that knows nobody yet.
    ///
    /// # Panics
    /// If the MTU is below 68, or below 1280 with IPv6.
    pub fn new(config: HostConfig) -> Self {
        let least = config.ipv6.map_or(68, |_| MIN_MTU);
        assert!(config.mtu >= least, "an MTU of at least {least} bytes");
        Self {
            name: config.name,
            mac: config.mac,
            ipv4: config.ipv4,
            ipv6: config.ipv6,
            mtu: config.mtu,
            ttl: config.ttl,
            identification: config.secret.number(3),
            ipv6_identification: u32::from(config.secret.number(5)) << 16
                | u32::from(config.secret.number(6)),
            arp: ArpCache::default(),
            neighbors: NeighborCache::default(),
            path_mtu: BTreeMap::new(),
            reassembly: Reassembly::default(),
            ipv6_reassembly: Reassembly::default(),
            tcp: Endpoint::new(config.tcp, config.mtu, config.secret),
            secret: config.secret,
            udp: Ports::default(),
            loopback: VecDeque::new(),
            transit: None,
            out: VecDeque::new(),
            events: VecDeque::new(),
            workbench: Vec::new(),
        }
    }

    /// Loses its power: all connections, listeners, tables and queues are gone, and nobody is told. What it is then is
    /// made from `config`, as a new host; only the ids of its connections go on.
    ///
    /// A TCP that has lost its memory of sequence numbers should keep quiet for an MSL before it assigns any
    /// (RFC 9293 §3.4.3). This one does not, as no widespread one does: it trusts in ISNs that are drawn anew.
    pub fn crash(&mut self, cx: &mut Cx<'_>, config: HostConfig) {
        self.tcp.forget(cx);
        let fresh = Self::new(config);
        let past = std::mem::replace(self, fresh).tcp;
        self.tcp.go_on_counting(past);
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its MAC address.
    pub fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Its IPv4 address, if it has one.
    pub fn ipv4(&self) -> Option<Ipv4Addr> {
        self.ipv4.map(|interface| interface.ip)
    }

    /// Its IPv6 addresses, if it has any.
    pub fn ipv6(&self) -> Option<v6::Interface> {
        self.ipv6
    }

    /// The address that a packet to `to` is sent from; `None` if this host has none of that family.
    pub fn source_for(&self, to: IpAddr) -> Option<IpAddr> {
        match to {
            IpAddr::V4(_) => self.ipv4().map(IpAddr::V4),
            IpAddr::V6(to) => self.ipv6.map(|interface| interface.source_for(to).into()),
        }
    }

    /// Whether `ip` is an address of this host alone.
    fn owns(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => self.ipv4() == Some(ip),
            IpAddr::V6(ip) => self.owns_ipv6(ip),
        }
    }

    /// The variables of a connection, open or over.
    ///
    /// # Panics
    /// If this host never had `conn`.
    pub fn tcp_vars(&self, conn: ConnId) -> TcpVars {
        self.tcp.vars(conn)
    }

    /// How many bytes of a connection may be read now.
    ///
    /// # Panics
    /// If this host never had `conn`.
    pub fn readable(&self, conn: ConnId) -> usize {
        self.tcp.connection(conn).readable()
    }

    /// A frame arrived whole; `bytes` are without FCS.
    pub fn handle_frame(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        self.as_one_call(cx, |host, cx| host.frame_arrives(cx, bytes));
    }

    /// The time of [`Host::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.as_one_call(cx, |host, cx| {
            host.ask_again(cx);
            host.ask_neighbors_again(cx);
            host.expire_fragments(cx);
            host.expire_ipv6_fragments(cx);
            host.tcp.handle_timeout(cx);
        });
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.pop_front()
    }

    /// What the applications should know.
    pub fn poll_event(&mut self) -> Option<HostEvent> {
        self.events.pop_front()
    }

    /// When [`Host::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let timeouts = [
            self.arp.poll_timeout(),
            self.neighbors.poll_timeout(),
            self.reassembly.poll_timeout(),
            self.ipv6_reassembly.poll_timeout(),
            self.tcp.poll_timeout(),
        ];
        timeouts.into_iter().flatten().min()
    }

    /// Accepts TCP connections to `port` at each of its addresses from now on, a passive OPEN (RFC 9293 §3.10.1).
    ///
    /// There is no call to accept one: each is accepted as it is established, and [`Event::Accepted`] brings its id.
    /// How many may be on the way there at a time is [`TcpConfig::backlog`].
    ///
    /// # Errors
    /// Someone listens there already.
    pub fn listen(&mut self, cx: &mut Cx<'_>, port: u16) -> Result<(), ListenError> {
        let local = match (self.ipv4, self.ipv6) {
            (Some(interface), None) => interface.ip.into(),
            (None, Some(interface)) => interface.ip.into(),
            _ => Ipv6Addr::UNSPECIFIED.into(),
        };
        self.tcp.listen(cx, local, port)
    }

    /// Begins a TCP connection, from `local_port` or else from an ephemeral one: an active OPEN (RFC 9293 §3.10.1).
    /// [`Event::Connected`] follows, or [`Event::Refused`], [`Event::Unreachable`], [`Event::TimedOut`]. Over which
    /// version of IP it goes, `remote` decides.
    ///
    /// # Errors
    /// The two ends are connected already, no port is free, or this host has no address of the family of `remote`.
    pub fn connect(
        &mut self,
        cx: &mut Cx<'_>,
        local_port: Option<u16>,
        remote: SocketAddr,
    ) -> Result<ConnId, ConnectError> {
        let local = self
            .source_for(remote.ip())
            .ok_or(ConnectError::Family(remote))?;
        self.as_one_call(cx, |host, cx| {
            host.tcp.connect(cx, local, local_port, remote)
        })
    }

    /// Writes to a connection (SEND, RFC 9293 §3.10.2) and returns how many bytes were taken; with less than all,
    /// [`Event::Writable`] tells when to go on. Nothing is taken once the sending side was closed.
    ///
    /// # Panics
    /// If this host never had `conn`. So do the other calls that name a connection.
    pub fn send(&mut self, cx: &mut Cx<'_>, conn: ConnId, bytes: &[u8]) -> usize {
        self.as_one_call(cx, |host, cx| host.tcp.send(cx, conn, bytes))
    }

    /// Reads at most `max` bytes from a connection (RECEIVE, RFC 9293 §3.10.3): what came in order and was not read yet.
    /// [`Event::Readable`] tells when there is more; behind the last byte of the peer, [`Event::PeerClosed`] does.
    pub fn receive(&mut self, cx: &mut Cx<'_>, conn: ConnId, max: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.receive_into(cx, conn, max, &mut bytes);
        bytes
    }

    /// Like [`Host::receive`], behind what is in `bytes` already; how many bytes came.
    pub fn receive_into(
        &mut self,
        cx: &mut Cx<'_>,
        conn: ConnId,
        max: usize,
        bytes: &mut Vec<u8>,
    ) -> usize {
        self.as_one_call(cx, |host, cx| host.tcp.receive_into(cx, conn, max, bytes))
    }

    /// Turns the Nagle algorithm on or off for a connection; off, what is written goes out at once (`TCP_NODELAY`).
    pub fn set_nagle(&mut self, cx: &mut Cx<'_>, conn: ConnId, on: bool) {
        self.as_one_call(cx, |host, cx| host.tcp.set_nagle(cx, conn, on));
    }

    /// Ends the sending side of a connection (a half close, RFC 9293 §3.10.4): what was written is sent, a FIN follows,
    /// and reading goes on.
    pub fn shutdown(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.as_one_call(cx, |host, cx| host.tcp.shutdown(cx, conn));
    }

    /// Closes a connection: what was written is sent, a FIN follows, and nobody reads any more. Data that were not
    /// read, or that come later, are answered with a RST (RFC 1122 §4.2.2.13). [`Event::Closed`] follows when it is
    /// over.
    pub fn close(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.as_one_call(cx, |host, cx| host.tcp.close(cx, conn));
    }

    /// Breaks a connection off with a RST (ABORT, RFC 9293 §3.10.5): what was written and not sent is lost.
    pub fn abort(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.as_one_call(cx, |host, cx| host.tcp.abort(cx, conn));
    }

    /// Sends a segment that the caller made up, past this host's TCP: from any address that it likes. Its checksum is
    /// made here.
    pub fn send_raw_segment(
        &mut self,
        cx: &mut Cx<'_>,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        header: &TcpHeader,
        text: &[u8],
    ) {
        self.as_one_call(cx, |host, cx| {
            host.send_made_up(cx, source, destination, header, text)
        });
    }

    /// Binds a UDP port, or else an ephemeral one, and returns it.
    ///
    /// # Errors
    /// The port is taken, or all are.
    pub fn udp_bind(&mut self, port: Option<u16>) -> Result<u16, BindError> {
        self.udp.bind(port, 49_152, self.secret.number(4))
    }

    /// Sends a datagram from a UDP port. One that is larger than the MTU is sent in fragments.
    ///
    /// # Errors
    /// The datagram does not fit into a packet, or this host has no address of the family of `remote`.
    pub fn udp_send_to(
        &mut self,
        cx: &mut Cx<'_>,
        port: u16,
        remote: SocketAddr,
        bytes: &[u8],
    ) -> Result<(), SendError> {
        let local = self
            .source_for(remote.ip())
            .ok_or(SendError::Family(remote.ip()))?;
        check_len(remote.ip(), bytes)?;
        self.as_one_call(cx, |host, cx| {
            host.send_datagram(cx, port, local, remote, bytes);
        });
        Ok(())
    }

    /// The oldest datagram that came for a UDP port.
    pub fn udp_receive(&mut self, port: u16) -> Option<Datagram> {
        self.udp.receive(port)
    }

    /// Sends an ICMP echo request. [`HostEventKind::EchoReply`] follows if it is answered.
    ///
    /// # Errors
    /// The data do not fit into a packet, or this host has no address of the family of `to`.
    pub fn ping(
        &mut self,
        cx: &mut Cx<'_>,
        to: IpAddr,
        identifier: u16,
        sequence: u16,
        data: &[u8],
    ) -> Result<(), SendError> {
        self.source_for(to).ok_or(SendError::Family(to))?;
        check_len(to, data)?;
        self.as_one_call(cx, |host, cx| match to {
            IpAddr::V4(to) => host.send_echo_request(cx, to, identifier, sequence, data),
            IpAddr::V6(to) => host.send_icmpv6_echo(cx, to, identifier, sequence, data),
        });
        Ok(())
    }

    /// Tells the link which MAC address this host's IP addresses have, without being asked (RFC 5227 §2.3, RFC 4861
    /// §7.2.6).
    pub fn announce(&mut self, cx: &mut Cx<'_>) {
        self.as_one_call(cx, |host, cx| {
            host.send_announcement(cx);
            host.advertise_unasked(cx);
        });
    }

    /// Runs `body` as one call from outside, hands down what TCP wants to send, and puts the caller's cause back.
    fn as_one_call<T>(
        &mut self,
        cx: &mut Cx<'_>,
        body: impl FnOnce(&mut Self, &mut Cx<'_>) -> T,
    ) -> T {
        let outer = cx.cause;
        let result = body(self, cx);
        loop {
            while let Some((event, cause)) = self.tcp.poll_event() {
                let kind = HostEventKind::Tcp(event);
                self.events.push_back(HostEvent { kind, cause });
            }
            if let Some(outgoing) = self.tcp.poll_transmit() {
                cx.cause = outgoing.cause;
                self.send_tcp_segment(cx, &outgoing);
            } else if let Some(packet) = self.loopback.pop_front() {
                self.packet_to_itself(cx, packet);
            } else {
                break;
            }
        }
        cx.cause = outer;
        result
    }

    fn packet_to_itself(&mut self, cx: &mut Cx<'_>, packet: Packet) {
        match packet {
            Packet::V4 {
                header,
                payload,
                cause,
            } => {
                cx.cause = cause;
                self.packet_for_me(cx, &header, &payload, false);
            }
            Packet::V6 { packet, cause } => {
                cx.cause = cause;
                self.ipv6_packet_for_me(cx, &packet, false, false);
            }
        }
    }

    /// Tells the application; the cause is what is being done.
    fn tell(&mut self, cx: &Cx<'_>, kind: HostEventKind) {
        let cause = cx.cause;
        self.events.push_back(HostEvent { kind, cause });
    }
}

/// Why a datagram or an echo request cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It does not fit into an IP packet.
    #[error("{len} bytes do not fit into one packet: at most {most}")]
    TooLong {
        /// How many bytes it has.
        len: usize,
        /// How many bytes it may have.
        most: usize,
    },
    /// The address is of a family that this host does not have.
    #[error("this host has no address of the family of {0}")]
    Family(IpAddr),
}

/// A packet has 65535 bytes at most, over IPv6 without the IPv6 header; 8 bytes are the header of UDP or ICMP.
fn check_len(to: IpAddr, bytes: &[u8]) -> Result<(), SendError> {
    let (len, most) = match to {
        IpAddr::V4(_) => (bytes.len(), 65_507),
        IpAddr::V6(_) => (bytes.len(), 65_527),
    };
    if len > most {
        return Err(SendError::TooLong { len, most });
    }
    Ok(())
}
