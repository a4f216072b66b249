//! A WebSocket endpoint (RFC 6455), client or server, sans-IO: [`WebSocket`], one for each connection.
//!
//! It is used over any carrier of bytes, so:
//!
//! 1. make it with [`WebSocket::client`] or [`WebSocket::server`] when the carrier is connected, and a client says
//!    [`open`](WebSocket::open); or with [`WebSocket::accept`], when an HTTP server has read the client's request;
//! 2. verbs, once it is open: [`send`](WebSocket::send), [`ping`](WebSocket::ping), [`pong`](WebSocket::pong),
//!    [`close`](WebSocket::close);
//! 3. what arrives: [`handle_input`](WebSocket::handle_input) for bytes, in any cuts, and
//!    [`handle_end`](WebSocket::handle_end) when the peer will send no more (TCP's FIN, or a reset);
//! 4. after each of these, until they are empty: [`poll_transmit`](WebSocket::poll_transmit) for bytes to hand to the
//!    carrier, one handshake message or one frame an item, and [`poll_event`](WebSocket::poll_event) for the
//!    application.
//!
//! Both polls put the record that made the item in place of `cx.cause`, so that the carrier's and the application's
//! own records follow from it. The event [`Event::Disconnect`] asks for the carrier to be closed; it comes last.
//!
//! Pings are answered by itself, a Close too. Masking keys and the handshake's key are drawn from the random stream
//! that the client is given.
//!
//! Left out: extensions are neither offered nor accepted, and no time-out ends a handshake, in opening or in closing,
//! that the peer does not answer.

mod handshake;
mod prepared;
mod receive;
#[cfg(test)]
mod tests;

pub use handshake::{ClientOptions, HandshakeError, ServerOptions, answer};
pub use prepared::Prepared;

use bytes::Bytes;

use self::receive::Partial;
use super::cx::Cx;
use super::http::Reader;
use super::queue::Queue;
use super::record::{ConnId, Unit, What};
use crate::base::Rng;
use crate::proto::http::{Request, Response};
use crate::proto::websocket::{Frame, Opcode, describe};

/// The longest message that is taken in unless the options say otherwise, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// One end of a WebSocket connection. How to use it stands at [the module](self).
#[derive(Debug, Clone)]
pub struct WebSocket {
    conn: Option<ConnId>,
    role: Role,
    state: State,
    max_message: usize,
    /// The bytes of the opening handshake that came so far.
    reader: Reader,
    /// The bytes of frames that came and are no whole frame yet.
    input: Vec<u8>,
    /// The fragmented message that is being received.
    partial: Option<Partial>,
    close_sent: bool,
    /// The code and the reason of the peer's Close frame; 1005 where it gave none.
    close_received: Option<(u16, String)>,
    transmits: Queue<Bytes>,
    events: Queue<Event>,
}

/// Which end it is, and what only that end has.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each connection, and most are clients"
)]
enum Role {
    Client {
        options: ClientOptions,
        rng: Rng,
        /// `Sec-WebSocket-Key`, once it was drawn.
        key: String,
    },
    Server {
        options: ServerOptions,
    },
}

/// The state of a connection (RFC 6455 §4.1, §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The opening handshake is not done.
    Connecting,
    /// Messages go both ways.
    Open,
    /// A Close frame was sent or received, or both.
    Closing,
    /// It is over, or never came to be.
    Closed,
}

/// A message of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text, UTF-8 on the wire.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The connection is open. At the server: with the client's request.
    Open {
        /// The subprotocol that was agreed.
        subprotocol: Option<String>,
        /// The client's request (at the server), whose target and header fields the application may want.
        request: Option<Request>,
    },
    /// The server refused, with this response: at the client it came, at the server it was sent.
    Refused(Response),
    /// The opening handshake failed otherwise.
    HandshakeFailed(HandshakeError),
    /// A whole message came.
    Message(Message),
    /// A ping came; the pong is on its way.
    Ping(Vec<u8>),
    /// A pong came.
    Pong(Vec<u8>),
    /// The peer broke the protocol; it is told so with this close code.
    ProtocolError {
        /// 1002, 1007 or 1009.
        code: u16,
        /// What was wrong.
        why: &'static str,
    },
    /// The peer's Close frame came.
    Closing {
        /// Its code, 1005 if it gave none.
        code: u16,
        /// Its reason.
        reason: String,
    },
    /// The connection is over.
    Closed {
        /// The peer's close code; 1005 if its Close gave none, 1006 if no Close came (§7.1.5).
        code: u16,
        /// The peer's reason.
        reason: String,
        /// Whether both ends sent a Close (§7.1.4).
        clean: bool,
    },
    /// Close the carrier.
    Disconnect,
}

/// A verb came while the connection was not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the WebSocket is not open")]
pub struct NotOpen;

impl WebSocket {
    /// A client, whose handshake key and masking keys are drawn from `rng`. Say [`open`](Self::open) next.
    pub fn client(options: ClientOptions, rng: Rng, conn: Option<ConnId>) -> Self {
        let max_message = options.max_message;
        let role = Role::Client {
            options,
            rng,
            key: String::new(),
        };
        Self::new(role, max_message, conn)
    }

    /// A server, which waits for a client's handshake.
    pub fn server(options: ServerOptions, conn: Option<ConnId>) -> Self {
        let max_message = options.max_message;
        Self::new(Role::Server { options }, max_message, conn)
    }

    /// A server on a connection whose HTTP request was read already: it is answered, with 101 or a refusal, as one
    /// that came by [`handle_input`](Self::handle_input), and then `rest`, the bytes that came behind it, are read.
    pub fn accept(
        cx: &mut Cx<'_>,
        request: Request,
        rest: &[u8],
        options: ServerOptions,
        conn: Option<ConnId>,
    ) -> Self {
        let mut server = Self::server(options, conn);
        let came = cx.cause;
        server.take_request(cx, request);
        cx.cause = came;
        server.handle_input(cx, rest);
        server
    }

    fn new(role: Role, max_message: usize, conn: Option<ConnId>) -> Self {
        Self {
            conn,
            role,
            state: State::Connecting,
            max_message,
            reader: Reader::default(),
            input: Vec::new(),
            partial: None,
            close_sent: false,
            close_received: None,
            transmits: Queue::default(),
            events: Queue::default(),
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Sends a message as one frame.
    pub fn send(&mut self, cx: &mut Cx<'_>, message: Message) -> Result<(), NotOpen> {
        self.send_fragmented(cx, message, usize::MAX)
    }

    /// Sends a message in frames of at most `size` (at least 1) bytes of payload (§5.4).
    pub fn send_fragmented(
        &mut self,
        cx: &mut Cx<'_>,
        message: Message,
        size: usize,
    ) -> Result<(), NotOpen> {
        self.check_open()?;
        let (mut opcode, mut rest) = match message {
            Message::Text(text) => (Opcode::Text, text.into_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
        };
        let message_cause = cx.cause;
        loop {
            let after = rest.split_off(size.max(1).min(rest.len()));
            let fin = after.is_empty();
            let frame = Frame {
                fin,
                ..Frame::new(opcode, rest)
            };
            self.send_frame(cx, frame);
            if fin {
                return Ok(());
            }
            (opcode, rest) = (Opcode::Continuation, after);
            cx.cause = message_cause;
        }
    }

    /// Sends a ping; at most 125 bytes are taken of `payload` (§5.5).
    pub fn ping(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Result<(), NotOpen> {
        self.check_open()?;
        self.send_frame(cx, Frame::new(Opcode::Ping, control_payload(payload)));
        Ok(())
    }

    /// Sends a pong that nobody asked for; at most 125 bytes are taken of `payload` (§5.5.3).
    pub fn pong(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Result<(), NotOpen> {
        self.check_open()?;
        self.send_frame(cx, Frame::new(Opcode::Pong, control_payload(payload)));
        Ok(())
    }

    /// Begins the closing handshake (§7.1.2); of the reason as much is taken as a Close frame holds. Without a code
    /// the frame has no body, and the reason is left out (§5.5.1).
    pub fn close(
        &mut self,
        cx: &mut Cx<'_>,
        code: Option<u16>,
        reason: &str,
    ) -> Result<(), NotOpen> {
        self.check_open()?;
        self.state = State::Closing;
        self.send_close(cx, code, reason);
        Ok(())
    }

    /// Bytes for the carrier: a handshake message or a frame.
    pub fn poll_transmit(&mut self, cx: &mut Cx<'_>) -> Option<Bytes> {
        self.transmits.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        self.events.pop(cx)
    }

    fn check_open(&self) -> Result<(), NotOpen> {
        match self.state {
            State::Open => Ok(()),
            _ => Err(NotOpen),
        }
    }

    fn send_close(&mut self, cx: &mut Cx<'_>, code: Option<u16>, reason: &str) {
        let longest = reason.floor_char_boundary(MAX_CONTROL - 2);
        self.close_sent = true;
        self.send_frame(cx, Frame::close(code, &reason[..longest]));
    }

    /// Puts a frame on its way, masked if this is the client (§5.3).
    fn send_frame(&mut self, cx: &mut Cx<'_>, mut frame: Frame) {
        if let Role::Client { rng, .. } = &mut self.role {
            let mut key = [0; 4];
            rng.fill(&mut key);
            frame = frame.masked(key);
        }
        let bytes = frame.emit();
        self.record(cx, What::Down, &frame, bytes.len());
        self.transmits.push(cx, bytes.into());
    }

    fn record(&self, cx: &mut Cx<'_>, what: fn(Unit) -> What, frame: &Frame, len: usize) {
        if !cx.log.is_on() {
            return;
        }
        let mut info = describe(frame.fin, frame.rsv, frame.opcode, &frame.payload);
        if let Some(key) = frame.mask {
            info += &format!(", masked with {:08x}", u32::from_be_bytes(key));
        }
        let unit = Unit {
            protocol: "websocket",
            len,
            info: info.into(),
        };
        cx.step(5, self.conn, cite(frame.opcode), what(unit));
    }

    /// The end: the application is told, and the carrier is to be closed.
    fn finish(&mut self, cx: &mut Cx<'_>) {
        self.state = State::Closed;
        let clean = self.close_sent && self.close_received.is_some();
        let (code, reason) = self.close_received.take().unwrap_or((1006, String::new()));
        let closed = Event::Closed {
            code,
            reason,
            clean,
        };
        self.events.push(cx, closed);
        self.events.push(cx, Event::Disconnect);
    }
}

/// The longest payload of a control frame (§5.5).
const MAX_CONTROL: usize = 125;

fn control_payload(payload: &[u8]) -> &[u8] {
    &payload[..payload.len().min(MAX_CONTROL)]
}

/// The paragraph on this kind of frame.
fn cite(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::Close => "RFC 6455 §5.5.1",
        Opcode::Ping => "RFC 6455 §5.5.2",
        Opcode::Pong => "RFC 6455 §5.5.3",
        Opcode::Continuation => "RFC 6455 §5.4",
        _ => "RFC 6455 §5.6",
    }
}
