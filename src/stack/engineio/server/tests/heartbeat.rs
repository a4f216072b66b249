//! Pings, and all that must happen in time.

use super::*;

#[test]
fn the_server_pings_and_the_client_answers() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    bench.pass(seconds(24));
    assert_eq!(bench.answer(poll), "-");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(poll), "200 2");
    bench.pass(seconds(19));
    bench.post(&url, "3");
    // the next ping comes an interval after the pong
    let poll = bench.get(&url);
    bench.pass(seconds(24));
    assert_eq!(bench.answer(poll), "-");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(poll), "200 2");
    let poll = bench.get(&url);
    bench.pass(seconds(19));
    assert_eq!(bench.end_of(session), None);
    bench.pass(seconds(1));
    assert_eq!(bench.end_of(session), Some(CloseReason::PingTimeout));
    assert_eq!(bench.answer(poll), "200 6");
    assert_eq!(bench.server.poll_timeout(), None);
}

#[test]
fn a_client_that_sends_something_else_than_a_pong_has_the_time_once_more() {
    let mut bench = bench();
    let (session, url) = bench.open();
    bench.pass(seconds(25));
    bench.pass(seconds(15));
    bench.post(&url, "4slow");
    bench.pass(seconds(15));
    bench.post(&url, "4slow");
    bench.pass(seconds(4));
    assert_eq!(bench.end_of(session), None);
    bench.pass(seconds(1));
    assert_eq!(bench.end_of(session), Some(CloseReason::PingTimeout));
}

#[test]
fn a_websocket_that_does_not_answer_is_closed_and_then_cut() {
    let mut bench = bench();
    let mut peer = bench.websocket(WEBSOCKET);
    let session = SessionId(0);
    bench.pass(seconds(25));
    assert_eq!(peer.heard(&mut bench), ["2"]);
    peer.send(&mut bench, "3");
    bench.pass(seconds(25));
    assert_eq!(peer.heard(&mut bench), ["2"]);
    bench.pass(seconds(20));
    assert_eq!(bench.end_of(session), Some(CloseReason::PingTimeout));
    // a Close was sent, and nothing comes
    assert!(!bench.closed.contains(&peer.conn));
    bench.pass(seconds(30));
    assert!(bench.closed.contains(&peer.conn));
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
    assert_eq!(bench.server.poll_timeout(), None);
}

#[test]
fn a_client_must_not_ping() {
    let mut bench = bench();
    let mut peer = bench.websocket(WEBSOCKET);
    peer.send(&mut bench, "2");
    assert_eq!(
        bench.end_of(SessionId(0)),
        Some(CloseReason::TransportError)
    );
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
}

#[test]
fn pings_and_pongs_of_websocket_itself_say_nothing() {
    let mut bench = bench();
    let mut peer = bench.websocket(WEBSOCKET);
    peer.call(&mut bench, |socket, cx| socket.ping(cx, b"x"))
        .expect("it is open");
    assert_eq!(peer.poll(&mut bench), [Event::Pong(b"x".to_vec())]);
    bench.pass(seconds(44));
    peer.call(&mut bench, |socket, cx| socket.pong(cx, b""))
        .expect("it is open");
    bench.pass(seconds(1));
    assert_eq!(bench.end_of(SessionId(0)), Some(CloseReason::PingTimeout));
}

fn impatient() -> Bench {
    Bench::new(ServerOptions {
        request_timeout: Some(seconds(5)),
        idle_timeout: Some(seconds(10)),
        ping_interval: seconds(1000),
        ..ServerOptions::default()
    })
}

#[test]
fn a_request_that_does_not_come_is_408() {
    // nothing at all
    let mut bench = impatient();
    let conn = bench.connect();
    bench.pass(seconds(4));
    assert!(!bench.closed.contains(&conn));
    bench.pass(seconds(1));
    assert_eq!(bench.answer(conn), "408");
    assert!(bench.closed.contains(&conn));
    // byte by byte
    let conn = bench.connect();
    for byte in b"GET / " {
        bench.input(conn, &[*byte]);
        if !bench.closed.contains(&conn) {
            bench.pass(seconds(1));
        }
    }
    assert_eq!(bench.answer(conn), "408");
    // the second one
    let (_, url) = bench.open();
    let conn = bench.post(&url, "4a");
    assert_eq!(bench.answer(conn), "200 ok");
    bench.pass(seconds(9));
    bench.input(conn, b"POST ");
    bench.pass(seconds(4));
    assert!(!bench.closed.contains(&conn));
    bench.pass(seconds(1));
    assert_eq!(bench.answer(conn), "408");
    assert_eq!(bench.server.session_count(), 1);
}

#[test]
fn a_connection_on_which_nothing_happens_is_closed() {
    let mut bench = impatient();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    bench.pass(seconds(100));
    assert!(!bench.closed.contains(&poll), "a poll waits on it");
    bench.send(session, "a");
    assert_eq!(bench.answer(poll), "200 4a");
    bench.pass(seconds(9));
    assert!(!bench.closed.contains(&poll));
    bench.pass(seconds(1));
    assert!(bench.closed.contains(&poll));
    assert_eq!(bench.answer(poll), "-");
    let peer = bench.websocket(WEBSOCKET);
    bench.pass(seconds(100));
    assert!(!bench.closed.contains(&peer.conn));
}
