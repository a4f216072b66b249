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
//!    application;
//! 5. where the options set a limit to the handshakes: [`handle_timeout`](WebSocket::handle_timeout) at the time of
//!    [`poll_timeout`](WebSocket::poll_timeout), and a server says [`open`](WebSocket::open), too.
//!
//! Both polls put the record that made the item in place of `cx.cause`, so that the carrier's and the application's
//! own records follow from it. The event [`Event::Disconnect`] asks for the carrier to be closed; it comes last.
//!
//! Pings are answered by itself, a Close too. Masking keys and the handshake's key are drawn from the random stream
//! that the client is given.
//!
//! Left out: a client makes one offer of compression and no second one to fall back to, and a whole message is
//! compressed before its first frame goes out.

mod compression;
mod deadline;
mod handshake;
mod options;
mod prepared;
mod receive;
mod send;
#[cfg(test)]
mod tests;
mod wrong;

pub use handshake::{Agreed, HandshakeError, answer};
pub use options::{ClientOptions, DeflateOptions, Limits, ServerOptions};
pub use prepared::Prepared;
pub use wrong::{WrongAnswer, WrongRequest};

use bytes::Bytes;

use self::compression::Compression;
use self::deadline::Deadline;
use self::receive::{Incoming, Partial};
use super::cx::Cx;
use super::http::Reader;
use super::queue::Queue;
use super::record::ConnId;
use crate::base::Rng;
use crate::proto::http::{Request, Response};
use crate::proto::websocket::DeflateParams;

/// The longest message that is taken in unless the options say otherwise, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Where compression was agreed, shorter messages are sent as they are unless the options say otherwise, in bytes: they
/// would hardly shrink.
pub const THRESHOLD: usize = 1024;

/// One end of a WebSocket connection. How to use it stands at [the module](self).
#[derive(Debug)]
pub struct WebSocket {
    conn: Option<ConnId>,
    role: Role,
    state: State,
    limits: Limits,
    /// The bytes of the opening handshake that came so far.
    reader: Reader,
    /// The bytes of a frame's header that came so far, while it is not whole.
    header: Vec<u8>,
    /// The frame whose payload is coming.
    incoming: Option<Incoming>,
    /// The message that is being received.
    partial: Option<Partial>,
    /// Once compression was agreed.
    compression: Option<Box<Compression>>,
    deadline: Option<Deadline>,
    close_sent: bool,
    /// The code and the reason of the peer's Close frame; 1005 where it gave none.
    close_received: Option<(u16, String)>,
    transmits: Queue<Bytes>,
    events: Queue<Event>,
}

/// Which end it is, and what only that end has.
#[derive(Debug)]
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
        let limits = options.limits;
        let role = Role::Client {
            options,
            rng,
            key: String::new(),
        };
        Self::new(role, limits, conn)
    }

    /// A server, which waits for a client's handshake.
    pub fn server(options: ServerOptions, conn: Option<ConnId>) -> Self {
        let limits = options.limits;
        Self::new(Role::Server { options }, limits, conn)
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

    fn new(role: Role, limits: Limits, conn: Option<ConnId>) -> Self {
        Self {
            conn,
            role,
            state: State::Connecting,
            limits,
            reader: Reader::default(),
            header: Vec::new(),
            incoming: None,
            partial: None,
            compression: None,
            deadline: None,
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

    /// What was agreed on compression, once it is open; `None`: nothing is compressed.
    pub fn deflate_params(&self) -> Option<DeflateParams> {
        self.compression.as_ref().map(|own| own.params)
    }

    /// Bytes for the carrier: a handshake message or a frame.
    pub fn poll_transmit(&mut self, cx: &mut Cx<'_>) -> Option<Bytes> {
        self.transmits.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<Event> {
        self.events.pop(cx)
    }

    /// The end of a connection that was open: the application is told, and the carrier is to be closed.
    fn finish(&mut self, cx: &mut Cx<'_>) {
        let clean = self.close_sent && self.close_received.is_some();
        let (code, reason) = self.close_received.take().unwrap_or((1006, String::new()));
        let closed = Event::Closed {
            code,
            reason,
            clean,
        };
        self.end(cx, closed);
    }

    /// The end, whatever it was.
    fn end(&mut self, cx: &mut Cx<'_>, last: Event) {
        self.stop_waiting(cx);
        self.state = State::Closed;
        (self.incoming, self.partial, self.compression) = (None, None, None);
        self.events.push(cx, last);
        self.events.push(cx, Event::Disconnect);
    }
}
