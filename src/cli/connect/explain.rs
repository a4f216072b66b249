//! What the prefixes of a packet mean, on one line: `4 message · 2 EVENT · / · chat message("hi")`.

use crate::base::text::safe;
use crate::proto::engineio::{Handshake, PROBE, Packet, PacketType, Transport};
use crate::proto::socketio::{self, PacketType as Kind};
use crate::stack::socketio::{Args, Whole};

/// So much of a packet is shown, in characters.
const MOST: usize = 1000;

/// The packet as it is on the wire, safe to show. A message of bytes over WebSocket has no digit: `<01 02>`.
pub fn raw(packet: &Packet, over: Transport) -> String {
    match (packet, over) {
        (Packet::Binary(bytes), Transport::WebSocket) => hex(bytes),
        _ => cut(&safe(&packet.emit())),
    }
}

/// What it means.
pub fn explain(packet: &Packet, over: Transport) -> String {
    let text = match packet {
        Packet::Binary(bytes) if over == Transport::Polling => {
            format!("b bytes in base64 · attachment {}", hex(bytes))
        }
        Packet::Binary(bytes) => format!("attachment of {}", count(bytes.len(), "byte")),
        Packet::Text(kind, text) => {
            let own = format!("{} {}", char::from(kind.digit()), kind.name());
            match kind {
                PacketType::Message => format!("{own} · {}", message(text)),
                PacketType::Open => format!("{own} · {}", handshake(text)),
                PacketType::Ping | PacketType::Pong if text == PROBE => format!("{own} · {PROBE}"),
                _ => own,
            }
        }
    };
    cut(&safe(&text))
}

fn handshake(text: &str) -> String {
    let Some(handshake) = Handshake::parse(text) else {
        return "no handshake".to_owned();
    };
    let Handshake {
        sid,
        upgrades,
        ping_interval,
        ping_timeout,
        ..
    } = handshake;
    let upgrades = match upgrades.as_slice() {
        [] => "none".to_owned(),
        upgrades => upgrades.join(", "),
    };
    format!(
        "session {sid}, upgrades: {upgrades}, a ping each {ping_interval} ms, to be answered in {ping_timeout} ms"
    )
}

/// A packet of Socket.IO.
fn message(text: &str) -> String {
    let packet = match socketio::Packet::parse(text) {
        Ok(packet) => packet,
        Err(error) => return format!("no Socket.IO packet: {error}"),
    };
    let kind = packet.kind;
    let mut parts = vec![format!("{} {}", char::from(kind.digit()), kind.name())];
    if kind.is_binary() {
        let attachments = usize::try_from(packet.attachments).unwrap_or(usize::MAX);
        parts.push(count(attachments, "attachment"));
    }
    parts.push(packet.nsp.clone());
    if let Some(id) = packet.id {
        let what = match kind {
            Kind::Ack | Kind::BinaryAck => "answers",
            _ => "asks for an answer:",
        };
        parts.push(format!("{what} {id}"));
    }
    parts.extend(data(packet));
    parts.join(" · ")
}

/// What a packet carries.
fn data(packet: socketio::Packet) -> Option<String> {
    let attachments = Vec::new();
    let data = packet.data.clone()?;
    let whole = Whole {
        packet,
        attachments,
    };
    let is_ack = matches!(whole.packet.kind, Kind::Ack | Kind::BinaryAck);
    match (is_ack, whole.packet.kind.is_event()) {
        (true, _) => whole.into_ack().map(|args: Args| args.describe("")),
        (_, true) => whole.into_event().map(|(name, args)| args.describe(&name)),
        _ => Some(data),
    }
}

/// Bytes in hexadecimal, in pointed brackets; of many the first.
pub fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 32;
    let shown: Vec<String> = bytes
        .iter()
        .take(SHOWN)
        .map(|b| format!("{b:02x}"))
        .collect();
    match bytes.len() > SHOWN {
        true => format!("<{} … {} bytes>", shown.join(" "), bytes.len()),
        false => format!("<{}>", shown.join(" ")),
    }
}

/// Bytes as programs take them: `01ff`.
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many of something.
pub fn count(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// Long text is cut.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_explained() {
        let check = |text: &str, expected: &str| {
            let packet = Packet::parse(text).unwrap();
            assert_eq!(explain(&packet, Transport::Polling), expected);
        };
        check(
            r#"42["chat message","hi"]"#,
            r#"4 message · 2 EVENT · / · chat message("hi")"#,
        );
        check(
            r#"451-/a,7["b",{"_placeholder":true,"num":0}]"#,
            r#"4 message · 5 BINARY_EVENT · 1 attachment · /a · asks for an answer: 7 · b({"_placeholder":true,"num":0})"#,
        );
        check("430[1,2]", "4 message · 3 ACK · / · answers 0 · (1, 2)");
        check("40", "4 message · 0 CONNECT · /");
        check(
            r#"40{"sid":"x"}"#,
            r#"4 message · 0 CONNECT · / · {"sid":"x"}"#,
        );
        check("41/a,", "4 message · 1 DISCONNECT · /a");
        check("2", "2 ping");
        check("3probe", "3 pong · probe");
        check("6", "6 noop");
        check("bAQI=", "b bytes in base64 · attachment <01 02>");
        check(
            "49",
            "4 message · no Socket.IO packet: a Socket.IO packet starts with a digit from 0 to 6",
        );
        check(
            r#"0{"sid":"e","upgrades":["websocket"],"pingInterval":1,"pingTimeout":2}"#,
            "0 open · session e, upgrades: websocket, a ping each 1 ms, to be answered in 2 ms",
        );
    }

    #[test]
    fn hostile_text_is_made_safe_and_long_text_cut() {
        let packet = Packet::message("2[\"\u{202e}\u{9b}\"]");
        for shown in [
            raw(&packet, Transport::WebSocket),
            explain(&packet, Transport::WebSocket),
        ] {
            assert!(shown.contains("\\u{202e}\\x9b"), "{shown}");
        }
        let long = Packet::message("x".repeat(5000));
        assert_eq!(raw(&long, Transport::Polling).chars().count(), MOST + 1);
        let bytes = Packet::Binary(vec![7; 40]);
        assert!(raw(&bytes, Transport::WebSocket).ends_with(" … 40 bytes>"));
    }
}
