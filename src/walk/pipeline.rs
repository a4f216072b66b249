//! The one way that every frame goes, in the order of the frames: fragments are put together, the conversation is found,
//! its streams go on, messages are read from them.

use std::net::{IpAddr, SocketAddr};

use rustc_hash::FxHashMap;

use super::brief::{self, Ip, Net, Transport};
use super::connection::SegmentFacts;
use super::defrag::{Datagram, Defrag};
use super::flows::{Flows, Kind, Opening, Talk};
use super::messages::{EndOf, Entry, Found};
use super::phases::{CLOSE, OPEN, Phases};
use super::reassembly::Run;
use super::step::{FlowId, MessageId};
use super::steps::PairId;
use super::store::{Frame, Store};
use crate::base::{FrameId, Time};
use crate::proto::registry::Protocol;
use crate::proto::stream::Dir;
use crate::proto::tree::Dissection;

/// What was learned of a frame when it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Meta {
    /// The number that people see, from 1: a frame that a switch sent on has that of the frame that it repeats, one that a
    /// router made has its own.
    pub number: u32,
    pub flow: Option<FlowId>,
    /// Which way it goes in its conversation.
    pub dir: Option<Dir>,
    pub pair: Option<PairId>,
    /// The frame completes this datagram.
    pub datagram: Option<u32>,
    pub segment: Option<SegmentFacts>,
    /// Nanoseconds since the first frame of the conversation, and since the one before.
    pub since: Option<[i64; 2]>,
    /// The name of the phase that it belongs to.
    pub phase: &'static str,
    /// The frame that it repeats, so that it was not taken as a new one of its conversation.
    pub repeats: Option<FrameId>,
    /// A router made it, for the packet of the frame that it repeats.
    pub routed: bool,
}

impl Meta {
    /// Whether no other frame has its number: all but those that a switch sent on.
    pub fn has_own_number(&self) -> bool {
        self.repeats.is_none() || self.routed
    }
}

/// What came of a frame.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The messages that were read thanks to it.
    pub messages: Vec<MessageId>,
    /// The gaps that showed with it.
    pub gaps: Vec<Gap>,
}

/// Bytes of a stream that were sent and not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub flow: FlowId,
    pub dir: Dir,
    pub len: u32,
}

/// What was made of the frames so far.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub store: Store,
    pub flows: Flows,
    /// How many frames have a number of their own.
    numbered: u32,
    metas: Vec<Meta>,
    phases: Phases,
    defrag: Defrag,
    datagrams: Vec<Datagram>,
    /// The frame that completed the datagram of each fragment.
    completed_by: FxHashMap<FrameId, FrameId>,
    messages: Vec<Entry>,
    /// The messages that begin in a frame, and those that are whole with it.
    beginning: FxHashMap<FrameId, Vec<MessageId>>,
    ending: FxHashMap<FrameId, Vec<MessageId>>,
    /// The gaps that were found since they were last asked for.
    gaps: Vec<Gap>,
    /// The first message that a frame brought bytes of.
    within: FxHashMap<FrameId, MessageId>,
}

impl Pipeline {
    /// Takes a frame, and tells what came of it.
    pub fn push(&mut self, frame: Frame) -> (FrameId, News) {
        let id = self.store.push(frame);
        self.numbered += 1;
        self.metas.push(Meta {
            number: self.numbered,
            ..Meta::default()
        });
        let first_message = self.messages.len();
        let frame = self.store.get(id);
        let net = frame.net();
        match net {
            Net::Arp(arp) => self.arp(id, arp),
            Net::Ip(ip) => self.ip(id, ip),
            Net::Other(_) => self.metas[id.index()].phase = self.phases.turn_to("Other"),
        }
        (id, self.news(first_message))
    }

    fn news(&mut self, first_message: usize) -> News {
        News {
            messages: (first_message..self.messages.len())
                .map(message_id)
                .collect(),
            gaps: std::mem::take(&mut self.gaps),
        }
    }

    /// Takes a frame that repeats an earlier one on another link: it belongs to the same conversation, but its bytes are
    /// not taken a second time.
    pub fn push_repeat(&mut self, frame: Frame, of: FrameId) -> FrameId {
        let id = self.store.push(frame);
        let root = self.root(of);
        let (of, root_meta) = (&self.metas[of.index()], &self.metas[root.index()]);
        let meta = Meta {
            repeats: Some(root),
            // behind a router a switch repeats the router's frame
            number: of.number,
            ..root_meta.clone()
        };
        self.metas.push(meta);
        id
    }

    /// Takes a frame that a router made for the packet of an earlier one: it has a number of its own.
    pub fn push_routed(&mut self, frame: Frame, of: FrameId) {
        let id = self.push_repeat(frame, of);
        self.numbered += 1;
        let meta = &mut self.metas[id.index()];
        meta.number = self.numbered;
        meta.routed = true;
    }

    /// Says that no frame will follow: what still waits behind a hole is read without it.
    pub fn finish(&mut self) -> News {
        let first_message = self.messages.len();
        let mut gaps = Vec::new();
        for index in 0..self.flows.list().len() {
            let id = FlowId(index as u32);
            let Some(tcp) = self.flows.get_mut(id).tcp.as_mut() else {
                continue;
            };
            for dir in [Dir::ToServer, Dir::ToClient] {
                let skipped = std::iter::from_fn(|| tcp.half_mut(dir).stream.skip());
                gaps.extend(skipped.map(|len| Gap { flow: id, dir, len }));
            }
            tcp.inferred.finish();
            self.read_messages(id, Dir::ToServer, EndOf::Capture);
        }
        self.gaps.extend(gaps);
        self.news(first_message)
    }

    /// What was learned of a frame.
    pub fn meta(&self, id: FrameId) -> &Meta {
        &self.metas[id.index()]
    }

    /// All messages, in the order in which they became whole.
    pub fn messages(&self) -> &[Entry] {
        &self.messages
    }

    /// The bytes of a message, from the frames that brought them.
    pub fn message_bytes(&self, id: MessageId) -> Vec<u8> {
        let runs = self.runs_of(id);
        runs.flat_map(|run| self.run_bytes(&run).iter().copied())
            .collect()
    }

    /// The layers of a message.
    pub fn message_dissection(&self, id: MessageId) -> Dissection {
        let seed = &self.messages[id.0 as usize].seed;
        seed.dissection(&self.message_bytes(id))
    }

    /// One line about a message, not yet made safe for a terminal.
    pub fn message_info(&self, id: MessageId) -> String {
        let seed = &self.messages[id.0 as usize].seed;
        seed.info(&self.message_bytes(id))
    }

    /// The messages whose first byte the frame brought.
    pub fn beginning_in(&self, id: FrameId) -> &[MessageId] {
        self.beginning.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The messages that were whole with the frame.
    pub fn ending_in(&self, id: FrameId) -> &[MessageId] {
        self.ending.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The message that the frame carries: the first that begins in it, or else that is whole with it, or else that it
    /// brings a part of.
    pub fn carried_message(&self, id: FrameId) -> Option<MessageId> {
        let message = self.beginning_in(id).first().or(self.ending_in(id).first());
        message.or(self.within.get(&id)).copied()
    }

    /// The message that is handed up when the frame has come: the first that is whole with it, if there is one.
    pub fn ended_message(&self, id: FrameId) -> Option<MessageId> {
        self.ending_in(id).first().or(self.within.get(&id)).copied()
    }

    /// The frame that this one repeats, or else itself.
    pub fn root(&self, id: FrameId) -> FrameId {
        self.meta(id).repeats.unwrap_or(id)
    }

    /// The frames that brought a message's bytes, in the order of the bytes.
    pub fn frames_of(&self, id: MessageId) -> impl Iterator<Item = FrameId> + '_ {
        self.runs_of(id)
            .filter_map(|run| run.source.map(|(frame, _)| frame))
    }

    /// The runs of the stream that a message's bytes are in.
    pub fn runs_of(&self, id: MessageId) -> impl Iterator<Item = Run> + '_ {
        let entry = &self.messages[id.0 as usize];
        let tcp = self.flows.get(entry.flow).tcp.as_ref();
        let range = entry.start..entry.start + u64::from(entry.len);
        tcp.into_iter()
            .flat_map(move |tcp| tcp.half(entry.dir).stream.runs_in(range.clone()))
    }

    /// The datagram that the frame completes.
    pub fn datagram(&self, id: FrameId) -> Option<&Datagram> {
        let index = self.metas[id.index()].datagram?;
        self.datagrams.get(index as usize)
    }

    /// The buffer that the offsets of a frame's segment count in: the datagram that it completes, or else the frame.
    pub fn segment_buffer(&self, id: FrameId) -> &[u8] {
        match self.datagram(id) {
            Some(datagram) => &datagram.bytes,
            None => &self.store.get(id).bytes,
        }
    }

    /// Where a range of the segment buffer of `id` is in frames: how far into the range, the frame, the range there.
    pub fn in_frames(
        &self,
        id: FrameId,
        range: std::ops::Range<usize>,
    ) -> Vec<(usize, FrameId, std::ops::Range<usize>)> {
        let Some(datagram) = self.datagram(id) else {
            return vec![(0, id, range)];
        };
        let pieces = datagram.pieces.iter().filter_map(|(start, frame, source)| {
            let (from, to) = (range.start.max(*start), range.end.min(start + source.len()));
            let at = source.start + from.checked_sub(*start)?;
            (from < to).then(|| (from - range.start, *frame, at..at + (to - from)))
        });
        pieces.collect()
    }

    /// Where a range of a frame is in a segment buffer: the frame that the buffer belongs to (the one that completed the
    /// datagram, for a fragment), and the range there.
    pub fn in_segment_buffer(
        &self,
        id: FrameId,
        range: &std::ops::Range<usize>,
    ) -> (FrameId, std::ops::Range<usize>) {
        let Some(&whole) = self.completed_by.get(&id) else {
            return (id, range.clone());
        };
        let pieces = self
            .datagram(whole)
            .into_iter()
            .flat_map(|datagram| &datagram.pieces);
        let mine = pieces
            .filter(|(_, frame, _)| *frame == id)
            .filter_map(|(start, _, source)| {
                let (from, to) = (range.start.max(source.start), range.end.min(source.end));
                (from < to).then(|| start + (from - source.start)..start + (to - source.start))
            });
        let all = mine.reduce(|all, piece| all.start..piece.end);
        (whole, all.unwrap_or(0..0))
    }

    /// The messages of a direction that lie in a range of its stream, in order.
    pub fn messages_in(
        &self,
        flow: FlowId,
        dir: Dir,
        range: std::ops::Range<u64>,
    ) -> impl Iterator<Item = MessageId> + '_ {
        let tcp = self.flows.get(flow).tcp.as_ref();
        let all = tcp.map_or(&[][..], |tcp| &tcp.messages[dir.index()]);
        let entry = |id: MessageId| &self.messages[id.0 as usize];
        let end = move |id: MessageId| entry(id).start + u64::from(entry(id).len);
        let first = all.partition_point(|id| end(*id) <= range.start);
        all[first..]
            .iter()
            .copied()
            .take_while(move |id| entry(*id).start < range.end)
    }

    /// The frame's transport header; `None` where there is none (in a part of a datagram, say). Its offsets count in
    /// [`Self::segment_buffer`].
    pub fn transport(&self, id: FrameId) -> Option<Transport> {
        let frame = self.store.get(id);
        let Net::Ip(ip) = frame.net() else {
            return None;
        };
        match (self.datagram(id), ip.fragment) {
            (Some(datagram), _) => {
                let len = datagram.bytes.len();
                Some(brief::transport(
                    &datagram.bytes,
                    0..len,
                    len,
                    datagram.protocol,
                ))
            }
            (None, Some(_)) => None,
            (None, None) => Some(brief::transport(
                &frame.bytes,
                ip.payload,
                ip.wire_len,
                ip.protocol,
            )),
        }
    }

    fn arp(&mut self, id: FrameId, arp: brief::Arp) {
        let ends = [arp.sender, arp.target].map(|ip| SocketAddr::new(IpAddr::V4(ip), 0));
        let pair = self.flows.pair_of(ends);
        let meta = &mut self.metas[id.index()];
        meta.pair = Some(pair);
        meta.phase = self.phases.turn_to("ARP");
    }

    /// Neighbor Discovery is between the asker and the one whose address is asked for, whatever group the question goes
    /// to.
    fn discovery(&mut self, id: FrameId, ip: &Ip, solicits: bool, target: IpAddr) {
        let other = if solicits { target } else { ip.destination };
        let ends = [ip.source, other].map(|ip| SocketAddr::new(ip, 0));
        let pair = self.flows.pair_of(ends);
        let meta = &mut self.metas[id.index()];
        meta.pair = Some(pair);
        meta.phase = self.phases.turn_to("ND");
    }

    fn ip(&mut self, id: FrameId, ip: Ip) {
        if let Some(fragment) = ip.fragment {
            let bytes = &self.store.get(id).bytes;
            if let Some(datagram) = self.defrag.push(id, &ip, fragment, bytes) {
                for (_, frame, _) in &datagram.pieces {
                    self.completed_by.insert(*frame, id);
                }
                self.datagrams.push(datagram);
                self.metas[id.index()].datagram = Some(self.datagrams.len() as u32 - 1);
            }
        }
        let transport = self.transport(id);
        match transport {
            Some(Transport::Tcp(tcp)) => self.tcp(id, &ip, &tcp),
            Some(Transport::Udp {
                source,
                destination,
                ..
            }) => self.datagram_flow(id, &ip, Kind::Udp, [source, destination]),
            Some(Transport::Neighbor { solicits, target }) => {
                self.discovery(id, &ip, solicits, target.into());
            }
            Some(Transport::Icmp { v6, id: echo, .. }) => {
                let kind = if v6 { Kind::Icmpv6 } else { Kind::Icmp };
                let port = echo.unwrap_or(0);
                self.datagram_flow(id, &ip, kind, [port, port]);
            }
            _ => self.lone_packet(id, &ip),
        }
    }

    /// A fragment, or a packet of a protocol that is not known here: it has two hosts, but no conversation.
    fn lone_packet(&mut self, id: FrameId, ip: &Ip) {
        let pair = self
            .flows
            .pair_of([ip.source, ip.destination].map(|ip| SocketAddr::new(ip, 0)));
        let meta = &mut self.metas[id.index()];
        meta.pair = Some(pair);
        meta.phase = self.phases.turn_to("IP");
    }

    fn datagram_flow(&mut self, id: FrameId, ip: &Ip, kind: Kind, ports: [u16; 2]) {
        let flow = self.join_flow(id, ip, kind, ports, Opening::Datagram);
        let well_known = |port: u16| match port {
            53 => Some("DNS"),
            67 | 68 => Some("DHCP"),
            123 => Some("NTP"),
            5353 => Some("mDNS"),
            _ => None,
        };
        let phase = match kind {
            Kind::Icmp => "ICMP",
            Kind::Icmpv6 => "ICMPv6",
            Kind::Udp | Kind::Tcp => ports.into_iter().find_map(well_known).unwrap_or("UDP"),
        };
        let meta = &mut self.metas[id.index()];
        meta.flow = Some(flow);
        meta.phase = self.phases.turn_to(phase);
    }

    /// Adds the frame to its conversation, and notes where it stands in it.
    fn join_flow(
        &mut self,
        id: FrameId,
        ip: &Ip,
        kind: Kind,
        ports: [u16; 2],
        opening: Opening,
    ) -> FlowId {
        let talk = Talk {
            kind,
            from: SocketAddr::new(ip.source, ports[0]),
            to: SocketAddr::new(ip.destination, ports[1]),
        };
        let time = self.store.get(id).time;
        let flow_id = self.flows.of_frame(id, time, talk, opening);
        let flow = self.flows.get_mut(flow_id);
        let since = |earlier: Time| time.0.wrapping_sub(earlier.0).cast_signed();
        let meta = &mut self.metas[id.index()];
        meta.flow = Some(flow_id);
        meta.dir = Some(flow.dir_from(talk.from));
        meta.pair = Some(flow.pair);
        meta.since = Some([since(flow.first_time), since(flow.last_time)]);
        flow.last_time = time;
        flow_id
    }

    fn tcp(&mut self, id: FrameId, ip: &Ip, tcp: &brief::Tcp) {
        let opening = match (tcp.flags.syn, tcp.flags.ack) {
            (true, false) => Opening::Syn(tcp.seq),
            (true, true) => Opening::SynAck,
            (false, _) => Opening::Midst,
        };
        let ports = [tcp.source, tcp.destination];
        let flow_id = self.join_flow(id, ip, Kind::Tcp, ports, opening);
        let dir = self.metas[id.index()].dir.unwrap_or(Dir::ToServer);

        let Some(mut connection) = self.flows.get_mut(flow_id).tcp.take() else {
            return;
        };
        let facts = connection.segment(id, dir, tcp, |run, range, at| {
            self.same_bytes(run, &range, id, at)
        });
        connection.inferred.segment(id, dir, tcp, facts.scale);
        for dir in [Dir::ToServer, Dir::ToClient] {
            let skipped = std::iter::from_fn(|| connection.half_mut(dir).stream.skip_acked());
            let gap = |len| Gap {
                flow: flow_id,
                dir,
                len,
            };
            self.gaps.extend(skipped.map(gap));
        }
        let (closes, is_closing) = (facts.closes, connection.closing);
        self.flows.get_mut(flow_id).tcp = Some(connection);

        self.metas[id.index()].segment = Some(facts);
        self.read_messages(flow_id, dir, EndOf::Segment);
        let phase = match (tcp.flags.syn, closes) {
            (true, _) => Some(OPEN),
            (false, true) => Some(CLOSE),
            (false, false) => self.phase_of_data(flow_id, id, tcp, is_closing),
        };
        let flow = self.flows.get(flow_id);
        let ends = flow.ends;
        if flow.frames.len() == 1 {
            self.phases.begin(ends);
        }
        self.metas[id.index()].phase = self.phases.of_segment(ends, phase, is_closing);
    }

    /// Whether the bytes `range` of a stream, which `run` holds, are those from `at` of the segment of `frame`.
    fn same_bytes(&self, run: &Run, range: &std::ops::Range<u64>, frame: FrameId, at: u32) -> bool {
        let skipped = (range.start - run.start) as usize;
        let len = (range.end - range.start) as usize;
        let old = run.source.and_then(|(frame, start)| {
            let start = start as usize + skipped;
            self.segment_buffer(frame).get(start..start + len)
        });
        let new = self
            .segment_buffer(frame)
            .get(at as usize..at as usize + len);
        old.is_none() || old == new
    }

    fn read_messages(&mut self, flow_id: FlowId, first: Dir, end: EndOf) {
        let flow = self.flows.get_mut(flow_id);
        let ports = [flow.ends[0].port(), flow.ends[1].port()];
        let Some(mut connection) = flow.tcp.take() else {
            return;
        };
        let mut reading = std::mem::take(&mut connection.reading);
        let streams = [Dir::ToServer, Dir::ToClient].map(|dir| &connection.half(dir).stream);
        let found = reading.read(streams, first, ports, end, |run| self.run_bytes(run));
        connection.reading = reading;
        for message in found {
            let dir = message.dir;
            let stream = &connection.half(dir).stream;
            let added = self.add_message(flow_id, stream, message);
            connection.messages[dir.index()].extend(added);
        }
        self.flows.get_mut(flow_id).tcp = Some(connection);
    }

    /// The bytes of a run of a stream; none of a gap.
    pub fn run_bytes(&self, run: &Run) -> &[u8] {
        let Some((frame, at)) = run.source else {
            return &[];
        };
        let at = at as usize;
        self.segment_buffer(frame)
            .get(at..at + run.len as usize)
            .unwrap_or(&[])
    }

    fn add_message(
        &mut self,
        flow: FlowId,
        stream: &super::reassembly::Stream,
        found: Found,
    ) -> Option<MessageId> {
        let len = found.message.len as u64;
        let frames = stream
            .runs_in(found.start..found.start + len)
            .filter_map(|run| run.source.map(|(frame, _)| frame));
        let frames: Vec<FrameId> = frames.collect();
        let (&first, &last) = (frames.first()?, frames.iter().max()?);
        let id = message_id(self.messages.len());
        self.messages.push(Entry {
            flow,
            dir: found.dir,
            start: found.start,
            len: len as u32,
            seed: found.message.seed,
            first,
        });
        self.beginning.entry(first).or_default().push(id);
        self.ending.entry(last).or_default().push(id);
        for frame in frames {
            self.within.entry(frame).or_insert(id);
        }
        Some(id)
    }

    /// What the data of a segment is about; a bare acknowledgment says nothing new, nor does a RST that is refused.
    fn phase_of_data(
        &self,
        flow: FlowId,
        id: FrameId,
        tcp: &brief::Tcp,
        is_closing: bool,
    ) -> Option<&'static str> {
        if tcp.payload.is_empty() || tcp.flags.rst {
            return None;
        }
        Some(match self.ending_in(id).first() {
            Some(message) => self.phase_of_message(*message),
            None if is_closing => CLOSE,
            None => {
                let tcp = self.flows.get(flow).tcp.as_ref();
                tcp.and_then(|tcp| tcp.reading.speaking()).unwrap_or("Data")
            }
        })
    }

    fn phase_of_message(&self, id: MessageId) -> &'static str {
        phase_name(self.messages[id.0 as usize].seed.protocol())
    }
}

/// What a protocol's phase is called.
pub(super) fn phase_name(protocol: &'static Protocol) -> &'static str {
    match protocol.id {
        "websocket" => "WS",
        _ => protocol.short,
    }
}

fn message_id(index: usize) -> MessageId {
    MessageId(u32::try_from(index).expect("fewer than 2^32 messages"))
}
