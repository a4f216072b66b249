//! Bytes to meaning and back, for each protocol: `parse`, `emit` and `dissect`.
//!
//! No clock, no I/O, no failure: a dissection returns what was understood, and what stopped it.
//!
//! - [`tree`]: what a dissection is made of: layers, fields with their place in the bytes, expert findings.
//! - [`registry`]: the one table of protocols, and how one hands its payload to the next.
//! - [`stream`]: protocols that are spoken over a byte stream (HTTP, WebSocket).
//! - [`physical`]: what goes over an Ethernet wire around a frame, bit by bit.
//! - one file for each protocol.

pub mod http;
pub mod physical;
pub mod registry;
pub mod stream;
pub mod tree;
pub mod websocket;
