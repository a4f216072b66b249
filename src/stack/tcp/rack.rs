//! RACK-TLP (RFC 8985): a segment is lost when one that was sent sufficiently later has arrived; and a probe finds the
//! loss of the last ones before the time-out.

use std::time::Duration;

use super::connection::Connection;
use super::scoreboard::{DUP_THRESH, Sending};
use super::segment::Segment;
use super::send::Sent;
use super::seq::Seq;
use super::timers::Timer;
use crate::base::Time;
use crate::stack::cx::Cx;

const LOSS: &str = "RFC 8985 §6.2";
const PROBE: &str = "RFC 8985 §7.3";

/// TLP.max_ack_delay: how long the peer may delay the acknowledgment of a single segment (§7.2).
const MAX_ACK_DELAY: Duration = Duration::from_millis(200);

/// The variables of RFC 8985 §5.2 and §7.1.
#[derive(Debug, Clone, Default)]
pub struct Rack {
    /// RACK.xmit_ts and RACK.end_seq: of all that arrived, what was sent last.
    latest: Option<Sending>,
    /// RACK.rtt: the round trip of that.
    rtt: Duration,
    /// RACK.min_RTT.
    min_rtt: Option<Duration>,
    /// RACK.fack: behind the highest that arrived.
    fack: Option<Seq>,
    /// RACK.reordering_seen.
    reordering_seen: bool,
    /// RACK.reo_wnd_mult - 1: how many more quarters of a round trip the reordering window has.
    wider: u32,
    /// RACK.reo_wnd_persist: after so many recoveries it is a quarter again.
    recoveries_wide: u32,
    /// RACK.dsack_round: it widens once in a round trip.
    dsack_round: Option<Seq>,
    /// TLP.end_seq and TLP.is_retrans, while a probe is not answered.
    probe: Option<(Seq, bool)>,
    /// SND.UNA and SND.NXT when the probe timer was started.
    scheduled: Option<(Seq, Seq)>,
}

impl Rack {
    /// Loss recovery began: no probe is waited for.
    pub fn end_probe(&mut self) {
        self.probe = None;
    }

    /// Loss recovery is over: a reordering window that was widened goes back in the end (§6.2, step 4).
    pub fn end_recovery(&mut self) {
        self.recoveries_wide = self.recoveries_wide.saturating_sub(1);
        if self.recoveries_wide == 0 {
            self.wider = 0;
        }
    }
}

impl Connection {
    /// Whether RACK finds the losses here: it needs SACK (RFC 8985 §4).
    pub(super) fn by_rack(&self) -> bool {
        self.config.rack && self.sack_permitted
    }

    /// §6.2, steps 1 to 3, before the acknowledgment takes effect: which segments does it report for the first time?
    pub(super) fn note_delivered(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        if !self.by_rack() || self.persist.is_some() {
            return;
        }
        let mut index = 0;
        while let Some(&sent) = self.snd.queue.get(index) {
            let acked = sent.end().le(seg.ack);
            if !acked && seg.options.sack.is_empty() {
                break;
            }
            let within = |&(start, end): &(Seq, Seq)| start.le(sent.seq) && sent.end().le(end);
            if !sent.sacked && (acked || seg.options.sack.iter().any(within)) {
                self.delivered(cx.now, seg, &sent);
            }
            index += 1;
        }
        self.end_of_probe(cx, seg);
    }

    fn delivered(&mut self, now: Time, seg: &Segment<'_>, sent: &Sent) {
        let rtt = now.since(sent.last_sent);
        let again = sent.retransmissions > 0;
        if !self.rack.fack.is_some_and(|fack| sent.end().lt(fack)) {
            self.rack.fack = Some(sent.end());
        } else if !again {
            self.rack.reordering_seen = true;
        }
        if again && self.is_for_the_first(seg, sent, rtt) {
            return;
        }
        let min = self.rack.min_rtt.map_or(rtt, |min| min.min(rtt));
        self.rack.min_rtt = Some(min);
        let later = |latest: Sending| latest.is_before(sent.sending());
        if self.rack.latest.is_none_or(later) {
            self.rack.latest = Some(sent.sending());
            self.rack.rtt = rtt;
        }
    }

    /// Whether what was sent again was acknowledged for the sake of its first sending: by the timestamp, or because it
    /// would be too soon (§6.2, step 2).
    fn is_for_the_first(&self, seg: &Segment<'_>, sent: &Sent, rtt: Duration) -> bool {
        let older = match (self.timestamps, seg.options.timestamps) {
            (Some(ours), Some((_, echoed))) => Seq(echoed).lt(Seq(ours.value(sent.last_sent))),
            _ => false,
        };
        older || self.rack.min_rtt.is_some_and(|min| rtt < min)
    }

    /// §6.2, steps 4 and 5: what was sent before the latest that arrived, and is overdue, is lost.
    pub(super) fn detect_losses(&mut self, cx: &mut Cx<'_>) {
        let waits = self.by_rack() && self.persist.is_none() && !self.snd.queue.is_empty();
        let Some(latest) = self.rack.latest.filter(|_| waits) else {
            self.timers.stop(cx, self.id, Timer::Reordering);
            return;
        };
        let patience = self.rack.rtt + self.reordering_window();
        let (lost, next) = self.snd.mark_overdue(latest, patience, cx.now);
        if lost > 0 && cx.log.is_on() {
            let text = format!("sent before what arrived, and overdue: {lost} bytes are lost");
            self.decide(cx, LOSS, text);
        }
        match next {
            Some(at) => self.timers.start(cx, self.id, Timer::Reordering, at),
            None => self.timers.stop(cx, self.id, Timer::Reordering),
        }
        if lost > 0 {
            self.consider_fast_retransmit(cx);
        }
    }

    /// DSACK says that something was sent again in vain: from now on there is more patience (§6.2, step 4).
    pub(super) fn widen_reordering_window(&mut self, cx: &mut Cx<'_>) {
        const PERSISTS: u32 = 16;
        let rack = &mut self.rack;
        if rack.dsack_round.is_some_and(|to| to.le(self.snd.una)) {
            rack.dsack_round = None;
        }
        if !self.config.rack || rack.dsack_round.is_some() {
            return;
        }
        rack.dsack_round = Some(self.snd.nxt);
        rack.wider = rack.wider.saturating_add(1);
        rack.recoveries_wide = PERSISTS;
        self.decide(cx, LOSS, "sent again in vain: a wider reordering window");
    }

    /// RACK.reo_wnd (§6.2, step 4).
    fn reordering_window(&self) -> Duration {
        let sure = self.recovery.is_fast() || self.snd.sacked_segments() >= DUP_THRESH as usize;
        if sure && !self.rack.reordering_seen {
            return Duration::ZERO;
        }
        let quarter = self.rack.min_rtt.unwrap_or_default() / 4;
        let window = quarter.saturating_mul(self.rack.wider.saturating_add(1));
        window.min(self.rto.srtt().unwrap_or(window))
    }

    /// Starts the probe timer anew whenever something was sent or acknowledged, and stops it where no probe is due
    /// (§7.2).
    pub(super) fn schedule_probe(&mut self, cx: &mut Cx<'_>) {
        let due = self.by_rack()
            && !self.never_established
            && self.recovery.is_idle()
            && self.persist.is_none()
            && self.rack.probe.is_none()
            && !self.snd.queue.is_empty()
            && self.snd.sacked_segments() == 0;
        let now = due.then_some((self.snd.una, self.snd.nxt));
        if now == self.rack.scheduled {
            return;
        }
        self.rack.scheduled = now;
        let at = cx.now + self.probe_timeout();
        let first = self
            .timers
            .get(Timer::Retransmission)
            .is_some_and(|rto| at < rto);
        if due && first {
            self.timers.start(cx, self.id, Timer::TailLossProbe, at);
        } else {
            self.timers.stop(cx, self.id, Timer::TailLossProbe);
        }
    }

    /// PTO (§7.2).
    fn probe_timeout(&self) -> Duration {
        let delay = if self.snd.queue.len() == 1 {
            MAX_ACK_DELAY
        } else {
            Duration::ZERO
        };
        let round_trips = |srtt| srtt * 2 + delay;
        self.rto.srtt().map_or(Duration::from_secs(1), round_trips)
    }

    /// The probe: a new segment, or else the last one again (§7.3).
    pub(super) fn probe_tail(&mut self, cx: &mut Cx<'_>) {
        let Some(last) = self.snd.queue.len().checked_sub(1) else {
            return;
        };
        let new = self.snd.next_len();
        if new > 0 {
            self.decide(cx, PROBE, "nothing was heard: a new segment as a probe");
            self.send_first(cx, new, self.snd.fin_follows(new), PROBE);
        } else {
            self.decide(cx, PROBE, "nothing was heard: the last segment as a probe");
            self.retransmit(cx, last, PROBE);
        }
        self.rack.probe = Some((self.snd.nxt, new == 0));
        self.restart_retransmission_timer(cx);
    }

    /// §7.4.2: the probe is answered. If it was the last segment, and nobody says that this came twice, then the probe
    /// has mended a loss, which is one of congestion.
    fn end_of_probe(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let Some((end, again)) = self.rack.probe.filter(|(end, _)| end.le(seg.ack)) else {
            return;
        };
        let twice = seg.options.duplicate(seg.ack).is_some();
        let repeated = seg.ack == self.snd.una && seg.options.sack.is_empty();
        if !again || twice {
            self.rack.probe = None;
        } else if end.lt(seg.ack) {
            self.rack.probe = None;
            let path = self.path(cx.now, self.snd.flight());
            self.congestion.lost(&path);
            let text = "the probe has mended a loss: cwnd is reduced";
            self.decide(cx, "RFC 8985 §7.4.2", text);
        } else if repeated {
            self.rack.probe = None;
        }
    }
}
