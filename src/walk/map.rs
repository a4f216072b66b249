//! The map: nodes, links, and where the step's frame is.

use std::net::IpAddr;

use super::step::{Step, StepId};
use super::view::{Branch, Map, MapAt, MapLink, MapNode};
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
            Some(outcome) if !outcome.nodes.is_empty() => self.simulated_map(outcome, at, label),
            _ => self.captured_map(at, label),
        }
    }

    fn simulated_map(&self, outcome: &Outcome, id: StepId, label: String) -> Map {
        let at = self
            .step(id)
            .map_or(MapAt::Nowhere, |step| self.place(outcome, step));
        let tree = Tree::new(outcome);
        let path = tree.path(self.map_ends(outcome, id, at));
        Map {
            nodes: (0..outcome.nodes.len())
                .map(|i| node(outcome, NodeId::from_index(i)))
                .collect(),
            branches: tree.branches(&path),
            path,
            links: outcome.links.iter().map(link).collect(),
            at,
            label,
        }
    }

    /// The two nodes that the step is about. An address that no node has (a forged one) leaves its place to the node
    /// where the frame is, or else to a host at the edge.
    fn map_ends(&self, outcome: &Outcome, id: StepId, at: MapAt) -> [NodeId; 2] {
        let pair = self.steps.pair_at(id);
        let hosts = pair.map(|pair| self.pipeline.flows.pair(pair).hosts);
        let owner = |host: IpAddr| {
            let place = outcome.nodes.iter().position(|n| n.addrs.contains(&host));
            place.map(NodeId::from_index)
        };
        let mut ends = hosts.map_or([None; 2], |hosts| hosts.map(owner));
        let here = match at {
            MapAt::Nowhere => [None; 2],
            MapAt::Node(node) => [Some(node), None],
            MapAt::Link(from, to) | MapAt::Lost(from, to) => [Some(from), Some(to)],
        };
        let is_host = |id: &NodeId| outcome.nodes[id.index()].kind == NodeKind::Host;
        let all = (0..outcome.nodes.len()).map(NodeId::from_index);
        let hosts: Vec<NodeId> = here
            .into_iter()
            .flatten()
            .chain(all)
            .filter(is_host)
            .collect();
        for i in 0..2 {
            ends[i] = ends[i].or_else(|| {
                let is_free = |host: &&NodeId| !ends.contains(&Some(**host));
                hosts.iter().find(is_free).copied()
            });
        }
        let first = ends[0].or(ends[1]).unwrap_or(NodeId(0));
        ends.map(|end| end.unwrap_or(first))
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
                label,
                ..Map::default()
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
            path: vec![NodeId(0), NodeId(1)],
            branches: Vec::new(),
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

/// The nodes and who has a link to whom.
struct Tree {
    neighbours: Vec<Vec<NodeId>>,
}

impl Tree {
    fn new(outcome: &Outcome) -> Self {
        let mut neighbours = vec![Vec::new(); outcome.nodes.len()];
        for [a, b] in outcome.links.iter().map(|link| link.ends) {
            neighbours[a.index()].push(b);
            neighbours[b.index()].push(a);
        }
        Self { neighbours }
    }

    /// The shortest way from one node to another, both in it; the two alone where there is none.
    fn path(&self, [from, to]: [NodeId; 2]) -> Vec<NodeId> {
        // From the far end, so that each node knows the next one on the way there.
        let mut next: Vec<Option<NodeId>> = vec![None; self.neighbours.len()];
        let mut found = vec![to];
        for i in 0.. {
            let Some(&here) = found.get(i) else { break };
            for &node in &self.neighbours[here.index()] {
                if !found.contains(&node) {
                    next[node.index()] = Some(here);
                    found.push(node);
                }
            }
        }
        if !found.contains(&from) {
            return vec![from, to];
        }
        std::iter::successors(Some(from), |here| next[here.index()]).collect()
    }

    /// What hangs from the nodes of the path, each node once.
    fn branches(&self, path: &[NodeId]) -> Vec<Branch> {
        let mut seen = path.to_vec();
        let mut branches = Vec::new();
        for &from in path {
            for &first in &self.neighbours[from.index()] {
                let mut nodes = Vec::new();
                let mut here = Some(first).filter(|first| !seen.contains(first));
                while let Some(node) = here {
                    seen.push(node);
                    nodes.push(node);
                    let mut further = self.neighbours[node.index()].iter();
                    here = further.find(|node| !seen.contains(node)).copied();
                }
                if !nodes.is_empty() {
                    branches.push(Branch { from, nodes });
                }
            }
        }
        branches
    }
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
