//! What every contestant does: one connection, so many bytes from one end to the other, and an orderly close.

use layerwalk::base::Rng;

/// The port that the sender listens on.
pub const PORT: u16 = 5001;

/// The buffers at both ends, in bytes: a receiver's is the largest window.
pub const BUFFER: usize = 65_536;

/// The probability of each frame, in either direction, to be lost on a lossy link.
pub const LOSS: f64 = 0.01;

/// A transfer to be done.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    /// How many bytes.
    pub bytes: usize,
    /// Whether the link loses frames.
    pub lossy: bool,
    /// How our receiver acknowledges.
    pub acks: Acks,
}

/// How a receiver acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Each segment.
    Each,
    /// Every second full-sized segment, or what waits after a while (RFC 1122 §4.2.3.2).
    Delayed,
}

/// The bytes to be sent: no segment is like its neighbours.
pub fn data(len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    Rng::new(1, "data").fill(&mut data);
    data
}

/// Which frames a link loses: the same draws for every contestant.
pub struct Loss(Option<Rng>);

impl Loss {
    pub fn of(transfer: Transfer) -> Self {
        Self(transfer.lossy.then(|| Rng::new(1, "fault 0")))
    }

    /// Whether the next frame is lost.
    pub fn strikes(&mut self) -> bool {
        self.0.as_mut().is_some_and(|rng| rng.chance(LOSS))
    }
}

/// What came so far, held against what was sent.
pub struct Received<'a> {
    data: &'a [u8],
    len: usize,
}

impl<'a> Received<'a> {
    pub fn of(data: &'a [u8]) -> Self {
        Self { data, len: 0 }
    }

    pub fn take(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        assert!(self.data.get(self.len..end) == Some(bytes), "other bytes");
        self.len = end;
    }

    pub fn is_whole(&self) -> bool {
        self.len == self.data.len()
    }
}
