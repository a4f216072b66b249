//! The neighbor cache of a host, and the packets that wait for an answer (RFC 4861 §5.1, §7.2, §7.3).
//!
//! An address that nobody has answered for yet is INCOMPLETE. Once its MAC address is known, the entry is REACHABLE as
//! long as there is fresh proof that packets arrive there, and STALE after that. The first packet to a STALE neighbor
//! goes out at once, and gives it 5 seconds (DELAY) to prove that it is still there. TCP's progress is such proof; else
//! it is asked directly (PROBE), three times, and then forgotten.
//!
//! Simplified: REACHABLE lasts exactly 30 seconds, where the RFC draws 15 to 45 seconds by lot.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use crate::base::Time;
use crate::proto::ethernet::MacAddr;
use crate::proto::icmpv6::NeighborAdvertisement;
use crate::stack::arp::{Enqueued, QUEUE_LEN, Waiting};

/// REACHABLE_TIME (RFC 4861 §10).
const REACHABLE_TIME: Duration = Duration::from_secs(30);
/// RETRANS_TIMER (RFC 4861 §10): from one solicitation to the next.
const RETRANS_TIMER: Duration = Duration::from_secs(1);
/// DELAY_FIRST_PROBE_TIME (RFC 4861 §10).
const DELAY_FIRST_PROBE_TIME: Duration = Duration::from_secs(5);
/// MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 §10).
const MAX_SOLICIT: u32 = 3;
/// How many neighbors are kept in mind; those who come unasked find no room after that.
const MOST: usize = 1024;

/// The cache.
#[derive(Debug, Clone, Default)]
pub struct NeighborCache(BTreeMap<Ipv6Addr, Entry>);

#[derive(Debug, Clone)]
enum Entry {
    Incomplete {
        waiting: VecDeque<Waiting>,
        solicitations: u32,
        again_at: Time,
    },
    Known {
        mac: MacAddr,
        state: State,
    },
}

/// How fresh the proof is that the neighbor is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reachable { until: Time },
    Stale,
    Delay { until: Time },
    Probe { solicitations: u32, again_at: Time },
}

/// What an answer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The MAC address of the neighbor.
    pub mac: MacAddr,
    /// Whether it was not known, or another one.
    pub news: bool,
    /// The packets that waited for it.
    pub waiting: VecDeque<Waiting>,
}

/// What is due when a time-out has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Ask everybody again, for this packet, the first of those that wait.
    Ask(Ipv6Addr, Waiting),
    /// Ask the neighbor itself whether it is still there.
    Probe(Ipv6Addr, MacAddr),
    /// Nobody has answered: these packets cannot be delivered.
    GiveUp(Ipv6Addr, VecDeque<Waiting>),
    /// The neighbor does not answer any more: it is forgotten, and the next packet to it asks everybody.
    Forget(Ipv6Addr),
}

impl NeighborCache {
    /// The MAC address of `ip` for a packet that is about to be sent. It wakes a neighbor that was not heard of for long:
    /// its proof is waited for from now on.
    pub fn next_mac(&mut self, ip: Ipv6Addr, now: Time) -> Option<MacAddr> {
        let Entry::Known { mac, state } = self.0.get_mut(&ip)? else {
            return None;
        };
        let is_old = match *state {
            State::Reachable { until } => until <= now,
            other => other == State::Stale,
        };
        if is_old {
            let until = now + DELAY_FIRST_PROBE_TIME;
            *state = State::Delay { until };
        }
        Some(*mac)
    }

    /// Has a packet wait for the MAC address of `ip`, which is not known.
    pub fn enqueue(&mut self, ip: Ipv6Addr, packet: Waiting, now: Time) -> Enqueued {
        if let Some(Entry::Incomplete { waiting, .. }) = self.0.get_mut(&ip) {
            waiting.push_back(packet);
            let full = waiting.len() > QUEUE_LEN;
            let dropped = if full { waiting.pop_front() } else { None };
            let ask = false;
            return Enqueued { ask, dropped };
        }
        let incomplete = Entry::Incomplete {
            waiting: VecDeque::from([packet]),
            solicitations: 1,
            again_at: now + RETRANS_TIMER,
        };
        self.0.insert(ip, incomplete);
        Enqueued {
            ask: true,
            dropped: None,
        }
    }

    /// A solicitation told its sender's MAC address (RFC 4861 §7.2.3): proof that it can send, not that it is reached.
    /// `None`: there is no room for it.
    pub fn solicited_by(&mut self, ip: Ipv6Addr, mac: MacAddr) -> Option<Learned> {
        if self.0.len() >= MOST && !self.0.contains_key(&ip) {
            return None;
        }
        match self.0.get_mut(&ip) {
            Some(Entry::Known { mac: known, .. }) if *known == mac => Some(Learned {
                mac,
                news: false,
                waiting: VecDeque::new(),
            }),
            _ => Some(self.enter(ip, mac, State::Stale)),
        }
    }

    /// An advertisement came (RFC 4861 §7.2.5). `None`: nobody has asked, or it tells nothing of use.
    pub fn advertised(&mut self, na: &NeighborAdvertisement, now: Time) -> Option<Learned> {
        let until = now + REACHABLE_TIME;
        let reachable = State::Reachable { until };
        let fresh = |otherwise| if na.solicited { reachable } else { otherwise };
        let (known, state) = match self.0.get(&na.target)? {
            Entry::Incomplete { .. } => {
                return Some(self.enter(na.target, na.target_mac?, fresh(State::Stale)));
            }
            Entry::Known { mac, state } => (*mac, *state),
        };
        let mac = na.target_mac.unwrap_or(known);
        if mac != known && !na.override_flag {
            // Somebody else claims the address, and may not take the other's place: what is known is doubted.
            if matches!(state, State::Reachable { .. }) {
                self.enter(na.target, known, State::Stale);
            }
            return None;
        }
        let otherwise = if mac == known { state } else { State::Stale };
        Some(self.enter(na.target, mac, fresh(otherwise)))
    }

    /// A layer above has proof that packets arrive at `ip` (RFC 4861 §7.3.1).
    pub fn confirm(&mut self, ip: Ipv6Addr, now: Time) {
        if let Some(Entry::Known { state, .. }) = self.0.get_mut(&ip) {
            let until = now + REACHABLE_TIME;
            *state = State::Reachable { until };
        }
    }

    fn enter(&mut self, ip: Ipv6Addr, mac: MacAddr, state: State) -> Learned {
        let (news, waiting) = match self.0.insert(ip, Entry::Known { mac, state }) {
            Some(Entry::Incomplete { waiting, .. }) => (true, waiting),
            Some(Entry::Known { mac: known, .. }) => (known != mac, VecDeque::new()),
            None => (true, VecDeque::new()),
        };
        Learned { mac, news, waiting }
    }

    /// When [`NeighborCache::take_due`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.0.values().filter_map(Entry::due_at).min()
    }

    /// One thing that is due now.
    pub fn take_due(&mut self, now: Time) -> Option<Due> {
        let is_due = |entry: &Entry| entry.due_at().is_some_and(|at| at <= now);
        let (&ip, entry) = self.0.iter_mut().find(|(_, entry)| is_due(entry))?;
        let next = now + RETRANS_TIMER;
        match entry {
            Entry::Incomplete {
                waiting,
                solicitations,
                again_at,
            } => {
                if let (true, Some(first)) = (*solicitations < MAX_SOLICIT, waiting.front()) {
                    *solicitations += 1;
                    *again_at = next;
                    return Some(Due::Ask(ip, first.clone()));
                }
                let waiting = std::mem::take(waiting);
                self.0.remove(&ip);
                Some(Due::GiveUp(ip, waiting))
            }
            Entry::Known { mac, state } => {
                let sent = match state {
                    State::Probe { solicitations, .. } => *solicitations,
                    _ => 0,
                };
                if sent == MAX_SOLICIT {
                    self.0.remove(&ip);
                    return Some(Due::Forget(ip));
                }
                *state = State::Probe {
                    solicitations: sent + 1,
                    again_at: next,
                };
                Some(Due::Probe(ip, *mac))
            }
        }
    }
}

impl Entry {
    fn due_at(&self) -> Option<Time> {
        match self {
            Self::Incomplete { again_at, .. } => Some(*again_at),
            Self::Known { state, .. } => match state {
                State::Delay { until } => Some(*until),
                State::Probe { again_at, .. } => Some(*again_at),
                State::Reachable { .. } | State::Stale => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        DELAY_FIRST_PROBE_TIME, Due, MOST, NeighborAdvertisement, NeighborCache, REACHABLE_TIME,
        RETRANS_TIMER, Waiting,
    };
    use crate::base::Time;
    use std::net::Ipv6Addr;

    const IP: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];
    const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 7];

    fn packet(byte: u8) -> Waiting {
        Waiting {
            frame: vec![byte],
            cause: None,
            forwards: None,
        }
    }

    fn advertisement(mac: [u8; 6], solicited: bool, override_flag: bool) -> NeighborAdvertisement {
        NeighborAdvertisement {
            router: false,
            solicited,
            override_flag,
            target: IP,
            target_mac: Some(mac),
        }
    }

    #[test]
    fn asks_three_times_and_gives_up() {
        let (mut cache, mut now) = (NeighborCache::default(), Time::ZERO);
        assert!(cache.enqueue(IP, packet(1), now).ask);
        assert!(!cache.enqueue(IP, packet(2), now).ask);
        for _ in 0..2 {
            now += RETRANS_TIMER;
            assert_eq!(cache.poll_timeout(), Some(now));
            assert_eq!(cache.take_due(now), Some(Due::Ask(IP, packet(1))));
            assert_eq!(cache.take_due(now), None);
        }
        now += RETRANS_TIMER;
        let waiting = [packet(1), packet(2)].into();
        assert_eq!(cache.take_due(now), Some(Due::GiveUp(IP, waiting)));
        assert_eq!(cache.poll_timeout(), None);
    }

    #[test]
    fn an_answer_frees_what_waits() {
        let mut cache = NeighborCache::default();
        cache.enqueue(IP, packet(1), Time::ZERO);
        assert_eq!(cache.next_mac(IP, Time::ZERO), None);
        let learned = cache.advertised(&advertisement(MAC, true, true), Time::ZERO);
        let learned = learned.unwrap();
        assert_eq!((learned.mac, learned.news), (MAC, true));
        assert_eq!(learned.waiting, [packet(1)]);
        assert_eq!(cache.next_mac(IP, Time::ZERO), Some(MAC));
        assert_eq!(cache.poll_timeout(), None);
    }

    #[test]
    fn an_old_neighbor_is_probed_and_forgotten() {
        let (mut cache, mut now) = (NeighborCache::default(), Time::ZERO);
        cache.solicited_by(IP, MAC).unwrap();
        assert_eq!(cache.next_mac(IP, now), Some(MAC));
        now += DELAY_FIRST_PROBE_TIME;
        assert_eq!(cache.poll_timeout(), Some(now));
        for _ in 0..3 {
            assert_eq!(cache.take_due(now), Some(Due::Probe(IP, MAC)));
            assert_eq!(cache.next_mac(IP, now), Some(MAC));
            now += RETRANS_TIMER;
        }
        assert_eq!(cache.take_due(now), Some(Due::Forget(IP)));
        assert_eq!(cache.next_mac(IP, now), None);
    }

    #[test]
    fn proof_ends_the_probing() {
        let (mut cache, now) = (NeighborCache::default(), Time::ZERO);
        cache.solicited_by(IP, MAC).unwrap();
        cache.next_mac(IP, now);
        cache.confirm(IP, now);
        assert_eq!(cache.poll_timeout(), None);
        // REACHABLE ends, and the next packet asks for proof again.
        assert_eq!(cache.next_mac(IP, now + REACHABLE_TIME), Some(MAC));
        assert!(cache.poll_timeout().is_some());
        let answer = advertisement(MAC, true, false);
        assert!(cache.advertised(&answer, now + REACHABLE_TIME).is_some());
        assert_eq!(cache.poll_timeout(), None);
    }

    #[test]
    fn the_override_flag_decides_who_wins() {
        let (mut cache, now) = (NeighborCache::default(), Time::ZERO);
        // Unasked for: nothing is learned.
        assert_eq!(
            cache.advertised(&advertisement(MAC, false, true), now),
            None
        );
        cache.solicited_by(IP, MAC).unwrap();
        cache.confirm(IP, now);
        assert_eq!(
            cache.advertised(&advertisement(OTHER, true, false), now),
            None
        );
        assert_eq!(cache.next_mac(IP, now), Some(MAC));
        assert!(cache.poll_timeout().is_some(), "what is known is doubted");
        let learned = cache.advertised(&advertisement(OTHER, false, true), now);
        assert!(learned.unwrap().news);
        assert_eq!(cache.next_mac(IP, now), Some(OTHER));
    }

    #[test]
    fn strangers_cannot_fill_the_cache_for_ever() {
        let mut cache = NeighborCache::default();
        let ip = |i: usize| Ipv6Addr::from_bits(i as u128);
        assert!((0..MOST).all(|i| cache.solicited_by(ip(i), MAC).is_some()));
        assert_eq!(cache.solicited_by(ip(MOST), MAC), None);
        assert!(cache.solicited_by(ip(0), OTHER).unwrap().news);
    }
}
