//! A client beside a peer that says what the test tells it.

use std::collections::BTreeMap;

use super::*;
use crate::base::NodeId;
use crate::proto::engineio::{SEPARATOR, emit_payload};
use crate::proto::http::{Framing, Request, Response};
use crate::stack::record::Log;
use crate::stack::websocket::{Event, Message, ServerOptions, WebSocket};

const OPEN: &str = r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":30}"#;

/// A client and the other ends of its carriers.
struct Rig {
    client: Client,
    now: Time,
    /// Requests that wait for an answer.
    requests: Vec<(Slot, Request)>,
    websockets: BTreeMap<Slot, WebSocket>,
    /// What came over WebSocket, packets as text and the code of a Close as a number.
    frames: Vec<String>,
    opened: Vec<u32>,
    closed: Vec<u32>,
    events: Vec<ClientEvent>,
    /// Whether a WebSocket's carrier is refused.
    refuses: bool,
}

impl Rig {
    fn new(change: impl FnOnce(&mut ClientOptions)) -> Self {
        let mut options = ClientOptions::new("server", "/engine.io/");
        change(&mut options);
        let mut rig = Self {
            client: Client::new(options, 7, Rng::new(1, "engineio")),
            now: Time::ZERO,
            requests: Vec::new(),
            websockets: BTreeMap::new(),
            frames: Vec::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            events: Vec::new(),
            refuses: false,
        };
        rig.call(|client, cx| client.open(cx));
        rig
    }

    /// Open, by polling.
    fn polling() -> Self {
        let mut rig = Self::new(|options| options.transports = Transports::Polling);
        rig.answer("GET", OPEN);
        assert!(matches!(rig.told()[..], [ClientEvent::Open(_)]));
        rig
    }

    /// Polling, and a WebSocket that has just been answered `3probe`.
    fn probed() -> Self {
        let mut rig = Self::new(|_| ());
        rig.answer("GET", OPEN);
        assert_eq!(rig.frames, ["2probe"]);
        rig.say("3probe");
        rig.told();
        rig
    }

    fn call(&mut self, call: impl FnOnce(&mut Client, &mut Cx<'_>)) {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        call(&mut self.client, &mut cx);
        loop {
            while let Some(event) = self.client.poll_event(&mut cx) {
                self.events.push(event);
            }
            match self.client.poll_order(&mut cx) {
                None => return,
                Some(ClientOrder::Open(slot)) => self.connect(&mut cx, slot),
                Some(ClientOrder::Close(slot)) => self.closed.push(slot.line),
                Some(ClientOrder::Send(slot, bytes)) => self.took(&mut cx, slot, &bytes),
            }
        }
    }

    fn connect(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        assert_eq!(slot.session, 7);
        self.opened.push(slot.line);
        let is_websocket = matches!(
            self.client.line(slot).map(|line| &line.use_of),
            Some(line::Use::WebSocket(_))
        );
        match is_websocket && self.refuses {
            true => self.client.handle_gone(cx, slot),
            false => self.client.handle_open(cx, slot, None),
        }
    }

    fn took(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]) {
        let opens = bytes.windows(19).any(|part| part == b"transport=websocket");
        if opens {
            let socket = WebSocket::server(ServerOptions::default(), None);
            self.websockets.insert(slot, socket);
        }
        let Some(socket) = self.websockets.get_mut(&slot) else {
            let (mut request, head) = Request::parse(bytes).unwrap().unwrap();
            assert!(Framing::of_request(&request).is_ok());
            request.body = bytes[head..].to_vec();
            return self.requests.push((slot, request));
        };
        socket.handle_input(cx, bytes);
        while let Some(event) = socket.poll_event(cx) {
            match event {
                Event::Message(Message::Text(text)) => self.frames.push(text),
                Event::Message(Message::Binary(bytes)) => self.frames.push(format!("{bytes:?}")),
                Event::Closed { code, .. } => self.frames.push(code.to_string()),
                _ => {}
            }
        }
        while let Some(bytes) = socket.poll_transmit(cx) {
            self.client.handle_input(cx, slot, &bytes);
        }
    }

    fn respond(&mut self, method: &str, response: &Response) -> Request {
        let wanted = self
            .requests
            .iter()
            .position(|(_, request)| request.method == method);
        let (slot, request) = self.requests.remove(wanted.expect("such a request waits"));
        let body = response.body.clone();
        let response = response
            .clone()
            .with("Content-Length", &body.len().to_string());
        self.call(|client, cx| client.handle_input(cx, slot, &response.emit()));
        request
    }

    /// Answers the request with this method.
    fn answer(&mut self, method: &str, body: &str) -> Request {
        let mut response = Response::new(200);
        response.body = body.as_bytes().to_vec();
        self.respond(method, &response)
    }

    /// Says a packet over the WebSocket.
    fn say(&mut self, packet: &str) {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let (slot, socket) = self.websockets.iter_mut().next().expect("a WebSocket");
        socket
            .send(&mut cx, Message::Text(packet.to_owned()))
            .unwrap();
        let (slot, bytes) = (*slot, socket.poll_transmit(&mut cx).unwrap());
        self.call(|client, cx| client.handle_input(cx, slot, &bytes));
    }

    fn send(&mut self, text: &str) {
        self.call(|client, cx| client.send(cx, Packet::message(text)));
    }

    fn told(&mut self) -> Vec<ClientEvent> {
        std::mem::take(&mut self.events)
    }

    /// What the end was told as: the reason, and the error.
    fn end(&mut self) -> (String, String) {
        match self.told().pop() {
            Some(ClientEvent::Closed { reason, error }) => {
                let error = error.map(|error| error.to_string());
                (reason.to_string(), error.unwrap_or_default())
            }
            other => panic!("no end: {other:?}"),
        }
    }

    fn waiting(&self) -> Vec<String> {
        let of = |(slot, request): &(Slot, Request)| {
            let body = String::from_utf8_lossy(&request.body);
            format!("{} {} {body}", slot.line, request.method)
        };
        self.requests.iter().map(of).collect()
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        if self
            .client
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.call(|client, cx| client.handle_timeout(cx));
        }
    }
}

fn ended(reason: &str, error: &str) -> (String, String) {
    (reason.to_owned(), error.to_owned())
}

#[test]
fn polling_waits_and_posts_on_two_connections() {
    let mut rig = Rig::new(|options| {
        options.transports = Transports::Polling;
        options.query = "token=x".to_owned();
        options.headers.push("User-Agent", "layerwalk");
    });
    let first = rig.answer("GET", OPEN);
    let (path, stamp) = first.target.split_at(first.target.len() - 8);
    assert_eq!(path, "/engine.io/?token=x&EIO=4&transport=polling&t=");
    assert!(stamp.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(first.headers.get("User-Agent"), Some("layerwalk"));
    assert_eq!(rig.waiting(), ["0 GET "]);
    rig.send("hi");
    rig.send("waits");
    rig.call(|client, cx| client.send(cx, Packet::Binary(vec![1, 2, 3])));
    assert!(!rig.client.is_writable());
    assert_eq!(rig.waiting(), ["0 GET ", "1 POST 4hi"]);
    let post = rig.answer("POST", "ok");
    assert!(post.target.ends_with("&sid=abc"), "{}", post.target);
    assert_eq!(post.headers.get("Content-Length"), Some("3"));
    assert_eq!(rig.waiting()[1], format!("1 POST 4waits{SEPARATOR}bAQID"));
    rig.answer("POST", "ok");
    assert!(rig.client.is_writable());
    let payload = [Packet::message("a"), Packet::Binary(vec![255])];
    rig.told();
    rig.answer("GET", &emit_payload(&payload));
    let told = payload.map(ClientEvent::Message);
    assert_eq!(rig.told(), told);
    assert_eq!(rig.waiting(), ["0 GET "]);
    assert_eq!((rig.opened.len(), rig.closed.len()), (2, 0));
}

#[test]
fn no_post_is_larger_than_the_server_takes_unless_one_packet_is() {
    let mut rig = Rig::polling();
    rig.send("first");
    // 1 + 10, 2 + 10, 2 + 5: 30 is just not passed; 2 + 1 more would be 33.
    for text in [
        "0123456789",
        "0123456789",
        "01234",
        "x",
        &"y".repeat(40),
        "z",
    ] {
        rig.send(text);
    }
    let mut bodies = Vec::new();
    while rig
        .requests
        .iter()
        .any(|(_, request)| request.method == "POST")
    {
        let post = rig.answer("POST", "ok");
        bodies.push(
            String::from_utf8(post.body)
                .unwrap()
                .replace(SEPARATOR, " "),
        );
    }
    let long = format!("4{}", "y".repeat(40));
    assert_eq!(
        bodies,
        [
            "4first",
            "40123456789 40123456789 401234",
            "4x",
            &long,
            "4z"
        ]
    );
}

#[test]
fn it_goes_over_to_websocket_when_nothing_of_polling_is_under_way() {
    let mut rig = Rig::new(|_| ());
    rig.answer("GET", OPEN);
    assert_eq!(rig.frames, ["2probe"]);
    assert_eq!(rig.opened, [0, 1]);
    rig.send("by post");
    rig.say("3probe");
    rig.send("after");
    assert_eq!(rig.waiting(), ["0 GET ", "2 POST 4by post"]);
    rig.answer("POST", "ok");
    assert_eq!(rig.frames, ["2probe"], "the poll is still under way");
    rig.told();
    rig.answer("GET", "6");
    assert_eq!(rig.told(), [ClientEvent::Upgraded]);
    assert_eq!(rig.frames[1..], ["5", "4after"]);
    assert_eq!(
        (rig.closed.as_slice(), rig.waiting().len()),
        (&[0, 2][..], 0)
    );
    rig.call(|client, cx| client.send(cx, Packet::Binary(vec![1])));
    rig.say("2");
    assert_eq!(rig.frames[3..], ["[1]", "3"]);
    rig.say("4hello");
    let heard = [
        ClientEvent::Ping,
        ClientEvent::Message(Packet::message("hello")),
    ];
    assert_eq!(rig.told(), heard);
}

#[test]
fn an_upgrade_that_fails_leaves_polling() {
    let still_works = |rig: &mut Rig, error: &str| {
        let told = rig.told();
        let Some(ClientEvent::UpgradeFailed(why)) = told.last() else {
            panic!("{told:?}");
        };
        assert_eq!(why.to_string(), error);
        rig.send("x");
        rig.answer("POST", "ok");
        rig.answer("GET", "4y");
        assert_eq!(rig.told().len(), 1);
        assert_eq!(rig.client.state(), ClientState::Open);
    };
    let mut rig = Rig::new(|_| ());
    rig.refuses = true;
    rig.answer("GET", OPEN);
    still_works(&mut rig, "websocket error");

    let mut rig = Rig::new(|_| ());
    rig.answer("GET", OPEN);
    rig.say("6");
    still_works(&mut rig, "probe error");
    assert_eq!(rig.frames[1..], ["1005"]);

    // Between the answer to the probe and the end of the poll.
    let mut rig = Rig::probed();
    rig.call(|client, cx| client.send(cx, Packet::message("held")));
    let slot = *rig.websockets.keys().next().unwrap();
    rig.call(|client, cx| client.handle_gone(cx, slot));
    assert_eq!(rig.answer("POST", "ok").body, b"4held");
    still_works(&mut rig, "websocket error");
}

#[test]
fn websocket_alone_has_no_polls_and_no_probe() {
    let mut rig = Rig::new(|options| options.transports = Transports::WebSocket);
    rig.send("early");
    rig.say(OPEN);
    assert_eq!((rig.opened.as_slice(), rig.requests.len()), (&[0][..], 0));
    assert_eq!(rig.frames, ["4early"]);
    rig.call(|client, cx| client.close(cx));
    assert_eq!(rig.end(), ended("forced close", ""));
    assert_eq!(rig.frames[1..], ["1005"]);
    assert!(!rig.client.is_over());
    let slot = *rig.websockets.keys().next().unwrap();
    rig.call(|client, cx| client.handle_end(cx, slot));
    assert!(rig.client.is_over());
}

#[test]
fn a_websocket_that_ends_or_breaks_ends_the_session() {
    let open = || {
        let mut rig = Rig::new(|options| options.transports = Transports::WebSocket);
        rig.say(OPEN);
        let slot = *rig.websockets.keys().next().unwrap();
        (rig, slot)
    };
    let (mut rig, slot) = open();
    rig.call(|client, cx| client.handle_end(cx, slot));
    assert_eq!(rig.end(), ended("transport close", ""));
    assert!(rig.client.is_over());
    let (mut rig, slot) = open();
    rig.call(|client, cx| client.handle_gone(cx, slot));
    assert_eq!(rig.end(), ended("transport error", "websocket error"));
    let (mut rig, _) = open();
    rig.say("9");
    let error = "parser error: an Engine.IO packet starts with a digit from 0 to 6, or with b";
    assert_eq!(rig.end(), ended("transport error", error));
    assert_eq!(rig.frames, ["1005"]);
}

#[test]
fn a_server_that_is_silent_for_too_long_is_gone() {
    let mut rig = Rig::polling();
    rig.wait(499);
    rig.answer("GET", "2");
    assert_eq!(rig.told(), [ClientEvent::Ping]);
    assert_eq!(rig.answer("POST", "ok").body, b"3");
    rig.wait(499);
    assert_eq!(rig.client.state(), ClientState::Open);
    rig.wait(1);
    assert_eq!(rig.end(), ended("ping timeout", ""));
    // It says so, and does not wait for an answer for ever.
    assert_eq!(rig.waiting(), ["1 GET ", "0 POST 1"]);
    assert!(!rig.client.is_over());
    rig.wait(30_000);
    assert!(rig.client.is_over());
    assert_eq!(rig.closed, [0, 1]);
    assert_eq!(rig.client.poll_timeout(), None);
}

#[test]
fn it_closes_after_what_was_sent_has_gone() {
    let mut rig = Rig::polling();
    rig.send("a");
    rig.send("b");
    rig.call(|client, cx| client.close(cx));
    rig.send("too late");
    rig.answer("POST", "ok");
    assert_eq!(rig.answer("POST", "ok").body, b"4b");
    assert_eq!(rig.end(), ended("forced close", ""));
    assert_eq!(rig.waiting(), ["0 GET ", "1 POST 1"]);
    rig.answer("POST", "ok");
    rig.answer("GET", "6");
    assert!(rig.client.is_over());
    assert_eq!(rig.closed, [1, 0]);

    // While it goes over to WebSocket it waits for that.
    let mut rig = Rig::probed();
    rig.send("c");
    rig.call(|client, cx| client.close(cx));
    assert_eq!(rig.told(), []);
    rig.answer("GET", "6");
    assert_eq!(rig.frames[1..], ["5", "4c", "1005"]);
    assert_eq!(rig.end(), ended("forced close", ""));
}

#[test]
fn what_the_server_says_against_a_poll_ends_the_session() {
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    let refusal = Response::new(400).with_body("application/json", unknown);
    let mut rig = Rig::polling();
    let slot = rig.requests[0].0;
    rig.requests.clear();
    rig.call(|client, cx| client.handle_input(cx, slot, &refusal.emit()));
    let error = "xhr poll error: status 400, code 1: Session ID unknown";
    assert_eq!(rig.end(), ended("transport error", error));
    assert_eq!(rig.waiting(), ["0 POST 1"]);

    let mut rig = Rig::new(|options| options.version = 3);
    let (slot, request) = rig.requests.remove(0);
    assert!(request.target.contains("?EIO=3&"));
    let refusal = Response::new(400).with_body("text/plain", "no");
    rig.call(|client, cx| client.handle_input(cx, slot, &refusal.emit()));
    assert_eq!(
        rig.end(),
        ended("transport error", "xhr poll error: status 400")
    );
    assert!(
        rig.client.is_over(),
        "a session that never was has no close to say"
    );

    let mut rig = Rig::polling();
    rig.answer("GET", "1");
    assert_eq!(rig.end(), ended("transport close", ""));
    assert!(rig.client.is_over());

    let mut rig = Rig::polling();
    rig.answer("GET", "4a\x1e?");
    assert_eq!(rig.events[0], ClientEvent::Message(Packet::message("a")));
    let error = "parser error: an Engine.IO packet starts with a digit from 0 to 6, or with b";
    assert_eq!(rig.end(), ended("transport error", error));

    let mut rig = Rig::new(|_| ());
    let slot = rig.requests[0].0;
    rig.call(|client, cx| client.handle_gone(cx, slot));
    assert_eq!(rig.end(), ended("transport error", "xhr poll error"));
}

#[test]
fn a_kept_connection_that_the_server_closes_is_replaced() {
    let mut rig = Rig::polling();
    rig.send("a");
    rig.answer("POST", "ok");
    // Idle: it is closed, and the next request takes a new one.
    let idle = Slot {
        session: 7,
        line: 1,
    };
    rig.call(|client, cx| client.handle_end(cx, idle));
    rig.send("b");
    assert_eq!(rig.waiting(), ["0 GET ", "2 POST 4b"]);
    rig.answer("POST", "ok");
    // Just as a request was under way, and nothing of an answer came: it is made again.
    rig.send("c");
    rig.requests.pop();
    let busy = Slot {
        session: 7,
        line: 2,
    };
    rig.call(|client, cx| client.handle_gone(cx, busy));
    assert_eq!(rig.waiting(), ["0 GET ", "3 POST 4c"]);
    rig.call(|client, cx| {
        client.handle_gone(
            cx,
            Slot {
                session: 7,
                line: 3,
            },
        )
    });
    assert_eq!(rig.end(), ended("transport error", "xhr post error"));

    let mut rig = Rig::polling();
    let mut last = Response::new(200).with("Connection", "close");
    last.body = b"4x".to_vec();
    rig.respond("GET", &last);
    assert_eq!(
        (rig.closed.as_slice(), rig.waiting()),
        (&[0][..], vec!["1 GET ".to_owned()])
    );
}

#[test]
fn for_a_lesson_it_can_do_it_wrongly() {
    let mut rig = Rig::new(|options| options.says_upgrade = false);
    rig.answer("GET", OPEN);
    rig.say("3probe");
    rig.answer("GET", "6");
    rig.send("a");
    assert_eq!(rig.frames[1..], ["4a"]);

    let mut rig = Rig::new(|options| {
        options.transports = Transports::Polling;
        options.answers_pings = false;
    });
    rig.answer("GET", OPEN);
    rig.answer("GET", "2");
    assert_eq!(rig.waiting(), ["0 GET "]);
}

#[test]
fn each_packet_is_told_and_recorded() {
    let mut rig = Rig::new(|options| {
        options.transports = Transports::Polling;
        options.tells_packets = true;
    });
    rig.answer("GET", OPEN);
    rig.send("a");
    let told = rig.told();
    let packets: Vec<(bool, String)> = told
        .iter()
        .filter_map(|event| match event {
            ClientEvent::Packet {
                is_sent, packet, ..
            } => Some((*is_sent, packet.emit())),
            _ => None,
        })
        .collect();
    assert_eq!(packets, [(false, OPEN.to_owned()), (true, "4a".to_owned())]);

    let mut log = Log::new();
    let mut cx = Cx {
        now: Time::ZERO,
        node: NodeId(0),
        cause: None,
        log: &mut log,
    };
    cx.step(7, None, "", What::AppCall("send".into()));
    let call = cx.cause;
    rig.answer("POST", "ok");
    rig.client.send(&mut cx, Packet::message("b"));
    let [_, packet, request] = log.records() else {
        panic!("{:?}", log.records());
    };
    assert_eq!((packet.layer, packet.cause), (5, call));
    assert!(
        matches!(&packet.what, What::Down(unit) if unit.len == 2 && unit.info == "4 message b".into())
    );
    assert_eq!(request.cause.map(|id| id.index()), Some(1));
    assert!(matches!(&request.what, What::Down(unit) if unit.protocol == "http"));
}

#[test]
fn what_is_no_server_of_engineio_is_told_apart() {
    let check = |bytes: &[u8], error: &str, is_unreadable: bool| {
        let mut rig = Rig::new(|_| ());
        let slot = rig.requests[0].0;
        rig.call(|client, cx| client.handle_input(cx, slot, bytes));
        match rig.told().pop() {
            Some(ClientEvent::Closed {
                error: Some(own), ..
            }) => assert_eq!(
                (&*own.to_string(), own.is_unreadable),
                (error, is_unreadable)
            ),
            other => panic!("{other:?}"),
        }
    };
    let page = Response::new(404).with_body("text/html", "<h1>");
    check(&page.emit(), "xhr poll error: status 404", true);
    let why = "xhr poll error: no HTTP/1.1 head: an invalid version";
    check(b"SSH-2.0-x\r\n", why, true);
    let page = Response::new(200).with_body("text/html", "<h1>");
    let why = "parser error: an Engine.IO packet starts with a digit from 0 to 6, or with b";
    check(&page.emit(), why, true);
    let page = Response::new(200).with_body("text/html", "0{}");
    check(&page.emit(), "no handshake in the open packet", true);
    let no = Response::new(403).with_body("application/json", r#"{"code":4,"message":"no"}"#);
    check(&no.emit(), "xhr poll error: status 403, code 4: no", false);
}
