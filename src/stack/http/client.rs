//! The client's end of a connection.

use std::collections::VecDeque;

use super::{ReadError, Reader, persists, unit};
use crate::proto::http::{Request, Response};
use crate::stack::cx::Cx;
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};

/// An HTTP/1.1 client on one connection. How to use it stands at [the module](super).
#[derive(Debug, Clone, Default)]
pub struct Client {
    conn: Option<ConnId>,
    reader: Reader,
    /// Requests not sent yet: each waits for the response to the one before.
    waiting: VecDeque<Request>,
    /// The request that was sent and not answered yet.
    unanswered: Option<Request>,
    over: bool,
    /// A 101 came: what follows is another protocol's.
    upgraded: bool,
    transmits: Queue<Vec<u8>>,
    events: Queue<ClientEvent>,
}

/// What a [`Client`] tells its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// An interim response (1xx) came; the final one is still to come.
    Interim(Response),
    /// The response to the oldest request came.
    Response(Response),
    /// What the server sent cannot be read, or it ended too early.
    Failed(ReadError),
    /// Nothing more will come: close the carrier.
    Disconnect,
}

impl Client {
    /// A client on the connection `conn`, which is named in its records.
    pub fn new(conn: Option<ConnId>) -> Self {
        Self {
            conn,
            ..Self::default()
        }
    }

    /// Sends a request as it stands, as soon as the ones before it were answered. After the end it does nothing.
    pub fn request(&mut self, cx: &mut Cx<'_>, request: Request) {
        if !self.over {
            self.waiting.push_back(request);
            self.send_next(cx);
        }
    }

    /// Gives the connection up to another protocol, after the 101 that the last [`ClientEvent::Interim`] told of:
    /// returns what came behind it and is that protocol's (RFC 9110 §7.8). From now on this machine does nothing more.
    pub fn upgrade(&mut self) -> Vec<u8> {
        self.over = true;
        self.reader.take_rest()
    }

    /// Takes bytes that came from the server.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        if !self.over {
            self.reader.push(bytes);
            self.read(cx);
        }
    }

    /// The server will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>) {
        if self.over {
            return;
        }
        self.reader.end();
        self.read(cx);
        if !self.over && self.unanswered.is_some() {
            self.fail(cx, ReadError::Ended);
        }
        self.finish(cx);
    }

    /// Bytes for the carrier: a whole message.
    pub fn poll_transmit(&mut self, cx: &mut Cx<'_>) -> Option<Vec<u8>> {
        self.transmits.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ClientEvent> {
        self.events.pop(cx)
    }

    fn send_next(&mut self, cx: &mut Cx<'_>) {
        if self.unanswered.is_some() {
            return;
        }
        if let Some(request) = self.waiting.pop_front() {
            let bytes = request.emit();
            let unit = unit(request.line(), bytes.len());
            cx.step(7, self.conn, "RFC 9112 §3", What::Down(unit));
            self.transmits.push(cx, bytes);
            self.unanswered = Some(request);
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        while !self.over && !self.upgraded && !self.reader.is_empty() {
            let Some(request) = &self.unanswered else {
                return self.fail(cx, ReadError::Unasked);
            };
            match self.reader.response(&request.method) {
                Ok(None) => return,
                Ok(Some((response, len))) => self.take(cx, response, len),
                Err(error) => return self.fail(cx, error),
            }
        }
    }

    fn take(&mut self, cx: &mut Cx<'_>, response: Response, len: usize) {
        let unit = unit(response.line(), len);
        cx.step(7, self.conn, "RFC 9112 §4", What::Up(unit));
        if (100..200).contains(&response.code) {
            self.upgraded = response.code == 101;
            return self.events.push(cx, ClientEvent::Interim(response));
        }
        let asked_to_close = (self.unanswered.take())
            .is_some_and(|request| !persists(request.version, &request.headers));
        let goes_on = persists(response.version, &response.headers) && !asked_to_close;
        self.events.push(cx, ClientEvent::Response(response));
        match goes_on {
            true => self.send_next(cx),
            false => self.finish(cx),
        }
    }

    fn fail(&mut self, cx: &mut Cx<'_>, error: ReadError) {
        self.events.push(cx, ClientEvent::Failed(error));
        self.finish(cx);
    }

    fn finish(&mut self, cx: &mut Cx<'_>) {
        if !self.over {
            self.over = true;
            self.events.push(cx, ClientEvent::Disconnect);
        }
    }
}
