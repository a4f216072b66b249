//! One block of a pcapng file, as it is put together.

use crate::base::Time;

/// A block without its second length; every part is padded to 32 bits.
pub(super) struct Block {
    bytes: Vec<u8>,
    has_options: bool,
}

impl Block {
    pub(super) fn new(kind: u32) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(kind.to_le_bytes());
        // The length, until it is known.
        bytes.extend([0; 4]);
        Self {
            bytes,
            has_options: false,
        }
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// A timestamp in nanoseconds, its upper half first.
    pub(super) fn time(&mut self, time: Time) {
        self.u32((time.0 >> 32) as u32);
        self.u32(time.0 as u32);
    }

    pub(super) fn padded(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// An option (or a name record, which has the same form). What is longer than its 16-bit length can say is cut.
    pub(super) fn option(&mut self, code: u16, value: &[u8]) {
        let len = value.len().min(usize::from(u16::MAX));
        self.u16(code);
        self.u16(len as u16);
        self.padded(&value[..len]);
        self.has_options = true;
    }

    /// An option for each text; a text too long for one goes on in the next.
    pub(super) fn texts(&mut self, code: u16, texts: &[String]) {
        for text in texts {
            let mut rest = text.as_str();
            loop {
                let (piece, after) = rest.split_at(rest.floor_char_boundary(u16::MAX.into()));
                self.option(code, piece.as_bytes());
                if after.is_empty() {
                    break;
                }
                rest = after;
            }
        }
    }

    /// The bytes of the block.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.has_options {
            // The end of the options.
            self.u32(0);
        }
        let len = (self.bytes.len() + 4) as u32;
        self.bytes[4..8].copy_from_slice(&len.to_le_bytes());
        self.u32(len);
        self.bytes
    }
}
