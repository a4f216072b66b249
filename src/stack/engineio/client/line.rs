//! The carriers of a session: connections for HTTP requests, and WebSockets.

use super::{Client, ClientError, ClientOrder, ClientState, Slot};
use crate::base::RecordId;
use crate::proto::http::Request;
use crate::stack::cx::Cx;
use crate::stack::http;
use crate::stack::record::ConnId;
use crate::stack::websocket::WebSocket;

/// A carrier.
#[derive(Debug)]
pub(super) struct Line {
    pub slot: Slot,
    /// Its name in records, once it is open.
    pub conn: Option<ConnId>,
    pub is_open: bool,
    pub use_of: Use,
}

/// What a carrier is used for.
#[derive(Debug)]
pub(super) enum Use {
    Http(Box<Http>),
    /// A WebSocket, once the carrier is open.
    WebSocket(Option<Box<WebSocket>>),
}

/// A connection for requests, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Http {
    pub client: http::Client,
    /// The request that was not answered yet.
    pub exchange: Option<Exchange>,
    /// Whether it has answered one before.
    is_used: bool,
    /// Whether an answer has begun.
    is_answering: bool,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub purpose: Purpose,
    request: Request,
    cause: Option<RecordId>,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It waits for packets.
    Poll,
    /// It brings packets.
    Post,
    /// It says that the session is over: whatever the answer.
    Farewell,
}

impl Client {
    /// The carrier of this slot is connected; `conn` names it in records.
    pub fn handle_open(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: Option<ConnId>) {
        let Some(line) = self.line_mut(slot) else {
            return;
        };
        line.is_open = true;
        line.conn = conn;
        match &mut line.use_of {
            Use::Http(http) => {
                http.client = http::Client::new(conn);
                self.send_request(cx, slot);
            }
            Use::WebSocket(_) => self.open_handshake(cx, slot),
        }
    }

    /// Takes bytes that came on this carrier.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]) {
        let Some(line) = self.line_mut(slot) else {
            return;
        };
        match &mut line.use_of {
            Use::Http(http) => {
                http.is_answering |= http.exchange.is_some();
                http.client.handle_input(cx, bytes);
                self.pump_http(cx, slot);
            }
            Use::WebSocket(Some(socket)) => {
                socket.handle_input(cx, bytes);
                self.pump_websocket(cx, slot);
            }
            Use::WebSocket(None) => {}
        }
    }

    /// The peer will send nothing more on this carrier.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let Some(line) = self.line_mut(slot) else {
            return;
        };
        match &mut line.use_of {
            Use::Http(http) => {
                if let Some(again) = http.take_unheard() {
                    return self.again(cx, slot, again);
                }
                http.client.handle_end(cx);
                self.pump_http(cx, slot);
            }
            Use::WebSocket(Some(socket)) => {
                socket.handle_end(cx);
                self.pump_websocket(cx, slot);
            }
            Use::WebSocket(None) => self.handle_gone(cx, slot),
        }
    }

    /// The carrier is no more: refused, reset, or timed out.
    pub fn handle_gone(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let Some(at) = self.lines.iter().position(|line| line.slot == slot) else {
            return;
        };
        match self.lines.remove(at).use_of {
            Use::Http(mut http) => {
                if let Some(again) = http.take_unheard() {
                    self.request_again(cx, again);
                } else if let Some(exchange) = http.exchange {
                    self.request_failed(cx, exchange.purpose, None);
                }
            }
            Use::WebSocket(_) => self.websocket_failed(cx, slot, ClientError::new(WEBSOCKET)),
        }
    }

    pub(super) fn line(&self, slot: Slot) -> Option<&Line> {
        self.lines.iter().find(|line| line.slot == slot)
    }

    pub(super) fn line_mut(&mut self, slot: Slot) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.slot == slot)
    }

    /// Asks for a new carrier.
    pub(super) fn open_line(&mut self, cx: &mut Cx<'_>, use_of: Use) -> Slot {
        let slot = Slot {
            session: self.session,
            line: self.lines_made,
        };
        self.lines_made += 1;
        self.lines.push(Line {
            slot,
            conn: None,
            is_open: false,
            use_of,
        });
        self.orders.push(cx, ClientOrder::Open(slot));
        slot
    }

    /// Closes a carrier and forgets it.
    pub(super) fn close_line(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let count = self.lines.len();
        self.lines.retain(|line| line.slot != slot);
        if self.lines.len() < count {
            self.orders.push(cx, ClientOrder::Close(slot));
        }
    }

    /// Closes the connections that no request waits on.
    pub(super) fn close_idle(&mut self, cx: &mut Cx<'_>) {
        let is_closed = self.state == ClientState::Closed;
        let is_idle = |line: &&Line| match &line.use_of {
            // A connection that is not even made is given up with the session.
            Use::Http(http) => match &http.exchange {
                None => true,
                Some(exchange) => {
                    is_closed && !line.is_open && exchange.purpose != Purpose::Farewell
                }
            },
            Use::WebSocket(_) => false,
        };
        let idle: Vec<Slot> = self
            .lines
            .iter()
            .filter(is_idle)
            .map(|line| line.slot)
            .collect();
        for slot in idle {
            self.close_line(cx, slot);
        }
    }

    /// Makes a request on a connection that is free, or on a new one.
    pub(super) fn request(&mut self, cx: &mut Cx<'_>, purpose: Purpose, request: Request) {
        let cause = cx.cause;
        let exchange = Exchange {
            purpose,
            request,
            cause,
        };
        let free = self
            .lines
            .iter_mut()
            .find_map(|line| match &mut line.use_of {
                Use::Http(http) if line.is_open && http.exchange.is_none() => {
                    Some((line.slot, http))
                }
                _ => None,
            });
        if let Some((slot, http)) = free {
            http.exchange = Some(exchange);
            return self.send_request(cx, slot);
        }
        self.request_anew(cx, exchange);
    }

    fn request_anew(&mut self, cx: &mut Cx<'_>, exchange: Exchange) {
        let http = Http {
            exchange: Some(exchange),
            ..Http::default()
        };
        self.open_line(cx, Use::Http(Box::new(http)));
    }

    fn send_request(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let Some(line) = self.line_mut(slot) else {
            return;
        };
        let Use::Http(http) = &mut line.use_of else {
            return;
        };
        if let Some(exchange) = &http.exchange {
            let cause = cx.cause;
            // A post follows from the packets that it brings, a poll from what opened the way for it.
            if exchange.purpose != Purpose::Poll {
                cx.cause = exchange.cause;
            }
            http.is_answering = false;
            http.client.request(cx, exchange.request.clone());
            self.pump_http(cx, slot);
            cx.cause = cause;
        }
    }

    /// Fetches what the machine on this connection has to send and to tell.
    fn pump_http(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let cause = cx.cause;
        while let Some(Line {
            use_of: Use::Http(http),
            ..
        }) = self.lines.iter_mut().find(|line| line.slot == slot)
        {
            while let Some(bytes) = http.client.poll_transmit(cx) {
                self.orders.push(cx, ClientOrder::Send(slot, bytes.into()));
            }
            cx.cause = cause;
            match http.client.poll_event(cx) {
                None => break,
                Some(http::ClientEvent::Interim(_)) => {}
                Some(http::ClientEvent::Response(response)) => {
                    http.is_used = true;
                    if let Some(exchange) = http.exchange.take() {
                        self.answered(cx, slot, exchange.purpose, &response);
                    }
                }
                Some(http::ClientEvent::Failed(why)) => {
                    if let Some(exchange) = http.exchange.take() {
                        self.request_failed(cx, exchange.purpose, Some(why));
                    }
                }
                Some(http::ClientEvent::Disconnect) => self.disconnected(cx, slot),
            }
        }
        cx.cause = cause;
        if self.state == ClientState::Closed {
            self.close_idle(cx);
        }
    }

    /// The connection serves no more requests. One that was put on it meanwhile goes on a new one.
    fn disconnected(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        let exchange = self.line_mut(slot).and_then(|line| match &mut line.use_of {
            Use::Http(http) => http.exchange.take(),
            Use::WebSocket(_) => None,
        });
        self.close_line(cx, slot);
        if let Some(exchange) = exchange {
            self.request_again(cx, exchange);
        }
    }

    fn again(&mut self, cx: &mut Cx<'_>, slot: Slot, exchange: Exchange) {
        self.close_line(cx, slot);
        self.request_again(cx, exchange);
    }

    fn request_again(&mut self, cx: &mut Cx<'_>, exchange: Exchange) {
        if self.state != ClientState::Closed || exchange.purpose == Purpose::Farewell {
            self.request_anew(cx, exchange);
        }
    }
}

/// The name of what goes wrong with a WebSocket.
pub(super) const WEBSOCKET: &str = "websocket error";

impl Http {
    /// The request that the server has not even begun to answer, on a connection that it had kept for one more: it has
    /// closed it at the same moment, and another connection is tried, as browsers do.
    fn take_unheard(&mut self) -> Option<Exchange> {
        let is_unheard = self.is_used && !self.is_answering;
        self.exchange.take_if(|_| is_unheard)
    }
}
