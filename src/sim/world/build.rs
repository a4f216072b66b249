//! From the plain data to the world before its first event.

use std::collections::VecDeque;

use super::{Event, Hosting, Node, PipeId, Port, Routing, World};
use crate::base::{LinkId, NodeId, Time};
use crate::sim::fault;
use crate::sim::link::Pipe;
use crate::sim::machine::{self, Machine};
use crate::sim::outcome::{self, Outcome};
use crate::sim::queue::EventQueue;
use crate::sim::spec::{self, Spec};
use crate::sim::switch::Switch;
use crate::stack::record::Log;
use crate::stack::router::{Router, RouterConfig};

impl World {
    /// The world before its first event.
    ///
    /// # Panics
    /// If a link or an application names a node that is not there: whoever makes a [`Spec`] sees to that.
    pub fn new(spec: &Spec) -> Self {
        let mut queue = EventQueue::new();
        for (on, index, start) in starts(spec) {
            queue.push(start, Event::Start(on, index));
        }
        for crash in &spec.crashes {
            let at = Time::ZERO + crash.at;
            queue.push(at, Event::Down(crash.on));
            if let Some(span) = crash.up_after {
                queue.push(at + span, Event::Up(crash.on));
            }
        }
        let ids = (0..spec.nodes.len()).map(NodeId::from_index);
        Self {
            now: Time::ZERO,
            limits: spec.limits,
            events: 0,
            queue,
            nodes: ids.map(|id| node(spec, id)).collect(),
            pipes: spec.links.iter().enumerate().flat_map(pipes).collect(),
            rules: fault::rules(&spec.faults, spec.seed),
            flights: Vec::new(),
            keeping_frames: spec.keeping_frames,
            watched: None,
            seen: Vec::new(),
            taken: 0,
            outcome: outcome(spec),
        }
    }
}

/// Each application's host, its place among that host's applications, and when it starts.
fn starts(spec: &Spec) -> Vec<(NodeId, usize, Time)> {
    let mut counts = vec![0; spec.nodes.len()];
    let start = |app: &spec::App| {
        let count = &mut counts[app.on.index()];
        *count += 1;
        (app.on, *count - 1, Time::ZERO + app.start)
    };
    spec.apps.iter().map(start).collect()
}

fn node(spec: &Spec, id: NodeId) -> Node {
    let links = || {
        let has = |link: &spec::Link| link.ends.contains(&id);
        let mine = spec
            .links
            .iter()
            .enumerate()
            .filter(move |(_, link)| has(link));
        mine.map(|(index, _)| LinkId::from_index(index))
    };
    let out = || links().next().map(|link| pipe_from(spec, link, id));
    match &spec.nodes[id.index()].kind {
        spec::NodeKind::Switch => Node::Switch(Switch::new(links().collect())),
        spec::NodeKind::Router(router) => Node::Router(Box::new(routing(spec, id, router))),
        spec::NodeKind::Real(_) => Node::Real(Port {
            out: out(),
            delivered: VecDeque::new(),
        }),
        spec::NodeKind::Host(host) => {
            let apps = spec.apps.iter().filter(|app| app.on == id);
            let name = &spec.nodes[id.index()].name;
            Node::Host(Box::new(Hosting {
                machine: Machine::new(spec.seed, spec.books, name, host, apps),
                is_up: true,
                out: out(),
                armed: None,
            }))
        }
    }
}

fn routing(spec: &Spec, id: NodeId, router: &spec::Router) -> Routing {
    let name = &spec.nodes[id.index()].name;
    let links = router.interfaces.iter().map(|interface| interface.link);
    Routing {
        router: Router::new(RouterConfig {
            interfaces: machine::interfaces(spec.seed, name, router),
            routes: router.routes.clone(),
            icmp_errors: router.icmp_errors,
        }),
        links: links
            .map(|link| (link, pipe_from(spec, link, id)))
            .collect(),
        armed: None,
    }
}

/// The pipe of `link` on which `node` sends.
fn pipe_from(spec: &Spec, link: LinkId, node: NodeId) -> PipeId {
    let is_second = spec.links[link.index()].ends[0] != node;
    PipeId(2 * link.index() + usize::from(is_second))
}

fn pipes((index, link): (usize, &spec::Link)) -> [Pipe; 2] {
    let [a, b] = link.ends;
    let id = LinkId::from_index(index);
    [[a, b], [b, a]].map(|ends| {
        let mut pipe = Pipe::new(id, ends, link.delay, link.rate, link.queue);
        pipe.mark = link.mark;
        pipe
    })
}

fn outcome(spec: &Spec) -> Outcome {
    let node = |node: &spec::Node| {
        let (kind, macs, addrs) = match &node.kind {
            spec::NodeKind::Host(host) => (outcome::NodeKind::Host, vec![host.mac], host.addrs()),
            spec::NodeKind::Switch => (outcome::NodeKind::Switch, Vec::new(), Vec::new()),
            spec::NodeKind::Router(router) => (
                outcome::NodeKind::Router,
                router.interfaces.iter().map(|it| it.mac).collect(),
                router.addrs(),
            ),
            // Its MAC address is its own affair.
            spec::NodeKind::Real(host) => (outcome::NodeKind::Host, Vec::new(), host.addrs()),
        };
        outcome::Node {
            name: node.name.clone(),
            kind,
            is_real: matches!(node.kind, spec::NodeKind::Real(_)),
            macs,
            addrs,
        }
    };
    let link = |link: &spec::Link| outcome::Link {
        ends: link.ends,
        delay: link.delay,
        rate: link.rate,
    };
    Outcome {
        nodes: spec.nodes.iter().map(node).collect(),
        links: spec.links.iter().map(link).collect(),
        frames: Vec::new(),
        log: if spec.recording {
            Log::new()
        } else {
            Log::off()
        },
        ended: Time::ZERO,
        cut_short: None,
    }
}
