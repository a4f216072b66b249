//! `layerwalk check`: runs scenarios and holds them against what they expect.

mod random;

use std::io::{self, BufWriter, Write};
use std::ops::Range;

use clap::Args;

use super::exit::{Exit, Result};
use super::source;
use crate::base::text::safe;
use crate::scenario::random::PREFIX;
use crate::scenario::{self, Breaks, Scenario};
use crate::sim::invariants::Broken;
use crate::sim::{self, invariants};
use crate::walk::Walk;
use crate::walk::expect::{self, Finding};

/// Run scenarios and tell whether each came out as its file expects
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk check websocket            a built-in scenario
  layerwalk check my.toml other.toml   files; all mistakes in them are reported
  layerwalk check --all                every built-in scenario
  layerwalk check random:0..1000       a thousand random scenarios, against what must hold in every run

Ends with 1 where an expectation failed, and with 3 where a file has mistakes.")]
pub struct CheckArgs {
    /// Built-in scenarios, .toml files, random:SEED, or a range of seeds as random:0..1000
    #[arg(required_unless_present = "all")]
    scenarios: Vec<String>,
    /// Every built-in scenario
    #[arg(long, conflicts_with = "scenarios")]
    all: bool,
    /// The seed, in place of the scenarios' own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Also hold each run, event by event, against what must hold in every run
    #[arg(long)]
    invariants: bool,
    /// Only say what failed
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result {
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut failed, mut unreadable) = (false, false);
    for checked in subjects(args) {
        let result = match checked {
            Ok(Subject::Seeds(seeds)) => random::check(&seeds, &mut out),
            Ok(Subject::Scenario(scenario)) => check(&scenario, args, &mut out),
            Err(exit) => Err(exit),
        };
        match result {
            Ok(came_true) => failed |= !came_true,
            Err(exit) => {
                unreadable = true;
                out.flush()?;
                eprintln!("layerwalk: {}", exit.message.unwrap_or_default());
            }
        }
    }
    out.flush()?;
    match (unreadable, failed) {
        (true, _) => Err(Exit {
            code: 3,
            message: None,
        }),
        (false, true) => Err(Exit::failed()),
        (false, false) => Ok(()),
    }
}

/// What is checked: one scenario, or the random ones of many seeds.
enum Subject {
    Scenario(Box<Scenario>),
    Seeds(Range<u64>),
}

fn subjects(args: &CheckArgs) -> Vec<Result<Subject>> {
    let one = |scenario| Subject::Scenario(Box::new(scenario));
    if args.all {
        return scenario::catalogue()
            .iter()
            .cloned()
            .map(one)
            .map(Ok)
            .collect();
    }
    let named = args.scenarios.iter();
    named
        .map(|name| match random::range(name) {
            Some(seeds) => seeds.map(Subject::Seeds),
            None => source::read_scenario(name).map(one),
        })
        .collect()
}

/// Runs a scenario and writes what became of its expectations; true if all came true.
fn check(scenario: &Scenario, args: &CheckArgs, out: &mut impl Write) -> Result<bool> {
    let spec = scenario.spec(args.seed);
    let walk = Walk::from_outcome(&scenario.title, spec.seed, sim::run(&spec));
    source::warn_if_cut_short(&scenario.name, &walk);
    let findings = expect::check(&walk, &scenario.expects);
    let failed = findings.iter().filter(|finding| !finding.ok).count();
    for finding in findings.iter().filter(|finding| !finding.ok || !args.quiet) {
        writeln!(out, "{}", line(&scenario.name, finding))?;
    }
    let expects_something = !findings.is_empty() || !scenario.name.starts_with(PREFIX);
    if expects_something && (!args.quiet || failed > 0) {
        let came_true = findings.len() - failed;
        let all = findings.len();
        let name = safe(&scenario.name);
        writeln!(out, "{name}: {came_true} of {all} expectations came true")?;
    }
    let holds = !args.invariants && !scenario.name.starts_with(PREFIX)
        || check_invariants(scenario, args, out)?;
    Ok(failed == 0 && holds)
}

/// Runs a scenario against what must hold in every run; true if it does.
fn check_invariants(scenario: &Scenario, args: &CheckArgs, out: &mut impl Write) -> Result<bool> {
    let name = safe(&scenario.name);
    let report = invariants::check(&scenario.spec(args.seed));
    let fits = |meant: &Breaks, broken: &Broken| broken.says.contains(&meant.invariant);
    let mut holds = true;
    for broken in &report.broken {
        let meant = scenario.breaks.iter().find(|meant| fits(meant, broken));
        let line = report.line(broken);
        let line = safe(&line);
        match meant {
            None => writeln!(out, "FAIL {name}: {line}")?,
            Some(_) if args.quiet => {}
            Some(meant) => writeln!(out, "meant {name}: {}: {line}", safe(&meant.reason))?,
        }
        holds &= meant.is_some();
    }
    for meant in &scenario.breaks {
        if !report.broken.iter().any(|broken| fits(meant, broken)) {
            let invariant = safe(&meant.invariant);
            writeln!(
                out,
                "FAIL {name}: holds, and was meant to break: {invariant}"
            )?;
            holds = false;
        }
    }
    if holds && !args.quiet {
        let all = if report.broken.is_empty() {
            "every"
        } else {
            "every other"
        };
        writeln!(out, "{name}: {all} invariant held")?;
    }
    Ok(holds)
}

fn line(name: &str, finding: &Finding) -> String {
    let verdict = if finding.ok { "ok  " } else { "FAIL" };
    let expected = safe(&finding.expected);
    let found = safe(&finding.found);
    let name = safe(name);
    format!(
        "{verdict} {name}:{} {expected}: found {found}",
        finding.line
    )
}
