//! An Engine.IO server by itself, in the simulator and on real sockets alike: [`EngineIo`].

use std::collections::BTreeSet;

use super::bytes::{read_text, write_down};
use super::diary::Diary;
use super::http::PRODUCT;
use super::messages::{Clients, Messages};
use super::script::SCENARIO;
use super::service::{Said, Service};
use super::socketio::{Outside, Site};
use super::talk::Order;
use super::ticks::Rates;
use crate::base::{Rng, Time};
use crate::proto::engineio::{Packet, PacketType};
use crate::proto::http::{Request, Response};
use crate::sim::spec::{self, Content, EngineIoServer, Reply};
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, Origins, Server, ServerEvent, ServerOptions, SessionId};
use crate::stack::record::{ConnId, What};
use crate::stack::websocket::DeflateOptions;

/// An Engine.IO server and its handlers.
pub struct EngineIo {
    sessions: Sessions,
    reply: Reply,
    messages: Messages,
    rates: Rates<SessionId>,
    site: Option<Site>,
}

/// Its sessions, each a client.
struct Sessions {
    server: Server,
    open: BTreeSet<u32>,
}

impl EngineIo {
    /// A server in the simulator.
    pub fn new(spec: &EngineIoServer, rng: Rng) -> Self {
        let options = options(&spec.engine, ServerOptions::default());
        Self {
            sessions: Sessions {
                server: Server::new(options, rng),
                open: BTreeSet::new(),
            },
            reply: spec.reply.clone(),
            messages: Messages::new(&spec.handlers, Diary::default()),
            rates: Rates::new(None),
            site: None,
        }
    }

    /// A server on real sockets; it [says](Service::take_said) what happens.
    pub fn outside(spec: &EngineIoServer, rng: Rng, outside: Outside) -> Self {
        let options = options(&spec.engine, outside.engine());
        Self {
            sessions: Sessions {
                server: Server::new(options, rng),
                open: BTreeSet::new(),
            },
            reply: spec.reply.clone(),
            messages: Messages::new(&spec.handlers, Diary::kept(outside.says_events)),
            rates: Rates::new(outside.most_a_second),
            site: outside.site,
        }
    }

    /// Takes what happened, until there is nothing more.
    fn pump(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        while let Some(event) = self.sessions.server.poll_event(cx) {
            self.take(cx, event);
            cx.cause = cause;
        }
    }

    fn take(&mut self, cx: &mut Cx, event: ServerEvent) {
        let diary = &mut self.messages.diary;
        match event {
            ServerEvent::Opened(session, opened) => self.opened(cx, session, &opened),
            ServerEvent::Upgraded(session) => {
                diary.event(|| format!("session {} goes on over WebSocket", session.0));
            }
            ServerEvent::Message(session, conn, packet) => self.received(cx, session, conn, packet),
            ServerEvent::Closed(session, reason) => self.closed(cx, session, reason.name()),
            ServerEvent::Request(conn, request) => {
                let response = answer(&mut self.site, &request);
                self.sessions.server.respond(cx, conn, response);
            }
            ServerEvent::Refused(conn, why) => {
                let who = diary.who(conn);
                diary.line(|| format!("{who} was refused: {why}"));
            }
        }
    }

    fn opened(&mut self, cx: &mut Cx, session: SessionId, opened: &engineio::Opened) {
        let number = session.0;
        self.sessions.open.insert(number);
        hear(cx, Some(opened.conn), format!("session {number} is open"));
        let (diary, count) = (&mut self.messages.diary, self.sessions.open.len());
        let (who, line) = (diary.who(opened.conn), opened.request.line());
        diary.line(|| format!("{number} came from {who} with {line} ({count} there)"));
        self.messages.came(cx, &mut self.sessions, number);
    }

    fn received(&mut self, cx: &mut Cx, session: SessionId, conn: ConnId, packet: Packet) {
        if self.rates.is_too_fast(cx.now, session) {
            let what = || format!("{} sends too many messages and is sent away", session.0);
            self.messages.diary.line(what);
            return self.sessions.server.close(cx, session);
        }
        let content = match packet {
            Packet::Text(_, text) => Content::Text(text.into()),
            Packet::Binary(bytes) => Content::Binary(bytes.into()),
        };
        if let Content::Text(text) = &content {
            read_text(cx, Some(conn), text);
        }
        hear(cx, Some(conn), format!("{} received", content.describe()));
        let came = cx.cause;
        if let Some(reply) = self.reply.to(&content) {
            self.sessions.send(cx, session.0, reply);
        }
        cx.cause = came;
        self.messages
            .received(cx, &mut self.sessions, session.0, &content);
    }

    fn closed(&mut self, cx: &mut Cx, session: SessionId, reason: &'static str) {
        let number = session.0;
        self.rates.forget(&session);
        self.sessions.open.remove(&number);
        hear(cx, None, format!("session {number} is over: {reason}"));
        self.messages
            .diary
            .line(|| format!("{number} left: {reason}"));
        self.messages
            .left(cx, &mut self.sessions, number, reason.to_owned());
    }
}

impl Clients for Sessions {
    fn numbers(&self) -> Vec<u32> {
        self.open.iter().copied().collect()
    }

    fn connection_of(&self, number: u32) -> Option<ConnId> {
        self.server.connection_of(SessionId(number))
    }

    fn send(&mut self, cx: &mut Cx, number: u32, content: &Content) {
        let conn = self.connection_of(number);
        call(cx, conn, format!("send {}", content.describe()));
        write_down(cx, conn, content);
        let packet = match content {
            Content::Text(text) => Packet::Text(PacketType::Message, text.to_string()),
            Content::Binary(bytes) => Packet::Binary(bytes.to_vec()),
        };
        self.server.send(cx, SessionId(number), packet);
    }

    fn close(&mut self, cx: &mut Cx, number: u32) {
        call(cx, self.connection_of(number), "close".to_owned());
        self.server.close(cx, SessionId(number));
    }
}

/// What a server of Engine.IO does, beside what `more` says that only one on real sockets has.
pub fn options(spec: &spec::EngineIo, more: ServerOptions) -> ServerOptions {
    let mut options = ServerOptions {
        path: spec.path.clone(),
        ping_interval: spec.ping_interval,
        ping_timeout: spec.ping_timeout,
        upgrade_timeout: spec.upgrade_timeout,
        max_payload: spec.max_payload,
        websocket: spec.websocket,
        polling: spec.polling,
        deflate: spec.deflate.then(DeflateOptions::default),
        ..more
    };
    options.headers.push("Server", PRODUCT);
    options
}

impl Outside {
    /// What only a server of Engine.IO on real sockets has.
    pub fn engine(&self) -> ServerOptions {
        let origins = self.origins.clone().map_or(Origins::Unchecked, Origins::of);
        ServerOptions {
            origins,
            request_timeout: self.request_timeout,
            idle_timeout: self.idle_timeout,
            max_sessions: self.max_sessions.unwrap_or(usize::MAX),
            max_unsent: self.max_unsent.unwrap_or(usize::MAX),
            ..ServerOptions::default()
        }
    }
}

/// The answer to a request that is not Engine.IO's.
pub fn answer(site: &mut Option<Site>, request: &Request) -> Response {
    match site {
        Some(site) => site(request),
        None => {
            let path = request.target.split('?').next().unwrap_or_default();
            Response::new(404).with_body("text/plain", format!("{path} is not here\n"))
        }
    }
}

fn call(cx: &mut Cx, conn: Option<ConnId>, text: String) {
    cx.step(7, conn, SCENARIO, What::AppCall(text.into()));
}

fn hear(cx: &mut Cx, conn: Option<ConnId>, text: String) {
    cx.step(7, conn, SCENARIO, What::AppEvent(text.into()));
}

impl Service for EngineIo {
    fn start(&mut self, cx: &mut Cx) {
        self.messages.start(cx);
    }

    fn know_peer(&mut self, conn: ConnId, peer: std::net::SocketAddr) {
        self.messages.diary.know(conn, peer);
    }

    fn handle_open(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sessions.server.handle_open(cx, conn);
        self.pump(cx);
    }

    fn handle_input(&mut self, cx: &mut Cx, conn: ConnId, bytes: &[u8]) {
        self.sessions.server.handle_input(cx, conn, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sessions.server.handle_end(cx, conn);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sessions.server.handle_gone(cx, conn);
        self.pump(cx);
        self.messages.diary.forget(conn);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        self.messages.handle_timeout(cx, &mut self.sessions);
        self.sessions.server.handle_timeout(cx);
        self.pump(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        let own = self.messages.poll_timeout();
        own.into_iter()
            .chain(self.sessions.server.poll_timeout())
            .min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)> {
        let (conn, order) = self.sessions.server.poll_order(cx)?;
        Some((conn, order.into()))
    }

    fn shut_down(&mut self, cx: &mut Cx) {
        for number in self.sessions.numbers() {
            self.sessions.server.close(cx, SessionId(number));
        }
        self.pump(cx);
    }

    fn take_said(&mut self) -> Vec<Said> {
        self.messages.diary.take()
    }
}

impl From<engineio::Order> for Order {
    fn from(order: engineio::Order) -> Self {
        match order {
            engineio::Order::Send(bytes) => Self::Send(bytes),
            engineio::Order::Close => Self::Close,
        }
    }
}
