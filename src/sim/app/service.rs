//! A program for many connections at once, sans-IO: what is said on one may be heard on another.

use std::collections::{BTreeMap, VecDeque};

use super::talk::{Order, Talk};
use crate::base::{RecordId, Time};
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;

/// A server that looks at all its connections together, whatever carries them.
///
/// `handle_*` tell it what happened; after each, [`Service::poll_order`] until it is empty.
pub trait Service {
    /// It begins.
    fn start(&mut self, cx: &mut Cx);
    /// A connection was made.
    fn handle_open(&mut self, cx: &mut Cx, conn: ConnId);
    /// Bytes came.
    fn handle_input(&mut self, cx: &mut Cx, conn: ConnId, bytes: &[u8]);
    /// The peer will send nothing more.
    fn handle_end(&mut self, cx: &mut Cx, conn: ConnId);
    /// The connection is no more.
    fn handle_gone(&mut self, cx: &mut Cx, conn: ConnId);
    /// A time of [`Service::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx);
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time>;
    /// What is to be done with a connection. Puts the record that asked for it in place of `cx.cause`.
    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)>;
    /// Ends what it can end in good order, before it is stopped.
    fn shut_down(&mut self, _cx: &mut Cx) {}
    /// What it said to whoever runs it, since this was asked last.
    fn take_said(&mut self) -> Vec<Said> {
        Vec::new()
    }
}

/// A service that speaks on each connection for itself.
pub struct Each<F> {
    speak: F,
    talks: BTreeMap<ConnId, Box<dyn Talk>>,
    orders: VecDeque<(ConnId, Option<RecordId>, Order)>,
}

impl<F: FnMut(ConnId) -> Box<dyn Talk>> Each<F> {
    /// Speaks on each connection as `speak` says.
    pub fn new(speak: F) -> Self {
        Self {
            speak,
            talks: BTreeMap::new(),
            orders: VecDeque::new(),
        }
    }

    fn with(&mut self, cx: &mut Cx, conn: ConnId, call: impl FnOnce(&mut dyn Talk, &mut Cx)) {
        let cause = cx.cause;
        if let Some(talk) = self.talks.get_mut(&conn) {
            call(talk.as_mut(), cx);
            while let Some(order) = talk.poll_order(cx) {
                self.orders.push_back((conn, cx.cause, order));
            }
        }
        cx.cause = cause;
    }
}

impl<F: FnMut(ConnId) -> Box<dyn Talk>> Service for Each<F> {
    fn start(&mut self, _cx: &mut Cx) {}

    fn handle_open(&mut self, cx: &mut Cx, conn: ConnId) {
        let talk = (self.speak)(conn);
        self.talks.insert(conn, talk);
        self.with(cx, conn, |talk, cx| talk.handle_open(cx));
    }

    fn handle_input(&mut self, cx: &mut Cx, conn: ConnId, bytes: &[u8]) {
        self.with(cx, conn, |talk, cx| talk.handle_input(cx, bytes));
    }

    fn handle_end(&mut self, cx: &mut Cx, conn: ConnId) {
        self.with(cx, conn, |talk, cx| talk.handle_end(cx));
    }

    fn handle_gone(&mut self, cx: &mut Cx, conn: ConnId) {
        self.with(cx, conn, |talk, cx| talk.handle_gone(cx));
        self.talks.remove(&conn);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        let is_due = |talk: &dyn Talk| talk.poll_timeout().is_some_and(|due| due <= cx.now);
        let talks = self.talks.iter();
        let due = talks
            .filter(|(_, talk)| is_due(talk.as_ref()))
            .map(|(conn, _)| *conn);
        let due: Vec<ConnId> = due.collect();
        for conn in due {
            self.with(cx, conn, |talk, cx| talk.handle_timeout(cx));
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.talks
            .values()
            .filter_map(|talk| talk.poll_timeout())
            .min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)> {
        let (conn, cause, order) = self.orders.pop_front()?;
        cx.cause = cause;
        Some((conn, order))
    }
}

/// A line that a server says to whoever runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A client came or left, or was refused; or the scenario's own log.
    Line(String),
    /// An event came or went.
    Event(String),
}
