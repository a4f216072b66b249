//! `layerwalk check random:FROM..TO`: many random scenarios, held against what must hold in every run.

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::ops::Range;

use super::super::exit::{Exit, Result};
use crate::scenario::random::sweep::{Failure, Sweep, sweep};
use crate::scenario::random::{PREFIX, name, seed};
use crate::sim::invariants::Tally;

/// Once so many have failed, no more are run: the first few tell what is wrong.
const MOST_FAILURES: usize = 20;

/// The seeds that `random:FROM..TO` means (TO is not among them) or `random:FROM..=TO`; `None` if it names no range.
///
/// # Errors
/// One of the two is no seed, or there are none between them.
pub fn range(source: &str) -> Option<Result<Range<u64>>> {
    let (from, to) = source.strip_prefix(PREFIX)?.split_once("..")?;
    let (to, closed) = match to.strip_prefix('=') {
        Some(to) => (to, 1),
        None => (to, 0),
    };
    let ends = seed(from).and_then(|from| Ok(from..seed(to)? + closed));
    Some(ends.map_err(Exit::usage).and_then(|range| {
        if range.is_empty() {
            return Err(Exit::usage(format!(
                "`{source}` has no seeds in it: write the smaller one first"
            )));
        }
        Ok(range)
    }))
}

/// Runs the random scenarios of these seeds on all processors, and writes which failed and what happened in all; true
/// if none failed.
pub fn check(seeds: &Range<u64>, out: &mut impl Write) -> Result<bool> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut written = Ok(());
    let mut progress = Progress::new(seeds);
    let sweep = sweep(seeds.clone(), threads, MOST_FAILURES, |sweep, failure| {
        if let Some(failure) = failure
            && written.is_ok()
        {
            progress.clear();
            written = write_failure(failure, out);
        }
        progress.show(sweep);
    });
    progress.clear();
    written?;
    write_summary(seeds, &sweep, out)?;
    Ok(sweep.failures.is_empty())
}

/// How far the sweep is, in a line on standard error that is written over and over; nothing where that is no terminal.
struct Progress {
    runs: Option<u64>,
}

impl Progress {
    /// After how many runs it is told anew.
    const EVERY: u64 = 50;

    fn new(seeds: &Range<u64>) -> Self {
        let runs = seeds.end - seeds.start;
        Self {
            runs: io::stderr().is_terminal().then_some(runs),
        }
    }

    fn show(&mut self, sweep: &Sweep) {
        if let Some(all) = self.runs
            && sweep.runs.is_multiple_of(Self::EVERY)
        {
            let (runs, failures) = (sweep.runs, sweep.failures.len());
            eprint!("\r{runs} of {all} runs, {failures} failed");
        }
    }

    /// Makes room for other lines.
    fn clear(&mut self) {
        if self.runs.is_some() {
            eprint!("\r{:60}\r", "");
        }
    }
}

fn write_failure(failure: &Failure, out: &mut impl Write) -> io::Result<()> {
    let name = name(failure.seed);
    for line in &failure.lines {
        writeln!(out, "FAIL {name}: {line}")?;
    }
    writeln!(out, "     walk through it with: layerwalk run {name}")?;
    out.flush()
}

fn write_summary(seeds: &Range<u64>, sweep: &Sweep, out: &mut impl Write) -> io::Result<()> {
    let Range { start, end } = seeds;
    let (runs, failures) = (sweep.runs, sweep.failures.len());
    let Tally {
        frames,
        lost,
        bytes,
        ends,
        whole,
        broken_off,
        reset,
        refused,
        timed_out,
        unreachable,
        half_open,
    } = sweep.tally;
    writeln!(
        out,
        "{PREFIX}{start}..{end}: {runs} runs, {frames} frames ({lost} lost), {bytes} bytes read over TCP\n\
         of {ends} ends of connections {whole} closed with everything delivered, {broken_off} broke off or were not \
         heard to the end,\n{reset} were reset, {refused} refused, {timed_out} timed out, {unreachable} found nobody, {half_open} are half-open"
    )?;
    if failures == 0 {
        return writeln!(out, "every invariant held in every run");
    }
    writeln!(out, "{failures} of {runs} runs broke an invariant")?;
    if runs < end - start {
        writeln!(
            out,
            "the rest was not run: {MOST_FAILURES} failures are enough to begin with"
        )?;
    }
    Ok(())
}
