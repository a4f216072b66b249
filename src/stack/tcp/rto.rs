//! The retransmission time-out (RFC 6298).

use std::time::Duration;

use super::config::TcpConfig;

/// The clock granularity G of RFC 6298 §2.
const GRANULARITY: Duration = Duration::from_millis(1);

/// The smoothed round-trip time, its variation, and the time-out that follows from them.
#[derive(Debug, Clone)]
pub struct Rto {
    rtt: Option<Duration>,
    srtt: Option<Duration>,
    rttvar: Duration,
    rto: Duration,
    min: Duration,
    max: Duration,
}

impl Rto {
    /// Before the first measurement (RFC 6298 §2.1).
    pub fn new(config: &TcpConfig) -> Self {
        Self {
            rtt: None,
            srtt: None,
            rttvar: Duration::ZERO,
            rto: config.rto_initial,
            min: config.rto_min,
            max: config.rto_max,
        }
    }

    /// The round trip that was measured last.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// SRTT, if a round trip was measured.
    pub fn srtt(&self) -> Option<Duration> {
        self.srtt
    }

    /// RTTVAR, if a round trip was measured.
    pub fn rttvar(&self) -> Option<Duration> {
        self.srtt.map(|_| self.rttvar)
    }

    /// The time-out, backed off where it was.
    pub fn get(&self) -> Duration {
        self.rto
    }

    /// A round trip of length `r` was measured (RFC 6298 §2.2 and §2.3). It undoes a back-off.
    pub fn measured(&mut self, r: Duration) {
        self.rtt = Some(r);
        let srtt = match self.srtt {
            None => {
                self.rttvar = r / 2;
                r
            }
            Some(srtt) => {
                self.rttvar = (self.rttvar * 3 + srtt.abs_diff(r)) / 4;
                (srtt * 7 + r) / 8
            }
        };
        self.srtt = Some(srtt);
        self.rto = (srtt + GRANULARITY.max(self.rttvar * 4)).clamp(self.min, self.max);
    }

    /// Doubles the time-out (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.rto = (self.rto * 2).min(self.max);
    }

    /// After a SYN had to be retransmitted, data starts with three seconds (RFC 6298 §5.7), whatever the handshake has
    /// measured. (Linux: only where it has measured nothing, so never with timestamps.)
    pub fn syn_was_lost(&mut self) {
        self.rto = Duration::from_secs(3).clamp(self.min, self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::{Rto, TcpConfig};
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn formulas_of_the_rfc() {
        let config = TcpConfig {
            rto_min: MS,
            ..TcpConfig::default()
        };
        let mut rto = Rto::new(&config);
        assert_eq!(rto.get(), MS * 1000);
        rto.measured(MS * 100);
        assert_eq!(
            (rto.srtt(), rto.rttvar(), rto.get()),
            (Some(MS * 100), Some(MS * 50), MS * 300)
        );
        rto.measured(MS * 180);
        // RTTVAR = 3/4 * 50 + 1/4 * 80, SRTT = 7/8 * 100 + 1/8 * 180
        assert_eq!(
            (rto.srtt(), rto.rttvar()),
            (Some(MS * 110), Some(Duration::from_micros(57_500)))
        );
        assert_eq!(rto.get(), MS * 340);
        rto.back_off();
        assert_eq!(rto.get(), MS * 680);
        (0..20).for_each(|_| rto.back_off());
        assert_eq!(rto.get(), MS * 60_000);
    }

    /// §5.7 makes no exception for a handshake that measured a round trip.
    #[test]
    fn after_a_lost_syn_data_begin_with_three_seconds() {
        let mut rto = Rto::new(&TcpConfig::default());
        rto.back_off();
        rto.measured(MS * 20);
        rto.syn_was_lost();
        assert_eq!((rto.srtt(), rto.get()), (Some(MS * 20), MS * 3000));
        rto.measured(MS * 20);
        assert_eq!(rto.get(), MS * 1000);
    }

    #[test]
    fn never_below_the_minimum() {
        let mut rto = Rto::new(&TcpConfig::default());
        rto.measured(MS);
        assert_eq!(rto.get(), MS * 1000);
    }
}
