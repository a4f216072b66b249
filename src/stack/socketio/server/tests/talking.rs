//! Events, acknowledgments, and who hears what.

use super::*;

#[test]
fn events_and_acknowledgments_go_both_ways() {
    let mut bench = bench();
    let client = bench.client();
    let socket = bench.enter(client, "0/chat,");
    bench.told();
    bench.send(client, r#"2/chat,7["say",{"b": 1},null]"#);
    let args = Args::json([r#"{"b": 1}"#, "null"]);
    let event = ServerEvent::Event {
        socket,
        name: "say".into(),
        args: args.clone(),
        id: Some(7),
    };
    assert_eq!(bench.told(), [event]);
    bench.call(|server, cx| server.ack(cx, socket, 7, args.clone()));
    assert_eq!(bench.heard(client), [r#"3/chat,7[{"b": 1},null]"#]);
    bench.call(|server, cx| server.emit(cx, socket, "hi", args, None));
    assert_eq!(bench.heard(client), [r#"2/chat,["hi",{"b": 1},null]"#]);
    let ask = |token| Some((Token(token), None));
    for token in [70, 71] {
        bench.call(|server, cx| server.emit(cx, socket, "ask", Args::default(), ask(token)));
    }
    assert_eq!(
        bench.heard(client),
        [r#"2/chat,0["ask"]"#, r#"2/chat,1["ask"]"#]
    );
    bench.send(client, r#"3/chat,1["late","one"]"#);
    bench.send(client, "3/chat,0[]");
    // answered already, and never asked
    bench.send(client, "3/chat,0[]");
    bench.send(client, "3/chat,9[]");
    let answers = [
        ServerEvent::Acked(socket, Token(71), Args::json([r#""late""#, r#""one""#])),
        ServerEvent::Acked(socket, Token(70), Args::default()),
    ];
    assert_eq!(bench.told(), answers);
}

#[test]
fn bytes_go_both_ways() {
    let mut bench = bench();
    let (client, socket) = bench.guest();
    let text = r#"52-3["file",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    bench.send(client, text);
    bench.message(client, Message::Binary(vec![1]));
    assert_eq!(bench.told(), []);
    bench.message(client, Message::Binary(vec![2, 3]));
    let Some(ServerEvent::Event { args, id, .. }) = bench.told().pop() else {
        panic!("it came");
    };
    assert_eq!(
        (id, &args.attachments),
        (Some(3), &vec![vec![1], vec![2, 3]])
    );
    let parts = ["[1]", "[2, 3]"];
    bench.call(|server, cx| server.ack(cx, socket, 3, args.clone()));
    let head = text.replacen(r#"52-3["file","#, "62-3[", 1);
    assert_eq!(bench.heard(client), [&head, parts[0], parts[1]]);
    bench.call(|server, cx| {
        server.broadcast(cx, "/", &Audience::default(), "file", args.clone());
    });
    let head = text.replacen("-3", "-", 1);
    assert_eq!(bench.heard(client), [&head, parts[0], parts[1]]);
    bench.call(|server, cx| server.emit(cx, socket, "file", args, Some((Token(1), None))));
    let head = text.replacen("-3", "-0", 1);
    assert_eq!(bench.heard(client), [&head, parts[0], parts[1]]);
    bench.send(client, r#"61-0[{"_placeholder":true,"num":0}]"#);
    bench.message(client, Message::Binary(vec![9]));
    let Some(ServerEvent::Acked(_, Token(1), args)) = bench.told().pop() else {
        panic!("it was answered");
    };
    assert_eq!(args.attachments, [vec![9]]);
}

#[test]
fn what_comes_before_the_client_is_let_in_is_not_heard() {
    let mut bench = bench();
    let client = bench.client();
    let socket = bench.ask(client, "0");
    bench.send(client, r#"2["early"]"#);
    bench.broadcast("/", &Audience::default(), "early");
    assert_eq!(bench.heard(client), Vec::<String>::new());
    bench.call(|server, cx| server.accept(cx, socket));
    bench.send(client, r#"2["late"]"#);
    let names: Vec<String> = bench
        .told()
        .into_iter()
        .filter_map(|event| match event {
            ServerEvent::Event { name, .. } => Some(name),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["late"]);
}

#[test]
fn an_acknowledgment_may_be_late() {
    let mut bench = bench();
    let (client, socket) = bench.guest();
    for (token, within) in [(1, Some(seconds(5))), (2, Some(seconds(3))), (3, None)] {
        let answer = Some((Token(token), within));
        bench.call(|server, cx| server.emit(cx, socket, "ask", Args::default(), answer));
    }
    bench.pass(seconds(3));
    assert_eq!(bench.told(), [ServerEvent::AckTimedOut(socket, Token(2))]);
    bench.send(client, "31[]");
    assert_eq!(bench.told(), []);
    bench.send(client, "30[]");
    bench.pass(seconds(10));
    let acked = |token| ServerEvent::Acked(socket, Token(token), Args::default());
    assert_eq!(bench.told(), [acked(1)]);
    bench.send(client, "32[]");
    assert_eq!(bench.told(), [acked(3)]);
    // who goes takes its acknowledgments along
    let answer = Some((Token(4), Some(seconds(1))));
    bench.call(|server, cx| server.emit(cx, socket, "ask", Args::default(), answer));
    bench.cut(client);
    let owed = bench.told().into_iter().find_map(|event| match event {
        ServerEvent::Disconnected(_, gone) => Some(gone.owed),
        _ => None,
    });
    assert_eq!(owed, Some(vec![Token(4)]));
    assert_eq!(bench.server.poll_timeout(), None);
}

#[test]
fn who_hears_a_broadcast() {
    let mut bench = bench();
    let guests: Vec<(usize, SocketId)> = (0..4).map(|_| bench.guest()).collect();
    for (guest, room) in [(0, "a"), (1, "a"), (1, "b"), (2, "b"), (3, "c")] {
        bench.server.join(guests[guest].1, room);
    }
    // the same room elsewhere is another one
    let elsewhere = bench.enter(guests[3].0, "0/chat,");
    bench.server.join(elsewhere, "a");
    let sid_of_3 = bench.server.sid(guests[3].1).expect("it is in").to_owned();
    let mut check = |to: &[&str], except: &[&str], without: Option<usize>, expected: &[usize]| {
        let audience = Audience {
            rooms: rooms(to),
            except: rooms(except),
            without: without.map(|one| guests[one].1),
        };
        bench.broadcast("/", &audience, "x");
        let heard: Vec<usize> = (0..4)
            .flat_map(|guest| bench.heard(guests[guest].0).into_iter().map(move |_| guest))
            .collect();
        assert_eq!(heard, expected, "{audience:?}");
    };
    check(&[], &[], None, &[0, 1, 2, 3]);
    check(&[], &[], Some(1), &[0, 2, 3]);
    check(&["a"], &[], None, &[0, 1]);
    check(&["a", "b"], &[], None, &[0, 1, 2]);
    check(&["a", "b"], &[], Some(1), &[0, 2]);
    check(&["a"], &["b"], None, &[0]);
    check(&[], &["a", "b"], None, &[3]);
    check(&["nobody"], &[], None, &[]);
    check(&[&sid_of_3], &[], Some(0), &[3]);
    check(&[], &[&sid_of_3], None, &[0, 1, 2]);
    bench.server.leave(guests[0].1, "a");
    bench.cut(guests[1].0);
    let audience = Audience {
        rooms: rooms(&["a", "b"]),
        ..Audience::default()
    };
    bench.broadcast("/", &audience, "x");
    assert_eq!(bench.heard(guests[0].0), Vec::<String>::new());
    assert_eq!(bench.heard(guests[2].0), [r#"2["x"]"#]);
}

#[test]
fn clients_of_polls_and_of_websocket_hear_the_same() {
    let mut bench = bench();
    let (client, _) = bench.guest();
    let mut ask = |method: &str, target: &str, body: &str| {
        let conn = ConnId(9);
        let request = Request::new(method, target, "a").with_body("text/plain", body);
        let mut sent = Vec::new();
        bench.with_cx(|bench, cx| {
            bench.server.handle_open(cx, conn);
            bench.server.handle_input(cx, conn, &request.emit());
            while let Some(ServerEvent::Asked { socket, .. }) =
                std::iter::from_fn(|| bench.server.poll_event(cx)).last()
            {
                bench.server.accept(cx, socket);
            }
            while let Some((_, order)) = bench.server.poll_order(cx) {
                if let Order::Send(bytes) = order {
                    sent.extend(bytes);
                }
            }
        });
        let (_, head) = Response::parse(&sent).expect("HTTP").expect("whole");
        String::from_utf8(sent[head..].to_vec()).expect("UTF-8")
    };
    let path = "/socket.io/?EIO=4&transport=polling";
    let opened = ask("GET", path, "");
    let sid = opened.split('"').nth(3).expect("a sid");
    let url = format!("{path}&sid={sid}");
    assert_eq!(ask("POST", &url, "40"), "ok");
    let connected = ask("GET", &url, "");
    assert!(connected.starts_with(r#"40{"sid":""#), "{connected}");
    let args = Args {
        values: vec![crate::proto::socketio::placeholder(0)],
        attachments: vec![vec![1, 2, 3]],
    };
    bench.call(|server, cx| server.broadcast(cx, "/", &Audience::default(), "x", args));
    let text = r#"51-["x",{"_placeholder":true,"num":0}]"#;
    assert_eq!(bench.heard(client), [text, "[1, 2, 3]"]);
    assert_eq!(poll(&mut bench, &url), format!("4{text}\u{1e}bAQID"));
}

/// What a poll brings that need not wait.
fn poll(bench: &mut Bench, url: &str) -> String {
    let conn = ConnId(9);
    let sent = bench.with_cx(|bench, cx| {
        let request = Request::new("GET", url, "a").emit();
        bench.server.handle_input(cx, conn, &request);
        let sent = std::iter::from_fn(|| bench.server.poll_order(cx));
        sent.flat_map(|(_, order)| match order {
            Order::Send(bytes) => bytes.to_vec(),
            Order::Close => Vec::new(),
        })
        .collect::<Vec<u8>>()
    });
    let (_, head) = Response::parse(&sent).expect("HTTP").expect("whole");
    String::from_utf8(sent[head..].to_vec()).expect("UTF-8")
}
