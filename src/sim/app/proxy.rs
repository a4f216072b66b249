//! An HTTP proxy before one server.
//!
//! It begins as an HTTP server to the client. A CONNECT makes a tunnel (RFC 9110 §9.3.6): bytes are handed from one side
//! to the other, and nothing is read of them. Any other request is passed on to the server, without the fields that are
//! meant for the next hop alone (§7.6.1), and so is the response.

use std::net::SocketAddr;

use super::http::PRODUCT;
use super::relay::{Middle, Relay, Side};
use super::script::SCENARIO;
use super::talk::{Order, Orders};
use crate::base::RecordId;
use crate::proto::http::{Headers, Request, Response};
use crate::sim::spec;
use crate::stack::cx::Cx;
use crate::stack::http::{Client, ClientEvent, Server, ServerEvent};
use crate::stack::record::{ConnId, What};

/// A proxy by its data; `books` says whether it keeps them.
pub fn proxy(spec: &spec::Proxy, books: bool) -> Relay<Proxying> {
    let (to, upgrades) = (spec.to, spec.upgrades);
    let make = move |_: &mut Cx, conn| Proxying::new(conn, to, upgrades);
    Relay::new(spec.port, Box::new(make), books)
}

/// The state between the two connections.
#[derive(Debug)]
pub struct Proxying {
    /// The client's connection.
    conn: ConnId,
    to: SocketAddr,
    upgrades: bool,
    server: Server,
    /// To the server, once it is connected.
    client: Option<Client>,
    up_conn: Option<ConnId>,
    /// The request that waits for its answer.
    waiting: Option<Request>,
    /// The server is needed; the record that says why.
    wanted: Option<Option<RecordId>>,
    is_connected: bool,
    /// Bytes are handed through.
    is_tunnel: bool,
    /// Which side has ended, client first.
    ended: [bool; 2],
    orders: [Orders; 2],
}

impl Proxying {
    fn new(conn: ConnId, to: SocketAddr, upgrades: bool) -> Self {
        Self {
            conn,
            to,
            upgrades,
            server: Server::new(Some(conn)),
            client: None,
            up_conn: None,
            waiting: None,
            wanted: None,
            is_connected: false,
            is_tunnel: false,
            ended: [false; 2],
            orders: Default::default(),
        }
    }

    fn push(&mut self, cx: &Cx, side: Side, order: Order) {
        self.orders[side as usize].push(cx, order);
    }

    fn send(&mut self, cx: &Cx, side: Side, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.push(cx, side, Order::Send(bytes.into()));
        }
    }

    fn call(&self, cx: &mut Cx, side: Side, text: String) {
        let conn = match side {
            Side::Client => Some(self.conn),
            Side::Server => self.up_conn,
        };
        cx.step(7, conn, SCENARIO, What::AppCall(text.into()));
    }

    fn pump_server(&mut self, cx: &mut Cx) {
        loop {
            while let Some(bytes) = self.server.poll_transmit(cx) {
                self.send(cx, Side::Client, bytes);
            }
            match self.server.poll_event(cx) {
                None => return,
                Some(ServerEvent::Request(request)) => self.take_request(cx, request),
                Some(ServerEvent::Body(_) | ServerEvent::Failed(_)) => {}
                Some(ServerEvent::Disconnect) => self.push(cx, Side::Client, Order::Close),
            }
        }
    }

    fn take_request(&mut self, cx: &mut Cx, request: Request) {
        let line = request.line();
        let event = What::AppEvent(format!("request received: {line}").into());
        cx.step(7, Some(self.conn), SCENARIO, event);
        self.waiting = Some(request);
        match self.is_connected {
            true => self.pass_on(cx),
            false => self.wanted = Some(cx.cause),
        }
    }

    /// The server is there: opens the tunnel, or passes the request on.
    fn pass_on(&mut self, cx: &mut Cx) {
        let Some(request) = &self.waiting else {
            return;
        };
        if request.method == "CONNECT" {
            return self.open_tunnel(cx);
        }
        let mut passed = request.clone();
        passed.headers = for_next_hop(&request.headers, self.upgrades);
        self.call(cx, Side::Server, format!("pass on {}", passed.line()));
        if let Some(client) = &mut self.client {
            client.request(cx, passed);
        }
        self.pump_client(cx);
    }

    fn open_tunnel(&mut self, cx: &mut Cx) {
        self.waiting = None;
        let mut response = Response::new(200);
        response.reason = "Connection Established".into();
        self.call(cx, Side::Client, format!("respond {}", response.line()));
        let rest = self.server.upgrade();
        self.send(cx, Side::Client, response.emit());
        self.is_tunnel = true;
        self.send(cx, Side::Server, rest);
    }

    fn pump_client(&mut self, cx: &mut Cx) {
        loop {
            let Some(client) = &mut self.client else {
                return;
            };
            if let Some(bytes) = client.poll_transmit(cx) {
                self.send(cx, Side::Server, bytes);
                continue;
            }
            match client.poll_event(cx) {
                None => return,
                Some(ClientEvent::Interim(response)) if response.code == 101 => {
                    return self.switch(cx, &response);
                }
                Some(ClientEvent::Interim(_)) => {}
                Some(ClientEvent::Response(response)) => self.answer(cx, response),
                Some(ClientEvent::Failed(_)) => self.unreachable(cx),
                Some(ClientEvent::Disconnect) => {
                    self.is_connected = false;
                    self.push(cx, Side::Server, Order::Close);
                }
            }
        }
    }

    /// The server switches protocols: both sides do.
    fn switch(&mut self, cx: &mut Cx, response: &Response) {
        self.waiting = None;
        self.call(cx, Side::Client, format!("respond {}", response.line()));
        let from_client = self.server.upgrade();
        let from_server = self
            .client
            .as_mut()
            .map(Client::upgrade)
            .unwrap_or_default();
        let mut passed = response.clone();
        passed.headers = for_next_hop(&response.headers, true);
        self.send(cx, Side::Client, passed.emit());
        self.is_tunnel = true;
        self.send(cx, Side::Client, from_server);
        self.send(cx, Side::Server, from_client);
    }

    fn answer(&mut self, cx: &mut Cx, response: Response) {
        if self.waiting.take().is_some() {
            let mut passed = response;
            passed.headers = for_next_hop(&passed.headers, false);
            self.respond(cx, passed);
        }
    }

    fn respond(&mut self, cx: &mut Cx, response: Response) {
        self.call(cx, Side::Client, format!("respond {}", response.line()));
        self.server.respond(cx, response);
        self.pump_server(cx);
    }
}

impl Middle for Proxying {
    fn handle_open(&mut self, cx: &mut Cx, side: Side) {
        if side == Side::Server {
            self.is_connected = true;
            self.client = Some(Client::new(self.up_conn));
            self.pass_on(cx);
        }
    }

    fn handle_input(&mut self, cx: &mut Cx, from: Side, bytes: &[u8]) {
        match (from, &mut self.client) {
            _ if self.is_tunnel => self.send(cx, from.other(), bytes.to_vec()),
            (Side::Client, _) => {
                self.server.handle_input(cx, bytes);
                self.pump_server(cx);
            }
            (Side::Server, Some(client)) => {
                client.handle_input(cx, bytes);
                self.pump_client(cx);
            }
            (Side::Server, None) => {}
        }
    }

    /// A side sends no more. Through a tunnel the other is told so, and when both have ended both are closed.
    fn handle_end(&mut self, cx: &mut Cx, from: Side) {
        self.ended[from as usize] = true;
        match (from, &mut self.client) {
            _ if self.is_tunnel && self.ended == [true; 2] => {
                self.push(cx, Side::Client, Order::Close);
                self.push(cx, Side::Server, Order::Close);
            }
            _ if self.is_tunnel => self.push(cx, from.other(), Order::Shutdown),
            (Side::Client, _) => {
                self.server.handle_end(cx);
                self.pump_server(cx);
                if self.is_connected {
                    self.push(cx, Side::Server, Order::Close);
                }
            }
            (Side::Server, Some(client)) => {
                client.handle_end(cx);
                self.pump_client(cx);
            }
            (Side::Server, None) => {}
        }
    }

    /// A connection is no more; where its end was not said, the other is broken off, too.
    fn handle_gone(&mut self, cx: &mut Cx, from: Side) {
        if self.is_tunnel && !self.ended[from as usize] {
            self.ended[from as usize] = true;
            self.push(cx, from.other(), Order::Abort);
        } else if !self.ended[from as usize] {
            self.handle_end(cx, from);
        }
    }

    fn poll_order(&mut self, cx: &mut Cx, side: Side) -> Option<Order> {
        self.orders[side as usize].pop(cx)
    }

    fn take_wanted(&mut self) -> Option<(SocketAddr, Option<RecordId>)> {
        self.wanted.take().map(|why| (self.to, why))
    }

    fn connecting(&mut self, conn: ConnId) {
        self.up_conn = Some(conn);
    }

    /// Gone before it answered (RFC 9110 §15.6.3).
    fn unreachable(&mut self, cx: &mut Cx) {
        if self.waiting.take().is_some() {
            let text = format!("{} gives no answer\n", self.to);
            let response = Response::new(502)
                .with("Connection", "close")
                .with_body("text/plain", text);
            self.respond(cx, response);
        }
    }
}

/// The fields without those that are for one hop alone, and with this hop's name (RFC 9110 §7.6.1, §7.6.3). A proxy that
/// knows upgrades makes its own `Connection` and `Upgrade` of those that it was asked for.
fn for_next_hop(headers: &Headers, upgrades: bool) -> Headers {
    const HOP_BY_HOP: &[&str] = &[
        "Connection",
        "Upgrade",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Transfer-Encoding",
    ];
    let mut passed = Headers::default();
    for (name, value) in headers.iter() {
        let is_listed = headers.has("Connection", name);
        let is_known = HOP_BY_HOP
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        if !is_listed && !is_known {
            passed.push(name, value);
        }
    }
    if let Some(protocol) = headers.get("Upgrade").filter(|_| upgrades) {
        passed.push("Upgrade", protocol);
        passed.push("Connection", "Upgrade");
    }
    passed.push("Via", format!("1.1 {PRODUCT}"));
    passed
}
