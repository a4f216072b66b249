//! WebSocket (RFC 6455): frames over a byte stream, after an opening handshake in HTTP.

mod dissect;
mod frame;
mod handshake;

pub use dissect::{PROTOCOL, Seed, WebSocket};
pub use frame::{
    CloseBody, Frame, FrameHeader, Opcode, RSV1, apply_mask, close_code_is_valid, close_code_name,
    describe,
};
pub use handshake::{GUID, VERSION, accept_key, encode_key, key_is_valid};

#[cfg(test)]
mod tests;
