//! The Internet Control Message Protocol.
//!
//! ```text
//! | type (8) | code (8) | checksum (16) | rest of the header, by type (32) | data |
//! ```
//!
//! An error quotes the packet that it is about: its layers follow this one.

mod wire;

pub use wire::*;

use std::net::Ipv4Addr;

use etherparse::Icmpv4Slice;

use super::dissect::{ChecksumSpecs, Dissector, LayerBuilder, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};

fields! {
    TYPE = "icmp.type", "Type", Dec;
    CODE = "icmp.code", "Code", Dec;
    CHECKSUM = "icmp.checksum", "Checksum", Hex(4);
    CHECKSUM_STATUS = "icmp.checksum.status", "Checksum status", Dec;
    UNUSED = "icmp.unused", "Unused", Bytes;
    IDENT = "icmp.ident", "Identifier", Dec;
    IDENT_LE = "icmp.ident_le", "Identifier (little-endian)", Dec;
    SEQ = "icmp.seq", "Sequence number", Dec;
    SEQ_LE = "icmp.seq_le", "Sequence number (little-endian)", Dec;
    MTU = "icmp.mtu", "MTU of the next hop", Dec;
    POINTER = "icmp.pointer", "Pointer", Dec;
    LENGTH = "icmp.length", "Length of the original datagram, in words", Dec;
    REDIR_GW = "icmp.redir_gw", "Gateway address", Ipv4;
    NUM_ADDRS = "icmp.num_addrs", "Number of addresses", Dec;
    ADDR_ENTRY_SIZE = "icmp.addr_entry_size", "Address entry size", Dec;
    LIFETIME = "icmp.lifetime", "Lifetime", Dec;
    ROUTER_ADDRESS = "icmp.router_address", "Router address", Ipv4;
    PREF_LEVEL = "icmp.pref_level", "Preference level", Int;
    ORIGINATE_TIMESTAMP = "icmp.originate_timestamp", "Originate timestamp", Dec;
    RECEIVE_TIMESTAMP = "icmp.receive_timestamp", "Receive timestamp", Dec;
    TRANSMIT_TIMESTAMP = "icmp.transmit_timestamp", "Transmit timestamp", Dec;
    ADDRESS_MASK = "icmp.address_mask", "Address mask", Ipv4;
    CHECKSUM_BAD = "icmp.checksum_bad", "Bad checksum", None;
}

/// ICMP.
pub static PROTOCOL: Protocol = Protocol {
    id: "icmp",
    short: "ICMP",
    name: "Internet Control Message Protocol",
    osi: 3,
    source: "RFC 792",
    fields: FIELDS,
    claims: &[Claim::IpProtocol(1)],
    reader: Reader::Packet(dissect),
};

static CHECKSUMS: ChecksumSpecs = ChecksumSpecs {
    sum: &CHECKSUM,
    status: &CHECKSUM_STATUS,
    calculated: None,
    bad: &CHECKSUM_BAD,
};

const HEADER: usize = 8;
/// The header of a timestamp message, the longest one.
const TIMESTAMP_HEADER: usize = 20;

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const SOURCE_QUENCH: u8 = 4;
const REDIRECT: u8 = 5;
const ECHO: u8 = 8;
const ROUTER_ADVERTISEMENT: u8 = 9;
const ROUTER_SOLICITATION: u8 = 10;
const TIME_EXCEEDED: u8 = 11;
const PARAMETER_PROBLEM: u8 = 12;
const TIMESTAMP: u8 = 13;
const TIMESTAMP_REPLY: u8 = 14;
const ADDRESS_MASK_REQUEST: u8 = 17;
const ADDRESS_MASK_REPLY: u8 = 18;

/// <https://www.iana.org/assignments/icmp-parameters>
const TYPES: Names<u8> = &[
    (ECHO_REPLY, "Echo reply"),
    (UNREACHABLE, "Destination unreachable"),
    (SOURCE_QUENCH, "Source quench"),
    (REDIRECT, "Redirect"),
    (ECHO, "Echo request"),
    (ROUTER_ADVERTISEMENT, "Router advertisement"),
    (ROUTER_SOLICITATION, "Router solicitation"),
    (TIME_EXCEEDED, "Time to live exceeded"),
    (PARAMETER_PROBLEM, "Parameter problem"),
    (TIMESTAMP, "Timestamp request"),
    (TIMESTAMP_REPLY, "Timestamp reply"),
    (ADDRESS_MASK_REQUEST, "Address mask request"),
    (ADDRESS_MASK_REPLY, "Address mask reply"),
];

const UNREACHABLE_CODES: Names<u8> = &[
    (0, "Network unreachable"),
    (1, "Host unreachable"),
    (2, "Protocol unreachable"),
    (3, "Port unreachable"),
    (4, "Fragmentation needed"),
    (5, "Source route failed"),
    (6, "Destination network unknown"),
    (7, "Destination host unknown"),
    (8, "Source host isolated"),
    (9, "Network administratively prohibited"),
    (10, "Host administratively prohibited"),
    (11, "Network unreachable for TOS"),
    (12, "Host unreachable for TOS"),
    (13, "Communication administratively filtered"),
    (14, "Host precedence violation"),
    (15, "Precedence cutoff in effect"),
];
const REDIRECT_CODES: Names<u8> = &[
    (0, "For network"),
    (1, "For host"),
    (2, "For TOS and network"),
    (3, "For TOS and host"),
];
const TIME_EXCEEDED_CODES: Names<u8> = &[
    (0, "Time to live exceeded in transit"),
    (1, "Fragment reassembly time exceeded"),
];
const PARAMETER_CODES: Names<u8> = &[
    (0, "Pointer indicates the error"),
    (1, "Required option missing"),
    (2, "Bad length"),
];

fn code_names(kind: u8) -> Names<u8> {
    match kind {
        UNREACHABLE => UNREACHABLE_CODES,
        REDIRECT => REDIRECT_CODES,
        TIME_EXCEEDED => TIME_EXCEEDED_CODES,
        PARAMETER_PROBLEM => PARAMETER_CODES,
        _ => &[],
    }
}

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<TIMESTAMP_HEADER>();
    let icmp = Icmpv4Slice::from_slice(&head).ok()?;
    let (kind, code) = (icmp.type_u8(), icmp.code_u8());
    b.put(&TYPE, 0..1, kind).text = names::named(TYPES, kind);
    b.put(&CODE, 1..2, code).text = names::named(code_names(kind), code);
    put_checksum(&mut b, icmp.checksum(), span);
    let words = names::name(code_names(kind), code).or(names::name(TYPES, kind));
    let words = words.unwrap_or("unknown type");
    b.summary(format!("Internet Control Message Protocol, {words}"));
    match kind {
        UNREACHABLE | SOURCE_QUENCH | REDIRECT | TIME_EXCEEDED | PARAMETER_PROBLEM => {
            error(b, span, kind, code)
        }
        _ => query(b, span, kind, &head),
    }
}

fn put_checksum(b: &mut LayerBuilder<'_, '_>, found: u16, span: Span) {
    let whole = !b.dissector().fragment && !b.dissector().quoted;
    let len = if whole { span.whole_len() } else { usize::MAX };
    let sum = b.internet_sum(2, len);
    b.checksum(&CHECKSUMS, 2, found, sum);
}

/// An error: what is in the second word, then the packet that it is about.
fn error(mut b: LayerBuilder<'_, '_>, span: Span, kind: u8, code: u8) -> Option<Next> {
    let word = b.head::<HEADER>();
    // A second byte that is not 0 tells how much is quoted, where extensions follow it (RFC 4884 §4).
    let quoted_words = usize::from(word[5]);
    match kind {
        REDIRECT => {
            b.put(
                &REDIR_GW,
                4..8,
                Ipv4Addr::new(word[4], word[5], word[6], word[7]),
            );
        }
        UNREACHABLE if code == UNREACHABLE_FRAGMENTATION_NEEDED => {
            b.raw(&UNUSED, 4..6);
            b.put(&MTU, 6..8, u16::from_be_bytes([word[6], word[7]]));
        }
        SOURCE_QUENCH => {
            b.has(4..HEADER);
        }
        PARAMETER_PROBLEM => {
            b.put(&POINTER, 4..5, word[4]);
            put_quoted_length(&mut b, quoted_words, 5, 3);
        }
        _ => put_quoted_length(&mut b, quoted_words, 4, 4),
    }
    let mut quoted = span.skip(HEADER);
    if quoted_words > 0 && kind != REDIRECT {
        quoted = quoted.limit(quoted_words * 4);
    }
    b.dissector().quoted = true;
    b.hand_over(HEADER, Next::new(Claim::EtherType(0x0800), quoted))
}

/// `len` unused bytes at `at`; if the one at offset 5 is not 0, it is the length of what is quoted.
fn put_quoted_length(b: &mut LayerBuilder<'_, '_>, words: usize, at: usize, len: usize) {
    if words == 0 {
        b.raw(&UNUSED, at..at + len);
        return;
    }
    if at < 5 {
        b.raw(&UNUSED, at..5);
    }
    b.put(&LENGTH, 5..6, words).text = format!("{words} ({} bytes)", words * 4);
    b.raw(&UNUSED, 6..8);
}

/// A request or a reply.
fn query(mut b: LayerBuilder<'_, '_>, span: Span, kind: u8, head: &[u8]) -> Option<Next> {
    match kind {
        ECHO | ECHO_REPLY => put_identity(&mut b, head),
        TIMESTAMP | TIMESTAMP_REPLY => {
            put_identity(&mut b, head);
            let specs = [
                &ORIGINATE_TIMESTAMP,
                &RECEIVE_TIMESTAMP,
                &TRANSMIT_TIMESTAMP,
            ];
            for (spec, at) in specs.into_iter().zip([8, 12, 16]) {
                let value = head[at..at + 4].try_into().map_or(0, u32::from_be_bytes);
                b.put(spec, at..at + 4, value).text = format!("{value} ms after midnight UTC");
            }
            return b.hand_over(TIMESTAMP_HEADER, Next::data(span.skip(TIMESTAMP_HEADER)));
        }
        ADDRESS_MASK_REQUEST | ADDRESS_MASK_REPLY => {
            put_identity(&mut b, head);
            let mask: [u8; 4] = head[8..12].try_into().unwrap_or_default();
            b.put(&ADDRESS_MASK, 8..12, Ipv4Addr::from(mask));
            return b.hand_over(12, Next::data(span.skip(12)));
        }
        ROUTER_ADVERTISEMENT => return router_advertisement(b, span, head),
        _ => {
            b.has(4..HEADER);
        }
    }
    b.hand_over(HEADER, Next::data(span.skip(HEADER)))
}

/// Identifier and sequence number, in both byte orders: senders differ.
fn put_identity(b: &mut LayerBuilder<'_, '_>, head: &[u8]) {
    for (be, le, at) in [(&IDENT, &IDENT_LE, 4), (&SEQ, &SEQ_LE, 6)] {
        let octets = [head[at], head[at + 1]];
        let value = u16::from_be_bytes(octets);
        b.put(be, at..at + 2, value).text = format!("{value} ({value:#06x})");
        b.hidden(le, at..at + 2, u16::from_le_bytes(octets));
    }
}

/// RFC 1256 §3.
fn router_advertisement(mut b: LayerBuilder<'_, '_>, span: Span, head: &[u8]) -> Option<Next> {
    let (count, words) = (usize::from(head[4]), head[5]);
    let lifetime = u16::from_be_bytes([head[6], head[7]]);
    b.put(&NUM_ADDRS, 4..5, count);
    b.put(&ADDR_ENTRY_SIZE, 5..6, words);
    b.put(&LIFETIME, 6..8, lifetime).text = format!("{lifetime} s");
    let entries = if words == 2 { count } else { 0 };
    for at in (HEADER..).step_by(8).take(entries) {
        if !b.has(at..at + 8) {
            break;
        }
        let addr: [u8; 4] = b.slice(at..at + 4).try_into().unwrap_or_default();
        let level = b
            .slice(at + 4..at + 8)
            .try_into()
            .map_or(0, i32::from_be_bytes);
        b.put(&ROUTER_ADDRESS, at..at + 4, Ipv4Addr::from(addr));
        b.put(&PREF_LEVEL, at + 4..at + 8, i64::from(level));
    }
    let len = HEADER + entries * 8;
    b.hand_over(len, Next::data(span.skip(len)))
}
