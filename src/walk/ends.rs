//! What both ends of a connection know at a step: the truth of a simulation, or what can be inferred from frames.

pub(super) mod variables;

use std::ops::Range;
use std::sync::Arc;

use super::Walk;
use super::connection::Scale;
use super::flows::{Flow, Kind};
use super::infer;
use super::step::{FlowId, Grain, Step, StepId};
use super::truth::EndNow;
use super::view::{Ends, EndsRow, Numbers};
use crate::base::{FrameId, Time};
use crate::proto::stream::Dir;
use crate::stack::record::{Record, SteadyVars, TcpState, TcpVars, What};

const BOTH: [Dir; 2] = [Dir::ToServer, Dir::ToClient];

impl Walk {
    /// Both ends of the step's TCP connection, or where it is about none, of the nearest one between the same hosts; in
    /// a walk of this grain, which says what the step before is.
    pub fn ends(&self, at: StepId, grain: Grain, numbers: Numbers) -> Option<Ends> {
        let flow_id = self.connection_at(at)?;
        let flow = self.pipeline.flows.get(flow_id);
        let now = self.ends_now(flow_id, at, grain);
        let before = self.ends_before(flow_id, at, grain);
        let time = self.step(at)?.time;
        let rows = variables::ROWS.iter().map(|row| EndsRow {
            name: row.name,
            values: [0, 1].map(|end| row.text(&now[end], numbers, time)),
            changed: [0, 1].map(|end| row.differs(&before[end], &now[end])),
        });
        Some(Ends {
            names: flow.ends.map(|end| self.name_of(end.ip())),
            rows: rows.collect(),
            inferred: flow.ends.map(|end| self.is_inferred(end)),
        })
    }

    /// What both ends knew before the step: at the step before it in a walk of this grain.
    pub(super) fn ends_before(&self, flow_id: FlowId, at: StepId, grain: Grain) -> [EndNow; 2] {
        match self.shown_before(flow_id, at, grain) {
            Some(shown) => self.true_ends(flow_id, shown),
            None => match self.back(at, grain) {
                Some(before) => self.ends_now(flow_id, before, grain),
                None => self.true_ends(flow_id, [0; 2]),
            },
        }
    }

    /// What both ends knew before what the step is about began, and when what was learned since the step before was
    /// learned last; `None` where only frames are known.
    pub(super) fn ends_between(
        &self,
        flow_id: FlowId,
        at: StepId,
        grain: Grain,
    ) -> Option<([EndNow; 2], [Option<Time>; 2])> {
        let truth = self.truth.as_ref()?;
        let before = self.shown_before(flow_id, at, grain).unwrap_or([0; 2]);
        let own = self.shown(flow_id, at, grain)?.map(|shown| shown.start);
        let since = BOTH.map(|dir| {
            let range = before[dir.index()]..own[dir.index()];
            truth.last_change(self.records(), flow_id, dir, range)
        });
        let from = BOTH.map(|dir| own[dir.index()].max(before[dir.index()]));
        Some((self.true_ends(flow_id, from), since))
    }

    /// Of both ends, the records that are known before the step, by the first that is not.
    fn shown_before(&self, flow_id: FlowId, at: StepId, grain: Grain) -> Option<[usize; 2]> {
        let before = self.back(at, grain)?;
        Some(self.shown(flow_id, before, grain)?.map(|shown| shown.end))
    }

    /// Of both ends, the records that the step itself is about; what stands before them is known too. In a walk by
    /// layers each step shows what was recorded up to it; in a coarser one a frame shows its sender as it made it.
    pub(super) fn shown(
        &self,
        flow_id: FlowId,
        at: StepId,
        grain: Grain,
    ) -> Option<[Range<usize>; 2]> {
        let truth = self.truth.as_ref()?;
        let step = self.step(at)?;
        let record = step.record?.index();
        if grain == Grain::Layer || step.grain == Grain::Layer {
            let next = self.last_record_of(at) + 1;
            return Some(BOTH.map(|_| record..next));
        }
        if self.is_told_behind(flow_id, record) {
            let same = |other: &&Record| other.time == step.time && other.node == step.node;
            let behind = self.records()[record + 1..].iter().take_while(same);
            let end = record + 1 + behind.count();
            return Some(BOTH.map(|_| record..end));
        }
        if self.last(Grain::Layer) == Some(at) {
            let records = self.records();
            let now = records.partition_point(|record| record.time < step.time);
            return Some(BOTH.map(|_| now..records.len()));
        }
        Some(BOTH.map(|dir| truth.shown(flow_id, dir, record)))
    }

    /// Whether what a record has changed is noted right behind it, and no segment tells of it: what a host has forgotten,
    /// or what a timer of TCP has ended.
    fn is_told_behind(&self, flow_id: FlowId, index: usize) -> bool {
        let record = &self.records()[index];
        let is_first_of = |dir| {
            let shown = self
                .truth
                .as_ref()
                .map(|truth| truth.shown(flow_id, dir, index));
            shown.is_some_and(|shown| shown.start == index)
        };
        match record.what {
            What::HostDown => true,
            What::Timer { .. } => record.conn.is_some() && !BOTH.into_iter().any(is_first_of),
            _ => false,
        }
    }

    /// Both ends, each after so many records. Of a real one what can be inferred is as good as it gets.
    fn true_ends(&self, flow_id: FlowId, shown: [usize; 2]) -> [EndNow; 2] {
        let flow = self.pipeline.flows.get(flow_id);
        BOTH.map(|dir| {
            let Some(truth) = &self.truth else {
                return EndNow::default();
            };
            let last = shown[dir.index()].checked_sub(1);
            if self.is_inferred(flow.ends[dir.index()]) {
                let end = last.and_then(|last| truth.inferred(flow_id, dir, last));
                return end.map_or_else(EndNow::default, |end| known(flow, dir, &end));
            }
            match last {
                Some(last) => truth.end(self.records(), flow_id, flow.ends, dir, last),
                None => EndNow::without(Some(TcpState::Closed)),
            }
        })
    }

    /// One end at a step, as far as it is not known but inferred.
    pub(super) fn inferred_end(
        &self,
        flow_id: FlowId,
        dir: Dir,
        at: StepId,
        grain: Grain,
    ) -> Option<infer::End> {
        match &self.truth {
            Some(truth) => {
                let shown = self.shown(flow_id, at, grain)?[dir.index()].end;
                truth.inferred(flow_id, dir, shown.checked_sub(1)?)
            }
            None => {
                let flow = self.pipeline.flows.get(flow_id);
                Some(self.inferred_at(flow, at)?[dir.index()])
            }
        }
    }

    /// The TCP connection that a step is about: its own, or else the nearest one between the same hosts.
    pub(super) fn connection_at(&self, at: StepId) -> Option<FlowId> {
        let is_tcp = |flow: &FlowId| self.pipeline.flows.get(*flow).kind == Kind::Tcp;
        let own = |step: StepId| self.steps.list()[step.0 as usize].flow.filter(is_tcp);
        let at = self.clamp(at)?;
        if let Some(flow) = own(at) {
            return Some(flow);
        }
        let of_pair = self.steps.of_pair(self.steps.pair_at(at)?, Grain::Layer);
        let here = of_pair.partition_point(|step| *step <= at);
        let near = |steps: &[StepId]| steps.iter().copied().find_map(own);
        let before = of_pair[..here]
            .iter()
            .rev()
            .take(NEAR)
            .copied()
            .find_map(own);
        before.or_else(|| near(&of_pair[here..of_pair.len().min(here + NEAR)]))
    }

    /// What both ends know at a step.
    pub(super) fn ends_now(&self, flow_id: FlowId, at: StepId, grain: Grain) -> [EndNow; 2] {
        match self.shown(flow_id, at, grain) {
            Some(shown) => self.true_ends(flow_id, shown.map(|shown| shown.end)),
            None => self.inferred_ends(self.pipeline.flows.get(flow_id), at),
        }
    }

    /// The last record before the next step: variables are noted just after what changed them.
    pub(super) fn last_record_of(&self, at: StepId) -> usize {
        let next = self.steps.list().get(at.0 as usize + 1);
        let next = next
            .and_then(|step| step.record)
            .map(|record| record.index());
        let own = self
            .step(at)
            .and_then(|step| step.record)
            .map_or(0, |record| record.index());
        next.map_or(self.records().len(), |next| next.max(own + 1))
            .saturating_sub(1)
    }

    fn inferred_ends(&self, flow: &Flow, at: StepId) -> [EndNow; 2] {
        match self.inferred_at(flow, at) {
            Some(ends) => BOTH.map(|dir| known(flow, dir, &ends[dir.index()])),
            None => BOTH.map(|_| EndNow::default()),
        }
    }

    /// Both ends after the last segment that was sent up to the step; where no other follows, after it has arrived at
    /// its receiver's TCP.
    fn inferred_at(&self, flow: &Flow, at: StepId) -> Option<[infer::End; 2]> {
        let tcp = flow.tcp.as_ref()?;
        let sent = (flow.frames).partition_point(|frame| self.frame_steps[frame.index()] <= at);
        let last = flow.frames[sent.checked_sub(1)?];
        let at_end = tcp.inferred.at_end().filter(|_| sent == flow.frames.len());
        Some(match at_end {
            Some(ends) if self.has_come_up(last, at) => ends,
            _ => tcp.inferred.at(last),
        })
    }

    /// Whether the step is behind the TCP of the frame's receiver.
    fn has_come_up(&self, frame: FrameId, at: StepId) -> bool {
        let step = self.step(at);
        let goes_on = |step: &Step| step.frame != Some(frame) || step.layer >= 4;
        at > self.frame_steps[frame.index()] && step.is_some_and(goes_on)
    }
}

/// How many steps away a connection may be to count as the nearest.
const NEAR: usize = 1000;

/// What was inferred, in the form that a host notes it.
fn known(flow: &Flow, dir: Dir, end: &infer::End) -> EndNow {
    let shift = |scale: Scale| match scale {
        Scale::Shift(shift) => Some(shift),
        Scale::Unknown | Scale::None => None,
    };
    let Some(state) = end.state else {
        return EndNow::default();
    };
    let steady = SteadyVars {
        local: flow.ends[dir.index()],
        remote: flow.ends[dir.reverse().index()],
        state,
        iss: end.iss,
        irs: end.irs,
        snd_mss: end.snd_mss,
        snd_wind_shift: shift(end.snd_scale),
        rcv_wind_shift: shift(end.scale),
        sack_permitted: end.sack_permitted,
        timestamps: end.timestamps,
        growth: None,
        w_max: None,
        recovery: None,
        recover: None,
        ssthresh: None,
        ecn: false,
        ecn_says: None,
        rcv_up: None,
        sacked: Vec::new(),
        out_of_order: Vec::new(),
    };
    let vars = TcpVars {
        steady: Arc::new(steady),
        snd_una: end.snd_una,
        snd_nxt: end.snd_nxt,
        snd_wnd: end.snd_wnd,
        rcv_nxt: end.rcv_nxt,
        rcv_wnd: end.rcv_wnd,
        rtt: None,
        srtt: None,
        rttvar: None,
        rto: None,
        cwnd: None,
        pipe: None,
        unsent: None,
        unread: None,
        timers: Vec::new(),
    };
    EndNow {
        vars: Some(vars),
        ..EndNow::without(Some(state))
    }
}
