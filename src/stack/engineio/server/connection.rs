//! One connection of a server: it speaks HTTP, and after an upgrade WebSocket.

use std::time::Duration;

use super::{Order, ServerOptions, SessionId};
use crate::base::{Time, imf_fixdate};
use crate::proto::engineio::Packet;
use crate::proto::http::{Headers, Request, Response};
use crate::stack::cx::Cx;
use crate::stack::http::{self, ServerEvent};
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};
use crate::stack::websocket::{self, Event, Message, Prepared, State, WebSocket};

/// How long a WebSocket may take to answer a Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection and what is spoken on it.
#[derive(Debug)]
pub(super) struct Connection {
    conn: ConnId,
    carrier: Carrier,
    /// Since when what it waits for is waited for.
    since: Time,
    /// Whether a request was read on it already.
    is_used: bool,
    is_over: bool,
    /// The fields that the answer to the request that waits has beside its own.
    pub(super) headers: Headers,
    /// The session whose poll waits here.
    pub(super) polled_by: Option<SessionId>,
    orders: Queue<Order>,
}

#[derive(Debug)]
enum Carrier {
    Http(Box<http::Server>),
    WebSocket(Box<WebSocket>, Option<SessionId>),
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum Happened {
    /// A request came.
    Request(Request),
    /// A packet of this session came over WebSocket.
    Message(SessionId, Message),
    /// The WebSocket of this session is closed; whether its peer broke the rules.
    Closed(SessionId, bool),
    /// What came is no request, or no opening of a WebSocket; the head, if that much could be read.
    Unreadable(Option<Box<Request>>),
}

impl Connection {
    pub(super) fn new(now: Time, conn: ConnId, max_body: usize) -> Self {
        let server = http::Server::new(Some(conn)).with_max_body(max_body);
        Self {
            conn,
            carrier: Carrier::Http(Box::new(server)),
            since: now,
            is_used: false,
            is_over: false,
            headers: Headers::default(),
            polled_by: None,
            orders: Queue::default(),
        }
    }

    pub(super) fn handle_input(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        match &mut self.carrier {
            Carrier::Http(server) => {
                if self.is_used && server.is_idle() {
                    self.since = cx.now;
                }
                server.handle_input(cx, bytes);
            }
            Carrier::WebSocket(socket, _) => socket.handle_input(cx, bytes),
        }
    }

    pub(super) fn handle_end(&mut self, cx: &mut Cx<'_>) {
        match &mut self.carrier {
            Carrier::Http(server) => server.handle_end(cx),
            Carrier::WebSocket(socket, _) => socket.handle_end(cx),
        }
    }

    /// Answers the request that waits, if one does.
    pub(super) fn respond(&mut self, cx: &mut Cx<'_>, response: Response) {
        if let Carrier::Http(server) = &mut self.carrier
            && server.is_asked()
        {
            self.polled_by = None;
            server.respond(
                cx,
                adorned(response, std::mem::take(&mut self.headers), cx.now),
            );
            self.since = cx.now;
        }
    }

    /// Goes over to WebSocket, as the request asks; whether it is open.
    pub(super) fn upgrade(
        &mut self,
        cx: &mut Cx<'_>,
        request: Request,
        mut options: websocket::ServerOptions,
    ) -> bool {
        let Carrier::Http(server) = &mut self.carrier else {
            return false;
        };
        let rest = server.upgrade();
        options.headers = std::mem::take(&mut self.headers);
        let socket = WebSocket::accept(cx, request, &rest, options, Some(self.conn));
        let is_open = socket.state() == State::Open;
        self.carrier = Carrier::WebSocket(Box::new(socket), None);
        self.since = cx.now;
        is_open
    }

    /// What comes over the WebSocket is this session's.
    pub(super) fn belong_to(&mut self, session: SessionId) {
        if let Carrier::WebSocket(_, owner) = &mut self.carrier {
            *owner = Some(session);
        }
    }

    /// Sends a packet over the WebSocket.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>, packet: Packet) {
        if let Carrier::WebSocket(socket, _) = &mut self.carrier {
            // one that is closing takes nothing more, and its end is told
            let _ = socket.send(cx, message(packet));
        }
    }

    /// Sends a prepared packet over the WebSocket.
    pub(super) fn send_prepared(&mut self, cx: &mut Cx<'_>, prepared: &Prepared) {
        if let Carrier::WebSocket(socket, _) = &mut self.carrier {
            let _ = socket.send_prepared(cx, prepared);
        }
    }

    /// Closes the WebSocket, whose session is over.
    pub(super) fn close_websocket(&mut self, cx: &mut Cx<'_>) {
        if let Carrier::WebSocket(socket, owner) = &mut self.carrier {
            *owner = None;
            let _ = socket.close(cx, None, "");
            self.since = cx.now;
        }
    }

    /// What happened.
    pub(super) fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<Happened> {
        loop {
            self.fetch(cx);
            let (happened, is_end) = match &mut self.carrier {
                Carrier::Http(server) => match server.poll_event(cx)? {
                    ServerEvent::Body(_) => (None, false),
                    ServerEvent::Request(request) => {
                        self.is_used = true;
                        (Some(Happened::Request(request)), false)
                    }
                    ServerEvent::Failed(_) => {
                        let head = server.failed_head().map(Box::new);
                        (Some(Happened::Unreadable(head)), false)
                    }
                    ServerEvent::Disconnect => (None, true),
                },
                Carrier::WebSocket(socket, owner) => {
                    let event = socket.poll_event(cx)?;
                    let is_end = event == Event::Disconnect;
                    (of_session(event, owner), is_end)
                }
            };
            if is_end {
                self.close(cx);
            }
            if happened.is_some() {
                return happened;
            }
        }
    }

    /// What is to be done with the connection.
    pub(super) fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<Order> {
        self.fetch(cx);
        self.orders.pop(cx)
    }

    /// When it has waited long enough.
    pub(super) fn due(&self, options: &ServerOptions) -> Option<Time> {
        let span = match &self.carrier {
            _ if self.is_over => None,
            Carrier::Http(server) if server.is_asked() => None,
            Carrier::Http(server) if server.is_idle() && self.is_used => options.idle_timeout,
            Carrier::Http(_) => options.request_timeout,
            Carrier::WebSocket(socket, _) => {
                (socket.state() == State::Closing).then_some(CLOSE_TIMEOUT)
            }
        };
        Some(self.since + span?)
    }

    /// It has waited long enough: it is closed. Whether it was a request that did not come.
    pub(super) fn time_out(&mut self, cx: &mut Cx<'_>) -> bool {
        let is_late = match &self.carrier {
            Carrier::Http(server) => !server.is_idle() || !self.is_used,
            Carrier::WebSocket(..) => false,
        };
        if is_late {
            let response = Response::new(408)
                .with("Connection", "close")
                .with("Content-Length", "0");
            let what = What::Decided("no whole request in time".into());
            cx.step(7, Some(self.conn), "RFC 9110 §15.5.9", what);
            self.orders.push(cx, Order::Send(response.emit().into()));
        }
        self.close(cx);
        is_late
    }

    fn close(&mut self, cx: &Cx<'_>) {
        if !self.is_over {
            self.is_over = true;
            self.orders.push(cx, Order::Close);
        }
    }

    fn fetch(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        loop {
            let bytes = match &mut self.carrier {
                Carrier::Http(server) => server.poll_transmit(cx).map(Into::into),
                Carrier::WebSocket(socket, _) => socket.poll_transmit(cx),
            };
            let Some(bytes) = bytes else {
                break;
            };
            self.orders.push(cx, Order::Send(bytes));
        }
        cx.cause = cause;
    }
}

/// What an event of a WebSocket is to its session.
fn of_session(event: Event, owner: &mut Option<SessionId>) -> Option<Happened> {
    match event {
        Event::Message(message) => Some(Happened::Message((*owner)?, message)),
        Event::ProtocolError { .. } => Some(Happened::Closed(owner.take()?, true)),
        Event::Closed { .. } => Some(Happened::Closed(owner.take()?, false)),
        Event::Refused(_) | Event::HandshakeFailed(_) => Some(Happened::Unreadable(None)),
        _ => None,
    }
}

/// The message of WebSocket that a packet is.
pub(super) fn message(packet: Packet) -> Message {
    match packet {
        Packet::Binary(bytes) => Message::Binary(bytes),
        text => Message::Text(text.emit()),
    }
}

/// The response with its date (RFC 9110 §6.6.1) and these fields.
fn adorned(mut response: Response, headers: Headers, now: Time) -> Response {
    response.headers.push("Date", imf_fixdate(now));
    for (name, value) in headers.iter() {
        response.headers.push(name, value);
    }
    response
}
