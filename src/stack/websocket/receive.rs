//! What arrives (RFC 6455 §5, §6.2, §7).

use super::{Event, MAX_CONTROL, Message, Role, State, WebSocket};
use crate::proto::websocket::{CloseBody, Frame, FrameHeader, Opcode, close_code_is_valid};
use crate::stack::cx::Cx;
use crate::stack::record::What;

/// A message whose last fragment did not come yet.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    is_text: bool,
    payload: Vec<u8>,
    /// How much of `payload` is known to be whole characters of UTF-8.
    checked: usize,
}

/// How a peer broke the protocol: the close code that says so, and why.
type Broken = (u16, &'static str);

impl WebSocket {
    /// Takes bytes that came from the peer. After the end it does nothing.
    pub fn handle_input(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        match self.state {
            State::Closed => return,
            State::Connecting => {
                self.reader.push(bytes);
                self.read_handshake(cx);
            }
            State::Open | State::Closing => self.input.extend(bytes),
        }
        // What follows the handshake in the same bytes are frames.
        self.read_frames(cx);
    }

    /// The peer will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>) {
        match self.state {
            State::Closed => {}
            State::Connecting => self.end_handshake(cx),
            State::Open | State::Closing => self.finish(cx),
        }
    }

    fn read_frames(&mut self, cx: &mut Cx<'_>) {
        while self.is_receiving() {
            let came = cx.cause;
            let checked = match FrameHeader::parse(&self.input) {
                None => return,
                Some(header) => self.check_header(&header),
            };
            if let Err(broken) = checked {
                return self.fail(cx, broken);
            }
            let Some((frame, len)) = Frame::parse(&self.input) else {
                return;
            };
            self.input.drain(..len);
            self.record(cx, What::Up, &frame, len);
            if let Err(broken) = self.take(cx, frame) {
                return self.fail(cx, broken);
            }
            cx.cause = came;
        }
    }

    /// Frames are read until the peer's Close (§5.5.1: nothing follows it).
    fn is_receiving(&self) -> bool {
        matches!(self.state, State::Open | State::Closing) && self.close_received.is_none()
    }

    /// What can be said before the payload is there, so that no wrong frame is waited for.
    fn check_header(&self, header: &FrameHeader) -> Result<(), Broken> {
        let from_client = matches!(self.role, Role::Server { .. });
        if header.rsv != 0 {
            return Err((1002, "a reserved bit is set"));
        }
        if matches!(header.opcode, Opcode::Reserved(_)) {
            return Err((1002, "a reserved opcode"));
        }
        if header.mask.is_some() != from_client {
            return Err((
                1002,
                match from_client {
                    true => "a client's frame is not masked",
                    false => "a server's frame is masked",
                },
            ));
        }
        if !header.is_minimal() || header.payload_len > i64::MAX as u64 {
            return Err((1002, "the length is not written in the fewest bytes"));
        }
        if header.opcode.is_control() {
            return check_control(header);
        }
        match (header.opcode, &self.partial) {
            (Opcode::Continuation, None) => Err((1002, "a continuation of nothing")),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                Err((1002, "a new message within a fragmented one"))
            }
            _ => self.check_size(header.payload_len),
        }
    }

    fn check_size(&self, payload_len: u64) -> Result<(), Broken> {
        let so_far = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.payload.len());
        match payload_len.saturating_add(so_far as u64) > self.max_message as u64 {
            true => Err((1009, "the message is too big")),
            false => Ok(()),
        }
    }

    fn take(&mut self, cx: &mut Cx<'_>, frame: Frame) -> Result<(), Broken> {
        match frame.opcode {
            Opcode::Ping => self.take_ping(cx, frame.payload),
            Opcode::Pong => self.events.push(cx, Event::Pong(frame.payload)),
            Opcode::Close => return self.take_close(cx, &frame.payload),
            _ => return self.take_data(cx, frame),
        }
        Ok(())
    }

    fn take_ping(&mut self, cx: &mut Cx<'_>, payload: Vec<u8>) {
        self.events.push(cx, Event::Ping(payload.clone()));
        if self.state == State::Open {
            self.send_frame(cx, Frame::new(Opcode::Pong, payload));
        }
    }

    fn take_data(&mut self, cx: &mut Cx<'_>, frame: Frame) -> Result<(), Broken> {
        let mut partial = self.partial.take().unwrap_or(Partial {
            is_text: frame.opcode == Opcode::Text,
            payload: Vec::new(),
            checked: 0,
        });
        partial.payload.extend(frame.payload);
        if partial.is_text {
            partial.check_utf8(frame.fin)?;
        }
        if !frame.fin {
            self.partial = Some(partial);
            return Ok(());
        }
        // A message that comes after our own Close is still the application's (§5.5.1).
        self.events.push(cx, Event::Message(partial.into_message()));
        Ok(())
    }

    fn take_close(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Result<(), Broken> {
        let (code, reason) = match CloseBody::parse(payload) {
            CloseBody::Empty => (None, ""),
            CloseBody::Short => return Err((1002, "a Close with one byte")),
            CloseBody::Code(code, _) if !close_code_is_valid(code) => {
                return Err((1002, "a close code that may not be sent"));
            }
            CloseBody::Code(code, reason) => match std::str::from_utf8(reason) {
                Ok(reason) => (Some(code), reason),
                Err(_) => return Err((1007, "a close reason that is not UTF-8")),
            },
        };
        let (code_told, reason) = (code.unwrap_or(1005), reason.to_owned());
        self.close_received = Some((code_told, reason.clone()));
        self.state = State::Closing;
        let code = code_told;
        self.events.push(cx, Event::Closing { code, reason });
        if !self.close_sent {
            self.send_close(cx, (code != 1005).then_some(code), "");
        }
        // The server closes the carrier first; a client waits for that (§7.1.1).
        if matches!(self.role, Role::Server { .. }) {
            self.finish(cx);
        }
        Ok(())
    }

    /// _Fail the WebSocket Connection_ (§7.1.7): say why in a Close frame, and end.
    fn fail(&mut self, cx: &mut Cx<'_>, (code, why): Broken) {
        cx.step(5, self.conn, "RFC 6455 §7.1.7", What::Decided(why.into()));
        self.events.push(cx, Event::ProtocolError { code, why });
        if !self.close_sent {
            self.send_close(cx, Some(code), why);
        }
        self.finish(cx);
    }
}

impl Partial {
    /// Finds bytes that are no UTF-8 as soon as they are there (§8.1); at the end no character may be unfinished.
    fn check_utf8(&mut self, fin: bool) -> Result<(), Broken> {
        match std::str::from_utf8(&self.payload[self.checked..]) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() && !fin => {
                self.checked += error.valid_up_to()
            }
            Err(_) => return Err((1007, "text that is not UTF-8")),
        }
        Ok(())
    }

    fn into_message(self) -> Message {
        match String::from_utf8(self.payload) {
            Ok(text) if self.is_text => Message::Text(text),
            Ok(text) => Message::Binary(text.into_bytes()),
            Err(error) => Message::Binary(error.into_bytes()),
        }
    }
}

fn check_control(header: &FrameHeader) -> Result<(), Broken> {
    if !header.fin {
        return Err((1002, "a fragmented control frame"));
    }
    if header.payload_len > MAX_CONTROL as u64 {
        return Err((1002, "a control frame of more than 125 bytes"));
    }
    Ok(())
}
