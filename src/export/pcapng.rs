//! pcapng, with each step's explanation as the comment of its packet.
//!
//! A simulated conversation is captured where a person would capture it: at the interface of one node. What another
//! link carries, or what is lost on the way to that node, is not in the file, just as in a real capture.

use std::io::{self, Write};

use super::Options;
use crate::base::{FrameId, LinkType, NodeId, Time};
use crate::capture::packet::{Capture, Direction, Interface, Packet};
use crate::capture::pcapng;
use crate::sim::outcome::{NodeKind, Outcome, Transmission};
use crate::teach;
use crate::walk::Walk;
use crate::walk::step::Grain;

/// Writes the walk as pcapng.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::NotFound`] if the node to capture at is no host of the walk.
pub fn write(walk: &Walk, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match (walk.outcome(), &options.capture) {
        (Some(outcome), _) => {
            let node = vantage(outcome, options.at.as_deref())?;
            pcapng::write(out, &captured_at(walk, outcome, node))
        }
        (None, Some(capture)) => pcapng::write_packets(out, capture, explained(walk, capture)),
        (None, None) => pcapng::write(out, &Capture::default()),
    }
}

/// The node whose interface is captured at.
fn vantage(outcome: &Outcome, name: Option<&str>) -> io::Result<NodeId> {
    let hosts = || {
        outcome
            .nodes
            .iter()
            .filter(|node| node.kind == NodeKind::Host)
    };
    let found = outcome.nodes.iter().position(|node| match name {
        Some(name) => node.name == name,
        None => node.kind == NodeKind::Host,
    });
    found.map(NodeId::from_index).ok_or_else(|| {
        let names: Vec<&str> = hosts().map(|node| node.name.as_str()).collect();
        let name = name.unwrap_or("-");
        io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "there is no node `{name}`; the hosts are {}",
                names.join(", ")
            ),
        )
    })
}

/// What a capture at the interface of `node` would have seen.
fn captured_at(walk: &Walk, outcome: &Outcome, node: NodeId) -> Capture {
    let mut packets: Vec<Packet> = Vec::new();
    for (index, sent) in outcome.frames.iter().enumerate() {
        let (time, direction) = if sent.from == node && !doubled_on_the_link(outcome, sent) {
            (sent.sent_at, Direction::Outbound)
        } else if let (true, Some(time), None) =
            (sent.to == node, sent.arrived_at, &sent.arrived_bytes)
        {
            (time, Direction::Inbound)
        } else {
            continue;
        };
        packets.push(Packet {
            time: Time(Time::SIMULATION_EPOCH.0 + time.0),
            interface: 0,
            bytes: sent.bytes.clone(),
            original_len: u32::try_from(sent.bytes.len()).unwrap_or(u32::MAX),
            direction: Some(direction),
            checksum_not_ready: false,
            dropped: 0,
            comments: comment(walk, origin(outcome, FrameId::from_index(index)))
                .into_iter()
                .collect(),
        });
    }
    packets.sort_by_key(|packet| packet.time);
    let name = outcome.nodes[node.index()].name.clone();
    Capture {
        interfaces: vec![Interface {
            name: Some(name),
            link_type: LinkType::ETHERNET,
            snap_len: 0,
            fcs_len: None,
            comments: Vec::new(),
        }],
        packets,
        comments: vec![walk.title().to_owned()],
        ..Capture::default()
    }
}

/// Whether a fault made this one out of a frame that the same node had sent: its interface sent one alone.
fn doubled_on_the_link(outcome: &Outcome, sent: &Transmission) -> bool {
    sent.repeats
        .is_some_and(|first| outcome.frames[first.index()].from == sent.from)
}

/// The first transmission of a frame that switches sent on.
fn origin(outcome: &Outcome, mut id: FrameId) -> FrameId {
    while let Some(earlier) = outcome.frames[id.index()].repeats {
        id = earlier;
    }
    id
}

/// The packets of the capture that was read, with explanations added to the comments that they have; each is made when it
/// is asked for.
fn explained<'a>(walk: &'a Walk, capture: &'a Capture) -> impl Iterator<Item = Packet> + 'a {
    capture.packets.iter().enumerate().map(|(index, packet)| {
        let mut packet = packet.clone();
        let added = comment(walk, FrameId::from_index(index));
        let new = added.filter(|text| !packet.comments.contains(text));
        packet.comments.extend(new);
        packet
    })
}

/// The scenario's own words, what is true of every such frame, what changed, and the source: a line each.
fn comment(walk: &Walk, frame: FrameId) -> Option<String> {
    let why = teach::explain(walk, walk.frame_step(frame)?, Grain::Frame);
    let changed = if why.changed.is_empty() {
        String::new()
    } else {
        format!("Changed: {}", why.changed)
    };
    let mut lines = vec![why.note, why.short, changed, why.cite];
    lines.retain(|line| !line.is_empty());
    Some(lines.join("\n"))
}
