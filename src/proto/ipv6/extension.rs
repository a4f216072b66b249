//! The extension headers of IPv6 (RFC 8200 §4), and the authentication header (RFC 4302), which IPv4 may carry too.
//!
//! ```text
//! options:  | next header (8) | length (8), in units of 8 bytes after the first 8 | options |
//! routing:  | next header (8) | length (8) | type (8) | segments left (8) | data |
//! fragment: | next header (8) | reserved (8) | offset (13) | reserved (2) | more (1) | identification (32) |
//! ```

use std::net::Ipv6Addr;
use std::ops::Range;

use etherparse::{IpAuthHeaderSlice, Ipv6FragmentHeaderSlice};

use super::{
    OPT, OPT_EXPERIMENTAL, OPT_HOME_ADDRESS, OPT_JUMBO, OPT_LENGTH, OPT_PAD1, OPT_PADN,
    OPT_ROUTER_ALERT, OPT_TYPE, OPT_TYPE_ACTION, OPT_TYPE_CHANGE, OPT_TYPE_REST, OPT_UNKNOWN,
};
use crate::proto::dissect::{Dissector, LayerBuilder, Next, Span};
use crate::proto::names::{self, Names};
use crate::proto::registry::{Claim, Protocol, Reader};
use crate::proto::tree::{FieldSpec, Severity};

/// The header's common part: next header and length, and the field that tells the length in bytes.
struct Common {
    protocol: &'static Protocol,
    next: &'static FieldSpec,
    len: &'static FieldSpec,
    octets: &'static FieldSpec,
}

/// Adds next header and length. The next header, and the header's length in bytes.
fn put_common(b: &mut LayerBuilder<'_, '_>, common: &Common) -> (u8, usize) {
    let [next, len] = b.head::<2>();
    let octets = (usize::from(len) + 1) * 8;
    b.put(common.next, 0..1, next).text = names::ip_protocol(next);
    b.put(common.len, 1..2, len).text = format!("{len} ({octets} bytes)");
    b.put(common.octets, 1..2, octets).generated = true;
    b.summary(common.protocol.name);
    (next, octets)
}

/// Hop-by-hop options.
pub mod hop_by_hop {
    use super::*;
    use crate::proto::registry::fields;

    fields! {
        NXT = "ipv6.hopopts.nxt", "Next header", Dec;
        LEN = "ipv6.hopopts.len", "Length", Dec;
        LEN_OCT = "ipv6.hopopts.len_oct", "Length in bytes", Dec;
    }

    /// Hop-by-hop options.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ipv6.hopopts",
        short: "Hop-by-hop",
        name: "IPv6 Hop-by-Hop Options",
        osi: 3,
        source: "RFC 8200 §4.3",
        fields: FIELDS,
        claims: &[Claim::IpProtocol(0)],
        reader: Reader::Packet(dissect),
    };

    static COMMON: Common = Common {
        protocol: &PROTOCOL,
        next: &NXT,
        len: &LEN,
        octets: &LEN_OCT,
    };

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        options(d, span, &COMMON)
    }
}

/// Destination options.
pub mod destination {
    use super::*;
    use crate::proto::registry::fields;

    fields! {
        NXT = "ipv6.dstopts.nxt", "Next header", Dec;
        LEN = "ipv6.dstopts.len", "Length", Dec;
        LEN_OCT = "ipv6.dstopts.len_oct", "Length in bytes", Dec;
    }

    /// Destination options.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ipv6.dstopts",
        short: "Dest. options",
        name: "IPv6 Destination Options",
        osi: 3,
        source: "RFC 8200 §4.6",
        fields: FIELDS,
        claims: &[Claim::IpProtocol(60)],
        reader: Reader::Packet(dissect),
    };

    static COMMON: Common = Common {
        protocol: &PROTOCOL,
        next: &NXT,
        len: &LEN,
        octets: &LEN_OCT,
    };

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        options(d, span, &COMMON)
    }
}

fn options(d: &mut Dissector<'_>, span: Span, common: &'static Common) -> Option<Next> {
    let mut b = d.layer(common.protocol, span);
    let (next, octets) = put_common(&mut b, common);
    let mut at = 2;
    while at < octets && b.has(at..at + 1) {
        at = put_option(&mut b, at, octets);
    }
    b.hand_over(
        octets,
        Next::new(Claim::IpProtocol(next), span.skip(octets)),
    )
}

const PAD1: u8 = 0;
const PADN: u8 = 1;
const ROUTER_ALERT: u8 = 5;
const JUMBO: u8 = 0xc2;
const HOME_ADDRESS: u8 = 0xc9;

/// <https://www.iana.org/assignments/ipv6-parameters>
const OPTIONS: Names<u8> = &[
    (PAD1, "Pad1"),
    (PADN, "PadN"),
    (0x04, "Tunnel encapsulation limit"),
    (ROUTER_ALERT, "Router alert"),
    (0x07, "CALIPSO"),
    (0x26, "Quick-start"),
    (0x30, "Minimum path MTU"),
    (0x63, "RPL"),
    (JUMBO, "Jumbo payload"),
    (HOME_ADDRESS, "Home address"),
];

const ROUTER_ALERTS: Names<u16> = &[(0, "MLD"), (1, "RSVP"), (2, "Active networks")];

/// What a node does that does not know the option, by its two highest bits (RFC 8200 §4.2).
const ACTIONS: Names<u8> = &[
    (0, "Skip"),
    (1, "Discard"),
    (2, "Discard, send ICMP"),
    (3, "Discard, send ICMP unless multicast"),
];

/// One option at `at` of a header of `octets` bytes; where the next one starts.
fn put_option(b: &mut LayerBuilder<'_, '_>, at: usize, octets: usize) -> usize {
    let kind = b.slice(at..at + 1).first().copied().unwrap_or_default();
    let name = names::name(OPTIONS, kind).unwrap_or("Unknown option");
    if kind == PAD1 {
        b.put(&OPT, at..at + 1, ()).text = name.to_owned();
        b.nest(|b| {
            b.put(&OPT_TYPE, at..at + 1, kind).text = format!("{name} ({kind:#04x})");
            b.put(&OPT_PAD1, at..at + 1, ());
        });
        return at + 1;
    }
    let len = usize::from(b.slice(at + 1..at + 2).first().copied().unwrap_or_default());
    let end = at + 2 + len;
    if end > octets {
        let text = format!("Option of {len} bytes runs past the end of its header");
        b.put(&OPT, at..octets, ()).text = name.to_owned();
        b.nest(|b| {
            put_type(b, at, kind, name);
            b.put(&OPT_LENGTH, at + 1..at + 2, len);
        });
        b.malformed(at + 1, text);
        return octets;
    }
    b.put(&OPT, at..end, ()).text = name.to_owned();
    b.nest(|b| {
        put_type(b, at, kind, name);
        b.put(&OPT_LENGTH, at + 1..at + 2, len);
        put_option_data(b, kind, at + 2..end);
    });
    end
}

fn put_type(b: &mut LayerBuilder<'_, '_>, at: usize, kind: u8, name: &str) {
    b.put(&OPT_TYPE, at..at + 1, kind).text = format!("{name} ({kind:#04x})");
    b.nest(|b| {
        b.bits(&OPT_TYPE_ACTION, at * 8..at * 8 + 2, kind >> 6).text =
            names::named(ACTIONS, kind >> 6);
        b.flag(&OPT_TYPE_CHANGE, at * 8 + 2, kind & 0x20 != 0);
        b.bits(&OPT_TYPE_REST, at * 8 + 3..at * 8 + 8, kind & 0x1f);
    });
}

fn put_option_data(b: &mut LayerBuilder<'_, '_>, kind: u8, data: Range<usize>) {
    let bytes = b.slice(data.clone());
    match (kind, data.len()) {
        (PADN, _) => {
            b.raw(&OPT_PADN, data);
        }
        (ROUTER_ALERT, 2) => {
            let value = bytes.try_into().map_or(0, u16::from_be_bytes);
            b.put(&OPT_ROUTER_ALERT, data, value).text = names::named(ROUTER_ALERTS, value);
        }
        (JUMBO, 4) => {
            let value = bytes.try_into().map_or(0, u32::from_be_bytes);
            b.put(&OPT_JUMBO, data, value);
        }
        (HOME_ADDRESS, 16) => {
            let addr = <[u8; 16]>::try_from(bytes).unwrap_or_default();
            b.put(&OPT_HOME_ADDRESS, data, Ipv6Addr::from(addr));
        }
        // RFC 4727 §3.3
        (0x1e | 0x3e | 0x5e | 0x7e | 0x9e | 0xbe | 0xde | 0xfe, _) => {
            b.raw(&OPT_EXPERIMENTAL, data);
        }
        _ => {
            b.raw(&OPT_UNKNOWN, data);
        }
    }
}

/// The routing header.
pub mod routing {
    use super::*;
    use crate::proto::registry::fields;

    fields! {
        NXT = "ipv6.routing.nxt", "Next header", Dec;
        LEN = "ipv6.routing.len", "Length", Dec;
        LEN_OCT = "ipv6.routing.len_oct", "Length in bytes", Dec;
        TYPE = "ipv6.routing.type", "Type", Dec;
        SEGLEFT = "ipv6.routing.segleft", "Segments left", Dec;
        SRC_RESERVED = "ipv6.routing.src.reserved", "Reserved", Bytes;
        SRC_ADDR = "ipv6.routing.src.addr", "Address", Ipv6;
        MIPV6_RESERVED = "ipv6.routing.mipv6.reserved", "Reserved", Bytes;
        MIPV6_HOME_ADDRESS = "ipv6.routing.mipv6.home_address", "Home address", Ipv6;
        UNKNOWN_DATA = "ipv6.routing.unknown_data", "Type-specific data", Bytes;
        DEPRECATED = "ipv6.routing.deprecated", "Routing header type is deprecated", None;
        INVALID_SEGLEFT = "ipv6.routing.invalid_segleft", "More segments than addresses", None;
    }

    /// The routing header.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ipv6.routing",
        short: "Routing",
        name: "IPv6 Routing Header",
        osi: 3,
        source: "RFC 8200 §4.4",
        fields: FIELDS,
        claims: &[Claim::IpProtocol(43)],
        reader: Reader::Packet(dissect),
    };

    static COMMON: Common = Common {
        protocol: &PROTOCOL,
        next: &NXT,
        len: &LEN,
        octets: &LEN_OCT,
    };

    /// Deprecated by RFC 5095.
    const SOURCE_ROUTE: u8 = 0;
    /// RFC 6275 §6.4.
    const MOBILE: u8 = 2;
    /// RFC 8754 §2.
    const SEGMENT_ROUTING: u8 = 4;

    const TYPES: Names<u8> = &[
        (SOURCE_ROUTE, "Source route"),
        (1, "Nimrod"),
        (MOBILE, "Mobile IP"),
        (3, "RPL source route"),
        (SEGMENT_ROUTING, "Segment routing"),
    ];

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        let mut b = d.layer(&PROTOCOL, span);
        let (next, octets) = put_common(&mut b, &COMMON);
        let [_, _, kind, left] = b.head::<4>();
        b.put(&TYPE, 2..3, kind).text = names::named(TYPES, kind);
        b.put(&SEGLEFT, 3..4, left);
        if kind == SOURCE_ROUTE {
            let text = "Routing header type is deprecated (RFC 5095)";
            b.expert(Severity::Note, &DEPRECATED, 2..3, text);
        }
        put_data(&mut b, kind, 4..octets);
        let addresses = (octets - 8) / 16;
        if kind == SOURCE_ROUTE && usize::from(left) > addresses {
            let text = "More segments left than the header has addresses";
            b.expert(Severity::Warn, &INVALID_SEGLEFT, 3..4, text);
        }
        if let Some(dst) = final_destination(&b, kind, left, addresses) {
            let d = b.dissector();
            d.addrs = d.addrs.map(|addrs| crate::proto::dissect::Addrs {
                dst: dst.into(),
                ..addrs
            });
        }
        b.hand_over(
            octets,
            Next::new(Claim::IpProtocol(next), span.skip(octets)),
        )
    }

    fn put_data(b: &mut LayerBuilder<'_, '_>, kind: u8, data: Range<usize>) {
        let (reserved, address) = match kind {
            SOURCE_ROUTE => (&SRC_RESERVED, &SRC_ADDR),
            MOBILE => (&MIPV6_RESERVED, &MIPV6_HOME_ADDRESS),
            _ => {
                b.raw(&UNKNOWN_DATA, data);
                return;
            }
        };
        b.raw(reserved, 4..8);
        for at in (8..data.end.saturating_sub(15)).step_by(16) {
            let addr = address_at(b, at).unwrap_or(Ipv6Addr::UNSPECIFIED);
            b.put(address, at..at + 16, addr);
        }
    }

    fn address_at(b: &LayerBuilder<'_, '_>, at: usize) -> Option<Ipv6Addr> {
        <[u8; 16]>::try_from(b.slice(at..at + 16))
            .ok()
            .map(Ipv6Addr::from)
    }

    /// Where the packet goes in the end, if it is not there yet: what the transport checksum covers (RFC 8200 §8.1).
    fn final_destination(
        b: &LayerBuilder<'_, '_>,
        kind: u8,
        left: u8,
        addresses: usize,
    ) -> Option<Ipv6Addr> {
        let last = match kind {
            SOURCE_ROUTE | MOBILE => addresses.checked_sub(1)?,
            // Segments are listed last first.
            SEGMENT_ROUTING => 0,
            _ => return None,
        };
        (left > 0 && addresses > 0)
            .then(|| address_at(b, 8 + last * 16))
            .flatten()
    }
}

/// The fragment header.
pub mod fragment {
    use super::*;
    use crate::proto::registry::fields;

    fields! {
        NXT = "ipv6.fraghdr.nxt", "Next header", Dec;
        RESERVED_OCTET = "ipv6.fraghdr.reserved_octet", "Reserved octet", Hex(2);
        OFFSET = "ipv6.fraghdr.offset", "Offset", Dec;
        RESERVED_BITS = "ipv6.fraghdr.reserved_bits", "Reserved bits", Dec;
        MORE = "ipv6.fraghdr.more", "More fragments", Bool;
        IDENT = "ipv6.fraghdr.ident", "Identification", Hex(8);
    }

    /// The fragment header.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ipv6.fraghdr",
        short: "Fragment",
        name: "IPv6 Fragment Header",
        osi: 3,
        source: "RFC 8200 §4.5",
        fields: FIELDS,
        claims: &[Claim::IpProtocol(44)],
        reader: Reader::Packet(dissect),
    };

    const HEADER: usize = 8;

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        let mut b = d.layer(&PROTOCOL, span);
        let head = b.head::<HEADER>();
        let header = Ipv6FragmentHeaderSlice::from_slice(&head).ok()?;
        let (next, more) = (header.next_header().0, header.more_fragments());
        let offset = usize::from(header.fragment_offset().value());
        b.put(&NXT, 0..1, next).text = names::ip_protocol(next);
        b.put(&RESERVED_OCTET, 1..2, head[1]);
        b.bits(&OFFSET, 16..29, offset).text = format!("{offset} ({} bytes)", offset * 8);
        b.bits(&RESERVED_BITS, 29..31, head[3] >> 1 & 3);
        b.flag(&MORE, 31, more);
        b.put(&IDENT, 4..8, header.identification());
        b.summary(format!("IPv6 Fragment Header, offset {} bytes", offset * 8));
        let payload = span.skip(HEADER);
        let next = if more || offset > 0 {
            Next::data(payload)
        } else {
            Next::new(Claim::IpProtocol(next), payload)
        };
        b.hand_over(HEADER, next)
    }
}

/// The authentication header, recognised.
pub mod authentication {
    use super::*;
    use crate::proto::registry::fields;

    fields! {
        NEXT_HEADER = "ah.next_header", "Next header", Dec;
        LENGTH = "ah.length", "Length", Dec;
        RESERVED = "ah.reserved", "Reserved", Bytes;
        SPI = "ah.spi", "Security parameters index", Hex(8);
        SEQUENCE = "ah.sequence", "Sequence number", Dec;
        ICV = "ah.icv", "Integrity check value", Bytes;
    }

    /// The authentication header.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ah",
        short: "AH",
        name: "Authentication Header",
        osi: 3,
        source: "RFC 4302",
        fields: FIELDS,
        claims: &[Claim::IpProtocol(51)],
        reader: Reader::Packet(dissect),
    };

    /// The part before the check value.
    const FIXED: usize = 12;
    /// The longest header: its length counts units of 4 bytes, less 2, in one byte.
    const MAX: usize = (255 + 2) * 4;

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        let mut b = d.layer(&PROTOCOL, span);
        let head = b.head::<MAX>();
        let (next, len) = (head[0], (usize::from(head[1]) + 2) * 4);
        b.put(&NEXT_HEADER, 0..1, next).text = names::ip_protocol(next);
        b.put(&LENGTH, 1..2, head[1]).text = format!("{} ({len} bytes)", head[1]);
        b.raw(&RESERVED, 2..4);
        let Ok(header) = IpAuthHeaderSlice::from_slice(&head) else {
            b.malformed(1, format!("authentication header of {len} bytes"));
            return b.end();
        };
        b.put(&SPI, 4..8, header.spi());
        b.put(&SEQUENCE, 8..12, header.sequence_number());
        if len > FIXED {
            b.raw(&ICV, FIXED..len);
        }
        b.hand_over(len, Next::new(Claim::IpProtocol(next), span.skip(len)))
    }
}
