//! Whatever comes first: from the opening to the end of the upgrade nothing is lost, doubled or turned round.

use proptest::proptest;

use super::*;
use crate::proto::engineio::emit_payload;

/// A client that does what npm's does, on connections whose bytes come in any cuts and at any time.
struct Client {
    url: String,
    /// What was sent and did not arrive yet.
    up: BTreeMap<ConnId, Vec<u8>>,
    /// Of a poll or a post whose answer did not come: what came of it.
    poll: Option<(ConnId, Vec<u8>)>,
    post: Option<(ConnId, Vec<u8>)>,
    socket: Option<(ConnId, WebSocket)>,
    state: State,
    outbox: Vec<Packet>,
    heard: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Polling,
    /// The WebSocket was answered: it goes over when nothing is under way any more.
    Pausing,
    WebSocket,
}

impl Client {
    fn new(url: String) -> Self {
        Self {
            url,
            up: BTreeMap::new(),
            poll: None,
            post: None,
            socket: None,
            state: State::Polling,
            outbox: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn ask(&mut self, bench: &mut Bench, request: &Request) -> (ConnId, Vec<u8>) {
        let conn = bench.connect();
        self.up.insert(conn, request.emit());
        (conn, Vec::new())
    }

    fn poll(&mut self, bench: &mut Bench) {
        if self.state == State::Polling && self.poll.is_none() {
            let request = Request::new("GET", &self.url, "a");
            self.poll = Some(self.ask(bench, &request));
        }
    }

    fn flush(&mut self, bench: &mut Bench) {
        match self.state {
            _ if self.outbox.is_empty() => {}
            State::Polling if self.post.is_none() => {
                let body = emit_payload(&std::mem::take(&mut self.outbox));
                let request = Request::new("POST", &self.url, "a").with_body("text/plain", body);
                self.post = Some(self.ask(bench, &request));
            }
            State::WebSocket => {
                for packet in std::mem::take(&mut self.outbox) {
                    self.send(bench, packet.emit());
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, bench: &mut Bench) {
        if self.socket.is_none() {
            let target = self.url.replace("polling", "websocket");
            let options = ClientOptions::new("a", &target);
            let socket = WebSocket::client(options, Rng::new(3, "client"), None);
            self.socket = Some((bench.connect(), socket));
            self.with(bench, |socket, cx| socket.open(cx));
        }
    }

    fn send(&mut self, bench: &Bench, text: String) {
        self.with(bench, |socket, cx| socket.send(cx, Message::Text(text)))
            .expect("it is open");
    }

    fn with<T>(&mut self, bench: &Bench, what: impl FnOnce(&mut WebSocket, &mut Cx<'_>) -> T) -> T {
        let (conn, socket) = self.socket.as_mut().expect("it is there");
        let mut log = Log::off();
        let cx = &mut Cx {
            now: bench.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let result = what(socket, cx);
        let sent = std::iter::from_fn(|| socket.poll_transmit(cx));
        self.up.entry(*conn).or_default().extend(sent.flatten());
        result
    }

    /// Bytes came down on a connection.
    fn take(&mut self, bench: &mut Bench, conn: ConnId, bytes: &[u8]) {
        if self.socket.as_ref().is_some_and(|(own, _)| *own == conn) {
            let told: Vec<Event> = self.with(bench, |socket, cx| {
                socket.handle_input(cx, bytes);
                std::iter::from_fn(|| socket.poll_event(cx)).collect()
            });
            for event in told {
                match event {
                    Event::Open { .. } => self.send(bench, "2probe".to_owned()),
                    Event::Message(Message::Text(text)) if text == "3probe" => {
                        self.state = State::Pausing;
                    }
                    Event::Message(Message::Text(text)) => {
                        self.hear(Packet::parse(&text).expect("a packet"));
                    }
                    other => panic!("{other:?}"),
                }
            }
        } else if let Some(body) = finish(&mut self.poll, conn, bytes) {
            for packet in parse_payload(&body) {
                self.hear(packet.expect("a packet"));
            }
        } else if let Some(body) = finish(&mut self.post, conn, bytes) {
            assert_eq!(body, "ok");
        }
        if self.state == State::Pausing && self.poll.is_none() && self.post.is_none() {
            self.send(bench, "5".to_owned());
            self.state = State::WebSocket;
        }
        self.flush(bench);
    }

    fn hear(&mut self, packet: Packet) {
        match packet {
            Packet::Text(PacketType::Message, text) => self.heard.push(text),
            Packet::Text(PacketType::Ping, _) => {
                let pong = Packet::Text(PacketType::Pong, String::new());
                self.outbox.push(pong);
            }
            Packet::Text(PacketType::Noop, _) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Takes a part of an answer; the body, once it is whole.
fn finish(waits: &mut Option<(ConnId, Vec<u8>)>, conn: ConnId, bytes: &[u8]) -> Option<String> {
    let (_, came) = waits.as_mut().filter(|(own, _)| *own == conn)?;
    came.extend(bytes);
    let (response, head) = Response::parse(came).expect("HTTP")?;
    assert_eq!(response.code, 200);
    let length = response.headers.get("Content-Length")?.parse::<usize>();
    let body = came.get(head..head + length.expect("a number"))?.to_vec();
    *waits = None;
    Some(String::from_utf8(body).expect("UTF-8"))
}

/// Hands over some of the bytes of a connection, up or down; `false`: there are none.
fn deliver(bench: &mut Bench, client: &mut Client, rng: &mut Rng, all: bool) -> bool {
    let ups = client
        .up
        .iter()
        .map(|(conn, bytes)| (*conn, true, bytes.len()));
    let downs = bench
        .sent
        .iter()
        .map(|(conn, bytes)| (*conn, false, bytes.len()));
    let ways: Vec<_> = ups.chain(downs).filter(|(.., len)| *len > 0).collect();
    if ways.is_empty() {
        return false;
    }
    let (conn, is_up, len) = ways[rng.below(ways.len() as u64) as usize];
    let len = if all {
        len
    } else {
        1 + rng.below(len as u64) as usize
    };
    let pipes = if is_up {
        &mut client.up
    } else {
        &mut bench.sent
    };
    let pipe = pipes.get_mut(&conn).expect("it is there");
    let bytes: Vec<u8> = pipe.drain(..len).collect();
    match is_up {
        true => bench.input(conn, &bytes),
        false => client.take(bench, conn, &bytes),
    }
    true
}

fn run(seed: u64) {
    let mut rng = Rng::new(seed, "interleavings");
    let mut bench = Bench::new(ServerOptions {
        ping_interval: seconds(2),
        ping_timeout: seconds(10_000),
        upgrade_timeout: seconds(10_000),
        ..ServerOptions::default()
    });
    let (session, url) = bench.open();
    let mut client = Client::new(url);
    let (mut down, mut up) = (0, 0);
    for _ in 0..150 {
        match rng.below(12) {
            0 => {
                bench.send(session, &down.to_string());
                down += 1;
            }
            1 => {
                client.outbox.push(Packet::message(up.to_string()));
                up += 1;
                client.flush(&mut bench);
            }
            2 => client.poll(&mut bench),
            3 if rng.chance(0.3) => client.open(&mut bench),
            4 => bench.pass(Duration::from_millis(rng.below(1000))),
            _ => {
                deliver(&mut bench, &mut client, &mut rng, false);
            }
        }
    }
    client.open(&mut bench);
    let is_done = (0..10_000).any(|_| {
        client.poll(&mut bench);
        let goes_on = deliver(&mut bench, &mut client, &mut rng, true);
        !goes_on && client.state == State::WebSocket
    });
    assert!(is_done, "it goes over, and all arrives");
    let is_over = |event: &ServerEvent| matches!(event, ServerEvent::Closed(..));
    assert!(!bench.events.iter().any(is_over), "{:?}", bench.events);
    let numbers = |count: u32| (0..count).map(|i| i.to_string()).collect::<Vec<_>>();
    assert_eq!(client.heard, numbers(down));
    assert_eq!(bench.heard(), numbers(up));
}

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_turned_round(seed: u64) {
        run(seed);
    }
}
