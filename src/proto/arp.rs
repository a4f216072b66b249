//! The Address Resolution Protocol.
//!
//! ```text
//! | hardware type (2) | protocol type (2) | hw size (1) | proto size (1) | opcode (2) |
//! | sender hw | sender proto | target hw | target proto |
//! ```

mod wire;

pub use wire::*;

use std::net::Ipv4Addr;

use super::dissect::{Dissector, LayerBuilder, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::FieldSpec;

fields! {
    HW_TYPE = "arp.hw.type", "Hardware type", Dec;
    PROTO_TYPE = "arp.proto.type", "Protocol type", Hex(4);
    HW_SIZE = "arp.hw.size", "Hardware size", Dec;
    PROTO_SIZE = "arp.proto.size", "Protocol size", Dec;
    OPCODE = "arp.opcode", "Opcode", Dec;
    IS_GRATUITOUS = "arp.isgratuitous", "Is gratuitous", Bool;
    IS_PROBE = "arp.isprobe", "Is probe", Bool;
    IS_ANNOUNCEMENT = "arp.isannouncement", "Is announcement", Bool;
    SRC_HW_MAC = "arp.src.hw_mac", "Sender MAC address", Mac;
    SRC_HW = "arp.src.hw", "Sender hardware address", Bytes;
    SRC_PROTO_IPV4 = "arp.src.proto_ipv4", "Sender IP address", Ipv4;
    SRC_PROTO = "arp.src.proto", "Sender protocol address", Bytes;
    DST_HW_MAC = "arp.dst.hw_mac", "Target MAC address", Mac;
    DST_HW = "arp.dst.hw", "Target hardware address", Bytes;
    DST_PROTO_IPV4 = "arp.dst.proto_ipv4", "Target IP address", Ipv4;
    DST_PROTO = "arp.dst.proto", "Target protocol address", Bytes;
}

/// ARP.
pub static PROTOCOL: Protocol = Protocol {
    id: "arp",
    short: "ARP",
    name: "Address Resolution Protocol",
    osi: 2,
    source: "RFC 826",
    fields: FIELDS,
    claims: &[Claim::EtherType(0x0806), Claim::EtherType(0x8035)],
    reader: Reader::Packet(dissect),
};

const HEADER: usize = 8;
const ETHERNET: u16 = 1;
const IEEE_802: u16 = 6;
const IPV4: u16 = 0x0800;
const REQUEST: u16 = 1;
const REPLY: u16 = 2;

/// <https://www.iana.org/assignments/arp-parameters>
const OPCODES: Names<u16> = &[
    (1, "request"),
    (2, "reply"),
    (3, "reverse request"),
    (4, "reverse reply"),
    (8, "inverse request"),
    (9, "inverse reply"),
];
const HW_TYPES: Names<u16> = &[
    (1, "Ethernet"),
    (6, "IEEE 802"),
    (7, "ARCNET"),
    (15, "Frame Relay"),
    (32, "InfiniBand"),
];

/// The four addresses' places and the opcode; what their meaning depends on.
struct Packet {
    opcode: u16,
    ethernet: bool,
    ipv4: bool,
    hw: usize,
    proto: usize,
}

impl Packet {
    fn len(&self) -> usize {
        HEADER + 2 * (self.hw + self.proto)
    }
}

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let packet = put_header(&mut b);
    let (hw, proto) = (packet.hw, packet.proto);
    let ethernet: [&FieldSpec; 2] = if packet.ethernet {
        [&SRC_HW_MAC, &DST_HW_MAC]
    } else {
        [&SRC_HW, &DST_HW]
    };
    let ipv4: [&FieldSpec; 2] = if packet.ipv4 {
        [&SRC_PROTO_IPV4, &DST_PROTO_IPV4]
    } else {
        [&SRC_PROTO, &DST_PROTO]
    };
    let mut at = HEADER;
    for (spec, len) in [
        (ethernet[0], hw),
        (ipv4[0], proto),
        (ethernet[1], hw),
        (ipv4[1], proto),
    ] {
        put_address(&mut b, spec, at, len);
        at += len;
    }
    summarize(&mut b, &packet);
    let end = span.limit(packet.len()).end;
    b.dissector().link_end.get_or_insert(end);
    b.finish(packet.len(), span.skip(span.len()));
    None
}

fn put_header(b: &mut LayerBuilder<'_, '_>) -> Packet {
    let [h1, h2, p1, p2, hw, proto, o1, o2] = b.head::<HEADER>();
    let (hw_type, proto_type) = (u16::from_be_bytes([h1, h2]), u16::from_be_bytes([p1, p2]));
    let opcode = u16::from_be_bytes([o1, o2]);
    b.put(&HW_TYPE, 0..2, hw_type).text = names::named(HW_TYPES, hw_type);
    b.put(&PROTO_TYPE, 2..4, proto_type).text = names::ether_type(proto_type);
    b.put(&HW_SIZE, 4..5, hw);
    b.put(&PROTO_SIZE, 5..6, proto);
    b.put(&OPCODE, 6..8, opcode).text = names::named(OPCODES, opcode);
    Packet {
        opcode,
        ethernet: matches!(hw_type, ETHERNET | IEEE_802) && hw == 6,
        ipv4: proto_type == IPV4 && proto == 4,
        hw: hw.into(),
        proto: proto.into(),
    }
}

fn put_address(b: &mut LayerBuilder<'_, '_>, spec: &'static FieldSpec, at: usize, len: usize) {
    use super::tree::Kind;
    let range = at..at + len;
    let bytes = b.slice(range.clone());
    match spec.kind {
        Kind::Mac => {
            let mac = bytes.try_into().unwrap_or_default();
            b.put(spec, range, mac).text = names::mac(mac);
        }
        Kind::Ipv4 => {
            let addr: [u8; 4] = bytes.try_into().unwrap_or_default();
            b.put(spec, range, Ipv4Addr::from(addr));
        }
        _ if len > 0 => {
            b.raw(spec, range);
        }
        _ => {}
    }
}

/// What the packet asks or says, and the special uses of RFC 5227.
fn summarize(b: &mut LayerBuilder<'_, '_>, packet: &Packet) {
    let bytes = b.bytes();
    let opcode = packet.opcode;
    let known = names::named(OPCODES, opcode);
    b.summary(format!("Address Resolution Protocol ({known})"));
    if bytes.len() < packet.len() {
        return;
    }
    let (sender_hw, rest) = bytes[HEADER..].split_at(packet.hw);
    let (sender, rest) = rest.split_at(packet.proto);
    let (target_hw, rest) = rest.split_at(packet.hw);
    let target = &rest[..packet.proto];
    let to_nobody = packet.hw == 6 && target_hw.iter().all(|byte| *byte == 0);
    let from_nobody = packet.ipv4 && sender.iter().all(|byte| *byte == 0);
    let gratuitous = sender == target && matches!(opcode, REQUEST | REPLY);
    let probe = opcode == REQUEST && !gratuitous && to_nobody && from_nobody;
    let announcement = gratuitous && opcode == REQUEST && to_nobody;
    for (spec, is) in [
        (&IS_GRATUITOUS, gratuitous),
        (&IS_PROBE, probe),
        (&IS_ANNOUNCEMENT, announcement),
    ] {
        if is {
            b.derived(spec, true);
        }
    }
    if !(packet.ethernet && packet.ipv4) {
        return;
    }
    let ip = |octets: &[u8]| <[u8; 4]>::try_from(octets).map(Ipv4Addr::from);
    let (Ok(sender), Ok(target)) = (ip(sender), ip(target)) else {
        return;
    };
    let words = match opcode {
        REQUEST if announcement => format!("announcement of {sender}"),
        REQUEST if probe => format!("who has {target}? (probe)"),
        REQUEST => format!("who has {target}? tell {sender}"),
        REPLY => {
            format!(
                "{sender} is at {}",
                names::mac(sender_hw.try_into().unwrap_or_default())
            )
        }
        _ => return,
    };
    b.summary(format!("Address Resolution Protocol, {words}"));
}
