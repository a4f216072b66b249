//! Protocols that are spoken over a byte stream.
//!
//! The walk reassembles the stream and asks the protocol for one message after the other.

use super::registry::Protocol;
use super::tree::Dissection;
use super::{http, websocket};

/// Which way bytes go in a conversation of two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dir {
    /// From the end that opened the conversation (the client) to the other.
    ToServer,
    /// From the end that was called (the server) to the other.
    ToClient,
}

impl Dir {
    /// 0 for [`Dir::ToServer`], 1 for [`Dir::ToClient`]: the index of the sending end.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The other way.
    pub fn reverse(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// What a protocol makes of the bytes that follow in a stream.
#[derive(Debug)]
pub enum Next {
    /// Not a whole message yet: more bytes are needed.
    More,
    /// A message: this many bytes of the stream.
    Message(Box<Message>),
    /// These bytes are no such protocol: the rest of this direction is left as bytes.
    NotMine(String),
}

/// A message read from a stream.
#[derive(Debug)]
pub struct Message {
    /// How many bytes of the stream it takes (at least 1).
    pub len: usize,
    /// What its bytes are to be read with, when somebody looks at it.
    pub seed: Seed,
    /// The protocol that both directions speak after this message (HTTP's 101 makes it WebSocket).
    pub upgrade: Option<Box<dyn StreamProtocol>>,
}

/// What must be known of a message beside its bytes to take it apart: little, so that millions of messages can be kept
/// and each is dissected only when it is looked at.
#[derive(Debug, Clone)]
pub enum Seed {
    /// Of an HTTP message.
    Http(Box<http::Seed>),
    /// Of a WebSocket frame.
    WebSocket(websocket::Seed),
}

impl Seed {
    /// The lowest protocol of the message.
    pub fn protocol(&self) -> &'static Protocol {
        match self {
            Self::Http(_) => &http::PROTOCOL,
            Self::WebSocket(_) => &websocket::PROTOCOL,
        }
    }

    /// The message's layers, lowest first (WebSocket, then what it carries). `bytes` are those of the stream that the
    /// message takes; they are the input.
    pub fn dissection(&self, bytes: &[u8]) -> Dissection {
        match self {
            Self::Http(seed) => seed.dissection(bytes),
            Self::WebSocket(seed) => seed.dissection(bytes),
        }
    }

    /// One line, such as `GET /chat HTTP/1.1` or `Text "hi"`; not yet made safe for a terminal.
    pub fn info(&self, bytes: &[u8]) -> String {
        match self {
            Self::Http(seed) => seed.info(bytes),
            Self::WebSocket(seed) => seed.info(bytes),
        }
    }
}

/// A protocol over a byte stream, with what it remembers of both directions.
pub trait StreamProtocol: std::fmt::Debug + Send {
    /// Reads the next message of direction `dir` from `bytes`, which start where the last message ended.
    /// `closed`: no more bytes will follow in this direction (a FIN was seen).
    ///
    /// After [`Next::More`] the same bytes come again with more behind them. A protocol goes on where it stopped, so
    /// that a message in many small segments costs no more than one in few.
    ///
    /// Never panics, and never allocates by a number that it read.
    fn next(&mut self, dir: Dir, bytes: &[u8], closed: bool) -> Next;

    /// What the conversation is called from here on, where the protocol follows another one by an upgrade.
    fn phase(&self) -> Option<&'static str> {
        None
    }
}
