//! Putting fragments together (RFC 791 §3.2, RFC 815).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::base::Time;
use crate::proto::ipv4::Ipv4Header;

/// How long the parts of a datagram are kept (RFC 1122 §3.3.2: 60 to 120 seconds).
const LIFETIME: Duration = Duration::from_secs(60);
/// How many datagrams are put together at the same time.
const MOST: usize = 64;

/// The datagrams of which parts are missing.
#[derive(Debug, Clone, Default)]
pub struct Reassembly(BTreeMap<Key, Parts>);

/// What the fragments of one datagram have in common (RFC 791 §3.2).
type Key = (Ipv4Addr, Ipv4Addr, u8, u16);

#[derive(Debug, Clone)]
struct Parts {
    /// The header of the first fragment, once that came.
    first: Option<Ipv4Header>,
    /// The parts by their offset.
    parts: BTreeMap<usize, Vec<u8>>,
    /// The length of the whole, once the last part came.
    len: Option<usize>,
    until: Time,
}

/// What a fragment came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fragment {
    /// It is kept; others are missing.
    Kept,
    /// It was the missing one: here is the whole.
    Whole(Ipv4Header, Vec<u8>),
    /// It is thrown away, and why; if it contradicts others they are too.
    Refused(&'static str),
}

/// A datagram whose missing parts did not come in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The header and the data of the first fragment, if that came: without it no ICMP error may be sent.
    pub first: Option<(Ipv4Header, Vec<u8>)>,
}

impl Reassembly {
    /// A fragment arrived.
    pub fn take_in(&mut self, header: &Ipv4Header, payload: &[u8], now: Time) -> Fragment {
        let (start, end) = (
            usize::from(header.fragment_offset),
            usize::from(header.fragment_offset) + payload.len(),
        );
        if end + Ipv4Header::LEN > 65_535 {
            return Fragment::Refused("fragment reaches beyond 65535 bytes");
        }
        if header.more_fragments && (payload.is_empty() || !payload.len().is_multiple_of(8)) {
            return Fragment::Refused("fragment's length is no multiple of 8");
        }
        let (source, destination) = (header.source, header.destination);
        let key = (source, destination, header.protocol, header.identification);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return Fragment::Refused("too many datagrams wait for fragments");
        }
        let parts = self.0.entry(key).or_insert_with(|| Parts {
            first: None,
            parts: BTreeMap::new(),
            len: None,
            until: now + LIFETIME,
        });
        if parts.parts.get(&start).is_some_and(|part| part == payload) {
            return Fragment::Refused("fragment is here already");
        }
        if parts.contradicts(start, end, header.more_fragments) {
            self.0.remove(&key);
            return Fragment::Refused("fragments overlap: the datagram is thrown away");
        }
        parts.add(header, payload);
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
    pub fn take_expired(&mut self, now: Time) -> Option<Expired> {
        let (&key, _) = self.0.iter().find(|(_, parts)| parts.until <= now)?;
        let mut parts = self.0.remove(&key)?;
        let first = parts.first.zip(parts.parts.remove(&0));
        Some(Expired { first })
    }
}

impl Parts {
    fn contradicts(&self, start: usize, end: usize, more: bool) -> bool {
        let overlaps = |(&at, part): (&usize, &Vec<u8>)| start < at + part.len() && at < end;
        let beyond = self
            .len
            .is_some_and(|len| end > len || (!more && end != len));
        let last_is_not_last = !more && self.parts.iter().any(|(&at, part)| at + part.len() > end);
        self.parts.iter().any(overlaps) || beyond || last_is_not_last
    }

    fn add(&mut self, header: &Ipv4Header, payload: &[u8]) {
        let start = usize::from(header.fragment_offset);
        if start == 0 {
            self.first = Some(header.clone());
        }
        if !header.more_fragments {
            self.len = Some(start + payload.len());
        }
        self.parts.insert(start, payload.to_vec());
    }

    fn is_whole(&self) -> bool {
        let there: usize = self.parts.values().map(Vec::len).sum();
        self.len == Some(there) && self.first.is_some()
    }

    fn into_whole(self) -> Option<(Ipv4Header, Vec<u8>)> {
        let mut header = self.first?;
        header.more_fragments = false;
        Some((header, self.parts.into_values().flatten().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fragment, LIFETIME, Reassembly};
    use crate::base::Time;
    use crate::proto::ipv4::Ipv4Header;
    use std::net::Ipv4Addr;

    fn header(offset: u16, more: bool) -> Ipv4Header {
        Ipv4Header {
            dscp: 0,
            ecn: 0,
            identification: 7,
            dont_fragment: false,
            more_fragments: more,
            fragment_offset: offset,
            ttl: 64,
            protocol: 17,
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(10, 0, 0, 2),
        }
    }

    /// Takes in fragments (offset, length, more) and returns what the last came to.
    fn check(fragments: &[(u16, usize, bool)]) -> Fragment {
        let mut reassembly = Reassembly::default();
        let take = |&(offset, len, more): &(u16, usize, bool)| {
            let bytes: Vec<u8> = (0..len).map(|i| (usize::from(offset) + i) as u8).collect();
            reassembly.take_in(&header(offset, more), &bytes, Time::ZERO)
        };
        fragments.iter().map(take).last().unwrap()
    }

    #[test]
    fn any_order_gives_the_whole() {
        let whole = Fragment::Whole(header(0, false), (0..40).collect());
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
        reassembly.take_in(&header(0, true), &[1; 8], Time::ZERO);
        let end = Time::ZERO + LIFETIME;
        assert_eq!(reassembly.poll_timeout(), Some(end));
        let expired = reassembly.take_expired(end).unwrap();
        assert_eq!(expired.first, Some((header(0, true), vec![1; 8])));
        assert_eq!(reassembly.take_expired(end), None);
    }
}
