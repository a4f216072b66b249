//! WebSocket: each packet is a message.

use super::line::{Use, WEBSOCKET};
use super::{Client, ClientCloseReason, ClientError, ClientOrder, ClientState, Slot, Way};
use crate::base::Rng;
use crate::proto::engineio::{Packet, Transport};
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;
use crate::stack::websocket::{ClientOptions, Event, Message, State, WebSocket};

impl Client {
    /// Asks for a carrier on which a WebSocket will be opened.
    pub(super) fn open_websocket(&mut self, cx: &mut Cx<'_>) -> Slot {
        self.open_line(cx, Use::WebSocket(None))
    }

    /// Begins the opening handshake of the WebSocket, whose carrier is there.
    pub(super) fn open_handshake(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let target = self.target(cx, Transport::WebSocket);
        let mut options = ClientOptions::new(&self.options.host, &target);
        options.headers = self.options.headers.clone();
        options.deflate = self.options.deflate;
        let rng = Rng::new(self.rng.next_u64(), "websocket");
        let Some(line) = self.line_mut(slot) else {
            return;
        };
        let mut socket = WebSocket::client(options, rng, line.conn);
        socket.open(cx);
        line.use_of = Use::WebSocket(Some(Box::new(socket)));
        self.pump_websocket(cx, slot);
    }

    /// Sends a packet over the WebSocket of this slot.
    pub(super) fn send_frame(&mut self, cx: &mut Cx<'_>, slot: Option<Slot>, packet: Packet) {
        let Some(slot) = slot.filter(|slot| self.is_open(*slot)) else {
            return;
        };
        let conn = self.line(slot).and_then(|line| line.conn);
        self.note(cx, conn, Transport::WebSocket, Way::Down, &packet);
        let message = match packet {
            Packet::Text(..) => Message::Text(packet.emit()),
            Packet::Binary(bytes) => Message::Binary(bytes),
        };
        if let Some(socket) = self.socket(slot) {
            // It is open, as was seen above.
            socket.send(cx, message).ok();
            self.fetch(cx, slot);
        }
    }

    /// Fetches what the WebSocket has to send and to tell.
    pub(super) fn pump_websocket(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let cause = cx.cause;
        loop {
            self.fetch(cx, slot);
            cx.cause = cause;
            let Some(event) = self.socket(slot).and_then(|socket| socket.poll_event(cx)) else {
                break;
            };
            let conn = self.line(slot).and_then(|line| line.conn);
            self.take_event(cx, slot, conn, event);
        }
        cx.cause = cause;
    }

    fn take_event(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: Option<ConnId>, event: Event) {
        match event {
            Event::Open { .. } => self.websocket_open(cx, slot),
            Event::Refused(response) => {
                let error = ClientError::of_response(WEBSOCKET, &response);
                self.websocket_failed(cx, slot, error);
            }
            Event::HandshakeFailed(error) => {
                let error = ClientError::unreadable(format!("{WEBSOCKET}: {error}"));
                self.websocket_failed(cx, slot, error);
            }
            Event::ProtocolError { why, .. } => {
                let error = ClientError::unreadable(format!("{WEBSOCKET}: {why}"));
                self.websocket_failed(cx, slot, error);
            }
            Event::Message(Message::Binary(bytes)) => {
                self.take_frame(cx, slot, conn, Packet::Binary(bytes));
            }
            Event::Message(Message::Text(text)) => match Packet::parse(&text) {
                Ok(packet) => self.take_frame(cx, slot, conn, packet),
                Err(error) => {
                    let error = ClientError::unreadable(format!("parser error: {error}"));
                    self.websocket_failed(cx, slot, error);
                }
            },
            Event::Closed { .. } => self.websocket_closed(cx, slot),
            Event::Disconnect => self.close_line(cx, slot),
            Event::Ping(_) | Event::Pong(_) | Event::Closing { .. } => {}
        }
    }

    fn take_frame(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: Option<ConnId>, packet: Packet) {
        if self.state == ClientState::Closed {
            return;
        }
        match self.websocket == Some(slot) {
            true => self.take(cx, conn, Transport::WebSocket, packet),
            false => self.take_probed(cx, slot, conn, packet),
        }
    }

    /// The WebSocket does not work.
    pub(super) fn websocket_failed(&mut self, cx: &mut Cx<'_>, slot: Slot, error: ClientError) {
        if self.websocket == Some(slot) {
            self.fail(cx, error);
        } else {
            self.probe_failed(cx, slot, error);
        }
    }

    /// The WebSocket has ended.
    fn websocket_closed(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        if self.websocket == Some(slot) {
            self.end(cx, ClientCloseReason::TransportClose, None);
        } else {
            self.probe_failed(cx, slot, ClientError::new("transport closed"));
        }
    }

    /// Closes every WebSocket: with a Close frame where it is open.
    pub(super) fn close_websockets(&mut self, cx: &mut Cx<'_>) {
        let slots: Vec<Slot> = self.lines.iter().map(|line| line.slot).collect();
        for slot in slots {
            self.close_websocket(cx, slot);
        }
    }

    pub(super) fn close_websocket(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let cause = cx.cause;
        let Some(Use::WebSocket(socket)) = self.line_mut(slot).map(|line| &mut line.use_of) else {
            return;
        };
        match socket.as_mut().map(|socket| (socket.state(), socket)) {
            Some((State::Open, socket)) => {
                // It is open, so it can be closed.
                socket.close(cx, None, "").ok();
                self.fetch(cx, slot);
            }
            // The closing handshake, or the Disconnect that follows, is under way.
            Some((State::Closing | State::Closed, _)) => {}
            Some((State::Connecting, _)) | None => self.close_line(cx, slot),
        }
        cx.cause = cause;
    }

    fn is_open(&mut self, slot: Slot) -> bool {
        self.socket(slot)
            .is_some_and(|socket| socket.state() == State::Open)
    }

    fn socket(&mut self, slot: Slot) -> Option<&mut WebSocket> {
        match &mut self.line_mut(slot)?.use_of {
            Use::WebSocket(socket) => socket.as_deref_mut(),
            Use::Http(_) => None,
        }
    }

    fn fetch(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let cause = cx.cause;
        while let Some(bytes) = self
            .socket(slot)
            .and_then(|socket| socket.poll_transmit(cx))
        {
            self.orders.push(cx, ClientOrder::Send(slot, bytes));
        }
        cx.cause = cause;
    }
}
