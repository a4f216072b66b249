//! The options of a TCP header. Unknown ones are kept.

use std::ops::Range;

use etherparse::TcpHeaderSlice;

use super::{
    AO_KEYID, AO_MAC, AO_RNEXTKEYID, DSACK, DSACK_LE, DSACK_RE, EXPERIMENTAL_DATA,
    EXPERIMENTAL_EXID, MD5_DIGEST, MPTCP_SUBTYPE, MSS_ABSENT, MSS_PRESENT, MSS_VAL,
    NONZERO_AFTER_EOL, OPT_AO, OPT_EOL, OPT_EXPERIMENTAL, OPT_MD5, OPT_MPTCP, OPT_MSS, OPT_NOP,
    OPT_QS, OPT_SACK, OPT_SACK_PERM, OPT_TFO, OPT_TIMESTAMP, OPT_UNKNOWN, OPT_USER_TO, OPT_WSCALE,
    OPTION_KIND, OPTION_LEN, OPTION_LEN_INVALID, OPTIONS, QS_RATE, QS_TTL_DIFF, SACK_COUNT,
    SACK_LE, SACK_RE, TFO_COOKIE, TFO_REQUEST, TSECR, TSVAL, UNKNOWN_PAYLOAD, USER_TO_GRANULARITY,
    USER_TO_VAL, WSCALE_INVALID, WSCALE_MULTIPLIER, WSCALE_SHIFT,
};
use crate::proto::dissect::LayerBuilder;
use crate::proto::names::{self, Names};
use crate::proto::tree::{FieldSpec, Severity};

type Builder<'d, 'a> = LayerBuilder<'d, 'a>;

/// One kind of option.
struct Kind {
    number: u8,
    /// The option as a whole.
    spec: &'static FieldSpec,
    /// The lengths that it may have, with its kind and length.
    len: Range<usize>,
    /// Adds what follows kind and length; the range is the whole option's.
    content: fn(&mut Builder<'_, '_>, Range<usize>),
}

const EOL: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;

/// The kinds of <https://www.iana.org/assignments/tcp-parameters> that are looked into.
static KINDS: &[Kind] = &[
    // RFC 9293 §3.2
    Kind {
        number: MSS,
        spec: &OPT_MSS,
        len: 4..5,
        content: mss,
    },
    // RFC 7323 §2.2
    Kind {
        number: 3,
        spec: &OPT_WSCALE,
        len: 3..4,
        content: window_scale,
    },
    // RFC 2018 §2
    Kind {
        number: 4,
        spec: &OPT_SACK_PERM,
        len: 2..3,
        content: |_, _| {},
    },
    // RFC 2018 §3
    Kind {
        number: 5,
        spec: &OPT_SACK,
        len: 2..usize::MAX,
        content: sack,
    },
    // RFC 7323 §3.2
    Kind {
        number: 8,
        spec: &OPT_TIMESTAMP,
        len: 10..11,
        content: timestamps,
    },
    // RFC 2385 §3
    Kind {
        number: 19,
        spec: &OPT_MD5,
        len: 18..19,
        content: md5,
    },
    // RFC 4782 §3.2
    Kind {
        number: 27,
        spec: &OPT_QS,
        len: 8..9,
        content: quick_start,
    },
    // RFC 5482 §2
    Kind {
        number: 28,
        spec: &OPT_USER_TO,
        len: 4..5,
        content: user_timeout,
    },
    // RFC 5925 §2.2
    Kind {
        number: 29,
        spec: &OPT_AO,
        len: 4..usize::MAX,
        content: authentication,
    },
    // RFC 8684 §3
    Kind {
        number: 30,
        spec: &OPT_MPTCP,
        len: 3..usize::MAX,
        content: multipath,
    },
    // RFC 7413 §4.1.1
    Kind {
        number: 34,
        spec: &OPT_TFO,
        len: 2..usize::MAX,
        content: fast_open,
    },
    // RFC 6994
    Kind {
        number: 253,
        spec: &OPT_EXPERIMENTAL,
        len: 4..usize::MAX,
        content: experimental,
    },
    Kind {
        number: 254,
        spec: &OPT_EXPERIMENTAL,
        len: 4..usize::MAX,
        content: experimental,
    },
];

/// An option that is not looked into.
static UNKNOWN: Kind = Kind {
    number: 0,
    spec: &OPT_UNKNOWN,
    len: 2..usize::MAX,
    content: |b, option| {
        if option.len() > 2 {
            b.raw(&UNKNOWN_PAYLOAD, option.start + 2..option.end);
        }
    },
};

/// <https://www.iana.org/assignments/tcp-parameters>
const NAMES: Names<u8> = &[
    (EOL, "End of option list"),
    (NOP, "No-operation"),
    (MSS, "Maximum segment size"),
    (3, "Window scale"),
    (4, "SACK permitted"),
    (5, "SACK"),
    (6, "Echo (obsolete)"),
    (7, "Echo reply (obsolete)"),
    (8, "Timestamps"),
    (19, "MD5 signature"),
    (27, "Quick-start response"),
    (28, "User timeout"),
    (29, "Authentication"),
    (30, "Multipath TCP"),
    (34, "Fast open"),
    (69, "Encryption negotiation"),
    (172, "Accurate ECN order 0"),
    (174, "Accurate ECN order 1"),
    (253, "Experiment 1"),
    (254, "Experiment 2"),
];

/// Adds the options of the header.
pub(super) fn dissect(b: &mut Builder<'_, '_>, tcp: &TcpHeaderSlice<'_>) {
    let range = super::MIN_HEADER..tcp.slice().len();
    if range.is_empty() {
        return;
    }
    let mut kinds = None;
    let there = range.end.min(b.bytes().len().max(range.start));
    b.raw(&OPTIONS, range.start..there).text = format!("{} bytes", range.len());
    b.nest(|b| kinds = put_all(b, range.clone()));
    let Some(kinds) = kinds else { return };
    let has_mss = kinds.contains(&MSS);
    if tcp.syn() && !has_mss {
        let text = "The SYN packet does not contain a MSS option";
        b.expert(Severity::Note, &MSS_ABSENT, range, text);
    } else if !tcp.syn() && has_mss {
        let text = "The non-SYN packet does contain a MSS option";
        b.expert(Severity::Note, &MSS_PRESENT, range, text);
    }
}

/// Adds the options one after the other; their kinds, unless one is broken.
fn put_all(b: &mut Builder<'_, '_>, range: Range<usize>) -> Option<Vec<u8>> {
    let mut kinds = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let [kind, len] = b
            .slice(at..at + 2)
            .try_into()
            .unwrap_or([*b.slice(at..at + 1).first().unwrap_or(&EOL), 0]);
        kinds.push(kind);
        match kind {
            EOL => {
                return put_end(b, at..range.end).then_some(kinds);
            }
            NOP => {
                put_single(b, &OPT_NOP, at, kind);
                at += 1;
            }
            _ => {
                let len = usize::from(len);
                if !put_option(b, kind, at, len, range.end) {
                    return None;
                }
                at += len;
            }
        }
    }
    Some(kinds)
}

fn put_single(b: &mut Builder<'_, '_>, spec: &'static FieldSpec, at: usize, kind: u8) {
    b.raw(spec, at..at + 1);
    b.nest(|b| {
        b.put(&OPTION_KIND, at..at + 1, kind).text = names::named(NAMES, kind);
    });
}

/// The end of the list, and what fills the header up after it, which must be zeros (RFC 9293 §3.1): whether it is.
fn put_end(b: &mut Builder<'_, '_>, rest: Range<usize>) -> bool {
    put_single(b, &OPT_EOL, rest.start, EOL);
    let fill = rest.start + 1..rest.end;
    if b.slice(fill.clone()).iter().any(|byte| *byte != 0) {
        let text = "Non zero bytes in option space after EOL option";
        b.expert(Severity::Error, &NONZERO_AFTER_EOL, fill, text);
        return false;
    }
    for at in fill {
        put_single(b, &OPT_EOL, at, EOL);
    }
    true
}

/// An option with a length. False if the length cannot be, so that what follows is lost.
fn put_option(b: &mut Builder<'_, '_>, kind: u8, at: usize, len: usize, end: usize) -> bool {
    let known = KINDS
        .iter()
        .find(|known| known.number == kind)
        .unwrap_or(&UNKNOWN);
    let fits = len >= 2 && at + len <= end;
    let option = at..if fits { at + len } else { end };
    b.raw(known.spec, option.clone());
    b.nest(|b| {
        b.put(&OPTION_KIND, at..at + 1, kind).text = names::named(NAMES, kind);
        if at + 1 < end {
            b.put(&OPTION_LEN, at + 1..at + 2, len);
        }
        if fits && known.len.contains(&len) {
            (known.content)(b, option.clone());
        } else {
            let text = format!(
                "Invalid length {len} for option {}",
                names::named(NAMES, kind)
            );
            b.expert(Severity::Warn, &OPTION_LEN_INVALID, option.clone(), text);
        }
    });
    fits
}

fn be16(b: &Builder<'_, '_>, at: usize) -> u16 {
    b.slice(at..at + 2).try_into().map_or(0, u16::from_be_bytes)
}

fn be32(b: &Builder<'_, '_>, at: usize) -> u32 {
    b.slice(at..at + 4).try_into().map_or(0, u32::from_be_bytes)
}

fn byte(b: &Builder<'_, '_>, at: usize) -> u8 {
    b.slice(at..at + 1).first().copied().unwrap_or(0)
}

fn mss(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    b.put(&MSS_VAL, at..at + 2, be16(b, at));
}

fn window_scale(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    let shift = byte(b, at);
    b.put(&WSCALE_SHIFT, at..at + 1, shift);
    if shift > 14 {
        let text = "Window scale shift exceeds 14 (RFC 7323 §2.3)";
        b.expert(Severity::Warn, &WSCALE_INVALID, at..at + 1, text);
    }
    let field = b.put(&WSCALE_MULTIPLIER, at..at + 1, 1u32 << shift.min(14));
    field.generated = true;
}

fn sack(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let count = (option.len() - 2) / 8;
    let starts = (option.start + 2..).step_by(8).take(count);
    let blocks: Vec<(u32, u32)> = starts
        .clone()
        .map(|at| (be32(b, at), be32(b, at + 4)))
        .collect();
    for (at, &(left, right)) in starts.zip(&blocks) {
        b.put(&SACK_LE, at..at + 4, left);
        b.put(&SACK_RE, at + 4..at + 8, right);
    }
    b.derived(&SACK_COUNT, count);
    if let [first, more @ ..] = &blocks[..]
        && is_duplicate(*first, more.first().copied(), be32(b, ACK_AT))
    {
        b.derived(&DSACK_LE, first.0);
        b.derived(&DSACK_RE, first.1);
        let place = option.start + 2..option.start + 10;
        b.expert(Severity::Warn, &DSACK, place, "D-SACK Sequence");
    }
}

/// Where in the header the acknowledgment number begins.
const ACK_AT: usize = 8;

/// Whether the first block reports what came twice (RFC 2883 §4): it lies before the acknowledgment, or within the
/// second block.
fn is_duplicate(first: (u32, u32), second: Option<(u32, u32)>, ack: u32) -> bool {
    let before = |a: u32, b: u32| (a.wrapping_sub(b) as i32) < 0;
    let within = |(start, end): (u32, u32)| !before(first.0, start) && !before(end, first.1);
    before(first.0, ack) || second.is_some_and(within)
}

fn timestamps(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    b.put(&TSVAL, at..at + 4, be32(b, at));
    b.put(&TSECR, at + 4..at + 8, be32(b, at + 4));
}

fn md5(b: &mut Builder<'_, '_>, option: Range<usize>) {
    b.raw(&MD5_DIGEST, option.start + 2..option.end);
}

fn quick_start(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    b.bits(&QS_RATE, at * 8 + 4..at * 8 + 8, byte(b, at) & 0x0f);
    b.put(&QS_TTL_DIFF, at + 1..at + 2, byte(b, at + 1));
}

fn user_timeout(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    let (minutes, value) = (be16(b, at) >> 15 != 0, be16(b, at) & 0x7fff);
    let unit = if minutes { "minutes" } else { "seconds" };
    b.flag(&USER_TO_GRANULARITY, at * 8, minutes).text = unit.to_owned();
    b.bits(&USER_TO_VAL, at * 8 + 1..at * 8 + 16, value).text = format!("{value} {unit}");
}

fn authentication(b: &mut Builder<'_, '_>, option: Range<usize>) {
    let at = option.start + 2;
    b.put(&AO_KEYID, at..at + 1, byte(b, at));
    b.put(&AO_RNEXTKEYID, at + 1..at + 2, byte(b, at + 1));
    if option.len() > 4 {
        b.raw(&AO_MAC, at + 2..option.end);
    }
}

fn multipath(b: &mut Builder<'_, '_>, option: Range<usize>) {
    const SUBTYPES: Names<u8> = &[
        (0, "Multipath capable"),
        (1, "Join connection"),
        (2, "Data sequence signal"),
        (3, "Add address"),
        (4, "Remove address"),
        (5, "Change subflow priority"),
        (6, "Fallback"),
        (7, "Fast close"),
        (8, "Reset"),
    ];
    let bit = option.start * 8 + 16;
    let subtype = byte(b, option.start + 2) >> 4;
    b.bits(&MPTCP_SUBTYPE, bit..bit + 4, subtype).text = names::named(SUBTYPES, subtype);
}

fn fast_open(b: &mut Builder<'_, '_>, option: Range<usize>) {
    put_cookie(b, option.start + 2..option.end);
}

/// A cookie; without one, the request for one.
fn put_cookie(b: &mut Builder<'_, '_>, cookie: Range<usize>) {
    if cookie.is_empty() {
        b.derived(&TFO_REQUEST, ());
    } else {
        b.raw(&TFO_COOKIE, cookie);
    }
}

/// An experiment says which it is (RFC 6994 §3); the one of fast open is looked into (RFC 7413, appendix A).
fn experimental(b: &mut Builder<'_, '_>, option: Range<usize>) {
    const FAST_OPEN: u16 = 0xf989;
    let at = option.start + 2;
    if option.len() < 4 {
        return;
    }
    let experiment = be16(b, at);
    b.put(&EXPERIMENTAL_EXID, at..at + 2, experiment);
    if experiment == FAST_OPEN {
        put_cookie(b, at + 2..option.end);
    } else if option.len() > 4 {
        b.raw(&EXPERIMENTAL_DATA, at + 2..option.end);
    }
}
