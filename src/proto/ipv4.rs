//! The Internet Protocol, version 4.
//!
//! ```text
//! | version (4 bits) | header length (4) | DSCP (6) | ECN (2) | total length (16) |
//! | identification (16) | flags (3) | fragment offset (13) |
//! | time to live (8) | protocol (8) | header checksum (16) |
//! | source address (32) | destination address (32) | options |
//! ```

mod options;
mod wire;

pub use wire::*;

use std::net::Ipv4Addr;

use etherparse::Ipv4HeaderSlice;

use super::dissect::{Addrs, ChecksumSpecs, Dissector, LayerBuilder, Next, Span};
use super::names;
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::Severity;

fields! {
    VERSION = "ip.version", "Version", Dec;
    HDR_LEN = "ip.hdr_len", "Header length", Dec;
    DSFIELD = "ip.dsfield", "Differentiated services", Hex(2);
    DSCP = "ip.dsfield.dscp", "Codepoint (DSCP)", Dec;
    ECN = "ip.dsfield.ecn", "Congestion notification (ECN)", Dec;
    LEN = "ip.len", "Total length", Dec;
    ID = "ip.id", "Identification", Hex(4);
    FLAGS = "ip.flags", "Flags", Hex(2);
    FLAGS_RB = "ip.flags.rb", "Reserved bit", Bool;
    FLAGS_DF = "ip.flags.df", "Don't fragment", Bool;
    FLAGS_MF = "ip.flags.mf", "More fragments", Bool;
    FRAG_OFFSET = "ip.frag_offset", "Fragment offset", Dec;
    TTL = "ip.ttl", "Time to live", Dec;
    PROTO = "ip.proto", "Protocol", Dec;
    CHECKSUM = "ip.checksum", "Header checksum", Hex(4);
    CHECKSUM_STATUS = "ip.checksum.status", "Header checksum status", Dec;
    CHECKSUM_CALCULATED = "ip.checksum_calculated", "Calculated checksum", Hex(4);
    SRC = "ip.src", "Source", Ipv4;
    DST = "ip.dst", "Destination", Ipv4;
    ADDR = "ip.addr", "Source or destination", Ipv4;
    OPT_TYPE = "ip.opt.type", "Type", Dec;
    OPT_TYPE_COPY = "ip.opt.type.copy", "Copy on fragmentation", Bool;
    OPT_TYPE_CLASS = "ip.opt.type.class", "Class", Dec;
    OPT_TYPE_NUMBER = "ip.opt.type.number", "Number", Dec;
    OPT_LEN = "ip.opt.len", "Length", Dec;
    OPT_PTR = "ip.opt.ptr", "Pointer", Dec;
    REC_RT = "ip.rec_rt", "Recorded route", Ipv4;
    CUR_RT = "ip.cur_rt", "Current route", Ipv4;
    SRC_RT = "ip.src_rt", "Source route", Ipv4;
    EMPTY_RT = "ip.empty_rt", "Empty route", Ipv4;
    OPT_OVERFLOW = "ip.opt.overflow", "Overflow", Dec;
    OPT_FLAG = "ip.opt.flag", "Flag", Hex(2);
    OPT_TIME_STAMP = "ip.opt.time_stamp", "Time stamp", Dec;
    OPT_TIME_STAMP_ADDR = "ip.opt.time_stamp_addr", "Address", Ipv4;
    OPT_RA = "ip.opt.ra", "Router alert", Dec;
    OPT_SID = "ip.opt.sid", "Stream identifier", Dec;
    OPT_MTU = "ip.opt.mtu", "MTU", Dec;
    OPT_LEN_INVALID = "ip.opt.len.invalid", "Invalid length for option", None;
    BOGUS_VERSION = "ip.bogus_ip_version", "Bogus IP version", None;
    BOGUS_LENGTH = "ip.bogus_ip_length", "Bogus IP length", None;
    BOGUS_HEADER_LENGTH = "ip.bogus_header_length", "Bogus IP header length", None;
    CHECKSUM_BAD = "ip.checksum_bad.expert", "Bad checksum", None;
    TTL_LNCB = "ip.ttl.lncb", "Time to live", None;
    TTL_TOO_SMALL = "ip.ttl.too_small", "Time to live", None;
}

/// IPv4.
pub static PROTOCOL: Protocol = Protocol {
    id: "ip",
    short: "IPv4",
    name: "Internet Protocol Version 4",
    osi: 3,
    source: "RFC 791",
    fields: FIELDS,
    claims: &[Claim::EtherType(0x0800), Claim::IpProtocol(4)],
    reader: Reader::Packet(dissect),
};

static CHECKSUMS: ChecksumSpecs = ChecksumSpecs {
    sum: &CHECKSUM,
    status: &CHECKSUM_STATUS,
    calculated: Some(&CHECKSUM_CALCULATED),
    bad: &CHECKSUM_BAD,
};

/// The least header (RFC 791 §3.1: five words of 32 bits).
const MIN_HEADER: usize = 20;
/// The longest header.
const MAX_HEADER: usize = 60;
/// A time to live below this is remarked upon.
const LOW_TTL: u8 = 5;

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<MAX_HEADER>();
    let header_len = put_version(&mut b, head[0])?;
    let Ok(ip) = Ipv4HeaderSlice::from_slice(&head) else {
        return b.end();
    };
    let payload = put_lengths(&mut b, &ip, span);
    if payload.start == span.end && usize::from(ip.total_len()) < header_len && ip.total_len() > 0 {
        return b.end();
    }
    put_fragmentation(&mut b, &ip);
    put_ttl(&mut b, &ip);
    b.put(&PROTO, 9..10, ip.protocol().0).text = names::ip_protocol(ip.protocol().0);
    let sum = b.internet_sum(10, header_len);
    b.checksum(&CHECKSUMS, 10, ip.header_checksum(), sum);
    let (src, dst) = (ip.source_addr(), ip.destination_addr());
    put_address(&mut b, 12, src, &SRC);
    put_address(&mut b, 16, dst, &DST);
    let final_dst = options::dissect(&mut b, MIN_HEADER..header_len).unwrap_or(dst);
    b.summary(format!(
        "Internet Protocol Version 4, Src: {src}, Dst: {dst}"
    ));
    let fragment = ip.is_fragmenting_payload();
    let d = b.dissector();
    d.link_end.get_or_insert(payload.end);
    d.addrs = Some(Addrs {
        src: src.into(),
        dst: final_dst.into(),
    });
    let next = if fragment {
        Next::data(payload)
    } else {
        Next::new(Claim::IpProtocol(ip.protocol().0), payload)
    };
    b.hand_over(header_len, next)
}

/// Version and header length; none if they make no header.
fn put_version(b: &mut LayerBuilder<'_, '_>, first: u8) -> Option<usize> {
    let (version, header_len) = (first >> 4, usize::from(first & 0x0f) * 4);
    b.bits(&VERSION, 0..4, version);
    b.bits(&HDR_LEN, 4..8, header_len).text = format!("{header_len} bytes ({})", header_len / 4);
    if version != 4 {
        b.expert(Severity::Error, &BOGUS_VERSION, 0..1, "Bogus IP version");
        b.malformed(0, format!("IP version {version}"));
    } else if header_len < MIN_HEADER {
        let text = format!("Bogus IP header length ({header_len}, must be at least {MIN_HEADER})");
        b.expert(Severity::Error, &BOGUS_HEADER_LENGTH, 0..1, text.clone());
        b.malformed(0, text);
    }
    Some(header_len)
}

/// Service and total length; what the packet carries.
fn put_lengths(b: &mut LayerBuilder<'_, '_>, ip: &Ipv4HeaderSlice<'_>, span: Span) -> Span {
    let (dscp, ecn) = (ip.dcp().value(), ip.ecn().value());
    b.put(&DSFIELD, 1..2, dscp << 2 | ecn);
    b.nest(|b| {
        b.bits(&DSCP, 8..14, dscp).text = names::dscp(dscp);
        b.bits(&ECN, 14..16, ecn).text = names::ecn(ecn);
    });
    let (header_len, there) = (ip.slice().len(), span.whole_len());
    let total = usize::from(ip.total_len());
    if total == 0 {
        // A sender that leaves segmentation to the hardware does not know it yet.
        b.put(&LEN, 2..4, there).text = format!("{there} (written as 0: left to the hardware)");
        return span.skip(header_len);
    }
    b.put(&LEN, 2..4, total);
    if total < header_len {
        let text = format!("Bogus IP length ({total}, less than header length {header_len})");
        b.expert(Severity::Error, &BOGUS_LENGTH, 2..4, text.clone());
        b.malformed(2, text);
        return span.skip(span.len());
    } else if total > there && !b.dissector().quoted {
        let text = format!("IPv4 total length exceeds packet length ({there} bytes)");
        b.expert(Severity::Error, &BOGUS_LENGTH, 2..4, text);
    }
    // Only a quoted packet was longer than what the layer below holds of it.
    let quoted = b.dissector().quoted;
    let whole = if quoted {
        span.start + total
    } else {
        span.whole
    };
    Span { whole, ..span }.limit(total).skip(header_len)
}

fn put_fragmentation(b: &mut LayerBuilder<'_, '_>, ip: &Ipv4HeaderSlice<'_>) {
    let id = ip.identification();
    let flags = ip.slice()[6] >> 5;
    let (df, mf) = (ip.dont_fragment(), ip.more_fragments());
    b.put(&ID, 4..6, id).text = format!("{id:#06x} ({id})");
    let words = [(df, "Don't fragment"), (mf, "More fragments")];
    let words: Vec<_> = words
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, word)| *word)
        .collect();
    b.bits(&FLAGS, 48..51, flags).text = format!("{flags:#x} {}", words.join(", "));
    b.nest(|b| {
        b.flag(&FLAGS_RB, 48, flags & 4 != 0);
        b.flag(&FLAGS_DF, 49, df);
        b.flag(&FLAGS_MF, 50, mf);
    });
    let offset = usize::from(ip.fragments_offset().value());
    b.bits(&FRAG_OFFSET, 51..64, offset).text = format!("{offset} ({} bytes)", offset * 8);
}

fn put_ttl(b: &mut LayerBuilder<'_, '_>, ip: &Ipv4HeaderSlice<'_>) {
    let (ttl, dst) = (ip.ttl(), ip.destination_addr());
    b.put(&TTL, 8..9, ttl);
    let multicast_routing = matches!(ip.protocol().0, 89 | 103 | 112);
    if let Some(expected) = local_control_ttl(dst) {
        if ttl != expected {
            let text = format!(
                "\"Time To Live\" != {expected} for a packet sent to the Local Network Control Block (see RFC 3171)"
            );
            b.expert(Severity::Note, &TTL_LNCB, 8..9, text);
        }
    } else if ttl < LOW_TTL && !dst.is_multicast() && !multicast_routing {
        b.expert(
            Severity::Note,
            &TTL_TOO_SMALL,
            8..9,
            format!("\"Time To Live\" only {ttl}"),
        );
    }
}

/// The time to live that belongs to an address of the local network control block, 224.0.0.0/24; none for other
/// addresses, and for LLMNR, which may have any.
fn local_control_ttl(dst: Ipv4Addr) -> Option<u8> {
    match dst.octets() {
        [224, 0, 0, 252] => None,
        [224, 0, 0, 18 | 102 | 251] => Some(255),
        [224, 0, 0, _] => Some(1),
        _ => None,
    }
}

fn put_address(
    b: &mut LayerBuilder<'_, '_>,
    at: usize,
    addr: Ipv4Addr,
    spec: &'static super::tree::FieldSpec,
) {
    b.put(spec, at..at + 4, addr);
    b.hidden(&ADDR, at..at + 4, addr);
}
