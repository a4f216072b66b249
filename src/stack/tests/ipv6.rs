//! Two hosts over IPv6: Neighbor Discovery, ICMPv6, fragments, TCP.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::MS;
use super::pair::{A, B, Family, Fate, Pair};
use crate::base::Rng;
use crate::proto::ethernet::{ETHER_TYPE_IPV6, EthernetHeader, MacAddr};
use crate::proto::icmpv6::{
    Icmpv6Message, NeighborAdvertisement, PARAMETER_NEXT_HEADER, PARAMETER_OPTION,
};
use crate::proto::ipv6::{
    ALL_NODES, FragmentHeader, Ipv6Header, NEXT_ICMPV6, multicast_mac, solicited_node,
};
use crate::stack::host::HostEventKind;
use crate::stack::record::TcpState;
use crate::stack::tcp::{Event, TcpConfig, Unreachable};

const MAC_A: MacAddr = [2, 0, 0, 0, 0, 1];
const MAC_B: MacAddr = [2, 0, 0, 0, 0, 2];

fn pair() -> Pair {
    Pair::of(Family::V6, 1)
}

fn ip(number: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number)
}

fn header(next_header: u8, source: Ipv6Addr, destination: Ipv6Addr) -> Ipv6Header {
    Ipv6Header {
        dscp: 0,
        ecn: 0,
        flow_label: 0,
        next_header,
        hop_limit: 64,
        source,
        destination,
    }
}

/// Has `B` take in a packet from outside, in a frame for itself.
fn inject(pair: &mut Pair, header: &Ipv6Header, payload: &[u8]) {
    inject_to(pair, MAC_B, header, payload);
}

fn inject_to(pair: &mut Pair, destination: MacAddr, header: &Ipv6Header, payload: &[u8]) {
    let ethernet = EthernetHeader {
        destination,
        source: MAC_A,
        ether_type: ETHER_TYPE_IPV6,
    };
    let bytes = [&ethernet.emit()[..], &header.emit(payload.len()), payload].concat();
    pair.call(B, |host, cx| host.handle_frame(cx, &bytes));
}

/// What the last frame says of the kind `ICMPv6`.
fn last_message<T>(pair: &Pair, read: impl FnOnce(&Ipv6Header, Icmpv6Message<'_>) -> T) -> T {
    let frame = &pair.frames.last().expect("a frame").bytes;
    let (header, payload) = Ipv6Header::parse(&frame[14..]).unwrap();
    let message = Icmpv6Message::parse(header.source, header.destination, payload).unwrap();
    read(&header, message)
}

fn told(pair: &Pair) -> Vec<&HostEventKind> {
    pair.events[A].iter().map(|event| &event.kind).collect()
}

#[test]
fn a_conversation_frame_by_frame() {
    let mut pair = pair();
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run_for(MS * 100);
    let b = pair.accepted(B);
    pair.send(A, a, b"hello");
    pair.run_for(MS * 100);
    assert_eq!(pair.receive(B, b), b"hello");
    pair.close(A, a);
    pair.run_for(MS * 100);
    pair.close(B, b);
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::Closed);
    assert_eq!(pair.state(B, b), TcpState::Closed);
    insta::assert_snapshot!(pair.transcript(), @r"
    a NS who has 2001:db8::2? 2001:db8::1 to ff02::1:ff00:2
    b NA 2001:db8::2 is at 02:00:00:00:00:02, 2001:db8::2 to 2001:db8::1
    a [SYN] seq 0, win 64800
    b [SYN, ACK] seq 0, ack 1, win 64260
    a [ACK] seq 1, ack 1, win 506
    a [PSH, ACK] seq 1, ack 1, win 506, len 5
    b [ACK] seq 1, ack 6, win 501
    a [FIN, ACK] seq 6, ack 1, win 506
    b [ACK] seq 1, ack 7, win 501
    b [FIN, ACK] seq 1, ack 7, win 501
    a [ACK] seq 7, ack 2, win 506
    ");
}

#[test]
fn the_mss_is_what_the_headers_leave_of_the_mtu() {
    let mut pair = pair();
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run_for(MS * 100);
    // 1500 less 40 for IPv6, 20 for TCP, 12 for timestamps.
    assert_eq!(pair.hosts[A].tcp_vars(a).snd_mss, Some(1428));
    let (b, sent) = (pair.accepted(B), [7; 5000]);
    pair.send(A, a, &sent);
    pair.run_for(MS * 1000);
    assert_eq!(pair.receive(B, b), sent);
    let longest = pair.frames.iter().map(|frame| frame.bytes.len()).max();
    assert_eq!(longest, Some(1514));
    // One flow, one label, and not the one of the other direction.
    let labels = |side: usize| -> Vec<u32> {
        let tcp = pair.frames.iter().filter(|frame| frame.from == side);
        let headers = tcp.map(|frame| Ipv6Header::parse(&frame.bytes[14..]).unwrap().0);
        let mut labels: Vec<_> = headers
            .filter(|header| header.next_header == 6)
            .map(|header| header.flow_label)
            .collect();
        labels.dedup();
        labels
    };
    assert_eq!((labels(A).len(), labels(B).len()), (1, 1));
    assert_ne!(labels(A), labels(B));
}

#[test]
fn a_host_connects_to_itself_and_to_link_local_addresses() {
    let mut pair = pair();
    pair.listen(A, 80);
    let own = SocketAddr::new(pair.ip(A), 80);
    let a = pair.call(A, |host, cx| host.connect(cx, None, own).unwrap());
    pair.run_for(MS * 100);
    assert_eq!(pair.state(A, a), TcpState::Established);
    assert!(pair.frames.is_empty());
    let link_local = pair.hosts[A].ipv6().unwrap().link_local;
    let remote = SocketAddr::new(link_local.into(), 80);
    let b = pair.call(B, |host, cx| host.connect(cx, None, remote).unwrap());
    pair.run_for(MS * 100);
    assert_eq!(pair.state(B, b), TcpState::Established);
    let local = pair.hosts[B].tcp_vars(b).local.ip();
    assert_eq!(local, pair.hosts[B].ipv6().unwrap().link_local);
}

#[test]
fn another_family_has_no_address_here() {
    let mut pair = pair();
    let remote = "10.0.0.2:80".parse().unwrap();
    let refused = pair.call(A, |host, cx| host.connect(cx, None, remote));
    assert!(refused.is_err());
    let to = remote.ip();
    assert!(
        pair.call(A, |host, cx| host.ping(cx, to, 1, 1, b""))
            .is_err()
    );
}

#[test]
fn ping_is_answered_even_in_fragments() {
    for len in [0, 56, 1452, 1453, 10_000, 65_527] {
        let mut pair = pair();
        let data: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let to = pair.ip(B);
        pair.call(A, |host, cx| host.ping(cx, to, 7, 1, &data).unwrap());
        pair.run_for(MS * 1000);
        let reply = HostEventKind::EchoReply {
            from: to,
            identifier: 7,
            sequence: 1,
            len,
        };
        assert_eq!(told(&pair), [&reply]);
        // A fragment has 1500 - 40 - 8 bytes, cut to a multiple of 8.
        let per_way = if len <= 1452 {
            1
        } else {
            (len + 8).div_ceil(1448)
        };
        assert_eq!(pair.frames.len(), 2 + 2 * per_way);
    }
    let mut pair = pair();
    let (to, data) = (pair.ip(B), vec![0; 65_528]);
    let refused = pair.call(A, |host, cx| host.ping(cx, to, 7, 1, &data));
    let text = "65528 bytes do not fit into one packet: at most 65527";
    assert_eq!(refused.unwrap_err().to_string(), text);
}

#[test]
fn a_lost_fragment_is_reported() {
    let mut pair = pair();
    // NS, NA, then the first of two fragments and the second, which is lost.
    pair.wire(|n, _, _| if n == 3 { Fate::Lost } else { Fate::Whole });
    let remote = (pair.ip(B), 9).into();
    let port = pair.hosts[A].udp_bind(None).unwrap();
    pair.call(A, |host, cx| {
        host.udp_send_to(cx, port, remote, &[1; 2000]).unwrap()
    });
    pair.run();
    let why = Unreachable::TimeExceeded;
    let expected = HostEventKind::UdpUnreachable { port, remote, why };
    assert_eq!(told(&pair), [&expected]);
}

#[test]
fn datagrams_and_unbound_ports() {
    let mut pair = pair();
    let to = pair.ip(B);
    let port = pair.hosts[A].udp_bind(None).unwrap();
    pair.hosts[B].udp_bind(Some(7)).unwrap();
    for remote in [7, 8] {
        let remote = (to, remote).into();
        pair.call(A, |host, cx| {
            host.udp_send_to(cx, port, remote, b"hi").unwrap()
        });
        pair.run_for(MS * 100);
    }
    let datagram = pair.hosts[B].udp_receive(7).unwrap();
    assert_eq!(datagram.from, (pair.ip(A), port).into());
    let refused = HostEventKind::UdpUnreachable {
        port,
        remote: (to, 8).into(),
        why: Unreachable::Port,
    };
    assert_eq!(told(&pair), [&refused]);
}

#[test]
fn a_neighbor_that_does_not_answer_is_reported() {
    let mut pair = pair();
    let to: IpAddr = ip(9).into();
    pair.call(A, |host, cx| host.ping(cx, to, 7, 1, b"").unwrap());
    pair.run();
    let why = Unreachable::Host;
    let lost = HostEventKind::EchoUnreachable {
        to,
        identifier: 7,
        sequence: 1,
        why,
    };
    assert_eq!(told(&pair), [&lost]);
    insta::assert_snapshot!(pair.timed(crate::base::Time::ZERO), @r"
       0 a NS who has 2001:db8::9? 2001:db8::1 to ff02::1:ff00:9
    1000 a NS who has 2001:db8::9? 2001:db8::1 to ff02::1:ff00:9
    2000 a NS who has 2001:db8::9? 2001:db8::1 to ff02::1:ff00:9
    ");
    // To another network there is no way at all.
    let far = "2001:db8:1::1".parse().unwrap();
    pair.call(A, |host, cx| host.ping(cx, far, 7, 2, b"").unwrap());
    let net = matches!(
        told(&pair)[1],
        HostEventKind::EchoUnreachable {
            why: Unreachable::Net,
            ..
        }
    );
    assert!(net, "{:?}", told(&pair));
}

#[test]
fn a_silent_neighbor_is_probed_once_it_is_in_doubt() {
    let mut pair = pair();
    let to = pair.ip(B);
    pair.call(A, |host, cx| host.ping(cx, to, 7, 1, b"").unwrap());
    pair.run();
    // The asked one only heard of the asker: five seconds after its reply it wants a proof.
    insta::assert_snapshot!(pair.timed(crate::base::Time::ZERO), @r"
       0 a NS who has 2001:db8::2? 2001:db8::1 to ff02::1:ff00:2
      10 b NA 2001:db8::2 is at 02:00:00:00:00:02, 2001:db8::2 to 2001:db8::1
      20 a ICMPv6 type 128, 8 bytes
      30 b ICMPv6 type 129, 8 bytes
    5010 b NS who has 2001:db8::1? 2001:db8::2 to 2001:db8::1
    5020 a NA 2001:db8::1 is at 02:00:00:00:00:01, 2001:db8::1 to 2001:db8::2
    ");
}

#[test]
fn discovery_from_beyond_the_link_is_refused() {
    let mut pair = pair();
    let message = Icmpv6Message::NeighborSolicitation {
        target: ip(2),
        source_mac: Some(MAC_A),
    };
    let group = solicited_node(ip(2));
    let header = header(NEXT_ICMPV6, ip(1), group);
    let payload = message.emit(ip(1), group);
    inject_to(&mut pair, multicast_mac(group), &header, &payload);
    assert!(pair.frames.is_empty(), "a hop limit of 64");
    let near = Ipv6Header {
        hop_limit: 255,
        ..header
    };
    inject_to(&mut pair, multicast_mac(group), &near, &payload);
    assert_eq!(pair.frames.len(), 1);
    // A frame to a group that the host is not in does not get past its interface.
    inject_to(&mut pair, [0x33, 0x33, 0xff, 0, 0, 3], &near, &payload);
    assert_eq!(pair.frames.len(), 1);
}

#[test]
fn a_test_for_duplicates_is_answered_to_all() {
    let mut pair = pair();
    let (target, group) = (ip(2), solicited_node(ip(2)));
    let from = Ipv6Addr::UNSPECIFIED;
    let message = Icmpv6Message::NeighborSolicitation {
        target,
        source_mac: None,
    };
    let header = Ipv6Header {
        hop_limit: 255,
        ..header(NEXT_ICMPV6, from, group)
    };
    let payload = message.emit(from, group);
    inject_to(&mut pair, multicast_mac(group), &header, &payload);
    last_message(&pair, |header, message| {
        let defended = NeighborAdvertisement {
            router: false,
            solicited: false,
            override_flag: true,
            target,
            target_mac: Some(MAC_B),
        };
        assert_eq!(message, Icmpv6Message::NeighborAdvertisement(defended));
        assert_eq!((header.destination, header.hop_limit), (ALL_NODES, 255));
    });
}

#[test]
fn announcements_are_taken_over() {
    let mut pair = pair();
    let to = pair.ip(B);
    pair.call(A, |host, cx| host.ping(cx, to, 7, 1, b"").unwrap());
    pair.run_for(MS * 100);
    let before = pair.frames.len();
    pair.call(B, |host, cx| host.announce(cx));
    assert_eq!(pair.frames.len(), before + 2, "one for each address");
    pair.run_for(MS * 100);
    assert_eq!(pair.frames.len(), before + 2, "nobody answers");
}

/// Extension headers with nothing special, and an echo request behind them.
#[test]
fn extension_headers_are_passed() {
    let mut pair = pair();
    let (identifier, sequence, data) = (1, 2, b"data".as_slice());
    let request = Icmpv6Message::EchoRequest {
        identifier,
        sequence,
        data,
    };
    // Hop-by-hop: router alert. Destination options: PadN. Routing: no segments left.
    let hop_by_hop = [60, 0, 5, 2, 0, 0, 1, 0];
    let options = [43, 0, 1, 4, 0, 0, 0, 0];
    let routing = [NEXT_ICMPV6, 0, 4, 0, 0, 0, 0, 0];
    let echo = request.emit(ip(1), ip(2));
    let payload = [&hop_by_hop[..], &options, &routing, &echo].concat();
    inject(&mut pair, &header(0, ip(1), ip(2)), &payload);
    pair.run_for(MS * 100);
    last_message(&pair, |_, message| {
        let reply = Icmpv6Message::EchoReply {
            identifier,
            sequence,
            data,
        };
        assert_eq!(message, reply);
    });
}

#[test]
fn what_is_not_known_is_a_parameter_problem() {
    let check = |next: u8, payload: &[u8], expected: Option<(u8, u32)>| {
        let mut pair = pair();
        inject(&mut pair, &header(next, ip(1), ip(2)), payload);
        pair.run_for(MS * 100);
        let found = pair.frames.len() > 2;
        assert_eq!(found, expected.is_some(), "{payload:?}");
        let Some((code, pointer)) = expected else {
            return;
        };
        last_message(&pair, |_, message| match message {
            Icmpv6Message::ParameterProblem {
                code: c,
                pointer: p,
                quoted,
            } => {
                assert_eq!((c, p, quoted.len()), (code, pointer, 40 + payload.len()));
            }
            other => panic!("{other:?}"),
        });
    };
    check(200, b"what?", Some((PARAMETER_NEXT_HEADER, 6)));
    // Behind destination options: the pointer goes to their next header.
    check(
        60,
        &[200, 0, 1, 4, 0, 0, 0, 0],
        Some((PARAMETER_NEXT_HEADER, 40)),
    );
    check(
        60,
        &[59, 0, 0x85, 4, 0, 0, 0, 0],
        Some((PARAMETER_OPTION, 42)),
    );
    check(60, &[59, 0, 0x45, 4, 0, 0, 0, 0], None);
    check(60, &[59, 0, 0x05, 4, 0, 0, 0, 0], None);
    check(43, &[59, 0, 0, 1, 0, 0, 0, 0], Some((0, 42)));
    check(59, b"", None);
    check(60, &[59, 9, 1], None);
    // A fragment that is not the last one has to be a multiple of 8 bytes long.
    let fragment = FragmentHeader {
        next_header: 17,
        offset: 0,
        more: true,
        identification: 1,
    };
    check(44, &[&fragment.emit()[..], b"odd"].concat(), Some((0, 4)));
    // No error is sent about an error.
    let error = Icmpv6Message::TimeExceeded {
        code: 0,
        quoted: b"",
    };
    let bytes = [
        &[NEXT_ICMPV6, 0, 0x85, 4, 0, 0, 0, 0],
        &error.emit(ip(1), ip(2))[..],
    ]
    .concat();
    check(60, &bytes, None);
}

#[test]
fn fragments_within_fragments_end() {
    let mut pair = pair();
    let fragment = |next_header| FragmentHeader {
        next_header,
        offset: 0,
        more: false,
        identification: 1,
    };
    let nested = [fragment(44).emit(), fragment(17).emit()].concat();
    inject(&mut pair, &header(44, ip(1), ip(2)), &nested);
    assert!(pair.frames.is_empty());
    assert!(
        pair.decided(B, crate::base::Time::ZERO)
            .contains("a fragment of a fragment")
    );
}

/// A packet that was sent, quoted in an error to its sender.
fn quoted_first_tcp(pair: &Pair) -> Vec<u8> {
    let is_long = |bytes: &[u8]| bytes.len() > 1000 && bytes[20] == 6;
    let frame = pair.frames.iter().find(|frame| is_long(&frame.bytes));
    frame.expect("a segment with data").bytes[14..1200].to_vec()
}

#[test]
fn packet_too_big_makes_segments_smaller() {
    let mut pair = pair();
    pair.config(
        A,
        TcpConfig {
            nagle: false,
            ..TcpConfig::default()
        },
    );
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run_for(MS * 100);
    // The path beyond is narrow: what is too big gets lost.
    pair.wire(|_, _, bytes| {
        if bytes.len() > 1414 {
            Fate::Lost
        } else {
            Fate::Whole
        }
    });
    pair.send(A, a, &[5; 3000]);
    pair.run_for(MS * 5);
    let quoted = quoted_first_tcp(&pair);
    let router = ip(99);
    for mtu in [1279, 1400] {
        let message = Icmpv6Message::PacketTooBig {
            mtu,
            quoted: &quoted,
        };
        let header = header(NEXT_ICMPV6, router, ip(1));
        let payload = message.emit(router, ip(1));
        let ethernet = EthernetHeader {
            destination: MAC_A,
            source: MAC_B,
            ether_type: ETHER_TYPE_IPV6,
        };
        let bytes = [&ethernet.emit()[..], &header.emit(payload.len()), &payload].concat();
        pair.call(A, |host, cx| host.handle_frame(cx, &bytes));
        let mss = pair.hosts[A].tcp_vars(a).snd_mss;
        assert_eq!(mss, Some(if mtu == 1400 { 1328 } else { 1428 }));
    }
    pair.run_for(Duration::from_secs(5));
    let b = pair.accepted(B);
    assert_eq!(pair.receive(B, b), [5; 3000]);
    // What is not TCP is cut for the path that is known now.
    let (to, before) = (pair.ip(B), pair.frames.len());
    pair.call(A, |host, cx| host.ping(cx, to, 7, 1, &[1; 1400]).unwrap());
    assert_eq!(pair.frames.len() - before, 2);
    assert!(
        pair.frames[before..]
            .iter()
            .all(|frame| frame.bytes.len() <= 1414)
    );
}

#[test]
fn a_port_without_a_listener_refuses() {
    let mut pair = pair();
    let a = pair.connect(A, 80);
    pair.run();
    assert_eq!(pair.tcp_events(A), [Event::Refused(a)]);
}

#[test]
fn ecn_goes_in_the_traffic_class() {
    let ecn = TcpConfig {
        ecn: true,
        ..TcpConfig::default()
    };
    let mut pair = pair();
    pair.config(A, ecn.clone());
    pair.config(B, ecn);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run_for(MS * 100);
    pair.wire(|_, from, bytes| {
        if from == A && bytes.len() > 100 {
            Fate::Marked
        } else {
            Fate::Whole
        }
    });
    pair.send(A, a, &[5; 3000]);
    pair.run_for(MS * 100);
    let text = pair.transcript();
    assert!(
        text.contains("ECT(0), len 1428") && text.contains("ECE"),
        "{text}"
    );
}

#[test]
fn garbage_is_survived() {
    let mut pair = pair();
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run_for(MS * 100);
    let to = pair.ip(B);
    pair.call(A, |host, cx| host.ping(cx, to, 7, 1, &[1; 3000]).unwrap());
    pair.run_for(MS * 100);
    let mut rng = Rng::new(5, "garbage");
    let frames: Vec<_> = pair
        .frames
        .iter()
        .map(|frame| frame.bytes.clone())
        .collect();
    for _ in 0..3000 {
        let mut bytes = frames[rng.below(frames.len() as u64) as usize].clone();
        for _ in 0..rng.below(4) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u32() as u8;
        }
        bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize);
        for side in [A, B] {
            pair.call(side, |host, cx| host.handle_frame(cx, &bytes));
        }
    }
    pair.run_for(MS * 100);
    let _ = pair.hosts[A].tcp_vars(a);
}
