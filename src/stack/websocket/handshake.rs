//! The opening handshake (RFC 6455 §4).

use super::{Event, MAX_MESSAGE, Role, State, WebSocket};
use crate::proto::http::{Headers, Request, Response, Version};
use crate::proto::websocket::{VERSION, accept_key, encode_key, key_is_valid};
use crate::stack::cx::Cx;
use crate::stack::http::{ReadError, unit};
use crate::stack::record::What;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// The value of `Host`, such as `10.0.0.9` or `chat.example:8080`.
    pub host: String,
    /// The request target, such as `/chat`.
    pub target: String,
    /// The subprotocols it offers, the preferred one first.
    pub subprotocols: Vec<String>,
    /// The value of `Sec-WebSocket-Version`; only 13 ever was a standard.
    pub version: String,
    /// More header fields.
    pub headers: Headers,
    /// The longest message that it takes in, in bytes.
    pub max_message: usize,
}

impl ClientOptions {
    /// Version 13 and nothing special.
    pub fn new(host: &str, target: &str) -> Self {
        Self {
            host: host.to_owned(),
            target: target.to_owned(),
            subprotocols: Vec::new(),
            version: VERSION.to_owned(),
            headers: Headers::default(),
            max_message: MAX_MESSAGE,
        }
    }

    /// The request with this key (§4.1).
    fn request(&self, key: &str) -> Request {
        let mut request = Request::new("GET", &self.target, &self.host)
            .with("Upgrade", "websocket")
            .with("Connection", "Upgrade")
            .with("Sec-WebSocket-Key", key)
            .with("Sec-WebSocket-Version", &self.version);
        if !self.subprotocols.is_empty() {
            request = request.with("Sec-WebSocket-Protocol", &self.subprotocols.join(", "));
        }
        for (name, value) in self.headers.iter() {
            request.headers.push(name, value);
        }
        request
    }
}

/// What a server grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// The path that it upgrades, and answers any other with 404; `None`: any.
    pub path: Option<String>,
    /// More header fields of its response, put first: `Date`, `Server`.
    pub headers: Headers,
    /// The subprotocols it speaks. It takes the first of the client's that is among them.
    pub subprotocols: Vec<String>,
    /// The longest message that it takes in, in bytes.
    pub max_message: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            path: None,
            headers: Headers::default(),
            subprotocols: Vec::new(),
            max_message: MAX_MESSAGE,
        }
    }
}

/// Why an opening handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// What the peer sent is no HTTP/1.1 message.
    #[error(transparent)]
    Http(#[from] ReadError),
    /// The peer ended before the handshake did.
    #[error("the connection ended before the handshake did")]
    Ended,
    /// The server's `Upgrade` is not `websocket`.
    #[error("the 101 response does not upgrade to websocket")]
    Upgrade,
    /// The server's `Connection` has no `Upgrade`.
    #[error("Connection of the 101 response has no Upgrade")]
    Connection,
    /// The server did not prove that it read the key.
    #[error("Sec-WebSocket-Accept is not the answer to the key")]
    Accept,
    /// The server chose a subprotocol that was not offered.
    #[error("Sec-WebSocket-Protocol was not asked for")]
    Subprotocol,
    /// The server uses an extension that was not offered.
    #[error("Sec-WebSocket-Extensions was not asked for")]
    Extension,
}

/// A server's answer to a request: the 101 response and the subprotocol, or the response that refuses (§4.2).
pub fn answer(
    request: &Request,
    options: &ServerOptions,
) -> Result<(Response, Option<String>), Response> {
    let key = check_request(request, options).map_err(|refusal| adorned(refusal, options))?;
    let mut response = adorned(Response::new(101), options)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", &accept_key(key));
    let subprotocol = request
        .headers
        .list("Sec-WebSocket-Protocol")
        .find(|offered| options.subprotocols.iter().any(|known| known == offered))
        .map(str::to_owned);
    if let Some(subprotocol) = &subprotocol {
        response = response.with("Sec-WebSocket-Protocol", subprotocol);
    }
    Ok((response, subprotocol))
}

/// The key of a request that asks for a WebSocket as §4.2.1 demands, or the response that refuses it.
fn check_request<'a>(request: &'a Request, options: &ServerOptions) -> Result<&'a str, Response> {
    let headers = &request.headers;
    let path = request.target.split('?').next();
    if options.path.is_some() && path != options.path.as_deref() {
        return Err(refusal(404, "There is no WebSocket here."));
    }
    if request.method != "GET" || request.version < Version::Http11 {
        return Err(refusal(400, "A WebSocket is opened with GET and HTTP/1.1."));
    }
    if headers.get("Host").is_none() {
        return Err(refusal(400, "Host is missing."));
    }
    if !headers.has("Upgrade", "websocket") || !headers.has("Connection", "Upgrade") {
        return Err(refusal(400, "This is no request for a WebSocket."));
    }
    if headers.get("Sec-WebSocket-Version") != Some(VERSION) {
        let text = "Only version 13 is spoken here.";
        return Err(refusal(426, text).with("Sec-WebSocket-Version", VERSION));
    }
    let mut keys = headers.all("Sec-WebSocket-Key");
    match (keys.next(), keys.next()) {
        (Some(key), None) if key_is_valid(key) => Ok(key),
        _ => Err(refusal(
            400,
            "Sec-WebSocket-Key is not the base64 of 16 bytes.",
        )),
    }
}

/// The response with the server's own header fields in front.
fn adorned(mut response: Response, options: &ServerOptions) -> Response {
    let mut headers = options.headers.clone();
    for (name, value) in response.headers.iter() {
        headers.push(name, value);
    }
    response.headers = headers;
    response
}

/// A response that refuses. A 426 must name what to upgrade to (RFC 9110 §15.5.22).
fn refusal(code: u16, text: &str) -> Response {
    let mut response = Response::new(code);
    let mut connection = "close";
    if code == 426 {
        response = response.with("Upgrade", "websocket");
        connection = "Upgrade, close";
    }
    response
        .with("Connection", connection)
        .with_body("text/plain", format!("{text}\n"))
}

impl WebSocket {
    /// Begins the opening handshake (§4.1). At a server it does nothing, and a second time neither.
    pub fn open(&mut self, cx: &mut Cx<'_>) {
        let Role::Client { options, rng, key } = &mut self.role else {
            return;
        };
        if !key.is_empty() {
            return;
        }
        let mut nonce = [0; 16];
        rng.fill(&mut nonce);
        *key = encode_key(nonce);
        let request = options.request(key);
        let bytes = request.emit();
        let unit = unit(request.line(), bytes.len());
        cx.step(7, self.conn, "RFC 6455 §4.1", What::Down(unit));
        self.transmits.push(cx, bytes.into());
    }

    /// Goes on with the handshake after bytes came. What follows it is left in `input`.
    pub(super) fn read_handshake(&mut self, cx: &mut Cx<'_>) {
        match self.role {
            Role::Client { .. } => self.read_response(cx),
            Role::Server { .. } => self.read_request(cx),
        }
        if self.state == State::Open {
            self.input = self.reader.take_rest();
        }
    }

    /// The peer ended within the handshake.
    pub(super) fn end_handshake(&mut self, cx: &mut Cx<'_>) {
        self.reader.end();
        self.read_handshake(cx);
        if self.state == State::Connecting {
            self.fail_handshake(cx, HandshakeError::Ended);
        }
    }

    fn read_request(&mut self, cx: &mut Cx<'_>) {
        let (request, len) = match self.reader.request() {
            Ok(None) => return,
            Ok(Some(read)) => read,
            Err(ReadError::Ended) => return,
            Err(error) => return self.refuse(cx, refusal(400, &error.to_string())),
        };
        let unit_in = unit(request.line(), len);
        cx.step(7, self.conn, "RFC 6455 §4.2.1", What::Up(unit_in));
        self.take_request(cx, request);
    }

    /// Answers the client's request (§4.2).
    pub(super) fn take_request(&mut self, cx: &mut Cx<'_>, request: Request) {
        let Role::Server { options } = &self.role else {
            return;
        };
        let (response, subprotocol) = match answer(&request, options) {
            Ok(granted) => granted,
            Err(response) => return self.refuse(cx, response),
        };
        let accept = response
            .headers
            .get("Sec-WebSocket-Accept")
            .unwrap_or_default();
        let decided = format!("Sec-WebSocket-Accept is base64(SHA-1(key + GUID)): {accept}");
        cx.step(
            7,
            self.conn,
            "RFC 6455 §4.2.2",
            What::Decided(decided.into()),
        );
        self.send_response(cx, &response);
        self.state = State::Open;
        let request = Some(request);
        self.events.push(
            cx,
            Event::Open {
                subprotocol,
                request,
            },
        );
    }

    fn send_response(&mut self, cx: &mut Cx<'_>, response: &Response) {
        let bytes = response.emit();
        let unit = unit(response.line(), bytes.len());
        cx.step(7, self.conn, "RFC 6455 §4.2.2", What::Down(unit));
        self.transmits.push(cx, bytes.into());
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, response: Response) {
        self.send_response(cx, &response);
        self.state = State::Closed;
        self.events.push(cx, Event::Refused(response));
        self.events.push(cx, Event::Disconnect);
    }

    fn read_response(&mut self, cx: &mut Cx<'_>) {
        let (response, len) = match self.reader.response("GET") {
            Ok(None) => return,
            Ok(Some(read)) => read,
            Err(ReadError::Ended) => return,
            Err(error) => return self.fail_handshake(cx, error.into()),
        };
        let unit = unit(response.line(), len);
        cx.step(7, self.conn, "RFC 6455 §4.1", What::Up(unit));
        match response.code {
            101 => self.check_response(cx, &response),
            // An interim response: the final one is still to come.
            100..=199 => self.read_response(cx),
            _ => {
                self.state = State::Closed;
                self.events.push(cx, Event::Refused(response));
                self.events.push(cx, Event::Disconnect);
            }
        }
    }

    /// What a client must check before it believes a 101 response (§4.1, the list after the request's).
    fn check_response(&mut self, cx: &mut Cx<'_>, response: &Response) {
        let Role::Client { options, key, .. } = &self.role else {
            return;
        };
        match granted(response, options, key) {
            Err(error) => self.fail_handshake(cx, error),
            Ok(subprotocol) => {
                let decided = "Sec-WebSocket-Accept is the answer to the key: the server read it";
                cx.step(7, self.conn, "RFC 6455 §4.1", What::Decided(decided.into()));
                self.state = State::Open;
                let request = None;
                self.events.push(
                    cx,
                    Event::Open {
                        subprotocol,
                        request,
                    },
                );
            }
        }
    }

    fn fail_handshake(&mut self, cx: &mut Cx<'_>, error: HandshakeError) {
        cx.step(
            7,
            self.conn,
            "RFC 6455 §7.1.7",
            What::Decided(error.to_string().into()),
        );
        self.state = State::Closed;
        self.events.push(cx, Event::HandshakeFailed(error));
        self.events.push(cx, Event::Disconnect);
    }
}

/// The subprotocol that a 101 response agrees to.
fn granted(
    response: &Response,
    options: &ClientOptions,
    key: &str,
) -> Result<Option<String>, HandshakeError> {
    let headers = &response.headers;
    let upgrade = headers.get("Upgrade").unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(HandshakeError::Upgrade);
    }
    if !headers.has("Connection", "Upgrade") {
        return Err(HandshakeError::Connection);
    }
    if headers.get("Sec-WebSocket-Accept").map(str::trim) != Some(accept_key(key).as_str()) {
        return Err(HandshakeError::Accept);
    }
    if headers.list("Sec-WebSocket-Extensions").next().is_some() {
        return Err(HandshakeError::Extension);
    }
    match headers.get("Sec-WebSocket-Protocol") {
        None => Ok(None),
        Some(name) if options.subprotocols.iter().any(|offered| offered == name) => {
            Ok(Some(name.to_owned()))
        }
        Some(_) => Err(HandshakeError::Subprotocol),
    }
}
