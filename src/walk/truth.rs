//! The truth that a simulation wrote, made ready to be looked up: which connection a record is about, which frame, and
//! what each end knew at a record.

mod about;
mod losses;
mod made;
mod reals;

use std::net::SocketAddr;

use rustc_hash::FxHashMap;

use super::flows::Flows;
use super::infer;
use super::pipeline::Pipeline;
use super::step::FlowId;
use crate::base::{FrameId, NodeId, RecordId};
use crate::proto::stream::Dir;
use crate::sim::outcome::Outcome;
use crate::stack::record::{ConnId, Record, TcpState, TcpVars, What};
use about::About;
use losses::Losses;
use made::{Made, Segment};
use reals::Reals;

const DIRS: [Dir; 2] = [Dir::ToServer, Dir::ToClient];

/// One end of a connection, as its host's records tell of it.
#[derive(Debug)]
struct Conn {
    local: SocketAddr,
    remote: SocketAddr,
    active: bool,
    opened: usize,
    /// The initial sequence numbers, its own and the peer's, once they are known.
    iss: Option<u32>,
    irs: Option<u32>,
    /// Each state, and the record that entered it.
    states: Vec<(usize, TcpState)>,
    /// The records of its variables.
    vars: Vec<usize>,
    /// The segments that it put on the wire, in the order in which it made them, and how it made each.
    segments: Vec<Segment>,
    made: Vec<Made>,
}

/// What is looked up of the truth. It grows with the truth: [`Truth::go_on`].
#[derive(Debug, Default)]
pub(super) struct Truth {
    conns: Vec<Conn>,
    conn_index: FxHashMap<(NodeId, ConnId), usize>,
    /// The connections of each end, by its address and its peer's.
    between: FxHashMap<[SocketAddr; 2], Vec<usize>>,
    /// The records of ports that were opened, and of which node.
    listening: Vec<(usize, Option<NodeId>, SocketAddr)>,
    /// The records of nodes that lost their power.
    downs: Vec<(usize, Option<NodeId>)>,
    /// The two ends' connections of each flow.
    of_flow: Vec<[Option<usize>; 2]>,
    flow_of: Vec<Option<FlowId>>,
    /// The flows between two ends, and the connections whose flow is not known yet.
    flows_between: FxHashMap<[SocketAddr; 2], Vec<usize>>,
    unjoined: Vec<usize>,
    about: About,
    /// The record that put each frame on its link.
    sent: Vec<Option<usize>>,
    losses: Losses,
    reals: Reals,
}

/// What one end of a connection knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct EndNow {
    pub state: Option<TcpState>,
    pub vars: Option<TcpVars>,
    /// Whose state it is; `None` where there is no connection: a port that listens, or is closed.
    pub of: Option<Begun>,
}

/// A connection: the record that opened it, and the state that it began in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Begun {
    opened: usize,
    pub state: TcpState,
}

impl EndNow {
    /// An end without a connection.
    pub fn without(state: Option<TcpState>) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// What was there before this is an earlier connection, which is no more.
    pub fn is_after(&self, before: &Self) -> bool {
        before.of.is_some() && before.of != self.of
    }
}

impl Conn {
    /// The connection, and the state that it began in.
    fn begun(&self) -> Begun {
        let state = if self.active {
            TcpState::Closed
        } else {
            TcpState::Listen
        };
        Begun {
            opened: self.opened,
            state,
        }
    }
}

impl Truth {
    /// Takes the frames and records that were added to `outcome` since the last time; all frames are in the pipeline.
    /// Returns the first record of which now something else is told than before.
    pub fn go_on(&mut self, outcome: &Outcome, pipeline: &Pipeline) -> usize {
        let records = outcome.log.records();
        let from = self.about.len();
        self.sent.resize(outcome.frames.len(), None);
        self.losses.add_frames(&outcome.frames);
        for (index, record) in records.iter().enumerate().skip(from) {
            self.note(index, record);
            if let What::FrameDropped { frame, .. } = record.what {
                self.losses.lose(&outcome.frames, frame, index);
            }
            self.reals.note(outcome, pipeline, index, record);
        }
        self.note_made(records, from);
        let changed = self.about.go_on(records, outcome.frames.len());
        changed.min(self.join_flows(&pipeline.flows))
    }

    fn note(&mut self, index: usize, record: &Record) {
        let key = record.node.zip(record.conn);
        let conn = key.and_then(|key| self.conn_index.get(&key).copied());
        match &record.what {
            What::ConnOpened(opened) => {
                if let Some(key) = key {
                    self.conn_index.insert(key, self.conns.len());
                }
                let between = self
                    .between
                    .entry([opened.local, opened.remote])
                    .or_default();
                between.push(self.conns.len());
                self.unjoined.push(self.conns.len());
                self.flow_of.push(None);
                self.conns.push(Conn {
                    local: opened.local,
                    remote: opened.remote,
                    active: opened.active,
                    opened: index,
                    iss: None,
                    irs: None,
                    states: Vec::new(),
                    vars: Vec::new(),
                    segments: Vec::new(),
                    made: Vec::new(),
                });
            }
            What::TcpState { to, .. } => {
                if let Some(conn) = conn {
                    self.conns[conn].states.push((index, *to));
                }
            }
            What::TcpVars(vars) => {
                if let Some(conn) = conn {
                    let conn = &mut self.conns[conn];
                    conn.vars.push(index);
                    conn.states.push((index, vars.state));
                    conn.iss = vars.iss;
                    conn.irs = vars.irs;
                }
            }
            What::Listening(addr) => self.listening.push((index, record.node, *addr)),
            What::HostDown => self.downs.push((index, record.node)),
            What::FrameSent(frame) => {
                if let Some(sent) = self.sent.get_mut(frame.index()) {
                    sent.get_or_insert(index);
                }
            }
            _ => {}
        }
    }

    /// Whether a frame was lost by the record at `index`.
    pub fn is_lost(&self, frame: FrameId, index: usize) -> bool {
        self.loss_of(frame).is_some_and(|lost| lost <= index)
    }

    /// The record by which a frame was lost.
    pub fn loss_of(&self, frame: FrameId) -> Option<usize> {
        self.losses.of(frame)
    }

    /// The state that an end was in before it came to `state`, and the record that says so; of the records before `end`.
    pub fn state_before(
        &self,
        flow: FlowId,
        ends: [SocketAddr; 2],
        dir: Dir,
        end: usize,
        state: TcpState,
    ) -> Option<(TcpState, Option<usize>)> {
        let conn = self.conn_at(flow, ends, dir, end.checked_sub(1)?);
        let listens = (state == TcpState::Listen).then_some((TcpState::Closed, None));
        let Some(conn) = conn else {
            return listens;
        };
        let known = conn.states.partition_point(|(record, _)| *record < end);
        let mut entered = None;
        for (record, other) in conn.states[..known].iter().rev() {
            if *other != state {
                return Some((*other, entered));
            }
            entered = Some(*record);
        }
        let first = conn.begun().state;
        if first == state {
            return listens;
        }
        Some((first, entered))
    }

    /// The records of an end's variables, in order.
    pub fn vars_of(&self, flow: FlowId, dir: Dir) -> &[usize] {
        self.conn(flow, dir).map_or(&[], |conn| &conn.vars)
    }

    /// Finds out which flow each connection is whose frames are known now. Returns the first record of one that was
    /// found.
    fn join_flows(&mut self, flows: &Flows) -> usize {
        for (id, flow) in flows.list().iter().enumerate().skip(self.of_flow.len()) {
            let between = self.flows_between.entry(in_order(flow.ends)).or_default();
            between.push(id);
        }
        self.of_flow.resize(flows.list().len(), [None; 2]);
        let mut first = usize::MAX;
        for index in std::mem::take(&mut self.unjoined) {
            let conn = &self.conns[index];
            let same = self.flows_between.get(&in_order([conn.local, conn.remote]));
            let same = same.map_or(&[][..], Vec::as_slice);
            match Self::flow_of_conn(flows, same, conn) {
                Some((flow, end)) => {
                    self.of_flow[flow][end] = Some(index);
                    self.flow_of[index] = Some(FlowId(flow as u32));
                    first = first.min(conn.opened);
                }
                None => self.unjoined.push(index),
            }
        }
        first
    }

    /// The flow that a connection is, of those between its addresses, and which end of it: the one that began with its
    /// SYN.
    fn flow_of_conn(flows: &Flows, same: &[usize], conn: &Conn) -> Option<(usize, usize)> {
        same.iter().find_map(|&id| {
            let flow = &flows.list()[id];
            let end = flow.ends.iter().position(|end| *end == conn.local)?;
            let (caller, isn) = if conn.active {
                (end, conn.iss)
            } else {
                (1 - end, conn.irs)
            };
            let base = flow.tcp.as_ref()?.half(DIRS[caller]).base;
            let is_it = flow.ends[1 - end] == conn.remote && isn.is_some() && base == isn;
            is_it.then_some((id, end))
        })
    }

    /// The flow that a record's connection is.
    pub fn flow_of(&self, record: &Record) -> Option<FlowId> {
        let key = record.node.zip(record.conn)?;
        self.flow_of.get(*self.conn_index.get(&key)?).copied()?
    }

    /// The frame that a record is about: it sends it, is done to it, or leads to it.
    pub fn frame_of(&self, record: RecordId) -> Option<FrameId> {
        self.about.frame_of(record.index())
    }

    /// A record that is not behind the first one about this frame.
    pub fn first_about(&self, frame: FrameId) -> Option<usize> {
        self.about.first_about(frame)
    }

    /// The record that put a frame on its link; none for one that found the queue full.
    pub fn sending_of(&self, frame: FrameId) -> Option<usize> {
        self.sent.get(frame.index()).copied()?
    }

    /// What the end of a real host, which sends in `dir`, can be taken to know after the record at `index`.
    pub fn inferred(&self, flow: FlowId, dir: Dir, index: usize) -> Option<infer::End> {
        self.reals.end(flow, dir, index)
    }

    /// Whether the record comes before the frame is sent.
    pub fn is_before(&self, record: RecordId, frame: FrameId) -> bool {
        let sent = self.sending_of(frame);
        sent.is_some_and(|sent| record.index() < sent)
    }

    fn conn(&self, flow: FlowId, dir: Dir) -> Option<&Conn> {
        let conns = self.of_flow.get(flow.0 as usize)?;
        Some(&self.conns[conns[dir.index()]?])
    }

    /// Whether somebody listens at `end` at the record at `index`.
    fn listens(&self, end: SocketAddr, index: usize) -> bool {
        let opened = self.listening.iter().rev();
        let mut opened = opened.filter(|(at, _, addr)| *at <= index && is_at(*addr, end));
        opened.next().is_some_and(|(opened, node, _)| {
            let lost =
                |(at, down): &(usize, Option<NodeId>)| down == node && opened < at && *at <= index;
            !self.downs.iter().any(lost)
        })
    }

    /// A connection between the same ends that is open at the record at `index`: an end that has not heard of a new one
    /// still has it.
    fn earlier(&self, [local, remote]: [SocketAddr; 2], index: usize) -> Option<&Conn> {
        let is_open = |conn: &&Conn| {
            let state = last_before(&conn.states, index, |(record, _)| *record);
            state.is_some_and(|(_, state)| *state != TcpState::Closed)
        };
        let same = self.between.get(&[local, remote])?;
        same.iter()
            .rev()
            .map(|conn| &self.conns[*conn])
            .find(is_open)
    }

    /// The end's connection at the record at `index`: before it is made, an earlier one between the same addresses.
    fn conn_at(
        &self,
        flow: FlowId,
        ends: [SocketAddr; 2],
        dir: Dir,
        index: usize,
    ) -> Option<&Conn> {
        let conn = self.conn(flow, dir).filter(|conn| conn.opened <= index);
        let local_remote = [ends[dir.index()], ends[dir.reverse().index()]];
        conn.or_else(|| self.earlier(local_remote, index))
    }

    /// What the sending end of `dir` knows after the record at `index`.
    pub fn end(
        &self,
        records: &[Record],
        flow: FlowId,
        ends: [SocketAddr; 2],
        dir: Dir,
        index: usize,
    ) -> EndNow {
        let Some(conn) = self.conn_at(flow, ends, dir, index) else {
            let state = if self.listens(ends[dir.index()], index) {
                TcpState::Listen
            } else {
                TcpState::Closed
            };
            return EndNow::without(Some(state));
        };
        let state = last_before(&conn.states, index, |(record, _)| *record);
        let vars = last_before(&conn.vars, index, |record| *record);
        let begun = conn.begun();
        EndNow {
            state: Some(state.map_or(begun.state, |(_, state)| *state)),
            of: Some(begun),
            vars: vars.and_then(|record| match &records[*record].what {
                What::TcpVars(vars) => Some((**vars).clone()),
                _ => None,
            }),
        }
    }
}

/// Two ends in an order that does not depend on which is which.
fn in_order(mut ends: [SocketAddr; 2]) -> [SocketAddr; 2] {
    ends.sort_unstable();
    ends
}

/// The last entry of a list, sorted by record, that is not after the record at `index`.
fn last_before<T>(list: &[T], index: usize, record: impl Fn(&T) -> usize) -> Option<&T> {
    let after = list.partition_point(|entry| record(entry) <= index);
    list.get(after.checked_sub(1)?)
}

/// Whether a listening address takes calls for `end`.
fn is_at(listening: SocketAddr, end: SocketAddr) -> bool {
    let any = listening.ip().is_unspecified();
    listening.port() == end.port() && (any || listening.ip() == end.ip())
}
