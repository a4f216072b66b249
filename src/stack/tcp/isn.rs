//! Numbers that an outsider cannot guess: the initial sequence number, the offset of the timestamp clock, the first
//! ephemeral port.

use std::hash::Hasher;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use siphasher::sip::SipHasher24;

use super::seq::Seq;
use crate::base::Time;

/// How long a cookie is taken at most: the count of time may have gone on by one.
pub const COOKIE_LIFETIME: Duration = Duration::from_secs(2 * COOKIE_TICK);

/// A cookie's count of time goes on after so many seconds.
const COOKIE_TICK: u64 = 64;

/// The segment sizes that a cookie can tell.
const COOKIE_MSS: [u16; 8] = [216, 536, 1024, 1220, 1300, 1400, 1440, 1460];

fn cookie_time(now: Time) -> u64 {
    now.0 / 1_000_000_000 / COOKIE_TICK
}

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

    /// A SYN cookie (RFC 4987 §3.6): 5 bits count time, 3 bits tell the MSS, and 24 bits are a hash that only this
    /// host can make.
    pub fn cookie(&self, now: Time, ends: [SocketAddr; 2], irs: Seq, mss: u16) -> Seq {
        let index = COOKIE_MSS
            .iter()
            .rposition(|&known| known <= mss)
            .unwrap_or(0);
        self.cookie_of(cookie_time(now), ends, irs, index)
    }

    /// The MSS that a cookie tells, if it is one of this host that is not too old.
    pub fn mss_of_cookie(
        &self,
        now: Time,
        ends: [SocketAddr; 2],
        irs: Seq,
        cookie: Seq,
    ) -> Option<u16> {
        let index = (cookie.0 >> 24 & 7) as usize;
        let time = cookie_time(now);
        let made_at = |time: u64| self.cookie_of(time, ends, irs, index) == cookie;
        let is_ours = made_at(time) || time > 0 && made_at(time - 1);
        is_ours.then(|| COOKIE_MSS[index])
    }

    fn cookie_of(
        &self,
        time: u64,
        [local, remote]: [SocketAddr; 2],
        irs: Seq,
        index: usize,
    ) -> Seq {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u64(self.hash(4, local, remote));
        hasher.write_u64(time);
        hasher.write_u32(irs.0);
        let hash = hasher.finish() as u32 & 0x00ff_ffff;
        Seq((time as u32 & 31) << 27 | (index as u32) << 24 | hash)
    }

    /// The flow label of a connection's packets over IPv6 (RFC 6437 §3): even spread, and never 0, which is none.
    pub fn flow_label(&self, local: SocketAddr, remote: SocketAddr) -> u32 {
        (self.hash(5, local, remote) as u32 & 0xf_ffff).max(1)
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
