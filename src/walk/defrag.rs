//! Puts fragments of IP packets together again (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! Of bytes that come twice the first are kept, and the datagram is marked. Memory is bounded: a datagram is at most
//! 65,535 bytes, and when too many are open at once the oldest is given up.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::ops::Range;

use super::brief::{Fragment, Ip};
use crate::base::FrameId;

/// How many datagrams may be open at a time.
const MOST_OPEN: usize = 1024;
/// The longest payload that a datagram can have.
const LONGEST: usize = 65_535;

/// A datagram's payload, put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Datagram {
    pub bytes: Vec<u8>,
    /// Where each run of them comes from: start here, frame, the run in that frame; in order, without holes.
    pub pieces: Vec<(usize, FrameId, Range<usize>)>,
    /// Fragments overlapped.
    pub overlap: bool,
    /// Fragments overlapped and did not agree.
    pub conflict: bool,
    /// IP protocol number.
    pub protocol: u8,
}

type Key = (IpAddr, IpAddr, u32, u8);

/// The datagrams that are not whole yet.
#[derive(Debug, Default)]
pub(super) struct Defrag {
    open: BTreeMap<Key, Partial>,
    /// The keys in the order in which they were opened; a key that was closed meanwhile is skipped.
    order: VecDeque<(u64, Key)>,
    opened: u64,
}

#[derive(Debug, Default)]
struct Partial {
    serial: u64,
    bytes: Vec<u8>,
    pieces: BTreeMap<usize, (FrameId, Range<usize>)>,
    have: usize,
    total: Option<usize>,
    overlap: bool,
    conflict: bool,
    /// The protocol of the first fragment (RFC 8200: the others' next header is not looked at).
    protocol: Option<u8>,
}

impl Defrag {
    /// Takes a fragment of `frame`, whose bytes are `bytes`, and returns the datagram if this completes it.
    pub fn push(
        &mut self,
        frame: FrameId,
        ip: &Ip,
        fragment: Fragment,
        bytes: &[u8],
    ) -> Option<Datagram> {
        // IPv4 tells datagrams of two protocols apart, IPv6 does not
        let protocol = if ip.source.is_ipv4() { ip.protocol } else { 0 };
        let key = (ip.source, ip.destination, fragment.id, protocol);
        if !self.open.contains_key(&key) {
            self.make_room();
            self.opened += 1;
            self.order.push_back((self.opened, key));
            let serial = self.opened;
            self.open.insert(
                key,
                Partial {
                    serial,
                    ..Partial::default()
                },
            );
        }
        let partial = self.open.get_mut(&key)?;
        partial.add(frame, ip, fragment, bytes);
        partial
            .is_whole()
            .then(|| self.open.remove(&key))?
            .map(Partial::close)
    }

    fn make_room(&mut self) {
        while self.open.len() >= MOST_OPEN {
            let Some((serial, key)) = self.order.pop_front() else {
                return;
            };
            if self
                .open
                .get(&key)
                .is_some_and(|partial| partial.serial == serial)
            {
                self.open.remove(&key);
            }
        }
        while self.order.front().is_some_and(|(serial, key)| {
            self.open
                .get(key)
                .is_none_or(|partial| partial.serial != *serial)
        }) {
            self.order.pop_front();
        }
    }
}

impl Partial {
    fn add(&mut self, frame: FrameId, ip: &Ip, fragment: Fragment, frame_bytes: &[u8]) {
        let start = fragment.offset;
        let end = start + ip.payload.len();
        // a fragment that was cut by a snapshot length, or that passes the longest datagram, fills nothing
        if ip.payload.len() < ip.wire_len || end > LONGEST {
            return;
        }
        if start == 0 {
            self.protocol = Some(ip.protocol);
        }
        if !fragment.more {
            match self.total {
                Some(total) if total != end => self.conflict = true,
                _ => self.total = Some(end),
            }
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        for hole in self.holes(start..end) {
            let from = ip.payload.start + (hole.start - start);
            let source = from..from + hole.len();
            self.bytes[hole.clone()].copy_from_slice(&frame_bytes[source.clone()]);
            self.have += hole.len();
            self.pieces.insert(hole.start, (frame, source));
        }
        let new = &frame_bytes[ip.payload.clone()];
        self.conflict |= self.bytes[start..end] != *new;
    }

    /// The parts of `wanted` that are not there yet.
    fn holes(&mut self, wanted: Range<usize>) -> Vec<Range<usize>> {
        let mut holes = Vec::new();
        let mut at = wanted.start;
        for (&start, (_, source)) in &self.pieces {
            let end = start + source.len();
            if end <= at {
                continue;
            }
            if start >= wanted.end {
                break;
            }
            self.overlap = true;
            if start > at {
                holes.push(at..start);
            }
            at = end;
        }
        if at < wanted.end {
            holes.push(at..wanted.end);
        }
        holes
    }

    fn is_whole(&self) -> bool {
        self.protocol.is_some() && self.total.is_some_and(|total| self.have >= total)
    }

    fn close(self) -> Datagram {
        let total = self.total.unwrap_or(self.bytes.len());
        let mut bytes = self.bytes;
        bytes.truncate(total);
        let pieces = self.pieces.into_iter().filter(|(start, _)| *start < total);
        Datagram {
            bytes,
            pieces: pieces
                .map(|(start, (frame, source))| {
                    let len = source.len().min(total - start);
                    (start, frame, source.start..source.start + len)
                })
                .collect(),
            overlap: self.overlap,
            conflict: self.conflict,
            protocol: self.protocol.unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests;
