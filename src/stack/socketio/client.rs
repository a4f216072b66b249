//! The client's end: sockets in namespaces, over one session of Engine.IO that is opened again when it breaks.
//!
//! It follows socket.io-client 4: what that calls the manager and its sockets is one machine here.

mod backoff;
mod manager;
mod options;
mod socket;
#[cfg(test)]
mod tests;

pub use self::options::{
    AckFailure, ClientDisconnectReason, ClientEvent, ClientOptions, ConnectError, Emit, EmitError,
};

use self::backoff::Backoff;
use self::manager::State;
use self::socket::Socket;
use super::message::{Args, Decoder, Whole};
use super::record_down;
use crate::base::{Rng, Time};
use crate::proto::engineio::Transport;
use crate::proto::socketio::{PacketType, RESERVED_EVENTS};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, ClientOrder, Slot};
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};

/// A client of Socket.IO 5.
///
/// 1. Verbs: [`connect`](Self::connect), [`emit`](Self::emit), [`ack`](Self::ack), [`disconnect`](Self::disconnect);
/// 2. what happens to a carrier, as with [`engineio::Client`]: `handle_open`, `handle_input`, `handle_end`,
///    `handle_gone`; [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout);
/// 3. after each of these, until they are empty: first [`poll_event`](Self::poll_event), then
///    [`poll_order`](Self::poll_order).
///
/// Both polls put the record that made the item in place of `cx.cause`.
///
/// Left out: retries of events that are not acknowledged.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    /// What the chance of each session is drawn from.
    rng: Rng,
    /// Sessions: the one in use, and those that are over while their carriers end.
    sessions: Vec<engineio::Client>,
    sessions_made: u32,
    /// The number of the session in use.
    current: Option<u32>,
    state: State,
    decoder: Decoder,
    sockets: Vec<Socket>,
    backoff: Backoff,
    /// Whether a session that broke is being opened again.
    is_reconnecting: bool,
    /// Whether it was closed by intent, and stays so.
    stays_closed: bool,
    connect_timeout: Option<Alarm>,
    reconnect: Option<Alarm>,
    orders: Queue<ClientOrder>,
    events: Queue<ClientEvent>,
}

impl Client {
    /// A client that has no socket yet. All its chance is drawn from `rng`.
    pub fn new(options: ClientOptions, mut rng: Rng) -> Self {
        let jitter = Rng::new(rng.next_u64(), "reconnection");
        Self {
            backoff: Backoff::new(&options, jitter),
            options,
            rng,
            sessions: Vec::new(),
            sessions_made: 0,
            current: None,
            state: State::Closed,
            decoder: Decoder::default(),
            sockets: Vec::new(),
            is_reconnecting: false,
            stays_closed: false,
            connect_timeout: None,
            reconnect: None,
            orders: Queue::default(),
            events: Queue::default(),
        }
    }

    /// The id of the socket in this namespace, while it is connected.
    pub fn sid(&self, nsp: &str) -> Option<&str> {
        let socket = self.sockets.iter().find(|socket| socket.nsp == nsp)?;
        socket.sid.as_deref()
    }

    /// The namespaces that there was a `connect` for.
    pub fn namespaces(&self) -> Vec<String> {
        self.sockets
            .iter()
            .map(|socket| socket.nsp.clone())
            .collect()
    }

    /// Whether the socket in this namespace is to be connected, and will be again when the session breaks.
    pub fn is_active(&self, nsp: &str) -> bool {
        self.sockets
            .iter()
            .any(|socket| socket.nsp == nsp && socket.is_active)
    }

    /// What carries packets, while a session is open.
    pub fn transport(&self) -> Option<Transport> {
        let session = self.session().filter(|_| self.state == State::Open)?;
        Some(session.transport())
    }

    /// The connection that carries packets.
    pub fn conn(&self) -> Option<ConnId> {
        self.session()?.conn()
    }

    /// Whether nothing more will happen unless a verb asks for it: no socket is wanted or none can be had any more, and
    /// every carrier is closed.
    pub fn is_over(&self) -> bool {
        self.state == State::Closed && self.sessions.is_empty() && self.reconnect.is_none()
    }

    /// Connects a socket in this namespace, and opens a session where there is none. The text is the JSON object that
    /// the server gets as `auth`.
    pub fn connect(&mut self, cx: &mut Cx<'_>, nsp: &str, auth: Option<String>) {
        let at = self.sockets.iter().position(|socket| socket.nsp == nsp);
        let at = at.unwrap_or_else(|| {
            self.sockets.push(Socket::new(nsp));
            self.sockets.len() - 1
        });
        let socket = &mut self.sockets[at];
        if socket.sid.is_some() {
            return;
        }
        socket.auth = auth;
        socket.is_active = true;
        if !self.is_reconnecting {
            self.open(cx);
        }
        if self.state == State::Open {
            self.send_connect(cx, at);
        }
        self.pump(cx);
    }

    /// Sends an event; while the socket is not connected, as soon as it is. What was asked for an acknowledgment has a
    /// number in its socket, by which the answer names it.
    pub fn emit(
        &mut self,
        cx: &mut Cx<'_>,
        nsp: &str,
        name: &str,
        args: Args,
        how: Emit,
    ) -> Result<Option<u64>, EmitError> {
        if RESERVED_EVENTS.contains(&name) {
            return Err(EmitError::Reserved);
        }
        let is_writable = self.session().is_some_and(engineio::Client::is_writable);
        let socket = self.sockets.iter_mut().find(|socket| socket.nsp == nsp);
        let socket = socket.ok_or(EmitError::NoSuchSocket)?;
        let cause = cx.cause;
        let id = how.ack.then(|| socket.await_ack(cx, how.timeout));
        let event = Whole::event(nsp, id, name, args);
        if how.volatile && !is_writable {
            let why = "a volatile event, and the transport is not ready";
            cx.record(5, None, PROTOCOL, What::Discarded(why.into()));
        } else if socket.sid.is_some() {
            self.send(cx, event);
        } else {
            socket.send_buffer.push((cx.cause, event));
        }
        cx.cause = cause;
        self.pump(cx);
        Ok(id)
    }

    /// Answers the event that came with this number. A socket that is not connected drops the answer.
    pub fn ack(&mut self, cx: &mut Cx<'_>, nsp: &str, id: u64, args: Args) {
        if self.sid(nsp).is_some() {
            self.send(cx, Whole::ack(nsp, id, args));
            self.pump(cx);
        }
    }

    /// Disconnects the socket in this namespace, and with the last one the session.
    pub fn disconnect(&mut self, cx: &mut Cx<'_>, nsp: &str) {
        let Some(at) = self.sockets.iter().position(|socket| socket.nsp == nsp) else {
            return;
        };
        let was_connected = self.sockets[at].sid.is_some();
        let cause = cx.cause;
        if was_connected {
            self.send(cx, Whole::plain(PacketType::Disconnect, nsp, None));
            self.pump(cx);
        }
        cx.cause = cause;
        self.retire(cx, at);
        if was_connected {
            self.disconnected(cx, at, ClientDisconnectReason::IoClientDisconnect, None);
        }
        self.pump(cx);
    }

    /// The carrier of this slot is connected; `conn` names it in records.
    pub fn handle_open(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: Option<ConnId>) {
        self.with_session(cx, slot, |session, cx| session.handle_open(cx, slot, conn));
    }

    /// Takes bytes that came on this carrier.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]) {
        self.with_session(cx, slot, |session, cx| {
            session.handle_input(cx, slot, bytes)
        });
    }

    /// The peer will send nothing more on this carrier.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        self.with_session(cx, slot, |session, cx| session.handle_end(cx, slot));
    }

    /// The carrier is no more: refused, reset, or timed out.
    pub fn handle_gone(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        self.with_session(cx, slot, |session, cx| session.handle_gone(cx, slot));
    }

    /// A time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        for session in &mut self.sessions {
            if session.poll_timeout().is_some_and(|due| due <= cx.now) {
                session.handle_timeout(cx);
            }
            cx.cause = cause;
        }
        self.pump(cx);
        if let Some(alarm) = self.connect_timeout.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.not_opened(cx, ConnectError::TimedOut);
            cx.cause = cause;
        }
        if let Some(alarm) = self.reconnect.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.try_again(cx);
            cx.cause = cause;
        }
        self.expire_acks(cx);
        self.pump(cx);
        cx.cause = cause;
    }

    /// When it wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let sessions = self
            .sessions
            .iter()
            .filter_map(engineio::Client::poll_timeout);
        let own = [&self.connect_timeout, &self.reconnect];
        let own = own.into_iter().flatten().map(|alarm| alarm.at);
        let acks = self.sockets.iter().flat_map(Socket::timeouts);
        sessions.chain(own).chain(acks).min()
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ClientEvent> {
        self.events.pop(cx)
    }

    /// What is to be done with a carrier.
    pub fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<ClientOrder> {
        self.orders.pop(cx)
    }

    fn with_session(
        &mut self,
        cx: &mut Cx<'_>,
        slot: Slot,
        call: impl FnOnce(&mut engineio::Client, &mut Cx<'_>),
    ) {
        let mut sessions = self.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| session.session() == slot.session) {
            call(session, cx);
            self.pump(cx);
        }
    }

    fn session(&self) -> Option<&engineio::Client> {
        let is_current = |session: &&engineio::Client| Some(session.session()) == self.current;
        self.sessions.iter().find(is_current)
    }

    /// Sends a packet over the session, attachments and all.
    fn send(&mut self, cx: &mut Cx<'_>, whole: Whole) {
        let conn = self.conn();
        record_down(cx, conn, &whole.packet);
        let session = self
            .sessions
            .iter_mut()
            .find(|s| Some(s.session()) == self.current);
        if let Some(session) = session {
            let cause = cx.cause;
            for message in whole.messages() {
                session.send(cx, message);
                cx.cause = cause;
            }
        }
    }
}

const PROTOCOL: &str = "Socket.IO protocol 5, Exchange protocol";
