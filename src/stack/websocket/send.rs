//! What is sent (RFC 6455 §5, §6.1).

use super::{Message, NotOpen, Role, State, WebSocket};
use crate::proto::websocket::{CloseBody, Opcode, RSV1, describe, emit_frame};
use crate::stack::cx::Cx;
use crate::stack::record::{Unit, What};

/// The longest payload of a control frame (§5.5).
pub(super) const MAX_CONTROL: usize = 125;

impl WebSocket {
    /// Sends a message as one frame, compressed if that was agreed and it is long enough.
    pub fn send(&mut self, cx: &mut Cx<'_>, message: Message) -> Result<(), NotOpen> {
        self.send_fragmented(cx, message, usize::MAX)
    }

    /// Sends a message in frames of at most `size` (at least 1) bytes of payload (§5.4).
    pub fn send_fragmented(
        &mut self,
        cx: &mut Cx<'_>,
        message: Message,
        size: usize,
    ) -> Result<(), NotOpen> {
        self.send_in_frames(cx, message, size, None)
    }

    /// Sends a message in frames of at most `size` (at least 1) bytes of payload, and after each but the last a ping,
    /// which may stand there as every control frame may (§5.4). `ping` is followed by the ping's number, from 1: by it
    /// the pongs can be told apart.
    pub fn send_with_pings(
        &mut self,
        cx: &mut Cx<'_>,
        message: Message,
        size: usize,
        ping: &[u8],
    ) -> Result<(), NotOpen> {
        self.send_in_frames(cx, message, size, Some(ping))
    }

    fn send_in_frames(
        &mut self,
        cx: &mut Cx<'_>,
        message: Message,
        size: usize,
        ping: Option<&[u8]>,
    ) -> Result<(), NotOpen> {
        self.check_open()?;
        let (mut opcode, payload) = match &message {
            Message::Text(text) => (Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes.as_slice()),
        };
        let small = self.deflate(cx, payload);
        let mut rsv = if small.is_some() { RSV1 } else { 0 };
        let mut rest = small.as_deref().unwrap_or(payload);
        let message_cause = cx.cause;
        for number in 1.. {
            let (now, after) = rest.split_at(size.max(1).min(rest.len()));
            self.send_frame(cx, after.is_empty(), rsv, opcode, now);
            if after.is_empty() {
                break;
            }
            cx.cause = message_cause;
            if let Some(ping) = ping {
                let number = format!(" {number}");
                self.ping(cx, &[ping, number.as_bytes()].concat())?;
                cx.cause = message_cause;
            }
            (opcode, rsv, rest) = (Opcode::Continuation, 0, after);
        }
        Ok(())
    }

    /// Sends a ping; at most 125 bytes are taken of `payload` (§5.5).
    pub fn ping(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Result<(), NotOpen> {
        self.check_open()?;
        self.send_control(cx, Opcode::Ping, payload);
        Ok(())
    }

    /// Sends a pong that nobody asked for; at most 125 bytes are taken of `payload` (§5.5.3).
    pub fn pong(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Result<(), NotOpen> {
        self.check_open()?;
        self.send_control(cx, Opcode::Pong, payload);
        Ok(())
    }

    /// Begins the closing handshake (§7.1.2); of the reason as much is taken as a Close frame holds. Without a code
    /// the frame has no body, and the reason is left out (§5.5.1).
    pub fn close(
        &mut self,
        cx: &mut Cx<'_>,
        code: Option<u16>,
        reason: &str,
    ) -> Result<(), NotOpen> {
        self.check_open()?;
        self.state = State::Closing;
        self.send_close(cx, code, reason);
        self.start_closing(cx);
        Ok(())
    }

    pub(super) fn check_open(&self) -> Result<(), NotOpen> {
        match self.state {
            State::Open => Ok(()),
            _ => Err(NotOpen),
        }
    }

    pub(super) fn send_close(&mut self, cx: &mut Cx<'_>, code: Option<u16>, reason: &str) {
        let longest = reason.floor_char_boundary(MAX_CONTROL - 2);
        self.close_sent = true;
        let payload = CloseBody::emit(code, &reason[..longest]);
        self.send_control(cx, Opcode::Close, &payload);
    }

    pub(super) fn send_control(&mut self, cx: &mut Cx<'_>, opcode: Opcode, payload: &[u8]) {
        let payload = &payload[..payload.len().min(MAX_CONTROL)];
        self.send_frame(cx, true, 0, opcode, payload);
    }

    /// Puts a frame on its way, masked if this is the client (§5.3).
    pub(super) fn send_frame(
        &mut self,
        cx: &mut Cx<'_>,
        fin: bool,
        rsv: u8,
        opcode: Opcode,
        payload: &[u8],
    ) {
        let mask = match &mut self.role {
            Role::Client { rng, .. } => {
                let mut key = [0; 4];
                rng.fill(&mut key);
                Some(key)
            }
            Role::Server { .. } => None,
        };
        let bytes = emit_frame(fin, rsv, opcode, mask, payload);
        if cx.log.is_on() {
            let info = describe(fin, rsv, opcode, payload);
            self.record_frame(cx, What::Down, (opcode, mask), bytes.len(), info);
        }
        self.transmits.push(cx, bytes.into());
    }

    pub(super) fn record_frame(
        &self,
        cx: &mut Cx<'_>,
        what: fn(Unit) -> What,
        (opcode, mask): (Opcode, Option<[u8; 4]>),
        len: usize,
        mut info: String,
    ) {
        if let Some(key) = mask {
            info += &format!(", masked with {:08x}", u32::from_be_bytes(key));
        }
        let unit = Unit {
            protocol: "websocket",
            len,
            info: info.into(),
        };
        cx.step(5, self.conn, cite(opcode), what(unit));
    }
}

/// The paragraph on this kind of frame.
fn cite(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::Close => "RFC 6455 §5.5.1",
        Opcode::Ping => "RFC 6455 §5.5.2",
        Opcode::Pong => "RFC 6455 §5.5.3",
        Opcode::Continuation => "RFC 6455 §5.4",
        _ => "RFC 6455 §5.6",
    }
}
