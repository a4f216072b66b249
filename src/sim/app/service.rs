//! A program for many connections at once, sans-IO: what is said on one may be heard on another.

use crate::base::Time;
use crate::stack::cx::Cx;
use crate::stack::engineio::Order;
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
}
