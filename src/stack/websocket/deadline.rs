//! Handshakes that a peer does not finish: how long it is waited for.

use std::time::Duration;

use super::{State, WebSocket};
use crate::base::{RecordId, Time};
use crate::stack::cx::Cx;
use crate::stack::record::{TimerAction, What};

/// Until when it is waited, for the opening or the closing handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Time,
    name: &'static str,
    record: Option<RecordId>,
}

impl WebSocket {
    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.deadline.map(|deadline| deadline.at)
    }

    /// Sets how long either handshake may take from now on.
    pub fn limit_handshakes(&mut self, span: Option<Duration>) {
        (self.limits.opening, self.limits.closing) = (span, span);
    }

    /// Time has passed: gives up a handshake that takes too long.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        let Some(deadline) = self.deadline.take_if(|deadline| deadline.at <= cx.now) else {
            return;
        };
        cx.cause = deadline.record.or(cx.cause);
        let expired = What::Timer {
            name: deadline.name,
            action: TimerAction::Expired,
        };
        cx.step(5, self.conn, CITE, expired);
        match self.state {
            State::Connecting => self.give_up_handshake(cx),
            State::Open | State::Closing => self.finish(cx),
            State::Closed => {}
        }
    }

    pub(super) fn start_opening(&mut self, cx: &mut Cx<'_>) {
        self.wait(cx, "opening handshake", self.limits.opening);
    }

    pub(super) fn start_closing(&mut self, cx: &mut Cx<'_>) {
        self.wait(cx, "closing handshake", self.limits.closing);
    }

    fn wait(&mut self, cx: &mut Cx<'_>, name: &'static str, span: Option<Duration>) {
        let Some(span) = span else {
            return;
        };
        let at = cx.now + span;
        let started = What::Timer {
            name,
            action: TimerAction::Started(at),
        };
        let record = cx.record(5, self.conn, CITE, started);
        self.deadline = Some(Deadline { at, name, record });
    }

    pub(super) fn stop_waiting(&mut self, cx: &mut Cx<'_>) {
        if let Some(deadline) = self.deadline.take() {
            let stopped = What::Timer {
                name: deadline.name,
                action: TimerAction::Stopped,
            };
            cx.record(5, self.conn, CITE, stopped);
        }
    }
}

/// RFC 6455 names no time; §7.1.1 and §10 ask that nobody waits for ever.
const CITE: &str = "RFC 6455 §7.1.1";
