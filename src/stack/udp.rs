//! The UDP of one host: which ports are bound, and what came for them (RFC 768).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// How many datagrams wait on one port; more are lost.
const QUEUE_LEN: usize = 256;

/// A datagram that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// From whom.
    pub from: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// The ports that are bound.
#[derive(Debug, Clone, Default)]
pub struct Ports(BTreeMap<u16, VecDeque<Datagram>>);

/// Why a port cannot be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Someone has it.
    #[error("UDP port {0} is bound already")]
    InUse(u16),
    /// All ephemeral ports are taken.
    #[error("no free UDP port left")]
    NoPort,
}

impl Ports {
    /// Binds `port`, or else the first free one from `ephemeral` on, around within the range that begins at `first`.
    ///
    /// # Errors
    /// The port is taken, or all are.
    pub fn bind(&mut self, port: Option<u16>, first: u16, offset: u16) -> Result<u16, BindError> {
        let port = match port {
            Some(port) if self.0.contains_key(&port) => return Err(BindError::InUse(port)),
            Some(port) => port,
            None => {
                let count = u16::MAX - first + 1;
                (0..count)
                    .map(|i| first + offset.wrapping_add(i) % count)
                    .find(|port| !self.0.contains_key(port))
                    .ok_or(BindError::NoPort)?
            }
        };
        self.0.insert(port, VecDeque::new());
        Ok(port)
    }

    /// Whether someone has bound `port`.
    pub fn is_bound(&self, port: u16) -> bool {
        self.0.contains_key(&port)
    }

    /// Keeps a datagram for `port`; false if the queue is full or nobody has bound it.
    pub fn deliver(&mut self, port: u16, datagram: Datagram) -> bool {
        let queue = self
            .0
            .get_mut(&port)
            .filter(|queue| queue.len() < QUEUE_LEN);
        queue.map(|queue| queue.push_back(datagram)).is_some()
    }

    /// The oldest datagram that came for `port`.
    pub fn receive(&mut self, port: u16) -> Option<Datagram> {
        self.0.get_mut(&port)?.pop_front()
    }
}
