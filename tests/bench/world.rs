//! Pairs of hosts in the simulator: each pair its own link, its own server and client.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use layerwalk::base::NodeId;
use layerwalk::sim;
use layerwalk::sim::outcome::Outcome;
use layerwalk::sim::spec::{
    Action, App, AppKind, Content, Effect, Fault, Host, Limits, Link, Match, Node, NodeKind, Reply,
    Spec, TcpClient, TcpServer,
};

use crate::hosts::tcp;
use crate::transfer::{Acks, LOSS, PORT, Transfer};

/// The most data that a frame carries here: what an MTU of 1500 leaves beside the headers and timestamps.
const MOST_IN_A_FRAME: usize = 1448;

/// What is kept of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// Of each frame when it was sent and when it arrived.
    Off,
    /// Each frame, with its bytes.
    Frames,
    /// Each frame, and the whole truth.
    On,
}

impl Recording {
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "recording off",
            Self::Frames => "frames kept",
            Self::On => "recording on",
        }
    }
}

/// Runs so many pairs at the same time, each with the same transfer, and gives what the run left behind.
pub fn run(spec: &Spec, pairs: usize, transfer: Transfer) -> Outcome {
    let outcome = sim::run(spec);
    assert_eq!(outcome.cut_short, None);
    // Whoever awaits the bytes closes behind the last of them alone; then nothing is left to happen.
    let least = pairs * transfer.bytes / MOST_IN_A_FRAME;
    assert!(outcome.frames.len() > least, "the transfer stalls");
    outcome
}

/// The world to run.
pub fn spec(pairs: usize, transfer: Transfer, data: &[u8], recording: Recording) -> Spec {
    let mut spec = Spec {
        recording: recording == Recording::On,
        keeping_frames: recording != Recording::Off,
        limits: Limits {
            duration: Duration::MAX,
            frames: usize::MAX,
            events: usize::MAX,
        },
        ..Spec::new(1)
    };
    let data = Arc::from(data);
    for pair in 0..pairs {
        add_pair(&mut spec, pair, transfer.acks, &data);
    }
    if transfer.lossy {
        spec.faults.push(Fault {
            count: None,
            chance: Some(LOSS),
            ..Fault::once(Match::Any, Effect::Drop)
        });
    }
    spec
}

fn add_pair(spec: &mut Spec, pair: usize, acks: Acks, data: &Arc<[u8]>) {
    let ends = [2 * pair, 2 * pair + 1].map(NodeId::from_index);
    let ips = [1, 2].map(|host| Ipv4Addr::new(10, 0, pair as u8, host));
    for (node, ip) in ends.into_iter().zip(ips) {
        let host = Host {
            tcp: tcp(acks),
            ..Host::new(node.index(), ip, 24)
        };
        spec.nodes.push(Node {
            name: format!("host {}", node.index()),
            kind: NodeKind::Host(host),
        });
    }
    spec.links.push(Link {
        delay: Duration::from_micros(100),
        rate: 1_000_000_000,
        ..Link::new(ends[0], ends[1])
    });
    let close = Action::Close {
        code: None,
        reason: String::new(),
    };
    let client = AppKind::TcpClient(TcpClient {
        to: SocketAddrV4::new(ips[1], PORT).into(),
        local_port: None,
        script: vec![Action::AwaitBytes(data.len()), close],
    });
    let server = AppKind::TcpServer(TcpServer {
        port: PORT,
        reply: Reply::Nothing,
        script: vec![Action::Send(Content::Binary(Arc::clone(data)))],
    });
    for (on, kind) in [(ends[1], server), (ends[0], client)] {
        let start = Duration::ZERO;
        spec.apps.push(App { on, start, kind });
    }
}
