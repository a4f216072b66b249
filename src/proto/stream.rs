//! Protocols that are spoken over a byte stream.
//!
//! The walk reassembles the stream and asks the protocol for one message after the other.

use super::tree::Dissection;

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
    /// Its layers, lowest first (WebSocket, then what it carries), with the stream's bytes as the input.
    pub dissection: Dissection,
    /// One line, such as `GET /chat HTTP/1.1` or `Text "hi"`; not yet made safe for a terminal.
    pub info: String,
    /// The protocol that both directions speak after this message (HTTP's 101 makes it WebSocket).
    pub upgrade: Option<Box<dyn StreamProtocol>>,
}

/// A protocol over a byte stream, with what it remembers of both directions.
pub trait StreamProtocol: std::fmt::Debug + Send {
    /// Reads the next message of direction `dir` from `bytes`, which start where the last message ended.
    /// `closed`: no more bytes will follow in this direction (a FIN was seen).
    ///
    /// Never panics, and never allocates by a number that it read.
    fn next(&mut self, dir: Dir, bytes: &[u8], closed: bool) -> Next;
}
