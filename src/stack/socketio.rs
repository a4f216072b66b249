//! Socket.IO 5 endpoints, sans-IO, over sessions of Engine.IO.
//!
//! The protocol: <https://socket.io/docs/v4/socket-io-protocol/>.

mod message;

pub use message::{Args, DecodeError, Decoder, Whole};
