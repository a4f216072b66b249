//! What arrives (RFC 6455 §5, §6.2, §7).
//!
//! The payload of a frame is taken in as it comes, in pieces: nothing waits for the whole frame, so that what is wrong
//! is found at once and nothing is held twice.

use super::send::MAX_CONTROL;
use super::{Event, Message, Role, State, WebSocket};
use crate::proto::websocket::{
    CloseBody, FrameHeader, InflateError, Opcode, RSV1, apply_mask_from, close_code_is_valid,
    describe, describe_compressed,
};
use crate::stack::cx::Cx;
use crate::stack::record::What;

/// The longest header of a frame, in bytes.
const MAX_HEADER: usize = 14;

/// A frame whose payload is coming.
#[derive(Debug)]
pub(super) struct Incoming {
    header: FrameHeader,
    /// How many bytes of the payload came.
    came: usize,
    /// The payload so far, in the clear, if it is a control frame.
    control: Vec<u8>,
    /// Else: where it begins in the message.
    start: usize,
}

impl Incoming {
    /// How many bytes of the payload did not come yet.
    fn left(&self) -> u64 {
        self.header.payload_len - self.came as u64
    }
}

/// A message that is not whole yet.
#[derive(Debug)]
pub(super) struct Partial {
    is_text: bool,
    is_compressed: bool,
    /// How many bytes came of it in frames.
    came: usize,
    /// What it is in the clear, so far.
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
            State::Closed => {}
            State::Connecting => {
                self.reader.push(bytes);
                self.read_handshake(cx);
                // What follows the handshake in the same bytes are frames.
                if self.state == State::Open {
                    let rest = self.reader.take_rest();
                    self.read_frames(cx, &rest);
                }
            }
            State::Open | State::Closing => self.read_frames(cx, bytes),
        }
    }

    /// The peer will send nothing more.
    pub fn handle_end(&mut self, cx: &mut Cx<'_>) {
        match self.state {
            State::Closed => {}
            State::Connecting => self.end_handshake(cx),
            State::Open | State::Closing => self.finish(cx),
        }
    }

    fn read_frames(&mut self, cx: &mut Cx<'_>, mut bytes: &[u8]) {
        while self.is_receiving() {
            let came = cx.cause;
            let read = match self.incoming.take() {
                Some(incoming) => self.read_payload(cx, incoming, &mut bytes),
                None => self.read_header(&mut bytes).and_then(|begun| match begun {
                    Some(incoming) => self.read_payload(cx, incoming, &mut bytes),
                    None => Ok(false),
                }),
            };
            match read {
                Ok(true) => cx.cause = came,
                Ok(false) => return,
                Err(broken) => return self.fail(cx, broken),
            }
        }
    }

    /// Frames are read until the peer's Close (§5.5.1: nothing follows it).
    fn is_receiving(&self) -> bool {
        matches!(self.state, State::Open | State::Closing) && self.close_received.is_none()
    }

    /// Reads a header off the front of `bytes`; `None`: it is not whole yet.
    fn read_header(&mut self, bytes: &mut &[u8]) -> Result<Option<Incoming>, Broken> {
        let Some(header) = self.parse_header(bytes) else {
            return Ok(None);
        };
        self.check_header(&header)?;
        if !header.opcode.is_control() && self.partial.is_none() {
            self.partial = Some(Partial::begin(&header));
        }
        let partial = self.partial.as_ref();
        Ok(Some(Incoming {
            header,
            came: 0,
            control: Vec::new(),
            start: partial.map_or(0, |partial| partial.payload.len()),
        }))
    }

    fn parse_header(&mut self, bytes: &mut &[u8]) -> Option<FrameHeader> {
        if self.header.is_empty()
            && let Some(header) = FrameHeader::parse(bytes)
        {
            *bytes = &bytes[header.header_len()..];
            return Some(header);
        }
        let before = self.header.len();
        let more = bytes.len().min(MAX_HEADER - before);
        self.header.extend_from_slice(&bytes[..more]);
        let Some(header) = FrameHeader::parse(&self.header) else {
            *bytes = &bytes[more..];
            return None;
        };
        self.header.clear();
        *bytes = &bytes[header.header_len() - before..];
        Some(header)
    }

    /// What can be said before the payload is there, so that no wrong frame is waited for.
    fn check_header(&self, header: &FrameHeader) -> Result<(), Broken> {
        self.check_rsv(header)?;
        if matches!(header.opcode, Opcode::Reserved(_)) {
            return Err((1002, "a reserved opcode"));
        }
        self.check_mask(header)?;
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
            _ => self.check_size(header),
        }
    }

    /// §5.2: a reserved bit needs an extension that gives it a meaning. RFC 7692 §6 does so to the first one of the
    /// first frame of a message.
    fn check_rsv(&self, header: &FrameHeader) -> Result<(), Broken> {
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let allowed = match begins && self.compression.is_some() {
            true => RSV1,
            false => 0,
        };
        match header.rsv & !allowed {
            0 => Ok(()),
            _ => Err((1002, "a reserved bit is set")),
        }
    }

    /// §5.1.
    fn check_mask(&self, header: &FrameHeader) -> Result<(), Broken> {
        match (&self.role, header.mask) {
            (Role::Server { .. }, None) => Err((1002, "a client's frame is not masked")),
            (Role::Client { .. }, Some(_)) => Err((1002, "a server's frame is masked")),
            _ => Ok(()),
        }
    }

    fn check_size(&self, header: &FrameHeader) -> Result<(), Broken> {
        let partial = self.partial.as_ref();
        let is_compressed = partial.map_or(header.rsv & RSV1 != 0, |partial| partial.is_compressed);
        let so_far = partial.map_or(0, |partial| partial.payload.len()) as u64;
        // How long a compressed one is shows when it is inflated.
        let is_too_big = header.payload_len.saturating_add(so_far) > self.limits.max_message as u64;
        if is_too_big && !is_compressed {
            return Err((1009, TOO_BIG));
        }
        match header.payload_len > self.limits.max_frame as u64 {
            true => Err((1009, "the frame is too big")),
            false => Ok(()),
        }
    }

    /// Takes as much of the payload as is there off the front of `bytes`; whether the frame is whole.
    fn read_payload(
        &mut self,
        cx: &mut Cx<'_>,
        mut incoming: Incoming,
        bytes: &mut &[u8],
    ) -> Result<bool, Broken> {
        let there = usize::try_from(incoming.left()).unwrap_or(usize::MAX);
        let (piece, rest) = bytes.split_at(there.min(bytes.len()));
        *bytes = rest;
        let taken = self.take_piece(&mut incoming, piece);
        if incoming.left() > 0 {
            self.incoming = Some(incoming);
            return taken.map(|()| false);
        }
        self.record_arrival(cx, &incoming);
        taken?;
        self.end_frame(cx, incoming).map(|()| true)
    }

    /// Takes a piece of a payload in: unmasks it, inflates it, and looks whether it is UTF-8.
    fn take_piece(&mut self, incoming: &mut Incoming, piece: &[u8]) -> Result<(), Broken> {
        let (mask, at) = (incoming.header.mask, incoming.came);
        incoming.came += piece.len();
        let append = |out: &mut Vec<u8>| {
            let start = out.len();
            out.extend_from_slice(piece);
            if let Some(key) = mask {
                apply_mask_from(&mut out[start..], key, at);
            }
        };
        let partial = match &mut self.partial {
            Some(partial) if !incoming.header.opcode.is_control() => partial,
            _ => {
                append(&mut incoming.control);
                return Ok(());
            }
        };
        partial.came = partial.came.saturating_add(piece.len());
        match &mut self.compression {
            Some(compression) if partial.is_compressed => {
                let mut clear = Vec::with_capacity(piece.len());
                append(&mut clear);
                let most = self.limits.max_message;
                let inflater = &mut compression.inflater;
                inflater
                    .inflate(&clear, &mut partial.payload, most)
                    .map_err(broken)?;
            }
            _ => append(&mut partial.payload),
        }
        partial.check_utf8(false)
    }

    fn record_arrival(&self, cx: &mut Cx<'_>, incoming: &Incoming) {
        if !cx.log.is_on() {
            return;
        }
        let FrameHeader {
            fin, opcode, mask, ..
        } = incoming.header;
        let info = match &self.partial {
            _ if opcode.is_control() => describe(fin, 0, opcode, &incoming.control),
            Some(partial) if partial.is_compressed => {
                describe_compressed(fin, opcode, incoming.came)
            }
            partial => {
                let payload = partial
                    .as_ref()
                    .map(|partial| &partial.payload[incoming.start..]);
                describe(fin, 0, opcode, payload.unwrap_or_default())
            }
        };
        let len = incoming.header.header_len() + incoming.came;
        self.record_frame(cx, What::Up, (opcode, mask), len, info);
    }

    fn end_frame(&mut self, cx: &mut Cx<'_>, incoming: Incoming) -> Result<(), Broken> {
        let payload = incoming.control;
        match incoming.header.opcode {
            Opcode::Ping => self.take_ping(cx, payload),
            Opcode::Pong => self.events.push(cx, Event::Pong(payload)),
            Opcode::Close => return self.take_close(cx, &payload),
            _ if incoming.header.fin => return self.end_message(cx),
            _ => {}
        }
        Ok(())
    }

    fn take_ping(&mut self, cx: &mut Cx<'_>, payload: Vec<u8>) {
        if self.state == State::Open {
            let came = cx.cause;
            self.send_control(cx, Opcode::Pong, &payload);
            cx.cause = came;
        }
        self.events.push(cx, Event::Ping(payload));
    }

    fn end_message(&mut self, cx: &mut Cx<'_>) -> Result<(), Broken> {
        let Some(mut partial) = self.partial.take() else {
            return Ok(());
        };
        if let Some(compression) = &mut self.compression
            && partial.is_compressed
        {
            let most = self.limits.max_message;
            let inflater = &mut compression.inflater;
            inflater
                .finish(&mut partial.payload, most)
                .map_err(broken)?;
            self.record_inflated(cx, partial.came, partial.payload.len());
        }
        partial.check_utf8(true)?;
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
            self.start_closing(cx);
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
    fn begin(header: &FrameHeader) -> Self {
        Self {
            is_text: header.opcode == Opcode::Text,
            is_compressed: header.rsv & RSV1 != 0,
            came: 0,
            payload: Vec::new(),
            checked: 0,
        }
    }

    /// Finds bytes that are no UTF-8 as soon as they are there (§8.1); at the end no character may be unfinished.
    fn check_utf8(&mut self, is_whole: bool) -> Result<(), Broken> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(&self.payload[self.checked..]) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() && !is_whole => {
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

const TOO_BIG: &str = "the message is too big";

fn broken(error: InflateError) -> Broken {
    match error {
        InflateError::TooBig => (1009, TOO_BIG),
        InflateError::Broken => (1007, "the compressed data are broken"),
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
