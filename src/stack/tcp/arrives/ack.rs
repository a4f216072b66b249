//! Fifth, check the ACK field (RFC 9293 §3.10.7.4).

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use super::{OTHER_STATES, Step};
use crate::base::Time;
use crate::proto::tcp::TcpFlags;
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;
use crate::stack::tcp::Event;
use crate::stack::tcp::connection::Connection;
use crate::stack::tcp::segment::Segment;
use crate::stack::tcp::send::Sent;
use crate::stack::tcp::timers::Timer;

impl Connection {
    /// Fifth, check the ACK field.
    pub(super) fn check_ack(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if !seg.has(TcpFlags::ACK) {
            self.discard(cx, OTHER_STATES, "no ACK bit");
            return Break(());
        }
        if self.state == TcpState::SynReceived {
            self.check_ack_in_syn_received(cx, seg)?;
        }
        self.check_ack_range(cx, seg)?;
        let window_before = self.snd.wnd;
        self.note_outstanding();
        self.take_dsack(cx, seg);
        self.note_delivered(cx, seg);
        let news = self.take_sack(seg);
        let una_moves = self.snd.una.lt(seg.ack);
        if una_moves {
            self.acknowledge(cx, seg);
            self.update_window(seg);
        } else {
            self.update_window(seg);
            if self.is_duplicate(seg, window_before, news) {
                self.duplicate_ack(cx);
            }
        }
        self.detect_losses(cx);
        self.reduce_in_proportion(cx, una_moves);
        self.after_our_fin(cx)
    }

    /// SYN-RECEIVED: the acknowledgment of our SYN establishes the connection; any other one is reset.
    fn check_ack_in_syn_received(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if !(self.snd.una.lt(seg.ack) && seg.ack.le(self.snd.nxt)) {
            self.discard(cx, OTHER_STATES, "acknowledges what was not sent");
            self.send_rst_at(cx, seg.ack, OTHER_STATES);
            return Break(());
        }
        self.acknowledge(cx, seg);
        self.set_window(seg);
        self.establish(cx, OTHER_STATES);
        Continue(())
    }

    /// An acknowledgment of what was never sent, or of what is too long past, is answered and the segment dropped
    /// (RFC 5961 §5.2 for the latter).
    fn check_ack_range(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if self.snd.nxt.lt(seg.ack) {
            self.discard(cx, OTHER_STATES, "acknowledges what was not sent");
        } else if seg.ack.lt(self.snd.una - self.snd.max_wnd) {
            self.discard(cx, "RFC 5961 §5.2", "acknowledgment too old");
        } else {
            return Continue(());
        }
        self.answer_untaken(cx, seg);
        Break(())
    }

    /// SND.UNA < SEG.ACK =< SND.NXT: SND.UNA moves, and the retransmission queue gets shorter.
    pub(super) fn acknowledge(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let (flight, acked) = (self.snd.flight(), seg.ack - self.snd.una);
        self.r2_from = cx.now;
        let last = self.snd.acknowledge(seg.ack);
        if let Some(round_trip) = self.round_trip(cx.now, seg, last) {
            self.rto.measured(round_trip);
        }
        if self.snd.queue.is_empty() {
            self.timers.stop(cx, self.id, Timer::Retransmission);
        } else if self.persist.is_none() && self.ack_restarts_timer() {
            self.restart_retransmission_timer(cx);
        }
        if std::mem::take(&mut self.writer_waits) {
            self.tell(cx, Event::Writable(self.id));
        }
        if !self.never_established {
            self.new_ack(cx, seg, acked, flight);
        }
    }

    /// A round trip, if this acknowledgment measures one: by the time of the last segment that it covers, or else by the
    /// timestamp that it echoes (RFC 7323 §4), which is of the segment that made it and knows milliseconds only. By the
    /// time alone it is not if something that it covers was sent again (Karn's algorithm, RFC 6298 §3), or was there
    /// before: the acknowledgment of what came behind a hole has waited until the hole was filled.
    fn round_trip(
        &self,
        now: Time,
        seg: &Segment<'_>,
        last: Option<(Sent, bool)>,
    ) -> Option<Duration> {
        let (sent, is_plain) = last?;
        if is_plain {
            return Some(now.since(sent.last_sent));
        }
        let (ours, (_, echoed)) = (self.timestamps?, seg.options.timestamps?);
        let millis = ours.value(now).wrapping_sub(echoed);
        (echoed != 0 && millis < 1 << 31).then(|| Duration::from_millis(millis.into()))
    }

    /// The send window is updated by a segment that is newer than the one it was last taken from.
    fn update_window(&mut self, seg: &Segment<'_>) {
        let newer = self.snd.wl1.lt(seg.seq) || self.snd.wl1 == seg.seq && self.snd.wl2.le(seg.ack);
        if newer && self.snd.una.le(seg.ack) {
            self.set_window(seg);
        }
    }

    fn set_window(&mut self, seg: &Segment<'_>) {
        self.snd.wnd = u32::from(seg.wnd) << self.snd.wind_shift;
        self.snd.max_wnd = self.snd.max_wnd.max(self.snd.wnd);
        self.snd.wl1 = seg.seq;
        self.snd.wl2 = seg.ack;
    }

    /// The peer reports what came twice (RFC 2883 §5): the network doubled it, or it was sent again in vain.
    fn take_dsack(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        if !self.sack_permitted {
            return;
        }
        if let Some((start, end)) = seg.options.duplicate(seg.ack) {
            if cx.log.is_on() {
                let text = match end - start {
                    1 => "D-SACK: one number came twice, a byte or a FIN".to_owned(),
                    bytes => format!("D-SACK: {bytes} bytes came twice"),
                };
                self.decide(cx, "RFC 2883 §5", text);
            }
            self.widen_reordering_window(cx);
        }
    }

    /// Notes on the scoreboard what the peer reports by SACK, and returns how many bytes of that are new.
    fn take_sack(&mut self, seg: &Segment<'_>) -> u32 {
        if !self.sack_permitted || self.persist.is_some() {
            return 0;
        }
        let news = self.snd.mark_sacked(&seg.options.sack);
        if news > 0 && !self.by_rack() {
            self.snd.mark_lost();
        }
        news
    }

    /// Whether this is a duplicate ACK: the five conditions of RFC 5681 §2; with SACK, one that reports something new
    /// (RFC 6675 §2).
    fn is_duplicate(&self, seg: &Segment<'_>, window_before: u32, news: u32) -> bool {
        let waiting = !self.snd.queue.is_empty() && self.persist.is_none();
        let same = seg.ack == self.snd.una && seg.len() == 0 && window_before == self.snd.wnd;
        waiting && if self.sack_permitted { news > 0 } else { same }
    }

    /// What the acknowledgment of our FIN does in the states behind it.
    fn after_our_fin(&mut self, cx: &mut Cx<'_>) -> Step {
        if !self.snd.fin_is_acked() {
            return Continue(());
        }
        match self.state {
            TcpState::FinWait1 => self.enter(cx, TcpState::FinWait2, OTHER_STATES),
            TcpState::Closing => {
                self.enter_time_wait(cx);
                return Break(());
            }
            TcpState::LastAck => {
                self.delete(cx, OTHER_STATES);
                self.tell(cx, Event::Closed(self.id));
                return Break(());
            }
            _ => {}
        }
        Continue(())
    }
}
