//! The server: all its connections, and the sessions that they carry.

mod connection;
mod request;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;

use self::connection::Connection;
use self::session::Session;
use crate::base::{Rng, Time};
use crate::proto::engineio::{Handshake, Packet};
use crate::proto::http::{Headers, Request, Response};
use crate::stack::alarm::Schedule;
use crate::stack::cx::Cx;
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};
use crate::stack::websocket::{DeflateOptions, Prepared};

/// An Engine.IO 4 server, sans-IO, with all its connections and sessions.
///
/// It stands on connections that carry bytes, whoever makes them:
///
/// 1. verbs: [`send`](Self::send), [`send_prepared`](Self::send_prepared), [`close`](Self::close) for sessions,
///    [`respond`](Self::respond) for requests that are not Engine.IO's;
/// 2. what happens to connections: [`handle_open`](Self::handle_open), [`handle_input`](Self::handle_input) for bytes
///    in any cuts, [`handle_end`](Self::handle_end) when the peer will send no more, [`handle_gone`](Self::handle_gone)
///    when there is no connection any more; and [`handle_timeout`](Self::handle_timeout) at the time of
///    [`poll_timeout`](Self::poll_timeout);
/// 3. after each of these, until they are empty: [`poll_order`](Self::poll_order) for what is to be done with
///    connections, and [`poll_event`](Self::poll_event) for the layer above.
///
/// It answers as npm's `engine.io` 6 does, and differs in this: bodies that are not UTF-8 are refused, a client
/// that begins a second POST before the first was answered is not noticed, as each is read whole, and a client that
/// does not poll is given up when too much waits for it.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    rng: Rng,
    connections: BTreeMap<ConnId, Connection>,
    sessions: BTreeMap<SessionId, Session>,
    by_sid: BTreeMap<String, SessionId>,
    next_session: u32,
    schedule: Schedule<Timed>,
    orders: Queue<(ConnId, Order)>,
    events: Queue<ServerEvent>,
}

/// A session of one server, counted from 0 and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// What a server does, and how much it takes.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The path that is Engine.IO's, with a slash at its end: `/engine.io/`.
    pub path: String,
    /// From a pong, or the opening, to the next ping.
    pub ping_interval: Duration,
    /// In what time a ping must be answered.
    pub ping_timeout: Duration,
    /// In what time an upgrade that was begun must be done.
    pub upgrade_timeout: Duration,
    /// The longest body of a poll, and the longest message over WebSocket, in bytes.
    pub max_payload: usize,
    /// Whether clients may begin with, or go over to, WebSocket.
    pub websocket: bool,
    /// Whether clients may poll.
    pub polling: bool,
    /// Which pages may use it.
    pub origins: Origins,
    /// The compression of WebSocket messages that it agrees to, if any; npm's agrees to none by default.
    pub deflate: Option<DeflateOptions>,
    /// Header fields of each response, `Server` for example.
    pub headers: Headers,
    /// In what time a request must be there whole, from its first byte or the connection's opening.
    pub request_timeout: Option<Duration>,
    /// How long a connection may stand without a request.
    pub idle_timeout: Option<Duration>,
    /// The most sessions at one time; more are refused.
    pub max_sessions: usize,
    /// So many bytes may wait for the next poll of a client; one for which more waits is given up.
    pub max_unsent: usize,
}

impl Default for ServerOptions {
    /// As npm's `engine.io` 6 has it.
    fn default() -> Self {
        Self {
            path: "/engine.io/".to_owned(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            websocket: true,
            polling: true,
            origins: Origins::Unchecked,
            deflate: None,
            headers: Headers::default(),
            request_timeout: None,
            idle_timeout: None,
            max_sessions: usize::MAX,
            max_unsent: usize::MAX,
        }
    }
}

/// Which web pages may use a server (CORS, and the `Origin` of WebSocket).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Nobody looks: browsers keep other pages from polling, and not from WebSocket. The default of npm's server.
    Unchecked,
    /// Any page; browsers are told so.
    Any,
    /// Those of the server itself and of these, such as `https://chat.example`; others are refused.
    Only(Vec<String>),
}

impl Origins {
    /// Those of this list; `*` in it is any.
    pub fn of(list: Vec<String>) -> Self {
        match list.iter().any(|origin| origin == "*") {
            true => Self::Any,
            false => Self::Only(list),
        }
    }

    /// Whether a request may be answered: it comes from a page of the server itself, or from one that is allowed. Who
    /// sends no `Origin` is no page.
    pub fn allow(&self, request: &Request) -> bool {
        let (Self::Only(allowed), Some(origin)) = (self, request.headers.get("Origin")) else {
            return true;
        };
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_own = host.is_some() && host == request.headers.get("Host");
        is_own || allowed.iter().any(|one| one == origin)
    }
}

/// What a session begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The connection that the request came over.
    pub conn: ConnId,
    /// Its name, which is the client's secret.
    pub sid: String,
    /// The request that it was opened with.
    pub request: Request,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// A session is open.
    Opened(SessionId, Box<Opened>),
    /// A message came, over this connection: a packet of type 4, or one of bytes.
    Message(SessionId, ConnId, Packet),
    /// A session goes on over WebSocket.
    Upgraded(SessionId),
    /// A session is over.
    Closed(SessionId, CloseReason),
    /// A request that is not Engine.IO's: [`Server::respond`].
    Request(ConnId, Box<Request>),
    /// A client was refused, and why.
    Refused(ConnId, &'static str),
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer ended it, or the connection that carried it is gone.
    TransportClose,
    /// The peer broke the rules of the transport.
    TransportError,
    /// No pong came in time.
    PingTimeout,
    /// What came is no packet.
    ParseError,
    /// This server ended it.
    ForcedClose,
}

impl CloseReason {
    /// As Socket.IO's programs are told it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        }
    }
}

/// What is to be done with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Send these bytes.
    Send(Bytes),
    /// Close it, when all is sent.
    Close,
}

/// What wants to be called in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timed {
    Session(SessionId),
    Connection(ConnId),
}

impl Server {
    /// A server without connections, whose session names are drawn from `rng`.
    pub fn new(options: ServerOptions, rng: Rng) -> Self {
        Self {
            options,
            rng,
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            by_sid: BTreeMap::new(),
            next_session: 0,
            schedule: Schedule::default(),
            orders: Queue::default(),
            events: Queue::default(),
        }
    }

    /// How many sessions are open.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// The connection that carries a session at this moment: its WebSocket, or the poll that waits.
    pub fn connection_of(&self, session: SessionId) -> Option<ConnId> {
        self.sessions.get(&session)?.connection()
    }

    /// The options.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// Sends a message (or another packet) to a session, at once or with its next poll. To a session that is over it
    /// does nothing.
    pub fn send(&mut self, cx: &mut Cx<'_>, session: SessionId, packet: Packet) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.send(cx, &mut self.connections, packet);
            self.settle(cx, session);
        }
    }

    /// As [`Server::send`], for one of many sessions that are sent the same: over WebSocket they share the bytes of
    /// the frame.
    pub fn send_prepared(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        packet: &Packet,
        prepared: &Prepared,
    ) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.send_prepared(cx, &mut self.connections, packet, prepared);
            self.settle(cx, session);
        }
    }

    /// Ends a session when all that was sent is on its way.
    pub fn close(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.begin_close(cx, &mut self.connections);
            self.settle(cx, session);
        }
    }

    /// Answers a [`ServerEvent::Request`].
    pub fn respond(&mut self, cx: &mut Cx<'_>, conn: ConnId, response: Response) {
        self.answer(cx, conn, response);
        self.pump(cx, conn);
    }

    /// A connection was made.
    pub fn handle_open(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        let connection = Connection::new(cx.now, conn, self.options.max_payload);
        self.connections.insert(conn, connection);
        self.reschedule(conn);
    }

    /// Bytes came.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, conn: ConnId, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.handle_input(cx, bytes);
            self.pump(cx, conn);
        }
    }

    /// The peer will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.handle_end(cx);
            self.pump(cx, conn);
        }
        self.abandon_poll(cx, conn);
    }

    /// The connection is no more.
    pub fn handle_gone(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.handle_end(cx, conn);
        self.connections.remove(&conn);
        self.schedule.set(Timed::Connection(conn), None);
    }

    /// A time of [`Server::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        while let Some(timed) = self.schedule.pop_due(cx.now) {
            match timed {
                Timed::Session(session) => self.time_session(cx, session),
                Timed::Connection(conn) => self.time_connection(cx, conn),
            }
            cx.cause = cause;
        }
    }

    /// When it wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.schedule.next_time()
    }

    /// What is to be done with a connection. Puts the record that asked for it in place of `cx.cause`.
    pub fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<(ConnId, Order)> {
        self.orders.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ServerEvent> {
        self.events.pop(cx)
    }

    /// Opens a session that a request asks for; the caller says what carries it.
    fn open(
        &mut self,
        cx: &mut Cx<'_>,
        conn: ConnId,
        request: &Request,
        carried_by: session::Transport,
    ) -> SessionId {
        let id = SessionId(self.next_session);
        self.next_session += 1;
        let mut name = [0; 15];
        self.rng.fill(&mut name);
        let sid = BASE64_URL_SAFE_NO_PAD.encode(name);
        let may_upgrade = carried_by == session::Transport::Polling && self.options.websocket;
        let handshake = Handshake {
            sid: sid.clone(),
            upgrades: if may_upgrade {
                vec!["websocket".to_owned()]
            } else {
                Vec::new()
            },
            ping_interval: millis(self.options.ping_interval),
            ping_timeout: millis(self.options.ping_timeout),
            max_payload: Some(self.options.max_payload as u64),
        };
        let mut session = Session::new(id, sid.clone(), carried_by, &self.options);
        session.send(cx, &mut self.connections, handshake.packet());
        let cause = cx.cause;
        session.start_heartbeat(cx);
        cx.cause = cause;
        self.sessions.insert(id, session);
        self.by_sid.insert(sid.clone(), id);
        let request = request.clone();
        self.events.push(
            cx,
            ServerEvent::Opened(id, Box::new(Opened { conn, sid, request })),
        );
        id
    }

    fn time_session(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.handle_timeout(cx, &mut self.connections);
            self.settle(cx, session);
        }
    }

    /// Passes on what a session, and the connections that it used, have ready.
    fn settle(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        let cause = cx.cause;
        let Some(open) = self.sessions.get_mut(&session) else {
            return;
        };
        while let Some(event) = open.poll_event(cx) {
            self.events.push(cx, event);
        }
        cx.cause = cause;
        let used = open.take_used();
        let (over, due) = (open.is_over(), open.poll_timeout());
        if over && let Some(gone) = self.sessions.remove(&session) {
            self.by_sid.remove(gone.sid());
        }
        let due = due.filter(|_| !over);
        self.schedule.set(Timed::Session(session), due);
        for conn in used {
            self.fetch(cx, conn);
            self.reschedule(conn);
            cx.cause = cause;
        }
    }

    /// Passes on what a connection has to send.
    fn fetch(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            while let Some(order) = connection.poll_order(cx) {
                self.orders.push(cx, (conn, order));
            }
        }
    }

    fn reschedule(&mut self, conn: ConnId) {
        let due = self
            .connections
            .get(&conn)
            .and_then(|connection| connection.due(&self.options));
        self.schedule.set(Timed::Connection(conn), due);
    }

    /// A request did not come in time, or none at all.
    fn time_connection(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(&conn) else {
            return;
        };
        if connection.time_out(cx) {
            self.events
                .push(cx, ServerEvent::Refused(conn, "request timeout"));
        }
        self.fetch(cx, conn);
    }

    /// Something that a client may not do, in the records.
    fn refused(&mut self, cx: &mut Cx<'_>, conn: ConnId, why: &'static str) {
        let cite = "Engine.IO protocol 4, Transports";
        cx.step(
            5,
            Some(conn),
            cite,
            What::Decided(format!("refused: {why}").into()),
        );
        self.events.push(cx, ServerEvent::Refused(conn, why));
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
