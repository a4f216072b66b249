//! Explicit congestion notification (RFC 3168): a queue on the way marks a packet instead of losing it, the receiver
//! echoes that, and the sender slows down as if there had been a loss, and says so.

use super::connection::Connection;
use super::segment::Segment;
use super::seq::Seq;
use crate::proto::tcp::TcpFlags;
use crate::stack::cx::Cx;

/// The ECN field of a packet whose sender does not take part.
pub const NOT_ECT: u8 = 0;
/// The ECN field of a packet that may be marked.
pub const ECT_0: u8 = 2;
/// The ECN field of a packet that was marked: Congestion Experienced.
pub const CE: u8 = 3;

const SETUP: TcpFlags = TcpFlags(TcpFlags::ECE.0 | TcpFlags::CWR.0);

/// The ECN variables of a connection.
#[derive(Debug, Clone)]
pub(super) struct Ecn {
    /// Both ends take part.
    pub on: bool,
    /// A packet came marked: ECE goes with every acknowledgment until the peer says CWR.
    echo: bool,
    /// We have slowed down: CWR goes with the next new data.
    cwr_due: bool,
    /// SND.NXT when we slowed down last: once for all that was under way then.
    reacted: Seq,
    /// The number behind the last new data: what lies before it is sent again, which is not to be marked.
    sent_to: Seq,
}

impl Ecn {
    /// Before the handshake.
    pub fn new(iss: Seq) -> Self {
        Self {
            on: false,
            echo: false,
            cwr_due: false,
            reacted: iss,
            sent_to: iss,
        }
    }

    /// What goes with what is sent next.
    pub fn says(&self) -> Option<&'static str> {
        match (self.echo, self.cwr_due) {
            (false, false) => None,
            (true, false) => Some("ECE"),
            (false, true) => Some("CWR"),
            (true, true) => Some("ECE, CWR"),
        }
    }
}

impl Connection {
    /// The peer's SYN came, or its SYN, ACK: do both ends take part? (RFC 3168 §6.1.1)
    pub(super) fn agree_on_ecn(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let asked_for = seg.flags.0 & SETUP.0;
        let theirs = if seg.has(TcpFlags::ACK) {
            asked_for == TcpFlags::ECE.0
        } else {
            asked_for == SETUP.0
        };
        self.ecn.on = self.config.ecn && theirs;
        if self.ecn.on {
            self.decide(cx, "RFC 3168 §6.1.1", "both ends take part in ECN");
        }
    }

    /// Sets the bits that a segment is to carry, and returns the ECN field of its packet. Only new data may be marked:
    /// no bare acknowledgment, nothing sent again, no window probe (RFC 3168 §6.1.4 to §6.1.6).
    pub(super) fn mark_with_ecn(&mut self, seq: Seq, len: u32, flags: &mut TcpFlags) -> u8 {
        if flags.has(TcpFlags::SYN) {
            self.mark_syn(flags);
            return NOT_ECT;
        }
        if !self.ecn.on || flags.has(TcpFlags::RST) {
            return NOT_ECT;
        }
        if self.ecn.echo {
            *flags |= TcpFlags::ECE;
        }
        let is_new = len > 0 && self.ecn.sent_to.le(seq);
        if !is_new {
            return NOT_ECT;
        }
        self.ecn.sent_to = seq + len;
        if self.persist.is_some() {
            return NOT_ECT;
        }
        if std::mem::take(&mut self.ecn.cwr_due) {
            *flags |= TcpFlags::CWR;
        }
        ECT_0
    }

    /// A SYN asks with ECE and CWR, unless the first one was lost, perhaps because of them (RFC 3168 §6.1.1.1); a
    /// SYN, ACK agrees with ECE.
    fn mark_syn(&mut self, flags: &mut TcpFlags) {
        if self.ecn.on {
            *flags |= TcpFlags::ECE;
        } else if self.config.ecn && !self.rcv.synchronized && self.syn_retransmissions == 0 {
            *flags |= SETUP;
        }
    }

    /// What an acceptable segment says about congestion, on either way.
    pub(super) fn check_ecn(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        if !self.ecn.on {
            return;
        }
        if seg.has(TcpFlags::CWR) && self.ecn.echo {
            let text = "the peer has slowed down (CWR): no more ECE";
            self.decide(cx, "RFC 3168 §6.1.3", text);
            self.ecn.echo = false;
        }
        if seg.ce && !self.ecn.echo {
            let text =
                "marked on its way (CE): ECE with every acknowledgment, until the peer slows down";
            self.decide(cx, "RFC 3168 §6.1.3", text);
            self.ecn.echo = true;
        }
        if self.tells_of_congestion(seg) && self.ecn.reacted.lt(seg.ack) {
            self.slow_down(cx);
        }
    }

    /// Whether the peer says by this segment that a packet of ours was marked.
    pub(super) fn tells_of_congestion(&self, seg: &Segment<'_>) -> bool {
        self.ecn.on && seg.has(TcpFlags::ECE)
    }

    /// The peer says that a packet of ours was marked: as for a loss, but nothing is to be sent again.
    fn slow_down(&mut self, cx: &mut Cx<'_>) {
        let text = "ECE: a queue on the way is long; slows down as for a loss, and says so (CWR)";
        self.decide(cx, "RFC 3168 §6.1.2", text);
        self.ecn.reacted = self.snd.nxt;
        self.ecn.cwr_due = true;
        // A loss that is being mended has halved the window already (RFC 3168 §6.1.2).
        if self.recovery.name().is_none() {
            // Half of cwnd, and not of what happens to be under way behind this acknowledgment.
            let path = self.path(cx.now, self.congestion.cwnd());
            self.congestion.lost(&path);
        }
    }
}
