//! HTTP/1.1 (RFC 9110, RFC 9112): heads and bodies over a byte stream.

mod body;
mod carried;
mod dissect;
mod fields;
mod framing;
mod handshake;
mod head;
mod lines;
mod show;

pub use dissect::{Http, Seed};
pub use fields::PROTOCOL;
pub use framing::{Chunk, Chunks, ChunksEnd, Framing, FramingError};
pub use head::{
    HeadError, Headers, MAX_HEAD, MAX_HEADERS, Request, Response, Version, reason_phrase,
};

#[cfg(test)]
mod tests;
