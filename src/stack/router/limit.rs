//! How many ICMP errors a router sends (RFC 1812 §4.3.2.8): fifty at once, and then one a millisecond, as Linux does.

use std::time::Duration;

use crate::base::Time;

/// How many may be sent at once.
const BURST: u32 = 50;
/// How long it takes until one more may be sent.
const INTERVAL: Duration = Duration::from_millis(1);

/// A token bucket.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    tokens: u32,
    /// Since when the next token is being waited for.
    since: Time,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            tokens: BURST,
            since: Time::ZERO,
        }
    }
}

impl Limit {
    /// Whether one more may be sent now; if so, it is counted.
    pub fn allows(&mut self, now: Time) -> bool {
        let earned = now.since(self.since).as_nanos() / INTERVAL.as_nanos();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned >= BURST - self.tokens {
            self.tokens = BURST;
            self.since = now;
        } else {
            self.tokens += earned;
            self.since += INTERVAL * earned;
        }
        let allowed = self.tokens > 0;
        self.tokens -= u32::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_a_millisecond() {
        let mut limit = Limit::default();
        let at = |micros| Time::ZERO + Duration::from_micros(micros);
        assert!((0..BURST).all(|_| limit.allows(at(10))));
        assert!(!limit.allows(at(900)));
        assert!(limit.allows(at(1_100)));
        assert!(!limit.allows(at(1_900)));
        assert!(limit.allows(at(2_100)));
        assert!((0..BURST).all(|_| limit.allows(at(100_000))));
        assert!(!limit.allows(at(100_100)));
    }
}
