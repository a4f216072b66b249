//! Messages out of frames: fragments put together, compressed ones inflated.

use std::sync::Arc;

use super::{DECOMPRESSION_EXPERT, Finding, Part, TEXT_EXPERT};
use crate::proto::tree::Severity;
use crate::proto::websocket::deflate::{InflateError, Inflater};
use crate::proto::websocket::frame::{FrameHeader, Opcode};

/// The longest message that is put together or inflated, in bytes: what an endpoint would take, too.
const MOST_MESSAGE: usize = 16 * 1024 * 1024;

/// How many bytes of messages are kept of one direction. What a frame says of its length is not believed, and neither is
/// a stream that grows a thousandfold.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// What a direction has of the message that goes on.
#[derive(Debug)]
pub(super) struct Assembly {
    inflater: Inflater,
    /// Why nothing more is inflated: the window is not known any more.
    stopped: Option<Stopped>,
    /// The message so far, in the clear.
    message: Vec<u8>,
    /// Bytes of payload so far, and frames.
    came: usize,
    frames: u32,
    /// It is longer than what is put together.
    is_too_long: bool,
    /// How many bytes may still be kept.
    left: usize,
}

impl Default for Assembly {
    fn default() -> Self {
        Self::new(true)
    }
}

/// A message that is more than the payload of the frame that ends it.
#[derive(Debug)]
pub(super) struct Whole {
    /// It, in the clear; `Err`: why it is not known.
    pub(super) message: Result<Vec<u8>, Stopped>,
    /// It is text, and nobody has looked at it before it was inflated.
    is_inflated_text: bool,
    /// Its frames.
    pub(super) frames: u32,
    /// The bytes of their payloads.
    pub(super) came: usize,
}

/// Why messages are not inflated, or not put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The compressed data are broken.
    Broken,
    /// An earlier message could not be inflated, and this one may refer to it.
    Before,
    /// It is too long to be shown, or all of them are.
    TooLong,
}

impl Stopped {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Broken => "the compressed data are broken",
            Self::Before => "an earlier message could not be inflated",
            Self::TooLong => "too long to be kept",
        }
    }
}

impl Whole {
    /// What is wrong with it, beyond what its frames show.
    pub(super) fn finding(&self) -> Option<Finding> {
        let (spec, text) = match &self.message {
            Err(Stopped::Broken) => (
                &DECOMPRESSION_EXPERT,
                "The compressed data cannot be inflated",
            ),
            Ok(message) if self.is_inflated_text && std::str::from_utf8(message).is_err() => {
                (&TEXT_EXPERT, "The text is not UTF-8")
            }
            _ => return None,
        };
        Some(Finding(Severity::Error, spec, text))
    }

    /// What it was made of, in words.
    pub(super) fn made_of(&self, compressed: bool) -> String {
        let from = match compressed {
            true => format!("inflated from {} bytes", self.came),
            false => "put together".to_owned(),
        };
        match self.frames {
            1 => from,
            frames => format!("{from} in {frames} frames"),
        }
    }
}

impl Assembly {
    /// Of a direction that keeps its window from one message to the next, or forgets it.
    pub(super) fn new(takes_over: bool) -> Self {
        Self {
            inflater: Inflater::new(takes_over),
            stopped: None,
            message: Vec::new(),
            came: 0,
            frames: 0,
            is_too_long: false,
            left: MOST_KEPT,
        }
    }

    /// Takes the payload of a frame, unmasked; the message if that ends one that is more than this payload.
    pub(super) fn take(
        &mut self,
        header: &FrameHeader,
        part: Part,
        clear: &[u8],
    ) -> Option<Arc<Whole>> {
        let is_lone = header.fin && header.opcode != Opcode::Continuation && !part.compressed;
        if header.opcode.is_control() || is_lone {
            return None;
        }
        if header.opcode != Opcode::Continuation {
            self.forget();
        }
        self.came = self.came.saturating_add(clear.len());
        self.frames = self.frames.saturating_add(1);
        match part.compressed {
            true => self.inflate(clear, header.fin),
            false => self.append(clear),
        }
        header.fin.then(|| Arc::new(self.end(part)))
    }

    fn append(&mut self, clear: &[u8]) {
        if self.message.len() + clear.len() > self.most() {
            self.is_too_long = true;
        }
        if !self.is_too_long {
            self.message.extend_from_slice(clear);
        }
    }

    fn inflate(&mut self, bytes: &[u8], fin: bool) {
        if self.stopped.is_some() {
            return;
        }
        let most = self.most();
        let (inflater, message) = (&mut self.inflater, &mut self.message);
        let inflated = inflater.inflate(bytes, message, most);
        let result = match fin {
            true => inflated.and_then(|()| inflater.finish(message, most)),
            false => inflated,
        };
        self.stopped = result.err().map(|error| match error {
            InflateError::Broken => Stopped::Broken,
            InflateError::TooBig => Stopped::TooLong,
        });
    }

    fn most(&self) -> usize {
        self.left.min(MOST_MESSAGE)
    }

    fn end(&mut self, part: Part) -> Whole {
        let mut message = std::mem::take(&mut self.message);
        let why = match self.stopped {
            Some(why) if part.compressed => Some(why),
            _ if self.is_too_long => Some(Stopped::TooLong),
            _ => None,
        };
        // What could not be inflated is told once.
        if self.stopped == Some(Stopped::Broken) {
            self.stopped = Some(Stopped::Before);
        }
        message.shrink_to_fit();
        self.left -= why.map_or(message.len(), |_| 0).min(self.left);
        let whole = Whole {
            message: why.map_or(Ok(message), Err),
            is_inflated_text: part.compressed && part.kind == Opcode::Text,
            frames: self.frames,
            came: self.came,
        };
        self.forget();
        whole
    }

    fn forget(&mut self) {
        self.message = Vec::new();
        (self.came, self.frames, self.is_too_long) = (0, 0, false);
    }
}
