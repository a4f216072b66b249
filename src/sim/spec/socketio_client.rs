//! A program that is a client of Socket.IO.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Piece, Template};
use crate::stack::engineio::Transports;

/// Connects to a Socket.IO server, and connects again when that breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketIoClient {
    /// The server.
    pub to: SocketAddr,
    /// The `Host` header, such as `server`.
    pub host: String,
    /// The `Origin` header, if it sends one.
    pub origin: Option<String>,
    /// The path, with a slash at its end: `/socket.io/`.
    pub path: String,
    /// Which transports it uses.
    pub transports: Transports,
    /// The namespaces that it connects to, `/` or more.
    pub namespaces: Vec<String>,
    /// What each of them gets as `auth`: a JSON object.
    pub auth: Option<String>,
    /// Whether it connects again by itself.
    pub reconnection: bool,
    /// How long it waits before it does so for the first time.
    pub reconnection_delay: Duration,
    /// The longest that it waits.
    pub reconnection_delay_max: Duration,
    /// How often it tries in a row; `None`: for ever.
    pub reconnection_attempts: Option<u32>,
    /// How long it waits for a session to open.
    pub connect_timeout: Duration,
    /// How long it waits for an acknowledgment, unless the action says otherwise; `None`: for ever.
    pub ack_timeout: Option<Duration>,
    /// The `EIO=` of its URLs: 4, or a wrong one.
    pub version: u16,
    /// Whether it leaves out the `5` that makes the server go over to WebSocket.
    pub skip_upgrade_packet: bool,
    /// Whether it answers pings.
    pub answer_pings: bool,
    /// What it does when an event comes.
    pub handlers: Vec<SocketIoHandler>,
    /// What it does, from its start on.
    pub script: Vec<SocketIoAction>,
}

/// What a program does when an event comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketIoHandler {
    /// The namespace.
    pub nsp: String,
    /// The name of the event.
    pub event: String,
    /// What is done, one after the other.
    pub deeds: Vec<SocketIoDeed>,
}

/// One thing that is done when an event comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketIoDeed {
    /// Sends an event with this name and these arguments.
    Emit(Vec<Piece>, Vec<Template>),
    /// Answers the event with these values, where the server waits for that.
    Answer(Vec<Template>),
}

/// An event to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketIoEmit {
    /// The namespace.
    pub nsp: String,
    /// The name of the event.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Template>,
    /// Whether an acknowledgment is asked for.
    pub ack: bool,
    /// How long that is waited for, in place of the program's own time.
    pub timeout: Option<Duration>,
    /// Whether it may be lost where it cannot be sent at once.
    pub volatile: bool,
}

/// One thing that a program does. The next one follows when it is done; all but the waits are done at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketIoAction {
    /// Sends an event; while not connected, as soon as it is.
    Emit(SocketIoEmit),
    /// Waits until the socket in this namespace is connected.
    AwaitConnect(String),
    /// Waits until packets go over WebSocket.
    AwaitUpgrade,
    /// Waits until a socket was disconnected.
    AwaitDisconnect,
    /// Waits until a socket could not be connected.
    AwaitConnectError,
    /// Waits for an acknowledgment, or for its time to be over.
    AwaitAck,
    /// Waits for an event with this name, and with these arguments where some are given. Other events stay, to be
    /// awaited later.
    AwaitEvent {
        /// The namespace.
        nsp: String,
        /// The name.
        name: String,
        /// The arguments.
        args: Option<Vec<Template>>,
    },
    /// Waits so long.
    Wait(Duration),
    /// Connects the socket in this namespace, a first time or again.
    Connect(String),
    /// Disconnects the socket in this namespace.
    Disconnect(String),
    /// Breaks off the connections below, as a cut cable would not: the peer gets a RST.
    Abort,
}
