//! The log of truth: what happened inside the hosts and on the wires, why, and by which paragraph.
//!
//! A capture shows frames; a simulation also knows this.

mod info;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use crate::base::{FrameId, LinkId, NodeId, RecordId, Time};
pub use info::Info;

/// A connection of one host, counted from 0 in that host and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

/// Text that is most often fixed.
pub type Text = Cow<'static, str>;

/// One entry of the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When.
    pub time: Time,
    /// On which node; none for what happens to the world (a scheduled fault, the end).
    pub node: Option<NodeId>,
    /// The OSI layer, 1 to 7.
    pub layer: u8,
    /// The connection it is about.
    pub conn: Option<ConnId>,
    /// The record that made it happen. It is always an earlier one.
    pub cause: Option<RecordId>,
    /// The paragraph that it obeys, such as `RFC 9293 §3.10.7.2`.
    pub cite: &'static str,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The application asks the stack for something: `connect 10.0.0.9:80`, `send text "hi"`.
    AppCall(Text),
    /// The stack tells the application something: `connected`, `text "hi" received`.
    AppEvent(Text),
    /// The application writes a line to its log: `A user connected`.
    Log(Text),
    /// A layer of the sender wrapped what it was given and hands it down.
    Down(Unit),
    /// A layer of the receiver took off its own part and hands up what was inside.
    Up(Unit),
    /// A connection was made. The first record of its connection.
    ConnOpened(Box<Opened>),
    /// A TCP state changed.
    TcpState {
        /// The state before.
        from: TcpState,
        /// The state after.
        to: TcpState,
    },
    /// The variables of a connection, after something changed one of them.
    TcpVars(Arc<TcpVars>),
    /// A port was opened for listening.
    Listening(SocketAddr),
    /// A timer was started, stopped, or expired.
    Timer {
        /// Which, such as `retransmission` or `TIME-WAIT`.
        name: &'static str,
        /// What happened to it.
        action: TimerAction,
    },
    /// A host learned that an IP address has a MAC address, by ARP or by Neighbor Discovery.
    NeighborLearned {
        /// The IP address.
        ip: IpAddr,
        /// The MAC address.
        mac: [u8; 6],
    },
    /// A packet waits until the next hop's MAC address is known.
    NeighborQueued {
        /// The next hop.
        ip: IpAddr,
    },
    /// A host, or a switch, threw something away, and why: `TCP checksum wrong`, `not for this host`.
    Discarded(Text),
    /// A layer decided something that is none of the above, in words: `third duplicate ACK`.
    Decided(Text),
    /// A router found the way for a packet, in words: `10.0.3.9 is in 10.0.3.0/24: …`.
    Routed(Text),
    /// A host lost its power, and with it all that it knew.
    HostDown,
    /// A host that was down is up again. It remembers nothing.
    HostUp,
    /// A node put a frame on a link.
    FrameSent(FrameId),
    /// A frame arrived at a node, whole.
    FrameArrived(FrameId),
    /// A frame was lost on the link.
    FrameDropped {
        /// The frame.
        frame: FrameId,
        /// Why: the fault's description, or `queue full`.
        why: Text,
    },
    /// A fault did something else to a frame: delayed it, doubled it, flipped bits.
    FrameFaulted {
        /// The frame.
        frame: FrameId,
        /// What was done: `delayed by 40 ms`.
        what: Text,
    },
    /// A switch learned behind which link a MAC address is.
    SwitchLearned {
        /// The MAC address.
        mac: [u8; 6],
        /// The link.
        link: LinkId,
    },
    /// A switch sent a frame on.
    SwitchForwarded {
        /// The frame that came.
        frame: FrameId,
        /// The links that it goes out on.
        to: Vec<LinkId>,
        /// Whether it went to all others because the switch does not know the destination (or it is a broadcast).
        flooded: bool,
    },
}

/// A connection that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The address at this host.
    pub local: SocketAddr,
    /// The address of the peer.
    pub remote: SocketAddr,
    /// Whether this end sends the first SYN.
    pub active: bool,
}

/// A protocol data unit that crosses a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The protocol's Wireshark name: `websocket`, `tcp`, `ip`, `eth`.
    pub protocol: &'static str,
    /// Its length in bytes, headers of this layer included.
    pub len: usize,
    /// One line: `[PSH, ACK] seq 1, ack 1, 129 bytes`.
    pub info: Info,
}

/// What happened to a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerAction {
    /// It was started, or started anew, and will expire then.
    Started(Time),
    /// It was stopped.
    Stopped,
    /// It expired.
    Expired,
}

/// A TCP state (RFC 9293 §3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the RFC's own names")]
pub enum TcpState {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl TcpState {
    /// The RFC's spelling, such as `SYN-RECEIVED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }
}

/// The variables of one end of a TCP connection (RFC 9293 §3.3.1), as they are at one moment.
///
/// Sequence numbers are raw. What a capture cannot tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the RFC's own names")]
pub struct TcpVars {
    /// Those that seldom change; they can be read as if they were here.
    pub steady: Arc<SteadyVars>,
    pub snd_una: Option<u32>,
    pub snd_nxt: Option<u32>,
    /// The peer's window, scaled, in bytes.
    pub snd_wnd: Option<u32>,
    pub rcv_nxt: Option<u32>,
    /// Our window as advertised, scaled, in bytes.
    pub rcv_wnd: Option<u32>,
    /// The round-trip time that was measured last, in nanoseconds.
    pub rtt: Option<u64>,
    /// Smoothed round-trip time (RFC 6298), in nanoseconds.
    pub srtt: Option<u64>,
    /// Round-trip time variation (RFC 6298), in nanoseconds.
    pub rttvar: Option<u64>,
    /// Retransmission time-out (RFC 6298), in nanoseconds.
    pub rto: Option<u64>,
    /// Congestion window (RFC 5681), in bytes; none without congestion control.
    pub cwnd: Option<u32>,
    /// How much the sender takes to be in the network, in bytes: FlightSize (RFC 5681 §2), or with marks on the
    /// scoreboard the pipe (RFC 6675 §4).
    pub pipe: Option<u32>,
    /// Bytes that the application wrote and that were not sent yet.
    pub unsent: Option<u32>,
    /// Bytes that came and that the application has not read yet.
    pub unread: Option<u32>,
    /// Timers that run: name, and when they expire.
    pub timers: Vec<(&'static str, Time)>,
}

impl Deref for TcpVars {
    type Target = SteadyVars;

    fn deref(&self) -> &SteadyVars {
        &self.steady
    }
}

/// The variables of one end of a TCP connection that stay for many segments: [`TcpVars`] one after the other share them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the RFC's own names")]
pub struct SteadyVars {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub state: TcpState,
    pub iss: Option<u32>,
    pub irs: Option<u32>,
    /// The largest segment that we may send, in bytes of data.
    pub snd_mss: Option<u16>,
    /// `Snd.Wind.Shift` of RFC 7323, if window scaling was agreed.
    pub snd_wind_shift: Option<u8>,
    /// `Rcv.Wind.Shift` of RFC 7323, if window scaling was agreed.
    pub rcv_wind_shift: Option<u8>,
    /// Whether SACK was agreed (RFC 2018).
    pub sack_permitted: bool,
    /// Whether timestamps were agreed (`Snd.TS.OK` of RFC 7323).
    pub timestamps: bool,
    /// Slow-start threshold (RFC 5681), in bytes; none until the first loss.
    pub ssthresh: Option<u32>,
    /// How the congestion window moves: `slow start` or `congestion avoidance` (RFC 5681 §3.1); none without congestion
    /// control.
    pub growth: Option<&'static str>,
    /// W_max of CUBIC (RFC 9438 §4.1.2), in bytes, once it was set.
    pub w_max: Option<u32>,
    /// The loss recovery that is under way.
    pub recovery: Option<&'static str>,
    /// RECOVER (RFC 6582) or RecoveryPoint (RFC 6675): where the recovery ends.
    pub recover: Option<u32>,
    /// Whether ECN was agreed (RFC 3168).
    pub ecn: bool,
    /// What it says of congestion with what it sends next: `ECE` (a packet came marked), `CWR` (it has slowed down).
    pub ecn_says: Option<&'static str>,
    /// RCV.UP, in urgent mode: the number behind the urgent data (RFC 6093), raw.
    pub rcv_up: Option<u32>,
    /// The scoreboard: runs that the peer has reported by SACK: raw sequence numbers, start and end.
    pub sacked: Vec<(u32, u32)>,
    /// Runs that arrived out of order and wait for what is missing: raw sequence numbers, start and end.
    pub out_of_order: Vec<(u32, u32)>,
}

/// The append-only list of records. With recording off it keeps nothing and costs next to nothing.
#[derive(Debug, Clone, Default)]
pub struct Log {
    records: Vec<Record>,
    /// How many were taken out: ids go on behind them.
    taken: usize,
    off: bool,
}

impl Log {
    /// A log that keeps every record.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log that keeps nothing: for runs of which only the frames or the outcome matter.
    pub fn off() -> Self {
        Self {
            off: true,
            ..Self::default()
        }
    }

    /// Whether records are kept. Ask before making a costly text.
    pub fn is_on(&self) -> bool {
        !self.off
    }

    /// Appends a record and returns its id, to be the cause of what follows; `None` with recording off.
    pub fn push(&mut self, record: Record) -> Option<RecordId> {
        if self.off {
            return None;
        }
        let id = RecordId::from_index(self.total());
        debug_assert!(record.cause.is_none_or(|cause| cause < id));
        self.records.push(record);
        Some(id)
    }

    /// Takes the records out that were appended since the last time. What follows may still name them as its cause.
    pub fn take(&mut self) -> Vec<Record> {
        self.taken = self.total();
        std::mem::take(&mut self.records)
    }

    /// Keeps nothing from now on.
    pub fn stop(&mut self) {
        self.off = true;
    }

    /// How many records were appended, those that were taken out among them.
    pub fn total(&self) -> usize {
        self.taken + self.records.len()
    }

    /// Gives back the memory that was reserved for more records.
    pub fn shrink_to_fit(&mut self) {
        self.records.shrink_to_fit();
    }

    /// The records so far, but for those that were taken out.
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}
