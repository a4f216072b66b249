//! When a host made each of its segments: often before it is on the wire, because another frame is still being sent, or
//! because the MAC address of the next hop is not known.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{Conn, Truth};
use crate::base::{NodeId, Time};
use crate::proto::stream::Dir;
use crate::stack::record::{ConnId, Record, TimerAction, What};
use crate::walk::step::FlowId;

/// A segment that a host made, by the places of records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// The first record of what made it: the arrival, the call or the time-out that is its own cause, but nothing that
    /// an earlier segment told of already.
    first: usize,
    /// The last record of making it: the variables are noted behind it.
    last: usize,
    /// The record that put it on its link.
    sent: usize,
}

impl Truth {
    /// Finds for each segment on the wire the records that made it.
    pub(super) fn note_made(&mut self, records: &[Record]) {
        let mut packets: FxHashMap<usize, (usize, usize)> = FxHashMap::default();
        for (index, record) in records.iter().enumerate() {
            if matches!(record.what, What::FrameSent(_) | What::FrameDropped { .. })
                && let Some((segment, packet)) = segment_of(records, index)
            {
                packets.entry(segment).or_insert((packet, index));
            }
        }
        // Of each connection, the segment before; records are walked in the order in which segments were made.
        let mut segments: Vec<(usize, (usize, usize))> = packets.into_iter().collect();
        segments.sort_unstable();
        for (segment, (packet, sent)) in segments {
            let key = records[segment].node.zip(records[segment].conn);
            let Some(conn) = key.and_then(|key| self.conn_index.get(&key).copied()) else {
                continue;
            };
            let conn = &mut self.conns[conn];
            let last = last_of_making(conn, records, key, segment..packet);
            let after = conn.made.last().map_or(0, |before| before.last + 1);
            let sent = conn
                .made
                .last()
                .map_or(sent, |before| sent.max(before.sent));
            let first = root_of(records, segment).max(after).min(segment);
            conn.made.push(Made { first, last, sent });
        }
    }

    /// Up to which record an end is shown at the record `at`, and from which on what it shows is due to that record: the
    /// sender of a segment as it was when it made the segment, the other end as it is, but for what led to segments that
    /// are not on the wire yet.
    pub fn shown(&self, flow: FlowId, dir: Dir, at: usize) -> Range<usize> {
        let Some(conn) = self.conn(flow, dir) else {
            return at + 1..at + 1;
        };
        let waiting = conn.made.partition_point(|made| made.sent < at);
        match conn.made.get(waiting) {
            Some(made) if made.sent == at => made.first..made.last + 1,
            Some(made) => made.first.min(at + 1)..made.first.min(at + 1),
            None => at + 1..at + 1,
        }
    }

    /// The time of the last of an end's changes in a range of records.
    pub fn last_change(
        &self,
        records: &[Record],
        flow: FlowId,
        dir: Dir,
        range: Range<usize>,
    ) -> Option<Time> {
        let conn = self.conn(flow, dir)?;
        let (index, _) =
            conn.states[..conn.states.partition_point(|(at, _)| *at < range.end)].last()?;
        (range.start <= *index).then(|| records[*index].time)
    }
}

/// The segment that a sending puts on the wire, and the packet around it.
fn segment_of(records: &[Record], sending: usize) -> Option<(usize, usize)> {
    let mut below = sending;
    loop {
        let cause = records[below].cause?.index();
        match &records[cause].what {
            What::Down(unit) if unit.protocol == "tcp" => return Some((cause, below)),
            What::Down(_) | What::FrameSent(_) => {}
            _ => return None,
        }
        below = cause;
    }
}

/// The variables as they were noted behind a segment, before its packet and before the next segment.
fn last_of_making(
    conn: &Conn,
    records: &[Record],
    key: Option<(NodeId, ConnId)>,
    making: Range<usize>,
) -> usize {
    let is_next = |record: &Record| {
        record.node.zip(record.conn) == key
            && matches!(&record.what, What::Down(unit) if unit.protocol == "tcp")
    };
    let rest = making.start + 1..making.end;
    let end = rest.clone().find(|index| is_next(&records[*index]));
    let end = end.unwrap_or(rest.end);
    let vars = conn.vars[..conn.vars.partition_point(|at| *at < end)].last();
    vars.copied().unwrap_or(0).max(making.start)
}

/// The arrival, the call or the time-out that a record is due to.
fn root_of(records: &[Record], index: usize) -> usize {
    let mut root = index;
    while let Some(cause) = records[root].cause {
        let is_other_time = records[cause.index()].time != records[index].time;
        if is_other_time {
            break;
        }
        root = cause.index();
        let begins = matches!(
            records[root].what,
            What::FrameArrived(_)
                | What::Timer {
                    action: TimerAction::Expired,
                    ..
                }
        );
        if begins {
            break;
        }
    }
    root
}
