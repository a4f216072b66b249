//! Steps through a simulation: its records, those that are worth a stop.

use super::{PairId, Steps};
use crate::base::{FrameId, RecordId};
use crate::proto::ethernet::mac_text;
use crate::sim::outcome::{NodeKind, Outcome};
use crate::stack::record::{Record, TimerAction, What};
use crate::walk::label;
use crate::walk::pipeline::Pipeline;
use crate::walk::step::{Grain, PhaseId, Step, StepId};
use crate::walk::truth::Truth;

/// What the steps are made from.
pub(in crate::walk) struct Told<'a> {
    pub outcome: &'a Outcome,
    pub truth: &'a Truth,
    pub pipeline: &'a Pipeline,
}

impl Steps {
    /// Adds the steps of a whole simulation, and returns the step that sends each frame.
    pub fn push_records(&mut self, told: &Told<'_>) -> Vec<StepId> {
        let mut frame_steps = vec![None; told.outcome.frames.len()];
        let mut now = Now::start(told);
        let phases = phases_ahead(told);
        for (index, record) in told.outcome.log.records().iter().enumerate() {
            let id = RecordId::from_index(index);
            let Some(stop) = stop(told, record) else {
                continue;
            };
            now.go_to(told, id, record, phases[index]);
            let step = now.step(told, id, record, stop);
            let step = self.push(step, now.phase, now.pair);
            // a frame that found the queue full was never sent
            if let What::FrameSent(frame) | What::FrameDropped { frame, .. } = record.what {
                frame_steps[frame.index()].get_or_insert(step);
            }
        }
        self.push_end(told, &now);
        let steps = frame_steps
            .into_iter()
            .map(|step| step.unwrap_or(StepId(0)));
        steps.collect()
    }

    fn push_end(&mut self, told: &Told<'_>, now: &Now) {
        let last = told.outcome.log.records().len().checked_sub(1);
        let title = told.outcome.cut_short.map_or_else(
            || "end".to_owned(),
            |limit| format!("end: cut short, {limit}"),
        );
        let step = Step {
            time: told.outcome.ended,
            grain: Grain::Message,
            phase: PhaseId(0),
            title,
            layer: 7,
            node: None,
            record: last.map(RecordId::from_index),
            frame: None,
            message: None,
            flow: None,
        };
        self.push(step, now.phase, now.pair);
    }
}

/// What is carried from one step to the next.
struct Now {
    phase: &'static str,
    pair: Option<PairId>,
}

impl Now {
    fn start(told: &Told<'_>) -> Self {
        let frames = 0..told.outcome.frames.len();
        let metas = frames.map(|index| told.pipeline.meta(FrameId::from_index(index)));
        let first = metas.clone().next();
        Self {
            phase: first.map_or("Start", |meta| meta.phase),
            pair: metas.filter_map(|meta| meta.pair).next(),
        }
    }

    /// Only the sending of a frame, and what leads to it, begins another phase: what arrives was sent in an earlier one.
    /// `ahead` is the phase of the next frame that is sent.
    fn go_to(&mut self, told: &Told<'_>, id: RecordId, record: &Record, ahead: &'static str) {
        let frame = told.truth.frame_of(id);
        let meta = frame.map(|frame| told.pipeline.meta(frame));
        let is_new = meta.is_some_and(|meta| meta.repeats.is_none());
        let leads = frame.is_some_and(|frame| told.truth.is_before(id, frame));
        if is_new && (leads || matches!(record.what, What::FrameSent(_))) {
            self.phase = ahead;
        }
        let flow = told.truth.flow_of(record);
        let of_flow = flow.map(|flow| told.pipeline.flows.get(flow).pair);
        self.pair = of_flow.or(meta.and_then(|meta| meta.pair)).or(self.pair);
    }

    fn step(&self, told: &Told<'_>, id: RecordId, record: &Record, stop: Stop) -> Step {
        // What is logged leads to no frame: it is about the one that came, if any did.
        let is_shown = !matches!(record.what, What::Log(_)) || is_by_frame(told, record);
        let frame = told.truth.frame_of(id).filter(|_| is_shown);
        let root = frame.map(|frame| told.pipeline.root(frame));
        let message = root.and_then(|frame| match record.what {
            What::Timer { .. } => None,
            What::Up(_) | What::AppEvent(_) | What::Log(_) => told.pipeline.ended_message(frame),
            _ => told.pipeline.carried_message(frame),
        });
        let begins = root.is_some_and(|root| {
            Some(root) == frame && !told.pipeline.beginning_in(root).is_empty()
        });
        let sends = matches!(record.what, What::FrameSent(_));
        let grain = if stop.grain == Grain::Frame && sends && begins {
            Grain::Message
        } else {
            stop.grain
        };
        // A router looks no further than at layer 3.
        let is_routed = frame.is_some_and(|frame| told.pipeline.meta(frame).routed);
        let top = frame.map(|frame| match is_routed {
            true => 3,
            false => label::top_layer(told.pipeline, frame),
        });
        let flow = told.truth.flow_of(record);
        Step {
            time: record.time,
            grain,
            phase: PhaseId(0),
            title: stop.title,
            layer: top
                .filter(|_| sends && (root == frame || is_routed))
                .unwrap_or(record.layer),
            node: record.node,
            record: Some(id),
            frame,
            message,
            flow: flow.or(root.and_then(|frame| told.pipeline.meta(frame).flow)),
        }
    }
}

/// Of each record, the phase of the next frame that a host sends, from it on.
fn phases_ahead(told: &Told<'_>) -> Vec<&'static str> {
    let mut ahead = "Start";
    let mut phases: Vec<&'static str> = Vec::new();
    for record in told.outcome.log.records().iter().rev() {
        if let What::FrameSent(frame) = record.what {
            let meta = told.pipeline.meta(frame);
            if meta.repeats.is_none() {
                ahead = meta.phase;
            }
        }
        phases.push(ahead);
    }
    phases.reverse();
    phases
}

/// How fine a stop is, and what it is called.
struct Stop {
    grain: Grain,
    title: String,
}

/// Whether a program is told that its connection is over, and no frame that came is why: nothing else on the wire tells
/// of it.
fn ends_unseen(told: &Told<'_>, record: &Record, text: &str) -> bool {
    matches!(
        text,
        "connection timed out" | "connection reset" | "host unreachable"
    ) && !is_by_frame(told, record)
}

/// Whether a frame that came is why, and no timer since.
fn is_by_frame(told: &Told<'_>, record: &Record) -> bool {
    let records = told.outcome.log.records();
    let cause = |record: &&Record| record.cause.map(|id| &records[id.index()]);
    let causes = std::iter::successors(Some(record), cause);
    let mut since = causes.take_while(|record| !matches!(record.what, What::Timer { .. }));
    since.any(|record| matches!(record.what, What::FrameArrived(_)))
}

/// The timers by which a session or a program gives up waiting: nothing on the wire tells of them.
const GIVING_UP: &[&str] = &[
    "ping timeout",
    "upgrade timeout",
    "connect timeout",
    "acknowledgment",
    "reconnection delay",
];

/// Whether a record is worth a stop.
fn stop(told: &Told<'_>, record: &Record) -> Option<Stop> {
    let layer = |title: String| {
        Some(Stop {
            grain: Grain::Layer,
            title,
        })
    };
    let frame = |title: String| {
        Some(Stop {
            grain: Grain::Frame,
            title,
        })
    };
    let event = |title: &str| {
        Some(Stop {
            grain: Grain::Message,
            title: title.to_owned(),
        })
    };
    match &record.what {
        What::AppEvent(text) if ends_unseen(told, record, text) => frame(text.to_string()),
        What::AppCall(text) | What::AppEvent(text) => layer(text.to_string()),
        What::Log(text) => event(&format!("log: {text}")),
        What::Discarded(text) => layer(format!("discarded: {text}")),
        What::Decided(text) | What::Routed(text) => layer(text.to_string()),
        What::Down(unit) => layer(format!(
            "{} down: {}",
            label::protocol(unit.protocol),
            unit.info
        )),
        What::Up(unit) => layer(format!(
            "{} up: {}",
            label::protocol(unit.protocol),
            unit.info
        )),
        What::TcpState { from, to } => layer(format!("{} > {}", from.name(), to.name())),
        What::Listening(addr) => layer(format!("listens on {addr}")),
        What::Timer {
            name,
            action: TimerAction::Expired,
        } => {
            let title = match name.strip_suffix(" timeout") {
                Some(what) => format!("{what} time-out"),
                None => format!("{name} time-out"),
            };
            if name.contains("retransmission") || GIVING_UP.contains(name) {
                frame(title)
            } else {
                layer(title)
            }
        }
        What::HostDown => event("loses its power"),
        What::HostUp => event("is up again"),
        What::NeighborLearned { ip, mac } => layer(format!("{ip} is at {}", mac_text(*mac))),
        What::NeighborQueued { ip } => layer(format!("waits for the MAC address of {ip}")),
        What::FrameSent(id) => {
            let root = told.pipeline.root(*id);
            let title = label::title(told.pipeline, root);
            let kind = record
                .node
                .map(|node| told.outcome.nodes[node.index()].kind);
            match kind {
                Some(NodeKind::Host) => frame(title),
                Some(NodeKind::Router) if root == *id => frame(title),
                Some(NodeKind::Router) => frame(label::routed(told.pipeline, *id)),
                _ => layer(format!("{title}, sent on")),
            }
        }
        What::FrameArrived(_) => layer("frame arrives".to_owned()),
        What::FrameDropped { why, .. } => frame(format!("lost: {why}")),
        What::FrameFaulted { what, .. } => layer(what.to_string()),
        What::SwitchLearned { mac, .. } => layer(format!("switch learns {}", mac_text(*mac))),
        What::SwitchForwarded { flooded, .. } => {
            let how = if *flooded { "floods" } else { "forwards" };
            layer(format!("switch {how}"))
        }
        What::ConnOpened(_) | What::TcpVars(_) | What::Timer { .. } => None,
    }
}
