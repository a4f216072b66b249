mod compression;
mod options;

use proptest::prelude::*;

use super::*;
use crate::base::{NodeId, Rng, Time};
use crate::proto::http::Headers;
use crate::proto::websocket::{Frame, Opcode};
use crate::stack::record::{Log, What};

/// Calls `run` in surroundings that nobody looks at.
fn quiet<T>(run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let mut log = Log::off();
    run(&mut Cx {
        now: Time::ZERO,
        node: NodeId(0),
        cause: None,
        log: &mut log,
    })
}

fn client() -> WebSocket {
    let options = ClientOptions::new("a", "/chat");
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    quiet(|cx| client.open(cx));
    client
}

fn server() -> WebSocket {
    WebSocket::server(ServerOptions::default(), None)
}

fn bytes_of(end: &mut WebSocket) -> Vec<u8> {
    std::iter::from_fn(|| quiet(|cx| end.poll_transmit(cx)))
        .flatten()
        .collect()
}

fn events_of(end: &mut WebSocket) -> Vec<Event> {
    std::iter::from_fn(|| quiet(|cx| end.poll_event(cx))).collect()
}

/// Hands all bytes over, both ways, until there are none.
fn exchange(client: &mut WebSocket, server: &mut WebSocket) {
    loop {
        let (up, down) = (bytes_of(client), bytes_of(server));
        if up.is_empty() && down.is_empty() {
            return;
        }
        quiet(|cx| server.handle_input(cx, &up));
        quiet(|cx| client.handle_input(cx, &down));
    }
}

/// A client and a server that are open.
fn pair() -> (WebSocket, WebSocket) {
    let (mut client, mut server) = (client(), server());
    exchange(&mut client, &mut server);
    assert!(matches!(events_of(&mut client)[..], [Event::Open { .. }]));
    assert!(matches!(events_of(&mut server)[..], [Event::Open { .. }]));
    (client, server)
}

fn closed(code: u16, reason: &str, clean: bool) -> Event {
    let reason = reason.to_owned();
    Event::Closed {
        code,
        reason,
        clean,
    }
}

#[test]
fn a_conversation() {
    let (mut client, mut server) = pair();
    let hi = Message::Text("hi ✓".into());
    quiet(|cx| client.send(cx, hi.clone())).unwrap();
    quiet(|cx| client.send_fragmented(cx, hi.clone(), 2)).unwrap();
    quiet(|cx| client.ping(cx, b"p")).unwrap();
    quiet(|cx| server.send(cx, Message::Binary(vec![0; 70_000]))).unwrap();
    exchange(&mut client, &mut server);
    let heard = [
        Event::Message(hi.clone()),
        Event::Message(hi),
        Event::Ping(b"p".into()),
    ];
    assert_eq!(events_of(&mut server), heard);
    let heard = [
        Event::Message(Message::Binary(vec![0; 70_000])),
        Event::Pong(b"p".into()),
    ];
    assert_eq!(events_of(&mut client), heard);
}

#[test]
fn the_client_closes() {
    let (mut client, mut server) = pair();
    quiet(|cx| client.close(cx, Some(1000), "bye")).unwrap();
    assert_eq!(client.state(), State::Closing);
    assert_eq!(quiet(|cx| client.ping(cx, b"")), Err(NotOpen));
    exchange(&mut client, &mut server);
    let closing = |reason: &str| Event::Closing {
        code: 1000,
        reason: reason.into(),
    };
    let told = [closing("bye"), closed(1000, "bye", true), Event::Disconnect];
    assert_eq!(events_of(&mut server), told);
    assert_eq!(events_of(&mut client), [closing("")]);
    quiet(|cx| client.handle_end(cx));
    assert_eq!(
        events_of(&mut client),
        [closed(1000, "", true), Event::Disconnect]
    );
    assert_eq!(
        (client.state(), server.state()),
        (State::Closed, State::Closed)
    );
}

#[test]
fn the_server_closes() {
    let (mut client, mut server) = pair();
    quiet(|cx| server.close(cx, Some(1001), &"é".repeat(100))).unwrap();
    exchange(&mut client, &mut server);
    let reason = "é".repeat(61);
    assert_eq!(
        events_of(&mut client),
        [Event::Closing { code: 1001, reason }]
    );
    let told = events_of(&mut server);
    assert_eq!(told[1..], [closed(1001, "", true), Event::Disconnect]);
}

#[test]
fn an_end_without_close_is_1006() {
    let (mut client, mut server) = pair();
    quiet(|cx| client.handle_end(cx));
    quiet(|cx| server.handle_end(cx));
    let told = [closed(1006, "", false), Event::Disconnect];
    assert_eq!(events_of(&mut client), told);
    assert_eq!(events_of(&mut server), told);
}

#[test]
fn a_server_refuses_with_the_right_status() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let good = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    let check = |from: &str, to: &str, code: u16| {
        let mut server = server();
        let request = good.replace(from, to);
        quiet(|cx| server.handle_input(cx, request.as_bytes()));
        let bytes = bytes_of(&mut server);
        let (response, _) = Response::parse(&bytes).unwrap().unwrap();
        assert_eq!(response.code, code, "{request}");
        let told = events_of(&mut server);
        assert_eq!(
            matches!(told[..], [Event::Refused(_), Event::Disconnect]),
            code != 101
        );
        response
    };
    let accepted = check("", "", 101);
    assert_eq!(
        accepted.headers.get("Sec-WebSocket-Accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    let other = check("Version: 13", "Version: 12", 426);
    assert_eq!(other.headers.get("Sec-WebSocket-Version"), Some("13"));
    check("Sec-WebSocket-Version: 13\r\n", "", 426);
    check(key, "c2hvcnQ=", 400);
    check(&format!("Sec-WebSocket-Key: {key}\r\n"), "", 400);
    let other = check("GET", "POST", 405);
    assert_eq!(other.headers.get("Allow"), Some("GET"));
    check("HTTP/1.1", "HTTP/1.0", 400);
    check("Upgrade: WebSocket\r\n", "", 400);
    check("Connection: keep-alive, upgrade\r\n", "", 400);
    check("Host: a\r\n", "", 400);
    check("Host: a\r\n", "Host: a\r\nHost: b\r\n", 400);
    let twice = format!("Sec-WebSocket-Key: {key}\r\n").repeat(2);
    check(&format!("Sec-WebSocket-Key: {key}\r\n"), &twice, 400);
    check("Host", "Sec-WebSocket-Extensions: a b\r\nHost", 400);
    check("GET / HTTP/1.1", "hello?", 400);
}

#[test]
fn a_client_believes_only_a_right_response() {
    let check = |change: fn(&mut Response), expected: &str| {
        let mut client = client();
        let (request, _) = Request::parse(&bytes_of(&mut client)).unwrap().unwrap();
        let (mut response, _) = answer(&request, &ServerOptions::default()).unwrap();
        change(&mut response);
        quiet(|cx| client.handle_input(cx, &response.emit()));
        quiet(|cx| client.handle_end(cx));
        let first = match events_of(&mut client).swap_remove(0) {
            Event::HandshakeFailed(error) => error.to_string(),
            Event::Refused(response) => response.line(),
            Event::Open { .. } => "open".to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(first, expected);
    };
    check(|_| {}, "open");
    check(|r| r.code = 403, "HTTP/1.1 403 Switching Protocols");
    check(
        |r| r.headers = Headers::default(),
        "the 101 response does not upgrade to websocket",
    );
    check(
        |r| {
            r.headers = Headers::default();
            r.headers.push("Upgrade", "websocket");
        },
        "Connection of the 101 response has no Upgrade",
    );
    check(
        |r| {
            r.headers = Headers::default();
            r.headers.push("Upgrade", "websocket");
            r.headers.push("Connection", "Upgrade");
            r.headers.push("Sec-WebSocket-Accept", accept_of_nothing());
        },
        "Sec-WebSocket-Accept is not the answer to the key",
    );
    check(
        |r| r.headers.push("Sec-WebSocket-Protocol", "chat"),
        "Sec-WebSocket-Protocol was not asked for",
    );
    check(
        |r| {
            r.headers
                .push("Sec-WebSocket-Extensions", "permessage-deflate")
        },
        "Sec-WebSocket-Extensions was not asked for",
    );
    check(
        |r| r.code = 100,
        "the connection ended before the handshake did",
    );
}

fn accept_of_nothing() -> String {
    crate::proto::websocket::accept_key("")
}

#[test]
fn subprotocols() {
    let mut options = ClientOptions::new("a", "/");
    options.subprotocols = vec!["x".into(), "chat".into()];
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    let options = ServerOptions {
        subprotocols: vec!["superchat".into(), "chat".into()],
        ..ServerOptions::default()
    };
    let mut server = WebSocket::server(options, None);
    quiet(|cx| client.open(cx));
    exchange(&mut client, &mut server);
    for end in [&mut client, &mut server] {
        match &events_of(end)[..] {
            [Event::Open { subprotocol, .. }] => assert_eq!(subprotocol.as_deref(), Some("chat")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn frames_that_break_the_protocol() {
    let check = |bytes: &[u8], expected: u16, why: &str| {
        let (_, mut server) = pair();
        quiet(|cx| server.handle_input(cx, bytes));
        let told = events_of(&mut server);
        let error = told.iter().find_map(|event| match event {
            Event::ProtocolError { code, why } => Some((*code, *why)),
            _ => None,
        });
        assert_eq!(error, Some((expected, why)));
        assert_eq!(told.last(), Some(&Event::Disconnect));
        let (close, _) = Frame::parse(&bytes_of(&mut server)).unwrap();
        assert_eq!(close, Frame::close(Some(expected), why));
    };
    let key = [1, 2, 3, 4];
    let frame = |opcode, payload: &[u8]| Frame::new(opcode, payload).masked(key);
    let part = |opcode, payload: &[u8]| Frame {
        fin: false,
        ..frame(opcode, payload)
    };
    let mut rsv = frame(Opcode::Text, b"");
    rsv.rsv = 4;
    check(&rsv.emit(), 1002, "a reserved bit is set");
    check(
        &frame(Opcode::Reserved(3), b"").emit(),
        1002,
        "a reserved opcode",
    );
    check(
        &Frame::new(Opcode::Text, "").emit(),
        1002,
        "a client's frame is not masked",
    );
    check(
        &frame(Opcode::Continuation, b"").emit(),
        1002,
        "a continuation of nothing",
    );
    check(
        &part(Opcode::Ping, b"").emit(),
        1002,
        "a fragmented control frame",
    );
    let long = "a control frame of more than 125 bytes";
    check(&frame(Opcode::Ping, &[0; 126]).emit(), 1002, long);
    let both = [
        part(Opcode::Text, b"a").emit(),
        frame(Opcode::Text, b"b").emit(),
    ]
    .concat();
    check(&both, 1002, "a new message within a fragmented one");
    let wide = "the length is not written in the fewest bytes";
    check(&[0x82, 0xfe, 0, 1, 1, 2, 3, 4, 0], 1002, wide);
    check(
        &[0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        1002,
        wide,
    );
    let big = "the message is too big";
    check(
        &[0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        1009,
        big,
    );
    check(
        &frame(Opcode::Text, b"\xff").emit(),
        1007,
        "text that is not UTF-8",
    );
    check(
        &frame(Opcode::Text, b"\xe2\x9c").emit(),
        1007,
        "text that is not UTF-8",
    );
    check(
        &part(Opcode::Text, b"a\xc0").emit(),
        1007,
        "text that is not UTF-8",
    );
    check(
        &frame(Opcode::Close, b"\x03").emit(),
        1002,
        "a Close with one byte",
    );
    let code = "a close code that may not be sent";
    check(
        &frame(Opcode::Close, &1005u16.to_be_bytes()).emit(),
        1002,
        code,
    );
    let reason = "a close reason that is not UTF-8";
    check(&frame(Opcode::Close, b"\x03\xe8\xff").emit(), 1007, reason);
}

#[test]
fn frames_right_after_the_handshake_are_read() {
    let (mut client, mut server) = (client(), server());
    quiet(|cx| server.handle_input(cx, &bytes_of(&mut client)));
    quiet(|cx| server.send(cx, Message::Text("first".into()))).unwrap();
    let together = bytes_of(&mut server);
    quiet(|cx| client.handle_input(cx, &together));
    let message = Event::Message(Message::Text("first".into()));
    assert_eq!(events_of(&mut client)[1], message);
}

#[test]
fn records_follow_from_each_other() {
    let (mut client, mut server) = pair();
    let mut log = Log::new();
    let mut cx = Cx {
        now: Time::ZERO,
        node: NodeId(0),
        cause: None,
        log: &mut log,
    };
    cx.step(7, None, "", What::AppCall("send".into()));
    let call = cx.cause;
    client.send(&mut cx, Message::Text("hi".into())).unwrap();
    cx.cause = None;
    let bytes = client.poll_transmit(&mut cx).unwrap();
    server.handle_input(&mut cx, &bytes);
    cx.cause = None;
    assert!(server.poll_event(&mut cx).is_some());
    let came = cx.cause;
    let told = |record: &crate::stack::record::Record| match &record.what {
        What::Down(unit) | What::Up(unit) => (record.layer, unit.len, unit.info.to_string()),
        other => panic!("{other:?}"),
    };
    let records = log.records();
    assert_eq!(records[1].cause, call);
    let (layer, len, info) = told(&records[1]);
    assert_eq!((layer, len), (5, 8));
    assert!(info.starts_with("Text \"hi\", masked with "), "{info}");
    assert_eq!(records[2].cause.map(|id| id.index()), Some(1));
    assert_eq!(came.map(|id| id.index()), Some(2));
}

/// What a server tells of `bytes`, cut at each of `cuts`.
fn told_of(bytes: &[u8], cuts: &[usize]) -> (Vec<Event>, Vec<u8>) {
    let mut server = server();
    let mut rest = bytes;
    for cut in cuts {
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        quiet(|cx| server.handle_input(cx, now));
        rest = later;
    }
    quiet(|cx| server.handle_input(cx, rest));
    quiet(|cx| server.handle_end(cx));
    (events_of(&mut server), bytes_of(&mut server))
}

proptest! {
    #[test]
    fn cuts_change_nothing(
        frames in prop::collection::vec((any::<u8>(), any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..200)), 0..8),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        cuts in prop::collection::vec(0usize..300, 0..8),
    ) {
        let mut bytes = bytes_of(&mut client());
        for (first, key, payload) in frames {
            let mut frame = Frame::new(Opcode::from_bits(first), payload).masked(key);
            frame.fin = first & 0x80 != 0;
            bytes.extend(frame.emit());
        }
        bytes.extend(noise);
        prop_assert_eq!(told_of(&bytes, &cuts), told_of(&bytes, &[]));
    }

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), cuts in prop::collection::vec(0usize..300, 0..8)) {
        prop_assert_eq!(told_of(&bytes, &cuts), told_of(&bytes, &[]));
        let mut client = client();
        quiet(|cx| client.handle_input(cx, &bytes));
        quiet(|cx| client.handle_end(cx));
        let told = events_of(&mut client);
        prop_assert_eq!(told.last(), Some(&Event::Disconnect));
    }
}

#[test]
fn another_path_is_not_found_and_own_headers_come_first() {
    let mut headers = Headers::default();
    headers.push("Server", "layerwalk");
    let at = |path: &str| ServerOptions {
        path: Some(path.to_owned()),
        headers: headers.clone(),
        ..ServerOptions::default()
    };
    for (path, code) in [("/chat", 101), ("/other", 404)] {
        let mut server = WebSocket::server(at(path), None);
        quiet(|cx| server.handle_input(cx, &bytes_of(&mut client())));
        let response = String::from_utf8(bytes_of(&mut server)).unwrap();
        assert!(
            response.starts_with(&format!("HTTP/1.1 {code} ")),
            "{response}"
        );
        assert_eq!(response.lines().nth(1), Some("Server: layerwalk"));
    }
}

#[test]
fn a_close_without_a_code_has_no_body() {
    let (mut client, mut server) = pair();
    quiet(|cx| server.close(cx, None, "left out")).unwrap();
    assert_eq!(bytes_of(&mut server), [0x88, 0]);
    quiet(|cx| client.handle_input(cx, &[0x88, 0]));
    let closing = Event::Closing {
        code: 1005,
        reason: String::new(),
    };
    assert_eq!(events_of(&mut client), [closing]);
}

#[test]
fn a_request_that_http_has_read_is_answered_and_what_follows_it_is_read() {
    let mut http = crate::stack::http::Server::new(None);
    let mut behind = bytes_of(&mut client());
    behind.extend(
        Frame::new(Opcode::Text, "first")
            .masked([1, 2, 3, 4])
            .emit(),
    );
    quiet(|cx| http.handle_input(cx, &behind));
    let event = quiet(|cx| http.poll_event(cx));
    let Some(crate::stack::http::ServerEvent::Request(request)) = event else {
        panic!("{event:?}");
    };
    let rest = http.upgrade();
    quiet(|cx| http.handle_end(cx));
    assert_eq!(quiet(|cx| http.poll_event(cx)), None);
    let options = ServerOptions::default();
    let mut server = quiet(|cx| WebSocket::accept(cx, request.clone(), &rest, options, None));
    let told = events_of(&mut server);
    assert!(matches!(told[0], Event::Open { .. }));
    assert_eq!(told[1..], [Event::Message(Message::Text("first".into()))]);
    let (mut asking, elsewhere) = (client(), Some("/elsewhere".to_owned()));
    quiet(|cx| asking.handle_input(cx, &bytes_of(&mut server)));
    assert_eq!(asking.state(), State::Open);
    let options = ServerOptions {
        path: elsewhere,
        ..ServerOptions::default()
    };
    let mut server = quiet(|cx| WebSocket::accept(cx, request, &rest, options, None));
    let told = events_of(&mut server);
    assert!(matches!(&told[..], [Event::Refused(r), Event::Disconnect] if r.code == 404));
}

#[test]
fn a_prepared_message_is_the_same_bytes_for_all() {
    let (mut client, mut server) = pair();
    let (_, mut other) = pair();
    let message = Message::Binary(vec![7; 300]);
    let prepared = Prepared::new(&message);
    assert_eq!(prepared.payload(), [7; 300]);
    quiet(|cx| server.send_prepared(cx, &prepared)).unwrap();
    quiet(|cx| other.send_prepared(cx, &prepared)).unwrap();
    let sent = quiet(|cx| server.poll_transmit(cx)).unwrap();
    let again = quiet(|cx| other.poll_transmit(cx)).unwrap();
    assert_eq!(sent.as_ptr(), again.as_ptr());
    quiet(|cx| client.handle_input(cx, &sent));
    assert_eq!(events_of(&mut client), [Event::Message(message.clone())]);
    quiet(|cx| client.send_prepared(cx, &prepared)).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(events_of(&mut server), [Event::Message(message)]);
    quiet(|cx| server.close(cx, None, "")).unwrap();
    assert_eq!(
        quiet(|cx| server.send_prepared(cx, &prepared)),
        Err(NotOpen)
    );
}
