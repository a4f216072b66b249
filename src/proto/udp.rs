//! The User Datagram Protocol.
//!
//! ```text
//! | source port (16) | destination port (16) | length (16) | checksum (16) |
//! ```

mod wire;

pub use wire::*;

use etherparse::UdpHeaderSlice;

use super::dissect::{ChecksumSpecs, Dissector, LayerBuilder, Next, Span, Sum};
use super::names;
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::{Field, Layer, Severity};

fields! {
    SRCPORT = "udp.srcport", "Source port", Dec;
    DSTPORT = "udp.dstport", "Destination port", Dec;
    PORT = "udp.port", "Source or destination port", Dec;
    LENGTH = "udp.length", "Length", Dec;
    CHECKSUM = "udp.checksum", "Checksum", Hex(4);
    CHECKSUM_STATUS = "udp.checksum.status", "Checksum status", Dec;
    CHECKSUM_CALCULATED = "udp.checksum_calculated", "Calculated checksum", Hex(4);
    PAYLOAD = "udp.payload", "Payload", Bytes;
    LENGTH_BAD = "udp.length.bad", "Bad length value", None;
    LENGTH_BAD_ZERO = "udp.length.bad_zero", "Length is zero but payload < 65536", None;
    CHECKSUM_BAD = "udp.checksum.bad", "Bad checksum", None;
    CHECKSUM_ZERO = "udp.checksum.zero", "Illegal checksum value (0)", None;
    STREAM = "udp.stream", "Stream index", Dec, stateful;
}

/// UDP.
pub static PROTOCOL: Protocol = Protocol {
    id: "udp",
    short: "UDP",
    name: "User Datagram Protocol",
    osi: 4,
    source: "RFC 768",
    fields: FIELDS,
    claims: &[Claim::IpProtocol(NUMBER)],
    reader: Reader::Packet(dissect),
};

static CHECKSUMS: ChecksumSpecs = ChecksumSpecs {
    sum: &CHECKSUM,
    status: &CHECKSUM_STATUS,
    calculated: Some(&CHECKSUM_CALCULATED),
    bad: &CHECKSUM_BAD,
};

/// The IP protocol number.
const NUMBER: u8 = 17;
const HEADER: usize = 8;

/// Adds what only a walk knows: the number of the stream.
pub fn add_stateful(layer: &mut Layer, stream: u32) {
    layer.fields.push(Field::derived(&STREAM, stream));
}

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<HEADER>();
    let udp = UdpHeaderSlice::from_slice(&head).ok()?;
    let (src, dst) = (udp.source_port(), udp.destination_port());
    b.put(&SRCPORT, 0..2, src).text = names::port(src);
    b.put(&DSTPORT, 2..4, dst).text = names::port(dst);
    b.hidden(&PORT, 0..2, src);
    b.hidden(&PORT, 2..4, dst);
    b.summary(format!(
        "User Datagram Protocol, Src Port: {src}, Dst Port: {dst}"
    ));
    let Some(payload) = put_length(&mut b, usize::from(udp.length()), span) else {
        return b.end();
    };
    let len = payload.whole - span.start;
    put_checksum(&mut b, udp.checksum(), len);
    if !payload.is_empty() {
        b.raw(&PAYLOAD, HEADER..HEADER + payload.len());
    }
    let claims = [src.min(dst), src.max(dst)].map(|port| Some(Claim::UdpPort(port)));
    b.hand_over(
        HEADER,
        Next {
            claims,
            span: payload,
        },
    )
}

/// The length, and what it leaves for the payload; none if it cannot be.
fn put_length(b: &mut LayerBuilder<'_, '_>, length: usize, span: Span) -> Option<Span> {
    b.put(&LENGTH, 4..6, length);
    let there = span.whole_len();
    let quoted = b.dissector().quoted;
    if length == 0 && is_ipv6(b) {
        // Only a jumbogram may leave it out (RFC 2675 §4).
        if there < 0x1_0000 {
            let text = "Length is zero but payload < 65536";
            b.expert(Severity::Error, &LENGTH_BAD_ZERO, 4..6, text);
        }
        return Some(span.skip(HEADER));
    }
    if length < HEADER {
        let text = format!("Bad length value {length} < {HEADER}");
        b.expert(Severity::Error, &LENGTH_BAD, 4..6, text.clone());
        b.malformed(4, text);
        return None;
    }
    if length > there && !b.dissector().fragment && !quoted {
        let text = format!("Bad length value {length} > IP payload length");
        b.expert(Severity::Error, &LENGTH_BAD, 4..6, text);
    }
    let whole = if quoted {
        span.whole.max(span.start + length)
    } else {
        span.whole
    };
    Some(Span { whole, ..span }.limit(length).skip(HEADER))
}

fn put_checksum(b: &mut LayerBuilder<'_, '_>, found: u16, len: usize) {
    let illegal = found == 0 && is_ipv6(b) && !b.dissector().quoted;
    let sum = match (found, b.transport_sum(NUMBER, 6, len)) {
        (0, _) if illegal => Sum::Illegal,
        (0, _) => Sum::NotPresent,
        // All zeros means none, so a sum of zero is sent as all ones (RFC 768).
        (_, Sum::Computed(0)) => Sum::Computed(0xffff),
        (_, sum) => sum,
    };
    b.checksum(&CHECKSUMS, 6, found, sum);
    if illegal {
        let text = "Illegal checksum value (0): IPv6 requires one (RFC 8200 §8.1)";
        b.expert(Severity::Error, &CHECKSUM_ZERO, 6..8, text);
    }
}

fn is_ipv6(b: &mut LayerBuilder<'_, '_>) -> bool {
    b.dissector().addrs.is_some_and(|addrs| addrs.dst.is_ipv6())
}
