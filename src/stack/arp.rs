//! The ARP cache of a host (RFC 826), and the packets that wait for an answer.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::base::{FrameId, RecordId, Time};
use crate::proto::ethernet::MacAddr;

/// How long an entry is believed (RFC 1122 §2.3.2.1: on the order of a minute).
const LIFETIME: Duration = Duration::from_secs(60);
/// From one request to the next (RFC 1122 §2.3.2.1: at most one a second).
const INTERVAL: Duration = Duration::from_secs(1);
/// How many requests stay unanswered before the address is given up.
const REQUESTS: u32 = 3;
/// How many packets wait for one address; the oldest has to go for a newer one (RFC 1122 §2.3.2.2: at least one).
pub(super) const QUEUE_LEN: usize = 64;

/// The cache.
#[derive(Debug, Clone, Default)]
pub struct ArpCache(BTreeMap<Ipv4Addr, Entry>);

#[derive(Debug, Clone)]
enum Entry {
    Known {
        mac: MacAddr,
        until: Time,
    },
    Asked {
        waiting: VecDeque<Waiting>,
        requests: u32,
        again_at: Time,
    },
}

/// A packet that waits for its next hop's MAC address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// A frame without its Ethernet header filled in.
    pub frame: Vec<u8>,
    /// The record of the packet's forming.
    pub cause: Option<RecordId>,
    /// The frame that the packet came in, where a router sends it on.
    pub forwards: Option<FrameId>,
}

/// What is to be done with a packet that was handed to [`ArpCache::enqueue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// Nobody has asked yet: a request is to be sent.
    pub ask: bool,
    /// The oldest packet, which had to go.
    pub dropped: Option<Waiting>,
}

/// What is due when a time-out has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Ask again, for the packet whose forming this record tells.
    Ask(Ipv4Addr, Option<RecordId>),
    /// Nobody has answered: these packets cannot be delivered.
    GiveUp(Ipv4Addr, VecDeque<Waiting>),
}

impl ArpCache {
    /// The MAC address of `ip`, if it is known and not too old.
    pub fn get(&self, ip: Ipv4Addr, now: Time) -> Option<MacAddr> {
        match self.0.get(&ip)? {
            Entry::Known { mac, until } if now < *until => Some(*mac),
            _ => None,
        }
    }

    /// Has a packet wait for the MAC address of `ip`, which is not known.
    pub fn enqueue(&mut self, ip: Ipv4Addr, packet: Waiting, now: Time) -> Enqueued {
        if let Some(Entry::Asked { waiting, .. }) = self.0.get_mut(&ip) {
            waiting.push_back(packet);
            let full = waiting.len() > QUEUE_LEN;
            let dropped = if full { waiting.pop_front() } else { None };
            return Enqueued {
                ask: false,
                dropped,
            };
        }
        let asked = Entry::Asked {
            waiting: VecDeque::from([packet]),
            requests: 1,
            again_at: now + INTERVAL,
        };
        self.0.insert(ip, asked);
        Enqueued {
            ask: true,
            dropped: None,
        }
    }

    /// Whether there is an entry for `ip`, known or asked for.
    pub fn has(&self, ip: Ipv4Addr) -> bool {
        self.0.contains_key(&ip)
    }

    /// `ip` has this MAC address. Returns the packets that waited for it.
    pub fn learn(&mut self, ip: Ipv4Addr, mac: MacAddr, now: Time) -> VecDeque<Waiting> {
        let until = now + LIFETIME;
        match self.0.insert(ip, Entry::Known { mac, until }) {
            Some(Entry::Asked { waiting, .. }) => waiting,
            _ => VecDeque::new(),
        }
    }

    /// When [`ArpCache::take_due`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let again = |entry: &Entry| match entry {
            Entry::Asked { again_at, .. } => Some(*again_at),
            Entry::Known { .. } => None,
        };
        self.0.values().filter_map(again).min()
    }

    /// One thing that is due now.
    pub fn take_due(&mut self, now: Time) -> Option<Due> {
        let is_due =
            |entry: &Entry| matches!(entry, Entry::Asked { again_at, .. } if *again_at <= now);
        let (&ip, entry) = self.0.iter_mut().find(|(_, entry)| is_due(entry))?;
        let Entry::Asked {
            waiting,
            requests,
            again_at,
        } = entry
        else {
            return None;
        };
        if *requests < REQUESTS {
            *requests += 1;
            *again_at = now + INTERVAL;
            let cause = waiting.front().and_then(|packet| packet.cause);
            return Some(Due::Ask(ip, cause));
        }
        let waiting = std::mem::take(waiting);
        self.0.remove(&ip);
        Some(Due::GiveUp(ip, waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::{ArpCache, Due, INTERVAL, LIFETIME, QUEUE_LEN, Waiting};
    use crate::base::Time;
    use std::net::Ipv4Addr;

    const IP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

    fn packet(byte: u8) -> Waiting {
        Waiting {
            frame: vec![byte],
            cause: None,
            forwards: None,
        }
    }

    #[test]
    fn asks_three_times_and_gives_up() {
        let (mut cache, mut now) = (ArpCache::default(), Time::ZERO);
        assert!(cache.enqueue(IP, packet(1), now).ask);
        assert!(!cache.enqueue(IP, packet(2), now).ask);
        for _ in 0..2 {
            now += INTERVAL;
            assert_eq!(cache.poll_timeout(), Some(now));
            assert_eq!(cache.take_due(now), Some(Due::Ask(IP, None)));
            assert_eq!(cache.take_due(now), None);
        }
        now += INTERVAL;
        let Some(Due::GiveUp(IP, waiting)) = cache.take_due(now) else {
            panic!("given up after three requests");
        };
        assert_eq!(waiting, [packet(1), packet(2)]);
        assert!(!cache.has(IP));
    }

    #[test]
    fn an_entry_expires() {
        let mut cache = ArpCache::default();
        cache.learn(IP, [1; 6], Time::ZERO);
        assert_eq!(cache.get(IP, Time::ZERO), Some([1; 6]));
        assert_eq!(cache.get(IP, Time::ZERO + LIFETIME), None);
        // Asking anew replaces the old entry.
        assert!(cache.enqueue(IP, packet(1), Time::ZERO + LIFETIME).ask);
    }

    #[test]
    fn the_queue_has_a_limit() {
        let mut cache = ArpCache::default();
        let mut enqueue = |byte| cache.enqueue(IP, packet(byte), Time::ZERO).dropped;
        assert!((0..QUEUE_LEN as u8).all(|byte| enqueue(byte).is_none()));
        assert_eq!(enqueue(QUEUE_LEN as u8), Some(packet(0)));
    }
}
