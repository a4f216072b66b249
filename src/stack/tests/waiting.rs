//! What waits for company: acknowledgments and small segments.

use std::time::Duration;

use super::MS;
use super::pair::{A, B, Fate, Pair};
use crate::stack::record::{TimerAction, What};
use crate::stack::tcp::TcpConfig;

/// Acknowledgments wait for so many milliseconds.
fn delayed(millis: u64) -> TcpConfig {
    TcpConfig {
        delayed_ack: Some(Duration::from_millis(millis)),
        ..TcpConfig::default()
    }
}

fn nagle(nagle: bool) -> TcpConfig {
    TcpConfig {
        nagle,
        ..TcpConfig::default()
    }
}

/// `A` writes so many bytes at once; what goes over the wire, with its times.
fn after_write(b: TcpConfig, len: usize) -> String {
    let (mut pair, [a, _]) = Pair::established([nagle(false), b]);
    let since = pair.now;
    pair.send(A, a, &vec![1; len]);
    pair.run_for(MS * 1000);
    pair.timed(since)
}

#[test]
fn an_acknowledgment_waits_for_a_second_full_segment_or_its_time() {
    insta::assert_snapshot!(after_write(delayed(200), 1448 * 5), @r"
      0 a [ACK] seq 1, ack 1, win 501, len 1448
      0 a [ACK] seq 1449, ack 1, win 501, len 1448
      0 a [ACK] seq 2897, ack 1, win 501, len 1448
      0 a [ACK] seq 4345, ack 1, win 501, len 1448
      0 a [PSH, ACK] seq 5793, ack 1, win 501, len 1448
     10 b [ACK] seq 1, ack 2897, win 486
     10 b [ACK] seq 1, ack 5793, win 463
    210 b [ACK] seq 1, ack 7241, win 452
    ");
    // However long it is asked to wait, 500 ms are the most.
    insta::assert_snapshot!(after_write(delayed(900), 5), @r"
      0 a [PSH, ACK] seq 1, ack 1, win 501, len 5
    510 b [ACK] seq 1, ack 6, win 509
    ");
    // Small segments do not count as full ones.
    let (mut pair, [a, _]) = Pair::established([nagle(false), delayed(200)]);
    let since = pair.now;
    for _ in 0..4 {
        pair.send(A, a, b"few");
        pair.run_for(MS);
    }
    pair.run_for(MS * 1000);
    insta::assert_snapshot!(pair.timed(since), @r"
      0 a [PSH, ACK] seq 1, ack 1, win 501, len 3
      1 a [PSH, ACK] seq 4, ack 1, win 501, len 3
      2 a [PSH, ACK] seq 7, ack 1, win 501, len 3
      3 a [PSH, ACK] seq 10, ack 1, win 501, len 3
    210 b [ACK] seq 1, ack 13, win 508
    ");
}

#[test]
fn an_acknowledgment_goes_with_data() {
    let (mut pair, [a, b]) = Pair::established([delayed(200), delayed(200)]);
    let since = pair.now;
    pair.send(A, a, b"question");
    pair.run_for(MS * 50);
    pair.send(B, b, b"answer");
    pair.run_for(MS * 1000);
    insta::assert_snapshot!(pair.timed(since), @r"
      0 a [PSH, ACK] seq 1, ack 1, win 501, len 8
     50 b [PSH, ACK] seq 1, ack 9, win 509, len 6
    260 a [ACK] seq 9, ack 7, win 501
    ");
    let stopped = |what: &What| {
        let name = "delayed ACK";
        let action = TimerAction::Stopped;
        *what == What::Timer { name, action }
    };
    let records = pair.log.records().iter();
    assert_eq!(records.filter(|record| stopped(&record.what)).count(), 1);
}

#[test]
fn a_gap_is_reported_and_its_filling_acknowledged_at_once() {
    let (mut pair, [a, _]) = Pair::established([nagle(false), delayed(200)]);
    let (first, since) = (pair.frames.len(), pair.now);
    // The second of four segments comes late.
    pair.wire(move |n, _, _| match n - first {
        1 => Fate::Late(MS * 40),
        _ => Fate::Whole,
    });
    for _ in 0..4 {
        pair.send(A, a, &[1; 100]);
    }
    pair.run_for(MS * 900);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 100
     0 a [PSH, ACK] seq 101, ack 1, win 501, len 100
     0 a [PSH, ACK] seq 201, ack 1, win 501, len 100
     0 a [PSH, ACK] seq 301, ack 1, win 501, len 100
    10 b [ACK] seq 1, ack 101, win 508, sack 201 to 301
    10 b [ACK] seq 1, ack 101, win 508, sack 201 to 401
    50 b [ACK] seq 1, ack 401, win 505
    ");
    insta::assert_snapshot!(pair.decided(B, since), @r"
    RFC 1122 §4.2.3.2: the acknowledgment may wait for data to go with, or for the next segment
    RFC 5681 §4.2: nothing new in order: acknowledged at once
    RFC 9293 §3.10.7.4: out of order: kept, and RCV.NXT acknowledged once more
    RFC 5681 §4.2: nothing new in order: acknowledged at once
    RFC 9293 §3.10.7.4: out of order: kept, and RCV.NXT acknowledged once more
    RFC 5681 §4.2: fills a gap: acknowledged at once
    ");
}

/// The acknowledgment of a FIN may wait for the program's own FIN.
#[test]
fn a_fin_is_acknowledged_with_the_own_one() {
    let (mut pair, [a, b]) = Pair::established([nagle(true), delayed(200)]);
    let since = pair.now;
    pair.send(A, a, b"bye");
    pair.close(A, a);
    pair.run_for(MS * 15);
    assert_eq!(pair.receive(B, b), b"bye");
    pair.close(B, b);
    pair.run_for(MS * 1000);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 3
     0 a [FIN, ACK] seq 4, ack 1, win 501
    15 b [FIN, ACK] seq 1, ack 5, win 509
    25 a [ACK] seq 5, ack 2, win 501
    ");
}

#[test]
fn a_fin_is_acknowledged_soon_if_the_program_stays() {
    let (mut pair, [a, _]) = Pair::established([nagle(true), delayed(200)]);
    let since = pair.now;
    pair.close(A, a);
    pair.run_for(MS * 1000);
    insta::assert_snapshot!(pair.timed(since), @r"
      0 a [FIN, ACK] seq 1, ack 1, win 501
    210 b [ACK] seq 1, ack 2, win 509
    ");
}

/// Two small writes and an answer to both: the first goes out, the second waits for its acknowledgment, which waits
/// for the answer, which waits for the second.
#[test]
fn nagle_and_delayed_ack_wait_for_each_other() {
    let request = |a: TcpConfig, b: TcpConfig| {
        let (mut pair, [a, b]) = Pair::established([a, b]);
        let since = pair.now;
        pair.send(A, a, b"head");
        pair.send(A, a, b"body");
        let mut got = Vec::new();
        for _ in 0..1000 {
            pair.run_for(MS);
            got.extend(pair.receive(B, b));
            if got.len() == 8 {
                pair.send(B, b, b"answer");
                break;
            }
        }
        pair.run_for(MS * 15);
        let came = pair.hosts[A].readable(a);
        assert_eq!(came, 6);
        let decided = pair.decided(A, since);
        (pair.timed(since), decided)
    };
    let (stalled, why) = request(nagle(true), delayed(40));
    insta::assert_snapshot!(stalled, @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 4
    50 b [ACK] seq 1, ack 5, win 509
    60 a [PSH, ACK] seq 5, ack 1, win 501, len 4
    70 b [PSH, ACK] seq 1, ack 9, win 509, len 6
    80 a [ACK] seq 9, ack 7, win 501
    ");
    insta::assert_snapshot!(why, @r"
    RFC 9293 §3.7.4: Nagle: 4 bytes wait until what was sent is acknowledged
    ");
    let (without_nagle, _) = request(nagle(false), delayed(40));
    insta::assert_snapshot!(without_nagle, @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 4
     0 a [PSH, ACK] seq 5, ack 1, win 501, len 4
    10 b [PSH, ACK] seq 1, ack 9, win 509, len 6
    20 a [ACK] seq 9, ack 7, win 501
    ");
    let (without_delay, _) = request(nagle(true), nagle(true));
    insta::assert_snapshot!(without_delay, @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 4
    10 b [ACK] seq 1, ack 5, win 509
    20 a [PSH, ACK] seq 5, ack 1, win 501, len 4
    30 b [ACK] seq 1, ack 9, win 509
    30 b [PSH, ACK] seq 1, ack 9, win 509, len 6
    40 a [ACK] seq 9, ack 7, win 501
    ");
}

#[test]
fn full_segments_do_not_wait() {
    let (mut pair, [a, _]) = Pair::established([nagle(true), nagle(true)]);
    let since = pair.now;
    pair.send(A, a, &[1; 1448 * 2 + 1]);
    pair.run_for(MS * 100);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [ACK] seq 1, ack 1, win 501, len 1448
     0 a [ACK] seq 1449, ack 1, win 501, len 1448
    10 b [ACK] seq 1, ack 1449, win 497
    10 b [ACK] seq 1, ack 2897, win 486
    20 a [PSH, ACK] seq 2897, ack 1, win 501, len 1
    30 b [ACK] seq 1, ack 2898, win 486
    ");
}

/// Minshall's rule: behind full segments a small one need not wait; behind a small one it must.
#[test]
fn behind_full_segments_alone_a_small_one_passes_by_minshalls_rule() {
    let minshall = TcpConfig {
        minshall: true,
        ..nagle(true)
    };
    let (mut pair, [a, _]) = Pair::established([minshall, nagle(true)]);
    let since = pair.now;
    pair.send(A, a, &[1; 1448 + 1]);
    pair.send(A, a, b"small");
    pair.run_for(MS * 100);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [ACK] seq 1, ack 1, win 501, len 1448
     0 a [PSH, ACK] seq 1449, ack 1, win 501, len 1
    10 b [ACK] seq 1, ack 1449, win 497
    10 b [ACK] seq 1, ack 1450, win 497
    20 a [PSH, ACK] seq 1450, ack 1, win 501, len 5
    30 b [ACK] seq 1, ack 1455, win 497
    ");
}

#[test]
fn what_nagle_holds_back_goes_out_when_it_is_turned_off() {
    let (mut pair, [a, _]) = Pair::established([nagle(true), nagle(true)]);
    let since = pair.now;
    pair.send(A, a, b"one");
    pair.send(A, a, b"two");
    pair.run_for(MS);
    pair.call(A, |host, cx| host.set_nagle(cx, a, false));
    pair.run_for(MS * 30);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 3
     1 a [PSH, ACK] seq 4, ack 1, win 501, len 3
    10 b [ACK] seq 1, ack 4, win 509
    11 b [ACK] seq 1, ack 7, win 509
    ");
}

/// A reader takes 100 bytes every 10 ms out of a buffer of 1000: how long the segments behind the first buffer are.
fn lengths_for_a_slow_reader(sws_avoidance: bool) -> Vec<usize> {
    let config = TcpConfig {
        sws_avoidance,
        receive_buffer: 1000,
        ..nagle(false)
    };
    let (mut pair, [a, b]) = Pair::established([config.clone(), config]);
    let since = pair.now;
    pair.send(A, a, &[1; 3000]);
    for _ in 0..100 {
        pair.run_for(MS * 10);
        pair.call(B, |host, cx| host.receive(cx, b, 100));
    }
    let lines = pair.timed(since);
    let lens = lines.lines().filter_map(|line| line.split_once("len "));
    lens.skip(1).map(|(_, len)| len.parse().unwrap()).collect()
}

#[test]
fn windows_and_segments_are_silly_where_nobody_avoids_them() {
    assert_eq!(lengths_for_a_slow_reader(false), [100; 20]);
    assert_eq!(lengths_for_a_slow_reader(true), [500; 4]);
}

/// In units larger than its buffer a host could tell of no window but that of zero.
#[test]
fn a_buffer_smaller_than_the_unit_of_its_window_still_opens_it() {
    let small = TcpConfig {
        wind_shift: Some(14),
        receive_buffer: 5,
        ..TcpConfig::default()
    };
    let (mut pair, [a, b]) = Pair::established([TcpConfig::default(), small]);
    pair.send(A, a, b"more than five");
    let mut read = Vec::new();
    for _ in 0..60 {
        pair.run_for(MS * 1000);
        read.extend(pair.receive(B, b));
    }
    assert_eq!(read, b"more than five");
}

/// The window of a SYN is told to the byte, all others in units. What was left of the first is no whole unit, so the
/// peer hears of none at all.
#[test]
fn a_window_that_is_told_as_zero_opens_when_all_is_read() {
    let coarse = TcpConfig {
        wind_shift: Some(9),
        receive_buffer: 1000,
        ..TcpConfig::default()
    };
    let (mut pair, [a, b]) = Pair::established([nagle(false), coarse]);
    let since = pair.now;
    pair.send(A, a, &[1; 600]);
    pair.run_for(MS * 20);
    pair.send(A, a, &[1; 100]);
    pair.run_for(MS * 20);
    assert_eq!(pair.receive(B, b).len(), 600);
    pair.run_for(MS * 5000);
    insta::assert_snapshot!(pair.timed(since), @r"
     0 a [PSH, ACK] seq 1, ack 1, win 501, len 600
    10 b [ACK] seq 1, ack 601, win 0
    40 b [ACK] seq 1, ack 601, win 1
    50 a [PSH, ACK] seq 601, ack 1, win 501, len 100
    60 b [ACK] seq 1, ack 701, win 1
    ");
}
