//! Internet Protocol, version 4 (RFC 791).

mod wire;

pub use wire::*;
