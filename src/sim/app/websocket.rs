//! WebSocket programs (RFC 6455): both ends are one [`Talk`] over a script.

use std::collections::VecDeque;
use std::time::Duration;

use super::bytes::{read_text, write_down};
use super::door::{Came, Door};
use super::http::PRODUCT;
use super::patience::Patience;
use super::script::{SCENARIO, Script, alarm, quote};
use super::talk::{Order, Orders, Talk, no_delay_call, reading_call};
use super::tunnel::Tunnel;
use crate::base::{Rng, Time};
use crate::proto::http::{Request, Response};
use crate::sim::spec::{Action, Content, Reply, WebSocketClient, WebSocketServer};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::Origins;
use crate::stack::queue::Queue;
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
    /// The way into a server on real sockets, until a request has asked for the WebSocket.
    door: Option<Door>,
    /// How long either handshake may take.
    within: Option<Duration>,
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
    /// What happened, where somebody wants to know.
    heard: Option<Queue<Heard>>,
    orders: Orders,
}

/// What a server's end of a connection tells to who looks at all of them together.
#[derive(Debug)]
pub enum Heard {
    /// It is open, after this request.
    Opened(Option<Request>),
    /// A message came.
    Message(Content),
    /// It is closed, and how.
    Closed(String),
    /// The client was refused, and how.
    Refused(String),
    /// A request for something else: [`WebSocketTalk::respond`].
    Request(Request),
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
        let socket = WebSocket::server(Self::options(spec), Some(conn));
        let (reply, ping_interval) = (spec.reply.clone(), spec.ping_interval);
        Self {
            reply,
            ping_interval,
            ..Self::new(conn, socket, &spec.script)
        }
    }

    /// A server on real sockets, which answers requests for other things, too, and whose clients come from `origins`.
    pub fn behind_a_door(
        conn: ConnId,
        spec: &WebSocketServer,
        origins: Origins,
        patience: Patience,
    ) -> Self {
        let door = Door::new(conn, Self::options(spec), origins, patience);
        Self {
            door: Some(door),
            ..Self::server(conn, spec)
        }
    }

    fn options(spec: &WebSocketServer) -> ServerOptions {
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
        options
    }

    /// The same server, which waits so long at most for either handshake.
    pub fn within(mut self, span: Option<Duration>) -> Self {
        self.within = span;
        self.socket.limit_handshakes(span);
        self
    }

    /// The same server, which tells what happens: [`WebSocketTalk::poll_heard`].
    pub fn telling(mut self) -> Self {
        self.heard = Some(Queue::default());
        self
    }

    /// What happened.
    pub fn poll_heard(&mut self, cx: &mut Cx) -> Option<Heard> {
        self.heard.as_mut()?.pop(cx)
    }

    /// Answers a request for something else.
    pub fn respond(&mut self, cx: &mut Cx, response: Response) {
        if let Some(door) = &mut self.door {
            door.respond(cx, response);
            self.pump_door(cx);
        }
    }

    fn new(conn: ConnId, socket: WebSocket, script: &[Action]) -> Self {
        Self {
            conn,
            socket,
            url: None,
            tunnel: None,
            door: None,
            within: None,
            script: Script::new(script),
            reply: Reply::Nothing,
            ping_interval: None,
            ping: None,
            inbox: VecDeque::new(),
            pongs: 0,
            is_open: false,
            peer_closed: false,
            heard: None,
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
            Event::Open {
                subprotocol,
                request,
            } => self.opened(cx, subprotocol, request),
            Event::Refused(response) => {
                self.event(cx, format!("refused: {}", response.line()));
                self.tell(cx, || Heard::Refused(response.line()));
            }
            Event::HandshakeFailed(error) => {
                self.event(cx, format!("not opened: {error}"));
                self.tell(cx, || Heard::Refused(error.to_string()));
            }
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

    fn opened(&mut self, cx: &mut Cx, subprotocol: Option<String>, request: Option<Request>) {
        self.is_open = true;
        let with = subprotocol
            .map(|name| format!(", subprotocol {name}"))
            .unwrap_or_default();
        self.event(cx, format!("WebSocket open{with}"));
        self.tell(cx, || Heard::Opened(request));
        self.set_ping(cx);
        self.run(cx);
    }

    /// Tells what happened, where somebody wants to know.
    fn tell(&mut self, cx: &Cx, what: impl FnOnce() -> Heard) {
        if let Some(heard) = &mut self.heard {
            heard.push(cx, what());
        }
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
        self.tell(cx, || Heard::Message(content.clone()));
        let cause = cx.cause;
        if let Some(reply) = self.reply.to(&content).cloned() {
            self.send(cx, &reply);
        }
        cx.cause = cause;
        self.keep(content);
        self.run(cx);
    }

    /// Keeps a message for the script, if there is one that may await it.
    fn keep(&mut self, content: Content) {
        if !self.script.is_done() {
            self.inbox.push_back(content);
        }
    }

    fn closed(&mut self, cx: &mut Cx, code: u16, reason: &str, clean: bool) {
        let how = if clean { "cleanly" } else { "not cleanly" };
        self.tell(cx, || Heard::Closed(describe_close(code, reason)));
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

    /// Sends a message.
    pub fn send(&mut self, cx: &mut Cx, content: &Content) {
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

    /// Closes, with this code and reason.
    pub fn close(&mut self, cx: &mut Cx, code: Option<u16>, reason: &str) {
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

    /// Goes on with what is spoken before the WebSocket.
    fn pump_door(&mut self, cx: &mut Cx) {
        let Some(door) = &mut self.door else {
            return;
        };
        match door.pump(cx, &mut self.orders) {
            Came::Nothing => {}
            Came::Request(request) => self.tell(cx, || Heard::Request(request)),
            Came::Refused => {
                self.tell(cx, || Heard::Refused("a page of another origin".to_owned()));
                self.pump_door(cx);
            }
            Came::WebSocket(socket) => {
                self.door = None;
                self.socket = *socket;
                self.socket.limit_handshakes(self.within);
                self.pump(cx);
            }
        }
    }
}

impl Talk for WebSocketTalk {
    fn handle_open(&mut self, cx: &mut Cx) {
        if let Some(door) = &mut self.door {
            return door.handle_open(cx);
        }
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
        if let Some(door) = &mut self.door {
            door.handle_input(cx, bytes);
            return self.pump_door(cx);
        }
        self.socket.handle_input(cx, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.handle_end(cx);
            return self.pump_tunnel(cx);
        }
        if let Some(door) = &mut self.door {
            door.handle_end(cx);
            return self.pump_door(cx);
        }
        self.socket.handle_end(cx);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.handle_end(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        if let Some(door) = &mut self.door {
            return door.handle_timeout(cx, &mut self.orders);
        }
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
        if let Some(door) = &self.door {
            return door.poll_timeout();
        }
        let ping = self.ping.as_ref().map(|ping| ping.at);
        let script = self.script.poll_timeout();
        let own = script.into_iter().chain(ping);
        own.chain(self.socket.poll_timeout()).min()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}
