//! The session: opened, watched, opened again.

use super::{Client, ClientDisconnectReason, ClientEvent, ConnectError};
use crate::base::Rng;
use crate::proto::engineio::Packet;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::{self, ClientCloseReason, ClientError};
use crate::stack::record::What;

/// How far the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is none.
    Closed,
    /// It was asked for.
    Opening,
    /// It carries packets.
    Open,
}

const RECONNECTION: &str = "Socket.IO client 4, reconnection";

impl Client {
    /// Opens a session where there is none.
    pub(super) fn open(&mut self, cx: &mut Cx<'_>) {
        if self.state != State::Closed {
            return;
        }
        let number = self.sessions_made;
        self.sessions_made += 1;
        let rng = Rng::new(self.rng.next_u64(), "engineio");
        let mut session = engineio::Client::new(self.options.engine.clone(), number, rng);
        self.state = State::Opening;
        self.stays_closed = false;
        if let Some(span) = self.options.connect_timeout {
            let cite = "Socket.IO client 4, timeout";
            self.connect_timeout = Some(Alarm::set(cx, 5, None, cite, "connect timeout", span));
        }
        session.open(cx);
        self.sessions.push(session);
        self.current = Some(number);
    }

    /// Fetches what the sessions tell and order, until there is nothing more.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        while let Some((is_current, event)) = self.next_event(cx) {
            if is_current {
                self.take(cx, event);
            } else if let engineio::ClientEvent::Packet { .. } = event {
                self.tell_packet(cx, event);
            }
            cx.cause = cause;
        }
        for session in &mut self.sessions {
            while let Some(order) = session.poll_order(cx) {
                self.orders.push(cx, order);
            }
            cx.cause = cause;
        }
        let current = self.current;
        self.sessions
            .retain(|session| !session.is_over() || Some(session.session()) == current);
    }

    fn next_event(&mut self, cx: &mut Cx<'_>) -> Option<(bool, engineio::ClientEvent)> {
        let current = self.current;
        self.sessions.iter_mut().find_map(|session| {
            let event = session.poll_event(cx)?;
            Some((Some(session.session()) == current, event))
        })
    }

    fn take(&mut self, cx: &mut Cx<'_>, event: engineio::ClientEvent) {
        use engineio::ClientEvent as E;
        match event {
            E::Open(handshake) => {
                self.events.push(cx, ClientEvent::Open(handshake));
                self.opened(cx);
            }
            E::Message(message) => self.take_message(cx, message),
            E::Upgraded => self.events.push(cx, ClientEvent::Upgraded),
            E::UpgradeFailed(error) => self.events.push(cx, ClientEvent::UpgradeFailed(error)),
            E::Closed { reason, error } if self.state == State::Opening => {
                let error = error.unwrap_or_else(|| ClientError::new(reason.to_string()));
                self.not_opened(cx, ConnectError::Transport(error));
            }
            E::Closed { reason, error } => self.closed(cx, reason, error),
            E::Packet { .. } => self.tell_packet(cx, event),
            E::Ping => {}
        }
    }

    fn tell_packet(&mut self, cx: &mut Cx<'_>, event: engineio::ClientEvent) {
        if let engineio::ClientEvent::Packet {
            is_sent,
            over,
            packet,
        } = event
        {
            let event = ClientEvent::Packet {
                is_sent,
                over,
                packet,
            };
            self.events.push(cx, event);
        }
    }

    fn take_message(&mut self, cx: &mut Cx<'_>, message: Packet) {
        match self.decoder.take(message) {
            Ok(None) => {}
            Ok(Some(whole)) => self.take_whole(cx, whole),
            Err(error) => {
                let error = ClientError::new(error.to_string());
                self.closed(cx, ClientCloseReason::ParseError, Some(error));
            }
        }
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.state = State::Open;
        if let Some(alarm) = self.connect_timeout.take() {
            alarm.stop(cx);
        }
        let cause = cx.cause;
        for at in 0..self.sockets.len() {
            if self.sockets[at].is_active {
                self.send_connect(cx, at);
                cx.cause = cause;
            }
        }
        if std::mem::take(&mut self.is_reconnecting) {
            let attempt = self.backoff.attempts;
            self.events.push(cx, ClientEvent::Reconnect(attempt));
            self.backoff.reset();
        }
    }

    /// The session could not be opened.
    pub(super) fn not_opened(&mut self, cx: &mut Cx<'_>, error: ConnectError) {
        self.let_go(cx);
        for socket in self.sockets.iter().filter(|socket| socket.is_active) {
            let (nsp, error) = (socket.nsp.clone(), error.clone());
            self.events
                .push(cx, ClientEvent::ConnectError { nsp, error });
        }
        if std::mem::take(&mut self.is_reconnecting) || self.backoff.attempts == 0 {
            self.reconnect(cx);
        }
    }

    /// The session that was open is over.
    pub(super) fn closed(
        &mut self,
        cx: &mut Cx<'_>,
        reason: ClientCloseReason,
        error: Option<ClientError>,
    ) {
        self.let_go(cx);
        self.backoff.reset();
        for at in 0..self.sockets.len() {
            if self.sockets[at].is_active {
                let reason = ClientDisconnectReason::Session(reason);
                self.disconnected(cx, at, reason, error.clone());
            }
        }
        self.reconnect(cx);
    }

    /// Closes the session as no socket needs it any more, and leaves it so.
    pub(super) fn close(&mut self, cx: &mut Cx<'_>) {
        self.stays_closed = true;
        self.is_reconnecting = false;
        self.closed(cx, ClientCloseReason::ForcedClose, None);
    }

    /// There is no session any more; the one that was ends by itself.
    fn let_go(&mut self, cx: &mut Cx<'_>) {
        self.state = State::Closed;
        self.decoder = Default::default();
        for alarm in [&mut self.connect_timeout, &mut self.reconnect] {
            if let Some(alarm) = alarm.take() {
                alarm.stop(cx);
            }
        }
        let current = self.current.take();
        let mut sessions = self.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| Some(session.session()) == current) {
            let cause = cx.cause;
            session.close(cx);
            cx.cause = cause;
        }
    }

    /// Opens a session again, after a while.
    fn reconnect(&mut self, cx: &mut Cx<'_>) {
        if !self.options.reconnection || self.stays_closed || self.is_reconnecting {
            return;
        }
        let most = self.options.reconnection_attempts.unwrap_or(u32::MAX);
        if self.backoff.attempts >= most {
            self.backoff.reset();
            return self.events.push(cx, ClientEvent::ReconnectFailed);
        }
        let wait = self.backoff.next_wait();
        let attempt = self.backoff.attempts;
        let why = format!(
            "attempt {attempt} to connect again in {} ms",
            wait.as_millis()
        );
        cx.record(5, None, RECONNECTION, What::Decided(why.into()));
        self.is_reconnecting = true;
        let name = "reconnection delay";
        self.reconnect = Some(Alarm::set(cx, 5, None, RECONNECTION, name, wait));
    }

    /// The wait is over.
    pub(super) fn try_again(&mut self, cx: &mut Cx<'_>) {
        let attempt = self.backoff.attempts;
        self.events.push(cx, ClientEvent::ReconnectAttempt(attempt));
        self.open(cx);
    }
}
