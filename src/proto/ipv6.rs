//! The Internet Protocol, version 6.
//!
//! ```text
//! | version (4 bits) | traffic class (8) | flow label (20) |
//! | payload length (16) | next header (8) | hop limit (8) |
//! | source address (128) | destination address (128) | extension headers |
//! ```
//!
//! Each extension header is a layer of its own: see [`extension`].

pub mod extension;
mod wire;

pub use wire::*;

use std::net::Ipv6Addr;

use etherparse::Ipv6HeaderSlice;

use super::dissect::{Addrs, Dissector, LayerBuilder, Next, Span};
use super::names;
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::{FieldSpec, Severity};

fields! {
    VERSION = "ipv6.version", "Version", Dec;
    TCLASS = "ipv6.tclass", "Traffic class", Hex(8);
    TCLASS_DSCP = "ipv6.tclass.dscp", "Codepoint (DSCP)", Dec;
    TCLASS_ECN = "ipv6.tclass.ecn", "Congestion notification (ECN)", Dec;
    FLOW = "ipv6.flow", "Flow label", Hex(6);
    PLEN = "ipv6.plen", "Payload length", Dec;
    NXT = "ipv6.nxt", "Next header", Dec;
    HLIM = "ipv6.hlim", "Hop limit", Dec;
    SRC = "ipv6.src", "Source", Ipv6;
    DST = "ipv6.dst", "Destination", Ipv6;
    ADDR = "ipv6.addr", "Source or destination", Ipv6;
    OPT = "ipv6.opt", "Option", None;
    OPT_TYPE = "ipv6.opt.type", "Type", Hex(2);
    OPT_TYPE_ACTION = "ipv6.opt.type.action", "Action if unknown", Dec;
    OPT_TYPE_CHANGE = "ipv6.opt.type.change", "May change", Bool;
    OPT_TYPE_REST = "ipv6.opt.type.rest", "Low-order bits", Hex(2);
    OPT_LENGTH = "ipv6.opt.length", "Length", Dec;
    OPT_PAD1 = "ipv6.opt.pad1", "Pad1", None;
    OPT_PADN = "ipv6.opt.padn", "PadN", Bytes;
    OPT_ROUTER_ALERT = "ipv6.opt.router_alert", "Router alert", Dec;
    OPT_JUMBO = "ipv6.opt.jumbo", "Jumbo payload length", Dec;
    OPT_HOME_ADDRESS = "ipv6.opt.mipv6.home_address", "Home address", Ipv6;
    OPT_EXPERIMENTAL = "ipv6.opt.experimental", "Experimental option", Bytes;
    OPT_UNKNOWN = "ipv6.opt.unknown", "Unknown option payload", Bytes;
    BOGUS_VERSION = "ipv6.bogus_ipv6_version", "Bogus IPv6 version", None;
    PLEN_EXCEEDS = "ipv6.plen_exceeds_framing", "Payload length exceeds framing", None;
}

/// IPv6.
pub static PROTOCOL: Protocol = Protocol {
    id: "ipv6",
    short: "IPv6",
    name: "Internet Protocol Version 6",
    osi: 3,
    source: "RFC 8200",
    fields: FIELDS,
    claims: &[Claim::EtherType(0x86dd), Claim::IpProtocol(41)],
    reader: Reader::Packet(dissect),
};

const HEADER: usize = Ipv6Header::LEN;

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<HEADER>();
    put_first_word(&mut b, &head);
    let Ok(ip) = Ipv6HeaderSlice::from_slice(&head) else {
        let version = head[0] >> 4;
        b.expert(Severity::Error, &BOGUS_VERSION, 0..1, "Bogus IPv6 version");
        b.malformed(0, format!("IP version {version}"));
        return b.end();
    };
    let payload = put_length(&mut b, &ip, span);
    let next_header = ip.next_header().0;
    b.put(&NXT, 6..7, next_header).text = names::ip_protocol(next_header);
    b.put(&HLIM, 7..8, ip.hop_limit());
    let (src, dst) = (ip.source_addr(), ip.destination_addr());
    put_address(&mut b, 8, src, &SRC);
    put_address(&mut b, 24, dst, &DST);
    b.summary(format!(
        "Internet Protocol Version 6, Src: {src}, Dst: {dst}"
    ));
    let d = b.dissector();
    d.link_end.get_or_insert(payload.end);
    d.addrs = Some(Addrs {
        src: src.into(),
        dst: dst.into(),
    });
    b.hand_over(HEADER, Next::new(Claim::IpProtocol(next_header), payload))
}

fn put_first_word(b: &mut LayerBuilder<'_, '_>, head: &[u8; HEADER]) {
    let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let (version, class, flow) = (word >> 28, word >> 20 & 0xff, word & 0xf_ffff);
    let [dscp, ecn] = [class >> 2, class & 3].map(|n| u8::try_from(n).unwrap_or_default());
    b.bits(&VERSION, 0..4, version);
    b.hidden_bits(&super::ipv4::VERSION, 0..4, version);
    b.bits(&TCLASS, 4..12, class).text = format!("{class:#04x}");
    b.nest(|b| {
        b.bits(&TCLASS_DSCP, 4..10, dscp).text = names::dscp(dscp);
        b.bits(&TCLASS_ECN, 10..12, ecn).text = names::ecn(ecn);
    });
    b.bits(&FLOW, 12..32, flow).text = format!("{flow:#07x}");
}

/// The payload's length, and where it lies. 0 with hop-by-hop options is a jumbogram (RFC 2675 §2): as long as the
/// frame lets it be.
fn put_length(b: &mut LayerBuilder<'_, '_>, ip: &Ipv6HeaderSlice<'_>, span: Span) -> Span {
    let length = usize::from(ip.payload_length());
    let there = span.whole_len().saturating_sub(HEADER);
    b.put(&PLEN, 4..6, length);
    if length == 0 && ip.next_header().0 == NEXT_HOP_BY_HOP {
        return span.skip(HEADER);
    }
    let quoted = b.dissector().quoted;
    if length > there && !quoted && span.whole_len() >= HEADER {
        let text = format!("IPv6 payload length exceeds framing length ({there} bytes)");
        b.expert(Severity::Warn, &PLEN_EXCEEDS, 4..6, text);
    }
    let total = HEADER + length;
    // Only a quoted packet was longer than what the layer below holds of it.
    let whole = if quoted {
        span.start + total
    } else {
        span.whole
    };
    Span { whole, ..span }.limit(total).skip(HEADER)
}

fn put_address(b: &mut LayerBuilder<'_, '_>, at: usize, addr: Ipv6Addr, spec: &'static FieldSpec) {
    b.put(spec, at..at + 16, addr);
    b.hidden(&ADDR, at..at + 16, addr);
}
