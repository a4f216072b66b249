//! An interface's clock: what its timestamps count, and from when.

use crate::base::Time;

/// Units of timestamps (`if_tsresol`) and the moment they count from (`if_tsoffset`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    resolution: u8,
    offset_s: i64,
}

impl Clock {
    /// The clock with these options; without them, microseconds since the epoch.
    pub(super) fn new(resolution: Option<u8>, offset_s: Option<i64>) -> Self {
        Self {
            resolution: resolution.unwrap_or(6),
            offset_s: offset_s.unwrap_or(0),
        }
    }

    /// The time of a timestamp; the nearest that can be told if it is before the epoch or after the year 2554.
    pub(super) fn time(self, high: u32, low: u32) -> Time {
        let ticks = u128::from(high) << 32 | u128::from(low);
        let nanos = self.nanos(ticks) as i128 + i128::from(self.offset_s) * 1_000_000_000;
        Time(nanos.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// `ticks` of at most 64 bits in nanoseconds, rounded down.
    fn nanos(self, ticks: u128) -> u128 {
        let exponent = u32::from(self.resolution & 0x7f);
        if self.resolution & 0x80 != 0 {
            return (ticks * 1_000_000_000) >> exponent;
        }
        if exponent <= 9 {
            return ticks * 10u128.pow(9 - exponent);
        }
        10u128
            .checked_pow(exponent - 9)
            .map_or(0, |unit| ticks / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    fn check(resolution: u8, offset_s: i64, ticks: u64, expected: u64) {
        let clock = Clock::new(Some(resolution), Some(offset_s));
        let time = clock.time((ticks >> 32) as u32, ticks as u32);
        assert_eq!(time.0, expected, "{resolution:#x} {offset_s} {ticks}");
    }

    #[test]
    fn every_resolution_becomes_nanoseconds() {
        check(6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000);
        check(9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789);
        check(0, 0, 1_700_000_000, 1_700_000_000_000_000_000);
        check(3, 0, 1_700_000_000_123, 1_700_000_000_123_000_000);
        check(12, 0, 1_123_456_789_999, 1_123_456_789);
        check(0x80 | 10, 0, 1536, 1_500_000_000);
        check(0x80 | 32, 0, 0x0000_0001_8000_0000, 1_500_000_000);
        check(0x80 | 127, 0, u64::MAX, 0);
        check(127, 0, u64::MAX, 0);
        check(0, 0, u64::MAX, u64::MAX);
    }

    #[test]
    fn the_offset_counts_in_seconds_both_ways() {
        check(6, 10, 1, 10_000_001_000);
        check(6, -1, 1_500_000, 500_000_000);
        check(6, -10, 1, 0);
        check(9, i64::MAX, 0, u64::MAX);
        check(9, i64::MIN, u64::MAX, 0);
    }
}
