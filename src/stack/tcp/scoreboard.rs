//! What the sender knows of what is under way: the scoreboard of RFC 6675 §3 and §4, kept in the retransmission queue.

use std::time::Duration;

use super::send::{Send, Sent};
use super::seq::Seq;
use crate::base::Time;

/// DupThresh (RFC 6675 §2): so many duplicate ACKs, or segments that came behind it, mean that a segment is lost.
pub const DUP_THRESH: u32 = 3;

/// The last sending of a segment: which of two was first (RFC 8985 §5.1, RACK_sent_after)? Several may go out at one time,
/// so they are counted; the end tells the parts of one that was split.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    order: u64,
    end: Seq,
}

impl Sending {
    /// Whether this one was first.
    pub fn is_before(self, other: Self) -> bool {
        self.order < other.order || self.order == other.order && self.end.lt(other.end)
    }
}

impl Sent {
    /// Its last sending.
    pub fn sending(&self) -> Sending {
        Sending {
            order: self.order,
            end: self.end(),
        }
    }

    /// The sequence numbers that it takes.
    pub fn size(&self) -> u32 {
        self.end() - self.seq
    }

    /// Its share in the pipe: what of it is thought to be in the network (RFC 6675 §4, SetPipe).
    fn in_pipe(&self) -> u32 {
        let copies = u32::from(!self.lost) + u32::from(self.resent);
        if self.sacked { 0 } else { copies * self.size() }
    }

    /// Whether it is to be sent again.
    fn is_due(&self) -> bool {
        self.lost && !self.resent && !self.sacked
    }
}

impl Send {
    /// FlightSize (RFC 5681 §2).
    pub fn flight(&self) -> u32 {
        self.nxt - self.una
    }

    /// The pipe: how much is thought to be in the network (RFC 6675 §4, SetPipe).
    pub fn pipe(&self) -> u32 {
        if self.marked_to.le(self.una) {
            return self.flight();
        }
        self.queue.iter().map(Sent::in_pipe).sum()
    }

    /// How much was sent and is neither acknowledged nor reported by SACK.
    pub fn outstanding(&self) -> u32 {
        let missing = self.queue.iter().filter(|sent| !sent.sacked);
        missing.map(Sent::size).sum()
    }

    /// What the peer reported by SACK and has not acknowledged yet: runs, start and end.
    pub fn sacked(&self) -> impl Iterator<Item = (Seq, Seq)> {
        let marked = if self.marked_to.le(self.una) {
            0
        } else {
            self.queue.len()
        };
        let mut sacked = self.queue.iter().take(marked).filter(|sent| sent.sacked);
        let mut next = sacked.next();
        std::iter::from_fn(move || {
            let first = next?;
            let (start, mut end) = (first.seq, first.end());
            next = sacked.next();
            while let Some(sent) = next.filter(|sent| sent.seq == end) {
                end = sent.end();
                next = sacked.next();
            }
            Some((start, end))
        })
    }

    /// Marks what the peer reported by SACK (RFC 2018 §5; RFC 6675 §4, Update) and returns how much of that is new. A
    /// block that covers a part of a segment says nothing of it.
    pub fn mark_sacked(&mut self, blocks: &[(Seq, Seq)]) -> u32 {
        let mut news = 0;
        if blocks.is_empty() {
            return news;
        }
        let covers = |sent: &Sent| {
            let within = |&(start, end): &(Seq, Seq)| start.le(sent.seq) && sent.end().le(end);
            blocks.iter().any(within)
        };
        for sent in &mut self.queue {
            if !sent.sacked && covers(sent) {
                sent.sacked = true;
                news += sent.size();
                self.marked_to = self.marked_to.max(sent.end());
            }
        }
        news
    }

    /// Marks what is lost (RFC 6675 §4, IsLost): DupThresh separate runs, or more than DupThresh - 1 segments, have
    /// arrived from behind it.
    pub fn mark_lost(&mut self) {
        let enough = (DUP_THRESH - 1) * u32::from(self.mss);
        let (mut bytes, mut runs, mut in_run) = (0, 0, false);
        for sent in self.queue.iter_mut().rev() {
            if sent.sacked {
                bytes += sent.size();
                runs += u32::from(!in_run);
            } else if bytes > enough || runs >= DUP_THRESH {
                self.lost_anew |= !sent.lost;
                sent.lost = true;
            }
            in_run = sent.sacked;
        }
    }

    /// Marks what was sent before `latest` and is overdue by now (RFC 8985 §6.2, step 5); returns how many bytes those
    /// are, and when the last of the others that were sent before will be overdue.
    pub fn mark_overdue(
        &mut self,
        latest: Sending,
        patience: Duration,
        now: Time,
    ) -> (u32, Option<Time>) {
        let (mut lost, mut next) = (0, None);
        let in_order = self.marked_to.le(self.una);
        for sent in &mut self.queue {
            if !sent.sending().is_before(latest) {
                if in_order {
                    break;
                }
                continue;
            }
            if sent.sacked || sent.is_due() {
                continue;
            }
            let overdue = sent.last_sent + patience;
            if overdue <= now {
                (sent.lost, sent.resent) = (true, false);
                lost += sent.size();
                self.marked_to = self.marked_to.max(sent.end());
            } else {
                next = next.max(Some(overdue));
            }
        }
        self.lost_anew |= lost > 0;
        (lost, next)
    }

    /// How many segments the peer has reported.
    pub fn sacked_segments(&self) -> usize {
        if self.marked_to.le(self.una) {
            return 0;
        }
        self.queue.iter().filter(|sent| sent.sacked).count()
    }

    /// Everything is taken as lost, and due to be sent again. What SACK reported is forgotten: the peer may have
    /// thrown it away (RFC 2018 §8).
    pub fn mark_all_lost(&mut self) {
        for sent in &mut self.queue {
            (sent.sacked, sent.lost, sent.resent) = (false, true, false);
        }
        self.marked_to = self.nxt;
    }

    /// What is larger than the largest segment is taken as lost, and due to be sent again. Whether that is anything.
    pub fn mark_big_lost(&mut self) -> bool {
        let mss = u32::from(self.mss);
        let mut any = false;
        for sent in &mut self.queue {
            if sent.len > mss && !sent.sacked {
                (sent.lost, sent.resent) = (true, false);
                self.marked_to = self.marked_to.max(sent.end());
                any = true;
            }
        }
        any
    }

    /// What was sent again in the last recovery may be sent again in the next one.
    pub fn forget_resent(&mut self) {
        for sent in &mut self.queue {
            sent.resent = false;
        }
    }

    /// Marks the segment at `index` as sent again.
    pub fn mark_resent(&mut self, index: usize) {
        self.sendings += 1;
        let sent = &mut self.queue[index];
        (sent.resent, sent.order) = (true, self.sendings);
        self.marked_to = self.marked_to.max(sent.end());
    }

    /// The first segment that is lost and was not sent again (RFC 6675 §4, NextSeg, rule 1).
    pub fn next_lost(&self) -> Option<usize> {
        if self.marked_to.le(self.una) {
            return None;
        }
        self.queue.iter().position(Sent::is_due)
    }

    /// The first segment that may be lost: not reported, not sent again, and before one that came (RFC 6675 §4,
    /// NextSeg, rule 3).
    pub fn next_missing(&self) -> Option<usize> {
        let highest = self.queue.iter().rposition(|sent| sent.sacked)?;
        let missing = |sent: &Sent| !sent.sacked && !sent.resent;
        self.queue.iter().take(highest).position(missing)
    }

    /// The last segment that was not reported (RFC 6675 §4, NextSeg, rule 4).
    pub fn last_missing(&self) -> Option<usize> {
        self.queue.iter().rposition(|sent| !sent.sacked)
    }
}

#[cfg(test)]
mod tests {
    use super::{Send, Seq};
    use crate::base::Time;
    use crate::stack::tcp::TcpConfig;

    /// Segments of 10 bytes, and which of them were reported; then the marks: `s` for reported, `L` for lost, `.` for
    /// neither, and the pipe.
    fn check(reported: &str, marks: &str, pipe: u32) {
        let mut send = Send::new(Seq(u32::MAX - 25), &TcpConfig::default(), 10);
        send.una = send.iss + 1;
        send.nxt = send.una;
        send.write(&[0; 500]);
        for _ in reported.chars() {
            send.enqueue(10, false, false, Time::ZERO);
        }
        let blocks: Vec<_> = (0..)
            .zip(reported.chars())
            .filter(|&(_, c)| c == 's')
            .map(|(i, _)| (send.una + i * 10, send.una + i * 10 + 10))
            .collect();
        let news = send.mark_sacked(&blocks);
        assert_eq!(news, 10 * blocks.len() as u32);
        assert_eq!(send.mark_sacked(&blocks), 0);
        send.mark_lost();
        let mark = |sent: &super::Sent| match (sent.sacked, sent.lost) {
            (true, _) => 's',
            (_, true) => 'L',
            _ => '.',
        };
        let marked: String = send.queue.iter().map(mark).collect();
        assert_eq!((marked.as_str(), send.pipe()), (marks, pipe), "{reported}");
    }

    #[test]
    fn what_is_lost() {
        check("......", "......", 60);
        check(".ss...", ".ss...", 40);
        check(".sss..", "Lsss..", 20);
        check(".s.s.s", "Ls.s.s", 20);
        check("..s.ss.", "LLs.ss.", 20);
        check("..sss..s..", "LLsss..s..", 40);
    }
}
