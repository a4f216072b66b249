//! From a stream's bytes to HTTP messages.

use std::collections::VecDeque;
use std::sync::Arc;

use super::body::Body;
use super::carried;
use super::framing::{Chunks, Framing, FramingError};
use super::head::Headers;
use super::lines::{Found, HeadSearch, Lines, text};
use super::show;
use crate::proto::engineio;
use crate::proto::stream::{self, Dir, Message, Next, StreamProtocol};
use crate::proto::tree::Dissection;
use crate::proto::websocket::{DeflateParams, Extension, PERMESSAGE_DEFLATE, WebSocket};

/// The requests and responses of a connection.
#[derive(Debug, Default)]
pub struct Http {
    /// The requests that were not answered yet, the oldest first.
    unanswered: VecDeque<Arc<Asked>>,
    /// What was read of the message that is not whole yet.
    begun: [Begun; 2],
    /// Why a direction cannot be read any further.
    lost: [Option<&'static str>; 2],
    requests: u64,
    responses: u64,
    /// It is what may be HTTP in a tunnel through a proxy, or any other protocol.
    is_tunnel: bool,
}

/// What is remembered of a request until its response is there.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub method: String,
    pub full_uri: Option<String>,
    /// Its header fields, where it asks for an upgrade to WebSocket.
    pub websocket: Option<Headers>,
    /// What its target says of Engine.IO.
    pub engineio: Option<engineio::Session>,
}

/// A message that was taken apart.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    pub bytes: &'a [u8],
    pub lines: Lines,
    pub headers: Headers,
    pub start: StartLine,
    pub body: Body,
    /// Which message of its kind it is, counted from 1.
    pub number: u64,
    /// Of a response: the request that it answers, if that was seen.
    pub asked: Option<Arc<Asked>>,
}

/// As far as a message was read, so that its next bytes do not make it be read from the start.
#[derive(Debug, Default)]
struct Begun {
    search: HeadSearch,
    head: Option<Head>,
    chunks: Chunks,
}

/// The head of a message whose body is not all there yet.
#[derive(Debug)]
struct Head {
    lines: Lines,
    start: StartLine,
    headers: Headers,
    framing: Result<Framing, FramingError>,
    /// The method that `framing` holds for.
    method: String,
}

/// What must be known of a message beside its bytes.
#[derive(Debug, Clone)]
pub struct Seed {
    number: u64,
    asked: Option<Arc<Asked>>,
    /// Why its body is not as it should be.
    fault: Option<String>,
}

/// The first line of a message: what its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StartLine {
    Request {
        method: Place,
        target: Place,
        version: Place,
    },
    Response {
        version: Place,
        code: Place,
        phrase: Place,
    },
}

/// Where a part of a line is.
pub(super) type Place = std::ops::Range<usize>;

impl Http {
    /// Whether a stream that begins with these bytes may be HTTP: a status line, or a request line with one of the
    /// usual methods, as far as it is there.
    pub fn looks_like(bytes: &[u8]) -> bool {
        let bytes = skip_empty_lines(bytes);
        if starts_alike(bytes, b"HTTP/1.") {
            return !bytes.is_empty();
        }
        let line = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let is_whole = line.len() < bytes.len();
        let mut words = line.trim_ascii_end().split(|byte| *byte == b' ');
        let method = words.next().unwrap_or_default();
        let is_method = match line.contains(&b' ') {
            true => METHODS.iter().any(|known| known.as_bytes() == method),
            false => METHODS
                .iter()
                .any(|known| known.as_bytes().starts_with(method)),
        };
        let mut has_version = || {
            words
                .next_back()
                .is_some_and(|word| word.starts_with(b"HTTP/1."))
        };
        is_method && (!is_whole || has_version())
    }
}

/// Methods of IANA's registry that are met in the wild, and those of UPnP.
const METHODS: [&str; 16] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "MOVE",
    "COPY",
    "SUBSCRIBE",
    "NOTIFY",
];

fn skip_empty_lines(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    &bytes[start.unwrap_or(bytes.len())..]
}

/// Whether one of the two begins with the other.
fn starts_alike(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

impl StreamProtocol for Http {
    fn next(&mut self, dir: Dir, bytes: &[u8], closed: bool) -> Next {
        if let Some(why) = self.lost[dir.index()] {
            return Next::NotMine(why.into());
        }
        if self.waits_for_upgrade(dir) && !closed {
            return Next::More;
        }
        let mut begun = std::mem::take(&mut self.begun[dir.index()]);
        let next = self.go_on(&mut begun, dir, bytes, closed);
        match next {
            Next::More => self.begun[dir.index()] = begun,
            Next::NotMine(_) if self.is_tunnel && self.requests + self.responses == 0 => {
                return Next::NotMine("a tunnel through a proxy".into());
            }
            _ => {}
        }
        next
    }
}

impl Http {
    /// After a request to change to WebSocket the client waits for the answer: what it sends then may be frames.
    fn waits_for_upgrade(&self, dir: Dir) -> bool {
        let asks = self
            .unanswered
            .iter()
            .any(|asked| asked.websocket.is_some());
        dir == Dir::ToServer && asks
    }

    /// Reads on where `begun` says.
    fn go_on(&mut self, begun: &mut Begun, dir: Dir, bytes: &[u8], closed: bool) -> Next {
        let head = match begun.head.take() {
            Some(head) => head,
            None => match begun.search.find(bytes) {
                Found::Head(lines) => match Head::read(bytes, lines) {
                    Ok(head) => head,
                    Err(why) => return Next::NotMine(why),
                },
                Found::TooLong => return Next::NotMine("an HTTP head of more than 64 KiB".into()),
                Found::More if closed => {
                    return Next::NotMine("the stream ends within an HTTP head".into());
                }
                Found::More if may_be_head(bytes, begun.search.leading) => return Next::More,
                Found::More => return Next::NotMine("no HTTP/1.1".into()),
            },
        };
        let (number, asked) = match &head.start {
            StartLine::Request { .. } => (self.requests + 1, None),
            StartLine::Response { .. } => (self.responses + 1, self.unanswered.front().cloned()),
        };
        let head = head.answering(bytes, asked.as_deref());
        let rest = &bytes[head.lines.len..];
        let Some(body) = Body::find(head.framing, &mut begun.chunks, rest, closed) else {
            begun.head = Some(head);
            return Next::More;
        };
        let parsed = Parsed {
            bytes: &bytes[..head.lines.len + body.len],
            lines: head.lines,
            headers: head.headers,
            start: head.start,
            body,
            number,
            asked,
        };
        Next::Message(Box::new(self.finish(dir, parsed)))
    }

    /// Remembers what the next messages depend on.
    fn finish(&mut self, dir: Dir, parsed: Parsed<'_>) -> Message {
        if parsed.body.is_lost {
            self.lost[dir.index()] = Some("after a body without a certain end");
        }
        let mut upgrade = None;
        match &parsed.start {
            StartLine::Request { method, .. } => {
                self.requests += 1;
                self.unanswered.push_back(Arc::new(Asked {
                    method: text(parsed.bytes, method),
                    full_uri: show::full_uri(&parsed),
                    websocket: asks_for_websocket(&parsed.headers).then(|| parsed.headers.clone()),
                    engineio: carried::session(&parsed),
                }));
            }
            StartLine::Response { code, .. } => {
                let code = status(parsed.bytes, code);
                self.responses += 1;
                if code == 101 || !(100..200).contains(&code) {
                    self.unanswered.pop_front();
                }
                upgrade = self.change(code, &parsed);
            }
        }
        Message {
            len: parsed.bytes.len(),
            seed: stream::Seed::Http(Box::new(Seed {
                number: parsed.number,
                asked: parsed.asked,
                fault: parsed.body.fault,
            })),
            upgrade,
        }
    }

    /// What both directions speak after a response.
    fn change(&mut self, code: u16, parsed: &Parsed<'_>) -> Option<Box<dyn StreamProtocol>> {
        let is_tunnel = parsed
            .asked
            .as_ref()
            .is_some_and(|asked| asked.method == "CONNECT");
        if is_tunnel && (200..300).contains(&code) {
            return Some(Box::new(Self {
                is_tunnel: true,
                ..Self::default()
            }));
        }
        if code != 101 {
            return None;
        }
        if parsed.headers.has("Upgrade", "websocket") {
            let agreed = parsed.headers.list("Sec-WebSocket-Extensions");
            let mut agreed = agreed.filter_map(Extension::parse);
            let deflate = agreed.find(|agreed| agreed.name == PERMESSAGE_DEFLATE);
            let deflate =
                deflate.map(|agreed| DeflateParams::parse_answer(&agreed).unwrap_or_default());
            let engineio = parsed.asked.as_ref().and_then(|asked| asked.engineio);
            return Some(Box::new(WebSocket::new(deflate, engineio)));
        }
        self.lost = [Some("after an upgrade to another protocol"); 2];
        None
    }
}

impl Head {
    /// The head that `lines` are; `Err` says why it is none.
    fn read(bytes: &[u8], lines: Lines) -> Result<Self, String> {
        let start = StartLine::read(bytes, &lines.start_line)
            .ok_or_else(|| not_mine(&text(bytes, &lines.start_line)))?;
        let headers = lines.headers(bytes);
        let framing = framing(bytes, &start, &headers, "");
        Ok(Self {
            lines,
            start,
            headers,
            framing,
            method: String::new(),
        })
    }

    /// The same, where this is the request that it answers.
    fn answering(mut self, bytes: &[u8], asked: Option<&Asked>) -> Self {
        let method = asked.map_or("", |asked| &asked.method);
        if method != self.method {
            self.framing = framing(bytes, &self.start, &self.headers, method);
            method.clone_into(&mut self.method);
        }
        self
    }
}

/// How the body ends; `method`: of the request, where it is a response.
fn framing(
    bytes: &[u8],
    start: &StartLine,
    headers: &Headers,
    method: &str,
) -> Result<Framing, FramingError> {
    match start {
        StartLine::Request { .. } => Framing::of_request_headers(headers),
        StartLine::Response { code, .. } => {
            Framing::of_response_headers(status(bytes, code), method, headers)
        }
    }
}

impl Seed {
    /// The layers of the message that `bytes` are.
    pub(in crate::proto) fn dissection(&self, bytes: &[u8]) -> Dissection {
        self.parsed(bytes)
            .map_or_else(Dissection::default, show::dissection)
    }

    /// The first line of the message that `bytes` are, and the packets of Engine.IO that it carries.
    pub(in crate::proto) fn info(&self, bytes: &[u8]) -> String {
        let Some(parsed) = self.parsed(bytes) else {
            return String::new();
        };
        let line = text(bytes, &parsed.lines.start_line);
        match carried::info(&parsed) {
            Some(packets) => format!("{line}: {packets}"),
            None => line,
        }
    }

    fn parsed<'a>(&self, bytes: &'a [u8]) -> Option<Parsed<'a>> {
        let Found::Head(lines) = Lines::find(bytes) else {
            return None;
        };
        let head = Head::read(bytes, lines).ok()?;
        let head = head.answering(bytes, self.asked.as_deref());
        let body = Body::again(head.framing, &bytes[head.lines.len..], self.fault.clone());
        Some(Parsed {
            bytes,
            lines: head.lines,
            headers: head.headers,
            start: head.start,
            body,
            number: self.number,
            asked: self.asked.clone(),
        })
    }
}

fn asks_for_websocket(headers: &Headers) -> bool {
    headers.has("Upgrade", "websocket")
}

/// The status code; 0 where it is no number.
pub(super) fn status(bytes: &[u8], code: &Place) -> u16 {
    text(bytes, code).parse().unwrap_or(0)
}

/// Whether bytes without a whole head may still become one; `leading`: how many of them are empty lines before it.
fn may_be_head(bytes: &[u8], leading: usize) -> bool {
    let text = bytes[leading..].iter();
    let mut first = text.take_while(|byte| !matches!(byte, b' ' | b'\r' | b'\n'));
    let is_name = |byte: &u8| is_token(*byte) || *byte == b'/';
    first.by_ref().take(32).all(is_name) && first.next().is_none()
}

/// A character of a token (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn not_mine(line: &str) -> String {
    match line.starts_with("GET ") {
        true => "HTTP/0.9, which has no heads".into(),
        false => "no HTTP/1.1 request line or status line".into(),
    }
}

impl StartLine {
    /// The parts of a first line; `None` for one that is neither.
    fn read(bytes: &[u8], line: &Place) -> Option<Self> {
        let words = words(bytes, line);
        let is_version = |word: &Place| bytes[word.clone()].starts_with(b"HTTP/");
        match &words[..] {
            [version, code, ..] if is_version(version) => Some(Self::Response {
                version: version.clone(),
                code: code.clone(),
                phrase: (code.end + 1).min(line.end)..line.end,
            }),
            [method, target @ .., version] if is_version(version) && !target.is_empty() => {
                let is_method = bytes[method.clone()].iter().all(|byte| is_token(*byte));
                is_method.then(|| Self::Request {
                    method: method.clone(),
                    target: target[0].start..target[target.len() - 1].end,
                    version: version.clone(),
                })
            }
            _ => None,
        }
    }
}

/// The places of the words of a line, which are separated by single spaces.
fn words(bytes: &[u8], line: &Place) -> Vec<Place> {
    let mut at = line.start;
    let mut words = Vec::new();
    for word in bytes[line.clone()].split(|byte| *byte == b' ') {
        words.push(at..at + word.len());
        at += word.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests;
