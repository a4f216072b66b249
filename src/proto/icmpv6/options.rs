//! The options of neighbour discovery (RFC 4861 §4.6, RFC 4191, RFC 8106).

use std::ops::Range;

use super::{
    OPT, OPT_ADVERTISEMENT_INTERVAL, OPT_DNSSL, OPT_DNSSL_LIFETIME, OPT_LENGTH, OPT_LINKADDR,
    OPT_MTU, OPT_NONCE, OPT_PREFIX, OPT_PREFIX_FLAG, OPT_PREFIX_FLAG_A, OPT_PREFIX_FLAG_L,
    OPT_PREFIX_FLAG_R, OPT_PREFIX_FLAG_RESERVED, OPT_PREFIX_LENGTH, OPT_PREFIX_PREFERRED,
    OPT_PREFIX_VALID, OPT_RDNSS, OPT_RDNSS_LIFETIME, OPT_REDIRECTED_PACKET, OPT_RESERVED,
    OPT_ROUTE_FLAG, OPT_ROUTE_LIFETIME, OPT_ROUTE_PREFERENCE, OPT_ROUTE_RESERVED, OPT_SRC_LINKADDR,
    OPT_TARGET_LINKADDR, OPT_TYPE, UNKNOWN_DATA, be32, put_address,
};
use crate::proto::dissect::{LayerBuilder, Next, Span};
use crate::proto::names::{self, Names};
use crate::proto::registry::Claim;
use crate::proto::tree::FieldSpec;

type Builder<'d, 'a> = LayerBuilder<'d, 'a>;

const SOURCE_ADDRESS: u8 = 1;
const TARGET_ADDRESS: u8 = 2;
const PREFIX: u8 = 3;
const REDIRECTED: u8 = 4;
const MTU: u8 = 5;
const ADVERTISEMENT_INTERVAL: u8 = 7;
const NONCE: u8 = 14;
const ROUTE: u8 = 24;
const RDNSS: u8 = 25;
const DNSSL: u8 = 31;

/// <https://www.iana.org/assignments/icmpv6-parameters>
const TYPES: Names<u8> = &[
    (SOURCE_ADDRESS, "Source link-layer address"),
    (TARGET_ADDRESS, "Target link-layer address"),
    (PREFIX, "Prefix information"),
    (REDIRECTED, "Redirected header"),
    (MTU, "MTU"),
    (ADVERTISEMENT_INTERVAL, "Advertisement interval"),
    (8, "Home agent information"),
    (11, "CGA"),
    (12, "RSA signature"),
    (13, "Timestamp"),
    (NONCE, "Nonce"),
    (ROUTE, "Route information"),
    (RDNSS, "Recursive DNS server"),
    (26, "Flags expansion"),
    (DNSSL, "DNS search list"),
    (37, "Captive portal"),
    (38, "PREF64"),
];

/// Adds the options from `at` to the end. A redirected header hands over to the packet in it.
pub(super) fn dissect(mut b: Builder<'_, '_>, span: Span, mut at: usize) -> Option<Next> {
    let mut quoted = None;
    while at < span.whole_len() && b.has(at..at + 2) {
        let [kind, units] = b.slice(at..at + 2).try_into().unwrap_or_default();
        let len = usize::from(units) * 8;
        if len == 0 {
            put_head(&mut b, kind, at, 2);
            b.malformed(at + 1, "an option of no length (RFC 4861 §4.6)");
            break;
        }
        let there = len.min(b.bytes().len().saturating_sub(at));
        put_head(&mut b, kind, at, there);
        b.nest(|b| put_content(b, kind, at + 2..at + len));
        if kind == REDIRECTED {
            quoted = Some(span.skip(at + 8).limit(len - 8));
        }
        at += len;
    }
    match quoted {
        Some(quoted) => {
            b.dissector().quoted = true;
            b.hand_over(at, Next::new(Claim::EtherType(0x86dd), quoted))
        }
        None => b.end(),
    }
}

fn put_head(b: &mut Builder<'_, '_>, kind: u8, at: usize, len: usize) {
    let units = b.slice(at + 1..at + 2).first().copied().unwrap_or_default();
    b.put(&OPT, at..at + len, ()).text = names::named(TYPES, kind);
    b.nest(|b| {
        b.put(&OPT_TYPE, at..at + 1, kind).text = names::named(TYPES, kind);
        b.put(&OPT_LENGTH, at + 1..at + 2, units).text =
            format!("{units} ({} bytes)", usize::from(units) * 8);
    });
}

fn put_content(b: &mut Builder<'_, '_>, kind: u8, data: Range<usize>) {
    match kind {
        SOURCE_ADDRESS => put_link_address(b, &OPT_SRC_LINKADDR, data),
        TARGET_ADDRESS => put_link_address(b, &OPT_TARGET_LINKADDR, data),
        PREFIX => put_prefix(b, data.start),
        REDIRECTED => {
            put_reserved(b, data.start..data.start + 6);
            let end = data.end.min(b.bytes().len()).max(data.start + 6);
            b.put(&OPT_REDIRECTED_PACKET, data.start + 6..end, ());
        }
        MTU => {
            put_reserved(b, data.start..data.start + 2);
            put_u32(b, &OPT_MTU, data.start + 2);
        }
        ADVERTISEMENT_INTERVAL => {
            put_reserved(b, data.start..data.start + 2);
            put_u32(b, &OPT_ADVERTISEMENT_INTERVAL, data.start + 2);
        }
        NONCE => {
            b.raw(&OPT_NONCE, data);
        }
        ROUTE => put_route(b, data),
        RDNSS => put_rdnss(b, data),
        DNSSL => put_dnssl(b, data),
        _ => {
            b.raw(&UNKNOWN_DATA, data);
        }
    }
}

fn put_reserved(b: &mut Builder<'_, '_>, bytes: Range<usize>) {
    b.put(&OPT_RESERVED, bytes, ());
}

fn put_u32(b: &mut Builder<'_, '_>, spec: &'static FieldSpec, at: usize) {
    b.put(spec, at..at + 4, be32(b, at));
}

/// A link-layer address, under its own name and under the one of its role.
fn put_link_address(b: &mut Builder<'_, '_>, role: &'static FieldSpec, data: Range<usize>) {
    // Ethernet's address fills the option; what a longer one adds is padding (RFC 2464 §6).
    let address = data.start..data.end.min(data.start + 6);
    let mac = b.slice(address.clone()).try_into().unwrap_or_default();
    b.put(&OPT_LINKADDR, address.clone(), mac).text = names::mac(mac);
    b.hidden(role, address, mac);
}

fn put_prefix(b: &mut Builder<'_, '_>, at: usize) {
    let [length, flags] = b.slice(at..at + 2).try_into().unwrap_or_default();
    let bit = (at + 1) * 8;
    b.put(&OPT_PREFIX_LENGTH, at..at + 1, length);
    b.put(&OPT_PREFIX_FLAG, at + 1..at + 2, flags);
    b.nest(|b| {
        b.flag(&OPT_PREFIX_FLAG_L, bit, flags & 0x80 != 0);
        b.flag(&OPT_PREFIX_FLAG_A, bit + 1, flags & 0x40 != 0);
        b.flag(&OPT_PREFIX_FLAG_R, bit + 2, flags & 0x20 != 0);
        b.bits(&OPT_PREFIX_FLAG_RESERVED, bit + 3..bit + 8, flags & 0x1f);
    });
    put_u32(b, &OPT_PREFIX_VALID, at + 2);
    put_u32(b, &OPT_PREFIX_PREFERRED, at + 6);
    put_reserved(b, at + 10..at + 14);
    put_address(b, &OPT_PREFIX, at + 14);
}

/// RFC 4191 §2.3: the prefix has as many bytes as the option leaves it.
fn put_route(b: &mut Builder<'_, '_>, data: Range<usize>) {
    let at = data.start;
    let [length, flags] = b.slice(at..at + 2).try_into().unwrap_or_default();
    let bit = (at + 1) * 8;
    b.put(&OPT_PREFIX_LENGTH, at..at + 1, length);
    b.put(&OPT_ROUTE_FLAG, at + 1..at + 2, flags);
    b.nest(|b| {
        b.bits(&OPT_ROUTE_PREFERENCE, bit + 3..bit + 5, flags >> 3 & 3);
        let reserved = (flags >> 5) << 3 | flags & 7;
        b.bits(&OPT_ROUTE_RESERVED, bit..bit + 8, reserved);
    });
    put_u32(b, &OPT_ROUTE_LIFETIME, at + 2);
    let mut octets = [0; 16];
    let prefix = b.slice(at + 6..data.end.min(at + 22));
    octets[..prefix.len()].copy_from_slice(prefix);
    let end = at + 6 + prefix.len();
    b.put(&OPT_PREFIX, at + 6..end, std::net::Ipv6Addr::from(octets));
}

/// RFC 8106 §5.1.
fn put_rdnss(b: &mut Builder<'_, '_>, data: Range<usize>) {
    put_reserved(b, data.start..data.start + 2);
    put_u32(b, &OPT_RDNSS_LIFETIME, data.start + 2);
    let mut at = data.start + 6;
    while at + 16 <= data.end && b.has(at..at + 16) {
        at = put_address(b, &OPT_RDNSS, at);
    }
}

/// RFC 8106 §5.2: names one after the other, each of labels, padded with zeros.
fn put_dnssl(b: &mut Builder<'_, '_>, data: Range<usize>) {
    put_reserved(b, data.start..data.start + 2);
    put_u32(b, &OPT_DNSSL_LIFETIME, data.start + 2);
    let mut at = data.start + 6;
    while let Some((name, len)) = domain_name(b.slice(at..data.end)) {
        b.put(&OPT_DNSSL, at..at + len, name);
        at += len;
    }
}

/// The domain name that the bytes start with, and how many bytes it takes. None at padding, and where it is cut.
fn domain_name(bytes: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 0;
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1;
        if len == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(bytes.get(at..at + len)?).into_owned());
        at += len;
    }
    (!labels.is_empty()).then(|| (labels.join("."), at))
}
