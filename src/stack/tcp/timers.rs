//! The timers of a connection.

use crate::base::{RecordId, Time};
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, TimerAction, What};

/// One of a connection's timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Retransmission (RFC 6298 §5).
    Retransmission,
    /// Zero-window probes (RFC 9293 §3.8.6.1), and the override of §3.8.6.2.1.
    Persist,
    /// Twice the maximum segment lifetime in TIME-WAIT (RFC 9293 §3.6.1).
    TimeWait,
    /// An acknowledgment waits for company (RFC 1122 §4.2.3.2).
    DelayedAck,
    /// The peer has been silent (RFC 9293 §3.8.4).
    KeepAlive,
    /// Something waits for the peer to acknowledge it (RFC 9293 §3.10.8).
    User,
    /// A peer that does not close its side.
    FinWait2,
    /// What may be reordered is waited for (RFC 8985 §6.3).
    Reordering,
    /// Nothing was heard of the last segments (RFC 8985 §7.2).
    TailLossProbe,
}

impl Timer {
    const COUNT: usize = 9;

    const ALL: [Self; Self::COUNT] = [
        Self::Retransmission,
        Self::Persist,
        Self::TimeWait,
        Self::DelayedAck,
        Self::KeepAlive,
        Self::User,
        Self::FinWait2,
        Self::Reordering,
        Self::TailLossProbe,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retransmission => "retransmission",
            Self::Persist => "persist",
            Self::TimeWait => "TIME-WAIT",
            Self::DelayedAck => "delayed ACK",
            Self::KeepAlive => "keep-alive",
            Self::User => "user time-out",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::Reordering => "reordering",
            Self::TailLossProbe => "tail loss probe",
        }
    }

    fn cite(self) -> &'static str {
        match self {
            Self::Retransmission => "RFC 6298 §5",
            Self::Persist => "RFC 9293 §3.8.6.1",
            Self::TimeWait => "RFC 9293 §3.6.1",
            Self::DelayedAck => "RFC 1122 §4.2.3.2",
            Self::KeepAlive => "RFC 9293 §3.8.4",
            Self::User => "RFC 9293 §3.10.8",
            Self::FinWait2 => "RFC 1122 §4.2.2.13",
            Self::Reordering => "RFC 8985 §6.3",
            Self::TailLossProbe => "RFC 8985 §7.2",
        }
    }
}

/// When each timer expires, and the record of its start; `None` while it does not run.
#[derive(Debug, Clone, Default)]
pub struct Timers([Option<(Time, Option<RecordId>)>; Timer::COUNT]);

impl Timers {
    /// When this one expires.
    pub fn get(&self, timer: Timer) -> Option<Time> {
        self.0[timer as usize].map(|(at, _)| at)
    }

    /// When the first one expires.
    pub fn next(&self) -> Option<Time> {
        self.0.into_iter().flatten().map(|(at, _)| at).min()
    }

    /// Those that run, and when they expire.
    pub fn running(&self) -> Vec<(&'static str, Time)> {
        let count = self.0.iter().flatten().count();
        let mut running = Vec::with_capacity(count);
        for timer in Timer::ALL {
            running.extend(self.get(timer).map(|at| (timer.name(), at)));
        }
        running
    }

    /// Starts the timer, anew if it runs, to expire at `at`.
    pub fn start(&mut self, cx: &mut Cx<'_>, conn: ConnId, timer: Timer, at: Time) {
        if self.get(timer) != Some(at) {
            let started = record(cx, conn, timer, TimerAction::Started(at));
            self.0[timer as usize] = Some((at, started));
        }
    }

    /// Stops the timer if it runs.
    pub fn stop(&mut self, cx: &mut Cx<'_>, conn: ConnId, timer: Timer) {
        if self.0[timer as usize].take().is_some() {
            record(cx, conn, timer, TimerAction::Stopped);
        }
    }

    /// Stops all of them.
    pub fn stop_all(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        for timer in Timer::ALL {
            self.stop(cx, conn, timer);
        }
    }

    /// Takes one that is due; its cause is its start, and what follows in this call has its expiry as cause.
    pub fn take_expired(&mut self, cx: &mut Cx<'_>, conn: ConnId) -> Option<Timer> {
        let due = |timer: &Timer| self.get(*timer).is_some_and(|at| at <= cx.now);
        let timer = Timer::ALL.into_iter().find(due)?;
        let (_, started) = self.0[timer as usize].take()?;
        cx.cause = started;
        cx.cause = record(cx, conn, timer, TimerAction::Expired);
        Some(timer)
    }
}

fn record(cx: &mut Cx<'_>, conn: ConnId, timer: Timer, action: TimerAction) -> Option<RecordId> {
    let name = timer.name();
    cx.record(4, Some(conn), timer.cite(), What::Timer { name, action })
}
