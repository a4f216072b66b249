//! One direction of a link: a queue with tail drop, and the time that bits take.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{FrameId, LinkId, NodeId, RecordId};
use crate::proto::physical;
use crate::proto::wire::checksum;

/// A frame that is to go out, and why.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// From the destination address to the end of the padding.
    pub bytes: Arc<[u8]>,
    /// The record that made it be sent.
    pub cause: Option<RecordId>,
    /// The transmission that this one repeats, on the link before.
    pub repeats: Option<FrameId>,
    /// Whether this is its first link (and not one behind a switch or a router).
    pub first_hop: bool,
    /// Whether a fault made it: then no fault looks at it on this link.
    pub copy: bool,
    /// Whether a queue on this link marked it with Congestion Experienced.
    pub marked: bool,
}

impl Outgoing {
    /// Marks the packet with Congestion Experienced if its sender takes part in ECN (RFC 3168 §5).
    fn mark_ce(&mut self) {
        if let Some(marked) = marked_ce(&self.bytes) {
            self.bytes = marked.into();
            self.marked = true;
        }
    }
}

/// The frame of an IP packet that may be marked, marked, and over IPv4 with its header checksum right.
fn marked_ce(frame: &[u8]) -> Option<Vec<u8>> {
    const ETHERNET: usize = 14;
    let packet = frame.get(ETHERNET..)?;
    if frame[12..ETHERNET] == [0x86, 0xdd] {
        // The ECN field is bits 10 and 11 (RFC 8200 §3).
        if packet.len() < 40 || !matches!(packet[1] >> 4 & 3, 1 | 2) {
            return None;
        }
        let mut marked = frame.to_vec();
        marked[ETHERNET + 1] |= 0x30;
        return Some(marked);
    }
    let is_ipv4 = frame[12..ETHERNET] == [8, 0] && packet.first()? >> 4 == 4;
    let header_len = usize::from(packet.first()? & 15) * 4;
    let may_be_marked = matches!(packet.get(1)? & 3, 1 | 2);
    if !is_ipv4 || !may_be_marked || header_len < 20 || packet.len() < header_len {
        return None;
    }
    let mut marked = frame.to_vec();
    let header = &mut marked[ETHERNET..ETHERNET + header_len];
    header[1] |= 3;
    header[10..12].fill(0);
    let sum = checksum(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    Some(marked)
}

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// The link.
    pub link: LinkId,
    /// The sending node.
    pub from: NodeId,
    /// The receiving node.
    pub to: NodeId,
    /// How long a bit takes from one end to the other.
    pub delay: Duration,
    /// From how many waiting frames on one more is marked (RFC 3168 §5).
    pub mark: Option<usize>,
    rate: u64,
    room: usize,
    waiting: VecDeque<Outgoing>,
    busy: bool,
}

/// What became of a frame that was handed to a pipe.
#[derive(Debug)]
pub enum Accepted {
    /// It goes out now.
    Now(Outgoing),
    /// It waits until those before it are out.
    Waits,
    /// It is lost: so many wait already that there is no room (tail drop).
    Full(Outgoing),
}

impl Pipe {
    /// An idle pipe. `rate` is in bits a second (0 counts as 1); `room` is how many frames may wait.
    pub fn new(
        link: LinkId,
        [from, to]: [NodeId; 2],
        delay: Duration,
        rate: u64,
        room: usize,
    ) -> Self {
        let (rate, waiting) = (rate.max(1), VecDeque::new());
        Self {
            link,
            from,
            to,
            delay,
            mark: None,
            rate,
            room,
            waiting,
            busy: false,
        }
    }

    /// Takes a frame: the caller sends what comes back as [`Accepted::Now`], and calls [`Pipe::free`] after its
    /// [`Pipe::busy_for`].
    pub fn offer(&mut self, mut frame: Outgoing) -> Accepted {
        if self.busy && self.mark.is_some_and(|mark| self.waiting.len() >= mark) {
            frame.mark_ce();
        }
        if !self.busy {
            self.busy = true;
            Accepted::Now(frame)
        } else if self.waiting.len() < self.room {
            self.waiting.push_back(frame);
            Accepted::Waits
        } else {
            Accepted::Full(frame)
        }
    }

    /// Puts a copy in front of all that wait, whatever the room.
    pub fn offer_first(&mut self, frame: Outgoing) {
        self.waiting.push_front(frame);
    }

    /// The frame before is out, and the gap behind it over: the next one, if one waits.
    pub fn free(&mut self) -> Option<Outgoing> {
        let next = self.waiting.pop_front();
        self.busy = next.is_some();
        next
    }

    /// How long the bits of a frame of `len` bytes take to be put on the wire, preamble and FCS included.
    pub fn serialisation(&self, len: usize) -> Duration {
        self.time_of(physical::bits_on_wire(len))
    }

    /// How long a frame of `len` bytes keeps the next one waiting: its bits, and the gap between two frames.
    pub fn busy_for(&self, len: usize) -> Duration {
        self.time_of(physical::bits_on_wire(len) + 8 * physical::GAP_LEN as u64)
    }

    /// The time of so many bits, rounded up to a nanosecond.
    fn time_of(&self, bits: u64) -> Duration {
        const NANOS: u64 = 1_000_000_000;
        // The wide division takes long, and is for frames of gigabytes.
        let nanos = match bits.checked_mul(NANOS) {
            Some(scaled) => scaled.div_ceil(self.rate),
            None => {
                let scaled = u128::from(bits) * u128::from(NANOS);
                u64::try_from(scaled.div_ceil(self.rate.into())).unwrap_or(u64::MAX)
            }
        };
        Duration::from_nanos(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(rate: u64, room: usize) -> Pipe {
        Pipe::new(
            LinkId(0),
            [NodeId(0), NodeId(1)],
            Duration::from_millis(1),
            rate,
            room,
        )
    }

    fn frame(first: u8) -> Outgoing {
        let bytes = Arc::from([first; 60]);
        Outgoing {
            bytes,
            cause: None,
            repeats: None,
            first_hop: true,
            copy: false,
            marked: false,
        }
    }

    #[test]
    fn time_of_bits() {
        // 1514 + 8 + 4 octets are 12,208 bits; with the gap 12,304.
        let cases = [
            (1514, 10_000_000, 1_220_800, 1_230_400),
            (1514, 1_000_000_000, 12_208, 12_304),
            (60, 10_000_000, 57_600, 67_200),
            (14, 10_000_000, 57_600, 67_200),
            (60, 7, 82_285_714_286, 96_000_000_000),
            (60, 0, 576_000_000_000, 672_000_000_000),
        ];
        for (len, rate, serialisation, busy) in cases {
            let pipe = pipe(rate, 0);
            assert_eq!(
                pipe.serialisation(len),
                Duration::from_nanos(serialisation),
                "{len} {rate}"
            );
            assert_eq!(
                pipe.busy_for(len),
                Duration::from_nanos(busy),
                "{len} {rate}"
            );
        }
    }

    #[test]
    fn queue_with_tail_drop() {
        let mut pipe = pipe(1, 2);
        assert!(matches!(pipe.offer(frame(1)), Accepted::Now(f) if f.bytes[0] == 1));
        assert!(matches!(pipe.offer(frame(2)), Accepted::Waits));
        assert!(matches!(pipe.offer(frame(3)), Accepted::Waits));
        assert!(matches!(pipe.offer(frame(4)), Accepted::Full(f) if f.bytes[0] == 4));
        assert_eq!(pipe.free().map(|f| f.bytes[0]), Some(2));
        assert!(matches!(pipe.offer(frame(5)), Accepted::Waits));
        assert_eq!(pipe.free().map(|f| f.bytes[0]), Some(3));
        assert_eq!(pipe.free().map(|f| f.bytes[0]), Some(5));
        assert!(pipe.free().is_none());
        assert!(matches!(pipe.offer(frame(6)), Accepted::Now(_)));
    }

    #[test]
    fn ipv6_is_marked_in_its_traffic_class() {
        let frame = |class: u8| [&[0; 12][..], &[0x86, 0xdd, 0x6b, class << 4], &[0; 38]].concat();
        for (ecn, marked) in [(0, None), (1, Some(3)), (2, Some(3)), (3, None)] {
            let marked = marked.map(|ecn| frame(0x8 | ecn));
            assert_eq!(super::marked_ce(&frame(0x8 | ecn)), marked, "{ecn}");
        }
    }

    #[test]
    fn a_long_queue_marks_what_may_be_marked() {
        use crate::proto::ipv4::Ipv4Header;
        let packet = |ecn| {
            let ip = Ipv4Header {
                dscp: 5,
                ecn,
                identification: 1,
                dont_fragment: true,
                more_fragments: false,
                fragment_offset: 0,
                ttl: 64,
                protocol: 6,
                source: [10, 0, 0, 1].into(),
                destination: [10, 0, 0, 2].into(),
            };
            let bytes = [&[0; 12][..], &[8, 0], &ip.emit(20), &[7; 20]].concat();
            Outgoing {
                bytes: bytes.into(),
                ..frame(0)
            }
        };
        let ecn_of = |frame: Outgoing| {
            let (ip, _) = Ipv4Header::parse(&frame.bytes[14..]).unwrap();
            assert_eq!((ip.dscp, frame.marked), (5, ip.ecn == 3));
            ip.ecn
        };
        for (ecn, marked) in [(0, 0), (1, 3), (2, 3)] {
            let mut pipe = pipe(1, 3);
            pipe.mark = Some(1);
            let Accepted::Now(first) = pipe.offer(packet(ecn)) else {
                panic!("the pipe is idle");
            };
            pipe.offer(packet(ecn));
            pipe.offer(packet(ecn));
            assert_eq!(ecn_of(first), ecn);
            assert_eq!(pipe.free().map(ecn_of), Some(ecn));
            assert_eq!(pipe.free().map(ecn_of), Some(marked));
        }
        // What is no IP packet is left alone.
        for odd in [
            vec![],
            vec![8; 15],
            [&[0; 12][..], &[8, 0, 0x4f, 2]].concat(),
            [&[0; 12][..], &[0x86, 0xdd]].concat(),
            [&[0; 12][..], &[0x86, 0xdd, 0x60, 0x20]].concat(),
        ] {
            let mut pipe = pipe(1, 3);
            pipe.mark = Some(0);
            pipe.offer(frame(0));
            pipe.offer(Outgoing {
                bytes: odd.clone().into(),
                ..frame(0)
            });
            assert_eq!(pipe.free().map(|frame| frame.bytes.to_vec()), Some(odd));
        }
    }
}
