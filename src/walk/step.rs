//! Steps: the things worth stopping at.

use crate::base::{FrameId, NodeId, RecordId, Time};

/// A step of a walk, counted from 0 over all grains. What people see is one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

/// A message of a stream (an HTTP request, a WebSocket frame), counted from 0 over the whole walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

/// A conversation: the frames between two addresses and ports of one protocol; for TCP one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u32);

/// A phase of the conversation, an index into the walk's phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhaseId(pub u32);

/// How fine the steps are. A walk at one grain stops at the steps of that grain and of all coarser ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Grain {
    /// One stop for each message of the application, and one for each phase without messages (a handshake).
    Message,
    /// One stop for each frame that a host sends, each loss and each timer that expires.
    Frame,
    /// One stop for each layer crossed inside a host, each hop and each decision.
    Layer,
}

/// One thing worth stopping at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub time: Time,
    /// The coarsest grain at which a walk stops here.
    pub grain: Grain,
    /// The phase it belongs to.
    pub phase: PhaseId,
    /// What it is, in a word or two: `SYN, ACK`, `Text "hi"`, `retransmission time-out`.
    pub title: String,
    /// The OSI layer it is at, 1 to 7.
    pub layer: u8,
    /// Where it happens; `None` on a link or where a capture cannot tell.
    pub node: Option<NodeId>,
    /// The record of the truth, in a simulation.
    pub record: Option<RecordId>,
    /// The frame that is sent, crosses the layer, or is lost; `None` where a timer, a program or the end makes the step.
    pub frame: Option<FrameId>,
    /// The message that is carried.
    pub message: Option<MessageId>,
    /// The conversation.
    pub flow: Option<FlowId>,
}
