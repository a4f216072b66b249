//! Raw IP: no link header at all. It adds no layer, it only tells the versions apart.

use super::dissect::{Dissector, Next, Span};
use super::registry::{Claim, Protocol, Reader};

/// Raw IP.
pub static PROTOCOL: Protocol = Protocol {
    id: "raw",
    short: "Raw",
    name: "Raw IP",
    osi: 2,
    source: "https://www.tcpdump.org/linktypes.html",
    fields: &[],
    claims: &[
        Claim::LinkType(12),
        Claim::LinkType(101),
        Claim::LinkType(228),
        Claim::LinkType(229),
    ],
    reader: Reader::Packet(dissect),
};

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let first = d.bytes.get(span.start)?;
    let ether_type = if first >> 4 == 6 { 0x86dd } else { 0x0800 };
    Some(Next::new(Claim::EtherType(ether_type), span))
}
