//! What becomes of an IPv6 packet that reaches a router.

use std::net::Ipv6Addr;

use crate::base::{NodeId, Rng, Time};
use crate::proto::ethernet::{ETHER_TYPE_IPV6, EthernetHeader, MacAddr};
use crate::proto::icmpv6::Icmpv6Message;
use crate::proto::ipv6::{Ipv6Header, NEXT_ICMPV6, link_local, multicast_mac, solicited_node};
use crate::stack::cx::Cx;
use crate::stack::host::HostConfig;
use crate::stack::ipv6::Interface;
use crate::stack::record::Log;
use crate::stack::router::{Route, Router, RouterConfig};

const MACS: [MacAddr; 2] = [[2, 1, 0, 0, 0, 9], [2, 2, 0, 0, 0, 9]];
const HOST_MACS: [MacAddr; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// The router's address on a link, and a host's.
fn own(link: usize) -> Ipv6Addr {
    ip(["2001:db8:1::1", "2001:db8:2::1"][link])
}

fn host(link: usize) -> Ipv6Addr {
    ip(["2001:db8:1::2", "2001:db8:2::2"][link])
}

/// A router between two links, the second of which takes 1400 bytes; 2001:db8:3::/48 lies behind its host.
struct Bench {
    router: Router,
    log: Log,
    now: Time,
}

impl Bench {
    /// It knows both hosts' MAC addresses.
    fn new(icmp_errors: bool) -> Self {
        let mut bench = Self::strange(icmp_errors);
        for link in [0, 1] {
            let asked = bench.solicit(link, own(link));
            let (at, answer) = &asked[0];
            let (header, payload) = Ipv6Header::parse(answer).unwrap();
            let message = Icmpv6Message::parse(header.source, header.destination, payload);
            let Ok(Icmpv6Message::NeighborAdvertisement(answer)) = message else {
                panic!("{message:?}");
            };
            assert_eq!((*at, answer.target_mac), (link, Some(MACS[link])));
            assert!(answer.router, "it says that it is a router");
        }
        bench
    }

    fn strange(icmp_errors: bool) -> Self {
        let mut rng = Rng::new(1, "router");
        let mut interface = |link: usize, mtu| HostConfig {
            mtu,
            ipv6: Some(Interface::new(MACS[link], own(link), 64)),
            ..HostConfig::without_address("router", MACS[link], &mut rng)
        };
        let route = Route {
            network: ip("2001:db8:3::").into(),
            prefix_len: 48,
            via: host(1).into(),
        };
        let config = RouterConfig {
            interfaces: vec![interface(0, 1500), interface(1, 1400)],
            routes: vec![route],
            icmp_errors,
        };
        Self {
            router: Router::new(config),
            log: Log::new(),
            now: Time::ZERO,
        }
    }

    fn solicit(&mut self, link: usize, target: Ipv6Addr) -> Vec<(usize, Vec<u8>)> {
        let group = solicited_node(target);
        let message = Icmpv6Message::NeighborSolicitation {
            target,
            source_mac: Some(HOST_MACS[link]),
        };
        let header = Ipv6Header {
            hop_limit: 255,
            ..header(host(link), group, NEXT_ICMPV6)
        };
        let packet = packet(&header, &message.emit(host(link), group));
        self.frame(link, multicast_mac(group), &packet)
    }

    /// The packets that it sends when this one comes, each with its interface.
    fn frame(&mut self, link: usize, to: MacAddr, packet: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let header = EthernetHeader {
            destination: to,
            source: HOST_MACS[link],
            ether_type: ETHER_TYPE_IPV6,
        };
        let bytes = [&header.emit(), packet].concat();
        self.call(|router, cx| router.handle_frame(cx, link, &bytes, None))
    }

    fn call(&mut self, call: impl FnOnce(&mut Router, &mut Cx<'_>)) -> Vec<(usize, Vec<u8>)> {
        let (now, node, cause, log) = (self.now, NodeId(0), None, &mut self.log);
        let mut cx = Cx {
            now,
            node,
            cause,
            log,
        };
        call(&mut self.router, &mut cx);
        let sent = std::iter::from_fn(|| self.router.poll_transmit());
        sent.map(|(link, frame)| (link, frame.bytes[EthernetHeader::LEN..].to_vec()))
            .collect()
    }
}

fn header(source: Ipv6Addr, destination: Ipv6Addr, next_header: u8) -> Ipv6Header {
    Ipv6Header {
        dscp: 4,
        ecn: 1,
        flow_label: 0x1_2345,
        next_header,
        hop_limit: 64,
        source,
        destination,
    }
}

fn packet(header: &Ipv6Header, payload: &[u8]) -> Vec<u8> {
    [&header.emit(payload.len())[..], payload].concat()
}

/// UDP that nobody reads.
fn to(destination: Ipv6Addr) -> Ipv6Header {
    header(host(0), destination, 17)
}

/// The ICMPv6 error in a packet: its type, its code, and the MTU that it tells.
fn error(packet: &[u8]) -> Option<(u8, u8, u32)> {
    let (header, payload) = Ipv6Header::parse(packet).unwrap();
    if header.next_header != NEXT_ICMPV6 {
        return None;
    }
    match Icmpv6Message::parse(header.source, header.destination, payload).ok()? {
        Icmpv6Message::DestinationUnreachable { code, .. } => Some((1, code, 0)),
        Icmpv6Message::PacketTooBig { mtu, .. } => Some((2, 0, mtu)),
        Icmpv6Message::TimeExceeded { code, .. } => Some((3, code, 0)),
        _ => None,
    }
}

/// The interface that a packet comes out of, and the error that it is.
type Fate = (usize, Option<(u8, u8, u32)>);

#[track_caller]
fn check(of: &Ipv6Header, payload_len: usize, expected: &[Fate]) {
    let sent = Bench::new(true).frame(0, MACS[0], &packet(of, &vec![0; payload_len]));
    let sent: Vec<_> = sent.iter().map(|(at, bytes)| (*at, error(bytes))).collect();
    assert_eq!(sent, expected, "{of:?}");
}

#[test]
fn forwards_or_says_why_not() {
    let with_limit = |hop_limit, header| Ipv6Header {
        hop_limit,
        ..header
    };
    check(&to(host(1)), 100, &[(1, None)]);
    check(&to(ip("2001:db8:3:7::9")), 100, &[(1, None)]);
    check(&with_limit(2, to(host(1))), 100, &[(1, None)]);
    check(&with_limit(1, to(host(1))), 100, &[(0, Some((3, 0, 0)))]);
    check(&with_limit(0, to(host(1))), 100, &[(0, Some((3, 0, 0)))]);
    check(&to(ip("2001:db8:9::9")), 100, &[(0, Some((1, 0, 0)))]);
    check(&to(host(1)), 1360, &[(1, None)]);
    check(&to(host(1)), 1361, &[(0, Some((2, 0, 1400)))]);
    // RFC 4291 §2.5.6, §2.7: groups and link-local addresses stay on their link.
    for stays in ["ff02::5", "ff0e::1", "fe80::77", "::1"] {
        check(&to(ip(stays)), 100, &[]);
    }
    let from = |source| header(ip(source), host(1), 17);
    for source in ["fe80::77", "::", "2001:db8:2::1"] {
        check(&from(source), 100, &[]);
    }
}

#[test]
fn only_the_hop_limit_changes() {
    let before = packet(&to(host(1)), b"payload!");
    let sent = Bench::new(true).frame(0, MACS[0], &before);
    let mut expected = before;
    expected[7] = 63;
    assert_eq!(sent, [(1, expected)]);
}

#[test]
fn its_own_addresses_answer_on_both_sides() {
    let request = Icmpv6Message::EchoRequest {
        identifier: 7,
        sequence: 1,
        data: b"are you there?",
    };
    for target in [own(0), own(1), link_local(MACS[0])] {
        let echo = request.emit(host(0), target);
        let asked = packet(&header(host(0), target, NEXT_ICMPV6), &echo);
        let sent = Bench::new(true).frame(0, MACS[0], &asked);
        let (answer, payload) = Ipv6Header::parse(&sent[0].1).unwrap();
        assert_eq!((sent.len(), sent[0].0), (1, 0), "{target}");
        assert_eq!((answer.source, answer.destination), (target, host(0)));
        let reply = Icmpv6Message::parse(answer.source, answer.destination, payload);
        assert!(
            matches!(reply, Ok(Icmpv6Message::EchoReply { .. })),
            "{reply:?}"
        );
    }
    // The link-local address of the other side is of that side alone.
    let other = link_local(MACS[1]);
    let echo = request.emit(host(0), other);
    let asked = packet(&header(host(0), other, NEXT_ICMPV6), &echo);
    assert_eq!(Bench::new(true).frame(0, MACS[0], &asked), []);
}

#[test]
fn no_error_about_an_error_and_none_if_switched_off() {
    let nowhere = ip("2001:db8:9::9");
    let quoted = packet(&to(host(1)), &[0; 8]);
    let complaint = Icmpv6Message::TimeExceeded {
        code: 0,
        quoted: &quoted,
    };
    let bytes = complaint.emit(host(0), nowhere);
    let about_error = packet(&header(host(0), nowhere, NEXT_ICMPV6), &bytes);
    assert_eq!(Bench::new(true).frame(0, MACS[0], &about_error), []);
    let lost = packet(&to(nowhere), &[0; 8]);
    assert_eq!(Bench::new(true).frame(0, MACS[0], &lost).len(), 1);
    assert_eq!(Bench::new(false).frame(0, MACS[0], &lost), []);
}

/// It asks for the next hop from its own address, three times, and then tells the sender.
#[test]
fn says_that_a_host_does_not_answer() {
    let mut bench = Bench::strange(true);
    // The sender is known, its peer is not.
    bench.solicit(0, own(0));
    let mut sent = bench.frame(0, MACS[0], &packet(&to(host(1)), &[0; 8]));
    let mut asked = 0;
    while let Some((link, bytes)) = sent.pop() {
        let (header, payload) = Ipv6Header::parse(&bytes).unwrap();
        if let Some(error) = error(&bytes) {
            assert_eq!((link, error, header.destination), (0, (1, 3, 0), host(0)));
            assert_eq!(asked, 3);
            return;
        }
        let message = Icmpv6Message::parse(header.source, header.destination, payload);
        assert!(
            matches!(message, Ok(Icmpv6Message::NeighborSolicitation { target, .. }) if target == host(1)),
            "{message:?}"
        );
        assert_eq!((link, header.source), (1, own(1)));
        asked += 1;
        bench.now = bench.router.poll_timeout().expect("it asks again");
        sent = bench.call(Router::handle_timeout);
    }
    panic!("nobody was told, after {asked} questions");
}
