//! Whole messages out of bytes that come in any cuts.

use crate::proto::http::{
    Chunks, ChunksEnd, Framing, FramingError, HeadError, MAX_HEAD, Request, Response,
};

/// The longest body that is taken in unless less was said, in bytes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// Why no message can be read from what the peer sent. Nothing after it can be read either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The head is none.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The end of the body cannot be told.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// A request tells its length in two ways, and others on its way may have believed the other one (RFC 9112 §6.1).
    #[error("a request with both Content-Length and Transfer-Encoding")]
    TwoFramings,
    /// The chunks of the body are none.
    #[error("no chunked body: {0}")]
    Chunks(&'static str),
    /// The body is longer than what is taken in, [`MAX_BODY`] or less.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The peer ended in the middle of a message.
    #[error("the connection ended within a message")]
    Ended,
    /// A response came that answers no request.
    #[error("a response to no request")]
    Unasked,
}

/// Collects bytes and reads messages from them.
#[derive(Debug, Clone, Default)]
pub(in crate::stack) struct Reader {
    bytes: Vec<u8>,
    ended: bool,
    /// Of the message being read: how far its chunks were read.
    chunks: Chunks,
    /// The request whose body is being handed out in pieces.
    open: Option<Open>,
    /// The longest body that is taken in, where it is less than [`MAX_BODY`].
    limit: Option<usize>,
}

/// A request whose body is being handed out in pieces.
#[derive(Debug, Clone)]
struct Open {
    request: Request,
    /// Bytes of the whole message.
    len: usize,
    /// Bytes of the body that did not come yet.
    left: u64,
}

/// What is read of a request where bodies are handed out in pieces.
#[derive(Debug)]
pub(in crate::stack) enum Piece {
    /// The head came, and a body follows in pieces; whether the client waits until it is told to go on
    /// (RFC 9110 §10.1.1).
    Begun { waits: bool },
    /// Bytes of the body.
    Body(Vec<u8>),
    /// The request is whole, without what was handed out; how many bytes it took.
    Whole(Request, usize),
}

impl Reader {
    pub(in crate::stack) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Takes in bodies of at most so many bytes from now on.
    pub(in crate::stack) fn limit(&mut self, bytes: usize) {
        self.limit = Some(bytes);
    }

    /// Whether more is there than the longest message that is taken in: more than one that would have to wait.
    pub(in crate::stack) fn is_over_full(&self) -> bool {
        self.bytes.len() > self.most() + MAX_HEAD
    }

    /// The head of the request that is being read, if it is there.
    pub(in crate::stack) fn head(&self) -> Option<Request> {
        let parsed = Request::parse(&self.bytes).ok()??;
        Some(parsed.0)
    }

    pub(in crate::stack) fn end(&mut self) {
        self.ended = true;
    }

    pub(in crate::stack) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was not read: after an upgrade it is the next protocol's.
    pub(in crate::stack) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The next request, and how many bytes it took.
    pub(in crate::stack) fn request(&mut self) -> Result<Option<(Request, usize)>, ReadError> {
        let Some((mut request, head_len)) = Request::parse(&self.bytes)? else {
            return self.unfinished();
        };
        let framing = framing(&request)?;
        let Some(body) = self.body(head_len, framing)? else {
            return self.unfinished();
        };
        request.body = body.0;
        Ok(Some((request, body.1)))
    }

    /// The next piece of a request. A body whose length is told ahead is handed out as it comes, and may be of any
    /// length; another one comes with the whole request.
    pub(in crate::stack) fn request_piece(&mut self) -> Result<Option<Piece>, ReadError> {
        let Some(open) = &mut self.open else {
            return self.begin_pieces();
        };
        if open.left > 0 {
            let there = usize::try_from(open.left).unwrap_or(usize::MAX);
            let there = there.min(self.bytes.len());
            if there == 0 {
                return if self.ended {
                    Err(ReadError::Ended)
                } else {
                    Ok(None)
                };
            }
            open.left -= there as u64;
            let rest = self.bytes.split_off(there);
            return Ok(Some(Piece::Body(std::mem::replace(&mut self.bytes, rest))));
        }
        let whole = self.open.take();
        Ok(whole.map(|open| Piece::Whole(open.request, open.len)))
    }

    fn begin_pieces(&mut self) -> Result<Option<Piece>, ReadError> {
        let Some((request, head_len)) = Request::parse(&self.bytes)? else {
            return self.unfinished();
        };
        let Framing::Length(left) = framing(&request)? else {
            let whole = self.request()?;
            return Ok(whole.map(|(request, len)| Piece::Whole(request, len)));
        };
        self.bytes.drain(..head_len);
        let waits = request.headers.has("Expect", "100-continue") && self.bytes.is_empty();
        let len = head_len.saturating_add(usize::try_from(left).unwrap_or(usize::MAX));
        self.open = Some(Open { request, len, left });
        Ok(Some(Piece::Begun { waits }))
    }

    /// The next response, to a request with this method, and how many bytes it took.
    pub(in crate::stack) fn response(
        &mut self,
        method: &str,
    ) -> Result<Option<(Response, usize)>, ReadError> {
        let Some((mut response, head_len)) = Response::parse(&self.bytes)? else {
            return self.unfinished();
        };
        let framing = Framing::of_response(&response, method)?;
        let Some(body) = self.body(head_len, framing)? else {
            return self.unfinished();
        };
        response.body = body.0;
        Ok(Some((response, body.1)))
    }

    fn unfinished<T>(&self) -> Result<Option<T>, ReadError> {
        match self.ended && !self.bytes.is_empty() {
            true => Err(ReadError::Ended),
            false => Ok(None),
        }
    }

    /// The body after a head of `head_len` bytes, and the length of the whole message, which is taken out.
    fn body(
        &mut self,
        head_len: usize,
        framing: Framing,
    ) -> Result<Option<(Vec<u8>, usize)>, ReadError> {
        let rest = &self.bytes[head_len..];
        let (body, len) = match framing {
            Framing::Empty => (Vec::new(), 0),
            Framing::Length(len) => {
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                self.check_size(len)?;
                match rest.get(..len) {
                    Some(body) => (body.to_vec(), len),
                    None => return Ok(None),
                }
            }
            Framing::Chunked => {
                self.check_size(rest.len())?;
                match self.chunks.read(rest) {
                    ChunksEnd::Done => (self.chunks.data(rest), self.chunks.len),
                    ChunksEnd::More => return Ok(None),
                    ChunksEnd::Malformed(why) => return Err(ReadError::Chunks(why)),
                }
            }
            Framing::UntilClose => {
                self.check_size(rest.len())?;
                match self.ended {
                    true => (rest.to_vec(), rest.len()),
                    false => return Ok(None),
                }
            }
        };
        self.chunks = Chunks::default();
        self.bytes.drain(..head_len + len);
        Ok(Some((body, head_len + len)))
    }

    /// The longest body that is taken in.
    fn most(&self) -> usize {
        self.limit.unwrap_or(MAX_BODY).min(MAX_BODY)
    }

    fn check_size(&self, len: usize) -> Result<(), ReadError> {
        match len > self.most() {
            true => Err(ReadError::BodyTooLarge),
            false => Ok(()),
        }
    }
}

/// How the body of a request ends, if that is sure.
fn framing(request: &Request) -> Result<Framing, ReadError> {
    let framing = Framing::of_request(request)?;
    let has_length = request.headers.get("Content-Length").is_some();
    match framing {
        Framing::Chunked if has_length => Err(ReadError::TwoFramings),
        framing => Ok(framing),
    }
}
