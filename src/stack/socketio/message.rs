//! Packets with their attachments: what one packet of Socket.IO is as messages of Engine.IO, and back.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::text::safe;
use crate::proto::engineio::Packet as EngineIoPacket;
use crate::proto::engineio::PacketType as EngineIoType;
use crate::proto::socketio::{Packet, PacketError, PacketType, placeholder};

/// The arguments of an event or of an acknowledgment: JSON, and the bytes that its placeholders stand for.
///
/// The JSON stays the text that it is, so that what came goes out again byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// Each argument as JSON text; `{"_placeholder":true,"num":0}` in it stands for the attachment 0.
    pub values: Vec<String>,
    /// The attachments, in the order of their numbers.
    pub attachments: Vec<Vec<u8>>,
}

impl Args {
    /// Arguments without attachments, each JSON text.
    pub fn json(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            values: values.into_iter().map(Into::into).collect(),
            attachments: Vec::new(),
        }
    }

    /// The arguments as a person reads them, with what they are the arguments of in front: `chat message("hi", <01 02>)`.
    /// What is unsafe to show is written out.
    pub fn describe(&self, name: &str) -> String {
        let mut list = self.values.join(", ");
        for (number, bytes) in self.attachments.iter().enumerate() {
            let shown: Vec<String> = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
            let more = match bytes.len() {
                0..=16 => String::new(),
                len => format!(" … {len} bytes"),
            };
            let bytes = format!("<{}{more}>", shown.join(" "));
            list = list.replacen(&placeholder(number as u64), &bytes, 1);
        }
        format!("{}({})", safe(name), safe(&list))
    }

    /// Whether these are the same arguments, however their JSON is written.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(one, two): (&String, &String)| {
            let read = |text: &String| serde_json::from_str::<serde_json::Value>(text).ok();
            one == two || read(one).is_some_and(|one| Some(one) == read(two))
        };
        self.attachments == other.attachments
            && self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(same)
    }

    /// The arguments as a JSON array, with the name of an event in front where there is one.
    fn array(&self, name: Option<&str>) -> String {
        let len: usize = self.values.iter().map(|value| value.len() + 1).sum();
        let mut text = String::with_capacity(len + name.map_or(0, str::len) + 4);
        text.push('[');
        if let Some(name) = name {
            // text always has a JSON form
            text += &serde_json::to_string(name).unwrap_or_default();
        }
        for value in &self.values {
            if text.len() > 1 {
                text.push(',');
            }
            text += value;
        }
        text.push(']');
        text
    }
}

/// A packet and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The packet.
    pub packet: Packet,
    /// Its attachments, as many as it says.
    pub attachments: Vec<Vec<u8>>,
}

impl Whole {
    /// A packet without attachments: CONNECT, DISCONNECT, CONNECT_ERROR, with JSON text or none.
    pub fn plain(kind: PacketType, nsp: &str, data: Option<String>) -> Self {
        let packet = Packet {
            data,
            ..Packet::new(kind, nsp)
        };
        let attachments = Vec::new();
        Self {
            packet,
            attachments,
        }
    }

    /// An event; with attachments a BINARY_EVENT. The id asks for an acknowledgment.
    pub fn event(nsp: &str, id: Option<u64>, name: &str, args: Args) -> Self {
        let kinds = [PacketType::Event, PacketType::BinaryEvent];
        Self::with_args(kinds, nsp, id, Some(name), args)
    }

    /// The acknowledgment of the event with this id; with attachments a BINARY_ACK.
    pub fn ack(nsp: &str, id: u64, args: Args) -> Self {
        let kinds = [PacketType::Ack, PacketType::BinaryAck];
        Self::with_args(kinds, nsp, Some(id), None, args)
    }

    fn with_args(
        [plain, binary]: [PacketType; 2],
        nsp: &str,
        id: Option<u64>,
        name: Option<&str>,
        args: Args,
    ) -> Self {
        let data = Some(args.array(name));
        let attachments = args.attachments;
        let kind = if attachments.is_empty() {
            plain
        } else {
            binary
        };
        let packet = Packet {
            attachments: attachments.len() as u64,
            id,
            data,
            ..Packet::new(kind, nsp)
        };
        Self {
            packet,
            attachments,
        }
    }

    /// The messages of Engine.IO that carry it.
    pub fn messages(self) -> impl Iterator<Item = EngineIoPacket> {
        let text = EngineIoPacket::message(self.packet.emit());
        let attachments = self.attachments.into_iter().map(EngineIoPacket::Binary);
        std::iter::once(text).chain(attachments)
    }

    /// The name and the arguments of an event; `None` where this is no event.
    pub fn into_event(self) -> Option<(String, Args)> {
        let mut values = self.values()?.into_iter();
        let name = values.next()?;
        // A number may name an event, too.
        let name = serde_json::from_str(&name).unwrap_or(name);
        let args = Args {
            values: values.collect(),
            attachments: self.attachments,
        };
        self.packet.kind.is_event().then_some((name, args))
    }

    /// The arguments of an acknowledgment; `None` where this is none.
    pub fn into_ack(self) -> Option<Args> {
        let is_ack = matches!(self.packet.kind, PacketType::Ack | PacketType::BinaryAck);
        let args = Args {
            values: self.values()?,
            attachments: self.attachments,
        };
        is_ack.then_some(args)
    }

    /// Whether each placeholder stands for an attachment that is there. As npm's parser, which ends the connection else.
    fn has_its_attachments(&self) -> bool {
        let data = self.packet.data.as_deref().unwrap_or("null");
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        placeholders_are_below(&data, self.attachments.len() as u64)
    }

    fn values(&self) -> Option<Vec<String>> {
        let values: Vec<&RawValue> = serde_json::from_str(self.packet.data.as_deref()?).ok()?;
        Some(values.iter().map(|value| value.get().to_owned()).collect())
    }
}

fn placeholders_are_below(value: &Value, count: u64) -> bool {
    match value {
        Value::Array(all) => all.iter().all(|one| placeholders_are_below(one, count)),
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = members.get("num").and_then(Value::as_u64);
            number.is_some_and(|number| number < count)
        }
        Value::Object(members) => {
            let mut values = members.values();
            values.all(|one| placeholders_are_below(one, count))
        }
        _ => true,
    }
}

/// Puts packets together from the messages of one session: a binary packet is whole with its last attachment.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    unfinished: Option<Whole>,
}

/// Why a message is no part of a packet. The connection ends with it: `parse error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is no packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// An attachment came that no packet announced.
    #[error("a message of bytes, and no packet waits for an attachment")]
    NotExpected,
    /// Text came, and a packet still waits for attachments.
    #[error("a message of text, and a packet waits for an attachment")]
    Unfinished,
    /// A placeholder has the number of no attachment.
    #[error("a placeholder for an attachment that is not there")]
    NoAttachment,
}

impl Decoder {
    /// Takes a message of Engine.IO: a packet that is whole now, or `None` where more is to come. Packets of
    /// Engine.IO that are no message say nothing here.
    ///
    /// # Errors
    /// If it is no part of a packet.
    pub fn take(&mut self, message: EngineIoPacket) -> Result<Option<Whole>, DecodeError> {
        match message {
            EngineIoPacket::Text(EngineIoType::Message, text) => self.take_text(&text),
            EngineIoPacket::Text(..) => Ok(None),
            EngineIoPacket::Binary(bytes) => self.take_attachment(bytes),
        }
    }

    fn take_text(&mut self, text: &str) -> Result<Option<Whole>, DecodeError> {
        if self.unfinished.is_some() {
            return Err(DecodeError::Unfinished);
        }
        let whole = Whole {
            packet: Packet::parse(text)?,
            attachments: Vec::new(),
        };
        if whole.packet.attachments == 0 {
            return Ok(Some(whole));
        }
        self.unfinished = Some(whole);
        Ok(None)
    }

    fn take_attachment(&mut self, bytes: Vec<u8>) -> Result<Option<Whole>, DecodeError> {
        let mut whole = self.unfinished.take().ok_or(DecodeError::NotExpected)?;
        whole.attachments.push(bytes);
        if whole.attachments.len() as u64 == whole.packet.attachments {
            return match whole.has_its_attachments() {
                true => Ok(Some(whole)),
                false => Err(DecodeError::NoAttachment),
            };
        }
        self.unfinished = Some(whole);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::socketio::placeholder;

    /// What a decoder makes of what was encoded.
    fn through(whole: Whole) -> Whole {
        let mut decoder = Decoder::default();
        let mut came = None;
        for message in whole.messages() {
            assert_eq!(came, None, "it is whole with its last message");
            came = decoder.take(message).expect("a packet");
        }
        came.expect("it is whole")
    }

    #[test]
    fn events_and_acknowledgments_come_as_they_went() {
        let args = Args {
            values: vec![r#"{"b":1, "a":2}"#.into(), placeholder(0)],
            attachments: vec![vec![1, 2, 3]],
        };
        let event = Whole::event("/chat", Some(7), "say \"hi\"", args.clone());
        assert_eq!(
            event.packet.emit(),
            r#"51-/chat,7["say \"hi\"",{"b":1, "a":2},{"_placeholder":true,"num":0}]"#
        );
        let event = through(event);
        assert_eq!(event.clone().into_ack(), None);
        assert_eq!(
            event.into_event(),
            Some(("say \"hi\"".into(), args.clone()))
        );
        let ack = through(Whole::ack("/", 3, args.clone()));
        assert_eq!(ack.clone().into_event(), None);
        assert_eq!(ack.into_ack(), Some(args));
        let none = through(Whole::ack("/", 3, Args::default()));
        assert_eq!(none.packet.emit(), "33[]");
    }

    #[test]
    fn arguments_are_told_safely_with_their_bytes() {
        let mut args = Args {
            values: vec![
                r#""hi\u001b""#.into(),
                placeholder(0),
                r#"{"a":"\u{202e}"}"#.into(),
            ],
            attachments: vec![vec![1, 255]],
        };
        let told = "say\\n(\"hi\\u001b\", <01 ff>, {\"a\":\"\\u{202e}\"})";
        assert_eq!(args.describe("say\n"), told);
        args = Args::default();
        assert_eq!(args.describe("a"), "a()");
    }

    #[test]
    fn attachments_come_when_and_only_when_they_are_announced() {
        let mut decoder = Decoder::default();
        let bytes = || EngineIoPacket::Binary(vec![1]);
        let text = |text: &str| EngineIoPacket::message(text);
        assert_eq!(decoder.take(bytes()), Err(DecodeError::NotExpected));
        assert_eq!(decoder.take(text("52-[\"a\"]")), Ok(None));
        assert_eq!(decoder.take(bytes()), Ok(None));
        assert_eq!(decoder.take(text("2[\"a\"]")), Err(DecodeError::Unfinished));
        for num in ["1", "-1", "\"0\"", "null"] {
            let mut decoder = Decoder::default();
            let packet = format!(r#"51-["x",{{"a":[{{"_placeholder":true,"num":{num}}}]}}]"#);
            assert_eq!(decoder.take(text(&packet)), Ok(None));
            assert_eq!(
                decoder.take(bytes()),
                Err(DecodeError::NoAttachment),
                "{num}"
            );
        }
        assert_eq!(
            Decoder::default().take(text("9")),
            Err(DecodeError::Packet(PacketError::Type))
        );
    }
}
