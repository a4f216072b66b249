//! No congestion control: for comparison.

use super::{CongestionControl, Path};

/// The window never moves.
#[derive(Debug, Clone)]
pub struct Unlimited;

impl CongestionControl for Unlimited {
    fn avoid(&mut self, cwnd: u32, _: u32, _: &Path) -> u32 {
        cwnd
    }

    fn reduce(&mut self, _: u32, _: &Path) -> u32 {
        u32::MAX
    }
}
