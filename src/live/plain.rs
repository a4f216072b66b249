//! A WebSocket by itself, as a machine that a client connects with.

use std::collections::VecDeque;

use super::connect::Machine;
use crate::base::{Rng, Time};
use crate::stack::cx::Cx;
use crate::stack::engineio::{ClientOrder, Slot};
use crate::stack::record::ConnId;
use crate::stack::websocket::{ClientOptions, Event, WebSocket};

/// The one carrier.
const SLOT: Slot = Slot {
    session: 0,
    line: 0,
};

/// A client's WebSocket over one connection.
#[derive(Debug)]
pub struct PlainWebSocket {
    /// What it will be made of when the connection is there.
    plan: Option<(ClientOptions, Rng)>,
    socket: Option<WebSocket>,
    orders: VecDeque<ClientOrder>,
    events: VecDeque<PlainEvent>,
}

/// What a [`PlainWebSocket`] tells.
#[derive(Debug)]
pub enum PlainEvent {
    /// The connection could not be made.
    NotConnected,
    /// What happened to the WebSocket.
    WebSocket(Event),
}

impl PlainWebSocket {
    /// It connects at once.
    pub fn new(options: ClientOptions, rng: Rng) -> Self {
        Self {
            plan: Some((options, rng)),
            socket: None,
            orders: [ClientOrder::Open(SLOT)].into(),
            events: VecDeque::new(),
        }
    }

    /// The WebSocket, once the connection is made.
    pub fn socket(&mut self) -> Option<&mut WebSocket> {
        self.socket.as_mut()
    }
}

impl Machine for PlainWebSocket {
    type Event = PlainEvent;

    fn handle_open(&mut self, cx: &mut Cx<'_>, _: Slot, conn: ConnId) {
        if let Some((options, rng)) = self.plan.take() {
            let mut socket = WebSocket::client(options, rng, Some(conn));
            socket.open(cx);
            self.socket = Some(socket);
        }
    }

    fn handle_input(&mut self, cx: &mut Cx<'_>, _: Slot, bytes: &[u8]) {
        if let Some(socket) = &mut self.socket {
            socket.handle_input(cx, bytes);
        }
    }

    fn handle_end(&mut self, cx: &mut Cx<'_>, _: Slot) {
        if let Some(socket) = &mut self.socket {
            socket.handle_end(cx);
        }
    }

    fn handle_gone(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        match self.socket {
            Some(_) => self.handle_end(cx, slot),
            None => self.events.push_back(PlainEvent::NotConnected),
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        if let Some(socket) = &mut self.socket {
            socket.handle_timeout(cx);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.socket.as_ref().and_then(WebSocket::poll_timeout)
    }

    fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<PlainEvent> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let socket = self.socket.as_mut()?;
        // Bytes go before what the event asks for.
        while let Some(bytes) = socket.poll_transmit(cx) {
            self.orders.push_back(ClientOrder::Send(SLOT, bytes));
        }
        let event = socket.poll_event(cx)?;
        if event == Event::Disconnect {
            self.orders.push_back(ClientOrder::Close(SLOT));
        }
        Some(PlainEvent::WebSocket(event))
    }

    fn poll_order(&mut self, _: &mut Cx<'_>) -> Option<ClientOrder> {
        self.orders.pop_front()
    }
}
