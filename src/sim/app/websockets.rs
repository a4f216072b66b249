//! A WebSocket server that looks at all its connections together, in the simulator and on real sockets alike:
//! [`WebSockets`].

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::diary::Diary;
use super::engineio::answer;
use super::messages::{Clients, Messages};
use super::patience::Patience;
use super::service::{Each, Said, Service};
use super::socketio::{Outside, Site};
use super::talk::{Order, Talk as _};
use super::ticks::Rates;
use super::websocket::{Heard, WebSocketTalk};
use crate::base::Time;
use crate::proto::http::Request;
use crate::sim::spec::{Content, WebSocketServer};
use crate::stack::cx::Cx;
use crate::stack::engineio::Origins;
use crate::stack::record::ConnId;

/// What the peer of one that sends too much is told (RFC 6455 §7.4.1).
const POLICY_VIOLATION: u16 = 1008;
/// What clients are told when the server ends.
const GOING_AWAY: u16 = 1001;

/// A WebSocket server and its handlers.
pub struct WebSockets {
    sockets: Sockets,
    messages: Messages,
    rates: Rates<ConnId>,
    site: Option<Site>,
}

/// Its connections; of those that are open, the numbers.
struct Sockets {
    each: Each<WebSocketTalk, Speak>,
    open: BTreeMap<u32, ConnId>,
    next_number: u32,
}

type Speak = Box<dyn FnMut(ConnId) -> WebSocketTalk>;

impl WebSockets {
    /// A server in the simulator.
    pub fn new(spec: &WebSocketServer) -> Self {
        let own = spec.clone();
        let speak = move |conn| WebSocketTalk::server(conn, &own).telling();
        Self {
            sockets: Sockets::new(Box::new(speak)),
            messages: Messages::new(&spec.handlers, Diary::default()),
            rates: Rates::new(None),
            site: None,
        }
    }

    /// A server on real sockets; it [says](Service::take_said) what happens.
    pub fn outside(spec: &WebSocketServer, outside: Outside) -> Self {
        let patience = Patience::new(outside.request_timeout, outside.idle_timeout);
        let origins = outside.origins.map_or(Origins::Unchecked, |mut origins| {
            origins.extend(spec.policy.origins.iter().cloned());
            Origins::of(origins)
        });
        let (mut own, within) = (spec.clone(), outside.request_timeout);
        own.policy.origins.clear();
        let speak = move |conn| {
            WebSocketTalk::behind_a_door(conn, &own, origins.clone(), patience)
                .within(within)
                .telling()
        };
        Self {
            sockets: Sockets::new(Box::new(speak)),
            messages: Messages::new(&spec.handlers, Diary::kept(outside.says_events)),
            rates: Rates::new(outside.most_a_second),
            site: outside.site,
        }
    }

    /// Takes what happened on a connection, until there is nothing more.
    fn settle(&mut self, cx: &mut Cx, conn: ConnId) {
        let cause = cx.cause;
        while let Some(heard) = self.sockets.heard(cx, conn) {
            self.take(cx, conn, heard);
            cx.cause = cause;
        }
    }

    fn take(&mut self, cx: &mut Cx, conn: ConnId, heard: Heard) {
        match heard {
            Heard::Opened(request) => self.opened(cx, conn, request),
            Heard::Message(content) => self.received(cx, conn, &content),
            Heard::Closed(how) => self.closed(cx, conn, how),
            Heard::Refused(why) => {
                let who = self.messages.diary.who(conn);
                self.messages
                    .diary
                    .line(|| format!("{who} was refused: {why}"));
            }
            Heard::Request(request) => {
                let response = answer(&mut self.site, &request);
                let respond = |talk: &mut WebSocketTalk, cx: &mut Cx| talk.respond(cx, response);
                self.sockets.each.with(cx, conn, respond);
            }
        }
    }

    fn opened(&mut self, cx: &mut Cx, conn: ConnId, request: Option<Request>) {
        let number = self.sockets.let_in(conn);
        let (diary, count) = (&mut self.messages.diary, self.sockets.open.len());
        let who = diary.who(conn);
        let line = request.map_or(String::new(), |request| request.line());
        diary.line(|| format!("{number} came from {who} with {line} ({count} there)"));
        self.messages.came(cx, &mut self.sockets, number);
    }

    fn received(&mut self, cx: &mut Cx, conn: ConnId, content: &Content) {
        let Some(number) = self.sockets.number_of(conn) else {
            return;
        };
        if self.rates.is_too_fast(cx.now, conn) {
            let why = "sends too many messages";
            let close = |talk: &mut WebSocketTalk, cx: &mut Cx| {
                talk.close(cx, Some(POLICY_VIOLATION), why);
            };
            self.sockets.each.with(cx, conn, close);
            return self.closed(cx, conn, why.to_owned());
        }
        self.messages
            .received(cx, &mut self.sockets, number, content);
    }

    fn closed(&mut self, cx: &mut Cx, conn: ConnId, how: String) {
        let Some(number) = self.sockets.number_of(conn) else {
            return;
        };
        self.sockets.open.remove(&number);
        self.messages.diary.line(|| format!("{number} left: {how}"));
        self.messages.left(cx, &mut self.sockets, number, how);
    }
}

impl Sockets {
    fn new(speak: Speak) -> Self {
        Self {
            each: Each::new(speak),
            open: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// What happened on a connection.
    fn heard(&mut self, cx: &mut Cx, conn: ConnId) -> Option<Heard> {
        self.each.talk(conn)?.poll_heard(cx)
    }

    fn let_in(&mut self, conn: ConnId) -> u32 {
        let number = self.next_number;
        self.next_number += 1;
        self.open.insert(number, conn);
        number
    }

    fn number_of(&self, conn: ConnId) -> Option<u32> {
        let mut open = self.open.iter();
        open.find(|(_, own)| **own == conn)
            .map(|(number, _)| *number)
    }

    fn speak(&mut self, cx: &mut Cx, number: u32, what: impl FnOnce(&mut WebSocketTalk, &mut Cx)) {
        if let Some(conn) = self.open.get(&number).copied() {
            self.each.with(cx, conn, what);
        }
    }
}

impl Clients for Sockets {
    fn numbers(&self) -> Vec<u32> {
        self.open.keys().copied().collect()
    }

    fn connection_of(&self, number: u32) -> Option<ConnId> {
        self.open.get(&number).copied()
    }

    fn send(&mut self, cx: &mut Cx, number: u32, content: &Content) {
        self.speak(cx, number, |talk, cx| talk.send(cx, content));
    }

    fn close(&mut self, cx: &mut Cx, number: u32) {
        self.speak(cx, number, |talk, cx| talk.close(cx, Some(1000), ""));
    }
}

impl Service for WebSockets {
    fn start(&mut self, cx: &mut Cx) {
        self.messages.start(cx);
    }

    fn know_peer(&mut self, conn: ConnId, peer: SocketAddr) {
        self.messages.diary.know(conn, peer);
    }

    fn handle_open(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sockets.each.handle_open(cx, conn);
        self.settle(cx, conn);
    }

    fn handle_input(&mut self, cx: &mut Cx, conn: ConnId, bytes: &[u8]) {
        self.sockets.each.handle_input(cx, conn, bytes);
        self.settle(cx, conn);
    }

    fn handle_end(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sockets.each.handle_end(cx, conn);
        self.settle(cx, conn);
    }

    fn handle_gone(&mut self, cx: &mut Cx, conn: ConnId) {
        self.sockets
            .each
            .with(cx, conn, |talk, cx| talk.handle_gone(cx));
        self.settle(cx, conn);
        self.sockets.each.forget(conn);
        self.rates.forget(&conn);
        self.messages.diary.forget(conn);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        self.messages.handle_timeout(cx, &mut self.sockets);
        for conn in self.sockets.each.due(cx.now) {
            self.sockets
                .each
                .with(cx, conn, |talk, cx| talk.handle_timeout(cx));
            self.settle(cx, conn);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let own = self.messages.poll_timeout();
        own.into_iter()
            .chain(self.sockets.each.poll_timeout())
            .min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)> {
        self.sockets.each.poll_order(cx)
    }

    fn shut_down(&mut self, cx: &mut Cx) {
        for number in self.sockets.numbers() {
            let close = |talk: &mut WebSocketTalk, cx: &mut Cx| {
                talk.close(cx, Some(GOING_AWAY), "the server ends");
            };
            self.sockets.speak(cx, number, close);
        }
    }

    fn take_said(&mut self) -> Vec<Said> {
        self.messages.diary.take()
    }
}
