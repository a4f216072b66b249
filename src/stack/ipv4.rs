//! IPv4 without a header in hand: where a packet goes next, and which fragments belong together.

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::proto::ethernet::{BROADCAST, MacAddr};

/// What the fragments of one datagram have in common (RFC 791 §3.2): source, destination, protocol, identification.
pub type FragmentKey = (Ipv4Addr, Ipv4Addr, u8, u16);

/// Where a packet goes next (RFC 1122 §3.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextHop<A = Ipv4Addr> {
    /// To this host itself.
    Own,
    /// To a MAC address that follows from the IP address: a broadcast or a multicast.
    Mac(MacAddr),
    /// To this host of the link, whose MAC address ARP or Neighbor Discovery finds.
    Host(A),
}

/// An address and the network that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// The address.
    pub ip: Ipv4Addr,
    /// How many leading bits are the network's; at most 32.
    pub prefix_len: u8,
    /// Where packets for other networks go.
    pub gateway: Option<Ipv4Addr>,
}

impl Interface {
    fn mask(&self) -> u32 {
        let host_bits = 32 - u32::from(self.prefix_len.min(32));
        u32::MAX.checked_shl(host_bits).unwrap_or(0)
    }

    /// The address of the network: all bits behind the prefix 0.
    pub fn network(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.ip.to_bits() & self.mask())
    }

    /// Whether `ip` is on the same link.
    pub fn is_on_link(&self, ip: Ipv4Addr) -> bool {
        (ip.to_bits() ^ self.ip.to_bits()) & self.mask() == 0
    }

    /// Whether `ip` stands for all hosts of the link.
    pub fn is_broadcast(&self, ip: Ipv4Addr) -> bool {
        let all_ones =
            self.prefix_len < 31 && self.is_on_link(ip) && ip.to_bits() | self.mask() == u32::MAX;
        ip.is_broadcast() || all_ones
    }

    /// Whether a packet to `ip` is for this host: its own address, a broadcast, or all hosts (RFC 1112 §4).
    pub fn is_mine(&self, ip: Ipv4Addr) -> bool {
        ip == self.ip || self.is_broadcast(ip) || ip == Ipv4Addr::new(224, 0, 0, 1)
    }

    /// Where a packet to `ip` goes next; `None` if there is no way.
    pub fn next_hop(&self, ip: Ipv4Addr) -> Option<NextHop> {
        if ip == self.ip || ip.is_loopback() {
            Some(NextHop::Own)
        } else if self.is_broadcast(ip) {
            Some(NextHop::Mac(BROADCAST))
        } else if ip.is_multicast() {
            let [_, b, c, d] = ip.octets();
            Some(NextHop::Mac([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
        } else if self.is_on_link(ip) {
            Some(NextHop::Host(ip))
        } else {
            self.gateway.map(NextHop::Host)
        }
    }
}

/// How a payload of `len` bytes is cut so that no part is longer than `room` (RFC 791 §3.2): where each part is, a
/// multiple of 8 bytes from the beginning, and whether others follow.
pub fn parts(len: usize, room: usize) -> impl Iterator<Item = (Range<usize>, bool)> {
    let step = (room / 8 * 8).max(8);
    (0..len).step_by(step).map(move |start| {
        let end = (start + step).min(len);
        (start..end, end < len)
    })
}

#[cfg(test)]
mod tests {
    use super::{BROADCAST, Interface, NextHop};
    use std::net::Ipv4Addr;

    #[test]
    fn next_hops() {
        let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        let interface = Interface {
            ip: ip("10.0.0.2"),
            prefix_len: 24,
            gateway: Some(ip("10.0.0.1")),
        };
        let check = |to: &str, hop| assert_eq!(interface.next_hop(ip(to)), Some(hop), "{to}");
        check("10.0.0.9", NextHop::Host(ip("10.0.0.9")));
        check("10.0.1.9", NextHop::Host(ip("10.0.0.1")));
        check("10.0.0.2", NextHop::Own);
        check("10.0.0.255", NextHop::Mac(BROADCAST));
        check("255.255.255.255", NextHop::Mac(BROADCAST));
        check("239.129.2.3", NextHop::Mac([0x01, 0x00, 0x5e, 1, 2, 3]));
        let alone = Interface {
            gateway: None,
            ..interface
        };
        assert_eq!(alone.next_hop(ip("10.0.1.9")), None);
        let everything = Interface {
            prefix_len: 0,
            ..alone
        };
        assert!(everything.is_on_link(ip("1.2.3.4")));
    }
}
