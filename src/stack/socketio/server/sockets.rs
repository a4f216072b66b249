//! How clients come into namespaces, what they send there, and how they leave.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::recovery::Restored;
use super::{DisconnectReason, Gone, Server, ServerEvent, SocketId, Timed, Token};
use crate::base::{Rng, Time};
use crate::proto::engineio::Packet as EngineIoPacket;
use crate::proto::socketio::PacketType;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::{CloseReason, Opened, SessionId};
use crate::stack::record::{ConnId, What};
use crate::stack::socketio::{Decoder, Whole, record_up};

const CONNECTION: &str = "Socket.IO protocol 5, Connection to a namespace";
const ACKNOWLEDGEMENT: &str = "Socket.IO protocol 5, Acknowledgement";

/// A session, and the namespaces that it is in.
#[derive(Debug, Default)]
pub(super) struct Client {
    decoder: Decoder,
    sockets: BTreeMap<String, SocketId>,
    /// Until it has come into a namespace.
    deadline: Option<Alarm>,
}

/// A client in a namespace.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) session: SessionId,
    pub(super) nsp: String,
    pub(super) sid: String,
    /// The private id by which it is known again after a cut.
    pid: Option<String>,
    pub(super) rooms: BTreeSet<String>,
    is_in: bool,
    /// What it is given back, between asking and coming in.
    restored: Option<Restored>,
    next_ack: u64,
    acks: BTreeMap<u64, (Token, Option<Alarm>)>,
}

impl Socket {
    /// Waits for an acknowledgment, so long at most; the id that asks for it.
    pub(super) fn await_ack(
        &mut self,
        cx: &mut Cx<'_>,
        conn: Option<ConnId>,
        token: Token,
        within: Option<Duration>,
    ) -> u64 {
        let id = self.next_ack;
        self.next_ack += 1;
        let alarm =
            within.map(|span| Alarm::set(cx, 7, conn, ACKNOWLEDGEMENT, "acknowledgment", span));
        self.acks.insert(id, (token, alarm));
        id
    }

    /// When the first acknowledgment is late.
    pub(super) fn next_time(&self) -> Option<Time> {
        self.acks
            .values()
            .filter_map(|(_, alarm)| Some(alarm.as_ref()?.at))
            .min()
    }

    fn take_late(&mut self, now: Time) -> Option<(Token, Alarm)> {
        let is_late = |(_, alarm): &(Token, Option<Alarm>)| {
            alarm.as_ref().is_some_and(|alarm| alarm.is_due(now))
        };
        let id = *self.acks.iter().find(|(_, waiting)| is_late(waiting))?.0;
        let (token, alarm) = self.acks.remove(&id)?;
        Some((token, alarm?))
    }
}

impl Server {
    /// Lets a socket in that asked for it: it hears its id, and what it missed if it was cut off before. Whether it
    /// was known again.
    pub fn accept(&mut self, cx: &mut Cx<'_>, socket: SocketId) -> bool {
        let Some(open) = self.sockets.get_mut(&socket).filter(|open| !open.is_in) else {
            return false;
        };
        open.is_in = true;
        let (session, nsp) = (open.session, open.nsp.clone());
        if let Some(client) = self.clients.get_mut(&session) {
            client.deadline = None;
        }
        self.schedule.set(Timed::Client(session), None);
        let restored = open.restored.take();
        let mut data = json!({"sid": open.sid});
        if let Some(pid) = &open.pid {
            data["pid"] = pid.as_str().into();
        }
        let own = open.sid.clone();
        if let Some(namespace) = self.namespaces.get_mut(&nsp) {
            namespace.add(socket);
        }
        self.join(socket, &own);
        self.send(
            cx,
            session,
            Whole::plain(PacketType::Connect, &nsp, Some(data.to_string())),
        );
        let known = restored.is_some();
        let restored = restored.unwrap_or_default();
        for room in &restored.rooms {
            self.join(socket, room);
        }
        for (name, args) in restored.missed {
            self.send(cx, session, Whole::event(&nsp, None, &name, args));
        }
        known
    }

    /// Refuses a socket that asked, with this message, and more as JSON where there is more to say.
    pub fn refuse(&mut self, cx: &mut Cx<'_>, socket: SocketId, message: &str, data: Option<&str>) {
        if self.sockets.get(&socket).is_none_or(|open| open.is_in) {
            return;
        }
        if let Some(open) = self.sockets.remove(&socket) {
            self.forget(socket, &open);
            self.send(cx, open.session, connect_error(&open.nsp, message, data));
        }
    }

    /// Sends a socket away; with `session` the session with all its sockets ends, too.
    pub fn disconnect(&mut self, cx: &mut Cx<'_>, socket: SocketId, session: bool) {
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        self.dismiss(cx, socket, session, reason);
    }

    /// Ends every session. The clients see the carrier close, and so come back by themselves when there is a server
    /// again; a DISCONNECT would tell them not to.
    pub fn shut_down(&mut self, cx: &mut Cx<'_>) {
        let sessions: Vec<SessionId> = self.clients.keys().copied().collect();
        for session in sessions {
            self.end(cx, session, DisconnectReason::ServerShuttingDown);
        }
        self.pump(cx);
    }

    /// Ends a session that does what it may not.
    pub(super) fn force_close(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        self.end(cx, session, DisconnectReason::ForcedServerClose);
        self.pump(cx);
    }

    fn end(&mut self, cx: &mut Cx<'_>, session: SessionId, reason: DisconnectReason) {
        let cause = cx.cause;
        let client = self.take_client(session);
        self.engine.close(cx, session);
        for socket in client.sockets.into_values() {
            self.lose(cx, socket, reason);
            cx.cause = cause;
        }
    }

    /// From here on nothing is heard of the session.
    fn take_client(&mut self, session: SessionId) -> Client {
        self.schedule.set(Timed::Client(session), None);
        self.clients.remove(&session).unwrap_or_default()
    }

    fn dismiss(
        &mut self,
        cx: &mut Cx<'_>,
        socket: SocketId,
        whole: bool,
        reason: DisconnectReason,
    ) {
        let Some(session) = self.session(socket) else {
            return;
        };
        let all: Vec<SocketId> = match self.clients.get(&session) {
            Some(client) if whole => client.sockets.values().copied().collect(),
            _ => vec![socket],
        };
        let cause = cx.cause;
        for socket in all {
            let Some(open) = self.sockets.get(&socket) else {
                continue;
            };
            let nsp = open.nsp.clone();
            self.send(
                cx,
                session,
                Whole::plain(PacketType::Disconnect, &nsp, None),
            );
            self.lose(cx, socket, reason);
            cx.cause = cause;
        }
        if whole {
            self.take_client(session);
            self.engine.close(cx, session);
            self.pump(cx);
        }
    }

    pub(super) fn take_session(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        opened: Box<Opened>,
    ) {
        let conn = self.engine.connection_of(session);
        let (cause, span) = (cx.cause, self.options.connect_timeout);
        let deadline = Alarm::set(cx, 5, conn, CONNECTION, "connect timeout", span);
        cx.cause = cause;
        self.schedule.set(Timed::Client(session), Some(deadline.at));
        let client = Client {
            deadline: Some(deadline),
            ..Client::default()
        };
        self.clients.insert(session, client);
        self.events
            .push(cx, ServerEvent::SessionOpened(session, opened));
    }

    pub(super) fn take_message(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        conn: ConnId,
        packet: EngineIoPacket,
    ) {
        let Some(client) = self.clients.get_mut(&session) else {
            return;
        };
        let whole = match client.decoder.take(packet) {
            Ok(Some(whole)) => whole,
            Ok(None) => return,
            Err(error) => {
                let what = What::Decided(format!("no packet of Socket.IO: {error}").into());
                cx.step(5, Some(conn), "Socket.IO protocol 5, Packet encoding", what);
                return self.engine.close(cx, session);
            }
        };
        record_up(cx, Some(conn), &whole.packet);
        let socket = client.sockets.get(&whole.packet.nsp).copied();
        match (socket, whole.packet.kind) {
            (None, PacketType::Connect) => self.take_connect(cx, session, whole),
            (Some(_), PacketType::Connect | PacketType::ConnectError) | (None, _) => {
                let why = "a packet that does not fit the state of its namespace";
                let what = What::Decided(why.into());
                cx.step(5, Some(conn), CONNECTION, what);
                self.end(cx, session, DisconnectReason::ForcedServerClose);
            }
            (Some(socket), PacketType::Disconnect) => {
                self.lose(cx, socket, DisconnectReason::ClientNamespaceDisconnect);
            }
            (Some(socket), kind) if kind.is_event() => self.take_event(cx, socket, whole),
            (Some(socket), _) => self.take_ack(cx, socket, whole),
        }
    }

    fn take_connect(&mut self, cx: &mut Cx<'_>, session: SessionId, whole: Whole) {
        let (nsp, auth) = (whole.packet.nsp, whole.packet.data);
        // `/chat?token=1` asks for `/chat`
        let name = nsp.split('?').next().unwrap_or_default().to_owned();
        let Some(namespace) = self.namespaces.get_mut(&name) else {
            self.send(cx, session, connect_error(&nsp, "Invalid namespace", None));
            return self
                .events
                .push(cx, ServerEvent::InvalidNamespace(session, nsp));
        };
        let known = (auth.as_deref().filter(|_| self.options.recovery.is_some()))
            .and_then(|auth| namespace.restore(cx.now, auth));
        let (pid, restored) = match known {
            Some((pid, restored)) => (Some(pid), Some(restored)),
            None => {
                let recovers = self.options.recovery.is_some();
                (recovers.then(|| random_id(&mut self.rng)), None)
            }
        };
        let sid = match &restored {
            Some(restored) => restored.sid.clone(),
            None => random_id(&mut self.rng),
        };
        let socket = SocketId(self.next_socket);
        self.next_socket += 1;
        if let Some(client) = self.clients.get_mut(&session) {
            client.sockets.insert(name.clone(), socket);
        }
        let open = Socket {
            session,
            nsp: name,
            sid,
            pid,
            rooms: BTreeSet::new(),
            is_in: false,
            restored,
            next_ack: 0,
            acks: BTreeMap::new(),
        };
        self.sockets.insert(socket, open);
        self.events.push(cx, ServerEvent::Asked { socket, auth });
    }

    fn take_event(&mut self, cx: &mut Cx<'_>, socket: SocketId, whole: Whole) {
        let id = whole.packet.id;
        // what comes before the socket is let in is not heard
        let is_in = self.sockets.get(&socket).is_some_and(|open| open.is_in);
        if let Some((name, args)) = whole.into_event().filter(|_| is_in) {
            self.events.push(
                cx,
                ServerEvent::Event {
                    socket,
                    name,
                    args,
                    id,
                },
            );
        }
    }

    fn take_ack(&mut self, cx: &mut Cx<'_>, socket: SocketId, whole: Whole) {
        let Some(open) = self.sockets.get_mut(&socket) else {
            return;
        };
        let waiting = whole.packet.id.and_then(|id| open.acks.remove(&id));
        self.schedule.set(Timed::Socket(socket), open.next_time());
        if let (Some((token, _)), Some(args)) = (waiting, whole.into_ack()) {
            self.events
                .push(cx, ServerEvent::Acked(socket, token, args));
        }
    }

    pub(super) fn lose_session(
        &mut self,
        cx: &mut Cx<'_>,
        session: SessionId,
        reason: CloseReason,
    ) {
        let client = self.take_client(session);
        for socket in client.sockets.into_values() {
            self.lose(cx, socket, DisconnectReason::Session(reason));
        }
        self.events
            .push(cx, ServerEvent::SessionClosed(session, reason));
    }

    /// A socket is no more.
    fn lose(&mut self, cx: &mut Cx<'_>, socket: SocketId, reason: DisconnectReason) {
        let Some(open) = self.sockets.remove(&socket) else {
            return;
        };
        self.forget(socket, &open);
        let gone = Gone {
            sid: open.sid,
            nsp: open.nsp,
            rooms: open.rooms.into_iter().collect(),
            owed: open.acks.into_values().map(|(token, _)| token).collect(),
            reason,
        };
        if let (Some(pid), Some(span)) = (open.pid, self.options.recovery)
            && let Some(namespace) = self.namespaces.get_mut(&gone.nsp)
            && open.is_in
            && reason.is_recoverable()
        {
            namespace.remember(cx.now, span, pid, &gone);
        }
        if open.is_in {
            self.events
                .push(cx, ServerEvent::Disconnected(socket, Box::new(gone)));
        }
    }

    /// The session has no socket in the namespace any more.
    fn forget(&mut self, socket: SocketId, open: &Socket) {
        self.schedule.set(Timed::Socket(socket), None);
        if let Some(client) = self.clients.get_mut(&open.session) {
            client.sockets.remove(&open.nsp);
        }
        if let Some(namespace) = self.namespaces.get_mut(&open.nsp) {
            namespace.remove(socket, &open.rooms);
        }
    }

    /// A client that has asked for no namespace is sent away.
    pub(super) fn time_client(&mut self, cx: &mut Cx<'_>, session: SessionId) {
        let client = self.clients.get_mut(&session);
        if let Some(deadline) = client.and_then(|client| client.deadline.take()) {
            deadline.expire(cx);
            let what = What::Decided("no CONNECT within connectTimeout".into());
            cx.step(5, self.engine.connection_of(session), CONNECTION, what);
            self.engine.close(cx, session);
        }
    }

    /// Acknowledgments did not come in time.
    pub(super) fn time_socket(&mut self, cx: &mut Cx<'_>, socket: SocketId) {
        let cause = cx.cause;
        let Some(open) = self.sockets.get_mut(&socket) else {
            return;
        };
        while let Some((token, alarm)) = open.take_late(cx.now) {
            alarm.expire(cx);
            self.events
                .push(cx, ServerEvent::AckTimedOut(socket, token));
            cx.cause = cause;
        }
        self.schedule.set(Timed::Socket(socket), open.next_time());
    }
}

fn connect_error(nsp: &str, message: &str, data: Option<&str>) -> Whole {
    // text always has a JSON form
    let message = serde_json::to_string(message).unwrap_or_default();
    let more = data.map_or(String::new(), |data| format!(r#","data":{data}"#));
    let error = format!(r#"{{"message":{message}{more}}}"#);
    Whole::plain(PacketType::ConnectError, nsp, Some(error))
}

/// An id of 20 letters, digits, hyphens and underscores.
fn random_id(rng: &mut Rng) -> String {
    let mut bytes = [0; 15];
    rng.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
