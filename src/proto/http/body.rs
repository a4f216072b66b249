//! The body of a message in a stream: where it is, and whether that can be told.

use super::framing::{Chunks, ChunksEnd, Framing, FramingError};

/// A body, as far as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub framing: Result<Framing, FramingError>,
    /// How many bytes it takes.
    pub len: usize,
    /// Its chunks, where it has such. Places count from the start of the body.
    pub chunks: Chunks,
    /// Why it is not as it should be.
    pub fault: Option<String>,
    /// The end is not known: nothing after it can be read.
    pub is_lost: bool,
}

impl Body {
    /// The body that `rest` begins with; `None` if more bytes are needed. `chunks`: those that were read of it.
    pub(super) fn find(
        framing: Result<Framing, FramingError>,
        chunks: &mut Chunks,
        rest: &[u8],
        closed: bool,
    ) -> Option<Self> {
        let mut body = Self {
            framing,
            len: 0,
            chunks: Chunks::default(),
            fault: None,
            is_lost: false,
        };
        match framing {
            Ok(Framing::Empty) => {}
            Ok(Framing::Length(len)) => match usize::try_from(len) {
                Ok(len) if len <= rest.len() => body.len = len,
                _ if !closed => return None,
                _ => body.cut_short(
                    rest,
                    format!("The body ends after {} of {len} bytes", rest.len()),
                ),
            },
            Ok(Framing::UntilClose) if !closed => return None,
            Ok(Framing::UntilClose) => body.len = rest.len(),
            Ok(Framing::Chunked) => match chunks.read(rest) {
                ChunksEnd::Done => body.len = chunks.len,
                ChunksEnd::More if !closed => return None,
                ChunksEnd::More => {
                    body.cut_short(rest, "The body ends before its last chunk".into())
                }
                ChunksEnd::Malformed(why) => {
                    body.len = chunks.len;
                    body.lose(format!("No chunk: {why}"));
                }
            },
            Err(error) => body.lose(error.to_string()),
        }
        body.chunks = std::mem::take(chunks);
        Some(body)
    }

    /// The body that `rest` is, which was found before: with this fault, if it has one.
    pub(super) fn again(
        framing: Result<Framing, FramingError>,
        rest: &[u8],
        fault: Option<String>,
    ) -> Self {
        let mut chunks = Chunks::default();
        if framing == Ok(Framing::Chunked) {
            chunks.read(rest);
        }
        Self {
            framing,
            len: rest.len(),
            chunks,
            is_lost: fault.is_some(),
            fault,
        }
    }

    fn cut_short(&mut self, rest: &[u8], fault: String) {
        self.len = rest.len();
        self.lose(fault);
    }

    fn lose(&mut self, fault: String) {
        self.fault = Some(fault);
        self.is_lost = true;
    }
}
