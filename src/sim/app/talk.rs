//! A conversation over one TCP connection, sans-IO: what a program says, whatever carries it.

use std::collections::VecDeque;

use crate::base::{RecordId, Time};
use crate::stack::cx::Cx;

/// One end of a conversation over one TCP connection.
///
/// `handle_*` tell it what happened; after each, [`Talk::poll_order`] until it is empty.
pub trait Talk {
    /// The connection is established.
    fn handle_open(&mut self, cx: &mut Cx);
    /// Bytes came.
    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]);
    /// The peer will send nothing more.
    fn handle_end(&mut self, cx: &mut Cx);
    /// The connection is no more.
    fn handle_gone(&mut self, cx: &mut Cx);
    /// A time-out of [`Talk::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx);
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time>;
    /// What is to be done with the connection. Puts the record that asked for it in place of `cx.cause`.
    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order>;
}

/// What is to be done with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Send nothing more, and go on receiving.
    Shutdown,
    /// Send nothing more, and receive nothing more.
    Close,
    /// Break it off.
    Abort,
}

/// Orders that wait to be fetched, each with its cause.
#[derive(Debug, Clone, Default)]
pub struct Orders(VecDeque<(Option<RecordId>, Order)>);

impl Orders {
    /// Puts an order in.
    pub fn push(&mut self, cx: &Cx, order: Order) {
        self.0.push_back((cx.cause, order));
    }

    /// Takes one out, and puts its cause in place of `cx.cause`.
    pub fn pop(&mut self, cx: &mut Cx) -> Option<Order> {
        let (cause, order) = self.0.pop_front()?;
        cx.cause = cause;
        Some(order)
    }
}
