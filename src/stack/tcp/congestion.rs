//! How much may be under way at once: the congestion window, and the algorithms that move it.
//!
//! Slow start, the initial window and the restart after a pause are the same for all of them (RFC 5681); what grows the
//! window behind slow start, and what a loss takes from it, is the algorithm's: [`CongestionControl`].

mod cubic;
mod none;
mod reno;

use std::fmt::Debug;
use std::time::Duration;

use crate::base::Time;
use cubic::Cubic;
use none::Unlimited;
use reno::Reno;

/// The congestion controls to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CongestionAlgorithm {
    /// Reno: half the window at a loss, a segment more each round trip (RFC 5681).
    Reno,
    /// CUBIC: back to the old window along a cubic function of time (RFC 9438).
    Cubic,
    /// None at all: the peer's window alone limits what is sent. For comparison.
    None,
}

/// What an algorithm needs to know of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Now.
    pub now: Time,
    /// SMSS, in bytes.
    pub mss: u32,
    /// FlightSize, in bytes: before the acknowledgment, where there is one.
    pub flight: u32,
    /// The smoothed round-trip time, if one was measured.
    pub srtt: Option<Duration>,
}

/// What differs between the congestion controls.
trait CongestionControl: Debug {
    /// In congestion avoidance, `acked` bytes were acknowledged: the new cwnd.
    fn avoid(&mut self, cwnd: u32, acked: u32, path: &Path) -> u32;

    /// A loss: the new ssthresh.
    fn reduce(&mut self, cwnd: u32, path: &Path) -> u32;

    /// The loss was found by a time-out.
    fn timed_out(&mut self) {}

    /// The connection had nothing, or not enough, to send: the time until now is not to count.
    fn paused(&mut self) {}
}

/// The congestion window of a connection. All sizes are in bytes.
#[derive(Debug, Clone)]
pub struct Congestion {
    cwnd: u32,
    /// "Arbitrarily high" at first (RFC 5681 §3.1): [`u32::MAX`].
    ssthresh: u32,
    initial: u32,
    algorithm: Algorithm,
}

#[derive(Debug, Clone)]
enum Algorithm {
    Reno(Reno),
    Cubic(Cubic),
    None(Unlimited),
}

impl Congestion {
    /// A connection's start, with an initial window of so many segments.
    pub fn new(algorithm: CongestionAlgorithm, mss: u16, segments: u32) -> Self {
        let initial = initial_window(mss.into(), segments);
        let (cwnd, algorithm) = match algorithm {
            CongestionAlgorithm::Reno => (initial, Algorithm::Reno(Reno::default())),
            CongestionAlgorithm::Cubic => (initial, Algorithm::Cubic(Cubic::default())),
            CongestionAlgorithm::None => (u32::MAX, Algorithm::None(Unlimited)),
        };
        Self {
            cwnd,
            ssthresh: u32::MAX,
            initial,
            algorithm,
        }
    }

    /// cwnd; the largest number without congestion control.
    pub fn cwnd(&self) -> u32 {
        self.cwnd
    }

    /// ssthresh; the largest number until the first loss.
    pub fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    /// Whether there is a congestion control at all.
    pub fn limits(&self) -> bool {
        !matches!(self.algorithm, Algorithm::None(_))
    }

    /// How cwnd grows, in the words of RFC 5681 §3.1.
    pub fn growth(&self) -> &'static str {
        if self.in_slow_start() {
            "slow start"
        } else {
            "congestion avoidance"
        }
    }

    /// W_max, with CUBIC and once it was set.
    pub fn w_max(&self) -> Option<u32> {
        match &self.algorithm {
            Algorithm::Cubic(cubic) => cubic.w_max(),
            Algorithm::Reno(_) | Algorithm::None(_) => None,
        }
    }

    /// Whether cwnd grows as in slow start (RFC 5681 §3.1).
    pub fn in_slow_start(&self) -> bool {
        self.cwnd < self.ssthresh
    }

    /// `acked` bytes were acknowledged that were not before. A window that is not used does not grow (RFC 7661 §4.4).
    pub fn acked(&mut self, acked: u32, path: &Path) {
        if path.flight < self.cwnd / 2 {
            self.control().paused();
        } else if self.in_slow_start() {
            self.set_cwnd(self.cwnd.saturating_add(acked.min(path.mss)));
        } else {
            let cwnd = self.cwnd;
            let cwnd = self.control().avoid(cwnd, acked, path);
            self.set_cwnd(cwnd);
        }
    }

    /// A loss was found by duplicate ACKs or by SACK: cwnd and ssthresh are reduced (RFC 5681 §3.2, step 2).
    pub fn lost(&mut self, path: &Path) {
        self.reduce(path);
        self.set_cwnd(self.ssthresh);
    }

    /// A loss was found by a time-out: one segment, and slow start (RFC 5681 §3.1). ssthresh stays if the `same`
    /// segment timed out before.
    pub fn timed_out(&mut self, same: bool, path: &Path) {
        if !same {
            self.reduce(path);
            self.control().timed_out();
        }
        self.set_cwnd(path.mss);
    }

    /// What limited transmit sent beyond cwnd is not counted as flight (RFC 5681 §3.2, step 2).
    fn reduce(&mut self, path: &Path) {
        let (cwnd, flight) = (self.cwnd, path.flight.min(self.cwnd));
        self.ssthresh = self.control().reduce(cwnd, &Path { flight, ..*path });
    }

    /// A segment has left the network: room for another one (RFC 5681 §3.2, steps 3 and 4).
    pub fn inflate(&mut self, bytes: u32) {
        self.set_cwnd(self.cwnd.saturating_add(bytes));
    }

    /// During and after recovery by proportional rate reduction (RFC 9937 §6): at least one segment.
    pub fn in_recovery(&mut self, cwnd: u32, mss: u32) {
        self.set_cwnd(cwnd.max(mss));
    }

    /// A partial acknowledgment of `acked` bytes takes back what duplicates have added (RFC 6582 §3.2).
    pub fn deflate(&mut self, acked: u32, mss: u32) {
        let back = if acked >= mss { mss } else { 0 };
        self.set_cwnd((self.cwnd.saturating_sub(acked) + back).max(mss));
    }

    /// The end of fast recovery without SACK, without a burst (RFC 6582 §3.2, step 3, option 1).
    pub fn end_recovery(&mut self, path: &Path) {
        let cwnd = self.ssthresh.min(path.flight.max(path.mss) + path.mss);
        self.set_cwnd(cwnd);
    }

    /// After a pause longer than the time-out: the restart window (RFC 5681 §4.1). Returns whether cwnd shrank.
    pub fn restart(&mut self) -> bool {
        self.control().paused();
        let before = self.cwnd;
        self.set_cwnd(before.min(self.initial));
        self.cwnd < before
    }

    fn set_cwnd(&mut self, cwnd: u32) {
        if self.limits() {
            self.cwnd = cwnd;
        }
    }

    fn control(&mut self) -> &mut dyn CongestionControl {
        match &mut self.algorithm {
            Algorithm::Reno(reno) => reno,
            Algorithm::Cubic(cubic) => cubic,
            Algorithm::None(none) => none,
        }
    }
}

/// IW (RFC 6928 §2, where `segments` is 10): so many segments, but of large ones no more than make up so many of 1460
/// bytes, and two in any case.
fn initial_window(mss: u32, segments: u32) -> u32 {
    let most = segments.saturating_mul(1460).max(mss * 2);
    segments.max(1).saturating_mul(mss).min(most)
}

#[cfg(test)]
mod tests;
