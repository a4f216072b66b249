//! Loss recovery: how a loss is found before the time-out, and what is sent again.
//!
//! Fast retransmit and fast recovery (RFC 5681 §3.2), without SACK as NewReno (RFC 6582), with SACK by the scoreboard
//! (RFC 6675 §5); limited transmit (RFC 3042); and what follows a time-out.

use super::congestion::Path;
use super::connection::Connection;
use super::prr::Prr;
use super::scoreboard::DUP_THRESH;
use super::segment::Segment;
use super::send::{Send, Sent};
use super::seq::Seq;
use crate::base::Time;
use crate::stack::cx::Cx;

/// What recovery is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Fast recovery: a loss was found by duplicate ACKs or by SACK.
    Fast,
    /// What was sent before is taken as lost: all of it after a time-out, or what was too big for the path.
    AllLost,
}

/// The recovery variables of a connection.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// What is under way.
    phase: Option<Phase>,
    /// RECOVER (RFC 6582 §3.2), RecoveryPoint (RFC 6675 §2): SND.NXT when the last recovery began. `None` once
    /// SND.UNA has passed it.
    recover: Option<Seq>,
    /// DupAcks: duplicate ACKs since SND.UNA moved.
    duplicate_acks: u32,
    /// Partial acknowledgments in this recovery (RFC 6582 §3.2).
    partial_acks: u32,
    /// RescueRxt (RFC 6675 §2): only behind it a rescue is due.
    rescue_rxt: Seq,
    /// The SND.UNA of the last time-out.
    timed_out_at: Option<Seq>,
    /// Proportional rate reduction, while it is under way.
    pub(super) prr: Option<Prr>,
    /// What was not delivered yet when the acknowledgment that is being processed came.
    pub(super) outstanding: Option<u32>,
}

impl Recovery {
    /// Whether nothing is known to be lost.
    pub fn is_idle(&self) -> bool {
        self.phase.is_none()
    }

    /// Whether fast recovery is under way.
    pub fn is_fast(&self) -> bool {
        self.phase == Some(Phase::Fast)
    }

    /// Its name in the variables.
    pub fn name(&self) -> Option<&'static str> {
        self.phase.map(|phase| match phase {
            Phase::Fast => "fast recovery",
            Phase::AllLost => "retransmitting all",
        })
    }

    /// RECOVER, as long as it matters.
    pub fn recover(&self) -> Option<Seq> {
        self.recover
    }

    fn begin(&mut self, phase: Phase, snd: &Send) {
        self.phase = Some(phase);
        self.recover = Some(snd.nxt);
        self.partial_acks = 0;
        self.prr = None;
        self.rescue_rxt = snd.una + snd.queue.front().map_or(0, Sent::size);
    }
}

impl Connection {
    /// What the congestion control needs to know.
    pub(super) fn path(&self, now: Time, flight: u32) -> Path {
        Path {
            now,
            mss: self.snd.mss.into(),
            flight,
            srtt: self.rto.srtt(),
        }
    }

    /// What is in the network, as far as the mechanism under way can tell: FlightSize, or the pipe of RFC 6675.
    pub(super) fn in_flight(&self) -> u32 {
        match self.recovery.phase {
            None => self.snd.flight(),
            Some(Phase::Fast) if !self.sack_permitted => self.snd.flight(),
            Some(_) => self.snd.pipe(),
        }
    }

    /// How much more may be under way. The first two duplicate ACKs each let one new segment pass beyond cwnd: limited
    /// transmit (RFC 3042 §2).
    pub(super) fn congestion_room(&self, new: bool) -> u32 {
        let dups = self.recovery.duplicate_acks;
        let limited = new
            && self.config.limited_transmit
            && self.recovery.phase.is_none()
            && (1..DUP_THRESH).contains(&dups);
        let beyond = if limited {
            dups * u32::from(self.snd.mss)
        } else {
            0
        };
        let most = self.congestion.cwnd().saturating_add(beyond);
        most.saturating_sub(self.in_flight())
    }

    /// SND.UNA moved on by `acked` bytes, of `flight` that were under way. cwnd does not grow by an acknowledgment that
    /// tells of congestion (RFC 3168 §6.1.2).
    pub(super) fn new_ack(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>, acked: u32, flight: u32) {
        self.recovery.duplicate_acks = 0;
        let recovered = self.recovery.recover.is_none_or(|to| to.le(self.snd.una));
        match self.recovery.phase {
            Some(Phase::Fast) if recovered => self.end_fast_recovery(cx),
            Some(Phase::Fast) => self.partial_ack(cx, acked),
            Some(Phase::AllLost) | None => {
                if !self.tells_of_congestion(seg) {
                    self.congestion.acked(acked, &self.path(cx.now, flight));
                }
                if recovered && self.recovery.phase.take().is_some() {
                    self.rack.end_recovery();
                }
            }
        }
        if self.recovery.recover.is_some_and(|to| to.lt(self.snd.una)) {
            self.recovery.recover = None;
        }
        self.consider_fast_retransmit(cx);
    }

    /// A duplicate ACK arrived (RFC 5681 §2; with SACK RFC 6675 §2).
    pub(super) fn duplicate_ack(&mut self, cx: &mut Cx<'_>) {
        self.recovery.duplicate_acks += 1;
        if cx.log.is_on() {
            let text = format!("duplicate ACK number {}", self.recovery.duplicate_acks);
            self.decide(cx, "RFC 5681 §2", text);
        }
        match self.recovery.phase {
            // A segment has left the network.
            Some(Phase::Fast) if !self.sack_permitted => {
                self.congestion.inflate(self.snd.mss.into());
            }
            _ => self.consider_fast_retransmit(cx),
        }
    }

    /// Fast retransmit: at the third duplicate ACK, or as soon as the scoreboard tells that the first segment is lost
    /// (RFC 6675 §5, step 2). Not for what was sent before the last recovery began (RFC 6582 §3.2, step 2).
    pub(super) fn consider_fast_retransmit(&mut self, cx: &mut Cx<'_>) {
        let third = self.recovery.duplicate_acks >= DUP_THRESH && !self.by_rack();
        let lost = self.sack_permitted && self.snd.next_lost().is_some();
        let waits = self.recovery.phase.is_none() && self.persist.is_none();
        if self.snd.queue.is_empty() || !waits || !(third || lost) {
            return;
        }
        if self.recovery.recover.is_some() && !self.sack_permitted {
            if self.recovery.duplicate_acks == DUP_THRESH {
                let text = "not beyond RECOVER: no fast retransmit";
                self.decide(cx, "RFC 6582 §3.2", text);
            }
            return;
        }
        self.begin_fast_recovery(cx, third);
    }

    fn begin_fast_recovery(&mut self, cx: &mut Cx<'_>, third: bool) {
        let cite = match (self.by_rack(), self.sack_permitted) {
            (true, _) => "RFC 8985 §6.2",
            (_, true) => "RFC 6675 §5",
            _ => "RFC 5681 §3.2",
        };
        self.rack.end_probe();
        let path = self.path(cx.now, self.snd.flight());
        self.congestion.lost(&path);
        self.recovery.begin(Phase::Fast, &self.snd);
        self.snd.forget_resent();
        if self.by_prr() {
            let outstanding = self.recovery.outstanding;
            let outstanding = outstanding.unwrap_or_else(|| self.snd.outstanding());
            self.recovery.prr = Some(Prr::new(outstanding));
        }
        if !self.sack_permitted {
            self.congestion.inflate(DUP_THRESH * path.mss);
        }
        if cx.log.is_on() {
            let why = if third {
                "third duplicate ACK"
            } else {
                "SACK shows that a segment is lost"
            };
            let text = if self.congestion.limits() {
                let ssthresh = self.congestion.ssthresh();
                let cwnd = match self.sack_permitted {
                    true if self.by_prr() => format!("reduced to {ssthresh}, cwnd in proportion"),
                    true => format!("and cwnd reduced to {ssthresh}"),
                    false => format!("reduced to {ssthresh}, cwnd to that and 3 segments"),
                };
                format!("{why}: fast retransmit, ssthresh {cwnd}")
            } else {
                format!("{why}: fast retransmit")
            };
            self.decide(cx, cite, text);
        }
        let first = self.snd.next_lost().unwrap_or(0);
        self.retransmit(cx, first, cite);
        self.begin_proportional_reduction();
    }

    /// A partial acknowledgment: the next segment is lost, too. With SACK the scoreboard tells more (RFC 6582 §3.2,
    /// step 3).
    fn partial_ack(&mut self, cx: &mut Cx<'_>, acked: u32) {
        self.recovery.partial_acks += 1;
        if self.sack_permitted {
            return;
        }
        let cite = "RFC 6582 §3.2";
        self.congestion.deflate(acked, self.snd.mss.into());
        self.decide(
            cx,
            cite,
            "partial acknowledgment: the next one is lost, too",
        );
        self.retransmit(cx, 0, cite);
    }

    fn end_fast_recovery(&mut self, cx: &mut Cx<'_>) {
        self.recovery.phase = None;
        self.rack.end_recovery();
        let cite = if self.sack_permitted {
            self.end_proportional_reduction();
            "RFC 6675 §5"
        } else {
            let path = self.path(cx.now, self.snd.flight());
            self.congestion.end_recovery(&path);
            "RFC 6582 §3.2"
        };
        self.snd.forget_resent();
        self.decide(cx, cite, "all that was sent before the loss has arrived");
    }

    /// Whether an acknowledgment restarts the retransmission timer: not from the second partial one on, so that many
    /// losses without SACK end in a time-out (RFC 6582 §3.2, step 3).
    pub(super) fn ack_restarts_timer(&self) -> bool {
        self.sack_permitted
            || self.recovery.phase != Some(Phase::Fast)
            || self.recovery.partial_acks == 0
    }

    /// The first segment timed out: cwnd is one segment, and everything goes again in slow start (RFC 5681 §3.1,
    /// RFC 6582 §4, RFC 6675 §5.1).
    pub(super) fn after_timeout(&mut self, cx: &mut Cx<'_>) {
        let same = self.recovery.timed_out_at == Some(self.snd.una);
        self.recovery.timed_out_at = Some(self.snd.una);
        let path = self.path(cx.now, self.snd.flight());
        self.congestion.timed_out(same, &path);
        self.take_all_as_lost();
    }

    /// What is under way is taken as lost until SND.UNA gets to where SND.NXT is now.
    pub(super) fn take_all_as_lost(&mut self) {
        self.recovery.duplicate_acks = 0;
        self.rack.end_probe();
        self.recovery.begin(Phase::AllLost, &self.snd);
        self.snd.mark_all_lost();
    }

    /// What is under way and larger than the largest segment is taken as lost: it was too big for the path.
    pub(super) fn take_big_as_lost(&mut self) {
        if self.snd.mark_big_lost() {
            self.end_proportional_reduction();
            self.recovery.duplicate_acks = 0;
            self.rack.end_probe();
            self.recovery.begin(Phase::AllLost, &self.snd);
        }
    }

    /// Sends again what is lost, as far as cwnd and the window allow (RFC 6675 §5, step C; NextSeg, rule 1).
    pub(super) fn send_lost(&mut self, cx: &mut Cx<'_>) {
        let cite = match self.recovery.phase {
            None => return,
            Some(Phase::Fast) if !self.sack_permitted => return,
            Some(Phase::Fast) => "RFC 6675 §5",
            Some(Phase::AllLost) => "RFC 5681 §3.1",
        };
        while let Some(index) = self.snd.next_lost()
            && self.may_resend(index)
        {
            self.decide(cx, cite, "lost: sent again");
            self.retransmit(cx, index, cite);
            self.record_vars(cx);
        }
    }

    /// With nothing new to send, SACK recovery sends again what may be lost (RFC 6675 §4, NextSeg, rules 3 and 4).
    pub(super) fn send_missing(&mut self, cx: &mut Cx<'_>) {
        if self.recovery.phase != Some(Phase::Fast) || !self.sack_permitted {
            return;
        }
        let cite = "RFC 6675 §4";
        while let Some(index) = self.snd.next_missing()
            && self.may_resend(index)
        {
            self.decide(
                cx,
                cite,
                "perhaps lost, and nothing new to send: sent again",
            );
            self.retransmit(cx, index, cite);
            self.record_vars(cx);
        }
        if let Some(index) = self.snd.last_missing()
            && self.may_rescue(index)
        {
            self.recovery.rescue_rxt = self.snd.nxt;
            self.decide(cx, cite, "rescue retransmission of the last segment");
            self.retransmit(cx, index, cite);
        }
    }

    /// Once in a recovery, after the first retransmission has arrived; not for what was just sent again.
    fn may_rescue(&self, index: usize) -> bool {
        let due = self.recovery.rescue_rxt.lt(self.snd.una);
        due && !self.snd.queue[index].resent && self.may_resend(index)
    }

    /// Whether cwnd has room for this segment, and the window has not shrunk below it (RFC 9293 §3.8.6, SHLD-16).
    fn may_resend(&self, index: usize) -> bool {
        let sent = &self.snd.queue[index];
        let len = sent.size().min(self.snd.mss.into());
        let window_ends = self.snd.una + self.snd.wnd;
        len <= self.congestion_room(false) && sent.seq.lt(window_ends)
    }
}
