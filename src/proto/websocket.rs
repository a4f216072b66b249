//! WebSocket (RFC 6455): frames over a byte stream, after an opening handshake in HTTP.

mod deflate;
mod dissect;
mod extension;
mod frame;
mod handshake;

pub use deflate::{Deflater, InflateError, Inflater};
pub use dissect::{PROTOCOL, Seed, WebSocket};
pub use extension::{DeflateParams, Extension, MAX_WINDOW_BITS, PERMESSAGE_DEFLATE, extensions};
pub use frame::{
    CloseBody, Frame, FrameHeader, Opcode, RSV1, apply_mask, apply_mask_from, close_code_is_valid,
    close_code_name, describe, describe_compressed, emit_frame,
};
pub use handshake::{GUID, VERSION, accept_key, encode_key, key_is_valid};

#[cfg(test)]
mod tests;
