//! Multicast listener discovery (RFC 2710 §3, RFC 3810 §5).

use super::{
    MLD_ADDRESS, MLD_CODE, MLD_DELAY, MLD_FLAG, MLD_FLAG_QRV, MLD_FLAG_RESERVED, MLD_FLAG_S,
    MLD_NB_SOURCES, MLD_QQI, MLD_SOURCE, MLDR_ADDRESS, MLDR_AUX, MLDR_AUX_LEN, MLDR_MAR,
    MLDR_NB_SOURCES, MLDR_RECORD_TYPE, MLDR_RECORDS, MLDR_SOURCE, RESERVED, be16, put_address,
};
use crate::proto::dissect::{LayerBuilder, Next, Span};
use crate::proto::names::{self, Names};

/// A query or report of version 1, which ends with the multicast address.
const V1_LEN: usize = 24;
/// A query of version 2, without its sources.
const V2_QUERY: usize = 28;

const RECORD_TYPES: Names<u8> = &[
    (1, "Include"),
    (2, "Exclude"),
    (3, "Changed to include"),
    (4, "Changed to exclude"),
    (5, "Allow new sources"),
    (6, "Block old sources"),
];

/// A message of version 1, or a query of version 2, which is longer.
pub(super) fn version_1(mut b: LayerBuilder<'_, '_>, span: Span, query: bool) -> Option<Next> {
    let version_2 = query && span.whole_len() >= V2_QUERY;
    let delay = be16(&b, 4);
    b.put(if version_2 { &MLD_CODE } else { &MLD_DELAY }, 4..6, delay);
    b.raw(&RESERVED, 6..8);
    put_address(&mut b, &MLD_ADDRESS, 8);
    let len = if version_2 { put_query(&mut b) } else { V1_LEN };
    b.hand_over(len, Next::data(span.skip(len)))
}

/// What a query of version 2 has after the address; where it ends.
fn put_query(b: &mut LayerBuilder<'_, '_>) -> usize {
    let [flags, interval] = b.slice(V1_LEN..V1_LEN + 2).try_into().unwrap_or_default();
    let bit = V1_LEN * 8;
    b.put(&MLD_FLAG, V1_LEN..V1_LEN + 1, flags);
    b.nest(|b| {
        b.bits(&MLD_FLAG_RESERVED, bit..bit + 4, flags >> 4);
        b.flag(&MLD_FLAG_S, bit + 4, flags & 8 != 0);
        b.bits(&MLD_FLAG_QRV, bit + 5..bit + 8, flags & 7);
    });
    b.put(&MLD_QQI, V1_LEN + 1..V1_LEN + 2, interval);
    let sources = be16(b, V1_LEN + 2);
    b.put(&MLD_NB_SOURCES, V1_LEN + 2..V2_QUERY, sources);
    let mut at = V2_QUERY;
    for _ in 0..sources {
        if !b.has(at..at + 16) {
            break;
        }
        at = put_address(b, &MLD_SOURCE, at);
    }
    at
}

/// A report of version 2.
pub(super) fn report(mut b: LayerBuilder<'_, '_>, span: Span) -> Option<Next> {
    let records = be16(&b, 6);
    b.raw(&RESERVED, 4..6);
    b.put(&MLDR_RECORDS, 6..8, records);
    let mut at = 8;
    for _ in 0..records {
        if !b.has(at..at + 1) {
            break;
        }
        at = put_record(&mut b, at);
    }
    b.hand_over(at, Next::data(span.skip(at)))
}

/// One record at `at`; where it ends.
fn put_record(b: &mut LayerBuilder<'_, '_>, at: usize) -> usize {
    let [kind, aux] = b.slice(at..at + 2).try_into().unwrap_or_default();
    let (sources, aux) = (be16(b, at + 2), usize::from(aux) * 4);
    let words = names::named(RECORD_TYPES, kind);
    let addresses_end = at + 20 + usize::from(sources) * 16;
    let end = (addresses_end + aux).min(b.bytes().len());
    b.put(&MLDR_MAR, at..end, ()).text.clone_from(&words);
    b.nest(|b| {
        b.put(&MLDR_RECORD_TYPE, at..at + 1, kind).text = words;
        b.put(&MLDR_AUX_LEN, at + 1..at + 2, aux / 4);
        b.put(&MLDR_NB_SOURCES, at + 2..at + 4, sources);
        put_address(b, &MLDR_ADDRESS, at + 4);
        for source in (at + 20..addresses_end).step_by(16) {
            if !b.has(source..source + 16) {
                break;
            }
            put_address(b, &MLDR_SOURCE, source);
        }
        if aux > 0 {
            b.raw(&MLDR_AUX, addresses_end..addresses_end + aux);
        }
    });
    end.max(at + 20)
}
