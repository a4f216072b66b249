//! BSD loopback: the address family, and nothing else.

use super::dissect::{Dissector, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};

fields! {
    FAMILY = "null.family", "Family", Dec;
}

/// BSD loopback.
pub static PROTOCOL: Protocol = Protocol {
    id: "null",
    short: "Loopback",
    name: "Null/Loopback",
    osi: 2,
    source: "https://www.tcpdump.org/linktypes.html",
    fields: FIELDS,
    claims: &[Claim::LinkType(0), Claim::LinkType(108)],
    reader: Reader::Packet(dissect),
};

const HEADER: usize = 4;

/// The number of IPv6 differs among systems.
const FAMILIES: Names<u32> = &[
    (2, "IP"),
    (10, "IPv6 (Linux)"),
    (24, "IPv6"),
    (28, "IPv6 (FreeBSD)"),
    (30, "IPv6 (Darwin)"),
];

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<HEADER>();
    // In the byte order of the capturing host; a family is a small number, which tells the order.
    let little = u32::from_le_bytes(head);
    let family = if little <= 0xffff {
        little
    } else {
        u32::from_be_bytes(head)
    };
    b.put(&FAMILY, 0..4, family).text = names::named(FAMILIES, family);
    b.summary(format!("Null/Loopback, {}", names::named(FAMILIES, family)));
    let payload = span.skip(HEADER);
    let next = match family {
        2 => Next::new(Claim::EtherType(0x0800), payload),
        10 | 24 | 28 | 30 => Next::new(Claim::EtherType(0x86dd), payload),
        _ => Next::data(payload),
    };
    b.hand_over(HEADER, next)
}
