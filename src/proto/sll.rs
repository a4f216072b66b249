//! Linux "cooked" captures: what remains of the link header where interfaces of any kind are captured together.
//!
//! ```text
//! version 1: | packet type (2) | ARPHRD type (2) | address length (2) | address (8) | protocol (2) |
//! version 2: | protocol (2) | reserved (2) | interface (4) | ARPHRD type (2) | packet type (1) |
//!            | address length (1) | address (8) |
//! ```

use etherparse::LinuxSllHeaderSlice;

use super::dissect::{Dissector, LayerBuilder, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};

fields! {
    PKTTYPE = "sll.pkttype", "Packet type", Dec;
    IFINDEX = "sll.ifindex", "Interface index", Dec;
    HATYPE = "sll.hatype", "Link-layer address type", Dec;
    HALEN = "sll.halen", "Link-layer address length", Dec;
    SRC_ETH = "sll.src.eth", "Source", Mac;
    SRC_IPV4 = "sll.src.ipv4", "Source", Ipv4;
    SRC_OTHER = "sll.src.other", "Source", Bytes;
    UNUSED = "sll.unused", "Unused", Bytes;
    ETYPE = "sll.etype", "Protocol", Hex(4);
    LTYPE = "sll.ltype", "Protocol", Hex(4);
}

/// Linux cooked capture.
pub static PROTOCOL: Protocol = Protocol {
    id: "sll",
    short: "Linux cooked",
    name: "Linux cooked capture",
    osi: 2,
    source: "https://www.tcpdump.org/linktypes.html",
    fields: FIELDS,
    claims: &[Claim::LinkType(V1), Claim::LinkType(V2)],
    reader: Reader::Packet(dissect),
};

const V1: u16 = 113;
const V2: u16 = 276;
const V1_HEADER: usize = 16;
const V2_HEADER: usize = 20;
/// Below this the protocol is no EtherType.
const MIN_ETHER_TYPE: u16 = 0x0600;
/// An IEEE 802.2 header follows.
const LLC: u16 = 4;

const PACKET_TYPES: Names<u16> = &[
    (0, "Unicast to us"),
    (1, "Broadcast"),
    (2, "Multicast"),
    (3, "Unicast to another host"),
    (4, "Sent by us"),
];

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    if d.link_type.0 == V2 {
        version_2(d, span)
    } else {
        version_1(d, span)
    }
}

fn version_1(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<V1_HEADER>();
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    // The slice refuses what it has no word for (a packet type, a hardware type): then the numbers are read as they are.
    let hatype =
        LinuxSllHeaderSlice::from_slice(&head).map_or(word(2), |sll| sll.arp_hardware_type().0);
    put_packet_type(&mut b, 0..2, word(0));
    b.put(&HATYPE, 2..4, hatype);
    b.put(&HALEN, 4..6, word(4));
    put_source(&mut b, 6, word(4).into());
    let next = put_protocol(&mut b, 14, word(14), span.skip(V1_HEADER));
    b.summary("Linux cooked capture v1");
    b.hand_over(V1_HEADER, next)
}

fn version_2(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<V2_HEADER>();
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let interface = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let next = put_protocol(&mut b, 0, word(0), span.skip(V2_HEADER));
    b.put(&IFINDEX, 4..8, interface);
    b.put(&HATYPE, 8..10, word(8));
    put_packet_type(&mut b, 10..11, head[10].into());
    b.put(&HALEN, 11..12, head[11]);
    put_source(&mut b, 12, head[11].into());
    b.summary(format!("Linux cooked capture v2, interface {interface}"));
    b.hand_over(V2_HEADER, next)
}

fn put_packet_type(b: &mut LayerBuilder<'_, '_>, bytes: std::ops::Range<usize>, kind: u16) {
    b.put(&PKTTYPE, bytes, kind).text = names::named(PACKET_TYPES, kind);
}

/// The address in a field of eight bytes, of which `len` are used.
fn put_source(b: &mut LayerBuilder<'_, '_>, at: usize, len: usize) {
    let used = len.min(8);
    let address = b.slice(at..at + used);
    match used {
        0 => {}
        4 => {
            let address: [u8; 4] = address.try_into().unwrap_or_default();
            b.put(&SRC_IPV4, at..at + 4, std::net::Ipv4Addr::from(address));
        }
        6 => {
            let mac = address.try_into().unwrap_or_default();
            b.put(&SRC_ETH, at..at + 6, mac).text = names::mac(mac);
        }
        _ => {
            b.raw(&SRC_OTHER, at..at + used);
        }
    }
    if used < 8 {
        b.raw(&UNUSED, at + used..at + 8);
    }
}

fn put_protocol(b: &mut LayerBuilder<'_, '_>, at: usize, protocol: u16, payload: Span) -> Next {
    if protocol < MIN_ETHER_TYPE {
        b.put(&LTYPE, at..at + 2, protocol);
        return if protocol == LLC {
            Next::new(Claim::Llc, payload)
        } else {
            Next::data(payload)
        };
    }
    b.put(&ETYPE, at..at + 2, protocol).text = names::ether_type(protocol);
    Next::new(Claim::EtherType(protocol), payload)
}
