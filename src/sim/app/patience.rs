//! How long a connection of HTTP is waited for: [`Patience`].

use std::time::Duration;

use crate::base::Time;
use crate::proto::http::Response;
use crate::stack::http::Server;

/// In what time a request must be there whole, and how long a connection may stand without one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    request: Option<Duration>,
    idle: Option<Duration>,
    /// Since when what it waits for is waited for.
    since: Time,
    /// Whether a request was read already.
    is_used: bool,
    is_over: bool,
}

impl Patience {
    /// So long for a request, and so long between two.
    pub fn new(request: Option<Duration>, idle: Option<Duration>) -> Self {
        Self {
            request,
            idle,
            ..Self::default()
        }
    }

    /// The connection was made, or a request on it was answered.
    pub fn start(&mut self, now: Time) {
        self.since = now;
    }

    /// Bytes come, which the server was not told of yet.
    pub fn note_input(&mut self, now: Time, server: &Server) {
        if self.is_used && server.is_idle() {
            self.since = now;
        }
    }

    /// A request was read.
    pub fn note_request(&mut self) {
        self.is_used = true;
    }

    /// When it has waited long enough.
    pub fn due(&self, server: &Server) -> Option<Time> {
        let span = match server.is_idle() && self.is_used {
            _ if self.is_over || server.is_asked() => None,
            true => self.idle,
            false => self.request,
        };
        Some(self.since + span?)
    }

    /// It has waited long enough, if it has: what a client is sent before the end that has begun a request (RFC 9110
    /// §15.5.9), or nothing.
    pub fn give_up(&mut self, now: Time, server: &Server) -> Option<Vec<u8>> {
        self.due(server).filter(|due| *due <= now)?;
        self.is_over = true;
        let is_late = !server.is_idle() || !self.is_used;
        let response = Response::new(408)
            .with("Connection", "close")
            .with("Content-Length", "0");
        Some(if is_late { response.emit() } else { Vec::new() })
    }
}
