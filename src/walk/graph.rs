//! What is drawn of a TCP connection over time: what one end sent, how far it was acknowledged, and its variables.
//!
//! A [`Series`] is read when it is asked for: of a simulation from the records, once, or anew where more came since; of a
//! capture segment by segment, as far as there are new ones. What a view shows of it at a step is told by [`Known`], so that going back
//! reads nothing.

mod captured;
mod series;
mod simulated;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::Walk;
use super::flows::Kind;
use super::step::{FlowId, Grain, StepId};
use crate::base::{FrameId, Time};
use crate::proto::stream::Dir;

pub use series::{Line, Point, Quantity, Sacked, Sent, Series};

/// Which connection and direction a graph shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice {
    /// This connection; else the one that the step is about.
    pub held: Option<FlowId>,
    /// The other direction than the one that is shown by itself.
    pub reverse: bool,
    /// Another connection, to be laid over the first.
    pub beside: Option<FlowId>,
}

/// One direction of a connection over time, at a step.
#[derive(Debug, Clone)]
pub struct Graphs {
    /// The connection.
    pub flow: FlowId,
    /// Which end sends.
    pub dir: Dir,
    /// The sender's and the receiver's name.
    pub names: [String; 2],
    /// The values were inferred from the frames, not known.
    pub inferred: bool,
    /// The walk's first step: times are counted from it.
    pub start: Time,
    /// When the connection begins, and when it ends.
    pub span: [Time; 2],
    /// When the step is.
    pub now: Time,
    /// What there is.
    pub series: Arc<Series>,
    /// How much of it is known at the step.
    pub known: Known,
    /// The connection laid over it, by its name.
    pub beside: Option<(String, Arc<Series>, Known)>,
}

/// How much of a [`Series`] is known at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Points of lines, and SACKed runs, whose order is less.
    pub order: u32,
    /// Frames whose id is less.
    pub frame: u32,
    /// Losses whose order is less.
    pub lost: u32,
}

impl Known {
    /// All of it.
    pub const ALL: Self = Self {
        order: u32::MAX,
        frame: u32::MAX,
        lost: u32::MAX,
    };
}

/// The series that were asked for so far.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<FxHashMap<(FlowId, usize), Arc<Series>>>);

impl Walk {
    /// The graphs of a connection at a step, in a walk of this grain; `None` where there is no connection.
    pub fn graphs(&self, at: StepId, grain: Grain, choice: Choice) -> Option<Graphs> {
        let is_tcp = |flow: &FlowId| self.is_connection(*flow);
        let own = || self.connection_at(at);
        let flow_id = choice.held.filter(is_tcp).or_else(own)?;
        let flow = self.pipeline.flows.get(flow_id);
        let dir = self.graph_dir(flow_id, at, choice.reverse);
        let ends = [dir, dir.reverse()].map(|dir| flow.ends[dir.index()]);
        let beside = choice
            .beside
            .filter(|beside| is_tcp(beside) && *beside != flow_id)
            .map(|beside| {
                let dir = self.graph_dir(beside, at, choice.reverse);
                // The end that tells it from the connection shown: often both go to one server.
                let of_beside = self.pipeline.flows.get(beside).ends;
                let [from, to] = [dir, dir.reverse()].map(|dir| of_beside[dir.index()]);
                let name = match from == ends[0] {
                    true => format!("> {}", self.end_name(to)),
                    false => self.end_name(from),
                };
                let known = self.known(beside, dir, at, grain);
                (name, self.series(beside, dir), known)
            });
        Some(Graphs {
            flow: flow_id,
            dir,
            names: ends.map(|end| self.end_name(end)),
            inferred: self.is_inferred(ends[0]),
            start: self.steps().first().map_or(Time::ZERO, |step| step.time),
            span: self.graph_span(flow_id),
            now: self.step(at)?.time,
            series: self.series(flow_id, dir),
            known: self.known(flow_id, dir, at, grain),
            beside,
        })
    }

    /// The next TCP connection after this one, or the first; `None` behind the last.
    pub fn next_connection(&self, after: Option<FlowId>) -> Option<FlowId> {
        let from = after.map_or(0, |flow| flow.0 + 1);
        let count = u32::try_from(self.pipeline.flows.list().len()).unwrap_or(u32::MAX);
        (from..count)
            .map(FlowId)
            .find(|flow| self.is_connection(*flow))
    }

    /// The place of the record by which a frame was lost, in a simulation.
    fn loss_of(&self, frame: FrameId) -> Option<u32> {
        let record = self.truth.as_ref()?.loss_of(frame)?;
        Some(u32::try_from(record).unwrap_or(u32::MAX))
    }

    fn is_connection(&self, flow: FlowId) -> bool {
        let flow = self.pipeline.flows.list().get(flow.0 as usize);
        flow.is_some_and(|flow| flow.kind == Kind::Tcp)
    }

    fn end_name(&self, end: SocketAddr) -> String {
        match self.name_of(end.ip()) {
            name if name.contains(':') => end.to_string(),
            name => format!("{name}:{}", end.port()),
        }
    }

    /// The direction that was last sent again until the step, or else the one in which most bytes go; or the other one.
    fn graph_dir(&self, flow_id: FlowId, at: StepId, reverse: bool) -> Dir {
        let flow = self.pipeline.flows.get(flow_id);
        let bytes = |dir| {
            flow.tcp
                .as_ref()
                .map_or(0, |tcp| tcp.half(dir).stream.end())
        };
        let most = if bytes(Dir::ToClient) > bytes(Dir::ToServer) {
            Dir::ToClient
        } else {
            Dir::ToServer
        };
        let seen = flow
            .frames
            .partition_point(|frame| self.frame_steps[frame.index()] <= at);
        let again = flow.frames[..seen].iter().rev().find_map(|frame| {
            let meta = self.pipeline.meta(*frame);
            meta.dir
                .filter(|_| meta.segment.is_some_and(|segment| segment.again))
        });
        let dir = again.unwrap_or(most);
        if reverse { dir.reverse() } else { dir }
    }

    fn graph_span(&self, flow: FlowId) -> [Time; 2] {
        let frames = &self.pipeline.flows.get(flow).frames;
        let time = |frame: Option<&FrameId>| {
            frame.map_or(Time::ZERO, |frame| self.pipeline.store.get(*frame).time)
        };
        let (first, last) = (time(frames.first()), time(frames.last()));
        [first, last.max(first)]
    }

    fn known(&self, flow_id: FlowId, dir: Dir, at: StepId, grain: Grain) -> Known {
        let frames = &self.pipeline.flows.get(flow_id).frames;
        let sent = frames.partition_point(|frame| self.frame_steps[frame.index()] <= at);
        let frame = sent.checked_sub(1).map_or(0, |last| frames[last].0 + 1);
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let sender = self.pipeline.flows.get(flow_id).ends[dir.index()];
        let shown = self.shown(flow_id, at, grain);
        Known {
            order: match &shown {
                Some(shown) if !self.is_inferred(sender) => number(shown[dir.index()].end),
                _ => frame,
            },
            frame,
            lost: shown.map_or(0, |_| number(self.last_record_of(at) + 1)),
        }
    }

    /// All that is known of a direction. It is kept, and only what came since is added.
    fn series(&self, flow: FlowId, dir: Dir) -> Arc<Series> {
        let mut cache = self.graphs.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cache.entry((flow, dir.index())).or_default();
        let ends = self.pipeline.flows.get(flow).ends;
        match &self.truth {
            Some(truth) if kept.reading.records < self.records().len() => {
                let mut series = Series::default();
                match self.is_inferred(ends[dir.index()]) {
                    true => captured::read(self, flow, dir, &mut series),
                    false => simulated::read(self, truth, flow, dir, &mut series),
                }
                series.reading.records = self.records().len();
                *kept = Arc::new(series);
            }
            None if kept.reading.frames < self.pipeline.flows.get(flow).frames.len() => {
                captured::read(self, flow, dir, Arc::make_mut(kept));
            }
            _ => {}
        }
        Arc::clone(kept)
    }
}
