//! Socket.IO, protocol 5: events with names, acknowledgments and namespaces, over messages of Engine.IO.
//!
//! ```text
//! 5 1-  /chat,  12  ["chat message",{"_placeholder":true,"num":0}]
//! │ │   │       │   └ data, JSON
//! │ │   │       └ acknowledgment id
//! │ │   └ namespace, where it is not /
//! │ └ how many binary attachments follow, where the type is 5 or 6
//! └ type
//! ```
//!
//! Each attachment follows as a binary message of its own; a placeholder in the JSON stands where it belongs.
//!
//! The protocol: <https://socket.io/docs/v4/socket-io-protocol/>.

mod dissect;
mod packet;
mod parts;

pub use dissect::PROTOCOL;
pub(super) use dissect::{add, add_attachment, info};
pub use packet::{Packet, placeholder};
pub use parts::{MAX_ATTACHMENTS, PacketError, PacketType, Parts, RESERVED_EVENTS};

#[cfg(test)]
mod tests;
