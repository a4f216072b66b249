//! The routing table: the networks of the interfaces, and what was given.

use std::net::Ipv4Addr;

use crate::stack::ipv4::Interface;

/// A way to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// An address of the network; the bits behind the prefix do not matter.
    pub network: Ipv4Addr,
    /// How many leading bits are the network's; at most 32, and 0 for the default route.
    pub prefix_len: u8,
    /// The next router, on a link of this one.
    pub via: Ipv4Addr,
}

/// Where a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Out of this interface.
    pub interface: usize,
    /// To this host of the link.
    pub hop: Ipv4Addr,
    /// The network that the route leads to.
    pub network: Ipv4Addr,
    /// Its prefix length.
    pub prefix_len: u8,
}

/// The routing table.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    /// The networks of the interfaces, by the interfaces' numbers.
    links: Vec<(usize, Interface)>,
    /// The longest prefix first.
    given: Vec<Route>,
}

impl Routes {
    pub fn new(links: Vec<(usize, Interface)>, mut given: Vec<Route>) -> Self {
        given.sort_by_key(|route| std::cmp::Reverse(route.prefix_len));
        Self { links, given }
    }

    /// The longest match (RFC 1812 §5.2.4.3); of the same length, a network that an interface lies in comes first.
    pub fn way(&self, to: Ipv4Addr) -> Option<Way> {
        let by_link = self.link_of(to).map(|(interface, link)| Way {
            interface,
            hop: to,
            network: link.network(),
            prefix_len: link.prefix_len,
        });
        let by_route = self
            .given
            .iter()
            .filter(|route| network(route).is_on_link(to))
            .find_map(|route| {
                Some(Way {
                    interface: self.link_of(route.via)?.0,
                    hop: route.via,
                    network: network(route).network(),
                    prefix_len: route.prefix_len,
                })
            });
        let longer = |a: &Way| by_link.is_none_or(|link| a.prefix_len > link.prefix_len);
        by_route.filter(longer).or(by_link)
    }

    /// Whether it stands for all hosts of a network, of this router's own.
    pub fn is_broadcast(&self, ip: Ipv4Addr) -> bool {
        ip.is_broadcast() || self.links.iter().any(|(_, link)| link.is_broadcast(ip))
    }

    /// The interface whose network has this address, the smallest such network.
    fn link_of(&self, ip: Ipv4Addr) -> Option<(usize, Interface)> {
        let links = self.links.iter().copied();
        let on_link = links.filter(|(_, link)| link.is_on_link(ip));
        on_link.max_by_key(|(_, link)| link.prefix_len)
    }
}

/// The route's network, for the arithmetic of prefixes.
fn network(route: &Route) -> Interface {
    Interface {
        ip: route.network,
        prefix_len: route.prefix_len,
        gateway: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_prefix_wins() {
        let link = |text, prefix_len| Interface {
            ip: ip(text),
            prefix_len,
            gateway: None,
        };
        let route = |network, prefix_len, via| Route {
            network: ip(network),
            prefix_len,
            via: ip(via),
        };
        let routes = Routes::new(
            vec![(0, link("10.0.1.1", 24)), (1, link("10.0.2.1", 24))],
            vec![
                route("0.0.0.0", 0, "10.0.2.2"),
                route("10.0.0.0", 8, "10.0.2.3"),
                route("10.0.1.128", 25, "10.0.2.4"),
                route("10.9.0.0", 16, "172.16.0.1"),
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
        let alone = Routes::new(vec![(0, link("10.0.1.1", 24))], Vec::new());
        assert_eq!(alone.way(ip("10.0.2.9")), None);
        assert!(alone.is_broadcast(ip("10.0.1.255")));
    }
}
