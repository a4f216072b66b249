//! What a client is told to do, and what it tells.

use std::fmt;

use serde::Deserialize;

use crate::proto::engineio::{Handshake, Packet, Transport, VERSION};
use crate::proto::http::{Headers, Response};
use crate::stack::websocket::DeflateOptions;

/// Which transports a client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transports {
    /// HTTP long-polling, and then WebSocket if the server offers it and it works.
    #[default]
    Upgrade,
    /// HTTP long-polling alone.
    Polling,
    /// WebSocket alone.
    WebSocket,
}

/// How a client opens and keeps a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// The value of `Host`, such as `chat.example:8080`.
    pub host: String,
    /// The path, with a slash at its end, such as `/engine.io/`.
    pub path: String,
    /// What stands in each URL before the session's own parameters, such as `token=abc`; most often nothing.
    pub query: String,
    /// More header fields of each request: `User-Agent`, `Origin`.
    pub headers: Headers,
    /// Which transports it uses.
    pub transports: Transports,
    /// The compression that it offers for WebSocket, if any.
    pub deflate: Option<DeflateOptions>,
    /// The protocol that it says to speak, `EIO=`; it speaks 4 whatever it says.
    pub version: u16,
    /// Whether it says `5` when it goes over to WebSocket. Without, the server never goes over.
    pub says_upgrade: bool,
    /// Whether it answers pings. Without, the server takes it for gone.
    pub answers_pings: bool,
    /// Whether it tells of each packet: [`ClientEvent::Packet`].
    pub tells_packets: bool,
}

impl ClientOptions {
    /// A client that does all as it should be.
    pub fn new(host: &str, path: &str) -> Self {
        Self {
            host: host.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Headers::default(),
            transports: Transports::default(),
            deflate: None,
            version: u16::from(VERSION),
            says_upgrade: true,
            answers_pings: true,
            tells_packets: false,
        }
    }
}

/// What happened to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// It is open.
    Open(Handshake),
    /// A message came: text, or bytes.
    Message(Packet),
    /// A ping came.
    Ping,
    /// Packets go over WebSocket now.
    Upgraded,
    /// They do not, and polling goes on.
    UpgradeFailed(ClientError),
    /// It is over. Said once.
    Closed {
        /// Why.
        reason: ClientCloseReason,
        /// What did not work, where something did not.
        error: Option<ClientError>,
    },
    /// A packet was sent or came, where [`ClientOptions::tells_packets`].
    Packet {
        /// Whether it was sent.
        is_sent: bool,
        /// What carried it.
        over: Transport,
        /// The packet.
        packet: Packet,
    },
}

/// Why a session is over, in the words of engine.io-client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCloseReason {
    /// The server has ended it, or its carrier has ended.
    TransportClose,
    /// A request failed, a connection was reset, or what came could not be read.
    TransportError,
    /// No ping came for too long.
    PingTimeout,
    /// What the layer above got was none of its packets.
    ParseError,
    /// The application has closed it.
    ForcedClose,
}

impl fmt::Display for ClientCloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        })
    }
}

/// What did not work. It may hold text of the server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ClientError {
    /// In the words of engine.io-client where it has some: `xhr poll error`, `websocket error`.
    pub what: String,
    /// The status of the response that said no.
    pub status: Option<u16>,
    /// The server's own reason in that response.
    pub server: Option<ServerReason>,
    /// Whether an answer came that is none of Engine.IO's: there is something else at the other end.
    pub is_unreadable: bool,
}

/// Why a server of Engine.IO says no: the JSON in the body of its response.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServerReason {
    /// 0 transport unknown, 1 session unknown, 2 bad method, 3 bad request, 4 forbidden, 5 version.
    pub code: u64,
    /// In words: `Session ID unknown`.
    pub message: String,
}

impl ClientError {
    pub(in crate::stack) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            status: None,
            server: None,
            is_unreadable: false,
        }
    }

    pub(super) fn unreadable(what: impl Into<String>) -> Self {
        Self {
            is_unreadable: true,
            ..Self::new(what)
        }
    }

    pub(super) fn of_response(what: &str, response: &Response) -> Self {
        let server: Option<ServerReason> = serde_json::from_slice(&response.body).ok();
        Self {
            status: Some(response.code),
            is_unreadable: server.is_none(),
            server,
            ..Self::new(what)
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match (self.status, &self.server) {
            (None, _) => Ok(()),
            (Some(status), None) => write!(f, ": status {status}"),
            (Some(status), Some(ServerReason { code, message })) => {
                write!(f, ": status {status}, code {code}: {message}")
            }
        }
    }
}
