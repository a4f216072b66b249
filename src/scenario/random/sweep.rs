//! Runs many random scenarios and tells which of them break an invariant.

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use crate::sim::invariants::{self, Tally};

/// A random scenario that broke something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What broke, a line each.
    pub lines: Vec<String>,
}

/// How a sweep came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sweep {
    /// How many scenarios were run.
    pub runs: u64,
    /// What happened in all of them.
    pub tally: Tally,
    /// The seeds that broke something, in their order.
    pub failures: Vec<Failure>,
}

/// Runs one random scenario; what broke in it, and what happened.
pub fn check(seed: u64) -> (Vec<String>, Tally) {
    // A panic is a failure like any other: the others are run all the same.
    let run = catch_unwind(|| {
        super::scenario(seed).map(|scenario| invariants::check(&scenario.spec(None)))
    });
    match run {
        Ok(Ok(report)) => (report.lines().collect(), report.tally),
        Ok(Err(error)) => (vec![error.to_string()], Tally::default()),
        Err(_) => (
            vec!["the run panicked: see above".to_owned()],
            Tally::default(),
        ),
    }
}

/// Runs the random scenarios of these seeds on so many threads. `told` is shown after each run how the sweep stands, and
/// what broke in that run. No more are begun once `most` have failed.
pub fn sweep(
    seeds: Range<u64>,
    threads: usize,
    most: usize,
    mut told: impl FnMut(&Sweep, Option<&Failure>),
) -> Sweep {
    let next = AtomicU64::new(seeds.start);
    let enough = AtomicBool::new(false);
    let (sender, results) = mpsc::channel();
    let mut sweep = Sweep::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, next, enough) = (sender.clone(), &next, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || sender.send((seed, check(seed))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (seed, (lines, tally)) in results {
            sweep.runs += 1;
            sweep.tally.add(&tally);
            if lines.is_empty() {
                told(&sweep, None);
                continue;
            }
            sweep.failures.push(Failure { seed, lines });
            told(&sweep, sweep.failures.last());
            enough.fetch_or(sweep.failures.len() >= most, Ordering::Relaxed);
        }
    });
    sweep.failures.sort_by_key(|failure| failure.seed);
    sweep
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    #[test]
    fn every_invariant_holds_in_random_runs() {
        let seeds = 0..150;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let runs = seeds.end - seeds.start;
        let sweep = sweep(seeds, threads, 5, |_, failure| {
            if let Some(Failure { seed, lines }) = failure {
                let (name, lines) = (super::super::name(*seed), lines.join("\n"));
                eprintln!("{lines}\nwalk through it with: layerwalk run {name}");
            }
        });
        assert_eq!(sweep.failures, []);
        assert_eq!(sweep.runs, runs);
        // They are no empty runs: most deliver, and every way to end is met.
        let tally = sweep.tally;
        assert!(tally.whole as u64 > runs / 2, "{tally:?}");
        for count in [tally.lost, tally.reset, tally.timed_out, tally.broken_off] {
            assert!(count > 0, "{tally:?}");
        }
    }

    #[test]
    fn what_breaks_is_told() {
        let mut spec = super::super::scenario(1).unwrap().spec(None);
        spec.limits.frames = 5;
        let lines: Vec<String> = invariants::check(&spec).lines().collect();
        let told = lines
            .iter()
            .any(|line| line.contains("a run ends by itself"));
        assert!(
            told && lines
                .iter()
                .any(|line| line.contains("no connection stalls")),
            "{lines:?}"
        );
    }
}
