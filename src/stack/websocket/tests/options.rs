//! What the options of both ends change: origins, subprotocols, limits, time-outs, wrong openings.

use std::time::Duration;

use super::*;

fn server_with(options: ServerOptions) -> WebSocket {
    WebSocket::server(options, None)
}

/// What both ends are told first.
fn outcome(client: ClientOptions, server: ServerOptions) -> (Event, Event) {
    let mut client = WebSocket::client(client, Rng::new(1, "client"), None);
    let mut server = server_with(server);
    quiet(|cx| client.open(cx));
    exchange(&mut client, &mut server);
    (
        events_of(&mut client).remove(0),
        events_of(&mut server).remove(0),
    )
}

fn status(event: &Event) -> u16 {
    match event {
        Event::Refused(response) => response.code,
        Event::Open { .. } => 101,
        other => panic!("{other:?}"),
    }
}

#[test]
fn origins() {
    let server = ServerOptions {
        origins: vec![
            "https://chat.example".into(),
            "http://localhost:3000".into(),
        ],
        ..ServerOptions::default()
    };
    let check = |origin: Option<&str>, code: u16| {
        let mut client = ClientOptions::new("a", "/");
        if let Some(origin) = origin {
            client.headers.push("Origin", origin);
        }
        let (told, _) = outcome(client, server.clone());
        assert_eq!(status(&told), code, "{origin:?}");
    };
    check(Some("https://chat.example"), 101);
    check(Some("HTTPS://Chat.Example"), 101);
    check(Some("http://localhost:3000"), 101);
    check(None, 101);
    check(Some("https://chat.example.evil"), 403);
    check(Some("http://chat.example"), 403);
    check(Some("null"), 403);
}

#[test]
fn wrong_requests_are_refused() {
    use WrongRequest::*;
    let all = [
        (NoKey, 400),
        (ShortKey, 400),
        (TwoKeys, 400),
        (Post, 405),
        (Http10, 400),
        (NoHost, 400),
        (NoUpgrade, 400),
    ];
    for (wrong, code) in all {
        let mut client = ClientOptions::new("a", "/");
        client.wrong = Some(wrong);
        let (told, at_server) = outcome(client, ServerOptions::default());
        assert_eq!(
            (status(&told), status(&at_server)),
            (code, code),
            "{wrong:?}"
        );
    }
}

#[test]
fn wrong_answers_are_not_believed() {
    use HandshakeError as E;
    let all = [
        (WrongAnswer::Accept, E::Accept),
        (WrongAnswer::Subprotocol, E::Subprotocol),
        (WrongAnswer::Extension, E::Extension),
    ];
    for (wrong, error) in all {
        let server = ServerOptions {
            wrong: Some(wrong),
            ..ServerOptions::default()
        };
        let (told, _) = outcome(ClientOptions::new("a", "/"), server);
        assert_eq!(told, Event::HandshakeFailed(error));
    }
}

#[test]
fn a_client_may_insist_on_a_subprotocol() {
    let mut client = ClientOptions::new("a", "/");
    client.subprotocols = vec!["chat.v2".into()];
    let (told, _) = outcome(client.clone(), ServerOptions::default());
    assert_eq!(status(&told), 101);
    client.needs_subprotocol = true;
    let (told, _) = outcome(client, ServerOptions::default());
    assert_eq!(told, Event::HandshakeFailed(HandshakeError::NoSubprotocol));
}

#[test]
fn limits_of_frames_and_messages() {
    let limits = Limits {
        max_message: 100,
        max_frame: 60,
        ..Limits::default()
    };
    let check = |lens: &[usize], expected: Option<&str>| {
        let mut server = server_with(ServerOptions {
            limits,
            ..ServerOptions::default()
        });
        exchange(&mut client(), &mut server);
        events_of(&mut server);
        for (i, len) in lens.iter().enumerate() {
            let opcode = [Opcode::Binary, Opcode::Continuation][i.min(1)];
            let frame = Frame {
                fin: i + 1 == lens.len(),
                ..Frame::new(opcode, vec![0; *len])
            };
            let bytes = frame.masked([1, 2, 3, 4]).emit();
            // The header alone says that it is too much.
            quiet(|cx| server.handle_input(cx, &bytes[..6]));
            quiet(|cx| server.handle_input(cx, &bytes[6..]));
        }
        let why = match &events_of(&mut server)[0] {
            Event::ProtocolError { code: 1009, why } => Some(*why),
            _ => None,
        };
        assert_eq!(why, expected, "{lens:?}");
    };
    check(&[60, 40], None);
    check(&[60, 61], Some("the message is too big"));
    check(&[61], Some("the frame is too big"));
    check(&[60, 41], Some("the message is too big"));
}

/// Calls `run` at so many seconds.
fn at<T>(seconds: u64, run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let mut log = Log::off();
    run(&mut Cx {
        now: Time::ZERO + Duration::from_secs(seconds),
        node: NodeId(0),
        cause: None,
        log: &mut log,
    })
}

fn patient() -> Limits {
    Limits {
        opening: Some(Duration::from_secs(5)),
        closing: Some(Duration::from_secs(2)),
        ..Limits::default()
    }
}

#[test]
fn an_opening_that_takes_too_long_is_given_up() {
    let mut options = ClientOptions::new("a", "/");
    options.limits = patient();
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    assert_eq!(client.poll_timeout(), None);
    at(1, |cx| client.open(cx));
    assert_eq!(
        client.poll_timeout(),
        Some(Time::ZERO + Duration::from_secs(6))
    );
    at(5, |cx| client.handle_timeout(cx));
    assert_eq!(events_of(&mut client), []);
    at(6, |cx| client.handle_timeout(cx));
    let told = [
        Event::HandshakeFailed(HandshakeError::TimedOut),
        Event::Disconnect,
    ];
    assert_eq!(events_of(&mut client), told);
    assert_eq!(client.poll_timeout(), None);

    let options = ServerOptions {
        limits: patient(),
        ..ServerOptions::default()
    };
    let mut server = server_with(options);
    at(1, |cx| server.open(cx));
    at(3, |cx| server.handle_input(cx, b"GET / HT"));
    at(6, |cx| server.handle_timeout(cx));
    let told = events_of(&mut server);
    assert!(matches!(&told[..], [Event::Refused(r), Event::Disconnect] if r.code == 408));
}

#[test]
fn a_closing_that_takes_too_long_is_given_up() {
    let mut options = ClientOptions::new("a", "/");
    options.limits = patient();
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    let mut server = server();
    at(0, |cx| client.open(cx));
    exchange(&mut client, &mut server);
    assert_eq!(client.poll_timeout(), None, "it is open");
    events_of(&mut client);
    at(8, |cx| client.close(cx, Some(1000), "")).unwrap();
    at(10, |cx| client.handle_timeout(cx));
    assert_eq!(
        events_of(&mut client),
        [closed(1006, "", false), Event::Disconnect]
    );

    // The server has answered, and does not close the carrier.
    let mut options = ClientOptions::new("a", "/");
    options.limits = patient();
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    let mut server = super::server();
    at(0, |cx| client.open(cx));
    exchange(&mut client, &mut server);
    events_of(&mut client);
    at(8, |cx| client.close(cx, Some(1000), "")).unwrap();
    exchange(&mut client, &mut server);
    assert!(matches!(
        events_of(&mut client)[..],
        [Event::Closing { .. }]
    ));
    at(10, |cx| client.handle_timeout(cx));
    assert_eq!(
        events_of(&mut client),
        [closed(1000, "", true), Event::Disconnect]
    );
}

#[test]
fn text_that_is_wrong_fails_before_its_frame_is_whole() {
    let mut server = server();
    exchange(&mut client(), &mut server);
    events_of(&mut server);
    let bytes = Frame::new(Opcode::Text, vec![b'\xff'; 1000])
        .masked([1, 2, 3, 4])
        .emit();
    quiet(|cx| server.handle_input(cx, &bytes[..20]));
    let told = events_of(&mut server);
    assert!(
        matches!(told[0], Event::ProtocolError { code: 1007, .. }),
        "{told:?}"
    );
}
