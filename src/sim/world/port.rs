//! Where frames enter and leave the world, and what passes the interface of one node.

use std::sync::Arc;

use super::{Node, World};
use crate::base::{NodeId, Time};
use crate::stack::host::Transmit;

/// A frame that passed the interface of the watched node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When the node handed it to its link, or its last bit was received.
    pub time: Time,
    /// Which way it went.
    pub direction: Direction,
    /// The frame, without preamble and FCS.
    pub bytes: Arc<[u8]>,
}

/// Which way a frame goes at an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It comes to the node.
    In,
    /// The node sends it.
    Out,
}

impl World {
    /// Lets everything happen that is due until `time`, and makes that the time that is now. Of more than `events` it
    /// leaves the rest for the next call, and now is when the last one was. `false`: there is a rest, or a limit is
    /// reached.
    pub fn run_until(&mut self, time: Time, events: usize) -> bool {
        for _ in 0..events {
            if self.next_time().is_none_or(|next| next > time) {
                self.now = self.now.max(time);
                self.outcome.ended = self.now;
                return true;
            }
            if !self.step() {
                return false;
            }
        }
        false
    }

    /// A real node sends a frame, now. What is no place for a real node sends nothing.
    pub fn inject(&mut self, node: NodeId, bytes: &[u8]) {
        if let Some(Node::Real(port)) = self.nodes.get(node.index()) {
            let transmit = Transmit {
                bytes: bytes.into(),
                cause: None,
                forwards: None,
            };
            self.send(port.out, node, transmit);
        }
    }

    /// The next frame that has arrived at a real node.
    pub fn take_delivered(&mut self, node: NodeId) -> Option<Arc<[u8]>> {
        match self.nodes.get_mut(node.index()) {
            Some(Node::Real(port)) => port.delivered.pop_front(),
            _ => None,
        }
    }

    /// Watches the interface of this node from now on: what passes there is for [`World::take_seen`].
    pub fn watch(&mut self, node: NodeId) {
        self.watched = Some(node);
    }

    /// The frames that passed the interface of the watched node since the last call. As at a real interface, a frame
    /// that is lost behind it was seen, one that is lost on the way to it was not, and one with a wrong FCS neither.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    pub(super) fn note_seen(&mut self, node: NodeId, direction: Direction, bytes: &Arc<[u8]>) {
        if self.watched == Some(node) {
            self.seen.push(Seen {
                time: self.now,
                direction,
                bytes: Arc::clone(bytes),
            });
        }
    }
}
