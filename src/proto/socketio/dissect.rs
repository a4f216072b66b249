//! From a message of Engine.IO to a packet with its fields.

use super::packet::placeholder;
use super::parts::{PacketType, Parts};
use crate::proto::dissect::{Dissector, LayerBuilder, Span};
use crate::proto::json;
use crate::proto::registry::{Claim, Protocol, Reader, fields};
use crate::proto::tree::Severity;

fields! {
    TYPE = "socketio.type", "Type", Dec;
    ATTACHMENTS = "socketio.attachments", "Attachments", Dec;
    NSP = "socketio.nsp", "Namespace", Str;
    ACK_ID = "socketio.ack_id", "Acknowledgment id", Dec;
    DATA = "socketio.data", "Data", Str;
    EVENT = "socketio.event", "Event", Str;
    ARGUMENT = "socketio.argument", "Argument", Str;
    PLACEHOLDER = "socketio.placeholder", "Stands for attachment", Dec;
    SID = "socketio.sid", "Socket id", Str;
    MESSAGE = "socketio.message", "Message", Str;
    ATTACHMENT = "socketio.attachment", "Attachment", Bytes;
    PACKET_EXPERT = "socketio.packet.expert", "No Socket.IO packet", None;
}

/// Socket.IO, over messages of Engine.IO.
pub static PROTOCOL: Protocol = Protocol {
    id: "socketio",
    short: "Socket.IO",
    name: "Socket.IO",
    osi: 7,
    source: "https://socket.io/docs/v4/socket-io-protocol/",
    fields: FIELDS,
    claims: &[Claim::HttpPath("/socket.io")],
    reader: Reader::WithinMessage,
};

/// More arguments than this are shown in the data alone.
const MOST: usize = 64;

/// Adds the packet that `text`, the bytes of `place`, is.
pub(in crate::proto) fn add(dissector: &mut Dissector<'_>, place: Span, text: &str) {
    let (parts, fault) = Parts::read(text);
    let mut b = dissector.layer(&PROTOCOL, place);
    b.summary(format!("Socket.IO, {}", info(text)));
    if let Some(kind) = parts.kind {
        b.put(&TYPE, 0..1, kind as u8).text = format!("{} ({})", kind.name(), kind as u8);
        if let Some((count, place)) = parts.attachments.clone() {
            b.put(&ATTACHMENTS, place, count);
        }
        match parts.nsp.clone() {
            Some(place) => b.put(&NSP, place.clone(), &text[place]),
            None => b.derived(&NSP, "/"),
        };
        if let Some((id, place)) = parts.id.clone() {
            b.put(&ACK_ID, place, id);
        }
        if let Some(place) = parts.data.clone() {
            b.put(&DATA, place.clone(), &text[place.clone()]);
            b.nest(|b| put_data(b, kind, place.start, &text[place]));
        }
    }
    if let Some((place, error)) = fault {
        b.expert(Severity::Error, &PACKET_EXPERT, place, error.to_string());
    }
    b.end();
}

/// What stands in the data, which starts at `at` of the layer.
fn put_data(b: &mut LayerBuilder<'_, '_>, kind: PacketType, at: usize, data: &str) {
    for (index, place) in json::elements(data).into_iter().take(MOST).enumerate() {
        let value = &data[place.clone()];
        let place = at + place.start..at + place.end;
        if index == 0 && kind.is_event() {
            b.put(&EVENT, place, json::plain(value));
            continue;
        }
        b.put(&ARGUMENT, place, value);
        if kind.is_binary() {
            b.nest(|b| {
                for number in json::placeholders(value).into_iter().take(MOST) {
                    b.derived(&PLACEHOLDER, number);
                }
            });
        }
    }
    for (name, place) in json::members(data) {
        let spec = match (kind, name.as_str()) {
            (PacketType::Connect, "sid") => &SID,
            (PacketType::ConnectError, "message") => &MESSAGE,
            _ => continue,
        };
        let value = json::plain(&data[place.clone()]);
        b.put(spec, at + place.start..at + place.end, value);
    }
}

/// Adds an attachment, `bytes` being what `place` stands for.
pub(in crate::proto) fn add_attachment(dissector: &mut Dissector<'_>, place: Span, bytes: &[u8]) {
    if place.is_empty() {
        return;
    }
    let mut b = dissector.layer(&PROTOCOL, place);
    b.summary(format!("Socket.IO, attachment, {} bytes", bytes.len()));
    b.put(&ATTACHMENT, 0..place.len(), bytes);
    b.end();
}

/// More characters of the arguments than this are not said in one line.
const MOST_SAID: usize = 60;

/// One line about a packet, such as `EVENT "chat message" to /chat, ack 12: "hello"`.
pub(in crate::proto) fn info(text: &str) -> String {
    let (parts, fault) = Parts::read(text);
    let Some(kind) = parts.kind else {
        return format!("no Socket.IO packet: \"{text}\"");
    };
    let mut line = kind.name().to_owned();
    let is_answer = matches!(kind, PacketType::Ack | PacketType::BinaryAck);
    if let Some((id, _)) = parts.id.as_ref().filter(|_| is_answer) {
        line += &format!(" {id}");
    }
    let data = parts.data.map(|place| &text[place]);
    if let Some(data) = data.filter(|_| kind.is_event())
        && let Some(name) = json::elements(data).into_iter().next()
    {
        line += &format!(" {}", &data[name]);
    }
    match parts.nsp {
        Some(place) => line += &format!(" to {}", &text[place]),
        None if kind == PacketType::Connect => line += " to /",
        None => {}
    }
    if let Some((id, _)) = parts.id.as_ref().filter(|_| !is_answer) {
        line += &format!(", ack {id}");
    }
    match parts.attachments {
        Some((1, _)) => line += ", 1 attachment",
        Some((count, _)) => line += &format!(", {count} attachments"),
        None => {}
    }
    let said = data.map(|data| said(kind, data)).unwrap_or_default();
    if fault.is_some() {
        line += " (malformed)";
    } else if !said.is_empty() {
        line += &format!(": {said}");
    }
    line
}

/// The arguments, without the event's name; of a packet without a list of them its data. Shortened.
fn said(kind: PacketType, data: &str) -> String {
    let elements = json::elements(data);
    let mut whole = match elements.is_empty() {
        true => data.trim_matches(['[', ']']).to_owned(),
        false => {
            let arguments = elements.into_iter().skip(usize::from(kind.is_event()));
            let arguments: Vec<&str> = arguments.map(|place| &data[place]).collect();
            arguments.join(", ")
        }
    };
    if kind.is_binary() {
        for number in json::placeholders(data).into_iter().take(MOST) {
            whole = whole.replace(&placeholder(number), &format!("attachment {number}"));
        }
    }
    match whole.char_indices().nth(MOST_SAID) {
        Some((end, _)) => format!("{}...", &whole[..end]),
        None => whole,
    }
}
