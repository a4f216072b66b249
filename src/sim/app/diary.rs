//! What a server on real sockets says to whoever runs it, and whom it knows: [`Diary`].

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::service::Said;
use crate::stack::record::ConnId;

/// The lines that a server says. In the simulator, whose records say all, it stays empty.
#[derive(Debug, Default)]
pub struct Diary {
    said: Option<Vec<Said>>,
    says_events: bool,
    peers: BTreeMap<ConnId, SocketAddr>,
}

impl Diary {
    /// It is read; `says_events`: what comes and goes is said, too, and not only who.
    pub fn kept(says_events: bool) -> Self {
        Self {
            said: Some(Vec::new()),
            says_events,
            peers: BTreeMap::new(),
        }
    }

    /// Whether what comes and goes is said.
    pub fn says_events(&self) -> bool {
        self.says_events
    }

    /// Who comes, goes, or is refused; and the scenario's own log.
    pub fn line(&mut self, text: impl FnOnce() -> String) {
        if let Some(said) = &mut self.said {
            said.push(Said::Line(text()));
        }
    }

    /// What comes and goes.
    pub fn event(&mut self, text: impl FnOnce() -> String) {
        if self.says_events
            && let Some(said) = &mut self.said
        {
            said.push(Said::Event(text()));
        }
    }

    /// What was said since this was asked last.
    pub fn take(&mut self) -> Vec<Said> {
        self.said.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whose connection this is.
    pub fn know(&mut self, conn: ConnId, peer: SocketAddr) {
        self.peers.insert(conn, peer);
    }

    /// The connection is no more.
    pub fn forget(&mut self, conn: ConnId) {
        self.peers.remove(&conn);
    }

    /// Whose connection this is, for people.
    pub fn who(&self, conn: ConnId) -> String {
        let peer = self.peers.get(&conn);
        peer.map_or("a client".to_owned(), SocketAddr::to_string)
    }
}
