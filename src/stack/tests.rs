//! Two hosts back to back: what the whole stack does, with and without faults on the wire.

mod ecn;
mod ipv6;
mod listening;
mod pair;
mod patience;
mod properties;
mod recovery;
mod waiting;

use std::time::Duration;

use super::host::HostEventKind;
use super::record::{TcpState, What};
use super::tcp::{Event, TcpConfig, Unreachable};
use crate::base::{Rng, Time};
use crate::proto::ethernet::EthernetHeader;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::tcp::{TcpFlags, TcpHeader};
use pair::{A, B, Fate, Pair, text_of};

const MS: Duration = Duration::from_millis(1);

/// The Nagle algorithm is in the way where a test is about something else.
fn without_nagle() -> TcpConfig {
    TcpConfig {
        nagle: false,
        ..TcpConfig::default()
    }
}

#[test]
fn a_conversation_frame_by_frame() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    assert_eq!(pair.send(A, a, b"hello"), 5);
    pair.run();
    assert_eq!(pair.receive(B, b), b"hello");
    assert_eq!(pair.send(B, b, b"world!"), 6);
    pair.run();
    assert_eq!(pair.receive(A, a), b"world!");
    pair.close(A, a);
    pair.run_for(MS * 100);
    pair.close(B, b);
    pair.run_for(MS * 100);
    assert_eq!(pair.state(A, a), TcpState::TimeWait);
    assert_eq!(pair.state(B, b), TcpState::Closed);
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::Closed);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [ACK] seq 1, ack 1, win 501
    a [PSH, ACK] seq 1, ack 1, win 501, len 5
    b [ACK] seq 1, ack 6, win 509
    b [PSH, ACK] seq 1, ack 6, win 509, len 6
    a [ACK] seq 6, ack 7, win 501
    a [FIN, ACK] seq 6, ack 7, win 501
    b [ACK] seq 7, ack 7, win 509
    b [FIN, ACK] seq 7, ack 7, win 509
    a [ACK] seq 7, ack 8, win 501
    ");
}

#[test]
fn another_seed_gives_other_numbers() {
    let isns = |seed| {
        let mut pair = Pair::new(seed);
        pair.listen(B, 80);
        let a = pair.connect(A, 80);
        pair.run();
        let vars = pair.hosts[A].tcp_vars(a);
        (vars.iss, vars.irs, vars.local.port())
    };
    assert_eq!(isns(1), isns(1));
    let ((iss, irs, _), (other_iss, other_irs, _)) = (isns(1), isns(2));
    assert!(iss != other_iss && irs != other_irs && iss != irs);
}

#[test]
fn every_frame_can_be_traced_to_the_first_call() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    pair.connect(A, 80);
    pair.run();
    let records = pair.log.records();
    for frame in &pair.frames {
        let mut layers = Vec::new();
        let mut at = frame.cause;
        while let Some(id) = at {
            let record = &records[id.index()];
            if let What::Down(unit) = &record.what {
                layers.push(unit.protocol);
            }
            at = record.cause;
        }
        let expected: &[&str] = match frame.bytes[12..14] {
            [8, 6] => &["eth", "arp"],
            _ => &["eth", "ip", "tcp"],
        };
        assert_eq!(&layers[..expected.len()], expected);
    }
}

#[test]
fn recording_changes_no_frame() {
    let frames = |recording: bool| {
        let mut pair = Pair::new(3);
        if !recording {
            pair.log = super::record::Log::off();
        }
        pair.listen(B, 80);
        let a = pair.connect(A, 80);
        pair.run();
        pair.send(A, a, &[7; 10_000]);
        pair.run();
        pair.frames
            .into_iter()
            .map(|frame| frame.bytes)
            .collect::<Vec<_>>()
    };
    assert_eq!(frames(true), frames(false));
}

#[test]
fn a_closed_port_refuses() {
    let mut pair = Pair::new(1);
    let a = pair.connect(A, 81);
    pair.run();
    assert_eq!(pair.tcp_events(A), [Event::Refused(a)]);
    assert_eq!(pair.state(A, a), TcpState::Closed);
    assert_eq!(
        pair.transcript().lines().last().unwrap(),
        "b [RST, ACK] seq 0, ack 1, win 0"
    );
}

#[test]
fn nobody_answers_arp() {
    let mut pair = Pair::new(1);
    let remote = "10.0.0.77:80".parse().unwrap();
    let a = pair.call(A, |host, cx| host.connect(cx, None, remote).unwrap());
    pair.run();
    assert_eq!(
        pair.tcp_events(A),
        [Event::Unreachable(a, Unreachable::Host)]
    );
    assert_eq!(pair.frames.len(), 3);
    assert_eq!(pair.now, Time::ZERO + MS * 3000);
}

#[test]
fn no_way_to_another_network() {
    let mut pair = Pair::new(1);
    let remote = "10.9.0.77:80".parse().unwrap();
    let a = pair.call(A, |host, cx| host.connect(cx, None, remote).unwrap());
    pair.run();
    assert_eq!(
        pair.tcp_events(A),
        [Event::Unreachable(a, Unreachable::Net)]
    );
    assert!(pair.frames.is_empty());
}

#[test]
fn a_host_connects_to_itself() {
    let mut pair = Pair::new(1);
    pair.listen(A, 80);
    let remote = "10.0.0.1:80".parse().unwrap();
    let a = pair.call(A, |host, cx| host.connect(cx, None, remote).unwrap());
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::Established);
    assert!(pair.frames.is_empty());
}

#[test]
fn ping_is_answered_even_in_fragments() {
    for len in [0, 56, 1472, 1473, 10_000] {
        let mut pair = Pair::new(1);
        let data: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let to = pair.ip(B);
        pair.call(A, |host, cx| host.ping(cx, to, 7, 1, &data).unwrap());
        pair.run();
        let reply = HostEventKind::EchoReply {
            from: to,
            identifier: 7,
            sequence: 1,
            len,
        };
        assert_eq!(
            pair.events[A].iter().map(|e| &e.kind).collect::<Vec<_>>(),
            [&reply]
        );
        let per_way = (len + 8).div_ceil(1480);
        assert_eq!(pair.frames.len(), 2 + 2 * per_way);
    }
}

#[test]
fn a_lost_fragment_is_reported() {
    let mut pair = Pair::new(1);
    // ARP, ARP, then the first of two fragments and the second, which is lost.
    pair.wire(|n, _, _| if n == 3 { Fate::Lost } else { Fate::Whole });
    let to = pair.ip(B);
    let port = pair.hosts[A].udp_bind(None).unwrap();
    let remote = (to, 9).into();
    pair.call(A, |host, cx| {
        host.udp_send_to(cx, port, remote, &[1; 2000]).unwrap()
    });
    pair.run();
    let why = Unreachable::TimeExceeded;
    let expected = HostEventKind::UdpUnreachable { port, remote, why };
    assert_eq!(
        pair.events[A].iter().map(|e| &e.kind).collect::<Vec<_>>(),
        [&expected]
    );
}

#[test]
fn datagrams_and_unbound_ports() {
    let mut pair = Pair::new(1);
    let to = pair.ip(B);
    let port = pair.hosts[A].udp_bind(None).unwrap();
    assert_eq!(pair.hosts[B].udp_bind(Some(7)), Ok(7));
    assert!(pair.hosts[B].udp_bind(Some(7)).is_err());
    for remote in [7, 8] {
        let remote = (to, remote).into();
        pair.call(A, |host, cx| {
            host.udp_send_to(cx, port, remote, b"hi").unwrap()
        });
        pair.run();
    }
    let datagram = pair.hosts[B].udp_receive(7).unwrap();
    assert_eq!(
        (datagram.from.port(), datagram.bytes),
        (port, b"hi".to_vec())
    );
    assert_eq!(pair.hosts[B].udp_receive(7), None);
    let refused = HostEventKind::UdpUnreachable {
        port,
        remote: (to, 8).into(),
        why: Unreachable::Port,
    };
    assert_eq!(
        pair.events[A].iter().map(|e| &e.kind).collect::<Vec<_>>(),
        [&refused]
    );
}

/// The times of the frames that `A` sent which carry a SYN, in seconds.
fn syn_times(pair: &Pair) -> Vec<u64> {
    let is_syn = |bytes: &[u8]| text_of(bytes, &mut |_| (0, 0)).contains("[SYN]");
    pair.frames
        .iter()
        .filter(|frame| frame.from == A && is_syn(&frame.bytes))
        .map(|frame| frame.sent_at.0 / 1_000_000_000)
        .collect()
}

#[test]
fn a_syn_is_repeated_until_r2() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    pair.wire(|_, _, bytes| match bytes[12..14] {
        [8, 6] => Fate::Whole,
        _ => Fate::Lost,
    });
    let a = pair.connect(A, 80);
    pair.run();
    assert_eq!(syn_times(&pair), [0, 1, 3, 7, 15, 31, 63, 123]);
    assert_eq!(pair.tcp_events(A), [Event::TimedOut(a)]);
    assert_eq!(pair.now.0 / 1_000_000_000, 183);
}

#[test]
fn a_lost_syn_ack_is_repeated() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    pair.wire(|n, _, _| if n == 3 { Fate::Lost } else { Fate::Whole });
    let a = pair.connect(A, 80);
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::Established);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [ACK] seq 1, ack 1, win 501
    ");
}

#[test]
fn a_lost_segment_is_repeated_and_sack_names_the_rest() {
    let mut pair = Pair::new(1);
    pair.config(A, without_nagle());
    pair.listen(B, 80);
    pair.wire(|n, _, _| if n == 6 { Fate::Lost } else { Fate::Whole });
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    let sent: Vec<u8> = (0..4000).map(|i| i as u8).collect();
    pair.send(A, a, &sent);
    pair.run();
    assert_eq!(pair.receive(B, b), sent);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [ACK] seq 1, ack 1, win 501
    a [ACK] seq 1, ack 1, win 501, len 1448
    a [ACK] seq 1449, ack 1, win 501, len 1448
    a [PSH, ACK] seq 2897, ack 1, win 501, len 1104
    b [ACK] seq 1, ack 1449, win 497
    b [ACK] seq 1, ack 1449, win 497, sack 2897 to 4001
    a [ACK] seq 1449, ack 1, win 501, len 1448
    b [ACK] seq 1, ack 4001, win 477
    ");
}

#[test]
fn a_closed_window_is_probed_and_opens() {
    let mut pair = Pair::new(1);
    pair.config(A, without_nagle());
    pair.config(
        B,
        TcpConfig {
            receive_buffer: 4096,
            ..TcpConfig::default()
        },
    );
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.send(A, a, &[1; 10_000]);
    pair.run_for(MS * 8_000);
    assert_eq!(pair.hosts[B].readable(b), 4096);
    let mut got = 0;
    for _ in 0..20 {
        got += pair.receive(B, b).len();
        pair.run_for(MS * 10);
    }
    assert_eq!(got, 10_000);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 4096
    a [ACK] seq 1, ack 1, win 501
    a [ACK] seq 1, ack 1, win 501, len 1448
    a [ACK] seq 1449, ack 1, win 501, len 1448
    b [ACK] seq 1, ack 1449, win 2648
    b [ACK] seq 1, ack 2897, win 1200
    a [ACK] seq 2897, ack 1, win 501, len 1200
    b [ACK] seq 1, ack 4097, win 0
    a [ACK] seq 4097, ack 1, win 501, len 1
    b [ACK] seq 1, ack 4097, win 0
    a [ACK] seq 4097, ack 1, win 501, len 1
    b [ACK] seq 1, ack 4097, win 0
    b [ACK] seq 1, ack 4097, win 4096
    a [ACK] seq 4097, ack 1, win 501, len 1448
    a [ACK] seq 5545, ack 1, win 501, len 1448
    b [ACK] seq 1, ack 5545, win 2648
    b [ACK] seq 1, ack 6993, win 1200
    b [ACK] seq 1, ack 6993, win 4096
    a [ACK] seq 6993, ack 1, win 501, len 1448
    a [ACK] seq 8441, ack 1, win 501, len 1448
    a [PSH, ACK] seq 9889, ack 1, win 501, len 112
    b [ACK] seq 1, ack 8441, win 2648
    b [ACK] seq 1, ack 9889, win 1200
    b [ACK] seq 1, ack 10001, win 1088
    b [ACK] seq 1, ack 10001, win 4096
    ");
}

#[test]
fn a_window_update_that_is_lost_is_found_by_a_probe() {
    let mut pair = Pair::new(1);
    pair.config(
        B,
        TcpConfig {
            receive_buffer: 2048,
            ..TcpConfig::default()
        },
    );
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.send(A, a, &[1; 3000]);
    pair.run_for(MS * 500);
    pair.wire(|_, from, _| if from == B { Fate::Lost } else { Fate::Whole });
    let first = pair.receive(B, b).len();
    assert!(first < 3000);
    pair.run_for(MS * 10);
    pair.wire(|_, _, _| Fate::Whole);
    pair.run_for(MS * 10_000);
    assert_eq!(first + pair.receive(B, b).len(), 3000);
}

#[test]
fn half_close_lets_the_answer_through() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.send(A, a, b"question");
    pair.call(A, |host, cx| host.shutdown(cx, a));
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::FinWait2);
    assert_eq!(pair.state(B, b), TcpState::CloseWait);
    assert!(pair.tcp_events(B).contains(&Event::PeerClosed(b)));
    assert_eq!(pair.send(A, a, b"more"), 0);
    assert_eq!(pair.receive(B, b), b"question");
    pair.send(B, b, b"answer");
    pair.close(B, b);
    pair.run_for(MS * 50);
    assert_eq!(pair.receive(A, a), b"answer");
    assert_eq!(pair.state(A, a), TcpState::TimeWait);
    assert_eq!(pair.state(B, b), TcpState::Closed);
}

#[test]
fn both_close_at_the_same_time() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.close(A, a);
    pair.close(B, b);
    pair.run_for(MS * 50);
    assert_eq!(pair.state(A, a), TcpState::TimeWait);
    assert_eq!(pair.state(B, b), TcpState::TimeWait);
    let went_through_closing = |record: &&super::record::Record| {
        matches!(
            record.what,
            What::TcpState {
                to: TcpState::Closing,
                ..
            }
        )
    };
    assert_eq!(
        pair.log
            .records()
            .iter()
            .filter(went_through_closing)
            .count(),
        2
    );
}

#[test]
fn both_open_at_the_same_time() {
    let mut pair = Pair::new(1);
    let open = |to: &str, port| {
        let remote = to.parse().unwrap();
        move |host: &mut super::host::Host, cx: &mut super::cx::Cx<'_>| {
            host.connect(cx, Some(port), remote).unwrap()
        }
    };
    let a = pair.call(A, open("10.0.0.2:7002", 7001));
    let b = pair.call(B, open("10.0.0.1:7001", 7002));
    pair.run();
    assert_eq!(pair.state(A, a), TcpState::Established);
    assert_eq!(pair.state(B, b), TcpState::Established);
    assert_eq!(pair.tcp_events(A), [Event::Connected(a)]);
    pair.send(A, a, b"x");
    pair.run();
    assert_eq!(pair.receive(B, b), b"x");
}

#[test]
fn abort_resets_the_peer() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.call(A, |host, cx| host.abort(cx, a));
    pair.run();
    assert!(pair.tcp_events(B).contains(&Event::Reset(b)));
    assert_eq!(pair.state(A, a), TcpState::Closed);
    assert_eq!(pair.state(B, b), TcpState::Closed);
}

#[test]
fn data_for_a_closed_reader_are_reset() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.close(A, a);
    pair.run_for(MS * 50);
    pair.send(B, b, b"too late");
    pair.run();
    assert!(pair.tcp_events(B).contains(&Event::Reset(b)));
    assert_eq!(pair.state(A, a), TcpState::Closed);
}

#[test]
fn closing_with_data_unread_resets() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    let b = pair.accepted(B);
    pair.send(A, a, b"never read");
    pair.run();
    pair.close(B, b);
    pair.run();
    assert!(pair.tcp_events(A).contains(&Event::Reset(a)));
}

/// Every frame on the wire is one that its receiver takes: lengths, padding and checksums are right.
#[test]
fn frames_are_well_formed() {
    let mut pair = Pair::new(9);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
    pair.send(A, a, &[3; 5001]);
    pair.run();
    for frame in &pair.frames {
        assert!((60..=1514).contains(&frame.bytes.len()));
        let (ethernet, packet) = EthernetHeader::parse(&frame.bytes).unwrap();
        if ethernet.ether_type == 0x0800 {
            let (ip, segment) = Ipv4Header::parse(packet).unwrap();
            let (tcp, _) = TcpHeader::parse(ip.source, ip.destination, segment).unwrap();
            assert!(ip.dont_fragment && ip.ttl == 64);
            assert!(!tcp.flags.has(TcpFlags::URG));
        }
    }
}

#[test]
fn garbage_is_survived() {
    let mut pair = Pair::new(1);
    pair.listen(B, 80);
    let a = pair.connect(A, 80);
    pair.run();
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

/// Makes the checksum of an IPv4 frame's TCP segment right again.
fn fix_tcp_checksum(frame: &mut Vec<u8>) {
    let (ip, segment) = Ipv4Header::parse(&frame[14..]).unwrap();
    let (header, text) = TcpHeader::parse_unchecked(segment).unwrap();
    let segment = header.emit(ip.source, ip.destination, text);
    frame.truncate(34);
    frame.extend(segment);
}
