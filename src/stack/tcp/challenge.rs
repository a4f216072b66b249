//! How often a segment that is not taken is answered: challenge ACKs and the like (RFC 5961 §7).
//!
//! As Linux does (`tcp_invalid_ratelimit`), each connection gives one such answer in half a second; a segment with data
//! is always answered, for no acknowledgment brings one about. Two ends that disagree about their numbers would
//! otherwise answer each other's answers for ever. A host has no limit beyond that, as Linux has none any more.

use std::time::Duration;

use super::connection::Connection;
use super::segment::Segment;
use crate::base::Time;
use crate::proto::tcp::TcpFlags;
use crate::stack::cx::Cx;

const LIMIT: &str = "RFC 5961 §7";

/// From one answer to the next.
const INTERVAL: Duration = Duration::from_millis(500);

impl Connection {
    /// Answers a segment that was not taken with an acknowledgment, unless it has no data and another one was answered
    /// not long ago.
    pub(super) fn answer_untaken(&mut self, cx: &mut Cx<'_>, seg: &Segment<'_>) {
        let limited = seg.len() == 0 || seg.has(TcpFlags::SYN);
        if limited && !self.may_challenge(cx.now) {
            self.decide(
                cx,
                LIMIT,
                "no ACK: the last such answer was sent less than 500 ms ago",
            );
        } else {
            self.ack_due = true;
        }
    }

    /// Answers `what` with a challenge ACK, unless there was one not long ago.
    pub(super) fn challenge(&mut self, cx: &mut Cx<'_>, cite: &'static str, what: &str) {
        if self.may_challenge(cx.now) {
            self.decide(cx, cite, format!("{what}: challenge ACK"));
            self.ack_due = true;
        } else {
            let text = "no challenge ACK, the last such answer was sent less than 500 ms ago";
            self.decide(cx, LIMIT, format!("{what}: {text}"));
        }
    }

    fn may_challenge(&mut self, now: Time) -> bool {
        let recent = |at| now.since(at) < INTERVAL;
        let may = !self.last_challenge.is_some_and(recent);
        if may {
            self.last_challenge = Some(now);
        }
        may
    }
}
