//! The way into a WebSocket server on real sockets: [`Door`].

use super::patience::Patience;
use super::talk::{Order, Orders};
use crate::base::Time;
use crate::proto::http::{Request, Response};
use crate::stack::cx::Cx;
use crate::stack::engineio::Origins;
use crate::stack::http::{Server, ServerEvent};
use crate::stack::record::ConnId;
use crate::stack::websocket::{ServerOptions, WebSocket};

/// A connection that speaks HTTP until a request asks for the WebSocket.
#[derive(Debug)]
pub struct Door {
    conn: ConnId,
    server: Server,
    options: ServerOptions,
    origins: Origins,
    patience: Patience,
}

/// What came of it.
#[derive(Debug)]
pub enum Came {
    /// Nothing yet.
    Nothing,
    /// A request for something else: [`Door::respond`].
    Request(Request),
    /// A request from a page that may not connect, which was answered.
    Refused,
    /// The WebSocket, opened or refused.
    WebSocket(Box<WebSocket>),
}

impl Door {
    /// Lets in as `options` say, and who comes from one of `origins`.
    pub fn new(conn: ConnId, options: ServerOptions, origins: Origins, patience: Patience) -> Self {
        Self {
            conn,
            server: Server::new(Some(conn)),
            options,
            origins,
            patience,
        }
    }

    /// The connection was made.
    pub fn handle_open(&mut self, cx: &Cx) {
        self.patience.start(cx.now);
    }

    /// Bytes came.
    pub fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.patience.note_input(cx.now, &self.server);
        self.server.handle_input(cx, bytes);
    }

    /// The peer will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx) {
        self.server.handle_end(cx);
    }

    /// When it has waited long enough.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.patience.due(&self.server)
    }

    /// It has waited long enough: the connection is closed.
    pub fn handle_timeout(&mut self, cx: &mut Cx, orders: &mut Orders) {
        let Some(farewell) = self.patience.give_up(cx.now, &self.server) else {
            return;
        };
        if !farewell.is_empty() {
            orders.push(cx, Order::Send(farewell.into()));
        }
        orders.push(cx, Order::Close);
    }

    /// Answers a request.
    pub fn respond(&mut self, cx: &mut Cx, response: Response) {
        self.server.respond(cx, response);
        self.patience.start(cx.now);
    }

    /// Goes on.
    pub fn pump(&mut self, cx: &mut Cx, orders: &mut Orders) -> Came {
        loop {
            while let Some(bytes) = self.server.poll_transmit(cx) {
                orders.push(cx, Order::Send(bytes.into()));
            }
            match self.server.poll_event(cx) {
                None => return Came::Nothing,
                Some(ServerEvent::Body(_) | ServerEvent::Failed(_)) => {}
                Some(ServerEvent::Disconnect) => orders.push(cx, Order::Close),
                Some(ServerEvent::Request(request)) => {
                    self.patience.note_request();
                    return self.take(cx, request);
                }
            }
        }
    }

    fn take(&mut self, cx: &mut Cx, request: Request) -> Came {
        let path = request.target.split('?').next();
        let upgrades = request.headers.has("Upgrade", "websocket");
        let is_here = self.options.path.is_none() || path == self.options.path.as_deref();
        // at `/` there is a page, too
        if !upgrades && (!is_here || path == Some("/")) {
            return Came::Request(request);
        }
        if upgrades && !self.origins.allow(&request) {
            let text = "Pages from there may not connect.\n";
            let response = Response::new(403).with("Connection", "close");
            self.respond(cx, response.with_body("text/plain", text));
            return Came::Refused;
        }
        let rest = self.server.upgrade();
        let options = self.options.clone();
        let socket = WebSocket::accept(cx, request, &rest, options, Some(self.conn));
        Came::WebSocket(Box::new(socket))
    }
}
