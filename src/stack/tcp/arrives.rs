//! SEGMENT ARRIVES (RFC 9293 §3.10.7): one function for each step, in the RFC's order.

mod ack;
mod handshake;

use std::ops::ControlFlow::{self, Break, Continue};

use super::Event;
use super::connection::Connection;
use super::segment::Segment;
use super::seq::Seq;
use super::timers::Timer;
use crate::proto::tcp::TcpFlags;
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;

/// Whether the next step follows.
type Step = ControlFlow<()>;

/// The control bits that tell a SYN, ACK from other segments.
const MAIN_BITS: TcpFlags =
    TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0 | TcpFlags::RST.0 | TcpFlags::FIN.0);

/// The paragraph of the states that are not CLOSED, LISTEN or SYN-SENT.
const OTHER_STATES: &str = "RFC 9293 §3.10.7.4";

impl Connection {
    /// SEGMENT ARRIVES in any state but CLOSED and LISTEN, where there is no connection yet.
    pub(super) fn segment_arrives(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let _ = match self.state {
            TcpState::Closed | TcpState::Listen => Break(()),
            TcpState::SynSent => self.arrives_in_syn_sent(cx, seg),
            _ => self.arrives_in_other_states(cx, seg),
        };
    }

    fn arrives_in_other_states(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        self.check_timestamps(cx, seg)?;
        let trimmed = self.trim_crossed_syn(cx, seg);
        let seg = trimmed.as_ref().unwrap_or(seg);
        self.check_sequence(cx, seg)?;
        self.note_timestamp(seg);
        self.check_rst(cx, seg)?;
        self.check_syn(cx, seg)?;
        self.check_ack(cx, seg)?;
        self.check_ecn(cx, seg);
        self.check_urg(cx, seg);
        self.process_text(cx, seg)?;
        self.check_fin(cx, seg)
    }

    /// Protection against wrapped sequence numbers (RFC 7323 §5.3, R1): an old timestamp means an old segment.
    fn check_timestamps(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        let Some(ours) = self.timestamps else {
            return Continue(());
        };
        match seg.options.timestamps {
            _ if seg.has(TcpFlags::RST) => Continue(()),
            Some((value, _)) if Seq(value).lt(Seq(ours.recent)) => {
                let cite = "RFC 7323 §5.3";
                self.discard(cx, cite, "timestamp older than TS.Recent (PAWS)");
                self.answer_untaken(cx, seg);
                Break(())
            }
            None => {
                let cite = "RFC 7323 §3.2";
                self.discard(cx, cite, "timestamps were agreed, and there is none");
                Break(())
            }
            Some(_) => Continue(()),
        }
    }

    /// Which timestamp is echoed from now on (RFC 7323 §4.3).
    fn note_timestamp(&mut self, seg: &Segment<'_>) {
        if let (Some(ours), Some((value, _))) = (&mut self.timestamps, seg.options.timestamps)
            && Seq(ours.recent).le(Seq(value))
            && seg.seq.le(ours.last_ack_sent)
        {
            ours.recent = value;
        }
    }

    /// Both ends open at the same time (RFC 9293 §3.5, figure 7): the peer's SYN, ACK repeats the SYN that brought us
    /// to SYN-RECEIVED. That part of it lies before the window and is trimmed off; its acknowledgment counts.
    fn trim_crossed_syn<'s>(&self, cx: &mut Cx<'_>, seg: &Segment<'s>) -> Option<Segment<'s>> {
        let crossed = self.state == TcpState::SynReceived
            && !self.passive
            && seg.flags.0 & MAIN_BITS.0 == (TcpFlags::SYN | TcpFlags::ACK).0
            && seg.seq == self.rcv.irs
            && seg.ack == self.snd.nxt;
        crossed.then(|| {
            let why = "the SYN that we have once more, with the acknowledgment of ours";
            self.decide(cx, "RFC 9293 §3.5", why);
            Segment {
                seq: seg.seq + 1,
                flags: TcpFlags(seg.flags.0 & !TcpFlags::SYN.0),
                ..seg.clone()
            }
        })
    }

    /// First, check the sequence number: an unacceptable segment is answered with an acknowledgment and dropped.
    fn check_sequence(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if self.is_acceptable(seg) {
            return Continue(());
        }
        if self.is_syn_again(seg) {
            // The echo must measure the SYN that is answered, not the first one (RFC 7323 §4.3).
            self.note_timestamp(seg);
            return self.answer_syn_again(cx);
        }
        if seg.len() == 0 && seg.end() + 1 == self.rcv.nxt && seg.has(TcpFlags::ACK) {
            let why = "empty, and one number too old: it asks whether we are alive";
            self.discard(cx, "RFC 9293 §3.8.4", why);
        } else {
            self.discard(cx, OTHER_STATES, "sequence number outside the window");
        }
        if !seg.has(TcpFlags::SYN) {
            self.note_duplicate(cx, seg.seq, seg.end());
        }
        if !seg.has(TcpFlags::RST) {
            self.answer_untaken(cx, seg);
        }
        // The peer did not get our acknowledgment of its FIN.
        if self.state == TcpState::TimeWait && seg.has(TcpFlags::FIN) {
            self.start_time_wait(cx);
        }
        Break(())
    }

    /// The four cases of the acceptability test (RFC 9293 §3.4). With the window closed, a segment at RCV.NXT is
    /// let pass for its acknowledgment; its text finds no room.
    fn is_acceptable(&self, seg: &Segment<'_>) -> bool {
        let (nxt, edge) = (self.rcv.nxt, self.rcv.edge());
        let within = |seq: Seq| nxt.le(seq) && seq.lt(edge);
        match (seg.len(), self.rcv.wnd()) {
            (_, 0) => seg.seq == nxt,
            (0, _) => within(seg.seq),
            (len, _) => within(seg.seq) || within(seg.seq + (len - 1)),
        }
    }

    /// Second, check the RST bit. Only one that is exactly at RCV.NXT resets; another one within the window is
    /// challenged (RFC 5961 §3).
    fn check_rst(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if !seg.has(TcpFlags::RST) {
            return Continue(());
        }
        if seg.seq != self.rcv.nxt {
            self.challenge(cx, OTHER_STATES, "RST not at RCV.NXT");
            return Break(());
        }
        let event = match self.state {
            TcpState::SynReceived if self.passive => None,
            TcpState::SynReceived => Some(Event::Refused(self.id)),
            TcpState::Closing | TcpState::LastAck | TcpState::TimeWait => {
                Some(Event::Closed(self.id))
            }
            _ => Some(Event::Reset(self.id)),
        };
        // Behind the peer's FIN all data are there: they may still be read.
        if let Some(Event::Reset(_)) = event {
            self.rcv.discard();
        }
        self.delete(cx, OTHER_STATES);
        if let Some(event) = event {
            self.tell(cx, event);
        }
        Break(())
    }

    /// Fourth, check the SYN bit. (Third, security, is not used.) A SYN on a synchronized connection is challenged
    /// (RFC 5961 §4); in SYN-RECEIVED from LISTEN, back to there.
    fn check_syn(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if !seg.has(TcpFlags::SYN) {
            return Continue(());
        }
        if self.state == TcpState::SynReceived && self.passive {
            self.delete(cx, OTHER_STATES);
        } else {
            self.challenge(cx, OTHER_STATES, "SYN in the window");
        }
        Break(())
    }

    /// Sixth, check the URG bit. Urgent data stay in line with all other (RFC 6093 §3): the application is told that
    /// there are some ahead of what it has read. The pointer points behind the last urgent byte (§4).
    fn check_urg(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let up = seg.seq + u32::from(seg.up);
        let takes_text = matches!(
            self.state,
            TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2
        );
        let is_ahead = self.rcv.read_seq().lt(up) && self.rcv_up.is_none_or(|before| before.lt(up));
        if seg.has(TcpFlags::URG) && takes_text && is_ahead {
            let text = "urgent data ahead: urgent mode, and delivered in line";
            self.decide(cx, "RFC 6093 §3", text);
            self.rcv_up = Some(up);
            self.tell(cx, Event::Urgent(self.id));
        }
    }

    /// Urgent mode ends when the application has read all urgent data.
    pub(super) fn end_urgent_mode(&mut self, cx: &mut Cx<'_>) {
        if self.rcv_up.is_some_and(|up| up.le(self.rcv.read_seq())) {
            self.rcv_up = None;
            self.decide(
                cx,
                OTHER_STATES,
                "all urgent data are read: urgent mode ends",
            );
        }
    }

    /// Seventh, process the segment text.
    fn process_text(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if seg.text.is_empty() {
            return Continue(());
        }
        match self.state {
            TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2 => {}
            // The peer has sent its FIN: this should not occur. Ignore the segment text.
            _ => return Continue(()),
        }
        if self.reader_gone && self.rcv.nxt.lt(seg.text_seq() + seg.text.len() as u32) {
            return self.refuse_text(cx);
        }
        let end = seg.text_seq() + seg.text.len() as u32;
        self.note_duplicate(cx, seg.text_seq(), end);
        let room = self.rcv.wnd();
        let had_gap = self.rcv.has_gap();
        let news = self.rcv.take_in(seg.text_seq(), seg.text);
        self.acknowledge_text(cx, seg, news, had_gap);
        if news > 0 {
            self.tell(cx, Event::Readable(self.id));
        } else if room == 0 {
            self.discard(cx, OTHER_STATES, "the receive window is closed");
        } else if self.rcv.nxt.lt(seg.text_seq()) {
            let text = "out of order: kept, and RCV.NXT acknowledged once more";
            self.decide(cx, OTHER_STATES, text);
        }
        Continue(())
    }

    /// What came before is reported with the next acknowledgment (RFC 2883 §4), so that the sender learns that it sent
    /// again in vain.
    fn note_duplicate(&mut self, cx: &mut Cx<'_>, start: Seq, end: Seq) {
        if self.sack_permitted && self.rcv.note_duplicate(start, end) {
            self.decide(cx, "RFC 2883 §4", "came before: reported as D-SACK");
        }
    }

    /// Data for an application that has closed (RFC 1122 §4.2.2.13): a reset says that it is lost.
    fn refuse_text(&mut self, cx: &mut Cx<'_>) -> Step {
        let cite = "RFC 1122 §4.2.2.13";
        self.decide(cx, cite, "data for an application that has closed: RST");
        self.send_rst(cx, cite);
        self.delete(cx, cite);
        self.tell(cx, Event::Closed(self.id));
        Break(())
    }

    /// Eighth, check the FIN bit. A FIN ahead of missing data waits until that has come.
    fn check_fin(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if seg.has(TcpFlags::FIN) {
            self.rcv.note_fin(seg.end() - 1);
        }
        if !self.rcv.take_fin() {
            return Continue(());
        }
        self.acknowledge_fin(cx);
        self.tell(cx, Event::PeerClosed(self.id));
        match self.state {
            TcpState::SynReceived | TcpState::Established => {
                self.enter(cx, TcpState::CloseWait, OTHER_STATES);
            }
            TcpState::FinWait1 if !self.snd.fin_is_acked() => {
                self.enter(cx, TcpState::Closing, OTHER_STATES);
            }
            TcpState::FinWait1 | TcpState::FinWait2 => self.enter_time_wait(cx),
            _ => {}
        }
        Continue(())
    }

    /// Starts the TIME-WAIT timer and turns off the others.
    pub(super) fn enter_time_wait(&mut self, cx: &mut Cx<'_>) {
        self.enter(cx, TcpState::TimeWait, OTHER_STATES);
        self.timers.stop(cx, self.id, Timer::Retransmission);
        self.timers.stop(cx, self.id, Timer::Persist);
        self.start_time_wait(cx);
    }

    fn start_time_wait(&mut self, cx: &mut Cx<'_>) {
        let at = cx.now + self.config.msl * 2;
        self.timers.start(cx, self.id, Timer::TimeWait, at);
    }
}
