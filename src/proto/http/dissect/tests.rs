use proptest::prelude::*;

use super::*;
use crate::proto::tree::{Dissection, Kind};

/// What a conversation came to: each message's line, and what ended a direction.
#[derive(Debug, Default, PartialEq)]
struct Told {
    messages: Vec<(Dir, usize, Dissection)>,
    ends: [Option<String>; 2],
    upgraded: bool,
}

/// Reads a conversation in which each part is one end's bytes, handed over in pieces of at most `cut` bytes.
fn read(parts: &[(Dir, &[u8])], cut: usize, closed: bool) -> Told {
    let mut told = Told::default();
    let mut waiting: [Vec<u8>; 2] = Default::default();
    let mut protocol: Box<dyn StreamProtocol> = Box::<Http>::default();
    for (dir, bytes) in parts {
        for piece in bytes.chunks(cut) {
            waiting[dir.index()].extend(piece);
            for dir in [*dir, dir.reverse()] {
                take(&mut told, &mut protocol, &mut waiting, dir, false);
            }
        }
    }
    if closed {
        for dir in [Dir::ToServer, Dir::ToClient] {
            take(&mut told, &mut protocol, &mut waiting, dir, true);
        }
    }
    told
}

fn take(
    told: &mut Told,
    protocol: &mut Box<dyn StreamProtocol>,
    waiting: &mut [Vec<u8>; 2],
    dir: Dir,
    closed: bool,
) {
    let bytes = &mut waiting[dir.index()];
    while !bytes.is_empty() && told.ends[dir.index()].is_none() {
        match protocol.next(dir, bytes, closed) {
            Next::More => return,
            Next::NotMine(why) => told.ends[dir.index()] = Some(why),
            Next::Message(message) => {
                let taken: Vec<u8> = bytes.drain(..message.len).collect();
                let dissection = message.seed.dissection(&taken);
                check_ranges(&dissection, &taken);
                told.messages.push((dir, message.len, dissection));
                if let Some(upgrade) = message.upgrade {
                    told.upgraded = true;
                    *protocol = upgrade;
                }
            }
        }
    }
}

/// All places lie in their buffers, and derived bytes come from where they say.
fn check_ranges(dissection: &Dissection, bytes: &[u8]) {
    assert!(!bytes.is_empty());
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
    for derived in &dissection.derived {
        let total: usize = derived.pieces.iter().map(|piece| piece.len).sum();
        assert_eq!(total, derived.bytes.len());
    }
    for expert in &dissection.experts {
        assert!(expert.layer < dissection.layers.len());
    }
}

fn up(text: &str) -> (Dir, &[u8]) {
    (Dir::ToServer, text.as_bytes())
}

fn down(text: &str) -> (Dir, &[u8]) {
    (Dir::ToClient, text.as_bytes())
}

/// The values of a field in all messages, as tshark writes them.
fn values(told: &Told, id: &str) -> Vec<String> {
    let layers = told
        .messages
        .iter()
        .flat_map(|(_, _, dissection)| &dissection.layers);
    let fields = layers
        .flat_map(|layer| &layer.fields)
        .filter(|field| field.spec.id == id);
    fields
        .map(|field| field.value.tshark(field.spec.kind))
        .collect()
}

fn experts(told: &Told) -> Vec<&str> {
    let experts = told
        .messages
        .iter()
        .flat_map(|(_, _, dissection)| &dissection.experts);
    experts.map(|expert| expert.text.as_str()).collect()
}

#[test]
fn a_request_and_its_response() {
    let told = read(
        &[
            up("GET /a?x=1&y HTTP/1.1\r\nHost: h:1\r\nX-Odd:  v \r\n\r\n"),
            down("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"),
        ],
        usize::MAX,
        false,
    );
    let check = |id: &str, expected: &[&str]| assert_eq!(values(&told, id), expected, "{id}");
    check("http.request.method", &["GET"]);
    check("http.request.uri", &["/a?x=1&y"]);
    check("http.request.uri.path", &["/a"]);
    check("http.request.uri.query", &["x=1&y"]);
    check("http.request.uri.query.parameter", &["x=1", "y"]);
    check("http.request.version", &["HTTP/1.1"]);
    check("http.host", &["h:1"]);
    check("http.request.line", &["Host: h:1\r\n", "X-Odd:  v \r\n"]);
    check("http.request.full_uri", &["http://h:1/a?x=1&y"]);
    check("http.request", &["1"]);
    check("http.request_number", &["1"]);
    check("http.response.code", &["200"]);
    check("http.response.code.desc", &["OK"]);
    check("http.response.phrase", &["OK"]);
    check("http.content_length_header", &["6"]);
    check("http.content_length", &["6"]);
    check("http.file_data", &["hello\n"]);
    check("http.response_for.uri", &["http://h:1/a?x=1&y"]);
    assert_eq!(experts(&told), [""; 0]);
    let layers: Vec<_> = told.messages[1]
        .2
        .layers
        .iter()
        .map(|layer| layer.protocol.id)
        .collect();
    assert_eq!(layers, ["http", "data-text-lines"]);
    let uri = told.messages[0].2.field("http.request.uri").unwrap();
    assert_eq!(uri.bytes(), 4..12);
}

#[test]
fn bodies_end_where_they_end() {
    let check = |method: &str, response: &str, closed, lens: &[usize], end: Option<&str>| {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let told = read(&[up(&request), down(response)], usize::MAX, closed);
        let found: Vec<_> = told.messages[1..].iter().map(|(_, len, _)| *len).collect();
        assert_eq!(found, lens, "{method} {response:?}");
        assert_eq!(told.ends[1].as_deref(), end, "{method} {response:?}");
        told
    };
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    check("GET", length, false, &[41], None);
    check("GET", &length[..40], false, &[], None);
    let told = check("GET", &length[..40], true, &[40], None);
    assert_eq!(experts(&told), ["The body ends after 2 of 3 bytes"]);
    check("GET", &[length, length].concat(), false, &[41, 41], None);
    check("HEAD", &length[..38], false, &[38], None);
    let until_close = "HTTP/1.0 200 OK\r\n\r\nabc";
    check("GET", until_close, false, &[], None);
    check("GET", until_close, true, &[22], None);
    let no_content = "HTTP/1.1 204 No Content\r\n\r\n";
    check(
        "GET",
        &[no_content, length].concat(),
        false,
        &[27, 41],
        None,
    );
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    check(
        "HEAD",
        &[interim, &length[..38]].concat(),
        false,
        &[25, 38],
        None,
    );
    let lost = Some("after a body without a certain end");
    let bad = "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc";
    let told = check("GET", bad, false, &[39], lost);
    assert_eq!(
        experts(&told),
        ["Content-Length is not a number that a length can be"]
    );
    check(
        "CONNECT",
        &[no_content, "\x16\x03"].concat(),
        false,
        &[27],
        Some("a tunnel through a proxy"),
    );
}

#[test]
fn chunks_are_put_together() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n";
    let body = "4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nX: y\r\n\r\n";
    let whole = format!("{head}{body}");
    let told = read(&[down(&whole)], usize::MAX, false);
    assert_eq!(values(&told, "http.chunk_size"), ["4", "5", "0"]);
    assert_eq!(values(&told, "http.chunk_data"), ["57696b69", "7065646961"]);
    assert_eq!(values(&told, "http.chunk_boundary"), ["0d0a", "0d0a"]);
    assert_eq!(values(&told, "http.chunked_trailer_part"), ["X: y"]);
    assert_eq!(values(&told, "http.file_data"), ["Wikipedia"]);
    let derived = &told.messages[0].2.derived[0];
    for piece in &derived.pieces {
        let Some((0, at)) = origin(piece.origin) else {
            panic!()
        };
        let from = &whole.as_bytes()[at..at + piece.len];
        assert_eq!(from, &derived.bytes[piece.start..piece.start + piece.len]);
    }
    let cut = read(&[down(&whole[..whole.len() - 20])], usize::MAX, true);
    assert_eq!(experts(&cut), ["The body ends before its last chunk"]);
    let bad = whole.replace("\r\n5\r\n", "\r\n10000000000000000\r\n");
    let told = read(&[down(&bad)], usize::MAX, false);
    assert_eq!(
        experts(&told),
        ["No chunk: a chunk size that is no number, or too large"]
    );
    assert_eq!(values(&told, "http.file_data"), ["Wiki"]);
}

fn origin(origin: crate::proto::tree::Origin) -> Option<(usize, usize)> {
    match origin {
        crate::proto::tree::Origin::Buffer(buffer, at) => Some((buffer, at)),
        _ => None,
    }
}

#[test]
fn what_is_odd_is_said() {
    let check = |request: &str, expected: &[&str]| {
        let told = read(&[up(request)], usize::MAX, false);
        assert_eq!(experts(&told), expected, "{request:?}");
    };
    check(
        "\r\nGET / HTTP/1.1\r\n\r\n",
        &["An empty line before the message"],
    );
    check(
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        &[
            "Content-Length and Transfer-Encoding together: two readers may disagree on where this ends",
        ],
    );
    check(
        "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        &[
            "no HTTP/1.1 head: an invalid character in a header name",
            "A header line is folded, which RFC 9112 §5.2 no longer allows",
        ],
    );
    check(
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        &["no HTTP/1.1 head: an invalid character in a header name"],
    );
    check(
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
        &["Sec-WebSocket-Key is not the base64 of 16 bytes"],
    );
}

#[test]
fn what_is_no_http_is_left_alone() {
    let check = |bytes: &str, closed, why: &str| {
        let told = read(&[up(bytes)], usize::MAX, closed);
        assert_eq!(told.ends[0].as_deref(), Some(why), "{bytes:?}");
        assert!(told.messages.is_empty());
    };
    check("GET /\r\n\r\n", false, "HTTP/0.9, which has no heads");
    check("\x16\x03\x01\x02", false, "no HTTP/1.1");
    check(
        "EHLO a\r\n\r\n",
        false,
        "no HTTP/1.1 request line or status line",
    );
    check(
        "GET / HTTP/1.1\r\n",
        true,
        "the stream ends within an HTTP head",
    );
    let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(70_000));
    check(&long, false, "an HTTP head of more than 64 KiB");
}

#[test]
fn how_http_looks() {
    for yes in [
        "G",
        "GET ",
        "GET / HTTP/1.1\r\n",
        "\r\nPOST /",
        "HTT",
        "HTTP/1.1 200",
        "GET /a b",
    ] {
        assert!(Http::looks_like(yes.as_bytes()), "{yes:?}");
    }
    for no in [
        "",
        "get / HTTP/1.1",
        "GET /\r\n",
        "HTTP/2",
        "PRI * HTTP/2.0\r\n",
        "\x16\x03",
        "EHLO x",
        "GETS ",
    ] {
        assert!(!Http::looks_like(no.as_bytes()), "{no:?}");
    }
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn upgrade(extra: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n"
    )
}

fn switching(accept: &str, extra: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{extra}\r\n"
    )
}

#[test]
fn an_upgrade_to_websocket_is_checked() {
    let right = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    let check = |asked: &str, accept: &str, extra: &str, expected: &[&str]| {
        let (request, response) = (upgrade(asked), switching(accept, extra));
        // What the client sends before it has the answer may be a frame: it waits, and is one.
        let early = "\u{1}\u{0}";
        let parts = [
            up(&request),
            up(early),
            down(&response),
            down("\u{1}\u{2}hi"),
        ];
        let told = read(&parts, usize::MAX, false);
        assert_eq!(experts(&told)[..expected.len()], *expected);
        assert!(told.upgraded);
        let kinds: Vec<_> = told
            .messages
            .iter()
            .map(|(_, _, d)| d.layers[0].protocol.id)
            .collect();
        assert_eq!(kinds, ["http", "http", "websocket", "websocket"]);
    };
    check("", right, "", &[]);
    check(
        "",
        "wrong=",
        "",
        &["Sec-WebSocket-Accept is wrong: the key asks for s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    );
    let chat = "Sec-WebSocket-Protocol: chat\r\n";
    check("", right, chat, &["The subprotocol chat was not asked for"]);
    check("Sec-WebSocket-Protocol: x, chat\r\n", right, chat, &[]);
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    check(
        "",
        right,
        deflate,
        &["The extension permessage-deflate was not asked for"],
    );
    check(
        deflate,
        right,
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        &[],
    );
}

#[test]
fn a_refused_upgrade_stays_http() {
    let request = upgrade("");
    let response = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n";
    let parts = [up(&request), down(response), up("GET / HTTP/1.1\r\n\r\n")];
    let told = read(&parts, usize::MAX, false);
    assert_eq!(told.messages.len(), 3);
    assert!(!told.upgraded);
}

#[test]
fn every_kind_fits_its_values() {
    let request = upgrade("");
    let response = switching("x", "");
    let told = read(
        &[up(&request), down(&response), down("\u{9}\u{1}x")],
        usize::MAX,
        false,
    );
    let layers = told
        .messages
        .iter()
        .flat_map(|(_, _, dissection)| &dissection.layers);
    for field in layers.flat_map(|layer| &layer.fields) {
        use crate::proto::tree::Value;
        let fits = match field.spec.kind {
            Kind::None => field.value == Value::None,
            Kind::Bool => matches!(field.value, Value::Bool(_)),
            Kind::Dec | Kind::Hex(_) => matches!(field.value, Value::Uint(_)),
            Kind::Str => matches!(field.value, Value::Str(_)),
            Kind::Bytes => matches!(field.value, Value::Bytes(_)),
            _ => false,
        };
        assert!(fits, "{field:?}");
    }
}

proptest! {
    #[test]
    fn cuts_change_nothing(
        parts in prop::collection::vec((any::<bool>(), 0usize..PARTS.len()), 0..8),
        noise in prop::collection::vec(any::<u8>(), 0..30),
        cut in 1usize..40,
        closed: bool,
    ) {
        let mut conversation: Vec<(Dir, &[u8])> = parts
            .iter()
            .map(|(to_client, part)| {
                let dir = if *to_client { Dir::ToClient } else { Dir::ToServer };
                (dir, PARTS[*part].as_bytes())
            })
            .collect();
        conversation.push((Dir::ToClient, &noise));
        let whole = read(&conversation, usize::MAX, closed);
        let pieces = read(&conversation, cut, closed);
        prop_assert_eq!(pieces.messages, whole.messages);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1usize..40, closed: bool) {
        let whole = read(&[(Dir::ToServer, &bytes)], usize::MAX, closed);
        prop_assert_eq!(read(&[(Dir::ToServer, &bytes)], cut, closed).messages, whole.messages);
        let _ = Http::looks_like(&bytes);
    }
}

/// Pieces that make some sense in any order, and some that make none.
const PARTS: [&str; 12] = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
    "\r\n",
];

/// Hands over `parts` one after the other, of which each time all that was handed over before is blotted out: only what is
/// looked at a second time shows it.
fn read_blotted(http: &mut Http, parts: &[&[u8]], keep: usize) -> Vec<&'static str> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut told = Vec::new();
    for part in parts {
        let seen = bytes.len();
        bytes[keep.min(seen)..].fill(b'\n');
        bytes.extend(*part);
        told.push(match http.next(Dir::ToClient, &bytes, false) {
            Next::More => "more",
            Next::NotMine(_) => "not mine",
            Next::Message(_) => "message",
        });
    }
    told
}

#[test]
fn what_was_read_of_a_message_is_not_read_again() {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk: &[u8] = b"1\r\nz\r\n";
    let parts = [head, chunk, chunk, chunk, b"0\r\n\r\n"];
    let told = read_blotted(&mut Http::default(), &parts, head.len());
    assert_eq!(told, ["more", "more", "more", "more", "message"]);

    let mut search = HeadSearch::default();
    let mut bytes = b"HTTP/1.1 200 OK\r\nServer: aaaaaaaaaaaa".to_vec();
    assert_eq!(search.find(&bytes), Found::More);
    bytes[16..30].fill(b'\n');
    bytes.extend(b"bb");
    assert_eq!(search.find(&bytes), Found::More);
    assert!(matches!(Lines::find(&bytes), Found::Head(_)));
}

#[test]
fn a_body_that_is_cut_or_wrong_is_dissected_again_with_its_fault() {
    let check = |body: &str, expected: &str| {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let told = read(&[down(&text)], usize::MAX, true);
        let (_, len, dissection) = &told.messages[0];
        assert!(*len <= text.len());
        let experts = dissection.experts.iter().map(|expert| expert.text.as_str());
        assert!(
            experts.into_iter().any(|text| text == expected),
            "{dissection:?}"
        );
    };
    check(
        "1\r\nz\r\nx\r\n",
        "No chunk: a chunk size that is no number, or too large",
    );
    check("1\r\nzz\r\n", "No chunk: no line end after a chunk's data");
    check("1\r\nz\r\n5\r\nab", "The body ends before its last chunk");
}
