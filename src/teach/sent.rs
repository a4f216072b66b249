//! Why a host sends a segment, where its records tell more than the segment itself.

use super::frames::{flag, uint};
use crate::proto::tree::Dissection;
use crate::stack::record::{Record, What};
use crate::walk::Walk;

/// What is wrong with segments that are answered with where the end stands.
const MISFITS: &[&str] = &[
    "sequence number outside the window",
    "acknowledges what was not sent",
    "acknowledgment too old",
    "timestamp older than TS.Recent (PAWS)",
];

/// A topic, and what led to it in the records' words.
pub(super) struct Reason<'a> {
    pub topic: &'static str,
    pub what: Option<&'a str>,
}

/// Why the segment was sent that `record` puts on its link; `None` where the segment tells it well enough.
pub(super) fn reason<'a>(
    walk: &'a Walk,
    segment: &Dissection,
    record: &'a Record,
) -> Option<Reason<'a>> {
    let made =
        |record: &&Record| matches!(&record.what, What::Down(unit) if unit.protocol == "tcp");
    let segment_record = causes(walk, record).find(made)?;
    let mut before = causes(walk, segment_record).skip(1);
    let is_set = |id| flag(segment, id);
    let opens_or_ends = is_set("tcp.flags.syn") || is_set("tcp.flags.fin");
    let is_bare = !opens_or_ends && uint(segment, "tcp.len") == Some(0);
    match before.next().map(|cause| &cause.what) {
        Some(What::AppCall(text)) if text.starts_with("send a made-up") => Some(Reason {
            topic: "made-up",
            what: None,
        }),
        _ if is_set("tcp.flags.reset") => {
            let topic = reset_topic(segment, segment_record.cite)?;
            Some(Reason { topic, what: None })
        }
        Some(What::Decided(text)) if text.contains("challenge ACK") => Some(Reason {
            topic: "challenge-ack",
            what: Some(text),
        }),
        Some(What::Discarded(text)) if is_bare && MISFITS.contains(&text.as_ref()) => {
            Some(Reason {
                topic: "misfit-ack",
                what: Some(text),
            })
        }
        _ => None,
    }
}

/// The topic of a RST by the paragraph that it was sent for.
fn reset_topic(segment: &Dissection, cite: &str) -> Option<&'static str> {
    // A refusal is told by the segment itself.
    if flag(segment, "tcp.flags.ack") && uint(segment, "tcp.seq_raw") == Some(0) {
        return None;
    }
    Some(match cite {
        "RFC 9293 §3.10.7.1" => "rst-no-connection",
        "RFC 9293 §3.10.7.2" | "RFC 9293 §3.10.7.3" | "RFC 9293 §3.10.7.4" => "rst-not-sent",
        "RFC 9293 §3.10.5" => "rst-abort",
        "RFC 1122 §4.2.2.13" => "rst-unread",
        _ => return None,
    })
}

/// A record and its causes, the latest first.
fn causes<'a>(walk: &'a Walk, record: &'a Record) -> impl Iterator<Item = &'a Record> {
    let cause = |record: &&'a Record| record.cause.and_then(|id| walk.record(id));
    std::iter::successors(Some(record), cause)
}
