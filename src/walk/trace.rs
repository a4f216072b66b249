//! Provenance: where bytes of a message are on every layer down to the bits, and what bytes of a frame are on every layer
//! up to the application.
//!
//! Both ways go through the same two mappings: from a buffer to the one that it was made from (a [`Derived`] knows its
//! pieces), and from a stream to the frames that brought it (its runs).

use std::ops::Range;

use super::Walk;
use super::brief::{Net, Transport};
use super::messages::Entry;
use super::reassembly::Run;
use super::step::MessageId;
use super::view::{Level, Place, Trace};
use crate::base::{FrameId, LinkType};
use crate::proto::physical;
use crate::proto::stream::Dir;
use crate::proto::tree::{Derived, Dissection, Origin};

/// A run of bytes in a buffer of a message.
type Held = (usize, Range<usize>);

impl Walk {
    /// Where bytes of a message are on every layer, down to the bits. `range` counts in `buffer` of its dissection.
    pub fn trace_message(&self, id: MessageId, buffer: usize, range: Range<usize>) -> Trace {
        let Some(entry) = self.pipeline.messages().get(id.0 as usize) else {
            return Trace::default();
        };
        let bytes = self.pipeline.message_bytes(id);
        let dissection = entry.seed.dissection(&bytes);
        let len = dissection.buffer(&bytes, buffer).len();
        let range = range.start.min(len)..range.end.min(len);
        let held = down_to_input(&dissection.derived, (buffer, range));
        let mut levels: Vec<Level> = held
            .iter()
            .map(|held| message_level(id, &dissection, &bytes, held))
            .collect();
        let runs: Vec<Run> = held
            .iter()
            .filter(|(buffer, _)| *buffer == 0)
            .flat_map(|(_, range)| self.message_runs(entry, range))
            .collect();
        self.add_stream(entry, &runs, &mut levels);
        let parts: Vec<_> = runs.iter().flat_map(|run| self.run_parts(run)).collect();
        self.add_lower(&parts, &mut levels);
        Trace { levels }
    }

    /// What bytes of a frame are on every layer, up to the application and down to the bits.
    pub fn trace_frame(&self, id: FrameId, range: Range<usize>) -> Trace {
        if id.index() >= self.frames() {
            return Trace::default();
        }
        let len = self.pipeline.store.get(id).bytes.len();
        let range = range.start.min(len)..range.end.min(len);
        let mut levels = Vec::new();
        let runs = self.runs_of_frame(id, &range);
        let messages = self.messages_of_runs(id, &runs);
        for (message, ranges) in &messages {
            let entry = &self.pipeline.messages()[message.0 as usize];
            let bytes = self.pipeline.message_bytes(*message);
            let dissection = entry.seed.dissection(&bytes);
            let mut held: Vec<Held> = Vec::new();
            for range in ranges {
                held.extend(up_from_input(&dissection.derived, range.clone()));
            }
            // what lies deepest in the message is the application's
            held.sort_by_key(|(buffer, _)| std::cmp::Reverse(*buffer));
            levels.extend(
                held.iter()
                    .map(|held| message_level(*message, &dissection, &bytes, held)),
            );
        }
        if let Some(entry) = self.stream_of(id) {
            self.add_stream_runs(entry, &runs, &mut levels);
        }
        let own = |mut level: Level| {
            level.place = match level.place {
                Place::Segment(_) => Place::Segment(id),
                place => place,
            };
            level
        };
        levels = levels.into_iter().map(own).collect();
        self.add_lower(&[(id, range)], &mut levels);
        Trace { levels }
    }

    /// The runs of the stream that hold bytes of a message.
    fn message_runs(&self, entry: &Entry, range: &Range<usize>) -> Vec<Run> {
        let stream = entry.start + range.start as u64..entry.start + range.end as u64;
        let tcp = self.pipeline.flows.get(entry.flow).tcp.as_ref();
        tcp.map_or_else(Vec::new, |tcp| {
            tcp.half(entry.dir).stream.runs_in(stream).collect()
        })
    }

    /// The runs of the stream that the bytes `range` of a frame are.
    fn runs_of_frame(&self, id: FrameId, range: &Range<usize>) -> Vec<Run> {
        let root = self.pipeline.root(id);
        let (whole, in_buffer) = self.pipeline.in_segment_buffer(root, range);
        let meta = self.pipeline.meta(whole);
        let (Some(flow), Some(dir), Some(segment)) = (meta.flow, meta.dir, meta.segment) else {
            return Vec::new();
        };
        let Some(tcp) = &self.pipeline.flows.get(flow).tcp else {
            return Vec::new();
        };
        let sent = segment.inserted;
        let (Ok(start), len) = (u64::try_from(sent.start.max(0)), u64::from(sent.len)) else {
            return Vec::new();
        };
        let runs = tcp.half(dir).stream.runs_in(start..start + len);
        let here = runs.filter_map(|run| cut_to(run, whole, &in_buffer));
        here.collect()
    }

    fn stream_of(&self, id: FrameId) -> Option<(super::step::FlowId, Dir)> {
        let (whole, _) = self
            .pipeline
            .in_segment_buffer(self.pipeline.root(id), &(0..0));
        let meta = self.pipeline.meta(whole);
        Some((meta.flow?, meta.dir.filter(|_| meta.segment.is_some())?))
    }

    /// The messages that lie in these runs of the stream of a frame, with the bytes of each that do.
    fn messages_of_runs(&self, id: FrameId, runs: &[Run]) -> Vec<(MessageId, Vec<Range<usize>>)> {
        let Some((flow, dir)) = self.stream_of(id) else {
            return Vec::new();
        };
        let mut found: Vec<(MessageId, Vec<Range<usize>>)> = Vec::new();
        for run in runs {
            for message in self.pipeline.messages_in(flow, dir, run.start..run.end()) {
                let entry = &self.pipeline.messages()[message.0 as usize];
                let end = entry.start + u64::from(entry.len);
                let from = run.start.max(entry.start) - entry.start;
                let to = run.end().min(end) - entry.start;
                let range = from as usize..to as usize;
                match found.last_mut().filter(|(last, _)| *last == message) {
                    Some((_, ranges)) => ranges.push(range),
                    None => found.push((message, vec![range])),
                }
            }
        }
        found
    }

    fn add_stream(&self, entry: &Entry, runs: &[Run], levels: &mut Vec<Level>) {
        self.add_stream_runs((entry.flow, entry.dir), runs, levels);
    }

    fn add_stream_runs(
        &self,
        (flow, dir): (super::step::FlowId, Dir),
        runs: &[Run],
        levels: &mut Vec<Level>,
    ) {
        let names = self
            .pipeline
            .flows
            .get(flow)
            .ends
            .map(|end| self.name_of(end.ip()));
        let name = format!(
            "TCP stream {} > {}",
            names[dir.index()],
            names[dir.reverse().index()]
        );
        for run in runs {
            levels.push(Level {
                name: name.clone(),
                osi: 4,
                place: Place::Stream(flow, dir),
                range: run.start as usize..run.end() as usize,
                bytes: self.pipeline.run_bytes(run).to_vec(),
            });
        }
        for run in runs {
            levels.extend(self.segment_level(run));
        }
    }

    /// A run as bytes of the segment that brought it.
    fn segment_level(&self, run: &Run) -> Option<Level> {
        let (frame, at) = run.source?;
        let transport = self.pipeline.transport(frame)?;
        let Transport::Tcp(tcp) = transport else {
            return None;
        };
        let start = (at as usize).checked_sub(tcp.payload.start)?;
        Some(Level {
            name: format!("TCP segment in frame {}", self.number(frame)),
            osi: 4,
            place: Place::Segment(frame),
            range: start..start + run.len as usize,
            bytes: self.pipeline.run_bytes(run).to_vec(),
        })
    }

    fn run_parts(&self, run: &Run) -> Vec<(FrameId, Range<usize>)> {
        let Some((frame, at)) = run.source else {
            return Vec::new();
        };
        let range = at as usize..at as usize + run.len as usize;
        let parts = self.pipeline.in_frames(frame, range).into_iter();
        parts.map(|(_, frame, range)| (frame, range)).collect()
    }

    /// Adds packet, frame and bits of parts of frames.
    fn add_lower(&self, parts: &[(FrameId, Range<usize>)], levels: &mut Vec<Level>) {
        levels.extend(
            parts
                .iter()
                .filter_map(|(frame, range)| self.packet_level(*frame, range)),
        );
        levels.extend(parts.iter().map(|(frame, range)| Level {
            name: format!("Frame {}", self.number(*frame)),
            osi: 2,
            place: Place::Frame(*frame),
            range: range.clone(),
            bytes: self.pipeline.store.get(*frame).bytes[range.clone()].to_vec(),
        }));
        levels.extend(
            parts
                .iter()
                .filter_map(|(frame, range)| self.bits_level(*frame, range)),
        );
    }

    fn packet_level(&self, frame: FrameId, range: &Range<usize>) -> Option<Level> {
        let stored = self.pipeline.store.get(frame);
        let Net::Ip(ip) = stored.net() else {
            return None;
        };
        let (from, to) = (range.start.max(ip.start), range.end.min(ip.payload.end));
        (from < to).then(|| Level {
            name: format!("IP packet in frame {}", self.number(frame)),
            osi: 3,
            place: Place::Packet(frame),
            range: from - ip.start..to - ip.start,
            bytes: stored.bytes[from..to].to_vec(),
        })
    }

    fn bits_level(&self, frame: FrameId, range: &Range<usize>) -> Option<Level> {
        let stored = self.pipeline.store.get(frame);
        let bytes = &stored.bytes[range.clone()];
        let bit = |byte: usize| (physical::LEAD_LEN + byte) * 8;
        let is_known = self.outcome.is_some() && stored.link_type == LinkType::ETHERNET;
        is_known.then(|| Level {
            name: format!("Bits of frame {} on the wire", self.number(frame)),
            osi: 1,
            place: Place::Bits(frame),
            range: bit(range.start)..bit(range.end),
            bytes: physical::to_bits(bytes),
        })
    }
}

/// The part of a run that the bytes `range` of the segment buffer of `frame` are.
fn cut_to(run: Run, frame: FrameId, range: &Range<usize>) -> Option<Run> {
    let (source, at) = run.source?;
    let (start, end) = (at as usize, at as usize + run.len as usize);
    let (from, to) = (range.start.max(start), range.end.min(end));
    (source == frame && from < to).then(|| Run {
        start: run.start + (from - start) as u64,
        len: (to - from) as u32,
        source: Some((frame, from as u32)),
    })
}

/// The bytes, and those that they were made from, and so on down to the message's own. What is deepest comes first.
pub(super) fn down_to_input(derived: &[Derived], from: Held) -> Vec<Held> {
    let mut all = vec![from.clone()];
    let mut level = vec![from];
    // a buffer is made from earlier ones, so this ends; the bound is for a dissection that is not so
    for _ in 0..derived.len() {
        let mut next: Vec<Held> = Vec::new();
        for (buffer, range) in &level {
            let Some(made) = buffer.checked_sub(1).and_then(|index| derived.get(index)) else {
                continue;
            };
            for piece in &made.pieces {
                let (from, to) = (
                    range.start.max(piece.start),
                    range.end.min(piece.start + piece.len),
                );
                if from >= to {
                    continue;
                }
                match piece.origin {
                    Origin::Buffer(origin, at) => {
                        let start = at + (from - piece.start);
                        next.push((origin, start..start + (to - from)));
                    }
                    Origin::Made(origin, at, len) => next.push((origin, at..at + len)),
                    Origin::Frame(..) => {}
                }
            }
        }
        if next.is_empty() {
            break;
        }
        all.extend(next.iter().cloned());
        level = next;
    }
    all
}

/// The bytes of the message's own buffer, and all that were made from them.
fn up_from_input(derived: &[Derived], range: Range<usize>) -> Vec<Held> {
    let mut all: Vec<Held> = vec![(0, range)];
    for (index, made) in derived.iter().enumerate() {
        let mut here = Vec::new();
        for piece in &made.pieces {
            let (origin, at, len) = match piece.origin {
                Origin::Buffer(origin, at) => (origin, at, piece.len),
                Origin::Made(origin, at, len) => (origin, at, len),
                Origin::Frame(..) => continue,
            };
            let is_made = matches!(piece.origin, Origin::Made(..));
            for (_, range) in all.iter().filter(|(buffer, _)| *buffer == origin) {
                let (from, to) = (range.start.max(at), range.end.min(at + len));
                let start = piece.start + (from - at.min(from));
                match from < to {
                    true if is_made => here.push((index + 1, piece.start..piece.start + piece.len)),
                    true => here.push((index + 1, start..start + (to - from))),
                    false => {}
                }
            }
        }
        all.extend(joined(here));
    }
    all
}

/// Joins ranges of a buffer that follow each other.
fn joined(mut ranges: Vec<Held>) -> Vec<Held> {
    ranges.sort_by_key(|(_, range)| range.start);
    let mut joined: Vec<Held> = Vec::new();
    for (buffer, range) in ranges {
        match joined.last_mut() {
            Some((_, last)) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push((buffer, range)),
        }
    }
    joined
}

fn message_level(
    id: MessageId,
    dissection: &Dissection,
    bytes: &[u8],
    (buffer, range): &Held,
) -> Level {
    let layer = dissection
        .layers
        .iter()
        .rfind(|layer| layer.buffer == *buffer);
    let lowest = dissection.layers.first();
    let name = match buffer
        .checked_sub(1)
        .and_then(|index| dissection.derived.get(index))
    {
        Some(derived) => derived.name.to_owned(),
        None => lowest.map_or_else(
            || "Message".to_owned(),
            |layer| format!("{} as sent", layer.protocol.short),
        ),
    };
    let osi = match layer {
        Some(layer) if *buffer > 0 => layer.protocol.osi,
        _ => lowest.map_or(7, |layer| layer.protocol.osi),
    };
    Level {
        name,
        osi: if *buffer > 0 && layer.is_none() {
            7
        } else {
            osi
        },
        place: Place::Message(id, *buffer),
        range: range.clone(),
        bytes: dissection
            .buffer(bytes, *buffer)
            .get(range.clone())
            .unwrap_or(&[])
            .to_vec(),
    }
}
