//! The server: its namespaces, rooms and sockets.

mod namespace;
mod recovery;
mod sockets;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::namespace::Namespace;
use self::sockets::{Client, Socket};
use crate::base::{Rng, Time};
use crate::proto::engineio::Packet as EngineIoPacket;
use crate::proto::http::{Request, Response};
use crate::stack::alarm::Schedule;
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, Order, SessionId};
use crate::stack::queue::Queue;
use crate::stack::record::ConnId;
use crate::stack::socketio::{Args, Whole, record_down};
use crate::stack::websocket::{Message, Prepared};

/// A Socket.IO 5 server, sans-IO, with all its connections, sessions, namespaces, rooms and sockets.
///
/// It is used as the [Engine.IO server](engineio::Server) that it stands on, and its verbs are those of npm's
/// `socket.io`: [`accept`](Self::accept) and [`refuse`](Self::refuse) for who asks to come in,
/// [`emit`](Self::emit) (`socket.emit`), [`broadcast`](Self::broadcast) (`io.emit`, `io.to(…).emit`,
/// `socket.broadcast.emit`), [`ack`](Self::ack), [`join`](Self::join), [`leave`](Self::leave),
/// [`disconnect`](Self::disconnect).
///
/// Left out: namespaces made by pattern, the old protocol (`allowEIO3`), acknowledgments of broadcasts, volatile
/// packets, and more servers than one.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    engine: engineio::Server,
    rng: Rng,
    clients: BTreeMap<SessionId, Client>,
    sockets: BTreeMap<SocketId, Socket>,
    namespaces: BTreeMap<String, Namespace>,
    next_socket: u32,
    schedule: Schedule<Timed>,
    events: Queue<ServerEvent>,
}

/// A socket of one server: a client in a namespace. Counted from 0 and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// What the application calls an acknowledgment that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What a server does, and how much it takes.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The options of the sessions below. The path of Socket.IO is `/socket.io/` by default.
    pub engine: engineio::ServerOptions,
    /// In what time a client must have asked for a namespace.
    pub connect_timeout: Duration,
    /// The namespaces; `/` is always there.
    pub namespaces: Vec<String>,
    /// How long the state of a client that was cut off is kept, if it is (connection state recovery).
    pub recovery: Option<Duration>,
}

impl Default for ServerOptions {
    /// As npm's `socket.io` 4 has it.
    fn default() -> Self {
        Self {
            engine: engineio::ServerOptions {
                path: "/socket.io/".to_owned(),
                ..engineio::ServerOptions::default()
            },
            connect_timeout: Duration::from_secs(45),
            namespaces: Vec::new(),
            recovery: None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// A client opened a session: its name and its first request.
    SessionOpened(SessionId, Box<engineio::Opened>),
    /// A session goes on over WebSocket.
    Upgraded(SessionId),
    /// A session is over. Its sockets were told so before.
    SessionClosed(SessionId, engineio::CloseReason),
    /// A client asks to come into a namespace, with these credentials (JSON): [`Server::accept`] or
    /// [`Server::refuse`].
    Asked {
        /// It.
        socket: SocketId,
        /// What it said of itself, JSON text.
        auth: Option<String>,
    },
    /// A client asked for a namespace that is not there, and was refused.
    InvalidNamespace(SessionId, String),
    /// An event came.
    Event {
        /// From whom.
        socket: SocketId,
        /// The event's name.
        name: String,
        /// Its arguments.
        args: Args,
        /// With it [`Server::ack`] answers, where an answer is asked for.
        id: Option<u64>,
    },
    /// The acknowledgment that was waited for came.
    Acked(SocketId, Token, Args),
    /// It did not come in time.
    AckTimedOut(SocketId, Token),
    /// A socket is no more.
    Disconnected(SocketId, Box<Gone>),
    /// A request that is not Engine.IO's: [`Server::respond`].
    Request(ConnId, Box<Request>),
    /// A client was refused, and why.
    Refused(ConnId, &'static str),
}

/// A socket that is no more, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its id.
    pub sid: String,
    /// Its namespace.
    pub nsp: String,
    /// The rooms that it was in.
    pub rooms: Vec<String>,
    /// The acknowledgments that it owes, and that will not come.
    pub owed: Vec<Token>,
    /// Why.
    pub reason: DisconnectReason,
}

/// Why a socket is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The server sent it away.
    ServerNamespaceDisconnect,
    /// It sent what does not fit, and its session is ended.
    ForcedServerClose,
    /// The server ends.
    ServerShuttingDown,
    /// Its session is over.
    Session(engineio::CloseReason),
}

impl DisconnectReason {
    /// Whether the client was cut off against its will, and may want to be known again.
    fn is_recoverable(self) -> bool {
        !matches!(
            self,
            Self::ClientNamespaceDisconnect
                | Self::ServerNamespaceDisconnect
                | Self::Session(engineio::CloseReason::ParseError)
        )
    }

    /// As `disconnect` tells it at npm's server.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
            Self::Session(reason) => reason.name(),
        }
    }
}

/// To whom a broadcast goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Who is in one of these rooms; with none, all of the namespace.
    pub rooms: Vec<String>,
    /// Who is in one of these is left out.
    pub except: Vec<String>,
    /// This one is left out: the sender of `socket.broadcast`.
    pub without: Option<SocketId>,
}

/// What wants to be called in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timed {
    Client(SessionId),
    Socket(SocketId),
}

impl Server {
    /// A server without connections, whose names are drawn from `rng`.
    pub fn new(options: ServerOptions, mut rng: Rng) -> Self {
        let engine_rng = Rng::new(rng.next_u64(), "engine.io");
        let names = options.namespaces.iter().map(String::as_str).chain(["/"]);
        let namespaces = names
            .map(|name| (name.to_owned(), Namespace::default()))
            .collect();
        Self {
            engine: engineio::Server::new(options.engine.clone(), engine_rng),
            options,
            rng,
            clients: BTreeMap::new(),
            sockets: BTreeMap::new(),
            namespaces,
            next_socket: 0,
            schedule: Schedule::default(),
            events: Queue::default(),
        }
    }

    /// How many sessions are open.
    pub fn session_count(&self) -> usize {
        self.engine.session_count()
    }

    /// The id of a socket, which its program knows as `socket.id`.
    pub fn sid(&self, socket: SocketId) -> Option<&str> {
        Some(&self.sockets.get(&socket)?.sid)
    }

    /// The namespace of a socket.
    pub fn namespace(&self, socket: SocketId) -> Option<&str> {
        Some(&self.sockets.get(&socket)?.nsp)
    }

    /// The rooms of a socket; its own id is one of them.
    pub fn rooms(&self, socket: SocketId) -> Option<&BTreeSet<String>> {
        Some(&self.sockets.get(&socket)?.rooms)
    }

    /// The session of a socket.
    pub fn session(&self, socket: SocketId) -> Option<SessionId> {
        Some(self.sockets.get(&socket)?.session)
    }

    /// The connection that carries a socket at this moment.
    pub fn connection_of(&self, socket: SocketId) -> Option<ConnId> {
        self.engine.connection_of(self.session(socket)?)
    }

    /// The sockets that are in a namespace, in the order in which they came.
    pub fn sockets_of(&self, nsp: &str) -> Vec<SocketId> {
        let namespace = self.namespaces.get(nsp);
        namespace.map_or(Vec::new(), |namespace| namespace.sockets().collect())
    }

    /// How many sockets are in a namespace.
    pub fn socket_count(&self, nsp: &str) -> usize {
        self.namespaces.get(nsp).map_or(0, Namespace::len)
    }

    /// Sends an event to one socket: `socket.emit`. With a token the answer is waited for, so long at most.
    pub fn emit(
        &mut self,
        cx: &mut Cx<'_>,
        socket: SocketId,
        name: &str,
        args: Args,
        answer: Option<(Token, Option<Duration>)>,
    ) {
        if answer.is_none() && self.options.recovery.is_some() {
            // so that it can be sent again it goes the way of broadcasts, to the room of the socket's own
            let Some(open) = self.sockets.get(&socket) else {
                return;
            };
            let (nsp, rooms) = (open.nsp.clone(), vec![open.sid.clone()]);
            let audience = Audience {
                rooms,
                ..Audience::default()
            };
            return self.broadcast(cx, &nsp, &audience, name, args);
        }
        let Some(open) = self.sockets.get_mut(&socket) else {
            return;
        };
        let conn = self.engine.connection_of(open.session);
        let (session, nsp) = (open.session, open.nsp.clone());
        let id = answer.map(|(token, within)| open.await_ack(cx, conn, token, within));
        self.schedule.set(Timed::Socket(socket), open.next_time());
        self.send(cx, session, Whole::event(&nsp, id, name, args));
    }

    /// Sends an event to many: `io.emit`, `io.to("room").emit`, `socket.broadcast.emit`. How many there are is told.
    pub fn broadcast(
        &mut self,
        cx: &mut Cx<'_>,
        nsp: &str,
        audience: &Audience,
        name: &str,
        mut args: Args,
    ) {
        let Some(namespace) = self.namespaces.get_mut(nsp) else {
            return;
        };
        if let Some(span) = self.options.recovery {
            // a socket that comes back has another number and the same id
            let mut kept = audience.clone();
            let without = audience.without.and_then(|one| self.sockets.get(&one));
            kept.except.extend(without.map(|one| one.sid.clone()));
            namespace.keep(cx.now, span, kept, name, &mut args);
        }
        let sockets = namespace.audience(audience);
        let whole = Whole::event(nsp, None, name, args);
        if cx.log.is_on() {
            record_down(cx, None, &whole.packet);
        }
        let frame = |packet: EngineIoPacket| {
            let prepared = Prepared::new(&match &packet {
                EngineIoPacket::Binary(bytes) => Message::Binary(bytes.clone()),
                text => Message::Text(text.emit()),
            });
            (packet, prepared)
        };
        let packets: Vec<(EngineIoPacket, Prepared)> = whole.messages().map(frame).collect();
        let cause = cx.cause;
        for socket in sockets {
            let Some(open) = self.sockets.get(&socket) else {
                continue;
            };
            for (packet, prepared) in &packets {
                cx.cause = cause;
                self.engine
                    .send_prepared(cx, open.session, packet, prepared);
            }
        }
        cx.cause = cause;
    }

    /// Answers an event that asked for it.
    pub fn ack(&mut self, cx: &mut Cx<'_>, socket: SocketId, id: u64, args: Args) {
        if let Some(open) = self.sockets.get(&socket) {
            let whole = Whole::ack(&open.nsp, id, args);
            self.send(cx, open.session, whole);
        }
    }

    /// Puts a socket into a room.
    pub fn join(&mut self, socket: SocketId, room: &str) {
        if let Some(open) = self.sockets.get_mut(&socket)
            && let Some(namespace) = self.namespaces.get_mut(&open.nsp)
        {
            open.rooms.insert(room.to_owned());
            namespace.join(socket, room);
        }
    }

    /// Takes a socket out of a room.
    pub fn leave(&mut self, socket: SocketId, room: &str) {
        if let Some(open) = self.sockets.get_mut(&socket)
            && let Some(namespace) = self.namespaces.get_mut(&open.nsp)
        {
            open.rooms.remove(room);
            namespace.leave(socket, room);
        }
    }

    /// Ends a session with all its sockets.
    pub fn close(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        self.force_close(cx, session);
    }

    /// Answers a request that is not Engine.IO's.
    pub fn respond(&mut self, cx: &mut Cx<'_>, conn: ConnId, response: Response) {
        self.engine.respond(cx, conn, response);
    }

    /// A connection was made.
    pub fn handle_open(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.engine.handle_open(cx, conn);
        self.pump(cx);
    }

    /// Bytes came.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, conn: ConnId, bytes: &[u8]) {
        self.engine.handle_input(cx, conn, bytes);
        self.pump(cx);
    }

    /// The peer will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.engine.handle_end(cx, conn);
        self.pump(cx);
    }

    /// The connection is no more.
    pub fn handle_gone(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        self.engine.handle_gone(cx, conn);
        self.pump(cx);
    }

    /// A time of [`Server::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.engine.handle_timeout(cx);
        self.pump(cx);
        let cause = cx.cause;
        while let Some(timed) = self.schedule.pop_due(cx.now) {
            match timed {
                Timed::Client(session) => self.time_client(cx, session),
                Timed::Socket(socket) => self.time_socket(cx, socket),
            }
            cx.cause = cause;
        }
        self.pump(cx);
    }

    /// When it wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let own = self.schedule.next_time();
        own.into_iter().chain(self.engine.poll_timeout()).min()
    }

    /// What is to be done with a connection. Puts the record that asked for it in place of `cx.cause`.
    pub fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<(ConnId, Order)> {
        self.engine.poll_order(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ServerEvent> {
        if let Some(event) = self.events.pop(cx) {
            return Some(event);
        }
        // what a verb made happen below
        self.pump(cx);
        self.events.pop(cx)
    }

    /// Takes what happened below, until there is nothing more.
    fn pump(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        while let Some(event) = self.engine.poll_event(cx) {
            self.take(cx, event);
            cx.cause = cause;
        }
    }

    fn take(&mut self, cx: &mut Cx<'_>, event: engineio::ServerEvent) {
        use engineio::ServerEvent as E;
        match event {
            E::Opened(session, opened) => self.take_session(cx, session, opened),
            E::Message(session, conn, packet) => self.take_message(cx, session, conn, packet),
            E::Upgraded(session) => self.events.push(cx, ServerEvent::Upgraded(session)),
            E::Closed(session, reason) => self.lose_session(cx, session, reason),
            E::Request(conn, request) => self.events.push(cx, ServerEvent::Request(conn, request)),
            E::Refused(conn, why) => self.events.push(cx, ServerEvent::Refused(conn, why)),
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>, session: SessionId, whole: Whole) {
        let cause = cx.cause;
        record_down(cx, self.engine.connection_of(session), &whole.packet);
        for packet in whole.messages() {
            let made = cx.cause;
            self.engine.send(cx, session, packet);
            cx.cause = made;
        }
        cx.cause = cause;
    }
}
