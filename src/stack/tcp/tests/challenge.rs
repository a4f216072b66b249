//! How often a segment that is not taken is answered (RFC 5961 §7).

use std::time::Duration;

use super::{ACK, Machine, RST, SYN, TcpState};
use crate::proto::tcp::TcpFlags;

/// Segments that come one after the other, each some milliseconds after the one before, and whether they are answered.
#[track_caller]
fn check(segments: &[(u64, TcpFlags, i32, i32, usize, bool)]) {
    let mut machine = Machine::in_state(TcpState::Established);
    for (index, &(millis, flags, seq, ack, len, answered)) in segments.iter().enumerate() {
        machine.wait(Duration::from_millis(millis));
        let answer = machine.arrives(flags, seq, ack, len);
        let wanted: &[&str] = if answered { &["ACK +0 +0"] } else { &[] };
        assert_eq!(answer, wanted, "segment {index}");
        assert_eq!(machine.conn.state(), TcpState::Established);
    }
}

#[test]
fn once_in_half_a_second() {
    let acknowledges_too_much = |millis, answered| (millis, ACK, 0, 1, 0, answered);
    check(&[
        acknowledges_too_much(0, true),
        acknowledges_too_much(1, false),
        acknowledges_too_much(498, false),
        acknowledges_too_much(1, true),
        acknowledges_too_much(499, false),
        acknowledges_too_much(1, true),
    ]);
}

#[test]
fn all_reasons_share_one_limit() {
    check(&[
        (0, RST, 1, 0, 0, true),
        (10, RST, 2, 0, 0, false),
        (10, SYN, 0, 0, 0, false),
        (10, ACK, -5, 0, 0, false),
        (10, ACK, 0, -3002, 0, false),
        (10, SYN | ACK, 9000, 0, 0, false),
        (450, SYN, 0, 0, 0, true),
    ]);
}

#[test]
fn data_are_always_answered() {
    check(&[
        (0, ACK, -5, 0, 0, true),
        (0, ACK, -5, 0, 3, true),
        (0, ACK, -5, 0, 3, true),
        (0, ACK, 9000, 0, 3, true),
    ]);
}

/// Each answer of one end is a segment that the other one does not take: without a limit this had no end.
#[test]
fn two_ends_that_disagree_fall_silent() {
    let mut ends = [(); 2].map(|()| Machine::in_state(TcpState::Established));
    let mut answers = 0;
    let mut under_way = true;
    for turn in 0..100 {
        if !under_way {
            break;
        }
        // What was not sent yet is acknowledged, and nothing of the peer's was.
        under_way = !ends[turn % 2].arrives(ACK, -1000, 1000, 0).is_empty();
        answers += u32::from(under_way);
    }
    assert_eq!(answers, 2);
}
