//! What is not sent at once, in the hope of company: delayed acknowledgments and the Nagle algorithm.

use std::time::Duration;

use super::TcpConfig;
use super::connection::Connection;
use super::segment::Segment;
use super::timers::Timer;
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;

const DELAYED_ACK: &str = "RFC 1122 §4.2.3.2";
const AT_ONCE: &str = "RFC 5681 §4.2";
const NAGLE: &str = "RFC 9293 §3.7.4";

impl Connection {
    /// Text came, `news` bytes became readable by it, and before it there was a gap or not: is it acknowledged at
    /// once, or may the acknowledgment wait?
    pub(super) fn acknowledge_text(
        &mut self,
        cx: &mut Cx<'_>,
        seg: &Segment<'_>,
        news: usize,
        had_gap: bool,
    ) {
        self.unacked_text += news as u32;
        self.longest_text = self.longest_text.max(seg.text.len() as u32);
        let Some(delay) = self.config.delayed_ack else {
            self.ack_due = true;
            return;
        };
        if news == 0 {
            // The peer counts these: its fast retransmission depends on it.
            self.ack_now(cx, AT_ONCE, "nothing new in order: acknowledged at once");
        } else if had_gap {
            self.ack_now(cx, AT_ONCE, "fills a gap: acknowledged at once");
        } else if self.unacked_text >= 2 * self.full_sized() {
            self.ack_now(cx, AT_ONCE, "the second full-sized segment: acknowledged");
        } else {
            self.ack_later(cx, delay);
        }
    }

    /// The peer's FIN came. In ESTABLISHED its acknowledgment may wait, too: a program that closes at once sends it
    /// with its own FIN. In the other states nothing follows that it could go with.
    pub(super) fn acknowledge_fin(&mut self, cx: &mut Cx<'_>) {
        match self.config.delayed_ack {
            Some(delay) if self.state == TcpState::Established && !self.ack_due => {
                self.ack_later(cx, delay);
            }
            _ => self.ack_due = true,
        }
    }

    fn ack_later(&mut self, cx: &mut Cx<'_>, delay: Duration) {
        if self.timers.get(Timer::DelayedAck).is_none() {
            let text = "the acknowledgment may wait for data to go with, or for the next segment";
            self.decide(cx, DELAYED_ACK, text);
            let at = cx.now + delay.min(TcpConfig::DELAYED_ACK_MAX);
            self.timers.start(cx, self.id, Timer::DelayedAck, at);
        }
    }

    fn ack_now(&mut self, cx: &mut Cx<'_>, cite: &'static str, why: &'static str) {
        self.decide(cx, cite, why);
        self.ack_due = true;
    }

    /// What counts as a full-sized segment of the peer: the longest that came, as the path may allow less than both
    /// ends do, but no less than every path should allow.
    fn full_sized(&self) -> u32 {
        self.longest_text
            .max(super::options::default_mss(self.remote.ip()).into())
    }

    /// The acknowledgment has waited long enough.
    pub(super) fn delayed_ack_timeout(&mut self, cx: &mut Cx<'_>) {
        self.ack_now(
            cx,
            DELAYED_ACK,
            "nothing came to go with it: acknowledged now",
        );
    }

    /// Records, once, that the Nagle algorithm holds data back.
    pub(super) fn note_nagle(&mut self, cx: &mut Cx<'_>) {
        let d = self.snd.unsent();
        // What a window keeps back is not held by Nagle.
        let room = self.snd.usable().min(self.congestion_room(true));
        let is_small = d > 0 && d < u32::from(self.snd.mss);
        let holds = is_small && d <= room && self.snd.nagle_waits();
        if holds && !self.nagle_holds && cx.log.is_on() {
            let text = format!("Nagle: {d} bytes wait until what was sent is acknowledged");
            self.decide(cx, NAGLE, text);
        }
        self.nagle_holds = holds;
    }
}
