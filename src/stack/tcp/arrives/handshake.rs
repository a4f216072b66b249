//! SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2) and in SYN-SENT (§3.10.7.3).

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use super::Step;
use crate::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;
use crate::stack::tcp::Event;
use crate::stack::tcp::congestion::Congestion;
use crate::stack::tcp::connection::{Connection, Opening};
use crate::stack::tcp::options::{default_mss, header_len};
use crate::stack::tcp::segment::Segment;
use crate::stack::tcp::seq::Seq;

const SYN_SENT: &str = "RFC 9293 §3.10.7.3";

/// A SYN that comes again this soon after our SYN, ACK was not prompted by the loss of that.
const SYN_AGAIN_INTERVAL: Duration = Duration::from_millis(500);

/// With one of these a SYN begins nothing new.
const NO_FIRST_SYN: TcpFlags = TcpFlags(TcpFlags::ACK.0 | TcpFlags::RST.0 | TcpFlags::FIN.0);

impl Connection {
    /// A SYN for a listener. RST and ACK were checked by who holds the listeners.
    pub(in crate::stack::tcp) fn arrives_in_listen(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        self.take_syn(cx, seg);
        self.enter(cx, TcpState::SynReceived, "RFC 9293 §3.10.7.2");
        self.send_syn(cx);
    }

    /// The acknowledgment of a SYN, ACK that was a cookie (RFC 4987 §3.6): goes through LISTEN and SYN-RECEIVED as if
    /// the SYN had been kept, of which `mss` is all that is left, and takes the acknowledgment in.
    pub(in crate::stack::tcp) fn accept_cookie(
        cx: &mut Cx<'_>,
        opening: Opening,
        mss: u16,
        header: &TcpHeader,
        text: &[u8],
    ) -> Self {
        let mut conn = Self::new(cx, opening, true);
        conn.state = TcpState::Listen;
        let syn = TcpHeader {
            sequence_number: header.sequence_number.wrapping_sub(1),
            flags: TcpFlags::SYN,
            options: vec![TcpOption::Mss(mss)],
            ..header.clone()
        };
        conn.as_one_call(cx, |conn, cx| {
            conn.take_syn(cx, &Segment::new(&syn, &[]));
            conn.enter(cx, TcpState::SynReceived, "RFC 4987 §3.6");
            // When the SYN, ACK went out is forgotten too: it measures no round trip.
            conn.snd.enqueue(0, true, false, cx.now);
            conn.snd.queue[0].retransmissions = 1;
            conn.segment_arrives(cx, &Segment::new(header, text));
            conn.restart_keep_alive(cx);
        });
        conn
    }

    /// Whether this SYN may end TIME-WAIT and begin a new connection: its numbers, or with timestamps its clock, lie
    /// beyond those of this one (RFC 9293 §3.6.1, RFC 6191 §2).
    pub(in crate::stack::tcp) fn is_reopened_by(&self, seg: &Segment<'_>) -> bool {
        let later_number = self.rcv.nxt.le(seg.seq);
        let later = match (self.timestamps, seg.options.timestamps) {
            (Some(ours), Some((value, _))) => {
                Seq(ours.recent).lt(Seq(value)) || ours.recent == value && later_number
            }
            _ => later_number,
        };
        let only_syn = seg.has(TcpFlags::SYN) && seg.flags.0 & NO_FIRST_SYN.0 == 0;
        self.state == TcpState::TimeWait && only_syn && later
    }

    /// TIME-WAIT ends early; returns a number beyond all that this connection has used.
    pub(in crate::stack::tcp) fn give_way(&mut self, cx: &mut Cx<'_>) -> Seq {
        let beyond = self.snd.nxt + 1;
        let cite = "RFC 9293 §3.6.1";
        self.as_one_call(cx, |conn, cx| {
            let why = "a SYN beyond all that this connection has used: TIME-WAIT gives way to it";
            conn.decide(cx, cite, why);
            conn.delete(cx, cite);
            conn.tell(cx, Event::Closed(conn.id));
        });
        beyond
    }

    /// SYN-SENT: first ACK, second RST, third security, fourth SYN, fifth neither.
    pub(super) fn arrives_in_syn_sent(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        self.check_ack_in_syn_sent(cx, seg)?;
        self.check_rst_in_syn_sent(cx, seg)?;
        if seg.has(TcpFlags::SYN) {
            self.check_syn_in_syn_sent(cx, seg);
        } else {
            self.discard(cx, SYN_SENT, "neither SYN nor RST in SYN-SENT");
        }
        Break(())
    }

    fn check_ack_in_syn_sent(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        let acceptable = self.snd.una.lt(seg.ack) && seg.ack.le(self.snd.nxt);
        if !seg.has(TcpFlags::ACK) || acceptable {
            return Continue(());
        }
        self.discard(cx, SYN_SENT, "acknowledges what was not sent");
        if !seg.has(TcpFlags::RST) {
            self.send_rst_at(cx, seg.ack, SYN_SENT);
        }
        Break(())
    }

    fn check_rst_in_syn_sent(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) -> Step {
        if !seg.has(TcpFlags::RST) {
            return Continue(());
        }
        if seg.has(TcpFlags::ACK) {
            self.delete(cx, SYN_SENT);
            self.tell(cx, Event::Refused(self.id));
        } else {
            self.discard(cx, SYN_SENT, "RST without ACK in SYN-SENT");
        }
        Break(())
    }

    /// Our SYN was answered; or, without an ACK, the peer opens at the same time.
    fn check_syn_in_syn_sent(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        self.take_syn(cx, seg);
        if seg.has(TcpFlags::ACK) {
            self.acknowledge(cx, seg);
            self.snd.wl1 = seg.seq;
            self.snd.wl2 = seg.ack;
            self.ack_due = true;
            self.establish(cx, SYN_SENT);
            // What else the segment carries is processed where that is done.
            let _ = self.process_text(cx, seg);
            let _ = self.check_fin(cx, seg);
        } else {
            self.enter(cx, TcpState::SynReceived, SYN_SENT);
            self.retransmit(cx, 0, SYN_SENT);
        }
    }

    /// Takes the peer's initial number, its window, and what both ends agree on.
    fn take_syn(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        self.agree_on_options(seg);
        self.agree_on_ecn(cx, seg);
        // What our SYN has offered, or our SYN, ACK is about to offer.
        let options = if self.passive { self.option_len() } else { 0 };
        let wnd = self.rcv.syn_window(self.own_mss().saturating_sub(options));
        self.rcv.synchronize(seg.seq, wnd);
        if let Some(timestamps) = &mut self.timestamps {
            timestamps.last_ack_sent = self.rcv.nxt;
        }
        // The window of a SYN is never scaled (RFC 7323 §2.2).
        self.snd.wnd = u32::from(seg.wnd);
        self.snd.max_wnd = self.snd.wnd;
        self.snd.wl1 = seg.seq;
        if !seg.text.is_empty() && !seg.has(TcpFlags::ACK) {
            self.discard(
                cx,
                "RFC 9293 §3.10.7.2",
                "data on a SYN: it will come again",
            );
        }
    }

    fn agree_on_options(&mut self, seg: &Segment<'_>) {
        let theirs = &seg.options;
        self.window_scaling &= theirs.wind_shift.is_some();
        if let (true, Some(shift)) = (self.window_scaling, theirs.wind_shift) {
            self.snd.wind_shift = shift;
            self.rcv.wind_shift = self.config.shift();
        }
        self.sack_permitted &= theirs.sack_permitted;
        match (&mut self.timestamps, theirs.timestamps) {
            (Some(ours), Some((value, _))) => {
                ours.recent = value;
            }
            _ => self.timestamps = None,
        }
        let remote = self.remote.ip();
        let path = (self.path_mtu).map_or(u16::MAX, |mtu| mtu - header_len(remote));
        let usual = default_mss(remote);
        let mss = theirs.mss.unwrap_or(usual).min(self.link_mss).min(path);
        // The MSS counts no options (RFC 6691): what they take is taken from the data.
        self.snd.mss = mss.saturating_sub(self.option_len()).max(1);
    }

    /// Both SYNs are acknowledged.
    pub(super) fn establish(&mut self, cx: &mut Cx<'_>, cite: &'static str) {
        if self.syn_retransmissions > 0 {
            self.rto.syn_was_lost();
        }
        self.never_established = false;
        self.begin_congestion_control();
        self.enter(cx, TcpState::Established, cite);
        let event = if self.passive {
            Event::Accepted {
                listener: self.local.port(),
                conn: self.id,
            }
        } else {
            Event::Connected(self.id)
        };
        self.tell(cx, event);
        if self.snd.is_ended() {
            self.enter(cx, TcpState::FinWait1, "RFC 9293 §3.10.4");
        }
    }

    /// The initial window counts from here. A SYN that was lost more than once shows a path that has no room
    /// (RFC 6928 §2).
    fn begin_congestion_control(&mut self) {
        let segments = if self.syn_retransmissions > 1 {
            1
        } else {
            self.config.initial_window
        };
        self.congestion = Congestion::new(self.config.congestion, self.snd.mss, segments);
    }

    /// Whether this is the peer's SYN once more, because our SYN, ACK has not reached it.
    pub(super) fn is_syn_again(&self, seg: &Segment<'_>) -> bool {
        self.state == TcpState::SynReceived && seg.flags == TcpFlags::SYN && seg.seq == self.rcv.irs
    }

    /// The acknowledgment that is due carries our SYN again: a bare one would not open the peer's side.
    pub(super) fn answer_syn_again(&mut self, cx: &mut Cx<'_>) -> Step {
        let soon =
            |sent: &super::super::send::Sent| cx.now.since(sent.last_sent) < SYN_AGAIN_INTERVAL;
        if self.snd.queue.front().is_some_and(soon) {
            self.discard(cx, super::OTHER_STATES, "the same SYN again, just answered");
        } else {
            let text = "the same SYN again: our SYN, ACK was lost, and is sent again";
            self.decide(cx, super::OTHER_STATES, text);
            self.syn_retransmissions += 1;
            self.retransmit(cx, 0, super::OTHER_STATES);
            self.restart_retransmission_timer(cx);
        }
        Break(())
    }
}
