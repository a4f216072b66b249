//! The receive sequence space: what may come, what came, and what the application has not read yet.

use std::collections::VecDeque;

use super::config::TcpConfig;
use super::seq::Seq;
use crate::stack::record::TcpState;

/// The receive variables and buffer of a connection (RFC 9293 §3.3.1).
#[derive(Debug, Clone)]
pub struct Receive {
    /// Whether the peer's SYN has come.
    pub synchronized: bool,
    /// IRS.
    pub irs: Seq,
    /// RCV.NXT.
    pub nxt: Seq,
    /// Rcv.Wind.Shift (RFC 7323 §2.2); 0 without window scaling.
    pub wind_shift: u8,
    /// RCV.BUFF.
    capacity: u32,
    /// Whether the right edge moves only where that is worth it (RFC 9293 §3.8.6.2.2).
    sws_avoidance: bool,
    /// RCV.NXT + RCV.WND: up to here the peer may send. It never moves back (RFC 9293 §3.8.6).
    edge: Seq,
    /// In order, and not read yet.
    unread: VecDeque<u8>,
    /// Out of order: runs that neither touch nor overlap, by their place.
    runs: Vec<Run>,
    /// The start of the run that was added to last: the first SACK block (RFC 2018 §4).
    latest: Option<Seq>,
    /// What the last segment brought once more, until an acknowledgment has told it: D-SACK (RFC 2883).
    duplicate: Option<(Seq, Seq)>,
    /// The number of the peer's FIN, once it came.
    fin: Option<Seq>,
}

#[derive(Debug, Clone)]
struct Run {
    start: Seq,
    bytes: Vec<u8>,
}

impl Run {
    fn end(&self) -> Seq {
        self.start + self.bytes.len() as u32
    }
}

impl Receive {
    /// The buffer, before the peer's SYN is known.
    pub fn new(config: &TcpConfig) -> Self {
        Self {
            synchronized: false,
            irs: Seq(0),
            nxt: Seq(0),
            wind_shift: 0,
            capacity: config.receive_buffer,
            sws_avoidance: config.sws_avoidance,
            edge: Seq(0),
            unread: VecDeque::new(),
            runs: Vec::new(),
            latest: None,
            duplicate: None,
            fin: None,
        }
    }

    /// The peer's SYN came.
    pub fn synchronize(&mut self, irs: Seq, wnd: u16) {
        self.synchronized = true;
        self.irs = irs;
        self.nxt = irs + 1;
        self.edge = self.nxt + u32::from(wnd);
    }

    /// RCV.WND: how many bytes behind RCV.NXT the peer may send.
    pub fn wnd(&self) -> u32 {
        self.edge.since(self.nxt)
    }

    /// RCV.WND as a segment can say it in this state: in whole units of the scale, but not scaled in a SYN.
    pub fn advertised(&self, state: TcpState) -> u32 {
        match state {
            TcpState::SynSent | TcpState::SynReceived => self.wnd(),
            _ => self.in_units(self.wnd()),
        }
    }

    /// A window as it can be told: in whole units of the scale, as many of them as 16 bits can say.
    fn in_units(&self, wnd: u32) -> u32 {
        (wnd >> self.wind_shift).min(65_535) << self.wind_shift
    }

    /// The number behind the last that the peer may send.
    pub fn edge(&self) -> Seq {
        self.edge
    }

    /// The window to put into a SYN, where it is never scaled: the buffer, or of the most that 16 bits can say whole
    /// segments, as Linux does.
    pub fn syn_window(&self, mss: u16) -> u16 {
        let whole = u16::MAX - u16::MAX % mss.max(1);
        u16::try_from(self.capacity).unwrap_or(whole)
    }

    /// Opens the window as far as the buffer allows, if that is worth it, and returns SEG.WND for the segment that
    /// is about to be sent.
    pub fn advertise(&mut self, mss: u16) -> u16 {
        if let Some(edge) = self.edge_worth_offering(mss) {
            self.edge = edge;
        }
        (self.in_units(self.wnd()) >> self.wind_shift) as u16
    }

    /// Whether what was read is worth telling the peer at once: the window would at least double from at most half
    /// of the buffer. Who does not avoid the silly window syndrome tells it always.
    pub fn wants_update(&self, mss: u16) -> bool {
        if !self.sws_avoidance {
            return self.edge_worth_offering(mss).is_some();
        }
        let offered = self.in_units(self.wnd());
        offered <= self.capacity / 2
            && self
                .edge_worth_offering(mss)
                .is_some_and(|edge| edge - self.nxt >= offered * 2)
    }

    /// The right edge that the free space allows, if it lies far enough behind the one offered: by a segment or half
    /// the buffer (RFC 9293 §3.8.6.2.2, which avoids the silly window syndrome). What was offered counts as the peer is
    /// told it: of less than a unit of the scale it hears nothing, and would wait for ever.
    fn edge_worth_offering(&self, mss: u16) -> Option<Seq> {
        let free = self.capacity.saturating_sub(self.unread.len() as u32);
        let edge = self.nxt + self.in_units(free);
        let gain = edge.since(self.nxt + self.in_units(self.wnd()));
        let least = if self.sws_avoidance {
            u32::from(mss).min(self.capacity / 2)
        } else {
            1
        };
        (gain > 0 && gain >= least).then_some(edge)
    }

    /// Takes in data that begins at `start`. What lies before RCV.NXT or behind the window is cut off. Returns how
    /// many bytes became readable.
    pub fn take_in(&mut self, start: Seq, text: &[u8]) -> usize {
        let before = self.unread.len();
        let skip = self.nxt.since(start).min(text.len() as u32) as usize;
        let start = start + skip as u32;
        let room = self.edge.since(start).min((text.len() - skip) as u32) as usize;
        let text = &text[skip..skip + room];
        if start == self.nxt {
            self.append(text);
            self.append_runs();
        } else if !text.is_empty() {
            self.keep_run(start, text);
        }
        self.unread.len() - before
    }

    fn append(&mut self, text: &[u8]) {
        self.unread.extend(text);
        self.nxt += text.len() as u32;
    }

    /// Moves runs that RCV.NXT has reached to what is in order.
    fn append_runs(&mut self) {
        while self.runs.first().is_some_and(|run| run.start.le(self.nxt)) {
            let run = self.runs.remove(0);
            let known = self.nxt.since(run.start).min(run.bytes.len() as u32) as usize;
            self.append(&run.bytes[known..]);
        }
    }

    /// Keeps a run that came out of order, joined with those that it touches. Bytes that are there already stay.
    fn keep_run(&mut self, start: Seq, text: &[u8]) {
        let end = start + text.len() as u32;
        let first = self.runs.partition_point(|run| run.end().lt(start));
        let behind = self.runs.partition_point(|run| run.start.le(end));
        let mut joined = Run {
            start,
            bytes: text.to_vec(),
        };
        for run in self.runs.drain(first..behind) {
            joined = join(joined, run);
        }
        self.latest = Some(joined.start);
        self.runs.insert(first, joined);
    }

    /// The runs that came out of order, each as its first number and the one behind its last.
    pub fn out_of_order(&self) -> impl Iterator<Item = (Seq, Seq)> + '_ {
        self.runs.iter().map(|run| (run.start, run.end()))
    }

    /// Whether something came out of order, so that bytes before it are missing.
    pub fn has_gap(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The SACK blocks for the next segment, at most so many: what came twice (RFC 2883 §4), then the run that was
    /// added to last (RFC 2018 §4), or that the duplicate belongs to, then the others.
    pub fn sack_blocks(&self, most: usize) -> Vec<(Seq, Seq)> {
        if self.runs.is_empty() && self.duplicate.is_none() {
            return Vec::new();
        }
        let mut blocks: Vec<_> = self.out_of_order().collect();
        if let Some(i) = blocks
            .iter()
            .position(|&(start, _)| Some(start) == self.latest)
        {
            blocks[..=i].rotate_right(1);
        }
        blocks.splice(..0, self.duplicate);
        blocks.truncate(most);
        blocks
    }

    /// Notes which of these numbers came before, from `start` on to `end` at most, so that the next acknowledgment
    /// reports the first run of them; returns whether there are any.
    pub fn note_duplicate(&mut self, start: Seq, end: Seq) -> bool {
        self.duplicate = None;
        if start.lt(self.nxt) && start.lt(end) {
            self.duplicate = Some((start, end.min(self.nxt)));
        } else if let Some(run) = self
            .runs
            .iter()
            .find(|run| run.start.lt(end) && start.lt(run.end()))
        {
            self.duplicate = Some((start.max(run.start), end.min(run.end())));
            self.latest = Some(run.start);
        }
        self.duplicate.is_some()
    }

    /// What came twice was told.
    pub fn duplicate_told(&mut self) {
        self.duplicate = None;
    }

    /// Remembers that the peer's FIN has this number, if it lies within the window.
    pub fn note_fin(&mut self, fin: Seq) {
        if self.nxt.le(fin) && fin.le(self.edge) {
            self.fin = Some(fin);
        }
    }

    /// Whether everything before the peer's FIN has come; if so the FIN is taken in too.
    pub fn take_fin(&mut self) -> bool {
        let reached = self.fin == Some(self.nxt);
        if reached {
            self.fin = None;
            self.nxt += 1;
            self.edge = self.edge.max(self.nxt);
        }
        reached
    }

    /// How many bytes the application may read now.
    pub fn readable(&self) -> usize {
        self.unread.len()
    }

    /// The number of the first byte that the application has not read.
    pub fn read_seq(&self) -> Seq {
        self.nxt - self.unread.len() as u32
    }

    /// Hands at most `max` bytes to the application, behind what is in `bytes` already; how many.
    pub fn read(&mut self, max: usize, bytes: &mut Vec<u8>) -> usize {
        let len = max.min(self.unread.len());
        let (head, tail) = self.unread.as_slices();
        let in_head = len.min(head.len());
        bytes.extend_from_slice(&head[..in_head]);
        bytes.extend_from_slice(&tail[..len - in_head]);
        self.unread.drain(..len);
        len
    }

    /// Throws away everything that waits here.
    pub fn discard(&mut self) {
        self.unread = VecDeque::new();
        self.runs = Vec::new();
    }
}

/// One run out of two that touch or overlap; where both have a byte, the one that came first (`old`) counts.
fn join(new: Run, old: Run) -> Run {
    let (start, end) = (new.start.min(old.start), new.end().max(old.end()));
    let mut bytes = vec![0; (end - start) as usize];
    for run in [new, old] {
        let at = (run.start - start) as usize;
        bytes[at..at + run.bytes.len()].copy_from_slice(&run.bytes);
    }
    Run { start, bytes }
}

#[cfg(test)]
mod tests {
    use super::{Receive, Seq, TcpConfig};

    /// What comes, as first number and length, each reported right after it: the blocks.
    #[track_caller]
    fn check(comes: &[(u32, u32)], blocks: &[(u32, u32)]) {
        let mut receive = Receive::new(&TcpConfig::default());
        receive.synchronize(Seq(0), 10_000);
        for &(start, len) in comes {
            receive.duplicate_told();
            receive.note_duplicate(Seq(start), Seq(start + len));
            receive.take_in(Seq(start), &vec![0; len as usize]);
        }
        let expected: Vec<_> = blocks.iter().map(|&(l, r)| (Seq(l), Seq(r))).collect();
        assert_eq!(receive.sack_blocks(4), expected, "{comes:?}");
    }

    /// The cases of RFC 2883 §4.1.
    #[test]
    fn what_came_twice_is_the_first_block() {
        check(&[(1, 10), (11, 10), (11, 10)], &[(11, 21)]);
        check(&[(1, 10), (21, 10), (21, 10)], &[(21, 31), (21, 31)]);
        check(
            &[(1, 10), (21, 10), (41, 10), (1, 10)],
            &[(1, 11), (41, 51), (21, 31)],
        );
        check(
            &[(1, 10), (21, 30), (61, 10), (31, 10)],
            &[(31, 41), (21, 51), (61, 71)],
        );
        check(&[(1, 10), (21, 10), (1, 15)], &[(1, 11), (21, 31)]);
        check(&[(1, 10), (21, 10)], &[(21, 31)]);
    }
}
