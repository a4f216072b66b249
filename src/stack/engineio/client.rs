//! The client's end of a session.
//!
//! As engine.io-client 6 does it, in a browser: the session opens over HTTP long-polling, on connections that are kept
//! alive, and goes over to WebSocket if that works; or it uses one of the two alone.

mod line;
mod options;
mod polling;
#[cfg(test)]
mod tests;
mod upgrade;
mod websocket;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

pub use self::options::{
    ClientCloseReason, ClientError, ClientEvent, ClientOptions, ServerReason, Transports,
};

use self::line::Line;
use self::upgrade::Upgrade;
use super::{HEARTBEAT, record};
use crate::base::{RecordId, Rng, Time};
use crate::proto::engineio::{Handshake, Packet, PacketType, Transport};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};

/// One of the byte carriers of a session: most often a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The number of the session that it belongs to, given to [`Client::new`].
    pub session: u32,
    /// Its number in the session.
    pub line: u32,
}

/// What is to be done with a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientOrder {
    /// Connect to the server, and say [`Client::handle_open`], or [`Client::handle_gone`] where it cannot be.
    Open(Slot),
    /// Send these bytes.
    Send(Slot, Bytes),
    /// Close it. Nothing more is heard or said of it.
    Close(Slot),
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// The server's handshake did not come yet, or was not even asked for.
    Opening,
    /// Messages go both ways.
    Open,
    /// The application has closed it, and what it had sent before goes first.
    Closing,
    /// It is over. Carriers may still have to end: see [`Client::is_over`].
    Closed,
}

/// A client of Engine.IO 4: one session, which is not opened again.
///
/// 1. Verbs: [`open`](Self::open), [`send`](Self::send), [`close`](Self::close);
/// 2. what happens to a carrier: [`handle_open`](Self::handle_open), [`handle_input`](Self::handle_input),
///    [`handle_end`](Self::handle_end) when the peer will send no more, [`handle_gone`](Self::handle_gone) when it is
///    refused, reset or timed out; [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout);
/// 3. after each of these, until they are empty: first [`poll_event`](Self::poll_event), as what the application
///    answers to an event goes before what the session does next, then [`poll_order`](Self::poll_order).
///
/// Both polls put the record that made the item in place of `cx.cause`.
///
/// Left out: WebTransport, cookies, and compression of bodies.
#[derive(Debug)]
pub struct Client {
    session: u32,
    options: ClientOptions,
    rng: Rng,
    state: ClientState,
    /// What carries packets now.
    transport: Transport,
    handshake: Option<Handshake>,
    lines: Vec<Line>,
    lines_made: u32,
    /// The WebSocket that carries packets.
    websocket: Option<Slot>,
    upgrade: Upgrade,
    /// Packets that were not sent yet, each with its cause.
    buffer: VecDeque<(Option<RecordId>, Packet)>,
    /// The handshake came, and what follows it is still to be done, with this cause.
    opened: Option<Option<RecordId>>,
    ping_timeout: Option<Alarm>,
    /// When carriers that did not end by then are closed.
    linger: Option<Time>,
    orders: Queue<ClientOrder>,
    events: Queue<ClientEvent>,
}

/// So long a closed session waits for the last answers on its carriers.
const LINGER: Duration = Duration::from_secs(30);

impl Client {
    /// A session with this number, which tells its slots from those of other sessions. The stamps in URLs and all keys
    /// of WebSocket are drawn from `rng`.
    pub fn new(options: ClientOptions, session: u32, rng: Rng) -> Self {
        let transport = match options.transports {
            Transports::WebSocket => Transport::WebSocket,
            Transports::Polling | Transports::Upgrade => Transport::Polling,
        };
        Self {
            session,
            options,
            rng,
            state: ClientState::Opening,
            transport,
            handshake: None,
            lines: Vec::new(),
            lines_made: 0,
            websocket: None,
            upgrade: Upgrade::No,
            buffer: VecDeque::new(),
            opened: None,
            ping_timeout: None,
            linger: None,
            orders: Queue::default(),
            events: Queue::default(),
        }
    }

    /// How far the session is.
    pub fn state(&self) -> ClientState {
        self.state
    }

    /// What carries packets now.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// What the server told when the session opened.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.handshake.as_ref()
    }

    /// The number of the session.
    pub fn session(&self) -> u32 {
        self.session
    }

    /// Whether a packet would be sent at once, and not wait for a request that is under way.
    pub fn is_writable(&self) -> bool {
        self.state == ClientState::Open && !self.is_posting()
    }

    /// Whether all is done: the session is closed, and its carriers too.
    pub fn is_over(&self) -> bool {
        self.state == ClientState::Closed && self.lines.is_empty()
    }

    /// Opens the session. A second time it does nothing.
    pub fn open(&mut self, cx: &mut Cx<'_>) {
        if self.state == ClientState::Opening && self.lines_made == 0 {
            match self.transport {
                Transport::Polling => self.poll(cx),
                Transport::WebSocket => self.websocket = Some(self.open_websocket(cx)),
            }
        }
    }

    /// Sends a message, as soon as that can be. After [`close`](Self::close) it does nothing.
    pub fn send(&mut self, cx: &mut Cx<'_>, message: Packet) {
        if matches!(self.state, ClientState::Opening | ClientState::Open) {
            self.buffer.push_back((cx.cause, message));
            self.flush(cx);
        }
    }

    /// Closes the session, after what was sent before has gone.
    pub fn close(&mut self, cx: &mut Cx<'_>) {
        match self.state {
            ClientState::Opening => self.end(cx, ClientCloseReason::ForcedClose, None),
            ClientState::Open => {
                self.state = ClientState::Closing;
                self.close_if_flushed(cx);
            }
            ClientState::Closing | ClientState::Closed => {}
        }
    }

    /// A time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        if let Some(alarm) = self.ping_timeout.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.end(cx, ClientCloseReason::PingTimeout, None);
        }
        if self.linger.take_if(|at| *at <= cx.now).is_some() {
            for line in std::mem::take(&mut self.lines) {
                self.orders.push(cx, ClientOrder::Close(line.slot));
            }
        }
    }

    /// When it wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let ping = self.ping_timeout.as_ref().map(|alarm| alarm.at);
        let linger = self.linger.filter(|_| !self.lines.is_empty());
        ping.into_iter().chain(linger).min()
    }

    /// What is to be done with a carrier.
    pub fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<ClientOrder> {
        self.orders.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ClientEvent> {
        if let Some(event) = self.events.pop(cx) {
            return Some(event);
        }
        // What the application has sent at the event of the opening went first.
        let cause = self.opened.take()?;
        cx.cause = cause;
        if matches!(self.state, ClientState::Open | ClientState::Closing) {
            self.go_on(cx);
        }
        self.events.pop(cx)
    }

    /// The session is open, and the application knows it.
    fn go_on(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        self.probe(cx);
        cx.cause = cause;
        if self.transport == Transport::Polling && self.upgrade.leaves_polling() {
            self.poll(cx);
        }
    }

    /// Takes a packet that came over this transport.
    fn take(&mut self, cx: &mut Cx<'_>, conn: Option<ConnId>, over: Transport, packet: Packet) {
        self.note(cx, conn, over, Way::Up, &packet);
        match packet {
            Packet::Text(PacketType::Open, text) if self.state == ClientState::Opening => {
                match Handshake::parse(&text) {
                    Some(handshake) => self.opened(cx, handshake),
                    None => self.fail(
                        cx,
                        ClientError::unreadable("no handshake in the open packet"),
                    ),
                }
            }
            Packet::Text(PacketType::Ping, _) => self.take_ping(cx),
            Packet::Text(PacketType::Message, _) | Packet::Binary(_) => {
                self.events.push(cx, ClientEvent::Message(packet));
            }
            Packet::Text(..) => {}
        }
    }

    fn opened(&mut self, cx: &mut Cx<'_>, handshake: Handshake) {
        self.state = ClientState::Open;
        self.handshake = Some(handshake.clone());
        self.opened = Some(cx.cause);
        self.watch(cx);
        self.events.push(cx, ClientEvent::Open(handshake));
        self.flush(cx);
    }

    fn take_ping(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        self.watch(cx);
        self.events.push(cx, ClientEvent::Ping);
        if self.state == ClientState::Open && self.options.answers_pings {
            let pong = Packet::Text(PacketType::Pong, String::new());
            self.buffer.push_back((cx.cause, pong));
            self.flush(cx);
        }
        cx.cause = cause;
    }

    /// The server is there: it has so much time again until its next ping.
    fn watch(&mut self, cx: &mut Cx<'_>) {
        let Some(handshake) = &self.handshake else {
            return;
        };
        let millis = handshake
            .ping_interval
            .saturating_add(handshake.ping_timeout);
        if let Some(alarm) = self.ping_timeout.take() {
            alarm.stop(cx);
        }
        let (conn, span) = (self.conn(), Duration::from_millis(millis));
        self.ping_timeout = Some(Alarm::set(cx, 5, conn, HEARTBEAT, "ping timeout", span));
    }

    /// The connection that is named in records which are about the session as a whole.
    pub fn conn(&self) -> Option<ConnId> {
        let websocket = self.websocket.and_then(|slot| self.line(slot));
        websocket.or(self.lines.first()).and_then(|line| line.conn)
    }

    /// Sends what waits, as far as the transport takes it.
    fn flush(&mut self, cx: &mut Cx<'_>) {
        let is_up = matches!(self.state, ClientState::Open | ClientState::Closing);
        if !is_up || self.upgrade.pauses() || self.buffer.is_empty() {
            return;
        }
        let cause = cx.cause;
        match self.transport {
            Transport::Polling if self.is_posting() => {}
            Transport::Polling => self.post(cx),
            Transport::WebSocket => {
                for (why, packet) in std::mem::take(&mut self.buffer) {
                    cx.cause = why;
                    self.send_frame(cx, self.websocket, packet);
                }
            }
        }
        cx.cause = cause;
    }

    /// Goes on with closing where nothing is left to send.
    fn close_if_flushed(&mut self, cx: &mut Cx<'_>) {
        let is_flushed = self.buffer.is_empty() && !self.is_posting() && !self.upgrade.pauses();
        if self.state == ClientState::Closing && is_flushed {
            self.end(cx, ClientCloseReason::ForcedClose, None);
        }
    }

    /// The transport does not work.
    fn fail(&mut self, cx: &mut Cx<'_>, error: ClientError) {
        self.end(cx, ClientCloseReason::TransportError, Some(error));
    }

    /// The end of the session: the application is told, and the carriers end as soon as they have nothing more to do.
    fn end(&mut self, cx: &mut Cx<'_>, reason: ClientCloseReason, error: Option<ClientError>) {
        if self.state == ClientState::Closed {
            return;
        }
        let says_so = self.state != ClientState::Opening
            && self.transport == Transport::Polling
            && reason != ClientCloseReason::TransportClose
            && !self.upgrade.pauses();
        self.state = ClientState::Closed;
        if let Some(alarm) = self.ping_timeout.take() {
            alarm.stop(cx);
        }
        self.buffer.clear();
        self.events.push(cx, ClientEvent::Closed { reason, error });
        let cause = cx.cause;
        if says_so {
            self.say_close(cx);
        }
        self.linger = Some(cx.now + LINGER);
        self.close_websockets(cx);
        self.close_idle(cx);
        cx.cause = cause;
    }

    /// Writes down that a packet went down or came up, and tells of it where that is wanted.
    fn note(
        &mut self,
        cx: &mut Cx<'_>,
        conn: Option<ConnId>,
        over: Transport,
        way: Way,
        packet: &Packet,
    ) {
        let what = match way {
            Way::Down => What::Down,
            Way::Up => What::Up,
        };
        record(cx, conn, what, packet);
        if self.options.tells_packets {
            let packet = packet.clone();
            let event = ClientEvent::Packet {
                is_sent: way == Way::Down,
                over,
                packet,
            };
            self.events.push(cx, event);
        }
    }
}

/// The way that a packet goes through the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is sent.
    Down,
    /// It came.
    Up,
}
