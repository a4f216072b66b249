//! One line a step.

use std::io::{self, Write};

use crate::base::FrameId;
use crate::base::text::safe;
use crate::stack::record::{Record, What};
use crate::walk::Walk;
use crate::walk::step::{Grain, Step, StepId};

/// Writes a line for each of the steps.
pub(super) fn list(
    walk: &Walk,
    grain: Grain,
    steps: &[(usize, StepId)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let start = walk
        .steps()
        .first()
        .map_or(crate::base::Time::ZERO, |step| step.time);
    for (number, at) in steps {
        let Some(step) = walk.step(*at) else { continue };
        // A capture's clock may have been set back.
        let back = start.since(step.time).as_secs_f64();
        let since = step.time.since(start).as_secs_f64() - back;
        writeln!(
            out,
            "{number:>5} {since:>12.6}  {}",
            line(walk, step, grain)
        )?;
    }
    Ok(())
}

/// A step in one line, without its number and time: who, which layer, what.
pub fn line(walk: &Walk, step: &Step, grain: Grain) -> String {
    let on_the_wire = is_on_the_wire(walk, step);
    let (from, to) = match step.node {
        // A frame goes from one end to the other; anything else happens on one node.
        Some(node) if !on_the_wire => (node_name(walk, node), String::new()),
        _ => step
            .frame
            .and_then(|frame| named_endpoints(walk, frame))
            .unwrap_or_default(),
    };
    let arrow = if to.is_empty() { " " } else { ">" };
    let numbers = step.frame.filter(|_| on_the_wire);
    let numbers = numbers.and_then(|frame| numbers_of(walk, frame));
    let title = format!("{}{}", safe(&step.title), numbers.unwrap_or_default());
    match grain {
        Grain::Layer if on_the_wire => {
            format!("L1 {from:>21} {arrow} {to:<21} on the wire: {title}")
        }
        Grain::Layer => format!("L{} {from:>21} {arrow} {to:<21} {title}", step.layer),
        _ => format!("{from:>21} {arrow} {to:<21} {title}"),
    }
}

/// Whether the step is a frame that a host sends, and not what happens to it in a node.
pub(super) fn is_on_the_wire(walk: &Walk, step: &Step) -> bool {
    let sends =
        |record: &Record| matches!(record.what, What::FrameSent(_) | What::FrameDropped { .. });
    step.grain <= Grain::Frame
        && step.frame.is_some()
        && step
            .record
            .is_none_or(|id| walk.record(id).is_some_and(sends))
}

fn node_name(walk: &Walk, node: crate::base::NodeId) -> String {
    let nodes = walk.outcome().map_or(&[][..], |outcome| &outcome.nodes);
    nodes
        .get(node.index())
        .map_or_else(String::new, |node| node.name.clone())
}

/// What a TCP segment says beside its flags: `  seq=1 ack=1 len=9 win=502`.
fn numbers_of(walk: &Walk, frame: FrameId) -> Option<String> {
    let dissection = walk.frame(frame)?.dissection;
    let value = |id| dissection.own_field(id).map(|field| field.tshark_value());
    let has_ack = value("tcp.flags.ack").is_some_and(|ack| matches!(&*ack, "1" | "True"));
    let facts = [
        ("seq", value("tcp.seq")),
        ("ack", value("tcp.ack").filter(|_| has_ack)),
        ("len", value("tcp.len").filter(|len| len != "0")),
        (
            "win",
            value("tcp.window_size").or_else(|| value("tcp.window_size_value")),
        ),
    ];
    facts[0].1.as_ref()?;
    let said = facts
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" {name}={}", value?)));
    Some(format!(" {}", said.collect::<String>()))
}

/// Who sent a frame to whom: addresses, with ports where it has them.
pub fn endpoints(walk: &Walk, frame: FrameId) -> Option<(String, String)> {
    ends_called(walk, frame, |address| address.to_owned())
}

/// The same by the names of the hosts, where they have some.
fn named_endpoints(walk: &Walk, frame: FrameId) -> Option<(String, String)> {
    ends_called(walk, frame, |address| match address.parse() {
        Ok(address) => safe(&walk.name_of(address)).into_owned(),
        Err(_) => address.to_owned(),
    })
}

fn ends_called(
    walk: &Walk,
    frame: FrameId,
    called: impl Fn(&str) -> String,
) -> Option<(String, String)> {
    let dissection = walk.frame(frame)?.dissection;
    let field = |ids: &[&str]| ids.iter().find_map(|id| dissection.own_field(id));
    let end = |address: &[&str], port: &[&str]| {
        let address = called(&field(address)?.text);
        let port = field(port).map(crate::proto::tree::Field::tshark_value);
        Some(match port {
            Some(port) if address.contains(':') => format!("[{address}]:{port}"),
            Some(port) => format!("{address}:{port}"),
            None => address,
        })
    };
    Some((
        end(
            &["ip.src", "ipv6.src", "arp.src.proto_ipv4", "eth.src"],
            &["tcp.srcport", "udp.srcport"],
        )?,
        end(
            &["ip.dst", "ipv6.dst", "arp.dst.proto_ipv4", "eth.dst"],
            &["tcp.dstport", "udp.dstport"],
        )?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{LinkType, Time};
    use crate::capture::packet::{Capture, Interface, Packet};

    /// An ICMP error has no ports: those that follow it are of the datagram that it quotes.
    #[test]
    fn quoted_ports_are_not_shown() {
        let ip = |protocol: u8, len: u8, from: u8, to: u8| {
            let head = [0x45, 0, 0, len, 0, 0, 0, 0, 64, protocol, 0, 0];
            [&head[..], &[10, 0, 0, from], &[10, 0, 0, to]].concat()
        };
        let udp = [0x13, 0x88, 0, 53, 0, 8, 0, 0];
        let error = [3, 3, 0, 0, 0, 0, 0, 0];
        let bytes = [&ip(1, 56, 2, 1)[..], &error, &ip(17, 28, 1, 2), &udp].concat();
        let check = |bytes: &[u8], expected: [&str; 2]| {
            let interface = Interface {
                name: None,
                link_type: LinkType::RAW,
                snap_len: 0,
                fcs_len: None,
                comments: Vec::new(),
            };
            let packet = Packet {
                time: Time::ZERO,
                interface: 0,
                bytes: bytes.into(),
                original_len: u32::try_from(bytes.len()).expect("a short packet"),
                direction: None,
                checksum_not_ready: false,
                dropped: 0,
                comments: Vec::new(),
            };
            let capture = Capture {
                interfaces: vec![interface],
                packets: vec![packet],
                ..Capture::default()
            };
            let walk = Walk::from_capture("test", capture);
            let found = endpoints(&walk, FrameId::from_index(0)).expect("two addresses");
            assert_eq!([found.0.as_str(), found.1.as_str()], expected);
        };
        check(&bytes, ["10.0.0.2", "10.0.0.1"]);
        check(&bytes[28..], ["10.0.0.1:5000", "10.0.0.2:53"]);
    }
}
