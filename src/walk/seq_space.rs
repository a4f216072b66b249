//! The sequence space of both directions of a connection: what was sent, acknowledged, lost.

use super::Walk;
use super::brief::Transport;
use super::flows::Flow;
use super::infer::is_after;
use super::step::{FlowId, Grain, StepId};
use super::truth::EndNow;
use super::view::{Numbers, SeqKind, SeqRun, SeqSpace, SeqState};
use crate::base::FrameId;
use crate::proto::stream::Dir;
use crate::stack::record::TcpState;

/// So many frames of the connection before the step are looked at; what was sent before them is one run.
const FRAMES: usize = 512;

/// A run in raw numbers, as it was sent.
struct Sent {
    seq: u32,
    len: u32,
    kind: SeqKind,
    lost: bool,
    current: bool,
}

impl Walk {
    /// The sequence space of both directions of the step's TCP connection, client to server first; in a walk of this grain.
    pub fn seq_space(&self, at: StepId, grain: Grain, numbers: Numbers) -> Option<[SeqSpace; 2]> {
        let flow_id = self.connection_at(at)?;
        let at = self.clamp(at)?;
        let ends = self.ends_now(flow_id, at, grain);
        let spaces = [Dir::ToServer, Dir::ToClient].map(|dir| {
            // A listener keeps nothing of what it has answered with a cookie (RFC 4987 §3.6).
            let keeps = ends[dir.index()].state != Some(TcpState::Listen);
            let sent = if keeps {
                self.sent(flow_id, dir, at)
            } else {
                Vec::new()
            };
            self.space(flow_id, dir, &ends, sent, numbers)
        });
        Some(spaces)
    }

    fn space(
        &self,
        flow_id: FlowId,
        dir: Dir,
        ends: &[EndNow; 2],
        sent: Vec<Sent>,
        numbers: Numbers,
    ) -> SeqSpace {
        let sender = ends[dir.index()].vars.as_ref();
        let receiver = ends[dir.reverse().index()].vars.as_ref();
        let flow = self.pipeline.flows.get(flow_id);
        let base = flow.tcp.as_ref().and_then(|tcp| tcp.half(dir).base);
        let isn = sender.and_then(|vars| vars.iss);
        // what was not seen is counted from where the first segment stood, as everywhere
        let zero = match numbers {
            Numbers::Relative => isn.or(base).unwrap_or(0),
            Numbers::Raw => 0,
        };
        let shown = |number: u32| number.wrapping_sub(zero);
        let una = sender.and_then(|vars| vars.snd_una);
        let window = sender.and_then(|vars| vars.snd_wnd);
        let held = receiver.map_or(&[][..], |vars| &vars.out_of_order);
        let mut runs: Vec<SeqRun> = Vec::new();
        for (index, run) in sent.iter().enumerate() {
            let end = run.seq.wrapping_add(run.len);
            let state = if una.is_some_and(|una| !is_after(end, una)) {
                SeqState::Acked
            } else if held
                .iter()
                .any(|(from, to)| !is_after(*from, run.seq) && !is_after(end, *to))
            {
                SeqState::Sacked
            } else if run.lost {
                SeqState::Lost
            } else {
                SeqState::Sent
            };
            let range = shown(run.seq)..shown(end);
            let before = index.checked_sub(1).map(|before| &sent[before]);
            if let Some(before) = before {
                let expected = before.seq.wrapping_add(before.len);
                if is_after(run.seq, expected) {
                    runs.push(gap(shown(expected)..range.start));
                }
            }
            runs.push(SeqRun {
                range,
                kind: run.kind,
                state,
                current: run.current,
            });
        }
        SeqSpace {
            isn,
            una: una.map(shown),
            nxt: sender.and_then(|vars| vars.snd_nxt).map(shown),
            rcv_nxt: receiver.and_then(|vars| vars.rcv_nxt).map(shown),
            window_end: una
                .zip(window)
                .map(|(una, window)| shown(una.wrapping_add(window))),
            runs,
        }
    }

    /// What was sent in a direction up to a step, in the order of the numbers, without overlap.
    fn sent(&self, flow_id: FlowId, dir: Dir, at: StepId) -> Vec<Sent> {
        let flow = self.pipeline.flows.get(flow_id);
        let current = self.step(at).and_then(|step| step.frame);
        let count = flow
            .frames
            .partition_point(|frame| self.frame_steps[frame.index()] <= at);
        let first = count.saturating_sub(FRAMES);
        let mut sent: Vec<Sent> = Vec::new();
        for &frame in &flow.frames[first..count] {
            if self.pipeline.meta(frame).dir != Some(dir) {
                continue;
            }
            for run in self.runs_sent(frame, at, current == Some(frame)) {
                add(&mut sent, run);
            }
        }
        let earlier = self.earlier(flow, dir, first, &sent);
        earlier.into_iter().chain(sent).collect()
    }

    /// All that was sent in the frames before number `first` of the connection, as one run.
    fn earlier(&self, flow: &Flow, dir: Dir, first: usize, sent: &[Sent]) -> Option<Sent> {
        let base = flow.tcp.as_ref()?.half(dir).base?;
        let next = sent.first()?.seq;
        let len = next.wrapping_sub(base);
        (first > 0 && len > 0 && is_after(next, base)).then_some(Sent {
            seq: base,
            len,
            kind: SeqKind::Data,
            lost: false,
            current: false,
        })
    }

    /// The sequence numbers that a segment uses: SYN, data, FIN.
    fn runs_sent(&self, frame: FrameId, at: StepId, current: bool) -> Vec<Sent> {
        let transport = self.pipeline.transport(frame);
        let Some(Transport::Tcp(tcp)) = transport else {
            return Vec::new();
        };
        if tcp.flags.rst {
            return Vec::new();
        }
        let data = u32::try_from(tcp.wire_len).unwrap_or(0);
        let parts = [
            (u32::from(tcp.flags.syn), SeqKind::Syn),
            (data, SeqKind::Data),
            (u32::from(tcp.flags.fin), SeqKind::Fin),
        ];
        let until = self.last_record_of(at);
        let lost = self
            .truth
            .as_ref()
            .is_some_and(|truth| truth.is_lost(frame, until));
        let mut seq = tcp.seq;
        let mut runs = Vec::new();
        for (len, kind) in parts.into_iter().filter(|(len, _)| *len > 0) {
            runs.push(Sent {
                seq,
                len,
                kind,
                lost,
                current,
            });
            seq = seq.wrapping_add(len);
        }
        runs
    }
}

/// Adds a run. What it sends again is taken from the runs that had it before.
fn add(sent: &mut Vec<Sent>, run: Sent) {
    let end = run.seq.wrapping_add(run.len);
    let mut kept = Vec::with_capacity(sent.len() + 2);
    for old in sent.drain(..) {
        let old_end = old.seq.wrapping_add(old.len);
        if !is_after(end, old.seq) || !is_after(old_end, run.seq) {
            kept.push(old);
            continue;
        }
        let before = run.seq.wrapping_sub(old.seq).cast_signed();
        let after = old_end.wrapping_sub(end).cast_signed();
        if before > 0 {
            kept.push(Sent {
                len: before.cast_unsigned(),
                ..old
            });
        }
        if after > 0 {
            kept.push(Sent {
                seq: end,
                len: after.cast_unsigned(),
                ..old
            });
        }
    }
    let place = kept
        .iter()
        .position(|old| is_after(old.seq, run.seq))
        .unwrap_or(kept.len());
    kept.insert(place, run);
    *sent = kept;
}

fn gap(range: std::ops::Range<u32>) -> SeqRun {
    SeqRun {
        range,
        kind: SeqKind::Data,
        state: SeqState::Gap,
        current: false,
    }
}
