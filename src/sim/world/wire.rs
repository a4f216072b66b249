//! What happens to a frame on a link, and at both its ends.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::port::Direction;
use super::{Event, Node, PipeId, World};
use crate::base::{FrameId, LinkId, NodeId, RecordId};
use crate::proto::physical;
use crate::sim::fault::{self, Passing, Verdict};
use crate::sim::link::{Accepted, Outgoing};
use crate::sim::outcome::{Limit, Transmission};
use crate::sim::spec::CorruptPlace;
use crate::stack::host::Transmit;
use crate::stack::record::{Record, Text, What};

const TRANSMISSION: &str = "IEEE 802.3 §4.2.3";
const RECEPTION: &str = "IEEE 802.3 §4.2.4";
const FCS_VALIDATION: &str = "IEEE 802.3 §4.2.4.1.2";
const LEARNING: &str = "IEEE 802.1D §7.8";
const FORWARDING: &str = "IEEE 802.1D §7.7";
/// For what a scenario orders and no standard asks for.
pub(super) const FAULT: &str = "scenario";

/// What the world remembers of a transmission beside its [`Transmission`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    /// The last record about it.
    record: Option<RecordId>,
}

impl World {
    /// A node hands a frame to its link.
    pub(super) fn send(
        &mut self,
        pipe: Option<PipeId>,
        node: NodeId,
        Transmit {
            bytes,
            cause,
            forwards,
        }: Transmit,
    ) {
        let Some(pipe) = pipe else {
            self.record(
                node,
                1,
                cause,
                TRANSMISSION,
                What::Discarded("no link".into()),
            );
            return;
        };
        let bytes = if bytes.len() < physical::MIN_FRAME_LEN {
            Arc::from(physical::padded(&*bytes))
        } else {
            bytes
        };
        self.note_seen(node, Direction::Out, &bytes);
        self.offer(
            pipe,
            Outgoing {
                bytes,
                cause,
                repeats: forwards,
                first_hop: forwards.is_none(),
                copy: false,
                marked: false,
            },
        );
    }

    fn offer(&mut self, pipe: PipeId, frame: Outgoing) {
        // One event may want to send any number: the limit holds within it too, and the run ends after it.
        if self.outcome.frames.len() >= self.limits.frames {
            self.cut_short(Limit::Frames(self.limits.frames));
            return;
        }
        match self.pipes[pipe.0].offer(frame) {
            Accepted::Now(frame) => self.transmit(pipe, frame),
            Accepted::Waits => {}
            Accepted::Full(frame) => {
                let why = Cow::Borrowed("queue full");
                let cause = frame.cause;
                let (id, node) = self.add_transmission(pipe, &frame);
                let what = What::FrameDropped { frame: id, why };
                self.flights[id.index()].record =
                    self.record(node, 1, cause, "RFC 7567 §2.1", what);
                self.forget_bytes(id);
            }
        }
    }

    /// The gap behind a frame is over.
    pub(super) fn next_frame(&mut self, pipe: PipeId) {
        if let Some(frame) = self.pipes[pipe.0].free() {
            self.transmit(pipe, frame);
        }
    }

    /// Puts a frame on the wire: here the faults strike.
    fn transmit(&mut self, pipe: PipeId, frame: Outgoing) {
        let (id, node) = self.add_transmission(pipe, &frame);
        let sent = self.record(node, 1, frame.cause, TRANSMISSION, What::FrameSent(id));
        self.flights[id.index()].record = sent;
        if frame.marked {
            let text = "marked with Congestion Experienced: the queue is long";
            let what = What::FrameFaulted {
                frame: id,
                what: text.into(),
            };
            let marked = self.record(node, 1, sent, "RFC 3168 §5", what);
            self.flights[id.index()].record = marked;
        }
        let len = frame.bytes.len();
        self.queue.push(
            self.now + self.pipes[pipe.0].busy_for(len),
            Event::Free(pipe),
        );
        let verdict = self.judge(pipe, id, &frame);
        if let Some(late) = self.strike(pipe, id, verdict, frame) {
            let pipe = &self.pipes[pipe.0];
            let arrival = self.now + pipe.serialisation(len) + pipe.delay + late;
            self.queue.push(arrival, Event::Arrive(id));
        } else {
            self.forget_bytes(id);
        }
    }

    /// Writes a transmission down that starts now; its id, and the node that sends.
    fn add_transmission(&mut self, pipe: PipeId, frame: &Outgoing) -> (FrameId, NodeId) {
        let pipe = &self.pipes[pipe.0];
        let id = FrameId::from_index(self.outcome.frames.len());
        self.flights.push(Flight { record: None });
        self.outcome.frames.push(Transmission {
            link: pipe.link,
            from: pipe.from,
            to: pipe.to,
            repeats: frame.repeats,
            sent_at: self.now,
            arrived_at: None,
            bytes: Arc::clone(&frame.bytes),
            arrived_bytes: None,
        });
        (id, pipe.from)
    }

    fn judge(&mut self, pipe: PipeId, id: FrameId, frame: &Outgoing) -> Verdict {
        if frame.copy {
            return Verdict::Pass;
        }
        let pipe = &self.pipes[pipe.0];
        let passing = Passing {
            frame: id,
            time: self.now,
            link: pipe.link,
            from: pipe.from,
            first_hop: frame.first_hop,
            bytes: &frame.bytes,
        };
        fault::judge(&mut self.rules, passing)
    }

    /// Does to a frame what a fault wants; by how much it is late, or `None` if it is lost.
    fn strike(
        &mut self,
        pipe: PipeId,
        id: FrameId,
        verdict: Verdict,
        frame: Outgoing,
    ) -> Option<Duration> {
        if verdict == Verdict::Pass {
            return Some(Duration::ZERO);
        }
        let record = self.record_fault(id, &verdict);
        match verdict {
            Verdict::Pass => {}
            Verdict::Drop => return None,
            Verdict::Delay(by) => return Some(by),
            Verdict::Duplicate => {
                let copy = Outgoing {
                    cause: record,
                    repeats: Some(id),
                    copy: true,
                    marked: false,
                    ..frame
                };
                self.pipes[pipe.0].offer_first(copy);
            }
            Verdict::Corrupt { byte, bit, place } => {
                let mut bytes = frame.bytes.to_vec();
                if let Some(byte) = bytes.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
                let frame = &mut self.outcome.frames[id.index()];
                match place {
                    CorruptPlace::Wire => frame.arrived_bytes = Some(bytes.into()),
                    CorruptPlace::Memory => frame.bytes = bytes.into(),
                }
            }
        }
        Some(Duration::ZERO)
    }

    /// Writes down what a fault does, as the last record about the frame.
    fn record_fault(&mut self, id: FrameId, verdict: &Verdict) -> Option<RecordId> {
        let text = verdict.text();
        let what = match verdict {
            Verdict::Drop => What::FrameDropped {
                frame: id,
                why: text,
            },
            _ => What::FrameFaulted {
                frame: id,
                what: text,
            },
        };
        let cause = self.flights[id.index()].record;
        let record = self.record(None, 1, cause, FAULT, what);
        self.flights[id.index()].record = record;
        record
    }

    /// The last bit of a frame has come.
    pub(super) fn arrive(&mut self, id: FrameId) {
        let to = self.outcome.frames[id.index()].to;
        if self.is_down(to) {
            self.lose_at_dead_host(id, to);
            return;
        }
        let frame = &mut self.outcome.frames[id.index()];
        frame.arrived_at = Some(self.now);
        let (link, to) = (frame.link, frame.to);
        let (bytes, arrived) = (Arc::clone(&frame.bytes), frame.arrived_bytes.clone());
        self.forget_bytes(id);
        let cause = self.flights[id.index()].record;
        let cause = self.record(to, 1, cause, RECEPTION, What::FrameArrived(id));
        if let Some(why) = arrived.and_then(|arrived| fcs_error(&bytes, &arrived)) {
            self.record(to, 2, cause, FCS_VALIDATION, What::Discarded(why));
            return;
        }
        self.note_seen(to, Direction::In, &bytes);
        match &mut self.nodes[to.index()] {
            Node::Host(_) => self.call(to, cause, |host, cx| host.handle_frame(cx, &bytes)),
            Node::Switch(_) => self.forward(id, to, link, bytes, cause),
            Node::Router(_) => self.call_router(to, cause, |routing, cx| {
                routing.handle_frame(cx, link, &bytes, id);
            }),
            Node::Real(port) => port.delivered.push_back(bytes),
        }
    }

    /// A frame is no longer under way.
    fn forget_bytes(&mut self, id: FrameId) {
        if !self.keeping_frames {
            let frame = &mut self.outcome.frames[id.index()];
            (frame.bytes, frame.arrived_bytes) = (Arc::default(), None);
        }
    }

    fn lose_at_dead_host(&mut self, id: FrameId, node: NodeId) {
        self.forget_bytes(id);
        let what = What::FrameDropped {
            frame: id,
            why: "the host is down".into(),
        };
        let cause = self.flights[id.index()].record;
        self.flights[id.index()].record = self.record(node, 1, cause, FAULT, what);
    }

    /// A switch sends a frame on that has come whole (store and forward).
    fn forward(
        &mut self,
        id: FrameId,
        node: NodeId,
        ingress: LinkId,
        bytes: Arc<[u8]>,
        cause: Option<RecordId>,
    ) {
        let Node::Switch(switch) = &mut self.nodes[node.index()] else {
            return;
        };
        let Some(forwarding) = switch.handle_frame(ingress, &bytes) else {
            return;
        };
        let mut cause = cause;
        if let Some(mac) = forwarding.learned {
            let what = What::SwitchLearned { mac, link: ingress };
            cause = self.record(node, 2, cause, LEARNING, what).or(cause);
        }
        if forwarding.to.is_empty() {
            let why = "the destination is on the link that it came from";
            self.record(node, 2, cause, FORWARDING, What::Discarded(why.into()));
            return;
        }
        let (to, flooded) = (forwarding.to.clone(), forwarding.flooded);
        let what = What::SwitchForwarded {
            frame: id,
            to,
            flooded,
        };
        let cause = self.record(node, 2, cause, FORWARDING, what);
        for link in forwarding.to {
            let is_second = self.pipes[2 * link.index()].from != node;
            let pipe = PipeId(2 * link.index() + usize::from(is_second));
            let bytes = Arc::clone(&bytes);
            let repeats = Some(id);
            self.offer(
                pipe,
                Outgoing {
                    bytes,
                    cause,
                    repeats,
                    first_hop: false,
                    copy: false,
                    marked: false,
                },
            );
        }
    }

    pub(super) fn record(
        &mut self,
        node: impl Into<Option<NodeId>>,
        layer: u8,
        cause: Option<RecordId>,
        cite: &'static str,
        what: What,
    ) -> Option<RecordId> {
        if !self.outcome.log.is_on() {
            return None;
        }
        let (time, node) = (self.now, node.into());
        self.outcome.log.push(Record {
            time,
            node,
            layer,
            conn: None,
            cause,
            cite,
            what,
        })
    }
}

/// What the receiver's interface finds wrong: the FCS that was made for `sent` came with `arrived`.
fn fcs_error(sent: &[u8], arrived: &[u8]) -> Option<Text> {
    let (came, computed) = (physical::fcs_octets(sent), physical::fcs_octets(arrived));
    let hex = u32::from_be_bytes;
    (came != computed).then(|| {
        format!(
            "FCS wrong: {:#010x} came, {:#010x} fits",
            hex(came),
            hex(computed)
        )
        .into()
    })
}
