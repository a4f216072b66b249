//! User Datagram Protocol (RFC 768).

mod wire;

pub use wire::*;
