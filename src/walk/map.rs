//! The map: nodes, links, and where the step's frame is.

use super::step::{Step, StepId};
use super::view::{Map, MapAt, MapLink, MapNode};
use super::{Walk, label};
use crate::base::{FrameId, NodeId};
use crate::proto::stream::Dir;
use crate::sim::outcome::{Link, Node, NodeKind, Outcome};
use crate::stack::record::What;

impl Walk {
    /// The map of the nodes; of a capture, of the two hosts that the step is about.
    pub fn map(&self, at: StepId) -> Map {
        let label = match self.step(at).and_then(|step| step.frame) {
            Some(frame) => label::title(&self.pipeline, self.pipeline.root(frame)),
            None => String::new(),
        };
        match &self.outcome {
            Some(outcome) => Map {
                nodes: in_order(outcome)
                    .into_iter()
                    .map(|id| node(outcome, id))
                    .collect(),
                links: outcome.links.iter().map(link).collect(),
                at: self
                    .step(at)
                    .map_or(MapAt::Nowhere, |step| self.place(outcome, step)),
                label,
            },
            None => self.captured_map(at, label),
        }
    }

    fn place(&self, outcome: &Outcome, step: &Step) -> MapAt {
        let ends = |frame: FrameId| {
            let sent = &outcome.frames[frame.index()];
            (sent.from, sent.to)
        };
        match step
            .record
            .and_then(|id| self.record(id))
            .map(|record| &record.what)
        {
            // the end of the run shares its record with what came last
            _ if self.steps.list().last() == Some(step) => MapAt::Nowhere,
            Some(What::FrameSent(frame) | What::FrameFaulted { frame, .. }) => {
                let (from, to) = ends(*frame);
                MapAt::Link(from, to)
            }
            Some(What::FrameDropped { frame, .. }) => {
                let (from, to) = ends(*frame);
                MapAt::Lost(from, to)
            }
            _ => step.node.map_or(MapAt::Nowhere, MapAt::Node),
        }
    }

    fn captured_map(&self, at: StepId, label: String) -> Map {
        let pair = self.clamp(at).and_then(|at| self.steps.pair_at(at));
        let Some(pair) = pair.map(|pair| self.pipeline.flows.pair(pair)) else {
            return Map {
                nodes: Vec::new(),
                links: Vec::new(),
                at: MapAt::Nowhere,
                label,
            };
        };
        let nodes = [0, 1].map(|index| MapNode {
            id: NodeId(index),
            name: self.name_of(pair.hosts[index as usize]),
            address: match pair.ports {
                Some(ports) => format!("{}:{}", pair.hosts[index as usize], ports[index as usize]),
                None => pair.hosts[index as usize].to_string(),
            },
            is_host: true,
        });
        let step = self.step(at);
        let dir = step
            .and_then(|step| step.frame)
            .and_then(|frame| self.pair_dir(frame, pair));
        Map {
            nodes: nodes.to_vec(),
            links: vec![MapLink {
                ends: [NodeId(0), NodeId(1)],
                label: String::new(),
            }],
            at: match dir {
                Some(Dir::ToServer) => MapAt::Link(NodeId(0), NodeId(1)),
                Some(Dir::ToClient) => MapAt::Link(NodeId(1), NodeId(0)),
                None => MapAt::Nowhere,
            },
            label,
        }
    }
}

/// The nodes in an order in which neighbours stand side by side: along the links from a host at the edge.
fn in_order(outcome: &Outcome) -> Vec<NodeId> {
    let count = outcome.nodes.len();
    let neighbours = |id: NodeId| {
        outcome
            .links
            .iter()
            .filter_map(move |link| match link.ends {
                [a, b] if a == id => Some(b),
                [a, b] if b == id => Some(a),
                _ => None,
            })
    };
    let mut order = Vec::with_capacity(count);
    let mut starts: Vec<NodeId> = (0..count).map(NodeId::from_index).collect();
    starts.sort_by_key(|id| neighbours(*id).count());
    for start in starts {
        let mut stack = vec![start];
        while let Some(id) = stack.pop() {
            if !order.contains(&id) {
                order.push(id);
                let mut next: Vec<NodeId> = neighbours(id).collect();
                next.reverse();
                stack.extend(next);
            }
        }
    }
    order
}

fn node(outcome: &Outcome, id: NodeId) -> MapNode {
    let Node {
        name, kind, addrs, ..
    } = &outcome.nodes[id.index()];
    MapNode {
        id,
        name: name.clone(),
        address: addrs.first().map_or_else(String::new, ToString::to_string),
        is_host: *kind == NodeKind::Host,
    }
}

fn link(link: &Link) -> MapLink {
    let millis = link.delay.as_nanos() as f64 / 1e6;
    MapLink {
        ends: link.ends,
        label: format!("{millis} ms, {}", rate(link.rate)),
    }
}

/// Bits a second with the largest prefix that leaves a whole number.
fn rate(bits: u64) -> String {
    let units = [
        (1_000_000_000, "Gbit/s"),
        (1_000_000, "Mbit/s"),
        (1_000, "kbit/s"),
    ];
    let unit = units
        .iter()
        .find(|(size, _)| bits >= *size && bits.is_multiple_of(*size));
    match unit {
        Some((size, name)) => format!("{} {name}", bits / size),
        None => format!("{bits} bit/s"),
    }
}
