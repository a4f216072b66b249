//! WebSocket programs (RFC 6455): both ends are one [`Talk`] over a script.

use std::collections::VecDeque;
use std::time::Duration;

use super::bytes::{read_text, write_down};
use super::http::PRODUCT;
use super::script::{SCENARIO, Script, alarm, quote};
use super::talk::{Order, Orders, Talk, no_delay_call, reading_call};
use super::tunnel::Tunnel;
use crate::base::{Rng, Time};
use crate::sim::spec::{Action, Content, Reply, WebSocketClient, WebSocketServer};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, What};
use crate::stack::websocket::{ClientOptions, Event, Message, ServerOptions, WebSocket};

/// One end of a WebSocket connection, and the program that uses it.
#[derive(Debug)]
pub struct WebSocketTalk {
    conn: ConnId,
    socket: WebSocket,
    /// What a client asks for: `ws://server/chat`.
    url: Option<String>,
    /// The way through a proxy, until that has made it.
    tunnel: Option<Tunnel>,
    script: Script,
    reply: Reply,
    ping_interval: Option<Duration>,
    ping: Option<Alarm>,
    /// Messages that came and were not awaited yet.
    inbox: VecDeque<Content>,
    /// Pongs that came and were not awaited yet.
    pongs: usize,
    is_open: bool,
    peer_closed: bool,
    orders: Orders,
}

impl WebSocketTalk {
    /// A client, whose keys are drawn from `rng`.
    pub fn client(conn: ConnId, spec: &WebSocketClient, rng: Rng) -> Self {
        let mut options = ClientOptions::new(&spec.host, &spec.path);
        options.version = spec.version.to_string();
        options.deflate = spec.policy.deflate;
        options.limits.max_message = spec.policy.max_message;
        options.needs_subprotocol = spec.policy.needs_subprotocol;
        options.wrong = spec.policy.wrong;
        options.subprotocols = spec.subprotocols.clone();
        options.headers.push("User-Agent", PRODUCT);
        if let Some(origin) = &spec.origin {
            options.headers.push("Origin", origin);
        }
        let socket = WebSocket::client(options, rng, Some(conn));
        let url = Some(format!("ws://{}{}", spec.host, spec.path));
        let tunnel = spec.tunnel.as_deref().map(|to| Tunnel::new(conn, to));
        Self {
            url,
            tunnel,
            ..Self::new(conn, socket, &spec.script)
        }
    }

    /// A server.
    pub fn server(conn: ConnId, spec: &WebSocketServer) -> Self {
        let mut options = ServerOptions {
            path: Some(spec.path.clone()),
            subprotocols: spec.subprotocols.clone(),
            origins: spec.policy.origins.clone(),
            deflate: spec.policy.deflate,
            wrong: spec.policy.wrong,
            ..ServerOptions::default()
        };
        options.limits.max_message = spec.policy.max_message;
        options.headers.push("Server", PRODUCT);
        let socket = WebSocket::server(options, Some(conn));
        let (reply, ping_interval) = (spec.reply.clone(), spec.ping_interval);
        Self {
            reply,
            ping_interval,
            ..Self::new(conn, socket, &spec.script)
        }
    }

    /// The same server, which waits so long at most for either handshake.
    pub fn within(mut self, span: Option<Duration>) -> Self {
        self.socket.limit_handshakes(span);
        self
    }

    fn new(conn: ConnId, socket: WebSocket, script: &[Action]) -> Self {
        Self {
            conn,
            socket,
            url: None,
            tunnel: None,
            script: Script::new(script),
            reply: Reply::Nothing,
            ping_interval: None,
            ping: None,
            inbox: VecDeque::new(),
            pongs: 0,
            is_open: false,
            peer_closed: false,
            orders: Orders::default(),
        }
    }

    /// Fetches what the machine has to send and to tell, until there is nothing more.
    fn pump(&mut self, cx: &mut Cx) {
        loop {
            self.fetch(cx);
            match self.socket.poll_event(cx) {
                None => return,
                Some(event) => self.take(cx, event),
            }
        }
    }

    fn fetch(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        while let Some(bytes) = self.socket.poll_transmit(cx) {
            self.orders.push(cx, Order::Send(bytes));
        }
        cx.cause = cause;
    }

    fn take(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Open { subprotocol, .. } => self.opened(cx, subprotocol),
            Event::Refused(response) => self.event(cx, format!("refused: {}", response.line())),
            Event::HandshakeFailed(error) => self.event(cx, format!("not opened: {error}")),
            Event::Message(message) => self.received(cx, message),
            Event::Ping(_) => {}
            Event::Pong(_) => {
                self.pongs += 1;
                self.run(cx);
            }
            Event::ProtocolError { code, why } => {
                self.event(cx, format!("protocol error {code}: {why}"));
            }
            Event::Closing { code, reason } => {
                self.peer_closed = true;
                self.event(
                    cx,
                    format!("the peer closes: {}", describe_close(code, &reason)),
                );
                self.run(cx);
            }
            Event::Closed {
                code,
                reason,
                clean,
            } => self.closed(cx, code, &reason, clean),
            Event::Disconnect => self.orders.push(cx, Order::Close),
        }
    }

    fn opened(&mut self, cx: &mut Cx, subprotocol: Option<String>) {
        self.is_open = true;
        let with = subprotocol
            .map(|name| format!(", subprotocol {name}"))
            .unwrap_or_default();
        self.event(cx, format!("WebSocket open{with}"));
        self.set_ping(cx);
        self.run(cx);
    }

    fn received(&mut self, cx: &mut Cx, message: Message) {
        let content = match message {
            Message::Text(text) => Content::Text(text.into()),
            Message::Binary(bytes) => Content::Binary(bytes.into()),
        };
        if let Content::Text(text) = &content {
            read_text(cx, Some(self.conn), text);
        }
        self.event(cx, format!("{} received", content.describe()));
        let cause = cx.cause;
        match self.reply.clone() {
            Reply::Nothing => {}
            Reply::Echo => self.send(cx, &content),
            Reply::Fixed(reply) => self.send(cx, &reply),
        }
        cx.cause = cause;
        self.inbox.push_back(content);
        self.run(cx);
    }

    fn closed(&mut self, cx: &mut Cx, code: u16, reason: &str, clean: bool) {
        let how = if clean { "cleanly" } else { "not cleanly" };
        self.event(
            cx,
            format!("closed {how}: {}", describe_close(code, reason)),
        );
        self.peer_closed = true;
        self.is_open = false;
        self.script.stop();
        self.ping = None;
    }

    fn run(&mut self, cx: &mut Cx) {
        if self.is_open {
            let mut script = std::mem::take(&mut self.script);
            script.run(cx, Some(self.conn), |cx, action| self.perform(cx, action));
            self.script = script;
        }
    }

    /// Does an action; `false`: it has to wait.
    fn perform(&mut self, cx: &mut Cx, action: &Action) -> bool {
        match action {
            Action::Send(content) => self.send(cx, content),
            Action::SendFragments {
                content,
                size,
                ping,
            } => self.send_fragments(cx, content, *size, ping.as_deref()),
            Action::Ping(payload) => self.send_ping(cx, payload),
            Action::Await => return self.inbox.pop_front().is_some(),
            Action::AwaitContent(content) => return self.take_equal(content),
            Action::AwaitPong => return self.take_pong(),
            Action::AwaitClose => return self.peer_closed,
            Action::Close { code, reason } => self.close(cx, *code, reason),
            Action::Abort => {
                self.call(cx, "abort".to_owned());
                self.orders.push(cx, Order::Abort);
            }
            Action::Read(reading) => {
                self.call(cx, reading_call(*reading).into_owned());
                self.orders.push(cx, Order::Read(*reading));
            }
            Action::NoDelay(on) => {
                self.call(cx, no_delay_call(*on).to_owned());
                self.orders.push(cx, Order::NoDelay(*on));
            }
            Action::Wait(_) => {}
            Action::AwaitBytes(_) | Action::Shutdown => {
                self.discard(cx, "WebSocket has messages, and no half-closed state");
            }
        }
        true
    }

    /// Takes a message that is equal, if one is there; those before it stay.
    fn take_equal(&mut self, wanted: &Content) -> bool {
        let found = self.inbox.iter().position(|content| content == wanted);
        if let Some(at) = found {
            self.inbox.remove(at);
        }
        found.is_some()
    }

    fn take_pong(&mut self) -> bool {
        let there = self.pongs > 0;
        self.pongs -= usize::from(there);
        there
    }

    fn send(&mut self, cx: &mut Cx, content: &Content) {
        self.call(cx, format!("send {}", content.describe()));
        write_down(cx, Some(self.conn), content);
        if self.socket.send(cx, message(content)).is_err() {
            self.discard(cx, "the WebSocket is not open");
        }
        self.fetch(cx);
    }

    fn send_fragments(&mut self, cx: &mut Cx, content: &Content, size: usize, ping: Option<&[u8]>) {
        let what = content.describe();
        self.call(cx, format!("send {what} in frames of {size} bytes"));
        write_down(cx, Some(self.conn), content);
        let message = message(content);
        let sent = match ping {
            Some(ping) => self.socket.send_with_pings(cx, message, size, ping),
            None => self.socket.send_fragmented(cx, message, size),
        };
        if sent.is_err() {
            self.discard(cx, "the WebSocket is not open");
        }
        self.fetch(cx);
    }

    fn send_ping(&mut self, cx: &mut Cx, payload: &[u8]) {
        self.call(cx, "ping".to_owned());
        if self.socket.ping(cx, payload).is_err() {
            self.discard(cx, "the WebSocket is not open");
        }
        self.fetch(cx);
    }

    fn close(&mut self, cx: &mut Cx, code: Option<u16>, reason: &str) {
        self.ping = None;
        let what = code
            .map(|code| describe_close(code, reason))
            .unwrap_or_default();
        self.call(cx, format!("close {what}").trim_end().to_owned());
        if self.socket.close(cx, code, reason).is_err() {
            self.discard(cx, "the WebSocket is not open");
        }
        self.fetch(cx);
    }

    fn set_ping(&mut self, cx: &mut Cx) {
        let conn = Some(self.conn);
        self.ping = self
            .ping_interval
            .map(|span| alarm(cx, conn, "ping interval", span));
    }

    fn call(&self, cx: &mut Cx, text: String) {
        cx.step(7, Some(self.conn), SCENARIO, What::AppCall(text.into()));
    }

    fn event(&self, cx: &mut Cx, text: String) {
        cx.step(7, Some(self.conn), SCENARIO, What::AppEvent(text.into()));
    }

    fn discard(&self, cx: &mut Cx, why: &'static str) {
        cx.step(5, Some(self.conn), SCENARIO, What::Discarded(why.into()));
    }
}

fn describe_close(code: u16, reason: &str) -> String {
    match reason {
        "" => code.to_string(),
        reason => format!("{code} {}", quote(reason)),
    }
}

fn message(content: &Content) -> Message {
    match content {
        Content::Text(text) => Message::Text(text.to_string()),
        Content::Binary(bytes) => Message::Binary(bytes.to_vec()),
    }
}

impl WebSocketTalk {
    fn open(&mut self, cx: &mut Cx) {
        if let Some(url) = &self.url {
            self.call(cx, format!("open {url}"));
        }
        self.socket.open(cx);
        self.pump(cx);
    }

    /// Goes on with the way through the proxy; opens the WebSocket when it is there.
    fn pump_tunnel(&mut self, cx: &mut Cx) {
        if let Some(tunnel) = &mut self.tunnel
            && tunnel.pump(cx, &mut self.orders)
        {
            self.tunnel = None;
            self.event(cx, "the tunnel is open".to_owned());
            self.open(cx);
        }
    }
}

impl Talk for WebSocketTalk {
    fn handle_open(&mut self, cx: &mut Cx) {
        match &mut self.tunnel {
            Some(tunnel) => {
                tunnel.ask(cx);
                self.pump_tunnel(cx);
            }
            None => self.open(cx),
        }
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.handle_input(cx, bytes);
            return self.pump_tunnel(cx);
        }
        self.socket.handle_input(cx, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.handle_end(cx);
            return self.pump_tunnel(cx);
        }
        self.socket.handle_end(cx);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.handle_end(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        if let Some(ping) = self.ping.take_if(|ping| ping.at <= cx.now) {
            ping.expire(cx);
            let expired = cx.cause;
            self.send_ping(cx, &[]);
            cx.cause = expired;
            self.set_ping(cx);
        }
        cx.cause = cause;
        self.script.handle_timeout(cx);
        self.run(cx);
        self.socket.handle_timeout(cx);
        self.pump(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        let ping = self.ping.as_ref().map(|ping| ping.at);
        let script = self.script.poll_timeout();
        let own = script.into_iter().chain(ping);
        own.chain(self.socket.poll_timeout()).min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}
