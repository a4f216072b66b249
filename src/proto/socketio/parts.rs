//! The parts of an encoded packet and their places, as socket.io-parser 4 reads them.
//!
//! Three oddities of that parser are not followed, as nothing writes them: it takes nothing, or a blank, for the type 0,
//! a blank for a digit of an acknowledgment id, and whatever JavaScript turns into a number for a number of attachments.

use std::ops::Range;

use serde_json::value::RawValue;

use crate::proto::json;

/// More attachments than this are refused, as socket.io-parser does by default.
pub const MAX_ATTACHMENTS: u64 = 10;

/// Names that no event may have: they are events of the library itself.
pub const RESERVED_EVENTS: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// The kind of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketType {
    /// The client asks for a namespace, the server answers with the socket's id.
    Connect,
    /// One side leaves a namespace.
    Disconnect,
    /// An event with its arguments.
    Event,
    /// The answer to an event that had an id.
    Ack,
    /// The server refuses a namespace.
    ConnectError,
    /// An event with binary arguments.
    BinaryEvent,
    /// An answer with binary arguments.
    BinaryAck,
}

impl PacketType {
    /// All, in the order of their digits.
    pub const ALL: [Self; 7] = [
        Self::Connect,
        Self::Disconnect,
        Self::Event,
        Self::Ack,
        Self::ConnectError,
        Self::BinaryEvent,
        Self::BinaryAck,
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
            Self::Connect => "CONNECT",
            Self::Disconnect => "DISCONNECT",
            Self::Event => "EVENT",
            Self::Ack => "ACK",
            Self::ConnectError => "CONNECT_ERROR",
            Self::BinaryEvent => "BINARY_EVENT",
            Self::BinaryAck => "BINARY_ACK",
        }
    }

    /// Whether binary attachments follow it.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// Whether its data starts with the event's name.
    pub fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::BinaryEvent)
    }

    /// Whether it may carry this text as its data.
    fn allows(self, data: &str) -> bool {
        if self.is_event() {
            // one look at the text for all that is asked: a server does this with each event
            let values = serde_json::from_str::<Vec<&RawValue>>(data).unwrap_or_default();
            return values.first().is_some_and(|name| is_event_name(name.get()));
        }
        if !json::is_json(data) {
            return false;
        }
        let first = data.trim_start().bytes().next();
        match self {
            Self::Connect => first == Some(b'{'),
            Self::Disconnect => false,
            Self::ConnectError => matches!(first, Some(b'{' | b'"')),
            Self::Ack | Self::BinaryAck => first == Some(b'['),
            Self::Event | Self::BinaryEvent => true,
        }
    }
}

/// A number, or text that is not reserved.
fn is_event_name(json: &str) -> bool {
    let is_reserved = || {
        let name: Option<String> = serde_json::from_str(json).ok();
        name.is_some_and(|name| RESERVED_EVENTS.contains(&name.as_str()))
    };
    match json.as_bytes().first() {
        Some(b'"') => !is_reserved(),
        Some(byte) => byte.is_ascii_digit() || *byte == b'-',
        None => false,
    }
}

/// Why text is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// It starts with no digit of a type.
    #[error("a Socket.IO packet starts with a digit from 0 to 6")]
    Type,
    /// No number and hyphen where they must be.
    #[error(
        "a binary packet says how many attachments follow: a number of at least 1, and a hyphen"
    )]
    Attachments,
    /// More attachments than [`MAX_ATTACHMENTS`].
    #[error("more than 10 attachments, which receivers refuse by default")]
    TooManyAttachments,
    /// An acknowledgment id that no program can have counted to.
    #[error("the acknowledgment id is too large")]
    Id,
    /// The data is no JSON, or not what this type carries.
    #[error("the data is not the JSON that a packet of this type carries")]
    Data,
}

/// The parts of an encoded packet; ranges are places in its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The type, of the first byte.
    pub kind: Option<PacketType>,
    /// How many attachments follow, and the place of the number and its hyphen.
    pub attachments: Option<(u64, Range<usize>)>,
    /// The namespace without the comma; `None` where it is `/`, which is not written.
    pub nsp: Option<Range<usize>>,
    /// The acknowledgment id.
    pub id: Option<(u64, Range<usize>)>,
    /// The data, as JSON text.
    pub data: Option<Range<usize>>,
}

impl Parts {
    /// Reads as far as it goes; what stopped it is told beside what was understood, with its place.
    pub fn read(text: &str) -> (Self, Option<(Range<usize>, PacketError)>) {
        let mut parts = Self::default();
        let fault = parts.fill(text).err();
        (parts, fault)
    }

    fn fill(&mut self, text: &str) -> Result<(), (Range<usize>, PacketError)> {
        let bytes = text.as_bytes();
        let first = bytes.first().copied().and_then(PacketType::from_digit);
        let kind = first.ok_or((0..text.len().min(1), PacketError::Type))?;
        self.kind = Some(kind);
        let mut at = 1;
        if kind.is_binary() {
            let place = at..digits_end(bytes, at) + 1;
            let count = number(&text[at..place.end - 1]).filter(|count| *count > 0);
            let has_hyphen = bytes.get(place.end - 1) == Some(&b'-');
            let rest = at..text.len();
            let count = count.filter(|_| has_hyphen);
            let count = count.ok_or((rest, PacketError::Attachments))?;
            at = place.end;
            self.attachments = Some((count, place.clone()));
            if count > MAX_ATTACHMENTS {
                return Err((place, PacketError::TooManyAttachments));
            }
        }
        if bytes.get(at) == Some(&b'/') {
            let end = text[at..].find(',').map_or(text.len(), |comma| at + comma);
            self.nsp = Some(at..end);
            at = (end + 1).min(text.len());
        }
        let id = at..digits_end(bytes, at);
        if !id.is_empty() {
            let value = number(&text[id.clone()]).ok_or((id.clone(), PacketError::Id))?;
            at = id.end;
            self.id = Some((value, id));
        }
        if at < text.len() {
            let data = at..text.len();
            self.data = Some(data.clone());
            if !kind.allows(&text[data.clone()]) {
                return Err((data, PacketError::Data));
            }
        }
        Ok(())
    }
}

fn digits_end(bytes: &[u8], at: usize) -> usize {
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
    at + digits.count()
}

fn number(digits: &str) -> Option<u64> {
    digits.parse().ok()
}
