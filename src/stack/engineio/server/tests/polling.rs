//! Sessions over polls alone.

use super::*;
use crate::proto::engineio::emit_payload;

#[test]
fn a_session_begins_with_its_handshake() {
    let mut bench = bench();
    let conn = bench.get(PATH);
    let response = bench.response(conn).expect("the handshake");
    assert_eq!(response.code, 200);
    let content_type = response.headers.get("Content-Type");
    assert_eq!(content_type, Some("text/plain; charset=UTF-8"));
    let told = bench.told();
    let [ServerEvent::Opened(_, opened)] = &told[..] else {
        panic!("it is told");
    };
    assert_eq!(opened.sid.len(), 20);
    assert_eq!(opened.request.target, PATH);
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        opened.sid
    );
    assert_eq!(response.body, expected.as_bytes());
    let peer = bench.websocket(WEBSOCKET);
    let told = bench.told();
    let [ServerEvent::Opened(_, second)] = &told[..] else {
        panic!("it is told");
    };
    assert_ne!(second.sid, opened.sid);
    let expected = expected
        .replace(&opened.sid, &second.sid)
        .replace(r#""websocket""#, "");
    assert_eq!(peer.hello, [Event::Message(Message::Text(expected))]);
}

#[test]
fn a_post_carries_several_packets_and_bytes() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let conn = bench.post(&url, "4a\u{1e}bAQIDBA==\u{1e}4ä€😀\u{1e}4");
    let response = bench.response(conn).expect("an answer");
    assert_eq!(response.headers.get("Content-Type"), Some("text/html"));
    assert_eq!((response.code, &response.body[..]), (200, &b"ok"[..]));
    let message = |packet| ServerEvent::Message(session, conn, packet);
    let expected = [
        message(Packet::message("a")),
        message(Packet::Binary(vec![1, 2, 3, 4])),
        message(Packet::message("ä€😀")),
        message(Packet::message("")),
    ];
    assert_eq!(bench.told(), expected);
}

#[test]
fn a_poll_waits_and_takes_all_that_is_there() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "-");
    assert_eq!(bench.server.connection_of(session), Some(poll));
    bench.send(session, "one");
    assert_eq!(bench.answer(poll), "200 4one");
    assert_eq!(bench.server.connection_of(session), None);
    bench.send(session, "two");
    let bytes = Packet::Binary(vec![1, 2, 3, 4]);
    bench.call(|server, cx| server.send(cx, session, bytes));
    // the next one on the same connection
    bench.input(poll, &Request::new("GET", &url, "a").emit());
    assert_eq!(bench.answer(poll), "200 4two\u{1e}bAQIDBA==");
}

#[test]
fn two_polls_at_once_end_the_session() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let polls = [bench.get(&url), bench.get(&url)];
    assert_eq!(polls.map(|poll| bench.answer(poll)), ["200 6", "400"]);
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
    let late = bench.get(&url);
    assert!(bench.answer(late).contains("Session ID unknown"));
}

#[test]
fn a_poll_whose_connection_ends_ends_the_session() {
    for gone in [false, true] {
        let mut bench = bench();
        let (session, url) = bench.open();
        let poll = bench.get(&url);
        bench.call(|server, cx| match gone {
            true => server.handle_gone(cx, poll),
            false => server.handle_end(cx, poll),
        });
        assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
    }
    // one whose polls were answered goes on
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    bench.send(session, "a");
    bench.call(|server, cx| server.handle_gone(cx, poll));
    assert_eq!(bench.end_of(session), None);
}

#[test]
fn what_is_too_long_is_413_and_ends_the_session() {
    let options = ServerOptions {
        max_payload: 1000,
        ..ServerOptions::default()
    };
    let mut bench = Bench::new(options.clone());
    let (session, url) = bench.open();
    let fits = bench.post(&url, &format!("4{}", "a".repeat(999)));
    assert_eq!(bench.answer(fits), "200 ok");
    assert_eq!(bench.heard().len(), 1);
    let conn = bench.post(&url, &format!("4{}", "a".repeat(1000)));
    assert_eq!(bench.answer(conn), "413");
    assert!(bench.closed.contains(&conn));
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
    // also where its length is not told ahead
    let mut bench = Bench::new(options);
    let (session, url) = bench.open();
    let conn = bench.connect();
    let head = format!("POST {url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    bench.input(conn, head.as_bytes());
    for _ in 0..11 {
        bench.input(conn, format!("64\r\n{}\r\n", "a".repeat(100)).as_bytes());
    }
    assert_eq!(bench.answer(conn), "413");
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
}

#[test]
fn a_post_that_is_cut_off_ends_the_session() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let conn = bench.connect();
    let whole = Request::new("POST", &url, "a").with_body("text/plain", "4abc");
    let bytes = whole.emit();
    bench.input(conn, &bytes[..bytes.len() - 1]);
    bench.call(|server, cx| server.handle_gone(cx, conn));
    // what the client believes to have sent is lost
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
    assert_eq!(bench.heard(), Vec::<String>::new());
    assert_eq!(bench.server.session_count(), 0);
}

#[test]
fn what_is_no_packet_ends_the_session() {
    for (body, content_type, status, reason) in [
        (&b"4a\x1e9"[..], "text/plain", 200, CloseReason::ParseError),
        (b"", "text/plain", 200, CloseReason::ParseError),
        (b"4\xff", "text/plain", 400, CloseReason::ParseError),
        (
            b"4a",
            "application/octet-stream",
            400,
            CloseReason::TransportError,
        ),
        (b"2", "text/plain", 200, CloseReason::TransportError),
        (b"1", "text/plain", 200, CloseReason::TransportClose),
    ] {
        let mut bench = bench();
        let (session, url) = bench.open();
        let poll = bench.get(&url);
        let request = Request::new("POST", &url, "a").with_body(content_type, body);
        let conn = bench.request(&request);
        assert_eq!(bench.response(conn).map(|one| one.code), Some(status));
        assert_eq!(bench.end_of(session), Some(reason), "{body:?}");
        // the poll that waits is let go
        assert_eq!(bench.answer(poll), "200 6");
        assert_eq!(bench.server.poll_timeout(), None);
    }
}

#[test]
fn methods_of_a_session_are_two() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let conn = bench.request(&Request::new("PUT", &url, "a"));
    assert_eq!(bench.answer(conn), "500");
    assert_eq!(bench.end_of(session), None);
}

#[test]
fn the_server_closes() {
    // with a poll that waits
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    bench.call(|server, cx| server.close(cx, session));
    assert_eq!(bench.answer(poll), "200 1");
    assert_eq!(bench.end_of(session), Some(CloseReason::ForcedClose));
    // with the next one but one, after what was sent before
    let (session, url) = bench.open();
    bench.send(session, "bye");
    bench.call(|server, cx| server.close(cx, session));
    bench.send(session, "too late");
    let post = bench.post(&url, "4too late");
    assert_eq!(bench.answer(post), "200 ok");
    assert_eq!(bench.heard(), Vec::<String>::new());
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "200 4bye");
    assert_eq!(bench.end_of(session), None);
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "200 1");
    assert_eq!(bench.end_of(session), Some(CloseReason::ForcedClose));
    // or without one
    let (session, _) = bench.open();
    bench.call(|server, cx| server.close(cx, session));
    bench.pass(seconds(29));
    assert_eq!(bench.end_of(session), None);
    bench.pass(seconds(1));
    assert_eq!(bench.end_of(session), Some(CloseReason::ForcedClose));
    assert_eq!(bench.server.session_count(), 0);
}

#[test]
fn a_client_that_does_not_poll_is_given_up_when_too_much_waits_for_it() {
    let mut bench = Bench::new(ServerOptions {
        max_unsent: 10_000,
        ..ServerOptions::default()
    });
    let (session, _) = bench.open();
    for _ in 0..10 {
        bench.send(session, &"a".repeat(999));
    }
    assert_eq!(bench.end_of(session), None);
    bench.send(session, "a");
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
}

#[test]
fn requests_may_come_in_any_cuts_and_one_after_the_other() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let packets: Vec<Packet> = (0..20).map(|i| Packet::message(i.to_string())).collect();
    let conn = bench.connect();
    let post = |packets: &[Packet]| {
        let body = emit_payload(packets);
        Request::new("POST", &url, "a")
            .with_body("text/plain", body)
            .emit()
    };
    let bytes = [post(&packets[..7]), post(&packets[7..])].concat();
    for piece in bytes.chunks(3) {
        bench.input(conn, piece);
    }
    let expected: Vec<String> = (0..20).map(|i| i.to_string()).collect();
    assert_eq!(bench.heard(), expected);
    assert_eq!(bench.end_of(session), None);
}

#[test]
fn a_connection_that_floods_while_a_poll_waits_is_cut() {
    let mut bench = Bench::new(ServerOptions {
        max_payload: 1000,
        ..ServerOptions::default()
    });
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    for _ in 0..1000 {
        if !bench.closed.contains(&poll) {
            bench.input(poll, &[b'x'; 1000]);
        }
    }
    assert!(bench.closed.contains(&poll));
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportError));
}
