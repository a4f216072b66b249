//! One host, sans-IO: ARP, IP, ICMP, UDP, TCP, HTTP, WebSocket, Engine.IO and Socket.IO as state machines.
//!
//! No clock, socket or thread: time is handed in, frames come out, and everything that is decided is written to a
//! [`record::Log`] with its cause and the paragraph that it obeys.

pub mod alarm;
pub mod arp;
pub mod cx;
pub mod engineio;
pub mod host;
pub mod http;
pub mod ipv4;
pub mod ipv6;
pub mod queue;
pub mod reassembly;
pub mod record;
pub mod router;
pub mod socketio;
pub mod tcp;
pub mod udp;
pub mod websocket;

#[cfg(test)]
mod tests;
