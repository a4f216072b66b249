//! One direction's byte stream, put together from segments.
//!
//! A stream keeps no bytes, only where they are: runs of frames. Segments may come late, twice, overlapping; the first
//! bytes are kept and a later disagreement is counted. What is missing is never invented: a hole is waited for, and when
//! it is known that it cannot be filled it becomes a gap, which stays visible as such.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::FrameId;

/// A segment farther ahead than the largest window (RFC 7323 §2.3) is none of this stream.
const FARTHEST: i64 = 1 << 30;

/// A run of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it starts in the stream.
    pub start: u64,
    pub len: u32,
    /// The frame whose segment has the bytes, and the offset in the segment's buffer; `None`: a gap.
    pub source: Option<(FrameId, u32)>,
}

impl Run {
    pub fn end(&self) -> u64 {
        self.start + u64::from(self.len)
    }
}

/// What became of a segment's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Inserted {
    /// Where in the stream the data starts; negative if before the first byte.
    pub start: i64,
    pub len: u32,
    /// Bytes that were new.
    pub new: u32,
    /// Bytes that had come before.
    pub again: u32,
    /// The segment came before data that it follows.
    pub early: bool,
    /// It lies outside every possible window.
    pub outside: bool,
}

/// A direction's stream. Offsets count from the first byte of data.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The sequence number of the first byte.
    origin: Option<u32>,
    /// In order, without holes (a gap is a run of its own).
    runs: Vec<Run>,
    /// What came early, apart from each other, all after the end of `runs`.
    early: BTreeMap<u64, Run>,
    /// Where the stream ends, once a FIN was seen.
    fin: Option<u64>,
    /// The other end acknowledged everything before this.
    acked: u64,
    /// Overlaps whose bytes did not agree.
    pub conflicts: u32,
}

impl Stream {
    /// Fixes the sequence number of the first byte of data, if it is not fixed yet.
    pub fn start_at(&mut self, origin: u32) {
        self.origin.get_or_insert(origin);
    }

    /// Whether no data came yet.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.early.is_empty()
    }

    /// Everything before this offset is there, or is a gap.
    pub fn end(&self) -> u64 {
        self.runs.last().map_or(0, Run::end)
    }

    /// Whether nothing more will follow what is there.
    pub fn is_closed(&self) -> bool {
        self.fin.is_some_and(|fin| self.end() >= fin)
    }

    /// The stream offset of a sequence number, near the present end; negative before the first byte.
    pub fn offset_of(&self, seq: u32) -> Option<i64> {
        let end = self.end();
        // truncation is meant: sequence numbers count modulo 2^32
        let here = self.origin?.wrapping_add(end as u32);
        let ahead = seq.wrapping_sub(here).cast_signed();
        Some(end.cast_signed() + i64::from(ahead))
    }

    /// Takes a segment's data: `len` bytes from sequence number `seq`, found in `frame` from `at` of its buffer.
    /// `same(run, range, at)` tells whether the bytes `range` of the stream, held by `run`, are those from `at` here.
    pub fn insert(
        &mut self,
        seq: u32,
        len: u32,
        frame: FrameId,
        at: u32,
        same: impl Fn(&Run, Range<u64>, u32) -> bool,
    ) -> Inserted {
        let mut result = Inserted::default();
        self.start_at(seq);
        let Some(start) = self.offset_of(seq) else {
            return result;
        };
        (result.start, result.len) = (start, len);
        if start - self.end().cast_signed() > FARTHEST {
            result.outside = true;
            return result;
        }
        let end = start + i64::from(len);
        let clipped = start.max(0);
        if clipped >= end {
            result.again = len;
            return result;
        }
        let (from, to) = (clipped.cast_unsigned(), end.cast_unsigned());
        result.early = from > self.end();
        let source_of = |offset: u64| at + (offset.cast_signed() - start) as u32;
        let holes = self.holes(from..to, |run, range| {
            !same(run, range.clone(), source_of(range.start))
        });
        for hole in holes {
            let run = Run {
                start: hole.start,
                len: (hole.end - hole.start) as u32,
                source: Some((frame, source_of(hole.start))),
            };
            result.new += run.len;
            self.early.insert(run.start, run);
        }
        result.again = len - result.new;
        self.join();
        result
    }

    /// The parts of `wanted` that did not come yet; counts a conflict for each overlap that `differs`.
    fn holes(
        &mut self,
        wanted: Range<u64>,
        differs: impl Fn(&Run, Range<u64>) -> bool,
    ) -> Vec<Range<u64>> {
        let first = self.runs.partition_point(|run| run.end() <= wanted.start);
        let early_first = self
            .early
            .range(..=wanted.start)
            .next_back()
            .map_or(0, |(&at, _)| at);
        let there = self.runs[first..]
            .iter()
            .chain(self.early.range(early_first..).map(|(_, run)| run))
            .take_while(|run| run.start < wanted.end)
            .filter(|run| run.end() > wanted.start);
        let (mut holes, mut at, mut conflicts) = (Vec::new(), wanted.start, 0);
        for run in there {
            let both = run.start.max(wanted.start)..run.end().min(wanted.end);
            // a gap is kept although its bytes come after all: what was read from the stream went on without them
            conflicts += u32::from(run.source.is_some() && differs(run, both.clone()));
            if both.start > at {
                holes.push(at..both.start);
            }
            at = both.end;
        }
        if at < wanted.end {
            holes.push(at..wanted.end);
        }
        self.conflicts += conflicts;
        holes
    }

    /// Moves what is in order now from the early runs to the stream.
    fn join(&mut self) {
        while let Some(run) = self.early.remove(&self.end()) {
            self.runs.push(run);
        }
    }

    /// Notes a FIN whose sequence number is `seq`.
    pub fn finish_at(&mut self, seq: u32) {
        self.start_at(seq);
        if let Some(offset) = self.offset_of(seq).filter(|offset| *offset >= 0) {
            self.fin.get_or_insert(offset.cast_unsigned());
        }
    }

    /// Notes that the other end acknowledged everything before `ack`. What it has and nobody saw is a gap as soon as
    /// the stream is seen to go on behind it.
    pub fn acknowledge(&mut self, ack: u32) {
        let Some(offset) = self.offset_of(ack) else {
            return;
        };
        if offset > 0 && offset - self.end().cast_signed() <= FARTHEST {
            self.acked = self.acked.max(offset.cast_unsigned());
        }
    }

    /// Whether the other end has acknowledged what lies before this number, and no more.
    pub fn is_acked_up_to(&self, seq: u32) -> bool {
        self.offset_of(seq) == Some(self.acked.cast_signed())
    }

    /// Turns the first hole into a gap, if the other end acknowledged what was in it. Returns its length.
    pub fn skip_acked(&mut self) -> Option<u32> {
        let acked = self.acked;
        let behind = self
            .early
            .first_key_value()
            .is_some_and(|(&start, _)| start <= acked);
        behind.then(|| self.skip())?
    }

    /// Turns the first hole into a gap. Returns its length.
    pub fn skip(&mut self) -> Option<u32> {
        let (&to, _) = self.early.first_key_value()?;
        let start = self.end();
        // longer than a run can say is longer than a window can be: see FARTHEST
        let len = u32::try_from(to - start).unwrap_or(u32::MAX);
        self.runs.push(Run {
            start,
            len,
            source: None,
        });
        self.join();
        Some(len)
    }

    /// The runs that hold the bytes `range`, each cut to it.
    pub fn runs_in(&self, range: Range<u64>) -> impl Iterator<Item = Run> + '_ {
        let first = self.runs.partition_point(|run| run.end() <= range.start);
        self.runs[first..]
            .iter()
            .take_while(move |run| run.start < range.end)
            .map(move |run| cut(run, &range))
    }
}

/// The part of a run that lies in `range`.
fn cut(run: &Run, range: &Range<u64>) -> Run {
    let (start, end) = (run.start.max(range.start), run.end().min(range.end));
    let skipped = (start - run.start) as u32;
    Run {
        start,
        len: end.saturating_sub(start) as u32,
        source: run.source.map(|(frame, at)| (frame, at + skipped)),
    }
}

#[cfg(test)]
mod tests;
