//! A program for many connections at once, sans-IO: what is said on one may be heard on another.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

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
    /// Whose connection it is that is about to be told of, where somebody wants to know.
    fn know_peer(&mut self, _conn: ConnId, _peer: SocketAddr) {}
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
pub struct Each<T, F> {
    speak: F,
    talks: BTreeMap<ConnId, T>,
    orders: VecDeque<(ConnId, Option<RecordId>, Order)>,
}

impl<T: Talk, F: FnMut(ConnId) -> T> Each<T, F> {
    /// Speaks on each connection as `speak` says.
    pub fn new(speak: F) -> Self {
        Self {
            speak,
            talks: BTreeMap::new(),
            orders: VecDeque::new(),
        }
    }

    /// What is said on a connection; what it orders is left there.
    pub fn talk(&mut self, conn: ConnId) -> Option<&mut T> {
        self.talks.get_mut(&conn)
    }

    /// Calls what is said on a connection, and takes what it orders.
    pub fn with(&mut self, cx: &mut Cx, conn: ConnId, call: impl FnOnce(&mut T, &mut Cx)) {
        let cause = cx.cause;
        if let Some(talk) = self.talks.get_mut(&conn) {
            call(talk, cx);
            while let Some(order) = talk.poll_order(cx) {
                self.orders.push_back((conn, cx.cause, order));
            }
        }
        cx.cause = cause;
    }

    /// The connections whose time has come.
    pub fn due(&self, now: Time) -> Vec<ConnId> {
        let is_due = |talk: &T| talk.poll_timeout().is_some_and(|due| due <= now);
        let due = self.talks.iter().filter(|(_, talk)| is_due(talk));
        due.map(|(conn, _)| *conn).collect()
    }

    /// The connection is no more, and was told so.
    pub fn forget(&mut self, conn: ConnId) {
        self.talks.remove(&conn);
    }
}

impl<T: Talk, F: FnMut(ConnId) -> T> Service for Each<T, F> {
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
        self.forget(conn);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        for conn in self.due(cx.now) {
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
