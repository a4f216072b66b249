//! Connection state recovery.

use super::*;

fn recovering() -> Bench {
    Bench::new(ServerOptions {
        recovery: Some(seconds(60)),
        ..ServerOptions::default()
    })
}

/// A client that came in: its number, its socket, its id and its private id.
fn guest(bench: &mut Bench) -> (usize, SocketId, String, String) {
    let client = bench.client();
    let socket = bench.ask(client, "0");
    let known = bench.call(|server, cx| server.accept(cx, socket));
    assert!(!known);
    let (sid, pid) = ids(&bench.heard(client)[0]);
    bench.told();
    (client, socket, sid, pid)
}

fn ids(connected: &str) -> (String, String) {
    let value: serde_json::Value = serde_json::from_str(&connected[1..]).expect("JSON");
    let text = |name: &str| value[name].as_str().expect("text").to_owned();
    (text("sid"), text("pid"))
}

/// A client comes again; whether it is known, and what it hears.
fn again(bench: &mut Bench, pid: &str, offset: &str) -> (bool, Vec<String>) {
    let client = bench.client();
    let claim = format!(r#"0{{"pid":"{pid}","offset":"{offset}"}}"#);
    let socket = bench.ask(client, &claim);
    let known = bench.call(|server, cx| server.accept(cx, socket));
    (known, bench.heard(client))
}

#[test]
fn a_client_that_was_cut_off_finds_its_id_its_rooms_and_what_it_missed() {
    let mut bench = recovering();
    let (client, socket, sid, pid) = guest(&mut bench);
    let (other, sender, ..) = guest(&mut bench);
    bench.server.join(socket, "room");
    bench.emit(socket, "first");
    assert_eq!(bench.heard(client), [r#"2["first","000000"]"#]);
    bench.cut(client);
    let to = |names: &[&str]| Audience {
        rooms: rooms(names),
        ..Audience::default()
    };
    bench.broadcast("/", &Audience::default(), "all");
    bench.broadcast("/", &to(&["room"]), "room");
    bench.broadcast("/", &to(&["elsewhere"]), "elsewhere");
    let but_room = Audience {
        except: rooms(&["room"]),
        ..Audience::default()
    };
    bench.broadcast("/", &but_room, "but room");
    let but_sender = Audience {
        without: Some(sender),
        ..Audience::default()
    };
    bench.broadcast("/", &but_sender, "but sender");
    let (known, heard) = again(&mut bench, &pid, "000000");
    assert!(known);
    assert_eq!(ids(&heard[0]), (sid, pid));
    let missed = [
        r#"2["all","000001"]"#,
        r#"2["room","000002"]"#,
        r#"2["but sender","000005"]"#,
    ];
    assert_eq!(heard[1..], missed);
    bench.heard(other);
    bench.broadcast("/", &to(&["room"]), "again");
    assert_eq!(bench.heard(other), Vec::<String>::new());
    assert_eq!(bench.heard(2), [r#"2["again","000006"]"#]);
}

#[test]
fn what_a_client_sent_to_the_others_it_did_not_miss() {
    let mut bench = recovering();
    let (client, socket, _, pid) = guest(&mut bench);
    bench.emit(socket, "first");
    let others = Audience {
        without: Some(socket),
        ..Audience::default()
    };
    bench.broadcast("/", &others, "own");
    bench.cut(client);
    let (known, heard) = again(&mut bench, &pid, "000000");
    assert!(known);
    assert_eq!(heard.len(), 1, "{heard:?}");
}

#[test]
fn who_is_not_known_begins_anew() {
    let mut bench = recovering();
    let (client, socket, sid, pid) = guest(&mut bench);
    bench.emit(socket, "first");
    // while it is there still, and with another offset, nobody is let in as it
    assert!(!again(&mut bench, &pid, "000000").0);
    bench.cut(client);
    assert!(!again(&mut bench, "guessed", "000000").0);
    assert!(!again(&mut bench, &pid, "000009").0);
    let (known, heard) = again(&mut bench, &pid, "000000");
    assert!(known);
    assert_eq!(ids(&heard[0]).0, sid);
    // once
    assert!(!again(&mut bench, &pid, "000000").0);
}

#[test]
fn who_left_by_itself_or_long_ago_is_not_known() {
    for leave in [
        (|bench, client| bench.send(client, "1")) as fn(&mut Bench, usize),
        |bench, client| {
            bench.cut(client);
            bench.pass(seconds(61));
        },
        |bench, client| bench.message(client, Message::Text("x".into())),
        |bench, _| {
            let socket = bench.server.sockets_of("/")[0];
            bench.call(|server, cx| server.disconnect(cx, socket, false));
        },
    ] {
        let mut bench = recovering();
        let (client, socket, _, pid) = guest(&mut bench);
        bench.emit(socket, "first");
        leave(&mut bench, client);
        let (known, heard) = again(&mut bench, &pid, "000000");
        assert!(!known);
        assert_eq!(heard.len(), 1);
    }
}

#[test]
fn what_is_kept_has_a_limit() {
    let mut bench = recovering();
    let (client, socket, _, pid) = guest(&mut bench);
    bench.emit(socket, "first");
    bench.cut(client);
    let args = || Args::json([format!("\"{}\"", "a".repeat(1_000_000))]);
    for _ in 0..15 {
        bench.call(|server, cx| server.broadcast(cx, "/", &Audience::default(), "x", args()));
    }
    let namespace = &bench.server.namespaces["/"];
    assert_eq!(namespace.recovery.len(), 16);
    for _ in 0..5 {
        bench.call(|server, cx| server.broadcast(cx, "/", &Audience::default(), "x", args()));
    }
    assert_eq!(bench.server.namespaces["/"].recovery.len(), 16);
    assert!(!again(&mut bench, &pid, "000000").0);
}
