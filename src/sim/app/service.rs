//! A program for many connections at once, sans-IO: what is said on one may be heard on another.

use super::talk::Order;
use crate::base::Time;
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

/// A line that a server says to whoever runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A client came or left, or was refused; or the scenario's own log.
    Line(String),
    /// An event came or went.
    Event(String),
}
