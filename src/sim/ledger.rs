//! The books of a program: what it wrote to a TCP connection, what it read from it, and how that ended.

use super::app::Order;
use crate::stack::record::ConnId;
use crate::stack::tcp::Event;

/// What passed between a program and one of its TCP connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The connection.
    pub conn: ConnId,
    /// What TCP took from the program.
    pub written: Vec<u8>,
    /// What the program read.
    pub read: Vec<u8>,
    /// Whether it has read to the end of what the peer sends.
    pub peer_ended: bool,
    /// How the program ended its side, if it did: the strongest of what it asked for.
    pub ending: Option<Ending>,
    /// What it was told when the connection was over.
    pub over: Option<Event>,
}

/// How a program ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It sends no more, and reads on.
    Shutdown,
    /// It sends and reads no more.
    Close,
    /// It breaks the connection off.
    Abort,
}

impl Ledger {
    pub(super) fn new(conn: ConnId) -> Self {
        Self {
            conn,
            written: Vec::new(),
            read: Vec::new(),
            peer_ended: false,
            ending: None,
            over: None,
        }
    }

    pub(super) fn note_event(&mut self, event: Event) {
        let conn = match event {
            Event::Reset(conn)
            | Event::Refused(conn)
            | Event::TimedOut(conn)
            | Event::Unreachable(conn, _)
            | Event::Closed(conn) => conn,
            _ => return,
        };
        if conn == self.conn {
            self.over = Some(event);
        }
    }

    pub(super) fn note_order(&mut self, order: &Order) {
        let ending = match order {
            Order::Shutdown => Ending::Shutdown,
            Order::Close => Ending::Close,
            Order::Abort => Ending::Abort,
            _ => return,
        };
        self.ending = self.ending.max(Some(ending));
    }
}
