//! permessage-deflate between both ends, and against peers that abuse it.

use proptest::prelude::*;

use super::*;
use crate::base::Rng;
use crate::proto::websocket::{DeflateParams, Deflater, RSV1};

fn deflate(params: DeflateParams) -> Option<DeflateOptions> {
    let threshold = 0;
    Some(DeflateOptions {
        params,
        threshold,
        ..DeflateOptions::default()
    })
}

fn params(text: &str) -> DeflateParams {
    let text = format!("permessage-deflate{text}");
    let extension = crate::proto::websocket::Extension::parse(&text).unwrap();
    DeflateParams::parse_offer(&extension).unwrap()
}

/// A client that offers this and a server that wants that, when they have said all.
fn agreed(offer: &str, wanted: &str) -> (WebSocket, WebSocket) {
    let mut options = ClientOptions::new("a", "/");
    options.deflate = deflate(params(offer));
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    let mut server = wanting(wanted);
    quiet(|cx| client.open(cx));
    exchange(&mut client, &mut server);
    assert!(matches!(events_of(&mut client)[..], [Event::Open { .. }]));
    assert!(matches!(events_of(&mut server)[..], [Event::Open { .. }]));
    (client, server)
}

fn wanting(wanted: &str) -> WebSocket {
    let options = ServerOptions {
        deflate: deflate(params(wanted)),
        ..ServerOptions::default()
    };
    WebSocket::server(options, None)
}

#[test]
fn what_is_agreed() {
    let check = |offer: &str, wanted: &str, expected: Option<&str>| {
        let (client, server) = agreed(offer, wanted);
        assert_eq!(client.deflate_params(), server.deflate_params());
        let told = client.deflate_params().map(|params| params.answer());
        let expected = expected.map(|text| format!("permessage-deflate{text}"));
        assert_eq!(told, expected, "{offer:?} {wanted:?}");
    };
    check("", "", Some(""));
    check("; client_max_window_bits", "", Some(""));
    let client_10 = "; client_max_window_bits=10";
    check("; client_max_window_bits", client_10, Some(client_10));
    check(client_10, "; client_max_window_bits=12", Some(client_10));
    check("", client_10, None);
    let server_9 = "; server_max_window_bits=9";
    check(server_9, "", Some(server_9));
    check("", server_9, Some(server_9));
    check(server_9, "; server_max_window_bits=12", Some(server_9));
    check("; server_max_window_bits=8", "", None);
    let both = "; server_no_context_takeover; client_no_context_takeover";
    check(
        "; server_no_context_takeover",
        "; client_no_context_takeover",
        Some(both),
    );
}

#[test]
fn the_first_offer_that_can_be_taken_is_taken() {
    let check = |offers: &str, expected: Option<&str>| {
        let request = Request::new("GET", "/", "a")
            .with("Upgrade", "websocket")
            .with("Connection", "Upgrade")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Extensions", offers);
        let mut server = wanting("");
        quiet(|cx| server.handle_input(cx, &request.emit()));
        let (response, _) = Response::parse(&bytes_of(&mut server)).unwrap().unwrap();
        assert_eq!(response.headers.get("Sec-WebSocket-Extensions"), expected);
    };
    check(
        "x-webkit-deflate-frame, permessage-deflate",
        Some("permessage-deflate"),
    );
    check(
        "permessage-deflate; level=9, permessage-deflate; server_max_window_bits=8, \
         permessage-deflate; server_max_window_bits=\"10\", permessage-deflate",
        Some("permessage-deflate; server_max_window_bits=10"),
    );
    check("permessage-deflate; client_max_window_bits=99", None);
    check("permessage-bzip2", None);
}

#[test]
fn wrong_answers_fail_the_handshake() {
    let check = |offer: &str, answered: &str, expected: Option<HandshakeError>| {
        let mut options = ClientOptions::new("a", "/");
        options.deflate = deflate(params(offer));
        let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
        quiet(|cx| client.open(cx));
        let (request, _) = Request::parse(&bytes_of(&mut client)).unwrap().unwrap();
        let (response, _) = answer(&request, &ServerOptions::default()).unwrap();
        let response = response.with("Sec-WebSocket-Extensions", answered);
        quiet(|cx| client.handle_input(cx, &response.emit()));
        let error = match events_of(&mut client).remove(0) {
            Event::HandshakeFailed(error) => Some(error),
            _ => None,
        };
        assert_eq!(error, expected, "{answered}");
    };
    let name = "permessage-deflate";
    check("", name, None);
    check("", "x", Some(HandshakeError::Extension));
    check(
        "",
        &format!("{name}, {name}"),
        Some(HandshakeError::Extension),
    );
    let parameters = || Some(HandshakeError::ExtensionParameters);
    check(
        "",
        &format!("{name}; client_max_window_bits=10"),
        parameters(),
    );
    check(
        "; client_max_window_bits",
        &format!("{name}; client_max_window_bits"),
        parameters(),
    );
    check(
        "; client_max_window_bits",
        &format!("{name}; client_max_window_bits=8"),
        None,
    );
    check("; server_no_context_takeover", name, parameters());
    check(
        "; server_max_window_bits=9",
        &format!("{name}; server_max_window_bits=15"),
        parameters(),
    );
    check("", &format!("{name}; level=1"), parameters());
    check("", "permessage deflate", parameters());
}

fn text(len: usize) -> Message {
    Message::Text("layerwalk ".chars().cycle().take(len).collect())
}

#[test]
fn messages_are_compressed_and_come_through() {
    for agreement in [
        "",
        "; server_no_context_takeover; client_no_context_takeover",
    ] {
        let (mut client, mut server) = agreed(agreement, "");
        let mut lens = Vec::new();
        for _ in 0..2 {
            quiet(|cx| server.send(cx, text(1000))).unwrap();
            let bytes = bytes_of(&mut server);
            let (frame, _) = Frame::parse(&bytes).unwrap();
            assert_eq!((frame.rsv, frame.opcode), (RSV1, Opcode::Text));
            lens.push(bytes.len());
            quiet(|cx| client.handle_input(cx, &bytes));
            assert_eq!(events_of(&mut client), [Event::Message(text(1000))]);
        }
        assert!(lens[0] < 50, "{lens:?}");
        assert_eq!(lens[1] < lens[0], agreement.is_empty(), "{lens:?}");
    }
}

#[test]
fn short_messages_and_those_to_a_small_window_go_as_they_are() {
    let mut options = ClientOptions::new("a", "/");
    options.deflate = Some(DeflateOptions::default());
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    let mut server = wanting("; client_max_window_bits=8");
    quiet(|cx| client.open(cx));
    exchange(&mut client, &mut server);
    events_of(&mut server);
    quiet(|cx| client.send(cx, text(5000))).unwrap();
    let (frame, _) = Frame::parse(&bytes_of(&mut client)).unwrap();
    assert_eq!((frame.rsv, frame.payload.len()), (0, 5000));
    let options = ServerOptions {
        deflate: Some(DeflateOptions::default()),
        ..ServerOptions::default()
    };
    let mut server = WebSocket::server(options, None);
    let (mut client, _) = (self::client_offering(""), ());
    exchange(&mut client, &mut server);
    for (len, rsv) in [(1023, 0), (1024, RSV1)] {
        quiet(|cx| server.send(cx, text(len))).unwrap();
        let (frame, _) = Frame::parse(&bytes_of(&mut server)).unwrap();
        assert_eq!(frame.rsv, rsv, "{len}");
    }
}

fn client_offering(offer: &str) -> WebSocket {
    let mut options = ClientOptions::new("a", "/");
    options.deflate = deflate(params(offer));
    let mut client = WebSocket::client(options, Rng::new(1, "client"), None);
    quiet(|cx| client.open(cx));
    client
}

#[test]
fn fragments_of_a_compressed_message_with_a_ping_between() {
    let (mut client, mut server) = agreed("", "");
    quiet(|cx| client.send_with_pings(cx, text(3000), 10, b"now")).unwrap();
    let bytes = bytes_of(&mut client);
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while let Some((frame, len)) = Frame::parse(rest) {
        frames.push((frame.opcode, frame.rsv, frame.fin));
        rest = &rest[len..];
    }
    assert_eq!(frames[0], (Opcode::Text, RSV1, false));
    assert_eq!(frames[1], (Opcode::Ping, 0, true));
    assert_eq!(frames[2].1, 0);
    assert_eq!(frames.last(), Some(&(Opcode::Continuation, 0, true)));
    quiet(|cx| server.handle_input(cx, &bytes));
    let mut told = events_of(&mut server);
    assert_eq!(told.pop(), Some(Event::Message(text(3000))));
    for (number, event) in (1..).zip(told) {
        assert_eq!(event, Event::Ping(format!("now {number}").into_bytes()));
    }
    quiet(|cx| client.send(cx, Message::Text(String::new()))).unwrap();
    let (frame, _) = Frame::parse(&bytes_of(&mut client)).unwrap();
    assert_eq!((frame.rsv, &frame.payload[..]), (RSV1, &[0][..]));
}

/// What an open server that takes messages of 10,000 bytes says of frames.
fn judged(frames: &[Frame]) -> Vec<Event> {
    let options = ServerOptions {
        deflate: deflate(DeflateParams::default()),
        limits: Limits {
            max_message: 10_000,
            ..Limits::default()
        },
        ..ServerOptions::default()
    };
    let mut server = WebSocket::server(options, None);
    let mut client = client_offering("");
    exchange(&mut client, &mut server);
    events_of(&mut server);
    for frame in frames {
        let bytes = frame.clone().masked([9, 8, 7, 6]).emit();
        quiet(|cx| server.handle_input(cx, &bytes));
    }
    events_of(&mut server)
}

fn compressed(fin: bool, payload: &[u8]) -> Frame {
    Frame {
        fin,
        rsv: RSV1,
        ..Frame::new(Opcode::Text, payload)
    }
}

#[test]
fn what_inflates_wrong_or_too_far_is_stopped() {
    let check = |frames: &[Frame], expected: u16| {
        let told = judged(frames);
        let code = match told[0] {
            Event::ProtocolError { code, .. } => code,
            _ => 0,
        };
        assert_eq!(code, expected, "{told:?}");
    };
    let small = |len: usize| {
        let mut deflater = Deflater::new(6, 15, true).unwrap();
        compressed(true, &deflater.deflate(&vec![b'a'; len]))
    };
    check(&[small(10_000)], 0);
    check(&[small(10_001)], 1009);
    check(&[small(50_000_000)], 1009);
    check(&[compressed(true, &[0xff, 0xff])], 1007);
    let mut deflater = Deflater::new(6, 15, true).unwrap();
    check(&[compressed(true, &deflater.deflate(b"\xff\xfe"))], 1007);
    let continued = Frame {
        rsv: RSV1,
        ..Frame::new(Opcode::Continuation, [0])
    };
    check(&[compressed(false, &[0]), continued], 1002);
    let ping = Frame {
        rsv: RSV1,
        ..Frame::new(Opcode::Ping, "")
    };
    check(&[ping], 1002);
    let other_bit = Frame {
        rsv: 0b010,
        ..Frame::new(Opcode::Text, "")
    };
    check(&[other_bit], 1002);
    check(&[Frame::new(Opcode::Binary, vec![1; 10_001])], 1009);
}

proptest! {
    #[test]
    fn all_messages_come_through_in_any_cuts(
        messages in prop::collection::vec((any::<bool>(), 0usize..3000, 1usize..500), 1..8),
        bits in 9u8..=15,
        takeover: bool,
        cut in 1usize..700,
    ) {
        let mut wanted = format!("; server_max_window_bits={bits}; client_max_window_bits={bits}");
        if !takeover {
            wanted += "; server_no_context_takeover; client_no_context_takeover";
        }
        let (mut client, mut server) = agreed("; client_max_window_bits", &wanted);
        let mut sent = Vec::new();
        for (is_text, len, size) in messages {
            let message = match is_text {
                true => text(len),
                false => Message::Binary((0..len).map(|i| (i * i / 7) as u8).collect()),
            };
            quiet(|cx| client.send_fragmented(cx, message.clone(), size)).unwrap();
            quiet(|cx| server.send_fragmented(cx, message.clone(), size)).unwrap();
            sent.push(Event::Message(message));
        }
        let (up, down) = (bytes_of(&mut client), bytes_of(&mut server));
        for piece in up.chunks(cut) {
            quiet(|cx| server.handle_input(cx, piece));
        }
        for piece in down.chunks(cut) {
            quiet(|cx| client.handle_input(cx, piece));
        }
        prop_assert_eq!(&events_of(&mut server), &sent);
        prop_assert_eq!(&events_of(&mut client), &sent);
    }
}
