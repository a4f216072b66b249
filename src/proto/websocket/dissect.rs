//! From a stream's bytes to WebSocket frames with their fields.

use super::frame::{
    CloseBody, FrameHeader, Opcode, RSV1, apply_mask, close_code_is_valid, close_code_name,
    describe,
};
use crate::proto::dissect::{Dissector, LayerBuilder, Span, describe_message};
use crate::proto::registry::{Claim, Protocol, Reader, fields};
use crate::proto::stream::{self, Dir, Message, Next, StreamProtocol};
use crate::proto::tree::{Derived, Dissection, FieldSpec, Origin, Piece, Severity};
use crate::proto::{data, engineio, text};

fields! {
    FIN = "websocket.fin", "Fin", Bool;
    RSV = "websocket.rsv", "Reserved", Hex(2);
    PMC = "websocket.pmc", "Per-Message Compressed", Bool, stateful;
    OPCODE = "websocket.opcode", "Opcode", Dec;
    MASK = "websocket.mask", "Mask", Bool;
    PAYLOAD_LENGTH = "websocket.payload_length", "Payload length", Dec;
    PAYLOAD_LENGTH_EXT_16 = "websocket.payload_length_ext_16", "Extended payload length (16 bits)", Dec;
    PAYLOAD_LENGTH_EXT_64 = "websocket.payload_length_ext_64", "Extended payload length (64 bits)", Dec;
    MASKING_KEY = "websocket.masking_key", "Masking-Key", Bytes;
    MASKED_PAYLOAD = "websocket.masked_payload", "Masked payload", None;
    PAYLOAD = "websocket.payload", "Payload", None;
    TEXT = "websocket.payload.text", "Text", Str;
    CONTINUE = "websocket.payload.continue", "Continue", Bytes;
    CLOSE = "websocket.payload.close", "Close", None;
    STATUS_CODE = "websocket.payload.close.status_code", "Status code", Dec;
    REASON = "websocket.payload.close.reason", "Reason", Str;
    PING = "websocket.payload.ping", "Ping", Bytes;
    PONG = "websocket.payload.pong", "Pong", Bytes;
    UNKNOWN = "websocket.payload.unknown", "Unknown", Bytes;
    RSV_EXPERT = "websocket.rsv.expert", "A reserved bit is set", None;
    OPCODE_EXPERT = "websocket.opcode.expert", "A reserved opcode", None;
    MASK_EXPERT = "websocket.mask.expert", "Masked the wrong way", None;
    LENGTH_EXPERT = "websocket.payload_length.expert", "A wrong length", None;
    CONTROL_EXPERT = "websocket.control.expert", "A wrong control frame", None;
    FRAGMENT_EXPERT = "websocket.fragment.expert", "A wrong fragment", None;
    TEXT_EXPERT = "websocket.payload.text.expert", "Text that is not UTF-8", None;
    CLOSE_EXPERT = "websocket.payload.close.expert", "A wrong Close", None;
    COMPRESSED = "websocket.compressed", "Compressed, shown as it is", None;
}

/// WebSocket, after HTTP's upgrade.
pub static PROTOCOL: Protocol = Protocol {
    id: "websocket",
    short: "WebSocket",
    name: "WebSocket",
    osi: 5,
    source: "RFC 6455",
    fields: FIELDS,
    claims: &[Claim::Upgrade("websocket")],
    reader: Reader::Stream(|| Box::<WebSocket>::default()),
};

/// The frames of both directions of a connection.
#[derive(Debug, Default)]
pub struct WebSocket {
    /// permessage-deflate was agreed (RFC 7692), so RSV1 means "compressed".
    deflate: bool,
    /// The session of Engine.IO that the handshake's URL names.
    engineio: Option<engineio::Session>,
    /// What each direction is in the middle of.
    directions: [Direction; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Direction {
    /// The fragmented message that goes on.
    fragmented: Option<Part>,
    /// The bytes of a character that the last fragment of text ended within, and how many they are.
    cut_character: ([u8; 3], u8),
    /// A Close was seen.
    closed: bool,
}

impl WebSocket {
    /// What follows a handshake. `deflate`: permessage-deflate was agreed; `engineio`: what its URL says of Engine.IO.
    pub fn new(deflate: bool, engineio: Option<engineio::Session>) -> Self {
        Self {
            deflate,
            engineio,
            ..Self::default()
        }
    }
}

impl StreamProtocol for WebSocket {
    fn next(&mut self, dir: Dir, bytes: &[u8], closed: bool) -> Next {
        let header = FrameHeader::parse(bytes);
        let whole = header.and_then(|header| header.frame_len().filter(|len| *len <= bytes.len()));
        match (header, whole) {
            (Some(header), Some(len)) => {
                let seed = Seed {
                    deflate: self.deflate,
                    engineio: self.engineio,
                    dir,
                    before: self.directions[dir.index()],
                };
                let (_, after) = seed.read(header, &bytes[..len]);
                self.directions[dir.index()] = after;
                Next::Message(Box::new(Message {
                    len,
                    seed: stream::Seed::WebSocket(seed),
                    upgrade: None,
                }))
            }
            _ if closed => Next::NotMine("the stream ends within a WebSocket frame".into()),
            _ => Next::More,
        }
    }
}

/// What must be known of a frame beside its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    deflate: bool,
    engineio: Option<engineio::Session>,
    dir: Dir,
    /// What its direction was in the middle of before it.
    before: Direction,
}

/// A frame as it is shown.
struct Shown<'a> {
    header: FrameHeader,
    bytes: &'a [u8],
    /// The payload in the clear.
    clear: Vec<u8>,
    part: Part,
    deflate: bool,
    engineio: Option<engineio::Session>,
    findings: Vec<Finding>,
}

/// What a frame is part of.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Text or Binary for data, also in a continuation of it; else the frame's own kind.
    kind: Opcode,
    compressed: bool,
}

/// An expert finding about a frame.
struct Finding(Severity, &'static FieldSpec, &'static str);

impl Seed {
    /// The layers of the frame that `bytes` are.
    pub(in crate::proto) fn dissection(&self, bytes: &[u8]) -> Dissection {
        self.shown(bytes).map(Shown::dissection).unwrap_or_default()
    }

    /// One line about the frame that `bytes` are.
    pub(in crate::proto) fn info(&self, bytes: &[u8]) -> String {
        self.shown(bytes).map_or_else(String::new, |shown| {
            let session = shown.engineio_session();
            session.map_or_else(
                || shown.info(),
                |session| engineio::frame_info(&shown.clear, shown.is_text(), session),
            )
        })
    }

    fn shown<'a>(&self, bytes: &'a [u8]) -> Option<Shown<'a>> {
        let header = FrameHeader::parse(bytes)?;
        (header.header_len() <= bytes.len()).then(|| self.read(header, bytes).0)
    }

    /// Judges a frame by what its direction was in the middle of, and tells what it is in the middle of after it.
    fn read<'a>(&self, header: FrameHeader, bytes: &'a [u8]) -> (Shown<'a>, Direction) {
        let mut clear = bytes[header.header_len()..].to_vec();
        if let Some(key) = header.mask {
            apply_mask(&mut clear, key);
        }
        let mut findings = check_header(&header, self.dir, self.deflate);
        let mut direction = self.before;
        let part = direction.follow(&header, self.deflate, &mut findings);
        direction.check_text(part, &clear, header.fin, &mut findings);
        if direction.closed {
            let text = "Nothing may follow a Close";
            findings.push(Finding(Severity::Error, &CLOSE_EXPERT, text));
        }
        if header.opcode == Opcode::Close {
            direction.closed = true;
            check_close(&clear, &mut findings);
        }
        let shown = Shown {
            header,
            bytes,
            clear,
            part,
            deflate: self.deflate,
            engineio: self.engineio,
            findings,
        };
        (shown, direction)
    }
}

impl Direction {
    /// What a frame is part of, by those before it (RFC 6455 §5.4).
    fn follow(&mut self, header: &FrameHeader, deflate: bool, findings: &mut Vec<Finding>) -> Part {
        let own = Part {
            kind: header.opcode,
            compressed: deflate && header.rsv & RSV1 != 0,
        };
        if header.opcode.is_control() {
            return Part {
                compressed: false,
                ..own
            };
        }
        let part = match (header.opcode, self.fragmented) {
            (Opcode::Continuation, Some(part)) => part,
            (Opcode::Continuation, None) => {
                let text = "A continuation, but no message was begun";
                findings.push(Finding(Severity::Error, &FRAGMENT_EXPERT, text));
                own
            }
            (_, begun) => {
                if begun.is_some() {
                    let text = "A new message within a fragmented one";
                    findings.push(Finding(Severity::Error, &FRAGMENT_EXPERT, text));
                }
                self.cut_character = Default::default();
                own
            }
        };
        self.fragmented = (!header.fin).then_some(part);
        part
    }

    /// Text must be UTF-8 (§8.1), where a fragment may end within a character.
    fn check_text(&mut self, part: Part, clear: &[u8], fin: bool, findings: &mut Vec<Finding>) {
        if part.kind != Opcode::Text || part.compressed {
            return;
        }
        let (cut, len) = std::mem::take(&mut self.cut_character);
        let text = [&cut[..usize::from(len)], clear].concat();
        match std::str::from_utf8(&text) {
            Ok(_) => {}
            Err(error) if error.error_len().is_none() && !fin => {
                let rest = &text[error.valid_up_to()..];
                self.cut_character.0[..rest.len()].copy_from_slice(rest);
                self.cut_character.1 = rest.len() as u8;
            }
            Err(_) => findings.push(Finding(
                Severity::Error,
                &TEXT_EXPERT,
                "The text is not UTF-8",
            )),
        }
    }
}

/// What a header says wrong by itself (§5.1, §5.2, §5.5).
fn check_header(header: &FrameHeader, dir: Dir, deflate: bool) -> Vec<Finding> {
    let is_control = header.opcode.is_control();
    let allowed_rsv = if deflate && !is_control { RSV1 } else { 0 };
    let may_be_compressed = header.opcode != Opcode::Continuation;
    let checks = [
        (
            header.rsv & !allowed_rsv != 0 || header.rsv != 0 && !may_be_compressed,
            &RSV_EXPERT,
            "A reserved bit is set that no extension gives a meaning",
        ),
        (
            matches!(header.opcode, Opcode::Reserved(_)),
            &OPCODE_EXPERT,
            "This opcode is reserved",
        ),
        (
            dir == Dir::ToServer && header.mask.is_none(),
            &MASK_EXPERT,
            "A client must mask its frames",
        ),
        (
            dir == Dir::ToClient && header.mask.is_some(),
            &MASK_EXPERT,
            "A server must not mask its frames",
        ),
        (
            !header.is_minimal(),
            &LENGTH_EXPERT,
            "The length is not written in the fewest bytes",
        ),
        (
            is_control && header.payload_len > 125,
            &CONTROL_EXPERT,
            "A control frame carries at most 125 bytes",
        ),
        (
            is_control && !header.fin,
            &CONTROL_EXPERT,
            "A control frame must not be fragmented",
        ),
    ];
    let broken = checks.into_iter().filter(|(broken, ..)| *broken);
    broken
        .map(|(_, spec, text)| Finding(Severity::Error, spec, text))
        .collect()
}

/// What a Close says wrong (§5.5.1, §7.4).
fn check_close(clear: &[u8], findings: &mut Vec<Finding>) {
    let text = match CloseBody::parse(clear) {
        CloseBody::Short => "A Close with one byte, which is no code",
        CloseBody::Code(code, _) if !close_code_is_valid(code) => "This close code may not be sent",
        CloseBody::Code(_, reason) if std::str::from_utf8(reason).is_err() => {
            "The close reason is not UTF-8"
        }
        _ => return,
    };
    findings.push(Finding(Severity::Error, &CLOSE_EXPERT, text));
}

impl Shown<'_> {
    fn is_text(&self) -> bool {
        self.header.opcode == Opcode::Text
    }

    /// The session of Engine.IO whose packet the frame is: one that is whole, and can be read.
    fn engineio_session(&self) -> Option<engineio::Session> {
        let is_data = matches!(self.header.opcode, Opcode::Text | Opcode::Binary);
        let is_whole = self.header.fin && !self.part.compressed;
        self.engineio.filter(|_| is_data && is_whole)
    }

    /// The frame in one line.
    fn info(&self) -> String {
        let rsv = if self.part.compressed { RSV1 } else { 0 };
        describe(self.header.fin, rsv, self.header.opcode, &self.clear)
    }

    /// The frame as a layer over the stream's bytes and, where it is masked, a second one over the payload in the
    /// clear; then what it carries.
    fn dissection(self) -> Dissection {
        let mut dissection = Dissection::default();
        let whole = span(0, self.bytes.len());
        let carried = span(self.header.header_len(), self.bytes.len());
        let is_hidden = self.header.mask.is_some() && !carried.is_empty();
        describe_message(&mut dissection, 0, self.bytes, |dissector| {
            let mut b = dissector.layer(&PROTOCOL, whole);
            b.summary(format!("WebSocket, {}", self.info()));
            self.put_header(&mut b);
            if is_hidden {
                b.put(&MASKED_PAYLOAD, carried.range(), ());
            } else {
                self.put_payload(&mut b, carried.start);
            }
            for Finding(severity, spec, text) in &self.findings {
                b.expert(*severity, spec, 0..self.header.header_len(), *text);
            }
            b.finish(self.header.header_len(), carried);
            if !is_hidden {
                self.put_carried(dissector, carried);
            }
        });
        if is_hidden {
            self.put_unmasked(&mut dissection);
        }
        dissection
    }

    fn put_unmasked(self, dissection: &mut Dissection) {
        let all = span(0, self.clear.len());
        describe_message(dissection, 1, &self.clear, |dissector| {
            let mut b = dissector.layer(&PROTOCOL, all);
            b.summary(format!("WebSocket, unmasked payload, {} bytes", all.len()));
            self.put_payload(&mut b, 0);
            b.finish(0, all);
            self.put_carried(dissector, all);
        });
        let piece = Piece {
            start: 0,
            len: self.clear.len(),
            origin: Origin::Buffer(0, self.header.header_len()),
        };
        dissection.derived.push(Derived {
            name: "Unmasked payload",
            bytes: self.clear,
            pieces: vec![piece],
        });
    }

    fn put_header(&self, b: &mut LayerBuilder<'_, '_>) {
        let header = &self.header;
        b.flag(&FIN, 0, header.fin);
        b.bits(&RSV, 1..4, header.rsv);
        if self.deflate {
            b.flag(&PMC, 1, header.rsv & RSV1 != 0);
        }
        let opcode = header.opcode;
        b.bits(&OPCODE, 4..8, opcode.bits()).text =
            format!("{} ({})", opcode.name(), opcode.bits());
        b.flag(&MASK, 8, header.mask.is_some());
        let seven_bits = match header.extended_len {
            0 => header.payload_len,
            2 => 126,
            _ => 127,
        };
        b.bits(&PAYLOAD_LENGTH, 9..16, seven_bits);
        match header.extended_len {
            2 => drop(b.put(&PAYLOAD_LENGTH_EXT_16, 2..4, header.payload_len)),
            8 => drop(b.put(&PAYLOAD_LENGTH_EXT_64, 2..10, header.payload_len)),
            _ => {}
        }
        if header.mask.is_some() {
            b.raw(&MASKING_KEY, header.header_len() - 4..header.header_len());
        }
    }

    /// The fields of the payload, which starts at `at` of the layer.
    fn put_payload(&self, b: &mut LayerBuilder<'_, '_>, at: usize) {
        let all = at..at + self.clear.len();
        if all.is_empty() {
            return;
        }
        b.put(&PAYLOAD, all.clone(), ());
        b.nest(|b| match self.header.opcode {
            _ if self.part.compressed => {
                b.put(&COMPRESSED, all, ()).text = format!(
                    "{} bytes of permessage-deflate, not inflated",
                    self.clear.len()
                );
            }
            Opcode::Text => drop(b.put(
                &TEXT,
                all,
                String::from_utf8_lossy(&self.clear).into_owned(),
            )),
            Opcode::Binary => {}
            Opcode::Continuation => drop(b.raw(&CONTINUE, all)),
            Opcode::Ping => drop(b.raw(&PING, all)),
            Opcode::Pong => drop(b.raw(&PONG, all)),
            Opcode::Reserved(_) => drop(b.raw(&UNKNOWN, all)),
            Opcode::Close => self.put_close(b, at),
        });
    }

    fn put_close(&self, b: &mut LayerBuilder<'_, '_>, at: usize) {
        let end = at + self.clear.len();
        b.put(&CLOSE, at..end, ());
        if let CloseBody::Code(code, reason) = CloseBody::parse(&self.clear) {
            b.nest(|b| {
                let text = format!("{} ({code})", close_code_name(code));
                b.put(&STATUS_CODE, at..at + 2, code).text = text;
                if !reason.is_empty() {
                    b.put(
                        &REASON,
                        at + 2..end,
                        String::from_utf8_lossy(reason).into_owned(),
                    );
                }
            });
        }
    }

    /// What the frame carries, as a layer of its own.
    fn put_carried(&self, dissector: &mut Dissector<'_>, place: Span) {
        if let Some(session) = self.engineio_session() {
            engineio::add_frame(dissector, place, self.is_text(), session);
            return;
        }
        match self.header.opcode {
            _ if self.part.compressed => {}
            Opcode::Text => text::add(dissector, place),
            Opcode::Binary => data::add(dissector, place),
            _ => {}
        }
    }
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start,
        end,
        whole: end,
    }
}

#[cfg(test)]
mod tests;
