//! Wrong openings, to see what the other end makes of them.

use crate::proto::http::{Headers, Request, Response, Version};

/// What a client does wrong in its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongRequest {
    /// There is no `Sec-WebSocket-Key`.
    NoKey,
    /// The key is not the base64 of 16 bytes.
    ShortKey,
    /// There are two keys.
    TwoKeys,
    /// The method is `POST`.
    Post,
    /// The version is HTTP/1.0.
    Http10,
    /// There is no `Host`.
    NoHost,
    /// There is no `Upgrade`.
    NoUpgrade,
}

impl WrongRequest {
    /// Spoils a request.
    pub(super) fn spoil(self, request: &mut Request) {
        const KEY: &str = "Sec-WebSocket-Key";
        match self {
            Self::NoKey => replace(&mut request.headers, KEY, None),
            Self::ShortKey => replace(&mut request.headers, KEY, Some("c2hvcnQ=")),
            Self::TwoKeys => {
                let key = request.headers.get(KEY).unwrap_or_default().to_owned();
                request.headers.push(KEY, key);
            }
            Self::Post => {
                request.method = "POST".into();
                request.headers.push("Content-Length", "0");
            }
            Self::Http10 => request.version = Version::Http10,
            Self::NoHost => replace(&mut request.headers, "Host", None),
            Self::NoUpgrade => replace(&mut request.headers, "Upgrade", None),
        }
    }
}

/// What a server does wrong in its 101 response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongAnswer {
    /// `Sec-WebSocket-Accept` answers another key.
    Accept,
    /// A subprotocol that was not offered.
    Subprotocol,
    /// An extension that was not offered.
    Extension,
}

impl WrongAnswer {
    /// Spoils a 101 response.
    pub(super) fn spoil(self, response: &mut Response) {
        let headers = &mut response.headers;
        match self {
            // The answer to the key of RFC 6455 §1.3, whatever was asked: as a cache would give it.
            Self::Accept => {
                let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
                replace(headers, "Sec-WebSocket-Accept", Some(accept));
            }
            Self::Subprotocol => {
                replace(headers, "Sec-WebSocket-Protocol", None);
                headers.push("Sec-WebSocket-Protocol", "nobody-asked");
            }
            Self::Extension => headers.push("Sec-WebSocket-Extensions", "x-nobody-asked"),
        }
    }
}

/// Gives a field another value, or leaves it out.
fn replace(headers: &mut Headers, name: &str, value: Option<&str>) {
    let mut changed = Headers::default();
    for (field, old) in headers.iter() {
        match value {
            _ if !field.eq_ignore_ascii_case(name) => changed.push(field, old),
            Some(value) => changed.push(field, value),
            None => {}
        }
    }
    *headers = changed;
}
