//! How clients come into namespaces, and go.

use super::*;

#[test]
fn a_client_says_who_it_is_and_hears_its_id() {
    let mut bench = bench();
    let client = bench.client();
    let told = bench.told();
    assert!(
        matches!(&told[..], [ServerEvent::SessionOpened(_, opened)] if opened.request.target == TARGET),
        "{told:?}"
    );
    for (connect, nsp, auth) in [
        (r#"0{"token":"x"}"#, "", Some(r#"{"token":"x"}"#)),
        ("0/chat,", "/chat,", None),
    ] {
        bench.send(client, connect);
        let Some(ServerEvent::Asked { socket, auth: own }) = bench.told().pop() else {
            panic!("it asks");
        };
        assert_eq!(own.as_deref(), auth);
        assert_eq!(bench.heard(client), Vec::<String>::new());
        assert_eq!(bench.server.sockets_of("/chat"), []);
        assert!(
            !bench.call(|server, cx| server.accept(cx, socket)),
            "it is new"
        );
        let sid = bench.server.sid(socket).expect("it is in").to_owned();
        assert_eq!(sid.len(), 20);
        assert_eq!(bench.heard(client), [format!(r#"0{nsp}{{"sid":"{sid}"}}"#)]);
        assert_eq!(bench.server.rooms(socket), Some(&BTreeSet::from([sid])));
    }
    assert_eq!(bench.server.sockets_of("/chat").len(), 1);
}

#[test]
fn who_is_refused_is_told_why_and_may_ask_again() {
    let mut bench = bench();
    let client = bench.client();
    let socket = bench.ask(client, "0");
    bench.server.join(socket, "room");
    bench.call(|server, cx| server.refuse(cx, socket, "not \"you\"", Some(r#"{"code":7}"#)));
    let expected = [r#"4{"message":"not \"you\"","data":{"code":7}}"#];
    assert_eq!(bench.heard(client), expected);
    assert_eq!(bench.server.sid(socket), None);
    let socket = bench.ask(client, "0/chat,");
    bench.call(|server, cx| server.refuse(cx, socket, "no", None));
    assert_eq!(bench.heard(client), [r#"4/chat,{"message":"no"}"#]);
    // it was in no room, and is in none
    let audience = Audience {
        rooms: rooms(&["room"]),
        ..Audience::default()
    };
    bench.broadcast("/", &audience, "x");
    assert_eq!(bench.heard(client), Vec::<String>::new());
    bench.enter(client, "0");
    assert_eq!(bench.reasons(), []);
}

#[test]
fn a_namespace_that_is_not_there_is_refused() {
    let mut bench = bench();
    let client = bench.client();
    bench.send(client, "0/nope,");
    assert_eq!(
        bench.heard(client),
        [r#"4/nope,{"message":"Invalid namespace"}"#]
    );
    let told = bench.told().pop();
    assert!(
        matches!(&told, Some(ServerEvent::InvalidNamespace(_, nsp)) if nsp == "/nope"),
        "{told:?}"
    );
    bench.enter(client, "0");
}

#[test]
fn what_does_not_fit_ends_the_session() {
    for (packet, reason) in [
        // in a namespace that it is not in
        (r#"2/chat,["a"]"#, "forced server close"),
        ("1/chat,", "forced server close"),
        ("3/chat,0[]", "forced server close"),
        ("4/chat,{}", "forced server close"),
        // in one that it is in
        ("0", "forced server close"),
        (r#"4{"message":"x"}"#, "forced server close"),
        // no packet
        ("7", "forced close"),
        ("", "forced close"),
        (r#"2["a""#, "forced close"),
        ("2[]", "forced close"),
        (r#"2["disconnect"]"#, "forced close"),
        (r#"599999999-["a"]"#, "forced close"),
    ] {
        let mut bench = bench();
        let (client, socket) = bench.guest();
        bench.send(client, packet);
        assert_eq!(bench.reasons(), [(socket, reason)], "{packet}");
        assert_eq!(bench.heard(client), ["close"], "{packet}");
        assert_eq!(bench.server.session_count(), 0);
        assert_eq!(bench.server.sockets_of("/"), []);
    }
    let mut bench = bench();
    let client = bench.client();
    bench.send(client, r#"2["a"]"#);
    assert_eq!(bench.heard(client), ["close"]);
    assert_eq!(bench.reasons(), []);
}

#[test]
fn bytes_that_nobody_announced_end_the_session() {
    for text in [None, Some(r#"51-["a",{"_placeholder":true,"num":0}]"#)] {
        let mut bench = bench();
        let (client, socket) = bench.guest();
        match text {
            None => bench.message(client, Message::Binary(vec![1])),
            Some(text) => {
                bench.send(client, text);
                bench.send(client, r#"2["too early"]"#);
            }
        }
        assert_eq!(bench.reasons(), [(socket, "forced close")]);
    }
}

#[test]
fn a_client_must_come_into_a_namespace_in_time() {
    let mut bench = Bench::new(ServerOptions {
        connect_timeout: seconds(10),
        ..ServerOptions::default()
    });
    let (silent, refused, (guest, _)) = (bench.client(), bench.client(), bench.guest());
    let socket = bench.ask(refused, "0");
    bench.call(|server, cx| server.refuse(cx, socket, "no", None));
    bench.heard(refused);
    bench.pass(seconds(9));
    assert_eq!(bench.server.session_count(), 3);
    bench.pass(seconds(1));
    assert_eq!(bench.heard(silent), ["close"]);
    assert_eq!(bench.heard(refused), ["close"]);
    bench.send(guest, "1");
    bench.pass(seconds(14));
    assert_eq!(bench.heard(guest), Vec::<String>::new(), "it had come in");
    assert_eq!(bench.server.session_count(), 1);
}

#[test]
fn either_side_leaves_a_namespace_and_the_session_goes_on() {
    let mut bench = bench();
    let (client, root) = bench.guest();
    let chat = bench.enter(client, "0/chat,");
    bench.server.join(chat, "room");
    bench.send(client, "1/chat,");
    let Some(ServerEvent::Disconnected(gone, what)) = bench.told().pop() else {
        panic!("it is told");
    };
    assert_eq!((gone, what.nsp.as_str()), (chat, "/chat"));
    assert_eq!(what.reason.name(), "client namespace disconnect");
    let mut expected = rooms(&["room", &what.sid]);
    expected.sort();
    let mut own = what.rooms.clone();
    own.sort();
    assert_eq!(own, expected);
    let again = bench.enter(client, "0/chat,");
    assert_ne!(again, chat);
    bench.call(|server, cx| server.disconnect(cx, again, false));
    assert_eq!(bench.heard(client), ["1/chat,"]);
    assert_eq!(bench.reasons(), [(again, "server namespace disconnect")]);
    bench.send(client, r#"2["a"]"#);
    assert!(matches!(bench.told()[..], [ServerEvent::Event { socket, .. }] if socket == root));
    assert_eq!(bench.server.sockets_of("/chat"), []);
}

#[test]
fn the_server_sends_a_client_away_from_all() {
    let mut bench = bench();
    let (client, root) = bench.guest();
    let chat = bench.enter(client, "0/chat,");
    bench.told();
    bench.call(|server, cx| server.disconnect(cx, root, true));
    let why = "server namespace disconnect";
    assert_eq!(bench.heard(client), ["1", "1/chat,", "close"]);
    assert_eq!(bench.reasons(), [(root, why), (chat, why)]);
    assert_eq!(bench.server.session_count(), 0);
}

#[test]
fn the_ends_of_sessions_are_told_to_each_socket() {
    let mut bench = bench();
    let mut check = |what: fn(&mut Bench, usize), reason| {
        let (client, root) = bench.guest();
        let chat = bench.enter(client, "0/chat,");
        bench.told();
        what(&mut bench, client);
        assert_eq!(bench.reasons(), [(root, reason), (chat, reason)]);
    };
    check(Bench::cut, "transport close");
    check(
        |bench, client| bench.message(client, Message::Text("1".into())),
        "transport close",
    );
    check(
        |bench, client| bench.message(client, Message::Text("2".into())),
        "transport error",
    );
    check(
        |bench, client| bench.message(client, Message::Text("x".into())),
        "parse error",
    );
    check(|bench, _| bench.pass(seconds(45)), "ping timeout");
    check(
        |bench, _| bench.call(Server::shut_down),
        "server shutting down",
    );
}

#[test]
fn a_server_that_ends_closes_and_does_not_send_away() {
    let mut bench = bench();
    let (guest, _) = bench.guest();
    let early = bench.client();
    bench.told();
    bench.call(Server::shut_down);
    // a DISCONNECT would keep clients from coming again
    assert_eq!(bench.heard(guest), ["close"]);
    assert_eq!(bench.heard(early), ["close"]);
    let over = |event: &ServerEvent| match event {
        ServerEvent::SessionClosed(_, reason) => Some(*reason),
        _ => None,
    };
    let reasons: Vec<_> = bench.events.iter().filter_map(over).collect();
    assert_eq!(reasons, [CloseReason::ForcedClose; 2]);
    assert_eq!(bench.closed.len(), 2);
    assert_eq!(bench.server.poll_timeout(), None);
}
