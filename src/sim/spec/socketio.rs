//! Socket.IO servers, and what they do when something happens.

use std::time::Duration;

use super::{EngineIo, Piece, Slot, Template};

/// A Socket.IO server (protocol 5).
#[derive(Debug, Clone, PartialEq)]
pub struct SocketIoServer {
    /// The port.
    pub port: u16,
    /// Its sessions; their path is `/socket.io/` by default.
    pub engine: EngineIo,
    /// The namespaces beside `/`.
    pub namespaces: Vec<String>,
    /// In what time a client must have asked for a namespace.
    pub connect_timeout: Duration,
    /// How long the state of a client that was cut off is kept, if it is.
    pub recovery: Option<Duration>,
    /// What it does when something happens; all that fit are done, in this order.
    pub handlers: Vec<Handler>,
}

/// What is done when something happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    /// When.
    pub trigger: Trigger,
    /// In this namespace alone; `None`: in each.
    pub nsp: Option<String>,
    /// Only if this holds.
    pub condition: Option<Condition>,
    /// What is done, one after the other.
    pub deeds: Vec<Deed>,
}

/// When a handler is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A client asks to come in (middleware); it comes in unless it is refused.
    Connecting,
    /// A client came in.
    Connection,
    /// A client is no more there.
    Disconnect,
    /// This event came.
    Event(String),
    /// Any event came.
    AnyEvent,
    /// The answer to this event came.
    Answer(String),
    /// The answer to this event did not come in time.
    Timeout(String),
    /// So much time has passed, and again, so often at most; nobody in particular is meant then.
    Every(Duration, u64),
}

/// What must hold for a handler to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The value that is looked at.
    pub slot: Slot,
    /// What it must be, or must not be.
    pub value: serde_json::Value,
    /// Whether it must be that.
    pub equal: bool,
}

/// One thing that a handler does.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Sends an event.
    Emit {
        /// To whom.
        to: Whom,
        /// Of these rooms alone.
        rooms: Vec<Vec<Piece>>,
        /// But not of these.
        except: Vec<Vec<Piece>>,
        /// The event's name.
        event: Vec<Piece>,
        /// Its arguments.
        args: Vec<Template>,
        /// Asks for an answer, within this time (to one socket alone).
        answer_within: Option<Duration>,
    },
    /// Answers the event, if an answer was asked for.
    Answer(Vec<Template>),
    /// Puts the socket into a room.
    Join(Vec<Piece>),
    /// Takes the socket out of a room.
    Leave(Vec<Piece>),
    /// Sends the socket away; with the session and all its sockets, or from the namespace alone.
    Disconnect {
        /// Whether the session ends.
        session: bool,
    },
    /// Refuses who asks to come in, with this message and perhaps more.
    Refuse(Vec<Piece>, Option<Template>),
    /// Writes a line into the program's log.
    Log(Vec<Piece>),
}

/// To whom an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The socket that is handled: `socket.emit`.
    Socket,
    /// All but it: `socket.broadcast.emit`.
    Others,
    /// All of the namespace: `io.emit`.
    Everyone,
}

impl Default for SocketIoServer {
    /// As npm's `socket.io` 4 has it, at port 3000, without handlers.
    fn default() -> Self {
        Self {
            port: 3000,
            engine: EngineIo {
                path: "/socket.io/".to_owned(),
                ..EngineIo::default()
            },
            namespaces: Vec::new(),
            connect_timeout: Duration::from_secs(45),
            recovery: None,
            handlers: Vec::new(),
        }
    }
}
