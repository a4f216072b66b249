//! What all congestion controls share, and Reno's numbers.

use std::time::Duration;

use super::{Congestion, CongestionAlgorithm, Path, initial_window};
use crate::base::Time;

const MSS: u32 = 1000;

fn path(flight: u32) -> Path {
    Path {
        now: Time::ZERO,
        mss: MSS,
        flight,
        srtt: Some(Duration::from_millis(100)),
    }
}

fn reno() -> Congestion {
    Congestion::new(CongestionAlgorithm::Reno, MSS as u16, 10)
}

/// A window's worth of acknowledgments, a segment each.
fn round_trip(congestion: &mut Congestion) {
    let flight = congestion.cwnd();
    for _ in 0..flight / MSS {
        congestion.acked(MSS, &path(flight));
    }
}

#[test]
fn initial_windows() {
    for (mss, segments, expected) in [
        (1460, 10, 14_600),
        (536, 10, 5360),
        (1000, 1, 1000),
        (8960, 10, 17_920),
        (1448, 2, 2896),
        (65_000, 10, 130_000),
    ] {
        assert_eq!(initial_window(mss, segments), expected, "{mss} bytes");
    }
}

#[test]
fn slow_start_doubles_and_avoidance_adds_one() {
    let mut congestion = reno();
    round_trip(&mut congestion);
    assert_eq!(congestion.cwnd(), 20 * MSS);
    round_trip(&mut congestion);
    assert_eq!(congestion.cwnd(), 40 * MSS);
    congestion.lost(&path(40 * MSS));
    assert_eq!(
        (congestion.cwnd(), congestion.ssthresh()),
        (20 * MSS, 20 * MSS)
    );
    for more in 1..5 {
        round_trip(&mut congestion);
        assert_eq!(congestion.cwnd(), (20 + more) * MSS);
    }
}

#[test]
fn a_stretched_acknowledgment_opens_by_one_segment() {
    let mut congestion = reno();
    congestion.acked(4 * MSS, &path(10 * MSS));
    assert_eq!(congestion.cwnd(), 11 * MSS);
}

#[test]
fn what_is_not_used_does_not_grow() {
    let mut congestion = reno();
    congestion.acked(MSS, &path(4 * MSS));
    assert_eq!(congestion.cwnd(), 10 * MSS);
}

#[test]
fn a_time_out_goes_back_to_one_segment() {
    let mut congestion = reno();
    congestion.timed_out(false, &path(10 * MSS));
    assert_eq!((congestion.cwnd(), congestion.ssthresh()), (MSS, 5 * MSS));
    congestion.timed_out(true, &path(MSS));
    assert_eq!((congestion.cwnd(), congestion.ssthresh()), (MSS, 5 * MSS));
    congestion.timed_out(false, &path(MSS));
    assert_eq!(congestion.ssthresh(), 2 * MSS);
}

#[test]
fn a_pause_goes_back_to_the_initial_window() {
    let mut congestion = reno();
    assert!(!congestion.restart());
    round_trip(&mut congestion);
    assert!(congestion.restart());
    assert_eq!(congestion.cwnd(), 10 * MSS);
}

#[test]
fn without_control_nothing_moves() {
    let mut none = Congestion::new(CongestionAlgorithm::None, MSS as u16, 10);
    none.acked(MSS, &path(10 * MSS));
    none.lost(&path(10 * MSS));
    none.timed_out(false, &path(10 * MSS));
    none.end_recovery(&path(0));
    none.deflate(5 * MSS, MSS);
    assert!(!none.restart());
    assert_eq!((none.cwnd(), none.ssthresh()), (u32::MAX, u32::MAX));
}
