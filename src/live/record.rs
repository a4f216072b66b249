//! What passed on real sockets as packets: [`Recorder`].
//!
//! A program on a socket sees streams of bytes and no packets. So the bytes here are those that passed, at the time when
//! the program read or wrote them, and the TCP around them is written anew: a handshake, full segments, an
//! acknowledgment for each, FINs. What happened on the wire in truth, a capture of the interface shows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::serve::Witness;
use crate::base::{Rng, Time};
use crate::capture::packet::{Direction, Packet};
use crate::proto::ipv4::Ipv4Header;
use crate::proto::ipv6::Ipv6Header;
use crate::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use crate::stack::record::ConnId;

/// TCP (IANA's protocol numbers).
const TCP: u8 = 6;
/// The usual segment over Ethernet, without options.
const MSS: u16 = 1440;
/// What both ends always say of their window.
const WINDOW: u16 = 65_535;

/// Writes what passes as IP packets, and hands each to somebody.
pub struct Recorder {
    lines: RefCell<BTreeMap<ConnId, Line>>,
    rng: RefCell<Rng>,
    sink: Box<dyn Fn(Packet)>,
}

/// A connection: the client's end and the server's.
struct Line {
    ends: [End; 2],
}

struct End {
    address: SocketAddr,
    snd_nxt: u32,
    has_ended: bool,
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

impl Recorder {
    /// A recorder whose sequence numbers begin as `rng` has it.
    pub fn new(rng: Rng, sink: Box<dyn Fn(Packet)>) -> Self {
        Self {
            lines: RefCell::default(),
            rng: RefCell::new(rng),
            sink,
        }
    }

    /// A segment of one end.
    fn send(&self, now: Time, line: &mut Line, from: usize, flags: TcpFlags, data: &[u8]) {
        let [sender, peer] = [from, 1 - from].map(|end| &line.ends[end]);
        let is_syn = flags.has(TcpFlags::SYN);
        let acknowledges = flags.has(TcpFlags::ACK);
        let header = TcpHeader {
            source_port: sender.address.port(),
            destination_port: peer.address.port(),
            sequence_number: sender.snd_nxt,
            acknowledgment_number: if acknowledges { peer.snd_nxt } else { 0 },
            flags,
            window: WINDOW,
            options: if is_syn {
                vec![TcpOption::Mss(MSS)]
            } else {
                Vec::new()
            },
            ..TcpHeader::default()
        };
        let bytes = packet(sender.address.ip(), peer.address.ip(), &header, data);
        (self.sink)(Packet {
            time: Time(Time::SIMULATION_EPOCH.0.saturating_add(now.0)),
            interface: 0,
            original_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            bytes: bytes.into(),
            direction: Some(match from {
                CLIENT => Direction::Inbound,
                _ => Direction::Outbound,
            }),
            checksum_not_ready: false,
            dropped: 0,
            comments: Vec::new(),
        });
        let uses = data.len() as u32 + u32::from(is_syn || flags.has(TcpFlags::FIN));
        line.ends[from].snd_nxt = line.ends[from].snd_nxt.wrapping_add(uses);
    }

    fn end(&self, now: Time, line: &mut Line, from: usize) {
        if !line.ends[from].has_ended {
            self.send(now, line, from, TcpFlags::FIN | TcpFlags::ACK, &[]);
            line.ends[from].has_ended = true;
            self.send(now, line, 1 - from, TcpFlags::ACK, &[]);
        }
    }
}

impl Witness for Recorder {
    fn opened(&self, now: Time, conn: ConnId, local: SocketAddr, remote: SocketAddr) {
        let end = |address| End {
            address,
            snd_nxt: self.rng.borrow_mut().next_u32(),
            has_ended: false,
        };
        let mut line = Line {
            ends: [end(remote), end(local)],
        };
        self.send(now, &mut line, CLIENT, TcpFlags::SYN, &[]);
        self.send(now, &mut line, SERVER, TcpFlags::SYN | TcpFlags::ACK, &[]);
        self.send(now, &mut line, CLIENT, TcpFlags::ACK, &[]);
        self.lines.borrow_mut().insert(conn, line);
    }

    fn passed(&self, now: Time, conn: ConnId, from_client: bool, bytes: &[u8]) {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(&conn) else {
            return;
        };
        let from = if from_client { CLIENT } else { SERVER };
        for segment in bytes.chunks(usize::from(MSS)) {
            self.send(now, line, from, TcpFlags::PSH | TcpFlags::ACK, segment);
            self.send(now, line, 1 - from, TcpFlags::ACK, &[]);
        }
    }

    fn ended(&self, now: Time, conn: ConnId, by_client: bool) {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(&conn) else {
            return;
        };
        if by_client {
            return self.end(now, line, CLIENT);
        }
        self.end(now, line, SERVER);
        self.end(now, line, CLIENT);
        lines.remove(&conn);
    }
}

/// The packet that carries a segment.
fn packet(source: IpAddr, destination: IpAddr, header: &TcpHeader, data: &[u8]) -> Vec<u8> {
    let segment = header.emit(source, destination, data);
    let mut bytes = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Ipv4Header {
            ttl: 64,
            protocol: TCP,
            source,
            destination,
            dont_fragment: true,
            dscp: 0,
            ecn: 0,
            identification: 0,
            more_fragments: false,
            fragment_offset: 0,
        }
        .emit(segment.len())
        .to_vec(),
        (source, destination) => {
            let v6 = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            Ipv6Header {
                next_header: TCP,
                hop_limit: 64,
                source: v6(source),
                destination: v6(destination),
                dscp: 0,
                ecn: 0,
                flow_label: 0,
            }
            .emit(segment.len())
            .to_vec()
        }
    };
    bytes.extend(segment);
    bytes
}
