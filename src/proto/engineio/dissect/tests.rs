use proptest::prelude::*;

use super::*;
use crate::proto::http::Http;
use crate::proto::stream::{Dir, Next, StreamProtocol};
use crate::proto::tree::{Dissection, Layer};
use crate::proto::websocket::{Frame, Opcode};

/// A message as it is looked at: its line, and its layers over its bytes.
struct Seen {
    info: String,
    bytes: Vec<u8>,
    dissection: Dissection,
}

impl Seen {
    fn layers(&self, id: &str) -> Vec<&Layer> {
        let layers = self.dissection.layers.iter();
        layers.filter(|layer| layer.protocol.id == id).collect()
    }

    /// Each field with this name: the bytes that it lies in, and its text.
    fn fields(&self, id: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for layer in &self.dissection.layers {
            let buffer = self.dissection.buffer(&self.bytes, layer.buffer);
            for field in layer.fields.iter().filter(|field| field.spec.id == id) {
                let bytes = String::from_utf8_lossy(&buffer[field.bytes()]);
                found.push((bytes.into_owned(), field.text.clone()));
            }
        }
        found
    }

    fn check_ranges(&self) {
        for layer in &self.dissection.layers {
            let len = self.dissection.buffer(&self.bytes, layer.buffer).len();
            assert!(layer.header.end <= len && layer.payload.end <= len);
            for field in &layer.fields {
                assert!(field.bits.start <= field.bits.end && field.bits.end <= len * 8);
            }
        }
    }
}

/// Reads a conversation, each part of which is whole messages of one end.
fn read(parts: &[(Dir, Vec<u8>)]) -> Vec<Seen> {
    let mut protocol: Box<dyn StreamProtocol> = Box::<Http>::default();
    let mut seen = Vec::new();
    for (dir, bytes) in parts {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let Next::Message(message) = protocol.next(*dir, rest, false) else {
                panic!("no message: {:?}", String::from_utf8_lossy(rest));
            };
            let (bytes, after) = rest.split_at(message.len);
            rest = after;
            let one = Seen {
                info: message.seed.info(bytes),
                bytes: bytes.to_vec(),
                dissection: message.seed.dissection(bytes),
            };
            one.check_ranges();
            seen.push(one);
            if let Some(upgrade) = message.upgrade {
                protocol = upgrade;
            }
        }
    }
    seen
}

fn get(target: &str, more: &str) -> (Dir, Vec<u8>) {
    let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n{more}\r\n");
    (Dir::ToServer, head.into())
}

fn post(target: &str, body: &str) -> (Dir, Vec<u8>) {
    let len = body.len();
    let text = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{body}");
    (Dir::ToServer, text.into())
}

fn answer(status: &str, kind: &str, body: &[u8]) -> (Dir, Vec<u8>) {
    let len = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\r\n");
    (Dir::ToClient, [head.as_bytes(), body].concat())
}

/// What the server answers to one poll at this target.
fn polled(target: &str, body: &[u8]) -> Seen {
    let parts = [
        get(target, ""),
        answer("200 OK", "text/plain; charset=UTF-8", body),
    ];
    read(&parts).pop().expect("an answer")
}

/// What a client's and a server's frames are after an upgrade at this target.
fn framed(target: &str, frames: &[(Dir, Frame)]) -> Vec<Seen> {
    let ask = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
               Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut parts = vec![get(target, ask), (Dir::ToClient, switch.into())];
    for (dir, frame) in frames {
        let frame = frame.clone();
        let frame = match dir {
            Dir::ToServer => frame.masked([1, 2, 3, 4]),
            Dir::ToClient => frame,
        };
        parts.push((*dir, frame.emit()));
    }
    read(&parts).split_off(2)
}

const POLL: &str = "/socket.io/?EIO=4&transport=polling&t=abc";
const SOCKET: &str = "/socket.io/?EIO=4&transport=websocket&sid=x";

fn pair(bytes: &str, text: &str) -> (String, String) {
    (bytes.to_owned(), text.to_owned())
}

#[test]
fn the_handshake_over_polling() {
    let open = r#"0{"sid":"lv_V","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    let seen = polled(POLL, open.as_bytes());
    assert_eq!(seen.info, "HTTP/1.1 200 OK: open, sid lv_V");
    let check = |id, bytes, text| assert_eq!(seen.fields(id), [pair(bytes, text)], "{id}");
    check("engineio.type", "0", "open (0)");
    check("engineio.sid", "\"lv_V\"", "lv_V");
    check("engineio.upgrades", "[\"websocket\"]", "[\"websocket\"]");
    check("engineio.ping_interval", "25000", "25000");
    check("engineio.ping_timeout", "20000", "20000");
    check("engineio.max_payload", "1000000", "1000000");
    check("engineio.version", "", "4");
}

#[test]
fn packets_of_a_poll_are_layers_of_their_own() {
    let body =
        "40/chat,{\"token\":1}\x1e42/chat,12[\"chat message\",\"hi\",{\"a\":1}]\x1e2\x1ebAQID";
    let seen = read(&[post(POLL, body)]).pop().expect("a request");
    assert!(
        seen.info.ends_with(
            ": CONNECT to /chat: {\"token\":1}, EVENT \"chat message\" to /chat, ack 12: \"hi\", {\"a\":1}, \
             ping, attachment, 3 bytes"
        ),
        "{}",
        seen.info
    );
    assert_eq!(seen.layers("engineio").len(), 4);
    assert_eq!(seen.layers("socketio").len(), 3);
    let of = |id| seen.fields(id);
    assert_eq!(of("engineio.separator").len(), 3);
    assert_eq!(
        of("socketio.type"),
        [pair("0", "CONNECT (0)"), pair("2", "EVENT (2)")]
    );
    assert_eq!(
        of("socketio.nsp"),
        [pair("/chat", "/chat"), pair("/chat", "/chat")]
    );
    assert_eq!(of("socketio.ack_id"), [pair("12", "12")]);
    assert_eq!(
        of("socketio.event"),
        [pair("\"chat message\"", "chat message")]
    );
    assert_eq!(
        of("socketio.argument"),
        [pair("\"hi\"", "\"hi\""), pair("{\"a\":1}", "{\"a\":1}")]
    );
    assert_eq!(of("engineio.binary")[0].0, "AQID");
    let bytes = &seen
        .dissection
        .field("socketio.attachment")
        .expect("it")
        .value;
    assert_eq!(*bytes, [1, 2, 3][..].into());
}

#[test]
fn frames_after_an_upgrade() {
    let text = |text: &str| Frame::new(Opcode::Text, text);
    let data = r#"451-["pic",{"_placeholder":true,"num":0}]"#;
    let seen = framed(
        SOCKET,
        &[
            (Dir::ToServer, text("2probe")),
            (Dir::ToClient, text("3probe")),
            (Dir::ToServer, text("5")),
            (Dir::ToClient, text("2")),
            (Dir::ToServer, text("3")),
            (Dir::ToServer, text(data)),
            (Dir::ToServer, Frame::new(Opcode::Binary, vec![9, 8])),
            (Dir::ToClient, text("433[\"ok\"]")),
            (Dir::ToClient, text("44/x,{\"message\":\"no\"}")),
            (Dir::ToClient, text("41")),
            (Dir::ToClient, text("42[\"a\"")),
            (Dir::ToClient, text("9")),
        ],
    );
    let infos: Vec<&str> = seen.iter().map(|seen| &seen.info[..]).collect();
    assert_eq!(
        infos,
        [
            "ping probe",
            "pong probe",
            "upgrade",
            "ping",
            "pong",
            "BINARY_EVENT \"pic\", 1 attachment: attachment 0",
            "attachment, 2 bytes",
            "ACK 3: \"ok\"",
            "CONNECT_ERROR to /x: {\"message\":\"no\"}",
            "DISCONNECT",
            "EVENT (malformed)",
            "no packet: \"9\""
        ]
    );
    // the layers of a masked frame lie over the payload in the clear
    assert_eq!(seen[0].fields("engineio.probe"), [pair("probe", "Set")]);
    assert_eq!(seen[5].fields("socketio.attachments"), [pair("1-", "1")]);
    assert_eq!(seen[5].fields("socketio.placeholder"), [pair("", "0")]);
    assert_eq!(seen[8].fields("socketio.message"), [pair("\"no\"", "no")]);
    assert_eq!(seen[10].dissection.experts.len(), 1);
    assert_eq!(seen[11].dissection.experts.len(), 1);
    assert!(
        seen[..10]
            .iter()
            .all(|seen| seen.dissection.experts.is_empty())
    );
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let plain = Frame::new(Opcode::Text, "42[\"a\"]");
    for target in [
        "/chat",
        "/chat?EIO=4",
        "/chat?transport=websocket",
        "/?EIO=x&transport=polling",
    ] {
        let seen = framed(target, &[(Dir::ToClient, plain.clone())]);
        assert_eq!(seen[0].info, "Text \"42[\"a\"]\"", "{target}");
        assert!(seen[0].layers("engineio").is_empty());
    }
    // any path will do where EIO is said; a message that is no Socket.IO is none there
    let own = "/live?EIO=4&transport=websocket";
    let other = Frame::new(Opcode::Text, "4hello");
    let seen = framed(
        own,
        &[(Dir::ToClient, plain.clone()), (Dir::ToClient, other)],
    );
    assert_eq!(seen[0].info, "EVENT \"a\"");
    assert_eq!(seen[1].info, "message \"hello\"");
    let engine = framed(
        "/engine.io/?EIO=4&transport=websocket",
        &[(Dir::ToClient, plain)],
    );
    assert_eq!(engine[0].info, "message \"2[\"a\"]\"");
    // the answer to what was posted, and a refusal
    let seen = read(&[post(POLL, "2"), answer("200 OK", "text/html", b"ok")]);
    assert!(seen[1].layers("engineio").is_empty());
    let refusal = br#"{"code":1,"message":"Session ID unknown"}"#;
    let seen = read(&[
        get(POLL, ""),
        answer("400 Bad Request", "application/json", refusal),
    ]);
    assert_eq!(seen[1].fields("engineio.error.code"), [pair("1", "1")]);
    assert_eq!(
        seen[1].fields("engineio.error.message")[0].1,
        "Session ID unknown"
    );
    assert!(seen[1].info.ends_with(": Session ID unknown"));
}

#[test]
fn version_3_is_named_and_not_decoded() {
    let seen = polled(
        "/socket.io/?EIO=3&transport=polling",
        b"96:0{\"sid\":\"x\"}2:40",
    );
    assert_eq!(seen.info, "HTTP/1.1 200 OK: Engine.IO 3, not decoded");
    assert_eq!(seen.fields("engineio.version"), [pair("", "3")]);
    assert!(seen.fields("engineio.type").is_empty());
}

#[test]
fn a_poll_of_separators_alone_makes_few_layers() {
    let seen = polled(POLL, &[SEPARATOR as u8; 100_000]);
    assert!(seen.dissection.layers.len() < 300);
    assert!(seen.info.len() < 300);
}

proptest! {
    #[test]
    fn any_body_does_no_harm(
        noise in prop::collection::vec(any::<u8>(), 1..80),
        text in "[0-7b]?[0-7]?[0-9]?-?(/[a-z]?,)?[0-9]?[\\[\\]{}\":,a\x1e]{1,20}",
        target in prop::sample::select(vec![POLL, "/x?EIO=4&transport=polling", "/engine.io/?EIO=3&transport=polling"]),
        to_server: bool,
    ) {
        let dir = if to_server { Dir::ToServer } else { Dir::ToClient };
        for body in [&noise[..], text.as_bytes()] {
            polled(target, body);
            let frames = [Opcode::Text, Opcode::Binary].map(|opcode| (dir, Frame::new(opcode, body)));
            framed(&target.replace("polling", "websocket"), &frames);
        }
    }
}
