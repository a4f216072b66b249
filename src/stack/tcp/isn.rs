//! Numbers that an outsider cannot guess: the initial sequence number, the offset of the timestamp clock, the first
//! ephemeral port.

use std::hash::Hasher;
use std::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher24;

use super::seq::Seq;
use crate::base::Time;

/// The host's secret key: made from the seed, so another seed gives other numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 16]);

impl SecretKey {
    /// ISN = M + F(localip, localport, remoteip, remoteport, secretkey) (RFC 6528 §3): M ticks every 4 microseconds,
    /// F is SipHash-2-4.
    pub fn isn(&self, now: Time, local: SocketAddr, remote: SocketAddr) -> Seq {
        let m = (now.0 / 4_000) as u32;
        Seq(m.wrapping_add(self.hash(0, local, remote) as u32))
    }

    /// What is added to the millisecond clock for this connection's TSval (RFC 7323 §7: it should not tell how long
    /// the host has been up).
    pub fn timestamp_offset(&self, local: SocketAddr, remote: SocketAddr) -> u32 {
        self.hash(1, local, remote) as u32
    }

    /// Where the search for a free ephemeral port begins (RFC 6056 §3.3.3).
    pub fn port_offset(&self, local: IpAddr, remote: SocketAddr) -> u16 {
        self.hash(2, SocketAddr::new(local, 0), remote) as u16
    }

    /// 16 bits for whatever else is told apart by `what`.
    pub fn number(&self, what: u8) -> u16 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u8(what);
        hasher.finish() as u16
    }

    fn hash(&self, purpose: u8, local: SocketAddr, remote: SocketAddr) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(&[purpose]);
        for end in [local, remote] {
            match end.ip() {
                IpAddr::V4(ip) => hasher.write(&ip.octets()),
                IpAddr::V6(ip) => hasher.write(&ip.octets()),
            }
            hasher.write(&end.port().to_be_bytes());
        }
        hasher.finish()
    }
}
