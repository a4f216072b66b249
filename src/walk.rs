//! The thing that is walked: frames, what they mean, and the steps through them, forward and back.
//!
//! One pipeline for every frame, simulated, read or live: the [`pipeline`] takes frames in their order, puts fragments
//! together, tells conversations apart, reassembles streams and reads messages from them. [`steps`] makes of that the
//! places worth stopping at. Everything else here is a view: plain data, looked up at a step, so that going back runs
//! nothing.

mod analysis;
mod brief;
mod changes;
mod connection;
mod defrag;
mod ends;
mod flows;
mod frames;
mod infer;
mod label;
mod ladder;
mod layers;
mod map;
mod messages;
mod phases;
mod pipeline;
mod reassembly;
mod relay;
mod seq_space;
mod steps;
mod store;
mod trace;
mod truth;

pub mod expect;
pub mod graph;
pub mod lesson;
pub mod select;
pub mod states;
pub mod step;
pub mod view;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::base::{FrameId, LinkType, NodeId, RecordId};
use crate::capture::packet::{Capture, Interface, Packet, ResolvedName};
use crate::proto::physical;
use crate::sim::outcome::{NodeKind, Outcome, Piece, Transmission};
use crate::stack::record::{Record, What};

use lesson::Lesson;
use pipeline::{News, Pipeline};
use step::{FlowId, Grain, MessageId, PhaseId, Step, StepId};
use steps::Steps;
use steps::sim::Told;
use store::Frame;
use truth::Truth;
use view::{Heading, Physical, Source};

/// So many phases before and after the current one are handed out at most.
const PHASES_AROUND: usize = 100;

/// A walk: frames, flows, streams and messages, the steps through them, and (of a simulation) the truth.
#[derive(Debug)]
pub struct Walk {
    title: String,
    source: Source,
    interfaces: Vec<Interface>,
    names: Vec<ResolvedName>,
    pipeline: Pipeline,
    steps: Steps,
    /// The step that is the frame itself, by [`FrameId`].
    frame_steps: Vec<StepId>,
    outcome: Option<Outcome>,
    truth: Option<Truth>,
    lesson: Lesson,
    graphs: graph::Cache,
    /// What a person can do so that something comes.
    invitation: String,
    /// Nothing will follow.
    finished: bool,
}

/// Making a walk.
impl Walk {
    fn empty(title: &str, source: Source) -> Self {
        Self {
            title: title.to_owned(),
            source,
            interfaces: Vec::new(),
            names: Vec::new(),
            pipeline: Pipeline::default(),
            steps: Steps::default(),
            frame_steps: Vec::new(),
            outcome: None,
            truth: None,
            lesson: Lesson::default(),
            graphs: graph::Cache::default(),
            invitation: String::new(),
            finished: false,
        }
    }

    /// The walk of a simulation.
    pub fn from_outcome(title: &str, seed: u64, outcome: Outcome) -> Self {
        let mut walk = Self::told(title, Source::Simulated { seed }, outcome);
        walk.finish();
        walk
    }

    /// The walk of a world that runs, in which some hosts are real, behind the devices `taps`. `outcome` is what there is
    /// before its first event; what follows is added by [`Walk::append`].
    pub fn attached(title: &str, taps: &str, outcome: Outcome) -> Self {
        let taps = taps.to_owned();
        Self::told(title, Source::Attached { taps }, outcome)
    }

    fn told(title: &str, source: Source, outcome: Outcome) -> Self {
        let mut walk = Self::empty(title, source);
        walk.outcome = Some(outcome);
        walk.truth = Some(Truth::default());
        walk.go_on();
        walk
    }

    /// Adds the next piece of what the world leaves behind that it was made of. Steps that are there stay, with what is
    /// told of them; of the last ones, and of those of a message that becomes whole, more is told than before.
    pub fn append(&mut self, piece: Piece) {
        if let Some(outcome) = self.outcome.as_mut().filter(|_| !self.finished) {
            outcome.append(piece);
            self.go_on();
        }
    }

    /// Takes what was added to the outcome; when nothing will follow, the end too.
    fn go_on(&mut self) {
        let (Some(outcome), Some(truth)) = (&self.outcome, &mut self.truth) else {
            return;
        };
        let pipeline = &mut self.pipeline;
        let mut messages = Vec::new();
        for frame in &outcome.frames[pipeline.store.len()..] {
            messages.extend(push_transmission(pipeline, outcome, frame).messages);
        }
        let changed = truth.go_on(outcome, pipeline);
        if self.finished {
            messages.extend(pipeline.finish().messages);
        }
        let frames = messages.iter().flat_map(|id| pipeline.frames_of(*id));
        let named = frames.filter_map(|frame| truth.first_about(frame));
        let changed = named.fold(changed, usize::min);
        let told = Told {
            outcome,
            truth,
            pipeline,
        };
        (self.steps).tell_records(&told, changed, &mut self.frame_steps);
        if self.finished {
            self.steps.push_end(&told);
        }
        self.find_notes();
    }

    /// The walk of a capture file of this name.
    pub fn from_capture(name: &str, capture: Capture) -> Self {
        let source = Source::Capture {
            name: name.to_owned(),
        };
        let mut walk = Self::empty(name, source);
        walk.interfaces = capture.interfaces;
        walk.names = capture.names;
        for packet in capture.packets {
            walk.push_packet(packet);
        }
        walk.finish();
        walk
    }

    /// An empty walk that packets of this interface will be added to, by [`Walk::push_packet`].
    pub fn live(interface: &str, iface: Interface) -> Self {
        let source = Source::Live {
            interface: interface.to_owned(),
        };
        let mut walk = Self::empty(interface, source);
        walk.interfaces.push(iface);
        walk
    }

    /// Says what can be done so that something comes, in lines; see [`Walk::invitation`].
    pub fn invite(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.invitation);
        self
    }

    /// Gives names to hosts, by their addresses.
    pub fn name_hosts(&mut self, names: impl IntoIterator<Item = ResolvedName>) {
        self.names.extend(names);
    }

    /// Adds the next packet of a capture.
    pub fn push_packet(&mut self, packet: Packet) {
        let iface = self.interfaces.get(packet.interface as usize);
        let frame = Frame {
            time: packet.time,
            link_type: iface.map_or(LinkType::ETHERNET, |iface| iface.link_type),
            original_len: packet.original_len,
            bytes: packet.bytes,
            interface: Some(packet.interface),
            fcs_len: iface.and_then(|iface| iface.fcs_len),
            checksum_not_ready: packet.checksum_not_ready,
        };
        let before = self.last_frame();
        let (id, news) = self.pipeline.push(frame);
        for gap in &news.gaps {
            self.steps.push_gap(&self.pipeline, gap, before);
        }
        let step = self.steps.push_frame(&self.pipeline, id);
        self.frame_steps.push(step);
        self.note_messages(&news.messages);
    }

    /// Says that no packet will follow: what waits behind a hole in a stream is read without what is missing, and the
    /// last step is the end, when the last frame has arrived.
    pub fn finish(&mut self) {
        if self.finished {
            return;
        }
        self.finished = true;
        if self.outcome.is_some() {
            return self.go_on();
        }
        let news = self.pipeline.finish();
        for gap in &news.gaps {
            self.steps.push_gap(&self.pipeline, gap, self.last_frame());
        }
        self.note_messages(&news.messages);
        if let Some(last) = self.last_frame() {
            self.steps.push_end_of_frames(&self.pipeline, last);
            self.show_last_arrivals();
        }
    }

    /// A connection that is not the one at the end has no step behind its last frame: the arrival of that becomes one,
    /// where it changes a state.
    fn show_last_arrivals(&mut self) {
        let at_end = self
            .last(Grain::Layer)
            .and_then(|end| self.connection_at(end));
        let flows = self.pipeline.flows.list().iter().enumerate();
        let others = flows.filter(|(id, _)| at_end != Some(FlowId(*id as u32)));
        let arrivals: Vec<StepId> = others
            .filter_map(|(_, flow)| {
                let (tcp, last) = (flow.tcp.as_ref()?, *flow.frames.last()?);
                let states = |ends: [infer::End; 2]| ends.map(|end| end.state);
                let changes = states(tcp.inferred.at(last)) != states(tcp.inferred.at_end()?);
                changes.then(|| self.arrival_at_tcp(last)).flatten()
            })
            .collect();
        for id in arrivals {
            self.steps.make_coarser(id, Grain::Frame);
            let step = self.steps.get_mut(id);
            let title = step.frame.map(|frame| label::title(&self.pipeline, frame));
            step.title = format!("{} arrives", title.unwrap_or_default());
        }
    }

    /// The step at which the receiver's TCP gets a frame of a capture.
    fn arrival_at_tcp(&self, frame: FrameId) -> Option<StepId> {
        let after = self.frame_steps[frame.index()].0 + 1;
        let steps = (after..).zip(&self.steps()[after as usize..]);
        let mut own = steps.take_while(|(_, step)| step.frame == Some(frame));
        own.find(|(_, step)| step.layer == 4)
            .map(|(id, _)| StepId(id))
    }

    fn last_frame(&self) -> Option<FrameId> {
        self.frames().checked_sub(1).map(FrameId::from_index)
    }

    fn note_messages(&mut self, messages: &[MessageId]) {
        for &message in messages {
            let step_of = |frame: FrameId| self.frame_steps[frame.index()];
            self.steps.note_message(&self.pipeline, message, step_of);
        }
        let mut firsts: Vec<FrameId> = messages
            .iter()
            .map(|id| self.pipeline.messages()[id.0 as usize].first)
            .collect();
        firsts.dedup();
        for frame in firsts {
            let step = self.frame_steps[frame.index()];
            self.steps.name_frame(&self.pipeline, frame, step);
        }
    }
}

/// Going through it.
impl Walk {
    /// The scenario's or the file's title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What a person can do so that something comes, of a walk that grows: worth showing as long as it is empty.
    pub fn invitation(&self) -> &str {
        &self.invitation
    }

    /// All steps, in order; [`StepId`] is the place in it.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// The step, or of an id beyond the end the last one; `None` only if the walk is empty.
    pub fn step(&self, at: StepId) -> Option<&Step> {
        let list = self.steps.list();
        list.get(at.0 as usize).or(list.last())
    }

    /// The step itself, or where it lies beyond the end the last one.
    fn clamp(&self, at: StepId) -> Option<StepId> {
        Some(at.min(self.last(Grain::Layer)?))
    }

    /// Whether the step is the end, behind everything that happens.
    pub fn is_end(&self, at: StepId) -> bool {
        self.finished && self.next(at, Grain::Layer).is_none()
    }

    /// The first step of this grain or a coarser one.
    pub fn first(&self, grain: Grain) -> Option<StepId> {
        self.steps.first(grain)
    }

    /// The last step of this grain or a coarser one.
    pub fn last(&self, grain: Grain) -> Option<StepId> {
        self.steps.last(grain)
    }

    /// The next step after `at` of this grain or a coarser one.
    pub fn next(&self, at: StepId, grain: Grain) -> Option<StepId> {
        self.steps.next(at, grain)
    }

    /// The last step before `at` of this grain or a coarser one.
    pub fn back(&self, at: StepId, grain: Grain) -> Option<StepId> {
        self.steps.back(at, grain)
    }

    /// How many steps there are of this grain or a coarser one.
    pub fn count(&self, grain: Grain) -> usize {
        self.steps.before(StepId(u32::MAX), grain)
    }

    /// How many steps of this grain or a coarser one there are up to `at`, itself among them: the number that people see
    /// of a step of the grain.
    pub fn position(&self, at: StepId, grain: Grain) -> usize {
        self.steps.before(StepId(at.0.saturating_add(1)), grain)
    }

    /// The first frame of the next phase.
    pub fn next_phase(&self, at: StepId) -> Option<StepId> {
        let phase = self.step(at)?.phase.0 as usize;
        self.phase_start(phase + 1)
    }

    /// The first frame of this phase, or of the one before where `at` is not behind that.
    pub fn previous_phase(&self, at: StepId) -> Option<StepId> {
        let phase = self.step(at)?.phase.0 as usize;
        match self.phase_start(phase)? {
            start if start < at => Some(start),
            _ => self.phase_start(phase.checked_sub(1)?),
        }
    }

    /// The first stop of a phase at the grain of messages, or else its first step.
    fn phase_start(&self, phase: usize) -> Option<StepId> {
        let steps = &self.steps.phases().get(phase)?.steps;
        let first = StepId(steps.start);
        if self.steps.list()[first.0 as usize].grain == Grain::Message {
            return Some(first);
        }
        let stop = self
            .next(first, Grain::Message)
            .filter(|stop| stop.0 < steps.end);
        Some(stop.unwrap_or(first))
    }

    /// The next step of this grain or a coarser one at the same end: sent by the same host, or inside it.
    pub fn next_of_endpoint(&self, at: StepId, grain: Grain) -> Option<StepId> {
        let (steps, same) = self.endpoint(at, grain)?;
        let here = steps.partition_point(|step| *step <= at);
        steps[here..].iter().copied().find(|step| same(*step))
    }

    /// The last step before of this grain or a coarser one at the same end.
    pub fn previous_of_endpoint(&self, at: StepId, grain: Grain) -> Option<StepId> {
        let (steps, same) = self.endpoint(at, grain)?;
        let here = steps.partition_point(|step| *step < at);
        steps[..here].iter().rev().copied().find(|step| same(*step))
    }

    /// The steps of the step's ladder, and what tells those at the step's own end.
    fn endpoint(&self, at: StepId, grain: Grain) -> Option<(&[StepId], impl Fn(StepId) -> bool)> {
        let at = self.clamp(at)?;
        let pair_id = self.steps.pair_at(at)?;
        let pair = self.pipeline.flows.pair(pair_id);
        let end = self.end_of(at, pair)?;
        let same = move |step: StepId| self.end_of(step, pair) == Some(end);
        Some((self.steps.of_pair(pair_id, grain), same))
    }

    /// The step at which a message begins: the sending of its first frame.
    pub fn message_step(&self, message: MessageId) -> Option<StepId> {
        let entry = self.pipeline.messages().get(message.0 as usize)?;
        self.frame_step(entry.first)
    }

    /// The step that sends this frame.
    pub fn frame_step(&self, frame: FrameId) -> Option<StepId> {
        self.frame_steps.get(frame.index()).copied()
    }
}

/// What there is in it.
impl Walk {
    /// The records of the truth; empty of a capture.
    pub fn records(&self) -> &[Record] {
        self.outcome
            .as_ref()
            .map_or(&[], |outcome| outcome.log.records())
    }

    /// A record of the truth.
    pub fn record(&self, id: RecordId) -> Option<&Record> {
        self.records().get(id.index())
    }

    /// Whether what is known of an end can only be inferred from frames.
    fn is_inferred(&self, end: SocketAddr) -> bool {
        let outcome = self.outcome.as_ref();
        outcome.is_none_or(|outcome| !outcome.is_simulated(end.ip()))
    }

    /// What the programs of each node were told last of how a connection or a session has ended; nodes whose programs
    /// were told of no end are left out.
    pub fn results(&self) -> Vec<(NodeId, &str)> {
        let mut last: BTreeMap<NodeId, &str> = BTreeMap::new();
        for record in self.records() {
            match (&record.what, record.node) {
                (What::AppEvent(text), Some(node)) if steps::told::is_result(text) => {
                    last.insert(node, text);
                }
                _ => {}
            }
        }
        last.into_iter().collect()
    }

    /// The names of two ends; with their ports where one host is both.
    fn names_of(&self, ends: [SocketAddr; 2]) -> [String; 2] {
        let names = ends.map(|end| self.name_of(end.ip()));
        if names[0] != names[1] {
            return names;
        }
        ends.map(|end| match self.name_of(end.ip()) {
            name if name == end.ip().to_string() => end.to_string(),
            name => format!("{name}:{}", end.port()),
        })
    }

    /// What a host is called: by the simulation, by the capture, or else its address.
    pub fn name_of(&self, addr: IpAddr) -> String {
        let nodes = self.outcome.iter().flat_map(|outcome| &outcome.nodes);
        let node = nodes
            .filter(|node| node.addrs.contains(&addr))
            .map(|node| &node.name);
        let names = self.names.iter().filter(|name| name.addr == addr);
        let name = node
            .chain(names.filter_map(|name| name.names.first()))
            .next();
        name.cloned().unwrap_or_else(|| addr.to_string())
    }

    /// What the simulation left behind.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }
}

/// What the views draw.
impl Walk {
    /// The line on top of the screen. Of very many phases only those near the step.
    pub fn heading(&self, at: StepId) -> Heading {
        let phases = self.steps.phases();
        let current = self.step(at).map_or(0, |step| step.phase.0 as usize);
        let first = current.saturating_sub(PHASES_AROUND);
        let last = phases.len().min(current + PHASES_AROUND);
        Heading {
            title: self.title.clone(),
            source: self.source.clone(),
            phases: phases[first..last].to_vec(),
            current: PhaseId(u32::try_from(current - first).unwrap_or(0)),
        }
    }

    /// The physical layer of a frame on a simulated link. A capture holds nothing of it: preamble, FCS and line code
    /// stay in the network card, and a loopback interface has none.
    pub fn physical(&self, frame: FrameId) -> Option<Physical> {
        let outcome = self.outcome.as_ref()?;
        let sent = outcome.frames.get(frame.index())?;
        let stored = self.pipeline.store.get(frame);
        (stored.link_type == LinkType::ETHERNET).then(|| Physical {
            octets: physical::octets(&stored.bytes),
            frame_start: physical::LEAD_LEN,
            fcs: physical::fcs(&physical::padded(&stored.bytes[..])),
            rate: outcome.links[sent.link.index()].rate,
        })
    }

    /// The number of a frame that people see (`frame.number`), from 1. A frame that a switch sent on is the same frame
    /// again, and has the same number.
    pub fn number(&self, id: FrameId) -> u32 {
        self.pipeline.meta(id).number
    }

    /// Whether a router made the frame, for the packet of an earlier one.
    pub fn is_routed(&self, id: FrameId) -> bool {
        self.pipeline.meta(id).routed
    }

    /// The frames that have a number of their own: all but those that a switch sent on.
    pub fn originals(&self) -> impl Iterator<Item = FrameId> + '_ {
        let ids = (0..self.frames()).map(FrameId::from_index);
        ids.filter(|id| self.is_original(*id))
    }

    fn is_original(&self, id: FrameId) -> bool {
        self.pipeline.meta(id).has_own_number()
    }
}

/// One end-to-end frame is taken once, where its sender put it on the wire; what a switch sends on is the same frame
/// again. What a router sends on is another frame of the same conversation, whose bytes were taken already. What a fault
/// doubled is another.
fn push_transmission(pipeline: &mut Pipeline, outcome: &Outcome, sent: &Transmission) -> News {
    let frame = Frame {
        time: sent.sent_at,
        link_type: LinkType::ETHERNET,
        original_len: u32::try_from(sent.bytes.len()).unwrap_or(u32::MAX),
        bytes: sent.bytes.clone(),
        interface: Some(sent.link.0),
        fcs_len: None,
        checksum_not_ready: false,
    };
    let sent_on =
        (sent.repeats).filter(|original| outcome.frames[original.index()].from != sent.from);
    match sent_on {
        Some(original) if outcome.nodes[sent.from.index()].kind == NodeKind::Router => {
            pipeline.push_routed(frame, original);
            News::default()
        }
        Some(original) => {
            pipeline.push_repeat(frame, original);
            News::default()
        }
        None => pipeline.push(frame).1,
    }
}

#[cfg(test)]
mod tests;
