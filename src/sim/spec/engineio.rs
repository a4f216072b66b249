//! Engine.IO servers.

use std::time::Duration;

use super::{MessageHandler, Reply};

/// An Engine.IO server (protocol 4) by itself: sessions that carry messages, and nothing above them.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineIoServer {
    /// The port.
    pub port: u16,
    /// The sessions.
    pub engine: EngineIo,
    /// What it answers each message with.
    pub reply: Reply,
    /// What it does when something happens; all that fit are done, in this order.
    pub handlers: Vec<MessageHandler>,
}

/// What a server of Engine.IO, with or without Socket.IO above, does with its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineIo {
    /// The path of its sessions, with a slash at its end: `/engine.io/`.
    pub path: String,
    /// Whether clients may poll.
    pub polling: bool,
    /// Whether clients may use WebSocket.
    pub websocket: bool,
    /// From a pong, or the opening, to the next ping.
    pub ping_interval: Duration,
    /// In what time a ping must be answered.
    pub ping_timeout: Duration,
    /// In what time an upgrade must be done.
    pub upgrade_timeout: Duration,
    /// The longest body of a poll, and the longest message, in bytes.
    pub max_payload: usize,
    /// Whether it agrees to compress messages over WebSocket (permessage-deflate).
    pub deflate: bool,
}

impl Default for EngineIo {
    /// As npm's `engine.io` 6 has it.
    fn default() -> Self {
        Self {
            path: "/engine.io/".to_owned(),
            polling: true,
            websocket: true,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            deflate: false,
        }
    }
}
