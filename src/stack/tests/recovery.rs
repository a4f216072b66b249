//! How losses are found and mended, round trip by round trip (20 ms each), and how fast data go out.

use std::collections::BTreeSet;

use super::pair::{A, B, Fate, Pair, text_of};
use crate::proto::tcp::TcpFlags;
use crate::stack::record::{ConnId, TcpVars, What};
use crate::stack::tcp::{CongestionAlgorithm, TcpConfig};

/// Segments of 1000 bytes, so that their numbers can be told.
const MSS: u32 = 1000;

/// A sender without options whose switches can be told from its segments.
fn plain() -> TcpConfig {
    TcpConfig {
        mss: Some(MSS as u16),
        timestamps: false,
        sack: false,
        ..TcpConfig::default()
    }
}

fn with_sack() -> TcpConfig {
    TcpConfig {
        sack: true,
        ..plain()
    }
}

/// A transfer of so many segments from A to B, of which some are lost the first time.
struct Transfer {
    pair: Pair,
    conn: ConnId,
    /// When the data were written, in milliseconds.
    start: u64,
}

impl Transfer {
    fn new(config: TcpConfig, segments: u32, lost: &[u32]) -> Self {
        let mut pair = Pair::new(1);
        pair.config(A, config.clone());
        let receive_buffer = 10_000_000;
        pair.config(
            B,
            TcpConfig {
                receive_buffer,
                ..config
            },
        );
        pair.listen(B, 80);
        let conn = pair.connect(A, 80);
        pair.run();
        let first = pair.hosts[A].tcp_vars(conn).snd_nxt.unwrap();
        let mut lost: BTreeSet<u32> = lost.iter().copied().collect();
        pair.wire(move |_, from, bytes| match segment(bytes, first) {
            Some(number) if from == A && lost.remove(&number) => Fate::Lost,
            _ => Fate::Whole,
        });
        let start = pair.now.as_millis();
        let bytes: Vec<u8> = (0..segments * MSS).map(|i| (i / 7) as u8).collect();
        pair.send(A, conn, &bytes);
        pair.run();
        let b = pair.accepted(B);
        assert!(pair.receive(B, b) == bytes, "{}", pair.transcript());
        Self { pair, conn, start }
    }

    /// The data segments by the time of their sending, in milliseconds; one that was sent before is marked `r`.
    fn story(&self) -> String {
        let first = self.pair.hosts[A]
            .tcp_vars(self.conn)
            .iss
            .unwrap()
            .wrapping_add(1);
        let (mut seen, mut lines, mut last) = (BTreeSet::new(), Vec::new(), None);
        for frame in self.pair.frames.iter().filter(|frame| frame.from == A) {
            let Some(number) = segment(&frame.bytes, first) else {
                continue;
            };
            let at = frame.sent_at.as_millis() - self.start;
            if last.replace(at) != Some(at) {
                lines.push(format!("{at}:"));
            }
            let mark = if seen.insert(number) { "" } else { "r" };
            let line = lines.last_mut().unwrap();
            *line += &format!(" {number}{mark}");
        }
        lines.join("\n")
    }

    fn vars(&self) -> impl Iterator<Item = &TcpVars> {
        let of_a = |record: &&crate::stack::record::Record| record.node.is_some_and(|n| n.0 == 0);
        let records = self.pair.log.records().iter().filter(of_a);
        records.filter_map(|record| match &record.what {
            What::TcpVars(vars) => Some(&**vars),
            _ => None,
        })
    }

    /// cwnd and ssthresh in segments, each time that one of them changed.
    fn windows(&self) -> Vec<(u32, Option<u32>)> {
        let of = |vars: &TcpVars| Some((vars.cwnd? / MSS, vars.ssthresh.map(|bytes| bytes / MSS)));
        let mut windows: Vec<_> = self.vars().filter_map(of).collect();
        windows.dedup();
        windows
    }

    fn decisions(&self) -> Vec<(&'static str, &str)> {
        let records = self.pair.log.records().iter();
        let decided = records.filter_map(|record| match &record.what {
            What::Decided(text) => Some((record.cite, text.as_ref())),
            _ => None,
        });
        decided.collect()
    }

    fn decided(&self, cite: &str, text: &str) -> bool {
        self.decisions()
            .iter()
            .any(|&(c, t)| c == cite && t.contains(text))
    }
}

/// The number of a data segment, counted from 1.
fn segment(bytes: &[u8], first: u32) -> Option<u32> {
    let mut number = None;
    let mut base = |header: &crate::proto::tcp::TcpHeader| {
        if header.flags.has(TcpFlags::ACK) && !header.flags.has(TcpFlags::SYN) {
            number = Some(header.sequence_number.wrapping_sub(first) / MSS + 1);
        }
        (0, 0)
    };
    let has_text = text_of(bytes, &mut base).contains("len");
    number.filter(|_| has_text)
}

#[track_caller]
fn check(config: TcpConfig, segments: u32, lost: &[u32], expected: &[&str]) -> Transfer {
    let transfer = Transfer::new(config, segments, lost);
    let story = transfer.story();
    assert_eq!(story.lines().collect::<Vec<_>>(), expected, "\n{story}");
    transfer
}

#[test]
fn slow_start_doubles_from_ten_segments() {
    let transfer = check(
        plain(),
        70,
        &[],
        &[
            "0: 1 2 3 4 5 6 7 8 9 10",
            "20: 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30",
            "40: 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 \
             61 62 63 64 65 66 67 68 69 70",
        ],
    );
    assert_eq!(transfer.windows()[0], (10, None));
}

#[test]
fn another_initial_window() {
    let config = TcpConfig {
        initial_window: 1,
        ..plain()
    };
    check(config, 7, &[], &["0: 1", "20: 2 3", "40: 4 5 6 7"]);
}

#[test]
fn no_control_fills_the_window_of_the_peer() {
    let config = TcpConfig {
        congestion: CongestionAlgorithm::None,
        ..with_sack()
    };
    let all = (1..=40)
        .map(|i| i.to_string())
        .collect::<Vec<_>>()
        .join(" ");
    let transfer = check(config, 40, &[2, 10], &[&format!("0: {all}"), "20: 2r 10r"]);
    assert_eq!(transfer.windows(), []);
}

#[test]
fn the_third_duplicate_ack_retransmits() {
    let story = &["0: 1 2 3 4 5 6 7 8 9 10", "20: 11 12 13 14 2r"];
    let transfer = check(plain(), 14, &[2], story);
    assert!(transfer.decided("RFC 5681 §3.2", "third duplicate ACK: fast retransmit"));
    // FlightSize 12 less the two segments of limited transmit, halved; and three segments that have left.
    let windows = transfer.windows();
    assert!(windows.contains(&(8, Some(5))), "{windows:?}");
    let transfer = check(with_sack(), 14, &[2], story);
    assert!(transfer.decided("RFC 6675 §5", "fast retransmit"));
    assert_eq!(transfer.windows().last(), Some(&(5, Some(5))));
}

#[test]
fn too_few_duplicate_acks_wait_for_the_time_out() {
    for config in [plain(), with_sack()] {
        let transfer = check(config, 10, &[9], &["0: 1 2 3 4 5 6 7 8 9 10", "1020: 9r"]);
        let windows = transfer.windows();
        assert!(windows.contains(&(1, Some(2))), "{windows:?}");
    }
}

#[test]
fn limited_transmit_lets_two_segments_pass() {
    let without = TcpConfig {
        limited_transmit: false,
        ..plain()
    };
    check(
        without,
        14,
        &[2],
        &["0: 1 2 3 4 5 6 7 8 9 10", "20: 11 12 2r 13 14"],
    );
    // With a window of four segments it makes the difference between a time-out and none.
    let four = TcpConfig {
        initial_window: 4,
        ..plain()
    };
    let story = &["0: 1 2 3 4", "20: 5 6 7 8", "40: 3r"];
    check(four.clone(), 8, &[3], story);
    let without = TcpConfig {
        limited_transmit: false,
        initial_window: 3,
        ..plain()
    };
    check(
        without,
        6,
        &[1],
        &["0: 1 2 3", "1000: 1r", "1020: 4 5", "1040: 6"],
    );
}

#[test]
fn partial_acknowledgments_mend_one_loss_a_round_trip() {
    let transfer = check(
        plain(),
        14,
        &[2, 4, 6],
        &[
            "0: 1 2 3 4 5 6 7 8 9 10",
            "20: 11 12 13 14 2r",
            "40: 4r",
            "60: 6r",
        ],
    );
    assert!(transfer.decided("RFC 6582 §3.2", "partial acknowledgment"));
}

#[test]
fn sack_mends_several_holes_in_one_round_trip() {
    let first = "0: 1 2 3 4 5 6 7 8 9 10";
    let story = &[first, "20: 11 12 13 14 2r", "40: 4r 6r"];
    check(with_sack(), 14, &[2, 4, 6], story);
}

#[test]
fn after_a_time_out_all_goes_again_in_slow_start() {
    for config in [plain(), with_sack()] {
        let transfer = check(
            config,
            12,
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            &[
                "0: 1 2 3 4 5 6 7 8 9 10",
                "1000: 1r",
                "1020: 2r 3r",
                "1040: 4r 5r 6r 7r",
                "1060: 8r 9r 10r 11 12",
            ],
        );
        let windows = transfer.windows();
        assert!(windows.contains(&(1, Some(5))), "{windows:?}");
    }
}

#[test]
fn what_arrived_is_not_sent_again_after_a_time_out() {
    // All but the second is there: the acknowledgment of its retransmission covers the rest.
    let story = &["0: 1 2 3", "1020: 2r"];
    let transfer = check(plain(), 3, &[2], story);
    assert!(transfer.decided("RFC 6298 §5.5", "not acknowledged in time"));
}

#[test]
fn a_pause_restarts_from_the_initial_window() {
    let sent_at_once = |restart_after_idle| {
        let config = TcpConfig {
            restart_after_idle,
            ..plain()
        };
        let Transfer { mut pair, conn, .. } = Transfer::new(config, 60, &[]);
        pair.run_for(std::time::Duration::from_secs(2));
        let before = pair.frames.len();
        pair.send(A, conn, &[0; 40 * MSS as usize]);
        pair.frames.len() - before
    };
    assert_eq!((sent_at_once(true), sent_at_once(false)), (10, 40));
}

#[test]
fn every_control_gets_through_many_losses() {
    let lost: Vec<u32> = (1..400).filter(|i| i * i % 31 == 1).collect();
    for congestion in [
        CongestionAlgorithm::Reno,
        CongestionAlgorithm::Cubic,
        CongestionAlgorithm::None,
    ] {
        for config in [plain(), with_sack()] {
            let transfer = Transfer::new(
                TcpConfig {
                    congestion,
                    ..config
                },
                500,
                &lost,
            );
            let ended = transfer.pair.now.as_millis() - transfer.start;
            assert!(ended < 20_000, "{congestion:?}: {ended} ms");
        }
    }
}

#[test]
fn what_came_twice_is_reported() {
    // The segment arrives, its acknowledgment does not: it is sent again in vain.
    let mut pair = Transfer::new(with_sack(), 1, &[]).pair;
    let conn = ConnId(0);
    let mut lost = 1;
    pair.wire(move |_, from, _| {
        let is_lost = from == B && lost > 0;
        lost -= i32::from(is_lost);
        if is_lost { Fate::Lost } else { Fate::Whole }
    });
    let before = pair.frames.len();
    pair.send(A, conn, &[0; 1000]);
    pair.run();
    let mut base = |_: &crate::proto::tcp::TcpHeader| (0, 0);
    let last = text_of(&pair.frames.last().unwrap().bytes, &mut base);
    assert_eq!(pair.frames.len() - before, 4, "{}", pair.transcript());
    assert!(last.contains("sack"), "{last}");
    let decided = pair.decided(A, crate::base::Time::ZERO);
    assert!(
        decided.contains("D-SACK: 1000 bytes came twice"),
        "{decided}"
    );
}

fn with_rack() -> TcpConfig {
    TcpConfig {
        rack: true,
        ..with_sack()
    }
}

#[test]
fn a_tail_loss_probe_saves_the_time_out() {
    let first = "0: 1 2 3 4 5 6 7 8 9 10";
    // The probe is what was lost, and mends it: two round trips after the last acknowledgment.
    let transfer = check(with_rack(), 10, &[10], &[first, "272: 10r"]);
    assert!(transfer.decided("RFC 8985 §7.3", "the last segment as a probe"));
    // With more than one missing the probe shows that, and the others follow.
    let transfer = check(
        with_rack(),
        10,
        &[8, 9, 10],
        &[first, "75: 10r", "95: 8r 9r"],
    );
    assert!(transfer.decided("RFC 8985 §6.2", "overdue"));
}

#[test]
fn a_loss_is_found_by_time() {
    // Too few arrive behind it for three duplicate ACKs; a quarter of the round trip later it is overdue.
    let story = &["0: 1 2 3 4 5 6 7 8 9 10", "25: 9r"];
    check(with_rack(), 10, &[9], story);
    let story = &["0: 1 2 3 4 5 6 7 8 9 10", "20: 11 12 13 14 2r", "40: 4r 6r"];
    check(with_rack(), 14, &[2, 4, 6], story);
}

#[test]
fn patience_grows_with_what_was_sent_in_vain() {
    let mut pair = Transfer::new(with_rack(), 10, &[]).pair;
    // The first of two comes late by so many milliseconds: how many segments are sent?
    let mut sent_for = |late| {
        let mut data = 0;
        pair.wire(move |_, from, bytes| {
            let is_data = from == A && bytes.len() > 1000;
            data += u32::from(is_data);
            if is_data && data == 1 {
                Fate::Late(std::time::Duration::from_millis(late))
            } else {
                Fate::Whole
            }
        });
        let before = pair.frames.len();
        pair.send(A, ConnId(0), &[0; 2000]);
        pair.run();
        let frames = pair.frames[before..].iter();
        frames
            .filter(|f| f.from == A && f.bytes.len() > 1000)
            .count()
    };
    // A quarter of the round trip is 5 ms; after the first D-SACK it is two quarters.
    assert_eq!([3, 7, 7, 12].map(&mut sent_for), [2, 3, 2, 3]);
}
