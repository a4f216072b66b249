//! Bytes from a reader, looked at before they are taken.

use std::io::{self, Read};

/// Asked for at a time: the buffer grows by what comes, never by what a file claims.
const CHUNK: usize = 1 << 20;

/// A reader with a look-ahead of any length.
pub(super) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were taken already.
    taken: usize,
    /// Bytes of the file before `buffer`.
    before: u64,
    ended: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            taken: 0,
            before: 0,
            ended: false,
        }
    }

    /// Where the next byte is in the file.
    pub(super) fn offset(&self) -> u64 {
        self.before + self.taken as u64
    }

    /// The bytes that are there without reading on.
    pub(super) fn peek(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Reads until `len` bytes can be peeked at or the file ends; how many there are.
    pub(super) fn fill(&mut self, len: usize) -> io::Result<usize> {
        if self.peek().len() < len && !self.ended {
            self.buffer.drain(..self.taken);
            self.before += self.taken as u64;
            self.taken = 0;
            while self.buffer.len() < len && !self.ended {
                let chunk = (&mut self.reader).take(CHUNK as u64);
                self.ended = { chunk }.read_to_end(&mut self.buffer)? == 0;
            }
        }
        Ok(self.peek().len())
    }

    /// Moves on by `len` bytes of those that can be peeked at.
    pub(super) fn take(&mut self, len: usize) {
        self.taken = (self.taken + len).min(self.buffer.len());
    }
}
