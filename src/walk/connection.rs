//! What is known of one TCP connection from its segments: numbers, streams, inferred states.

use super::analysis::Analysis;
use super::brief::Tcp;
use super::infer::Inferred;
use super::messages::Reading;
use super::reassembly::{Inserted, Stream};
use super::step::MessageId;
use super::view::Role;
use crate::base::FrameId;
use crate::proto::stream::Dir;

/// A connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    halves: [Half; 2],
    /// Who reads messages from the streams.
    pub reading: Reading,
    analysis: Analysis,
    /// The states and variables of both ends as they can be inferred.
    pub inferred: Inferred,
    /// The messages of both streams, in their order.
    pub messages: [Vec<MessageId>; 2],
    /// A FIN was seen, or a RST that its receiver takes.
    pub closing: bool,
    /// The first segment was no SYN.
    begun_midst: bool,
    completeness: u8,
}

/// One direction, named after its sender.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The initial sequence number; where the SYN was not seen, the number before the first that was (as Wireshark
    /// counts it, so that relative numbers start at 1).
    pub base: Option<u32>,
    /// The SYN was seen, so `base` is no guess.
    pub saw_syn: bool,
    /// The shift count of the window (RFC 7323).
    pub scale: Scale,
    /// The number after the highest that was sent.
    next: Option<u32>,
    /// The data.
    pub stream: Stream,
}

/// How the windows that an end advertises are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// The handshake was not seen.
    #[default]
    Unknown,
    /// The handshake agreed on none.
    None,
    /// To be shifted by this many bits.
    Shift(u8),
}

impl Scale {
    /// As `tcp.window_size_scalefactor` says it: -1 unknown, -2 none, or else the factor.
    pub fn factor(self) -> i64 {
        match self {
            Self::Unknown => -1,
            Self::None => -2,
            Self::Shift(shift) => 1 << shift,
        }
    }

    /// The window in bytes.
    pub fn apply(self, window: u16) -> u32 {
        match self {
            Self::Shift(shift) => u32::from(window) << shift,
            Self::Unknown | Self::None => u32::from(window),
        }
    }
}

/// What a segment is, seen from the segments before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentFacts {
    /// What relative sequence numbers of the sender are counted from.
    pub base: u32,
    /// What relative acknowledgment numbers are counted from.
    pub ack_base: Option<u32>,
    /// How its window is to be read.
    pub scale: Scale,
    /// What became of its data.
    pub inserted: Inserted,
    /// It repeats sequence numbers that were sent before.
    pub again: bool,
    /// It closes the connection: a FIN, or a RST that its receiver takes.
    pub closes: bool,
    /// What it is for beside what its header says.
    pub role: Option<Role>,
    /// What was seen of the connection before it, as `tcp.completeness` says it.
    pub completeness: u8,
}

impl Connection {
    pub fn half(&self, dir: Dir) -> &Half {
        &self.halves[dir.index()]
    }

    pub fn half_mut(&mut self, dir: Dir) -> &mut Half {
        &mut self.halves[dir.index()]
    }

    /// Takes a segment. `same` compares with bytes that came before, as [`Stream::insert`] asks for it.
    pub fn segment(
        &mut self,
        frame: FrameId,
        dir: Dir,
        tcp: &Tcp,
        same: impl Fn(&super::reassembly::Run, std::ops::Range<u64>, u32) -> bool,
    ) -> SegmentFacts {
        let is_first = self.halves.iter().all(|half| half.base.is_none());
        self.begun_midst |= is_first && (!tcp.flags.syn || tcp.flags.ack);
        self.learn_bases(dir, tcp);
        self.learn_scale(dir, tcp);
        let ack_base = self.half(dir.reverse()).base.filter(|_| tcp.flags.ack);
        let half = self.half_mut(dir);
        let base = half.base.unwrap_or(tcp.seq);
        half.stream.start_at(base.wrapping_add(1));
        // A RST may have a number of an earlier connection: the one that it answers acknowledged it.
        let sent = !tcp.flags.rst && half.was_sent(tcp);
        let scale = if tcp.flags.syn {
            Scale::None
        } else {
            half.scale
        };
        let inserted = half.take_data(frame, tcp, same);
        if tcp.flags.fin && !tcp.flags.rst {
            let end = tcp.data_seq().wrapping_add(tcp.wire_len as u32);
            half.stream.finish_at(end);
        }
        let closes = if tcp.flags.rst {
            half.may_reset(tcp.seq)
        } else {
            tcp.flags.fin
        };
        self.closing |= closes;
        self.acknowledge(dir, tcp);
        let role = self.analysis.segment(dir, tcp, inserted.new > 0);
        let again = sent && inserted.new == 0 && role != Some(Role::CrossedSynAck);
        SegmentFacts {
            base,
            ack_base,
            scale,
            inserted,
            again,
            closes,
            role,
            completeness: self.complete(tcp),
        }
    }

    /// What is missing or could not be read, in words.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.reading.notes.clone();
        let conflicts: u32 = self.halves.iter().map(|half| half.stream.conflicts).sum();
        if conflicts > 0 {
            notes.push(format!(
                "{conflicts} times bytes came again and did not agree"
            ));
        }
        notes
    }

    /// What was seen before this segment: SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32. As Wireshark counts it: a
    /// SYN-ACK only after a SYN, the rest only of segments with ACK, and data or ACK, not both.
    fn complete(&mut self, tcp: &Tcp) -> u8 {
        let before = self.completeness;
        let data = tcp.wire_len > 0;
        self.completeness |= match (tcp.flags.syn, tcp.flags.ack) {
            (true, false) if self.begun_midst => 0,
            (true, false) => 1 | if data { 8 } else { 0 },
            (true, true) => (before & 1) << 1,
            (false, true) => {
                let fin = if tcp.flags.fin { 16 } else { 0 };
                fin | if data { 8 } else { 4 }
            }
            (false, false) => 0,
        };
        if tcp.flags.rst {
            self.completeness |= 32;
        }
        before
    }

    fn learn_bases(&mut self, dir: Dir, tcp: &Tcp) {
        let answers = self.half(dir.reverse()).base == Some(tcp.ack.wrapping_sub(1));
        let half = self.half_mut(dir);
        if half.base.is_none() {
            let guess = tcp.seq.wrapping_sub(1);
            half.base = Some(if tcp.flags.syn { tcp.seq } else { guess });
        }
        // a number that was only guessed (from a RST before the SYN, ACK, say) gives way to the true one, and one that
        // answered a SYN of an earlier connection to the one that answers this connection's
        let unsure = (!half.saw_syn || answers) && half.stream.is_empty();
        if tcp.flags.syn && tcp.flags.ack && unsure && half.base != Some(tcp.seq) {
            half.base = Some(tcp.seq);
            half.next = None;
            half.stream = Stream::default();
        }
        half.saw_syn |= tcp.flags.syn && half.base == Some(tcp.seq);
        if tcp.flags.ack {
            let other = self.half_mut(dir.reverse());
            other.base.get_or_insert(tcp.ack.wrapping_sub(1));
        }
    }

    /// RFC 7323 §2.2: windows are scaled only if both SYNs carry the option.
    fn learn_scale(&mut self, dir: Dir, tcp: &Tcp) {
        if !tcp.flags.syn {
            return;
        }
        self.half_mut(dir).scale = tcp.window_scale.map_or(Scale::None, Scale::Shift);
        if self.halves.iter().any(|half| half.scale == Scale::None) {
            self.halves[0].scale = Scale::None;
            self.halves[1].scale = Scale::None;
        }
    }

    fn acknowledge(&mut self, dir: Dir, tcp: &Tcp) {
        if !tcp.flags.ack {
            return;
        }
        let other = self.half_mut(dir.reverse());
        if let Some(base) = other.base {
            other.stream.start_at(base.wrapping_add(1));
        }
        other.stream.acknowledge(tcp.ack);
    }
}

impl Half {
    /// Whether the other end takes a RST with this number: it must be the one that it expects next (RFC 5961 §3.2), so
    /// far as the frames tell. That is the one behind all that was sent, or behind what was acknowledged of it.
    fn may_reset(&self, seq: u32) -> bool {
        let Some(next) = self.next else {
            return true;
        };
        let is_old = next.wrapping_sub(seq).cast_signed() > 0;
        next == seq || is_old && self.stream.is_acked_up_to(seq)
    }

    /// Whether all of the segment's sequence numbers were sent before; notes that they were now.
    fn was_sent(&mut self, tcp: &Tcp) -> bool {
        let end = tcp.seq.wrapping_add(tcp.seg_len());
        let next = *self.next.get_or_insert(tcp.seq);
        let ahead = end.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            self.next = Some(end);
        }
        ahead <= 0 && tcp.seg_len() > 0
    }

    fn take_data(
        &mut self,
        frame: FrameId,
        tcp: &Tcp,
        same: impl Fn(&super::reassembly::Run, std::ops::Range<u64>, u32) -> bool,
    ) -> Inserted {
        let (Ok(len), Ok(at)) = (
            u32::try_from(tcp.payload.len()),
            u32::try_from(tcp.payload.start),
        ) else {
            return Inserted::default();
        };
        // a keep-alive sends one byte again, and it may be any byte (RFC 9293 §3.8.4); data of a RST is a message for
        // people (RFC 9293 §3.5.3)
        let end = self.stream.end().cast_signed();
        let keep_alive = len == 1 && self.stream.offset_of(tcp.seq) == Some(end - 1);
        if len == 0 || tcp.flags.rst || keep_alive {
            return Inserted::default();
        }
        self.stream.insert(tcp.data_seq(), len, frame, at, same)
    }
}
