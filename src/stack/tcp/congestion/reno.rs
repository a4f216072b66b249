//! Reno (RFC 5681).

use super::{CongestionControl, Path};

/// Additive increase, multiplicative decrease.
#[derive(Debug, Clone, Default)]
pub struct Reno {
    /// Bytes acknowledged in congestion avoidance that have not made cwnd grow yet.
    acked: u32,
}

impl CongestionControl for Reno {
    /// A segment more for each window that is acknowledged, by counting bytes (RFC 5681 §3.1).
    fn avoid(&mut self, cwnd: u32, acked: u32, path: &Path) -> u32 {
        self.acked = self.acked.saturating_add(acked);
        if self.acked < cwnd {
            return cwnd;
        }
        self.acked -= cwnd;
        cwnd.saturating_add(path.mss)
    }

    /// ssthresh = max (FlightSize / 2, 2*SMSS) (RFC 5681 §3.1, equation 4).
    fn reduce(&mut self, _: u32, path: &Path) -> u32 {
        self.acked = 0;
        (path.flight / 2).max(path.mss * 2)
    }

    fn paused(&mut self) {
        self.acked = 0;
    }
}
