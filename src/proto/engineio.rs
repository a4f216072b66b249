//! Engine.IO, protocol 4: a session of packets, over HTTP long-polling or WebSocket.
//!
//! A packet is text or bytes. A text packet is one digit, its type, and the rest; a message of bytes is a WebSocket
//! frame of bytes, or in a poll `b` and base64. A poll carries several, with the byte 0x1e between them. A WebSocket
//! frame carries one.
//!
//! The protocol: <https://socket.io/docs/v4/engine-io-protocol/>.

mod dissect;
mod packet;
mod session;

pub use packet::{
    Handshake, PROBE, Packet, PacketError, PacketType, SEPARATOR, emit_payload, parse_payload,
};

pub use dissect::PROTOCOL;
pub(super) use dissect::{add_error, add_frame, add_payload, error_info, frame_info, payload_info};
pub use session::{Session, Transport, VERSION};

#[cfg(test)]
mod tests;
