//! A segment that arrived, in the RFC's terms.

use super::options::Options;
use super::seq::Seq;
use crate::proto::tcp::{TcpFlags, TcpHeader};
use crate::stack::record::{Info, Unit};

/// A segment that arrived (RFC 9293 §3.3.1: the variables of the current segment).
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    /// SEG.SEQ.
    pub seq: Seq,
    /// SEG.ACK; counts only if [`Segment::has`] says ACK.
    pub ack: Seq,
    /// SEG.WND as it stands there, not scaled.
    pub wnd: u16,
    /// SEG.UP: where urgent data end, counted from SEG.SEQ.
    pub up: u16,
    /// The control bits.
    pub flags: TcpFlags,
    /// Whether its packet came with Congestion Experienced (RFC 3168 §5).
    pub ce: bool,
    /// The options.
    pub options: Options,
    /// The data.
    pub text: &'a [u8],
}

impl<'a> Segment<'a> {
    /// The segment with this header and this data.
    pub fn new(header: &TcpHeader, text: &'a [u8]) -> Self {
        Self {
            seq: Seq(header.sequence_number),
            ack: Seq(header.acknowledgment_number),
            wnd: header.window,
            up: header.urgent_pointer,
            flags: header.flags,
            ce: false,
            options: Options::read(header),
            text,
        }
    }

    /// Whether all of `flags` are set.
    pub fn has(&self, flags: TcpFlags) -> bool {
        self.flags.has(flags)
    }

    /// SEG.LEN: the sequence numbers that it takes, SYN and FIN included.
    pub fn len(&self) -> u32 {
        let bit = |flag| u32::from(self.has(flag));
        self.text.len() as u32 + bit(TcpFlags::SYN) + bit(TcpFlags::FIN)
    }

    /// The number of the first byte of data.
    pub fn text_seq(&self) -> Seq {
        self.seq + u32::from(self.has(TcpFlags::SYN))
    }

    /// The number behind its last.
    pub fn end(&self) -> Seq {
        self.seq + self.len()
    }
}

/// A segment as a data unit, with `len` bytes of data, its numbers counted from these.
pub fn unit(header: &TcpHeader, len: usize, seq_base: Seq, ack_base: Seq) -> Unit {
    Unit {
        protocol: "tcp",
        len: header.header_len() + len,
        info: Info::Segment {
            flags: header.flags,
            seq: Seq(header.sequence_number) - seq_base,
            ack: Seq(header.acknowledgment_number) - ack_base,
            len: len as u32,
        },
    }
}
