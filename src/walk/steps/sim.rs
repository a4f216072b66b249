//! Steps through a simulation: its records, those that are worth a stop.

use rustc_hash::FxHashMap;

use super::{PairId, Steps, told};
use crate::base::{FrameId, RecordId};
use crate::proto::ethernet::mac_text;
use crate::sim::outcome::{NodeKind, Outcome};
use crate::stack::record::{Record, TimerAction, What};
use crate::walk::label;
use crate::walk::pipeline::Pipeline;
use crate::walk::step::{Grain, MessageId, PhaseId, Step, StepId};
use crate::walk::truth::Truth;

/// What the steps are made from.
pub(in crate::walk) struct Told<'a> {
    pub outcome: &'a Outcome,
    pub truth: &'a Truth,
    pub pipeline: &'a Pipeline,
}

impl Steps {
    /// Makes the steps of the records from `changed` on, those that there were of them anew, and notes the step that
    /// sends each frame.
    pub fn tell_records(&mut self, told: &Told<'_>, changed: usize, frame_steps: &mut Vec<StepId>) {
        let mut now = self.go_back(told, changed);
        frame_steps.resize(told.outcome.frames.len(), StepId(0));
        let from = self.list.last().and_then(|step| step.record);
        let from = from.map_or(0, |record| record.index() + 1);
        let records = told.outcome.log.records().iter().enumerate();
        let phases = phases_ahead(told, from);
        for ((index, record), ahead) in records.skip(from).zip(phases) {
            let id = RecordId::from_index(index);
            let Some(stop) = stop(told, record) else {
                continue;
            };
            now.go_to(told, id, record, ahead);
            let step = now.step(told, id, record, stop);
            let step = self.push(step, &now.phase, now.pair);
            match record.what {
                What::FrameSent(frame) => frame_steps[frame.index()] = step,
                // a frame that found the queue full was never sent
                What::FrameDropped { frame, .. } if told.truth.sending_of(frame).is_none() => {
                    frame_steps[frame.index()] = step;
                }
                _ => {}
            }
        }
    }

    /// Takes the steps of the records from `changed` on away; what the last one that is left carries on.
    fn go_back(&mut self, told: &Told<'_>, changed: usize) -> Now {
        let start = Now::start(told);
        let is_before = |step: &Step| step.record.is_some_and(|record| record.index() < changed);
        let kept = match self.began == Some(start.clone()) {
            true => self.list.partition_point(is_before),
            false => 0,
        };
        self.cut(StepId(kept as u32));
        self.began = Some(start.clone());
        match (self.phases.last(), self.pairs.last()) {
            (Some(phase), Some(pair)) => Now {
                phase: phase.name.clone(),
                pair: *pair,
                ..start
            },
            _ => start,
        }
    }

    /// Adds the step behind everything that happened.
    pub fn push_end(&mut self, told: &Told<'_>) {
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
        let now = self.go_back(told, usize::MAX);
        self.push(step, &now.phase, now.pair);
    }
}

/// What is carried from one step to the next.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Now {
    phase: String,
    pair: Option<PairId>,
    /// The OSI layers of the messages that were looked at: a long one is in many frames.
    tops: FxHashMap<MessageId, u8>,
}

impl Now {
    fn start(told: &Told<'_>) -> Self {
        let frames = 0..told.outcome.frames.len();
        let metas = frames.map(|index| told.pipeline.meta(FrameId::from_index(index)));
        let first = metas.clone().next();
        Self {
            phase: first.map_or("Start", |meta| meta.phase).to_owned(),
            pair: metas.filter_map(|meta| meta.pair).next(),
            ..Self::default()
        }
    }

    /// Only the sending of a frame, and what leads to it, begins another phase: what arrives was sent in an earlier one.
    /// `ahead` is the phase of the next frame that is sent.
    fn go_to(&mut self, told: &Told<'_>, id: RecordId, record: &Record, ahead: &'static str) {
        let frame = told.truth.frame_of(id);
        let meta = frame.map(|frame| told.pipeline.meta(frame));
        let is_new = meta.is_some_and(|meta| meta.repeats.is_none());
        let leads = frame.is_some_and(|frame| told.truth.is_before(id, frame));
        // what a program is told belongs to what came before
        let leads = leads && !matches!(record.what, What::AppEvent(_));
        if is_new && (leads || matches!(record.what, What::FrameSent(_))) {
            ahead.clone_into(&mut self.phase);
        }
        let flow = told.truth.flow_of(record);
        let of_flow = flow.map(|flow| told.pipeline.flows.get(flow).pair);
        self.pair = of_flow.or(meta.and_then(|meta| meta.pair)).or(self.pair);
    }

    fn step(&mut self, told: &Told<'_>, id: RecordId, record: &Record, stop: Stop) -> Step {
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
        let top = frame
            .filter(|_| sends)
            .and_then(|frame| self.top(told, frame));
        let flow = told.truth.flow_of(record);
        Step {
            time: record.time,
            grain,
            phase: PhaseId(0),
            title: stop.title,
            layer: top.unwrap_or(record.layer),
            node: record.node,
            record: Some(id),
            frame,
            message,
            flow: flow.or(root.and_then(|frame| told.pipeline.meta(frame).flow)),
        }
    }

    /// The layer that a host sends a frame from: of the highest protocol in it. A router looks no further than at layer
    /// 3, a switch at none.
    fn top(&mut self, told: &Told<'_>, frame: FrameId) -> Option<u8> {
        let pipeline = told.pipeline;
        if pipeline.meta(frame).routed {
            return Some(3);
        }
        if pipeline.root(frame) != frame {
            return None;
        }
        Some(match pipeline.carried_message(frame) {
            Some(message) => *(self.tops.entry(message))
                .or_insert_with(|| label::layer_of_message(pipeline, message)),
            None => label::top_layer(pipeline, frame),
        })
    }
}

/// Of each record from number `from` on, the phase of the next frame that a host sends, from it on.
fn phases_ahead(told: &Told<'_>, from: usize) -> Vec<&'static str> {
    let mut ahead = "Start";
    let mut phases: Vec<&'static str> = Vec::new();
    for record in told.outcome.log.records()[from..].iter().rev() {
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

/// Whether a program is told what it has just refused itself: what it sends says so.
fn is_own_doing(told: &Told<'_>, record: &Record) -> bool {
    let refuses = matches!(&record.what, What::AppEvent(text) if text.starts_with("refused: "));
    let records = told.outcome.log.records();
    let cause = record.cause.map(|id| &records[id.index()].what);
    refuses && matches!(cause, Some(What::Down(_)))
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
        What::AppEvent(text) => Some(Stop {
            grain: told::grain(text)
                .filter(|_| !is_own_doing(told, record))
                .unwrap_or(Grain::Layer),
            title: text.to_string(),
        }),
        What::AppCall(text) => layer(text.to_string()),
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
            let what = name.trim_end_matches(" timeout");
            let title = format!("{} time-out", what.trim_end_matches(" time-out"));
            // TCP's are worth it: each of them sends something, or ends something.
            let is_tcps = record.layer == 4;
            if is_tcps || name.contains("retransmission") || GIVING_UP.contains(name) {
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
