//! Putting fragments together (RFC 791 §3.2, RFC 815; RFC 8200 §4.5, RFC 5722), the same for both versions of IP.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::Time;

/// How long the parts of a datagram are kept (RFC 1122 §3.3.2: 60 to 120 seconds; RFC 8200 §4.5: 60).
const LIFETIME: Duration = Duration::from_secs(60);
/// How many datagrams are put together at the same time.
const MOST: usize = 64;

/// The datagrams of which parts are missing, by what their fragments have in common (`K`); `H` is the headers of a
/// fragment.
#[derive(Debug, Clone)]
pub struct Reassembly<K, H>(BTreeMap<K, Parts<H>>);

/// A fragment that arrived.
#[derive(Debug, Clone)]
pub struct Piece<'a, H> {
    /// Its headers.
    pub header: H,
    /// Where it belongs in the whole, in bytes.
    pub start: usize,
    /// Whether more follow.
    pub more: bool,
    /// Its bytes.
    pub payload: &'a [u8],
    /// How many bytes the whole may have.
    pub most: usize,
}

#[derive(Debug, Clone)]
struct Parts<H> {
    /// The headers of the first fragment, once that came.
    first: Option<H>,
    /// The parts by their offset.
    parts: BTreeMap<usize, Vec<u8>>,
    /// The length of the whole, once the last part came.
    len: Option<usize>,
    until: Time,
}

/// What a fragment came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fragment<H> {
    /// It is kept; others are missing.
    Kept,
    /// It was the missing one: here are the headers of the first and the whole.
    Whole(H, Vec<u8>),
    /// It is thrown away, and why; if it contradicts others they are too.
    Refused(&'static str),
}

/// A datagram whose missing parts did not come in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired<H> {
    /// The headers and the data of the first fragment, if that came: without it no ICMP error may be sent.
    pub first: Option<(H, Vec<u8>)>,
}

impl<K, H> Default for Reassembly<K, H> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Clone, H> Reassembly<K, H> {
    /// A fragment arrived.
    pub fn take_in(&mut self, key: K, piece: Piece<'_, H>, now: Time) -> Fragment<H> {
        let (start, end) = (piece.start, piece.start + piece.payload.len());
        if end > piece.most {
            return Fragment::Refused("fragment reaches beyond 65535 bytes");
        }
        if piece.more && (piece.payload.is_empty() || !piece.payload.len().is_multiple_of(8)) {
            return Fragment::Refused("fragment's length is no multiple of 8");
        }
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return Fragment::Refused("too many datagrams wait for fragments");
        }
        let parts = self.0.entry(key.clone()).or_insert_with(|| Parts {
            first: None,
            parts: BTreeMap::new(),
            len: None,
            until: now + LIFETIME,
        });
        if parts
            .parts
            .get(&start)
            .is_some_and(|part| part == piece.payload)
        {
            return Fragment::Refused("fragment is here already");
        }
        if parts.contradicts(start, end, piece.more) {
            self.0.remove(&key);
            return Fragment::Refused("fragments overlap: the datagram is thrown away");
        }
        parts.add(piece);
        if !parts.is_whole() {
            return Fragment::Kept;
        }
        let parts = self.0.remove(&key);
        match parts.and_then(Parts::into_whole) {
            Some((header, payload)) => Fragment::Whole(header, payload),
            None => Fragment::Kept,
        }
    }

    /// When [`Reassembly::take_expired`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.0.values().map(|parts| parts.until).min()
    }

    /// One datagram whose time is over.
    pub fn take_expired(&mut self, now: Time) -> Option<Expired<H>> {
        let (key, _) = self.0.iter().find(|(_, parts)| parts.until <= now)?;
        let key = key.clone();
        let mut parts = self.0.remove(&key)?;
        let first = parts.first.zip(parts.parts.remove(&0));
        Some(Expired { first })
    }
}

impl<H> Parts<H> {
    fn contradicts(&self, start: usize, end: usize, more: bool) -> bool {
        let overlaps = |(&at, part): (&usize, &Vec<u8>)| start < at + part.len() && at < end;
        let beyond = self
            .len
            .is_some_and(|len| end > len || (!more && end != len));
        let last_is_not_last = !more && self.parts.iter().any(|(&at, part)| at + part.len() > end);
        self.parts.iter().any(overlaps) || beyond || last_is_not_last
    }

    fn add(&mut self, piece: Piece<'_, H>) {
        if !piece.more {
            self.len = Some(piece.start + piece.payload.len());
        }
        self.parts.insert(piece.start, piece.payload.to_vec());
        if piece.start == 0 {
            self.first = Some(piece.header);
        }
    }

    fn is_whole(&self) -> bool {
        let there: usize = self.parts.values().map(Vec::len).sum();
        self.len == Some(there) && self.first.is_some()
    }

    fn into_whole(self) -> Option<(H, Vec<u8>)> {
        Some((self.first?, self.parts.into_values().flatten().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fragment, LIFETIME, Piece, Reassembly};
    use crate::base::Time;

    /// A fragment whose header is its offset.
    fn piece(start: usize, more: bool, payload: &[u8]) -> Piece<'_, usize> {
        Piece {
            header: start,
            start,
            more,
            payload,
            most: 65_515,
        }
    }

    /// Takes in fragments (offset, length, more) and returns what the last came to.
    fn check(fragments: &[(usize, usize, bool)]) -> Fragment<usize> {
        let mut reassembly = Reassembly::default();
        let take = |&(offset, len, more): &(usize, usize, bool)| {
            let bytes: Vec<u8> = (0..len).map(|i| (offset + i) as u8).collect();
            reassembly.take_in(7, piece(offset, more, &bytes), Time::ZERO)
        };
        fragments.iter().map(take).last().unwrap()
    }

    #[test]
    fn any_order_gives_the_whole() {
        let whole = Fragment::Whole(0, (0..40).collect());
        let parts = [(0, 16, true), (16, 16, true), (32, 8, false)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            assert_eq!(check(&order.map(|i: usize| parts[i])), whole);
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let refused = |fragments: &[_]| matches!(check(fragments), Fragment::Refused(_));
        assert!(refused(&[(0, 16, true), (8, 16, true)]));
        assert!(refused(&[(32, 8, false), (40, 8, true)]));
        assert!(refused(&[(32, 8, true), (16, 8, false)]));
        assert!(refused(&[(0, 15, true)]));
        assert!(refused(&[(65_528, 100, false)]));
        assert!(refused(&[(0, 16, true), (0, 16, true)]));
    }

    #[test]
    fn what_stays_incomplete_expires() {
        let mut reassembly = Reassembly::default();
        reassembly.take_in(7, piece(0, true, &[1; 8]), Time::ZERO);
        let end = Time::ZERO + LIFETIME;
        assert_eq!(reassembly.poll_timeout(), Some(end));
        let expired = reassembly.take_expired(end).unwrap();
        assert_eq!(expired.first, Some((0, vec![1; 8])));
        assert_eq!(reassembly.take_expired(end), None);
    }
}
