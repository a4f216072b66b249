//! Explicit congestion notification between two hosts.

use super::MS;
use super::pair::{A, B, Fate, Pair};
use crate::base::Time;
use crate::stack::tcp::{CongestionAlgorithm, TcpConfig};

fn with(ecn: bool) -> TcpConfig {
    TcpConfig {
        ecn,
        ..TcpConfig::default()
    }
}

#[test]
fn both_have_to_take_part() {
    for (ours, theirs) in [(true, true), (true, false), (false, true), (false, false)] {
        let (mut pair, [a, b]) = Pair::established([with(ours), with(theirs)]);
        let both = ours && theirs;
        assert_eq!(pair.hosts[A].tcp_vars(a).ecn, both);
        assert_eq!(pair.hosts[B].tcp_vars(b).ecn, both);
        pair.send(A, a, b"data");
        pair.run_for(MS * 50);
        assert_eq!(
            pair.transcript().contains("ECT(0)"),
            both,
            "{ours} {theirs}"
        );
    }
}

#[test]
fn a_mark_is_echoed_until_the_sender_has_slowed_down() {
    let (mut pair, [a, b]) = Pair::established([with(true), with(true)]);
    let (first, since) = (pair.frames.len(), pair.now);
    pair.wire(move |n, _, _| {
        if n == first {
            Fate::Marked
        } else {
            Fate::Whole
        }
    });
    for _ in 0..3 {
        pair.send(A, a, &[1; 1448 * 2]);
        pair.run_for(MS * 50);
    }
    assert_eq!(pair.receive(B, b).len(), 1448 * 6);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN, ECE, CWR] seq 0, win 64240
    b [SYN, ACK, ECE] seq 0, ack 1, win 65160
    a [ACK] seq 1, ack 1, win 501
    a [ACK] seq 1, ack 1, win 501, ECT(0), len 1448
    a [PSH, ACK] seq 1449, ack 1, win 501, ECT(0), len 1448
    b [ACK, ECE] seq 1, ack 1449, win 497
    b [ACK, ECE] seq 1, ack 2897, win 486
    a [ACK, CWR] seq 2897, ack 1, win 501, ECT(0), len 1448
    a [PSH, ACK] seq 4345, ack 1, win 501, ECT(0), len 1448
    b [ACK] seq 1, ack 4345, win 475
    b [ACK] seq 1, ack 5793, win 463
    a [ACK] seq 5793, ack 1, win 501, ECT(0), len 1448
    a [PSH, ACK] seq 7241, ack 1, win 501, ECT(0), len 1448
    b [ACK] seq 1, ack 7241, win 452
    b [ACK] seq 1, ack 8689, win 441
    ");
    insta::assert_snapshot!(pair.decided(A, since), @r"
    RFC 3168 §6.1.2: ECE: a queue on the way is long; slows down as for a loss, and says so (CWR)
    ");
    insta::assert_snapshot!(pair.decided(B, since), @r"
    RFC 3168 §6.1.3: marked on its way (CE): ECE with every acknowledgment, until the peer slows down
    RFC 3168 §6.1.3: the peer has slowed down (CWR): no more ECE
    ");
}

/// Each congestion control slows down, once for all that was under way, and none grows by an acknowledgment that
/// says so.
#[test]
fn a_mark_reduces_cwnd_once_a_window() {
    for (congestion, part) in [
        (CongestionAlgorithm::Reno, Some(5)),
        (CongestionAlgorithm::Cubic, Some(7)),
        (CongestionAlgorithm::None, None),
    ] {
        let tcp = TcpConfig {
            congestion,
            ..with(true)
        };
        let (mut pair, [a, _]) = Pair::established([tcp, with(true)]);
        let before = pair.hosts[A].tcp_vars(a).cwnd;
        let first = pair.frames.len();
        pair.wire(move |n, _, _| match n - first {
            0..2 => Fate::Marked,
            _ => Fate::Whole,
        });
        pair.send(A, a, &[1; 1448 * 10]);
        pair.run_for(MS * 21);
        let after = pair.hosts[A].tcp_vars(a).cwnd;
        let wanted = before.zip(part).map(|(before, part)| before * part / 10);
        assert_eq!(after, wanted, "{congestion:?}");
    }
}

#[test]
fn what_is_sent_again_is_not_to_be_marked() {
    let (mut pair, [a, _]) = Pair::established([with(true), with(true)]);
    let (first, since) = (pair.frames.len(), pair.now);
    pair.wire(move |n, _, _| if n == first { Fate::Lost } else { Fate::Whole });
    pair.send(A, a, b"lost");
    pair.run_for(MS * 1500);
    insta::assert_snapshot!(pair.timed(since), @r"
       0 a [PSH, ACK] seq 1, ack 1, win 501, ECT(0), len 4
    1000 a [PSH, ACK] seq 1, ack 1, win 501, len 4
    1010 b [ACK] seq 1, ack 5, win 509
    ");
}

#[test]
fn a_lost_syn_is_repeated_without_ecn() {
    let mut pair = Pair::new(1);
    pair.config(A, with(true));
    pair.config(B, with(true));
    pair.listen(B, 80);
    pair.wire(|n, _, _| if n == 2 { Fate::Lost } else { Fate::Whole });
    pair.connect(A, 80);
    pair.run_for(MS * 1500);
    insta::assert_snapshot!(pair.timed(Time::ZERO), @r"
       0 a ARP who has 10.0.0.2? tell 10.0.0.1
      10 b ARP 10.0.0.2 is at 02:00:00:00:00:02
      20 a [SYN, ECE, CWR] seq 0, win 64240
    1000 a [SYN] seq 0, win 64240
    1010 b [SYN, ACK] seq 0, ack 1, win 65160
    1020 a [ACK] seq 1, ack 1, win 501
    ");
}
