//! From a stream's bytes to WebSocket frames with their fields.

mod assemble;
mod follow;
mod show;

use std::sync::Arc;

use self::assemble::{Assembly, Whole};
use self::follow::{Direction, check_close, check_header};
use self::show::Shown;
use super::extension::DeflateParams;
use super::frame::{FrameHeader, Opcode, apply_mask};
use crate::proto::engineio;
use crate::proto::registry::{Claim, Protocol, Reader, fields};
use crate::proto::stream::{self, Dir, Message, Next, StreamProtocol};
use crate::proto::tree::{Dissection, FieldSpec, Severity};

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
    COMPRESSED = "websocket.compressed", "Compressed payload", None, stateful;
    COMPRESSED_LENGTH = "websocket.compressed_length", "Compressed length", Dec, stateful;
    INFLATED_LENGTH = "websocket.inflated_length", "Inflated length", Dec, stateful;
    FRAGMENTS = "websocket.fragments", "Reassembled fragments", None, stateful;
    FRAGMENT_COUNT = "websocket.fragment.count", "Fragment count", Dec, stateful;
    REASSEMBLED_LENGTH = "websocket.reassembled.length", "Reassembled length", Dec, stateful;
    DECOMPRESSION_EXPERT = "websocket.decompression.failed.expert", "It cannot be inflated", None;
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
    /// What was agreed of permessage-deflate (RFC 7692), so that RSV1 means "compressed".
    deflate: Option<DeflateParams>,
    /// The session of Engine.IO that the handshake's URL names.
    engineio: Option<engineio::Session>,
    /// What each direction is in the middle of.
    directions: [Direction; 2],
    /// The message of each direction that is not whole yet, and what is known of its window.
    assemblies: [Assembly; 2],
}

impl WebSocket {
    /// What follows a handshake. `deflate`: what was agreed of permessage-deflate; `engineio`: what its URL says of
    /// Engine.IO.
    pub fn new(deflate: Option<DeflateParams>, engineio: Option<engineio::Session>) -> Self {
        let forgets = deflate.unwrap_or_default();
        Self {
            deflate,
            engineio,
            directions: Default::default(),
            assemblies: [
                Assembly::new(!forgets.client_no_context_takeover),
                Assembly::new(!forgets.server_no_context_takeover),
            ],
        }
    }
}

impl StreamProtocol for WebSocket {
    fn next(&mut self, dir: Dir, bytes: &[u8], closed: bool) -> Next {
        let header = FrameHeader::parse(bytes);
        let whole = header.and_then(|header| header.frame_len().filter(|len| *len <= bytes.len()));
        match (header, whole) {
            (Some(header), Some(len)) => {
                let mut seed = Seed {
                    deflate: self.deflate.is_some(),
                    engineio: self.engineio,
                    dir,
                    before: self.directions[dir.index()],
                    whole: None,
                };
                let (shown, after) = seed.read(header, &bytes[..len]);
                let whole = self.assemblies[dir.index()].take(&header, shown.part, &shown.clear);
                self.directions[dir.index()] = after;
                seed.whole = whole;
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

    fn phase(&self) -> Option<&'static str> {
        Some("WS")
    }
}

/// What must be known of a frame beside its bytes.
#[derive(Debug, Clone)]
pub struct Seed {
    deflate: bool,
    engineio: Option<engineio::Session>,
    dir: Dir,
    /// What its direction was in the middle of before it.
    before: Direction,
    /// The message that it ends, where that is more than its own payload.
    whole: Option<Arc<Whole>>,
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
        self.shown(bytes)
            .map_or_else(String::new, |shown| shown.info_of_all())
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
        if let Some(whole) = &self.whole {
            findings.extend(whole.finding());
        }
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
            whole: self.whole.clone(),
            findings,
        };
        (shown, direction)
    }
}

#[cfg(test)]
mod tests;
