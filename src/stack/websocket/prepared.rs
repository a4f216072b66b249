//! A message that is written once and sent to many.

use bytes::Bytes;

use super::{Message, NotOpen, Role, WebSocket};
use crate::proto::websocket::{FrameHeader, Opcode, describe, emit_frame};
use crate::stack::cx::Cx;
use crate::stack::record::What;

/// A message as the one frame that a server sends it in, unmasked and not compressed: all who are sent it share its
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    frame: Bytes,
    opcode: Opcode,
}

impl Prepared {
    /// Writes the frame.
    pub fn new(message: &Message) -> Self {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes.as_slice()),
        };
        Self {
            frame: emit_frame(true, 0, opcode, None, payload).into(),
            opcode,
        }
    }

    /// The message's bytes.
    pub fn payload(&self) -> &[u8] {
        let header = FrameHeader::parse(&self.frame);
        &self.frame[header.map_or(0, |header| header.header_len())..]
    }
}

impl WebSocket {
    /// Sends a message that was prepared. A client masks a copy of it (RFC 6455 §5.3); it is never compressed.
    pub fn send_prepared(&mut self, cx: &mut Cx<'_>, prepared: &Prepared) -> Result<(), NotOpen> {
        self.check_open()?;
        if matches!(self.role, Role::Client { .. }) {
            self.send_frame(cx, true, 0, prepared.opcode, prepared.payload());
            return Ok(());
        }
        let (opcode, frame) = (prepared.opcode, &prepared.frame);
        if cx.log.is_on() {
            let info = describe(true, 0, opcode, prepared.payload());
            self.record_frame(cx, What::Down, (opcode, None), frame.len(), info);
        }
        self.transmits.push(cx, frame.clone());
        Ok(())
    }
}
