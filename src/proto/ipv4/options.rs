//! The options of an IPv4 header (RFC 791 §3.1, RFC 1063, RFC 2113).

use std::net::Ipv4Addr;
use std::ops::Range;

use super::{
    CUR_RT, EMPTY_RT, OPT_FLAG, OPT_LEN, OPT_LEN_INVALID, OPT_MTU, OPT_OVERFLOW, OPT_PTR, OPT_RA,
    OPT_SID, OPT_TIME_STAMP, OPT_TIME_STAMP_ADDR, OPT_TYPE, OPT_TYPE_CLASS, OPT_TYPE_COPY,
    OPT_TYPE_NUMBER, REC_RT, SRC_RT,
};
use crate::proto::dissect::LayerBuilder;
use crate::proto::names::{self, Names};
use crate::proto::tree::Severity;

const END: u8 = 0;
const NOP: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const MTU_PROBE: u8 = 11;
const MTU_REPLY: u8 = 12;
const TIMESTAMP: u8 = 68;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STREAM_ID: u8 = 136;
const STRICT_SOURCE_ROUTE: u8 = 137;
const ROUTER_ALERT: u8 = 148;

/// <https://www.iana.org/assignments/ip-parameters>
const TYPES: Names<u8> = &[
    (END, "End of options"),
    (NOP, "No-operation"),
    (RECORD_ROUTE, "Record route"),
    (MTU_PROBE, "MTU probe"),
    (MTU_REPLY, "MTU reply"),
    (25, "Quick-start"),
    (TIMESTAMP, "Time stamp"),
    (82, "Traceroute"),
    (130, "Security"),
    (LOOSE_SOURCE_ROUTE, "Loose source route"),
    (133, "Extended security"),
    (134, "Commercial security"),
    (STREAM_ID, "Stream identifier"),
    (STRICT_SOURCE_ROUTE, "Strict source route"),
    (ROUTER_ALERT, "Router alert"),
];

/// Adds the options that lie in `range`. The destination that a source route ends at, if there is one.
pub(super) fn dissect(b: &mut LayerBuilder<'_, '_>, range: Range<usize>) -> Option<Ipv4Addr> {
    let mut destination = None;
    let mut at = range.start;
    while at < range.end && b.has(at..at + 1) {
        let kind = b.slice(at..at + 1)[0];
        put_type(b, at, kind);
        match kind {
            END => break,
            NOP => at += 1,
            _ => {
                let len = put_length(b, at, range.end)?;
                b.nest(|b| {
                    destination = put_content(b, kind, at..at + len).or(destination);
                });
                at += len;
            }
        }
    }
    destination
}

fn put_type(b: &mut LayerBuilder<'_, '_>, at: usize, kind: u8) {
    b.put(&OPT_TYPE, at..at + 1, kind).text = names::named(TYPES, kind);
    b.nest(|b| {
        b.flag(&OPT_TYPE_COPY, at * 8, kind & 0x80 != 0);
        b.bits(&OPT_TYPE_CLASS, at * 8 + 1..at * 8 + 3, kind >> 5 & 3);
        b.bits(&OPT_TYPE_NUMBER, at * 8 + 3..at * 8 + 8, kind & 0x1f);
    });
}

/// The option's length with its type and length; none if it cannot be.
fn put_length(b: &mut LayerBuilder<'_, '_>, at: usize, end: usize) -> Option<usize> {
    if !b.has(at + 1..at + 2) {
        return None;
    }
    let len = usize::from(b.slice(at + 1..at + 2)[0]);
    b.nest(|b| {
        b.put(&OPT_LEN, at + 1..at + 2, len);
    });
    if len < 2 || at + len > end {
        b.expert(
            Severity::Warn,
            &OPT_LEN_INVALID,
            at..at + 2,
            "Invalid length for option",
        );
        return None;
    }
    Some(len)
}

fn put_content(b: &mut LayerBuilder<'_, '_>, kind: u8, option: Range<usize>) -> Option<Ipv4Addr> {
    let at = option.start + 2;
    let word = b.slice(at..at + 2).try_into().map_or(0, u16::from_be_bytes);
    let number = match kind {
        RECORD_ROUTE | LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE => {
            return put_route(b, kind, option);
        }
        TIMESTAMP => {
            put_timestamps(b, option);
            return None;
        }
        ROUTER_ALERT => &OPT_RA,
        STREAM_ID => &OPT_SID,
        MTU_PROBE | MTU_REPLY => &OPT_MTU,
        _ => return None,
    };
    if option.len() == 4 {
        b.put(number, at..at + 2, word);
    }
    None
}

fn address(b: &LayerBuilder<'_, '_>, at: usize) -> Ipv4Addr {
    <[u8; 4]>::try_from(b.slice(at..at + 4))
        .unwrap_or_default()
        .into()
}

/// A route: what lies before the pointer was recorded, what follows is still to come (or empty).
fn put_route(b: &mut LayerBuilder<'_, '_>, kind: u8, option: Range<usize>) -> Option<Ipv4Addr> {
    let pointer = option.start + 2;
    let next = usize::from(*b.slice(pointer..pointer + 1).first()?);
    b.put(&OPT_PTR, pointer..pointer + 1, next);
    let mut last = None;
    for at in (option.start + 3..option.end.saturating_sub(3)).step_by(4) {
        let place = at - option.start + 1;
        let spec = match kind {
            _ if place < next => &REC_RT,
            RECORD_ROUTE => &EMPTY_RT,
            _ if place == next => &CUR_RT,
            _ => &SRC_RT,
        };
        let addr = address(b, at);
        b.put(spec, at..at + 4, addr);
        last = (kind != RECORD_ROUTE && place >= next).then_some(addr);
    }
    last
}

fn put_timestamps(b: &mut LayerBuilder<'_, '_>, option: Range<usize>) {
    let start = option.start;
    let [pointer, flags] = b.slice(start + 2..start + 4).try_into().unwrap_or_default();
    b.put(&OPT_PTR, start + 2..start + 3, pointer);
    b.bits(&OPT_OVERFLOW, start * 8 + 24..start * 8 + 28, flags >> 4);
    b.bits(&OPT_FLAG, start * 8 + 28..start * 8 + 32, flags & 0x0f);
    // Flag 0: time stamps only; 1 and 3: each with the address it belongs to.
    let with_address = flags & 0x0f != 0;
    let step = if with_address { 8 } else { 4 };
    for at in (start + 4..option.end.saturating_sub(step - 1)).step_by(step) {
        if with_address {
            let addr = address(b, at);
            b.put(&OPT_TIME_STAMP_ADDR, at..at + 4, addr);
        }
        let time = at + step - 4;
        let value = b
            .slice(time..time + 4)
            .try_into()
            .map_or(0, u32::from_be_bytes);
        b.put(&OPT_TIME_STAMP, time..time + 4, value);
    }
}
