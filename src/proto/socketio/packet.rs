//! Packets as values: `parse` and `emit`.

use super::parts::{PacketError, PacketType, Parts};

/// A packet. Its data stays the JSON text that it is, so that what is read is written again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The kind.
    pub kind: PacketType,
    /// How many binary messages follow; 0 for the kinds that have none.
    pub attachments: u64,
    /// The namespace, `/` being the one that every client gets.
    pub nsp: String,
    /// The number by which an answer names the event that it answers.
    pub id: Option<u64>,
    /// JSON text: an event's is an array of its name and arguments.
    pub data: Option<String>,
}

impl Packet {
    /// A packet without id, data or attachments.
    pub fn new(kind: PacketType, nsp: impl Into<String>) -> Self {
        Self {
            kind,
            attachments: 0,
            nsp: nsp.into(),
            id: None,
            data: None,
        }
    }

    /// The packet that this text is, as the payload of an Engine.IO message.
    pub fn parse(text: &str) -> Result<Self, PacketError> {
        let (parts, fault) = Parts::read(text);
        if let Some((_, error)) = fault {
            return Err(error);
        }
        Ok(Self {
            kind: parts.kind.ok_or(PacketError::Type)?,
            attachments: parts.attachments.map_or(0, |(count, _)| count),
            nsp: parts.nsp.map_or("/", |place| &text[place]).to_owned(),
            id: parts.id.map(|(id, _)| id),
            data: parts.data.map(|place| text[place].to_owned()),
        })
    }

    /// The packet as text. The namespace `/` is not written, as it is understood.
    pub fn emit(&self) -> String {
        let mut text = char::from(self.kind.digit()).to_string();
        if self.kind.is_binary() {
            text += &format!("{}-", self.attachments);
        }
        if !matches!(self.nsp.as_str(), "" | "/") {
            text += &format!("{},", self.nsp);
        }
        if let Some(id) = self.id {
            text += &id.to_string();
        }
        text + self.data.as_deref().unwrap_or_default()
    }
}

/// What stands in the JSON for the attachment with this number, the first being 0.
pub fn placeholder(number: u64) -> String {
    format!(r#"{{"_placeholder":true,"num":{number}}}"#)
}
