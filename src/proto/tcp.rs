//! Transmission Control Protocol (RFC 9293).

mod wire;

pub use wire::*;
