//! From a frame or a poll to packets with their fields.

use super::packet::{PROBE, PacketError, PacketType, SEPARATOR, from_base64};
use super::session::{DEFAULT_PATH, Session, VERSION as EIO};
use crate::proto::dissect::{Dissector, LayerBuilder, Span};
use crate::proto::registry::{Claim, Protocol, Reader, fields};
use crate::proto::tree::{FieldSpec, Severity};
use crate::proto::{data, json, socketio, text};

fields! {
    TYPE = "engineio.type", "Type", Dec;
    PAYLOAD = "engineio.payload", "Payload", Str;
    BINARY = "engineio.binary", "Binary payload", Bytes;
    PROBE_FIELD = "engineio.probe", "Probe", Bool;
    SID = "engineio.sid", "Session id", Str;
    UPGRADES = "engineio.upgrades", "Upgrades", Str;
    PING_INTERVAL = "engineio.ping_interval", "Ping interval (ms)", Dec;
    PING_TIMEOUT = "engineio.ping_timeout", "Ping timeout (ms)", Dec;
    MAX_PAYLOAD = "engineio.max_payload", "Largest payload (bytes)", Dec;
    RECORD_SEPARATOR = "engineio.separator", "Record separator", Hex(2);
    VERSION = "engineio.version", "Protocol version", Dec, stateful;
    ERROR_CODE = "engineio.error.code", "Error code", Dec;
    ERROR_MESSAGE = "engineio.error.message", "Error", Str;
    PACKET_EXPERT = "engineio.packet.expert", "No Engine.IO packet", None;
    VERSION_EXPERT = "engineio.version.expert", "A version that is not read", None;
}

/// Engine.IO, over HTTP bodies and WebSocket.
pub static PROTOCOL: Protocol = Protocol {
    id: "engineio",
    short: "Engine.IO",
    name: "Engine.IO",
    osi: 5,
    source: "https://socket.io/docs/v4/engine-io-protocol/",
    fields: FIELDS,
    claims: &[Claim::HttpPath(DEFAULT_PATH), Claim::HttpQuery("EIO")],
    reader: Reader::WithinMessage,
};

/// The members of the handshake.
static HANDSHAKE: &[(&str, &FieldSpec)] = &[
    ("sid", &SID),
    ("upgrades", &UPGRADES),
    ("pingInterval", &PING_INTERVAL),
    ("pingTimeout", &PING_TIMEOUT),
    ("maxPayload", &MAX_PAYLOAD),
];

/// The members of a refusal.
static REFUSAL: &[(&str, &FieldSpec)] = &[("code", &ERROR_CODE), ("message", &ERROR_MESSAGE)];

/// More packets of a poll than this are left as bytes.
const MOST: usize = 256;

/// More of them than this are not said in one line.
const MOST_SAID: usize = 8;

/// Adds the packet that a WebSocket message is.
pub(in crate::proto) fn add_frame(
    dissector: &mut Dissector<'_>,
    place: Span,
    is_text: bool,
    session: Session,
) {
    match is_text {
        _ if session.version != EIO => add_unread(dissector, place, session),
        true => add_text(dissector, place, place.len(), session),
        false => add_binary(dissector, place, session),
    }
}

/// Adds the packets of a poll's body.
pub(in crate::proto) fn add_payload(dissector: &mut Dissector<'_>, place: Span, session: Session) {
    if session.version != EIO {
        return add_unread(dissector, place, session);
    }
    let bytes = dissector.bytes;
    let mut rest = place;
    for part in parts(&bytes[place.range()]).take(MOST) {
        let is_last = rest.start + part.len() == rest.end;
        let whole = rest.limit(part.len() + usize::from(!is_last));
        add_text(dissector, whole, part.len(), session);
        rest = rest.skip(whole.len());
    }
    data::add(dissector, rest);
}

/// Adds what a server says where it refuses a request.
pub(in crate::proto) fn add_error(dissector: &mut Dissector<'_>, place: Span) {
    let mut b = dissector.layer(&PROTOCOL, place);
    let text = String::from_utf8_lossy(b.bytes()).into_owned();
    b.summary(format!("Engine.IO, refused: {text}"));
    put_members(&mut b, 0, REFUSAL);
    b.end();
}

/// One line about the packet that a WebSocket message is.
pub(in crate::proto) fn frame_info(bytes: &[u8], is_text: bool, session: Session) -> String {
    match is_text {
        _ if session.version != EIO => unread(session),
        true => text_info(bytes, session),
        false => binary_info(bytes.len(), session),
    }
}

/// One line about the packets of a poll's body; empty where there are none.
pub(in crate::proto) fn payload_info(body: &[u8], session: Session) -> String {
    if body.is_empty() {
        return String::new();
    }
    if session.version != EIO {
        return unread(session);
    }
    let mut said: Vec<String> = parts(body)
        .take(MOST_SAID + 1)
        .map(|part| text_info(part, session))
        .collect();
    if said.len() > MOST_SAID {
        said[MOST_SAID] = "…".into();
    }
    said.join(", ")
}

fn parts(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| char::from(*byte) == SEPARATOR)
}

fn unread(session: Session) -> String {
    format!("Engine.IO {}, not decoded", session.version)
}

/// Another version of the protocol, which writes its packets in another way.
fn add_unread(dissector: &mut Dissector<'_>, place: Span, session: Session) {
    let mut b = dissector.layer(&PROTOCOL, place);
    b.summary(unread(session));
    b.derived(&VERSION, session.version);
    let text = "Only version 4 is decoded here";
    b.expert(Severity::Note, &VERSION_EXPERT, 0..0, text);
    b.finish(0, place);
    data::add(dissector, place);
}

/// Adds a packet of text, of `len` bytes; after it, its layer may have the separator.
fn add_text(dissector: &mut Dissector<'_>, whole: Span, len: usize, session: Session) {
    let bytes = &dissector.bytes[whole.start..whole.start + len];
    let payload = whole.limit(len).skip(1);
    let first = bytes.first().copied();
    let kind = first.and_then(PacketType::from_digit);
    let mut b = dissector.layer(&PROTOCOL, whole);
    b.summary(format!("Engine.IO, {}", packet_name(bytes)));
    match kind {
        Some(kind) => {
            let text = format!("{} ({})", kind.name(), kind as u8);
            b.put(&TYPE, 0..1, kind as u8).text = text;
            put_text_payload(&mut b, kind, 1..len);
        }
        None if first == Some(b'b') => {
            let number = PacketType::Message as u8;
            b.put(&TYPE, 0..1, number).text = "message, bytes in base64 (b)".into();
            let coded = String::from_utf8_lossy(&bytes[1..]);
            let plain = from_base64(&coded);
            if len > 1 {
                b.put(&PAYLOAD, 1..len, coded.into_owned());
                b.nest(|b| {
                    b.put(&BINARY, 1..len, &plain[..]);
                });
            }
        }
        None => {
            let error = match bytes.is_empty() {
                true => PacketError::Empty,
                false => PacketError::Type,
            };
            let text = error.to_string();
            b.expert(Severity::Error, &PACKET_EXPERT, 0..len, text);
        }
    }
    if whole.len() > len {
        b.put(&RECORD_SEPARATOR, len..len + 1, SEPARATOR as u8);
    }
    b.derived(&VERSION, session.version);
    b.finish(len.min(1), payload);
    match kind {
        Some(PacketType::Message) => add_message(dissector, payload, session),
        None if first == Some(b'b') && session.has_attachments() => {
            let plain = from_base64(&String::from_utf8_lossy(&bytes[1..]));
            socketio::add_attachment(dissector, payload, &plain);
        }
        _ => {}
    }
}

fn put_text_payload(b: &mut LayerBuilder<'_, '_>, kind: PacketType, place: std::ops::Range<usize>) {
    if place.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(b.slice(place.clone())).into_owned();
    let is_probe = text == PROBE && matches!(kind, PacketType::Ping | PacketType::Pong);
    b.put(&PAYLOAD, place.clone(), text);
    b.nest(|b| match kind {
        PacketType::Open => put_members(b, place.start, HANDSHAKE),
        _ if is_probe => {
            b.put(&PROBE_FIELD, place, true);
        }
        _ => {}
    });
}

/// The known members of the JSON object that starts at `at` of the layer; its end is that of the packet.
fn put_members(b: &mut LayerBuilder<'_, '_>, at: usize, known: &[(&str, &'static FieldSpec)]) {
    let bytes = &b.bytes()[at..];
    let end = bytes.iter().position(|byte| char::from(*byte) == SEPARATOR);
    let Ok(text) = std::str::from_utf8(&bytes[..end.unwrap_or(bytes.len())]) else {
        return;
    };
    for (name, place) in json::members(text) {
        let Some((_, spec)) = known.iter().find(|(own, _)| *own == name) else {
            continue;
        };
        let value = &text[place.clone()];
        let range = at + place.start..at + place.end;
        match value.parse::<u64>() {
            Ok(number) => b.put(spec, range, number),
            Err(_) => b.put(spec, range, json::plain(value)),
        };
    }
}

/// Adds a message of bytes in a WebSocket frame of its own, which has no digit before it.
fn add_binary(dissector: &mut Dissector<'_>, place: Span, session: Session) {
    let mut b = dissector.layer(&PROTOCOL, place);
    b.summary(format!("Engine.IO, message of {} bytes", place.len()));
    let kind = PacketType::Message;
    b.derived(&TYPE, kind as u8).text = format!("{}, bytes ({})", kind.name(), kind as u8);
    if !place.is_empty() {
        b.raw(&BINARY, 0..place.len());
    }
    b.derived(&VERSION, session.version);
    b.finish(0, place);
    if session.has_attachments() {
        let bytes = dissector.bytes;
        socketio::add_attachment(dissector, place, &bytes[place.range()]);
    } else {
        data::add(dissector, place);
    }
}

fn add_message(dissector: &mut Dissector<'_>, place: Span, session: Session) {
    let message = std::str::from_utf8(&dissector.bytes[place.range()]);
    match message {
        Ok(message) if session.is_socketio(message) => socketio::add(dissector, place, message),
        Ok(_) => text::add(dissector, place),
        Err(_) => data::add(dissector, place),
    }
}

fn packet_name(bytes: &[u8]) -> String {
    match bytes.first() {
        Some(b'b') => "message of bytes".into(),
        Some(first) => match PacketType::from_digit(*first) {
            Some(kind) if &bytes[1..] == PROBE.as_bytes() => format!("{} {PROBE}", kind.name()),
            Some(kind) => kind.name().into(),
            None => "no packet".into(),
        },
        None => "an empty packet".into(),
    }
}

fn text_info(bytes: &[u8], session: Session) -> String {
    let rest = String::from_utf8_lossy(bytes.get(1..).unwrap_or_default());
    match bytes.first().copied() {
        Some(b'b') => binary_info(from_base64(&rest).len(), session),
        Some(b'0') => {
            let members = json::members(&rest).into_iter();
            let mut sids = members.filter(|(name, _)| name == "sid");
            let sid = sids.next().map(|(_, place)| json::plain(&rest[place]));
            sid.map_or_else(|| "open".into(), |sid| format!("open, sid {sid}"))
        }
        Some(b'4') if session.is_socketio(&rest) => socketio::info(&rest),
        Some(b'4') => format!("message \"{rest}\""),
        Some(first) if PacketType::from_digit(first).is_none() => {
            format!("no packet: \"{}\"", String::from_utf8_lossy(bytes))
        }
        _ => packet_name(bytes),
    }
}

/// What a server says where it refuses a request: `Session ID unknown`.
pub(in crate::proto) fn error_info(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let mut members = json::members(text).into_iter();
    let (_, place) = members.find(|(name, _)| name == "message")?;
    Some(json::plain(&text[place]))
}

fn binary_info(len: usize, session: Session) -> String {
    let what = if session.has_attachments() {
        "attachment"
    } else {
        "message"
    };
    format!("{what}, {len} bytes")
}

#[cfg(test)]
mod tests;
