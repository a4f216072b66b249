//! A Socket.IO server that does what handlers say: [`SocketIo`], in the simulator and on real sockets alike.

mod deeds;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::diary::Diary;
use super::engineio::{answer, options};
use super::fill::Known;
use super::script::SCENARIO;
use super::service::{Said, Service};
use super::talk::Order;
use super::ticks::{Rates, Ticks};
use crate::base::{Rng, Time};
use crate::proto::http::{Request, Response};
use crate::sim::spec::{Handler, SocketIoServer, Trigger};
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, SessionId};
use crate::stack::record::{ConnId, What};
use crate::stack::socketio::{Args, Server, ServerEvent, ServerOptions, SocketId, Token};

/// A Socket.IO server and its handlers.
pub struct SocketIo {
    server: Server,
    handlers: Vec<Handler>,
    /// How often each handler was run.
    counts: Vec<u64>,
    ticks: Ticks,
    sockets: BTreeMap<SocketId, Person>,
    /// The events that wait for an answer.
    asked: BTreeMap<Token, String>,
    next_token: u64,
    /// The events of each session.
    rates: Rates<SessionId>,
    /// How often each session asks to come into a namespace.
    askings: Rates<SessionId>,
    site: Option<Site>,
    diary: Diary,
}

/// What answers requests that are not Socket.IO's.
pub type Site = Box<dyn FnMut(&Request) -> Response + Send>;

/// What the handlers know of a socket.
#[derive(Debug, Default)]
struct Person {
    auth: Option<String>,
    room: Option<String>,
}

/// What only a server on real sockets has.
#[derive(Default)]
pub struct Outside {
    /// Which pages may use it.
    pub origins: Option<Vec<String>>,
    /// In what time a request must be there.
    pub request_timeout: Option<Duration>,
    /// How long a connection may stand without a request.
    pub idle_timeout: Option<Duration>,
    /// Whether it says what comes and goes, and not only who.
    pub says_events: bool,
    /// The most sessions.
    pub max_sessions: Option<usize>,
    /// So many bytes may wait for the next poll of a client.
    pub max_unsent: Option<usize>,
    /// The most events of a session in a second; one that sends more is sent away.
    pub most_a_second: Option<u32>,
    /// What answers requests that are not Socket.IO's.
    pub site: Option<Site>,
}

impl SocketIo {
    /// A server in the simulator.
    pub fn new(spec: &SocketIoServer, rng: Rng) -> Self {
        Self::build(spec, rng, engineio::ServerOptions::default())
    }

    /// A server on real sockets; it [says](Service::take_said) what happens.
    pub fn outside(spec: &SocketIoServer, rng: Rng, outside: Outside) -> Self {
        let engine = outside.engine();
        Self {
            rates: Rates::new(outside.most_a_second),
            askings: Rates::new(outside.most_a_second),
            site: outside.site,
            diary: Diary::kept(outside.says_events),
            ..Self::build(spec, rng, engine)
        }
    }

    fn build(spec: &SocketIoServer, rng: Rng, more: engineio::ServerOptions) -> Self {
        let options = ServerOptions {
            engine: options(&spec.engine, more),
            connect_timeout: spec.connect_timeout,
            namespaces: spec.namespaces.clone(),
            recovery: spec.recovery,
        };
        Self {
            server: Server::new(options, rng),
            counts: vec![0; spec.handlers.len()],
            handlers: spec.handlers.clone(),
            ticks: Ticks::default(),
            sockets: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_token: 0,
            rates: Rates::new(None),
            askings: Rates::new(None),
            site: None,
            diary: Diary::default(),
        }
    }

    /// Takes what happened, until there is nothing more.
    fn pump(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        while let Some(event) = self.server.poll_event(cx) {
            self.take(cx, event);
            cx.cause = cause;
        }
    }

    fn take(&mut self, cx: &mut Cx, event: ServerEvent) {
        let diary = &mut self.diary;
        match event {
            ServerEvent::SessionOpened(session, opened) => {
                let who = diary.who(opened.conn);
                diary.event(|| {
                    let line = opened.request.line();
                    format!("session {} opened by {who} with {line}", session.0)
                });
            }
            ServerEvent::Upgraded(session) => {
                diary.event(|| format!("session {} goes on over WebSocket", session.0));
            }
            ServerEvent::SessionClosed(session, reason) => {
                self.rates.forget(&session);
                self.askings.forget(&session);
                diary.event(|| format!("session {} is over: {}", session.0, reason.name()));
            }
            ServerEvent::InvalidNamespace(session, nsp) => {
                if !self.asks_too_often(cx, session) {
                    let what =
                        || format!("session {} asked for {nsp}, which is not here", session.0);
                    self.diary.line(what);
                }
            }
            ServerEvent::Refused(conn, why) => {
                let who = diary.who(conn);
                diary.line(|| format!("{who} was refused: {why}"));
            }
            ServerEvent::Request(conn, request) => {
                let response = answer(&mut self.site, &request);
                self.server.respond(cx, conn, response);
            }
            ServerEvent::Asked { socket, auth } => self.take_asking(cx, socket, auth),
            ServerEvent::Event {
                socket,
                name,
                args,
                id,
            } => {
                self.take_event(cx, socket, name, args, id);
            }
            ServerEvent::Acked(socket, token, args) => self.take_answer(cx, socket, token, args),
            ServerEvent::AckTimedOut(socket, token) => self.take_no_answer(cx, socket, token),
            ServerEvent::Disconnected(socket, gone) => {
                let mut known = self.known(socket);
                known.reason = gone.reason.name().to_owned();
                known.id = gone.sid;
                known.nsp = gone.nsp;
                let text = format!("disconnect: {}", known.reason);
                self.hear(cx, None, text);
                self.diary
                    .line(|| format!("{} left {}: {}", known.id, known.nsp, known.reason));
                self.run(cx, None, &Trigger::Disconnect, known, None);
                self.sockets.remove(&socket);
                for token in gone.owed {
                    self.asked.remove(&token);
                }
            }
        }
    }

    /// A client asks to come in: the handlers may refuse it.
    fn take_asking(&mut self, cx: &mut Cx, socket: SocketId, auth: Option<String>) {
        let session = self.server.session(socket);
        if session.is_none_or(|session| self.asks_too_often(cx, session)) {
            return;
        }
        let auth_shown = (auth.as_ref()).map_or(String::new(), |auth| format!(" {auth}"));
        self.sockets.insert(socket, Person { auth, room: None });
        let known = self.known(socket);
        let (id, nsp) = (known.id.clone(), known.nsp.clone());
        let refused = self.run(cx, Some(socket), &Trigger::Connecting, known, None);
        if refused || self.server.sid(socket).is_none() {
            self.sockets.remove(&socket);
            return;
        }
        let asked = cx.cause;
        let recovered = self.server.accept(cx, socket);
        cx.cause = asked;
        let again = if recovered { ", recovered" } else { "" };
        let conn = self.server.connection_of(socket);
        self.hear(
            cx,
            conn,
            format!("connection of {id} to {nsp}{auth_shown}{again}"),
        );
        let count = self.server.socket_count(&nsp);
        self.diary
            .line(|| format!("{id} came to {nsp}{again} ({count} in it)"));
        let known = self.known(socket);
        self.run(cx, Some(socket), &Trigger::Connection, known, None);
    }

    fn take_event(
        &mut self,
        cx: &mut Cx,
        socket: SocketId,
        name: String,
        args: Args,
        id: Option<u64>,
    ) {
        let session = self.server.session(socket);
        let Some(session) = session else {
            return;
        };
        if self.rates.is_too_fast(cx.now, session) {
            return self.send_away(cx, session);
        }
        let conn = self.server.connection_of(socket);
        if cx.log.is_on() || self.diary.says_events() {
            let answer = if id.is_some() { ", answer" } else { "" };
            let call = described(&name, &args);
            self.hear(cx, conn, format!("{call} received{answer}"));
            if let Some(sid) = self.server.sid(socket) {
                self.diary.event(|| format!("{sid} > {call}{answer}"));
            }
        }
        let mut known = self.known(socket);
        known.args = args;
        let trigger = Trigger::Event(name.clone());
        known.event = name;
        self.run(cx, Some(socket), &trigger, known, id);
    }

    fn take_answer(&mut self, cx: &mut Cx, socket: SocketId, token: Token, args: Args) {
        let Some(event) = self.asked.remove(&token) else {
            return;
        };
        let conn = self.server.connection_of(socket);
        self.hear(
            cx,
            conn,
            format!("answer to {event:?}: {}", listed(None, &args)),
        );
        let mut known = self.known(socket);
        known.args = args;
        known.event.clone_from(&event);
        self.run(cx, Some(socket), &Trigger::Answer(event), known, None);
    }

    fn take_no_answer(&mut self, cx: &mut Cx, socket: SocketId, token: Token) {
        let Some(event) = self.asked.remove(&token) else {
            return;
        };
        let conn = self.server.connection_of(socket);
        self.hear(cx, conn, format!("no answer to {event:?} in time"));
        let mut known = self.known(socket);
        known.event.clone_from(&event);
        self.run(cx, Some(socket), &Trigger::Timeout(event), known, None);
    }

    /// Whether a session asks for namespaces more often in a second than it may send events; it is ended then.
    fn asks_too_often(&mut self, cx: &mut Cx, session: SessionId) -> bool {
        let is_too_often = self.askings.is_too_fast(cx.now, session);
        if is_too_often {
            self.send_away(cx, session);
        }
        is_too_often
    }

    fn send_away(&mut self, cx: &mut Cx, session: SessionId) {
        let what = || format!("session {} sends too many events and is ended", session.0);
        self.diary.line(what);
        self.server.close(cx, session);
    }

    /// What is known of a socket.
    fn known(&self, socket: SocketId) -> Known {
        let person = self.sockets.get(&socket);
        let nsp = self.server.namespace(socket).unwrap_or_default();
        Known {
            auth: person.and_then(|person| person.auth.clone()),
            id: self.server.sid(socket).unwrap_or_default().to_owned(),
            room: person.and_then(|person| person.room.clone()),
            nsp: nsp.to_owned(),
            ..Known::default()
        }
    }

    /// Runs the handlers that fit; whether one of them refused the client.
    fn run(
        &mut self,
        cx: &mut Cx,
        socket: Option<SocketId>,
        trigger: &Trigger,
        mut known: Known,
        id: Option<u64>,
    ) -> bool {
        let cause = cx.cause;
        let handlers = std::mem::take(&mut self.handlers);
        known.sockets = self.server.socket_count(&known.nsp);
        let mut refused = false;
        for (index, handler) in handlers.iter().enumerate() {
            if refused || !fits(handler, trigger, &known) {
                continue;
            }
            self.counts[index] += 1;
            known.count = self.counts[index];
            refused |= self.perform(cx, socket, &handler.deeds, &known, id);
            cx.cause = cause;
        }
        self.handlers = handlers;
        refused
    }

    /// The handlers that are run from time to time.
    fn tick(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        for (index, alarm) in self.ticks.take_due(cx.now) {
            alarm.expire(cx);
            let handler = self.handlers[index].clone();
            self.counts[index] += 1;
            let nsp = handler.nsp.clone().unwrap_or("/".to_owned());
            let known = Known {
                count: self.counts[index],
                sockets: self.server.socket_count(&nsp),
                nsp,
                ..Known::default()
            };
            let expired = cx.cause;
            if known.allows(handler.condition.as_ref()) {
                self.perform(cx, None, &handler.deeds, &known, None);
            }
            cx.cause = expired;
            self.set_tick(cx, index);
            cx.cause = cause;
        }
    }

    fn set_tick(&mut self, cx: &mut Cx, index: usize) {
        if let Trigger::Every(span, times) = self.handlers[index].trigger
            && self.counts[index] < times
        {
            self.ticks.set(cx, index, span);
        }
    }

    fn hear(&self, cx: &mut Cx, conn: Option<ConnId>, text: String) {
        cx.step(7, conn, SCENARIO, What::AppEvent(text.into()));
    }
}

/// Whether a handler is run.
fn fits(handler: &Handler, trigger: &Trigger, known: &Known) -> bool {
    let fits = match (&handler.trigger, trigger) {
        (Trigger::AnyEvent, Trigger::Event(_)) => true,
        (own, other) => own == other,
    };
    let here = handler.nsp.as_ref().is_none_or(|nsp| *nsp == known.nsp);
    fits && here && known.allows(handler.condition.as_ref())
}

/// An event and its arguments as a program writes them: `"chat message", "hi"`.
fn described(name: &str, args: &Args) -> String {
    listed(Some(format!("{name:?}")), args)
}

/// Arguments as a program writes them, behind what stands `before` them; of bytes only how many they are.
fn listed(before: Option<String>, args: &Args) -> String {
    const SHOWN: usize = 100;
    let all: Vec<String> = before.into_iter().chain(args.values.clone()).collect();
    let mut text = all.join(", ");
    for (index, bytes) in args.attachments.iter().enumerate() {
        let place = crate::proto::socketio::placeholder(index as u64);
        text = text.replace(&place, &format!("<{} bytes>", bytes.len()));
    }
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Service for SocketIo {
    fn start(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        for index in 0..self.handlers.len() {
            self.set_tick(cx, index);
            cx.cause = cause;
        }
    }

    fn know_peer(&mut self, conn: ConnId, peer: SocketAddr) {
        self.diary.know(conn, peer);
    }

    fn handle_open(&mut self, cx: &mut Cx, conn: ConnId) {
        self.server.handle_open(cx, conn);
        self.pump(cx);
    }

    fn handle_input(&mut self, cx: &mut Cx, conn: ConnId, bytes: &[u8]) {
        self.server.handle_input(cx, conn, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx, conn: ConnId) {
        self.server.handle_end(cx, conn);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx, conn: ConnId) {
        self.server.handle_gone(cx, conn);
        self.pump(cx);
        self.diary.forget(conn);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        self.tick(cx);
        self.server.handle_timeout(cx);
        self.pump(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        let own = self.ticks.next_time();
        own.into_iter().chain(self.server.poll_timeout()).min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)> {
        let (conn, order) = self.server.poll_order(cx)?;
        Some((conn, order.into()))
    }

    fn shut_down(&mut self, cx: &mut Cx) {
        self.server.shut_down(cx);
        self.pump(cx);
    }

    fn take_said(&mut self) -> Vec<Said> {
        self.diary.take()
    }
}
