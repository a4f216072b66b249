use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use super::frame::{Aux, Frame};
use super::{AsyncLive, Live, LiveError, Options};
use crate::base::Time;
use crate::capture::packet::{Direction, Packet};

fn frame(len: usize, captured: usize, packet_type: u8, aux: Aux) -> Frame {
    Frame {
        captured,
        len,
        time: Time(7),
        aux,
        drops: 0,
        packet_type,
        hardware_type: 776,
        protocol: 0x0800,
        address: [10, 0, 0, 1, 0, 0, 0, 0],
        address_len: 4,
    }
}

fn tagged(status: u32) -> Aux {
    Aux {
        status,
        vlan_tci: 0x2064,
        vlan_tpid: 0x88a8,
    }
}

#[test]
fn a_frame_becomes_a_packet() {
    let packet = frame(60, 4, 4, Aux::default()).packet(&[1, 2, 3, 4], false);
    assert_eq!(packet.bytes[..], [1, 2, 3, 4]);
    assert_eq!(packet.original_len, 60);
    assert_eq!(packet.direction, Some(Direction::Outbound));
    assert!(!packet.checksum_not_ready);
    let packet = frame(4, 4, 0, tagged(1 << 3)).packet(&[1, 2, 3, 4], false);
    assert_eq!(packet.direction, Some(Direction::Inbound));
    assert!(packet.checksum_not_ready);
}

#[test]
fn a_vlan_tag_is_put_back() {
    let wire: Vec<u8> = (0..20).collect();
    for (status, tpid) in [(1 << 4, [0x81, 0x00]), (1 << 4 | 1 << 6, [0x88, 0xa8])] {
        let mut buffer = wire.clone();
        buffer.resize(64, 0);
        let packet = frame(20, 20, 0, tagged(status)).packet(&buffer, false);
        let expected = [&wire[..12], &tpid, &[0x20, 0x64], &wire[12..]].concat();
        assert_eq!(packet.bytes[..], expected);
        assert_eq!(packet.original_len, 24);
    }
    // What was cut before the tag's place gets none, and the snapshot length holds with the tag too.
    let packet = frame(20, 10, 0, tagged(1 << 4)).packet(&wire[..10], false);
    assert_eq!(packet.bytes[..], wire[..10]);
    let packet = frame(20, 14, 0, tagged(1 << 4)).packet(&wire[..14], false);
    assert_eq!(packet.bytes[..], [&wire[..12], &[0x81, 0]].concat());
    assert_eq!(packet.original_len, 24);
}

#[test]
fn a_cooked_header_stands_in_for_one_that_is_not_known() {
    let mut buffer = vec![0x45, 0, 0, 20];
    buffer.resize(64, 0);
    let packet = frame(20, 4, 4, Aux::default()).packet(&buffer, true);
    let header = [0, 4, 3, 8, 0, 4, 10, 0, 0, 1, 0, 0, 0, 0, 8, 0];
    assert_eq!(packet.bytes[..], [&header[..], &[0x45, 0, 0, 20]].concat());
    assert_eq!(packet.original_len, 36);
}

/// Runs a test on a thread in a network namespace of its own, where only loopback is.
fn on_a_host_of_its_own(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: no pointers; it concerns this thread alone.
            assert_eq!(
                unsafe { libc::unshare(libc::CLONE_NEWNET) },
                0,
                "root is needed"
            );
            let up = Command::new("ip")
                .args(["link", "set", "lo", "up"])
                .status();
            assert!(up.expect("ip runs").success());
            test();
        });
        thread.join().expect("the test passes");
    });
}

/// A sender and a receiver of datagrams over loopback.
fn datagrams() -> (UdpSocket, UdpSocket) {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let to = receiver.local_addr().expect("an address");
    sender.connect(to).expect("a receiver");
    (sender, receiver)
}

/// What the datagram in this packet says.
fn said(packet: &Packet) -> &[u8] {
    &packet.bytes[42..]
}

fn open(options: &Options) -> Live {
    Live::open("lo", options).expect("root may")
}

#[test]
#[ignore = "needs root and ip"]
fn each_frame_comes_once_and_waiting_ends() {
    on_a_host_of_its_own(|| {
        let mut live = open(&Options::default());
        assert_eq!(live.try_next().expect("a capture"), None);
        let short = Some(Duration::from_millis(20));
        assert_eq!(live.next(short).expect("a capture"), None);
        let (sender, _receiver) = datagrams();
        for text in ["one", "two"] {
            sender.send(text.as_bytes()).expect("sent");
        }
        let first = live.next(None).expect("a capture").expect("a packet");
        let second = live.next(None).expect("a capture").expect("a packet");
        assert_eq!((said(&first), said(&second)), (&b"one"[..], &b"two"[..]));
        assert!(first.time <= second.time && first.time > Time(1_500_000_000_000_000_000));
        assert_eq!(live.next(short).expect("a capture"), None);
        let counts = live.counts();
        assert_eq!((counts.received, counts.dropped), (2, 0));
    });
}

#[test]
#[ignore = "needs root and ip"]
fn what_the_kernel_had_no_room_for_is_counted() {
    on_a_host_of_its_own(|| {
        let mut live = open(&Options {
            kernel_buffer: 8192,
            ..Options::default()
        });
        let (sender, _receiver) = datagrams();
        for _ in 0..1000 {
            sender.send(&[7; 100]).expect("sent");
        }
        let mut kept = 0;
        while live.try_next().expect("a capture").is_some() {
            kept += 1;
        }
        // The next one after the gap tells of it.
        sender.send(b"after").expect("sent");
        let after = live.next(None).expect("a capture").expect("a packet");
        assert_eq!(said(&after), b"after");
        let counts = live.counts();
        assert!(kept > 0 && counts.dropped > 0, "{kept} {counts:?}");
        assert_eq!((counts.received, counts.dropped), (1001, 1000 - kept));
        assert_eq!(after.dropped, counts.dropped);
    });
}

#[test]
#[ignore = "needs root and ip"]
fn frames_of_before_the_opening_and_of_other_interfaces_do_not_come() {
    on_a_host_of_its_own(|| {
        let make = "link add left type veth peer name right";
        for command in [make, "link set left up", "link set right up"] {
            let status = Command::new("ip").args(command.split(' ')).status();
            assert!(status.expect("ip runs").success());
        }
        let (sender, _receiver) = datagrams();
        sender.send(b"before").expect("sent");
        let mut live = Live::open("left", &Options::default()).expect("root may");
        sender.send(b"elsewhere").expect("sent");
        while let Some(packet) = live.try_next().expect("a capture") {
            // The kernel itself speaks IPv6 here.
            assert_eq!(packet.bytes[12..14], [0x86, 0xdd]);
        }
    });
}

#[test]
#[ignore = "needs root and ip"]
fn a_runtime_takes_packets_as_they_come_and_learns_of_the_end() {
    on_a_host_of_its_own(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let mut live = AsyncLive::new(open(&Options::default())).expect("registered");
            let (sender, _receiver) = datagrams();
            sender.send(b"one").expect("sent");
            assert_eq!(said(&live.next().await.expect("a packet")), b"one");
            let send = async {
                tokio::task::yield_now().await;
                sender.send(b"two").expect("sent");
            };
            let (packet, ()) = tokio::join!(live.next(), send);
            assert_eq!(said(&packet.expect("a packet")), b"two");
            sender.send(b"last").expect("sent");
            let down = Command::new("ip")
                .args(["link", "set", "lo", "down"])
                .status();
            assert!(down.expect("ip runs").success());
            // What had come before is not lost.
            assert_eq!(said(&live.next().await.expect("a packet")), b"last");
            let end = live.next().await.expect_err("the interface is down");
            assert!(matches!(end, LiveError::WentDown(_)), "{end}");
        });
    });
}
