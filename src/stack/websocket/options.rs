//! What the two ends ask for and grant.

use std::time::Duration;

use super::wrong::{WrongAnswer, WrongRequest};
use super::{MAX_MESSAGE, THRESHOLD};
use crate::proto::http::Headers;
use crate::proto::websocket::{DeflateParams, MAX_WINDOW_BITS, VERSION};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// The value of `Host`, such as `10.0.0.9` or `chat.example:8080`.
    pub host: String,
    /// The request target, such as `/chat`.
    pub target: String,
    /// The subprotocols it offers, the preferred one first.
    pub subprotocols: Vec<String>,
    /// It goes on only if the server agrees to a subprotocol, as browsers do; RFC 6455 leaves that open.
    pub needs_subprotocol: bool,
    /// The value of `Sec-WebSocket-Version`; only 13 ever was a standard.
    pub version: String,
    /// More header fields.
    pub headers: Headers,
    /// The compression that it offers, if any.
    pub deflate: Option<DeflateOptions>,
    /// What it takes in, and how long it waits.
    pub limits: Limits,
    /// What it does wrong on purpose.
    pub wrong: Option<WrongRequest>,
}

impl ClientOptions {
    /// Version 13 and nothing special.
    pub fn new(host: &str, target: &str) -> Self {
        Self {
            host: host.to_owned(),
            target: target.to_owned(),
            subprotocols: Vec::new(),
            needs_subprotocol: false,
            version: VERSION.to_owned(),
            headers: Headers::default(),
            deflate: None,
            limits: Limits::default(),
            wrong: None,
        }
    }
}

/// What a server grants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerOptions {
    /// The path that it upgrades, and answers any other with 404; `None`: any.
    pub path: Option<String>,
    /// The pages whose scripts may connect, such as `https://chat.example`: a request with another `Origin` is answered
    /// with 403 (RFC 6455 §10.2). Empty: all may. A request without `Origin` comes from no browser, and is let in.
    pub origins: Vec<String>,
    /// More header fields of its response, put first: `Date`, `Server`.
    pub headers: Headers,
    /// The subprotocols it speaks. It takes the first of the client's that is among them.
    pub subprotocols: Vec<String>,
    /// The compression that it agrees to, if any.
    pub deflate: Option<DeflateOptions>,
    /// What it takes in, and how long it waits.
    pub limits: Limits,
    /// What it does wrong on purpose.
    pub wrong: Option<WrongAnswer>,
}

/// What an end takes in, and how long it waits for its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest message that it takes in, in bytes, after inflating.
    pub max_message: usize,
    /// The longest payload of one frame that it takes in, in bytes, as it came.
    pub max_frame: usize,
    /// How long the opening handshake may take: the client's from its request, the server's from when it is told to
    /// [`open`](super::WebSocket::open). `None`: as long as it likes.
    pub opening: Option<Duration>,
    /// How long the closing handshake may take, from the own Close frame to the end of the carrier.
    pub closing: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: MAX_MESSAGE,
            max_frame: MAX_MESSAGE,
            opening: None,
            closing: None,
        }
    }
}

/// How an end would compress (RFC 7692).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateOptions {
    /// What a client offers, and what a server wants at least: it obeys what a client's offer asks beyond it, and
    /// declines an offer that does not let it limit the client's window as it wants.
    pub params: DeflateParams,
    /// Messages of fewer bytes are sent as they are.
    pub threshold: usize,
    /// 0 to 9: the higher, the smaller and slower.
    pub level: u32,
}

impl Default for DeflateOptions {
    fn default() -> Self {
        let params = DeflateParams {
            client_max_window_bits: Some(MAX_WINDOW_BITS),
            ..DeflateParams::default()
        };
        Self {
            params,
            threshold: THRESHOLD,
            level: 6,
        }
    }
}
