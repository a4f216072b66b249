//! Compression message by message (RFC 7692 §7.2): [`Deflater`] and [`Inflater`], one for each direction.
//!
//! Simplified: a window of 256 bytes (8 bits) is not written, only read: zlib cannot write one.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::extension::MAX_WINDOW_BITS;

/// The end of an empty stored block, which the sender leaves out and the receiver puts back (§7.2.1, §7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The smallest window that zlib writes, as its base-2 logarithm.
const MIN_WINDOW_BITS: u8 = 9;

/// The most blocks that say they are the last one which a message may have. One is what a sender needs; each costs a
/// new start.
const MOST_FINAL_BLOCKS: usize = 16;

/// How much room is made at a time for what is being inflated, in bytes.
const STEP: usize = 4096;

/// Compresses the messages of one direction.
#[derive(Debug)]
pub struct Deflater {
    level: u32,
    window_bits: u8,
    takes_over: bool,
    /// Made with the first message, so that a connection without any costs no window.
    compress: Option<Compress>,
}

impl Deflater {
    /// With this level (0 to 9), the window of 2 to the power of `window_bits`, and whether it is kept from one message
    /// to the next; `None` where no window is so small.
    pub fn new(level: u32, window_bits: u8, takes_over: bool) -> Option<Self> {
        (MIN_WINDOW_BITS..=MAX_WINDOW_BITS)
            .contains(&window_bits)
            .then_some(Self {
                level: level.min(9),
                window_bits,
                takes_over,
                compress: None,
            })
    }

    /// The message compressed (§7.2.1).
    pub fn deflate(&mut self, message: &[u8]) -> Vec<u8> {
        // §7.2.3.6: zlib would write nothing at all.
        if message.is_empty() {
            return vec![0];
        }
        let (level, bits) = (Compression::new(self.level), self.window_bits);
        let compress = self
            .compress
            .get_or_insert_with(|| Compress::new_with_window_bits(level, false, bits));
        let mut out = Vec::with_capacity(message.len() / 2 + 64);
        let start = compress.total_in();
        loop {
            let done = (compress.total_in() - start) as usize;
            let result = compress.compress_vec(&message[done..], &mut out, FlushCompress::Sync);
            result.expect("a compressor takes all bytes");
            // It has said all when it left room.
            if out.len() < out.capacity() {
                break;
            }
            out.reserve(out.len().max(64));
        }
        if !self.takes_over {
            self.compress = None;
        }
        out.truncate(out.len() - TAIL.len());
        out
    }
}

/// Why a message cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The bytes are no DEFLATE data (RFC 1951).
    #[error("the compressed data are broken")]
    Broken,
    /// The message is longer than the limit.
    #[error("the message is too big")]
    TooBig,
}

/// Inflates the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    takes_over: bool,
    /// Made with the first message.
    inflate: Option<Decompress>,
    /// Blocks of the message so far that say they are the last one.
    final_blocks: usize,
}

impl Inflater {
    /// Any window is read; whether it is kept from one message to the next.
    pub fn new(takes_over: bool) -> Self {
        Self {
            takes_over,
            inflate: None,
            final_blocks: 0,
        }
    }

    /// Inflates a piece of a message onto the end of `out`, which holds the message so far and grows to `limit` bytes at
    /// most.
    pub fn inflate(
        &mut self,
        mut bytes: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        let inflate = self.inflate.get_or_insert_with(|| Decompress::new(false));
        loop {
            let room = limit.saturating_sub(out.len());
            // One byte more than may come shows that too much comes.
            out.reserve(STEP.min(room + 1));
            let (came, made) = (inflate.total_in(), out.len());
            let status = inflate
                .decompress_vec(bytes, out, FlushDecompress::Sync)
                .map_err(|_| InflateError::Broken)?;
            bytes = &bytes[(inflate.total_in() - came) as usize..];
            if out.len() > limit {
                return Err(InflateError::TooBig);
            }
            if status == Status::StreamEnd {
                self.final_blocks += 1;
                if self.final_blocks > MOST_FINAL_BLOCKS {
                    return Err(InflateError::Broken);
                }
                *inflate = after_final_block(out)?;
            } else if out.len() < out.capacity() || out.len() == made && bytes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Inflates the end of a message (§7.2.2).
    pub fn finish(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        self.inflate(&TAIL, out, limit)?;
        self.final_blocks = 0;
        if !self.takes_over {
            self.inflate = None;
        }
        Ok(())
    }
}

/// What goes on after a block that says it is the last one (§7.2.3.4): the window is kept, as far as this message
/// filled it.
fn after_final_block(out: &[u8]) -> Result<Decompress, InflateError> {
    let window = &out[out.len().saturating_sub(1 << MAX_WINDOW_BITS)..];
    let mut inflate = Decompress::new(false);
    if !window.is_empty() {
        let taken = inflate.set_dictionary(window);
        taken.map_err(|_| InflateError::Broken)?;
    }
    Ok(inflate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Deflater, InflateError, Inflater};

    fn inflated(inflater: &mut Inflater, bytes: &[u8]) -> Result<Vec<u8>, InflateError> {
        let mut out = Vec::new();
        inflater.inflate(bytes, &mut out, 1 << 20)?;
        inflater.finish(&mut out, 1 << 20)?;
        Ok(out)
    }

    /// RFC 7692 §7.2.3.
    #[test]
    fn the_examples_of_the_rfc() {
        let check = |messages: &[&[u8]]| {
            let mut inflater = Inflater::new(true);
            for message in messages {
                assert_eq!(
                    inflated(&mut inflater, message).as_deref(),
                    Ok(&b"Hello"[..])
                );
            }
        };
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        check(&[&hello, &[0xf2, 0x00, 0x11, 0x00, 0x00]]);
        check(&[&hello, &hello]);
        let stored = [
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        check(&[&stored]);
        let last_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        check(&[&last_block, &last_block]);
        let two_blocks = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        check(&[&two_blocks]);
        let mut deflater = Deflater::new(6, 15, true).unwrap();
        assert_eq!(deflater.deflate(b"Hello"), hello);
        assert_eq!(deflater.deflate(b"Hello"), [0xf2, 0x00, 0x11, 0x00, 0x00]);
        assert_eq!(deflater.deflate(b""), [0]);
        assert!(inflated(&mut Inflater::new(true), &[0]).unwrap().is_empty());
        assert!(Deflater::new(6, 8, true).is_none());
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = Deflater::new(9, 15, true)
            .unwrap()
            .deflate(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        let mut out = Vec::new();
        let result = Inflater::new(true).inflate(&bomb, &mut out, 1_000_000);
        assert_eq!(result, Err(InflateError::TooBig));
        assert!(out.capacity() <= 2_100_000, "{}", out.capacity());
        let mut exact = Vec::new();
        let mut inflater = Inflater::new(true);
        inflater.inflate(&bomb, &mut exact, 50_000_000).unwrap();
        inflater.finish(&mut exact, 50_000_000).unwrap();
        assert_eq!(exact.len(), 50_000_000);
    }

    proptest! {
        #[test]
        fn what_is_deflated_is_inflated(
            messages in prop::collection::vec((prop::collection::vec(0u8..4, 0..3000), any::<bool>()), 1..6),
            bits in 9u8..=15,
            takes_over: bool,
            level in 0u32..=9,
            cut in 1usize..400,
        ) {
            let mut deflater = Deflater::new(level, bits, takes_over).unwrap();
            let mut inflater = Inflater::new(takes_over);
            for (mut message, noisy) in messages {
                if noisy {
                    message.iter_mut().enumerate().for_each(|(i, b)| *b = (*b as usize * 67 + i * i) as u8);
                }
                let small = deflater.deflate(&message);
                let mut out = Vec::new();
                for piece in small.chunks(cut) {
                    inflater.inflate(piece, &mut out, message.len()).unwrap();
                }
                inflater.finish(&mut out, message.len()).unwrap();
                prop_assert_eq!(out, message);
            }
        }

        #[test]
        fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 1usize..100) {
            let read = |cut: usize| {
                let (mut inflater, mut out) = (Inflater::new(true), Vec::new());
                let result = bytes.chunks(cut).try_for_each(|piece| inflater.inflate(piece, &mut out, 5000));
                (result.and_then(|()| inflater.finish(&mut out, 5000)), out)
            };
            let (whole, pieces) = (read(600), read(cut));
            prop_assert_eq!(whole.0, pieces.0);
            if whole.0.is_ok() {
                prop_assert_eq!(whole.1, pieces.1);
            }
        }
    }
}
