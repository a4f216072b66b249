//! The routing table: the networks of the interfaces, and what was given.

use std::net::{IpAddr, Ipv4Addr};

use crate::stack::ipv4::Interface;

/// A way to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// An address of the network; the bits behind the prefix do not matter.
    pub network: IpAddr,
    /// How many leading bits are the network's; at most 32, over IPv6 128, and 0 for the default route.
    pub prefix_len: u8,
    /// The next router, on a link of this one; of the same family.
    pub via: IpAddr,
}

/// Where a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Out of this interface.
    pub interface: usize,
    /// To this host of the link.
    pub hop: IpAddr,
    /// The network that the route leads to.
    pub network: IpAddr,
    /// Its prefix length.
    pub prefix_len: u8,
}

/// The routing table, of both families.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    /// The addresses of the interfaces with the lengths of their prefixes, by the interfaces' numbers.
    links: Vec<(usize, IpAddr, u8)>,
    /// The longest prefix first.
    given: Vec<Route>,
}

impl Routes {
    pub fn new(links: Vec<(usize, IpAddr, u8)>, mut given: Vec<Route>) -> Self {
        given.sort_by_key(|route| std::cmp::Reverse(route.prefix_len));
        Self { links, given }
    }

    /// The longest match (RFC 1812 §5.2.4.3); of the same length, a network that an interface lies in comes first.
    pub fn way(&self, to: IpAddr) -> Option<Way> {
        let by_link = self.link_of(to).map(|(interface, ip, prefix_len)| Way {
            interface,
            hop: to,
            network: network(ip, prefix_len),
            prefix_len,
        });
        let by_route = self
            .given
            .iter()
            .filter(|route| is_in(to, route.network, route.prefix_len))
            .find_map(|route| {
                Some(Way {
                    interface: self.link_of(route.via)?.0,
                    hop: route.via,
                    network: network(route.network, route.prefix_len),
                    prefix_len: route.prefix_len,
                })
            });
        let longer = |a: &Way| by_link.is_none_or(|link| a.prefix_len > link.prefix_len);
        by_route.filter(longer).or(by_link)
    }

    /// Whether it stands for all hosts of a network, of this router's own.
    pub fn is_broadcast(&self, ip: Ipv4Addr) -> bool {
        let mut links = self.links.iter().filter_map(|link| match link.1 {
            IpAddr::V4(own) => Some(Interface {
                ip: own,
                prefix_len: link.2,
                gateway: None,
            }),
            IpAddr::V6(_) => None,
        });
        ip.is_broadcast() || links.any(|link| link.is_broadcast(ip))
    }

    /// The interface whose network has this address, the smallest such network.
    fn link_of(&self, ip: IpAddr) -> Option<(usize, IpAddr, u8)> {
        let links = self.links.iter().copied();
        let on_link = links.filter(|(_, own, prefix_len)| is_in(ip, *own, *prefix_len));
        on_link.max_by_key(|(.., prefix_len)| *prefix_len)
    }
}

/// Whether an address is in the network of another one, with this prefix.
fn is_in(ip: IpAddr, of: IpAddr, prefix_len: u8) -> bool {
    network(ip, prefix_len) == network(of, prefix_len)
}

/// The address without the bits behind the prefix.
fn network(ip: IpAddr, prefix_len: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let host_bits = 32 - u32::from(prefix_len.min(32));
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let host_bits = 128 - u32::from(prefix_len.min(128));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_prefix_wins() {
        let route = |network, prefix_len, via| Route {
            network: ip(network),
            prefix_len,
            via: ip(via),
        };
        let routes = Routes::new(
            vec![
                (0, ip("10.0.1.1"), 24),
                (1, ip("10.0.2.1"), 24),
                (0, ip("2001:db8:1::1"), 64),
                (1, ip("2001:db8:2::1"), 64),
            ],
            vec![
                route("0.0.0.0", 0, "10.0.2.2"),
                route("10.0.0.0", 8, "10.0.2.3"),
                route("10.0.1.128", 25, "10.0.2.4"),
                route("10.9.0.0", 16, "172.16.0.1"),
                route("::", 0, "2001:db8:2::2"),
                route("2001:db8:3::", 48, "2001:db8:1::2"),
            ],
        );
        let check = |to: &str, interface, hop: &str, prefix_len| {
            let way = routes.way(ip(to)).unwrap();
            let found = (way.interface, way.hop, way.prefix_len);
            assert_eq!(found, (interface, ip(hop), prefix_len), "{to}");
        };
        check("10.0.1.9", 0, "10.0.1.9", 24);
        check("10.0.1.200", 1, "10.0.2.4", 25);
        check("10.0.3.9", 1, "10.0.2.3", 8);
        check("192.0.2.1", 1, "10.0.2.2", 0);
        // A route by way of a router that is on no link is none.
        check("10.9.0.1", 1, "10.0.2.3", 8);
        check("2001:db8:1::9", 0, "2001:db8:1::9", 64);
        check("2001:db8:3:7::9", 0, "2001:db8:1::2", 48);
        check("2001:db8:9::9", 1, "2001:db8:2::2", 0);
        let alone = Routes::new(vec![(0, ip("10.0.1.1"), 24)], Vec::new());
        assert_eq!(alone.way(ip("10.0.2.9")), None);
        assert!(alone.is_broadcast(Ipv4Addr::new(10, 0, 1, 255)));
    }
}
