//! How long it is waited before a session is opened again.

use std::time::Duration;

use super::ClientOptions;
use crate::base::Rng;

/// Waits that grow from try to try, with chance in them so that not all clients of a server come back at once.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    min: f64,
    max: f64,
    jitter: f64,
    /// How many waits there were in a row.
    pub attempts: u32,
    rng: Rng,
}

impl Backoff {
    pub fn new(options: &ClientOptions, rng: Rng) -> Self {
        let millis = |span: Duration| span.as_millis() as f64;
        Self {
            min: millis(options.reconnection_delay),
            max: millis(options.reconnection_delay_max),
            jitter: options.randomization_factor.clamp(0.0, 1.0),
            attempts: 0,
            rng,
        }
    }

    /// The next wait. One random number decides by how much, and its first decimal whether longer or shorter.
    pub fn next_wait(&mut self) -> Duration {
        let power = i32::try_from(self.attempts).unwrap_or(i32::MAX);
        let mut millis = self.min * 2f64.powi(power);
        self.attempts = self.attempts.saturating_add(1);
        if self.jitter > 0.0 {
            // 53 bits make every number of that grid as likely.
            let random = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let deviation = (random * self.jitter * millis).floor();
            let is_shorter = ((random * 10.0).floor() as u64).is_multiple_of(2);
            millis += if is_shorter { -deviation } else { deviation };
        }
        Duration::from_millis(millis.min(self.max) as u64)
    }

    /// It has worked, or was given up.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_chance_moves_them_by_half() {
        let waits = |factor: f64, seed: u64| -> Vec<u64> {
            let mut options = ClientOptions::new("a", "/");
            options.randomization_factor = factor;
            let mut backoff = Backoff::new(&options, Rng::new(seed, "test"));
            (0..40)
                .map(|_| backoff.next_wait().as_millis() as u64)
                .collect()
        };
        let plain = waits(0.0, 1);
        assert_eq!(plain[..5], [1000, 2000, 4000, 5000, 5000]);
        assert_eq!(plain[39], 5000);
        let mut seen = [false; 2];
        for seed in 0..50 {
            let first = waits(0.5, seed)[0];
            assert!((500..=1500).contains(&first), "{first}");
            seen[usize::from(first < 1000)] = true;
        }
        assert_eq!(seen, [true; 2]);
        assert_eq!(waits(0.5, 3), waits(0.5, 3));
    }

    #[test]
    fn however_often_it_is_tried_a_wait_is_one() {
        let options = ClientOptions::new("a", "/");
        let mut backoff = Backoff::new(&options, Rng::new(1, "test"));
        backoff.attempts = u32::MAX;
        assert_eq!(backoff.next_wait(), Duration::from_secs(5));
        backoff.reset();
        assert_eq!(backoff.attempts, 0);
    }
}
