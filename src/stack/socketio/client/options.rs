//! What a client is told to do, and what it tells.

use std::fmt;
use std::time::Duration;

use crate::proto::engineio::{Handshake, Packet, Transport};
use crate::stack::engineio::{self, ClientCloseReason, ClientError};
use crate::stack::socketio::Args;

/// How a client connects, and again when the session breaks. The defaults are those of socket.io-client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientOptions {
    /// The sessions that it opens.
    pub engine: engineio::ClientOptions,
    /// Whether it connects again by itself.
    pub reconnection: bool,
    /// How often it tries that in a row; `None`: for ever.
    pub reconnection_attempts: Option<u32>,
    /// How long it waits before the first try; before each further one twice as long.
    pub reconnection_delay: Duration,
    /// The longest that it waits.
    pub reconnection_delay_max: Duration,
    /// By how much of a wait chance makes it longer or shorter: 0 to 1.
    pub randomization_factor: f64,
    /// So long it waits for a session to open; `None`: for ever.
    pub connect_timeout: Option<Duration>,
}

impl ClientOptions {
    /// The usual ones, for this server. The path of Socket.IO is `/socket.io/` unless the server has another.
    pub fn new(host: &str, path: &str) -> Self {
        Self {
            engine: engineio::ClientOptions::new(host, path),
            reconnection: true,
            reconnection_attempts: None,
            reconnection_delay: Duration::from_secs(1),
            reconnection_delay_max: Duration::from_secs(5),
            randomization_factor: 0.5,
            connect_timeout: Some(Duration::from_secs(20)),
        }
    }
}

/// How an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emit {
    /// Whether an acknowledgment is asked for.
    pub ack: bool,
    /// How long that is waited for; `None`: as long as the socket is connected.
    pub timeout: Option<Duration>,
    /// Whether the event may be lost: it is dropped where it cannot be sent at once.
    pub volatile: bool,
}

/// Why an event cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The library keeps the name for itself.
    #[error("no event may have this name: it is one of the library's own")]
    Reserved,
    /// There was no `connect` for the namespace.
    #[error("there is no socket in this namespace")]
    NoSuchSocket,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// A session is open.
    Open(Handshake),
    /// Packets go over WebSocket now.
    Upgraded,
    /// They do not, and polling goes on.
    UpgradeFailed(ClientError),
    /// A socket is connected.
    Connect {
        /// Its namespace.
        nsp: String,
        /// Its id.
        sid: String,
        /// Whether it is the one that it was before the session broke, and has missed nothing.
        recovered: bool,
    },
    /// A socket could not be connected.
    ConnectError {
        /// Its namespace.
        nsp: String,
        /// Why.
        error: ConnectError,
    },
    /// A socket is not connected any more.
    Disconnect {
        /// Its namespace.
        nsp: String,
        /// Why.
        reason: ClientDisconnectReason,
        /// What did not work, where something did not.
        error: Option<ClientError>,
    },
    /// An event came.
    Event {
        /// The namespace.
        nsp: String,
        /// Its name.
        name: String,
        /// Its arguments.
        args: Args,
        /// Its number, where the server waits for an acknowledgment.
        ack: Option<u64>,
    },
    /// An acknowledgment came.
    Ack {
        /// The namespace.
        nsp: String,
        /// The number of the event that it answers.
        id: u64,
        /// The answer.
        args: Args,
    },
    /// An acknowledgment will not come.
    AckFailed {
        /// The namespace.
        nsp: String,
        /// The number of the event that is not answered.
        id: u64,
        /// Why.
        why: AckFailure,
    },
    /// After a break it tries for the so-manieth time to open a session.
    ReconnectAttempt(u32),
    /// That has worked, at this try.
    Reconnect(u32),
    /// It has tried often enough, and gives up.
    ReconnectFailed,
    /// A packet of Engine.IO was sent or came, where the sessions tell of them.
    Packet {
        /// Whether it was sent.
        is_sent: bool,
        /// What carried it.
        over: Transport,
        /// The packet.
        packet: Packet,
    },
}

/// Why a socket could not be connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The session could not be opened. It is tried again.
    #[error(transparent)]
    Transport(#[from] ClientError),
    /// The session took too long to open. It is tried again.
    #[error("timeout")]
    TimedOut,
    /// The server refuses the namespace. It is not tried again.
    #[error("{message}")]
    Refused {
        /// The server's reason.
        message: String,
        /// More of it, as JSON.
        data: Option<String>,
    },
    /// The answer has no socket id: a server of Socket.IO 2 gives none.
    #[error("the server answers as one of Socket.IO 2 does: without a socket id")]
    OldServer,
}

/// Why a socket is not connected any more, in the words of socket.io-client. After the first two it does not connect
/// again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientDisconnectReason {
    /// The server has disconnected it.
    IoServerDisconnect,
    /// The application has.
    IoClientDisconnect,
    /// The session is over.
    Session(ClientCloseReason),
}

impl fmt::Display for ClientDisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IoServerDisconnect => f.write_str("io server disconnect"),
            Self::IoClientDisconnect => f.write_str("io client disconnect"),
            Self::Session(reason) => reason.fmt(f),
        }
    }
}

/// Why an acknowledgment will not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AckFailure {
    /// It took too long.
    #[error("operation has timed out")]
    TimedOut,
    /// The socket was disconnected meanwhile.
    #[error("socket has been disconnected")]
    Disconnected,
}
