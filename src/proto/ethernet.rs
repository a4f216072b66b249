//! Ethernet II and IEEE 802.3 frames.
//!
//! ```text
//! | destination (6) | source (6) | type or length (2) | payload, padded to 46 | FCS (4), often not captured |
//! ```

mod wire;

pub use wire::*;

use etherparse::Ethernet2HeaderSlice;

use super::dissect::{Dissector, LayerBuilder, Next, Span};
use super::names;
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::{FieldSpec, Severity};

fields! {
    DST = "eth.dst", "Destination", Mac;
    DST_LG = "eth.dst.lg", "Locally administered", Bool;
    DST_IG = "eth.dst.ig", "Group address", Bool;
    SRC = "eth.src", "Source", Mac;
    SRC_LG = "eth.src.lg", "Locally administered", Bool;
    SRC_IG = "eth.src.ig", "Group address", Bool;
    ADDR = "eth.addr", "Source or destination", Mac;
    LG = "eth.lg", "Locally administered", Bool;
    IG = "eth.ig", "Group address", Bool;
    TYPE = "eth.type", "Type", Hex(4);
    LEN = "eth.len", "Length", Dec;
    INVALID_LENTYPE = "eth.invalid_lentype", "Neither length nor type", Hex(4);
    PADDING = "eth.padding", "Padding", Bytes;
    TRAILER = "eth.trailer", "Trailer", Bytes;
    FCS = "eth.fcs", "Frame check sequence", Hex(8);
    FCS_STATUS = "eth.fcs.status", "Frame check sequence status", Dec;
    FCS_BAD = "eth.fcs_bad", "Bad frame check sequence", None;
    PADDING_BAD = "eth.padding_bad", "Trailer that may be padding", None;
    LEN_PAST_END = "eth.len.past_end", "Length goes past the end", None;
    SRC_NOT_GROUP = "eth.src_not_group", "Source is a group address", None;
}

/// Ethernet.
pub static PROTOCOL: Protocol = Protocol {
    id: "eth",
    short: "Ethernet",
    name: "Ethernet",
    osi: 2,
    source: "IEEE 802.3 §3",
    fields: FIELDS,
    claims: &[Claim::LinkType(1)],
    reader: Reader::Packet(dissect),
};

/// The header's length.
const HEADER: usize = 14;
/// The frame check sequence's length.
const FCS_LEN: usize = 4;
/// A frame is at least this long with its FCS, by padding.
const MIN_FRAME: usize = 64;
/// Up to here it is a length, from [`MIN_ETHER_TYPE`] on a type (IEEE 802.3 §3.2.6).
const MAX_LENGTH: u16 = 1500;
/// The smallest EtherType.
const MIN_ETHER_TYPE: u16 = 0x0600;

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<HEADER>();
    let eth = Ethernet2HeaderSlice::from_slice(&head).ok()?;
    let (dst, src, ether_type) = (eth.destination(), eth.source(), eth.ether_type().0);
    put_mac(&mut b, 0, dst, [&DST, &DST_LG, &DST_IG]);
    put_mac(&mut b, 6, src, [&SRC, &SRC_LG, &SRC_IG]);
    let what = if ether_type < MIN_ETHER_TYPE {
        "IEEE 802.3 Ethernet"
    } else {
        "Ethernet II"
    };
    b.summary(format!(
        "{what}, Src: {}, Dst: {}",
        names::mac(src),
        names::mac(dst)
    ));
    let payload = span.skip(HEADER);
    let next = match ether_type {
        MIN_ETHER_TYPE.. => {
            b.put(&TYPE, 12..14, ether_type).text = names::ether_type(ether_type);
            Next::new(Claim::EtherType(ether_type), payload)
        }
        0..=MAX_LENGTH => {
            let next = Next::new(Claim::Llc, put_length(&mut b, &LEN, &LEN_PAST_END, payload));
            b.dissector().link_end.get_or_insert(next.span.end);
            next
        }
        _ => {
            b.put(&INVALID_LENTYPE, 12..14, ether_type);
            Next::data(payload)
        }
    };
    b.hand_over(HEADER, next)
}

/// The length that stands in place of the type at offset 12; what it leaves of `payload`.
fn put_length(
    b: &mut LayerBuilder<'_, '_>,
    spec: &'static FieldSpec,
    past_end: &'static FieldSpec,
    payload: Span,
) -> Span {
    let length = u16::from_be_bytes([b.head::<14>()[12], b.head::<14>()[13]]);
    b.put(spec, 12..14, length);
    if usize::from(length) > payload.whole_len() {
        b.expert(
            Severity::Error,
            past_end,
            12..14,
            "Length goes past the end of the payload",
        );
    }
    payload.limit(length.into())
}

fn put_mac(b: &mut LayerBuilder<'_, '_>, at: usize, mac: [u8; 6], specs: [&'static FieldSpec; 3]) {
    let [addr, lg, ig] = specs;
    let (local, group) = (mac[0] & 0x02 != 0, mac[0] & 0x01 != 0);
    b.put(addr, at..at + 6, mac).text = names::mac(mac);
    b.hidden(&ADDR, at..at + 6, mac);
    b.nest(|b| {
        let bit = at * 8;
        b.flag(lg, bit + 6, local).text = if local {
            "Locally administered"
        } else {
            "Globally unique"
        }
        .to_owned();
        b.flag(&LG, bit + 6, local).hidden = true;
        b.flag(ig, bit + 7, group).text = if group {
            "Group (multicast or broadcast)"
        } else {
            "Individual (unicast)"
        }
        .to_owned();
        b.flag(&IG, bit + 7, group).hidden = true;
    });
    if at == 6 && group {
        b.expert(
            Severity::Warn,
            &SRC_NOT_GROUP,
            at..at + 6,
            "Source MAC must not be a group address (IEEE 802.3 §3.2.3)",
        );
    }
}

/// Adds to the first layer, if it is Ethernet, what follows the payload: padding, trailer, frame check sequence.
pub fn add_trailer(d: &mut Dissector<'_>, span: Span) {
    let said = d.cx.fcs_len;
    let payload_end = d.link_end.unwrap_or(span.end).min(span.end);
    if d.first().is_none_or(|layer| *layer.protocol != PROTOCOL) {
        return;
    }
    let Some(mut b) = d.reopen_first(span) else {
        return;
    };
    let mut rest = Span {
        start: payload_end,
        ..span
    };
    let padding = rest.start..rest.start + padding_len(&rest);
    let zeros = b.slice(padding.clone()).iter().all(|byte| *byte == 0);
    if !padding.is_empty() && zeros {
        b.raw(&PADDING, padding.clone());
        rest = rest.skip(padding.len());
    }
    let fcs = fcs_len(said, &rest);
    let trailer = rest.limit(rest.whole_len() - fcs);
    if !trailer.is_empty() {
        b.raw(&TRAILER, trailer.range());
        if !padding.is_empty() && !zeros {
            let text = "A trailer where padding of zeros was expected: it may be padding";
            b.expert(Severity::Note, &PADDING_BAD, trailer.range(), text);
        }
    }
    if fcs == FCS_LEN && !span.is_cut() {
        put_fcs(&mut b, trailer.end);
    }
    b.close();
}

/// How much of what follows the payload fills the frame up to its least length (without FCS).
fn padding_len(rest: &Span) -> usize {
    let least = MIN_FRAME - FCS_LEN;
    if rest.whole < least {
        0
    } else {
        least.saturating_sub(rest.start).min(rest.len())
    }
}

/// How much of what follows the payload and its padding is the frame check sequence: what the capture says, or, where
/// it does not say, any trailer that is long enough on a frame that needs no padding.
fn fcs_len(said: Option<u8>, rest: &Span) -> usize {
    let assumed = said.is_none() && rest.whole >= MIN_FRAME;
    let present = said.is_some_and(|len| usize::from(len) == FCS_LEN) || assumed;
    if present && rest.whole_len() >= FCS_LEN {
        FCS_LEN
    } else {
        0
    }
}

fn put_fcs(b: &mut LayerBuilder<'_, '_>, at: usize) {
    let there = b.slice(at..at + FCS_LEN);
    let Ok(octets) = <[u8; FCS_LEN]>::try_from(there) else {
        return;
    };
    let (found, right) = (u32::from_be_bytes(octets), fcs(b.slice(0..at)));
    let good = found == right;
    b.put(&FCS, at..at + FCS_LEN, found).text = if good {
        format!("{found:#010x} (correct)")
    } else {
        format!("{found:#010x} (wrong, should be {right:#010x})")
    };
    b.derived(&FCS_STATUS, u8::from(good)).text = if good { "Good" } else { "Bad" }.to_owned();
    if !good {
        b.expert(Severity::Error, &FCS_BAD, at..at + FCS_LEN, "Bad checksum");
    }
}

/// The frame check sequence over these bytes, as its octets follow each other in a captured frame
/// (IEEE 802.3 §3.2.9).
pub fn fcs(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes).swap_bytes()
}
