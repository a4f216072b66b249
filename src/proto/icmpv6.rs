//! The Internet Control Message Protocol for IPv6, with neighbour discovery and multicast listener discovery.
//!
//! ```text
//! | type (8) | code (8) | checksum (16) | message body, by type |
//! ```

mod mld;
mod options;
mod wire;

pub use wire::*;

use std::net::Ipv6Addr;

use etherparse::Icmpv6Slice;

use super::dissect::{ChecksumSpecs, Dissector, LayerBuilder, Next, Span};
use super::ipv6::NEXT_ICMPV6;
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::FieldSpec;

fields! {
    TYPE = "icmpv6.type", "Type", Dec;
    CODE = "icmpv6.code", "Code", Dec;
    CHECKSUM = "icmpv6.checksum", "Checksum", Hex(4);
    CHECKSUM_STATUS = "icmpv6.checksum.status", "Checksum status", Dec;
    CHECKSUM_BAD = "icmpv6.checksum_bad.expert", "Bad checksum", None;
    RESERVED = "icmpv6.reserved", "Reserved", Bytes;
    MTU = "icmpv6.mtu", "MTU", Dec;
    POINTER = "icmpv6.pointer", "Pointer", Dec;
    ECHO_IDENTIFIER = "icmpv6.echo.identifier", "Identifier", Hex(4);
    ECHO_SEQUENCE = "icmpv6.echo.sequence_number", "Sequence", Dec;
    RA_CUR_HOP_LIMIT = "icmpv6.nd.ra.cur_hop_limit", "Current hop limit", Dec;
    RA_FLAG = "icmpv6.nd.ra.flag", "Flags", Hex(2);
    RA_FLAG_M = "icmpv6.nd.ra.flag.m", "Managed address configuration", Bool;
    RA_FLAG_O = "icmpv6.nd.ra.flag.o", "Other configuration", Bool;
    RA_FLAG_H = "icmpv6.nd.ra.flag.h", "Home agent", Bool;
    RA_FLAG_PRF = "icmpv6.nd.ra.flag.prf", "Default router preference", Dec;
    RA_FLAG_P = "icmpv6.nd.ra.flag.p", "Proxy", Bool;
    RA_FLAG_RSV = "icmpv6.nd.ra.flag.rsv", "Reserved", Dec;
    RA_ROUTER_LIFETIME = "icmpv6.nd.ra.router_lifetime", "Router lifetime", Dec;
    RA_REACHABLE_TIME = "icmpv6.nd.ra.reachable_time", "Reachable time", Dec;
    RA_RETRANS_TIMER = "icmpv6.nd.ra.retrans_timer", "Retransmission timer", Dec;
    NS_TARGET = "icmpv6.nd.ns.target_address", "Target address", Ipv6;
    NA_FLAG = "icmpv6.nd.na.flag", "Flags", Hex(8);
    NA_FLAG_R = "icmpv6.nd.na.flag.r", "Router", Bool;
    NA_FLAG_S = "icmpv6.nd.na.flag.s", "Solicited", Bool;
    NA_FLAG_O = "icmpv6.nd.na.flag.o", "Override", Bool;
    NA_FLAG_RSV = "icmpv6.nd.na.flag.rsv", "Reserved", Dec;
    NA_TARGET = "icmpv6.nd.na.target_address", "Target address", Ipv6;
    RD_TARGET = "icmpv6.nd.rd.target_address", "Target address", Ipv6;
    RD_DESTINATION = "icmpv6.rd.na.destination_address", "Destination address", Ipv6;
    OPT = "icmpv6.opt", "Option", None;
    OPT_TYPE = "icmpv6.opt.type", "Type", Dec;
    OPT_LENGTH = "icmpv6.opt.length", "Length, in units of 8 bytes", Dec;
    OPT_RESERVED = "icmpv6.opt.reserved", "Reserved", None;
    OPT_LINKADDR = "icmpv6.opt.linkaddr", "Link-layer address", Mac;
    OPT_SRC_LINKADDR = "icmpv6.opt.src_linkaddr", "Source link-layer address", Mac;
    OPT_TARGET_LINKADDR = "icmpv6.opt.target_linkaddr", "Target link-layer address", Mac;
    OPT_PREFIX_LENGTH = "icmpv6.opt.prefix.length", "Prefix length", Dec;
    OPT_PREFIX_FLAG = "icmpv6.opt.prefix.flag", "Flags", Hex(2);
    OPT_PREFIX_FLAG_L = "icmpv6.opt.prefix.flag.l", "On-link", Bool;
    OPT_PREFIX_FLAG_A = "icmpv6.opt.prefix.flag.a", "Autonomous address configuration", Bool;
    OPT_PREFIX_FLAG_R = "icmpv6.opt.prefix.flag.r", "Router address", Bool;
    OPT_PREFIX_FLAG_RESERVED = "icmpv6.opt.prefix.flag.reserved", "Reserved", Dec;
    OPT_PREFIX_VALID = "icmpv6.opt.prefix.valid_lifetime", "Valid lifetime", Dec;
    OPT_PREFIX_PREFERRED = "icmpv6.opt.prefix.preferred_lifetime", "Preferred lifetime", Dec;
    OPT_PREFIX = "icmpv6.opt.prefix", "Prefix", Ipv6;
    OPT_REDIRECTED_PACKET = "icmpv6.opt.redirected_packet", "Redirected packet", None;
    OPT_MTU = "icmpv6.opt.mtu", "MTU", Dec;
    OPT_NONCE = "icmpv6.opt.nonce", "Nonce", Bytes;
    OPT_ADVERTISEMENT_INTERVAL = "icmpv6.opt.advertisement_interval", "Advertisement interval", Dec;
    OPT_ROUTE_FLAG = "icmpv6.opt.route_info.flag", "Flags", Hex(2);
    OPT_ROUTE_PREFERENCE = "icmpv6.opt.route_info.flag.route_preference", "Route preference", Dec;
    OPT_ROUTE_RESERVED = "icmpv6.opt.route_info.flag.reserved", "Reserved", Dec;
    OPT_ROUTE_LIFETIME = "icmpv6.opt.route_lifetime", "Route lifetime", Dec;
    OPT_RDNSS_LIFETIME = "icmpv6.opt.rdnss.lifetime", "Lifetime", Dec;
    OPT_RDNSS = "icmpv6.opt.rdnss", "Recursive DNS server", Ipv6;
    OPT_DNSSL_LIFETIME = "icmpv6.opt.dnssl.lifetime", "Lifetime", Dec;
    OPT_DNSSL = "icmpv6.opt.dnssl", "Domain names", Str;
    UNKNOWN_DATA = "icmpv6.unknown_data", "Unknown data", Bytes;
    MLD_DELAY = "icmpv6.mld.maximum_response_delay", "Maximum response delay", Dec;
    MLD_CODE = "icmpv6.mld.maximum_response_code", "Maximum response code", Dec;
    MLD_ADDRESS = "icmpv6.mld.multicast_address", "Multicast address", Ipv6;
    MLD_FLAG = "icmpv6.mld.flag", "Flags", Hex(2);
    MLD_FLAG_S = "icmpv6.mld.flag.s", "Suppress router-side processing", Bool;
    MLD_FLAG_QRV = "icmpv6.mld.flag.qrv", "Querier's robustness variable", Dec;
    MLD_FLAG_RESERVED = "icmpv6.mld.flag.reserved", "Reserved", Dec;
    MLD_QQI = "icmpv6.mld.qqi", "Querier's query interval code", Dec;
    MLD_NB_SOURCES = "icmpv6.mld.nb_sources", "Number of sources", Dec;
    MLD_SOURCE = "icmpv6.mld.source_address", "Source address", Ipv6;
    MLDR_RECORDS = "icmpv6.mldr.nb_mcast_records", "Number of records", Dec;
    MLDR_MAR = "icmpv6.mldr.mar", "Multicast address record", None;
    MLDR_RECORD_TYPE = "icmpv6.mldr.mar.record_type", "Record type", Dec;
    MLDR_AUX_LEN = "icmpv6.mldr.mar.aux_data_len", "Auxiliary data length", Dec;
    MLDR_NB_SOURCES = "icmpv6.mldr.mar.nb_sources", "Number of sources", Dec;
    MLDR_ADDRESS = "icmpv6.mldr.mar.multicast_address", "Multicast address", Ipv6;
    MLDR_SOURCE = "icmpv6.mldr.mar.source_address", "Source address", Ipv6;
    MLDR_AUX = "icmpv6.mldr.mar.auxiliary_data", "Auxiliary data", Bytes;
}

/// ICMPv6.
pub static PROTOCOL: Protocol = Protocol {
    id: "icmpv6",
    short: "ICMPv6",
    name: "Internet Control Message Protocol v6",
    osi: 3,
    source: "RFC 4443",
    fields: FIELDS,
    claims: &[Claim::IpProtocol(NEXT_ICMPV6)],
    reader: Reader::Packet(dissect),
};

static CHECKSUMS: ChecksumSpecs = ChecksumSpecs {
    sum: &CHECKSUM,
    status: &CHECKSUM_STATUS,
    calculated: None,
    bad: &CHECKSUM_BAD,
};

/// Type, code and checksum.
const COMMON: usize = 4;

const UNREACHABLE: u8 = 1;
const PACKET_TOO_BIG: u8 = 2;
const TIME_EXCEEDED: u8 = 3;
const PARAMETER_PROBLEM: u8 = 4;
const ECHO_REQUEST: u8 = 128;
const ECHO_REPLY: u8 = 129;
const MLD_QUERY: u8 = 130;
const MLD_REPORT: u8 = 131;
const MLD_DONE: u8 = 132;
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;
const MLD_REPORT_V2: u8 = 143;

/// <https://www.iana.org/assignments/icmpv6-parameters>
const TYPES: Names<u8> = &[
    (UNREACHABLE, "Destination unreachable"),
    (PACKET_TOO_BIG, "Packet too big"),
    (TIME_EXCEEDED, "Time exceeded"),
    (PARAMETER_PROBLEM, "Parameter problem"),
    (ECHO_REQUEST, "Echo request"),
    (ECHO_REPLY, "Echo reply"),
    (MLD_QUERY, "Multicast listener query"),
    (MLD_REPORT, "Multicast listener report"),
    (MLD_DONE, "Multicast listener done"),
    (ROUTER_SOLICITATION, "Router solicitation"),
    (ROUTER_ADVERTISEMENT, "Router advertisement"),
    (NEIGHBOR_SOLICITATION, "Neighbor solicitation"),
    (NEIGHBOR_ADVERTISEMENT, "Neighbor advertisement"),
    (REDIRECT, "Redirect"),
    (MLD_REPORT_V2, "Multicast listener report v2"),
];

const UNREACHABLE_CODES: Names<u8> = &[
    (0, "No route to destination"),
    (1, "Administratively prohibited"),
    (2, "Beyond scope of source address"),
    (3, "Address unreachable"),
    (4, "Port unreachable"),
    (5, "Source address failed ingress or egress policy"),
    (6, "Reject route to destination"),
    (7, "Error in source routing header"),
];
const TIME_EXCEEDED_CODES: Names<u8> = &[
    (0, "Hop limit exceeded in transit"),
    (1, "Fragment reassembly time exceeded"),
];
const PARAMETER_CODES: Names<u8> = &[
    (0, "Erroneous header field"),
    (1, "Unrecognized next header"),
    (2, "Unrecognized IPv6 option"),
    (3, "First fragment has incomplete header chain"),
];

fn code_names(kind: u8) -> Names<u8> {
    match kind {
        UNREACHABLE => UNREACHABLE_CODES,
        TIME_EXCEEDED => TIME_EXCEEDED_CODES,
        PARAMETER_PROBLEM => PARAMETER_CODES,
        _ => &[],
    }
}

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<8>();
    let icmp = Icmpv6Slice::from_slice(&head).ok()?;
    let (kind, code) = (icmp.type_u8(), icmp.code_u8());
    b.put(&TYPE, 0..1, kind).text = names::named(TYPES, kind);
    b.put(&CODE, 1..2, code).text = names::named(code_names(kind), code);
    let sum = b.transport_sum(NEXT_ICMPV6, 2, span.whole_len());
    b.checksum(&CHECKSUMS, 2, icmp.checksum(), sum);
    let words = names::name(code_names(kind), code).or(names::name(TYPES, kind));
    let words = words.unwrap_or("unknown type");
    b.summary(format!("Internet Control Message Protocol v6, {words}"));
    match kind {
        UNREACHABLE | PACKET_TOO_BIG | TIME_EXCEEDED | PARAMETER_PROBLEM => error(b, span, kind),
        ECHO_REQUEST | ECHO_REPLY => echo(b, span),
        MLD_QUERY | MLD_REPORT | MLD_DONE => mld::version_1(b, span, kind == MLD_QUERY),
        MLD_REPORT_V2 => mld::report(b, span),
        ROUTER_SOLICITATION..=REDIRECT => discovery(b, span, kind),
        _ => b.hand_over(COMMON, Next::data(span.skip(COMMON))),
    }
}

/// An error: a word, then the packet that it is about.
fn error(mut b: LayerBuilder<'_, '_>, span: Span, kind: u8) -> Option<Next> {
    let word = be32(&b, 4);
    match kind {
        PACKET_TOO_BIG => {
            b.put(&MTU, 4..8, word);
        }
        PARAMETER_PROBLEM => {
            b.put(&POINTER, 4..8, word);
        }
        _ => {
            b.raw(&RESERVED, 4..8);
        }
    }
    b.dissector().quoted = true;
    b.hand_over(8, Next::new(Claim::EtherType(0x86dd), span.skip(8)))
}

fn echo(mut b: LayerBuilder<'_, '_>, span: Span) -> Option<Next> {
    let (identifier, sequence) = (be16(&b, 4), be16(&b, 6));
    b.put(&ECHO_IDENTIFIER, 4..6, identifier);
    b.put(&ECHO_SEQUENCE, 6..8, sequence);
    b.hand_over(8, Next::data(span.skip(8)))
}

/// Neighbour discovery (RFC 4861 §4).
fn discovery(mut b: LayerBuilder<'_, '_>, span: Span, kind: u8) -> Option<Next> {
    let options_at = match kind {
        ROUTER_ADVERTISEMENT => put_router_advertisement(&mut b),
        NEIGHBOR_SOLICITATION => {
            b.raw(&RESERVED, 4..8);
            put_address(&mut b, &NS_TARGET, 8)
        }
        NEIGHBOR_ADVERTISEMENT => put_neighbor_advertisement(&mut b),
        REDIRECT => {
            b.raw(&RESERVED, 4..8);
            put_address(&mut b, &RD_TARGET, 8);
            put_address(&mut b, &RD_DESTINATION, 24)
        }
        _ => {
            b.raw(&RESERVED, 4..8);
            8
        }
    };
    options::dissect(b, span, options_at)
}

fn put_router_advertisement(b: &mut LayerBuilder<'_, '_>) -> usize {
    const PREFERENCES: Names<u8> = &[(0, "Medium"), (1, "High"), (2, "Reserved"), (3, "Low")];
    let [hop_limit, flags] = b.slice(4..6).try_into().unwrap_or_default();
    let preference = flags >> 3 & 3;
    b.put(&RA_CUR_HOP_LIMIT, 4..5, hop_limit);
    b.put(&RA_FLAG, 5..6, flags);
    b.nest(|b| {
        b.flag(&RA_FLAG_M, 40, flags & 0x80 != 0);
        b.flag(&RA_FLAG_O, 41, flags & 0x40 != 0);
        b.flag(&RA_FLAG_H, 42, flags & 0x20 != 0);
        b.bits(&RA_FLAG_PRF, 43..45, preference).text = names::named(PREFERENCES, preference);
        b.flag(&RA_FLAG_P, 45, flags & 0x04 != 0);
        b.bits(&RA_FLAG_RSV, 46..48, flags & 0x03);
    });
    let (lifetime, reachable, retransmission) = (be16(b, 6), be32(b, 8), be32(b, 12));
    b.put(&RA_ROUTER_LIFETIME, 6..8, lifetime).text = format!("{lifetime} s");
    b.put(&RA_REACHABLE_TIME, 8..12, reachable).text = format!("{reachable} ms");
    b.put(&RA_RETRANS_TIMER, 12..16, retransmission).text = format!("{retransmission} ms");
    16
}

fn put_neighbor_advertisement(b: &mut LayerBuilder<'_, '_>) -> usize {
    let flags = be32(b, 4);
    let bits = [
        (0x8000_0000, "Router"),
        (0x4000_0000, "Solicited"),
        (0x2000_0000, "Override"),
    ];
    let words: Vec<_> = bits
        .iter()
        .filter(|(bit, _)| flags & bit != 0)
        .map(|(_, w)| *w)
        .collect();
    b.put(&NA_FLAG, 4..8, flags).text = format!("{flags:#010x} {}", words.join(", "));
    b.nest(|b| {
        b.flag(&NA_FLAG_R, 32, flags & 0x8000_0000 != 0);
        b.flag(&NA_FLAG_S, 33, flags & 0x4000_0000 != 0);
        b.flag(&NA_FLAG_O, 34, flags & 0x2000_0000 != 0);
        b.bits(&NA_FLAG_RSV, 35..64, flags & 0x1fff_ffff);
    });
    put_address(b, &NA_TARGET, 8)
}

/// An address at `at`; where it ends.
fn put_address(b: &mut LayerBuilder<'_, '_>, spec: &'static FieldSpec, at: usize) -> usize {
    let octets = <[u8; 16]>::try_from(b.slice(at..at + 16)).unwrap_or_default();
    b.put(spec, at..at + 16, Ipv6Addr::from(octets));
    at + 16
}

fn be16(b: &LayerBuilder<'_, '_>, at: usize) -> u16 {
    b.slice(at..at + 2).try_into().map_or(0, u16::from_be_bytes)
}

fn be32(b: &LayerBuilder<'_, '_>, at: usize) -> u32 {
    b.slice(at..at + 4).try_into().map_or(0, u32::from_be_bytes)
}
