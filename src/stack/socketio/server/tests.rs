mod joining;
mod recovery;
mod talking;

use super::*;
use crate::base::NodeId;
use crate::stack::engineio::CloseReason;
use crate::stack::record::Log;
use crate::stack::websocket::{ClientOptions, Event, WebSocket};

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

/// A server and its clients, each on a connection of its own that is never slow.
struct Bench {
    server: Server,
    now: Time,
    clients: Vec<WebSocket>,
    /// What came to each client, without the digit of Engine.IO.
    inboxes: Vec<Vec<String>>,
    /// The connections that the server closed.
    closed: BTreeSet<ConnId>,
    events: Vec<ServerEvent>,
}

impl Bench {
    fn new(options: ServerOptions) -> Self {
        Self {
            server: Server::new(options, Rng::new(1, "test")),
            now: Time::ZERO,
            clients: Vec::new(),
            inboxes: Vec::new(),
            closed: BTreeSet::new(),
            events: Vec::new(),
        }
    }

    fn with_cx<T>(&mut self, what: impl FnOnce(&mut Self, &mut Cx<'_>) -> T) -> T {
        let mut log = Log::off();
        let cx = &mut Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        what(self, cx)
    }

    /// Calls the server, and hands all bytes over, both ways, until there are none.
    fn call<T>(&mut self, what: impl FnOnce(&mut Server, &mut Cx<'_>) -> T) -> T {
        self.with_cx(|bench, cx| {
            let result = what(&mut bench.server, cx);
            bench.settle(cx);
            result
        })
    }

    fn settle(&mut self, cx: &mut Cx<'_>) {
        loop {
            let told = std::iter::from_fn(|| self.server.poll_event(cx));
            self.events.extend(told);
            let Some((conn, order)) = self.server.poll_order(cx) else {
                return;
            };
            match order {
                Order::Send(bytes) => {
                    self.clients[conn.0 as usize].handle_input(cx, &bytes);
                    self.read(cx, conn);
                }
                Order::Close => assert!(self.closed.insert(conn)),
            }
        }
    }

    /// Takes what a client has to send, and to tell.
    fn read(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        let client = &mut self.clients[conn.0 as usize];
        let inbox = &mut self.inboxes[conn.0 as usize];
        while let Some(event) = client.poll_event(cx) {
            match event {
                Event::Message(Message::Text(text)) if text.starts_with('0') => {}
                Event::Message(Message::Text(text)) => inbox.push(text[1..].to_owned()),
                Event::Message(Message::Binary(bytes)) => inbox.push(format!("{bytes:?}")),
                Event::Closing { .. } => inbox.push("close".to_owned()),
                _ => {}
            }
        }
        while let Some(bytes) = client.poll_transmit(cx) {
            self.server.handle_input(cx, conn, &bytes);
        }
    }

    /// A client comes: its number.
    fn client(&mut self) -> usize {
        let conn = ConnId(self.clients.len() as u32);
        let options = ClientOptions::new("a", TARGET);
        let rng = Rng::new(u64::from(conn.0), "client");
        self.clients.push(WebSocket::client(options, rng, None));
        self.inboxes.push(Vec::new());
        self.with_cx(|bench, cx| {
            bench.server.handle_open(cx, conn);
            bench.clients[conn.0 as usize].open(cx);
            bench.read(cx, conn);
            bench.settle(cx);
        });
        conn.0 as usize
    }

    /// A client sends this packet.
    fn send(&mut self, client: usize, text: &str) {
        self.message(client, Message::Text(format!("4{text}")));
    }

    fn message(&mut self, client: usize, message: Message) {
        self.with_cx(|bench, cx| {
            bench.clients[client].send(cx, message).expect("it is open");
            bench.read(cx, ConnId(client as u32));
            bench.settle(cx);
        });
    }

    /// A client's connection is cut.
    fn cut(&mut self, client: usize) {
        self.call(|server, cx| server.handle_gone(cx, ConnId(client as u32)));
    }

    /// A client asks for a namespace, by this packet.
    fn ask(&mut self, client: usize, connect: &str) -> SocketId {
        self.send(client, connect);
        match self.events.pop() {
            Some(ServerEvent::Asked { socket, .. }) => socket,
            other => panic!("{other:?}"),
        }
    }

    /// A client comes into a namespace, by this packet.
    fn enter(&mut self, client: usize, connect: &str) -> SocketId {
        let socket = self.ask(client, connect);
        self.call(|server, cx| server.accept(cx, socket));
        self.inboxes[client].clear();
        socket
    }

    /// A client that is in `/`.
    fn guest(&mut self) -> (usize, SocketId) {
        let client = self.client();
        let socket = self.enter(client, "0");
        self.events.clear();
        (client, socket)
    }

    fn heard(&mut self, client: usize) -> Vec<String> {
        std::mem::take(&mut self.inboxes[client])
    }

    fn told(&mut self) -> Vec<ServerEvent> {
        std::mem::take(&mut self.events)
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

    /// Why each socket went that did since this was asked last.
    fn reasons(&mut self) -> Vec<(SocketId, &'static str)> {
        let reason = |event| match event {
            ServerEvent::Disconnected(socket, gone) => Some((socket, gone.reason.name())),
            _ => None,
        };
        self.told().into_iter().filter_map(reason).collect()
    }

    fn emit(&mut self, socket: SocketId, name: &str) {
        self.call(|server, cx| server.emit(cx, socket, name, Args::default(), None));
    }

    fn broadcast(&mut self, nsp: &str, audience: &Audience, name: &str) {
        self.call(|server, cx| server.broadcast(cx, nsp, audience, name, Args::default()));
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn bench() -> Bench {
    Bench::new(ServerOptions {
        namespaces: vec!["/chat".into()],
        ..ServerOptions::default()
    })
}

fn rooms(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
