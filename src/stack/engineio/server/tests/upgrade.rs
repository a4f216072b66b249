//! From polls to WebSocket, and sessions over WebSocket.

use super::*;

fn websocket_of(url: &str) -> String {
    url.replace("polling", "websocket")
}

#[test]
fn a_session_goes_over() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    let mut peer = bench.websocket(&websocket_of(&url));
    peer.send(&mut bench, "2probe");
    assert_eq!(peer.heard(&mut bench), ["3probe"]);
    // so that the client need not wait
    assert_eq!(bench.answer(poll), "200 6");
    bench.send(session, "a");
    bench.send(session, "b");
    assert_eq!(peer.heard(&mut bench), Vec::<String>::new());
    peer.send(&mut bench, "5");
    assert_eq!(bench.told(), [ServerEvent::Upgraded(session)]);
    assert_eq!(peer.heard(&mut bench), ["4a", "4b"]);
    assert_eq!(bench.server.connection_of(session), Some(peer.conn));
    // from here on polls are refused, and the session does not mind
    for conn in [bench.get(&url), bench.post(&url, "4x")] {
        let told = bench.answer(conn);
        assert_eq!(told, r#"400 {"code":3,"message":"Bad request"}"#);
    }
    peer.send(&mut bench, "4c");
    assert_eq!(bench.heard(), ["c"]);
    bench.send(session, "d");
    assert_eq!(peer.heard(&mut bench), ["4d"]);
}

#[test]
fn a_poll_during_the_probe_does_not_wait() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let mut peer = bench.websocket(&websocket_of(&url));
    // not before the probe was answered
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "-");
    peer.send(&mut bench, "2probe");
    assert_eq!(bench.answer(poll), "200 6");
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "200 6");
    bench.send(session, "a");
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "200 4a");
}

#[test]
fn a_poll_that_waits_still_is_let_go() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let poll = bench.get(&url);
    let mut peer = bench.websocket(&websocket_of(&url));
    peer.send(&mut bench, "5");
    assert_eq!(bench.answer(poll), "200 6");
    bench.call(|server, cx| server.handle_gone(cx, poll));
    assert_eq!(bench.end_of(session), None);
    assert_eq!(bench.server.connection_of(session), Some(peer.conn));
}

#[test]
fn an_upgrade_that_is_not_finished_is_given_up_and_polls_go_on() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let mut peer = bench.websocket(&websocket_of(&url));
    peer.send(&mut bench, "2probe");
    bench.pass(seconds(9));
    assert_eq!(peer.heard(&mut bench), ["3probe"]);
    bench.pass(seconds(1));
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
    assert_eq!(bench.end_of(session), None);
    let poll = bench.get(&url);
    assert_eq!(bench.answer(poll), "-");
    bench.send(session, "a");
    assert_eq!(bench.answer(poll), "200 4a");
    // and another one may be tried
    let mut peer = bench.websocket(&websocket_of(&url));
    peer.send(&mut bench, "2probe");
    peer.send(&mut bench, "5");
    assert_eq!(bench.told(), [ServerEvent::Upgraded(session)]);
}

#[test]
fn a_probe_that_goes_wrong_leaves_the_session_as_it_is() {
    type Wrong = fn(&mut Peer, &mut Bench);
    let wrongs: [Wrong; 6] = [
        |peer, bench| peer.send(bench, "4too early"),
        |peer, bench| peer.send(bench, "2"),
        |peer, bench| peer.send(bench, "nonsense"),
        |peer, bench| {
            let bytes = Message::Binary(vec![1]);
            peer.call(bench, |socket, cx| socket.send(cx, bytes))
                .expect("it is open");
        },
        |peer, bench| {
            // not masked
            bench.input(peer.conn, b"\x81\x012");
        },
        |peer, bench| bench.call(|server, cx| server.handle_gone(cx, peer.conn)),
    ];
    for (index, wrong) in wrongs.into_iter().enumerate() {
        let mut bench = bench();
        let (session, url) = bench.open();
        let mut peer = bench.websocket(&websocket_of(&url));
        wrong(&mut peer, &mut bench);
        assert_eq!(bench.end_of(session), None, "{index}");
        assert_eq!(bench.heard(), Vec::<String>::new(), "{index}");
        let poll = bench.get(&url);
        bench.send(session, "a");
        assert_eq!(bench.answer(poll), "200 4a", "{index}");
        let mut peer = bench.websocket(&websocket_of(&url));
        peer.send(&mut bench, "2probe");
        assert_eq!(peer.heard(&mut bench), ["3probe"], "{index}");
    }
}

#[test]
fn one_upgrade_at_a_time() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let mut first = bench.websocket(&websocket_of(&url));
    let mut second = bench.websocket(&websocket_of(&url));
    assert_eq!(second.heard(&mut bench), ["close 1005"]);
    first.send(&mut bench, "2probe");
    first.send(&mut bench, "5");
    let mut third = bench.websocket(&websocket_of(&url));
    assert_eq!(third.heard(&mut bench), ["close 1005"]);
    first.send(&mut bench, "4a");
    assert_eq!(bench.heard(), ["a"]);
    assert_eq!(bench.end_of(session), None);
}

#[test]
fn a_session_that_ends_takes_its_probe_along() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let mut peer = bench.websocket(&websocket_of(&url));
    bench.post(&url, "1");
    assert_eq!(bench.end_of(session), Some(CloseReason::TransportClose));
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
}

#[test]
fn a_session_that_is_being_closed_ends_when_it_goes_over() {
    let mut bench = bench();
    let (session, url) = bench.open();
    let mut peer = bench.websocket(&websocket_of(&url));
    peer.send(&mut bench, "2probe");
    bench.send(session, "bye");
    bench.call(|server, cx| server.close(cx, session));
    assert_eq!(bench.end_of(session), None);
    peer.send(&mut bench, "5");
    assert_eq!(bench.end_of(session), Some(CloseReason::ForcedClose));
    let heard = peer.heard(&mut bench);
    assert_eq!(heard, ["3probe", "4bye", "close 1005"]);
    assert_eq!(bench.server.session_count(), 0);
    // and no upgrade begins
    let (session, url) = bench.open();
    bench.call(|server, cx| server.close(cx, session));
    let mut peer = bench.websocket(&websocket_of(&url));
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
    peer.call(&mut bench, |socket, cx| socket.handle_end(cx));
    assert_eq!(bench.heard(), Vec::<String>::new());
}

#[test]
fn a_websocket_ends_from_both_sides() {
    let mut bench = bench();
    let check = |bench: &mut Bench, reason: CloseReason| {
        let last = bench.told().pop();
        assert!(
            matches!(last, Some(ServerEvent::Closed(_, own)) if own == reason),
            "{last:?}, not {reason:?}"
        );
        assert_eq!(bench.server.session_count(), 0);
    };
    let mut peer = bench.websocket(WEBSOCKET);
    bench.call(|server, cx| server.close(cx, SessionId(0)));
    check(&mut bench, CloseReason::ForcedClose);
    assert_eq!(peer.heard(&mut bench), ["close 1005"]);
    assert!(bench.closed.contains(&peer.conn), "it answered the Close");
    let mut peer = bench.websocket(WEBSOCKET);
    peer.call(&mut bench, |socket, cx| socket.close(cx, Some(1000), ""))
        .expect("it is open");
    check(&mut bench, CloseReason::TransportClose);
    assert!(bench.closed.contains(&peer.conn));
    let mut peer = bench.websocket(WEBSOCKET);
    peer.send(&mut bench, "1");
    check(&mut bench, CloseReason::TransportClose);
    let peer = bench.websocket(WEBSOCKET);
    bench.call(|server, cx| server.handle_gone(cx, peer.conn));
    check(&mut bench, CloseReason::TransportClose);
    let peer = bench.websocket(WEBSOCKET);
    bench.input(peer.conn, b"\x81\x012");
    check(&mut bench, CloseReason::TransportError);
    let mut peer = bench.websocket(WEBSOCKET);
    peer.send(&mut bench, "x");
    check(&mut bench, CloseReason::ParseError);
}

#[test]
fn messages_over_websocket_have_a_limit() {
    let mut bench = Bench::new(ServerOptions {
        max_payload: 1000,
        ..ServerOptions::default()
    });
    let mut peer = bench.websocket(WEBSOCKET);
    peer.send(&mut bench, &format!("4{}", "a".repeat(999)));
    assert_eq!(bench.heard().len(), 1);
    peer.send(&mut bench, &format!("4{}", "a".repeat(1000)));
    assert_eq!(
        bench.end_of(SessionId(0)),
        Some(CloseReason::TransportError)
    );
    assert_eq!(peer.heard(&mut bench), ["close 1009"]);
}

#[test]
fn bytes_come_and_go_as_they_are() {
    let mut bench = bench();
    let mut peer = bench.websocket(WEBSOCKET);
    let bytes = Message::Binary(vec![1, 2]);
    peer.call(&mut bench, |socket, cx| socket.send(cx, bytes))
        .expect("it is open");
    let came = ServerEvent::Message(SessionId(0), peer.conn, Packet::Binary(vec![1, 2]));
    assert_eq!(bench.told().pop(), Some(came));
    let answer = Packet::Binary(vec![3]);
    bench.call(|server, cx| server.send(cx, SessionId(0), answer.clone()));
    let prepared = Prepared::new(&Message::Binary(vec![3]));
    bench.call(|server, cx| server.send_prepared(cx, SessionId(0), &answer, &prepared));
    assert_eq!(peer.heard(&mut bench), ["[3]", "[3]"]);
}
