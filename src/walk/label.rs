//! What a frame is called: in a word or two, and on a row of the ladder.

use std::net::Ipv6Addr;

use super::brief::{Net, Tcp, Transport};
use super::pipeline::Pipeline;
use super::step::MessageId;
use crate::base::FrameId;

/// More of a message than this is not said in one line.
const LONGEST: usize = 120;

/// In a word or two: `SYN, ACK`, `Text "hi"`, `ARP request`.
pub(super) fn title(pipeline: &Pipeline, frame: FrameId) -> String {
    short(pipeline, frame) + again(pipeline, frame)
}

/// A frame that a router made for the packet of an earlier one, or for a part of it.
pub(super) fn routed(pipeline: &Pipeline, frame: FrameId) -> String {
    let is_part = matches!(pipeline.store.get(frame).net(), Net::Ip(ip) if ip.fragment.is_some());
    let what = if is_part {
        lower(pipeline, frame)
    } else {
        title(pipeline, pipeline.root(frame))
    };
    format!("{what}, routed on")
}

fn short(pipeline: &Pipeline, frame: FrameId) -> String {
    if let Some(text) = messages(pipeline, frame, str::to_owned) {
        return text;
    }
    match pipeline.transport(frame) {
        Some(Transport::Tcp(tcp)) => {
            let flags = flags(&tcp, ", ");
            if tcp.wire_len > 0 {
                format!("{flags}, {}", count(tcp.wire_len, "byte"))
            } else {
                flags
            }
        }
        Some(Transport::Udp { payload, .. }) => format!("UDP, {}", count(payload.len(), "byte")),
        Some(Transport::Icmp { v6, kind, code, .. }) => icmp(v6, kind, code),
        Some(Transport::Neighbor { solicits, target }) => neighbor(solicits, target),
        Some(Transport::Other(protocol)) => format!("IP protocol {protocol}"),
        None => lower(pipeline, frame),
    }
}

/// The OSI layer of the highest protocol in the frame.
pub(super) fn top_layer(pipeline: &Pipeline, frame: FrameId) -> u8 {
    let root = pipeline.root(frame);
    if let Some(message) = pipeline.carried_message(root) {
        return layer_of_message(pipeline, message);
    }
    match pipeline.transport(root) {
        Some(Transport::Tcp(_) | Transport::Udp { .. }) => 4,
        Some(Transport::Icmp { .. } | Transport::Neighbor { .. } | Transport::Other(_)) => 3,
        None => {
            let frame = pipeline.store.get(root);
            match frame.net() {
                Net::Ip(_) => 3,
                Net::Arp(_) | Net::Other(_) => 2,
            }
        }
    }
}

/// The OSI layer of the highest protocol of a message.
pub(super) fn layer_of_message(pipeline: &Pipeline, message: MessageId) -> u8 {
    let layers = pipeline.message_dissection(message).layers;
    layers.last().map_or(7, |layer| layer.protocol.osi)
}

/// A protocol's short name by its Wireshark name.
pub(super) fn protocol(id: &str) -> &str {
    match id {
        "eth" => "Ethernet",
        "arp" => "ARP",
        "ip" => "IPv4",
        "ipv6" => "IPv6",
        "icmp" => "ICMP",
        "icmpv6" => "ICMPv6",
        "udp" => "UDP",
        "tcp" => "TCP",
        "http" => "HTTP",
        "websocket" => "WebSocket",
        "engineio" => "Engine.IO",
        "json" => "JSON",
        "socketio" => "Socket.IO",
        other => other,
    }
}

/// On a row of the ladder: `SYN,ACK seq=0 ack=1`.
pub(super) fn row(pipeline: &Pipeline, frame: FrameId) -> String {
    let again = again(pipeline, frame);
    if let Some(text) = messages(pipeline, frame, in_a_row) {
        return text + again;
    }
    match pipeline.transport(frame) {
        Some(transport) => of_transport(pipeline, frame, &transport) + again,
        None => lower(pipeline, frame) + again,
    }
}

fn of_transport(pipeline: &Pipeline, frame: FrameId, transport: &Transport) -> String {
    match transport {
        Transport::Tcp(tcp) => segment(pipeline, frame, tcp),
        Transport::Udp {
            source,
            destination,
            payload,
        } => format!("UDP {source}>{destination} len={}", payload.len()),
        Transport::Icmp {
            v6,
            kind,
            code,
            id,
            seq,
        } => match id {
            Some(_) => format!("{} seq={seq}", icmp(*v6, *kind, *code)),
            None => icmp(*v6, *kind, *code),
        },
        Transport::Neighbor { solicits, target } => neighbor(*solicits, *target),
        Transport::Other(protocol) => format!("IP protocol {protocol}"),
    }
}

/// As ARP's messages are called.
fn neighbor(solicits: bool, target: Ipv6Addr) -> String {
    if solicits {
        format!("ND who has {target}?")
    } else {
        format!("ND {target} is here")
    }
}

fn segment(pipeline: &Pipeline, frame: FrameId, tcp: &Tcp) -> String {
    let facts = pipeline.meta(frame).segment;
    let mut text = flags(tcp, ",");
    if tcp.seg_len() > 0 {
        let seq = facts.map_or(tcp.seq, |facts| tcp.seq.wrapping_sub(facts.base));
        text += &format!(" seq={seq}");
    }
    if tcp.flags.ack {
        let base = facts.and_then(|facts| facts.ack_base).unwrap_or(0);
        text += &format!(" ack={}", tcp.ack.wrapping_sub(base));
    }
    if tcp.wire_len > 0 {
        text += &format!(" len={}", tcp.wire_len);
    }
    // The window of a RST says nothing.
    if tcp.window == 0 && !tcp.flags.rst {
        text += " win=0";
    }
    text
}

fn again(pipeline: &Pipeline, frame: FrameId) -> &'static str {
    let meta = pipeline.meta(frame);
    let again = meta.segment.is_some_and(|segment| segment.again);
    if again { " (again)" } else { "" }
}

/// What an HTTP message is called on a row that has no room for its address: by the packets that it carries, if any, or
/// else by what its address asks of Engine.IO.
fn in_a_row(info: &str) -> String {
    match carried(info) {
        Some((head, packets)) => format!("{head}: {packets}"),
        None => asked(info).unwrap_or_else(|| info.to_owned()),
    }
}

/// Of `GET /socket.io/?EIO=4&transport=polling&t=1&sid=ab HTTP/1.1` what differs: `GET /socket.io/ polling sid=ab`.
fn asked(info: &str) -> Option<String> {
    let (request, _) = info.split_once(" HTTP/1.")?;
    let (address, query) = request.split_once('?')?;
    let value = |name: &str| {
        let mut members = query.split('&').filter_map(|member| member.split_once('='));
        members
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    };
    value("EIO")?;
    let transport = value("transport")?;
    Some(match value("sid") {
        Some(sid) => format!("{address} {transport} sid={sid}"),
        None => format!("{address} {transport}"),
    })
}

/// The method or the status of an HTTP message that carries packets of Engine.IO, and the packets.
pub(super) fn carried(info: &str) -> Option<(&str, &str)> {
    if let Some(response) = info.strip_prefix("HTTP/1.1 ") {
        return response.split_once(": ");
    }
    let (request, packets) = info.split_once(" HTTP/1.1: ")?;
    Some((request.split(' ').next()?, packets))
}

/// The messages that begin in the frame, or else the one that ends in it.
fn messages(
    pipeline: &Pipeline,
    frame: FrameId,
    called: impl Fn(&str) -> String,
) -> Option<String> {
    let mut text = String::new();
    for message in pipeline.beginning_in(frame) {
        if !text.is_empty() {
            text += ", ";
        }
        text += &called(&pipeline.message_info(*message));
        // a character has at most four bytes
        if text.len() > LONGEST * 4 {
            break;
        }
    }
    if text.is_empty() {
        let last = pipeline.ending_in(frame).last()?;
        text = format!("{} (end)", called(&pipeline.message_info(*last)));
    }
    Some(shorten(&text))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// So many of something: `1 byte`, `2 bytes`.
pub(super) fn count(number: usize, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}

/// The control bits, in the order in which people say them.
fn flags(tcp: &Tcp, separator: &str) -> String {
    let flags = tcp.flags;
    let named = [
        (flags.syn, "SYN"),
        (flags.fin, "FIN"),
        (flags.rst, "RST"),
        (flags.psh, "PSH"),
        (flags.ack, "ACK"),
    ];
    let set: Vec<&str> = named
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect();
    if set.is_empty() {
        return "no flags".to_owned();
    }
    set.join(separator)
}

fn icmp(v6: bool, kind: u8, code: u8) -> String {
    let protocol = if v6 { "ICMPv6" } else { "ICMP" };
    let name = match (v6, kind) {
        (false, 8) | (true, 128) => "echo request",
        (false, 0) | (true, 129) => "echo reply",
        (false, 3) if code == 4 => "fragmentation needed",
        (false, 3) | (true, 1) => "destination unreachable",
        (false, 11) | (true, 3) => "time exceeded",
        (true, 2) => "packet too big",
        // RFC 2710 §3, and RFC 3810 §5.2 for the second version's report
        (true, 130) => "multicast listener query",
        (true, 131) => "multicast listener report",
        (true, 132) => "multicast listener done",
        (true, 143) => "multicast listener report v2",
        (true, 133) => "router solicitation",
        (true, 134) => "router advertisement",
        _ => return format!("{protocol} type {kind} code {code}"),
    };
    format!("{protocol} {name}")
}

/// A frame without a transport header.
fn lower(pipeline: &Pipeline, frame: FrameId) -> String {
    let frame = pipeline.store.get(frame);
    match frame.net() {
        Net::Arp(arp) => match arp.operation {
            1 if arp.sender == arp.target => format!("ARP announcement {}", arp.sender),
            1 => format!("ARP who has {}?", arp.target),
            2 => format!("ARP {} is here", arp.sender),
            operation => format!("ARP operation {operation}"),
        },
        Net::Ip(ip) => match ip.fragment {
            Some(fragment) => format!("fragment at {}, {} bytes", fragment.offset, ip.wire_len),
            None => format!("IP protocol {}", ip.protocol),
        },
        Net::Other(Some(ethertype)) => format!("EtherType 0x{ethertype:04x}"),
        Net::Other(None) => format!("{} bytes", frame.bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::icmp;

    #[test]
    fn a_message_of_version_6_is_called_so() {
        assert_eq!(icmp(false, 8, 0), "ICMP echo request");
        assert_eq!(icmp(true, 128, 0), "ICMPv6 echo request");
        assert_eq!(icmp(true, 143, 0), "ICMPv6 multicast listener report v2");
        assert_eq!(icmp(true, 200, 1), "ICMPv6 type 200 code 1");
    }
}
