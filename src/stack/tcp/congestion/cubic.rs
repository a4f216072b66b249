//! CUBIC (RFC 9438), in whole numbers, so that it is the same on every machine. Slow start is RFC 5681's, without
//! HyStart++.

use super::{CongestionControl, Path};
use crate::base::Time;

/// β_cubic = 0.7 (§4.6), as a fraction.
const BETA: (u64, u64) = (7, 10);
/// C = 0.4 (§5), as a fraction; its unit is segments a second³.
const C: (u128, u128) = (4, 10);
/// α_cubic = 3 * (1 - β_cubic) / (1 + β_cubic) (§4.3), as a fraction.
const ALPHA: (u128, u128) = (9, 17);
/// Microseconds a second, to the third power.
const MICROS_CUBED: u128 = 1_000_000_000_000_000_000;
/// W_est is counted in so many parts of a byte.
const PARTS: u128 = 1 << 16;

/// The variables of RFC 9438 §4.1.2, with windows in bytes.
#[derive(Debug, Clone, Default)]
pub struct Cubic {
    /// W_max: the window before the last reduction (less, by fast convergence).
    w_max: u32,
    /// cwnd_prior: the window before the last reduction.
    cwnd_prior: u32,
    /// The current stage of congestion avoidance, once it began.
    epoch: Option<Epoch>,
    /// The last reduction was after a time-out: the next stage begins on the plateau (§4.8).
    after_timeout: bool,
}

#[derive(Debug, Clone)]
struct Epoch {
    /// epoch_start.
    start: Time,
    /// K, in microseconds: when the window is back at W_max.
    k: u64,
    /// W_est, the window that Reno would have, in [`PARTS`] of a byte.
    w_est: u128,
    /// What of the increase was less than a byte: a part of cwnd.
    rest: u64,
}

impl CongestionControl for Cubic {
    fn avoid(&mut self, cwnd: u32, acked: u32, path: &Path) -> u32 {
        let cwnd_prior = self.cwnd_prior;
        let w_max = self.begin(cwnd, path);
        let Some(epoch) = &mut self.epoch else {
            return cwnd;
        };
        let t = path.now.since(epoch.start).as_micros() as u64;
        // §4.3: what Reno would have by now, with the decrease of CUBIC.
        let alpha = if epoch.w_est / PARTS >= u128::from(cwnd_prior) {
            (1, 1)
        } else {
            ALPHA
        };
        let growth = PARTS * alpha.0 * u128::from(path.mss) * u128::from(acked);
        epoch.w_est += growth / (alpha.1 * u128::from(cwnd));
        let w_est = u32::try_from(epoch.w_est / PARTS).unwrap_or(u32::MAX);
        if w_cubic(t, epoch.k, w_max, path.mss) < w_est {
            return cwnd.max(w_est);
        }
        // §4.4, §4.5: towards what the function says of a round trip later, by at most a half.
        let rtt = path.srtt.map_or(0, |rtt| rtt.as_micros() as u64);
        let most = cwnd.saturating_add(cwnd / 2);
        let target = w_cubic(t + rtt, epoch.k, w_max, path.mss).clamp(cwnd, most);
        let increase = u64::from(target - cwnd) * u64::from(acked) + epoch.rest;
        epoch.rest = increase % u64::from(cwnd);
        cwnd.saturating_add((increase / u64::from(cwnd)) as u32)
    }

    /// §4.6, with fast convergence (§4.7): who loses below the last maximum makes room for others.
    fn reduce(&mut self, cwnd: u32, path: &Path) -> u32 {
        self.cwnd_prior = cwnd;
        self.w_max = if cwnd < self.w_max {
            (u64::from(cwnd) * (BETA.1 + BETA.0) / (BETA.1 * 2)) as u32
        } else {
            cwnd
        };
        self.epoch = None;
        self.after_timeout = false;
        let ssthresh = (u64::from(path.flight) * BETA.0 / BETA.1) as u32;
        ssthresh.max(path.mss * 2)
    }

    fn timed_out(&mut self) {
        self.after_timeout = true;
    }

    /// The time without enough to send is no part of a stage (§5.8).
    fn paused(&mut self) {
        self.epoch = None;
    }
}

impl Cubic {
    /// W_max, once there was a reduction or a stage of congestion avoidance.
    pub fn w_max(&self) -> Option<u32> {
        (self.w_max > 0).then_some(self.w_max)
    }

    /// Begins a stage of congestion avoidance if none is under way (§4.2), and returns W_max.
    fn begin(&mut self, cwnd: u32, path: &Path) -> u32 {
        if self.epoch.is_none() {
            if self.after_timeout || self.w_max < cwnd {
                self.w_max = cwnd;
                self.after_timeout = false;
            }
            self.epoch = Some(Epoch {
                start: path.now,
                k: k(self.w_max - cwnd, path.mss),
                w_est: u128::from(cwnd) * PARTS,
                rest: 0,
            });
        }
        self.w_max
    }
}

/// K = cbrt ((W_max - cwnd_epoch) / C) (§4.2, figure 2), in microseconds.
fn k(below: u32, mss: u32) -> u64 {
    cube_root(u128::from(below) * MICROS_CUBED * C.1 / (C.0 * u128::from(mss)))
}

/// W_cubic(t) = C * (t - K)³ + W_max (§4.2, figure 1), in bytes; `t` and `k` in microseconds.
fn w_cubic(t: u64, k: u64, w_max: u32, mss: u32) -> u32 {
    // Longer than this, 10,000 seconds, and any window has been passed.
    let distance = u128::from(t.abs_diff(k)).min(10_000_000_000);
    let gap = C.0 * u128::from(mss) * distance.pow(3) / (C.1 * MICROS_CUBED);
    let gap = u32::try_from(gap).unwrap_or(u32::MAX);
    if t < k {
        w_max.saturating_sub(gap)
    } else {
        w_max.saturating_add(gap)
    }
}

/// The largest whole number whose third power is not above `n`, bit by bit.
fn cube_root(n: u128) -> u64 {
    let mut root = 0_u128;
    for bit in (0..42).rev() {
        let candidate = root | 1 << bit;
        if candidate.pow(3) <= n {
            root = candidate;
        }
    }
    root as u64
}

#[cfg(test)]
mod tests {
    use super::{Cubic, cube_root, k, w_cubic};
    use crate::base::Time;
    use crate::stack::tcp::congestion::{CongestionControl, Path};
    use std::time::Duration;

    const MSS: u32 = 1000;

    #[test]
    fn cube_roots() {
        for root in [0, 1, 2, 3, 10, 999, 1_000_000, 3_000_000_000_u64] {
            let cube = u128::from(root).pow(3);
            assert_eq!(cube_root(cube), root);
            assert_eq!(cube_root(cube + 1), root.max(u64::from(root == 0)));
        }
        assert_eq!(cube_root(7), 1);
        assert_eq!(cube_root(26), 2);
    }

    #[test]
    fn the_function_of_the_rfc() {
        // W_max 100 segments, reduced to 70: K = cbrt(30 / 0.4) = 4.217163 s.
        let k = k(30 * MSS, MSS);
        assert_eq!(k, 4_217_163);
        for seconds in 0..30_u32 {
            let t = f64::from(seconds);
            let formula = 0.4 * (t - 4.217_163).powi(3) + 100.0;
            let ours = w_cubic(u64::from(seconds) * 1_000_000, k, 100 * MSS, MSS);
            let error = (f64::from(ours) - formula * f64::from(MSS)).abs();
            assert!(
                error < 2.0,
                "at {seconds} s: {ours}, by the formula {formula}"
            );
        }
    }

    fn path(millis: u64, flight: u32) -> Path {
        Path {
            now: Time::ZERO + Duration::from_millis(millis),
            mss: MSS,
            flight,
            srtt: Some(Duration::from_millis(100)),
        }
    }

    /// The window each second after a reduction from 100 segments, with a round trip of 100 ms.
    fn curve(seconds: u64) -> Vec<u32> {
        let mut cubic = Cubic::default();
        let mut cwnd = cubic.reduce(100 * MSS, &path(0, 100 * MSS));
        let mut windows = vec![cwnd / MSS];
        for round in 1..=seconds * 10 {
            let acks = cwnd / MSS;
            for _ in 0..acks {
                cwnd = cubic.avoid(cwnd, MSS, &path(round * 100, cwnd));
            }
            if round % 10 == 0 {
                windows.push(cwnd / MSS);
            }
        }
        windows
    }

    #[test]
    fn back_to_the_old_window_and_beyond() {
        let curve = curve(9);
        assert_eq!(curve[0], 70);
        // Concave up to W_max, flat around K, convex behind it.
        let formula = |t: f64| 100.0 + 0.4 * (t - 4.217).powi(3);
        for (t, &window) in (0_u32..).zip(&curve) {
            // Reno's window, which is never undercut: 70 segments, and 9/17 of one more each round trip.
            let reno = (70.0 + f64::from(t) * 10.0 * 9.0 / 17.0).min(100.0);
            let expected = formula(f64::from(t)).max(reno);
            let difference = (f64::from(window) - expected).abs();
            assert!(difference < 4.0, "at {t} s {window}, not {expected}");
        }
    }

    #[test]
    fn fast_convergence_gives_way() {
        let mut cubic = Cubic::default();
        assert_eq!(cubic.reduce(100 * MSS, &path(0, 100 * MSS)), 70 * MSS);
        assert_eq!(cubic.w_max, 100 * MSS);
        assert_eq!(cubic.reduce(80 * MSS, &path(0, 80 * MSS)), 56 * MSS);
        assert_eq!(cubic.w_max, 68 * MSS);
    }
}
