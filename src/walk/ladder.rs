//! The ladder: two hosts, and what went between them.

use std::net::SocketAddr;

use super::brief::Net;
use super::flows::{Kind, Pair};
use super::step::{Grain, Step, StepId};
use super::view::{Ladder, Lane, Mark, Row};
use super::{Walk, label};
use crate::base::{FrameId, NodeId};
use crate::proto::stream::Dir;
use crate::stack::record::What;

/// So many rows before and after the step are handed out at most.
const AROUND: usize = 500;

impl Walk {
    /// The ladder of the two hosts that the step is about, or the nearest step that is about two.
    pub fn ladder(&self, at: StepId, grain: Grain) -> Ladder {
        let Some((at, pair_id)) = self
            .clamp(at)
            .and_then(|at| Some((at, self.steps.pair_at(at)?)))
        else {
            return Ladder::default();
        };
        let pair = self.pipeline.flows.pair(pair_id);
        let steps = self.steps.of_pair(pair_id, grain);
        let here = steps.partition_point(|step| *step <= at);
        let first = here.saturating_sub(AROUND);
        let last = steps.len().min(here + AROUND);
        Ladder {
            lanes: self.lanes(at, grain, pair),
            rows: steps[first..last]
                .iter()
                .map(|step| self.row(*step, pair))
                .collect(),
            rows_before: first,
            rows_total: steps.len(),
        }
    }

    fn row(&self, id: StepId, pair: Pair) -> Row {
        let step = &self.steps.list()[id.0 as usize];
        let start = self.steps.list()[0].time;
        let (label, mark) = self.mark(id, step, pair);
        Row {
            step: id,
            since_start: step.time.since(start),
            label,
            layer: step.layer,
            ports: self.ports_of(step, pair),
            mark,
        }
    }

    /// The ports of the TCP connection that a step is of, in the order of the lanes.
    fn ports_of(&self, step: &Step, pair: Pair) -> Option<[u16; 2]> {
        let flow = self.pipeline.flows.get(step.flow?);
        let ports = flow.ends.map(|end| end.port());
        let is_left = pair.is_left(flow.ends[0]);
        (flow.kind == Kind::Tcp).then(|| if is_left { ports } else { [ports[1], ports[0]] })
    }

    fn mark(&self, id: StepId, step: &Step, pair: Pair) -> (String, Mark) {
        let title = || step.title.clone();
        let own = step
            .frame
            .filter(|frame| self.frame_steps[frame.index()] == id);
        if let Some(frame) = own.filter(|frame| self.pipeline.root(*frame) == *frame) {
            return match self.pair_dir(frame, pair) {
                Some(dir) => {
                    let lost = self
                        .truth
                        .as_ref()
                        .is_some_and(|t| t.is_lost(frame, usize::MAX));
                    (label::row(&self.pipeline, frame), Mark::Arrow { dir, lost })
                }
                None => (label::row(&self.pipeline, frame), Mark::Between),
            };
        }
        let end = match step.node {
            Some(node) => self.lane_of(node, pair),
            None => self.captured_end(id, step, pair),
        };
        let lost = self
            .record_at(id)
            .is_some_and(|what| matches!(what, What::FrameDropped { .. }));
        match end.filter(|_| !lost) {
            Some(end) => (title(), Mark::AtEnd { end }),
            None => (title(), Mark::Between),
        }
    }

    /// The end of the ladder that a step is at: the sender of its frame, or the host that it happens in.
    pub(super) fn end_of(&self, id: StepId, pair: Pair) -> Option<Dir> {
        match self.mark(id, &self.steps.list()[id.0 as usize], pair).1 {
            Mark::Arrow { dir, .. } => Some(dir),
            Mark::AtEnd { end } => Some(end),
            Mark::Between => None,
        }
    }

    /// In a capture, a layer before the frame is the sender's, one after it the receiver's.
    fn captured_end(&self, id: StepId, step: &Step, pair: Pair) -> Option<Dir> {
        let frame = step
            .frame
            .filter(|_| step.grain == Grain::Layer && self.truth.is_none())?;
        let dir = self.pair_dir(frame, pair)?;
        Some(if id < self.frame_steps[frame.index()] {
            dir
        } else {
            dir.reverse()
        })
    }

    /// Which way a frame goes between two lanes.
    pub(super) fn pair_dir(&self, frame: FrameId, pair: Pair) -> Option<Dir> {
        let meta = self.pipeline.meta(frame);
        if let (Some(flow), Some(dir)) = (meta.flow, meta.dir) {
            let client = self.pipeline.flows.get(flow).ends[0];
            return Some(if pair.is_left(client) {
                dir
            } else {
                dir.reverse()
            });
        }
        let stored = self.pipeline.store.get(frame);
        let source = match stored.net() {
            Net::Arp(arp) => arp.sender.into(),
            Net::Ip(ip) => ip.source,
            Net::Other(_) => return None,
        };
        let left = source == pair.hosts[0];
        Some(if left { Dir::ToServer } else { Dir::ToClient })
    }

    fn lane_of(&self, node: NodeId, pair: Pair) -> Option<Dir> {
        let node = self.outcome.as_ref()?.nodes.get(node.index())?;
        let place = pair
            .hosts
            .iter()
            .position(|host| node.addrs.contains(host))?;
        Some([Dir::ToServer, Dir::ToClient][place])
    }

    fn record_at(&self, id: StepId) -> Option<&What> {
        let record = self.steps.list().get(id.0 as usize)?.record?;
        Some(&self.record(record)?.what)
    }

    fn lanes(&self, at: StepId, grain: Grain, pair: Pair) -> [Lane; 2] {
        let connection = self.connection_at(at).filter(|flow| {
            let ends = self.pipeline.flows.get(*flow).ends;
            pair.has(ends[0]) && pair.has(ends[1])
        });
        let states = connection.map(|flow| {
            let now = self.ends_now(flow, at, grain);
            let before = self.ends_before(flow, at, grain);
            (self.pipeline.flows.get(flow).ends, now, before)
        });
        [0, 1].map(|lane| {
            let host = pair.hosts[lane];
            let mut view = Lane {
                name: self.name_of(host),
                address: host.to_string(),
                inferred: self.is_inferred(SocketAddr::new(host, 0)),
                ..Lane::default()
            };
            if let Some((ends, now, before)) = &states {
                let left_first = pair.is_left(ends[0]);
                let end = if left_first { lane } else { 1 - lane };
                view.address = ends[end].to_string();
                view.state = now[end]
                    .state
                    .map_or_else(String::new, |state| state.name().into());
                view.changed = before[end].state != now[end].state;
            }
            view
        })
    }
}

impl Pair {
    /// Whether this end is the left lane.
    pub fn is_left(&self, end: SocketAddr) -> bool {
        self.hosts[0] == end.ip() && self.ports.is_none_or(|ports| ports[0] == end.port())
    }

    /// Whether this end is one of the lanes.
    fn has(&self, end: SocketAddr) -> bool {
        self.hosts.contains(&end.ip())
    }
}
