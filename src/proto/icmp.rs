//! Internet Control Message Protocol (RFC 792).

mod wire;

pub use wire::*;
