//! How long a silent peer is waited for: keep-alive, the user time-out, FIN-WAIT-2.

use std::time::Duration;

use super::Event;
use super::connection::Connection;
use super::timers::Timer;
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;

const KEEP_ALIVE: &str = "RFC 9293 §3.8.4";
const USER_TIMEOUT: &str = "RFC 9293 §3.10.8";
/// Neither RFC gives FIN-WAIT-2 an end; this one says what a CLOSE of both sides means.
const FIN_WAIT_2: &str = "RFC 1122 §4.2.2.13";

/// The shortest silence that is asked about.
const SHORTEST: Duration = Duration::from_millis(1);

impl Connection {
    /// R2, for a SYN or for anything else (RFC 9293 §3.8.3). A user time-out takes its place.
    pub(super) fn r2(&self, syn: bool) -> Duration {
        match (self.config.user_timeout, syn) {
            (Some(_), _) => Duration::MAX,
            (None, true) => self.config.r2_syn,
            (None, false) => self.config.r2,
        }
    }

    /// Starts and stops what waits for the peer, at the end of each call.
    pub(super) fn watch_peer(&mut self, cx: &mut Cx<'_>) {
        if self.state == TcpState::Closed {
            return;
        }
        self.watch_user_timeout(cx);
        if let Some(span) = self.config.fin_wait_2 {
            let waits = self.state == TcpState::FinWait2 && self.reader_gone;
            self.run_timer(cx, Timer::FinWait2, waits, span);
        }
    }

    /// The user time-out runs while something waits for the peer, and anew whenever SND.UNA moves.
    fn watch_user_timeout(&mut self, cx: &mut Cx<'_>) {
        let Some(span) = self.config.user_timeout else {
            return;
        };
        if self.user_una != self.snd.una {
            self.user_una = self.snd.una;
            self.timers.stop(cx, self.id, Timer::User);
        }
        let waits = !self.snd.queue.is_empty() || self.snd.unsent() > 0 || self.snd.fin_is_due();
        self.run_timer(cx, Timer::User, waits, span);
    }

    /// Has a timer run for `span`, from when `on` began to hold, as long as it does.
    fn run_timer(&mut self, cx: &mut Cx<'_>, timer: Timer, on: bool, span: Duration) {
        match (on, self.timers.get(timer)) {
            (true, None) => self.timers.start(cx, self.id, timer, cx.now + span),
            (false, Some(_)) => self.timers.stop(cx, self.id, timer),
            _ => {}
        }
    }

    /// What was sent or written was not acknowledged for too long.
    pub(super) fn user_timeout(&mut self, cx: &mut Cx<'_>) {
        let why = "the peer took longer than the user time-out: the connection is given up";
        self.decide(cx, USER_TIMEOUT, why);
        self.delete(cx, USER_TIMEOUT);
        self.tell(cx, Event::TimedOut(self.id));
    }

    /// The peer keeps its side open for nobody.
    pub(super) fn fin_wait_2_timeout(&mut self, cx: &mut Cx<'_>) {
        let why = "nobody reads any more, and the peer does not close: not waited for any longer";
        self.decide(cx, FIN_WAIT_2, why);
        self.delete(cx, FIN_WAIT_2);
        self.tell(cx, Event::Closed(self.id));
    }

    /// Something came from the peer: silence begins anew.
    pub(super) fn restart_keep_alive(&mut self, cx: &mut Cx<'_>) {
        let Some(idle) = self.config.keep_alive else {
            return;
        };
        self.probes = 0;
        match self.state {
            TcpState::Established | TcpState::CloseWait | TcpState::FinWait2 => {
                self.timers
                    .start(cx, self.id, Timer::KeepAlive, cx.now + idle.max(SHORTEST));
            }
            _ => self.timers.stop(cx, self.id, Timer::KeepAlive),
        }
    }

    /// Nothing came for long: the peer is asked, and in the end taken for dead.
    pub(super) fn keep_alive_timeout(&mut self, cx: &mut Cx<'_>) {
        if !self.snd.queue.is_empty() {
            // Retransmissions and window probes find out.
            return self.restart_keep_alive(cx);
        }
        if self.probes >= self.config.keep_alive_probes {
            let why = "no keep-alive was answered: the connection is given up";
            self.decide(cx, KEEP_ALIVE, why);
            self.send_rst(cx, KEEP_ALIVE);
            self.delete(cx, KEEP_ALIVE);
            self.tell(cx, Event::TimedOut(self.id));
            return;
        }
        self.probes += 1;
        self.decide(cx, KEEP_ALIVE, "nothing came for long: a keep-alive");
        self.send_keep_alive(cx);
        let at = cx.now + self.config.keep_alive_interval;
        self.timers.start(cx, self.id, Timer::KeepAlive, at);
    }
}
