//! IPv6 without a header in hand: a host's addresses, where a packet goes next, and the neighbor cache.

mod neighbors;

use std::net::Ipv6Addr;

use super::ipv4::NextHop;
use crate::proto::ethernet::MacAddr;
use crate::proto::ipv6::{ALL_NODES, link_local, multicast_mac, solicited_node};

pub use neighbors::{Due, Learned, NeighborCache};

/// What the fragments of one packet have in common (RFC 8200 §4.5): source, destination, identification.
pub type FragmentKey = (Ipv6Addr, Ipv6Addr, u32);

/// The IPv6 addresses of an interface and the network that they lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// The address that was given.
    pub ip: Ipv6Addr,
    /// How many leading bits are the network's; at most 128.
    pub prefix_len: u8,
    /// The address that every interface has for its own link (RFC 4291 §2.8).
    pub link_local: Ipv6Addr,
    /// Where packets for other networks go.
    pub gateway: Option<Ipv6Addr>,
}

impl Interface {
    /// An interface with this address, beside the link-local one that is made from its MAC address. Where the address
    /// that is given is a link-local one itself, it is the only one.
    pub fn new(mac: MacAddr, ip: Ipv6Addr, prefix_len: u8) -> Self {
        Self {
            ip,
            prefix_len,
            link_local: if ip.is_unicast_link_local() {
                ip
            } else {
                link_local(mac)
            },
            gateway: None,
        }
    }

    /// The addresses, the given one first.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> + use<> {
        let others = (self.link_local != self.ip).then_some(self.link_local);
        std::iter::once(self.ip).chain(others)
    }

    /// The multicast groups that the interface is in: all nodes, and the solicited-node group of each address (RFC
    /// 4291 §2.8).
    pub fn groups(&self) -> impl Iterator<Item = Ipv6Addr> + use<> {
        std::iter::once(ALL_NODES).chain(self.addresses().map(solicited_node))
    }

    /// Whether `ip` is an address of this host.
    pub fn owns(&self, ip: Ipv6Addr) -> bool {
        ip.is_loopback() || self.addresses().any(|own| own == ip)
    }

    /// Whether a packet to `ip` is for this host.
    pub fn is_mine(&self, ip: Ipv6Addr) -> bool {
        self.owns(ip) || self.groups().any(|group| group == ip)
    }

    /// Whether the interface listens to this multicast MAC address (RFC 2464 §7).
    pub fn listens_to(&self, mac: MacAddr) -> bool {
        self.groups().any(|group| multicast_mac(group) == mac)
    }

    /// Whether `ip` is on the same link.
    pub fn is_on_link(&self, ip: Ipv6Addr) -> bool {
        let host_bits = 128 - u32::from(self.prefix_len.min(128));
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        ip.is_unicast_link_local() || (ip.to_bits() ^ self.ip.to_bits()) & mask == 0
    }

    /// The address that a packet to `ip` is sent from. Of the rules of RFC 6724 §5, those that choose between the given
    /// and the link-local address: its own address for itself (rule 1), and else the one of the same scope (rule 2).
    pub fn source_for(&self, ip: Ipv6Addr) -> Ipv6Addr {
        let link_multicast = ip.is_multicast() && ip.octets()[1] & 0x0f <= 2;
        if self.owns(ip) {
            ip
        } else if ip.is_unicast_link_local() || link_multicast {
            self.link_local
        } else {
            self.ip
        }
    }

    /// Where a packet to `ip` goes next (RFC 4861 §5.2); `None` if there is no way.
    pub fn next_hop(&self, ip: Ipv6Addr) -> Option<NextHop<Ipv6Addr>> {
        if self.owns(ip) {
            Some(NextHop::Own)
        } else if ip.is_multicast() {
            Some(NextHop::Mac(multicast_mac(ip)))
        } else if self.is_on_link(ip) {
            Some(NextHop::Host(ip))
        } else {
            self.gateway.map(NextHop::Host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Interface, NextHop};
    use std::net::Ipv6Addr;

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    fn interface() -> Interface {
        let gateway = Some(ip("fe80::1"));
        let made = Interface::new([2, 0, 0, 0, 0, 2], ip("2001:db8::2"), 64);
        Interface { gateway, ..made }
    }

    #[test]
    fn next_hops() {
        let check = |to: &str, hop| assert_eq!(interface().next_hop(ip(to)), Some(hop), "{to}");
        check("2001:db8::9", NextHop::Host(ip("2001:db8::9")));
        check("2001:db8:0:1::9", NextHop::Host(ip("fe80::1")));
        check("fe80::9", NextHop::Host(ip("fe80::9")));
        check("2001:db8::2", NextHop::Own);
        check("fe80::ff:fe00:2", NextHop::Own);
        check("::1", NextHop::Own);
        let all = [0x33, 0x33, 0, 0, 0, 1];
        check("ff02::1", NextHop::Mac(all));
        let alone = Interface {
            gateway: None,
            ..interface()
        };
        assert_eq!(alone.next_hop(ip("2001:db8:0:1::9")), None);
        let everything = Interface {
            prefix_len: 0,
            ..alone
        };
        assert!(everything.is_on_link(ip("1::2")));
    }

    #[test]
    fn sources_have_the_scope_of_the_destination() {
        let check = |to: &str, from| assert_eq!(interface().source_for(ip(to)), ip(from), "{to}");
        check("2001:db8:0:1::9", "2001:db8::2");
        check("fe80::9", "fe80::ff:fe00:2");
        check("ff02::1", "fe80::ff:fe00:2");
        check("ff0e::1", "2001:db8::2");
        check("2001:db8::2", "2001:db8::2");
        check("::1", "::1");
    }

    #[test]
    fn a_host_listens_to_the_groups_of_its_addresses() {
        let check = |mac, listens| assert_eq!(interface().listens_to(mac), listens, "{mac:x?}");
        check([0x33, 0x33, 0, 0, 0, 1], true);
        check([0x33, 0x33, 0xff, 0, 0, 2], true);
        check([0x33, 0x33, 0xff, 0, 0, 3], false);
        // All routers.
        check([0x33, 0x33, 0, 0, 0, 2], false);
        let only = Interface::new([2; 6], ip("fe80::7"), 64);
        assert_eq!(only.addresses().collect::<Vec<_>>(), [ip("fe80::7")]);
    }
}
