//! Packets as values: `parse` and `emit`, as engine.io-parser 5 reads and writes them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

/// What stands between the packets of a poll: ASCII's record separator.
pub const SEPARATOR: char = '\x1e';

/// What the ping and the pong carry that try a new transport: `2probe` and `3probe`.
pub const PROBE: &str = "probe";

/// The kind of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketType {
    /// The server opens the session, with a [`Handshake`].
    Open,
    /// The session ends.
    Close,
    /// The server asks whether the client is there; with [`PROBE`], the client tries a new transport.
    Ping,
    /// The answer to a ping.
    Pong,
    /// What the layer above sends.
    Message,
    /// The client goes over to the transport that it tried.
    Upgrade,
    /// Nothing: it ends a poll that waits.
    Noop,
}

impl PacketType {
    /// All, in the order of their digits.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Close,
        Self::Ping,
        Self::Pong,
        Self::Message,
        Self::Upgrade,
        Self::Noop,
    ];

    /// The type that this ASCII digit stands for.
    pub fn from_digit(digit: u8) -> Option<Self> {
        let index = digit.checked_sub(b'0')?;
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Its ASCII digit.
    pub fn digit(self) -> u8 {
        b'0' + self as u8
    }

    /// Its name in the protocol's text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Message => "message",
            Self::Upgrade => "upgrade",
            Self::Noop => "noop",
        }
    }
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A type, and the text that follows it.
    Text(PacketType, String),
    /// A message of bytes.
    Binary(Vec<u8>),
}

/// Why text is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// There is nothing.
    #[error("an empty Engine.IO packet, which has no type")]
    Empty,
    /// It starts with no digit of a type.
    #[error("an Engine.IO packet starts with a digit from 0 to 6, or with b")]
    Type,
}

impl Packet {
    /// A message of text.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Text(PacketType::Message, text.into())
    }

    /// The packet that a WebSocket text frame, or one part of a poll, is.
    ///
    /// Base64 is read as kindly as Node.js does: either alphabet, other characters passed over, padding not needed.
    pub fn parse(text: &str) -> Result<Self, PacketError> {
        let first = *text.as_bytes().first().ok_or(PacketError::Empty)?;
        if first == b'b' {
            return Ok(Self::Binary(from_base64(&text[1..])));
        }
        let kind = PacketType::from_digit(first).ok_or(PacketError::Type)?;
        Ok(Self::Text(kind, text[1..].to_owned()))
    }

    /// The packet as one part of a poll. A text packet is the same in a WebSocket text frame; a binary one is a frame
    /// of its bytes there.
    pub fn emit(&self) -> String {
        match self {
            Self::Text(kind, text) => format!("{}{text}", char::from(kind.digit())),
            Self::Binary(bytes) => format!("b{}", BASE64.encode(bytes)),
        }
    }
}

/// The packets of a poll. Reading ends with the first that is none.
pub fn parse_payload(text: &str) -> Vec<Result<Packet, PacketError>> {
    let mut packets = Vec::new();
    for part in text.split(SEPARATOR) {
        let packet = Packet::parse(part);
        let is_end = packet.is_err();
        packets.push(packet);
        if is_end {
            break;
        }
    }
    packets
}

/// The body of a poll that carries these packets.
pub fn emit_payload(packets: &[Packet]) -> String {
    let parts: Vec<String> = packets.iter().map(Packet::emit).collect();
    parts.join("\x1e")
}

/// What the server tells when a session opens: the JSON of the open packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// The session's name, which the client repeats in each URL.
    pub sid: String,
    /// The transports that the client may go over to.
    pub upgrades: Vec<String>,
    /// Milliseconds between two pings of the server.
    pub ping_interval: u64,
    /// Milliseconds in which a ping must be answered.
    pub ping_timeout: u64,
    /// The most bytes that a poll may carry; older servers do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u64>,
}

impl Handshake {
    /// The handshake that this text is; `None` where it is no such JSON.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The open packet that carries it.
    pub fn packet(&self) -> Packet {
        // a struct of texts and numbers always has a JSON form
        let json = serde_json::to_string(self).unwrap_or_default();
        Packet::Text(PacketType::Open, json)
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// As `Buffer.from(text, "base64")` of Node.js reads it.
pub(super) fn from_base64(text: &str) -> Vec<u8> {
    let coded = text.bytes().take_while(|byte| *byte != b'=');
    let mut coded: Vec<u8> = coded
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    // six bits alone are no byte
    if coded.len() % 4 == 1 {
        coded.pop();
    }
    BASE64.decode(coded).unwrap_or_default()
}
