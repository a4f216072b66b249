use proptest::prelude::*;

use super::*;
use crate::proto::websocket::Frame;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as it is looked at.
struct Seen {
    len: usize,
    info: String,
    dissection: Dissection,
}

/// Reads all frames of one direction, in pieces of at most `cut` bytes; and why it ended.
fn read(deflate: bool, dir: Dir, bytes: &[u8], cut: usize) -> (Vec<Seen>, Option<String>) {
    let mut protocol = WebSocket::new(deflate, None);
    let mut messages = Vec::new();
    let mut waiting = Vec::new();
    for piece in bytes.chunks(cut) {
        waiting.extend(piece);
        loop {
            match protocol.next(dir, &waiting, false) {
                Next::More => break,
                Next::NotMine(why) => return (messages, Some(why)),
                Next::Message(message) => {
                    let bytes: Vec<u8> = waiting.drain(..message.len).collect();
                    let seen = Seen {
                        len: message.len,
                        info: message.seed.info(&bytes),
                        dissection: message.seed.dissection(&bytes),
                    };
                    check_ranges(&seen, &bytes);
                    messages.push(seen);
                }
            }
            if waiting.is_empty() {
                break;
            }
        }
    }
    (messages, None)
}

fn check_ranges(message: &Seen, bytes: &[u8]) {
    let dissection = &message.dissection;
    for layer in &dissection.layers {
        let len = dissection.buffer(bytes, layer.buffer).len();
        assert!(
            layer.header.end <= len && layer.payload.end <= len,
            "{layer:?}"
        );
        for field in &layer.fields {
            assert!(
                field.bits.start <= field.bits.end && field.bits.end <= len * 8,
                "{field:?}"
            );
        }
    }
}

fn one(deflate: bool, dir: Dir, bytes: &[u8]) -> Seen {
    let (mut messages, end) = read(deflate, dir, bytes, usize::MAX);
    assert_eq!((messages.len(), end), (1, None));
    messages.remove(0)
}

fn value(message: &Seen, id: &str) -> Option<String> {
    let field = message.dissection.field(id)?;
    Some(field.value.tshark(field.spec.kind))
}

fn experts(messages: &[Seen]) -> Vec<&str> {
    let experts = messages
        .iter()
        .flat_map(|message| &message.dissection.experts);
    experts.map(|expert| expert.text.as_str()).collect()
}

#[test]
fn a_masked_text_is_shown_masked_and_clear() {
    let bytes = Frame::new(Opcode::Text, "Hello").masked(KEY).emit();
    let message = one(false, Dir::ToServer, &bytes);
    assert_eq!(message.info, "Text \"Hello\"");
    assert_eq!(message.len, 11);
    let check = |id: &str, expected: &str| {
        assert_eq!(value(&message, id).as_deref(), Some(expected), "{id}")
    };
    check("websocket.fin", "1");
    check("websocket.rsv", "0x00");
    check("websocket.opcode", "1");
    check("websocket.mask", "1");
    check("websocket.payload_length", "5");
    check("websocket.masking_key", "37fa213d");
    check("websocket.masked_payload", "1");
    check("websocket.payload", "1");
    check("websocket.payload.text", "Hello");
    let dissection = &message.dissection;
    let masked = dissection
        .field("websocket.masked_payload")
        .unwrap()
        .bytes();
    assert_eq!(&bytes[masked], [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    assert_eq!(dissection.derived[0].bytes, b"Hello");
    let piece = Piece {
        start: 0,
        len: 5,
        origin: Origin::Buffer(0, 6),
    };
    assert_eq!(dissection.derived[0].pieces, [piece]);
    let layers: Vec<_> = dissection
        .layers
        .iter()
        .map(|layer| (layer.protocol.id, layer.buffer))
        .collect();
    assert_eq!(
        layers,
        [("websocket", 0), ("websocket", 1), ("data-text-lines", 1)]
    );
    assert_eq!(experts(&[message]), [""; 0]);
}

#[test]
fn other_frames() {
    let check = |frame: Frame, id: &str, expected: Option<&str>, info: &str| {
        let message = one(false, Dir::ToClient, &frame.emit());
        assert_eq!(value(&message, id).as_deref(), expected, "{id}");
        assert_eq!(message.info, info);
        assert!(message.dissection.derived.is_empty());
    };
    let binary = |len| Frame::new(Opcode::Binary, vec![1; len]);
    check(binary(3), "data.data", Some("010101"), "Binary, 3 bytes");
    check(
        binary(200),
        "websocket.payload_length",
        Some("126"),
        "Binary, 200 bytes",
    );
    check(
        binary(200),
        "websocket.payload_length_ext_16",
        Some("200"),
        "Binary, 200 bytes",
    );
    check(
        binary(65536),
        "websocket.payload_length_ext_64",
        Some("65536"),
        "Binary, 65536 bytes",
    );
    check(
        Frame::new(Opcode::Ping, "Zeek"),
        "websocket.payload.ping",
        Some("5a65656b"),
        "Ping \"Zeek\"",
    );
    check(
        Frame::new(Opcode::Pong, ""),
        "websocket.payload",
        None,
        "Pong",
    );
    let bye = "Connection Close 1000 (Normal Closure) \"bye\"";
    check(
        Frame::close(Some(1000), "bye"),
        "websocket.payload.close.status_code",
        Some("1000"),
        bye,
    );
    check(
        Frame::close(Some(1000), "bye"),
        "websocket.payload.close.reason",
        Some("bye"),
        bye,
    );
    check(
        Frame::close(None, ""),
        "websocket.payload.close",
        None,
        "Connection Close",
    );
}

#[test]
fn compressed_payload_is_not_taken_for_text() {
    let mut first = Frame::new(Opcode::Text, vec![0xff, 0xfe]);
    (first.rsv, first.fin) = (RSV1, false);
    let last = Frame::new(Opcode::Continuation, vec![0xfd]);
    let bytes = [first.emit(), last.emit()].concat();
    let (messages, _) = read(true, Dir::ToClient, &bytes, usize::MAX);
    assert_eq!(experts(&messages), [""; 0]);
    for message in &messages {
        assert_eq!(value(message, "websocket.payload.text"), None);
        assert_eq!(value(message, "websocket.payload.continue"), None);
        assert!(value(message, "websocket.compressed").is_some());
    }
    assert_eq!(value(&messages[0], "websocket.pmc").as_deref(), Some("1"));
    assert_eq!(messages[0].info, "Text, 2 bytes, compressed (more follows)");
    let (messages, _) = read(false, Dir::ToClient, &bytes, usize::MAX);
    assert_eq!(
        experts(&messages)[0],
        "A reserved bit is set that no extension gives a meaning"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let check = |frames: &[Frame], expected: &[&str]| {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::emit).collect();
        let (messages, _) = read(false, Dir::ToServer, &bytes, usize::MAX);
        assert_eq!(messages.len(), frames.len());
        assert_eq!(experts(&messages), expected);
    };
    let frame = |opcode, payload: &[u8]| Frame::new(opcode, payload).masked(KEY);
    let part = |opcode, payload: &[u8]| Frame {
        fin: false,
        ..frame(opcode, payload)
    };
    check(
        &[Frame::new(Opcode::Text, "")],
        &["A client must mask its frames"],
    );
    check(
        &[frame(Opcode::Reserved(3), b"x")],
        &["This opcode is reserved"],
    );
    check(
        &[frame(Opcode::Ping, &[0; 126])],
        &["A control frame carries at most 125 bytes"],
    );
    check(
        &[part(Opcode::Ping, b"")],
        &["A control frame must not be fragmented"],
    );
    check(
        &[frame(Opcode::Continuation, b"")],
        &["A continuation, but no message was begun"],
    );
    let within = "A new message within a fragmented one";
    check(
        &[part(Opcode::Text, b"a"), frame(Opcode::Text, b"b")],
        &[within],
    );
    check(
        &[
            part(Opcode::Text, b"a"),
            frame(Opcode::Ping, b""),
            frame(Opcode::Continuation, b"b"),
        ],
        &[],
    );
    check(&[frame(Opcode::Text, b"\xff")], &["The text is not UTF-8"]);
    check(
        &[
            part(Opcode::Text, b"\xe2\x9c"),
            frame(Opcode::Continuation, b"\x93"),
        ],
        &[],
    );
    check(
        &[
            part(Opcode::Text, b"\xe2"),
            frame(Opcode::Continuation, b""),
        ],
        &["The text is not UTF-8"],
    );
    check(
        &[frame(Opcode::Close, b"x")],
        &["A Close with one byte, which is no code"],
    );
    check(
        &[frame(Opcode::Close, b"\x03\xed")],
        &["This close code may not be sent"],
    );
    check(
        &[frame(Opcode::Close, b"\x03\xe8\xff")],
        &["The close reason is not UTF-8"],
    );
    let late = [frame(Opcode::Close, b""), frame(Opcode::Text, b"x")];
    check(&late, &["Nothing may follow a Close"]);
    let masked = one(false, Dir::ToClient, &frame(Opcode::Text, b"").emit());
    assert_eq!(experts(&[masked]), ["A server must not mask its frames"]);
    let wide = one(false, Dir::ToClient, &[0x82, 126, 0, 1, 7]);
    assert_eq!(
        experts(&[wide]),
        ["The length is not written in the fewest bytes"]
    );
}

#[test]
fn a_claimed_length_is_waited_for_and_not_believed() {
    let header = [0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3];
    let mut protocol = WebSocket::new(false, None);
    assert!(matches!(
        protocol.next(Dir::ToClient, &header, false),
        Next::More
    ));
    assert!(matches!(
        protocol.next(Dir::ToClient, &header, true),
        Next::NotMine(_)
    ));
}

proptest! {
    #[test]
    fn cuts_change_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 1usize..50, deflate: bool, up: bool) {
        let dir = if up { Dir::ToServer } else { Dir::ToClient };
        let (whole, end) = read(deflate, dir, &bytes, usize::MAX);
        let (pieces, other_end) = read(deflate, dir, &bytes, cut);
        let of = |messages: Vec<Seen>| -> Vec<_> {
            messages.into_iter().map(|message| (message.len, message.info, message.dissection)).collect()
        };
        prop_assert_eq!(of(pieces), of(whole));
        prop_assert_eq!(other_end, end);
    }
}
