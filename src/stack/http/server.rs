//! The server's end of a connection.

use super::reader::Piece;
use super::{ReadError, Reader, persists, unit};
use crate::proto::http::{HeadError, Request, Response};
use crate::stack::cx::Cx;
use crate::stack::queue::Queue;
use crate::stack::record::{ConnId, What};

/// An HTTP/1.1 server on one connection. How to use it stands at [the module](super).
///
/// It tells of one request at a time: the next one is read when the one before was answered.
#[derive(Debug, Clone, Default)]
pub struct Server {
    conn: Option<ConnId>,
    reader: Reader,
    /// The request that the application has to answer.
    unanswered: Option<Request>,
    ended: bool,
    over: bool,
    /// Bodies are handed to the application as they come.
    in_pieces: bool,
    transmits: Queue<Vec<u8>>,
    events: Queue<ServerEvent>,
}

/// What a [`Server`] tells its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// Bytes of the body of the request that comes; see [`Server::in_pieces`].
    Body(Vec<u8>),
    /// A request came: answer it with [`Server::respond`].
    Request(Request),
    /// What the client sent cannot be read; it was answered with a status of the 400s.
    Failed(ReadError),
    /// Nothing more will come: close the carrier.
    Disconnect,
}

impl Server {
    /// A server on the connection `conn`, which is named in its records.
    pub fn new(conn: Option<ConnId>) -> Self {
        Self {
            conn,
            ..Self::default()
        }
    }

    /// A server that does not keep the bodies of requests whose length is told ahead: they may be of any length, and
    /// are handed out as they come, by [`ServerEvent::Body`], before the [`ServerEvent::Request`] without them. A
    /// client that waits to be told to go on is told so (RFC 9110 §10.1.1).
    pub fn in_pieces(conn: Option<ConnId>) -> Self {
        Self {
            in_pieces: true,
            ..Self::new(conn)
        }
    }

    /// The same server, which takes in bodies of at most so many bytes, and no more than
    /// [`MAX_BODY`](super::MAX_BODY); a longer one is answered with 413.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.reader.limit(bytes);
        self
    }

    /// Whether a request waits for its answer.
    pub fn is_asked(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Whether nothing of a request came that was not answered yet.
    pub fn is_idle(&self) -> bool {
        self.unanswered.is_none() && self.reader.is_empty()
    }

    /// The head of the request of [`ServerEvent::Failed`], where only its body could not be read.
    pub fn failed_head(&self) -> Option<Request> {
        self.reader.head()
    }

    /// Answers the request that the last [`ServerEvent::Request`] told of, and reads the next one. Adds
    /// `Content-Length` where the response needs it and has none; leaves out the body where none may be.
    ///
    /// # Panics
    /// If no request waits for an answer.
    pub fn respond(&mut self, cx: &mut Cx<'_>, response: Response) {
        let request = self.unanswered.take().expect("a request waits");
        let goes_on = persists(request.version, &request.headers)
            && persists(response.version, &response.headers);
        self.send(cx, response, &request.method);
        match goes_on {
            true => self.read(cx),
            false => self.finish(cx),
        }
    }

    /// Gives the connection up to another protocol, which answers the request that waits: returns what came behind it
    /// and is that protocol's (RFC 9110 §7.8). From now on this machine does nothing more.
    ///
    /// # Panics
    /// If no request waits for an answer.
    pub fn upgrade(&mut self) -> Vec<u8> {
        self.unanswered.take().expect("a request waits");
        self.over = true;
        self.reader.take_rest()
    }

    /// Takes bytes that came from the client.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        if self.over {
            return;
        }
        self.reader.push(bytes);
        if self.unanswered.is_some() && self.reader.is_over_full() {
            // it cannot be answered before the request that waits
            self.events
                .push(cx, ServerEvent::Failed(ReadError::BodyTooLarge));
            return self.finish(cx);
        }
        self.read(cx);
    }

    /// The client will send nothing more. It may still read: a request that waits is still to be answered.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>) {
        self.ended = true;
        if !self.over {
            self.reader.end();
            self.read(cx);
        }
    }

    /// Bytes for the carrier: a whole message.
    pub fn poll_transmit(&mut self, cx: &mut Cx<'_>) -> Option<Vec<u8>> {
        self.transmits.pop(cx)
    }

    /// What happened.
    pub fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<ServerEvent> {
        self.events.pop(cx)
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        if self.over || self.unanswered.is_some() {
            return;
        }
        let read = match self.in_pieces {
            true => self.read_pieces(cx),
            false => self.reader.request(),
        };
        match read {
            Ok(Some((request, len))) => {
                let unit = unit(request.line(), len);
                cx.step(7, self.conn, "RFC 9112 §3", What::Up(unit));
                self.unanswered = Some(request.clone());
                self.events.push(cx, ServerEvent::Request(request));
            }
            Ok(None) if self.ended => self.finish(cx),
            Ok(None) => {}
            Err(error) => self.refuse(cx, error),
        }
    }

    /// Hands out the body of a request as far as it came; the request once it is whole.
    fn read_pieces(&mut self, cx: &mut Cx<'_>) -> Result<Option<(Request, usize)>, ReadError> {
        while let Some(piece) = self.reader.request_piece()? {
            match piece {
                Piece::Begun { waits: false } => {}
                Piece::Begun { waits: true } => self.send(cx, Response::new(100), ""),
                Piece::Body(bytes) => self.events.push(cx, ServerEvent::Body(bytes)),
                Piece::Whole(request, len) => return Ok(Some((request, len))),
            }
        }
        Ok(None)
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, error: ReadError) {
        let code = match error {
            ReadError::Head(HeadError::TooLarge) => 431,
            ReadError::BodyTooLarge => 413,
            _ => 400,
        };
        self.events.push(cx, ServerEvent::Failed(error));
        let response = Response::new(code).with("Connection", "close");
        self.send(cx, response, "");
        self.finish(cx);
    }

    fn send(&mut self, cx: &mut Cx<'_>, mut response: Response, method: &str) {
        let headers = &mut response.headers;
        let may_have_body = !matches!(response.code, 100..=199 | 204 | 304);
        let is_framed =
            headers.get("Content-Length").is_some() || headers.get("Transfer-Encoding").is_some();
        if may_have_body && !is_framed {
            headers.push("Content-Length", response.body.len().to_string());
        }
        if !may_have_body || method == "HEAD" {
            response.body.clear();
        }
        let bytes = response.emit();
        let unit = unit(response.line(), bytes.len());
        cx.step(7, self.conn, "RFC 9112 §4", What::Down(unit));
        self.transmits.push(cx, bytes);
    }

    fn finish(&mut self, cx: &mut Cx<'_>) {
        if !self.over {
            self.over = true;
            self.events.push(cx, ServerEvent::Disconnect);
        }
    }
}
