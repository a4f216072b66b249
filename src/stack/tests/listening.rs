//! What a listener does when there is no room, and when the old connection is not quite over.

use std::time::Duration;

use super::MS;
use super::pair::{A, B, Fate, Pair};
use crate::stack::record::TcpState;
use crate::stack::tcp::{Event, Seq, TcpConfig};

fn backlog(backlog: usize, syn_cookies: bool) -> TcpConfig {
    TcpConfig {
        backlog,
        syn_cookies,
        ..TcpConfig::default()
    }
}

/// `A` connects `count` times to `B`, whose answers are lost at first, so that its backlog fills.
fn flood(b: TcpConfig, count: usize) -> Pair {
    let mut pair = Pair::new(1);
    pair.config(B, b);
    pair.listen(B, 80);
    pair.wire(|n, from, _| {
        if from == B && n > 1 {
            Fate::Lost
        } else {
            Fate::Whole
        }
    });
    for _ in 0..count {
        pair.connect(A, 80);
        pair.run_for(MS * 30);
    }
    pair
}

#[test]
fn a_full_backlog_leaves_a_syn_unanswered() {
    let pair = flood(backlog(2, false), 3);
    insta::assert_snapshot!(pair.transcript(), @r"
    a ARP who has 10.0.0.2? tell 10.0.0.1
    b ARP 10.0.0.2 is at 02:00:00:00:00:02
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [SYN] seq 0, win 64240
    b [SYN, ACK] seq 0, ack 1, win 65160
    a [SYN] seq 0, win 64240
    ");
    insta::assert_snapshot!(pair.decided(B, Default::default()), @r"
    RFC 9293 §3.10.7.2: too many connections in SYN-RECEIVED
    ");
}

#[test]
fn a_cookie_makes_room_without_a_backlog() {
    let mut pair = flood(backlog(1, true), 1);
    pair.wire(|_, _, _| Fate::Whole);
    let since = pair.now;
    let a = pair.connect(A, 80);
    pair.send(A, a, b"hello");
    pair.run_for(MS * 100);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 b [SYN, ACK] seq 0, ack 1, win 65160
     0 a [SYN] seq 0, win 64240
    10 b [SYN, ACK] seq 0, ack 1, win 64240
    20 a [PSH, ACK] seq 1, ack 1, win 64240, len 5
    30 b [ACK] seq 1, ack 6, win 64235
    ");
    insta::assert_snapshot!(pair.decided(B, since), @r"
    RFC 4987 §3.6: no room in the backlog: a SYN, ACK whose sequence number is a cookie
    RFC 4987 §3.6: it brings a cookie back: the connection is made from it
    ");
    let b = pair.accepted(B);
    assert_eq!(pair.receive(B, b), b"hello");
    // What the options would have agreed on is lost, and the MSS is roughly what it was.
    let vars = pair.hosts[B].tcp_vars(b);
    assert!(!vars.sack_permitted && !vars.timestamps && vars.snd_wind_shift.is_none());
    assert_eq!(vars.snd_mss, Some(1460));
    pair.send(B, b, &[7; 20_000]);
    pair.run_for(MS * 1000);
    assert_eq!(pair.receive(A, a).len(), 20_000);
}

#[test]
fn a_cookie_is_good_for_two_minutes_and_no_other_number_is() {
    let answer = |wait: u64, change: u32| {
        let mut pair = Pair::new(1);
        pair.config(B, backlog(0, true));
        pair.listen(B, 80);
        // The ACK that ends the handshake is held back, and changed.
        pair.wire(move |n, _, _| match n {
            4 => Fate::Lost,
            _ => Fate::Whole,
        });
        pair.connect(A, 80);
        pair.run_for(MS * 100);
        let mut ack = pair.frames[4].bytes.clone();
        let number = u32::from_be_bytes(ack[42..46].try_into().unwrap()).wrapping_add(change);
        ack[42..46].copy_from_slice(&number.to_be_bytes());
        super::fix_tcp_checksum(&mut ack);
        pair.run_for(Duration::from_secs(wait));
        pair.call(B, |host, cx| host.handle_frame(cx, &ack));
        let accepted = |event: &Event| matches!(event, Event::Accepted { .. });
        pair.tcp_events(B).iter().any(accepted)
    };
    assert!(answer(0, 0));
    assert!(answer(60, 0));
    assert!(!answer(129, 0));
    assert!(!answer(0, 1));
    assert!(!answer(0, 1 << 24));
}

/// `A` in TIME-WAIT, `B` as the listener's side connects again from the same port.
fn reopened(tcp: TcpConfig, wait: Duration) -> (Pair, u32) {
    let mut pair = Pair::new(1);
    pair.config(A, tcp.clone());
    pair.config(B, tcp);
    pair.listen(B, 80);
    let connect = |pair: &mut Pair| {
        let remote = (pair.ip(B), 80).into();
        pair.call(A, |host, cx| host.connect(cx, Some(7000), remote).unwrap())
    };
    let a = connect(&mut pair);
    pair.run_for(MS * 100);
    // The listener's side closes first, and waits.
    let b = pair.accepted(B);
    pair.close(B, b);
    pair.run_for(MS * 50);
    pair.close(A, a);
    pair.run_for(wait);
    assert_eq!(pair.state(A, a), TcpState::Closed);
    assert_eq!(pair.state(B, b), TcpState::TimeWait);
    let used = pair.hosts[B].tcp_vars(b).snd_nxt.unwrap();
    connect(&mut pair);
    pair.run_for(MS * 100);
    (pair, used)
}

#[test]
fn a_syn_beyond_the_old_numbers_ends_time_wait() {
    for timestamps in [true, false] {
        let tcp = TcpConfig {
            timestamps,
            ..TcpConfig::default()
        };
        let (pair, used) = reopened(tcp, MS * 100);
        let b = pair.accepted(B);
        assert_eq!(pair.state(B, b), TcpState::Established);
        let iss = pair.hosts[B].tcp_vars(b).iss.unwrap();
        assert!(Seq(used).lt(Seq(iss)));
        let why = "RFC 9293 §3.6.1: a SYN beyond all that this connection has used: TIME-WAIT";
        assert!(pair.decided(B, Default::default()).contains(why));
    }
}
