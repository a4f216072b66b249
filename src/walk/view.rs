//! What the views draw: plain data, looked up in the walk at one step.
//!
//! Nothing here knows of terminals; nothing in the views computes what is here.

use std::ops::Range;
use std::time::Duration;

use super::step::{FlowId, MessageId, PhaseId, StepId};
use crate::base::{FrameId, LinkType, NodeId, Time};
use crate::proto::stream::Dir;
use crate::proto::tree::Dissection;

/// Where a walk's frames come from: the badge of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Simulated, with this seed.
    Simulated {
        /// The seed.
        seed: u64,
    },
    /// Read from a file of this name.
    Capture {
        /// The file's name.
        name: String,
    },
    /// Taken from this interface.
    Live {
        /// The interface's name.
        interface: String,
    },
    /// Simulated in real time, with real hosts behind these devices.
    Attached {
        /// Their names.
        taps: String,
    },
}

/// A part of the conversation, for the bar on top: `ARP`, `TCP`, `HTTP`, `WS`, `Close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// The short name.
    pub name: String,
    /// Its first step, and the one after its last.
    pub steps: Range<u32>,
}

/// A vertical line of the ladder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    /// The node's name, or the address in a capture.
    pub name: String,
    /// The address, and the port where the lane is one end of a conversation: `10.0.0.2:51000`.
    pub address: String,
    /// The state of the end at the step, such as `SYN-SENT`; empty where it has none.
    pub state: String,
    /// Whether the step changed the state.
    pub changed: bool,
    /// The state was inferred from the frames, not known.
    pub inferred: bool,
}

/// One row of the ladder. The same for every step: a view blanks the rows after its step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The step.
    pub step: StepId,
    /// When, since the first step.
    pub since_start: Duration,
    /// What stands on it: `SYN seq=0`, `Text "hi"`.
    pub label: String,
    /// The OSI layer that the step is at.
    pub layer: u8,
    /// The ports of its TCP connection, left and right.
    pub ports: Option<[u16; 2]>,
    /// What is drawn.
    pub mark: Mark,
}

/// What a row of the ladder draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// An arrow from one end to the other.
    Arrow {
        /// Which way.
        dir: Dir,
        /// It does not arrive.
        lost: bool,
    },
    /// Something that happens at one end alone: a timer, an application call.
    AtEnd {
        /// Whose: the sending end of this direction.
        end: Dir,
    },
    /// Something between the ends, or about neither: a gap in the capture, the end of the run.
    Between,
}

impl Lane {
    /// The port, where the lane is one end of a conversation.
    pub fn port(&self) -> Option<u16> {
        let (host, port) = self.address.rsplit_once(':')?;
        // An IPv6 address without a port has colons of its own.
        let has_port = host.ends_with(']') || !host.contains(':');
        has_port.then(|| port.parse().ok()).flatten()
    }
}

/// The ladder of the conversation of two hosts. Frames of others (ARP among them) that belong to the same two hosts are rows too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ladder {
    /// Left (the client, [`Dir::ToServer`]) and right (the server).
    pub lanes: [Lane; 2],
    /// The rows, all grains up to the one asked for. Of a very long conversation only those near the step.
    pub rows: Vec<Row>,
    /// How many rows stand before the first of `rows`.
    pub rows_before: usize,
    /// How many rows there are in all.
    pub rows_total: usize,
}

/// One line of the ends pane: a variable at both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndsRow {
    /// The RFC's name for it: `SND.UNA`, `RTO`.
    pub name: &'static str,
    /// Its value at the client and at the server; `-` for what is not known.
    pub values: [String; 2],
    /// Whether the step changed it.
    pub changed: [bool; 2],
}

/// Both ends of the step's TCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The names of the two ends.
    pub names: [String; 2],
    /// The variables, the state first, the most telling next.
    pub rows: Vec<EndsRow>,
    /// Whose values were inferred from the frames, not known.
    pub inferred: [bool; 2],
}

/// How sequence numbers are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Numbers {
    /// Counted from the initial sequence number.
    #[default]
    Relative,
    /// As they are on the wire.
    Raw,
}

/// One direction's sequence space at the step. Numbers are relative to the initial sequence number where `raw` was not
/// asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeqSpace {
    /// The initial sequence number, raw; `None` if it is not known.
    pub isn: Option<u32>,
    /// SND.UNA of the sender: everything before it was acknowledged.
    pub una: Option<u32>,
    /// SND.NXT of the sender: everything before it was sent.
    pub nxt: Option<u32>,
    /// RCV.NXT of the receiver: everything before it arrived in order.
    pub rcv_nxt: Option<u32>,
    /// The right edge of the window that the sender may use.
    pub window_end: Option<u32>,
    /// What was sent so far, in order, without overlap: the runs between which it is worth drawing a border.
    pub runs: Vec<SeqRun>,
}

/// A run of sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeqRun {
    /// Start and end (exclusive).
    pub range: Range<u32>,
    /// What uses the numbers.
    pub kind: SeqKind,
    /// What happened to them so far.
    pub state: SeqState,
    /// The run is of the step's own frame.
    pub current: bool,
}

/// What uses a sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqKind {
    /// The SYN.
    Syn,
    /// Data.
    Data,
    /// The FIN.
    Fin,
}

/// What happened to a run of sequence numbers so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqState {
    /// Sent, not acknowledged.
    Sent,
    /// Lost on the way (the truth; unknown to both ends).
    Lost,
    /// Acknowledged.
    Acked,
    /// Acknowledged selectively, or waiting at the receiver behind a hole.
    Sacked,
    /// In a capture: never seen, although a later number was.
    Gap,
}

/// A node of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapNode {
    /// Which.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its address, empty for a switch.
    pub address: String,
    /// Whether it is a host (or else a switch).
    pub is_host: bool,
}

/// A link of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLink {
    /// Its ends.
    pub ends: [NodeId; 2],
    /// Delay and rate in words: `10 ms, 100 Mbit/s`; empty where not known.
    pub label: String,
}

/// Where the step's frame is on the map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MapAt {
    /// Nowhere: the step has no frame under way.
    #[default]
    Nowhere,
    /// In this node.
    Node(NodeId),
    /// On the link from the first to the second.
    Link(NodeId, NodeId),
    /// Lost on the link from the first to the second.
    Lost(NodeId, NodeId),
}

/// Nodes that hang from one of the path, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The node of the path.
    pub from: NodeId,
    /// The nodes, the nearest first.
    pub nodes: Vec<NodeId>,
}

/// The map at a step: all nodes and links, and of them the way between the two hosts that the step is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    /// The nodes.
    pub nodes: Vec<MapNode>,
    /// The links.
    pub links: Vec<MapLink>,
    /// From the one host that the step is about to the other, each a neighbour of the one before.
    pub path: Vec<NodeId>,
    /// What hangs from the path.
    pub branches: Vec<Branch>,
    /// Where the frame is.
    pub at: MapAt,
    /// What it is: `SYN, ACK`.
    pub label: String,
}

impl Map {
    /// A node by its id.
    pub fn node(&self, id: NodeId) -> Option<&MapNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The link between two nodes.
    pub fn link(&self, a: NodeId, b: NodeId) -> Option<&MapLink> {
        self.links
            .iter()
            .find(|link| link.ends == [a, b] || link.ends == [b, a])
    }

    /// How many nodes hang at most from one node of a path: the same for every step.
    pub fn most_hanging(&self) -> usize {
        let links_of = |node: &MapNode| {
            let is_of = |link: &&MapLink| link.ends.contains(&node.id);
            self.links.iter().filter(is_of).count()
        };
        let most = self.nodes.iter().map(links_of).max();
        most.unwrap_or(0).saturating_sub(2)
    }
}

/// A frame and everything that was understood of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameView {
    /// Which.
    pub id: FrameId,
    /// The number that people see, from 1.
    pub number: u32,
    /// When.
    pub time: Time,
    /// Its link-layer header type.
    pub link_type: LinkType,
    /// The bytes; buffer 0 of `dissection`.
    pub bytes: std::sync::Arc<[u8]>,
    /// Its length on the wire.
    pub original_len: u32,
    /// What is known of the frame as such: `frame.number`, `frame.time_epoch`. It is none of `dissection.layers`.
    pub frame: crate::proto::tree::Layer,
    /// Its layers and fields, with those that need earlier frames (`tcp.stream`, `tcp.seq`).
    pub dissection: Dissection,
    /// The messages that end in this frame.
    pub messages: Vec<MessageId>,
    /// Its conversation.
    pub flow: Option<FlowId>,
    /// What a TCP segment is for beside what its header says.
    pub role: Option<Role>,
}

/// What a TCP segment is for beside what its header says, told from the segments before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The third message of the handshake: the first ACK of the end that sent the SYN.
    HandshakeAck,
    /// Both ends opened at the same time: the SYN of this one once more, with the acknowledgment of the other's
    /// (RFC 9293 §3.5, figure 7).
    CrossedSynAck,
    /// Sent again, with no sign but time that it was missed.
    Retransmission,
    /// Sent again because duplicate ACKs asked for it (RFC 5681 §3.2).
    FastRetransmission,
    /// Sent again although it was acknowledged.
    NeedlessRetransmission,
    /// It comes after later ones, and brings bytes that were not seen before.
    OutOfOrder,
    /// The same acknowledgment once more, while data is outstanding (RFC 5681 §2).
    DuplicateAck,
    /// The same acknowledgment once more, with a larger window.
    WindowUpdate,
    /// It asks a peer whose window is closed (RFC 9293 §3.8.6.1).
    WindowProbe,
    /// It asks whether the peer is still there (RFC 9293 §3.8.4).
    KeepAlive,
    /// The answer to that.
    KeepAliveAck,
    /// It acknowledges all that the peer will send, the FIN too.
    FinAck,
}

/// A message of a stream and everything that was understood of it.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// Its conversation.
    pub flow: FlowId,
    /// Which way it went.
    pub dir: Dir,
    /// Its bytes; buffer 0 of `dissection`.
    pub bytes: Vec<u8>,
    /// Where they stand in the stream of that direction, from its first byte of data.
    pub stream: Range<u64>,
    /// Its layers and fields.
    pub dissection: Dissection,
    /// One line, such as `Text "hi"`; not yet made safe for a terminal.
    pub info: String,
    /// Where its bytes came from, in order.
    pub parts: Vec<Part>,
}

impl MessageView {
    /// The packets of Engine.IO that it carries over HTTP, as `info` names them behind the request or the status.
    pub fn packets(&self) -> Option<&str> {
        super::label::carried(&self.info).map(|(_, packets)| packets)
    }
}

/// A run of a message's bytes, and the frame that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where the run starts in the message.
    pub start: usize,
    /// The frame.
    pub frame: FrameId,
    /// The run in the frame.
    pub range: Range<usize>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowView {
    /// Which.
    pub id: FlowId,
    /// The protocol's Wireshark name: `tcp`, `udp`, `icmp`.
    pub protocol: &'static str,
    /// Its number among those of its protocol, as `tcp.stream` and `udp.stream` count.
    pub stream: u32,
    /// The client's and the server's address; the port is 0 where the protocol has none.
    pub ends: [std::net::SocketAddr; 2],
    /// Their names, or else the addresses.
    pub names: [String; 2],
    /// How many frames it has.
    pub frames: usize,
    /// Its first frame.
    pub first_frame: FrameId,
    /// Its beginning was not seen (TCP: no SYN), so client and server are a guess by port.
    pub mid_stream: bool,
    /// What is missing or could not be read, in words.
    pub notes: Vec<String>,
}

/// One of the seven layers at the step: what it adds to the data on the way down, or takes off on the way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// 1 to 7.
    pub osi: u8,
    /// The OSI name, such as `Transport`.
    pub osi_name: &'static str,
    /// The protocol here, such as `TCP`; empty where this step has none.
    pub protocol: String,
    /// Its unit as it stands here, in words: `20 B header + 34 B`, `preamble 8 B, FCS 0x1c2d3e4f`.
    pub unit: String,
    /// The bytes it takes of the frame, header and payload; empty where it has no bytes in it.
    pub range: Range<usize>,
    /// The bytes of its own header in the frame.
    pub header: Range<usize>,
    /// The step is at this layer.
    pub current: bool,
}

/// The physical layer of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Physical {
    /// The octets in the order of the wire: preamble, start delimiter, frame, FCS.
    pub octets: Vec<u8>,
    /// Where the frame itself starts among them.
    pub frame_start: usize,
    /// The frame check sequence, as the number that IEEE 802.3 defines (sent with its high-order bit first).
    pub fcs: u32,
    /// Bits a second of the link: the line code depends on it.
    pub rate: u64,
}

/// Bytes of one level of a message's way from the application to the wire, and where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The levels, from the application down to the bits.
    pub levels: Vec<Level>,
}

/// One level of a [`Trace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// What it is: `Text (UTF-8)`, `WebSocket payload, masked`, `TCP stream client > server`, `Frame 9`.
    pub name: String,
    /// The OSI layer.
    pub osi: u8,
    /// The place that the offsets count in.
    pub place: Place,
    /// The bytes traced, as offsets there (bits on the wire for [`Place::Bits`]).
    pub range: Range<usize>,
    /// The bytes themselves at this level (for bits: one 0 or 1 an element, in the order of the wire).
    pub bytes: Vec<u8>,
}

/// A place that offsets count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A buffer of a message's dissection (0: its bytes in the stream).
    Message(MessageId, usize),
    /// The byte stream of a direction, from its first byte of data.
    Stream(FlowId, Dir),
    /// The payload of the TCP segment in this frame.
    Segment(FrameId),
    /// The IP packet in this frame.
    Packet(FrameId),
    /// The frame.
    Frame(FrameId),
    /// The bits of the frame on the wire, from the first bit of the preamble.
    Bits(FrameId),
}

/// The line on top of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The scenario's or the file's title.
    pub title: String,
    /// Where it comes from.
    pub source: Source,
    /// The phases.
    pub phases: Vec<Phase>,
    /// The place of the current one in `phases`.
    pub current: PhaseId,
}
