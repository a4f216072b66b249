//! What goes out: which segment is next, and how it is formed.

use super::Outgoing;
use super::connection::Connection;
use super::options::Options;
use super::segment::unit;
use super::send::Sent;
use super::seq::Seq;
use super::timers::Timer;
use crate::proto::tcp::{TcpFlags, TcpHeader};
use crate::stack::cx::Cx;
use crate::stack::record::{TcpState, What};

impl Connection {
    /// Sends everything that may be sent now, and the acknowledgment if one is due and no other segment carried it.
    pub(super) fn output(&mut self, cx: &mut Cx<'_>) {
        if self.may_send_data() {
            self.stop_probing(cx);
            self.send_data(cx);
            self.watch_window(cx);
            self.schedule_probe(cx);
        } else {
            // The last probe may have carried our FIN, and have been acknowledged.
            self.stop_persist_timer(cx);
            self.timers.stop(cx, self.id, Timer::TailLossProbe);
        }
        if self.ack_due {
            self.send_ack(cx);
        }
    }

    fn may_send_data(&self) -> bool {
        matches!(
            self.state,
            TcpState::Established
                | TcpState::CloseWait
                | TcpState::FinWait1
                | TcpState::Closing
                | TcpState::LastAck
        )
    }

    /// First what is lost, then what is new, then what may be lost. Several segments may go out in one call: the variables
    /// are noted behind each, so that each is told by itself.
    fn send_data(&mut self, cx: &mut Cx<'_>) {
        // A probe waits for its answer.
        if self.persist.is_some() && !self.snd.queue.is_empty() {
            return;
        }
        self.send_lost(cx);
        self.send_new_data(cx);
        self.send_missing(cx);
    }

    /// Sends what the window and cwnd allow, and our FIN behind the last byte.
    fn send_new_data(&mut self, cx: &mut Cx<'_>) {
        loop {
            let len = self.snd.next_len();
            let fin = self.snd.fin_follows(len);
            if len == 0 && !fin {
                break;
            }
            self.restart_after_idle(cx);
            if len > self.congestion_room(true) {
                break;
            }
            let cite = if fin {
                "RFC 9293 §3.10.4"
            } else {
                "RFC 9293 §3.10.2"
            };
            self.send_first(cx, len, fin, cite);
            self.record_vars(cx);
        }
        self.note_nagle(cx);
    }

    /// After a pause the congestion window tells nothing any more (RFC 5681 §4.1).
    fn restart_after_idle(&mut self, cx: &mut Cx<'_>) {
        let idle = |at| cx.now.since(at) > self.rto.get();
        let restarts = self.config.restart_after_idle
            && self.snd.queue.is_empty()
            && self.last_data_sent.is_some_and(idle);
        if restarts && self.congestion.restart() {
            let text = "idle for longer than the time-out: back to the initial window";
            self.decide(cx, "RFC 5681 §4.1", text);
        }
    }

    /// Sends the next `len` bytes, and our FIN if wanted, for the first time.
    pub(super) fn send_first(&mut self, cx: &mut Cx<'_>, len: u32, fin: bool, cite: &'static str) {
        let sent = self.snd.enqueue(len, false, fin, cx.now);
        self.send_queued(cx, &sent, cite);
        self.start_retransmission_timer(cx);
    }

    /// The window opened while a probe was under way: what the probe carried was thrown away, and goes first, with what
    /// fits behind it.
    fn stop_probing(&mut self, cx: &mut Cx<'_>) {
        if self.persist.is_none() || self.snd.wnd == 0 {
            return;
        }
        self.stop_persist_timer(cx);
        self.r2_from = cx.now;
        if !self.snd.queue.is_empty() {
            let cite = "RFC 9293 §3.8.6.1";
            self.decide(
                cx,
                cite,
                "the window has opened: what the probe carried goes again",
            );
            self.snd.fill_up_last();
            self.retransmit(cx, 0, cite);
            self.start_retransmission_timer(cx);
            self.record_vars(cx);
        }
    }

    /// With something to send, no window for it and nothing under way but a probe, only a probe can find out that the
    /// window has opened (RFC 9293 §3.8.6.1).
    pub(super) fn watch_window(&mut self, cx: &mut Cx<'_>) {
        let waiting = self.snd.unsent() > 0 || self.snd.fin_is_due();
        let probing = self.persist.is_some() && !self.snd.queue.is_empty();
        if probing || waiting && self.snd.queue.is_empty() {
            if self.timers.get(Timer::Persist).is_none() {
                let at = cx.now + self.persist.unwrap_or(self.rto.get());
                self.timers.start(cx, self.id, Timer::Persist, at);
            }
        } else {
            self.stop_persist_timer(cx);
        }
    }

    fn stop_persist_timer(&mut self, cx: &mut Cx<'_>) {
        self.persist = None;
        self.timers.stop(cx, self.id, Timer::Persist);
    }

    /// Our SYN, or the SYN, ACK, for the first time.
    pub(super) fn send_syn(&mut self, cx: &mut Cx<'_>) {
        let cite = match self.state {
            TcpState::SynSent => "RFC 9293 §3.10.1",
            _ => "RFC 9293 §3.10.7.2",
        };
        let sent = self.snd.enqueue(0, true, false, cx.now);
        self.send_queued(cx, &sent, cite);
        self.start_retransmission_timer(cx);
    }

    /// Sends the queue's segment at `index` again.
    pub(super) fn retransmit(&mut self, cx: &mut Cx<'_>, index: usize, cite: &'static str) {
        // Of a window that the peer took back in part, no more is filled than is left (RFC 9293 §3.8.6, SHLD-16).
        let left = (self.snd.una + self.snd.wnd).since(self.snd.queue[index].text_seq());
        let mss = u32::from(self.snd.mss);
        self.snd
            .split(index, if left == 0 { mss } else { mss.min(left) });
        self.snd.mark_resent(index);
        let sent = &mut self.snd.queue[index];
        sent.retransmissions += 1;
        sent.last_sent = cx.now;
        let sent = *sent;
        self.send_queued(cx, &sent, cite);
    }

    /// Forms a segment of the retransmission queue as of now: its data and bits are fixed, its acknowledgment, window
    /// and options are not.
    fn send_queued(&mut self, cx: &mut Cx<'_>, sent: &Sent, cite: &'static str) {
        let mut flags = TcpFlags::default();
        if sent.syn {
            flags |= TcpFlags::SYN;
        }
        if self.rcv.synchronized {
            flags |= TcpFlags::ACK;
        }
        if sent.fin {
            flags |= TcpFlags::FIN;
        }
        if self.snd.pushes(sent.text_seq(), sent.len) {
            flags |= TcpFlags::PSH;
        }
        let text = self.snd.text(sent.text_seq(), sent.len);
        if !text.is_empty() {
            self.last_data_sent = Some(cx.now);
        }
        if let Some(prr) = &mut self.recovery.prr {
            prr.sent(sent.size());
        }
        self.send_segment(cx, sent.seq, flags, text, cite);
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`.
    pub(super) fn send_ack(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.10.7.4";
        self.send_segment(cx, self.snd.nxt, TcpFlags::ACK, Vec::new(), cite);
    }

    /// `<SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>` without data: a number that the peer has, so that it answers.
    pub(super) fn send_keep_alive(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.8.4";
        self.send_segment(cx, self.snd.nxt - 1, TcpFlags::ACK, Vec::new(), cite);
    }

    /// `<SEQ=SND.NXT><CTL=RST>` (RFC 9293 §3.10.5).
    pub(super) fn send_rst(&mut self, cx: &mut Cx<'_>, cite: &'static str) {
        self.send_segment(cx, self.snd.nxt, TcpFlags::RST, Vec::new(), cite);
    }

    /// `<SEQ=SEG.ACK><CTL=RST>`: a reset that the sender of an unacceptable acknowledgment will take.
    pub(super) fn send_rst_at(&mut self, cx: &mut Cx<'_>, seq: Seq, cite: &'static str) {
        self.send_segment(cx, seq, TcpFlags::RST, Vec::new(), cite);
    }

    /// Forms a segment, records it, and queues it for the layer below.
    fn send_segment(
        &mut self,
        cx: &mut Cx<'_>,
        seq: Seq,
        mut flags: TcpFlags,
        text: Vec<u8>,
        cite: &'static str,
    ) {
        let acks = flags.has(TcpFlags::ACK);
        let ecn = self.mark_with_ecn(seq, text.len() as u32, &mut flags);
        let mut options = self.options_for(cx, flags);
        // SACK blocks share the segment with the data (RFC 6691 §3): those without room wait for the next ACK.
        let room = usize::from(self.snd.mss).saturating_sub(text.len());
        options.sack.truncate(room.saturating_sub(4) / 8);
        let header = TcpHeader {
            source_port: self.local.port(),
            destination_port: self.remote.port(),
            sequence_number: seq.0,
            acknowledgment_number: if acks { self.rcv.nxt.0 } else { 0 },
            flags,
            window: self.window_for(flags),
            urgent_pointer: 0,
            options: options.write(),
        };
        if !options.sack.is_empty() {
            self.rcv.duplicate_told();
        }
        if acks {
            self.ack_due = false;
            self.unacked_text = 0;
            self.timers.stop(cx, self.id, Timer::DelayedAck);
            if let Some(timestamps) = &mut self.timestamps {
                timestamps.last_ack_sent = self.rcv.nxt;
            }
        }
        let unit = || unit(&header, text.len(), self.snd.iss, self.rcv.irs);
        let cause = match cx.log.is_on().then(unit) {
            Some(unit) => cx.record(4, Some(self.id), cite, What::Down(unit)),
            None => None,
        };
        self.push_out(Outgoing {
            local: self.local.ip(),
            remote: self.remote.ip(),
            header,
            ecn,
            text,
            cause,
        });
    }

    fn window_for(&mut self, flags: TcpFlags) -> u16 {
        match (flags.has(TcpFlags::SYN), self.rcv.synchronized) {
            (true, false) => self.rcv.syn_window(self.own_mss()),
            // The window of a SYN is never scaled (RFC 7323 §2.2).
            (true, true) => self.rcv.wnd().min(65_535) as u16,
            (false, true) if !flags.has(TcpFlags::RST) => self.rcv.advertise(self.snd.mss),
            (false, _) => 0,
        }
    }

    fn options_for(&self, cx: &Cx<'_>, flags: TcpFlags) -> Options {
        let usual = self.usual_options(cx.now);
        if flags.has(TcpFlags::RST) {
            // A RST should carry them, too, once they are agreed (RFC 7323 §3.2).
            return Options {
                timestamps: usual.timestamps,
                ..Options::default()
            };
        }
        if !flags.has(TcpFlags::SYN) {
            return usual;
        }
        Options {
            mss: Some(self.own_mss()),
            wind_shift: self.window_scaling.then(|| self.config.shift()),
            sack_permitted: self.sack_permitted,
            ..usual
        }
    }

    /// The MSS that this end asks for (RFC 9293 §3.7.1).
    pub(super) fn own_mss(&self) -> u16 {
        self.config.mss.unwrap_or(self.link_mss)
    }

    /// Timer management (RFC 6298 §5.1): started when something is sent, if it does not run.
    fn start_retransmission_timer(&mut self, cx: &mut Cx<'_>) {
        if self.timers.get(Timer::Retransmission).is_none() {
            self.restart_retransmission_timer(cx);
        }
    }

    /// Timer management (RFC 6298 §5.3, §5.6).
    pub(super) fn restart_retransmission_timer(&mut self, cx: &mut Cx<'_>) {
        let at = cx.now + self.rto.get();
        self.timers.start(cx, self.id, Timer::Retransmission, at);
    }

    /// Records that a segment arrived.
    pub(super) fn record_arrival(&self, cx: &mut Cx<'_>, header: &TcpHeader, len: usize) {
        if cx.log.is_on() {
            // Before the peer's SYN there is no number to count from but the segment's own.
            let irs = if self.rcv.synchronized {
                self.rcv.irs
            } else {
                Seq(header.sequence_number)
            };
            let unit = unit(header, len, irs, self.snd.iss);
            cx.step(4, Some(self.id), "RFC 9293 §3.10.7", What::Up(unit));
        }
    }
}
