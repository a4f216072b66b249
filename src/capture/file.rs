//! Reading capture files: pcap and pcapng, whichever way their bytes are ordered.
//!
//! Reading never panics and never allocates by a number that the file claims. A file that is cut or broken somewhere
//! gives what could be read, and [`Capture::damage`] says what could not and where; a file of which nothing can be
//! read is a [`ReadError`].

mod pcap;
mod pcapng;
mod source;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::captures;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::packet::Capture;
use source::Source;

/// No packet and no block of a capture is longer than this (256 MiB): a length above it is damage.
const MAX_LEN: u32 = 1 << 28;

/// Reads the capture file at `path`; `-` is standard input.
pub fn read(path: impl AsRef<Path>) -> Result<Capture, ReadError> {
    let path = path.as_ref();
    if path.as_os_str() == "-" {
        return read_from(io::stdin().lock());
    }
    read_from(File::open(path).map_err(ReadError::Open)?)
}

/// Reads a capture file that is in memory.
pub fn read_bytes(bytes: &[u8]) -> Result<Capture, ReadError> {
    read_from(bytes)
}

/// Reads a capture file from anything that gives bytes, such as a pipe, to its end.
pub fn read_from(reader: impl Read) -> Result<Capture, ReadError> {
    let mut source = Source::new(reader);
    let available = source.fill(4).map_err(ReadError::Read)?;
    if available == 0 {
        return Err(ReadError::Empty);
    }
    let start = source.peek();
    let (capture, damage) = if let Some(format) = pcap::Format::of(start) {
        pcap::read(&mut source, format)?
    } else if pcapng::starts(start) {
        pcapng::read(&mut source)?
    } else {
        return Err(ReadError::unknown(start));
    };
    match damage.into_words() {
        Some(words) if capture.packets.is_empty() => Err(ReadError::Damaged(words)),
        words => Ok(Capture {
            damage: words,
            ..capture
        }),
    }
}

/// Why nothing of a file could be read: what is wrong, where, and what to do. Its name stands beside it, not in it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened.
    #[error("the file cannot be opened: {0}")]
    Open(io::Error),
    /// Reading it failed.
    #[error("the file cannot be read: {0}")]
    Read(io::Error),
    /// It has no bytes.
    #[error("the file is empty: a capture has at least a header of 24 bytes; capture it again")]
    Empty,
    /// It is compressed.
    #[error("the file is compressed with {tool}: unpack it first, for example `{command}`")]
    Compressed {
        /// What compressed it.
        tool: &'static str,
        /// The command that unpacks it.
        command: &'static str,
    },
    /// It is a capture in a format that is not read here.
    #[error(
        "this is a {0} file, not pcap or pcapng: convert it, for example `editcap IN OUT.pcapng`"
    )]
    OtherFormat(&'static str),
    /// It is no capture.
    #[error(
        "this is not a capture: it starts with {0}, a pcap file with d4 c3 b2 a1 (or the like) and a pcapng file with \
         0a 0d 0d 0a"
    )]
    NotACapture(String),
    /// It is a capture of a version that is not read here.
    #[error(
        "this is {0}, and only version {1} is known: convert it with a newer tool, for example `editcap`"
    )]
    Version(String, &'static str),
    /// It starts as a capture, but not one packet could be read.
    #[error("the file holds no packet that can be read: {0}")]
    Damaged(String),
}

impl ReadError {
    /// The error for a file that starts so and is neither pcap nor pcapng.
    fn unknown(start: &[u8]) -> Self {
        const COMPRESSED: [(&[u8], &str, &str); 5] = [
            (b"\x1f\x8b", "gzip", "gunzip FILE.gz"),
            (b"\x28\xb5\x2f\xfd", "zstd", "unzstd FILE.zst"),
            (b"\xfd7zX", "xz", "unxz FILE.xz"),
            (b"\x04\x22\x4d\x18", "lz4", "unlz4 FILE.lz4"),
            (b"BZh", "bzip2", "bunzip2 FILE.bz2"),
        ];
        const OTHER: [(&[u8], &str); 4] = [
            (b"snoop", "snoop"),
            (b"GMBU", "Network Monitor"),
            (b"RTSS", "Network Monitor 1"),
            (b"XCP\0", "NetXRay"),
        ];
        if let Some(&(_, tool, command)) = COMPRESSED.iter().find(|c| start.starts_with(c.0)) {
            return Self::Compressed { tool, command };
        }
        if let Some(&(_, format)) = OTHER.iter().find(|o| start.starts_with(o.0)) {
            return Self::OtherFormat(format);
        }
        let hex: Vec<String> = start.iter().take(8).map(|b| format!("{b:02x}")).collect();
        Self::NotACapture(hex.join(" "))
    }
}

/// What was found broken on the way: the first in full, the others counted.
#[derive(Debug, Default)]
struct Damage {
    first: Option<String>,
    more: usize,
}

impl Damage {
    /// Notes that something is broken. `packets` were read before it, `offset` is its place in the file.
    fn note(&mut self, packets: usize, offset: u64, what: impl fmt::Display) {
        if self.first.is_some() {
            self.more += 1;
        } else {
            self.first = Some(format!(
                "after packet {packets}, at byte {offset} of the file: {what}"
            ));
        }
    }

    fn into_words(self) -> Option<String> {
        self.first.map(|first| match self.more {
            0 => first,
            more => format!("{first}; and {more} more like it later"),
        })
    }
}
