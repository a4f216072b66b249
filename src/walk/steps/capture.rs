//! Steps through frames whose hosts cannot be looked into: each frame, and around it the layers that it must have gone
//! down and up through, which are told from the frame alone.

use super::Steps;
use crate::base::FrameId;
use crate::walk::brief::{Net, Transport};
use crate::walk::label;
use crate::walk::pipeline::{Gap, Pipeline};
use crate::walk::step::{Grain, MessageId, PhaseId, Step, StepId};

/// A layer that a frame crosses.
struct Crossed {
    osi: u8,
    name: &'static str,
}

impl Steps {
    /// Adds the steps of a frame that was just taken, and returns the one that is the frame itself.
    pub fn push_frame(&mut self, pipeline: &Pipeline, frame: FrameId) -> StepId {
        let meta = pipeline.meta(frame);
        let stack = crossed(pipeline, frame);
        let step = |grain, layer, title| Step {
            time: pipeline.store.get(frame).time,
            grain,
            phase: PhaseId(0),
            title,
            layer,
            node: None,
            record: None,
            frame: Some(frame),
            message: pipeline.carried_message(frame),
            flow: meta.flow,
        };
        let (phase, pair) = (meta.phase, meta.pair);
        for layer in stack.iter().rev() {
            let down = step(Grain::Layer, layer.osi, format!("{} down", layer.name));
            self.push(down, phase, pair);
        }
        let top = stack.last().map_or(2, |layer| layer.osi);
        let on_the_wire = step(Grain::Frame, top, label::title(pipeline, frame));
        let id = self.push(on_the_wire, phase, pair);
        for layer in &stack {
            let up = step(Grain::Layer, layer.osi, format!("{} up", layer.name));
            self.push(up, phase, pair);
        }
        id
    }

    /// Adds a step for bytes that were sent and not seen. `frame` is the last frame before.
    pub fn push_gap(&mut self, pipeline: &Pipeline, gap: &Gap, frame: Option<FrameId>) {
        let flow = pipeline.flows.get(gap.flow);
        let phase = self
            .phases()
            .last()
            .map_or("TCP", |phase| phase.name.as_str())
            .to_owned();
        let step = Step {
            time: frame.map_or(flow.first_time, |frame| pipeline.store.get(frame).time),
            grain: Grain::Frame,
            phase: PhaseId(0),
            title: format!(
                "gap: {} from {} not seen",
                label::count(gap.len as usize, "byte"),
                flow.ends[gap.dir.index()]
            ),
            layer: 4,
            node: None,
            record: None,
            frame: None,
            message: None,
            flow: Some(gap.flow),
        };
        self.push(step, &phase, Some(flow.pair));
    }

    /// Adds the step behind the last frame, which has arrived then.
    pub fn push_end_of_frames(&mut self, pipeline: &Pipeline, last: FrameId) {
        let step = Step {
            time: pipeline.store.get(last).time,
            grain: Grain::Message,
            phase: PhaseId(0),
            title: "end".to_owned(),
            layer: 7,
            node: None,
            record: None,
            frame: None,
            message: None,
            flow: None,
        };
        let phase = self.phases().last().map(|phase| phase.name.clone());
        let at = StepId(self.list().len() as u32);
        let pair = self.pair_at(at);
        self.push(step, &phase.unwrap_or_default(), pair);
    }

    /// Notes that a message was read: its first frame becomes a step of the message grain, and all its frames' steps
    /// know what they carry. `step_of` tells the step of a frame.
    pub fn note_message(
        &mut self,
        pipeline: &Pipeline,
        id: MessageId,
        step_of: impl Fn(FrameId) -> StepId,
    ) {
        let entry = &pipeline.messages()[id.0 as usize];
        for frame in pipeline.frames_of(id) {
            self.get_mut(step_of(frame)).message.get_or_insert(id);
        }
        self.make_message(step_of(entry.first));
    }

    /// Gives the step of a frame a new title, by the messages that were read since.
    pub fn name_frame(&mut self, pipeline: &Pipeline, frame: FrameId, step: StepId) {
        self.get_mut(step).title = label::title(pipeline, frame);
    }
}

/// The layers of a frame, lowest first; the physical layer is the frame's own step.
fn crossed(pipeline: &Pipeline, id: FrameId) -> Vec<Crossed> {
    let frame = pipeline.store.get(id);
    let mut stack = Vec::with_capacity(4);
    let mut add = |osi, name| stack.push(Crossed { osi, name });
    if frame.link_type == crate::base::LinkType::ETHERNET {
        add(2, "Ethernet");
    }
    match frame.net() {
        Net::Arp(_) => add(2, "ARP"),
        Net::Ip(ip) => add(3, if ip.source.is_ipv4() { "IPv4" } else { "IPv6" }),
        Net::Other(_) => {}
    }
    match pipeline.transport(id) {
        Some(Transport::Tcp(_)) => add(4, "TCP"),
        Some(Transport::Udp { .. }) => add(4, "UDP"),
        Some(Transport::Icmp { v6, .. }) => add(3, if v6 { "ICMPv6" } else { "ICMP" }),
        Some(Transport::Neighbor { .. }) => add(3, "ICMPv6"),
        Some(Transport::Other(_)) | None => {}
    }
    if let Some(message) = pipeline.carried_message(id) {
        let layers = pipeline.message_dissection(message).layers;
        for layer in layers {
            add(layer.protocol.osi, layer.protocol.short);
        }
    }
    stack
}
