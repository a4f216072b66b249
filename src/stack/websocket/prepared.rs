//! A message that is written once and sent to many.

use bytes::Bytes;

use super::{Message, NotOpen, Role, WebSocket};
use crate::proto::websocket::{Frame, FrameHeader, Opcode};
use crate::stack::cx::Cx;
use crate::stack::record::What;

/// A message as the one frame that a server sends it in, unmasked and not compressed: all who are sent it share its
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared(Bytes);

impl Prepared {
    /// Writes the frame.
    pub fn new(message: &Message) -> Self {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes.as_slice()),
        };
        Self(Frame::new(opcode, payload).emit().into())
    }

    /// The frame.
    fn frame(&self) -> Option<Frame> {
        Frame::parse(&self.0).map(|(frame, _)| frame)
    }

    /// The length of the message in bytes.
    pub fn payload_len(&self) -> usize {
        let header = FrameHeader::parse(&self.0);
        self.0.len() - header.map_or(0, |header| header.header_len())
    }
}

impl WebSocket {
    /// Sends a message that was prepared. A client masks a copy of it (RFC 6455 §5.3); it is never compressed.
    pub fn send_prepared(&mut self, cx: &mut Cx<'_>, prepared: &Prepared) -> Result<(), NotOpen> {
        self.check_open()?;
        if matches!(self.role, Role::Client { .. }) {
            if let Some(frame) = prepared.frame() {
                self.send_frame(cx, frame);
            }
            return Ok(());
        }
        if cx.log.is_on()
            && let Some(frame) = prepared.frame()
        {
            self.record(cx, What::Down, &frame, prepared.0.len());
        }
        self.transmits.push(cx, prepared.0.clone());
        Ok(())
    }
}
