//! What a run of the world leaves behind: its frames, its nodes and links, and the log of truth.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{FrameId, LinkId, NodeId, Time};
use crate::stack::record::{Log, Record, What};

/// Everything that a run left behind.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The nodes, by [`NodeId`].
    pub nodes: Vec<Node>,
    /// The links, by [`LinkId`].
    pub links: Vec<Link>,
    /// Every transmission on every link, by [`FrameId`], in the order in which they were sent.
    pub frames: Vec<Transmission>,
    /// What happened, and why.
    pub log: Log,
    /// When nothing more was to happen, or the run was ended.
    pub ended: Time,
    /// The limit that ended the run; `None` if it ended by itself.
    pub cut_short: Option<Limit>,
}

/// What a run has left behind since the last piece was taken out of it: the next frames and records of its [`Outcome`].
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// The next transmissions. When they arrive, a record tells, in this piece or a later one.
    pub frames: Vec<Transmission>,
    /// The next records.
    pub records: Vec<Record>,
    /// When it was taken.
    pub ended: Time,
    /// The limit behind which no piece follows.
    pub cut_short: Option<Limit>,
}

impl Piece {
    /// Puts the piece that follows behind this one.
    pub fn join(&mut self, next: Self) {
        self.frames.extend(next.frames);
        self.records.extend(next.records);
        self.ended = next.ended;
        self.cut_short = next.cut_short;
    }
}

impl Outcome {
    /// Adds the next piece of the same run.
    pub fn append(&mut self, piece: Piece) {
        self.frames.extend(piece.frames);
        for record in piece.records {
            if let What::FrameArrived(frame) = record.what {
                self.frames[frame.index()].arrived_at = Some(record.time);
            }
            self.log.push(record);
        }
        self.ended = piece.ended;
        self.cut_short = piece.cut_short;
    }

    /// Whether the host of this address is simulated, so that its records tell what it knows. Where no node is real,
    /// everything is.
    pub fn is_simulated(&self, addr: IpAddr) -> bool {
        let mut simulated = self.nodes.iter().filter(|node| !node.is_real);
        simulated.any(|node| node.addrs.contains(&addr)) || self.nodes.iter().all(|it| !it.is_real)
    }
}

/// A limit that a run has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So long it may last.
    Duration(Duration),
    /// So many frames it may send.
    Frames(usize),
    /// So many events it may have.
    Events(usize),
    /// So many records may be kept of it.
    Records(usize),
}

/// Which limit it is, and how to raise it.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(most) => {
                let most = most.as_secs_f64();
                write!(
                    f,
                    "the time is up after {most} s; `limit` in the scenario gives more"
                )
            }
            Self::Frames(most) => write!(f, "no run may send more than {most} frames"),
            Self::Events(most) => write!(f, "no run may have more than {most} events"),
            Self::Records(most) => write!(f, "no more than {most} records are kept"),
        }
    }
}

/// A node, as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The scenario's name for it.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Whether it is a host outside of the simulation, of which only the frames are known.
    pub is_real: bool,
    /// Its MAC addresses, one an interface; a switch has none, and those of a real host are not known.
    pub macs: Vec<[u8; 6]>,
    /// Its IP addresses.
    pub addrs: Vec<IpAddr>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A host with a whole stack.
    Host,
    /// A learning switch: layers 1 and 2 alone.
    Switch,
    /// A router: layers 1 to 3.
    Router,
}

/// A link between two nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its two ends.
    pub ends: [NodeId; 2],
    /// How long a bit takes from one end to the other.
    pub delay: Duration,
    /// Bits a second.
    pub rate: u64,
}

/// A frame on a link, once: a frame that a switch or a router sends on is another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Transmission {
    /// The link.
    pub link: LinkId,
    /// The node that sent it on this link.
    pub from: NodeId,
    /// The node at the other end.
    pub to: NodeId,
    /// The transmission that this one repeats: a switch sent it on, a router sent its packet (or a fragment of it) on,
    /// or a fault doubled it.
    pub repeats: Option<FrameId>,
    /// When the first bit was sent; where the queue was full, when it would have been queued.
    pub sent_at: Time,
    /// When the last bit was received; `None` if it was lost, or still under way at the end.
    pub arrived_at: Option<Time>,
    /// The bytes as they were sent, from the destination address to the end of the padding, without preamble and FCS;
    /// empty where frames are not kept ([`Spec::keeping_frames`](super::spec::Spec::keeping_frames)).
    pub bytes: Arc<[u8]>,
    /// The bytes as they arrived, where a fault flipped a bit on the wire: the FCS sent no longer fits them. (A bit
    /// flipped in memory is flipped in [`Transmission::bytes`], and the FCS fits.)
    pub arrived_bytes: Option<Arc<[u8]>>,
}
