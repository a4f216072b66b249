//! How long a silent peer is waited for.

use std::time::Duration;

use super::MS;
use super::pair::{A, B, Fate, Pair};
use crate::stack::record::TcpState;
use crate::stack::tcp::{Event, TcpConfig};

fn keep_alive(probes: u32) -> TcpConfig {
    TcpConfig {
        keep_alive: Some(Duration::from_secs(60)),
        keep_alive_interval: Duration::from_secs(5),
        keep_alive_probes: probes,
        ..TcpConfig::default()
    }
}

#[test]
fn a_silent_peer_is_asked_and_answers() {
    let (mut pair, [a, _]) = Pair::established([keep_alive(2), TcpConfig::default()]);
    let since = pair.now;
    pair.run_for(MS * 130_000);
    insta::assert_snapshot!(pair.timed(since), @r"
     59940 a ARP who has 10.0.0.2? tell 10.0.0.1
     59950 b ARP 10.0.0.2 is at 02:00:00:00:00:02
     59960 a [ACK] seq 0, ack 1, win 501
     59970 b [ACK] seq 1, ack 1, win 509
    119980 a ARP who has 10.0.0.2? tell 10.0.0.1
    119990 b ARP 10.0.0.2 is at 02:00:00:00:00:02
    120000 a [ACK] seq 0, ack 1, win 501
    120010 b [ACK] seq 1, ack 1, win 509
    ");
    insta::assert_snapshot!(pair.decided(B, since), @r"
    RFC 9293 §3.8.4: empty, and one number too old: it asks whether we are alive
    RFC 9293 §3.8.4: empty, and one number too old: it asks whether we are alive
    ");
    assert_eq!(pair.state(A, a), TcpState::Established);
}

#[test]
fn a_peer_that_does_not_answer_is_taken_for_dead() {
    let (mut pair, [a, _]) = Pair::established([keep_alive(2), TcpConfig::default()]);
    let since = pair.now;
    // It answers ARP, and nothing else.
    pair.wire(|_, from, bytes| match bytes[12..14] {
        [8, 0] if from == B => Fate::Lost,
        _ => Fate::Whole,
    });
    pair.run_for(MS * 130_000);
    insta::assert_snapshot!(pair.timed(since), @r"
    59940 a ARP who has 10.0.0.2? tell 10.0.0.1
    59950 b ARP 10.0.0.2 is at 02:00:00:00:00:02
    59960 a [ACK] seq 0, ack 1, win 501
    59970 b [ACK] seq 1, ack 1, win 509
    64940 a [ACK] seq 0, ack 1, win 501
    64950 b [ACK] seq 1, ack 1, win 509
    69940 a [RST] seq 1, win 0
    ");
    assert_eq!(pair.tcp_events(A).last(), Some(&Event::TimedOut(a)));
    assert_eq!(pair.state(A, a), TcpState::Closed);
}

#[test]
fn without_keep_alive_silence_lasts() {
    let (mut pair, _) = Pair::established([TcpConfig::default(), TcpConfig::default()]);
    let since = pair.now;
    pair.run_for(Duration::from_secs(1_000_000));
    assert_eq!(pair.timed(since), "");
}

/// When the connection of `A` ends whose peer says nothing any more, in milliseconds.
fn ends_after(tcp: TcpConfig, wanted: Duration) -> (u64, Vec<Event>) {
    let (mut pair, [a, _]) = Pair::established([tcp, TcpConfig::default()]);
    pair.wire(|_, _, _| Fate::Lost);
    let since = pair.now;
    pair.send(A, a, b"anyone?");
    while pair.state(A, a) != TcpState::Closed && pair.now.since(since) < wanted * 2 {
        pair.run_for(MS * 10);
    }
    let millis = pair.now.since(since).as_millis() as u64;
    (millis, pair.tcp_events(A))
}

#[test]
fn the_user_timeout_takes_the_place_of_r2() {
    for seconds in [3, 17, 400] {
        let span = Duration::from_secs(seconds);
        let tcp = TcpConfig {
            user_timeout: Some(span),
            ..TcpConfig::default()
        };
        let (millis, events) = ends_after(tcp, span);
        assert_eq!(millis, seconds * 1000, "{events:?}");
        assert!(matches!(events.last(), Some(Event::TimedOut(_))));
    }
}

/// Progress starts the user time-out anew, and a peer that only keeps its window closed makes none.
#[test]
fn the_user_timeout_counts_from_the_last_progress() {
    let tcp = TcpConfig {
        user_timeout: Some(Duration::from_secs(30)),
        ..TcpConfig::default()
    };
    let small = TcpConfig {
        receive_buffer: 2000,
        ..TcpConfig::default()
    };
    let (mut pair, [a, b]) = Pair::established([tcp, small]);
    pair.send(A, a, &[1; 5000]);
    pair.run_for(MS * 20_000);
    assert!(!pair.receive(B, b).is_empty());
    pair.run_for(MS * 29_000);
    assert_eq!(pair.state(A, a), TcpState::Established);
    pair.run_for(MS * 10_000);
    assert_eq!(pair.tcp_events(A).last(), Some(&Event::TimedOut(a)));
}

#[test]
fn fin_wait_2_ends_when_nobody_reads() {
    let limited = TcpConfig {
        fin_wait_2: Some(Duration::from_secs(60)),
        ..TcpConfig::default()
    };
    let after_a_minute = |tcp: &TcpConfig, half: bool| {
        let (mut pair, [a, _]) = Pair::established([tcp.clone(), TcpConfig::default()]);
        if half {
            pair.call(A, |host, cx| host.shutdown(cx, a));
        } else {
            pair.close(A, a);
        }
        pair.run_for(MS * 59_000);
        assert_eq!(pair.state(A, a), TcpState::FinWait2);
        pair.run_for(MS * 2_000);
        pair.state(A, a)
    };
    assert_eq!(after_a_minute(&limited, false), TcpState::Closed);
    // After a half close there is a reader.
    assert_eq!(after_a_minute(&limited, true), TcpState::FinWait2);
    assert_eq!(
        after_a_minute(&TcpConfig::default(), false),
        TcpState::FinWait2
    );
}
