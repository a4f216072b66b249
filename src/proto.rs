//! Bytes to meaning and back, for each protocol: `parse`, `emit` and `dissect`.
//!
//! No clock, no I/O, no failure: a dissection returns what was understood, and what stopped it.
//!
//! - [`tree`]: what a dissection is made of: layers, fields with their place in the bytes, expert findings.
//! - [`registry`]: the one table of protocols, and how one hands its payload to the next.
//! - [`dissect`](mod@dissect): from a frame's bytes to its layers, and how a layer describes itself.
//! - [`stream`]: protocols that are spoken over a byte stream (HTTP, WebSocket).
//! - [`physical`]: what goes over an Ethernet wire around a frame, bit by bit.
//! - [`wire`]: what the typed headers (`parse`, `emit`) of layers 2 to 4 share.
//! - `json`: places in JSON text that stays as it was written.
//! - one file for each protocol.

pub mod arp;
pub mod data;
pub mod dissect;
pub mod engineio;
pub mod ethernet;
pub mod filter;
pub mod frame;
pub mod http;
pub mod icmp;
pub mod icmpv6;
pub mod ipv4;
pub mod ipv6;
mod json;
pub mod llc;
pub mod names;
pub mod null;
pub mod physical;
pub mod raw;
pub mod registry;
pub mod sll;
pub mod socketio;
pub mod stream;
pub mod tcp;
pub mod text;
pub mod tree;
pub mod udp;
pub mod vlan;
pub mod websocket;
pub mod wire;
