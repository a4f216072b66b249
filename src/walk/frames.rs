//! Frames and messages as views: dissected when they are looked at, with what only the walk knows added.

use super::Walk;
use super::brief::{Net, Transport};
use super::pipeline::Meta;
use super::step::{FlowId, MessageId};
use super::view::{FlowView, FrameView, MessageView, Part};
use crate::base::FrameId;
use crate::proto::dissect::{Addrs, FrameContext, dissect, dissect_ip_payload};
use crate::proto::frame::FrameFacts;
use crate::proto::tree::{Derived, Dissection, Expert, Layer, Origin, Piece, Severity};
use crate::proto::{frame, tcp, udp};

impl Walk {
    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.pipeline.store.len()
    }

    /// A frame and everything that was understood of it.
    pub fn frame(&self, id: FrameId) -> Option<FrameView> {
        if id.index() >= self.frames() {
            return None;
        }
        let stored = self.pipeline.store.get(id);
        let dissection = self.dissect(id);
        Some(FrameView {
            id,
            number: self.number(id),
            time: stored.time,
            link_type: stored.link_type,
            bytes: stored.bytes.clone(),
            original_len: stored.original_len,
            frame: frame::layer(&self.frame_facts(id), &dissection),
            dissection,
            messages: self.pipeline.ending_in(id).to_vec(),
            flow: self.pipeline.meta(id).flow,
            role: self
                .pipeline
                .meta(id)
                .segment
                .and_then(|segment| segment.role),
        })
    }

    fn frame_facts(&self, id: FrameId) -> FrameFacts {
        let stored = self.pipeline.store.get(id);
        let time_of = |index: usize| self.pipeline.store.get(FrameId::from_index(index)).time;
        let interface = stored
            .interface
            .and_then(|index| self.interfaces.get(index as usize));
        FrameFacts {
            number: Some(u64::from(self.number(id))),
            time: Some(stored.time),
            previous: id.index().checked_sub(1).map(time_of),
            first: Some(time_of(0)),
            interface: stored.interface,
            interface_name: interface.and_then(|interface| interface.name.clone()),
            cap_len: stored.bytes.len(),
            len: stored.bytes.len().max(stored.original_len as usize),
        }
    }

    fn dissect(&self, id: FrameId) -> Dissection {
        let stored = self.pipeline.store.get(id);
        let context = FrameContext {
            original_len: stored.original_len,
            fcs_len: stored.fcs_len,
            checksum_not_ready: stored.checksum_not_ready,
        };
        let mut dissection = dissect(stored.link_type, &stored.bytes, &context);
        self.go_on_reassembled(id, &context, &mut dissection);
        let meta = self.pipeline.meta(id);
        if let Some(layer) = find(&mut dissection, "tcp") {
            self.add_tcp(id, meta, layer);
        }
        let stream = meta.flow.map(|flow| self.pipeline.flows.get(flow).stream);
        if let (Some(layer), Some(stream)) = (find(&mut dissection, "udp"), stream) {
            udp::add_stateful(layer, stream);
        }
        dissection
    }

    /// With its last fragment, a datagram is read on.
    fn go_on_reassembled(&self, id: FrameId, context: &FrameContext, dissection: &mut Dissection) {
        let Some(datagram) = self.pipeline.datagram(id) else {
            return;
        };
        let stored = self.pipeline.store.get(id);
        let Net::Ip(ip) = stored.net() else {
            return;
        };
        let piece = |(start, frame, range): &(usize, FrameId, std::ops::Range<usize>)| Piece {
            start: *start,
            len: range.len(),
            origin: Origin::Frame(*frame, range.start),
        };
        dissection.derived.push(Derived {
            name: if ip.source.is_ipv4() {
                "Reassembled IPv4"
            } else {
                "Reassembled IPv6"
            },
            bytes: datagram.bytes.clone(),
            pieces: datagram.pieces.iter().map(piece).collect(),
        });
        let addrs = Addrs {
            src: ip.source,
            dst: ip.destination,
        };
        let buffer = dissection.derived.len();
        dissect_ip_payload(dissection, buffer, datagram.protocol, addrs, context);
        let text = match (datagram.conflict, datagram.overlap) {
            (true, _) => "Fragments overlap and do not agree; the first bytes are kept",
            (_, true) => "Fragments overlap",
            _ => return,
        };
        let layer = dissection
            .layers
            .iter()
            .rposition(|layer| layer.buffer == 0)
            .unwrap_or(0);
        dissection.experts.push(Expert {
            severity: Severity::Warn,
            layer,
            field: None,
            text: text.to_owned(),
        });
    }

    fn add_tcp(&self, id: FrameId, meta: &Meta, layer: &mut Layer) {
        let (Some(flow), Some(segment), Some([relative, delta])) =
            (meta.flow, meta.segment, meta.since)
        else {
            return;
        };
        let Some(Transport::Tcp(header)) = self.pipeline.transport(self.pipeline.root(id)) else {
            return;
        };
        let seq = header.seq.wrapping_sub(segment.base);
        let facts = tcp::StreamFacts {
            stream: self.pipeline.flows.get(flow).stream,
            completeness: Some(segment.completeness),
            seq: Some(seq),
            nxtseq: Some(seq.wrapping_add(header.seg_len())),
            ack: Some(header.ack.wrapping_sub(segment.ack_base.unwrap_or(0))),
            window_size: Some(segment.scale.apply(header.window)),
            window_scale: (!header.flags.syn).then(|| segment.scale.factor()),
            time_relative: relative,
            time_delta: delta,
        };
        tcp::add_stateful(layer, &facts);
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.pipeline.messages().len()
    }

    /// A message and everything that was understood of it.
    pub fn message(&self, id: MessageId) -> Option<MessageView> {
        let entry = self.pipeline.messages().get(id.0 as usize)?;
        let bytes = self.pipeline.message_bytes(id);
        Some(MessageView {
            id,
            flow: entry.flow,
            dir: entry.dir,
            stream: entry.start..entry.start + u64::from(entry.len),
            dissection: entry.seed.dissection(&bytes),
            info: entry.seed.info(&bytes),
            bytes,
            parts: self.parts(id),
        })
    }

    /// Where the bytes of a message came from, in order.
    pub(super) fn parts(&self, id: MessageId) -> Vec<Part> {
        let entry = &self.pipeline.messages()[id.0 as usize];
        let mut parts = Vec::new();
        for run in self.pipeline.runs_of(id) {
            let Some((frame, at)) = run.source else {
                continue;
            };
            let start = (run.start - entry.start) as usize;
            let range = at as usize..at as usize + run.len as usize;
            for (skipped, frame, range) in self.pipeline.in_frames(frame, range) {
                parts.push(Part {
                    start: start + skipped,
                    frame,
                    range,
                });
            }
        }
        parts
    }

    /// The conversations, in the order of their first frames.
    pub fn flows(&self) -> Vec<FlowView> {
        let flows = 0..self.pipeline.flows.list().len();
        flows
            .filter_map(|index| self.flow(FlowId(index as u32)))
            .collect()
    }

    /// A conversation.
    pub fn flow(&self, id: FlowId) -> Option<FlowView> {
        let flow = self.pipeline.flows.list().get(id.0 as usize)?;
        Some(FlowView {
            id,
            protocol: flow.kind.id(),
            stream: flow.stream,
            ends: flow.ends,
            names: flow.ends.map(|end| self.name_of(end.ip())),
            frames: flow.frames.len(),
            first_frame: *flow.frames.first()?,
            mid_stream: flow.mid_stream,
            notes: flow.tcp.as_ref().map_or_else(Vec::new, |tcp| tcp.notes()),
        })
    }
}

fn find<'a>(dissection: &'a mut Dissection, protocol: &str) -> Option<&'a mut Layer> {
    dissection
        .layers
        .iter_mut()
        .find(|layer| layer.protocol.id == protocol)
}
