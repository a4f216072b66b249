//! When a host made each of its segments: often before it is on the wire, because another frame is still being sent, or
//! because the MAC address of the next hop is not known.

use std::ops::Range;

use super::{Conn, Truth};
use crate::base::Time;
use crate::proto::stream::Dir;
use crate::stack::record::{Record, TimerAction, What};
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

/// A segment on the wire, by the places of the records of itself, of the packet around it, and of its sending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    segment: usize,
    packet: usize,
    sent: usize,
}

impl Truth {
    /// Finds for each segment that the records from `from` on put on the wire the records that made it.
    pub(super) fn note_made(&mut self, records: &[Record], from: usize) {
        let mut sending = Vec::new();
        for (index, record) in records.iter().enumerate().skip(from) {
            if matches!(record.what, What::FrameSent(_) | What::FrameDropped { .. })
                && let Some(segment) = segment_of(records, index)
            {
                let record = &records[segment.segment];
                let key = record.node.zip(record.conn);
                let conn = key.and_then(|key| self.conn_index.get(&key).copied());
                sending.extend(conn.filter(|conn| self.conns[*conn].add(segment)));
            }
        }
        for conn in sending {
            self.conns[conn].find_made(records);
        }
    }

    /// Up to which record an end is shown at the record `at`, and from which on what it shows is due to that record: the
    /// sender of a segment as it was when it made the segment, the other end as it is, but for what led to segments that
    /// are not on the wire yet.
    pub fn shown(&self, flow: FlowId, dir: Dir, at: usize) -> Range<usize> {
        let Some(conn) = self.conn(flow, dir) else {
            let of_real = self.reals.history(flow, dir);
            let changes = of_real.binary_search_by_key(&at, |(record, _)| *record);
            return at + usize::from(changes.is_err())..at + 1;
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
        let before = |at: usize| at < range.end;
        let index = match self.conn(flow, dir) {
            Some(conn) => {
                conn.states[..conn.states.partition_point(|(at, _)| before(*at))]
                    .last()?
                    .0
            }
            None => {
                let of_real = self.reals.history(flow, dir);
                of_real[..of_real.partition_point(|(at, _)| before(*at))]
                    .last()?
                    .0
            }
        };
        (range.start <= index).then(|| records[index].time)
    }
}

impl Conn {
    /// Adds a segment that is sent now for the first time. `false`: it was sent before.
    fn add(&mut self, segment: Segment) -> bool {
        let place = (self.segments).binary_search_by_key(&segment.segment, |it| it.segment);
        let Err(place) = place else {
            return false;
        };
        self.segments.insert(place, segment);
        self.made.truncate(place);
        true
    }

    /// Finds the records that made those of its segments of which they are not known yet.
    fn find_made(&mut self, records: &[Record]) {
        for index in self.made.len()..self.segments.len() {
            let Segment {
                segment,
                packet,
                sent,
            } = self.segments[index];
            let last = last_of_making(self, records, segment..packet);
            let before = self.made.last();
            let after = before.map_or(0, |before| before.last + 1);
            let sent = before.map_or(sent, |before| sent.max(before.sent));
            let first = root_of(records, segment).max(after).min(segment);
            self.made.push(Made { first, last, sent });
        }
    }
}

/// The segment that a sending puts on the wire, and the packet around it.
fn segment_of(records: &[Record], sending: usize) -> Option<Segment> {
    let mut below = sending;
    loop {
        let cause = records[below].cause?.index();
        match &records[cause].what {
            What::Down(unit) if unit.protocol == "tcp" => {
                return Some(Segment {
                    segment: cause,
                    packet: below,
                    sent: sending,
                });
            }
            What::Down(_) | What::FrameSent(_) => {}
            _ => return None,
        }
        below = cause;
    }
}

/// The variables as they were noted behind a segment, before its packet and before the next segment.
fn last_of_making(conn: &Conn, records: &[Record], making: Range<usize>) -> usize {
    let of = |record: &Record| record.node.zip(record.conn);
    let is_next = |record: &Record| {
        of(record) == of(&records[making.start])
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
