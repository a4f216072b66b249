//! A frame as it is shown: its fields, its payload unmasked, and the message that it ends.

use std::sync::Arc;

use super::assemble::Whole;
use super::{
    CLOSE, COMPRESSED, COMPRESSED_LENGTH, CONTINUE, FIN, FRAGMENT_COUNT, FRAGMENTS, Finding,
    INFLATED_LENGTH, MASK, MASKED_PAYLOAD, MASKING_KEY, OPCODE, PAYLOAD, PAYLOAD_LENGTH,
    PAYLOAD_LENGTH_EXT_16, PAYLOAD_LENGTH_EXT_64, PING, PMC, PONG, PROTOCOL, Part, REASON,
    REASSEMBLED_LENGTH, RSV, STATUS_CODE, TEXT, UNKNOWN,
};
use crate::proto::dissect::{Dissector, LayerBuilder, Span, describe_message};
use crate::proto::tree::{Derived, Dissection, Origin, Piece};
use crate::proto::websocket::frame::{
    CloseBody, FrameHeader, Opcode, RSV1, close_code_name, describe, describe_compressed,
};
use crate::proto::{data, engineio, text};

/// A frame as it is shown.
pub(super) struct Shown<'a> {
    pub(super) header: FrameHeader,
    pub(super) bytes: &'a [u8],
    /// The payload in the clear.
    pub(super) clear: Vec<u8>,
    pub(super) part: Part,
    pub(super) deflate: bool,
    pub(super) engineio: Option<engineio::Session>,
    /// The message that it ends, where that is more than its own payload.
    pub(super) whole: Option<Arc<Whole>>,
    pub(super) findings: Vec<Finding>,
}

impl Shown<'_> {
    fn is_text(&self) -> bool {
        self.part.kind == Opcode::Text
    }

    /// The session of Engine.IO whose packet the message is that the frame is or ends.
    fn engineio_session(&self) -> Option<engineio::Session> {
        let is_data = matches!(self.part.kind, Opcode::Text | Opcode::Binary);
        self.engineio.filter(|_| is_data)
    }

    /// The message that the frame is, or ends, if it can be read.
    fn message(&self) -> Option<&[u8]> {
        match &self.whole {
            Some(whole) => whole.message.as_deref().ok(),
            None if self.is_lone() => Some(&self.clear),
            None => None,
        }
    }

    /// It is a message by itself, and not compressed.
    fn is_lone(&self) -> bool {
        let begins = self.header.opcode != Opcode::Continuation;
        self.header.fin && begins && !self.part.compressed
    }

    /// The message that it ends, or the packet of Engine.IO, in one line; or else the frame.
    pub(super) fn info_of_all(&self) -> String {
        let Some(message) = self.message() else {
            return self.info();
        };
        let what = match self.engineio_session() {
            Some(session) => engineio::frame_info(message, self.is_text(), session),
            None => describe(true, 0, self.part.kind, message),
        };
        match &self.whole {
            Some(whole) => format!("{what} ({})", whole.made_of(self.part.compressed)),
            None => what,
        }
    }

    /// The frame in one line.
    fn info(&self) -> String {
        let FrameHeader { fin, opcode, .. } = self.header;
        match self.part.compressed {
            true => describe_compressed(fin, opcode, self.clear.len()),
            false => describe(fin, 0, opcode, &self.clear),
        }
    }

    /// The frame as a layer over the stream's bytes and, where it is masked, a second one over the payload in the
    /// clear; then what it carries.
    pub(super) fn dissection(mut self) -> Dissection {
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
        if let Some(whole) = self.whole.take() {
            self.put_whole(&mut dissection, &whole, is_hidden);
        }
        dissection
    }

    /// The message that the frame ends, as a layer of its own over its bytes, and what it carries.
    fn put_whole(&self, dissection: &mut Dissection, whole: &Whole, is_hidden: bool) {
        let Ok(message) = &whole.message else {
            return;
        };
        let all = span(0, message.len());
        let buffer = 1 + usize::from(is_hidden);
        describe_message(dissection, buffer, message, |dissector| {
            let mut b = dissector.layer(&PROTOCOL, all);
            let made_of = whole.made_of(self.part.compressed);
            b.summary(format!(
                "WebSocket, message of {} bytes, {made_of}",
                all.len()
            ));
            self.put_made_of(&mut b, whole, all.len());
            if !all.is_empty() {
                b.put(&PAYLOAD, 0..all.len(), ());
                if self.is_text() {
                    let text = String::from_utf8_lossy(message).into_owned();
                    b.nest(|b| {
                        b.put(&TEXT, 0..all.len(), text);
                    });
                }
            }
            b.finish(0, all);
            self.put_message(dissector, all);
        });
        dissection.derived.push(Derived {
            name: match self.part.compressed {
                true => "Inflated message",
                false => "Reassembled message",
            },
            bytes: message.clone(),
            pieces: vec![self.piece_of_whole(message.len(), is_hidden)],
        });
    }

    /// What the payload of this frame is in the message that it ends: of an inflated one all of it, and of one in
    /// fragments the end. What came in earlier frames is theirs.
    fn piece_of_whole(&self, len: usize, is_hidden: bool) -> Piece {
        let (buffer, start) = match is_hidden {
            true => (1, 0),
            false => (0, self.header.header_len()),
        };
        let own = self.clear.len();
        match self.part.compressed {
            true => Piece {
                start: 0,
                len,
                origin: Origin::Made(buffer, start, own),
            },
            false => Piece {
                start: len - own,
                len: own,
                origin: Origin::Buffer(buffer, start),
            },
        }
    }

    fn put_made_of(&self, b: &mut LayerBuilder<'_, '_>, whole: &Whole, len: usize) {
        if whole.frames > 1 {
            b.derived(&FRAGMENTS, ()).text = format!("{} frames", whole.frames);
            b.nest(|b| {
                b.derived(&FRAGMENT_COUNT, whole.frames);
                b.derived(&REASSEMBLED_LENGTH, whole.came as u64);
            });
        }
        if self.part.compressed {
            b.derived(&COMPRESSED_LENGTH, whole.came as u64);
            b.derived(&INFLATED_LENGTH, len as u64);
        }
    }

    fn put_unmasked(&self, dissection: &mut Dissection) {
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
            bytes: self.clear.clone(),
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
        if self.part.compressed {
            b.put(&COMPRESSED, all, ()).text = self.compressed_text();
            return;
        }
        // The payload of a message is that of the whole: its last fragment is only a piece.
        if self.message().is_some() && !self.is_lone() {
            b.raw(&CONTINUE, all);
            return;
        }
        b.put(&PAYLOAD, all.clone(), ());
        b.nest(|b| match self.header.opcode {
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

    fn compressed_text(&self) -> String {
        let len = self.clear.len();
        let how = match &self.whole {
            None => "inflated with the frame that ends the message".to_owned(),
            Some(whole) => match &whole.message {
                Ok(message) => format!("the message is {} bytes, inflated", message.len()),
                Err(why) => format!("not inflated: {}", why.why()),
            },
        };
        format!("{len} bytes of permessage-deflate; {how}")
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

    /// What the frame carries, as a layer of its own: a message by itself, or the first fragment of one.
    fn put_carried(&self, dissector: &mut Dissector<'_>, place: Span) {
        if self.is_lone() {
            return self.put_message(dissector, place);
        }
        match self.header.opcode {
            _ if self.part.compressed => {}
            Opcode::Text => text::add(dissector, place),
            Opcode::Binary => data::add(dissector, place),
            _ => {}
        }
    }

    /// What a message carries.
    fn put_message(&self, dissector: &mut Dissector<'_>, place: Span) {
        if let Some(session) = self.engineio_session() {
            return engineio::add_frame(dissector, place, self.is_text(), session);
        }
        match self.part.kind {
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
