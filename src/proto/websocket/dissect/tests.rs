use proptest::prelude::*;

use super::*;
use crate::proto::tree::{Origin, Piece};
use crate::proto::websocket::frame::RSV1;
use crate::proto::websocket::{Deflater, Frame};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as it is looked at.
struct Seen {
    len: usize,
    info: String,
    dissection: Dissection,
}

/// Reads all frames of one direction, in pieces of at most `cut` bytes; and why it ended.
fn read(deflate: bool, dir: Dir, bytes: &[u8], cut: usize) -> (Vec<Seen>, Option<String>) {
    let mut protocol = WebSocket::new(deflate.then(Default::default), None);
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

/// The frames of a message that is compressed, in `parts` pieces.
fn compressed(deflater: &mut Deflater, opcode: Opcode, message: &[u8], parts: usize) -> Vec<Frame> {
    let small = deflater.deflate(message);
    let pieces: Vec<&[u8]> = small.chunks(small.len().div_ceil(parts)).collect();
    let frame = |(i, piece): (usize, &&[u8])| Frame {
        fin: i + 1 == pieces.len(),
        rsv: if i == 0 { RSV1 } else { 0 },
        ..Frame::new(if i == 0 { opcode } else { Opcode::Continuation }, *piece)
    };
    pieces.iter().enumerate().map(frame).collect()
}

fn emit(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::emit).collect()
}

#[test]
fn compressed_messages_are_shown_both_ways() {
    let mut deflater = Deflater::new(6, 15, true).unwrap();
    let text = "the same again, the same again";
    let mut frames = compressed(&mut deflater, Opcode::Text, text.as_bytes(), 1);
    frames.extend(compressed(&mut deflater, Opcode::Text, text.as_bytes(), 3));
    assert!(frames.iter().all(|frame| frame.payload.len() < text.len()));
    frames = frames.into_iter().map(|frame| frame.masked(KEY)).collect();
    let (messages, _) = read(true, Dir::ToServer, &emit(&frames), usize::MAX);
    assert_eq!(experts(&messages), [""; 0]);
    let first = &messages[0];
    let small = frames[0].payload.len();
    assert_eq!(
        first.info,
        format!("Text \"{text}\" (inflated from {small} bytes)")
    );
    assert_eq!(
        value(first, "websocket.payload.text").as_deref(),
        Some(text)
    );
    assert_eq!(value(first, "websocket.pmc").as_deref(), Some("1"));
    assert!(value(first, "websocket.compressed").is_some());
    let lens = |message: &Seen| {
        let number = |id| value(message, id).and_then(|text| text.parse::<usize>().ok());
        (
            number("websocket.compressed_length"),
            number("websocket.inflated_length"),
            number("websocket.fragment.count"),
        )
    };
    assert_eq!(lens(first), (Some(small), Some(text.len()), None));
    let derived = &first.dissection.derived;
    assert_eq!(derived[0].bytes, frames[0].payload);
    assert_eq!(derived[1].bytes, text.as_bytes());
    assert_eq!(derived[1].pieces[0].origin, Origin::Made(1, 0, small));
    // The second message needs the window that the first one left.
    let last = messages.last().unwrap();
    assert!(messages.len() > 2);
    assert_eq!(value(last, "websocket.payload.text").as_deref(), Some(text));
    let fragments = messages.len() - 1;
    assert_eq!(lens(last).2, Some(fragments));
    assert_eq!(lens(last).1, Some(text.len()));
    assert_eq!(value(&messages[1], "websocket.payload.text"), None);
    assert!(value(&messages[1], "websocket.compressed").is_some());
    // What was not agreed is not inflated.
    let (messages, _) = read(false, Dir::ToServer, &emit(&frames), usize::MAX);
    assert_eq!(
        experts(&messages)[0],
        "A reserved bit is set that no extension gives a meaning"
    );
}

#[test]
fn what_cannot_be_inflated_is_said_and_shown_as_it_is() {
    let broken = Frame {
        rsv: RSV1,
        ..Frame::new(Opcode::Text, vec![0xff, 0xfe])
    };
    let mut deflater = Deflater::new(6, 15, true).unwrap();
    let mut frames = vec![broken];
    frames.extend(compressed(&mut deflater, Opcode::Text, b"later", 1));
    frames.push(Frame::new(Opcode::Text, "plain"));
    let (messages, _) = read(true, Dir::ToClient, &emit(&frames), usize::MAX);
    assert_eq!(
        experts(&messages),
        ["The compressed data cannot be inflated"]
    );
    assert_eq!(messages[0].info, "Text, 2 bytes, compressed");
    assert_eq!(value(&messages[1], "websocket.payload.text"), None);
    let text = value(&messages[2], "websocket.payload.text");
    assert_eq!(text.as_deref(), Some("plain"));

    let mut deflater = Deflater::new(6, 15, true).unwrap();
    let frames = compressed(&mut deflater, Opcode::Text, b"\xff\xfe", 1);
    let (messages, _) = read(true, Dir::ToClient, &emit(&frames), usize::MAX);
    assert_eq!(experts(&messages), ["The text is not UTF-8"]);
}

#[test]
fn a_bomb_is_not_kept() {
    let bomb = Deflater::new(9, 15, true)
        .unwrap()
        .deflate(&vec![0; 40_000_000]);
    let frame = Frame {
        rsv: RSV1,
        ..Frame::new(Opcode::Binary, bomb)
    };
    let message = one(true, Dir::ToClient, &frame.emit());
    assert!(message.dissection.derived.is_empty());
    let shown = message.dissection.field("websocket.compressed").unwrap();
    assert!(
        shown.text.ends_with("not inflated: too long to be kept"),
        "{}",
        shown.text
    );
    // Many messages that can be kept each are not kept all.
    let mut deflater = Deflater::new(9, 15, true).unwrap();
    let small = deflater.deflate(&vec![0; 15_000_000]);
    let frame = Frame {
        rsv: RSV1,
        ..Frame::new(Opcode::Binary, small)
    };
    let mut protocol = WebSocket::new(Some(Default::default()), None);
    let bytes = frame.emit();
    let kept = (0..8).filter(|_| match protocol.next(Dir::ToClient, &bytes, false) {
        Next::Message(message) => !message.seed.dissection(&bytes).derived.is_empty(),
        _ => false,
    });
    assert_eq!(kept.count(), 4);
}

#[test]
fn the_last_fragment_shows_the_whole_message() {
    let text = "across three frames";
    let parts = ["across ", "three ", "frames"];
    let mut frames: Vec<Frame> = parts
        .iter()
        .enumerate()
        .map(|(i, part)| Frame {
            fin: i == 2,
            ..Frame::new(
                if i == 0 {
                    Opcode::Text
                } else {
                    Opcode::Continuation
                },
                *part,
            )
        })
        .collect();
    frames.insert(1, Frame::new(Opcode::Ping, ""));
    let (messages, _) = read(false, Dir::ToClient, &emit(&frames), 3);
    assert_eq!(messages[1].info, "Ping");
    assert_eq!(messages[2].info, "Continuation, 6 bytes (more follows)");
    let last = &messages[3];
    assert_eq!(
        last.info,
        format!("Text \"{text}\" (put together in 3 frames)")
    );
    assert_eq!(value(last, "websocket.payload.text").as_deref(), Some(text));
    assert_eq!(
        value(last, "websocket.fragment.count").as_deref(),
        Some("3")
    );
    assert_eq!(
        value(last, "websocket.reassembled.length").as_deref(),
        Some("19")
    );
    let derived = &last.dissection.derived[0];
    assert_eq!(derived.bytes, text.as_bytes());
    let piece = Piece {
        start: 13,
        len: 6,
        origin: Origin::Buffer(0, 2),
    };
    assert_eq!(derived.pieces, [piece]);
}

#[test]
fn engineio_is_found_in_compressed_and_fragmented_messages() {
    let session =
        crate::proto::engineio::Session::of_target("/socket.io/?EIO=4&transport=websocket");
    assert!(session.is_some());
    let mut deflater = Deflater::new(6, 15, true).unwrap();
    let mut frames = compressed(&mut deflater, Opcode::Text, br#"42["hi",1]"#, 1);
    frames.extend(compressed(&mut deflater, Opcode::Text, br#"42["hi",2]"#, 2));
    let mut protocol = WebSocket::new(Some(Default::default()), session);
    let mut said = Vec::new();
    for frame in frames {
        let bytes = frame.emit();
        let Next::Message(message) = protocol.next(Dir::ToServer, &bytes, false) else {
            panic!("no frame");
        };
        let dissection = message.seed.dissection(&bytes);
        let args = dissection.field("socketio.type").is_some();
        said.push((message.seed.info(&bytes), args));
    }
    assert!(said[0].0.starts_with("EVENT "), "{said:?}");
    assert!(said[0].1 && !said[1].1 && said[2].1, "{said:?}");
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
    let mut protocol = WebSocket::new(None, None);
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
