//! One session: its packets, whatever carries them at the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connection::{Connection, Happened};
use super::request::poll_response;
use super::{CloseReason, ServerEvent, ServerOptions, SessionId};
use crate::base::{RecordId, Time};
use crate::proto::engineio::{PROBE, Packet, PacketType, emit_payload};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::{HEARTBEAT, UPGRADE, record};
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};
use crate::stack::websocket::Prepared;

type Connections = BTreeMap<ConnId, Connection>;

/// How long the end of a session that polls waits for the next poll.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    id: SessionId,
    sid: String,
    transport: Transport,
    state: State,
    /// The request that is answered when there is something to say.
    poll: Option<ConnId>,
    /// The WebSocket that the client tries, and whether it was answered there.
    probe: Option<(ConnId, bool)>,
    /// Packets for the next poll, each with its cause.
    outbox: Vec<(Option<RecordId>, Packet)>,
    /// How many bytes that is.
    unsent: usize,
    /// The next ping, or the end of the wait for a pong.
    heartbeat: Option<Alarm>,
    is_pinged: bool,
    /// Since the ping, something else came than a pong.
    is_heard: bool,
    upgrade: Option<Alarm>,
    closing: Option<Alarm>,
    times: Times,
    max_unsent: usize,
    events: Queue<ServerEvent>,
    /// The connections that have something to send.
    used: Vec<ConnId>,
}

/// What carries a session's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    WebSocket(ConnId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closing,
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    ping_interval: Duration,
    ping_timeout: Duration,
    upgrade_timeout: Duration,
}

impl Session {
    pub(super) fn new(
        id: SessionId,
        sid: String,
        transport: Transport,
        options: &ServerOptions,
    ) -> Self {
        Self {
            id,
            sid,
            transport,
            state: State::Open,
            poll: None,
            probe: None,
            outbox: Vec::new(),
            unsent: 0,
            heartbeat: None,
            is_pinged: false,
            is_heard: false,
            upgrade: None,
            closing: None,
            times: Times {
                ping_interval: options.ping_interval,
                ping_timeout: options.ping_timeout,
                upgrade_timeout: options.upgrade_timeout,
            },
            max_unsent: options.max_unsent,
            events: Queue::default(),
            used: Vec::new(),
        }
    }

    pub(super) fn sid(&self) -> &str {
        &self.sid
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport
    }

    /// The connection that carries it at this moment.
    pub(super) fn connection(&self) -> Option<ConnId> {
        match self.transport {
            Transport::WebSocket(conn) => Some(conn),
            Transport::Polling => self.poll,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ServerEvent> {
        self.events.pop(cx)
    }

    /// The connections that have something to send.
    pub(super) fn take_used(&mut self) -> Vec<ConnId> {
        std::mem::take(&mut self.used)
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        let alarms = [&self.heartbeat, &self.upgrade, &self.closing];
        alarms.into_iter().flatten().map(|alarm| alarm.at).min()
    }

    /// The first ping comes after an interval.
    pub(super) fn start_heartbeat(&mut self, cx: &mut Cx<'_>) {
        self.is_pinged = false;
        let span = self.times.ping_interval;
        self.heartbeat = Some(self.alarm(cx, HEARTBEAT, "ping interval", span));
    }

    /// Sends a packet now, or keeps it for the next poll.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>, connections: &mut Connections, packet: Packet) {
        if self.state != State::Open {
            return;
        }
        record(cx, self.connection(), What::Down, &packet);
        match self.transport {
            Transport::WebSocket(conn) => self.carry(cx, connections, conn, packet),
            Transport::Polling => {
                self.keep(cx, packet);
                self.flush(cx, connections);
                if self.unsent > self.max_unsent {
                    let why = "the client does not poll, and too much waits for it";
                    self.fail(cx, connections, CloseReason::TransportError, why);
                }
            }
        }
    }

    /// As [`Session::send`], with the frame made already.
    pub(super) fn send_prepared(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        packet: &Packet,
        prepared: &Prepared,
    ) {
        match self.transport {
            Transport::WebSocket(conn) if self.state == State::Open => {
                record(cx, Some(conn), What::Down, packet);
                if let Some(connection) = connections.get_mut(&conn) {
                    connection.send_prepared(cx, prepared);
                    self.used.push(conn);
                }
            }
            _ => self.send(cx, connections, packet.clone()),
        }
    }

    /// A request waits for packets.
    pub(super) fn take_poll(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
    ) -> Result<(), &'static str> {
        if self.poll.is_some() {
            self.fail(
                cx,
                connections,
                CloseReason::TransportError,
                "two polls at one time",
            );
            return Err("two polls at one time");
        }
        self.poll = Some(conn);
        // while another transport is tried no poll shall wait
        let is_probed = matches!(self.probe, Some((_, true)));
        if self.state == State::Open && self.outbox.is_empty() && is_probed {
            self.push_noop(cx);
        }
        self.flush(cx, connections);
        Ok(())
    }

    /// The connection of a request that waits is gone, and the client cannot know what it missed.
    pub(super) fn abandon_poll(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
    ) {
        if self.poll == Some(conn) {
            self.poll = None;
            let why = "the poll's connection ended before its answer";
            self.fail(cx, connections, CloseReason::TransportError, why);
        }
    }

    /// The client tries a WebSocket; whether it may.
    pub(super) fn begin_probe(&mut self, cx: &mut Cx<'_>, conn: ConnId) -> bool {
        let polls = self.state == State::Open && self.transport == Transport::Polling;
        let may = polls && self.probe.is_none();
        if may {
            self.probe = Some((conn, false));
            let (cause, span) = (cx.cause, self.times.upgrade_timeout);
            self.upgrade = Some(self.alarm(cx, UPGRADE, "upgrade timeout", span));
            cx.cause = cause;
        }
        may
    }

    /// A packet came with a POST.
    pub(super) fn take_posted(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        packet: Option<Packet>,
        conn: ConnId,
    ) {
        match packet {
            _ if self.state != State::Open => {}
            Some(packet) => {
                record(cx, Some(conn), What::Up, &packet);
                self.take(cx, connections, conn, packet);
            }
            None => self.fail(
                cx,
                connections,
                CloseReason::ParseError,
                "this is no packet",
            ),
        }
    }

    /// A POST cannot be taken, and what it carried is lost.
    pub(super) fn lose_posted(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        why: &'static str,
    ) {
        if self.transport == Transport::Polling {
            self.fail(cx, connections, CloseReason::TransportError, why);
        }
    }

    /// Something happened on a WebSocket of this session.
    pub(super) fn take_websocket(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
        happened: Happened,
    ) {
        let is_probe = self.probe.is_some_and(|(probed, _)| probed == conn);
        match happened {
            Happened::Message(_, message) => {
                let Some(packet) = packet_of(message) else {
                    if is_probe {
                        return self.end_probe(cx, connections);
                    }
                    let why = "this is no packet";
                    return self.fail(cx, connections, CloseReason::ParseError, why);
                };
                record(cx, Some(conn), What::Up, &packet);
                match is_probe {
                    true => self.take_probe(cx, connections, conn, packet),
                    false => self.take(cx, connections, conn, packet),
                }
            }
            Happened::Closed(..) if is_probe => self.end_probe(cx, connections),
            Happened::Closed(_, is_broken) => {
                let reason = match is_broken {
                    true => CloseReason::TransportError,
                    false => CloseReason::TransportClose,
                };
                self.finish(cx, connections, reason);
            }
            _ => {}
        }
    }

    /// Ends the session when what is there was sent. A client that polls is told so with a response of its own, as npm's
    /// server does it: one that reads the close beside other packets would be done before it has taken those.
    pub(super) fn begin_close(&mut self, cx: &mut Cx<'_>, connections: &mut Connections) {
        if self.state != State::Open {
            return;
        }
        if self.transport != Transport::Polling {
            return self.finish(cx, connections, CloseReason::ForcedClose);
        }
        self.state = State::Closing;
        self.flush(cx, connections);
        if self.state == State::Closing {
            let cite = "Engine.IO protocol 4, Packet encoding";
            self.closing = Some(self.alarm(cx, cite, "close timeout", CLOSE_TIMEOUT));
        }
    }

    pub(super) fn handle_timeout(&mut self, cx: &mut Cx<'_>, connections: &mut Connections) {
        let now = cx.now;
        if let Some(alarm) = self.upgrade.take_if(|alarm| alarm.is_due(now)) {
            alarm.expire(cx);
            self.end_probe(cx, connections);
        }
        if let Some(alarm) = self.closing.take_if(|alarm| alarm.is_due(now)) {
            alarm.expire(cx);
            self.finish(cx, connections, CloseReason::ForcedClose);
        }
        if let Some(alarm) = self.heartbeat.take_if(|alarm| alarm.is_due(now)) {
            alarm.expire(cx);
            self.beat(cx, connections);
        }
    }

    /// Pings, or gives up the client that did not answer the last ping.
    fn beat(&mut self, cx: &mut Cx<'_>, connections: &mut Connections) {
        if self.is_pinged {
            let why = "no pong within pingTimeout";
            return self.fail(cx, connections, CloseReason::PingTimeout, why);
        }
        let expired = cx.cause;
        self.send(
            cx,
            connections,
            Packet::Text(PacketType::Ping, String::new()),
        );
        cx.cause = expired;
        (self.is_pinged, self.is_heard) = (true, false);
        self.await_pong(cx);
    }

    fn await_pong(&mut self, cx: &mut Cx<'_>) {
        let span = self.times.ping_timeout;
        self.heartbeat = Some(self.alarm(cx, HEARTBEAT, "ping timeout", span));
    }

    /// Who sends something else is there, and has the time to answer once more.
    fn note_life(&mut self, cx: &mut Cx<'_>, packet: &Packet) {
        let is_pong = matches!(packet, Packet::Text(PacketType::Pong, _));
        if self.is_pinged && !self.is_heard && !is_pong {
            self.is_heard = true;
            let cause = cx.cause;
            self.await_pong(cx);
            cx.cause = cause;
        }
    }

    fn take(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
        packet: Packet,
    ) {
        self.note_life(cx, &packet);
        match packet {
            Packet::Text(PacketType::Ping, _) => {
                let why = "the client pings, and in protocol 4 the server does";
                self.fail(cx, connections, CloseReason::TransportError, why);
            }
            Packet::Text(PacketType::Pong, _) => {
                let cause = cx.cause;
                self.start_heartbeat(cx);
                cx.cause = cause;
            }
            Packet::Text(PacketType::Close, _) => {
                self.finish(cx, connections, CloseReason::TransportClose);
            }
            Packet::Text(PacketType::Message, _) | Packet::Binary(_) => {
                self.events
                    .push(cx, ServerEvent::Message(self.id, conn, packet));
            }
            // they mean nothing here
            Packet::Text(PacketType::Open | PacketType::Upgrade | PacketType::Noop, _) => {}
        }
    }

    /// A packet came over the WebSocket that the client tries.
    fn take_probe(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
        packet: Packet,
    ) {
        match packet {
            Packet::Text(PacketType::Ping, text) if text == PROBE => {
                let answer = Packet::Text(PacketType::Pong, text);
                record(cx, Some(conn), What::Down, &answer);
                self.carry(cx, connections, conn, answer);
                self.probe = Some((conn, true));
                if self.poll.is_some() {
                    self.push_noop(cx);
                    self.flush(cx, connections);
                }
            }
            Packet::Text(PacketType::Upgrade, _) => self.go_over(cx, connections, conn),
            _ => self.end_probe(cx, connections),
        }
    }

    /// From here on the WebSocket carries the session.
    fn go_over(&mut self, cx: &mut Cx<'_>, connections: &mut Connections, conn: ConnId) {
        let cause = cx.cause;
        if self.poll.is_some() {
            self.push_noop(cx);
            self.flush(cx, connections);
            cx.cause = cause;
        }
        self.transport = Transport::WebSocket(conn);
        self.probe = None;
        self.upgrade = None;
        let what = What::Decided("the session goes on over WebSocket".into());
        cx.step(5, Some(conn), UPGRADE, what);
        self.events.push(cx, ServerEvent::Upgraded(self.id));
        self.unsent = 0;
        for (cause, packet) in std::mem::take(&mut self.outbox) {
            cx.cause = cause;
            self.carry(cx, connections, conn, packet);
        }
        cx.cause = cause;
        if self.state == State::Closing {
            self.finish(cx, connections, CloseReason::ForcedClose);
        }
    }

    /// The WebSocket that was tried is given up; the session stays as it is.
    fn end_probe(&mut self, cx: &mut Cx<'_>, connections: &mut Connections) {
        self.upgrade = None;
        if let Some((conn, _)) = self.probe.take() {
            self.close_websocket(cx, connections, conn);
        }
    }

    /// Answers the request that waits with what is there; of a session that ends, at last with the close.
    fn flush(&mut self, cx: &mut Cx<'_>, connections: &mut Connections) {
        let is_last = self.state == State::Closing && self.outbox.is_empty();
        if is_last && self.poll.is_some() {
            let packet = Packet::Text(PacketType::Close, String::new());
            record(cx, self.poll, What::Down, &packet);
            self.keep(cx, packet);
        }
        if self.outbox.is_empty() {
            return;
        }
        let Some(conn) = self.poll.take() else {
            return;
        };
        let packets = std::mem::take(&mut self.outbox);
        self.unsent = 0;
        cx.cause = packets.last().map_or(cx.cause, |(cause, _)| *cause);
        let packets: Vec<Packet> = packets.into_iter().map(|(_, packet)| packet).collect();
        if let Some(connection) = connections.get_mut(&conn) {
            let response = poll_response(emit_payload(&packets));
            connection.respond(cx, response);
            self.used.push(conn);
        }
        if is_last {
            self.finish(cx, connections, CloseReason::ForcedClose);
        }
    }

    fn push_noop(&mut self, cx: &mut Cx<'_>) {
        let packet = Packet::Text(PacketType::Noop, String::new());
        record(cx, self.poll, What::Down, &packet);
        self.keep(cx, packet);
    }

    /// Keeps a packet for the next poll.
    fn keep(&mut self, cx: &Cx<'_>, packet: Packet) {
        self.unsent += match &packet {
            Packet::Text(_, text) => text.len() + 1,
            Packet::Binary(bytes) => bytes.len(),
        };
        self.outbox.push((cx.cause, packet));
    }

    /// Sends a packet over a WebSocket.
    fn carry(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        conn: ConnId,
        packet: Packet,
    ) {
        if let Some(connection) = connections.get_mut(&conn) {
            connection.send(cx, packet);
            self.used.push(conn);
        }
    }

    fn close_websocket(&mut self, cx: &mut Cx<'_>, connections: &mut Connections, conn: ConnId) {
        if let Some(connection) = connections.get_mut(&conn) {
            connection.close_websocket(cx);
            self.used.push(conn);
        }
    }

    fn fail(
        &mut self,
        cx: &mut Cx<'_>,
        connections: &mut Connections,
        reason: CloseReason,
        why: &'static str,
    ) {
        let what = What::Decided(format!("{}: {why}", reason.name()).into());
        cx.step(5, self.connection(), "Engine.IO protocol 4", what);
        self.finish(cx, connections, reason);
    }

    /// The session is over.
    fn finish(&mut self, cx: &mut Cx<'_>, connections: &mut Connections, reason: CloseReason) {
        if self.state == State::Over {
            return;
        }
        self.state = State::Over;
        let cause = cx.cause;
        self.end_probe(cx, connections);
        match self.transport {
            Transport::WebSocket(conn) => self.close_websocket(cx, connections, conn),
            Transport::Polling if self.poll.is_some() => {
                self.push_noop(cx);
                self.flush(cx, connections);
            }
            Transport::Polling => {}
        }
        cx.cause = cause;
        self.events.push(cx, ServerEvent::Closed(self.id, reason));
    }

    fn alarm(
        &self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        name: &'static str,
        span: Duration,
    ) -> Alarm {
        Alarm::set(cx, 5, self.connection(), cite, name, span)
    }
}

/// The packet that a message of WebSocket is.
fn packet_of(message: crate::stack::websocket::Message) -> Option<Packet> {
    use crate::stack::websocket::Message;
    match message {
        Message::Binary(bytes) => Some(Packet::Binary(bytes)),
        Message::Text(text) => Packet::parse(&text).ok(),
    }
}
