//! The opening handshake (RFC 6455 §4).

mod client;
mod server;

pub use server::{Agreed, answer};

use super::compression::Compression;
use super::{Event, Role, State, WebSocket};
use crate::proto::http::{Request, Response};
use crate::proto::websocket::encode_key;
use crate::stack::cx::Cx;
use crate::stack::http::{ReadError, unit};
use crate::stack::record::What;

/// Why an opening handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// What the peer sent is no HTTP/1.1 message.
    #[error(transparent)]
    Http(#[from] ReadError),
    /// The peer ended before the handshake did.
    #[error("the connection ended before the handshake did")]
    Ended,
    /// The peer took longer than it may.
    #[error("the handshake took too long")]
    TimedOut,
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
    /// The server chose none of the subprotocols that were offered, and the client needs one.
    #[error("the server speaks none of the subprotocols")]
    NoSubprotocol,
    /// The server uses an extension that was not offered.
    #[error("Sec-WebSocket-Extensions was not asked for")]
    Extension,
    /// The server uses an extension otherwise than it was offered.
    #[error("Sec-WebSocket-Extensions has wrong parameters")]
    ExtensionParameters,
}

impl WebSocket {
    /// Begins the opening handshake (§4.1): the client's request goes out. At a server the time starts in which one has
    /// to come. A second time it does nothing.
    pub fn open(&mut self, cx: &mut Cx<'_>) {
        match &self.role {
            Role::Client { key, .. } if !key.is_empty() => return,
            Role::Client { .. } => self.send_request(cx),
            Role::Server { .. } => {}
        }
        if self.state == State::Connecting {
            self.start_opening(cx);
        }
    }

    fn send_request(&mut self, cx: &mut Cx<'_>) {
        let Role::Client { options, rng, key } = &mut self.role else {
            return;
        };
        let mut nonce = [0; 16];
        rng.fill(&mut nonce);
        *key = encode_key(nonce);
        let request = client::request(options, key);
        let bytes = request.emit();
        let unit = unit(request.line(), bytes.len());
        cx.step(7, self.conn, "RFC 6455 §4.1", What::Down(unit));
        self.transmits.push(cx, bytes.into());
    }

    /// Goes on with the handshake after bytes came. What follows it is left in `reader`.
    pub(super) fn read_handshake(&mut self, cx: &mut Cx<'_>) {
        match self.role {
            Role::Client { .. } => self.read_response(cx),
            Role::Server { .. } => self.read_request(cx),
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

    /// The handshake took too long. A client that asked too slowly is told so (RFC 9110 §15.5.9).
    pub(super) fn give_up_handshake(&mut self, cx: &mut Cx<'_>) {
        match self.role {
            Role::Client { .. } => self.fail_handshake(cx, HandshakeError::TimedOut),
            Role::Server { .. } => self.refuse(cx, server::refusal(408, "That took too long.")),
        }
    }

    fn read_request(&mut self, cx: &mut Cx<'_>) {
        let (request, len) = match self.reader.request() {
            Ok(None) => return,
            Ok(Some(read)) => read,
            Err(ReadError::Ended) => return,
            Err(error) => return self.refuse(cx, server::refusal(400, &error.to_string())),
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
        let (response, agreed) = match answer(&request, options) {
            Ok(granted) => granted,
            Err(response) => return self.refuse(cx, response),
        };
        let accept = response
            .headers
            .get("Sec-WebSocket-Accept")
            .unwrap_or_default();
        let decided = format!("Sec-WebSocket-Accept is base64(SHA-1(key + GUID)): {accept}");
        self.decide(cx, "RFC 6455 §4.2.2", decided);
        self.send_response(cx, &response);
        self.opened(cx, agreed, Some(request));
    }

    fn send_response(&mut self, cx: &mut Cx<'_>, response: &Response) {
        let bytes = response.emit();
        let unit = unit(response.line(), bytes.len());
        cx.step(7, self.conn, "RFC 6455 §4.2.2", What::Down(unit));
        self.transmits.push(cx, bytes.into());
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, response: Response) {
        self.send_response(cx, &response);
        self.refused(cx, response);
    }

    fn refused(&mut self, cx: &mut Cx<'_>, response: Response) {
        self.end(cx, Event::Refused(response));
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
            101 => self.take_response(cx, &response),
            // An interim response: the final one is still to come.
            100..=199 => self.read_response(cx),
            _ => self.refused(cx, response),
        }
    }

    fn take_response(&mut self, cx: &mut Cx<'_>, response: &Response) {
        let Role::Client { options, key, .. } = &self.role else {
            return;
        };
        match client::check_response(response, options, key) {
            Err(error) => self.fail_handshake(cx, error),
            Ok(agreed) => {
                let decided = "Sec-WebSocket-Accept is the answer to the key: the server read it";
                self.decide(cx, "RFC 6455 §4.1", decided.to_owned());
                self.opened(cx, agreed, None);
            }
        }
    }

    /// _The WebSocket Connection is Established_ (§4.1, §4.2.2).
    fn opened(&mut self, cx: &mut Cx<'_>, agreed: Agreed, request: Option<Request>) {
        self.stop_waiting(cx);
        self.state = State::Open;
        if let Some(params) = agreed.deflate {
            self.compression = Some(Box::new(Compression::new(&self.role, params)));
            let decided = format!("messages may be compressed: {}", params.answer());
            self.decide(cx, "RFC 7692 §5", decided);
        }
        let subprotocol = agreed.subprotocol;
        let opened = Event::Open {
            subprotocol,
            request,
        };
        self.events.push(cx, opened);
    }

    fn fail_handshake(&mut self, cx: &mut Cx<'_>, error: HandshakeError) {
        self.decide(cx, "RFC 6455 §7.1.7", error.to_string());
        self.end(cx, Event::HandshakeFailed(error));
    }

    fn decide(&self, cx: &mut Cx<'_>, cite: &'static str, decided: String) {
        cx.step(7, self.conn, cite, What::Decided(decided.into()));
    }
}
