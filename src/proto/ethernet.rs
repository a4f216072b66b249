//! Ethernet II (IEEE 802.3).

mod wire;

pub use wire::*;
