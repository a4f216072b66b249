//! What the URL of a request tells of an Engine.IO session.

use crate::proto::registry::claimed_by_target;
use crate::proto::socketio;

/// The protocol that is read here: `EIO=4`.
pub const VERSION: u8 = 4;

/// What carries the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Bodies of HTTP requests and responses.
    Polling,
    /// Messages of WebSocket.
    WebSocket,
}

/// What the URL of a request tells of an Engine.IO session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The protocol that the client speaks, of `EIO=`. Where a path that is Engine.IO's by default does without:
    /// [`VERSION`].
    pub version: u8,
    /// `transport=`.
    pub transport: Transport,
    /// Whether it names a session: there is `sid=`.
    pub has_sid: bool,
    carries: Carries,
}

/// What the messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    SocketIo,
    /// Something of the program's own.
    Other,
    /// The path does not tell.
    Unknown,
}

impl Session {
    /// The session that a request with this target belongs to: `/socket.io/?EIO=4&transport=polling&…`. A server may
    /// have any path, and then `EIO=` tells.
    pub fn of_target(target: &str) -> Option<Self> {
        let (path, query) = target.split_once('?')?;
        let path = match path.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
            None => path,
        };
        let owner = claimed_by_target(path, query)?;
        let value = |name| {
            let parameters = query.split('&').filter_map(|one| one.split_once('='));
            let mut values = parameters.filter(|(own, _)| *own == name);
            values.next().map(|(_, value)| value)
        };
        let transport = match value("transport")? {
            "polling" => Transport::Polling,
            "websocket" => Transport::WebSocket,
            _ => return None,
        };
        let version = value("EIO").map_or(Ok(VERSION), str::parse).ok()?;
        let carries = match path.trim_end_matches('/') {
            _ if owner.id == socketio::PROTOCOL.id => Carries::SocketIo,
            DEFAULT_PATH => Carries::Other,
            _ => Carries::Unknown,
        };
        Some(Self {
            version,
            transport,
            has_sid: value("sid").is_some(),
            carries,
        })
    }

    /// Whether this message is a packet of Socket.IO, or should be one.
    pub(super) fn is_socketio(self, message: &str) -> bool {
        match self.carries {
            Carries::SocketIo => true,
            Carries::Other => false,
            Carries::Unknown => socketio::Packet::parse(message).is_ok(),
        }
    }

    /// Whether a message of bytes is an attachment of Socket.IO.
    pub(super) fn has_attachments(self) -> bool {
        self.carries == Carries::SocketIo
    }
}

/// Where a server of Engine.IO alone answers by default.
pub(super) const DEFAULT_PATH: &str = "/engine.io";
