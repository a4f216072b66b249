//! Address Resolution Protocol (RFC 826).

mod wire;

pub use wire::*;
