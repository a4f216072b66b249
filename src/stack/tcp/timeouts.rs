//! TIMEOUTS (RFC 9293 §3.10.8), and what ICMP reports (§3.9.2.2).

use std::net::IpAddr;

use super::connection::Connection;
use super::options::header_len;
use super::timers::Timer;
use super::{Event, Unreachable};
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;

impl Connection {
    /// A timer expired.
    pub(super) fn timer_expired(&mut self, cx: &mut Cx<'_>, timer: Timer) {
        match timer {
            Timer::Retransmission => self.retransmission_timeout(cx),
            Timer::Persist => self.probe_window(cx),
            Timer::Reordering => self.detect_losses(cx),
            Timer::TailLossProbe => self.probe_tail(cx),
            Timer::DelayedAck => self.delayed_ack_timeout(cx),
            Timer::KeepAlive => self.keep_alive_timeout(cx),
            Timer::User => self.user_timeout(cx),
            Timer::FinWait2 => self.fin_wait_2_timeout(cx),
            Timer::TimeWait => {
                self.delete(cx, "RFC 9293 §3.10.8");
                self.tell(cx, Event::Closed(self.id));
            }
        }
    }

    /// RFC 6298 §5.4 to §5.7: the earliest segment again, with twice the time; after R2, give up.
    fn retransmission_timeout(&mut self, cx: &mut Cx<'_>) {
        let Some(&earliest) = self.snd.queue.front() else {
            return;
        };
        let since = earliest.first_sent.max(self.r2_from);
        let closed = !earliest.syn && self.snd.wnd == 0;
        if cx.now.since(since) >= self.r2(earliest.syn) && !closed {
            self.give_up(cx);
            return;
        }
        self.syn_retransmissions += u32::from(earliest.syn);
        if !earliest.syn && self.snd.wnd == 0 {
            self.probe_shrunken_window(cx);
            return;
        }
        if !earliest.syn {
            self.suspect_black_hole(cx, earliest.retransmissions);
            self.after_timeout(cx);
        }
        self.rto.back_off();
        if cx.log.is_on() {
            let text = format!(
                "not acknowledged in time: sent again, and the time-out doubled to {} ms",
                self.rto.get().as_millis()
            );
            self.decide(cx, "RFC 6298 §5.5", text);
        }
        self.retransmit(cx, 0, "RFC 6298 §5.4");
        self.restart_retransmission_timer(cx);
    }

    /// The peer has taken back a window that we had filled already. A window of zero is probed, whatever is under way
    /// (RFC 9293 §3.8.6, MUST-35), and the connection is not given up for what lies beyond it (SHLD-17).
    fn probe_shrunken_window(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.8.6";
        self.take_all_as_lost();
        self.snd.split(0, 1);
        self.back_off_probes();
        let text = "the window shrank to zero below what was sent: its first byte as a probe";
        self.decide(cx, cite, text);
        self.retransmit(cx, 0, cite);
        self.watch_window(cx);
    }

    fn give_up(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.8.3";
        self.decide(
            cx,
            cite,
            "retransmitted for R2 in vain: the connection is given up",
        );
        let waited_for = self.soft_error;
        self.delete(cx, cite);
        let event = match waited_for {
            Some(why) => Event::Unreachable(self.id, why),
            None => Event::TimedOut(self.id),
        };
        if !(self.passive && self.never_established) {
            self.tell(cx, event);
        }
    }

    /// The window stayed closed, or too small for a segment that avoids the silly window (RFC 9293 §3.8.6.1,
    /// §3.8.6.2.1): what fits is sent, or else one byte beyond the window, to get an acknowledgment that tells it.
    fn probe_window(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.8.6.1";
        if let Some(probe) = self.snd.queue.front() {
            // A peer that answers may keep its window closed for as long as it likes; a silent one may not.
            let silent_since = probe.first_sent.max(self.heard);
            if cx.now.since(silent_since) >= self.r2(false) {
                return self.give_up(cx);
            }
            self.back_off_probes();
            self.decide(cx, cite, "the window is still closed: the probe again");
            self.snd.split(0, 1);
            self.retransmit(cx, 0, cite);
            self.watch_window(cx);
            return;
        }
        let fits = self.snd.unsent().min(self.snd.usable());
        let len = fits.min(u32::from(self.snd.mss));
        if len > 0 {
            self.decide(
                cx,
                "RFC 9293 §3.8.6.2.1",
                "waited long enough: what fits is sent",
            );
            self.send_first(cx, len, false, "RFC 9293 §3.8.6.2.1");
            return;
        }
        self.back_off_probes();
        self.decide(
            cx,
            cite,
            "the window is closed: one byte beyond it as a probe",
        );
        let fin = self.snd.unsent() == 0;
        self.send_first(cx, u32::from(!fin), fin, cite);
        // The persist timer sends it again, and not the retransmission timer.
        self.timers.stop(cx, self.id, Timer::Retransmission);
        self.watch_window(cx);
    }

    fn back_off_probes(&mut self) {
        let span = self.persist.unwrap_or(self.rto.get());
        self.persist = Some((span * 2).min(self.config.rto_max));
    }

    /// ICMP, or a lower layer of this host, reports that a segment of this connection could not be delivered. `seq`
    /// is its sequence number, if known: one that is not under way is none of ours (RFC 5927 §4.1), and `false` is
    /// returned.
    pub fn handle_unreachable(
        &mut self,
        cx: &mut Cx<'_>,
        why: Unreachable,
        seq: Option<u32>,
    ) -> bool {
        let under_way = |seq: u32| {
            let seq = super::Seq(seq);
            self.snd.una.le(seq) && seq.lt(self.snd.nxt)
        };
        if self.state == TcpState::Closed || !seq.is_none_or(under_way) {
            let why = "an ICMP error about a segment that is not under way";
            self.discard(cx, "RFC 5927 §4.1", why);
            return false;
        }
        self.as_one_call(cx, |conn, cx| conn.unreachable(cx, why));
        true
    }

    /// While the connection is being opened an error ends it; later it is only remembered, as the network may mend
    /// itself (RFC 9293 §3.9.2.2; RFC 5927 §5.2 for the hard ones).
    fn unreachable(&mut self, cx: &mut Cx<'_>, why: Unreachable) {
        let cite = "RFC 9293 §3.9.2.2";
        if let Unreachable::TooBig { mtu } = why {
            self.lower_mss(cx, mtu);
        } else if self.state == TcpState::SynSent {
            self.delete(cx, cite);
            self.tell(cx, Event::Unreachable(self.id, why));
        } else {
            self.decide(cx, cite, "not reachable at the moment: remembered");
            self.soft_error = Some(why);
        }
    }

    /// Path MTU discovery (RFC 1191 §6.4, RFC 8201 §5.4): smaller segments from now on, and at once for what was too big. The
    /// congestion window stays as it is, as nothing tells of congestion; like Linux, all of it that was too big goes
    /// again as far as the window allows, and not one segment alone.
    fn lower_mss(&mut self, cx: &mut Cx<'_>, mtu: u16) {
        let cite = match self.remote.ip() {
            IpAddr::V4(_) => "RFC 1191 §6.4",
            IpAddr::V6(_) => "RFC 8201 §5.4",
        };
        let mtu = usable_mtu(self.remote.ip(), mtu);
        if !self.take_path_mtu(cx, mtu, cite, "too big for the path") {
            return;
        }
        self.take_big_as_lost();
        if let Some(first) = self.snd.next_lost() {
            self.retransmit(cx, first, cite);
            self.restart_retransmission_timer(cx);
        }
    }

    /// The path to the peer was found to take no larger packets than this by another connection, which all to the same
    /// destination have to obey (RFC 1191 §3). What is under way may have got through.
    pub fn lower_path_mtu(&mut self, cx: &mut Cx<'_>, mtu: u16) {
        if self.state != TcpState::Closed {
            self.path_mtu = Some(self.path_mtu.map_or(mtu, |known| known.min(mtu)));
            let why = "another connection found the path to be smaller";
            self.as_one_call(cx, |conn, cx| {
                conn.take_path_mtu(cx, mtu, "RFC 1191 §3", why);
            });
        }
    }

    /// Sends no larger segments than fit into packets of this size. `false`: it does not already.
    fn take_path_mtu(&mut self, cx: &mut Cx<'_>, mtu: u16, cite: &'static str, why: &str) -> bool {
        let headers = header_len(self.remote.ip()) + self.option_len();
        let mss = mtu.saturating_sub(headers).max(1);
        if mss >= self.snd.mss {
            return false;
        }
        if cx.log.is_on() {
            let text = format!("{why}: from now on segments of at most {mss} bytes");
            self.decide(cx, cite, text);
        }
        self.snd.mss = mss;
        true
    }

    /// RFC 4821 §7.7: when R1 has passed, nothing came back, and no ICMP said why, the path may swallow large packets
    /// in silence. Segments then fit into [`SEARCH_LOW`] (over IPv6 into the least that each link takes), and into half of that at each further time-out. The search
    /// upwards that the RFC describes beside it is left out: the connection stays with what got through.
    fn suspect_black_hole(&mut self, cx: &mut Cx<'_>, retransmissions: u32) {
        if !self.config.black_hole_detection || retransmissions < R1 {
            return;
        }
        let remote = self.remote.ip();
        let mtu = self.snd.mss + self.option_len() + header_len(remote);
        let smaller = if mtu > SEARCH_LOW {
            SEARCH_LOW
        } else {
            mtu / 2
        };
        let smaller = usable_mtu(remote, smaller);
        let why = "large packets seem to vanish on the way";
        self.take_path_mtu(cx, smaller, "RFC 4821 §7.7", why);
    }
}

/// R1 (RFC 9293 §3.8.3): after so many retransmissions of the same segment the path is suspected (Linux: 3).
const R1: u32 = 3;
/// The packet size that a search for the MTU of a path begins with (RFC 4821 §7.2).
const SEARCH_LOW: u16 = 1024;

/// The MTU that an ICMP message means. An old router does not say how large; none may ask for less than 68 bytes over
/// IPv4 (RFC 791 §3.2) and 1280 over IPv6 (RFC 8201 §4).
pub(super) fn usable_mtu(remote: IpAddr, told: u16) -> u16 {
    match (remote, told) {
        (IpAddr::V6(_), told) => told.max(1280),
        (IpAddr::V4(_), 0) => 576,
        (IpAddr::V4(_), told) => told.max(68),
    }
}
