//! What each direction is in the middle of, and what is wrong with a frame by the rules of RFC 6455.

use super::{
    CLOSE_EXPERT, CONTROL_EXPERT, FRAGMENT_EXPERT, Finding, LENGTH_EXPERT, MASK_EXPERT,
    OPCODE_EXPERT, Part, RSV_EXPERT, TEXT_EXPERT,
};
use crate::proto::stream::Dir;
use crate::proto::tree::Severity;
use crate::proto::websocket::frame::{CloseBody, FrameHeader, Opcode, RSV1, close_code_is_valid};

/// What a direction is in the middle of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Direction {
    /// The fragmented message that goes on.
    fragmented: Option<Part>,
    /// The bytes of a character that the last fragment of text ended within, and how many they are.
    cut_character: ([u8; 3], u8),
    /// A Close was seen.
    pub(super) closed: bool,
}

impl Direction {
    /// What a frame is part of, by those before it (RFC 6455 §5.4).
    pub(super) fn follow(
        &mut self,
        header: &FrameHeader,
        deflate: bool,
        findings: &mut Vec<Finding>,
    ) -> Part {
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
    pub(super) fn check_text(
        &mut self,
        part: Part,
        clear: &[u8],
        fin: bool,
        findings: &mut Vec<Finding>,
    ) {
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
pub(super) fn check_header(header: &FrameHeader, dir: Dir, deflate: bool) -> Vec<Finding> {
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
pub(super) fn check_close(clear: &[u8], findings: &mut Vec<Finding>) {
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
