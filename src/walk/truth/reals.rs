//! The ends of connections at real hosts: what they can be taken to know after what they sent, and after what arrived at
//! them. The simulation tells when that was, but nothing of what goes on in them.

use rustc_hash::FxHashMap;

use crate::base::{FrameId, NodeId};
use crate::proto::stream::Dir;
use crate::sim::outcome::Outcome;
use crate::stack::record::{Record, What};
use crate::walk::brief::Transport;
use crate::walk::infer::{End, Segment};
use crate::walk::pipeline::Pipeline;
use crate::walk::step::FlowId;

/// Each end at a real host, by the direction in which it sends: after which records it is how.
#[derive(Debug, Default)]
pub(super) struct Reals(FxHashMap<(FlowId, usize), Vec<(usize, End)>>);

impl Reals {
    /// The end after the record at `index`.
    pub fn end(&self, flow: FlowId, dir: Dir, index: usize) -> Option<End> {
        let history = self.history(flow, dir);
        let known = history.partition_point(|(record, _)| *record <= index);
        Some(history[known.checked_sub(1)?].1)
    }

    /// The end after each record that changed it.
    pub fn history(&self, flow: FlowId, dir: Dir) -> &[(usize, End)] {
        let history = self.0.get(&(flow, dir.index()));
        history.map_or(&[], Vec::as_slice)
    }

    /// Takes the next record.
    pub fn note(&mut self, outcome: &Outcome, pipeline: &Pipeline, index: usize, record: &Record) {
        let at = |node: &NodeId| outcome.nodes[node.index()].is_real;
        let Some(node) = record.node.filter(at) else {
            return;
        };
        let (frame, sends) = match record.what {
            What::FrameSent(frame) => (frame, true),
            // One whose FCS is wrong goes no further than the interface.
            What::FrameArrived(frame) if outcome.frames[frame.index()].arrived_bytes.is_none() => {
                (frame, false)
            }
            _ => return,
        };
        let Some((flow, segment)) = segment_of(pipeline, frame) else {
            return;
        };
        let dir = if sends {
            segment.dir
        } else {
            segment.dir.reverse()
        };
        if !is_at(outcome, pipeline, node, (flow, dir)) {
            return;
        }
        let history = self.0.entry((flow, dir.index())).or_default();
        let mut end = history.last().map_or_else(End::default, |(_, end)| *end);
        if sends {
            end.send(&segment);
        } else {
            end.arrive(&segment);
        }
        history.push((index, end));
    }
}

/// The segment in a frame, whichever router or switch sent it on.
fn segment_of(pipeline: &Pipeline, frame: FrameId) -> Option<(FlowId, Segment)> {
    let root = pipeline.root(frame);
    let meta = pipeline.meta(root);
    let Some(Transport::Tcp(tcp)) = pipeline.transport(root) else {
        return None;
    };
    let (dir, scale) = (meta.dir?, meta.segment?.scale);
    Some((meta.flow?, Segment { dir, tcp, scale }))
}

/// Whether the end is at this real node: by its address, or else by one that is of no node.
fn is_at(outcome: &Outcome, pipeline: &Pipeline, node: NodeId, (flow, dir): (FlowId, Dir)) -> bool {
    let addr = pipeline.flows.get(flow).ends[dir.index()].ip();
    let mut nodes = outcome.nodes.iter();
    match nodes.position(|node| node.addrs.contains(&addr)) {
        Some(owner) => owner == node.index(),
        None => true,
    }
}
