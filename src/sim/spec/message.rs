//! Servers of bare messages, and what they do when one comes.

use std::time::Duration;

use super::{Condition, Piece, Whom};

/// What is done when something happens to a client of a server of bare messages.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageHandler {
    /// When.
    pub trigger: MessageTrigger,
    /// Only if this holds.
    pub condition: Option<Condition>,
    /// What is done, one after the other.
    pub deeds: Vec<MessageDeed>,
}

/// When a handler is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageTrigger {
    /// A client came.
    Connection,
    /// A client is no more there.
    Disconnect,
    /// This text came.
    Message(String),
    /// Any message came, of text or of bytes.
    AnyMessage,
    /// So much time has passed, and again, so often at most; nobody in particular is meant then.
    Every(Duration, u64),
}

/// One thing that a handler does.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageDeed {
    /// Sends a message.
    Send {
        /// To whom.
        to: Whom,
        /// What.
        message: Written,
    },
    /// Sends the client away.
    Disconnect,
    /// Writes a line into the program's log.
    Log(Vec<Piece>),
}

/// A message that is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// Text with values in it. Where it is `$1` alone the message is sent as it came, bytes as bytes.
    Text(Vec<Piece>),
    /// Bytes.
    Bytes(Vec<u8>),
}
