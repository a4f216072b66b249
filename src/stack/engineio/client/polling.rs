//! HTTP long-polling: a GET waits for packets, a POST brings some.

use super::line::{Purpose, Use};
use super::{Client, ClientCloseReason, ClientError, ClientState, Slot, Way};
use crate::proto::engineio::{Packet, PacketType, Transport, emit_payload, parse_payload};
use crate::proto::http::{Request, Response};
use crate::stack::cx::Cx;
use crate::stack::http::ReadError;

impl Client {
    /// Waits for packets.
    pub(super) fn poll(&mut self, cx: &mut Cx<'_>) {
        let target = self.target(cx, Transport::Polling);
        let request = self.adorned(Request::new("GET", &target, &self.options.host));
        self.request(cx, Purpose::Poll, request);
    }

    /// Brings as many packets as may go together.
    pub(super) fn post(&mut self, cx: &mut Cx<'_>) {
        let mut packets = Vec::new();
        for (why, packet) in self.buffer.drain(..self.batch()).collect::<Vec<_>>() {
            cx.cause = why;
            self.note(cx, self.conn(), Transport::Polling, Way::Down, &packet);
            packets.push(packet);
        }
        self.post_packets(cx, Purpose::Post, &packets);
    }

    /// Says that the session is over.
    pub(super) fn say_close(&mut self, cx: &mut Cx<'_>) {
        let packet = Packet::Text(PacketType::Close, String::new());
        self.note(cx, self.conn(), Transport::Polling, Way::Down, &packet);
        self.post_packets(cx, Purpose::Farewell, &[packet]);
    }

    fn post_packets(&mut self, cx: &mut Cx<'_>, purpose: Purpose, packets: &[Packet]) {
        let target = self.target(cx, Transport::Polling);
        let request = Request::new("POST", &target, &self.options.host);
        let body = emit_payload(packets);
        let request = self
            .adorned(request)
            .with_body("text/plain;charset=UTF-8", body);
        self.request(cx, purpose, request);
    }

    /// How many packets go together: as many as the server takes in one request, counted as engine.io-client does it.
    fn batch(&self) -> usize {
        let most = self
            .handshake
            .as_ref()
            .and_then(|handshake| handshake.max_payload);
        let Some(most) = most.filter(|most| *most > 0) else {
            return self.buffer.len();
        };
        let mut size = 1;
        for (index, (_, packet)) in self.buffer.iter().enumerate() {
            size += match packet {
                Packet::Text(_, text) => text.len(),
                // Base64 makes 4 of 3.
                Packet::Binary(bytes) => (bytes.len() * 133).div_ceil(100),
            };
            if index > 0 && size as u64 > most {
                return index;
            }
            size += 2;
        }
        self.buffer.len()
    }

    pub(super) fn is_polling(&self) -> bool {
        self.has_request(Purpose::Poll)
    }

    pub(super) fn is_posting(&self) -> bool {
        self.has_request(Purpose::Post)
    }

    fn has_request(&self, purpose: Purpose) -> bool {
        self.lines.iter().any(|line| match &line.use_of {
            Use::Http(http) => http.exchange.as_ref().is_some_and(|e| e.purpose == purpose),
            Use::WebSocket(_) => false,
        })
    }

    /// A response came.
    pub(super) fn answered(
        &mut self,
        cx: &mut Cx<'_>,
        slot: Slot,
        purpose: Purpose,
        response: &Response,
    ) {
        if self.state == ClientState::Closed || purpose == Purpose::Farewell {
            return;
        }
        if response.code != 200 {
            let error = ClientError::of_response(name(purpose), response);
            return self.fail(cx, error);
        }
        if purpose == Purpose::Poll {
            return self.take_payload(cx, slot, response);
        }
        self.pause_if_quiet(cx);
        self.flush(cx);
        self.close_if_flushed(cx);
    }

    fn take_payload(&mut self, cx: &mut Cx<'_>, slot: Slot, response: &Response) {
        let cause = cx.cause;
        let conn = self.line(slot).and_then(|line| line.conn);
        let was_opening = self.state == ClientState::Opening;
        let body = String::from_utf8_lossy(&response.body);
        if was_opening && let Some(error) = of_old_server(&body) {
            return self.fail(cx, error);
        }
        for packet in parse_payload(&body) {
            cx.cause = cause;
            match packet {
                Err(error) => self.fail(
                    cx,
                    ClientError::unreadable(format!("parser error: {error}")),
                ),
                Ok(close @ Packet::Text(PacketType::Close, _)) => {
                    self.note(cx, conn, Transport::Polling, Way::Up, &close);
                    self.end(cx, ClientCloseReason::TransportClose, None);
                }
                Ok(packet) => self.take(cx, conn, Transport::Polling, packet),
            }
            if self.state == ClientState::Closed {
                return;
            }
        }
        cx.cause = cause;
        // After the handshake the application has its turn first.
        if was_opening && self.state != ClientState::Opening {
            return;
        }
        self.pause_if_quiet(cx);
        if self.transport == Transport::Polling && self.upgrade.leaves_polling() {
            cx.cause = cause;
            self.poll(cx);
        }
    }

    /// A request was not answered.
    pub(super) fn request_failed(
        &mut self,
        cx: &mut Cx<'_>,
        purpose: Purpose,
        why: Option<ReadError>,
    ) {
        let name = name(purpose);
        let error = match why {
            None | Some(ReadError::Ended) => ClientError::new(name),
            Some(why) => ClientError::unreadable(format!("{name}: {why}")),
        };
        if purpose != Purpose::Farewell {
            self.fail(cx, error);
        }
    }

    /// The target of a request, or of a WebSocket, with what engine.io-client puts there in its order.
    pub(super) fn target(&mut self, cx: &Cx<'_>, transport: Transport) -> String {
        let name = match transport {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        };
        let mut target = format!("{}?", self.options.path);
        if !self.options.query.is_empty() {
            target += &format!("{}&", self.options.query);
        }
        target += &format!("EIO={}&transport={name}", self.options.version);
        if transport == Transport::Polling {
            target += &format!("&t={}", self.stamp(cx));
        }
        if let Some(handshake) = &self.handshake {
            target += &format!("&sid={}", handshake.sid);
        }
        target
    }

    /// What makes a URL another each time, so that no cache answers: of the time, and of chance.
    fn stamp(&mut self, cx: &Cx<'_>) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut rest = cx.now.as_millis() % 36u64.pow(5) * 36u64.pow(3);
        rest += self.rng.below(36u64.pow(3));
        let mut text = [0; 8];
        for digit in text.iter_mut().rev() {
            *digit = DIGITS[(rest % 36) as usize];
            rest /= 36;
        }
        text.iter().map(|digit| char::from(*digit)).collect()
    }

    /// The request with the header fields of every one.
    fn adorned(&self, mut request: Request) -> Request {
        for (name, value) in self.options.headers.iter() {
            request.headers.push(name, value);
        }
        request
            .with("Accept", "*/*")
            .with("Connection", "keep-alive")
    }
}

/// Whether the first answer is one of Engine.IO 3, whose packets have their length in front: `97:0{"sid":…`.
fn of_old_server(body: &str) -> Option<ClientError> {
    let (len, rest) = body.split_once(':')?;
    let is_len = !len.is_empty() && len.bytes().all(|digit| digit.is_ascii_digit());
    (is_len && rest.starts_with("0{")).then(|| {
        let begin: String = body.chars().take(16).collect();
        ClientError::unreadable(format!(
            "the server speaks Engine.IO 3 (Socket.IO 2), whose packets have their length in front: {begin}…"
        ))
    })
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Poll => "xhr poll error",
        Purpose::Post | Purpose::Farewell => "xhr post error",
    }
}
