//! Points in time, in the order in which they came.

use std::collections::VecDeque;
use std::ops::Range;

use crate::base::{FrameId, Time};

/// What a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// SND.UNA, counted from the initial sequence number.
    SndUna,
    /// SND.UNA + SND.WND, counted from the initial sequence number: what may be sent reaches to here.
    WindowEdge,
    /// SND.WND, in bytes.
    SndWnd,
    /// What is under way, in bytes: SND.NXT - SND.UNA, or with marks on the scoreboard the pipe (RFC 6675).
    Flight,
    /// RCV.WND, in bytes.
    RcvWnd,
    /// cwnd, in bytes.
    Cwnd,
    /// ssthresh, in bytes.
    Ssthresh,
    /// Measured round trips, in nanoseconds.
    Rtt,
    /// SRTT, in nanoseconds.
    Srtt,
    /// RTO, in nanoseconds.
    Rto,
}

impl Quantity {
    const COUNT: usize = 10;
}

/// A value that holds until the next point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its place: by records in a simulation, by frames in a capture.
    pub order: u32,
    /// When.
    pub time: Time,
    /// The value, in the unit of its [`Quantity`].
    pub value: u64,
}

/// A value over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    points: Vec<Point>,
}

impl Line {
    /// Its points, in the order of time.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Those whose order is less.
    pub fn before(&self, order: u32) -> &[Point] {
        let end = self.points.partition_point(|point| point.order < order);
        &self.points[..end]
    }

    /// Adds a point where the value is another one. A clock that goes back stands still here.
    pub(super) fn push(&mut self, point: Point) {
        match self.points.last() {
            Some(last) if last.value == point.value => {}
            _ => self.push_again(point),
        }
    }

    /// Adds a point, also of the same value.
    pub(super) fn push_again(&mut self, mut point: Point) {
        if let Some(last) = self.points.last() {
            point.time = point.time.max(last.time);
        }
        self.points.push(point);
    }
}

/// A segment that takes sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The frame.
    pub frame: FrameId,
    /// When it was put on the wire, or was seen.
    pub time: Time,
    /// Its numbers, counted from the initial sequence number.
    pub numbers: Range<u64>,
    /// They were sent before.
    pub again: bool,
    /// The place of its loss, in a simulation.
    pub lost: Option<u32>,
}

/// Numbers that the peer reported by SACK and had not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sacked {
    /// Its place, as of [`Point`].
    pub order: u32,
    /// When.
    pub time: Time,
    /// The numbers, counted from the initial sequence number.
    pub numbers: Range<u64>,
}

/// One direction of a connection over time.
#[derive(Debug, Clone, Default)]
pub struct Series {
    lines: [Line; Quantity::COUNT],
    /// What was sent.
    pub sent: Vec<Sent>,
    /// What was reported by SACK.
    pub sacked: Vec<Sacked>,
    pub(super) reading: Reading,
}

/// Where the reading of a [`Series`] stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Frames of the connection that were read; of a simulation, how many records there were.
    pub frames: usize,
    pub records: usize,
    /// The last sequence number, counted from the initial one.
    pub number: u64,
    /// Runs that were reported last.
    pub sacked: Vec<(u32, u32)>,
    /// What waits for its acknowledgment: the number behind it, when it was sent, and whether again.
    pub waiting: VecDeque<(u64, Time, bool)>,
}

impl Series {
    /// The line of a quantity; empty if nothing is known of it.
    pub fn line(&self, quantity: Quantity) -> &Line {
        &self.lines[quantity as usize]
    }

    pub(super) fn line_mut(&mut self, quantity: Quantity) -> &mut Line {
        &mut self.lines[quantity as usize]
    }

    /// A value, where it is known.
    pub(super) fn note(&mut self, quantity: Quantity, place: (u32, Time), value: Option<u64>) {
        let (order, time) = place;
        if let Some(value) = value {
            self.line_mut(quantity).push(Point { order, time, value });
        }
    }

    /// A sequence number, counted from `first`; it may have gone around.
    pub(super) fn count(&mut self, number: u32, first: u32) -> u64 {
        let number = number.wrapping_sub(first);
        let near = self.reading.number;
        let ahead = number.wrapping_sub(near as u32).cast_signed();
        let counted = near.saturating_add_signed(i64::from(ahead));
        self.reading.number = counted;
        counted
    }

    /// Adds a segment, if it takes numbers.
    pub(super) fn send(&mut self, sent: Sent) {
        if !sent.numbers.is_empty() {
            self.sent.push(sent);
        }
    }

    /// The peer's report at a moment: what of it is new.
    pub(super) fn sack(&mut self, place: (u32, Time), runs: &[(u32, u32)], first: u32) {
        if self.reading.sacked == runs {
            return;
        }
        let before = std::mem::replace(&mut self.reading.sacked, runs.to_vec());
        for &(from, to) in runs {
            let (from, to) = (self.count(from, first), self.count(to, first));
            let known = before.iter().find_map(|&(old_from, old_to)| {
                let old = (self.count(old_from, first), self.count(old_to, first));
                (old.0 <= from && from < old.1).then_some(old.1)
            });
            let from = known.map_or(from, |known| known.min(to));
            if from < to {
                self.sacked.push(Sacked {
                    order: place.0,
                    time: place.1,
                    numbers: from..to,
                });
            }
        }
    }
}
