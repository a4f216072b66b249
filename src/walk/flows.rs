//! Conversations: which frames belong together, who is the client, and which hosts talk to each other.

use std::net::{IpAddr, SocketAddr};

use rustc_hash::FxHashMap;

use super::connection::Connection;
use super::step::FlowId;
use super::steps::PairId;
use crate::base::{FrameId, Time};
use crate::proto::stream::Dir;

/// The protocol of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
}

impl Kind {
    /// Wireshark's name of the protocol.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Icmpv6 => "icmpv6",
        }
    }
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Flow {
    pub kind: Kind,
    /// Its number among those of its kind.
    pub stream: u32,
    /// Client and server.
    pub ends: [SocketAddr; 2],
    pub pair: PairId,
    pub frames: Vec<FrameId>,
    pub first_time: Time,
    pub last_time: Time,
    /// The beginning was not seen; who is the client is a guess.
    pub mid_stream: bool,
    /// Of TCP, what is known of the connection.
    pub tcp: Option<Box<Connection>>,
}

impl Flow {
    /// The direction of what `source` sends.
    pub fn dir_from(&self, source: SocketAddr) -> Dir {
        if source == self.ends[0] {
            Dir::ToServer
        } else {
            Dir::ToClient
        }
    }
}

/// Who sends to whom, and by which protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub kind: Kind,
    pub from: SocketAddr,
    pub to: SocketAddr,
}

/// What a frame says about where a conversation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A SYN with this sequence number: the sender is the client, and another number is another connection.
    Syn(u32),
    /// A SYN, ACK: the sender is the server.
    SynAck,
    /// Something in the midst of a TCP connection.
    Midst,
    /// A protocol without connections: the first sender is the client.
    Datagram,
}

type End = (IpAddr, u16);

/// Two hosts that talk to each other: the two lanes of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Left and right.
    pub hosts: [IpAddr; 2],
    /// The ports, where both ends have the same address (loopback), so that only these tell them apart.
    pub ports: Option<[u16; 2]>,
}

/// All conversations.
#[derive(Debug, Default)]
pub(super) struct Flows {
    list: Vec<Flow>,
    latest: FxHashMap<(Kind, End, End), FlowId>,
    counts: [u32; 4],
    pairs: Vec<Pair>,
    pair_ids: FxHashMap<(End, End), PairId>,
}

impl Flows {
    pub fn list(&self) -> &[Flow] {
        &self.list
    }

    pub fn get(&self, id: FlowId) -> &Flow {
        &self.list[id.0 as usize]
    }

    pub fn get_mut(&mut self, id: FlowId) -> &mut Flow {
        &mut self.list[id.0 as usize]
    }

    pub fn pair(&self, id: PairId) -> Pair {
        self.pairs[id.0 as usize]
    }

    /// The conversation of a frame, a new one where it opens one; the frame is added to it.
    pub fn of_frame(&mut self, frame: FrameId, time: Time, talk: Talk, opening: Opening) -> FlowId {
        let key = key(talk);
        let known = self.latest.get(&key).copied();
        let id = match known {
            Some(id) if !self.is_new_connection(id, talk, opening) => id,
            _ => self.open(key, time, talk, opening),
        };
        let flow = self.get_mut(id);
        flow.frames.push(frame);
        id
    }

    /// A SYN that does not repeat the one seen opens another connection between the same ports.
    fn is_new_connection(&self, id: FlowId, talk: Talk, opening: Opening) -> bool {
        let flow = self.get(id);
        match (opening, &flow.tcp) {
            (Opening::Syn(seq), Some(tcp)) => {
                let base = tcp.half(flow.dir_from(talk.from)).base;
                base.is_some_and(|base| base != seq)
            }
            _ => false,
        }
    }

    fn open(&mut self, key: (Kind, End, End), time: Time, talk: Talk, opening: Opening) -> FlowId {
        let from_client = match opening {
            Opening::Syn(_) | Opening::Datagram => true,
            Opening::SynAck => false,
            // the well-known port is most often the server's
            Opening::Midst => talk.from.port() >= talk.to.port(),
        };
        let ends = if from_client {
            [talk.from, talk.to]
        } else {
            [talk.to, talk.from]
        };
        let pair = self.pair_of(ends);
        let id = FlowId(u32::try_from(self.list.len()).expect("fewer flows than frames"));
        let count = &mut self.counts[talk.kind as usize];
        self.list.push(Flow {
            kind: talk.kind,
            stream: *count,
            ends,
            pair,
            frames: Vec::new(),
            first_time: time,
            last_time: time,
            mid_stream: matches!(opening, Opening::Midst | Opening::SynAck),
            tcp: (talk.kind == Kind::Tcp).then(Box::default),
        });
        *count += 1;
        self.latest.insert(key, id);
        id
    }

    /// The pair of two ends; the first of them stands left in a pair that is new.
    pub fn pair_of(&mut self, ends: [SocketAddr; 2]) -> PairId {
        let hosts = [ends[0].ip(), ends[1].ip()];
        let ports = (hosts[0] == hosts[1]).then_some([ends[0].port(), ends[1].port()]);
        let [left, right] = ports.unwrap_or([0, 0]);
        let key = ordered((hosts[0], left), (hosts[1], right));
        if let Some(&id) = self.pair_ids.get(&key) {
            return id;
        }
        let id = PairId(u32::try_from(self.pairs.len()).expect("fewer pairs than frames"));
        self.pairs.push(Pair { hosts, ports });
        self.pair_ids.insert(key, id);
        id
    }
}

fn key(talk: Talk) -> (Kind, End, End) {
    let (from, to) = (talk.from, talk.to);
    let (low, high) = ordered((from.ip(), from.port()), (to.ip(), to.port()));
    (talk.kind, low, high)
}

fn ordered(a: End, b: End) -> (End, End) {
    if a <= b { (a, b) } else { (b, a) }
}
