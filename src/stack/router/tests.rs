//! Whatever comes in: what a router sends on is right, and what it may not answer it does not answer.

use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Route, Router, RouterConfig};
use crate::base::{NodeId, Rng, Time};
use crate::proto::arp::{ArpOperation, ArpPacket};
use crate::proto::ethernet::{BROADCAST, ETHER_TYPE_ARP, ETHER_TYPE_IPV4, EthernetHeader, MacAddr};
use crate::proto::icmp::IcmpMessage;
use crate::proto::ipv4::{Ipv4Header, PROTOCOL_ICMP, PROTOCOL_UDP, header_len};
use crate::proto::wire::checksum;
use crate::stack::cx::Cx;
use crate::stack::host::HostConfig;
use crate::stack::ipv4::Interface;
use crate::stack::reassembly::{Fragment, Piece, Reassembly};
use crate::stack::record::Log;

/// The two interfaces: 10.0.1.1/24 with an MTU of 1500, 10.0.2.1/24 with the MTU of the test.
const MACS: [MacAddr; 2] = [[2, 1, 0, 0, 0, 9], [2, 2, 0, 0, 0, 9]];
const OWN: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 1, 1), Ipv4Addr::new(10, 0, 2, 1)];
/// A host on each link.
const HOSTS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 1, 2), Ipv4Addr::new(10, 0, 2, 2)];
const HOST_MACS: [MacAddr; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

/// A router and what it sent: the interface, and the frame.
struct Bench {
    router: Router,
    log: Log,
    now: Time,
    sent: Vec<(usize, Vec<u8>)>,
}

impl Bench {
    /// A router that knows both hosts' MAC addresses.
    fn new(mtu: u16, icmp_errors: bool) -> Self {
        let mut rng = Rng::new(1, "router");
        let mut interface = |i: usize, mtu| HostConfig {
            mtu,
            ipv4: Some(Interface {
                ip: OWN[i],
                prefix_len: 24,
                gateway: None,
            }),
            ..HostConfig::without_address("router", MACS[i], &mut rng)
        };
        let via = Route {
            network: Ipv4Addr::new(172, 16, 0, 0).into(),
            prefix_len: 12,
            via: HOSTS[1].into(),
        };
        let router = Router::new(RouterConfig {
            interfaces: vec![interface(0, 1500), interface(1, mtu)],
            routes: vec![via],
            icmp_errors,
        });
        let mut bench = Self {
            router,
            log: Log::new(),
            now: Time::ZERO,
            sent: Vec::new(),
        };
        for i in [0, 1] {
            let request = ArpPacket {
                operation: ArpOperation::Request,
                sender_mac: HOST_MACS[i],
                sender_ip: HOSTS[i],
                target_mac: [0; 6],
                target_ip: OWN[i],
            };
            bench.frame(i, BROADCAST, ETHER_TYPE_ARP, &request.emit());
        }
        bench.sent.clear();
        bench
    }

    fn frame(&mut self, interface: usize, destination: MacAddr, ether_type: u16, payload: &[u8]) {
        let header = EthernetHeader {
            destination,
            source: HOST_MACS[interface],
            ether_type,
        };
        let bytes = [&header.emit(), payload].concat();
        self.call(|router, cx| router.handle_frame(cx, interface, &bytes, None));
    }

    fn call(&mut self, call: impl FnOnce(&mut Router, &mut Cx<'_>)) {
        let (now, node, cause, log) = (self.now, NodeId(0), None, &mut self.log);
        call(
            &mut self.router,
            &mut Cx {
                now,
                node,
                cause,
                log,
            },
        );
        while let Some((interface, frame)) = self.router.poll_transmit() {
            self.sent.push((interface, frame.bytes.to_vec()));
        }
    }

    /// The packets that the router sends when this one comes from the first host.
    fn packet(&mut self, packet: &[u8]) -> Vec<(usize, Vec<u8>)> {
        self.frame(0, MACS[0], ETHER_TYPE_IPV4, packet);
        self.take_packets()
    }

    /// The packets that were sent, without the padding of the frames.
    fn take_packets(&mut self) -> Vec<(usize, Vec<u8>)> {
        let packet = |(interface, frame): (usize, Vec<u8>)| {
            let (head, _) = EthernetHeader::parse(&frame).unwrap();
            if head.ether_type != ETHER_TYPE_IPV4 {
                return None;
            }
            assert_eq!(head.source, MACS[interface], "the router's own MAC address");
            assert_eq!(head.destination, HOST_MACS[interface], "the next hop's");
            let packet = &frame[EthernetHeader::LEN..];
            let len = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
            Some((interface, packet[..len].to_vec()))
        };
        self.sent.drain(..).filter_map(packet).collect()
    }
}

fn header(destination: Ipv4Addr, ttl: u8, protocol: u8) -> Ipv4Header {
    Ipv4Header {
        dscp: 4,
        ecn: 1,
        identification: 77,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl,
        protocol,
        source: HOSTS[0],
        destination,
    }
}

fn packet(header: &Ipv4Header, payload: &[u8]) -> Vec<u8> {
    [&header.emit(payload.len())[..], payload].concat()
}

/// The ICMP error in a packet, if it is one: type, code, and the MTU that it tells.
fn error(packet: &[u8]) -> Option<(u8, u8, u16)> {
    let (header, payload) = Ipv4Header::parse(packet).unwrap();
    if header.protocol != PROTOCOL_ICMP {
        return None;
    }
    match IcmpMessage::parse(payload).ok()? {
        IcmpMessage::DestinationUnreachable {
            code, next_hop_mtu, ..
        } => Some((3, code, next_hop_mtu)),
        IcmpMessage::TimeExceeded { code, .. } => Some((11, code, 0)),
        _ => None,
    }
}

/// The interface that a packet comes out of, and the error that it is: type, code, MTU.
type Fate = (usize, Option<(u8, u8, u16)>);

/// What one packet of 100 bytes becomes that goes to `destination`: the interface and the error that it is answered
/// with, or that it was sent on.
#[track_caller]
fn check(of: &Ipv4Header, payload_len: usize, expected: &[Fate]) {
    let sent = Bench::new(576, true).packet(&packet(of, &vec![0; payload_len]));
    let sent: Vec<_> = sent.iter().map(|(at, bytes)| (*at, error(bytes))).collect();
    assert_eq!(sent, expected, "{of:?}");
}

#[test]
fn forwards_or_says_why_not() {
    let udp = |destination, ttl| header(destination, ttl, PROTOCOL_UDP);
    let df = |header| Ipv4Header {
        dont_fragment: true,
        ..header
    };
    let nowhere = Ipv4Addr::new(192, 0, 2, 1);
    check(&udp(HOSTS[1], 64), 100, &[(1, None)]);
    check(&udp(Ipv4Addr::new(172, 20, 0, 1), 2), 100, &[(1, None)]);
    check(&udp(HOSTS[1], 1), 100, &[(0, Some((11, 0, 0)))]);
    check(&udp(nowhere, 64), 100, &[(0, Some((3, 0, 0)))]);
    check(&df(udp(HOSTS[1], 64)), 556, &[(1, None)]);
    check(&df(udp(HOSTS[1], 64)), 557, &[(0, Some((3, 4, 576)))]);
    check(&udp(HOSTS[1], 64), 1200, &[(1, None), (1, None), (1, None)]);
    // To the router itself, at either interface: nobody has bound the port.
    let unreachable = df(udp(OWN[1], 1));
    let datagram = crate::proto::udp::UdpHeader {
        source_port: 1,
        destination_port: 2,
    };
    let bytes = datagram.emit(HOSTS[0], OWN[1], b"x");
    let sent = Bench::new(576, true).packet(&packet(&unreachable, &bytes));
    assert_eq!(error(&sent[0].1), Some((3, 3, 0)));
    // Broadcasts and multicasts stay on their link.
    for group in [
        [10, 0, 2, 255],
        [255; 4],
        [224, 0, 0, 5],
        [239, 1, 1, 1],
        [127, 0, 0, 1],
    ] {
        check(&udp(group.into(), 64), 100, &[]);
    }
    let frame = packet(&udp(HOSTS[1], 64), &[0; 100]);
    let mut bench = Bench::new(1500, true);
    bench.frame(0, BROADCAST, ETHER_TYPE_IPV4, &frame);
    assert_eq!(bench.take_packets(), []);
}

#[test]
fn answers_pings_to_each_of_its_addresses() {
    let ping = IcmpMessage::EchoRequest {
        identifier: 1,
        sequence: 2,
        data: b"abc",
    };
    for own in OWN {
        let sent =
            Bench::new(1500, true).packet(&packet(&header(own, 9, PROTOCOL_ICMP), &ping.emit()));
        let (reply, payload) = Ipv4Header::parse(&sent[0].1).unwrap();
        assert_eq!(
            (sent[0].0, reply.source, reply.destination),
            (0, own, HOSTS[0])
        );
        assert!(matches!(
            IcmpMessage::parse(payload),
            Ok(IcmpMessage::EchoReply { .. })
        ));
    }
}

#[test]
fn says_that_a_host_does_not_answer_arp() {
    let mut bench = Bench::new(1500, true);
    let silent = Ipv4Addr::new(10, 0, 2, 77);
    assert_eq!(
        bench.packet(&packet(&header(silent, 64, PROTOCOL_UDP), &[0; 9])),
        []
    );
    while let Some(due) = bench.router.poll_timeout() {
        bench.now = due;
        bench.call(Router::handle_timeout);
    }
    let sent = bench.take_packets();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].0, error(&sent[0].1)), (0, Some((3, 1, 0))));
}

#[test]
fn with_icmp_errors_switched_off_it_is_silent() {
    let too_big = Ipv4Header {
        dont_fragment: true,
        ..header(HOSTS[1], 64, PROTOCOL_UDP)
    };
    let mut bench = Bench::new(576, false);
    assert_eq!(bench.packet(&packet(&too_big, &[0; 900])), []);
    assert_eq!(
        bench.packet(&packet(&header(HOSTS[1], 1, PROTOCOL_UDP), &[0; 9])),
        []
    );
    assert_eq!(
        bench
            .packet(&packet(&header(HOSTS[1], 2, PROTOCOL_UDP), &[0; 9]))
            .len(),
        1
    );
}

fn piece<'a>(header: &Ipv4Header, payload: &'a [u8]) -> Piece<'a, ()> {
    Piece {
        start: usize::from(header.fragment_offset),
        more: header.more_fragments,
        payload,
        most: 65_515,
        header: (),
    }
}

/// A packet with any header, options included, whose checksum is right.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(0u16), 0u16..60],
    );
    let protocol = prop_oneof![Just(PROTOCOL_ICMP), Just(PROTOCOL_UDP), any::<u8>()];
    let destination = prop_oneof![
        Just(HOSTS[1]),
        Just(HOSTS[0]),
        Just(OWN[0]),
        any::<[u8; 4]>().prop_map(Ipv4Addr::from)
    ];
    let source = prop_oneof![Just(HOSTS[0]), any::<[u8; 4]>().prop_map(Ipv4Addr::from)];
    let ends = (source, destination);
    let parts = (
        flags,
        0u8..5,
        protocol,
        ends,
        vec(any::<u8>(), 0..1400),
        options(),
    );
    parts.prop_map(
        |((df, mf, offset), ttl, protocol, ends, payload, options)| {
            let header = Ipv4Header {
                dont_fragment: df,
                more_fragments: mf,
                fragment_offset: offset * 8,
                source: ends.0,
                ..header(ends.1, ttl, protocol)
            };
            with_options(&header, &options, &payload)
        },
    )
}

fn options() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(vec![1, 1, 0, 0]),
        Just(vec![148, 4, 0, 0]),
        Just(vec![7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0]),
        vec(any::<u8>(), 4),
        vec(any::<u8>(), 40)
    ]
}

fn with_options(header: &Ipv4Header, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut head = header.emit(options.len() + payload.len()).to_vec();
    head.extend_from_slice(options);
    head[0] = 0x40 | (head.len() / 4) as u8;
    head[10..12].fill(0);
    let sum = checksum(&head);
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    head.extend_from_slice(payload);
    head
}

proptest! {
    /// What is sent on has a lower time to live than it came with, never 0, and is otherwise the same.
    #[test]
    fn never_forwards_a_packet_whose_time_is_up(packet in packets()) {
        let ttl = packet[8];
        for (_, sent) in Bench::new(1500, true).packet(&packet) {
            prop_assert_eq!(checksum(&sent[..header_len(&sent)]), 0);
            let is_own = OWN.iter().any(|own| own.octets() == sent[12..16]);
            if !is_own {
                prop_assert!(ttl > 1);
                prop_assert_eq!(sent[8], ttl - 1);
                prop_assert_eq!(&sent[..8], &packet[..8]);
                prop_assert_eq!(&sent[12..], &packet[12..]);
            }
        }
    }

    /// Nothing but a query, or another protocol than ICMP, is answered by an ICMP error; never a later fragment, never
    /// what goes to a group or comes from one.
    #[test]
    fn never_answers_an_error_with_an_error(packet in packets(), kind: u8, silent: bool) {
        let mut packet = packet;
        let at = header_len(&packet);
        if let Some(byte) = packet.get_mut(at) {
            *byte = kind;
        }
        let offset = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff;
        let is_error = packet[9] == PROTOCOL_ICMP && matches!(packet.get(at), Some(3..=5 | 11 | 12));
        for (_, sent) in Bench::new(576, !silent).packet(&packet) {
            let is_own = OWN.iter().any(|own| own.octets() == sent[12..16]);
            if let Some((kind, code, _)) = error(&sent).filter(|_| is_own) {
                prop_assert!(!is_error && offset == 0);
                // Protocol and port unreachable are what the router says as a host.
                prop_assert!(!silent || kind == 3 && matches!(code, 2 | 3));
            }
        }
    }

    /// The fragments of a packet are no longer than the link takes, and make the packet again.
    #[test]
    fn fragments_reassemble_to_the_original(
        payload in vec(any::<u8>(), 1..1400),
        options in options(),
        mtu in 96u16..1500,
    ) {
        let original = header(HOSTS[1], 64, PROTOCOL_UDP);
        let sent = Bench::new(mtu, true).packet(&with_options(&original, &options, &payload));
        let mut reassembly = Reassembly::default();
        let mut whole = None;
        let count = sent.len();
        for (_, fragment) in sent {
            prop_assert!(fragment.len() <= usize::from(mtu));
            let (head, part) = Ipv4Header::parse(&fragment).unwrap();
            prop_assert_eq!(head.ttl, 63);
            if count == 1 {
                whole = Some(part.to_vec());
            } else if let Fragment::Whole(_, bytes) = reassembly.take_in((), piece(&head, part), Time::ZERO) {
                whole = Some(bytes);
            }
        }
        prop_assert_eq!(whole, Some(payload));
    }
}
