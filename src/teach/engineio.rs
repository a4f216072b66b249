//! The topic of a message of Engine.IO: by the packets that it carries, or else by what HTTP asks and answers for them.

use super::frames::{before, flag, has_value, uint};
use crate::proto::engineio::{self, Session, Transport};
use crate::proto::tree::{Dissection, Layer, Value};
use crate::walk::Walk;
use crate::walk::view::MessageView;

/// The topic, if it is a message of Engine.IO.
pub(super) fn topic(walk: &Walk, message: &MessageView) -> Option<&'static str> {
    let carried = packets_topic(&message.dissection);
    carried.or_else(|| match session(message) {
        Some(session) => request_topic(message, session),
        None => posted_topic(walk, message),
    })
}

/// The session that an HTTP request is about.
fn session(request: &MessageView) -> Option<Session> {
    let target = request.dissection.field("http.request.uri")?;
    Session::of_target(&target.text)
}

/// The topic of a request without packets.
fn request_topic(request: &MessageView, session: Session) -> Option<&'static str> {
    let is_get = has_value(&request.dissection, "http.request.method", "GET");
    match (session.transport, session.has_sid) {
        (Transport::Polling, false) if is_get => Some("eio-handshake"),
        (Transport::Polling, true) if is_get => Some("eio-poll"),
        (Transport::WebSocket, true) if is_get => Some("eio-upgrade-request"),
        _ => None,
    }
}

/// The topic of the answer to a POST.
fn posted_topic(walk: &Walk, response: &MessageView) -> Option<&'static str> {
    let request = before(walk, response).find(|other| other.dir != response.dir)?;
    let is_posted = has_value(&request.dissection, "http.request.method", "POST");
    let session = session(&request).filter(|_| is_posted)?;
    let is_ok = uint(&response.dissection, "http.response.code") == Some(200)
        && response.bytes.ends_with(b"\r\n\r\nok");
    (session.transport == Transport::Polling && is_ok).then_some("eio-posted")
}

/// The topic of the packet of Engine.IO that a message carries, or of the packet of Socket.IO in it.
fn packets_topic(dissection: &Dissection) -> Option<&'static str> {
    if dissection.field("engineio.error.code").is_some() {
        return Some("eio-refused");
    }
    let has = |id| dissection.field(id).is_some();
    if uint(dissection, "engineio.version")? != u64::from(engineio::VERSION) {
        return Some("eio-other-version");
    }
    if packets(dissection).count() > 1 {
        return Some("eio-packets");
    }
    let first = dissection.layer("engineio")?;
    let kind = first.field("engineio.type").map(|field| &field.value);
    let Some(Value::Uint(kind)) = kind else {
        return Some("eio-broken");
    };
    Some(match kind {
        0 => "eio-open",
        1 => "eio-close",
        2 if flag(dissection, "engineio.probe") => "eio-probe",
        2 => "eio-ping",
        3 if flag(dissection, "engineio.probe") => "eio-probe-answer",
        3 => "eio-pong",
        5 => "eio-upgrade",
        6 => "eio-noop",
        _ if !has("socketio.type") && has("socketio.attachment") => "sio-attachment",
        _ => match uint(dissection, "socketio.type") {
            Some(0) if has("socketio.sid") => "sio-connected",
            Some(0) => "sio-connect",
            Some(1) => "sio-disconnect",
            Some(2) => "sio-event",
            Some(3) => "sio-ack",
            Some(4) => "sio-connect-error",
            Some(5) => "sio-binary-event",
            Some(6) => "sio-binary-ack",
            _ => "eio-message",
        },
    })
}

/// The packets of a message: each one's layer, and that of Socket.IO in it.
fn packets(dissection: &Dissection) -> impl Iterator<Item = (&Layer, Option<&Layer>)> {
    let layers = dissection.layers.iter();
    let next = dissection.layers.iter().skip(1).map(Some).chain([None]);
    let pairs = layers.zip(next);
    let packets = pairs.filter(|(layer, _)| layer.protocol.id == "engineio");
    packets.map(|(layer, next)| (layer, next.filter(|next| next.protocol.id == "socketio")))
}

/// The packets of a message in one line, each with the digits that stand before it: `40 CONNECT to /; 42 EVENT "hi"`.
/// `None` where there is but one.
pub(super) fn named_packets(dissection: &Dissection) -> Option<String> {
    let named: Vec<String> = packets(dissection).map(named).collect();
    (named.len() > 1).then(|| named.join("; "))
}

fn named((packet, within): (&Layer, Option<&Layer>)) -> String {
    let digit = |layer: &Layer, id| match layer.field(id).map(|field| &field.value) {
        Some(Value::Uint(digit)) => digit.to_string(),
        _ => String::new(),
    };
    let digits = match packet.field("engineio.binary") {
        Some(_) => "b".to_owned(),
        None => digit(packet, "engineio.type"),
    };
    let summary = &within.unwrap_or(packet).summary;
    let (_, name) = summary.split_once(", ").unwrap_or_default();
    let more = within.map(|layer| digit(layer, "socketio.type"));
    format!("{digits}{} {name}", more.unwrap_or_default())
}

/// Where the packets of a message are, if it is one of HTTP: what its text begins with.
pub(super) fn carrier(message: &MessageView) -> &'static str {
    const ENDS: &[u64] = &[0, 6];
    let dissection = &message.dissection;
    let first = uint(dissection, "engineio.type");
    let has = |id| dissection.field(id).is_some();
    match first {
        None => "",
        Some(_) if has("http.request.method") => "by POST, ",
        // the answer to the handshake, and what ends a poll, tell it themselves
        Some(kind) if ENDS.contains(&kind) => "",
        Some(_) if has("http.response.code") => "in the answer to a poll, ",
        Some(_) => "",
    }
}
