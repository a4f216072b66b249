//! The TCP of one host: listeners, connections, and whose segment is whose.

mod listen;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::config::TcpConfig;
use super::connection::{Connection, Opening};
use super::ecn::NOT_ECT;
use super::isn::SecretKey;
use super::options::header_len;
use super::segment::{self, Segment};
use super::seq::Seq;
use super::timeouts::usable_mtu;
use super::{Event, Outgoing, Unreachable};
use crate::base::{RecordId, Time};
use crate::proto::tcp::{TcpFlags, TcpHeader};
use crate::stack::alarm::Schedule;
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, TcpState, TcpVars, Unit, What};

/// The first ephemeral port (RFC 6335 §6).
const EPHEMERAL_FIRST: u16 = 49_152;

/// How long the MTU of a path is believed (RFC 1191 §6.3, and Linux); then a new connection tries the link's again.
const PATH_LIFETIME: Duration = Duration::from_secs(600);

/// The paragraph of CLOSED.
const CLOSED: &str = "RFC 9293 §3.10.7.1";

/// The TCP of one host.
///
/// The order of calls: the application's verbs, [`Endpoint::handle_segment`] and [`Endpoint::handle_timeout`] (when
/// the time of [`Endpoint::poll_timeout`] has come) in any order, and after each of them [`Endpoint::poll_transmit`]
/// and [`Endpoint::poll_event`] until they return nothing.
#[derive(Debug, Clone)]
pub struct Endpoint {
    config: TcpConfig,
    mtu: u16,
    secret: SecretKey,
    listeners: BTreeMap<u16, Listener>,
    /// All connections ever, by their id. One that is over keeps its variables and what was not read.
    connections: Vec<Connection>,
    /// Those that are not CLOSED, by their two ends.
    open: BTreeMap<(SocketAddr, SocketAddr), ConnId>,
    /// When each of them wants to be called.
    timeouts: Schedule<ConnId>,
    next_port: u16,
    /// The largest packet on the way to a destination, where ICMP told it, and until when that is believed.
    paths: BTreeMap<IpAddr, (u16, Time)>,
    out: VecDeque<Outgoing>,
    events: VecDeque<(Event, Option<RecordId>)>,
}

#[derive(Debug, Clone, Default)]
struct Listener {
    /// The connections that wait in SYN-RECEIVED.
    waiting: BTreeSet<ConnId>,
    /// Until when an ACK may bring back a SYN cookie.
    cookies_until: Option<Time>,
}

/// Why a port cannot be listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Someone listens there.
    #[error("someone listens on port {0} already")]
    InUse(u16),
}

/// Why a connection cannot be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is a connection between these two ends.
    #[error("there is a connection from {0} to {1} already")]
    InUse(SocketAddr, SocketAddr),
    /// All ephemeral ports are taken.
    #[error("no free port left to connect to {0} from")]
    NoPort(SocketAddr),
    /// The address is of a family that this host does not have.
    #[error("this host has no address of the family of {0}")]
    Family(SocketAddr),
}

impl Endpoint {
    /// A TCP without listeners and connections. `mtu` is that of the interface, in bytes.
    pub fn new(config: TcpConfig, mtu: u16, secret: SecretKey) -> Self {
        Self {
            config,
            mtu,
            secret,
            listeners: BTreeMap::new(),
            connections: Vec::new(),
            open: BTreeMap::new(),
            timeouts: Schedule::default(),
            next_port: 0,
            paths: BTreeMap::new(),
            out: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The host loses its power: every connection that was open is gone without a word.
    pub fn forget(&mut self, cx: &mut Cx<'_>) {
        for &id in self.open.values() {
            self.connections[id.0 as usize].forget(cx);
        }
        self.open.clear();
        self.timeouts = Schedule::default();
    }

    /// Takes over what an earlier TCP of the same host remembers of connections that are over: no id is used twice.
    pub fn go_on_counting(&mut self, past: Self) {
        self.connections = past.connections;
    }

    /// A passive OPEN (RFC 9293 §3.10.1): from now on connections to `port` are accepted.
    ///
    /// # Errors
    /// Someone listens there already.
    pub fn listen(&mut self, cx: &mut Cx<'_>, local: IpAddr, port: u16) -> Result<(), ListenError> {
        if self.listeners.contains_key(&port) {
            return Err(ListenError::InUse(port));
        }
        self.listeners.insert(port, Listener::default());
        let what = What::Listening(SocketAddr::new(local, port));
        cx.record(4, None, "RFC 9293 §3.10.1", what);
        Ok(())
    }

    /// An active OPEN (RFC 9293 §3.10.1) from `local_port`, or else from an ephemeral one.
    ///
    /// # Errors
    /// The two ends are connected already, or no port is free.
    pub fn connect(
        &mut self,
        cx: &mut Cx<'_>,
        local: IpAddr,
        local_port: Option<u16>,
        remote: SocketAddr,
    ) -> Result<ConnId, ConnectError> {
        let local = match local_port {
            Some(port) => SocketAddr::new(local, port),
            None => self.ephemeral(local, remote)?,
        };
        if self.open.contains_key(&(local, remote)) {
            return Err(ConnectError::InUse(local, remote));
        }
        let opening = self.opening(cx.now, local, remote);
        let conn = Connection::connect(cx, opening);
        Ok(self.add(conn))
    }

    /// A free ephemeral port, by hash and count (RFC 6056 §3.3.3).
    fn ephemeral(&mut self, local: IpAddr, remote: SocketAddr) -> Result<SocketAddr, ConnectError> {
        let count = u16::MAX - EPHEMERAL_FIRST + 1;
        let offset = self.secret.port_offset(local, remote);
        for _ in 0..count {
            let port = EPHEMERAL_FIRST + offset.wrapping_add(self.next_port) % count;
            self.next_port = self.next_port.wrapping_add(1);
            let addr = SocketAddr::new(local, port);
            if !self.open.contains_key(&(addr, remote)) && !self.listeners.contains_key(&port) {
                return Ok(addr);
            }
        }
        Err(ConnectError::NoPort(remote))
    }

    fn opening(&self, now: Time, local: SocketAddr, remote: SocketAddr) -> Opening {
        let path = self.paths.get(&remote.ip());
        Opening {
            id: ConnId(self.connections.len() as u32),
            local,
            remote,
            config: self.config.clone(),
            link_mss: self.mtu - header_len(local.ip()),
            path_mtu: path.filter(|(_, until)| now < *until).map(|(mtu, _)| *mtu),
            secret: self.secret,
            iss: None,
        }
    }

    /// How far a connection has gone: SND.UNA and RCV.NXT. Both grow with each segment that the peer must have sent
    /// because this end's segments reach it.
    pub fn progress(&self, local: SocketAddr, remote: SocketAddr) -> Option<(Seq, Seq)> {
        let id = self.open.get(&(local, remote))?;
        Some(self.connection(*id).progress())
    }

    fn add(&mut self, conn: Connection) -> ConnId {
        let id = conn.id();
        self.open.insert((conn.local(), conn.remote()), id);
        self.connections.push(conn);
        self.collect(id);
        id
    }

    /// A segment arrived, its checksum good (RFC 9293 §3.10.7); `ce` says that its packet came with Congestion
    /// Experienced (RFC 3168 §5).
    pub fn handle_segment(
        &mut self,
        cx: &mut Cx<'_>,
        source: IpAddr,
        destination: IpAddr,
        header: &TcpHeader,
        text: &[u8],
        ce: bool,
    ) {
        let local = SocketAddr::new(destination, header.destination_port);
        let remote = SocketAddr::new(source, header.source_port);
        let listening = self.listeners.contains_key(&local.port());
        let open = self.open.get(&(local, remote)).copied();
        if let Some(id) = open.filter(|&id| listening && self.is_reopened(id, header)) {
            self.reopen(cx, id, header, text);
        } else if let Some(id) = open {
            self.on(id, |conn| conn.handle_marked_segment(cx, header, text, ce));
        } else if listening {
            self.arrives_in_listen(cx, [local, remote], header, text, None);
        } else {
            self.arrives_in_closed(cx, local, remote, header, text);
        }
    }

    /// RFC 9293 §3.10.7.1: nobody is there. All but a RST is answered by one.
    fn arrives_in_closed(
        &mut self,
        cx: &mut Cx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        header: &TcpHeader,
        text: &[u8],
    ) {
        let outer = cx.cause;
        record_arrival(cx, CLOSED, header, text);
        if header.flags.has(TcpFlags::RST) {
            discard(cx, CLOSED, "RST for no connection");
        } else {
            self.reset(cx, CLOSED, local, remote, &Segment::new(header, text));
        }
        cx.cause = outer;
    }

    /// A reset that the sender of `seg` will take (RFC 9293 §3.5.2, group 1).
    fn reset(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        local: SocketAddr,
        remote: SocketAddr,
        seg: &Segment<'_>,
    ) {
        let (seq, ack, flags) = if seg.has(TcpFlags::ACK) {
            (seg.ack, Seq(0), TcpFlags::RST)
        } else {
            (Seq(0), seg.end(), TcpFlags::RST | TcpFlags::ACK)
        };
        let header = TcpHeader {
            source_port: local.port(),
            destination_port: remote.port(),
            sequence_number: seq.0,
            acknowledgment_number: ack.0,
            flags,
            ..TcpHeader::default()
        };
        self.send_unconnected(cx, cite, [local.ip(), remote.ip()], header);
    }

    /// Sends a segment without text that belongs to no connection, from the first address to the second.
    fn send_unconnected(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        [local, remote]: [IpAddr; 2],
        header: TcpHeader,
    ) {
        let unit = cx.log.is_on().then(|| unit(&header, 0));
        let cause = unit.and_then(|unit| cx.record(4, None, cite, What::Down(unit)));
        self.out.push_back(Outgoing {
            local,
            remote,
            header,
            ecn: NOT_ECT,
            text: Vec::new(),
            cause,
        });
    }

    /// The time of [`Endpoint::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        while let Some(id) = self.timeouts.pop_due(cx.now) {
            self.on(id, |conn| conn.handle_timeout(cx));
        }
    }

    /// ICMP, or a lower layer of this host, reports that a segment could not be delivered.
    pub fn handle_unreachable(
        &mut self,
        cx: &mut Cx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        why: Unreachable,
        seq: Option<u32>,
    ) {
        if let Some(&id) = self.open.get(&(local, remote)) {
            let is_ours = self.on(id, |conn| conn.handle_unreachable(cx, why, seq));
            if let (true, Unreachable::TooBig { mtu }) = (is_ours, why) {
                self.path_is_smaller(cx, remote.ip(), usable_mtu(remote.ip(), mtu));
            }
        } else {
            discard(cx, "RFC 9293 §3.9.2.2", "an ICMP error about no connection");
        }
    }

    /// The MTU of a path is kept for the destination: new connections to it begin with it, and those that are open obey
    /// it (RFC 1191 §3, §6.2).
    fn path_is_smaller(&mut self, cx: &mut Cx<'_>, remote: IpAddr, mtu: u16) {
        let known = self.paths.get(&remote).filter(|(_, until)| cx.now < *until);
        let mtu = known.map_or(mtu, |(known, _)| mtu.min(*known));
        self.paths.insert(remote, (mtu, cx.now + PATH_LIFETIME));
        let same = self.open.iter().filter(|((_, to), _)| to.ip() == remote);
        let ids: Vec<ConnId> = same.map(|(_, id)| *id).collect();
        for id in ids {
            self.on(id, |conn| conn.lower_path_mtu(cx, mtu));
        }
    }

    /// SEND on a connection: see [`Connection::send`].
    pub fn send(&mut self, cx: &mut Cx<'_>, conn: ConnId, bytes: &[u8]) -> usize {
        self.on(conn, |conn| conn.send(cx, bytes))
    }

    /// RECEIVE on a connection: see [`Connection::receive_into`].
    pub fn receive_into(
        &mut self,
        cx: &mut Cx<'_>,
        conn: ConnId,
        max: usize,
        bytes: &mut Vec<u8>,
    ) -> usize {
        self.on(conn, |conn| conn.receive_into(cx, max, bytes))
    }

    /// The Nagle algorithm of a connection: see [`Connection::set_nagle`].
    pub fn set_nagle(&mut self, cx: &mut Cx<'_>, conn: ConnId, on: bool) {
        self.on(conn, |conn| conn.set_nagle(cx, on));
    }

    /// A half close: see [`Connection::shutdown`].
    pub fn shutdown(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.on(conn, |conn| conn.shutdown(cx));
    }

    /// CLOSE: see [`Connection::close`].
    pub fn close(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.on(conn, |conn| conn.close(cx));
    }

    /// ABORT: see [`Connection::abort`].
    pub fn abort(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.on(conn, |conn| conn.abort(cx));
    }

    /// The next segment to send.
    pub fn poll_transmit(&mut self) -> Option<Outgoing> {
        self.out.pop_front()
    }

    /// What the application should know, and the record that is the cause of it.
    pub fn poll_event(&mut self) -> Option<(Event, Option<RecordId>)> {
        self.events.pop_front()
    }

    /// When [`Endpoint::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timeouts.next_time()
    }

    /// A connection, open or over.
    ///
    /// # Panics
    /// If this endpoint never made `conn`.
    pub fn connection(&self, conn: ConnId) -> &Connection {
        &self.connections[conn.0 as usize]
    }

    /// The variables of a connection, open or over.
    ///
    /// # Panics
    /// If this endpoint never made `conn`.
    pub fn vars(&self, conn: ConnId) -> TcpVars {
        self.connection(conn).vars()
    }

    fn on<T>(&mut self, id: ConnId, call: impl FnOnce(&mut Connection) -> T) -> T {
        let result = call(&mut self.connections[id.0 as usize]);
        self.collect(id);
        result
    }

    /// Takes over what a connection has to say and to send, and forgets its address once it is over.
    fn collect(&mut self, id: ConnId) {
        let conn = &mut self.connections[id.0 as usize];
        self.out.extend(std::iter::from_fn(|| conn.poll_transmit()));
        self.events.extend(std::iter::from_fn(|| conn.poll_event()));
        let (state, local, remote) = (conn.state(), conn.local(), conn.remote());
        self.timeouts.set(id, conn.poll_timeout());
        if state == TcpState::Closed && self.open.get(&(local, remote)) == Some(&id) {
            self.open.remove(&(local, remote));
        }
        if state != TcpState::SynReceived
            && let Some(listener) = self.listeners.get_mut(&local.port())
        {
            listener.waiting.remove(&id);
        }
    }
}

fn record_arrival(cx: &mut Cx<'_>, cite: &'static str, header: &TcpHeader, text: &[u8]) {
    if cx.log.is_on() {
        cx.step(4, None, cite, What::Up(unit(header, text.len())));
    }
}

fn discard(cx: &mut Cx<'_>, cite: &'static str, why: &'static str) {
    cx.step(4, None, cite, What::Discarded(why.into()));
}

fn decide(cx: &mut Cx<'_>, cite: &'static str, text: &'static str) {
    cx.step(4, None, cite, What::Decided(text.into()));
}

/// A segment of no connection: its numbers are raw.
pub(in crate::stack) fn unit(header: &TcpHeader, len: usize) -> Unit {
    segment::unit(header, len, Seq(0), Seq(0))
}
