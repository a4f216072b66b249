//! Where a body ends (RFC 9112 §6.3).

use std::ops::Range;

use super::head::{Headers, Request, Response};

/// How the length of a message's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// `Content-Length`: this many bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`: chunks, each with its length before it.
    Chunked,
    /// Everything until the sender closes.
    UntilClose,
}

/// Why nobody can tell where a body ends: the message, and all that follows, is lost (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// `Content-Length` is not a number, is negative, or is more than 64 bits hold.
    #[error("Content-Length is not a number that a length can be")]
    BadLength,
    /// Two `Content-Length` values differ.
    #[error("Content-Length is given twice with different values")]
    TwoLengths,
    /// A request's last transfer coding is not `chunked`.
    #[error("Transfer-Encoding of a request does not end with chunked")]
    NotChunked,
}

impl Framing {
    /// How the body of this request ends.
    pub fn of_request(request: &Request) -> Result<Self, FramingError> {
        Self::of_request_headers(&request.headers)
    }

    /// How the body of this response ends, where `method` is that of the request that it answers.
    pub fn of_response(response: &Response, method: &str) -> Result<Self, FramingError> {
        Self::of_response_headers(response.code, method, &response.headers)
    }

    pub(super) fn of_request_headers(headers: &Headers) -> Result<Self, FramingError> {
        if let Some(coding) = headers.list("Transfer-Encoding").last() {
            return if coding.eq_ignore_ascii_case("chunked") {
                Ok(Self::Chunked)
            } else {
                Err(FramingError::NotChunked)
            };
        }
        Ok(content_length(headers)?.map_or(Self::Empty, Self::Length))
    }

    pub(super) fn of_response_headers(
        code: u16,
        method: &str,
        headers: &Headers,
    ) -> Result<Self, FramingError> {
        let is_tunnel = method == "CONNECT" && (200..300).contains(&code);
        if method == "HEAD" || matches!(code, 100..=199 | 204 | 304) || is_tunnel {
            return Ok(Self::Empty);
        }
        if let Some(coding) = headers.list("Transfer-Encoding").last() {
            return Ok(if coding.eq_ignore_ascii_case("chunked") {
                Self::Chunked
            } else {
                Self::UntilClose
            });
        }
        Ok(content_length(headers)?.map_or(Self::UntilClose, Self::Length))
    }
}

/// The value of `Content-Length`; the same value twice counts as one.
fn content_length(headers: &Headers) -> Result<Option<u64>, FramingError> {
    let mut length = None;
    for value in headers
        .all("Content-Length")
        .flat_map(|value| value.split(','))
    {
        let value = parse_length(value.trim()).ok_or(FramingError::BadLength)?;
        if *length.get_or_insert(value) != value {
            return Err(FramingError::TwoLengths);
        }
    }
    Ok(length)
}

/// The number that a `Content-Length` tells. Digits alone: `u64::from_str` would also take a plus sign.
pub(super) fn parse_length(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

/// Reads a chunked body (RFC 9112 §7.1), as far as the bytes go, and goes on where it stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunks {
    /// The chunks read so far; the last chunk, of size 0, is among them once it was seen.
    pub chunks: Vec<Chunk>,
    /// The lines of the trailer section, without their CRLF.
    pub trailer: Vec<Range<usize>>,
    /// How many bytes were read: chunk heads, data, line ends, trailer.
    pub len: usize,
}

/// One chunk: its places, as offsets from the start of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The size line: the size in hexadecimal and the extensions, without the CRLF.
    pub size_line: Range<usize>,
    /// The digits of the size.
    pub digits: Range<usize>,
    /// The data, without the CRLF after it.
    pub data: Range<usize>,
}

/// What [`Chunks::read`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunksEnd {
    /// The body is whole; [`Chunks::len`] is its length.
    Done,
    /// More bytes are needed.
    More,
    /// At [`Chunks::len`] stands no chunk.
    Malformed(&'static str),
}

/// The longest line of a chunk's size or of a trailer field that is waited for, in bytes.
const MAX_LINE: usize = 16 * 1024;

impl Chunks {
    /// Reads on in `body`, which begins with the same bytes as at the last call.
    pub fn read(&mut self, body: &[u8]) -> ChunksEnd {
        loop {
            let at_trailer = self.chunks.last().is_some_and(|last| last.data.is_empty());
            let step = if at_trailer {
                self.read_trailer_line(body)
            } else {
                self.read_chunk(body)
            };
            if let Some(end) = step {
                return end;
            }
        }
    }

    /// The body without its chunk heads.
    pub fn data(&self, body: &[u8]) -> Vec<u8> {
        let runs = self
            .chunks
            .iter()
            .filter_map(|chunk| body.get(chunk.data.clone()));
        runs.flatten().copied().collect()
    }

    fn read_chunk(&mut self, body: &[u8]) -> Option<ChunksEnd> {
        let line = match find_line(body, self.len) {
            Ok(line) => line,
            Err(end) => return Some(end),
        };
        let digits = body[line.clone()]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let digits = line.start..line.start + digits;
        let Some(size) = chunk_size(&body[digits.clone()]) else {
            return Some(ChunksEnd::Malformed(
                "a chunk size that is no number, or too large",
            ));
        };
        let rest = body[digits.end..line.end].trim_ascii_start();
        if !rest.is_empty() && rest[0] != b';' {
            return Some(ChunksEnd::Malformed(
                "a chunk size that is no number, or too large",
            ));
        }
        let data_start = line.end + line_end_len(body, line.end);
        let mut next = data_start;
        if size > 0 {
            let Some(data_end) = data_start.checked_add(size) else {
                return Some(ChunksEnd::Malformed(
                    "a chunk size that is no number, or too large",
                ));
            };
            match body.get(data_end..).unwrap_or_default() {
                [b'\r', b'\n', ..] => next = data_end + 2,
                [] | [b'\r'] => return Some(ChunksEnd::More),
                _ => return Some(ChunksEnd::Malformed("no line end after a chunk's data")),
            }
        }
        let data = data_start..data_start + size;
        self.chunks.push(Chunk {
            size_line: line,
            digits,
            data,
        });
        self.len = next;
        None
    }

    fn read_trailer_line(&mut self, body: &[u8]) -> Option<ChunksEnd> {
        let line = match find_line(body, self.len) {
            Ok(line) => line,
            Err(end) => return Some(end),
        };
        self.len = line.end + line_end_len(body, line.end);
        if line.is_empty() {
            return Some(ChunksEnd::Done);
        }
        self.trailer.push(line);
        None
    }
}

/// The line at `start`, without its line end.
fn find_line(body: &[u8], start: usize) -> Result<Range<usize>, ChunksEnd> {
    let rest = &body[start.min(body.len())..];
    match rest.iter().take(MAX_LINE).position(|byte| *byte == b'\n') {
        Some(at) => {
            let end = if at > 0 && rest[at - 1] == b'\r' {
                at - 1
            } else {
                at
            };
            Ok(start..start + end)
        }
        None if rest.len() >= MAX_LINE => Err(ChunksEnd::Malformed("a line without an end")),
        None => Err(ChunksEnd::More),
    }
}

/// How long the line end at `at` is: CRLF, or LF alone.
fn line_end_len(body: &[u8], at: usize) -> usize {
    if body.get(at) == Some(&b'\r') { 2 } else { 1 }
}

fn chunk_size(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
