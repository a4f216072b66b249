//! A Socket.IO server that does what handlers say: [`SocketIo`], in the simulator and on real sockets alike.

mod deeds;

use std::collections::BTreeMap;
use std::time::Duration;

use super::fill::Known;
use super::http::PRODUCT;
use super::script::{SCENARIO, alarm};
use super::service::{Said, Service};
use super::talk::Order;
use crate::base::{Rng, Time};
use crate::proto::http::{Request, Response};
use crate::sim::spec::{Condition, Handler, SocketIoServer, Trigger};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, Origins, SessionId};
use crate::stack::record::{ConnId, What};
use crate::stack::socketio::{Args, Server, ServerEvent, ServerOptions, SocketId, Token};
use crate::stack::websocket::DeflateOptions;

/// A Socket.IO server and its handlers.
pub struct SocketIo {
    server: Server,
    handlers: Vec<Handler>,
    /// How often each handler was run.
    counts: Vec<u64>,
    /// Of the handlers that are run from time to time: when, and which.
    ticks: Vec<(usize, Alarm)>,
    sockets: BTreeMap<SocketId, Person>,
    /// The events that wait for an answer.
    asked: BTreeMap<Token, String>,
    next_token: u64,
    /// How many events of a session came in the second that goes on, where they are counted.
    rates: BTreeMap<SessionId, (Time, u32)>,
    most_a_second: Option<u32>,
    site: Option<Site>,
    said: Option<Vec<Said>>,
    /// Whether it says what comes and goes, too.
    says_events: bool,
}

/// What answers requests that are not Socket.IO's.
type Site = Box<dyn FnMut(&Request) -> Response + Send>;

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
        let origins = outside.origins.map_or(Origins::Unchecked, |list| {
            if list.iter().any(|origin| origin == "*") {
                Origins::Any
            } else {
                Origins::Only(list)
            }
        });
        let engine = engineio::ServerOptions {
            origins,
            request_timeout: outside.request_timeout,
            idle_timeout: outside.idle_timeout,
            max_sessions: outside.max_sessions.unwrap_or(usize::MAX),
            max_unsent: outside.max_unsent.unwrap_or(usize::MAX),
            ..engineio::ServerOptions::default()
        };
        Self {
            most_a_second: outside.most_a_second,
            site: outside.site,
            said: Some(Vec::new()),
            says_events: outside.says_events,
            ..Self::build(spec, rng, engine)
        }
    }

    fn build(spec: &SocketIoServer, rng: Rng, engine: engineio::ServerOptions) -> Self {
        let mut engine = engineio::ServerOptions {
            path: spec.path.clone(),
            ping_interval: spec.ping_interval,
            ping_timeout: spec.ping_timeout,
            upgrade_timeout: spec.upgrade_timeout,
            max_payload: spec.max_payload,
            websocket: spec.websocket,
            polling: spec.polling,
            deflate: spec.deflate.then(DeflateOptions::default),
            ..engine
        };
        engine.headers.push("Server", PRODUCT);
        let options = ServerOptions {
            engine,
            connect_timeout: spec.connect_timeout,
            namespaces: spec.namespaces.clone(),
            recovery: spec.recovery,
        };
        Self {
            server: Server::new(options, rng),
            counts: vec![0; spec.handlers.len()],
            handlers: spec.handlers.clone(),
            ticks: Vec::new(),
            sockets: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_token: 0,
            rates: BTreeMap::new(),
            most_a_second: None,
            site: None,
            said: None,
            says_events: false,
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
        match event {
            ServerEvent::SessionOpened(session, opened) => {
                let what = format!(
                    "session {} opened with {}",
                    session.0,
                    opened.request.line()
                );
                self.say_event(what);
            }
            ServerEvent::Upgraded(session) => {
                self.say_event(format!("session {} goes on over WebSocket", session.0));
            }
            ServerEvent::SessionClosed(session, reason) => {
                self.rates.remove(&session);
                self.say_event(format!("session {} is over: {}", session.0, reason.name()));
            }
            ServerEvent::InvalidNamespace(session, _) if self.is_too_fast(cx, session) => {}
            ServerEvent::InvalidNamespace(session, nsp) => {
                self.say_line(format!(
                    "session {} asked for {nsp}, which is not here",
                    session.0
                ));
            }
            ServerEvent::Refused(_, why) => self.say_line(format!("a client was refused: {why}")),
            ServerEvent::Request(conn, request) => self.answer(cx, conn, &request),
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
                known.reason = gone.reason.name();
                known.id = gone.sid;
                known.nsp = gone.nsp;
                let text = format!("disconnect: {}", known.reason);
                self.hear(cx, None, text);
                self.say_line(format!("{} left {}: {}", known.id, known.nsp, known.reason));
                self.run(cx, None, &Trigger::Disconnect, known, None);
                self.sockets.remove(&socket);
                for token in gone.owed {
                    self.asked.remove(&token);
                }
            }
        }
    }

    fn answer(&mut self, cx: &mut Cx, conn: ConnId, request: &Request) {
        let response = match &mut self.site {
            Some(site) => site(request),
            None => {
                let path = request.target.split('?').next().unwrap_or_default();
                Response::new(404).with_body("text/plain", format!("{path} is not here\n"))
            }
        };
        self.server.respond(cx, conn, response);
    }

    /// A client asks to come in: the handlers may refuse it.
    fn take_asking(&mut self, cx: &mut Cx, socket: SocketId, auth: Option<String>) {
        let session = self.server.session(socket);
        if session.is_none_or(|session| self.is_too_fast(cx, session)) {
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
        self.say_line(format!(
            "{id} came to {nsp}{again} ({} in it)",
            self.server.socket_count(&nsp)
        ));
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
        if session.is_none_or(|session| self.is_too_fast(cx, session)) {
            return;
        }
        let conn = self.server.connection_of(socket);
        if cx.log.is_on() || self.says_events {
            let answer = if id.is_some() { ", answer" } else { "" };
            let call = described(&name, &args);
            self.hear(cx, conn, format!("{call} received{answer}"));
            if let Some(sid) = self.server.sid(socket) {
                let text = format!("{sid} > {call}");
                self.say_event(text);
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

    /// Whether a session asks for more in a second than it may; it is ended then.
    fn is_too_fast(&mut self, cx: &mut Cx, session: SessionId) -> bool {
        let Some(most) = self.most_a_second else {
            return false;
        };
        let (since, count) = self.rates.entry(session).or_insert((cx.now, 0));
        if cx.now.since(*since) >= Duration::from_secs(1) {
            (*since, *count) = (cx.now, 0);
        }
        *count += 1;
        let is_too_fast = *count > most;
        if is_too_fast {
            self.say_line(format!(
                "session {} sends too many events and is ended",
                session.0
            ));
            self.server.close(cx, session);
        }
        is_too_fast
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
        let now = cx.now;
        let due: Vec<(usize, Alarm)> = self
            .ticks
            .extract_if(.., |(_, alarm)| alarm.is_due(now))
            .collect();
        for (index, alarm) in due {
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
            let holds = handler
                .condition
                .as_ref()
                .is_none_or(|condition| holds(condition, &known));
            if holds {
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
            let alarm = alarm(cx, None, "handler", span);
            self.ticks.push((index, alarm));
        }
    }

    fn hear(&self, cx: &mut Cx, conn: Option<ConnId>, text: String) {
        cx.step(7, conn, SCENARIO, What::AppEvent(text.into()));
    }

    fn say_line(&mut self, text: String) {
        if let Some(said) = &mut self.said {
            said.push(Said::Line(text));
        }
    }

    fn say_event(&mut self, text: String) {
        if let Some(said) = self.said.as_mut().filter(|_| self.says_events) {
            said.push(Said::Event(text));
        }
    }
}

/// Whether a handler is run.
fn fits(handler: &Handler, trigger: &Trigger, known: &Known) -> bool {
    let fits = match (&handler.trigger, trigger) {
        (Trigger::AnyEvent, Trigger::Event(_)) => true,
        (own, other) => own == other,
    };
    let here = handler.nsp.as_ref().is_none_or(|nsp| *nsp == known.nsp);
    fits && here
        && handler
            .condition
            .as_ref()
            .is_none_or(|condition| holds(condition, known))
}

fn holds(condition: &Condition, known: &Known) -> bool {
    (known.value(&condition.slot) == condition.value) == condition.equal
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
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        self.tick(cx);
        self.server.handle_timeout(cx);
        self.pump(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        let ticks = self.ticks.iter().map(|(_, alarm)| alarm.at);
        ticks.chain(self.server.poll_timeout()).min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<(ConnId, Order)> {
        let (conn, order) = self.server.poll_order(cx)?;
        let order = match order {
            engineio::Order::Send(bytes) => Order::Send(bytes),
            engineio::Order::Close => Order::Close,
        };
        Some((conn, order))
    }

    fn shut_down(&mut self, cx: &mut Cx) {
        self.server.shut_down(cx);
        self.pump(cx);
    }

    fn take_said(&mut self) -> Vec<Said> {
        self.said.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
