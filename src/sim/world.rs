//! The world that runs: what is to happen, one event after the other.
//!
//! - `port`: where frames enter and leave the world, for a node that is real; what one node sees.
//! - `wire`: what happens to a frame on a link, and at both its ends.

mod build;
mod port;
mod wire;

use std::collections::VecDeque;
use std::sync::Arc;

use super::fault::Rule;
use super::ledger::Ledger;
use super::link::Pipe;
use super::machine::Machine;
use super::outcome::{Limit, Outcome, Piece};
use super::queue::EventQueue;
use super::spec::Limits;
use super::switch::Switch;
use crate::base::{FrameId, LinkId, NodeId, RecordId, Time};
use crate::stack::cx::Cx;
use crate::stack::record::What;
use crate::stack::router::Router;
pub use port::{Direction, Seen};
use wire::{FAULT, Flight};

/// A world that runs.
///
/// [`World::step`] until it says that nothing is left, then [`World::into_outcome`]; [`super::run`] does both. To run
/// at the pace of a clock, wait for [`World::next_time`] before each step. Nothing here waits.
///
/// With real nodes ([`spec::NodeKind::Real`](super::spec::NodeKind::Real)): [`World::run_until`] what their clock says,
/// then [`World::inject`] what they send, and [`World::take_delivered`] what is for them.
pub struct World {
    now: Time,
    limits: Limits,
    events: usize,
    queue: EventQueue<Event>,
    nodes: Vec<Node>,
    pipes: Vec<Pipe>,
    rules: Vec<Box<dyn Rule>>,
    flights: Vec<Flight>,
    /// Whether the bytes of frames are kept when they have arrived.
    keeping_frames: bool,
    /// The node whose frames are noted in `seen`.
    watched: Option<NodeId>,
    seen: Vec<Seen>,
    /// How many of the frames were handed out in pieces.
    taken: usize,
    outcome: Outcome,
}

/// What is to happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A program of a host starts.
    Start(NodeId, usize),
    /// A host loses its power.
    Down(NodeId),
    /// A host has its power back.
    Up(NodeId),
    /// A host, or one of its programs, wanted to be called.
    Wake(NodeId),
    /// A link can take the next frame.
    Free(PipeId),
    /// The last bit of a frame has come.
    Arrive(FrameId),
}

/// A pipe, by its place among the pipes: two for each link, first the one from its first end.
#[derive(Debug, Clone, Copy)]
struct PipeId(usize);

enum Node {
    Host(Box<Hosting>),
    Switch(Switch),
    Router(Box<Routing>),
    Real(Port),
}

impl Node {
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time> {
        match self {
            Self::Host(host) => host.machine.poll_timeout(),
            Self::Router(routing) => routing.router.poll_timeout(),
            Self::Switch(_) | Self::Real(_) => None,
        }
    }

    /// When the earliest [`Event::Wake`] that is queued for it will be; `None`: it never wants one.
    fn armed(&mut self) -> Option<&mut Option<Time>> {
        match self {
            Self::Host(host) => Some(&mut host.armed),
            Self::Router(routing) => Some(&mut routing.armed),
            Self::Switch(_) | Self::Real(_) => None,
        }
    }
}

/// The place of a real node.
struct Port {
    /// Where its frames enter; `None`: it has no link.
    out: Option<PipeId>,
    /// What arrived, and was not taken yet.
    delivered: VecDeque<Arc<[u8]>>,
}

/// A host in its place in the world.
struct Hosting {
    machine: Machine,
    /// Whether it has power.
    is_up: bool,
    /// Where its frames go out; `None`: it has no link.
    out: Option<PipeId>,
    /// When the earliest [`Event::Wake`] that is queued for it will be.
    armed: Option<Time>,
}

/// A router in its place in the world.
struct Routing {
    router: Router,
    /// The link of each interface, and where its frames go out.
    links: Vec<(LinkId, PipeId)>,
    /// When the earliest [`Event::Wake`] that is queued for it will be.
    armed: Option<Time>,
}

impl World {
    /// Now.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When something happens next; `None` if nothing does any more.
    pub fn next_time(&mut self) -> Option<Time> {
        self.skip_idle_wakes();
        self.queue.peek().map(|(time, _)| time)
    }

    /// Lets the next event happen. `false`: there was none, or a limit is reached.
    pub fn step(&mut self) -> bool {
        let Some(time) = self.next_time() else {
            return false;
        };
        if let Some(limit) = self.reached(time) {
            self.cut_short(limit);
            return false;
        }
        let Some((_, event)) = self.queue.pop() else {
            return false;
        };
        self.events += 1;
        self.now = time;
        self.outcome.ended = time;
        self.handle(event);
        true
    }

    /// What is there so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The next piece of what it leaves behind. The records are in it alone from then on; the frames stay.
    pub fn take_piece(&mut self) -> Piece {
        let from = std::mem::replace(&mut self.taken, self.outcome.frames.len());
        Piece {
            frames: self.outcome.frames[from..].to_vec(),
            records: self.outcome.log.take(),
            ended: self.outcome.ended,
            cut_short: self.outcome.cut_short,
        }
    }

    /// Makes no more records; the frames that it sends from now on are kept where that is asked for.
    pub fn stop_recording(&mut self, keeping_frames: bool) {
        self.outcome.log.stop();
        self.keeping_frames = keeping_frames;
    }

    /// The books of all programs ([`Spec::books`](super::spec::Spec::books)), each with its host.
    pub fn ledgers(&self) -> Vec<(NodeId, &Ledger)> {
        let mut all = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if let Node::Host(host) = node {
                let id = NodeId::from_index(index);
                all.extend(host.machine.ledgers().map(|book| (id, book)));
            }
        }
        all
    }

    /// What the run left behind.
    pub fn into_outcome(mut self) -> Outcome {
        self.outcome.frames.shrink_to_fit();
        self.outcome.log.shrink_to_fit();
        self.outcome
    }

    /// The limit that forbids another event, at this time.
    fn reached(&self, time: Time) -> Option<Limit> {
        let Limits {
            duration,
            frames,
            events,
        } = self.limits;
        if self.outcome.frames.len() >= frames {
            Some(Limit::Frames(frames))
        } else if self.events >= events {
            Some(Limit::Events(events))
        } else {
            (time.since(Time::ZERO) > duration).then_some(Limit::Duration(duration))
        }
    }

    /// The first limit that was reached is the one that is told.
    fn cut_short(&mut self, limit: Limit) {
        if let Limit::Duration(duration) = limit {
            self.outcome.ended = Time::ZERO + duration;
        }
        self.outcome.cut_short.get_or_insert(limit);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Start(node, app) => self.call(node, None, |machine, cx| machine.start(cx, app)),
            Event::Down(node) => self.go_down(node),
            Event::Up(node) => self.come_up(node),
            Event::Wake(node) => {
                self.disarm(node);
                self.call(node, None, Machine::handle_timeout);
                self.call_router(node, None, |routing, cx| routing.router.handle_timeout(cx));
            }
            Event::Free(pipe) => self.next_frame(pipe),
            Event::Arrive(frame) => self.arrive(frame),
        }
    }

    /// Calls a host, sends what it has to send, hands its programs what is for them, and sees to it that it is called
    /// again when it wants to be.
    fn call(
        &mut self,
        node: NodeId,
        cause: Option<RecordId>,
        call: impl FnOnce(&mut Machine, &mut Cx),
    ) {
        self.with_machine(node, cause, call);
        loop {
            self.send_all(node);
            if self.with_machine(node, None, Machine::handle_event) != Some(true) {
                break;
            }
        }
        self.arm(node);
    }

    fn go_down(&mut self, node: NodeId) {
        let down = self.record(node, 1, None, FAULT, What::HostDown);
        self.with_machine(node, down, Machine::crash);
        self.set_power(node, false);
    }

    fn come_up(&mut self, node: NodeId) {
        let up = self.record(node, 1, None, FAULT, What::HostUp);
        self.set_power(node, true);
        self.call(node, up, Machine::come_up);
    }

    fn set_power(&mut self, node: NodeId, is_up: bool) {
        if let Node::Host(host) = &mut self.nodes[node.index()] {
            host.is_up = is_up;
        }
    }

    /// Whether the node is a host without power.
    fn is_down(&self, node: NodeId) -> bool {
        matches!(&self.nodes[node.index()], Node::Host(host) if !host.is_up)
    }

    /// Runs `body` with a host; `None` where the node is none, or is down.
    fn with_machine<T>(
        &mut self,
        node: NodeId,
        cause: Option<RecordId>,
        body: impl FnOnce(&mut Machine, &mut Cx) -> T,
    ) -> Option<T> {
        let Node::Host(host) = &mut self.nodes[node.index()] else {
            return None;
        };
        if !host.is_up {
            return None;
        }
        let log = &mut self.outcome.log;
        Some(body(
            &mut host.machine,
            &mut Cx {
                now: self.now,
                node,
                cause,
                log,
            },
        ))
    }

    /// Calls a router, sends what it has to send, and sees to it that it is called again when it wants to be.
    fn call_router(
        &mut self,
        node: NodeId,
        cause: Option<RecordId>,
        call: impl FnOnce(&mut Routing, &mut Cx),
    ) {
        let Node::Router(routing) = &mut self.nodes[node.index()] else {
            return;
        };
        let (now, log) = (self.now, &mut self.outcome.log);
        call(
            routing,
            &mut Cx {
                now,
                node,
                cause,
                log,
            },
        );
        let transmits = std::iter::from_fn(|| routing.router.poll_transmit());
        let links = &routing.links;
        let frames: Vec<_> = transmits
            .map(|(interface, frame)| (links[interface].1, frame))
            .collect();
        for (out, frame) in frames {
            self.send(Some(out), node, frame);
        }
        self.arm(node);
    }

    fn send_all(&mut self, node: NodeId) {
        while let Node::Host(host) = &mut self.nodes[node.index()]
            && let Some(frame) = host.machine.poll_transmit()
        {
            let out = host.out;
            self.send(out, node, frame);
        }
    }

    /// Queues a wake for a node unless one is queued that is early enough.
    fn arm(&mut self, node: NodeId) {
        let it = &mut self.nodes[node.index()];
        if let Some(due) = it.poll_timeout()
            && let Some(armed) = it.armed()
            && armed.is_none_or(|armed| due < armed)
        {
            *armed = Some(due);
            self.queue.push(due.max(self.now), Event::Wake(node));
        }
    }

    fn disarm(&mut self, node: NodeId) {
        if let Some(armed) = self.nodes[node.index()].armed() {
            *armed = None;
        }
    }

    /// Takes the next events out as long as they are wakes that nobody wants any more: they are no part of the run.
    fn skip_idle_wakes(&mut self) {
        while let Some((time, &Event::Wake(node))) = self.queue.peek()
            && !self.wants_wake(node, time)
        {
            self.queue.pop();
            self.disarm(node);
            self.arm(node);
        }
    }

    fn wants_wake(&self, node: NodeId, time: Time) -> bool {
        let timeout = self.nodes[node.index()].poll_timeout();
        timeout.is_some_and(|due| due <= time)
    }
}

impl Routing {
    /// A frame came whole on one of its links.
    fn handle_frame(&mut self, cx: &mut Cx, link: LinkId, bytes: &[u8], frame: FrameId) {
        if let Some(at) = self.links.iter().position(|(own, _)| *own == link) {
            self.router.handle_frame(cx, at, bytes, Some(frame));
        }
    }
}
