//! HTTP/1.1 messages as values (RFC 9112): `parse` the head, `emit` the whole.

use std::fmt;

/// The version of a message: `HTTP/1.0` or `HTTP/1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0: a connection ends after each response unless both ask to keep it.
    Http10,
    /// HTTP/1.1: a connection persists unless one end says `Connection: close`.
    Http11,
}

impl Version {
    fn from_minor(minor: Option<u8>) -> Self {
        if minor == Some(0) {
            Self::Http10
        } else {
            Self::Http11
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        })
    }
}

/// The header fields of a message, in their order and spelling (RFC 9110 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of the first field with this name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let same = |(field, _): &&(String, String)| field.eq_ignore_ascii_case(name);
        self.0.iter().find(same).map(|(_, value)| value.as_str())
    }

    /// The values of all fields with this name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The members of a field that is a list: split at commas, trimmed, empty ones left out (RFC 9110 §5.6.1).
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|member| !member.is_empty())
    }

    /// Whether a list field has this member, in any case.
    pub fn has(&self, name: &str, member: &str) -> bool {
        self.list(name)
            .any(|other| other.eq_ignore_ascii_case(member))
    }

    /// Appends a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Name and value of each field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn read(fields: &[httparse::Header<'_>]) -> Self {
        let owned = |field: &httparse::Header<'_>| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_owned(), value)
        };
        Self(fields.iter().map(owned).collect())
    }

    fn emit(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            out.extend(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend(b"\r\n");
    }
}

/// A request: its head, and its body without any transfer coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`; case matters.
    pub method: String,
    /// The request target, such as `/chat?room=1`.
    pub target: String,
    /// The version.
    pub version: Version,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// An HTTP/1.1 request without body, with the `Host` field that every request must have (RFC 9112 §3.2).
    pub fn new(method: &str, target: &str, host: &str) -> Self {
        let mut headers = Headers::default();
        headers.push("Host", host);
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: Version::Http11,
            headers,
            body: Vec::new(),
        }
    }

    /// The same request with one more header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same request with this body and its `Content-Type` and `Content-Length`.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        push_body_headers(&mut self.headers, content_type, self.body.len());
        self
    }

    /// Reads a head and tells how many bytes it took; `None` if more bytes are needed. The body is left empty.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut fields);
        let Some(len) = head_len(head.parse(bytes), bytes.len())? else {
            return Ok(None);
        };
        let request = Self {
            method: head.method.unwrap_or_default().to_owned(),
            target: head.path.unwrap_or_default().to_owned(),
            version: Version::from_minor(head.version),
            headers: Headers::read(head.headers),
            body: Vec::new(),
        };
        Ok(Some((request, len)))
    }

    /// The request line without its CRLF, such as `GET / HTTP/1.1`.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.method, self.target, self.version)
    }

    /// The message's bytes: head and body as they stand; no field is added.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.line()).into_bytes();
        self.headers.emit(&mut out);
        out.extend(&self.body);
        out
    }
}

/// A response: its head, and its body without any transfer coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The version.
    pub version: Version,
    /// The status code, such as 200.
    pub code: u16,
    /// The reason phrase, such as `OK`; it may be empty.
    pub reason: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An HTTP/1.1 response with the code's usual phrase, without header fields and body.
    pub fn new(code: u16) -> Self {
        Self {
            version: Version::Http11,
            code,
            reason: reason_phrase(code).to_owned(),
            headers: Headers::default(),
            body: Vec::new(),
        }
    }

    /// The same response with one more header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same response with this body and its `Content-Type` and `Content-Length`.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        push_body_headers(&mut self.headers, content_type, self.body.len());
        self
    }

    /// Reads a head and tells how many bytes it took; `None` if more bytes are needed. The body is left empty.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut fields);
        let Some(len) = head_len(head.parse(bytes), bytes.len())? else {
            return Ok(None);
        };
        let response = Self {
            version: Version::from_minor(head.version),
            code: head.code.unwrap_or_default(),
            reason: head.reason.unwrap_or_default().to_owned(),
            headers: Headers::read(head.headers),
            body: Vec::new(),
        };
        Ok(Some((response, len)))
    }

    /// The status line without its CRLF, such as `HTTP/1.1 200 OK`.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.version, self.code, self.reason)
    }

    /// The message's bytes: head and body as they stand; no field is added.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.line()).into_bytes();
        self.headers.emit(&mut out);
        out.extend(&self.body);
        out
    }
}

/// The most header fields that a head may have to be read as a value.
pub const MAX_HEADERS: usize = 128;

/// The longest head that is waited for, in bytes.
pub const MAX_HEAD: usize = 64 * 1024;

/// Why bytes are no head of an HTTP/1.1 message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// They break the grammar of RFC 9112.
    #[error("no HTTP/1.1 head: {0}")]
    Malformed(&'static str),
    /// There are more than [`MAX_HEADERS`] fields, or more than [`MAX_HEAD`] bytes.
    #[error("the head is too large")]
    TooLarge,
}

fn head_len(status: httparse::Result<usize>, seen: usize) -> Result<Option<usize>, HeadError> {
    match status {
        Ok(httparse::Status::Complete(len)) => Ok(Some(len)),
        Ok(httparse::Status::Partial) if seen > MAX_HEAD => Err(HeadError::TooLarge),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(HeadError::from(error)),
    }
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        use httparse::Error as E;
        Self::Malformed(match error {
            E::TooManyHeaders => return Self::TooLarge,
            E::HeaderName => "an invalid character in a header name",
            E::HeaderValue => "an invalid character in a header value",
            E::NewLine => "an invalid line end",
            E::Status => "an invalid status code",
            E::Token => "an invalid character in the first line",
            E::Version => "an invalid version",
        })
    }
}

fn push_body_headers(headers: &mut Headers, content_type: &str, len: usize) {
    headers.push("Content-Type", content_type);
    headers.push("Content-Length", len.to_string());
}

/// The usual phrase of a status code (RFC 9110 §15); empty for a code that has none.
pub fn reason_phrase(code: u16) -> &'static str {
    REASONS
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("", |(_, phrase)| phrase)
}

/// IANA's registry of status codes.
const REASONS: &[(u16, &str)] = &[
    (100, "Continue"),
    (101, "Switching Protocols"),
    (102, "Processing"),
    (103, "Early Hints"),
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (203, "Non-Authoritative Information"),
    (204, "No Content"),
    (205, "Reset Content"),
    (206, "Partial Content"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (305, "Use Proxy"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Content Too Large"),
    (414, "URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"),
    (417, "Expectation Failed"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Content"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (505, "HTTP Version Not Supported"),
];
