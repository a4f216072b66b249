mod heartbeat;
mod interleavings;
mod polling;
mod refusals;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::base::NodeId;
use crate::proto::engineio::{PacketType, parse_payload};
use crate::stack::record::Log;
use crate::stack::websocket::{ClientOptions, Event, Message, WebSocket};

const PATH: &str = "/engine.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/engine.io/?EIO=4&transport=websocket";

/// A server, and all that it ordered.
struct Bench {
    server: Server,
    now: Time,
    next_conn: u32,
    sent: BTreeMap<ConnId, Vec<u8>>,
    closed: BTreeSet<ConnId>,
    events: Vec<ServerEvent>,
}

impl Bench {
    fn new(options: ServerOptions) -> Self {
        Self {
            server: Server::new(options, Rng::new(1, "test")),
            now: Time::ZERO,
            next_conn: 0,
            sent: BTreeMap::new(),
            closed: BTreeSet::new(),
            events: Vec::new(),
        }
    }

    /// Calls the server, and takes what it orders and tells.
    fn call<T>(&mut self, what: impl FnOnce(&mut Server, &mut Cx<'_>) -> T) -> T {
        let mut log = Log::off();
        let cx = &mut Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let result = what(&mut self.server, cx);
        while let Some((conn, order)) = self.server.poll_order(cx) {
            assert!(!self.closed.contains(&conn), "{order:?} after the end");
            match order {
                Order::Send(bytes) => self.sent.entry(conn).or_default().extend(bytes),
                Order::Close => assert!(self.closed.insert(conn)),
            }
        }
        self.events
            .extend(std::iter::from_fn(|| self.server.poll_event(cx)));
        result
    }

    /// Goes on to this time, and stops at each at which the server wants to be called.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.server.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.call(|server, cx| server.handle_timeout(cx));
        }
        self.now = end;
    }

    fn connect(&mut self) -> ConnId {
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.call(|server, cx| server.handle_open(cx, conn));
        conn
    }

    fn input(&mut self, conn: ConnId, bytes: &[u8]) {
        self.call(|server, cx| server.handle_input(cx, conn, bytes));
    }

    fn send(&mut self, session: SessionId, text: &str) {
        self.call(|server, cx| server.send(cx, session, Packet::message(text)));
    }

    /// Sends a request on a connection of its own.
    fn request(&mut self, request: &Request) -> ConnId {
        let conn = self.connect();
        self.input(conn, &request.emit());
        conn
    }

    fn get(&mut self, target: &str) -> ConnId {
        self.request(&Request::new("GET", target, "a"))
    }

    fn post(&mut self, target: &str, body: &str) -> ConnId {
        let request = Request::new("POST", target, "a");
        self.request(&request.with_body("text/plain;charset=UTF-8", body))
    }

    /// The response that came on a connection, and nothing else did.
    fn response(&mut self, conn: ConnId) -> Option<Response> {
        let bytes = self.sent.remove(&conn)?;
        let (response, len) = Response::parse(&bytes).expect("HTTP").expect("whole");
        let body = &bytes[len..];
        if response.code == 101 {
            return Some(response);
        }
        let length = response.headers.get("Content-Length").unwrap_or("0");
        assert_eq!(length, body.len().to_string(), "{response:?}");
        let body = body.to_vec();
        Some(Response { body, ..response })
    }

    /// What came on a connection: the status, and the body as text; `-` where nothing came.
    fn answer(&mut self, conn: ConnId) -> String {
        self.response(conn)
            .map_or("-".to_owned(), |Response { code, body, .. }| {
                let body = String::from_utf8(body).expect("UTF-8");
                format!("{code} {body}").trim_end().to_owned()
            })
    }

    /// Opens a session by polling: it, and where it polls.
    fn open(&mut self) -> (SessionId, String) {
        let conn = self.get(PATH);
        let body = self.response(conn).expect("the handshake").body;
        let body = String::from_utf8(body).expect("UTF-8");
        let packets = parse_payload(&body);
        let Some(Ok(Packet::Text(PacketType::Open, text))) = packets.first() else {
            panic!("{body}");
        };
        let sid = Handshake::parse(text).expect("a handshake").sid;
        let Some(ServerEvent::Opened(session, _)) = self.events.pop() else {
            panic!("it is told");
        };
        (session, format!("{PATH}&sid={sid}"))
    }

    /// What happened, and nothing else.
    fn told(&mut self) -> Vec<ServerEvent> {
        std::mem::take(&mut self.events)
    }

    /// The texts that came as messages.
    fn heard(&mut self) -> Vec<String> {
        let text = |event| match event {
            ServerEvent::Message(_, _, Packet::Text(PacketType::Message, text)) => Some(text),
            _ => None,
        };
        self.told().into_iter().filter_map(text).collect()
    }

    /// How the session ended, if it did.
    fn end_of(&mut self, session: SessionId) -> Option<CloseReason> {
        let reason = |event: &ServerEvent| match event {
            ServerEvent::Closed(one, reason) if *one == session => Some(*reason),
            _ => None,
        };
        self.events.iter().find_map(reason)
    }

    /// Opens a WebSocket at this target.
    fn websocket(&mut self, target: &str) -> Peer {
        let options = ClientOptions::new("a", target);
        let socket = WebSocket::client(options, Rng::new(2, "client"), None);
        let conn = self.connect();
        let mut peer = Peer {
            conn,
            socket,
            hello: Vec::new(),
        };
        peer.call(self, |socket, cx| socket.open(cx));
        let mut opened = peer.poll(self);
        let first = opened.remove(0);
        assert!(matches!(first, Event::Open { .. }), "{first:?}");
        peer.hello = opened;
        peer
    }
}

/// A WebSocket client on a connection of its own.
struct Peer {
    conn: ConnId,
    socket: WebSocket,
    /// What it was told right behind the opening.
    hello: Vec<Event>,
}

impl Peer {
    /// Calls the client, and hands the bench what it sends.
    fn call<T>(
        &mut self,
        bench: &mut Bench,
        what: impl FnOnce(&mut WebSocket, &mut Cx<'_>) -> T,
    ) -> T {
        let mut log = Log::off();
        let cx = &mut Cx {
            now: bench.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let result = what(&mut self.socket, cx);
        while let Some(bytes) = self.socket.poll_transmit(cx) {
            bench.input(self.conn, &bytes);
        }
        result
    }

    fn send(&mut self, bench: &mut Bench, text: &str) {
        let message = Message::Text(text.to_owned());
        self.call(bench, |socket, cx| socket.send(cx, message))
            .expect("it is open");
    }

    /// What the client is told of what came to it.
    fn poll(&mut self, bench: &mut Bench) -> Vec<Event> {
        let bytes = bench.sent.remove(&self.conn).unwrap_or_default();
        self.call(bench, |socket, cx| {
            socket.handle_input(cx, &bytes);
            std::iter::from_fn(|| socket.poll_event(cx)).collect()
        })
    }

    /// The texts that came to it behind the opening, and a Close as its code.
    fn heard(&mut self, bench: &mut Bench) -> Vec<String> {
        let text = |event| match event {
            Event::Message(Message::Text(text)) => Some(text),
            Event::Message(Message::Binary(bytes)) => Some(format!("{bytes:?}")),
            Event::Closing { code, .. } => Some(format!("close {code}")),
            _ => None,
        };
        let mut events = std::mem::take(&mut self.hello);
        events.extend(self.poll(bench));
        let texts = events.into_iter().filter_map(text);
        texts.filter(|text| !text.starts_with('0')).collect()
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn bench() -> Bench {
    Bench::new(ServerOptions::default())
}
