//! The state diagram of RFC 9293 (§3.3.2, figure 5): where both ends are, and how they came there.

use super::Walk;
use super::brief::Transport;
use super::step::{FlowId, Grain, StepId};
use super::truth::EndNow;
use crate::proto::stream::Dir;
use crate::stack::record::{Record, TcpState, TimerAction, What};

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived,
    SynSent, TimeWait,
};

/// An edge of the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins.
    pub from: TcpState,
    /// Where it ends.
    pub to: TcpState,
    /// What makes a connection take it.
    pub event: &'static str,
    /// What it does then.
    pub action: &'static str,
}

const fn new_edge(from: TcpState, to: TcpState, event: &'static str, action: &'static str) -> Edge {
    Edge {
        from,
        to,
        event,
        action,
    }
}

/// The edges of the figure, with those of its notes.
#[rustfmt::skip]
pub static EDGES: &[Edge] = &[
    new_edge(Closed, Listen, "passive OPEN", "create TCB"),
    new_edge(Closed, SynSent, "active OPEN", "create TCB, snd SYN"),
    new_edge(Listen, Closed, "CLOSE", "delete TCB"),
    new_edge(Listen, SynReceived, "rcv SYN", "snd SYN,ACK"),
    new_edge(Listen, SynSent, "SEND", "snd SYN"),
    new_edge(SynSent, Closed, "CLOSE", "delete TCB"),
    new_edge(SynSent, SynReceived, "rcv SYN", "snd SYN,ACK"),
    new_edge(SynSent, Established, "rcv SYN,ACK", "snd ACK"),
    new_edge(SynReceived, Established, "rcv ACK of SYN", "none"),
    new_edge(SynReceived, FinWait1, "CLOSE", "snd FIN"),
    new_edge(Established, FinWait1, "CLOSE", "snd FIN"),
    new_edge(Established, CloseWait, "rcv FIN", "snd ACK"),
    new_edge(FinWait1, FinWait2, "rcv ACK of FIN", "none"),
    new_edge(FinWait1, Closing, "rcv FIN", "snd ACK"),
    new_edge(FinWait1, TimeWait, "rcv FIN, and ACK of FIN", "snd ACK"),
    new_edge(FinWait2, TimeWait, "rcv FIN", "snd ACK"),
    new_edge(CloseWait, LastAck, "CLOSE", "snd FIN"),
    new_edge(Closing, TimeWait, "rcv ACK of FIN", "none"),
    new_edge(LastAck, Closed, "rcv ACK of FIN", "delete TCB"),
    new_edge(TimeWait, Closed, "time-out of 2 MSL", "delete TCB"),
];

/// The last edge that an end took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The edge.
    pub edge: Edge,
    /// The step took it.
    pub now: bool,
}

/// The diagram at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    /// The names of the client and the server.
    pub names: [String; 2],
    /// Where they are, as far as that is known.
    pub at: [Option<TcpState>; 2],
    /// How they came there.
    pub taken: [Option<Taken>; 2],
    /// Whose state was inferred from the frames, not known.
    pub inferred: [bool; 2],
}

impl Walk {
    /// The state diagram of the step's TCP connection, in a walk of this grain.
    pub fn states(&self, at: StepId, grain: Grain) -> Option<States> {
        let flow_id = self.connection_at(at)?;
        let ends = self.pipeline.flows.get(flow_id).ends;
        let now = self.ends_now(flow_id, at, grain);
        let before = self.ends_before(flow_id, at, grain);
        let taken = [Dir::ToServer, Dir::ToClient].map(|dir| {
            let state = now[dir.index()].state?;
            Some(Taken {
                edge: self.edge_to(flow_id, dir, at, grain, state)?,
                now: takes_edge(&before[dir.index()], &now[dir.index()]),
            })
        });
        Some(States {
            names: self.names_of(ends),
            at: now.map(|end| end.state),
            taken,
            inferred: ends.map(|end| self.is_inferred(end)),
        })
    }

    /// The edge by which an end came to the state that it is in.
    fn edge_to(
        &self,
        flow: FlowId,
        dir: Dir,
        at: StepId,
        grain: Grain,
        state: TcpState,
    ) -> Option<Edge> {
        let ends = self.pipeline.flows.get(flow).ends;
        let known = self.truth.as_ref();
        let (from, by) = match known.filter(|_| !self.is_inferred(ends[dir.index()])) {
            Some(truth) => {
                let shown = self.shown(flow, at, grain)?[dir.index()].end;
                let (from, record) = truth.state_before(flow, ends, dir, shown, state)?;
                (from, record.and_then(|record| ended_by(self, record)))
            }
            None => {
                let end = self.inferred_end(flow, dir, at, grain)?;
                (end.came_from?, end.reset.then_some(RESET))
            }
        };
        Some(edge_between(from, state, by))
    }
}

/// Whether an end came to its state just now. Behind a connection that is no more, the port has been there all along.
fn takes_edge(before: &EndNow, now: &EndNow) -> bool {
    if now.is_after(before) {
        now.of.is_some()
    } else {
        before.state != now.state
    }
}

/// What ended a connection out of the figure's order: event and action.
type End = (&'static str, &'static str);

/// The figure leaves out what a RST does.
const RESET: End = ("rcv RST", "delete TCB");

/// The figure's edge; or one that it leaves out, to CLOSED by a RST, an ABORT, a time-out or a loss of
/// power.
fn edge_between(from: TcpState, to: TcpState, by: Option<End>) -> Edge {
    let drawn = EDGES
        .iter()
        .find(|edge| edge.from == from && edge.to == to)
        .copied();
    match (drawn, by) {
        (Some(edge), _) if to != Closed || matches!(from, LastAck | TimeWait) => edge,
        (_, Some((event, action))) => new_edge(from, to, event, action),
        (Some(edge), None) => edge,
        (None, None) => new_edge(from, to, "not in the figure", "delete TCB"),
    }
}

/// Follows the causes of a record to what ended the connection.
fn ended_by(walk: &Walk, record: usize) -> Option<End> {
    let records: &[Record] = walk.records();
    let mut at = records.get(record)?;
    loop {
        match &at.what {
            What::Timer {
                action: TimerAction::Expired,
                ..
            } => return Some(("time-out", "delete TCB")),
            What::FrameArrived(frame) => {
                let Some(Transport::Tcp(tcp)) = walk.pipeline.transport(*frame) else {
                    return None;
                };
                return tcp.flags.rst.then_some(RESET);
            }
            What::AppCall(call) if call.starts_with("abort") => {
                return Some(("ABORT", "snd RST, delete TCB"));
            }
            What::HostDown => return Some(("power lost", "TCB forgotten")),
            _ => at = &records[at.cause?.index()],
        }
    }
}
